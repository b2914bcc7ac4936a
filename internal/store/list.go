package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"entente"
	"entente/internal/fold"
)

// List returns the versions that q selects, one page at a time.
func List[B any](ctx context.Context, v *View, q Query) (Page[B], error) {
	p, err := v.page(ctx, "list", q)
	return Page[B]{Items: allAs[B](p.rows), Next: p.next, Total: p.total}, err
}

// page is one page of stored versions.
type page struct {
	rows  []stored
	next  string
	total int
}

func (v *View) page(ctx context.Context, kind string, q Query) (p page, err error) {
	if q.Search != "" {
		if err := v.s.freshText(ctx); err != nil {
			return p, err
		}
	}
	f, err := v.filter(q)
	if err != nil {
		return p, err
	}
	o, err := q.order()
	if err != nil {
		return p, err
	}
	from, err := v.resume(kind, q, len(o.terms))
	if err != nil {
		return p, err
	}
	err = v.s.snapshot(ctx, func(r reader) error {
		keys, err := v.keys(ctx, r, f, o, from, q.limit()+1)
		if err != nil {
			return err
		}
		p.total = len(keys)
		if from != nil || len(keys) > q.limit() { // the page is not the whole list
			if err := r.row(ctx, "SELECT count(*)"+fromVersions+f.sql(), f.args, &p.total); err != nil {
				return err
			}
		}
		if len(keys) > q.limit() {
			keys = keys[:q.limit()]
			p.next = v.cursor(kind, q, keys[len(keys)-1])
		}
		eids := make([]int64, len(keys))
		for i, k := range keys {
			eids[i] = k[len(k)-1].(int64)
		}
		p.rows, err = v.load(ctx, r, eids)
		return err
	})
	return p, err
}

// keys returns the values that a page's rows are sorted by, after those of the row
// that the page before ended with; the last is the eid.
func (v *View) keys(ctx context.Context, r reader, all *filter, o order, from []any, limit int) ([][]any, error) {
	f := &filter{slices.Clone(all.where), slices.Clone(all.args)}
	if from != nil {
		o.after(f, from)
	}
	query := "SELECT " + o.columns() + fromVersions + f.sql() + " ORDER BY " + o.sql() + " LIMIT ?"
	return collect(ctx, r, query, append(f.args, limit), func(rows *sql.Rows) ([]any, error) {
		values, into := make([]any, len(o.terms)), make([]any, len(o.terms))
		for i := range values {
			into[i] = &values[i]
		}
		err := rows.Scan(into...)
		if _, ok := values[len(values)-1].(int64); err == nil && !ok {
			err = fmt.Errorf("%w: no entry number", ErrQuery)
		}
		return values, err
	})
}

// Thing is a thing with its history.
type Thing[B any] struct {
	// Current is nil when none of the versions stands in this view.
	Current *Version[B]
	// Versions are the admissible ones, newest first.
	Versions  []Version[B]
	Forked    bool
	Withdrawn bool
	// Withdrawal is the entry that withdrew it.
	Withdrawal *Version[entente.Withdrawal]
}

const sqlThing = `SELECT v.eid FROM version v
WHERE v.subject = ? AND +v.type = ? AND v.writer = ? AND v.rank <= ? AND v.status = 0
ORDER BY v.time DESC, v.eid DESC`

// Get returns a thing; [ErrNotFound] when the view sees no admissible version.
func Get[B any](ctx context.Context, v *View, typ entente.Type, writer, subject string) (*Thing[B], error) {
	t := &Thing[B]{}
	err := v.s.snapshot(ctx, func(r reader) error {
		eids, err := collect(ctx, r, sqlThing, []any{subject, string(typ), writer, v.rank}, scanEID)
		if err != nil {
			return err
		}
		rows, err := v.load(ctx, r, eids)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return fmt.Errorf("%s %s of %s: %w", typ, subject, writer, ErrNotFound)
		}
		t.Versions = allAs[B](rows)
		for i := range t.Versions {
			if x := &t.Versions[i]; x.Current {
				t.Current, t.Forked, t.Withdrawn = x, x.Forked, x.Withdrawn
			}
		}
		return withdrawalOf(ctx, v, r, eids, t)
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// withdrawalOf finds the latest entry that withdrew a thing.
func withdrawalOf[B any](ctx context.Context, v *View, r reader, eids []int64, t *Thing[B]) error {
	if !t.Withdrawn {
		return nil
	}
	by, err := v.linked(ctx, r, eids, []fold.LinkKind{fold.LinkWithdraws}, "1")
	if err != nil {
		return err
	}
	rows, err := v.load(ctx, r, by)
	if err == nil && len(rows) > 0 {
		x := as[entente.Withdrawal](slices.MaxFunc(rows, func(a, b stored) int { return a.v.Header.Time.Compare(b.v.Header.Time) }))
		t.Withdrawal = &x
	}
	return err
}

func scanEID(rows *sql.Rows) (eid int64, err error) { return eid, rows.Scan(&eid) }

// ByRef returns the version that one entry states, whatever its status.
func ByRef[B any](ctx context.Context, v *View, origin string, index uint64) (*Version[B], error) {
	eid, err := v.eid(origin, index)
	if err != nil {
		return nil, err
	}
	rows, err := v.load(ctx, v.s.read(nil), []int64{eid})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("entry %s#%d: %w", origin, index, ErrNotFound)
	}
	x := as[B](rows[0])
	return &x, nil
}

// eid returns the number of an entry of a log that the view sees.
func (v *View) eid(origin string, index uint64) (int64, error) {
	h, err := v.s.head(origin)
	if err != nil || h.info.Audience.Rank() > v.rank || index >= maxIndex {
		return 0, fmt.Errorf("entry %s#%d: %w", origin, index, ErrNotFound)
	}
	return eidOf(h.num, index), nil
}

// Entry returns the bytes of an entry that the view sees.
func (v *View) Entry(ctx context.Context, origin string, index uint64) ([]byte, error) {
	if _, err := v.eid(origin, index); err != nil {
		return nil, err
	}
	if len(v.without) > 0 { // the type is in the version
		if _, err := ByRef[json.RawMessage](ctx, v, origin, index); err != nil {
			return nil, err
		}
	}
	return v.s.Entry(ctx, origin, index)
}

const sqlLinked = `SELECT DISTINCT v.eid FROM link k JOIN version v ON v.eid = k.src
WHERE k.dst IN (SELECT value FROM json_each(?3)) AND k.kind IN (SELECT value FROM json_each(?4)) AND v.status = 0 AND v.rank <= ?2
AND %s ORDER BY v.type, v.time, v.eid`

// linked returns the entries that link to one of several in one of these ways
// (none: in any) and keep a condition.
func (v *View) linked(ctx context.Context, r reader, to []int64, kinds []fold.LinkKind, cond string) ([]int64, error) {
	if len(kinds) == 0 {
		kinds = linkKinds
	}
	codes := make([]int, len(kinds))
	for i, k := range kinds {
		codes[i] = slices.Index(linkKinds, k)
	}
	return collect(ctx, r, fmt.Sprintf(sqlLinked, cond), []any{v.b, v.rank, list(to), list(codes)}, scanEID)
}

// Linked returns the current versions that refer to an entry, by type and time;
// kinds restricts how they refer. Withdrawn things are among them and say so.
func (v *View) Linked(ctx context.Context, to entente.Ref, kinds ...fold.LinkKind) ([]Version[json.RawMessage], error) {
	return v.LinkedAny(ctx, []entente.Ref{to}, kinds...)
}

// LinkedAny is Linked for several entries, such as all versions of a thing.
func (v *View) LinkedAny(ctx context.Context, to []entente.Ref, kinds ...fold.LinkKind) ([]Version[json.RawMessage], error) {
	eids := v.eids(to)
	var out []Version[json.RawMessage]
	err := v.s.snapshot(ctx, func(r reader) error {
		by, err := v.linked(ctx, r, eids, kinds, "v.cur & ?1 != 0")
		if err != nil {
			return err
		}
		rows, err := v.load(ctx, r, by)
		out = allAs[json.RawMessage](rows)
		return err
	})
	return out, err
}

// eids returns the numbers of those entries that the view could see.
func (v *View) eids(refs []entente.Ref) []int64 {
	var eids []int64
	for _, ref := range refs {
		if eid, err := v.eid(ref.Log, ref.Index); err == nil {
			eids = append(eids, eid)
		}
	}
	return eids
}

// PositionOn is a current position on an exact version.
type PositionOn struct {
	Ref      entente.Ref // the position's own entry
	Audience entente.Audience
	Writer   string
	Agency   string
	Time     time.Time
	Stance   entente.Stance
	Reason   *entente.Text
	// Forked is true when the writer has other positions of the same name beside it
	// that none supersedes.
	Forked bool
}

// Positions returns the current positions on exact versions, by version and
// writer. Withdrawn ones are left out.
func (v *View) Positions(ctx context.Context, refs ...entente.Ref) (map[entente.Ref][]PositionOn, error) {
	out := map[entente.Ref][]PositionOn{}
	err := v.s.snapshot(ctx, func(r reader) error {
		by, err := v.linked(ctx, r, v.eids(refs), []fold.LinkKind{fold.LinkOn}, "v.cur & ?1 != 0 AND v.gone & ?1 = 0")
		if err != nil {
			return err
		}
		rows, err := v.load(ctx, r, by)
		if err != nil {
			return err
		}
		for _, s := range rows {
			x := as[entente.Position](s)
			if x.Body != nil && slices.Contains(refs, x.Body.On) {
				out[x.Body.On] = append(out[x.Body.On], positionOn(x))
			}
		}
		return nil
	})
	for _, list := range out {
		slices.SortStableFunc(list, func(a, b PositionOn) int { return cmp.Compare(a.Writer, b.Writer) })
	}
	return out, err
}

func positionOn(x Version[entente.Position]) PositionOn {
	return PositionOn{
		Ref: x.Ref, Audience: x.Audience, Writer: x.Writer, Agency: x.Header.Author.Agency, Time: x.Header.Time,
		Stance: x.Body.Stance, Reason: x.Body.Reason, Forked: x.Forked,
	}
}

// Latest returns the newest entries of all logs of the view by stated time,
// whatever their status unless q.Status says otherwise. Order and Desc are
// ignored.
func (v *View) Latest(ctx context.Context, q Query) (Page[json.RawMessage], error) {
	q.Versions, q.Withdrawn, q.Order, q.Desc = true, true, ByTime, true
	if len(q.Status) == 0 {
		q.Status = statuses
	}
	p, err := v.page(ctx, "latest", q)
	return Page[json.RawMessage]{Items: allAs[json.RawMessage](p.rows), Next: p.next, Total: p.total}, err
}

// ChangeKind says what an entry of the corrections log did.
type ChangeKind string

// The kinds of changes.
const (
	Superseding ChangeKind = "superseded"
	Correcting  ChangeKind = "corrected"
	Withdrawing ChangeKind = "withdrawn"
)

// Change is one line of the corrections log: an entry and the versions it
// superseded, corrected or withdrew.
type Change struct {
	Version[json.RawMessage]
	Kind ChangeKind
	Of   []entente.Ref
}

// Changes is one page of the corrections log.
type Changes struct {
	Items []Change
	Next  string
	Total int
}

// Corrections returns what was superseded, corrected or withdrawn, latest first.
// Order and Desc are ignored.
func (v *View) Corrections(ctx context.Context, q Query) (Changes, error) {
	q.Versions, q.Withdrawn, q.Order, q.Desc, q.changes = true, true, ByTime, true, true
	p, err := v.page(ctx, "changes", q)
	out := Changes{Next: p.next, Total: p.total}
	for _, s := range p.rows {
		out.Items = append(out.Items, changeOf(s))
	}
	return out, err
}

func changeOf(s stored) Change {
	c := Change{Version: as[json.RawMessage](s), Kind: Superseding, Of: s.v.Header.Supersedes}
	switch {
	case s.acts&actWithdraws != 0:
		c.Kind = Withdrawing
		if w := bodyAs[entente.Withdrawal](s.v.Body); w != nil {
			c.Of = []entente.Ref{w.Of}
		}
	case s.acts&actCorrects != 0:
		c.Kind = Correcting
	}
	return c
}

// Count counts entries of one type and status.
type Count struct {
	Type   entente.Type
	Status fold.Status
	// Entries counts all, Current only current versions that are not withdrawn.
	Entries, Current int
}

// Counts returns the counts of all types and statuses in the view, in the order
// of [entente.Types].
func (v *View) Counts(ctx context.Context) ([]Count, error) {
	counts, err := collect(ctx, v.s.read(nil), `SELECT type, status, count(*), sum(cur & ?1 != 0 AND gone & ?1 = 0) FROM version v
WHERE rank <= ?2`+v.hides("v")+` GROUP BY type, status ORDER BY type, status`, []any{v.b, v.rank}, func(rows *sql.Rows) (c Count, err error) {
		var status int
		err = rows.Scan(&c.Type, &status, &c.Entries, &c.Current)
		c.Status = statuses[status]
		return c, err
	})
	if err != nil {
		return nil, err
	}
	place := func(t entente.Type) int {
		i := slices.IndexFunc(entente.Types, func(r entente.TypeRule) bool { return r.Type == t })
		if i < 0 {
			return len(entente.Types)
		}
		return i
	}
	slices.SortStableFunc(counts, func(a, b Count) int { return place(a.Type) - place(b.Type) })
	return counts, nil
}
