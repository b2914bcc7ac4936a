package auth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"entente/internal/auth"
	"entente/internal/store"
)

// programs is the accounts of programs of a database, with a clock that a test moves.
type programs struct {
	testing.TB
	*auth.Clients
	store *store.Store
	now   time.Time
}

func newPrograms(t *testing.T) *programs {
	s, err := store.Open(context.Background(), store.Options{Path: filepath.Join(t.TempDir(), "node.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	p := &programs{TB: t, store: s, now: time.Now()}
	p.Clients, err = auth.NewClients(s, auth.HashCost{Time: 1, Memory: 64, Threads: 1}, func() time.Time { return p.now })
	p.check(err)
	return p
}

func (p *programs) check(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// as authenticates a request with a header, from an address.
func (p *programs) as(header, address string) (store.Client, error) {
	r := httptest.NewRequest(http.MethodGet, "/taxii2/", nil)
	r.Header.Set("Authorization", header)
	r.RemoteAddr = address + ":1"
	return p.Authenticate(r)
}

func TestTheAccountsOfPrograms(t *testing.T) {
	ctx := t.Context()
	p := newPrograms(t)
	for _, n := range []auth.NewClient{
		{Name: "x", Agency: "SRE", Purpose: "prevention"}, {Name: "siem", Agency: "sre", Purpose: "prevention"}, {Name: "siem", Agency: "SRE", Purpose: ""},
	} {
		if _, _, err := p.Add(ctx, n, "admin"); !errors.Is(err, auth.ErrForm) {
			t.Errorf("%+v: %v", n, err)
		}
	}
	account, secret, err := p.Add(ctx, auth.NewClient{Name: "SIEM", Agency: "SRE", Purpose: "prevention"}, "admin")
	p.check(err)
	if account.Name != "siem" || account.Digest.IsZero() || account.Secret == secret {
		t.Errorf("account %+v", account)
	}
	for range 2 { // by argon2id, then as recognised
		if got, err := p.as("Bearer "+secret, "192.0.2.1"); err != nil || got != account {
			t.Errorf("%+v, %v", got, err)
		}
	}
	trail, err := p.store.AuditTrail(ctx, store.AuditQuery{Act: "add_client"})
	p.check(err)
	if len(trail) != 1 || trail[0].Actor != "admin" || trail[0].Object != "siem" {
		t.Errorf("audit trail %+v", trail)
	}
	if _, err := p.Renew(ctx, "nobody", "admin"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("renewing nobody: %v", err)
	}
	if err := p.Disable(ctx, "nobody", true, "admin"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("disabling nobody: %v", err)
	}
}

// TestAnUnknownProgramIsAsAWrongSecret: the same error, the same limits.
func TestAnUnknownProgramIsAsAWrongSecret(t *testing.T) {
	p := newPrograms(t)
	_, _, err := p.Add(t.Context(), auth.NewClient{Name: "siem", Agency: "SRE", Purpose: "prevention"}, "admin")
	p.check(err)
	outcomes := func(header string) (errs []string) {
		for i := range 12 {
			_, err := p.as(header, "192.0.2."+string(rune('1'+i%3)))
			var wait *auth.WaitError
			switch {
			case errors.As(err, &wait):
				errs = append(errs, "wait")
			case errors.Is(err, auth.ErrNotSignedIn):
				errs = append(errs, "refused")
			default:
				errs = append(errs, "other")
			}
			p.now = p.now.Add(time.Second)
		}
		return errs
	}
	known := outcomes("Bearer entc_1_wrong")
	p.now = p.now.Add(48 * time.Hour)
	unknown := outcomes("Bearer entc_2_wrong")
	for i := range known {
		if known[i] != unknown[i] || known[i] == "other" {
			t.Fatalf("known %v, unknown %v", known, unknown)
		}
	}
}
