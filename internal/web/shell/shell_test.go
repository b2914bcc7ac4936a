package shell

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"entente/internal/locale"

	"github.com/a-h/templ"
	"github.com/andybalholm/brotli"
)

func get(h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func decode(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var r io.Reader = w.Body
	switch coding := w.Header().Get("Content-Encoding"); coding {
	case "br":
		r = brotli.NewReader(w.Body)
	case "gzip":
		var err error
		if r, err = gzip.NewReader(w.Body); err != nil {
			t.Fatal(err)
		}
	case "":
	default:
		t.Fatalf("unknown coding %q", coding)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestStaticFilesAreImmutableAndCompressed(t *testing.T) {
	static := Static()
	for name, a := range assets() {
		for _, accept := range []string{"", "gzip", "gzip, deflate, br", "br;q=0, gzip"} {
			w := get(static, Asset(name), "Accept-Encoding", accept)
			if w.Code != http.StatusOK {
				t.Fatalf("%s: status %d", name, w.Code)
			}
			if !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || w.Header().Get("Content-Type") == "" {
				t.Errorf("%s: headers %v", name, w.Header())
			}
			if accept == "br;q=0, gzip" && w.Header().Get("Content-Encoding") == "br" {
				t.Errorf("%s: sent a coding that was refused", name)
			}
			if got := decode(t, w); got != string(a.body.plain) {
				t.Errorf("%s with %q: not the file", name, accept)
			}
		}
	}
	for _, path := range []string{"/static/", "/static/missing/x.css", "/static/LICENSE", "/static/../assets.go"} {
		if w := get(static, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
}

// TestTheFrameIsLight sums what the first view of an empty page loads, compressed: the room for a page's own content in
// 200 kB is what is left.
func TestTheFrameIsLight(t *testing.T) {
	total := 0
	for _, a := range assets() {
		body, _ := a.body.form("br")
		total += len(body)
	}
	t.Logf("styles, scripts and mark: %d bytes over the wire", total)
	if total > 110_000 {
		t.Errorf("%d bytes leave too little of 200 kB to the page", total)
	}
}

func page(text string) func(context.Context) (templ.Component, error) {
	return func(context.Context) (templ.Component, error) { return templ.Raw(text), nil }
}

func TestCacheMakesAPageOnceAFrontier(t *testing.T) {
	c := NewCache(1 << 20)
	var made atomic.Int32
	body := strings.Repeat("una página ", 500)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := c.Serve(w, r, r.Header.Get("X-Frontier"), func(context.Context) (templ.Component, error) {
			made.Add(1)
			return templ.Raw(body), nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if got := decode(t, get(h, "/es/?q=1", "X-Frontier", "a", "Accept-Encoding", "br")); got != body {
				t.Error("not the page")
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("made %d times, want once", made.Load())
	}
	first := get(h, "/es/?q=1", "X-Frontier", "a")
	etag := first.Header().Get("ETag")
	if w := get(h, "/es/?q=1", "X-Frontier", "a", "If-None-Match", etag); w.Code != http.StatusNotModified || w.Body.Len() > 0 {
		t.Errorf("known page: status %d, %d bytes", w.Code, w.Body.Len())
	}
	for _, other := range [][]string{
		{"/es/?q=2", "X-Frontier", "a"},
		{"/es/?q=1", "X-Frontier", "b"},
		{"/es/?q=1", "X-Frontier", "a", "Cookie", "theme=dark"},
	} {
		before := made.Load()
		get(h, other[0], other[1:]...)
		if made.Load() != before+1 {
			t.Errorf("%v shared a page with another key", other)
		}
	}
}

func TestCacheKeepsItsBoundAndNoErrors(t *testing.T) {
	c := NewCache(100_000)
	for i := range 200 {
		r := httptest.NewRequest(http.MethodGet, fmt.Sprintf("/es/%d", i), nil)
		if err := c.Serve(httptest.NewRecorder(), r, "f", page(strings.Repeat("x", 5000))); err != nil {
			t.Fatal(err)
		}
		if c.size > c.max {
			t.Fatalf("after %d pages the cache holds %d bytes, its bound is %d", i, c.size, c.max)
		}
	}
	if n := c.pages.Len(); n < 5 || n > 20 {
		t.Errorf("%d pages kept", n)
	}
	failing := errors.New("no database")
	r := httptest.NewRequest(http.MethodGet, "/es/broken", nil)
	w := httptest.NewRecorder()
	err := c.Serve(w, r, "f", func(context.Context) (templ.Component, error) { return nil, failing })
	if !errors.Is(err, failing) || w.Body.Len() > 0 || len(w.Header()) > 0 {
		t.Errorf("err %v, wrote %q with %v", err, w.Body, w.Header())
	}
	if err := c.Serve(w, r, "f", page("mended")); err != nil || w.Body.String() != "mended" {
		t.Errorf("an error was kept: %v, %q", err, w.Body)
	}
}

func TestSecureRefusesOtherSites(t *testing.T) {
	reached := false
	h := Secure(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	post := func(header, value string) int {
		reached = false
		r := httptest.NewRequest(http.MethodPost, "https://node.example/es/publish", nil)
		r.Header.Set(header, value)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	for _, c := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}} {
		if code := post(c[0], c[1]); code != http.StatusForbidden || reached {
			t.Errorf("%s: %s was let in with %d", c[0], c[1], code)
		}
	}
	if code := post("Sec-Fetch-Site", "same-origin"); code != http.StatusOK || !reached {
		t.Errorf("the site's own form was refused with %d", code)
	}
	policy := get(h, "/").Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy lacks %s", want)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
		t.Errorf("the policy is loose: %s", policy)
	}
}

func TestThemeChoiceStaysOnTheSite(t *testing.T) {
	post := func(theme, back string) *http.Response {
		form := url.Values{"theme": {theme}, "back": {back}}
		r := httptest.NewRequest(http.MethodPost, "/theme", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		SetTheme().ServeHTTP(w, r)
		return w.Result()
	}
	for back, want := range map[string]string{
		"/es/x?y=1": "/es/x?y=1", "//evil.example": "/", "/\\evil.example": "/", "https://evil.example": "/", "": "/", "/a\r\nSet-Cookie: x": "/",
	} {
		if got := post("dark", back).Header.Get("Location"); got != want {
			t.Errorf("back to %q leads to %q", back, got)
		}
	}
	if c := post("dark", "/").Cookies()[0]; c.Value != "dark" || c.MaxAge <= 0 {
		t.Errorf("dark: %v", c)
	}
	for _, theme := range []string{"", "<script>"} {
		if c := post(theme, "/").Cookies()[0]; c.MaxAge >= 0 {
			t.Errorf("%q is kept: %v", theme, c)
		}
	}
}

func TestAddresses(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/es/commitments?area=arms&after=20", nil)
	p := NewPage(r, locale.ES)
	for _, c := range [][2]string{
		{p.Href("/"), "/es/"},
		{p.Href("/commitments", "area", "arms", "party", ""), "/es/commitments?area=arms"},
		{p.With("area", "drugs", "after", ""), "/es/commitments?area=drugs"},
		{p.With("area", ""), "/es/commitments?after=20"},
		{p.switchHref(), "/en/commitments?area=arms&after=20"},
		{p.selfHref(), "/es/commitments?area=arms&after=20"},
		{NewPage(httptest.NewRequest(http.MethodGet, "/en/", nil), locale.EN).switchHref(), "/es/"},
	} {
		if c[0] != c[1] {
			t.Errorf("got %s, want %s", c[0], c[1])
		}
	}
	mux := http.NewServeMux()
	Handle(mux, "GET /", func(w http.ResponseWriter, _ *http.Request, l locale.Lang) { _, _ = io.WriteString(w, string(l)) })
	Handle(mux, "GET /x/{id}", func(w http.ResponseWriter, r *http.Request, l locale.Lang) {
		_, _ = io.WriteString(w, string(l)+r.PathValue("id"))
	})
	mux.Handle("GET /{$}", Welcome())
	if got := get(mux, "/en/").Body.String(); got != "en" {
		t.Errorf("/en/ serves %q", got)
	}
	if got := get(mux, "/es/x/7").Body.String(); got != "es7" {
		t.Errorf("/es/x/7 serves %q", got)
	}
	if got := get(mux, "/", "Accept-Language", "en-US").Header().Get("Location"); got != "/en/" {
		t.Errorf("/ leads an English reader to %q", got)
	}
	if got := get(mux, "/es").Header().Get("Location"); got != "/es/" {
		t.Errorf("/es leads to %q", got)
	}
}

func TestAPageThatFailsIsNotHalfWritten(t *testing.T) {
	broken := templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return errors.New("no more")
	})
	w := httptest.NewRecorder()
	Render(w, httptest.NewRequest(http.MethodGet, "/es/", nil), http.StatusOK, broken)
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "half") {
		t.Errorf("status %d, body %q", w.Code, w.Body)
	}
}

func TestWhatPeopleTypeIsEscapedAndKept(t *testing.T) {
	p := NewPage(httptest.NewRequest(http.MethodGet, "/en/", nil), locale.EN)
	render := func(f Field) string {
		var buf bytes.Buffer
		if err := FormField(p, f).Render(t.Context(), &buf); err != nil {
			t.Fatal(err)
		}
		return buf.String()
	}
	typed := `"><script>alert(1)</script>`
	for _, kind := range []string{"text", "textarea", "search"} {
		out := render(Field{Name: "x", Label: "X", Kind: kind, Value: typed, Error: "no"})
		if strings.Contains(out, "<script>") || !strings.Contains(out, "alert(1)") {
			t.Errorf("%s: %s", kind, out)
		}
	}
	if out := render(Field{Name: "x", Label: "X", Kind: "password", Value: "secret"}); strings.Contains(out, "secret") {
		t.Errorf("a password goes back to the page: %s", out)
	}
	if out := render(Field{Name: "x", Label: "X", Kind: "date", Value: "2026-02-30", Error: "no such day"}); !strings.Contains(out, `type="text"`) || !strings.Contains(out, "2026-02-30") {
		t.Errorf("a wrong date is lost: %s", out)
	}
	if out := render(Field{Name: "x", Label: "X", Error: "wrong", Hint: "how"}); !strings.Contains(out, `aria-describedby="f-x-hint f-x-error"`) || !strings.Contains(out, `aria-invalid="true"`) {
		t.Errorf("the error is not tied to its field: %s", out)
	}
}

func BenchmarkCachedPage(b *testing.B) {
	c := NewCache(1 << 24)
	build := page(strings.Repeat("<tr><td>10,000</td><td>una página</td></tr>", 1500))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		r := httptest.NewRequest(http.MethodGet, "/es/commitments", nil)
		r.Header.Set("Accept-Encoding", "br")
		for pb.Next() {
			if err := c.Serve(httptest.NewRecorder(), r, "f", build); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func TestWhoHasNoAgencyIsShownByRole(t *testing.T) {
	for want, u := range map[string]User{"Auditor": {Role: "Auditor"}, "Officer, SRE": {Role: "Officer", Agency: "SRE"}} {
		if got := u.post(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
