package e2e

import (
	"archive/zip"
	"html"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"entente/test/browser"
)

const label = "Demostración reconstruida de fuentes públicas / Demonstration rebuilt from public sources"

// TestPortalPages follows the links of the portal in both languages.
func TestPortalPages(t *testing.T) {
	d := running(t)
	most := 1500
	if testing.Short() {
		most = 200
	}
	visits := browser.Walk{Base: d.portal, Starts: []string{"/es/", "/en/"}, Label: label, Max: most}.Run(t)
	if len(visits) < 200 {
		t.Fatalf("the portal has only %d pages", len(visits))
	}
	t.Logf("%d pages", len(visits))
}

// TestPortalLooks looks at what a visitor sees first in Chromium: both languages,
// both themes, wide and narrow. Every other kind of page is looked at by the tests
// of internal/web.
func TestPortalLooks(t *testing.T) {
	d := running(t)
	b := browser.Start(t)
	for _, path := range []string{
		"/", "/pairs", "/commitments?area=A02", "/indicators/us-encounters-nationwide", "/citations/portal/cl027", "/report", "/verify",
	} {
		for _, lang := range []string{"/es", "/en"} {
			b.Look(t, d.portal, browser.Visit{Path: lang + path})
		}
	}
}

var tags = regexp.MustCompile(`(?s)<(script|style).*?</(script|style)>|<[^>]*>`)

// text is what a page says, without its markup.
func text(page string) string {
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(page, " "))), " ")
}

// follow finds the link that carries the words and opens it.
func follow(t *testing.T, base, page, words string) (string, string) {
	t.Helper()
	for _, m := range regexp.MustCompile(`(?s)<a [^>]*href="([^"]+)"[^>]*>(.*?)</a>`).FindAllStringSubmatch(page, -1) {
		if !strings.Contains(text(m[2]), words) {
			continue
		}
		href := html.UnescapeString(m[1])
		status, next := get(t, http.DefaultClient, base+href)
		if status != http.StatusOK {
			t.Fatalf("%s: status %d", href, status)
		}
		return href, next
	}
	t.Fatalf("no link says %q", words)
	return "", ""
}

func says(t *testing.T, page string, words ...string) {
	t.Helper()
	plain := text(page)
	for _, w := range words {
		if !strings.Contains(plain, w) {
			t.Errorf("the page does not say %q", w)
		}
	}
}

// TestNewcomer goes the way of a newcomer with only the README, by the links.
func TestNewcomer(t *testing.T) {
	d := running(t)
	_, front := get(t, http.DefaultClient, d.portal+"/en/")
	says(t, front, "How the", "Firearms trafficking", "No public report yet")

	// What each side promised on arms trafficking, and what is missing on each half.
	_, commitments := follow(t, d.portal, front, "Commitments")
	_, pairs := follow(t, d.portal, commitments, "Pairs side by side")
	half := regexp.MustCompile(`Paired by both parties.* Firearms trafficking .*? Mexico .*?eTrace.*? What is missing .*? United States .*?eTrace.*? What is missing `)
	if !half.MatchString(text(pairs)) {
		t.Error("the pairs do not show both halves of eTrace and what is missing on each")
	}

	// Why −93 % is and is not true.
	_, claims := follow(t, d.portal, front, "Claims")
	if !strings.Contains(claims, `name="q"`) {
		t.Error("claims cannot be searched")
	}
	_, found := get(t, http.DefaultClient, d.portal+"/en/claims?q=93")
	claim := regexp.MustCompile(`/en/citations/portal/cl027`).FindString(found)
	if claim == "" {
		t.Fatal("the search for 93 does not find the claim")
	}
	_, page := get(t, http.DefaultClient, d.portal+claim)
	says(t, page, "−93%", "Rounds to the claim?", "−93.31", "−92.48", "Apr 2025", "Jul 2025")
	if !regexp.MustCompile(`16 of 52|16 .{0,40}52`).MatchString(text(page)) {
		t.Error("the page does not say how many readings hold")
	}

	// The report in Spanish, downloaded and verified on this machine alone.
	_, es := get(t, http.DefaultClient, d.portal+"/es/")
	href, report := follow(t, d.portal, es, "Informe")
	if !strings.HasPrefix(href, "/es/") {
		t.Errorf("the Spanish page leads to %s", href)
	}
	dir := t.TempDir()
	for _, name := range []string{"es.html", "report.zip"} {
		link := regexp.MustCompile(`href="([^"]*` + regexp.QuoteMeta(name) + `[^"]*)"`).FindStringSubmatch(report)
		if link == nil {
			t.Fatalf("the page of the report does not link %s", name)
		}
		download(t, d.portal+html.UnescapeString(link[1]), filepath.Join(dir, name))
	}
	raw, err := os.ReadFile(filepath.Join(dir, "es.html"))
	if err != nil || !strings.Contains(string(raw), `lang="es`) {
		t.Errorf("the report is not in Spanish: %v", err)
	}
	out := string(entente(t, "verify", "--lang", "es", filepath.Join(dir, "report.zip")))
	for _, want := range []string{"Demostración reconstruida", "ok   figures", "ok   pages        report/es.html"} {
		if !strings.Contains(out, want) {
			t.Errorf("verify does not say %q:\n%s", want, out)
		}
	}
	z, err := zip.OpenReader(filepath.Join(dir, "report.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if bundled, err := fs.ReadFile(z, "report/es.html"); err != nil || string(bundled) != string(raw) {
		t.Errorf("the bundle holds another report than the page: %v", err)
	}
}

func download(t *testing.T, url, to string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d", url, resp.StatusCode)
	}
	f, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(f, resp.Body); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
