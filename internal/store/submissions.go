package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"entente"
)

// Client is the account of a program that reads and submits objects: it acts for
// one agency and one purpose.
type Client struct {
	ID      int64
	Name    string // unique without regard to case
	Agency  string
	Purpose string // code of the terms of exchange
	Secret  string // argon2id hash in PHC form
	// Digest stands for the client in entries, like an officer's salted digest.
	Digest   entente.Digest
	Disabled bool
	Created  time.Time
}

const sqlClients = "SELECT id, name, agency, purpose, secret, digest, disabled, created FROM client"

func scanClient(rows *sql.Rows) (Client, error) {
	var c Client
	var digest []byte
	var created int64
	err := rows.Scan(&c.ID, &c.Name, &c.Agency, &c.Purpose, &c.Secret, &digest, &c.Disabled, &created)
	copy(c.Digest[:], digest)
	c.Created = fromMilli(created)
	return c, err
}

// Clients returns all accounts of programs, by name.
func (s *Store) Clients(ctx context.Context) ([]Client, error) {
	return collect(ctx, s.read(nil), sqlClients+" ORDER BY name COLLATE NOCASE", nil, scanClient)
}

// Client returns the account with a name.
func (s *Store) Client(ctx context.Context, name string) (Client, error) {
	return one(collect(ctx, s.read(nil), sqlClients+" WHERE name = ?", []any{name}, scanClient))
}

// ClientByID returns the account with an ID.
func (s *Store) ClientByID(ctx context.Context, id int64) (Client, error) {
	return one(collect(ctx, s.read(nil), sqlClients+" WHERE id = ?", []any{id}, scanClient))
}

// AddClient adds an account and returns it with its ID; a taken name is
// [ErrConflict].
func (s *Store) AddClient(ctx context.Context, c Client) (Client, error) {
	c.Created = s.clock().UTC().Truncate(time.Millisecond)
	err := s.write(ctx, 0, func(w *writer) error {
		res, err := w.exec("INSERT INTO client (name, agency, purpose, secret, digest, disabled, created) VALUES (?,?,?,?,?,?,?)",
			c.Name, c.Agency, c.Purpose, c.Secret, c.Digest[:], c.Disabled, c.Created.UnixMilli())
		if err != nil {
			return taken(err, "the client name "+c.Name)
		}
		c.ID, err = res.LastInsertId()
		return err
	})
	return c, err
}

// UpdateClient stores Secret and Disabled of the account with c.ID: its name,
// agency and purpose stay what they were when it was made.
func (s *Store) UpdateClient(ctx context.Context, c Client) error {
	return s.write(ctx, 0, func(w *writer) error {
		res, err := w.exec("UPDATE client SET secret = ?, disabled = ? WHERE id = ?", c.Secret, c.Disabled, c.ID)
		if err != nil {
			return err
		}
		return affected(res)
	})
}

// Submission is objects that a program submitted for release by its agency: they
// wait until a draft takes them.
type Submission struct {
	ID     string // UUID
	Client int64
	Agency string
	Area   string
	At     time.Time
	// Objects is how many there are, Status the TAXII status resource (JSON).
	Objects int
	Status  json.RawMessage
	sealed  []byte
}

// AddSubmission keeps a submission with its objects, a JSON list, sealed under key;
// of an empty list only the status is kept. A zero time means now.
func (s *Store) AddSubmission(ctx context.Context, key ObjectKey, sub Submission, objects []byte) error {
	if sub.At.IsZero() {
		sub.At = s.clock()
	}
	var sealed []byte
	if sub.Objects > 0 {
		aead, err := chacha20poly1305.NewX(key[:])
		if err != nil {
			return err
		}
		sealed = sealObject(aead, entente.Ref{}, Object{ID: sub.ID, Raw: objects})
	}
	return s.write(ctx, 0, func(w *writer) error {
		_, err := w.exec("INSERT INTO submission (id, client, agency, area, at, objects, status, sealed) VALUES (?,?,?,?,?,?,?,?)",
			sub.ID, sub.Client, sub.Agency, sub.Area, sub.At.UnixMilli(), sub.Objects, []byte(sub.Status), sealed)
		return taken(err, "the submission "+sub.ID)
	})
}

// SubmissionStatus returns the status of a client's submission, or [ErrNotFound].
func (s *Store) SubmissionStatus(ctx context.Context, client int64, id string) (json.RawMessage, error) {
	var status []byte
	err := s.read(nil).row(ctx, "SELECT status FROM submission WHERE id = ? AND client = ?", []any{id, client}, &status)
	return status, notFound(err)
}

const (
	sqlWaitingSubmissions = `SELECT id, client, agency, area, at, objects, status, sealed FROM submission
WHERE sealed IS NOT NULL AND client = ? AND area = ? ORDER BY at, num LIMIT ?`
	sqlWaitingAreas = "SELECT DISTINCT client, area FROM submission WHERE sealed IS NOT NULL ORDER BY client, area"
)

// WaitingSubmissions returns what a client submitted for an area and no draft has
// taken yet, oldest first, at most limit of them.
func (s *Store) WaitingSubmissions(ctx context.Context, client int64, area string, limit int) ([]Submission, error) {
	return collect(ctx, s.read(nil), sqlWaitingSubmissions, []any{client, area, limit}, func(rows *sql.Rows) (Submission, error) {
		var sub Submission
		var at int64
		err := rows.Scan(&sub.ID, &sub.Client, &sub.Agency, &sub.Area, &at, &sub.Objects, (*[]byte)(&sub.Status), &sub.sealed)
		sub.At = fromMilli(at)
		return sub, err
	})
}

// WaitingArea says that submissions of a client for an area wait.
type WaitingArea struct {
	Client int64
	Area   string
}

// WaitingAreas returns what submissions wait for: the work that is left after a
// restart.
func (s *Store) WaitingAreas(ctx context.Context) ([]WaitingArea, error) {
	return collect(ctx, s.read(nil), sqlWaitingAreas, nil, func(rows *sql.Rows) (a WaitingArea, err error) {
		return a, rows.Scan(&a.Client, &a.Area)
	})
}

// Open returns the objects of a waiting submission, a JSON list.
func (sub Submission) Open(key ObjectKey) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(key[:])
	if err != nil {
		return nil, err
	}
	return openObject(aead, entente.Ref{}, sub.ID, sub.sealed, nil)
}

// TakeSubmissions marks submissions as taken by a draft and drops their objects;
// their status stays. One that is not waiting is [ErrNotFound], and then none is
// taken.
func (s *Store) TakeSubmissions(ctx context.Context, ids ...string) error {
	return s.write(ctx, 0, func(w *writer) error {
		for _, id := range ids {
			res, err := w.exec("UPDATE submission SET sealed = NULL WHERE id = ? AND sealed IS NOT NULL", id)
			if err == nil {
				err = affected(res)
			}
			if errors.Is(err, ErrNotFound) {
				return fmt.Errorf("the submission %s is not waiting: %w", id, err)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// PruneSubmissions drops the status of submissions that were taken, or had no
// objects, and are older than a time.
func (s *Store) PruneSubmissions(ctx context.Context, before time.Time) error {
	return s.write(ctx, 0, func(w *writer) error {
		_, err := w.exec("DELETE FROM submission WHERE sealed IS NULL AND at < ?", before.UnixMilli())
		return err
	})
}
