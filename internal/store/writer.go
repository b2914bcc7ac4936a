package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"maps"

	"entente"
	"entente/internal/fold"
	"entente/internal/merkle"
)

// writer is what whoever writes uses (see [Store.writing]), with what is kept in
// memory. All of that is read again from the database whenever there is doubt.
type writer struct {
	s   *Store
	ctx context.Context // of all statements: a group runs to its end

	conn      *sql.Conn // nil when what is below has to be loaded again
	witness   *sql.Conn // only reads: it sees what conn has committed
	stmts     map[string]*prepared
	version   int64     // another one on conn: another process has written
	attested  *sql.Stmt // the witness's
	witnessed int64     // another one there: there was a commit
	own       string
	logs      map[string]*wlog
	byNum     map[int64]*wlog
	pending   int                    // references that wait for their target
	seen      map[int64]fold.Seen    // what the fold asked for lately
	searched  map[int64]uint64       // by log: entries below are in the full-text index
	texts     map[int64]entente.Text // of the others, as far as this process folded them
	rebuilt   bool                   // the running group made the projection anew
	idle      bool                   // no group ran since it was last looked after
	closed    bool                   // for good

	// Of the running job.
	undo  map[*wlog]wlog
	wrote bool
	bare  bool
	fresh thing // nothing stands of it beside the version that is written next
}

// wlog is a log as the running group has it.
type wlog struct {
	head
	lastID  string // the highest id of its entries
	changed bool   // by the running group
	signed  bool   // the group brings the checkpoint of this size
}

// reload opens new connections and reads everything that the writer keeps in
// memory.
func (w *writer) reload() (err error) {
	w.disconnect()
	if w.witness, err = w.s.rdb.Conn(w.ctx); err != nil {
		return err
	}
	if w.attested, err = w.witness.PrepareContext(w.ctx, sqlVersion); err != nil {
		return err
	}
	if w.conn, err = w.s.wdb.Conn(w.ctx); err != nil {
		return err
	}
	w.stmts = map[string]*prepared{}
	return w.load()
}

// load reads everything that the writer keeps in memory. Outside of a transaction,
// another process may write meanwhile: the next group finds another version then.
func (w *writer) load() error {
	if err := w.row(sqlVersion, nil, &w.version); err != nil {
		return err
	}
	conn := w.conn
	h, err := loadHeads(w.ctx, conn)
	if err != nil {
		return err
	}
	w.rebuilt = false
	w.own, w.logs, w.byNum = h.own, map[string]*wlog{}, map[int64]*wlog{}
	for origin, l := range h.logs {
		log := &wlog{head: *l}
		log.edge = l.edge.snapshot() // readers go on with the one that is published
		err := conn.QueryRowContext(w.ctx, "SELECT coalesce(max(id), '') FROM entry_id WHERE log = ?", l.num).Scan(&log.lastID)
		if err != nil {
			return err
		}
		w.logs[origin], w.byNum[l.num] = log, log
	}
	if err := w.reloadProjection(); err != nil {
		return err
	}
	before := w.s.heads.Swap(h)
	w.s.digests.forget()
	w.s.notify(h.grownSince(before)) // by another process, or by a commit that was reported as failed
	return w.attest()
}

// reloadProjection reads what the writer keeps in memory of the projection.
func (w *writer) reloadProjection() error {
	w.seen, w.searched, w.texts = map[int64]fold.Seen{}, map[int64]uint64{}, map[int64]entente.Text{}
	if err := w.conn.QueryRowContext(w.ctx, "SELECT count(*) FROM pending").Scan(&w.pending); err != nil {
		return err
	}
	for _, log := range w.logs {
		var upto uint64
		err := w.conn.QueryRowContext(w.ctx, "SELECT coalesce((SELECT upto FROM searched WHERE log = ?), 0)", log.num).Scan(&upto)
		if err != nil {
			return err
		}
		w.searched[log.num] = upto
	}
	w.s.lag.Store(w.lag())
	return nil
}

// disconnect closes the connections for good: a transaction that may be open ends
// with them.
func (w *writer) disconnect() {
	if w.attested != nil {
		w.attested.Close() // what is prepared on a connection keeps it open
		w.attested = nil
	}
	if w.witness != nil {
		w.witness.Close()
		w.witness = nil
	}
	if w.conn == nil {
		return
	}
	for _, st := range w.stmts {
		st.Close()
	}
	_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
	w.conn.Close()
	w.conn = nil
}

// stmt returns the prepared statement of a query.
func (w *writer) stmt(query string) (*prepared, error) {
	if st := w.stmts[query]; st != nil {
		return st, nil
	}
	st := &prepared{}
	var err error
	if st.Stmt, err = w.conn.PrepareContext(w.ctx, query); err != nil {
		return nil, fmt.Errorf("%s: %w", query, err)
	}
	w.stmts[query] = st
	return st, nil
}

// run executes a statement that frames groups and jobs.
func (w *writer) run(query string) error {
	st, err := w.stmt(query)
	if err != nil {
		return err
	}
	_, err = st.ExecContext(w.ctx)
	return err
}

// exec executes a statement of the running job. The first one sets the savepoint
// to which the job is taken back when it fails.
func (w *writer) exec(query string, args ...any) (sql.Result, error) {
	if !w.wrote && !w.bare {
		if err := w.run(sqlSavepoint); err != nil {
			return nil, err
		}
	}
	w.wrote = true
	st, err := w.stmt(query)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(w.ctx, args...)
}

// row reads one row inside the running group.
func (w *writer) row(query string, args []any, into ...any) error {
	st, err := w.stmt(query)
	if err != nil {
		return err
	}
	return st.QueryRowContext(w.ctx, args...).Scan(into...)
}

// query reads rows inside the running group.
func (w *writer) query(query string, args ...any) (*sql.Rows, error) {
	st, err := w.stmt(query)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(w.ctx, args...)
}

// touch marks a log as changed, and keeps what it was before the running job. A
// bare job is not taken back.
func (w *writer) touch(l *wlog) {
	if _, kept := w.undo[l]; !kept && !w.bare {
		if w.undo == nil {
			w.undo = map[*wlog]wlog{}
		}
		was := *l
		was.edge = l.edge.snapshot()
		w.undo[l] = was
	}
	l.changed = true
}

const sqlSetHead = "UPDATE log SET size = ?, root = ?, checkpoint = ?, checkpoint_size = ? WHERE num = ?"

// close completes the logs that the group changed: root and, for own logs, the
// signed checkpoint. A group that changed none counts itself instead: what it wrote
// may be what was there, and its commit is one that [writer.confirm] can see.
func (w *writer) close() error {
	st, err := w.stmt(sqlSetHead)
	if err != nil {
		return err
	}
	grew := false
	for _, l := range w.logs {
		if !l.changed {
			continue
		}
		grew = true
		l.root = l.edge.root()
		if l.own && !l.signed && !w.s.restored.Load() {
			if err := w.sign(l); err != nil {
				return err
			}
		}
		if _, err := st.ExecContext(w.ctx, l.edge.size, l.root[:], l.checkpoint, l.checkpointSize, l.num); err != nil {
			return err
		}
	}
	if !grew {
		return w.run(sqlGeneration)
	}
	return nil
}

// sign has the checkpoint of an own log signed and makes sure that it is the one
// asked for.
func (w *writer) sign(l *wlog) error {
	c := w.s.checkpointer.Load()
	if c == nil {
		return fmt.Errorf("%s: nobody is set to sign checkpoints", l.info.Origin)
	}
	signed, err := (*c).SignCheckpoint(l.info.Origin, l.edge.size, l.root)
	if err != nil {
		return fmt.Errorf("sign the checkpoint of %s: %w", l.info.Origin, err)
	}
	got, err := merkle.Peek(signed)
	if err != nil {
		return fmt.Errorf("sign the checkpoint of %s: %w", l.info.Origin, err)
	}
	if want := (merkle.Checkpoint{Origin: l.info.Origin, Size: l.edge.size, Root: l.root}); got != want {
		return fmt.Errorf("the signed checkpoint of %s is another one than was asked for", l.info.Origin)
	}
	l.checkpoint, l.checkpointSize = signed, l.edge.size
	return nil
}

// publish shows the committed heads to readers and returns which logs grew.
func (w *writer) publish() Committed {
	was := w.s.heads.Load()
	next := &heads{logs: maps.Clone(was.logs), own: w.own}
	for origin, l := range w.logs {
		if l.changed || w.rebuilt || was.logs[origin] == nil {
			h := l.head
			h.edge = l.edge.snapshot()
			next.logs[origin] = &h
			l.changed, l.signed = false, false
		}
	}
	if w.rebuilt {
		w.s.digests.forget()
	}
	w.rebuilt = false
	w.s.heads.Store(next)
	w.s.lag.Store(w.lag())
	return next.grownSince(was)
}

// lag counts the entries that are not in the full-text index yet.
func (w *writer) lag() int64 {
	var n int64
	for _, l := range w.logs {
		n += int64(l.edge.size - w.searched[l.num])
	}
	return n
}
