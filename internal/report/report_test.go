package report

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/internal/bundle"
	"entente/internal/series"
	"entente/internal/store"
	"entente/test/browser"
	"entente/test/world"
)

// portal is a portal with the sample record and its figures.
type portal struct {
	*world.Sample
	store *store.Store
}

func newPortal(t testing.TB) *portal {
	t.Helper()
	p := &portal{Sample: world.NewSample(world.New(t, entente.DigestOf([]byte("policy"))))}
	p.store = p.OpenPortal(t)
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write(p.SeriesCSV); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	d := entente.DigestOf(p.SeriesCSV)
	if err := p.store.PutFigure(t.Context(), store.Figure{Series: d, State: store.FigureEqual, Computed: d, CSV: z.Bytes(), At: world.Epoch}); err != nil {
		t.Fatal(err)
	}
	return p
}

// checks hold the sample's claim, −90 %, against its figures.
func checks() []series.Check {
	summer, _ := series.ParseWindow("2025-07..2025-08")
	return []series.Check{{
		Claim: "CL-1", Stated: "2025-09-30",
		Propositions: []series.Proposition{{
			Claimed: "-90", Unit: series.Percent, Against: series.AgainstYearBefore,
			Subjects: []series.Subject{{Indicator: "us-events", Vary: map[string][]string{"state": {"*", "US-TX"}}}},
			Spans:    []series.Span{{Kind: series.SpanMonth, Each: summer}},
		}},
	}}
}

func (p *portal) reporter(t testing.TB) *Reporter {
	return New(Options{
		Store: p.store, Checks: checks(), Demo: true, TempDir: t.TempDir(),
		Headlines: map[string]series.Where{"us-events": {"state": "US-TX"}},
		Names:     map[string]map[string]entente.Text{"state": {"US-TX": {ES: "Texas", EN: "Texas"}}},
	})
}

func mustMake(t testing.TB, r *Reporter, at store.Frontier) *Made {
	t.Helper()
	m, err := r.Make(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *Made) has(t *testing.T, lang string, words ...string) {
	t.Helper()
	text := plain(m.HTML[lang])
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%s: the report does not say %q", lang, w)
		}
	}
}

var (
	tags  = regexp.MustCompile(`(?s)<style.*?</style>|<[^>]*>`)
	space = regexp.MustCompile(`[ \t\n]+`)
)

func plain(page []byte) string {
	return space.ReplaceAllString(tags.ReplaceAllString(string(page), ""), " ")
}

func TestTheReportSaysWhatTheRecordSays(t *testing.T) {
	p := newPortal(t)
	m := mustMake(t, p.reporter(t), nil)
	m.has(t, "es",
		"Demostración reconstruida", "Programa de cooperación en seguridad", "Un programa, no un tratado.", "Nada aquí obliga a las partes.",
		"Inspecciones en el sur", "Limitado", "30 de junio de 2026", "Toma nota", "Se responden en el comunicado.", "1,250.5", "Eventos por mes",
		"Los eventos bajaron 90 %.", "2 de 4", "Primera reunión", "¿Cuántas inspecciones habrá?", "Se dirá en la próxima reunión.", "Se corrige la fecha.", "Ya no procede.",
		"Sin informe público", "A lo más diez eventos.", "recalculado aquí: igual", "Fueron 59.")
	m.has(t, "en", "Demonstration rebuilt", "Inspections in the south", "June 30, 2026", "Takes note", "1,250.5", "Events fell 90%.", "2 of 4", "recomputed here: equal")
	for lang, page := range m.HTML {
		if strings.Contains(string(page), "⟦") {
			t.Errorf("%s: a message is missing: %s", lang, regexp.MustCompile("⟦[^⟧]*⟧").FindAllString(string(page), 5))
		}
		if n := strings.Count(string(page), "<h1"); n != 1 {
			t.Errorf("%s: %d h1", lang, n)
		}
		for _, banned := range []string{"<script", "style=\"", "onclick", "http-equiv", "src=\"http"} {
			if strings.Contains(string(page), banned) {
				t.Errorf("%s: the page has %s", lang, banned)
			}
		}
	}
	if !m.AsOf.After(world.Epoch) {
		t.Errorf("as of %s", m.AsOf)
	}
}

// TestEveryLinkInThePageLeadsSomewhere holds the anchors, which every figure has.
func TestEveryLinkInThePageLeadsSomewhere(t *testing.T) {
	m := mustMake(t, newPortal(t).reporter(t), nil)
	for lang, page := range m.HTML {
		ids := map[string]int{}
		for _, id := range regexp.MustCompile(` id="([^"]+)"`).FindAllSubmatch(page, -1) {
			ids[string(id[1])]++
		}
		for id, n := range ids {
			if n > 1 {
				t.Errorf("%s: the ID %s is there %d times", lang, id, n)
			}
		}
		for _, a := range regexp.MustCompile(` href="#([^"]+)"`).FindAllSubmatch(page, -1) {
			if ids[string(a[1])] == 0 {
				t.Errorf("%s: nothing is at #%s", lang, a[1])
			}
		}
		if figs := regexp.MustCompile(`class="fig" href="#(e[0-9]+)"`).FindAll(page, -1); len(figs) < 10 {
			t.Errorf("%s: %d figures lead to their entries", lang, len(figs))
		}
	}
}

func TestTheModelCounts(t *testing.T) {
	m := mustMake(t, newPortal(t).reporter(t), nil).Model
	value := map[string]string{}
	for _, f := range m.Figures {
		value[f.ID] = f.Value
	}
	got := map[string]string{}
	for _, c := range slices.Concat(m.Counts, m.Stances) {
		got[c.Kind] = value[c.Figure]
	}
	for kind, want := range map[string]string{NoReport: "2", "limited": "1", "complete": "0", "takes_note": "1", "disputes": "0"} {
		if got[kind] != want {
			t.Errorf("%s: %s, want %s", kind, got[kind], want)
		}
	}
	if len(m.Areas) != 2 || len(m.Areas[0].Pairs) != 1 || len(m.Areas[0].Pairs[0].Sides) != 2 {
		t.Fatalf("areas: %+v", m.Areas)
	}
	var mx *Undertaking
	for i := range m.Undertakings {
		if m.Undertakings[i].Completion == "limited" {
			mx = &m.Undertakings[i]
		}
	}
	if mx == nil || len(mx.Milestones) != 1 || len(mx.Actions) != 1 || len(mx.Positions) != 1 || len(mx.Indicators) != 1 || len(mx.Gaps) != 0 {
		t.Errorf("Mexico's commitment: %+v", mx)
	}
	in := m.Indicators[0]
	if value[in.Latest] != "4" || value[in.YearBefore] != "80" || value[in.Change] != "-95" {
		t.Errorf("headline: %s, %s a year before, %s", value[in.Latest], value[in.YearBefore], value[in.Change])
	}
	c := m.Claims[slices.IndexFunc(m.Claims, func(c Claim) bool { return c.Outcome != "" })]
	if c.Outcome != series.DependsOn || c.Decided != 4 {
		t.Errorf("assessment: %+v", c)
	}
}

func TestTheSameFrontierGivesTheSameBytes(t *testing.T) {
	p := newPortal(t)
	first := mustMake(t, p.reporter(t), nil)
	p.later()
	p.Sync(t, p.store)
	second := mustMake(t, p.reporter(t), first.Frontier) // another reporter, from a projection made for it
	for _, lang := range []string{"es", "en"} {
		if !bytes.Equal(first.HTML[lang], second.HTML[lang]) {
			t.Errorf("%s: two renderings of one frontier differ", lang)
		}
	}
	if !bytes.Equal(first.json, second.json) {
		t.Error("two models of one frontier differ")
	}
	newest := mustMake(t, p.reporter(t), nil)
	if bytes.Equal(first.HTML["es"], newest.HTML["es"]) {
		t.Error("the newest report does not have what came later")
	}
	newest.has(t, "es", "Después del corte")
}

func (p *portal) later() {
	text := entente.Text{ES: "Después del corte", EN: "After the frontier"}
	p.Add(p.MX, entente.Public, "SRE", entente.TypeNotice, "later", entente.Notice{Code: "N-9", Title: text, Text: text})
	p.Add(p.MX, entente.Public, "SRE", entente.TypeKey, "key-later", entente.Key{Action: "revoke", Key: p.MX.Agency("SSPC").Binding})
}

func TestTheReportOfADay(t *testing.T) {
	p := newPortal(t)
	r := p.reporter(t)
	f, err := r.FrontierOn(t.Context(), world.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	newest, err := r.Frontier(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if f.Digest() != newest.Digest() {
		t.Error("all of the sample is stated on its first day, and the day's frontier is another than the newest")
	}
	before, err := r.FrontierOn(t.Context(), world.Epoch.Add(-48*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if len(before) != 0 {
		t.Errorf("before the first entry: %v", before)
	}
	if _, err := r.Make(t.Context(), store.Frontier{"demo.mx.entente/public": {Size: 2, Root: entente.DigestOf(nil)}}); !errors.Is(err, ErrFrontier) {
		t.Errorf("a frontier with another root: %v", err)
	}
	l := p.Log(p.MX, entente.Public)
	head := l.Head(1)
	if _, err := r.Make(t.Context(), store.Frontier{l.Origin: {Size: 1, Root: head.Root}}); !errors.Is(err, ErrNoCharter) {
		t.Errorf("a frontier before the charter: %v", err)
	}
}

func TestTheBundleVerifies(t *testing.T) {
	p := newPortal(t)
	r := p.reporter(t)
	m := mustMake(t, r, nil)
	p.later() // the frontier is older than the checkpoint, and a key has ended since
	p.Sync(t, p.store)
	raw, err := r.Bundle(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	pins := map[string]entente.Digest{"MX": entente.DigestOf(p.MX.GenesisRaw), "US": entente.DigestOf(p.US.GenesisRaw), "portal": entente.DigestOf(p.Portal.GenesisRaw)}
	f, err := bundle.Verify(bytes.NewReader(raw), int64(len(raw)), bundle.Options{Pins: pins, Render: Render})
	if err != nil {
		t.Fatal(err)
	}
	pages := 0
	for _, one := range f.List {
		if one.Outcome == bundle.Failed {
			t.Errorf("%s %s: %s", one.Check, one.About, one.Text.EN)
		}
		if one.Check == bundle.CheckPages && one.Outcome == bundle.Passed {
			pages++
		}
	}
	if pages != 2 || f.Figures < 10 {
		t.Errorf("%d pages rendered again, %d figures", pages, f.Figures)
	}
}

func TestTheLanguagesMustAgree(t *testing.T) {
	p := newPortal(t)
	p.Add(p.MX, entente.Public, "SRE", entente.TypeNotice, "unequal", entente.Notice{
		Code: "N-8", Title: entente.Text{ES: "Aviso", EN: "Notice"}, Text: entente.Text{ES: "Habrá 10,000 elementos.", EN: "There will be 1,000 members."},
	})
	p.Sync(t, p.store)
	_, err := p.reporter(t).Make(t.Context(), nil)
	var parity *ParityError
	if !errors.As(err, &parity) {
		t.Fatalf("got %v", err)
	}
	if !slices.Equal(parity.ES, []string{"10000"}) || !slices.Equal(parity.EN, []string{"1000"}) || !strings.HasPrefix(parity.Place, "notice-") {
		t.Errorf("%+v", parity)
	}
}

func TestParity(t *testing.T) {
	cases := []struct {
		name, es, en string
		equal        bool
	}{
		{"forms", `<p>10,000.5 el 3 de septiembre de 2025</p>`, `<p>September 3, 2025: 10,000.5</p>`, true},
		{"missing", `<p>5</p>`, `<p>five</p>`, false},
		{"twice", `<p>5 y 5</p>`, `<p>5</p>`, false},
		{"moved", `<p id="a">5</p><p id="b"></p>`, `<p id="a"></p><p id="b">5</p>`, false},
		{"styles", `<style>a{margin:1px}</style><p>5</p>`, `<style>a{margin:2px}</style><p>5</p>`, true},
		{"attributes", `<p class="x1">5</p>`, `<p class="x2">5</p>`, true},
		{"labels", `<p aria-label="5"></p>`, `<p aria-label="6"></p>`, false},
		{"entities", `<p>5&#160;%</p>`, `<p>5%</p>`, true},
		{"decimals", `<p>10.5</p>`, `<p>105</p>`, false},
	}
	for _, c := range cases {
		if err := parity([]byte(c.es), []byte(c.en)); (err == nil) != c.equal {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func FuzzParity(f *testing.F) {
	f.Add([]byte(`<`))
	f.Add([]byte(`5<p class="`))
	f.Add([]byte(`<p id="a">5 <b>6</b></p><br/><style>7</style>`))
	f.Fuzz(func(t *testing.T, page []byte) {
		if err := parity(page, page); err != nil {
			t.Errorf("a page differs from itself: %v", err)
		}
	})
}

func FuzzRender(f *testing.F) {
	m := mustMake(f, newPortal(f).reporter(f), nil)
	f.Add(m.json)
	f.Add([]byte(`{"format":"entente-report/1"}`))
	f.Fuzz(func(t *testing.T, model []byte) {
		_, _ = Render(model, func(ref entente.Ref) ([]byte, bool) { raw, ok := m.entries[ref]; return raw, ok }, nil)
	})
}

// TestAccessible holds the pages against WCAG 2.2 AA, on a screen, on a phone and
// on paper.
func TestAccessible(t *testing.T) {
	m := mustMake(t, newPortal(t).reporter(t), nil)
	mux := http.NewServeMux()
	for lang, page := range m.HTML {
		mux.HandleFunc("GET /"+lang, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src "+StyleSource)
			_, _ = w.Write(page)
		})
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	b := browser.Start(t)
	for _, lang := range []string{"es", "en"} {
		for _, v := range []browser.View{{}, browser.Phone(), {Print: true}} {
			p := b.Open(t, server.URL+"/"+lang, v)
			for _, found := range append(p.Violations(), p.Problems()...) {
				t.Errorf("%s, %+v: %s", lang, v, found)
			}
		}
	}
}

// TestFiguresThatArriveLater are asked for once more, and a report without them is
// not kept.
func TestFiguresThatArriveLater(t *testing.T) {
	p := newPortal(t)
	d := entente.DigestOf(p.SeriesCSV)
	whole, err := p.store.Figure(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	put := func(f store.Figure) {
		t.Helper()
		if err := p.store.PutFigure(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	put(store.Figure{Series: d, State: store.FigureMissing, At: world.Epoch})
	r := p.reporter(t)
	mustMake(t, r, nil).has(t, "es", "el archivo no está en este nodo")
	asked := entente.Ref{}
	r.o.Check = func(_ context.Context, ref entente.Ref) (store.FigureState, error) {
		asked = ref
		put(whole)
		return store.FigureEqual, nil
	}
	mustMake(t, r, nil).has(t, "es", "recalculado aquí: igual")
	if asked != p.Observations {
		t.Errorf("asked for %s", asked)
	}
}

func TestWithoutABrowser(t *testing.T) {
	p := newPortal(t)
	r := p.reporter(t)
	r.o.Chromium = "no-such-browser"
	m := mustMake(t, r, nil)
	if _, err := r.PDF(t.Context(), m, "es"); !errors.Is(err, ErrNoChromium) || r.CanPrint() {
		t.Errorf("got %v", err)
	}
	if raw, err := r.Bundle(t.Context(), m); err != nil || len(raw) == 0 {
		t.Errorf("a bundle without PDFs: %v", err)
	}
}

func TestPDF(t *testing.T) {
	p := newPortal(t)
	r := p.reporter(t)
	if !r.CanPrint() {
		t.Fatal("no Chromium to test with: scripts/tools.sh installs one")
	}
	m := mustMake(t, r, nil)
	pdf, err := r.PDF(t.Context(), m, "es")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"%PDF-", "/StructTreeRoot", "/MarkInfo", "/Outlines", "/Lang"} {
		if !bytes.Contains(pdf, []byte(want)) {
			t.Errorf("the PDF has no %s", want)
		}
	}
	again, err := r.PDF(t.Context(), m, "es")
	if err != nil || &again[0] != &pdf[0] {
		t.Errorf("printed twice (%v)", err)
	}
	if dir := os.Getenv("REPORT_OUT"); dir != "" {
		for name, content := range map[string][]byte{"es.pdf": pdf, "es.html": m.HTML["es"], "en.html": m.HTML["en"], "model.json": m.json} {
			if err := os.WriteFile(dir+"/"+name, content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
