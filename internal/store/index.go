package store

import (
	"context"
	"fmt"
)

// The full-text index follows the projection in batches: a segment of it for each
// entry would cost more than everything else about the entry. What a commit leaves
// for later is in search_text; a search brings the index up to date first.

// freshText brings the full-text index up to date before a search.
func (s *Store) freshText(ctx context.Context) error {
	if s.lag.Load() == 0 {
		return nil
	}
	return s.write(ctx, 0, (*writer).indexText)
}

// indexText adds to the full-text index what it lacks.
func (w *writer) indexText() error {
	for _, l := range w.logs {
		if err := w.indexLog(l, l.edge.size); err != nil {
			return err
		}
	}
	return nil
}

// indexLog adds the entries of one log up to an index.
func (w *writer) indexLog(l *wlog, upto uint64) error {
	from := w.searched[l.num]
	if from >= upto {
		return nil
	}
	query := fmt.Sprintf("INSERT INTO %s (rowid, es, en) SELECT eid, es, en FROM search_text WHERE eid >= ? AND eid < ?",
		searchTable(l.info.Audience.Rank()))
	if _, err := w.exec(query, eidOf(l.num, from), eidOf(l.num, upto)); err != nil {
		return err
	}
	if _, err := w.exec("INSERT OR REPLACE INTO searched (log, upto) VALUES (?,?)", l.num, upto); err != nil {
		return err
	}
	w.searched[l.num] = upto
	return nil
}
