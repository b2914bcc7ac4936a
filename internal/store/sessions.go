package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"time"
)

// Sessions is the session store of alexedwards/scs (its Store and CtxStore).
// Tokens are kept as SHA-256 digests, so that the database opens no session.
type Sessions struct{ s *Store }

// Sessions returns the session store.
func (s *Store) Sessions() *Sessions { return &Sessions{s} }

// FindCtx returns the data of a session that has not expired.
func (ss *Sessions) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	var data []byte
	key := sha256.Sum256([]byte(token))
	err := ss.s.read(nil).row(ctx, "SELECT data FROM session WHERE token = ? AND expiry > ?", []any{key[:], ss.s.clock().UnixMilli()}, &data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return data, err == nil, err
}

// CommitCtx stores a session until expiry, and drops those that have expired.
func (ss *Sessions) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	key := sha256.Sum256([]byte(token))
	return ss.s.write(ctx, 0, func(w *writer) error {
		if _, err := w.exec("DELETE FROM session WHERE expiry <= ?", ss.s.clock().UnixMilli()); err != nil {
			return err
		}
		_, err := w.exec("INSERT OR REPLACE INTO session (token, data, expiry) VALUES (?,?,?)", key[:], b, expiry.UnixMilli())
		return err
	})
}

// DeleteCtx removes a session.
func (ss *Sessions) DeleteCtx(ctx context.Context, token string) error {
	key := sha256.Sum256([]byte(token))
	return ss.s.write(ctx, 0, func(w *writer) error {
		_, err := w.exec("DELETE FROM session WHERE token = ?", key[:])
		return err
	})
}

// Find is FindCtx without a context.
func (ss *Sessions) Find(token string) ([]byte, bool, error) {
	return ss.FindCtx(context.Background(), token)
}

// Commit is CommitCtx without a context.
func (ss *Sessions) Commit(token string, b []byte, expiry time.Time) error {
	return ss.CommitCtx(context.Background(), token, b, expiry)
}

// Delete is DeleteCtx without a context.
func (ss *Sessions) Delete(token string) error { return ss.DeleteCtx(context.Background(), token) }
