package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"entente"
)

// User is a person who may sign in to the desk.
type User struct {
	ID      int64
	Name    string // sign-in name, unique without regard to case
	Display string
	Agency  string
	Roles   []string
	// Password is the argon2id hash in PHC form; "" when only passkeys are used.
	Password string
	// OfficerKey is the file of the person's officer key, "" when there is none.
	OfficerKey string
	// Person is the salted digest that key entries bind, zero when there is none.
	Person   entente.Digest
	Disabled bool
	Created  time.Time
}

const sqlUsers = "SELECT id, name, display, agency, roles, password, officer_key, person, disabled, created FROM user"

func scanUser(rows *sql.Rows) (User, error) {
	var u User
	var roles, person []byte
	var created int64
	err := rows.Scan(&u.ID, &u.Name, &u.Display, &u.Agency, &roles, &u.Password, &u.OfficerKey, &person, &u.Disabled, &created)
	if err != nil {
		return User{}, err
	}
	u.Created = fromMilli(created)
	copy(u.Person[:], person)
	return u, json.Unmarshal(roles, &u.Roles)
}

// Users returns all users, by name.
func (s *Store) Users(ctx context.Context) ([]User, error) {
	return collect(ctx, s.read(nil), sqlUsers+" ORDER BY name COLLATE NOCASE", nil, scanUser)
}

// User returns the user with a sign-in name.
func (s *Store) User(ctx context.Context, name string) (User, error) {
	return one(collect(ctx, s.read(nil), sqlUsers+" WHERE name = ?", []any{name}, scanUser))
}

// UserByID returns the user with an ID.
func (s *Store) UserByID(ctx context.Context, id int64) (User, error) {
	return one(collect(ctx, s.read(nil), sqlUsers+" WHERE id = ?", []any{id}, scanUser))
}

// AddUser adds a user and returns it with its ID; a taken name is [ErrConflict].
func (s *Store) AddUser(ctx context.Context, u User) (User, error) {
	u.Created = s.clock().UTC().Truncate(time.Millisecond)
	roles, err := rolesJSON(u.Roles)
	if err != nil {
		return User{}, err
	}
	err = s.write(ctx, 0, func(w *writer) error {
		res, err := w.exec("INSERT INTO user (name, display, agency, roles, password, officer_key, person, disabled, created) VALUES (?,?,?,?,?,?,?,?,?)",
			u.Name, u.Display, u.Agency, roles, u.Password, u.OfficerKey, nullDigest(u.Person), u.Disabled, u.Created.UnixMilli())
		if err != nil {
			return taken(err, "the sign-in name "+u.Name)
		}
		u.ID, err = res.LastInsertId()
		return err
	})
	return u, err
}

// UpdateUser stores all fields of the user with u.ID but Created.
func (s *Store) UpdateUser(ctx context.Context, u User) error {
	roles, err := rolesJSON(u.Roles)
	if err != nil {
		return err
	}
	return s.write(ctx, 0, func(w *writer) error {
		res, err := w.exec("UPDATE user SET name = ?, display = ?, agency = ?, roles = ?, password = ?, officer_key = ?, person = ?, disabled = ? WHERE id = ?",
			u.Name, u.Display, u.Agency, roles, u.Password, u.OfficerKey, nullDigest(u.Person), u.Disabled, u.ID)
		if err != nil {
			return taken(err, "the sign-in name "+u.Name)
		}
		return affected(res)
	})
}

func rolesJSON(roles []string) (string, error) {
	if roles == nil {
		roles = []string{}
	}
	b, err := json.Marshal(roles)
	return string(b), err
}

// Passkey is a WebAuthn credential of a user; Data is the library's own JSON.
type Passkey struct {
	ID      []byte // credential ID
	UserID  int64
	Label   string
	Data    json.RawMessage
	Created time.Time
	Used    time.Time // zero when never used
}

const sqlPasskeys = "SELECT id, user_id, label, data, created, used FROM passkey"

func scanPasskey(rows *sql.Rows) (Passkey, error) {
	var p Passkey
	var created int64
	var used sql.NullInt64
	err := rows.Scan(&p.ID, &p.UserID, &p.Label, (*[]byte)(&p.Data), &created, &used)
	p.Created, p.Used = fromMilli(created), fromNull(used)
	return p, err
}

// Passkeys returns the passkeys of a user, oldest first.
func (s *Store) Passkeys(ctx context.Context, userID int64) ([]Passkey, error) {
	return collect(ctx, s.read(nil), sqlPasskeys+" WHERE user_id = ? ORDER BY created, id", []any{userID}, scanPasskey)
}

// Passkey returns the passkey with a credential ID.
func (s *Store) Passkey(ctx context.Context, id []byte) (Passkey, error) {
	return one(collect(ctx, s.read(nil), sqlPasskeys+" WHERE id = ?", []any{id}, scanPasskey))
}

// PutPasskey adds a passkey of a user or replaces the one with its ID; the ID of
// another user's passkey is [ErrConflict].
func (s *Store) PutPasskey(ctx context.Context, p Passkey) error {
	if p.Created.IsZero() {
		p.Created = s.clock()
	}
	return s.write(ctx, 0, func(w *writer) error {
		res, err := w.exec(`INSERT INTO passkey (id, user_id, label, data, created, used) VALUES (?1,?2,?3,?4,?5,?6)
ON CONFLICT (id) DO UPDATE SET label = ?3, data = ?4, used = ?6 WHERE user_id = ?2`,
			p.ID, p.UserID, p.Label, []byte(p.Data), p.Created.UnixMilli(), milli(p.Used))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return fmt.Errorf("the passkey is another user's: %w", ErrConflict)
		}
		return nil
	})
}

// DeletePasskey removes a user's passkey.
func (s *Store) DeletePasskey(ctx context.Context, userID int64, id []byte) error {
	return s.write(ctx, 0, func(w *writer) error {
		res, err := w.exec("DELETE FROM passkey WHERE id = ? AND user_id = ?", id, userID)
		if err != nil {
			return err
		}
		return affected(res)
	})
}

// one returns the only item, or [ErrNotFound].
func one[T any](items []T, err error) (T, error) {
	var zero T
	if err != nil {
		return zero, err
	}
	if len(items) == 0 {
		return zero, ErrNotFound
	}
	return items[0], nil
}

// affected returns [ErrNotFound] when a statement changed no row.
func affected(res sql.Result) error {
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// taken turns a broken constraint into [ErrConflict].
func taken(err error, what string) error {
	if isConstraint(err) {
		return fmt.Errorf("%s is taken: %w", what, ErrConflict)
	}
	return err
}

// milli returns a time as a column holds it: Unix milliseconds, NULL for none.
func milli(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

func fromMilli(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

func fromNull(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return fromMilli(ms.Int64)
}
