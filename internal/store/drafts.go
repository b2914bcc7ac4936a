package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"entente"
)

// DraftState says where a draft is.
type DraftState string

// The states of a draft.
const (
	DraftOpen     DraftState = "open"     // being written
	DraftWaiting  DraftState = "waiting"  // waits for a second officer
	DraftReturned DraftState = "returned" // sent back by the second officer
	DraftDone     DraftState = "done"     // appended
	DraftDropped  DraftState = "dropped"  // given up
)

// WorkDraft is an entry being written at the desk.
type WorkDraft struct {
	ID      string // UUIDv7: the id of the entry it becomes
	Type    entente.Type
	Subject string
	// Audience is the log it is meant for.
	Audience entente.Audience
	Body     json.RawMessage
	// Meta is what the desk keeps beside the body: supersedes, gate, notes.
	Meta    json.RawMessage
	Author  int64 // user
	Agency  string
	State   DraftState
	Created time.Time
	Updated time.Time
	// Revision counts the saves; PutDraft refuses another than the stored one.
	Revision int
}

// DraftQuery selects drafts; zero fields do not restrict.
type DraftQuery struct {
	Author int64
	Agency string
	Type   entente.Type
	States []DraftState
}

const sqlDrafts = "SELECT id, type, subject, audience, body, meta, author, agency, state, created, updated, revision FROM draft"

func scanDraft(rows *sql.Rows) (WorkDraft, error) {
	var d WorkDraft
	var created, updated int64
	err := rows.Scan(&d.ID, &d.Type, &d.Subject, &d.Audience, (*[]byte)(&d.Body), (*[]byte)(&d.Meta), &d.Author, &d.Agency,
		&d.State, &created, &updated, &d.Revision)
	d.Created, d.Updated = fromMilli(created), fromMilli(updated)
	return d, err
}

// Drafts returns drafts, last updated first.
func (s *Store) Drafts(ctx context.Context, q DraftQuery) ([]WorkDraft, error) {
	states, err := json.Marshal(q.States)
	if err != nil {
		return nil, err
	}
	return collect(ctx, s.read(nil), sqlDrafts+` WHERE (?1 = 0 OR author = ?1) AND (?2 = '' OR agency = ?2) AND (?3 = '' OR type = ?3)
AND (?4 = 'null' OR state IN (SELECT value FROM json_each(?4))) ORDER BY updated DESC, id DESC`,
		[]any{q.Author, q.Agency, string(q.Type), string(states)}, scanDraft)
}

// Draft returns one draft.
func (s *Store) Draft(ctx context.Context, id string) (WorkDraft, error) {
	return one(collect(ctx, s.read(nil), sqlDrafts+" WHERE id = ?", []any{id}, scanDraft))
}

// PutDraft adds a draft (Revision 0) or saves it when d.Revision is the stored
// one, and returns it as stored; [ErrConflict] when somebody saved in between.
func (s *Store) PutDraft(ctx context.Context, d WorkDraft) (WorkDraft, error) {
	return s.PutComposed(ctx, d, nil)
}

// PutComposed is PutDraft together with what the draft carries: both or neither. A
// nil c leaves that as it is.
func (s *Store) PutComposed(ctx context.Context, d WorkDraft, c *Carried) (WorkDraft, error) {
	now := s.clock().UTC().Truncate(time.Millisecond)
	was := d.Revision
	d.Updated, d.Revision = now, was+1
	if was == 0 {
		d.Created = now
	}
	err := s.write(ctx, 0, func(w *writer) error {
		if err := w.putDraft(&d, was); err != nil || c == nil {
			return err
		}
		return w.putCarried(*c)
	})
	if err != nil || !d.Created.IsZero() {
		return d, err
	}
	return s.Draft(ctx, d.ID)
}

// putDraft adds a draft, or saves it over a revision.
func (w *writer) putDraft(d *WorkDraft, was int) error {
	if was == 0 {
		_, err := w.exec("INSERT INTO draft (id, type, subject, audience, body, meta, author, agency, state, created, updated, revision)"+
			" VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", d.ID, string(d.Type), d.Subject, string(d.Audience), bytesOf(d.Body), []byte(d.Meta), d.Author,
			d.Agency, string(d.State), d.Created.UnixMilli(), d.Updated.UnixMilli(), d.Revision)
		return taken(err, "the draft "+d.ID)
	}
	res, err := w.exec("UPDATE draft SET type = ?, subject = ?, audience = ?, body = ?, meta = ?, author = ?, agency = ?, state = ?,"+
		" updated = ?, revision = ? WHERE id = ? AND revision = ?", string(d.Type), d.Subject, string(d.Audience), bytesOf(d.Body),
		[]byte(d.Meta), d.Author, d.Agency, string(d.State), d.Updated.UnixMilli(), d.Revision, d.ID, was)
	if err != nil {
		return err
	}
	if affected(res) != nil {
		return fmt.Errorf("the draft %s was saved or removed since revision %d: %w", d.ID, was, ErrConflict)
	}
	return nil
}

// bytesOf returns b, or no bytes where the column wants some.
func bytesOf(b json.RawMessage) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// DeleteDraft removes a draft.
func (s *Store) DeleteDraft(ctx context.Context, id string) error {
	return s.write(ctx, 0, func(w *writer) error {
		res, err := w.exec("DELETE FROM draft WHERE id = ?", id)
		if err != nil {
			return err
		}
		return affected(res)
	})
}

// AuditEvent is one line of the audit trail: who did or was refused what.
type AuditEvent struct {
	ID      int64
	Time    time.Time
	Actor   string // sign-in name, peer or "node"
	Act     string
	Object  string // what it was done to
	Outcome string // "done", "refused", "failed"
	Detail  json.RawMessage
}

// AuditQuery selects audit events; zero fields do not restrict.
type AuditQuery struct {
	Actor, Act, Object, Outcome string
	Since, Until                time.Time
	Before                      int64 // events with a smaller ID: the next page
	Limit                       int   // 0 means 100, at most 1000
}

// AddAudit appends to the audit trail; nothing of it is ever changed. A zero time
// means now.
func (s *Store) AddAudit(ctx context.Context, events ...AuditEvent) error {
	return s.write(ctx, 0, func(w *writer) error {
		for _, e := range events {
			if e.Time.IsZero() {
				e.Time = s.clock()
			}
			_, err := w.exec("INSERT INTO audit (time, actor, act, object, outcome, detail) VALUES (?,?,?,?,?,?)",
				e.Time.UnixMilli(), e.Actor, e.Act, e.Object, e.Outcome, []byte(e.Detail))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// AuditTrail returns audit events, newest first.
func (s *Store) AuditTrail(ctx context.Context, q AuditQuery) ([]AuditEvent, error) {
	where, args := []string{"1"}, []any{}
	add := func(cond string, arg any, set bool) {
		if set {
			where, args = append(where, cond), append(args, arg)
		}
	}
	add("actor = ?", q.Actor, q.Actor != "")
	add("act = ?", q.Act, q.Act != "")
	add("object = ?", q.Object, q.Object != "")
	add("outcome = ?", q.Outcome, q.Outcome != "")
	add("time >= ?", q.Since.UnixMilli(), !q.Since.IsZero())
	add("time < ?", q.Until.UnixMilli(), !q.Until.IsZero())
	add("id < ?", q.Before, q.Before > 0)
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
	query := "SELECT id, time, actor, act, object, outcome, detail FROM audit WHERE " + strings.Join(where, " AND ") + " ORDER BY id DESC LIMIT ?"
	return collect(ctx, s.read(nil), query, append(args, min(limit, 1000)), func(rows *sql.Rows) (AuditEvent, error) {
		var e AuditEvent
		var at int64
		err := rows.Scan(&e.ID, &at, &e.Actor, &e.Act, &e.Object, &e.Outcome, (*[]byte)(&e.Detail))
		e.Time = fromMilli(at)
		return e, err
	})
}
