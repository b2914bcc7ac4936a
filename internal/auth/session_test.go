package auth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"entente"
	"entente/internal/auth"
	"entente/internal/node"
	"entente/internal/store"
	"entente/test/nodes"
)

const password = nodes.Passphrase

// desk is a node with sign-in, and a clock that a test moves.
type desk struct {
	testing.TB
	*nodes.Node
	auth *auth.Auth
	mu   sync.Mutex
	now  time.Time
}

func newDesk(t *testing.T) *desk {
	d := &desk{TB: t, Node: nodes.New(t, entente.Author{Party: entente.MX}), now: time.Now()}
	cheap := auth.HashCost{Time: 1, Memory: 64, Threads: 1}
	var err error
	d.auth, err = auth.New(auth.Options{Node: d.Node.Node, Cost: cheap, Clock: d.clock})
	d.check(err)
	t.Cleanup(d.auth.Close)
	for _, name := range []string{"officer-1", "officer-2"} {
		u, err := d.Store().User(context.Background(), name)
		d.check(err)
		u.Password, err = auth.HashPassword(password, cheap)
		d.check(err)
		d.check(d.Store().UpdateUser(context.Background(), u))
	}
	return d
}

func (d *desk) clock() time.Time { d.mu.Lock(); defer d.mu.Unlock(); return d.now }

func (d *desk) later(by time.Duration) { d.mu.Lock(); defer d.mu.Unlock(); d.now = d.now.Add(by) }

func (d *desk) check(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

// as does something within a request that carries a session cookie, and returns
// the cookie it leads to.
func (d *desk) as(cookie *http.Cookie, do func(r *http.Request)) *http.Cookie {
	d.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	if cookie != nil {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	d.auth.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		do(r)
		w.WriteHeader(http.StatusOK)
	})).ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		cookie = c
	}
	return cookie
}

func (d *desk) signIn(name, secret string) (cookie *http.Cookie, err error) {
	d.Helper()
	cookie = d.as(nil, func(r *http.Request) { err = d.auth.SignIn(r, name, secret) })
	return cookie, err
}

func (d *desk) who(cookie *http.Cookie) (p *auth.Person) {
	d.Helper()
	d.as(cookie, func(r *http.Request) { p = auth.From(r.Context()) })
	return p
}

func TestSessionHoldsTheKeyUntilItEnds(t *testing.T) {
	d := newDesk(t)
	cookie, err := d.signIn("Officer-1", password)
	d.check(err)
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Name != "session-mx" {
		t.Errorf("cookie: %+v", cookie)
	}
	p := d.who(cookie)
	if p == nil || p.User.Name != "officer-1" || p.Officer() == nil || p.Officer().Name() != "officer-1" {
		t.Fatalf("signed in as %+v", p)
	}
	key := p.Officer()
	d.as(cookie, func(r *http.Request) { d.auth.Lock(r.Context()) })
	if d.who(cookie).Officer() != nil {
		t.Error("the key stays after it was locked")
	}
	d.as(cookie, func(r *http.Request) {
		if err := d.auth.Unlock(r, "another passphrase"); !errors.Is(err, auth.ErrCredentials) {
			t.Errorf("a wrong passphrase: %v", err)
		}
		d.check(d.auth.Unlock(r, password))
	})
	if d.who(cookie).Officer() == nil || d.who(cookie).Officer() == key {
		t.Error("the key was not unlocked again")
	}
	d.as(cookie, func(r *http.Request) { d.check(d.auth.SignOut(r.Context())) })
	if d.who(cookie) != nil {
		t.Error("the session outlives signing out")
	}
}

// TestASecondOfficerJoinsForOneAct: another person's key opens beside the session's
// own, for whoever may sign, and guessing is slowed down.
func TestASecondOfficerJoinsForOneAct(t *testing.T) {
	d := newDesk(t)
	cookie, err := d.signIn("officer-1", password)
	d.check(err)
	second := func(name, passphrase string) (o *node.Officer, err error) {
		d.as(cookie, func(r *http.Request) { o, err = d.auth.SecondOfficer(r, name, passphrase) })
		return o, err
	}
	o, err := second("officer-2", password)
	d.check(err)
	if o.Name() != "officer-2" || d.who(cookie).Officer().Name() != "officer-1" {
		t.Errorf("%s joins, and the session signs as %s", o.Name(), d.who(cookie).Officer().Name())
	}
	o.Lock()
	for name, passphrase := range map[string]string{"officer-1": password, "nobody": password, "officer-2": "another passphrase"} {
		if o, err := second(name, passphrase); o != nil || !errors.Is(err, auth.ErrCredentials) {
			t.Errorf("%s joins: %v", name, err)
		}
	}
	var wait *auth.WaitError
	for range 100 {
		if _, err = second("officer-2", "another passphrase"); errors.As(err, &wait) {
			break
		}
	}
	if wait == nil {
		t.Error("guessing goes on and on")
	}
	d.as(nil, func(r *http.Request) {
		if _, err := d.auth.SecondOfficer(r, "officer-2", password); !errors.Is(err, auth.ErrNotSignedIn) {
			t.Errorf("beside nobody: %v", err)
		}
	})
}

func TestSessionEnds(t *testing.T) {
	d := newDesk(t)
	cookie, err := d.signIn("officer-1", password)
	d.check(err)
	d.later(29 * time.Minute)
	if d.who(cookie) == nil {
		t.Fatal("ended before it was idle")
	}
	d.later(29 * time.Minute)
	if d.who(cookie) == nil {
		t.Fatal("its use does not prolong it")
	}
	d.later(31 * time.Minute)
	if d.who(cookie) != nil {
		t.Error("an idle session goes on")
	}
	first, err := d.signIn("officer-1", password)
	d.check(err)
	second, err := d.signIn("officer-1", password)
	d.check(err)
	second = d.as(second, func(r *http.Request) { d.check(d.auth.ChangePassword(r, password, "quite another phrase")) })
	if d.who(first) != nil || d.who(second) == nil {
		t.Error("a changed password leaves the other session, or ends its own")
	}
	if _, err := d.signIn("officer-1", password); !errors.Is(err, auth.ErrCredentials) {
		t.Errorf("the old password: %v", err)
	}
	third, err := d.signIn("officer-1", "quite another phrase")
	d.check(err)
	if d.who(third).Officer() == nil {
		t.Error("the officer key kept the old passphrase")
	}
	u, err := d.Store().User(context.Background(), "officer-1")
	d.check(err)
	u.Disabled = true
	d.check(d.Store().UpdateUser(context.Background(), u))
	if d.who(third) != nil {
		t.Error("a disabled person stays in")
	}
}

func TestAttemptsAreLimited(t *testing.T) {
	d := newDesk(t)
	var wait *auth.WaitError
	tries := 0
	for tries = range 12 {
		_, err := d.signIn("officer-1", "not the password")
		if errors.As(err, &wait) {
			break
		}
		if !errors.Is(err, auth.ErrCredentials) {
			t.Fatalf("attempt %d: %v", tries, err)
		}
	}
	if wait == nil || wait.Wait <= 0 {
		t.Fatalf("%d attempts and no wait", tries)
	}
	if _, err := d.signIn("officer-1", password); !errors.As(err, &wait) {
		t.Errorf("the right password before the wait is over: %v", err)
	}
	if _, err := d.signIn("officer-2", password); err != nil {
		t.Errorf("another account waits too: %v", err)
	}
	d.later(wait.Wait + time.Second)
	if _, err := d.signIn("officer-1", password); err != nil {
		t.Errorf("after the wait: %v", err)
	}
	events, err := d.Store().AuditTrail(context.Background(), store.AuditQuery{Act: "sign_in", Outcome: "refused"})
	if err != nil || len(events) < 5 {
		t.Errorf("%d refusals on the trail, %v", len(events), err)
	}
}

func TestTokens(t *testing.T) {
	d := newDesk(t)
	cookie, err := d.signIn("officer-1", password)
	d.check(err)
	var whole string
	d.as(cookie, func(r *http.Request) {
		for _, bad := range []struct {
			label string
			days  int
		}{{"", 5}, {"x", 0}, {"x", auth.MaxTokenDays + 1}} {
			if _, err := d.auth.AddToken(r.Context(), bad.label, bad.days); !errors.Is(err, auth.ErrForm) {
				t.Errorf("token %+v: %v", bad, err)
			}
		}
		whole, err = d.auth.AddToken(r.Context(), "script", 2)
		d.check(err)
	})
	by := func(header string) (*auth.Person, error) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", header)
		return d.auth.Identify(r)
	}
	p, err := by("Bearer " + whole)
	if err != nil || p.User.Name != "officer-1" || p.Via != "token" || p.Officer() != nil {
		t.Fatalf("%+v, %v", p, err)
	}
	raw, err := d.Store().Meta(context.Background(), "auth.tokens/1")
	if err != nil || strings.Contains(string(raw), whole) {
		t.Errorf("the token itself is kept: %v", err)
	}
	for _, bad := range []string{"", "Bearer", "Bearer x", "Basic " + whole, "Bearer " + whole + "x", "Bearer entente_999_" + whole} {
		if _, err := by(bad); !errors.Is(err, auth.ErrNotSignedIn) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	d.later(49 * time.Hour)
	if _, err := by("Bearer " + whole); !errors.Is(err, auth.ErrNotSignedIn) {
		t.Errorf("an expired token: %v", err)
	}
}

func TestPeople(t *testing.T) {
	d := newDesk(t)
	ctx := context.Background()
	for _, bad := range []auth.NewUser{
		{Name: "No Spaces", Agency: "SRE", Roles: []auth.Role{auth.Officer}, Password: password},
		{Name: "a.person", Agency: "sre", Roles: []auth.Role{auth.Officer}, Password: password},
		{Name: "a.person", Agency: "SRE", Password: password},
		{Name: "a.person", Agency: "SRE", Roles: []auth.Role{"king"}, Password: password},
	} {
		if _, err := d.auth.AddUser(ctx, bad, "test"); !errors.Is(err, auth.ErrForm) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	admin, err := d.auth.AddUser(ctx, auth.NewUser{Name: "admin", Agency: "SRE", Roles: []auth.Role{auth.Administrator}, Password: password}, "test")
	d.check(err)
	if _, err := d.auth.AddUser(ctx, auth.NewUser{Name: "ADMIN", Agency: "SRE", Roles: []auth.Role{auth.Officer}, Password: password}, "test"); !errors.Is(err, store.ErrConflict) {
		t.Errorf("the same name again: %v", err)
	}
	if err := d.auth.ChangeUser(ctx, admin.ID, "", "SRE", []auth.Role{auth.Auditor}, false, "admin"); !errors.Is(err, auth.ErrLastAdministrator) {
		t.Errorf("the last administrator: %v", err)
	}
	if d.auth.Passkeys() {
		t.Error("passkeys without a host name")
	}
}
