package store

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/internal/fold"
)

// statuses are the codes of statuses in the database: their place in this list.
var statuses = []fold.Status{fold.Admissible, fold.Pending, fold.Inadmissible, fold.Opaque}

// The bits of version.acts.
const (
	actSupersedes = 1 << iota
	actCorrects
	actWithdraws
)

const (
	sqlPutVersion = `INSERT INTO version (eid, type, writer, subject, rank, status, time, rule, detail, title_es, title_en,
areas, leaf, body, content, acts, live, tips, cur, fork, gone, sup, ret, wd)
VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,0,0,?,?,?)`
	sqlPutPending = "INSERT OR IGNORE INTO pending (origin, idx, src) VALUES (?,?,?)"
	sqlPutArea    = "INSERT OR IGNORE INTO area_of (area, eid) VALUES (?,?)"
	sqlPutJoint   = `INSERT INTO joint_half (eid, type, subject, rank, party, body, follows, required)
VALUES (?,?,?,?,?,?,?,?)`
	sqlPutKey  = "INSERT OR REPLACE INTO active_key (log, name, root, binding) VALUES (?,?,?,?)"
	sqlDropKey = "DELETE FROM active_key WHERE log = ? AND name = ?"

	sqlDropPending = "DELETE FROM pending WHERE origin = ? AND idx = ? AND src = ?"
	sqlDropArea    = "DELETE FROM area_of WHERE area = ? AND eid = ?"
)

// project writes what an entry folded to: the entry itself and then, again, those
// that waited for it. All rows are new: what an entry had put into the tables while
// it was pending is taken out first. (INSERT OR REPLACE would have SQLite keep a
// journal for each statement, at more cost than everything else.)
func (w *writer) project(all []fold.Folded) error {
	for i := range all {
		f := &all[i]
		l := w.logs[f.Ref.Log]
		if l == nil {
			return fmt.Errorf("%s: %w", f.Ref, ErrNotFound)
		}
		eid := eidOf(l.num, f.Ref.Index)
		var m marks
		if i > 0 {
			var err error
			if m, err = w.unproject(eid, f, all[0].Ref); err != nil {
				return err
			}
		}
		if err := w.projectOne(l, eid, f, m); err != nil {
			return fmt.Errorf("project %s: %w", f.Ref, err)
		}
	}
	return nil
}

const (
	sqlMarks       = "SELECT sup, ret, wd, coalesce(areas, '') FROM version WHERE eid = ?"
	sqlDropVersion = "DELETE FROM version WHERE eid = ?"
)

// unproject takes out what an entry that was pending put into the tables, and
// returns what links did to it meanwhile; first is the entry it waited for.
func (w *writer) unproject(eid int64, f *fold.Folded, first entente.Ref) (m marks, err error) {
	var areas string
	if err := w.row(sqlMarks, []any{eid}, &m.sup, &m.ret, &m.wd, &areas); err != nil {
		return m, err
	}
	for _, l := range append(slices.Clone(f.Links), fold.Link{To: first}) {
		res, err := w.exec(sqlDropPending, l.To.Log, l.To.Index, eid)
		if err != nil {
			return m, err
		}
		if n, err := res.RowsAffected(); err == nil {
			w.pending -= int(n)
		}
	}
	for _, a := range strings.Fields(areas) {
		if _, err := w.exec(sqlDropArea, a, eid); err != nil {
			return m, err
		}
	}
	drop := []string{sqlDropVersion}
	for _, t := range fold.Tables {
		if slices.Contains(t.Types, f.Type) {
			drop = append(drop, "DELETE FROM "+typedTable(t.Name)+" WHERE eid = ?")
		}
	}
	for _, query := range drop {
		if _, err := w.exec(query, eid); err != nil {
			return m, err
		}
	}
	return m, nil
}

// stands reports whether an entry has rows in the typed tables.
func stands(f *fold.Folded) bool { return f.Status == fold.Admissible || f.Status == fold.Pending }

func (w *writer) projectOne(l *wlog, eid int64, f *fold.Folded, m marks) error {
	w.remember(eid, fold.Seen{Ref: f.Ref, Audience: f.Audience, Writer: f.Writer, Type: f.Type, Subject: f.Header.Subject})
	if err := w.putVersion(eid, f, m); err != nil {
		return err
	}
	if stands(f) {
		if err := w.putRows(eid, f); err != nil {
			return err
		}
	}
	w.keepText(l, eid, f)
	for _, u := range f.Unresolved {
		res, err := w.exec(sqlPutPending, u.To.Log, u.To.Index, eid)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err == nil {
			w.pending += int(n)
		}
	}
	if f.Status != fold.Admissible {
		return nil
	}
	if f.Joint != nil {
		if err := w.putHalf(eid, f); err != nil {
			return err
		}
	}
	if len(f.Keys) > 0 {
		return w.putKeys(l, f.Keys)
	}
	return nil
}

// putVersion writes the version row and settles what is current of its thing and
// of those that its links touch. m is what links did to it while it was pending.
func (w *writer) putVersion(eid int64, f *fold.Folded, m marks) error {
	content, err := f.Content()
	if err != nil {
		return err
	}
	rank, t := f.Audience.Rank(), (thing{f.Type, f.Writer, f.Header.Subject})
	tips, cur, acts := 0, 0, 0
	var touched []thing
	if f.Status == fold.Admissible {
		tips, acts = mask(rank)&^m.ret, actsOf(f)
		if touched, err = w.putLinks(eid, rank, f.Links); err != nil {
			return err
		}
		if !slices.Contains(touched, t) {
			alone, err := w.alone(t)
			if err != nil {
				return err
			}
			if alone && m == (marks{}) {
				cur = tips // the common case: the first version of a new thing
			} else {
				touched = append(touched, t)
			}
		}
	}
	w.fresh = thing{}
	_, err = w.exec(sqlPutVersion, eid, string(f.Type), f.Writer, f.Header.Subject, rank, slices.Index(statuses, f.Status),
		micro(f.Header.Time), null(f.Rule), null(f.Detail), null(f.Title.ES), null(f.Title.EN), null(strings.Join(f.Areas, " ")),
		f.Ref.Leaf[:], nullDigest(f.BodyDigest), content[:], acts, tips != 0, tips, cur, m.sup, m.ret, m.wd)
	if err != nil {
		return err
	}
	for _, t := range touched {
		if err := w.settle(t); err != nil {
			return err
		}
	}
	return nil
}

func actsOf(f *fold.Folded) int {
	acts := 0
	if len(f.Header.Supersedes) > 0 {
		acts |= actSupersedes
	}
	if f.Correction != nil {
		acts |= actCorrects
	}
	if slices.ContainsFunc(f.Links, func(l fold.Link) bool { return l.Kind == fold.LinkWithdraws }) {
		acts |= actWithdraws
	}
	return acts
}

// putRows writes the typed rows and the areas.
func (w *writer) putRows(eid int64, f *fold.Folded) error {
	for _, a := range f.Areas {
		if _, err := w.exec(sqlPutArea, a, eid); err != nil {
			return err
		}
	}
	n := map[string]int{}
	for _, r := range f.Rows {
		t, ok := typed[r.Table]
		if !ok || len(r.Values) != t.columns {
			return fmt.Errorf("a row of %d values for the table %q", len(r.Values), r.Table)
		}
		args := append(make([]any, 0, len(r.Values)+2), eid)
		if t.many {
			args = append(args, n[r.Table])
			n[r.Table]++
		}
		if _, err := w.exec(t.insert, append(args, r.Values...)...); err != nil {
			return err
		}
	}
	return nil
}

// typed says how rows of each typed table are written.
var typed = func() map[string]typedInsert {
	m := map[string]typedInsert{}
	for _, t := range fold.Tables {
		names, marks := []string{"eid"}, len(t.Columns)+1
		if t.Many {
			names, marks = append(names, "n"), marks+1
		}
		for _, c := range t.Columns {
			names = append(names, quote(c.Name))
		}
		m[t.Name] = typedInsert{many: t.Many, columns: len(t.Columns), insert: "INSERT INTO " + typedTable(t.Name) +
			" (" + strings.Join(names, ", ") + ") VALUES (?" + strings.Repeat(",?", marks-1) + ")"}
	}
	return m
}()

type typedInsert struct {
	many    bool
	columns int
	insert  string
}

func (w *writer) putHalf(eid int64, f *fold.Folded) error {
	required := make([]string, len(f.Joint.Required))
	for i, p := range f.Joint.Required {
		required[i] = string(p)
	}
	_, err := w.exec(sqlPutJoint, eid, string(f.Type), f.Header.Subject, f.Audience.Rank(), string(f.Header.Author.Party),
		f.Joint.Body[:], f.Joint.Follows[:], strings.Join(required, " "))
	return err
}

// putKeys changes the keys active in a log. The map is replaced, not changed:
// readers and earlier groups may hold it.
func (w *writer) putKeys(l *wlog, changes []fold.KeyChange) error {
	keys := maps.Clone(l.keys)
	for _, c := range changes {
		name := c.Key.Binding.Name
		if c.Revoke {
			delete(keys, name)
			if _, err := w.exec(sqlDropKey, l.num, name); err != nil {
				return err
			}
			continue
		}
		binding, err := json.Marshal(c.Key.Binding)
		if err != nil {
			return err
		}
		keys[name] = c.Key
		if _, err := w.exec(sqlPutKey, l.num, name, c.Key.Root, string(binding)); err != nil {
			return err
		}
	}
	l.keys = keys
	return nil
}

func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func nullDigest(d entente.Digest) any {
	if d.IsZero() {
		return nil
	}
	return d[:]
}

func micro(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}
