package store

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// maxGroup is how many entries share a commit at most.
const maxGroup = 512

// tendEvery is how often the writer looks whether another process has written: a
// command may append to the database of a node that serves. When nothing was written
// since it last looked, it brings the full-text index up to date; indexAt is how many
// entries wait for that at most.
const (
	tendEvery = 250 * time.Millisecond
	indexAt   = 1024
)

// job is one call's share of a group.
type job struct {
	// run does the work. When it returns an error, nothing of it stays.
	run func(*writer) error
	// entries is how many entries it adds at most.
	entries int
	// bare jobs set no savepoint: they write only what cannot be refused any more,
	// so that an error after their first write is the group's.
	bare bool
	// alone jobs begin a group: they read what is committed.
	alone bool
	taken atomic.Bool
	done  chan error
}

// write has the writer run a job and returns after its group is committed, or
// with the error that kept the job from having any effect. A job that the writer
// has not begun is given up when ctx ends.
func (s *Store) write(ctx context.Context, entries int, run func(*writer) error) error {
	return s.do(ctx, &job{run: run, entries: entries})
}

// put is write for what nothing in the database can refuse.
func (s *Store) put(ctx context.Context, run func(*writer) error) error {
	return s.do(ctx, &job{run: run, bare: true})
}

// do runs a job at once where nobody writes: the goroutine that would do it for the
// caller would have to be woken, and the caller after it. Where somebody does, the job
// joins the group that is being gathered, or the next one.
func (s *Store) do(ctx context.Context, j *job) error {
	j.done = make(chan error, 1)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if s.writing.TryLock() {
		defer s.writing.Unlock()
		return s.writer.runNow(j)
	}
	select {
	case s.jobs <- j:
	case <-s.stop:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		if j.taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
		return <-j.done
	case <-s.stopped:
		select {
		case err := <-j.done:
			return err
		default:
			return ErrClosed
		}
	}
}

// runNow runs a job and those that wait by now.
func (w *writer) runNow(j *job) error {
	if w.closed {
		return ErrClosed
	}
	w.groups(j)
	return <-j.done
}

// loop runs the groups of jobs that found somebody writing, and what is due when
// nobody does, until the store is closed.
func (w *writer) loop() {
	defer close(w.s.stopped)
	tick := time.NewTicker(tendEvery)
	defer tick.Stop()
	locked := func(do func()) {
		w.s.writing.Lock()
		defer w.s.writing.Unlock()
		do()
	}
	for {
		select {
		case <-tick.C:
			locked(w.tend)
		case j := <-w.s.jobs:
			locked(func() { w.groups(j) })
		case <-w.s.stop:
			locked(w.drain)
			return
		}
	}
}

// tend looks for what another process wrote, and brings the full-text index up to
// date when nothing was written for a while.
func (w *writer) tend() {
	w.look()
	if w.idle && w.lag() > 0 {
		w.groups(&job{run: (*writer).indexText, done: make(chan error, 1)})
	}
	w.idle = true
}

// drain runs what was handed over before the store was closed.
func (w *writer) drain() {
	w.closed = true
	for {
		select {
		case j := <-w.s.jobs:
			w.groups(j)
		default:
			w.disconnect()
			return
		}
	}
}

// groups runs a job's group, and that of a job that would not join it.
func (w *writer) groups(j *job) {
	w.idle = false
	for j != nil {
		j = w.group(j)
	}
}

// group runs a job and those that wait behind it, and commits them together. It
// returns a job that has to begin the next group, or nil.
func (w *writer) group(first *job) (alone *job) {
	var ran []*job
	finish := func(err error) {
		for _, j := range ran {
			j.done <- err
		}
	}
	if err := w.begin(); err != nil {
		if first.taken.CompareAndSwap(false, true) {
			first.done <- err
		}
		return nil
	}
	entries := 0
	for j := first; j != nil; j = w.next(entries) {
		if j.alone && j != first {
			alone = j
			break
		}
		if !j.taken.CompareAndSwap(false, true) {
			continue
		}
		changed, err := w.runJob(j)
		if err != nil && w.fatal(err) {
			ran = append(ran, j)
			w.abandon()
			finish(err)
			return nil
		}
		if err != nil || !changed {
			j.done <- err // refused, or nothing to wait for
			continue
		}
		entries += j.entries
		ran = append(ran, j)
	}
	if len(ran) == 0 {
		w.rollback()
		return alone
	}
	grown, err := w.commit()
	if err == nil {
		w.s.notify(grown) // before the answer: who appended must not read what a hook has yet to doubt
	}
	finish(err)
	return alone
}

// next returns a job that waits, or nil.
func (w *writer) next(entries int) *job {
	if entries >= maxGroup {
		return nil
	}
	select {
	case j := <-w.s.jobs:
		return j
	default:
		return nil
	}
}

// runJob runs a job under a savepoint that it sets before its first write (see
// [writer.exec]); changed reports whether it wrote at all.
func (w *writer) runJob(j *job) (changed bool, err error) {
	w.undo, w.wrote, w.bare, w.fresh = nil, false, j.bare, thing{}
	pending := w.pending
	err = j.run(w)
	switch {
	case err == nil && w.wrote && !w.bare:
		return true, w.run(sqlRelease)
	case err == nil:
		return w.wrote, nil
	case !w.wrote || w.fatal(err):
		return false, err
	case w.bare:
		return false, fmt.Errorf("%w: %w", errGroup, err)
	}
	w.pending = pending
	return false, errors.Join(err, w.rollbackJob())
}

// fatal reports whether an error of a job ends the whole group: the database
// failed, as opposed to the job being refused.
func (w *writer) fatal(err error) bool {
	return errors.Is(err, errGroup) || isDatabase(err) && !isConstraint(err)
}

// errGroup marks errors after which the group cannot be committed.
var errGroup = errors.New("the group was not committed")

// rollbackJob takes back what the job wrote, in the database and in memory.
func (w *writer) rollbackJob() error {
	for log, was := range w.undo {
		*log = was
	}
	clear(w.seen)
	if err := errors.Join(w.run(sqlRollbackTo), w.run(sqlRelease)); err != nil {
		return fmt.Errorf("%w: %w", errGroup, err)
	}
	return nil
}

// The statements that frame groups and jobs.
const (
	sqlBegin      = "BEGIN IMMEDIATE"
	sqlCommit     = "COMMIT"
	sqlRollback   = "ROLLBACK"
	sqlSavepoint  = "SAVEPOINT job"
	sqlRelease    = "RELEASE job"
	sqlRollbackTo = "ROLLBACK TO job"
	sqlGeneration = "UPDATE generation SET n = n + 1"
	// sqlVersion tells whether a connection other than the one that asks has committed
	// since it last asked (SQLite: PRAGMA data_version).
	sqlVersion = "PRAGMA data_version"
)

// begin opens a group. When the database is not where the writer left it, another
// process wrote: everything kept in memory is read again under the write lock, so
// that no process which writes often keeps this one from writing.
func (w *writer) begin() error {
	if w.conn == nil {
		if err := w.reload(); err != nil {
			return err
		}
	}
	err := w.run(sqlBegin)
	if err == nil {
		var same bool
		if same, err = w.untouched(); err == nil && !same {
			err = w.load()
		}
	}
	if err != nil {
		w.abandon()
		return fmt.Errorf("%w: %w", errGroup, err)
	}
	return nil
}

// untouched reports whether the database is as the writer left it.
func (w *writer) untouched() (bool, error) {
	var now int64
	err := w.row(sqlVersion, nil, &now)
	return now == w.version, err
}

// commit closes the group: roots and signed checkpoints of the logs that grew,
// COMMIT, and proof on another connection that it happened. Only then do readers
// see the new heads.
func (w *writer) commit() (Committed, error) {
	err := w.close()
	if err == nil && w.lag() >= indexAt {
		w.bare = true // the group's own work
		err = w.indexText()
	}
	if err == nil {
		err = w.run(sqlCommit)
	}
	if err == nil {
		err = w.confirm()
	}
	if err != nil {
		w.abandon()
		return nil, fmt.Errorf("%w: %w", errGroup, err)
	}
	return w.publish(), nil
}

// confirm asks another connection whether there was a commit: one that was reported
// as done and is not there is found before anybody relies on it.
func (w *writer) confirm() error {
	was := w.witnessed
	if err := w.attest(); err != nil {
		return fmt.Errorf("read back the commit: %w", err)
	}
	if w.witnessed == was {
		return errors.New("the database reported a commit that it did not make")
	}
	return nil
}

// attest notes how the witness finds the database.
func (w *writer) attest() error { return w.attested.QueryRowContext(w.ctx).Scan(&w.witnessed) }

// rollback ends a group that changed nothing.
func (w *writer) rollback() {
	if err := w.run(sqlRollback); err != nil {
		w.abandon()
	}
}

// abandon gives up the group and the connection with it: what is true is what the
// database says. When that cannot be read now, the next group begins by trying.
func (w *writer) abandon() {
	w.disconnect()
	if err := w.reload(); err != nil {
		w.disconnect()
	}
}
