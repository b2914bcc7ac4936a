package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"entente"
)

// ObjectsChange counts the changes of objects and of who may see them.
func (s *Store) ObjectsChange(ctx context.Context) (int64, error) {
	var n int64
	err := s.read(nil).row(ctx, "SELECT n FROM object_change", nil, &n)
	return n, err
}

// ObjectView is what one agency may see of the objects, at one count of
// [Store.ObjectsChange] and under one answer to which releases it may see. The
// positions of objects in it are moments, no two alike, in the order in which the
// agency got them; they change only with [Store.RenewObjects].
type ObjectView struct {
	s *Store
	// Change is the count that the view was made at.
	Change int64
	spans  []objectSpan // by position
	byNum  []int        // indexes of spans, by number

	mu   sync.Mutex
	runs map[string][]objectRun // by area
	bad  map[string]bool        // by identifier: is here, and none of it may be seen
}

// objectSpan is a batch that the agency may see.
type objectSpan struct {
	release     entente.Ref
	areas       string
	since       int64 // position of the first object
	first, last int64 // numbers
}

// objectRun is spans whose numbers follow one another without another's between.
type objectRun []objectSpan

const (
	maxMemo  = 200_000 // bounds what a view remembers of references
	minChunk = 32      // how many rows are read at once at least
)

// ObjectView returns what an agency may see: the objects granted to it of the
// releases that visible lets through.
func (s *Store) ObjectView(ctx context.Context, agency string, visible func(entente.Ref) bool) (*ObjectView, error) {
	v := &ObjectView{s: s, runs: map[string][]objectRun{}, bad: map[string]bool{}}
	err := s.snapshot(ctx, func(r reader) error {
		if err := r.row(ctx, "SELECT n FROM object_change", nil, &v.Change); err != nil {
			return err
		}
		all, err := collect(ctx, r, `SELECT b.log, b.idx, b.leaf, b.areas, g.since, b.first, b.last
FROM object_grant g JOIN object_batch b ON b.num = g.batch WHERE g.agency = ?`, []any{agency}, scanSpan)
		v.spans = slices.DeleteFunc(all, func(b objectSpan) bool { return !visible(b.release) })
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(v.spans, func(a, b objectSpan) int { return cmp.Compare(a.since, b.since) })
	v.byNum = make([]int, len(v.spans))
	for i := range v.byNum {
		v.byNum[i] = i
	}
	slices.SortFunc(v.byNum, func(a, b int) int { return cmp.Compare(v.spans[a].first, v.spans[b].first) })
	return v, nil
}

func scanSpan(rows *sql.Rows) (objectSpan, error) {
	var b objectSpan
	var leaf sql.RawBytes
	err := rows.Scan(&b.release.Log, &b.release.Index, &leaf, &b.areas, &b.since, &b.first, &b.last)
	copy(b.release.Leaf[:], leaf)
	return b, err
}

// spanOf returns the span that an object is in; nil when it may not be seen.
func (v *ObjectView) spanOf(num int64) *objectSpan {
	i := sort.Search(len(v.byNum), func(i int) bool { return v.spans[v.byNum[i]].first > num })
	if i == 0 {
		return nil
	}
	if b := &v.spans[v.byNum[i-1]]; num <= b.last {
		return b
	}
	return nil
}

func (b *objectSpan) in(area string) bool { return strings.Contains(b.areas, ","+area+",") }

func (b *objectSpan) position(num int64) int64 { return b.since + num - b.first }

// runsOf returns the runs of an area, by position.
func (v *ObjectView) runsOf(area string) []objectRun {
	v.mu.Lock()
	defer v.mu.Unlock()
	if runs, done := v.runs[area]; done {
		return runs
	}
	var runs []objectRun
	for _, b := range v.spans {
		if !b.in(area) {
			continue
		}
		if n := len(runs); n > 0 && runs[n-1][len(runs[n-1])-1].last+1 == b.first {
			runs[n-1] = append(runs[n-1], b)
		} else {
			runs = append(runs, objectRun{b})
		}
	}
	v.runs[area] = runs
	return runs
}

// ObjectVersions says which versions of an object are asked for; the zero value
// asks for the last one.
type ObjectVersions struct {
	First, Last, All bool
	Exact            []string // time stamps
}

func (o ObjectVersions) wants(version string, first, last bool) bool {
	if !o.First && !o.All && len(o.Exact) == 0 {
		return last
	}
	return o.All || o.First && first || o.Last && last ||
		slices.ContainsFunc(o.Exact, func(e string) bool { return versionKey(e) == versionKey(version) })
}

// ObjectQuery selects objects of an area. Empty lists do not restrict.
type ObjectQuery struct {
	Area              string
	After             int64 // positions after this one
	IDs, Types, Specs []string
	Versions          ObjectVersions
	Limit             int
	// Bare leaves the objects themselves out.
	Bare bool
}

// StoredObject is an object as it is kept.
type StoredObject struct {
	// Position is when it was added for the agency, in Unix microseconds: no two
	// objects of an agency have the same.
	Position       int64
	Release        entente.Ref
	ID, Type, Spec string
	Version        string // modified or created as the object states it, or the moment it was added

	num    int64
	refs   string
	again  bool
	sealed []byte
}

// Added is the moment that the position stands for.
func (o *StoredObject) Added() time.Time { return time.UnixMicro(o.Position).UTC() }

// Size is about how many bytes the object has.
func (o *StoredObject) Size() int { return len(o.sealed) }

// Open appends the object's JSON to dst.
func (o *StoredObject) Open(key ObjectKey, dst []byte) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(key[:])
	if err != nil {
		return nil, err
	}
	return openObject(aead, o.Release, o.ID, o.sealed, dst)
}

// List returns objects by position, at most q.Limit, and whether there are more.
// Of an object that came several times in the same version, the first is the one.
func (v *ObjectView) List(ctx context.Context, q ObjectQuery) (list []StoredObject, more bool, err error) {
	r := v.s.read(nil)
	if len(q.IDs) > 0 {
		list, err = v.listIDs(ctx, r, q)
	} else {
		list, err = v.scan(ctx, r, q)
	}
	if err != nil {
		return nil, false, err
	}
	if more = len(list) > q.Limit; more {
		list = list[:q.Limit]
	}
	return list, more, nil
}

const (
	sqlObjects     = "SELECT num, id, type, spec, version, refs, again, sealed FROM object"
	sqlObjectsBare = "SELECT num, id, type, spec, version, refs, again, NULL FROM object"
	byObjectNum    = " WHERE num BETWEEN ? AND ? ORDER BY num LIMIT ?"
	byObjectType   = " WHERE type = ? AND num BETWEEN ? AND ? ORDER BY num LIMIT ?"
	byObjectID     = " WHERE id = ?"
	sqlObjectRefs  = "SELECT num, refs FROM object WHERE id = ?"
)

func scanObject(rows *sql.Rows) (StoredObject, error) {
	var o StoredObject
	err := rows.Scan(&o.num, &o.ID, &o.Type, &o.Spec, &o.Version, &o.refs, &o.again, &o.sealed)
	return o, err
}

func (q ObjectQuery) columns() string {
	if q.Bare {
		return sqlObjectsBare
	}
	return sqlObjects
}

// scan walks the runs of an area from a position on.
func (v *ObjectView) scan(ctx context.Context, r reader, q ObjectQuery) ([]StoredObject, error) {
	runs := v.runsOf(q.Area)
	at := sort.Search(len(runs), func(i int) bool {
		end := runs[i][len(runs[i])-1]
		return end.position(end.last) > q.After
	})
	var list []StoredObject
	for _, run := range runs[at:] {
		i := sort.Search(len(run), func(i int) bool { return run[i].position(run[i].last) > q.After })
		from, to := max(run[i].first, run[i].first+q.After+1-run[i].since), run[len(run)-1].last
		for from <= to && len(list) <= q.Limit {
			rows, next, err := v.chunk(ctx, r, q, from, to, max(q.Limit+1-len(list), minChunk))
			if err != nil {
				return nil, err
			}
			if list, err = v.admit(ctx, r, q, list, rows); err != nil {
				return nil, err
			}
			from = next
		}
		if len(list) > q.Limit {
			break
		}
	}
	return list, nil
}

// chunk reads up to n objects by number, and where to go on.
func (v *ObjectView) chunk(ctx context.Context, r reader, q ObjectQuery, from, to int64, n int) (rows []StoredObject, next int64, err error) {
	if len(q.Types) == 0 {
		rows, err = collect(ctx, r, q.columns()+byObjectNum, []any{from, to, n}, scanObject)
	}
	for _, typ := range q.Types {
		some, err := collect(ctx, r, q.columns()+byObjectType, []any{typ, from, to, n}, scanObject)
		if err != nil {
			return nil, 0, err
		}
		rows = append(rows, some...)
	}
	slices.SortFunc(rows, func(a, b StoredObject) int { return cmp.Compare(a.num, b.num) })
	if len(rows) < n {
		return rows, to + 1, err
	}
	rows = rows[:n]
	return rows, rows[n-1].num + 1, err
}

// listIDs reads the objects with identifiers.
func (v *ObjectView) listIDs(ctx context.Context, r reader, q ObjectQuery) ([]StoredObject, error) {
	var rows []StoredObject
	for _, id := range q.IDs {
		some, err := collect(ctx, r, q.columns()+byObjectID, []any{id}, scanObject)
		if err != nil {
			return nil, err
		}
		rows = append(rows, some...)
	}
	rows = slices.DeleteFunc(rows, func(o StoredObject) bool {
		return len(q.Types) > 0 && !slices.Contains(q.Types, o.Type)
	})
	list, err := v.admit(ctx, r, q, nil, rows)
	slices.SortFunc(list, func(a, b StoredObject) int { return cmp.Compare(a.Position, b.Position) })
	return list, err
}

// admit adds to list the rows that are in the area, may be seen, and are asked for.
func (v *ObjectView) admit(ctx context.Context, r reader, q ObjectQuery, list, rows []StoredObject) ([]StoredObject, error) {
	bad, err := v.judge(ctx, r, rows)
	if err != nil {
		return nil, err
	}
	for _, o := range rows {
		if !v.place(&o, q.Area, bad) || o.Position <= q.After || len(q.Specs) > 0 && !slices.Contains(q.Specs, o.Spec) {
			continue
		}
		first, last := true, true
		if o.again {
			var only bool
			if only, first, last, err = v.among(ctx, r, q.Area, o); err != nil {
				return nil, err
			}
			if !only {
				continue
			}
		}
		if q.Versions.wants(o.Version, first, last) {
			list = append(list, o)
		}
	}
	return list, nil
}

// place finds where an object is in the view; false when it may not be seen there.
// bad is what [ObjectView.judge] says of its references.
func (v *ObjectView) place(o *StoredObject, area string, bad map[string]bool) bool {
	b := v.spanOf(o.num)
	if b == nil || !b.in(area) || hidden(o.refs, bad) {
		return false
	}
	o.Release, o.Position = b.release, b.position(o.num)
	return true
}

// among holds an object against the others with its identifier in the area: only
// says that no other of the same version came before it, first and last where its
// version stands.
func (v *ObjectView) among(ctx context.Context, r reader, area string, o StoredObject) (only, first, last bool, err error) {
	all, err := collect(ctx, r, sqlObjectsBare+byObjectID, []any{o.ID}, scanObject)
	if err != nil {
		return false, false, false, err
	}
	bad, err := v.judge(ctx, r, all)
	if err != nil {
		return false, false, false, err
	}
	only, first, last = true, true, true
	own := versionKey(o.Version)
	for _, x := range all {
		if x.num == o.num || !v.place(&x, area, bad) {
			continue
		}
		other := versionKey(x.Version)
		only = only && (other != own || x.Position > o.Position)
		first = first && other >= own
		last = last && other <= own
	}
	return only, first, last, nil
}
