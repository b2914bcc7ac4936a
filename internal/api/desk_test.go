package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"entente"
	"entente/internal/auth"
	"entente/internal/node"
	"entente/test/world"
)

const passphrase = "correct horse"

// desk is a Mexican node with two officers, an auditor and a person whose key is
// locked; who asks is in the header User.
type desk struct {
	t       testing.TB
	node    *node.Node
	handler http.Handler
	callers map[string]*Caller
}

// Caller implements [Auth].
func (d *desk) Caller(r *http.Request) (*Caller, error) {
	if c, ok := d.callers[r.Header.Get("User")]; ok {
		return c, nil
	}
	return nil, ErrNotSignedIn
}

// SecondOfficer implements [Auth].
func (d *desk) SecondOfficer(r *http.Request, name, passphrase string) (*node.Officer, error) {
	if c := d.callers[name]; c == nil || name == r.Header.Get("User") {
		return nil, auth.ErrCredentials
	}
	o, err := d.node.UnlockOfficer(r.Context(), name, passphrase)
	if err != nil {
		return nil, auth.ErrCredentials
	}
	return o, nil
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	ctx, dir := t.Context(), filepath.Join(t.TempDir(), "mx")
	_, err := node.Init(ctx, dir, node.InitOptions{
		Writer: entente.Author{Party: entente.MX}, Name: entente.Text{ES: "México", EN: "Mexico"}, Demo: true, Base: "demo.mx.entente",
		Agencies: []string{"SRE"}, Passphrase: passphrase, RootPassphrase: passphrase, WorkFactor: 4,
		Officers: []node.NewOfficer{
			{Name: "ana", Agency: "SRE", Roles: []string{string(auth.Officer)}, Passphrase: passphrase},
			{Name: "luis", Agency: "SRE", Roles: []string{string(auth.ReleasingOfficer)}, Passphrase: passphrase},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	n, err := node.Open(ctx, dir, node.Options{Passphrase: passphrase, WorkFactor: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	d := &desk{t: t, node: n, callers: map[string]*Caller{}}
	for _, name := range []string{"ana", "luis"} {
		u, err := n.Store().User(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		officer, err := n.UnlockOfficer(ctx, name, passphrase)
		if err != nil {
			t.Fatal(err)
		}
		c := Caller{ID: u.ID, Name: name, Agency: u.Agency, Officer: officer}
		for _, r := range u.Roles {
			c.Roles = append(c.Roles, auth.Role(r))
		}
		d.callers[name] = &c
	}
	locked := *d.callers["ana"]
	locked.Officer = nil
	d.callers["ana-locked"] = &locked
	d.callers["auditor"] = &Caller{Name: "auditor", Roles: []auth.Role{auth.Auditor}}
	d.handler = New(Deps{
		Store: n.Store(), Audience: entente.National, Demo: true, Auth: d, Desk: n, Importer: n.Figures(), Figures: n.Figures(), Claims: n.Figures(),
		Blobs: n.Blobs(), Rate: 1 << 20,
	})
	return d
}

// ask makes a request as a person with a JSON body.
func (d *desk) ask(user, method, path string, body any) *httptest.ResponseRecorder {
	d.t.Helper()
	raw, ok := body.([]byte)
	if !ok && body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			d.t.Fatal(err)
		}
	}
	r := httptest.NewRequestWithContext(d.t.Context(), method, path, bytes.NewReader(raw))
	r.Header.Set("User", user)
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w
}

func (d *desk) draft(want int, user, method, path string, body any) DraftAnswer {
	d.t.Helper()
	w := d.ask(user, method, path, body)
	if w.Code != want {
		d.t.Fatalf("%s %s: %d, want %d: %s", method, path, w.Code, want, w.Body)
	}
	var out DraftAnswer
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		d.t.Fatal(err)
	}
	return out
}

func (d *desk) refused(status int, code, user, method, path string, body any) Problem {
	d.t.Helper()
	w := d.ask(user, method, path, body)
	var out Problem
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		d.t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	if w.Code != status || out.Type != "/api/problems/"+code {
		d.t.Errorf("%s %s as %s: %d %+v, want %d %s", method, path, user, w.Code, out, status, code)
	}
	if (code == "policy" || code == "rule" || code == "refused") && (out.Says == nil || out.Mend == nil || out.Says.ES == "" || out.Says.EN == "" || out.Mend.ES == "") {
		d.t.Errorf("%s: the refusal does not name rule and mend in both languages: %+v", path, out)
	}
	return out
}

func uuid7(n int) string { return fmt.Sprintf("01990000-0000-7000-8000-%012x", n) }

func agency(n int, a entente.Audience) IntentRequest {
	body := json.RawMessage(`{"code":"SRE","name":{"es":"Secretaría","en":"Ministry"},"role":{"es":"Conduce","en":"Leads"},
		"sources":[{"code":"S1","publisher":"SRE","title":"Ley","kind":"official"}]}`)
	return IntentRequest{ID: uuid7(n), Subject: "sre", Audience: a, Body: body}
}

func TestAnEntryByOnePerson(t *testing.T) {
	d := newDesk(t)
	const path = "/api/v1/entries/agencies"
	made := d.draft(201, "ana", http.MethodPost, path, agency(1, entente.National))
	if made.Entry == nil || made.Draft.State != "done" {
		t.Fatalf("%+v", made)
	}
	again := d.draft(200, "ana", http.MethodPost, path, agency(1, entente.National))
	if again.Entry == nil || *again.Entry != *made.Entry {
		t.Errorf("the same again: %+v", again)
	}
	other := agency(1, entente.National)
	other.Body = json.RawMessage(strings.Replace(string(other.Body), "Conduce", "Dirige", 1))
	d.refused(409, "conflict", "ana", http.MethodPost, path, other)
	other = agency(1, entente.National)
	other.Subject = "another"
	d.refused(409, "conflict", "ana", http.MethodPost, path, other)
	if w := d.ask("ana", http.MethodGet, made.URL, nil); w.Code != 200 || w.Header().Get("Cache-Control") != "private, no-store" {
		t.Errorf("the entry: %d %v", w.Code, w.Header())
	}
}

func TestPublicationTakesTwo(t *testing.T) {
	d := newDesk(t)
	const path = "/api/v1/entries/agencies"
	waiting := d.draft(202, "ana", http.MethodPost, path, agency(1, entente.Public))
	if waiting.Draft.State != "waiting" || waiting.Entry != nil {
		t.Fatalf("%+v", waiting)
	}
	again := d.draft(202, "ana", http.MethodPost, path, agency(1, entente.Public))
	if again.Draft.State != "waiting" {
		t.Errorf("the same again: %+v", again.Draft)
	}
	publish := "/api/v1/drafts/" + waiting.Draft.ID + "/publish"
	d.refused(403, "forbidden", "ana", http.MethodPost, publish, nil)
	d.refused(403, "forbidden", "auditor", http.MethodPost, publish, nil)
	returned := d.draft(202, "luis", http.MethodPost, "/api/v1/drafts/"+waiting.Draft.ID+"/return", ReturnRequest{Note: "Falta la fuente."})
	if returned.Draft.State != "returned" {
		t.Errorf("%+v", returned.Draft)
	}
	submitted := d.draft(202, "ana", http.MethodPost, "/api/v1/drafts/"+waiting.Draft.ID+"/submit", nil)
	if submitted.Draft.State != "waiting" {
		t.Errorf("%+v", submitted.Draft)
	}
	made := d.draft(201, "luis", http.MethodPost, publish, nil)
	if made.Entry == nil || made.Entry.Log != "demo.mx.entente/public" {
		t.Fatalf("%+v", made)
	}
	if again := d.draft(200, "ana", http.MethodPost, path, agency(1, entente.Public)); again.Entry == nil || *again.Entry != *made.Entry {
		t.Errorf("the same again: %+v", again)
	}
}

func TestTheSamePersonIsNoSecond(t *testing.T) {
	d := newDesk(t)
	d.draft(202, "luis", http.MethodPost, "/api/v1/entries/agencies", agency(1, entente.Public))
	p := d.refused(403, "policy", "luis", http.MethodPost, "/api/v1/drafts/"+uuid7(1)+"/publish", nil)
	if p.Rule != "gate.same_person" {
		t.Errorf("%+v", p)
	}
}

func TestDrafts(t *testing.T) {
	d := newDesk(t)
	in := DraftRequest{IntentRequest: agency(1, entente.National), Type: entente.TypeAgency}
	in.Draft = true
	in.Body = json.RawMessage(`{"code":""}`) // not finished yet
	saved := d.draft(202, "ana", http.MethodPost, "/api/v1/drafts", in)
	if saved.Draft.State != "open" {
		t.Fatalf("%+v", saved.Draft)
	}
	seen := d.draft(202, "ana", http.MethodGet, "/api/v1/drafts/"+uuid7(1), nil)
	if len(seen.Findings) == 0 || seen.Findings[0].Says.ES == "" {
		t.Errorf("nothing stands in the way of an empty code: %+v", seen.Findings)
	}
	d.refused(422, "rule", "ana", http.MethodPost, "/api/v1/drafts/"+uuid7(1)+"/submit", nil)
	in.Body = agency(1, entente.National).Body
	d.refused(409, "conflict", "ana", http.MethodPost, "/api/v1/drafts", in) // blind to the draft saved before
	in.Revision = seen.Draft.Revision
	d.draft(202, "ana", http.MethodPost, "/api/v1/drafts", in)
	var list DraftsAnswer
	if err := json.Unmarshal(d.ask("auditor", http.MethodGet, "/api/v1/drafts", nil).Body.Bytes(), &list); err != nil || len(list.Drafts) != 1 {
		t.Errorf("%v %+v", err, list)
	}
	d.draft(200, "ana", http.MethodDelete, "/api/v1/drafts/"+uuid7(1), nil)
	d.refused(404, "notfound", "ana", http.MethodPost, "/api/v1/drafts/"+uuid7(9)+"/submit", nil)
}

func TestWhatTheDeskRefuses(t *testing.T) {
	d := newDesk(t)
	const path = "/api/v1/entries/agencies"
	d.refused(401, "signin", "", http.MethodGet, "/api/v1/frontier", nil)
	d.refused(401, "signin", "nobody", http.MethodPost, path, agency(1, entente.National))
	d.refused(403, "forbidden", "auditor", http.MethodPost, path, agency(1, entente.National))
	d.refused(403, "locked", "ana-locked", http.MethodPost, path, agency(1, entente.National))
	d.refused(422, "body", "ana", http.MethodPost, path, []byte("<html>"))
	d.refused(422, "body", "ana", http.MethodPost, path, []byte(`{"id":"`+uuid7(2)+`","colour":1}`))
	d.refused(422, "body", "ana", http.MethodPost, path, []byte(`{} {}`))
	d.refused(413, "toolarge", "ana", http.MethodPost, path, bytes.Repeat([]byte(" "), maxBody+1))
	bad := agency(3, entente.National)
	bad.ID = "7"
	d.refused(422, "body", "ana", http.MethodPost, path, bad)
	bad = agency(3, entente.National)
	bad.Body = json.RawMessage(`{"code":"SRE","colour":1}`)
	if p := d.refused(422, "rule", "ana", http.MethodPost, path, bad); p.Rule != "rule.schema" {
		t.Errorf("%+v", p)
	}
	// Before a charter is in force nothing but its founding is permitted.
	notice := IntentRequest{ID: uuid7(4), Subject: "n", Audience: entente.Shared, Body: json.RawMessage(`{"code":"N","title":{"es":"A"},"text":{"es":"A"}}`)}
	if p := d.refused(403, "policy", "ana", http.MethodPost, "/api/v1/entries/notices", notice); !strings.HasPrefix(p.Rule, "policy.") {
		t.Errorf("%+v", p)
	}
	// What looks like a personal identifier leaves no audience.
	agencyWith := agency(5, entente.Public)
	agencyWith.Body = json.RawMessage(strings.Replace(string(agencyWith.Body), "Conduce", "Escriba a ana@example.org", 1))
	d.refused(403, "policy", "ana", http.MethodPost, path, agencyWith)
}

func TestTheDeskSeesItsNationalLog(t *testing.T) {
	d := newDesk(t)
	d.draft(201, "ana", http.MethodPost, "/api/v1/entries/agencies", agency(1, entente.National))
	var list List
	w := d.ask("auditor", http.MethodGet, "/api/v1/agencies", nil)
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || list.Total != 1 || list.Items[0].Audience != entente.National {
		t.Errorf("%v %+v", err, list)
	}
	public := New(Deps{Store: d.node.Store(), Audience: entente.Public, Demo: true})
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/agencies", nil)
	rec := httptest.NewRecorder()
	public.ServeHTTP(rec, r)
	if err := json.Unmarshal(rec.Body.Bytes(), &list); err != nil || list.Total != 0 {
		t.Errorf("the public interface of the same node shows %d national entries", list.Total)
	}
}

func TestImportPreview(t *testing.T) {
	d := newDesk(t)
	form := func(meta, name, content string) (*bytes.Buffer, string) {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		part, _ := w.CreateFormField("import")
		_, _ = io.WriteString(part, meta)
		if name != "" {
			file, _ := w.CreateFormFile("file", name)
			_, _ = io.WriteString(file, content)
		}
		w.Close()
		return &b, w.FormDataContentType()
	}
	send := func(user, meta, name string) *httptest.ResponseRecorder {
		b, kind := form(meta, name, world.File)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/imports/preview", b)
		r.Header.Set("Content-Type", kind)
		r.Header.Set("User", user)
		w := httptest.NewRecorder()
		d.handler.ServeHTTP(w, r)
		return w
	}
	meta, err := json.Marshal(ImportMeta{
		Dataset: entente.Dataset{Code: "events", Title: entente.Text{ES: "Eventos"}, Publisher: "SRE", Released: "2025-09-15"}, Audience: entente.National,
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		user, meta, file string
		status           int
	}{
		"no indicator takes it": {"ana", string(meta), "events.csv", 422},
		"no file":               {"ana", string(meta), "", 422},
		"no JSON":               {"ana", "x", "events.csv", 422},
		"unknown field":         {"ana", `{"colour":1}`, "events.csv", 422},
		"not signed in":         {"", string(meta), "events.csv", 401},
		"an auditor":            {"auditor", string(meta), "events.csv", 403},
	} {
		if w := send(c.user, c.meta, c.file); w.Code != c.status || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/problem+json") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if w := d.ask("ana", http.MethodPost, "/api/v1/imports/preview", []byte("{}")); w.Code != 422 {
		t.Errorf("not in parts: %d", w.Code)
	}
}
