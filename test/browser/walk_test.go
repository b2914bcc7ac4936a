package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// recorder is a test that notes failures instead of failing.
type recorder struct {
	testing.TB
	said []string
}

func (r *recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.said = append(r.said, fmt.Sprintf(format, args...))
}

const good = `<!DOCTYPE html><html lang="%s"><title>t</title><link rel="stylesheet" href="/s.css"><h1 id="top">h</h1>
<a class="e-lang" href="%s">o</a> <a href="#top">top</a> <a href="https://elsewhere.example/">x</a> demo <a href="/file.csv">csv</a>%s</html>`

func TestWalkFindsWhatIsBroken(t *testing.T) {
	pages := map[string]string{
		"/es/":        fmt.Sprintf(good, "es-MX", "/en/", `<a href="/es/bad">b</a>`),
		"/en/":        fmt.Sprintf(good, "en-US", "/es/", ""),
		"/es/bad":     `<html lang="en-US"><h1>a</h1><h1>b</h1><p style="x" id="i"><p id="i" onclick="x"><script>x</script><img src="//cdn.example/x.png"><a href="#gone">g</a><a href="/nothing.csv">n</a><a href="/es/missing">m</a>⟦some.id⟧`,
		"/s.css":      "p{}",
		"/file.csv":   "a,b",
		"/es/missing": "",
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := pages[r.URL.Path]
		if !ok || body == "" {
			http.NotFound(w, r)
			return
		}
		switch {
		case strings.HasSuffix(r.URL.Path, ".csv"):
			w.Header().Set("Content-Type", "text/csv")
		case strings.HasSuffix(r.URL.Path, ".css"):
			w.Header().Set("Content-Type", "text/css")
		default:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
		}
		_, _ = w.Write([]byte(body))
	}))
	defer server.Close()
	r := &recorder{TB: t}
	visits := Walk{Base: server.URL, Starts: []string{"/es/"}, Label: "demo / demo"}.Run(r)
	if len(visits) != 3 {
		t.Errorf("visited %v", visits)
	}
	said := strings.Join(r.said, "\n")
	for _, want := range []string{
		"/es/bad: 2 h1", "/es/bad: no title", "inline style", "inline onclick", "id i twice", `loads ""`, `loads "//cdn.example/x.png"`,
		"/es/bad: a text is missing: ⟦some.id", `/es/bad: its language is "en-US"`,
		"link to #gone", "link to /nothing.csv, status 404", "/es/missing: status 404",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("did not find %q", want)
		}
	}
	for _, line := range r.said {
		if !strings.HasPrefix(line, "/es/bad") && !strings.HasPrefix(line, "/es/missing") {
			t.Errorf("a good page is blamed: %s", line)
		}
	}
}

func TestShapesPicksOneOfEach(t *testing.T) {
	got := Shapes([]Visit{{Path: "/es/"}, {Path: "/es/commitments"}, {Path: "/es/commitments/c1"}, {Path: "/es/commitments/c2"}, {Path: "/es/commitments?x=1"}, {Path: "/en/commitments/c1"}})
	if len(got) != 4 {
		t.Errorf("got %v", got)
	}
}
