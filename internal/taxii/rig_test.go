package taxii

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entente"
	"entente/internal/auth"
	"entente/internal/store"
)

// rig is a server over a store, with two accounts of two agencies. Everything in it is
// invented.
type rig struct {
	testing.TB
	*Server
	store    *store.Store
	releases *releases
	uses     *uses
	drafts   *drafts
	secrets  map[string]string // by account
	now      atomic.Int64      // Unix microseconds
}

// releases implements [Releases]: what is hidden from which agency.
type releases struct {
	mu      sync.Mutex
	version uint64
	hidden  map[string][]uint64 // by agency
	gone    []uint64
}

func (r *releases) VisibleReleases(_ context.Context, c store.Client) (uint64, func(entente.Ref) bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	hidden := slices.Clone(r.hidden[c.Agency])
	return r.version, func(ref entente.Ref) bool { return !slices.Contains(hidden, ref.Index) }, nil
}

func (r *releases) ObjectKey(_ context.Context, ref entente.Ref) (store.ObjectKey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.Contains(r.gone, ref.Index) {
		return store.ObjectKey{}, store.ErrNotFound
	}
	return keyOf(ref), nil
}

func (r *releases) hide(agency string, releases ...uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hidden[agency] = releases
	r.version++
}

// uses implements [Uses].
type uses struct {
	mu   sync.Mutex
	seen []string
	err  error
}

func (u *uses) RecordUse(_ context.Context, c store.Client, releases []entente.Ref) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.err != nil {
		return u.err
	}
	for _, r := range releases {
		u.seen = append(u.seen, fmt.Sprintf("%s %s %d", c.Name, c.Purpose, r.Index))
	}
	return nil
}

// take returns what was recorded since it was asked last.
func (u *uses) take() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	out := strings.Join(u.seen, ", ")
	u.seen = nil
	return out
}

// drafts implements [Drafts].
type drafts struct {
	told atomic.Int64
	err  error
}

func (d *drafts) SubmissionKey(context.Context, store.Client, string) (store.ObjectKey, error) {
	return store.ObjectKey{1}, d.err
}

func (d *drafts) Submitted(store.Client, string) { d.told.Add(1) }

func release(n int) entente.Ref {
	return entente.Ref{Log: "us.example/shared", Index: uint64(n), Leaf: entente.DigestOf(fmt.Append(nil, n))}
}

func keyOf(r entente.Ref) store.ObjectKey {
	return store.ObjectKey(entente.DigestOf([]byte(r.String())))
}

var areas = []Area{
	{"A1", entente.Text{ES: "Armas de fuego", EN: "Firearms"}},
	{"A2", entente.Text{ES: "Vuelos", EN: "Flights"}},
}

func newRig(tb testing.TB, edit ...func(*Options)) *rig {
	tb.Helper()
	r := &rig{TB: tb, releases: &releases{hidden: map[string][]uint64{}}, uses: &uses{}, drafts: &drafts{}, secrets: map[string]string{}}
	r.now.Store(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).UnixMicro())
	ctx := context.Background()
	var err error
	r.store, err = store.Open(ctx, store.Options{Path: filepath.Join(tb.TempDir(), "node.db"), Clock: r.clock})
	r.check(err)
	tb.Cleanup(func() { r.store.Close() })
	clients, err := auth.NewClients(r.store, auth.HashCost{Time: 1, Memory: 64, Threads: 1}, r.clock)
	r.check(err)
	for _, a := range [][2]string{{"siem", "FGR"}, {"case-system", "SSPC"}} { // accounts 1 and 2
		_, r.secrets[a[0]], err = clients.Add(ctx, auth.NewClient{Name: a[0], Agency: a[1], Purpose: "prevention"}, "admin")
		r.check(err)
	}
	o := Options{
		Store: r.store, Accounts: clients, Releases: r.releases, Uses: r.uses, Drafts: r.drafts, Clock: r.clock,
		Areas: func(context.Context) ([]Area, error) { return areas, nil },
		Title: entente.Text{ES: "Mesa de prueba", EN: "Test desk"},
	}
	for _, e := range edit {
		e(&o)
	}
	r.Server, err = New(ctx, o)
	r.check(err)
	return r
}

func (r *rig) clock() time.Time { return time.UnixMicro(r.now.Load()).UTC() }

func (r *rig) check(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// identity is an invented object in a version; it refers to others by what its tests
// need, which TAXII does not look at again.
func identity(n, version int, refs ...string) store.Object {
	id := fmt.Sprintf("identity--%08d-0000-4000-8000-000000000000", n)
	stamp := fmt.Sprintf("2026-01-%02dT00:00:00.000Z", version)
	raw := fmt.Sprintf(`{"type":"identity","spec_version":"2.1","id":%q,"created":"2026-01-01T00:00:00.000Z","modified":%q,"name":"Example %d"}`, id, stamp, n)
	return store.Object{ID: id, Type: "identity", Spec: "2.1", Version: stamp, Refs: refs, Raw: []byte(raw)}
}

// receive adds objects of a release to area A1.
func (r *rig) receive(n int, agencies []string, objects ...store.Object) {
	r.Helper()
	r.check(r.store.AddObjects(context.Background(), keyOf(release(n)), store.ObjectBatch{
		Release: release(n), Areas: []string{"A1"}, Agencies: agencies, Objects: objects,
	}))
}

// ask makes a request of an account; "" for a stranger.
func (r *rig) ask(account, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r.Helper()
	var from io.Reader
	if body != "" {
		from = strings.NewReader(body)
	}
	req := httptest.NewRequest(method, path, from)
	req.Header.Set("Accept", mediaType)
	req.Header.Set("Accept-Language", "en")
	if body != "" {
		req.Header.Set("Content-Type", mediaType)
	}
	if account != "" {
		req.SetBasicAuth(account, r.secrets[account])
	}
	for i := 0; i < len(header); i += 2 {
		if req.Header.Del(header[i]); header[i+1] != "" {
			req.Header.Set(header[i], header[i+1])
		}
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	if got := w.Header().Get("Content-Type"); got != mediaType {
		r.Errorf("%s %s: content type %q", method, path, got)
	}
	return w
}

// get asks for a resource and decodes it.
func (r *rig) get(account, path string, into any) *httptest.ResponseRecorder {
	r.Helper()
	w := r.ask(account, http.MethodGet, path, "")
	if w.Code != http.StatusOK {
		r.Fatalf("GET %s: %d %s", path, w.Code, w.Body)
	}
	r.check(json.Unmarshal(w.Body.Bytes(), into))
	return w
}

// wantStatus asks and holds the status and the error message against each other.
func (r *rig) wantStatus(w *httptest.ResponseRecorder, want int) {
	r.Helper()
	if w.Code != want {
		r.Errorf("status %d, want %d: %s", w.Code, want, w.Body)
		return
	}
	if want >= 400 {
		var m errorMessage
		if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil || m.Title == "" || m.HTTPStatus != fmt.Sprint(want) {
			r.Errorf("error message %s", w.Body)
		}
	}
}

// The place of the readable and of the writable collection of area A1.
const (
	inA1  = Root + "collections/received-A1/"
	outA1 = Root + "collections/outgoing-A1/"
)

// envelope is an envelope as a program reads it.
type envelope struct {
	More    bool              `json:"more"`
	Next    string            `json:"next"`
	Objects []json.RawMessage `json:"objects"`
}

// ids are the identifiers and versions of its objects.
func (e *envelope) ids(tb testing.TB) (ids []string) {
	tb.Helper()
	for _, raw := range e.Objects {
		var o struct{ ID, Modified string }
		if err := json.Unmarshal(raw, &o); err != nil {
			tb.Fatal(err)
		}
		ids = append(ids, short(o.ID)+"@"+o.Modified[8:10])
	}
	return ids
}

// short is the number in the identifier of an invented identity.
func short(id string) string { return strings.TrimLeft(id[len("identity--"):len("identity--")+8], "0") }

// list asks for objects and returns the identifiers.
func (r *rig) list(account, query string) string {
	r.Helper()
	var e envelope
	r.get(account, inA1+"objects/"+query, &e)
	return strings.Join(e.ids(r), " ")
}

var errInjected = errors.New("injected")
