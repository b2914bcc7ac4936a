package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"entente"
	"entente/internal/blobstore"
	"entente/internal/store"
	"entente/test/world"
)

// portal is a portal with the sample record.
type portal struct {
	*world.Sample
	t       testing.TB
	store   *store.Store
	handler http.Handler
}

type blobs map[entente.Digest][]byte

func (b blobs) Get(_ context.Context, d entente.Digest) (io.ReadCloser, int64, error) {
	content, ok := b[d]
	if !ok {
		return nil, 0, blobstore.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(content)), int64(len(content)), nil
}

func newPortal(t testing.TB, change ...func(*Deps)) *portal {
	t.Helper()
	p := &portal{Sample: world.NewSample(world.New(t, entente.DigestOf([]byte("policy")))), t: t}
	p.store = p.OpenPortal(t)
	stranger := []byte("held, but named by no entry")
	d := Deps{Store: p.store, Audience: entente.Public, Demo: true, Base: "https://portal.example", Rate: 1 << 20,
		Blobs: blobs{entente.DigestOf(p.File): p.File, entente.DigestOf(stranger): stranger}}
	for _, c := range change {
		c(&d)
	}
	p.handler = New(d)
	return p
}

// ask makes a request; headers are name, value pairs.
func (p *portal) ask(method, path string, headers ...string) *httptest.ResponseRecorder {
	p.t.Helper()
	r := httptest.NewRequestWithContext(p.t.Context(), method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w
}

// get reads a JSON answer.
func get[T any](p *portal, path string, headers ...string) T {
	p.t.Helper()
	w := p.ask(http.MethodGet, path, headers...)
	if w.Code != http.StatusOK {
		p.t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	var out T
	d := json.NewDecoder(w.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&out); err != nil {
		p.t.Fatalf("%s: %v", path, err)
	}
	return out
}

// refused reads a problem.
func (p *portal) refused(status int, code, method, path string, headers ...string) Problem {
	p.t.Helper()
	w := p.ask(method, path, headers...)
	var out Problem
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		p.t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	if w.Code != status || out.Status != status || out.Type != "/api/problems/"+code || w.Header().Get("Content-Type") != "application/problem+json" {
		p.t.Errorf("%s %s: %d %+v, want %d %s", method, path, w.Code, out, status, code)
	}
	if out.Title == "" || out.Detail == "" || strings.Contains(out.Title+out.Detail, "⟦") || out.Demonstration == nil {
		p.t.Errorf("%s: the problem does not say enough: %+v", path, out)
	}
	for _, f := range out.Errors {
		if f.Detail == "" || strings.Contains(f.Detail, "⟦") {
			p.t.Errorf("%s: the fault does not say enough: %+v", path, f)
		}
	}
	return out
}

// TestEveryTable reads every public table as JSON and CSV, and each of its things.
func TestEveryTable(t *testing.T) {
	p := newPortal(t)
	for _, table := range tablesOf(entente.Public) {
		t.Run(table.name, func(t *testing.T) {
			path := "/api/v1/" + table.name
			list := get[List](p, path+"?withdrawn=yes&versions=all")
			if list.Total == 0 || len(list.Items) != list.Total {
				t.Fatalf("%d items of %d", len(list.Items), list.Total)
			}
			if list.Demonstration == nil || len(list.Disclaimer) != 2 {
				t.Error("the list does not say that it is a demonstration, or what it does not create")
			}
			w := p.ask(http.MethodGet, path+"?withdrawn=yes&versions=all", "Accept", "text/csv", "Accept-Language", "es")
			rows, err := csv.NewReader(w.Body).ReadAll()
			if err != nil || len(rows) != list.Total+1 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/csv") {
				t.Fatalf("CSV: %d rows for %d items, %v", len(rows), list.Total, err)
			}
			for _, row := range rows[1:] {
				if notice := row[len(row)-1]; !strings.Contains(notice, "Demostración") || !strings.Contains(notice, "No crea obligaciones") {
					t.Errorf("a row without its notice: %q", notice)
				}
			}
			for _, item := range list.Items {
				thing := get[ThingAnswer](p, path+"/"+item.Writer+"/"+item.Subject)
				if len(thing.Versions) == 0 {
					t.Errorf("%s has no versions", item.Subject)
				}
				e := get[EntryAnswer](p, item.URL)
				if e.Entry.Entry != item.Entry || !bytes.Equal(e.Entry.Body, item.Body) {
					t.Errorf("%s reads otherwise as an entry", item.Entry)
				}
			}
			if table.rule.Joint {
				j := get[JointAnswer](p, "/api/v1/joint/"+table.name+"/"+list.Items[0].Subject)
				if j.InForce == nil || len(j.InForce.Halves) != 2 || len(j.InForce.Body) == 0 {
					t.Errorf("joint: %+v", j)
				}
			}
		})
	}
}

func TestWhatATableFilters(t *testing.T) {
	p := newPortal(t)
	count := func(query string) int {
		t.Helper()
		return get[List](p, "/api/v1/"+query).Total
	}
	for query, want := range map[string]int{
		"commitments":                               2,
		"commitments?withdrawn=yes":                 3,
		"commitments?versions=all":                  3,
		"commitments?party=MX":                      1,
		"commitments?writer=US":                     1,
		"commitments?subject=mx-arms-1":             1,
		"commitments?area=arms":                     2,
		"commitments?area=nowhere":                  0,
		"commitments?code=MX-ARMS-1":                1,
		"commitments?code=MX-ARMS-1&code=US-ARMS-1": 2,
		"commitments?due.min=2026-06-30":            1,
		"commitments?due.max=2026-06":               1,
		"commitments?due.min=2026-07":               0,
		"commitments?q=inspecciones":                1,
		"commitments?status=inadmissible":           0,
		"actions?state=MX-SON":                      1,
		"actions?kind=seizure&agency=SSPC":          1,
		"meetings?number=2":                         1,
		"meetings?number.min=1":                     2,
		"claims?measure=events":                     1,
		"positions?stance=takes_note":               1,
		"datasets?source.code=S9":                   0,
	} {
		if got := count(query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	up := get[List](p, "/api/v1/meetings?order=from_date")
	down := get[List](p, "/api/v1/meetings?order=-from_date")
	if up.Items[0].Subject != "m-1" || down.Items[0].Subject != "m-2" {
		t.Error("order does not turn round")
	}
}

func TestAThingWithItsHistory(t *testing.T) {
	p := newPortal(t)
	thing := get[ThingAnswer](p, "/api/v1/commitments/MX/mx-arms-1")
	if len(thing.Versions) != 2 || thing.Current == nil || thing.Current.Ref != p.Arms2 || thing.Current.Correction == nil {
		t.Errorf("history: %+v", thing)
	}
	if len(thing.Positions) != 1 || thing.Positions[0].Stance != entente.TakesNote || thing.Positions[0].On != p.Arms2.String() {
		t.Errorf("positions: %+v", thing.Positions)
	}
	var linked []entente.Type
	for _, l := range thing.Linked {
		linked = append(linked, l.Type)
	}
	for _, want := range []entente.Type{entente.TypeMilestone, entente.TypeProgress, entente.TypeAction, entente.TypeLink} {
		if !slices.Contains(linked, want) {
			t.Errorf("%s is not among what refers to it: %v", want, linked)
		}
	}
	gone := get[ThingAnswer](p, "/api/v1/commitments/US/us-drones-1")
	if !gone.Withdrawn || gone.Withdrawal == nil {
		t.Errorf("withdrawn: %+v", gone)
	}
}

func TestRefusals(t *testing.T) {
	p := newPortal(t)
	get := http.MethodGet
	for path, fault := range map[string]string{
		"/api/v1/commitments?colour=red":               "unknown",
		"/api/v1/commitments?limit=0":                  "range",
		"/api/v1/commitments?limit=5000":               "range",
		"/api/v1/commitments?limit=x":                  "range",
		"/api/v1/commitments?area=a&area=b":            "twice",
		"/api/v1/commitments?area=":                    "empty",
		"/api/v1/commitments?status=fine":              "choice",
		"/api/v1/commitments?order=beauty":             "choice",
		"/api/v1/commitments?writer=MX&party=US":       "against",
		"/api/v1/meetings?number=first":                "number",
		"/api/v1/entries?type=telegram":                "choice",
		"/api/v1/search":                               "required",
		"/api/v1/frontier?x=1":                         "unknown",
		"/feed.atom?x=1":                               "unknown",
		"/api/v1/search?q=" + strings.Repeat("a", 401): "long",
	} {
		out := p.refused(422, "parameters", get, path)
		if len(out.Errors) != 1 || out.Errors[0].Code != fault {
			t.Errorf("%s: %+v, want %s", path, out.Errors, fault)
		}
	}
	p.refused(422, "cursor", get, "/api/v1/commitments?cursor=nonsense")
	for _, path := range []string{
		"/api/v1/commitments/MX/none", "/api/v1/entries/demo.mx.entente/public/99999", "/api/v1/entries/demo.mx.entente/shared/0",
		"/api/v1/entries/demo.mx.entente/public/x", "/api/v1/joint/charters/none", "/api/v1/consents", "/api/nothing", "/blob/zz",
		"/blob/" + entente.DigestOf([]byte("held, but named by no entry")).String(),
		"/api/v1/publications", "/api/problems/none",
	} {
		p.refused(404, "notfound", get, path)
	}
	if out := p.refused(405, "method", http.MethodPost, "/api/v1/commitments"); !strings.Contains(out.Detail, "GET") {
		t.Errorf("the problem does not name what is allowed: %s", out.Detail)
	}
	es := p.refused(404, "notfound", get, "/api/v1/commitments/MX/none", "Accept-Language", "es-MX")
	en := p.refused(404, "notfound", get, "/api/v1/commitments/MX/none?lang=en", "Accept-Language", "es-MX")
	if es.Title == en.Title {
		t.Errorf("one language for both readers: %q", es.Title)
	}
}

// TestEveryProblemIsExplained holds that each type's address explains it.
func TestEveryProblemIsExplained(t *testing.T) {
	p := newPortal(t)
	for _, code := range problemCodes {
		out := get[struct {
			Type         string
			Title, About entente.Text
		}](p, "/api/problems/"+code)
		if strings.Contains(out.Title.ES+out.Title.EN+out.About.ES+out.About.EN, "⟦") || out.Title.ES == out.Title.EN {
			t.Errorf("%s: %+v", code, out)
		}
	}
}

// TestCursorsUnderAppends pages while entries arrive: what was there at the
// beginning comes exactly once.
func TestCursorsUnderAppends(t *testing.T) {
	p := newPortal(t)
	for _, order := range []string{"", "&order=time", "&order=-time", "&order=title", "&order=-order", "&order=code"} {
		before := map[string]bool{}
		for _, i := range get[List](p, "/api/v1/notices?limit=1000").Items {
			before[i.Entry] = true
		}
		for i := range 7 {
			p.addNotice(i)
			before[p.lastNotice()] = true
		}
		seen := map[string]int{}
		path := "/api/v1/notices?limit=2" + order
		for page := 0; path != ""; page++ {
			list := get[List](p, path)
			for _, i := range list.Items {
				seen[i.Entry]++
			}
			if page < 10 {
				p.addNotice(page)
			}
			path = list.NextURL
			if page > 200 {
				t.Fatal("the list never ends")
			}
		}
		for e := range before {
			if seen[e] != 1 {
				t.Errorf("order %q: %s came %d times", order, e, seen[e])
			}
		}
		for e, n := range seen {
			if n != 1 {
				t.Errorf("order %q: %s came %d times", order, e, n)
			}
		}
	}
}

func (p *portal) addNotice(i int) {
	p.t.Helper()
	n := len(p.Log(p.MX, entente.Public).Raws)
	title := entente.Text{ES: strings.Repeat("z", i%3+1) + " aviso"}
	p.Add(p.MX, entente.Public, "SRE", entente.TypeNotice, "n-"+itoa(n), entente.Notice{Code: "N-" + itoa(n), Title: title, Text: title})
	p.Sync(p.t, p.store)
}

func (p *portal) lastNotice() string {
	return p.Log(p.MX, entente.Public).Origin + "#" + itoa(len(p.Log(p.MX, entente.Public).Raws)-1)
}

// TestFormulasAreGuarded holds that no cell of a CSV can be taken for a formula.
func TestFormulasAreGuarded(t *testing.T) {
	for cell, want := range map[string]string{
		"=1+1": "'=1+1", "+52": "'+52", "-93": "-93", "-0.5": "-0.5", "-a": "'-a", "@x": "'@x", "\tx": "'\tx", "\rx": "'\rx", "": "", "a=b": "a=b", "-1e3": "'-1e3",
	} {
		if got := guarded(cell); got != want {
			t.Errorf("%q: %q, want %q", cell, got, want)
		}
	}
	p := newPortal(t)
	w := p.ask(http.MethodGet, "/api/v1/commitments?party=US&format=csv")
	if body := w.Body.String(); !strings.Contains(body, "'=Ampliará") || strings.Contains(body, ",=Ampliará") {
		t.Errorf("a description that begins with an equals sign is not guarded: %s", body)
	}
}

func TestCSVOfALargeTableIsWhole(t *testing.T) {
	p := newPortal(t)
	for i := range 1100 {
		n := len(p.Log(p.MX, entente.Public).Raws)
		title := entente.Text{ES: "Aviso " + itoa(i)}
		p.Add(p.MX, entente.Public, "SRE", entente.TypeNotice, "n-"+itoa(n), entente.Notice{Code: "N-" + itoa(n), Title: title, Text: title})
	}
	p.Sync(t, p.store)
	w := p.ask(http.MethodGet, "/api/v1/notices?format=csv")
	rows, err := csv.NewReader(w.Body).ReadAll()
	if err != nil || len(rows) != 1102 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	w = p.ask(http.MethodGet, "/api/v1/notices?format=csv&limit=10")
	if rows, err := csv.NewReader(w.Body).ReadAll(); err != nil || len(rows) != 11 || !strings.Contains(w.Header().Get("Link"), `rel="next"`) {
		t.Errorf("a page of 10: %d rows, %v, Link %q", len(rows), err, w.Header().Get("Link"))
	}
}
