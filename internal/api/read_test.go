package api

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/internal/entry"
	"entente/internal/fold"
	"entente/internal/merkle"
)

func TestAnEntryWithItsProof(t *testing.T) {
	p := newPortal(t)
	e := get[EntryAnswer](p, entryURL(p.Arms2))
	if e.Proof.Leaf != entry.LeafHash([]byte(e.Note)) {
		t.Error("the leaf hash is not that of the note")
	}
	if len(e.Signatures) != 3 {
		t.Errorf("%d signatures", len(e.Signatures))
	}
	c, err := merkle.Peek([]byte(e.Proof.Checkpoint))
	if err != nil {
		t.Fatal(err)
	}
	if c.Size != e.Proof.Size || c.Root != e.Proof.Root {
		t.Error("the proof is not of the checkpoint's tree")
	}
	if err := merkle.VerifyInclusion(e.Proof.Hashes, c, e.Proof.Index, e.Proof.Leaf); err != nil {
		t.Error(err)
	}
	w := p.ask(http.MethodGet, entryURL(p.Arms2)+"?format=note")
	if w.Body.String() != e.Note || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		t.Error("the note alone is another one")
	}
}

func TestAnEntryThatBreaksARuleSaysWhich(t *testing.T) {
	p := newPortal(t)
	ref := p.Log(p.MX, entente.Public).Append([]byte("no entry at all"))
	p.Sync(t, p.store)
	e := get[EntryAnswer](p, entryURL(ref))
	if e.Entry.Status != fold.Inadmissible || e.Entry.Rule != fold.RuleMalformed || e.Entry.Says == nil {
		t.Errorf("%+v", e.Entry)
	}
	latest := get[List](p, "/api/v1/entries?status=inadmissible")
	if latest.Total != 1 || latest.Items[0].Ref != ref {
		t.Errorf("latest: %+v", latest)
	}
}

func TestStateAndLogs(t *testing.T) {
	p := newPortal(t)
	f := get[FrontierAnswer](p, "/api/v1/frontier")
	s := get[StateAnswer](p, "/api/v1/state")
	want, err := p.store.View(entente.Public).Digest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Digest != want || s.Fold != fold.Version || s.Frontier != f.Frontier || len(f.Logs) != 3 {
		t.Errorf("state %+v, frontier %+v", s, f)
	}
	logs := get[LogsAnswer](p, "/api/v1/logs")
	if len(logs.Logs) != 3 {
		t.Fatalf("%d logs", len(logs.Logs))
	}
	for _, l := range logs.Logs {
		if l.Audience != entente.Public || l.Checkpoint == "" || len(l.Signers) == 0 || l.CheckpointSize != l.Size {
			t.Errorf("%+v", l)
		}
	}
	if mx := logs.Logs[0]; mx.Writer != "MX" || len(mx.Signers) != 3 {
		t.Errorf("Mexico's checkpoint has the signers %v", mx.Signers)
	}
	tables := get[TablesAnswer](p, "/api/v1/tables")
	if len(tables.Tables) != len(tablesOf(entente.Public)) {
		t.Errorf("%d tables", len(tables.Tables))
	}
}

func TestSearchAndCorrections(t *testing.T) {
	p := newPortal(t)
	hits := get[SearchAnswer](p, "/api/v1/search?q=inspeccion&lang=es")
	if hits.Total == 0 {
		t.Fatal("nothing found")
	}
	for _, h := range hits.Items {
		if strings.ContainsAny(h.Snippet, "\x02\x03") {
			t.Errorf("marks in the snippet %q", h.Snippet)
		}
		for _, m := range h.Marks {
			if m[0] >= m[1] || m[1] > len([]rune(h.Snippet)) {
				t.Errorf("mark %v in %q", m, h.Snippet)
			}
		}
	}
	c := get[CorrectionsAnswer](p, "/api/v1/corrections")
	kinds := map[string]int{}
	for _, i := range c.Items {
		kinds[string(i.Kind)]++
	}
	if kinds["corrected"] != 1 || kinds["withdrawn"] != 1 || len(c.Items[0].Of) != 1 {
		t.Errorf("corrections: %v", kinds)
	}
}

func TestFeed(t *testing.T) {
	p := newPortal(t)
	for i := range feedSize {
		p.addNotice(i)
	}
	type link struct {
		Href string `xml:"href,attr"`
		Rel  string `xml:"rel,attr"`
	}
	type feed struct {
		XMLName  xml.Name  `xml:"http://www.w3.org/2005/Atom feed"`
		Lang     string    `xml:"http://www.w3.org/XML/1998/namespace lang,attr"`
		ID       string    `xml:"id"`
		Title    string    `xml:"title"`
		Subtitle string    `xml:"subtitle"`
		Rights   string    `xml:"rights"`
		Updated  time.Time `xml:"updated"`
		Links    []link    `xml:"link"`
		Entries  []struct {
			ID      string    `xml:"id"`
			Title   string    `xml:"title"`
			Summary string    `xml:"summary"`
			Updated time.Time `xml:"updated"`
			Links   []link    `xml:"link"`
		} `xml:"entry"`
	}
	ids, titles := map[string]bool{}, map[string]string{}
	for _, lang := range []string{"es", "en"} {
		path := "/feed.atom?lang=" + lang
		pages := 0
		for path != "" {
			w := p.ask(http.MethodGet, path)
			var f feed
			if err := xml.Unmarshal(w.Body.Bytes(), &f); err != nil {
				t.Fatalf("%v\n%s", err, w.Body)
			}
			if !strings.Contains(f.Subtitle, "Demonstration") || f.Rights == "" || f.Updated.IsZero() || !strings.HasPrefix(f.Lang, lang) {
				t.Errorf("%+v", f)
			}
			titles[lang] = f.Title
			path = ""
			for _, l := range f.Links {
				if l.Rel == "next" {
					path = strings.TrimPrefix(l.Href, "https://portal.example")
				}
			}
			for _, e := range f.Entries {
				if ids[lang+e.ID] || !strings.HasPrefix(e.ID, "urn:uuid:") || strings.Contains(e.Title, "⟦") {
					t.Errorf("entry %s %q", e.ID, e.Title)
				}
				ids[lang+e.ID] = true
			}
			pages++
		}
		if pages < 2 {
			t.Errorf("%d pages", pages)
		}
	}
	if titles["es"] == titles["en"] {
		t.Error("one title for both languages")
	}
}

func TestFiles(t *testing.T) {
	p := newPortal(t)
	d := entente.DigestOf(p.File)
	w := p.ask(http.MethodGet, "/blob/"+d.String())
	if w.Code != 200 || w.Body.String() != string(p.File) || w.Header().Get("Content-Type") != "text/csv" ||
		!strings.Contains(w.Header().Get("Content-Disposition"), "events.csv") || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if w := p.ask(http.MethodGet, "/blob/"+d.String(), "If-None-Match", `"`+d.String()+`"`); w.Code != http.StatusNotModified {
		t.Errorf("asked again: %d", w.Code)
	}
	empty := newPortal(t, func(d *Deps) { d.Blobs = blobs{} })
	empty.refused(404, "nofile", http.MethodGet, "/blob/"+d.String())
}

func TestHeaders(t *testing.T) {
	p := newPortal(t)
	w := p.ask(http.MethodGet, "/api/v1/frontier")
	h := w.Header()
	if h.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(h.Get("Entente-Demonstration"), "Demonstration rebuilt") || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers: %v", h)
	}
	tag := h.Get("ETag")
	if w := p.ask(http.MethodGet, "/api/v1/frontier", "If-None-Match", `"x", `+tag); w.Code != http.StatusNotModified || w.Body.Len() > 0 {
		t.Errorf("asked again: %d", w.Code)
	}
	p.addNotice(1)
	if w := p.ask(http.MethodGet, "/api/v1/frontier", "If-None-Match", tag); w.Code != http.StatusOK {
		t.Errorf("asked again after an entry: %d", w.Code)
	}
	if w := p.ask(http.MethodOptions, "/api/v1/frontier"); w.Code != http.StatusNoContent || !strings.Contains(w.Header().Get("Access-Control-Allow-Methods"), "GET") {
		t.Errorf("preflight: %d %v", w.Code, w.Header())
	}
	if w := p.ask(http.MethodHead, "/api/v1/frontier"); w.Code != http.StatusOK {
		t.Errorf("HEAD: %d", w.Code)
	}
}

func TestRateLimit(t *testing.T) {
	now := time.Date(2025, 9, 3, 12, 0, 0, 0, time.UTC)
	p := newPortal(t, func(d *Deps) { d.Rate, d.Clock = 8, func() time.Time { return now } })
	for range 2 {
		if w := p.ask(http.MethodGet, "/api/v1/frontier"); w.Code != 200 {
			t.Fatalf("%d", w.Code)
		}
	}
	p.refused(429, "toomany", http.MethodGet, "/api/v1/frontier")
	if w := p.ask(http.MethodGet, "/api/v1/frontier"); w.Header().Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	now = now.Add(time.Minute)
	if w := p.ask(http.MethodGet, "/api/v1/frontier"); w.Code != 200 {
		t.Errorf("after a minute: %d", w.Code)
	}
}

func TestTheDocumentIsServed(t *testing.T) {
	p := newPortal(t)
	w := p.ask(http.MethodGet, "/api/openapi.json")
	var doc struct {
		OpenAPI string
		Info    struct{ Version string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || !strings.HasPrefix(doc.OpenAPI, "3.1") || doc.Info.Version != Version {
		t.Errorf("%v %+v", err, doc)
	}
}

func TestEverything(t *testing.T) {
	p := newPortal(t)
	w := p.ask(http.MethodGet, "/api/v1/everything.zip")
	z, err := zip.NewReader(bytes.NewReader(w.Body.Bytes()), int64(w.Body.Len()))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(b)
	}
	for _, table := range tablesOf(entente.Public) {
		var list List
		if err := json.Unmarshal([]byte(files[table.name+".json"]), &list); err != nil || list.Total == 0 || list.Demonstration == nil {
			t.Errorf("%s: %d items, %v", table.name, list.Total, err)
		}
		if rows, err := csv.NewReader(strings.NewReader(files[table.name+".csv"])).ReadAll(); err != nil || len(rows) != list.Total+1 {
			t.Errorf("%s: %d rows for %d items, %v", table.name, len(rows), list.Total, err)
		}
	}
	if !strings.Contains(files["NOTICE.txt"], "Demostración") || files["checkpoints/demo.mx.entente/public.txt"] == "" {
		t.Error("no notice, or no checkpoint")
	}
}
