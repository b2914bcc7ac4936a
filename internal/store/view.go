package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"entente"
	"entente/internal/fold"
)

// View reads what one audience may read, and nothing else.
type View struct {
	s        *Store
	audience entente.Audience
	rank, b  int // of the audience; b is its bit in masks
	without  []entente.Type
}

// View returns the view of an audience: public, shared (with public) or national
// (everything). Any other audience is taken for public.
func (s *Store) View(a entente.Audience) *View {
	if !a.Valid() {
		a = entente.Public
	}
	return &View{s: s, audience: a, rank: a.Rank(), b: bit(a.Rank())}
}

// Audience returns the audience the view is bound to.
func (v *View) Audience() entente.Audience { return v.audience }

// TreeHead is how far a log is known.
type TreeHead struct {
	Size uint64         `json:"size"`
	Root entente.Digest `json:"root"`
}

// Frontier is how far each log of a view is known, by origin.
type Frontier map[string]TreeHead

// Digest identifies the frontier: SHA-256 over "origin size root" lines, sorted
// by origin.
func (f Frontier) Digest() entente.Digest {
	var b strings.Builder
	for _, origin := range slices.Sorted(maps.Keys(f)) {
		fmt.Fprintf(&b, "%s %d %s\n", origin, f[origin].Size, f[origin].Root)
	}
	return entente.DigestOf([]byte(b.String()))
}

// Frontier returns how far each log of the view is known.
func (v *View) Frontier(ctx context.Context) (Frontier, error) {
	logs, err := v.logs(ctx, v.s.read(nil))
	return frontierOf(logs), err
}

// viewLog is a log as a reader's snapshot has it.
type viewLog struct {
	num    int64
	origin string
	rank   int
	head   TreeHead
}

// logs returns the logs that the view sees, by origin.
func (v *View) logs(ctx context.Context, r reader) ([]viewLog, error) {
	return collect(ctx, r, "SELECT num, origin, rank, size, root FROM log WHERE rank <= ? ORDER BY origin", []any{v.rank},
		func(rows *sql.Rows) (l viewLog, err error) {
			var root []byte
			if err = rows.Scan(&l.num, &l.origin, &l.rank, &l.head.Size, &root); err == nil {
				l.head.Root = entente.Digest(root)
			}
			return l, err
		})
}

func frontierOf(logs []viewLog) Frontier {
	f := Frontier{}
	for _, l := range logs {
		f[l.origin] = l.head
	}
	return f
}

// Digest returns the state digest: the fold's version and every row the view
// sees, in canonical order (see [fold.Digester]).
func (v *View) Digest(ctx context.Context) (entente.Digest, error) {
	_, d, err := v.State(ctx)
	return d, err
}

// State returns frontier and state digest of one moment.
func (v *View) State(ctx context.Context) (f Frontier, d entente.Digest, err error) {
	err = v.s.snapshot(ctx, func(r reader) error {
		logs, err := v.logs(ctx, r)
		if err != nil {
			return err
		}
		f = frontierOf(logs)
		key := digestKey{v.rank, f.Digest()}
		var known bool
		if d, known = v.s.digests.get(key); known {
			return nil
		}
		if d, err = v.digest(ctx, r, logs); err == nil {
			v.s.digests.put(key, d)
		}
		return err
	})
	return f, d, err
}

func (v *View) digest(ctx context.Context, r reader, logs []viewLog) (entente.Digest, error) {
	d := fold.NewDigester()
	for _, l := range logs {
		if err := v.digestLog(ctx, r, l, d); err != nil {
			return entente.Digest{}, err
		}
	}
	halves, err := v.halves(ctx, r, "", "")
	if err != nil {
		return entente.Digest{}, err
	}
	for _, h := range halves {
		state := fold.JointInForce(h.halves)
		line := fold.JointLine{Type: h.typ, Subject: h.subject, InForce: state.InForce, Flagged: state.Flagged}
		if err := d.AddJoint(line); err != nil {
			return entente.Digest{}, err
		}
	}
	return d.Sum(), nil
}

func (v *View) digestLog(ctx context.Context, r reader, l viewLog, d *fold.Digester) error {
	rows, err := r.query(ctx, "SELECT eid, leaf, status, coalesce(rule, ''), content, tips & ?1 != 0, wd & ?1 != 0 FROM version"+
		" WHERE eid >= ?2 AND eid < ?3 ORDER BY eid", v.b, eidOf(l.num, 0), eidOf(l.num+1, 0))
	if err != nil {
		return err
	}
	defer rows.Close()
	line := fold.Line{Log: l.origin}
	var eid int64
	var status int
	var leaf, content sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&eid, &leaf, &status, &line.Rule, &content, &line.Tip, &line.Withdrawn); err != nil {
			return err
		}
		line.Index, line.Leaf, line.Status = indexOf(eid), entente.Digest(leaf), statuses[status]
		line.Content = entente.Digest(content)
		line.Withdrawn = line.Withdrawn && line.Status == fold.Admissible
		if err := d.Add(line); err != nil {
			return err
		}
	}
	return rows.Err()
}

// digestCache keeps the last state digest of each projection: a state is a
// function of its frontier.
type digestCache struct {
	mu   sync.Mutex
	last map[int]digestEntry
}

type digestKey struct {
	rank     int
	frontier entente.Digest
}

type digestEntry struct {
	frontier, digest entente.Digest
}

func (c *digestCache) get(k digestKey) (entente.Digest, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.last[k.rank]
	return e.digest, ok && e.frontier == k.frontier
}

func (c *digestCache) put(k digestKey, d entente.Digest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == nil {
		c.last = map[int]digestEntry{}
	}
	c.last[k.rank] = digestEntry{k.frontier, d}
}

// forget drops what is kept: a rebuild must show what it made.
func (c *digestCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = nil
}
