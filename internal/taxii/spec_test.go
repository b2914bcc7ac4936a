package taxii

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"entente/internal/locale"
)

// fill adds what the tests of reading read: three objects, one of them twice.
func fill(r *rig) {
	r.receive(1, []string{"FGR"}, identity(1, 1), identity(2, 1))
	r.receive(2, []string{"FGR", "SSPC"}, identity(1, 3), identity(3, 1))
}

func TestDiscoveryAndRoot(t *testing.T) { // sections 4.1, 4.2, 8.2.1
	r := newRig(t)
	var d discoveryResource
	r.get("siem", "/taxii2/", &d)
	if d.Title != "Test desk" || !slices.Contains(d.APIRoots, d.Default) || !strings.HasPrefix(d.Default, "/") || strings.HasPrefix(d.Default, "//") {
		t.Errorf("discovery %+v", d)
	}
	var root apiRootResource
	r.get("siem", d.Default, &root)
	if !slices.Contains(root.Versions, "application/taxii+json;version=2.1") || root.MaxContentLength != defaultContent || root.Title == "" {
		t.Errorf("root %+v", root)
	}
	w := r.ask("siem", http.MethodGet, "/taxii2/", "", "Accept-Language", "es")
	if !strings.Contains(w.Body.String(), "Mesa de prueba") || w.Header().Get("Content-Language") != "es-MX" {
		t.Errorf("in Spanish: %s", w.Body)
	}
	if w := r.ask("siem", http.MethodGet, "/taxii2/", "", "User-Agent", ""); w.Code != http.StatusOK {
		t.Errorf("without User-Agent: %d", w.Code)
	}
}

var uuid4 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestCollections(t *testing.T) { // sections 2, 3.3, 5.1, 5.2
	r := newRig(t)
	var first, again collectionsResource
	r.get("siem", Root+"collections/", &first)
	restarted, err := New(t.Context(), r.o)
	r.check(err)
	r.Server = restarted
	r.get("case-system", Root+"collections/", &again)
	if fmt.Sprint(first) != fmt.Sprint(again) {
		t.Errorf("after a restart %+v, before %+v", again, first)
	}
	var seen []string
	for _, c := range first.Collections {
		if !uuid4.MatchString(c.ID) || slices.Contains(seen, c.ID) || c.CanRead == c.CanWrite || c.Title == "" || c.MediaTypes[0] != stixMediaType {
			t.Errorf("collection %+v", c)
		}
		seen = append(seen, c.ID)
		for _, name := range []string{c.ID, c.Alias} {
			var one collection
			r.get("siem", Root+"collections/"+name+"/", &one)
			if fmt.Sprint(one) != fmt.Sprint(c) {
				t.Errorf("%s: %+v, want %+v", name, one, c)
			}
		}
	}
	if len(seen) != 2*len(areas) {
		t.Errorf("%d collections", len(seen))
	}
}

func TestContentNegotiation(t *testing.T) { // sections 1.6.8, 3.1
	r := newRig(t)
	for accept, want := range map[string]int{
		"application/taxii+json;version=2.1":                  200,
		"application/taxii+json":                              200,
		"Application/TAXII+JSON; Version=2.1":                 200,
		"application/taxii+json;version=2.1;q=0.5, text/html": 200,
		"application/stix+json;version=2.1, */*;q=0.1":        200,
		`application/taxii+json;version="2.1"`:                200,
		"application/taxii+json;version=2.0":                  406,
		"application/taxii+json;version=2.1;q=0":              406,
		"application/json":                                    406,
		"application/vnd.oasis.taxii+json; version=2.0":       406,
		"": 406,
		"application/taxii+json;version=2.0, application/*;q=.1": 200,
	} {
		r.wantStatus(r.ask("siem", http.MethodGet, Discovery, "", "Accept", accept), want)
	}
	body := `{"objects":[` + string(identity(1, 1).Raw) + `]}`
	for content, want := range map[string]int{
		"application/taxii+json;version=2.1":                202,
		"application/taxii+json":                            202,
		"application/taxii+json;version=2.1; charset=utf-8": 202,
		"application/taxii+json;version=2.0":                415,
		"application/taxii+json; charset=latin1":            415,
		"application/stix+json;version=2.1":                 415,
		"application/json":                                  415,
		"":                                                  415,
	} {
		r.wantStatus(r.ask("siem", http.MethodPost, outA1+"objects/", body, "Content-Type", content), want)
	}
}

func TestFilters(t *testing.T) { // section 3.4
	r := newRig(t)
	fill(r)
	id := identity(1, 1).ID
	for query, want := range map[string]string{
		"":                                      "2@01 1@03 3@01",
		"?match[version]=last":                  "2@01 1@03 3@01",
		"?match[version]=first":                 "1@01 2@01 3@01",
		"?match[version]=all":                   "1@01 2@01 1@03 3@01",
		"?match[version]=first,last":            "1@01 2@01 1@03 3@01",
		"?match[version]=2026-01-03T00:00:00Z":  "1@03",
		"?match[id]=" + id:                      "1@03",
		"?match%5Bid%5D=" + id:                  "1@03",
		"?match[id]=" + id + ",identity--x":     "1@03",
		"?match[type]=identity":                 "2@01 1@03 3@01",
		"?match[type]=malware,identity":         "2@01 1@03 3@01",
		"?match[type]=malware":                  "",
		"?match[spec_version]=2.0":              "",
		"?match[spec_version]=2.0,2.1&limit=10": "2@01 1@03 3@01",
		"?match[x_unknown]=1":                   "2@01 1@03 3@01",
		"?limit=2":                              "2@01 1@03",
		"?added_after=2027-01-01T00:00:00Z":     "",
		"?added_after=2026-01-01T00:00:00.123Z": "2@01 1@03 3@01",
	} {
		if got := r.list("siem", query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	for _, query := range []string{
		"added_after=yesterday", "added_after=2026-01-01T00:00:00", "added_after=2026-01-01T00:00:00%2B00:00", "added_after=",
		"added_after=2026-01-01T00:00:00Z&added_after=2026-01-01T00:00:00Z", "added_after=2026-02-30T00:00:00Z",
		"limit=0", "limit=-1", "limit=x", "limit=1.5", "limit=", "limit=1&limit=2", "limit=99999999999999999999", "limit=%2B1",
		"match[version]=all,last", "match[version]=last,last", "match[version]=newest", "match[version]=", "match[version]=first,,last",
		"match[type]=a,,b", "match[type]=a,%20b", "match[type]=identity&match[type]=report", "match[id]=", "match[spec_version]=two",
		"match[]=x", "match=x", "match[type=x", "match[[type]]=x", "next=x", "next=", "next=AAAA", "%zz", "a;b",
	} {
		for _, place := range []string{"objects/", "manifest/"} {
			r.wantStatus(r.ask("siem", http.MethodGet, inA1+place+"?"+query, ""), http.StatusBadRequest)
		}
	}
	for place, query := range map[string]string{
		"objects/" + id + "/":          "match[type]=identity",
		"objects/" + id + "/versions/": "match[version]=all",
	} {
		r.wantStatus(r.ask("siem", http.MethodGet, inA1+place+"?"+query, ""), http.StatusBadRequest)
	}
}

func TestManifestObjectAndVersions(t *testing.T) { // sections 3.2, 5.3, 5.6, 5.8
	r := newRig(t)
	fill(r)
	var m manifestResource
	w := r.get("siem", inA1+"manifest/?match[version]=all", &m)
	if len(m.Objects) != 4 || m.More || m.Objects[2].Version != "2026-01-03T00:00:00.000Z" || m.Objects[0].MediaType != stixMediaType {
		t.Errorf("manifest %+v", m)
	}
	last := ""
	for _, o := range m.Objects {
		if o.DateAdded <= last || len(o.DateAdded) != len(timestampForm) {
			t.Errorf("added %s after %s", o.DateAdded, last)
		}
		last = o.DateAdded
	}
	if f, l := w.Header().Get("X-TAXII-Date-Added-First"), w.Header().Get("X-TAXII-Date-Added-Last"); f != m.Objects[0].DateAdded || l != last {
		t.Errorf("dates %s and %s", f, l)
	}
	id := identity(1, 1).ID
	var e envelope
	w = r.get("siem", inA1+"objects/"+id+"/?match[version]=all", &e)
	if got := strings.Join(e.ids(t), " "); got != "1@01 1@03" || w.Header().Get("X-TAXII-Date-Added-Last") != m.Objects[2].DateAdded {
		t.Errorf("object %s", got)
	}
	var v versionsResource
	w = r.get("siem", inA1+"objects/"+id+"/versions/", &v)
	if strings.Join(v.Versions, " ") != "2026-01-01T00:00:00.000Z 2026-01-03T00:00:00.000Z" || w.Header().Get("X-TAXII-Date-Added-First") != m.Objects[0].DateAdded {
		t.Errorf("versions %+v", v)
	}
	var empty map[string]any
	for _, path := range []string{"objects/" + id + "/?match[version]=2020-01-01T00:00:00Z", "objects/?match[type]=malware", "manifest/?match[type]=malware",
		"objects/" + id + "/versions/?match[spec_version]=2.0"} {
		clear(empty)
		w := r.get("siem", inA1+path, &empty)
		if strings.TrimSpace(w.Body.String()) != "{}" {
			t.Errorf("%s: %s", path, w.Body)
		}
		for _, h := range []string{"X-TAXII-Date-Added-First", "X-TAXII-Date-Added-Last"} {
			if _, err := time.Parse(timestampForm, w.Header().Get(h)); err != nil {
				t.Errorf("%s: %s %v", path, h, err)
			}
		}
	}
	if w := r.ask("siem", http.MethodHead, inA1+"objects/", ""); w.Code != http.StatusOK || w.Header().Get("X-TAXII-Date-Added-Last") != last {
		t.Errorf("HEAD: %d %v", w.Code, w.Header())
	}
}

// TestPages reads with next and with added_after: both give all of it once.
func TestPages(t *testing.T) { // sections 3.3, 3.5, 3.7
	r := newRig(t, func(o *Options) { o.MaxPage = 3 })
	for n := range 10 {
		r.receive(n, []string{"FGR"}, identity(n, 1))
	}
	for _, how := range []string{"next", "added_after"} {
		for _, place := range []string{"objects/", "manifest/"} {
			var all []string
			query, more := "?limit=2000", true
			for more {
				var e struct {
					envelope
					Objects []struct{ ID string } `json:"objects"`
				}
				w := r.get("siem", inA1+place+query, &e)
				if len(e.Objects) > 3 {
					t.Fatalf("%d objects", len(e.Objects))
				}
				for _, o := range e.Objects {
					all = append(all, short(o.ID))
				}
				more = e.More
				if query = "?limit=3&next=" + e.Next; how != "next" {
					query = "?added_after=" + w.Header().Get("X-TAXII-Date-Added-Last")
				}
			}
			if got := strings.Join(all, ","); got != ",1,2,3,4,5,6,7,8,9" {
				t.Errorf("%s by %s: %s", place, how, got)
			}
		}
	}
	var e envelope
	r.get("siem", inA1+"objects/?limit=1", &e)
	for _, x := range []struct{ account, path string }{
		{"siem", inA1 + "objects/?match[version]=all&next=" + e.Next},
		{"siem", Root + "collections/received-A2/objects/?next=" + e.Next},
		{"case-system", inA1 + "objects/?next=" + e.Next},
		{"siem", inA1 + "objects/?next=" + e.Next[1:]},
		{"siem", inA1 + "objects/?next=B" + e.Next[1:]},
	} {
		r.wantStatus(r.ask(x.account, http.MethodGet, x.path, ""), http.StatusBadRequest)
	}
	r.wantStatus(r.ask("siem", http.MethodGet, inA1+"objects/?next="+e.Next, ""), http.StatusOK)
}

func TestAddObjects(t *testing.T) { // sections 4.3, 5.5
	r := newRig(t)
	good, bad := string(identity(1, 1).Raw), `{"type":"identity","spec_version":"2.1","id":"identity--nothing"}`
	w := r.ask("siem", http.MethodPost, outA1+"objects/", `{"objects":[`+strings.Join([]string{good, bad, good}, ",")+`]}`)
	r.wantStatus(w, http.StatusAccepted)
	var s statusResource
	r.check(json.Unmarshal(w.Body.Bytes(), &s))
	if !uuid4.MatchString(s.ID) || s.Status != "complete" || s.TotalCount != 3 || s.SuccessCount != 2 || s.FailureCount != 1 || s.PendingCount != 0 ||
		len(s.Successes) != 2 || s.Successes[0].Version != "2026-01-01T00:00:00.000Z" || s.Failures[0].Message == "" || s.Failures[0].Version == "" {
		t.Errorf("status %s", w.Body)
	}
	path := Root + "status/" + s.ID + "/"
	if again := r.ask("siem", http.MethodGet, path, ""); again.Code != http.StatusOK || again.Body.String() != w.Body.String() {
		t.Errorf("asked again: %s", again.Body)
	}
	r.wantStatus(r.ask("case-system", http.MethodGet, path, ""), http.StatusNotFound)
	waiting, err := r.store.WaitingSubmissions(t.Context(), 1, "A1", 10)
	r.check(err)
	if len(waiting) != 1 || waiting[0].Objects != 2 || waiting[0].Agency != "FGR" || r.drafts.told.Load() != 1 {
		t.Fatalf("waiting %+v", waiting)
	}
	raw, err := waiting[0].Open([32]byte{1})
	r.check(err)
	if string(raw) != "["+good+"]" {
		t.Errorf("kept %s", raw)
	}
	// Its status outlives the draft by a day at least.
	r.check(r.store.TakeSubmissions(t.Context(), s.ID))
	r.now.Add((25 * time.Hour).Microseconds())
	r.wantStatus(r.ask("siem", http.MethodPost, outA1+"objects/", `{"objects":[`+good+`]}`), http.StatusAccepted)
	r.wantStatus(r.ask("siem", http.MethodGet, path, ""), http.StatusOK)
	r.now.Add(statusKept.Microseconds())
	r.wantStatus(r.ask("siem", http.MethodPost, outA1+"objects/", `{"objects":[`+good+`]}`), http.StatusAccepted)
	r.wantStatus(r.ask("siem", http.MethodGet, path, ""), http.StatusNotFound)

	other := strings.Replace(good, "Example 1", "Another", 1)
	w = r.ask("siem", http.MethodPost, outA1+"objects/", `{"objects":[`+good+","+other+`]}`)
	r.check(json.Unmarshal(w.Body.Bytes(), &s))
	if s.FailureCount != 1 || s.SuccessCount != 1 {
		t.Errorf("the same version with other content: %s", w.Body)
	}
	told := r.drafts.told.Load()
	w = r.ask("siem", http.MethodPost, outA1+"objects/", `{"objects":[`+bad+`]}`)
	if r.wantStatus(w, http.StatusAccepted); r.drafts.told.Load() != told {
		t.Error("nothing passed, and a draft is told")
	}
}

func TestBodiesThatAreRefused(t *testing.T) { // section 5.5
	r := newRig(t, func(o *Options) { o.MaxContent = 1000 })
	good := string(identity(1, 1).Raw)
	for body, want := range map[string]int{
		`{`: 422, `[]`: 422, `{}`: 422, `{"objects":[]}`: 422, `{"objects":{}}`: 422, `{"objects":[1]}`: 422, `x`: 422, `{"objects":[{}]} x`: 422,
		`{"type":"bundle","id":"bundle--1","objects":[` + good + `]}`:                     422,
		`{"objects":[` + good + `],"objects":[]}`:                                         422,
		"{\"objects\":[{\"type\":\"\xff\"}]}":                                             422,
		`{"objects":[` + good + `],"x_custom":1}`:                                         202,
		`{"objects":[` + good + strings.Repeat(" ", 1000-14-len(good)) + `]}`:             202,
		`{"objects":[` + good + strings.Repeat(" ", 1000-14-len(good)+1) + `]}`:           413,
		`{"objects":[` + good + strings.Repeat(" ", 5000) + `]}`:                          413,
		`{"objects":[{"a":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}]}`: 422,
	} {
		r.wantStatus(r.ask("siem", http.MethodPost, outA1+"objects/", body), want)
	}
	r.drafts.err = errInjected
	r.wantStatus(r.ask("siem", http.MethodPost, outA1+"objects/", `{"objects":[`+good+`]}`), http.StatusInternalServerError)
}

func TestEveryFaultHasItsWords(t *testing.T) {
	for _, lang := range locale.Langs() {
		l := locale.For(lang)
		for _, code := range codes {
			for _, part := range []string{".title", ".text"} {
				if !l.Has("taxii.error." + code + part) {
					t.Errorf("%s: no message for %s%s", lang, code, part)
				}
			}
		}
	}
}

// TestTheLedgerNamesTestsThatExist holds docs/taxii.md against the code.
func TestTheLedgerNamesTestsThatExist(t *testing.T) {
	ledger, err := os.ReadFile("../../docs/taxii.md")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, pattern := range []string{"*_test.go", "../store/objects_test.go", "../../test/interop/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", pattern, files, err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			code.Write(b)
		}
	}
	names := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`").FindAllStringSubmatch(string(ledger), -1)
	if len(names) < 30 {
		t.Errorf("the ledger names %d tests", len(names))
	}
	for _, n := range names {
		if !strings.Contains(code.String(), "func "+n[1]+"(") {
			t.Errorf("the ledger names %s, which does not exist", n[1])
		}
	}
}
