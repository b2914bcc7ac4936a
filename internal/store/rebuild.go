package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"entente/internal/fold"
)

// Rebuild drops the projection and folds all logs again, in one transaction:
// readers see the old projection until the new one is complete. progress, which
// may be nil, is told how many entries of how many are done.
func (s *Store) Rebuild(ctx context.Context, progress func(done, total uint64)) error {
	return s.do(ctx, &job{entries: maxGroup, bare: true, alone: true, run: func(w *writer) error { return w.rebuild(ctx, progress) }})
}

// rebuildNow rebuilds before the writer's loop has begun.
func (w *writer) rebuildNow(ctx context.Context, progress func(done, total uint64)) error {
	j := &job{bare: true, run: func(w *writer) error { return w.rebuild(ctx, progress) }, done: make(chan error, 1)}
	w.group(j)
	return <-j.done
}

// ensureProjection makes empty tables when there are none, or when they are those
// of another fold; it reports whether it did, and a rebuild is due.
func (w *writer) ensureProjection() (made bool, err error) {
	var digest []byte
	err = w.s.wdb.QueryRowContext(w.ctx, "SELECT digest FROM projection").Scan(&digest)
	want := projectionDigest()
	if err == nil && bytes.Equal(digest, want[:]) {
		return false, nil
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, err
	}
	tx, err := w.s.wdb.BeginTx(w.ctx, nil)
	if err != nil {
		return false, err
	}
	defer tx.Rollback()
	exec := func(query string) error {
		_, err := tx.ExecContext(w.ctx, query)
		return err
	}
	if err := remakeTables(exec); err != nil {
		return false, err
	}
	return true, tx.Commit()
}

// remakeTables drops the projection's tables and makes them again, with the
// indexes that folding needs; makeIndexes adds the others.
func remakeTables(exec func(string) error) error {
	for _, name := range projectionNames() {
		if err := exec("DROP TABLE IF EXISTS " + quote(name)); err != nil {
			return err
		}
	}
	tables, _ := typedTables()
	for _, ddl := range []string{"DELETE FROM projection", projectionTables, foldingIndexes, searchTables(), tables} {
		if err := each(ddl, exec); err != nil {
			return err
		}
	}
	return nil
}

func makeIndexes(exec func(string) error) error {
	_, indexes := typedTables()
	return each(readingIndexes+indexes, exec)
}

// each executes the statements of a script.
func each(script string, exec func(string) error) error {
	for _, ddl := range strings.Split(script, ";\n") {
		if ddl = strings.TrimSpace(ddl); ddl == "" {
			continue
		}
		if err := exec(ddl); err != nil {
			return fmt.Errorf("%s: %w", ddl, err)
		}
	}
	return nil
}

// rebuild folds everything again inside the running group.
func (w *writer) rebuild(ctx context.Context, progress func(done, total uint64)) error {
	w.wrote = true
	script := func(ddl string) error {
		_, err := w.conn.ExecContext(w.ctx, ddl)
		return err
	}
	if err := remakeTables(script); err != nil {
		return err
	}
	w.rebuilt, w.pending = true, 0
	clear(w.seen)
	clear(w.searched)
	clear(w.texts)
	for _, l := range w.logs {
		l.keys = map[string]fold.ActiveKey{}
	}
	if err := w.refold(ctx, progress); err != nil {
		return err
	}
	if err := makeIndexes(script); err != nil {
		return err
	}
	if err := w.indexText(); err != nil {
		return err
	}
	digest := projectionDigest()
	_, err := w.exec("INSERT INTO projection (digest) VALUES (?)", digest[:])
	return err
}

// refold folds all logs, merged by stated time: what an entry refers to then
// mostly comes before it, and little is folded twice.
func (w *writer) refold(ctx context.Context, progress func(done, total uint64)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var total, done uint64
	upto := map[string]uint64{} // by log: the entries below are folded
	var streams []*stream
	for _, h := range w.s.heads.Load().sorted() {
		if h.edge.size > 0 {
			total += h.edge.size
			streams = append(streams, w.s.stream(ctx, h))
		}
	}
	for {
		next, err := earliest(streams)
		if err != nil {
			return err
		}
		if next == nil {
			return ctx.Err()
		}
		folded, err := fold.Fold(w, next.take().in)
		if err != nil {
			return err
		}
		if err := w.project(folded); err != nil {
			return err
		}
		upto[folded[0].Ref.Log] = folded[0].Ref.Index + 1
		if len(w.texts) >= indexAt {
			for origin, size := range upto {
				if err := w.indexLog(w.logs[origin], size); err != nil {
					return err
				}
			}
		}
		if done++; progress != nil && (done%256 == 0 || done == total) {
			progress(done, total)
		}
	}
}

// stream reads and prepares the entries of one log ahead of who folds them.
type stream struct {
	batches <-chan batch
	now     []item
	ended   bool
}

type batch struct {
	items []item
	err   error
}

const streamBatch = 128

func (s *Store) stream(ctx context.Context, h *head) *stream {
	out := make(chan batch, 2)
	go func() {
		defer close(out)
		for from := uint64(0); from < h.edge.size; from += streamBatch {
			b := s.readBatch(ctx, h, from, min(from+streamBatch, h.edge.size))
			select {
			case out <- b:
			case <-ctx.Done():
				return
			}
			if b.err != nil {
				return
			}
		}
	}()
	return &stream{batches: out}
}

// readBatch reads entries that are committed: on a reader's connection.
func (s *Store) readBatch(ctx context.Context, h *head, from, to uint64) batch {
	items, err := collect(ctx, s.read(nil), "SELECT eid, verified, raw FROM entry WHERE eid >= ? AND eid < ? ORDER BY eid",
		[]any{eidOf(h.num, from), eidOf(h.num, to)}, func(rows *sql.Rows) (item, error) {
			var eid int64
			var verified bool
			var raw []byte
			if err := rows.Scan(&eid, &verified, &raw); err != nil {
				return item{}, err
			}
			it := s.prepare(Draft{Origin: h.info.Origin, Raw: raw}, nil)
			it.in.Index, it.in.Verified = indexOf(eid), verified
			return it, nil
		})
	if err == nil && uint64(len(items)) != to-from {
		err = fmt.Errorf("the database is damaged: %s lacks entries between %d and %d", h.info.Origin, from, to)
	}
	return batch{items, err}
}

// peek returns the next entry without taking it, nil at the end.
func (st *stream) peek() (*item, error) {
	if len(st.now) == 0 && !st.ended {
		b, ok := <-st.batches
		st.now, st.ended = b.items, !ok
		if b.err != nil {
			return nil, b.err
		}
	}
	if len(st.now) == 0 {
		return nil, nil
	}
	return &st.now[0], nil
}

func (st *stream) take() *item {
	it := &st.now[0]
	st.now = st.now[1:]
	return it
}

// stated is the time that an entry states, zero when it cannot be read.
func (it *item) stated() (t time.Time) {
	if it.entry != nil {
		t = it.entry.Header.Time
	}
	return t
}

// earliest returns the stream whose next entry has the earliest stated time, nil
// when all have ended. An entry that cannot be read comes at once.
func earliest(streams []*stream) (*stream, error) {
	var best *stream
	var first *item
	for _, st := range streams {
		it, err := st.peek()
		if err != nil {
			return nil, err
		}
		if it != nil && (best == nil || it.stated().Before(first.stated())) {
			best, first = st, it
		}
	}
	return best, nil
}
