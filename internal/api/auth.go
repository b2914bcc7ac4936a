package api

import (
	"errors"
	"net/http"

	"entente/internal/auth"
	"entente/internal/exchange"
	"entente/internal/node"
)

// Auth says who makes a request, by session cookie or bearer token.
type Auth interface {
	// Caller returns who asks, or [ErrNotSignedIn].
	Caller(r *http.Request) (*Caller, error)
	// SecondOfficer opens the officer key of another person than the caller for one
	// act; whoever calls locks it again. [auth.ErrCredentials] for a name or
	// passphrase that is not right, [*auth.WaitError] after too many attempts.
	SecondOfficer(r *http.Request, name, passphrase string) (*node.Officer, error)
}

// ErrNotSignedIn means that a request carries no valid session or token.
var ErrNotSignedIn = errors.New("not signed in")

// Caller is a signed-in person.
type Caller struct {
	ID     int64
	Name   string // sign-in name
	Agency string
	Roles  []auth.Role
	// Officer is the person's unlocked officer key; nil while it is locked.
	Officer *node.Officer
}

// admit finds out who asks and whether that person may.
func (s *server) admit(c *call, o operation) *Problem {
	if s.Auth == nil {
		if o.writes {
			return problem(http.StatusUnauthorized, "signin")
		}
		return nil
	}
	who, err := s.Auth.Caller(c.r)
	if errors.Is(err, ErrNotSignedIn) {
		return problem(http.StatusUnauthorized, "signin")
	}
	if err != nil {
		return asProblem(err)
	}
	c.who = who
	act := auth.Read
	if o.act != "" {
		act = o.act
	}
	if !auth.May(who.Roles, act) {
		return problem(http.StatusForbidden, "forbidden", "Act", string(act))
	}
	c.view = s.view.Without(who.viewer().Hidden()...)
	return nil
}

// viewer is the caller as the exchange sees who looks.
func (w *Caller) viewer() exchange.Viewer {
	return exchange.Viewer{Name: w.Name, Agency: w.Agency, Oversight: auth.May(w.Roles, auth.ReadAudit)}
}

// officer returns the caller's unlocked officer key.
func (c *call) officer() (*node.Officer, error) {
	if c.who == nil || c.who.Officer == nil {
		return nil, problem(http.StatusForbidden, "locked")
	}
	return c.who.Officer, nil
}
