package store

import (
	"database/sql"
	"errors"

	"entente"
	"entente/internal/fold"
)

// maxSeen bounds the memory of what the fold asked for lately.
const maxSeen = 8192

// The writer is the [fold.State] of the running group.
var _ fold.State = (*writer)(nil)

// Log implements [fold.State].
func (w *writer) Log(origin string) (fold.LogInfo, bool) {
	l := w.logs[origin]
	if l == nil {
		return fold.LogInfo{}, false
	}
	return l.info, true
}

// Keys implements [fold.State].
func (w *writer) Keys(origin string) (map[string]fold.ActiveKey, error) {
	l := w.logs[origin]
	if l == nil {
		return nil, ErrNotFound
	}
	return l.keys, nil
}

const sqlSeen = "SELECT leaf, rank, writer, type, subject FROM version WHERE eid = ?"

// Seen implements [fold.State].
func (w *writer) Seen(origin string, index uint64) (fold.Seen, bool, error) {
	l := w.logs[origin]
	if l == nil || index >= l.edge.size {
		return fold.Seen{}, false, nil
	}
	eid := eidOf(l.num, index)
	if s, ok := w.seen[eid]; ok {
		return s, true, nil
	}
	s := fold.Seen{Ref: entente.Ref{Log: origin, Index: index}}
	var leaf []byte
	var rank int
	err := w.row(sqlSeen, []any{eid}, &leaf, &rank, &s.Writer, &s.Type, &s.Subject)
	if errors.Is(err, sql.ErrNoRows) {
		return fold.Seen{}, false, nil
	}
	if err != nil {
		return fold.Seen{}, false, err
	}
	s.Ref.Leaf, s.Audience = entente.Digest(leaf), audienceOf(rank)
	w.remember(eid, s)
	return s, true, nil
}

func (w *writer) remember(eid int64, s fold.Seen) {
	if len(w.seen) >= maxSeen {
		clear(w.seen)
	}
	w.seen[eid] = s
}

const sqlWaiting = `SELECT e.eid, e.verified, v.leaf, e.raw FROM pending p JOIN entry e ON e.eid = p.src JOIN version v ON v.eid = p.src
WHERE p.origin = ? AND p.idx = ? ORDER BY e.eid`

// Waiting implements [fold.State].
func (w *writer) Waiting(origin string, index uint64) ([]fold.Input, error) {
	if w.pending == 0 {
		return nil, nil
	}
	rows, err := w.query(sqlWaiting, origin, index)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []fold.Input
	for rows.Next() {
		var eid int64
		var leaf []byte
		var in fold.Input
		if err := rows.Scan(&eid, &in.Verified, &leaf, &in.Raw); err != nil {
			return nil, err
		}
		in.Origin, in.Index, in.Leaf = w.byNum[logOf(eid)].info.Origin, indexOf(eid), entente.Digest(leaf)
		out = append(out, in)
	}
	return out, rows.Err()
}

const sqlFindID = "SELECT idx FROM entry_id WHERE log = ? AND id = ?"

// findID returns the lowest index at which a log has an id.
func (w *writer) findID(l *wlog, id string) (uint64, bool, error) {
	if id > l.lastID {
		return 0, false, nil // ids grow with time, so that this is the common case
	}
	var index uint64
	err := w.row(sqlFindID, []any{l.num, id}, &index)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return index, err == nil, err
}

// HasID implements [fold.State].
func (w *writer) HasID(origin, id string, below uint64) (bool, error) {
	l := w.logs[origin]
	if l == nil {
		return false, ErrNotFound
	}
	index, found, err := w.findID(l, id)
	return found && index < below, err
}
