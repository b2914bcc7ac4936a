package api

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"entente"
	"entente/internal/auth"
	"entente/internal/exchange"
	"entente/internal/node"
	"entente/internal/store"
	"entente/test/parties"
)

func TestMain(m *testing.M) {
	code := m.Run()
	parties.Clean()
	os.Exit(code)
}

// exchangeDesk is the interface of a party's node for its officers, an auditor, an
// administrator, and an officer whose key is locked.
func exchangeDesk(t testing.TB, p *parties.Party) *desk {
	t.Helper()
	d := &desk{t: t, node: p.Node, callers: map[string]*Caller{}}
	for name, officer := range p.Officers {
		u := p.User(name)
		c := Caller{ID: u.ID, Name: name, Agency: u.Agency, Officer: officer}
		for _, r := range u.Roles {
			c.Roles = append(c.Roles, auth.Role(r))
		}
		d.callers[name] = &c
	}
	for _, r := range []auth.Role{auth.Auditor, auth.Administrator} {
		u, err := p.Store().AddUser(t.Context(), store.User{Name: string(r), Display: string(r), Roles: []string{string(r)}})
		if err != nil {
			t.Fatal(err)
		}
		d.callers[string(r)] = &Caller{ID: u.ID, Name: string(r), Roles: []auth.Role{r}}
	}
	d.handler = New(exchangeDeps(p, d))
	return d
}

func exchangeDeps(p *parties.Party, a Auth) Deps {
	return Deps{
		Store: p.Store(), Audience: entente.National, Demo: true, Auth: a, Desk: p.Node, Importer: p.Figures(), Figures: p.Figures(), Claims: p.Figures(),
		Blobs: p.Blobs(), Exchange: p.Exchange, Clock: p.Clock().Now, Rate: 1 << 20,
	}
}

// as decodes an answer with a status.
func as[T any](d *desk, want int, w *httptest.ResponseRecorder) T {
	d.t.Helper()
	if w.Code != want {
		d.t.Fatalf("%d, want %d: %s", w.Code, want, w.Body)
	}
	var out T
	dec := json.NewDecoder(w.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&out); err != nil {
		d.t.Fatal(err)
	}
	return out
}

func newUUID(t testing.TB) string {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}

func example[T any](t testing.TB, body T) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var office = &entente.Authorisation{Reference: "EXAMPLE-1", Authority: "Example office", Date: "2026-01-01"}

func exampleRequest(to entente.Party, agencies ...string) entente.Request {
	return entente.Request{
		To: to, Agencies: agencies, Areas: []string{"A01"}, Kind: entente.AskData, Purpose: "criminal_investigation", Basis: "own_law",
		Urgency: "routine", Due: time.Now().Add(48 * time.Hour).UTC().Truncate(time.Second), Authorisation: office,
	}
}

func exampleRelease(from, to entente.Party, collector string, recipients ...string) entente.Release {
	return entente.Release{
		To: to, Recipients: recipients, Areas: []string{"A01"}, Form: "files", Authorisation: office,
		Handling: entente.Handling{
			Territory: string(from), Collector: collector, From: "2026-01-01", To: "2026-01-02", Basis: "own_law", Source: "B", Information: "2",
			Classification: entente.Unclassified, TLP: entente.TLPAmber, Purposes: []string{"criminal_investigation"}, Onward: entente.OnwardAsk,
			Retain: entente.Date(time.Now().AddDate(0, 3, 0).UTC().Format(time.DateOnly)), Assessed: true,
		},
	}
}

// put uploads a file as a person.
func (d *desk) put(user, path, media, content string) *httptest.ResponseRecorder {
	d.t.Helper()
	r := httptest.NewRequestWithContext(d.t.Context(), http.MethodPut, path, strings.NewReader(content))
	r.Header.Set("User", user)
	r.Header.Set("Content-Type", media)
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w
}

// compose begins a draft with a text; files are name, content pairs.
func (d *desk) compose(user string, typ entente.Type, body json.RawMessage, text string, files ...string) string {
	d.t.Helper()
	id := newUUID(d.t)
	in := ComposeRequest{ID: id, Type: typ, Body: body, Title: "Example", Text: text}
	made := as[ExchangeDraftAnswer](d, 200, d.ask(user, http.MethodPost, exchangePath+"drafts", in))
	if made.Draft.ID != id || made.Draft.Text != text {
		d.t.Fatalf("begun: %+v", made.Draft)
	}
	for i := 0; i < len(files); i += 2 {
		f := as[FileAnswer](d, 201, d.put(user, exchangePath+"drafts/"+id+"/files/"+files[i], "text/plain", files[i+1]))
		if f.File.Size != int64(len(files[i+1])) || f.File.Digest != entente.DigestOf([]byte(files[i+1])) {
			d.t.Errorf("attached: %+v", f.File)
		}
	}
	return id
}

// send submits a draft and has the second officer approve it where one is due.
func (d *desk) send(first, second, id string) entente.Ref {
	d.t.Helper()
	w := d.ask(first, http.MethodPost, exchangePath+"drafts/"+id+"/submit", nil)
	if w.Code == http.StatusAccepted {
		d.refused(403, "forbidden", first, http.MethodPost, exchangePath+"drafts/"+id+"/approve", nil)
		w = d.ask(second, http.MethodPost, exchangePath+"drafts/"+id+"/approve", nil)
	}
	out := as[ExchangeDraftAnswer](d, 201, w)
	if out.Entry == nil || out.Draft.State != store.DraftDone {
		d.t.Fatalf("sent: %+v", out)
	}
	return *out.Entry
}

// until waits for what goes on in the nodes.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// selfOf is the address of a thing at both desks.
func selfOf(kind string, p entente.Party, ref entente.Ref) string { return exchangeURL(kind, p, ref) }

// shows waits until a desk shows a release in a state, and returns it.
func (d *desk) shows(user, path string, state exchange.State) ReleaseItem {
	d.t.Helper()
	var item ReleaseItem
	until(d.t, path+" is "+string(state), func() bool {
		w := d.ask(user, http.MethodGet, path, nil)
		if w.Code != 200 {
			return false
		}
		item = as[ReleaseAnswer](d, 200, w).Release
		return item.State == state
	})
	return item
}

// act carries out an act with a second officer where one is due.
func (d *desk) act(first, second, path string, body any) ActAnswer {
	d.t.Helper()
	w := d.ask(first, http.MethodPost, path, body)
	if w.Code == http.StatusAccepted {
		out := as[ActAnswer](d, 202, w)
		list := as[DraftsAnswer](d, 200, d.ask(second, http.MethodGet, exchangePath+"acts", nil))
		if !slices.ContainsFunc(list.Drafts, func(i DraftItem) bool { return i.ID == out.Draft }) {
			d.t.Errorf("%s waits and is not listed", path)
		}
		w = d.ask(second, http.MethodPost, exchangePath+"acts/"+out.Draft+"/approve", nil)
	}
	return as[ActAnswer](d, 201, w)
}

// TestAnExchangeOverTheInterface walks the way from a question to a recall.
func TestAnExchangeOverTheInterface(t *testing.T) {
	w := parties.New(t)
	mx, us := exchangeDesk(t, w.MX), exchangeDesk(t, w.US)
	terms := as[TermsAnswer](us, 200, us.ask("cbp-first", http.MethodGet, exchangePath+"terms", nil))
	if terms.Terms == nil || len(terms.Routes) != 2 {
		t.Fatalf("terms: %+v", terms)
	}
	asked := us.send("cbp-first", "cbp-second", us.compose("cbp-first", entente.TypeRequest, example(t, exampleRequest(entente.MX, "SSPC")), "Invented example: which flight?", "list.txt", "an example list"))
	request := selfOf("requests", entente.US, asked)
	until(t, "the request arrives", func() bool { return mx.ask("sspc-first", http.MethodGet, request, nil).Code == 200 })
	in := as[RequestsAnswer](mx, 200, mx.ask("sspc-first", http.MethodGet, exchangePath+"requests?direction=in&state=waiting&kind=data", nil))
	if len(in.Items) != 1 || in.Items[0].Self != request || len(in.Items[0].Clocks) != 1 {
		t.Errorf("requests in: %+v", in.Items)
	}
	question := exchangePath + strings.TrimPrefix(strings.Replace(request, "/requests/", "/contents/", 1), exchangePath) + "/open?part=manifest"
	until(t, "the question is here", func() bool { return mx.ask("sspc-first", http.MethodPost, question, nil).Code == 200 })
	if got := as[ContentAnswer](mx, 200, mx.ask("sspc-first", http.MethodPost, question, nil)); got.Text != "Invented example: which flight?" || len(got.Files) != 1 {
		t.Errorf("question: %+v", got)
	}

	r := exampleRelease(entente.MX, entente.US, "SSPC", "CBP")
	r.Request = &asked
	big := strings.Repeat("0123456789", 30_000)
	id := mx.compose("sspc-first", entente.TypeRelease, example(t, r), "An invented answer.", "a.csv", "x,y\n1,2\n", "big.bin", big)
	gate := as[GateAnswer](mx, 200, mx.ask("sspc-first", http.MethodGet, exchangePath+"drafts/"+id+"/gate", nil))
	if !gate.Open {
		t.Errorf("gate: %+v", gate.Findings)
	}
	if got := mx.ask("sspc-second", http.MethodGet, exchangePath+"drafts/"+id+"/files/big.bin", nil); got.Code != 200 || got.Body.String() != big {
		t.Errorf("the attached file reads %d bytes, %d", got.Body.Len(), got.Code)
	}
	release := selfOf("releases", entente.MX, mx.send("sspc-first", "sspc-second", id))
	sent := mx.shows("sspc-first", release, exchange.Received)
	got := us.shows("cbp-first", release, exchange.Received)
	if !got.Here || sent.Receipt == nil || got.Receipt == nil || got.Decision == nil || got.Direction != exchange.In {
		t.Errorf("received: %+v", got)
	}
	answered := as[RequestAnswer](us, 200, us.ask("cbp-first", http.MethodGet, request, nil))
	if answered.Request.State != exchange.Answered || len(answered.Request.Releases) != 1 {
		t.Errorf("the request is %s", answered.Request.State)
	}

	us.opens(release, big)
	us.refused(422, "body", "cbp-first", http.MethodPost, release+"/open", OpenRequest{})
	us.refused(422, "parameters", "cbp-first", http.MethodPost, release+"/open?part=file", OpenRequest{Purpose: "criminal_investigation"})
	us.refused(403, "policy", "cbp-first", http.MethodPost, release+"/open", OpenRequest{Purpose: "sanctions"})
	us.audit(release)
	us.after(mx, release)
}

// opens reads a release in each form.
func (d *desk) opens(release, big string) {
	d.t.Helper()
	open := OpenRequest{Purpose: "criminal_investigation"}
	w := d.ask("cbp-first", http.MethodPost, release+"/open", open)
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/x-tar" || w.Header().Get(useHeader) == "" {
		d.t.Fatalf("open: %d %v", w.Code, w.Header())
	}
	var names []string
	archive := tar.NewReader(bytes.NewReader(w.Body.Bytes()))
	for {
		h, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			d.t.Fatal(err)
		}
		names = append(names, h.Name)
	}
	if !slices.Equal(names, []string{"entente.json", "a.csv", "big.bin"}) {
		d.t.Errorf("the archive has %v", names)
	}
	w = d.ask("cbp-first", http.MethodPost, release+"/export?part=file&file=big.bin", open)
	if w.Code != 200 || w.Body.String() != big || !strings.Contains(w.Header().Get("Content-Disposition"), "big.bin") {
		d.t.Errorf("export: %d, %d bytes, %v", w.Code, w.Body.Len(), w.Header())
	}
	d.refused(404, "notfound", "cbp-first", http.MethodPost, release+"/open?part=file&file=none", open)
}

// audit holds what was opened against what auditors read.
func (d *desk) audit(release string) {
	d.t.Helper()
	uses := as[UsesAnswer](d, 200, d.ask("auditor", http.MethodGet, exchangePath+"uses?agency=CBP", nil))
	modes := map[string]int{}
	for _, u := range uses.Items {
		modes[u.Mode]++
		if u.By.IsZero() || len(u.Releases) != 1 || u.Purpose != "criminal_investigation" {
			d.t.Errorf("use: %+v", u)
		}
	}
	if modes["read"] != 2 || modes["export"] != 1 {
		d.t.Errorf("uses by mode: %v", modes)
	}
	if w := d.ask("auditor", http.MethodGet, exchangePath+"uses?format=csv", nil); w.Code != 200 || strings.Count(w.Body.String(), "\r\n") != 4 {
		d.t.Errorf("uses as CSV: %d %s", w.Code, w.Body)
	}
	d.refused(403, "forbidden", "cbp-first", http.MethodGet, exchangePath+"uses", nil)
	if item := as[ReleaseAnswer](d, 200, d.ask("auditor", http.MethodGet, release, nil)); len(item.Release.Uses) != 3 {
		d.t.Errorf("an auditor sees %d uses", len(item.Release.Uses))
	}
	d.refused(403, "forbidden", "auditor", http.MethodPost, release+"/open", OpenRequest{Purpose: "criminal_investigation"})
}

// after goes on to feedback, onward use, misuse, hold and recall.
func (d *desk) after(origin *desk, release string) {
	t := d.t
	feedback := FeedbackRequest{ActID: ActID{newUUID(t)}, Useful: true, Outcomes: []entente.Count{{Kind: "seizure", N: 1}}}
	d.act("cbp-first", "cbp-second", release+"/feedback", feedback)
	if again := d.ask("cbp-first", http.MethodPost, release+"/feedback", feedback); again.Code != 200 {
		t.Errorf("the same feedback again: %d %s", again.Code, again.Body)
	}
	pass := PassOnRequest{ActID: ActID{newUUID(t)}, Purpose: "criminal_investigation", Agencies: []string{"FBI"}}
	if p := d.refused(403, "policy", "cbp-first", http.MethodPost, release+"/onward", pass); p.Rule == "" {
		t.Errorf("onward without permission: %+v", p)
	}
	d.refused(404, "notfound", "fbi-first", http.MethodGet, release, nil)
	asked := d.act("cbp-first", "cbp-second", release+"/ask", AskRequest{ActID{newUUID(t)}, "criminal_investigation", []string{"FBI"}})
	permission := selfOf("permissions", entente.US, *asked.Entry)
	until(t, "the permission is asked", func() bool { return origin.ask("sspc-first", http.MethodGet, permission, nil).Code == 200 })
	origin.act("sspc-first", "sspc-second", permission+"/answer", AnswerRequest{ActID: ActID{newUUID(t)}, Granted: true})
	until(t, "the permission is granted", func() bool {
		return as[PermissionAnswer](d, 200, d.ask("cbp-first", http.MethodGet, permission, nil)).Permission.State == exchange.Granted
	})
	pass.ID = newUUID(t)
	d.act("cbp-first", "cbp-second", release+"/onward", pass)
	if w := d.ask("fbi-first", http.MethodPost, release+"/open?part=manifest", OpenRequest{Purpose: "criminal_investigation"}); w.Code != 200 {
		t.Errorf("whom it was passed on to cannot open it: %d %s", w.Code, w.Body)
	}
	d.act("cbp-first", "cbp-second", release+"/hold", HoldRequest{ActID{newUUID(t)}, "audit", entente.Text{ES: "Oficina de ejemplo", EN: "Example office"}, "2099-01-01"})
	d.shows("cbp-first", release, exchange.Held)
	d.act("cbp-first", "cbp-second", release+"/lift", ActID{newUUID(t)})
	until(t, "the report can be made", func() bool { return origin.shows("sspc-first", release, exchange.Received).Onward != nil })
	report := origin.act("sspc-first", "sspc-second", release+"/misuse", MisuseRequest{ActID{newUUID(t)}, "disclosure", time.Now().Add(time.Hour)})
	frozen := origin.shows("sspc-first", release, exchange.Frozen)
	if len(frozen.Misuse) != 1 || frozen.Misuse[0].Entry != report.Entry.String() {
		t.Fatalf("misuse: %+v", frozen.Misuse)
	}
	origin.act("sspc-first", "sspc-second", frozen.Misuse[0].Self+"/outcome", OutcomeRequest{ActID{newUUID(t)}, "unfounded"})
	origin.act("sspc-first", "sspc-second", release+"/recall", RecallRequest{ActID{newUUID(t)}, "inaccurate"})
	gone := d.shows("cbp-first", release, exchange.Deleted)
	if gone.Here || len(gone.Deletions) == 0 {
		t.Errorf("recalled: %+v", gone)
	}
	if w := d.ask("cbp-first", http.MethodPost, release+"/open", OpenRequest{Purpose: "criminal_investigation"}); w.Code < 400 {
		t.Errorf("a recalled release opens: %d", w.Code)
	}
}

// TestPausesMetersAndCounts: what everybody at a desk sees.
func TestPausesMetersAndCounts(t *testing.T) {
	w := parties.New(t)
	mx, us := exchangeDesk(t, w.MX), exchangeDesk(t, w.US)
	us.send("cbp-first", "cbp-second", us.compose("cbp-first", entente.TypeRequest, example(t, exampleRequest(entente.MX, "SSPC")), "An invented question."))
	meters := as[MetersAnswer](us, 200, us.ask("fbi-first", http.MethodGet, exchangePath+"meters", nil))
	if len(meters.Meters) != 1 || meters.Meters[0].Asked != 1 || meters.Meters[0].Direction != exchange.Out {
		t.Errorf("meters: %+v", meters.Meters)
	}
	if w := us.ask("fbi-first", http.MethodGet, exchangePath+"meters?format=csv", nil); w.Code != 200 || !strings.HasPrefix(w.Body.String(), "area,direction,") {
		t.Errorf("meters as CSV: %d %s", w.Code, w.Body)
	}
	us.refused(422, "parameters", "fbi-first", http.MethodGet, exchangePath+"meters?from=January", nil)
	month := time.Now().UTC().Format("2006-01")
	counts := us.ask("fbi-first", http.MethodGet, exchangePath+"counts?from="+month+"&to="+month, nil)
	if counts.Code != 200 || !strings.Contains(counts.Body.String(), month+",A01,1,0,0") {
		t.Errorf("counts: %d %s", counts.Code, counts.Body)
	}
	us.refused(422, "parameters", "fbi-first", http.MethodGet, exchangePath+"counts?from="+month, nil)
	us.refused(422, "parameters", "fbi-first", http.MethodGet, exchangePath+"counts?from=2026-05&to=2026-01", nil)

	mx.act("sspc-first", "sspc-second", exchangePath+"pauses", PauseRequest{ActID{newUUID(t)}, entente.Pause{Scope: "area", Area: "A01"}})
	list := as[PausesAnswer](mx, 200, mx.ask("fgr-first", http.MethodGet, exchangePath+"pauses", nil))
	if len(list.Pauses) != 1 {
		t.Fatalf("pauses: %+v", list)
	}
	id := mx.compose("sspc-first", entente.TypeRelease, example(t, exampleRelease(entente.MX, entente.US, "SSPC", "CBP")), "An invented release.")
	if gate := as[GateAnswer](mx, 200, mx.ask("sspc-first", http.MethodGet, exchangePath+"drafts/"+id+"/gate", nil)); gate.Open {
		t.Error("the gate is open while the area is paused")
	}
	mx.act("sspc-first", "sspc-second", list.Pauses[0].Self+"/resume", ActID{newUUID(t)})
	if gate := as[GateAnswer](mx, 200, mx.ask("sspc-first", http.MethodGet, exchangePath+"drafts/"+id+"/gate", nil)); !gate.Open {
		t.Errorf("the gate stays shut after it was resumed: %+v", gate.Findings)
	}
}

// TestDraftsOfTheExchange: an id once, conflicts, files replaced and removed, a
// draft given up.
func TestDraftsOfTheExchange(t *testing.T) {
	w := parties.Quiet(t)
	mx := exchangeDesk(t, w.MX)
	body := example(t, exampleRelease(entente.MX, entente.US, "SSPC", "CBP"))
	id := mx.compose("sspc-first", entente.TypeRelease, body, "An invented release.", "a.txt", "one")
	at := exchangePath + "drafts/" + id
	again := ComposeRequest{ID: id, Type: entente.TypeRelease, Body: body}
	if got := as[ExchangeDraftAnswer](mx, 200, mx.ask("sspc-first", http.MethodPost, exchangePath+"drafts", again)); got.Draft.Text != "An invented release." || len(got.Draft.Files) != 1 {
		t.Errorf("the same again: %+v", got.Draft)
	}
	again.Body = json.RawMessage(`{"to":"US"}`)
	mx.refused(409, "conflict", "sspc-first", http.MethodPost, exchangePath+"drafts", again)
	mx.refused(422, "body", "sspc-first", http.MethodPost, exchangePath+"drafts", ComposeRequest{ID: "7", Type: entente.TypeRelease, Body: body})
	mx.refused(422, "rule", "sspc-first", http.MethodPost, exchangePath+"drafts", ComposeRequest{ID: newUUID(t), Type: entente.TypeRecall, Body: body})
	mx.refused(422, "exchange", "sspc-first", http.MethodPost, "/api/v1/drafts", DraftRequest{IntentRequest: IntentRequest{ID: newUUID(t), Audience: entente.Shared, Body: body, Draft: true}, Type: entente.TypeRelease})
	as[FileAnswer](mx, 201, mx.put("sspc-first", at+"/files/a.txt", "text/plain", "two"))
	if got := mx.ask("sspc-first", http.MethodGet, at+"/files/a.txt", nil); got.Body.String() != "two" {
		t.Errorf("the replaced file reads %q", got.Body)
	}
	mx.refused(422, "rule", "sspc-first", http.MethodPut, at+"/files/a%5Cb", []byte("x"))
	title, text := "Other", "Another text."
	saved := as[ExchangeDraftAnswer](mx, 200, mx.ask("sspc-first", http.MethodPut, at, RecomposeRequest{Title: &title, Text: &text}))
	if saved.Draft.Title != title || saved.Draft.Text != text || saved.Draft.Item == nil {
		t.Errorf("saved: %+v", saved.Draft)
	}
	mx.refused(409, "conflict", "sspc-first", http.MethodPut, at, RecomposeRequest{Revision: 99, Body: body})
	if gone := as[ExchangeDraftAnswer](mx, 200, mx.ask("sspc-first", http.MethodDelete, at+"/files/a.txt", nil)); len(gone.Draft.Files) != 0 {
		t.Errorf("detached: %+v", gone.Draft.Files)
	}
	large := httptest.NewRequestWithContext(t.Context(), http.MethodPut, at+"/files/large.bin", endless{})
	large.ContentLength = maxUpload + 1
	large.Header.Set("User", "sspc-first")
	rec := httptest.NewRecorder()
	mx.handler.ServeHTTP(rec, large)
	if rec.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("more than a payload holds: %d %s", rec.Code, rec.Body)
	}
	for _, path := range []string{"/submit", "/publish", "/return"} {
		var body any
		if path == "/return" {
			body = ReturnRequest{Note: "x"}
		}
		mx.refused(422, "exchange", "sspc-second", http.MethodPost, "/api/v1/drafts/"+id+path, body)
	}
	mx.refused(422, "exchange", "sspc-second", http.MethodDelete, "/api/v1/drafts/"+id, nil)
	waiting := as[ExchangeDraftAnswer](mx, 202, mx.ask("sspc-first", http.MethodPost, at+"/submit", nil))
	if waiting.Draft.State != store.DraftWaiting {
		t.Errorf("submitted: %+v", waiting.Draft)
	}
	as[ExchangeDraftAnswer](mx, 200, mx.ask("sspc-second", http.MethodPost, at+"/return", ReturnRequest{Note: "Falta el periodo."}))
	as[ExchangeDraftAnswer](mx, 200, mx.ask("sspc-first", http.MethodDelete, at, nil))
	if _, err := w.MX.Store().Carried(context.Background(), id); err == nil {
		t.Error("what the draft carried is still kept")
	}
}

// endless is a body that never ends.
type endless struct{}

// Read implements [io.Reader].
func (endless) Read(b []byte) (int, error) { return len(b), nil }

// TestEmergencyAndAlert: one releasing officer alone, acknowledged in time, closed,
// reviewed.
func TestEmergencyAndAlert(t *testing.T) {
	w := parties.New(t)
	mx, us := exchangeDesk(t, w.MX), exchangeDesk(t, w.US)
	r := exampleRelease(entente.MX, entente.US, "SSPC", "CBP")
	r.Alert = &entente.Alert{Group: "border-watch-us", Acknowledge: time.Now().Add(15 * time.Minute).UTC().Truncate(time.Second)}
	id := mx.compose("sspc-second", entente.TypeRelease, example(t, r), "Invented example: a shipment is moving.")
	mx.refused(403, "forbidden", "sspc-first", http.MethodPost, exchangePath+"drafts/"+id+"/emergency", nil)
	sent := as[ExchangeDraftAnswer](mx, 201, mx.ask("sspc-second", http.MethodPost, exchangePath+"drafts/"+id+"/emergency", nil))
	release := selfOf("releases", entente.MX, *sent.Entry)
	us.shows("cbp-first", release, exchange.Received)
	clocks := as[ClocksAnswer](us, 200, us.ask("cbp-first", http.MethodGet, exchangePath+"clocks", nil))
	if !slices.ContainsFunc(clocks.Clocks, func(c ClockItem) bool { return c.Kind == exchange.ClockAlert && c.Duty == "border-watch-us" }) {
		t.Errorf("clocks: %+v", clocks.Clocks)
	}
	us.act("cbp-first", "cbp-second", release+"/acknowledge", AcknowledgeRequest{ActID: ActID{newUUID(t)}})
	us.act("cbp-first", "cbp-second", release+"/acknowledge", AcknowledgeRequest{ActID{newUUID(t)}, "acted"})
	closed := us.shows("cbp-first", release, exchange.Received)
	if closed.Acknowledged == nil || !strings.Contains(string(closed.Acknowledged.Body), `"acted"`) || closed.AcknowledgedAt.IsZero() {
		t.Errorf("closed: %+v", closed.Acknowledged)
	}
	alerts := as[ReleasesAnswer](us, 200, us.ask("cbp-first", http.MethodGet, exchangePath+"releases?alert=yes&direction=in", nil))
	if len(alerts.Items) != 1 {
		t.Errorf("alerts: %+v", alerts.Items)
	}
	mx.act("sspc-first", "sre-second", release+"/review", ReviewRequest{ActID{newUUID(t)}, "upheld"})
}

// TestAKeyLeavesByTwoOfficersAtOnce: break-glass over the interface.
func TestAKeyLeavesByTwoOfficersAtOnce(t *testing.T) {
	w := parties.Quiet(t)
	mx, us := exchangeDesk(t, w.MX), exchangeDesk(t, w.US)
	states, err := w.MX.Node.KeyStates(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	key := func(agency string) string {
		i := slices.IndexFunc(states, func(k node.KeyState) bool { return k.Role == entente.RoleSeal && k.Agency == agency })
		return states[i].Name
	}
	good := KeyExportRequest{
		ActID: ActID{newUUID(t)}, Key: key("SSPC"), Reason: entente.Text{ES: "Un ejemplo.", EN: "An example."},
		Second: "sspc-second", Passphrase: parties.Passphrase,
	}
	const path = exchangePath + "key-exports"
	size := func() uint64 {
		l, err := w.MX.Store().Log(t.Context(), w.MX.Origin(entente.Shared))
		if err != nil {
			t.Fatal(err)
		}
		return l.Size
	}
	before := size()
	for _, c := range []struct {
		status int
		code   string
		change func(*KeyExportRequest)
	}{
		{403, "credentials", func(r *KeyExportRequest) { r.Passphrase = "wrong" }},
		{403, "credentials", func(r *KeyExportRequest) { r.Second = "nobody" }},
		{403, "credentials", func(r *KeyExportRequest) { r.Second = "sspc-first" }},
		{422, "body", func(r *KeyExportRequest) { r.Key = key("FGR") }},
		{422, "body", func(r *KeyExportRequest) { r.Key = "none" }},
		{422, "body", func(r *KeyExportRequest) { r.Reason.ES = "" }},
		{422, "rule", func(r *KeyExportRequest) { r.Second = "fgr-first" }}, // no releasing officer
	} {
		r := good
		c.change(&r)
		mx.refused(c.status, c.code, "sspc-first", http.MethodPost, path, r)
	}
	us.refused(422, "body", "cbp-first", http.MethodPost, path, good)
	if size() != before {
		t.Error("a refusal left an entry")
	}
	done := as[KeyExportAnswer](mx, 201, mx.ask("sspc-first", http.MethodPost, path, good))
	if !strings.Contains(done.File, "AGE-SECRET-KEY-PQ-1") || !strings.HasPrefix(done.File, "# SSPC, ") || size() != before+1 {
		t.Errorf("%d entries, %.40s", size()-before, done.File)
	}
	again := as[KeyExportAnswer](mx, 200, mx.ask("sspc-first", http.MethodPost, path, good))
	if again.Entry != done.Entry || again.File != done.File || size() != before+1 {
		t.Errorf("asked again: %v", again.Entry)
	}
}

// TestASlowTransferIsWaitedFor: a server's deadlines end silence, not a large file.
func TestASlowTransferIsWaitedFor(t *testing.T) {
	w := parties.Quiet(t)
	mx := exchangeDesk(t, w.MX)
	id := mx.compose("sspc-first", entente.TypeRelease, example(t, exampleRelease(entente.MX, entente.US, "SSPC", "CBP")), "An invented release.")
	server := httptest.NewUnstartedServer(mx.handler)
	server.Config.ReadTimeout, server.Config.WriteTimeout = 300*time.Millisecond, 300*time.Millisecond
	server.Start()
	t.Cleanup(server.Close)
	slow, in := io.Pipe()
	go func() {
		for range 8 {
			time.Sleep(100 * time.Millisecond)
			if _, err := in.Write(bytes.Repeat([]byte("x"), 1000)); err != nil {
				return
			}
		}
		in.Close()
	}()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, server.URL+exchangePath+"drafts/"+id+"/files/slow.bin", slow)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User", "sspc-first")
	res, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var file FileAnswer
	if err := json.NewDecoder(res.Body).Decode(&file); err != nil || res.StatusCode != http.StatusCreated || file.File.Size != 8000 {
		t.Errorf("%d %+v %v", res.StatusCode, file.File, err)
	}
}
