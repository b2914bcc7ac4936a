package api

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"entente"
	"entente/internal/auth"
	"entente/internal/exchange"
	"entente/test/parties"
)

// between is an exchange between two desks: what CBP of the United States and SSPC
// of Mexico have with each other is nobody else's at either.
type between struct {
	t                                           *testing.T
	w                                           *parties.World
	mx, us                                      *desk
	request, release, permission, misuse, pause entente.Ref
	// secret are texts that name something of it.
	secret []string
}

// side is one of the desks, with who is concerned there and who is not.
type side struct {
	d                 *desk
	concerned, others []string
	party             entente.Party
}

func (b *between) sides() []side {
	return []side{
		{b.mx, []string{"sspc-first", "sspc-second"}, []string{"fgr-first", "fgr-second"}, entente.MX},
		{b.us, []string{"cbp-first", "cbp-second"}, []string{"fbi-first", "fbi-second"}, entente.US},
	}
}

func newBetween(t *testing.T) *between {
	w := parties.New(t)
	b := &between{t: t, w: w, mx: exchangeDesk(t, w.MX), us: exchangeDesk(t, w.US)}
	b.request = b.us.send("cbp-first", "cbp-second", b.us.compose("cbp-first", entente.TypeRequest, example(t, exampleRequest(entente.MX, "SSPC")), "An invented question."))
	until(t, "the request arrives", func() bool {
		return b.mx.ask("sspc-first", http.MethodGet, selfOf("requests", entente.US, b.request), nil).Code == 200
	})
	r := exampleRelease(entente.MX, entente.US, "SSPC", "CBP")
	r.Request = &b.request
	b.release = b.mx.send("sspc-first", "sspc-second", b.mx.compose("sspc-first", entente.TypeRelease, example(t, r), "An invented answer.", "a.txt", "example"))
	release := selfOf("releases", entente.MX, b.release)
	b.us.shows("cbp-first", release, exchange.Received)
	b.mx.shows("sspc-first", release, exchange.Received)
	if w := b.us.ask("cbp-first", http.MethodPost, release+"/open?part=manifest", OpenRequest{"criminal_investigation"}); w.Code != 200 {
		t.Fatalf("open: %d %s", w.Code, w.Body)
	}
	b.permission = *b.us.act("cbp-first", "cbp-second", release+"/ask", AskRequest{ActID{newUUID(t)}, "criminal_investigation", []string{"HSI"}}).Entry
	b.misuse = *b.mx.act("sspc-first", "sspc-second", release+"/misuse", MisuseRequest{ActID{newUUID(t)}, "disclosure", time.Now().Add(time.Hour)}).Entry
	b.pause = *b.mx.act("sspc-first", "sspc-second", exchangePath+"pauses", PauseRequest{ActID{newUUID(t)}, entente.Pause{Scope: "area", Area: "A05"}}).Entry
	for _, d := range []*desk{b.mx, b.us} {
		who := map[*desk]string{b.mx: "sspc-first", b.us: "cbp-first"}[d]
		until(t, "both desks have all of it", func() bool {
			item := d.shows(who, release, exchange.Frozen)
			return len(item.Permissions) == 1 && len(item.Misuse) == 1
		})
	}
	b.secrets()
	return b
}

// secrets collects what names the things: references, ids and subjects of all
// entries of the exchange but pauses.
func (b *between) secrets() {
	for _, p := range b.w.Both() {
		for _, l := range p.Store().Logs(b.t.Context()) {
			for i := range l.Size {
				v, err := p.View(entente.National).Entry(b.t.Context(), l.Origin, i)
				if err != nil {
					continue
				}
				typ, _, _ := strings.Cut(strings.TrimPrefix(string(v), "entente/v1 "), "\n")
				if t := entente.Type(typ); !t.Exchange() || t == entente.TypePause {
					continue
				}
				var h entente.Header
				_, rest, _ := strings.Cut(string(v), "\n")
				line, _, _ := strings.Cut(rest, "\n")
				if err := json.Unmarshal([]byte(line), &h); err != nil {
					b.t.Fatal(err)
				}
				b.secret = append(b.secret, h.ID, h.Subject, `"`+l.Origin+"#"+strconv.FormatUint(i, 10)+`"`)
			}
		}
	}
	if len(b.secret) < 15 {
		b.t.Fatalf("only %d things are kept apart", len(b.secret)/3)
	}
}

// target is where a route is asked: at something that is there and concerns some,
// and at something that is not there.
type target func(b *between, s side) (there, missing string)

// row is what a route is held to.
type row struct {
	act auth.Act
	// at is nil for what has no target: lists, and what begins something.
	at   target
	body func(b *between) any
	// common: everybody at the desk may see the target.
	common bool
	query  string
}

// of is a target of a kind of thing with a tail.
func of(kind, tail string) target {
	return func(b *between, s side) (string, string) {
		ref, party := b.release, entente.MX
		switch kind {
		case "requests", "contents":
			ref, party = b.request, entente.US
		case "permissions":
			ref, party = b.permission, entente.US
		case "pauses":
			ref, party = b.pause, entente.MX
		}
		none := ref
		none.Index = 100_000
		return selfOf(kind, party, ref) + tail, selfOf(kind, party, none) + tail
	}
}

// draftOf makes a fresh draft of the desk's concerned agency each time.
func draftOf(tail string) target {
	return func(b *between, s side) (string, string) {
		other := map[entente.Party]entente.Party{entente.MX: entente.US, entente.US: entente.MX}[s.party]
		collector := strings.ToUpper(strings.TrimSuffix(s.concerned[0], "-first"))
		to := map[entente.Party]string{entente.MX: "SSPC", entente.US: "CBP"}[other]
		body := exampleRelease(s.party, other, collector, to)
		body.Handling.Purposes = []string{"nonsense"} // so that no act on it goes through
		id := s.d.compose(s.concerned[0], entente.TypeRelease, example(b.t, body), "An invented draft.", "a.txt", "example")
		return exchangePath + "drafts/" + id + tail, exchangePath + "drafts/" + newUUID(b.t) + tail
	}
}

// waitingOf makes a fresh act that waits for a second officer.
func waitingOf(tail string) target {
	return func(b *between, s side) (string, string) {
		missing := exchangePath + "acts/" + newUUID(b.t) + tail
		for _, area := range []string{"A10", "A11", "A12", "A13"} {
			w := s.d.ask(s.concerned[0], http.MethodPost, exchangePath+"pauses", PauseRequest{ActID{newUUID(b.t)}, entente.Pause{Scope: "area", Area: area}})
			if w.Code == http.StatusAccepted { // no pause of that area stands yet
				return exchangePath + "acts/" + as[ActAnswer](s.d, http.StatusAccepted, w).Draft + tail, missing
			}
		}
		b.t.Fatal("no pause waits for a second officer")
		return "", missing
	}
}

func withID(change func(id ActID) any) func(*between) any {
	return func(b *between) any { return change(ActID{newUUID(b.t)}) }
}

// exchangeRows are the routes of the exchange by operation. Bodies ask for what the
// gate refuses, so that asking changes nothing.
var exchangeRows = map[string]row{
	"exchange-terms": {act: auth.Read}, "exchange-requests": {act: auth.Read}, "exchange-releases": {act: auth.Read},
	"exchange-permissions": {act: auth.Read}, "exchange-clocks": {act: auth.Read}, "exchange-pauses": {act: auth.Read},
	"exchange-meters": {act: auth.Read}, "exchange-counts": {act: auth.Read, query: "?from=2026-01&to=2026-02"}, "exchange-uses": {act: auth.ReadAudit},
	"exchange-drafts": {act: auth.Draft}, "waiting-acts": {act: auth.Draft},
	"exchange-request":    {act: auth.Read, at: of("requests", "")},
	"exchange-release":    {act: auth.Read, at: of("releases", "")},
	"exchange-permission": {act: auth.Read, at: of("permissions", "")},

	"begin-exchange-draft": {act: auth.Draft, body: func(b *between) any {
		return ComposeRequest{ID: newUUID(b.t), Type: entente.TypeRelease, Body: json.RawMessage(`{}`)}
	}},
	"exchange-draft":         {act: auth.Draft, at: draftOf("")},
	"save-exchange-draft":    {act: auth.Draft, at: draftOf(""), body: func(*between) any { return RecomposeRequest{Title: new(string)} }},
	"discard-exchange-draft": {act: auth.Draft, at: draftOf("")},
	"exchange-gate":          {act: auth.Draft, at: draftOf("/gate")},
	"submit-exchange-draft":  {act: auth.AppendInner, at: draftOf("/submit")},
	"approve-exchange-draft": {act: auth.Authorise, at: draftOf("/approve")},
	"emergency-release":      {act: auth.Authorise, at: draftOf("/emergency")},
	"return-exchange-draft":  {act: auth.Authorise, at: draftOf("/return"), body: func(*between) any { return ReturnRequest{"x"} }},
	"ask-collection": {act: auth.Draft, at: draftOf("/consent"), body: func(b *between) any {
		return CollectionRequest{ID: newUUID(b.t), Of: entente.US, Purpose: "criminal_investigation", Description: "An invented description."}
	}},
	"attach-file":        {act: auth.Draft, at: draftOf("/files/b.txt"), body: func(*between) any { return []byte("example") }},
	"read-attached-file": {act: auth.Draft, at: draftOf("/files/a.txt")},
	"detach-file":        {act: auth.Draft, at: draftOf("/files/a.txt")},

	"refuse-request":    {act: auth.AppendInner, at: of("requests", "/refuse"), body: withID(func(id ActID) any { return RefuseRequest{id, "Nonsense"} })},
	"withdraw-request":  {act: auth.AppendInner, at: of("requests", "/withdraw"), body: withID(func(id ActID) any { return id })},
	"acknowledge-alert": {act: auth.AppendInner, at: of("releases", "/acknowledge"), body: withID(func(id ActID) any { return AcknowledgeRequest{id, "nonsense"} })},
	"give-feedback": {act: auth.AppendInner, at: of("releases", "/feedback"), body: withID(func(id ActID) any {
		return FeedbackRequest{ActID: id, Outcomes: []entente.Count{{Kind: "nonsense", N: 1}}}
	})},
	"ask-permission":      {act: auth.AppendInner, at: of("releases", "/ask"), body: withID(func(id ActID) any { return AskRequest{id, "Nonsense", nil} })},
	"pass-on":             {act: auth.AppendInner, at: of("releases", "/onward"), body: withID(func(id ActID) any { return PassOnRequest{id, "Nonsense", []string{"FBI"}} })},
	"recall":              {act: auth.AppendInner, at: of("releases", "/recall"), body: withID(func(id ActID) any { return RecallRequest{id, "nonsense"} })},
	"hold":                {act: auth.AppendInner, at: of("releases", "/hold"), body: withID(func(id ActID) any { return HoldRequest{ActID: id, Ground: "nonsense"} })},
	"lift-hold":           {act: auth.AppendInner, at: of("releases", "/lift"), body: withID(func(id ActID) any { return id })},
	"report-misuse":       {act: auth.AppendInner, at: of("releases", "/misuse"), body: withID(func(id ActID) any { return MisuseRequest{ActID: id, Kind: "nonsense"} })},
	"review":              {act: auth.AppendInner, at: of("releases", "/review"), body: withID(func(id ActID) any { return ReviewRequest{id, "nonsense"} })},
	"answer-permission":   {act: auth.AppendInner, at: of("permissions", "/answer"), body: withID(func(id ActID) any { return AnswerRequest{ActID: id, Reason: "Nonsense"} })},
	"withdraw-permission": {act: auth.AppendInner, at: of("permissions", "/withdraw"), body: withID(func(id ActID) any { return id })},
	"misuse-outcome": {act: auth.AppendInner, at: func(b *between, s side) (string, string) {
		there, missing := of("releases", "")(b, s)
		tail := "/misuse/MX/" + strconv.FormatUint(b.misuse.Index, 10) + "/outcome"
		return there + tail, missing + tail
	}, body: withID(func(id ActID) any { return OutcomeRequest{id, "nonsense"} })},
	"pause":  {act: auth.AppendInner, body: withID(func(id ActID) any { return PauseRequest{id, entente.Pause{Scope: "nonsense"}} })},
	"resume": {act: auth.AppendInner, at: of("pauses", "/resume"), common: true, body: withID(func(id ActID) any { return id })},

	"approve-act": {act: auth.Authorise, at: waitingOf("/approve")},
	"return-act":  {act: auth.Authorise, at: waitingOf("/return"), body: func(*between) any { return ReturnRequest{"x"} }},

	"open-release":   {act: auth.AppendInner, at: of("releases", "/open"), body: func(*between) any { return OpenRequest{"criminal_investigation"} }},
	"export-release": {act: auth.AppendInner, at: of("releases", "/export"), body: func(*between) any { return OpenRequest{"criminal_investigation"} }},
	"export-key": {act: auth.AppendInner, body: func(b *between) any {
		return KeyExportRequest{ActID: ActID{newUUID(b.t)}, Key: "none", Reason: entente.Text{ES: "x", EN: "x"}}
	}},
	"open-content": {act: auth.AppendInner, at: of("contents", "/open")},
}

// operations are the registered routes by id: method and path.
func operations(t *testing.T, b *between) map[string][2]string {
	t.Helper()
	s := newServer(exchangeDeps(b.w.MX, b.mx))
	out := map[string][2]string{}
	for path, item := range s.api.OpenAPI().Paths {
		for _, o := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete, item.Patch, item.Head} {
			if o != nil {
				out[o.OperationID] = [2]string{o.Method, path}
			}
		}
	}
	return out
}

// TestWhoReachesWhatOfTheExchange asks every route of the exchange as every role of
// every agency, as an officer of the other party, and as nobody.
func TestWhoReachesWhatOfTheExchange(t *testing.T) {
	b := newBetween(t)
	registered := operations(t, b)
	for id, at := range registered {
		if _, held := exchangeRows[id]; strings.HasPrefix(at[1], exchangePath) && !held {
			t.Errorf("%s %s (%s) has no row in exchangeRows: say who may reach it", at[0], at[1], id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(exchangeRows)) {
		at, ok := registered[id]
		if !ok {
			t.Errorf("%s is held to something and is no route", id)
			continue
		}
		r := exchangeRows[id]
		for _, s := range b.sides() {
			b.hold(id, at[0], at[1], r, s)
		}
	}
}

// hold asks one route at one desk as everybody.
func (b *between) hold(id, method, path string, r row, s side) {
	b.t.Helper()
	foreign := map[entente.Party]string{entente.MX: "cbp-second", entente.US: "sspc-second"}[s.party]
	for _, who := range slices.Concat(s.concerned, s.others, []string{"auditor", "administrator", "", foreign}) {
		there, missing := path+r.query, ""
		if r.at != nil {
			there, missing = r.at(b, s)
		}
		var body any
		if r.body != nil {
			body = r.body(b)
		}
		caller, known := s.d.callers[who]
		w := s.d.ask(who, method, there, body)
		sees := r.common || slices.Contains(s.concerned, who) || known && caller.Agency == ""
		switch {
		case !known:
			b.refused(id, who, w, 401, "signin")
		case !auth.May(caller.Roles, r.act):
			b.refused(id, who, w, 403, "forbidden")
		case r.at != nil && !sees:
			b.refused(id, who, w, 404, "notfound")
		case w.Code == 401 || w.Code == 404 || w.Code == 405 || w.Code >= 500 || strings.Contains(w.Body.String(), "/api/problems/forbidden"):
			b.t.Errorf("%s at %s as %s: %d %s", id, s.party, who, w.Code, w.Body)
		}
		if missing == "" {
			continue
		}
		none := s.d.ask(who, method, missing, body)
		if !sees && !alike(w, none) {
			b.t.Errorf("%s at %s as %q tells what is there from what is not:\n%d %s\n%d %s", id, s.party, who, w.Code, w.Body, none.Code, none.Body)
		}
	}
}

func (b *between) refused(id, who string, w *httptest.ResponseRecorder, status int, code string) {
	b.t.Helper()
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != status || p.Type != "/api/problems/"+code {
		b.t.Errorf("%s as %q: %d %s, want %d %s", id, who, w.Code, w.Body, status, code)
	}
}

// alike reports whether two answers say the same, to the last header, but for their
// address and how long it is.
func alike(a, b *httptest.ResponseRecorder) bool {
	strip := func(w *httptest.ResponseRecorder) (map[string]any, bool) {
		var out map[string]any
		if json.Unmarshal(w.Body.Bytes(), &out) != nil {
			return nil, false
		}
		delete(out, "instance")
		return out, true
	}
	x, okX := strip(a)
	y, okY := strip(b)
	one, _ := json.Marshal(x)
	two, _ := json.Marshal(y)
	header := func(w *httptest.ResponseRecorder) http.Header {
		h := w.Header().Clone()
		h.Del("Content-Length")
		return h
	}
	return okX && okY && a.Code == b.Code && bytes.Equal(one, two) && maps.EqualFunc(header(a), header(b), slices.Equal)
}

// TestNothingElseTellsOfTheExchange reads everything else that a desk's interface
// has as an officer whom an exchange does not concern: nothing names it. An auditor
// finds it there.
func TestNothingElseTellsOfTheExchange(t *testing.T) {
	b := newBetween(t)
	registered := operations(t, b)
	var paths []string
	for _, at := range registered {
		if at[0] == http.MethodGet && !strings.HasPrefix(at[1], exchangePath) && !strings.Contains(at[1], "{") {
			paths = append(paths, at[1])
		}
	}
	paths = append(paths, "/feed.atom", "/api/openapi.json", "/api/v1/search?q=criminal_investigation", "/api/v1/search?q=MX", "/api/v1/entries?type=release", "/api/v1/releases?format=csv",
		"/api/v1/requests?versions=all&withdrawn=yes&status=admissible&status=inadmissible&status=pending&status=opaque", "/api/v1/withdrawals?versions=all&withdrawn=yes")
	if len(paths) < 50 {
		t.Fatalf("only %d routes are read", len(paths))
	}
	for _, s := range b.sides() {
		found := 0
		for _, path := range paths {
			for _, who := range []string{s.others[0], "auditor"} {
				w := s.d.ask(who, http.MethodGet, path, nil)
				text := readable(t, w)
				for _, secret := range b.secret {
					if !strings.Contains(text, secret) {
						continue
					}
					if found++; who != "auditor" {
						t.Errorf("%s at %s tells %s of %s", path, s.party, who, secret)
						break
					}
				}
			}
		}
		if found == 0 {
			t.Errorf("an auditor at %s finds nothing either: the test looks in the wrong place", s.party)
		}
		b.entries(s)
	}
}

// readable is the text of an answer, that of an archive's files too.
func readable(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	if w.Header().Get("Content-Type") != "application/zip" {
		return w.Body.String()
	}
	z, err := zip.NewReader(bytes.NewReader(w.Body.Bytes()), int64(w.Body.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&all, r); err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// entries asks for each entry of the exchange by its name and by its subject.
func (b *between) entries(s side) {
	b.t.Helper()
	for _, ref := range []entente.Ref{b.request, b.release, b.permission, b.misuse} {
		none := ref
		none.Index = 100_000
		for _, who := range []string{s.concerned[0], "auditor", s.others[0], s.others[1]} {
			w := s.d.ask(who, http.MethodGet, entryURL(ref), nil)
			missing := s.d.ask(who, http.MethodGet, entryURL(none), nil)
			if slices.Contains(s.others, who) {
				if w.Code != 404 || !alike(w, missing) {
					b.t.Errorf("%s at %s as %s: %d %s", ref, s.party, who, w.Code, w.Body)
				}
			} else if w.Code != 200 {
				b.t.Errorf("%s at %s as %s: %d %s", ref, s.party, who, w.Code, w.Body)
			}
		}
	}
	v, err := s.d.node.View(entente.National).Entry(context.Background(), b.release.Log, b.release.Index)
	if err != nil {
		b.t.Fatal(err)
	}
	var h entente.Header
	_, rest, _ := strings.Cut(string(v), "\n")
	line, _, _ := strings.Cut(rest, "\n")
	if err := json.Unmarshal([]byte(line), &h); err != nil {
		b.t.Fatal(err)
	}
	there := s.d.ask(s.others[0], http.MethodGet, "/api/v1/releases/MX/"+h.Subject, nil)
	missing := s.d.ask(s.others[0], http.MethodGet, "/api/v1/releases/MX/none", nil)
	if there.Code != 404 || !alike(there, missing) {
		b.t.Errorf("by its subject at %s: %d %s", s.party, there.Code, there.Body)
	}
}

// TestStrangersReachNothing asks every route as nobody, and as an officer of the
// other party: each answers that one has to sign in, whatever is asked for.
func TestStrangersReachNothing(t *testing.T) {
	w := parties.Quiet(t)
	mx := exchangeDesk(t, w.MX)
	registered := operations(t, &between{t: t, w: w, mx: mx})
	if len(registered) < 100 {
		t.Fatalf("only %d routes", len(registered))
	}
	none := strings.NewReplacer("{id}", "x", "{writer}", "MX", "{index}", "1", "{subject}", "x", "{name}", "x", "{base}", "demo.mx.entente", "{audience}", "shared",
		"{reporter}", "MX", "{report}", "1", "{code}", "x", "{indicator}", "x", "{origin}", "x")
	for id, at := range registered {
		path := none.Replace(at[1])
		if strings.Contains(path, "{") {
			t.Errorf("%s: %s has a parameter that the test does not fill", id, path)
		}
		for _, who := range []string{"", "cbp-second"} {
			answer := mx.ask(who, at[0], path, nil)
			if answer.Code != http.StatusUnauthorized {
				t.Errorf("%s %s as %q: %d %s", at[0], path, who, answer.Code, answer.Body)
			}
		}
	}
	for _, path := range []string{"/feed.atom", "/blob/" + strings.Repeat("0", 64), "/api/openapi.json"} {
		if answer := mx.ask("", http.MethodGet, path, nil); answer.Code != http.StatusUnauthorized {
			t.Errorf("%s as nobody: %d", path, answer.Code)
		}
	}
}
