package desk

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"entente"
	"entente/internal/store"
	"entente/internal/web/desk/kit"
)

// TestDesk goes through the flows of the desk over one demonstration.
func TestDesk(t *testing.T) {
	b := newBench(t)
	t.Run("pages", func(t *testing.T) { pages(b.at(t)) })
	t.Run("roles", func(t *testing.T) { roles(b.at(t)) })
	t.Run("sign-in", func(t *testing.T) { signIns(b.at(t)) })
	t.Run("publish", func(t *testing.T) { publishes(b.at(t)) })
	t.Run("concurrence", func(t *testing.T) { concurs(b.at(t)) })
	t.Run("forms", func(t *testing.T) { forms(b.at(t)) })
	t.Run("record", func(t *testing.T) { fitsRecord(b.at(t)) })
	t.Run("joint", func(t *testing.T) { joints(b.at(t)) })
	t.Run("figures", func(t *testing.T) { importsFile(b.at(t)) })
	t.Run("account", func(t *testing.T) { accounts(b.at(t)) })
	t.Run("people", func(t *testing.T) { peoples(b.at(t)) })
}

var deskPages = []string{
	"/desk/today", "/desk/drafts", "/desk/drafts?view=done", "/desk/drafts/new", "/desk/concurrence", "/desk/concurrence?show=all", "/desk/joint",
	"/desk/figures", "/desk/account", "/desk/unlock", "/program", "/commitments", "/claims", "/meetings", "/questions", "/charter", "/latest",
}

func pages(b *bench) {
	second := b.person(b.mx, "second")
	admin, auditor := b.person(b.mx, "admin"), b.person(b.mx, "auditor")
	for _, lang := range []string{"/es", "/en"} {
		for _, path := range deskPages {
			if status, _ := second.get(lang + path); status != http.StatusOK {
				b.Errorf("%s%s: %d", lang, path, status)
			}
		}
		for _, path := range []string{"/desk/people", "/desk/people/first", "/desk/audit", "/desk/audit?view=checkpoints", "/desk/audit?view=odd"} {
			if status, _ := admin.get(lang + path); status != http.StatusOK {
				b.Errorf("%s%s: %d", lang, path, status)
			}
		}
	}
	auditor.sees("/en/desk/audit", "Signed in by password")
	for _, path := range []string{"/en/", "/en/desk"} { // the front door, as one types it
		auditor.sees(path, "What waits for you")
		b.person(b.mx, "").sees(path, "Sign in to the desk")
	}
	// Logs that no browser is served are no links.
	_, body := auditor.get("/en/verify")
	if !strings.Contains(body, "demo.us.entente/shared") || strings.Contains(body, "/shared/checkpoint") || !strings.Contains(body, `href="/mirror/demo.us.entente/public/checkpoint"`) {
		b.Error("the desk's page of logs leads to logs that are not served, or does not show them")
	}
}

// roles holds every endpoint against every role: 200 or a redirect where the table
// permits, 403 where it does not, the sign-in page for nobody.
func roles(b *bench) {
	people := map[string]*person{"": b.person(b.mx, "")}
	for _, name := range []string{"first", "second", "auditor", "admin"} {
		people[name] = b.person(b.mx, name)
	}
	for _, c := range []struct{ method, path, allowed string }{
		{"GET", "/desk/today", "first second auditor admin"},
		{"POST", "/desk/today", "first second auditor admin"},
		{"GET", "/desk/drafts", "first second auditor admin"},
		{"GET", "/desk/drafts/new", "first second"},
		{"POST", "/desk/drafts/new", "first second"},
		{"GET", "/desk/concurrence", "first second auditor admin"},
		{"POST", "/desk/concurrence", "first second"},
		{"GET", "/desk/joint", "first second auditor admin"},
		{"POST", "/desk/joint", "first second"},
		{"GET", "/desk/figures", "first second auditor admin"},
		{"POST", "/desk/figures", "first second"},
		{"POST", "/desk/figures/observations", "first second"},
		{"GET", "/desk/account", "first second auditor admin"},
		{"POST", "/desk/account/tokens", "first second auditor admin"},
		{"GET", "/desk/audit", "auditor admin"},
		{"GET", "/desk/evidence/none", "auditor admin"},
		{"GET", "/desk/people", "admin"},
		{"POST", "/desk/people", "admin"},
		{"GET", "/desk/people/first", "admin"},
		{"POST", "/desk/people/first", "admin"},
		{"POST", "/desk/keys", "admin"},
		{"GET", "/desk/genesis", "admin"},
		{"POST", "/desk/backup", "admin"},
		{"GET", "/commitments", "first second auditor admin"},
	} {
		for name, p := range people {
			client := *p.client
			client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			req, err := http.NewRequest(c.method, p.base+"/en"+c.path, nil)
			b.check(err)
			if c.method == "POST" {
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			res, err := client.Do(req)
			b.check(err)
			res.Body.Close()
			toSignIn := res.StatusCode == http.StatusSeeOther && strings.Contains(res.Header.Get("Location"), "/desk/sign-in")
			switch allowed := name != "" && strings.Contains(" "+c.allowed+" ", " "+name+" "); {
			case name == "" && !toSignIn:
				b.Errorf("%s %s by nobody: %d %s", c.method, c.path, res.StatusCode, res.Header.Get("Location"))
			case name != "" && allowed && (res.StatusCode == http.StatusForbidden && c.path != "/desk/keys" || toSignIn || res.StatusCode >= 500):
				b.Errorf("%s %s by %s: %d, though permitted", c.method, c.path, name, res.StatusCode)
			case name != "" && !allowed && res.StatusCode != http.StatusForbidden:
				b.Errorf("%s %s by %s: %d, want 403", c.method, c.path, name, res.StatusCode)
			}
		}
	}
}

func signIns(b *bench) {
	nobody := b.person(b.mx, "")
	at, status, body := nobody.submit("/en/desk/sign-in", "name", "first", "password", "wrong password", "next", "/desk/joint")
	if status != http.StatusForbidden || !strings.Contains(body, `value="first"`) {
		b.Errorf("a wrong password: %d at %s, or what was typed is gone", status, at)
	}
	_, unknown, other := nobody.submit("/en/desk/sign-in", "name", "nobody", "password", "wrong password", "next", "/desk/joint")
	if unknown != status || strings.ReplaceAll(other, "nobody", "first") != body {
		b.Error("an unknown account is answered otherwise than a wrong password")
	}
	if at, _, _ := nobody.submit("/en/desk/sign-in", "name", "first", "password", password, "next", "//evil.example/x"); at != "/en/desk/today" {
		b.Errorf("sign-in leads to %s", at)
	}
	if at, _, _ := nobody.submit("/en/desk/sign-out"); at != "/en/desk/sign-in" {
		b.Errorf("sign-out leads to %s", at)
	}
	if _, body := nobody.get("/en/desk/today"); !strings.Contains(body, `name="password"`) {
		b.Error("still in after signing out")
	}
	res, err := http.Get(b.mx.URL + "/en/desk/sign-in")
	b.check(err)
	res.Body.Close()
	if csp := res.Header.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || !strings.Contains(csp, "script-src 'self'") {
		b.Errorf("policy: %s", csp)
	}
	req, err := http.NewRequest("POST", b.mx.URL+"/en/desk/sign-in", strings.NewReader("name=first"))
	b.check(err)
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	if res, err = http.DefaultClient.Do(req); err != nil || res.StatusCode != http.StatusForbidden {
		b.Errorf("a form from another site: %v %v", res.StatusCode, err)
	}
	res.Body.Close()
}

var draftPath = regexp.MustCompile(`/desk/drafts/([0-9a-f-]{36})`)

func (p *person) begin(pairs ...string) string {
	p.Helper()
	at, status, body := p.submit("/en/desk/drafts/new", pairs...)
	m := draftPath.FindStringSubmatch(at)
	if m == nil {
		p.Fatalf("no draft was begun: %d at %s\n%s", status, at, body)
	}
	return "/en/desk/drafts/" + m[1]
}

var commitment = []string{
	"code", "MX-DESK-1", "areas.shown", "1", "areas", "A07", "title.es", "Inspecciones nuevas", "title.en", "New inspections",
	"wording", "summary", "due", "2026-06", "audience", "public", "subject", "",
	"sources.0.code", "S99", "sources.0.publisher", "SRE", "sources.0.title", "Comunicado", "sources.0.kind", "official",
}

// publishes takes a draft from its form to the public log by two officers.
func publishes(b *bench) {
	first, second := b.person(b.mx, "first"), b.person(b.mx, "second")
	at := first.begin("type", "commitment", "audience", "public")
	_, status, body := first.submit(at, append([]string{"op", "save"}, "title.es", "Solo esto", "due", "mañana")...)
	if status != http.StatusOK || !strings.Contains(body, "Solo esto") || !strings.Contains(body, "mañana") || !strings.Contains(body, "Not a date") {
		b.Error("what was typed is not kept, or its fault is not said")
	}
	first.submit(at, append([]string{"op", "review"}, commitment...)...)
	first.sees(at+"/review", "New inspections")
	if _, body := first.post(at+"/review", "op", "submit"); !strings.Contains(body, "Waiting for a second officer") {
		b.Fatalf("not submitted:\n%s", text(body))
	}
	if status, body := first.post(at+"/review", "op", "approve"); status != http.StatusForbidden || !strings.Contains(body, "Releasing officer") {
		b.Errorf("the officer who drafted approved: %d", status)
	}
	second.sees("/en/desk/today", "mx-desk-1")
	if _, body := second.post(at+"/review", "op", "return"); !strings.Contains(body, "with a remark") {
		b.Error("sent back without a remark")
	}
	if _, body := second.post(at+"/review", "op", "approve"); !strings.Contains(body, "It is appended") {
		b.Fatalf("not approved:\n%s", text(body))
	}
	got, err := store.Get[entente.Commitment](context.Background(), b.world.MX.View(entente.Public), entente.TypeCommitment, "MX", "mx-desk-1")
	if err != nil || got.Current.Body.Title.EN != "New inspections" || got.Current.Body.Due != "2026-06" || len(got.Current.Body.Sources) != 1 {
		b.Fatalf("%+v, %v", got, err)
	}
	corrects(b, first, second, got.Current.Ref)
}

// corrects supersedes, sees the redline, and withdraws.
func corrects(b *bench, first, second *person, ref entente.Ref) {
	first.sees("/en/commitments/MX/mx-desk-1", "New version or correction")
	at := first.begin("of", ref.String())
	edited := strings.ReplaceAll(strings.Join(commitment, "\x00"), "2026-06", "2026-07")
	first.submit(at, append([]string{"op", "review", "correction.es", "Se corrige la fecha.", "correction.en", "The date is corrected."}, strings.Split(edited, "\x00")...)...)
	_, body := first.get(at + "/review")
	if !strings.Contains(body, "<del>") || !strings.Contains(body, "<ins>") {
		b.Error("no redline against the version that stands")
	}
	first.post(at+"/review", "op", "submit")
	if _, body := second.post(at+"/review", "op", "approve"); !strings.Contains(body, "It is appended") {
		b.Fatalf("the correction was not approved:\n%s", text(body))
	}
	got, err := store.Get[entente.Commitment](context.Background(), b.world.MX.View(entente.Public), entente.TypeCommitment, "MX", "mx-desk-1")
	if err != nil || len(got.Versions) != 2 || got.Current.Correction == nil || got.Forked {
		b.Fatalf("%+v, %v", got, err)
	}
	at = first.begin("withdraw", got.Current.Ref.String())
	first.submit(at, "op", "review", "reason.es", "Era una prueba.", "reason.en", "It was a test.")
	first.post(at+"/review", "op", "submit")
	second.post(at+"/review", "op", "approve")
	got, err = store.Get[entente.Commitment](context.Background(), b.world.MX.View(entente.Public), entente.TypeCommitment, "MX", "mx-desk-1")
	if err != nil || !got.Withdrawn {
		b.Fatalf("not withdrawn: %v", err)
	}
}

var ticked = regexp.MustCompile(`name="on" value="([^"]+)"`)

func concurs(b *bench) {
	first, keyless := b.person(b.mx, "first"), b.person(b.mx, "keyless")
	_, body := first.get("/en/desk/concurrence?type=commitment")
	found := ticked.FindAllStringSubmatch(body, -1)
	if len(found) < 3 {
		b.Fatalf("%d facts to answer", len(found))
	}
	pairs := []string{"audience", "shared", "on", found[0][1], "on", found[1][1]}
	if status, body := first.post("/en/desk/concurrence", append(pairs, "stance", "disputes")...); status != http.StatusUnprocessableEntity || !strings.Contains(body, "gives the reason") {
		b.Errorf("disputed without a reason: %d", status)
	}
	narrowed := "/en/desk/concurrence?q=a&type=commitment"
	if _, body := first.post(narrowed, append(pairs, "stance", "disputes")...); !strings.Contains(body, `action="`+strings.ReplaceAll(narrowed, "&", "&amp;")+`"`) ||
		!strings.Contains(body, `value="`+found[0][1]+`" checked`) {
		b.Error("what was ticked and how the list was narrowed is lost when the answer is refused")
	}
	if status, body := keyless.post("/en/desk/concurrence", append(pairs, "stance", "concurs")...); status != http.StatusForbidden || !strings.Contains(body, "no signing key") {
		b.Errorf("signed without a key: %d", status)
	}
	first.post("/en/desk/concurrence", append(pairs, "stance", "disputes", "reason.es", "No consta.", "reason.en", "Not on record.")...)
	if _, body := first.get("/en/desk/concurrence?type=commitment"); strings.Contains(body, found[0][1]) {
		b.Error("what was answered still waits for an answer")
	}
	if _, body := first.get("/en/desk/concurrence?type=commitment&show=all"); !strings.Contains(body, found[0][1]) {
		b.Error("what was answered is not among everything")
	}
	list, err := store.List[entente.Position](context.Background(), b.world.MX.View(entente.Shared), store.Query{Type: entente.TypePosition, Writer: "MX", Order: store.ByTime, Desc: true, Limit: 2})
	b.check(err)
	if len(list.Items) != 2 {
		b.Errorf("%d positions", len(list.Items))
	}
	for _, v := range list.Items {
		if v.Audience != entente.Shared || v.Body.Stance != entente.Disputes || v.Body.Reason.EN != "Not on record." {
			b.Errorf("position: %+v", v.Body)
		}
	}
	// In public a second officer signs too: two drafts wait, and are approved at once.
	first.post("/en/desk/concurrence", "audience", "public", "on", found[1][1], "on", found[2][1], "stance", "takes_note")
	second := b.person(b.mx, "second")
	_, body = second.get("/en/desk/drafts?view=waiting")
	var bulk []string
	for _, m := range regexp.MustCompile(`name="draft" value="([^"]+)"`).FindAllStringSubmatch(body, -1) {
		bulk = append(bulk, "draft", m[1])
	}
	if len(bulk) != 4 {
		b.Fatalf("%d drafts to approve at once", len(bulk)/2)
	}
	for query, want := range map[string]bool{"&type=position": true, "&q=POSITION": true, "&type=action": false, "&q=nothing-of-the-kind": false} {
		if _, body := second.get("/en/desk/drafts?view=waiting" + query); strings.Contains(body, bulk[1]) != want {
			b.Errorf("drafts narrowed by %s: listed %v", query, !want)
		}
	}
	if status, body := second.post("/en/desk/drafts?view=waiting", bulk...); status != http.StatusOK || strings.Contains(body, "Not done") {
		b.Fatalf("not approved: %d\n%s", status, text(body))
	}
	on, _ := kit.Resolve(context.Background(), b.world.MX.View(entente.Public), found[2][1])
	positions, err := b.world.MX.View(entente.Public).Positions(context.Background(), on)
	if err != nil || len(positions[on]) != 1 || positions[on][0].Stance != entente.TakesNote {
		b.Errorf("in public: %+v, %v", positions, err)
	}
}

// forms opens the form of every type, saves it empty and with a list extended.
func forms(b *bench) {
	first := b.person(b.mx, "first")
	for _, rule := range entente.Types {
		if rule.Signers == entente.SignedByRoot {
			continue
		}
		if rule.Type.Exchange() {
			if _, status, _ := first.submit("/en/desk/drafts/new", "type", string(rule.Type), "audience", "shared"); status == http.StatusOK {
				b.Errorf("%s begins as an ordinary draft", rule.Type)
			}
			continue
		}
		switch rule.Type {
		case entente.TypeDataset, entente.TypeObservations, entente.TypePublication, entente.TypeConsent, entente.TypeWithdrawal:
			continue // begun elsewhere
		}
		at := first.begin("type", string(rule.Type), "audience", "national")
		for _, lang := range []string{"/es", "/en"} {
			if status, _ := first.get(strings.Replace(at, "/en", lang, 1) + "?check=1&more=sources"); status != http.StatusOK {
				b.Errorf("%s: %d", rule.Type, status)
			}
		}
		if _, status, _ := first.submit(at, "op", "save", "code", "X-1"); status != http.StatusOK {
			b.Errorf("%s is not saved: %d", rule.Type, status)
		}
		if status, _ := first.get(at + "/review"); status != http.StatusOK {
			b.Errorf("%s has no review: %d", rule.Type, status)
		}
		first.post(at+"/review", "op", "discard")
	}
}

// fitsRecord begins a new version of a thing of every type on record: its form finds
// no fault with what the node has admitted, and saving it changes nothing.
func fitsRecord(b *bench) {
	ctx := context.Background()
	first := b.person(b.mx, "first")
	list, err := store.List[json.RawMessage](ctx, b.world.MX.View(entente.National), store.Query{Writer: "MX", Limit: 1000})
	b.check(err)
	seen := map[entente.Type]bool{}
	for _, v := range list.Items {
		rule, _ := entente.Rule(v.Type)
		if seen[v.Type] || !rule.Chain || v.Type == entente.TypeConsent {
			continue
		}
		seen[v.Type] = true
		at := first.begin("of", v.Ref.String())
		_, body := first.get(at + "?check=1")
		if i := strings.Index(body, `class="e-error"`); i >= 0 {
			b.Errorf("%s: %s", v.Ref, text(body[i:]))
		}
		first.submit(at, append(fieldsOf(body), "op", "save")...)
		d, err := b.world.MX.Store().Draft(ctx, at[len("/en/desk/drafts/"):])
		b.check(err)
		var had, got map[string]any
		b.check(json.Unmarshal(v.Header.Body, &had))
		b.check(json.Unmarshal(d.Body, &got))
		delete(had, "correction")
		if rule.Joint {
			delete(had, "follows")
			delete(got, "follows")
		}
		if diff := cmp.Diff(had, got); diff != "" {
			b.Errorf("%s %s changes by saving it:\n%s", v.Type, v.Ref, diff)
		}
		first.post(at+"/review", "op", "discard")
	}
	if len(seen) < 10 {
		b.Errorf("only %d types on record", len(seen))
	}
}

// joints proposes at one desk, accepts and consents at the other.
func joints(b *bench) {
	mx, us := b.person(b.mx, "first"), b.person(b.us, "first")
	at := mx.begin("type", "joint_commitment")
	mx.submit(at, "op", "review", "code", "J-DESK", "areas.shown", "1", "areas", "A07", "title.es", "Reunirse en la frontera", "title.en", "Meet at the border", "wording", "summary", "audience", "shared")
	mx.post(at+"/review", "op", "submit")
	if _, body := b.person(b.mx, "second").post(at+"/review", "op", "approve"); !strings.Contains(body, "It is appended") {
		b.Fatalf("not proposed:\n%s", text(body))
	}
	mx.sees("/en/desk/joint", "Waiting for the other side")
	for query, want := range map[string]bool{"?type=joint_commitment": true, "?q=meet+border": true, "?type=charter": false, "?q=meet+nowhere": false} {
		if _, body := mx.get("/en/desk/joint" + query); strings.Contains(body, "Meet at the border") != want {
			b.Errorf("joint texts narrowed by %s: listed %v", query, !want)
		}
	}
	if status, _ := mx.get("/en/desk/joint?page=x"); status != http.StatusBadRequest {
		b.Errorf("page x of the joint texts: %d, want 400", status)
	}
	if _, body := mx.get("/en/desk/joint?page=2"); strings.Contains(body, "Meet at the border") {
		b.Error("the second page of the joint texts shows what the first shows")
	}
	b.world.Sync()
	_, body := us.get("/en/desk/joint")
	m := regexp.MustCompile(`name="subject" value="j-desk"[^>]*>\s*<input type="hidden" name="body" value="([0-9a-f]{64})"`).FindStringSubmatch(body)
	if m == nil {
		b.Fatal("the proposal does not wait at the other desk")
	}
	for _, step := range []string{"ours", "consent"} {
		at, status, body := us.submit("/en/desk/joint", "subject", "j-desk", "body", m[1], "step", step)
		if status != http.StatusOK {
			b.Fatalf("%s: %d\n%s", step, status, text(body))
		}
		if at == "/en/desk/joint" {
			continue // one officer is enough for it
		}
		if _, body := b.person(b.us, "second").post(at, "op", "approve"); !strings.Contains(body, "It is appended") {
			b.Fatalf("%s is not approved:\n%s", step, text(body))
		}
	}
	b.world.Sync()
	got, err := store.Joint[entente.JointCommitment](context.Background(), b.world.MX.View(entente.Shared), entente.TypeJointCommitment, "j-desk")
	if err != nil || got.InForce == nil || got.InForce.Body.Title.EN != "Meet at the border" {
		b.Fatalf("not in force: %v", err)
	}
	if status, _ := us.post("/en/desk/joint", "subject", "j-desk", "body", m[1], "step", "ours"); status != http.StatusUnprocessableEntity {
		b.Errorf("accepted twice: %d", status)
	}
}

// importsFile tries a published file, drafts it, has it approved, and drafts its
// series; what is no file of figures is refused and changes nothing.
func importsFile(b *bench) {
	first, second := b.person(b.us, "first"), b.person(b.us, "second")
	d := b.world.Programme.Datasets[0]
	for _, x := range b.world.Programme.Datasets {
		if x.Party == entente.US {
			d = x
			break
		}
	}
	file, err := os.ReadFile(filepath.Join("..", "..", "..", "programmes", "mx-us-2025", filepath.FromSlash(d.File)))
	b.check(err)
	status, body := first.upload("/en/desk/figures", "page.csv", []byte("<!doctype html><html><body>Not found</body></html>"), "op", "preview", "audience", "public")
	if status != http.StatusUnprocessableEntity || !strings.Contains(body, "figures.file") {
		b.Errorf("a web page saved as .csv: %d", status)
	}
	name := filepath.Base(d.File)
	about := []string{
		"audience", "public", "family", d.Family, "code", "desk-import", "publisher", d.Publisher, "released", "2026-11-20", "title.es", "Prueba", "title.en", "Test",
		"licence.es", "Dominio público", "licence.en", "Public domain", "provenance.es", "Descarga", "provenance.en", "Download",
	}
	status, body = first.upload("/en/desk/figures", name, file, append(about, "op", "preview")...)
	if status != http.StatusOK || !strings.Contains(body, "Dry run") || !strings.Contains(body, "Columns recognized") || !strings.Contains(body, `value="desk-import"`) {
		b.Fatalf("dry run: %d\n%s", status, text(body))
	}
	first.upload("/en/desk/figures", name, file, append(about, "op", "draft")...)
	drafts, err := b.world.US.Store().Drafts(context.Background(), store.DraftQuery{Type: entente.TypeDataset})
	if err != nil || len(drafts) != 1 {
		b.Fatalf("%d drafts, %v", len(drafts), err)
	}
	at := "/en/desk/drafts/" + drafts[0].ID + "/review"
	first.post(at, "op", "submit")
	if _, body := second.post(at, "op", "approve"); !strings.Contains(body, "It is appended") {
		b.Fatalf("the dataset is not approved:\n%s", text(body))
	}
	_, body = first.get("/en/desk/figures")
	m := regexp.MustCompile(`name="dataset" value="([^"]+)"`).FindStringSubmatch(body)
	if m == nil {
		b.Fatal("the dataset does not wait for its series")
	}
	first.post("/en/desk/figures/observations", "dataset", m[1])
	drafts, err = b.world.US.Store().Drafts(context.Background(), store.DraftQuery{Type: entente.TypeObservations})
	if err != nil || len(drafts) == 0 {
		b.Fatalf("no series drafted: %v", err)
	}
	first.sees("/en/desk/drafts/"+drafts[0].ID+"/review", "Nothing stands in the way")
}

func accounts(b *bench) {
	p := b.person(b.us, "keyless")
	status, body := p.post("/en/desk/account/tokens", "label", "script", "days", "30")
	m := regexp.MustCompile(`entente_\d+_[\w-]+`).FindString(body)
	if status != http.StatusOK || m == "" {
		b.Fatalf("no token: %d", status)
	}
	if _, body := p.get("/en/desk/account"); strings.Contains(body, m) || !strings.Contains(body, "script") {
		b.Error("the token is shown again, or not listed")
	}
	const fresh = "another horse battery"
	if status, _ := p.post("/en/desk/account/password", "old", password, "fresh", fresh, "again", "not the same"); status != http.StatusUnprocessableEntity {
		b.Errorf("unequal passwords: %d", status)
	}
	p.post("/en/desk/account/password", "old", password, "fresh", fresh, "again", fresh)
	p.sees("/en/desk/today", "desk/sign-out")
	other := b.person(b.us, "")
	if status, _ := other.post("/en/desk/sign-in", "name", "keyless", "password", password); status != http.StatusForbidden {
		b.Errorf("the old password: %d", status)
	}
}

func peoples(b *bench) {
	admin := b.person(b.us, "admin")
	agency := b.world.Programme.Leads[entente.US]
	at, status, body := admin.submit("/en/desk/people", "name", "new.person", "display", "New Person", "agency", agency, "roles", "officer", "password", password)
	if at != "/en/desk/people/new.person" {
		b.Fatalf("not added: %d %s\n%s", status, at, text(body))
	}
	if status, _ := admin.post(at, "op", "key", "own", "my own passphrase", "own-again", "my own passphrase", "root", "wrong"); status != http.StatusForbidden {
		b.Errorf("a key without the root key: %d", status)
	}
	admin.post(at, "op", "key", "own", "my own passphrase", "own-again", "my own passphrase", "root", password)
	u, err := b.world.US.Store().User(context.Background(), "new.person")
	if err != nil || u.OfficerKey == "" {
		b.Fatalf("no key: %v", err)
	}
	if status, _ := admin.post("/en/desk/people/admin", "op", "change", "display", "Admin", "agency", agency, "roles", "officer"); status != http.StatusConflict {
		b.Errorf("the last administrator gave the role up: %d", status)
	}
	p := b.person(b.us, "new.person")
	admin.post(at, "op", "change", "display", "New Person", "agency", agency, "roles", "officer", "disabled", "1")
	if _, body := p.get("/en/desk/today"); !strings.Contains(body, `name="password"`) {
		b.Error("a disabled person is still in")
	}
}
