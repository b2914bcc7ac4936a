package browser

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"

	"entente/internal/locale"

	"golang.org/x/net/html"
)

// maxWire is what a first view may weigh over the wire, with everything that it loads, in bytes.
const maxWire = 200_000

// Walk is a visit to every page that a site links to.
type Walk struct {
	Base   string   // http://127.0.0.1:port
	Starts []string // "/es/", "/en/"
	Max    int      // pages at most; 0 means 2,000
	Label  string   // text that every page must hold in its language: "es text / en text"; "" checks none
	Client *http.Client
	// Alone says which pages are no pages of the site but documents of their own: they are only asked for.
	Alone func(path string) bool
}

// Visit is one page as found.
type Visit struct {
	Path string // with query
	Wire int    // bytes of the compressed page
}

// walker is the state of one walk.
type walker struct {
	Walk
	t      testing.TB
	status map[string]int // of every address asked for
	wire   map[string]int // of every loaded file
	queue  []string
	later  []string // addresses with a query: the same pages, filtered or sorted
	queued map[string]bool
	visits []Visit
}

// Run follows every link on the site from the starts, and fails the test for each page that breaks what all pages
// promise: it answers, its links and anchors lead somewhere, the other language has the same place, it has one h1, no
// text is missing, nothing is inline or from elsewhere, and it is light.
func (w Walk) Run(t testing.TB) []Visit {
	t.Helper()
	if w.Max == 0 {
		w.Max = 2000
	}
	if w.Client == nil {
		w.Client = http.DefaultClient
	}
	r := &walker{Walk: w, t: t, status: map[string]int{}, wire: map[string]int{}, queued: map[string]bool{}}
	for _, s := range w.Starts {
		r.enqueue(s)
	}
	for len(r.queue)+len(r.later) > 0 && len(r.visits) < w.Max {
		if len(r.queue) == 0 {
			r.queue, r.later = r.later[:1:1], r.later[1:]
		}
		next := r.queue[0]
		r.queue = r.queue[1:]
		r.visit(next)
	}
	return r.visits
}

func (r *walker) enqueue(p string) {
	if !r.queued[p] {
		r.queued[p] = true
		if strings.Contains(p, "?") {
			r.later = append(r.later, p)
		} else {
			r.queue = append(r.queue, p)
		}
	}
}

// get returns the body as it is after decompression, and how many bytes came over the wire.
func (r *walker) get(p string) (status int, contentType, body string, wire int) {
	req, err := http.NewRequest(http.MethodGet, r.Base+p, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err := r.Client.Do(req)
	if err != nil {
		r.t.Fatalf("%s: %v", p, err)
	}
	defer resp.Body.Close()
	count := &counter{r: resp.Body}
	var in io.Reader = count
	if resp.Header.Get("Content-Encoding") == "gzip" {
		if in, err = gzip.NewReader(count); err != nil {
			r.t.Fatalf("%s: %v", p, err)
		}
	}
	raw, err := io.ReadAll(in)
	if err != nil {
		r.t.Fatalf("%s: %v", p, err)
	}
	r.status[p] = resp.StatusCode
	return resp.StatusCode, resp.Header.Get("Content-Type"), string(raw), count.n
}

type counter struct {
	r io.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// answers asks for an address once and reports whether it leads somewhere. A site
// that asks for patience (429) has answered: a walk is faster than any reader.
func (r *walker) answers(p string) bool {
	status, known := r.status[p]
	if !known {
		status, _, _, _ = r.get(p)
	}
	return status < 400 || status == http.StatusTooManyRequests
}

func (r *walker) visit(p string) {
	status, contentType, body, wire := r.get(p)
	if !strings.HasPrefix(contentType, "text/html") || r.Alone != nil && r.Alone(p) {
		if status >= 400 {
			r.t.Errorf("%s: status %d", p, status)
		}
		return // a file: it is there
	}
	if status != http.StatusOK {
		r.t.Errorf("%s: status %d", p, status)
		return
	}
	r.visits = append(r.visits, Visit{Path: p, Wire: wire})
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		r.t.Errorf("%s: %v", p, err)
		return
	}
	page := inspect(doc)
	for _, broken := range page.broken {
		r.t.Errorf("%s: %s", p, broken)
	}
	if i := strings.Index(body, locale.Missing); i >= 0 {
		r.t.Errorf("%s: a text is missing: %.120s", p, body[i:])
	}
	r.checkLanguage(p, page, body)
	r.checkWeight(p, page, wire)
	r.follow(p, page)
}

func (r *walker) checkLanguage(p string, page *facts, body string) {
	lang, _, _ := strings.Cut(strings.TrimPrefix(p, "/"), "/")
	if l, ok := locale.Parse(lang); !ok || page.lang != l.Tag() {
		r.t.Errorf("%s: its language is %q", p, page.lang)
		return
	}
	es, en, found := strings.Cut(r.Label, " / ")
	want := es
	if lang == "en" {
		want = en
	}
	if found && !strings.Contains(html.UnescapeString(body), want) {
		r.t.Errorf("%s: does not carry %q", p, want)
	}
	if page.other == "" {
		r.t.Errorf("%s: has no language switch", p)
	}
}

func (r *walker) checkWeight(p string, page *facts, wire int) {
	total := wire
	for _, file := range page.files {
		if _, known := r.wire[file]; !known {
			status, _, _, n := r.get(file)
			if status != http.StatusOK {
				r.t.Errorf("%s: loads %s, status %d", p, file, status)
			}
			r.wire[file] = n
		}
		total += r.wire[file]
	}
	if total > maxWire {
		r.t.Errorf("%s: %d bytes over the wire, %d of them the page", p, total, wire)
	}
}

// follow checks every link of a page and queues the pages among them.
func (r *walker) follow(p string, page *facts) {
	base, err := url.Parse(p)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, href := range append(page.links, page.other) {
		u, err := base.Parse(href)
		if err != nil {
			r.t.Errorf("%s: link %q: %v", p, href, err)
			continue
		}
		if u.Host != "" || u.Scheme != "" {
			continue // another site
		}
		if strings.HasPrefix(href, "#") {
			if u.Fragment != "" && !page.ids[u.Fragment] {
				r.t.Errorf("%s: link to #%s, which is not on the page", p, u.Fragment)
			}
			continue
		}
		u.Fragment = ""
		target := u.RequestURI()
		if lang := strings.SplitN(target, "/", 3)[1]; lang == "es" || lang == "en" {
			r.enqueue(target)
		} else if !r.answers(target) {
			r.t.Errorf("%s: link to %s, status %d", p, target, r.status[target])
		}
	}
}

// Shapes picks one page of every kind, by the folders of its address, for what is too slow to do to all.
func Shapes(visits []Visit) []Visit {
	seen := map[string]bool{}
	var out []Visit
	for _, v := range visits {
		u, err := url.Parse(v.Path)
		if err != nil {
			continue
		}
		parts := strings.Split(strings.Trim(path.Clean(u.Path), "/"), "/")
		shape := fmt.Sprintf("%s/%d", strings.Join(parts[:min(2, len(parts))], "/"), len(parts))
		if !seen[shape] {
			seen[shape] = true
			out = append(out, v)
		}
	}
	return out
}

// Look opens a page in Chromium, in both themes, wide and narrow, and fails the test for every rule of accessibility it
// breaks, every complaint of the browser, and a page wider than its screen.
func (b *Browser) Look(t *testing.T, base string, v Visit) {
	for _, dark := range []bool{false, true} {
		for _, view := range []View{{Width: 1280, Height: 800}, Phone()} {
			view.Dark = dark
			name := fmt.Sprintf("%s-%d-dark=%t", strings.NewReplacer("/", "_", "?", "_", "&", "_").Replace(v.Path), view.Width, dark)
			t.Run(name, func(t *testing.T) {
				p := b.Open(t, base+v.Path, view)
				p.Screenshot(name)
				for _, broken := range p.Violations() {
					t.Error(broken)
				}
				for _, problem := range p.Problems() {
					t.Error(problem)
				}
				if over := Eval[int](p, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
					t.Errorf("%d px wider than the screen: %v", over, Eval[[]string](p, `[...document.querySelectorAll("main *")]
						.filter(e => e.getBoundingClientRect().right > innerWidth).slice(-5).map(e => e.tagName + "." + e.className + " " + e.innerText.slice(0, 60))`))
				}
			})
		}
	}
}
