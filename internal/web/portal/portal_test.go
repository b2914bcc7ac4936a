package portal_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
	"testing"

	"entente"
	"entente/internal/store"
	"entente/test/browser"
	"entente/test/demo"
)

// world is the whole programme, filled once for all tests of the package.
var world = sync.OnceValue(func() *demo.World { return demo.New(keep) })

// keep is the test that outlives the others: its clean-ups run at the end of all.
var keep = &keeper{}

type keeper struct {
	testing.TB
	mu      sync.Mutex
	cleanup []func()
}

func TestMain(m *testing.M) { keep.run(m) }

// TestEveryPage follows every link of the site over the whole programme: each page
// answers, is whole in both languages, and leads somewhere.
func TestEveryPage(t *testing.T) {
	visits := browser.Walk{
		Base: world().Serve(), Starts: []string{"/es/", "/en/"}, Max: 2200,
		Alone: func(path string) bool { return strings.Contains(path, "/report/") },
		Label: "Demostración reconstruida de fuentes públicas / Demonstration rebuilt from public sources",
	}.Run(t)
	if len(visits) < 1000 {
		t.Errorf("only %d pages were found", len(visits))
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

func page(t *testing.T, url string) string {
	t.Helper()
	status, body := get(t, url)
	if status != http.StatusOK {
		t.Fatalf("%s: status %d", url, status)
	}
	return body
}

func holds(t *testing.T, body string, want ...string) {
	t.Helper()
	for _, s := range want {
		if !strings.Contains(body, s) {
			t.Errorf("the page does not say %q", s)
		}
	}
}

func lacks(t *testing.T, body string, none ...string) {
	t.Helper()
	for _, s := range none {
		if strings.Contains(body, s) {
			t.Errorf("the page says %q", s)
		}
	}
}

// What each side promised on arms trafficking, and what is missing on each half.
func TestPairsOnFirearmsShowBothHalvesAndTheirGaps(t *testing.T) {
	base := world().Serve()
	body := page(t, base+"/en/pairs?area=A07")
	holds(t, body, "Extend eTrace to the 32 states", "Facilitate the Mexican expansion of eTrace and ballistics", "What is missing",
		"No expected date", "No public report of progress", "The other party has taken no position")
	lacks(t, body, "Eliminate clandestine border tunnels")
	holds(t, page(t, base+"/es/pairs?area=A07"), "Extender eTrace a las 32 entidades", "Qué falta")
}

// Why "−93 %" is and is not true.
func TestTheClaimOfEncountersShowsItsReadings(t *testing.T) {
	base := world().Serve()
	body := page(t, base+"/en/citations/portal/cl027")
	holds(t, body, "Depends on the reading", "16 of 52 readings give it", "−93.31%", "−92.48%", "Apr 2025, May 2025, Jun 2025",
		"No period gives the claimed figure", "Encounters nationwide", "Migration encounters at the border fell 93%")
	holds(t, page(t, base+"/es/citations/portal/cl027"), "Depende de la lectura", "−92.48\u00a0%", "Ningún periodo da la cifra afirmada")
}

// Whoever types without accents or in capitals finds what is written with them.
func TestFiltersFindWithoutAccents(t *testing.T) {
	base := world().Serve()
	for _, c := range []struct{ path, finds, leaves string }{
		{"/es/commitments?q=TRAFICO", "Trabajar para impedir el tráfico de armas", "Eliminar túneles fronterizos clandestinos"},
		{"/es/indicators?q=victimas", "Víctimas de homicidio doloso", "Fentanilo decomisado por CBP"},
		{"/es/claims?q=tuneles", "túneles", "Los encuentros de migrantes en la frontera bajaron 93%"},
		{"/es/questions?q=informacion", "información", "traslado"},
		{"/es/meetings?q=implementacion", "Primera reunión del Grupo de Implementación", "Los titulares de Exteriores revisan"},
		{"/es/meetings?writer=portal", "Viaje del secretario de Seguridad", "Primera reunión del Grupo de Implementación"},
		{"/es/pairs?q=CASINOS", "Bloquear casinos ligados al crimen organizado", "Extender eTrace a las 32 entidades"},
	} {
		body := page(t, base+c.path)
		list := body[strings.Index(body, `id="results"`):]
		holds(t, list, c.finds)
		lacks(t, list, c.leaves)
	}
	holds(t, page(t, base+"/es/meetings?q=zzz"), "0 registros", "Quitar filtros")
}

func TestFiltersNarrow(t *testing.T) {
	base := world().Serve()
	rows := func(path string) int { return strings.Count(page(t, base+path), "<tr>") }
	for _, c := range []struct{ all, narrow string }{
		{"/en/commitments", "/en/commitments?area=A07"}, {"/en/commitments", "/en/commitments?status=limited"},
		{"/en/indicators", "/en/indicators?party=MX"}, {"/en/indicators", "/en/indicators?q=fentanyl"}, {"/en/claims", "/en/claims?assessment=supported"},
		{"/en/agencies", "/en/agencies?writer=US"}, {"/en/latest?type=charter", "/en/latest?type=charter&writer=MX"},
	} {
		all, narrow := rows(c.all), rows(c.narrow)
		if narrow < 2 || narrow >= all {
			t.Errorf("%s has %d rows of the %d of %s", c.narrow, narrow, all, c.all)
		}
	}
}

func TestWhatCannotBeAnsweredSaysSo(t *testing.T) {
	base := world().Serve()
	for path, want := range map[string]int{
		"/en/nothing": 404, "/es/indicators/none": 404, "/en/commitments/MX/none": 404, "/en/entries/demo.mx.entente/public/999999": 404,
		"/en/indicators/us-encounters-southwest?view=wish": 400, "/en/indicators/us-encounters-southwest?dim.geography=moon": 400,
		"/en/indicators/us-encounters-southwest?release=none": 400, "/en/indicators/us-encounters-southwest?unit=lb": 400,
		"/en/indicators/us-encounters-southwest?a_from=2025-13": 400, "/en/claims?page=0": 400, "/en/search?q=x&in=moon": 400,
		"/en/report/report.exe": 404, "/en/report/en.html?frontier=00": 400, "/en/report/en.html?asof=tomorrow": 400,
		"/robots.txt": 200, "/healthz": 200, "/en/report?asof=tomorrow": 200,
	} {
		if got, body := get(t, base+path); got != want {
			t.Errorf("%s: status %d, want %d: %.200s", path, got, want, body)
		}
	}
}

// Every figure leads in one click to its entry and its file.
func TestFiguresLeadToTheirPedigree(t *testing.T) {
	base := world().Serve()
	body := page(t, base+"/en/indicators/us-fentanyl-seized-weight?unit=lb")
	holds(t, body, "Recomputed here: equal", "/en/entries/demo.us.entente/public/", "/en/datasets/US/", "pounds", "No agreed target", "Direction")
	body = page(t, base+"/en/indicators/us-encounters-southwest?view=windows&a_from=2025-01&a_to=2025-07&b_from=2024-01&b_to=2024-12")
	holds(t, body, "windows of unequal length", "125,775")
	csv := page(t, base+"/en/indicators/us-encounters-southwest/figures.csv?view=years&calendar=us_fiscal")
	holds(t, csv, "FY 2024", "Category")
	holds(t, page(t, base+"/es/indicators/us-encounters-nationwide?view=map"), "Texas", "c-map")
}

func TestSearchMarksWhatItFound(t *testing.T) {
	base := world().Serve()
	body := page(t, base+"/es/search?q=fentanilo")
	holds(t, body, "<mark>", "Indicadores", "Citas")
	body = page(t, base+"/es/search?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E")
	lacks(t, body, "<script>alert")
	one := page(t, base+"/es/search?q=fentanilo&in=indicators")
	lacks(t, one, `id="in-citations"`)
}

func TestVerifyChecksAnEntryByNameAndByItsText(t *testing.T) {
	w := world()
	base := w.Serve()
	body := page(t, base+"/en/verify")
	holds(t, body, "Ed25519, the log’s own (Mexico)", "ML-DSA-44, the log’s own (United States)", "Cosignature: Mexico")
	// The commands that the page prints are of this site, and the addresses in them answer.
	for _, at := range []string{"/mirror/demo.mx.entente/public/", "/mirror/demo.us.entente/public/", "/log/demo.portal.entente/public/"} {
		holds(t, body, "curl "+base+at+"checkpoint<", "--storage_url="+base+at+" --origin="+at[strings.Index(at, "demo."):len(at)-1]+" --public_key=")
	}
	holds(t, page(t, base+"/en/verify?entry=demo.mx.entente/public%231"), "The log holds these very bytes", "Inclusion proven")
	holds(t, page(t, base+"/en/verify?entry=demo.mx.entente/public%2399999"), "No log here holds this entry")
	raw, err := w.Portal.Store().Entry(t.Context(), w.MX.Origin(entente.Public), 5)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, post(t, base+"/en/verify", "note", "", raw), "The log holds these very bytes", "demo.mx.entente/public#5")
	changed := bytes.Replace(raw, []byte("MX"), []byte("US"), 1)
	answer := post(t, base+"/en/verify", "note", "", changed)
	lacks(t, answer, "The log holds these very bytes")
	holds(t, answer, ">entente/v1 ") // what was handed in is still in the form
	holds(t, post(t, base+"/en/verify", "bundle", "x.zip", []byte("no bundle")), "is not a verification bundle")
}

// post sends one field of a form, as a file where it has a name.
func post(t *testing.T, url, field, name string, content []byte) string {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	var part io.Writer
	var err error
	if name != "" {
		part, err = form.CreateFormFile(field, name)
	} else {
		part, err = form.CreateFormField(field)
	}
	if err == nil {
		_, err = part.Write(content)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(url, form.FormDataContentType(), &b)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d, %v: %.300s", url, resp.StatusCode, err, raw)
	}
	return string(raw)
}

// The report is downloaded here and its bundle verified here.
func TestReportAndItsBundle(t *testing.T) {
	base := world().Serve()
	holds(t, page(t, base+"/es/report"), "report.zip", "Informe de avance")
	holds(t, page(t, base+"/es/report/es.html"), `lang="es`)
	bundle := page(t, base+"/es/report/report.zip")
	holds(t, post(t, base+"/en/verify", "bundle", "report.zip", []byte(bundle)), "The bundle holds")
}

// A page follows from its address, the frontier and the figures: a page made before
// the figures were recomputed is made again.
func TestTheCacheKnowsTheAgeOfTheFigures(t *testing.T) {
	w := world()
	before := w.Portal.Figures().Age()
	page, err := store.List[entente.Observations](t.Context(), w.Portal.View(entente.Public), store.Query{Type: entente.TypeObservations, Limit: 1})
	if err != nil || len(page.Items) == 0 {
		t.Fatal(err)
	}
	if _, err := w.Portal.Figures().Check(t.Context(), page.Items[0].Ref); err != nil {
		t.Fatal(err)
	}
	if w.Portal.Figures().Age() == before {
		t.Error("figures were settled and their age is the same")
	}
}

// What no government stated says so where it is listed, on its own page and where it
// is found.
func TestTermsAndRoutesSayThatTheyAreAnExample(t *testing.T) {
	base := world().Serve()
	for _, path := range []string{
		"/en/terms-of-exchange", "/en/terms-of-exchange/mx-us-2025", "/en/routes", "/en/routes/MX/mx-us-2025", "/en/routes/US/mx-us-2025",
	} {
		holds(t, page(t, base+path), "Example for the demonstration: the public record states no ")
		holds(t, page(t, base+"/es"+strings.TrimPrefix(path, "/en")), "Ejemplo para la demostración: el registro público no recoge ")
	}
	holds(t, page(t, base+"/en/search?q=states+no+route"), "/en/routes/US/mx-us-2025")
}
