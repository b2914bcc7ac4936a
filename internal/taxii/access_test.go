package taxii

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"entente/internal/auth"
)

// places are all endpoints, for an object that there is.
func places(id string) map[string][]string {
	return map[string][]string{
		Discovery: {"GET"}, Root: {"GET"}, Root + "collections/": {"GET"}, Root + "status/00000000-0000-4000-8000-000000000000/": {"GET"},
		inA1: {"GET"}, inA1 + "manifest/": {"GET"}, inA1 + "objects/": {"GET", "POST"}, inA1 + "objects/" + id + "/": {"GET", "DELETE"},
		inA1 + "objects/" + id + "/versions/": {"GET"},
		outA1:                                 {"GET"}, outA1 + "manifest/": {"GET"}, outA1 + "objects/": {"GET", "POST"}, outA1 + "objects/" + id + "/": {"GET", "DELETE"},
		outA1 + "objects/" + id + "/versions/": {"GET"},
	}
}

// TestAccess holds every endpoint against who asks.
func TestAccess(t *testing.T) { // sections 1.6.9, 5.3–5.8
	r := newRig(t)
	fill(r)
	id := identity(2, 1).ID // of release 1, which SSPC was not given
	body := `{"objects":[` + string(identity(9, 1).Raw) + `]}`
	stranger := ""
	for place, methods := range places(id) {
		for _, method := range []string{"GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"} {
			send := ""
			if method == http.MethodPost {
				send = body
			}
			w := r.ask("", method, place, send)
			r.wantStatus(w, http.StatusUnauthorized)
			if len(w.Header().Values("WWW-Authenticate")) != 2 {
				t.Errorf("%s %s: no challenge", method, place)
			}
			if stranger == "" {
				stranger = w.Body.String()
			} else if w.Body.String() != stranger {
				t.Errorf("%s %s tells a stranger %s", method, place, w.Body)
			}
			for account, given := range map[string]bool{"siem": true, "case-system": false} {
				want := expect(place, method, methods, given)
				if w := r.ask(account, method, place, send); w.Code != want {
					t.Errorf("%s: %s %s: %d, want %d", account, method, place, w.Code, want)
				}
			}
		}
	}
	r.wantStatus(r.ask("", "GET", Root+"no/such/place", ""), http.StatusUnauthorized)
	for _, path := range []string{"x/", "collections", "collections/received-A1", "collections/nowhere/", "collections/received-A9/objects/", "status/", "status/x/y/",
		"collections/received-A1/things/", "collections/received-A1/objects", "collections/received-A1/objects//", "collections/received-A1/objects/x/y/",
		"collections/received-A1/objects/x/versions/z/", "collections/received-A1/objects/%2F%2E/../"} {
		r.wantStatus(r.ask("siem", "GET", Root+path, ""), http.StatusNotFound)
	}
}

// expect says what an endpoint answers to an account that is given the object or not.
func expect(place, method string, methods []string, given bool) int {
	in, object := strings.HasPrefix(place, inA1), strings.Contains(place, "objects/identity")
	reads := object || strings.HasSuffix(place, "/objects/") || strings.HasSuffix(place, "/manifest/")
	switch {
	case !strings.Contains(strings.Join(methods, " "), method):
		return http.StatusMethodNotAllowed
	case strings.Contains(place, "status/"):
		return http.StatusNotFound
	case method == http.MethodDelete:
		return http.StatusForbidden
	case method == http.MethodPost && in:
		return http.StatusForbidden
	case method == http.MethodPost:
		return http.StatusAccepted
	case reads && !in:
		return http.StatusForbidden
	case object && !given:
		return http.StatusNotFound
	}
	return http.StatusOK
}

// TestTheInvisibleIsAsTheUnknown: an object that may not be seen, one that refers to
// such a one, and one that there is not answer with the same bytes and headers.
func TestTheInvisibleIsAsTheUnknown(t *testing.T) {
	r := newRig(t)
	secret, refers, seen, unknown := identity(1, 1), identity(2, 1), identity(3, 1), identity(4, 1)
	refers.Refs = []string{secret.ID}
	r.receive(1, []string{"FGR"}, secret)
	r.receive(2, []string{"FGR", "SSPC"}, refers, seen)
	for _, tail := range []string{"", "versions/", "?match[version]=all", "?limit=1&added_after=2020-01-01T00:00:00Z"} {
		want := r.ask("case-system", "GET", inA1+"objects/"+unknown.ID+"/"+tail, "")
		r.wantStatus(want, http.StatusNotFound)
		for _, o := range []string{secret.ID, refers.ID} {
			got := r.ask("case-system", "GET", inA1+"objects/"+o+"/"+tail, "")
			if got.Code != want.Code || !bytes.Equal(got.Body.Bytes(), want.Body.Bytes()) || len(got.Header()) != len(want.Header()) {
				t.Errorf("%s%s: %d %s", o, tail, got.Code, got.Body)
			}
		}
	}
	both := "?match[id]=" + secret.ID + "," + refers.ID
	if got := r.list("case-system", both) + r.list("case-system", "?match[id]="+unknown.ID); got != "" {
		t.Errorf("by match: %s", got)
	}
	if got := r.list("case-system", ""); got != "3@01" {
		t.Errorf("all: %s", got)
	}
	if got := r.list("siem", ""); got != "1@01 2@01 3@01" {
		t.Errorf("all for the other: %s", got)
	}
	if got := r.uses.take(); !strings.HasPrefix(got, "case-system prevention 2") || strings.Contains(got, "case-system prevention 1") {
		t.Errorf("uses %s", got)
	}
}

// TestWhatIsHiddenOrShredded: a release that may not be seen any more is gone at once,
// one whose key was destroyed too.
func TestWhatIsHiddenOrShredded(t *testing.T) {
	r := newRig(t)
	fill(r)
	if got := r.list("siem", ""); got != "2@01 1@03 3@01" {
		t.Fatal(got)
	}
	r.releases.hide("FGR", 2)
	if got := r.list("siem", ""); got != "1@01 2@01" {
		t.Errorf("while release 2 is hidden: %s", got)
	}
	r.releases.hide("FGR")
	r.releases.gone = []uint64{1}
	if got := r.list("siem", "?match[version]=all&limit=3"); got != "1@03" {
		t.Errorf("while the key of release 1 is gone: %s", got)
	}
	var e envelope
	r.get("siem", inA1+"objects/?limit=1&match[version]=all", &e)
	if len(e.Objects) != 0 || !e.More || e.Next == "" {
		t.Errorf("a page whose objects are gone: %+v", e)
	}
	_, err := r.store.DropObjects(t.Context(), release(1))
	r.check(err)
	if got := r.list("siem", "?match[version]=all"); got != "1@03 3@01" {
		t.Errorf("after release 1 was dropped: %s", got)
	}
}

// TestNothingIsReadUnrecorded: every reading is a use, and what cannot be recorded is
// not read.
func TestNothingIsReadUnrecorded(t *testing.T) {
	r := newRig(t)
	fill(r)
	id := identity(1, 1).ID
	reads := map[string]string{
		"objects/": "siem prevention 1, siem prevention 2", "manifest/": "siem prevention 1, siem prevention 2",
		"objects/" + id + "/": "siem prevention 2", "objects/" + id + "/versions/": "siem prevention 1, siem prevention 2",
		"objects/?match[type]=malware": "",
	}
	for place, want := range reads {
		r.wantStatus(r.ask("siem", "GET", inA1+place, ""), http.StatusOK)
		if got := r.uses.take(); got != want {
			t.Errorf("%s: recorded %q, want %q", place, got, want)
		}
	}
	r.uses.err = errInjected
	for place, want := range reads {
		if want == "" {
			continue
		}
		w := r.ask("siem", "GET", inA1+place, "")
		r.wantStatus(w, http.StatusInternalServerError)
		if strings.Contains(w.Body.String(), "identity") || strings.Contains(w.Body.String(), errInjected.Error()) || w.Header().Get("X-TAXII-Date-Added-Last") != "" {
			t.Errorf("%s tells %s %v", place, w.Body, w.Header())
		}
	}
}

// TestAccounts: secrets by both schemes, wrong ones, those of others, and those that
// ended.
func TestAccounts(t *testing.T) { // sections 1.6.9, 8.2.2
	r := newRig(t)
	secret := r.secrets["siem"]
	as := func(authorization string) int {
		t.Helper()
		return r.ask("", "GET", Discovery, "", "Authorization", authorization).Code
	}
	for authorization, want := range map[string]int{
		"Bearer " + secret: 200, "bearer " + secret: 200, "Bearer " + secret + "x": 401, "Bearer entc_99_x": 401, "Bearer entc_x_y": 401,
		"Bearer": 401, "Basic x": 401, "Digest x": 401,
	} {
		if got := as(authorization); got != want {
			t.Errorf("%s: %d, want %d", authorization, got, want)
		}
	}
	r.secrets["SIEM"], r.secrets["other"] = secret, secret
	if w := r.ask("SIEM", "GET", Discovery, ""); w.Code != http.StatusOK {
		t.Errorf("the name in capitals: %d", w.Code)
	}
	r.wantStatus(r.ask("other", "GET", Discovery, ""), http.StatusUnauthorized)
	// Attempts are limited; who was verified before is not held up by them.
	waited := false
	for range 50 {
		w := r.ask("", "GET", Discovery, "", "Authorization", "Bearer entc_1_guess")
		if w.Code == http.StatusTooManyRequests {
			waited = w.Header().Get("Retry-After") != ""
		}
	}
	if !waited {
		t.Error("guessing is not limited")
	}
	if got := as("Bearer " + secret); got != http.StatusOK {
		t.Errorf("the verified account is held up: %d", got)
	}
	r.now.Add((24 * time.Hour).Microseconds())
	clients := r.o.Accounts.(*auth.Clients)
	r.check(clients.Disable(t.Context(), "siem", true, "admin"))
	if got := as("Bearer " + secret); got != http.StatusUnauthorized {
		t.Errorf("a disabled account: %d", got)
	}
	r.now.Add((24 * time.Hour).Microseconds())
	r.check(clients.Disable(t.Context(), "siem", false, "admin"))
	fresh, err := clients.Renew(t.Context(), "siem", "admin")
	r.check(err)
	if got := as("Bearer " + secret); got != http.StatusUnauthorized {
		t.Errorf("the secret before: %d", got)
	}
	if got := as("Bearer " + fresh); got != http.StatusOK {
		t.Errorf("the new secret: %d", got)
	}
}
