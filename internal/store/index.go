package store

import (
	"context"
	"fmt"

	"entente"
	"entente/internal/fold"
)

// The full-text index follows the projection in batches: a segment of it for each
// entry, and the text beside it, would cost more than everything else about the entry.
// Until then the writer has the texts in memory, and makes them again from the entries
// when it does not. A search brings the index up to date first.

// freshText brings the full-text index up to date before a search.
func (s *Store) freshText(ctx context.Context) error {
	if s.lag.Load() == 0 {
		return nil
	}
	return s.write(ctx, 0, (*writer).indexText)
}

// keepText remembers what is to be searched of an entry that folded. What was pending
// may be in the index by now: its text is the same.
func (w *writer) keepText(l *wlog, eid int64, f *fold.Folded) {
	if f.Ref.Index < w.searched[l.num] {
		return
	}
	text := entente.Text{}
	if stands(f) {
		text = f.Search
	}
	if len(text.ES)+len(text.EN) > keptText {
		delete(w.texts, eid)
		return
	}
	w.texts[eid] = text
}

// keptText is how many bytes of an entry's text are kept in memory: whoever sends long
// ones does not fill it with them.
const keptText = 8 << 10

// indexText adds to the full-text index what it lacks.
func (w *writer) indexText() error {
	for _, l := range w.logs {
		if err := w.indexLog(l, l.edge.size); err != nil {
			return err
		}
	}
	return nil
}

// Earlier builds wrote the text with the entry: it may be there.
const sqlPutText = "INSERT OR IGNORE INTO search_text (eid, es, en) VALUES (?,?,?)"

// indexLog adds the entries of one log up to an index.
func (w *writer) indexLog(l *wlog, upto uint64) error {
	from := w.searched[l.num]
	if from >= upto {
		return nil
	}
	for i := from; i < upto; i++ {
		eid := eidOf(l.num, i)
		text, kept := w.texts[eid]
		if !kept {
			var err error
			if text, err = w.textOf(l, eid); err != nil {
				return err
			}
		}
		delete(w.texts, eid)
		if text.IsZero() {
			continue
		}
		if _, err := w.exec(sqlPutText, eid, text.ES, text.EN); err != nil {
			return err
		}
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

// textOf makes the text to search of an entry that another process folded, or this
// one before it started.
func (w *writer) textOf(l *wlog, eid int64) (entente.Text, error) {
	var status int
	var raw []byte
	err := w.row("SELECT v.status, e.raw FROM version v JOIN entry e ON e.eid = v.eid WHERE v.eid = ?", []any{eid}, &status, &raw)
	if err != nil || !stands(&fold.Folded{Status: statuses[status]}) {
		return entente.Text{}, err
	}
	return fold.SearchText(l.info, fold.Prepare(raw)), nil
}
