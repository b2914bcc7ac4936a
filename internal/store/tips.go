package store

import (
	"context"
	"maps"

	"entente"
	"entente/internal/fold"
)

// Keys returns the keys active at the end of a log, by name.
func (s *Store) Keys(_ context.Context, origin string) (map[string]fold.ActiveKey, error) {
	h, err := s.head(origin)
	if err != nil {
		return nil, err
	}
	return maps.Clone(h.keys), nil
}

// KeysWhere returns the keys active at the end of a log that are as asked for, in no
// order; none when there is no such log.
func (s *Store) KeysWhere(origin string, is func(fold.ActiveKey) bool) []entente.KeyBinding {
	var out []entente.KeyBinding
	for _, k := range s.keys(origin) {
		if is(k) {
			out = append(out, k.Binding)
		}
	}
	return out
}

const sqlTips = `SELECT eid, leaf FROM version
WHERE subject = ? AND live = 1 AND tips & ? != 0 AND rank <= ? AND +type = ? AND writer = ? ORDER BY eid`

// Tips returns the versions of a thing that no version replaces, in the
// projection of an audience, by log and index.
func (s *Store) Tips(ctx context.Context, a entente.Audience, typ entente.Type, writer, subject string) ([]entente.Ref, error) {
	rows, err := s.read(nil).query(ctx, sqlTips, subject, bit(a.Rank()), a.Rank(), string(typ), writer)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var refs []entente.Ref
	byNum := s.heads.Load().origins()
	for rows.Next() {
		var eid int64
		var leaf []byte
		if err := rows.Scan(&eid, &leaf); err != nil {
			return nil, err
		}
		refs = append(refs, entente.Ref{Log: byNum[logOf(eid)], Index: indexOf(eid), Leaf: entente.Digest(leaf)})
	}
	return refs, rows.Err()
}

// origins returns the origins of all logs by their numbers.
func (h *heads) origins() map[int64]string {
	m := make(map[int64]string, len(h.logs))
	for origin, l := range h.logs {
		m[l.num] = origin
	}
	return m
}
