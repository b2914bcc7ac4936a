package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"entente"
)

// Job is something that the node has still to do about an entry of the exchange.
type Job struct {
	Kind  string
	Entry entente.Ref // Leaf is not kept
	Due   time.Time
	Tries int
	Error string // of the last try
}

// JobRead is how far a log was read for the exchange.
type JobRead struct {
	Log  string
	From uint64 // entries read before
	Size uint64 // and after
}

// ReadSize returns how many entries of a log were read for the exchange.
func (s *Store) ReadSize(ctx context.Context, origin string) (uint64, error) {
	sizes, err := collect(ctx, s.read(nil), "SELECT size FROM exchange_read WHERE log = ?", []any{origin},
		func(rows *sql.Rows) (n uint64, err error) { return n, rows.Scan(&n) })
	if err != nil || len(sizes) == 0 {
		return 0, err
	}
	return sizes[0], nil
}

// AddJobs keeps jobs, and how far the log was read that they follow from, in one
// step: after a crash, what was read is still to be done. A job that is kept
// already becomes due at the earlier moment. [ErrConflict] when the log was read
// meanwhile from the same place.
func (s *Store) AddJobs(ctx context.Context, read *JobRead, jobs ...Job) error {
	return s.write(ctx, 0, func(w *writer) error {
		if read != nil {
			var was uint64
			err := w.row("SELECT coalesce((SELECT size FROM exchange_read WHERE log = ?), 0)", []any{read.Log}, &was)
			if err != nil {
				return err
			}
			if was != read.From {
				return fmt.Errorf("%s was read to %d, not %d: %w", read.Log, was, read.From, ErrConflict)
			}
			if _, err := w.exec("INSERT OR REPLACE INTO exchange_read (log, size) VALUES (?,?)", read.Log, read.Size); err != nil {
				return err
			}
		}
		for _, j := range jobs {
			_, err := w.exec(`INSERT INTO exchange_job (kind, log, idx, due, tries, error) VALUES (?,?,?,?,0,'')
ON CONFLICT (kind, log, idx) DO UPDATE SET due = min(due, excluded.due)`, j.Kind, j.Entry.Log, j.Entry.Index, j.Due.UnixMilli())
			if err != nil {
				return err
			}
		}
		return nil
	})
}

const sqlJobs = "SELECT kind, log, idx, due, tries, error FROM exchange_job"

func scanJob(rows *sql.Rows) (Job, error) {
	var j Job
	var due int64
	err := rows.Scan(&j.Kind, &j.Entry.Log, &j.Entry.Index, &due, &j.Tries, &j.Error)
	j.Due = fromMilli(due)
	return j, err
}

// Jobs returns up to limit jobs that are due by a moment, the longest due first.
func (s *Store) Jobs(ctx context.Context, by time.Time, limit int) ([]Job, error) {
	return collect(ctx, s.read(nil), sqlJobs+" WHERE due <= ? ORDER BY due, log, idx, kind LIMIT ?", []any{by.UnixMilli(), limit}, scanJob)
}

// JobsOn returns the jobs about one entry.
func (s *Store) JobsOn(ctx context.Context, ref entente.Ref) ([]Job, error) {
	return collect(ctx, s.read(nil), sqlJobs+" WHERE log = ? AND idx = ? ORDER BY kind", []any{ref.Log, ref.Index}, scanJob)
}

// NextJob returns when the first job is due; zero when there is none.
func (s *Store) NextJob(ctx context.Context) (time.Time, error) {
	var due sql.NullInt64
	err := s.read(nil).row(ctx, "SELECT min(due) FROM exchange_job", nil, &due)
	return fromNull(due), err
}

// DoneJobs drops jobs.
func (s *Store) DoneJobs(ctx context.Context, jobs ...Job) error {
	return s.put(ctx, func(w *writer) error {
		for _, j := range jobs {
			if _, err := w.exec("DELETE FROM exchange_job WHERE kind = ? AND log = ? AND idx = ?", j.Kind, j.Entry.Log, j.Entry.Index); err != nil {
				return err
			}
		}
		return nil
	})
}

// PutOffJob stores Due, Tries and Error of a job.
func (s *Store) PutOffJob(ctx context.Context, j Job) error {
	return s.write(ctx, 0, func(w *writer) error {
		_, err := w.exec("UPDATE exchange_job SET due = ?, tries = ?, error = ? WHERE kind = ? AND log = ? AND idx = ?",
			j.Due.UnixMilli(), j.Tries, j.Error, j.Kind, j.Entry.Log, j.Entry.Index)
		return err
	})
}

// Carried is what a draft of the exchange will carry, sealed to the drafter's own
// agency.
type Carried struct {
	Draft string
	// Key names the payload that holds the key of Data.
	Key  entente.Digest
	Data []byte // encrypted, the exchange's own
}

// Carried returns what a draft carries; [ErrNotFound] when nothing was attached.
func (s *Store) Carried(ctx context.Context, draft string) (Carried, error) {
	return one(collect(ctx, s.read(nil), "SELECT draft, key, data FROM exchange_draft WHERE draft = ?", []any{draft}, scanCarried))
}

// AllCarried returns what all drafts carry, by draft.
func (s *Store) AllCarried(ctx context.Context) ([]Carried, error) {
	return collect(ctx, s.read(nil), "SELECT draft, key, data FROM exchange_draft ORDER BY draft", nil, scanCarried)
}

func scanCarried(rows *sql.Rows) (Carried, error) {
	var c Carried
	var key []byte
	err := rows.Scan(&c.Draft, &key, &c.Data)
	if err == nil {
		copy(c.Key[:], key)
	}
	return c, err
}

// PutCarried stores what a draft carries; without data, nothing any more.
func (s *Store) PutCarried(ctx context.Context, c Carried) error {
	return s.put(ctx, func(w *writer) error { return w.putCarried(c) })
}

func (w *writer) putCarried(c Carried) (err error) {
	if c.Data == nil {
		_, err = w.exec("DELETE FROM exchange_draft WHERE draft = ?", c.Draft)
	} else {
		_, err = w.exec("INSERT OR REPLACE INTO exchange_draft (draft, key, data) VALUES (?,?,?)", c.Draft, c.Key[:], c.Data)
	}
	return err
}
