package portal_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entente"
	"entente/internal/entry"
	"entente/internal/fold/foldtest"
	"entente/internal/store"
	"entente/internal/web/labels"
	"entente/internal/web/portal"
	"entente/internal/web/shell"
	"entente/internal/web/site"
)

// addresses are one page or more of each kind, in both languages.
var addresses = []string{
	"/", "/commitments", "/commitments?area=A07", "/commitments/joint/c10", "/commitments/MX/c06", "/pairs", "/indicators",
	"/indicators/us-encounters-southwest", "/indicators/us-encounters-nationwide?view=map", "/indicators/us-fentanyl-seized-weight?view=by&unit=lb",
	"/indicators/us-encounters-southwest?view=years", "/claims", "/citations/portal/cl027", "/claims/compare/border_encounters_change",
	"/meetings", "/actions", "/questions", "/data", "/verify", "/charter", "/agencies", "/statements", "/citations", "/datasets", "/latest",
	"/search?q=fentanilo", "/report",
}

// BenchmarkPages: warm pages over loopback HTTP by four readers, and the weight of
// the heaviest first view.
func BenchmarkPages(b *testing.B) {
	server := httptest.NewServer(world().Handler(shell.NewCache(64 << 20)))
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16, DisableCompression: true}}
	var urls []string
	for _, lang := range []string{"/es", "/en"} {
		for _, a := range addresses {
			urls = append(urls, server.URL+lang+a)
		}
	}
	heaviest := 0
	for _, u := range urls {
		heaviest = max(heaviest, firstView(b, client, server.URL, u))
	}
	var mu sync.Mutex
	var took []time.Duration
	for b.Loop() {
		var at atomic.Int64
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(func() {
				var mine []time.Duration
				for i := at.Add(1); i <= 4000; i = at.Add(1) {
					start := time.Now()
					fetch(b, client, urls[int(i)%len(urls)])
					mine = append(mine, time.Since(start))
				}
				mu.Lock()
				took = append(took, mine...)
				mu.Unlock()
			})
		}
		readers.Wait()
	}
	slices.Sort(took)
	b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "pages/s")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "page-p99-ms")
	b.ReportMetric(float64(heaviest)/1000, "firstview-kB")
}

func fetch(b *testing.B, client *http.Client, url string) []byte {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		b.Error(err)
		return nil
	}
	req.Header.Set("Accept-Encoding", "br")
	resp, err := client.Do(req)
	if err != nil {
		b.Error(err)
		return nil
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		b.Errorf("%s: status %d, %v", url, resp.StatusCode, err)
	}
	return raw
}

var loads = regexp.MustCompile(`(?:<link rel="(?:stylesheet|icon)"[^>]* href|<script src)="([^"]+)"`)

// firstView is the bytes over the wire of a page and everything that it loads.
func firstView(b *testing.B, client *http.Client, base, url string) int {
	total := len(fetch(b, client, url))
	resp, err := client.Get(url) // uncompressed, to read what it loads
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	for _, m := range loads.FindAllSubmatch(raw, -1) {
		total += len(fetch(b, client, base+string(m[1])))
	}
	return total
}

// BenchmarkPageGrowth: the page of one commitment, made anew each time, at a
// million entries against the same at ten thousand. ENTENTE_GROWTH sets the larger
// size.
func BenchmarkPageGrowth(b *testing.B) {
	large := 1_000_000
	if n, err := strconv.Atoi(os.Getenv("ENTENTE_GROWTH")); err == nil {
		large = n
	}
	for b.Loop() {
		g := newGrowth(b)
		g.fill(b, 10_000)
		small := g.measure(b)
		g.fill(b, large)
		big := g.measure(b)
		b.ReportMetric(float64(big)/float64(small), "page-growth")
		b.ReportMetric(float64(small.Microseconds()), "page-small-us")
		b.ReportMetric(float64(big.Microseconds()), "page-large-us")
	}
}

// growth is an observer's node that follows a party's and another observer's log:
// one entry in a hundred is the party's commitment with its milestone, the others
// are citations, the cheapest entries to make.
type growth struct {
	s       *store.Store
	handler http.Handler
	mx, us  *foldtest.Writer
	press   *foldtest.Writer
	sizes   map[string]uint64
	paths   []string // of some commitments' pages
}

// noFigures is a node without figures: the page of a commitment shows none.
type noFigures struct{ portal.Figures }

func (noFigures) Age() uint64 { return 0 }

func newGrowth(b *testing.B) *growth {
	b.Helper()
	s, err := store.Open(b.Context(), store.Options{Path: filepath.Join(b.TempDir(), "node.db")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	g := &growth{
		s: s, mx: foldtest.NewParty(entente.MX), us: foldtest.NewParty(entente.US), press: foldtest.NewObserver("press"), sizes: map[string]uint64{},
	}
	for i, w := range []*foldtest.Writer{foldtest.NewObserver("reader"), g.mx, g.us, g.press} {
		if err := s.Pin(b.Context(), w.Genesis, i == 0); err != nil {
			b.Fatal(err)
		}
	}
	for _, w := range []*foldtest.Writer{g.mx, g.us, g.press} {
		g.mirror(b, w, w.Genesis)
	}
	web := &site.Site{Store: s, Audience: entente.Public, Shell: shell.Site{Nav: portal.Nav, Links: portal.Links}}
	g.handler = portal.Handler(web, portal.NewParts(noFigures{}, labels.New(labels.Source{}), nil))
	return g
}

func (g *growth) mirror(b *testing.B, w *foldtest.Writer, raws ...[]byte) {
	b.Helper()
	origin := w.Origin(entente.Public)
	if err := g.s.Mirror(b.Context(), origin, g.sizes[origin], raws, nil); err != nil {
		b.Fatal(err)
	}
	g.sizes[origin] += uint64(len(raws))
}

func (g *growth) size() int {
	n := uint64(0)
	for _, s := range g.sizes {
		n += s
	}
	return int(n)
}

// fill brings the logs together to size entries.
func (g *growth) fill(b *testing.B, size int) {
	b.Helper()
	for g.size() < size {
		at := g.sizes[g.mx.Origin(entente.Public)]
		subject := fmt.Sprintf("k%d", at)
		commitment := g.mx.Entry(entente.Public, entente.TypeCommitment, subject, foldtest.Commitment(fmt.Sprintf("K%d", at)))
		ref := entente.Ref{Log: g.mx.Origin(entente.Public), Index: at, Leaf: entry.LeafHash(commitment)}
		milestone := g.mx.Entry(entente.Public, entente.TypeMilestone, "m"+subject, &entente.Milestone{
			Commitment: ref, Title: entente.Text{ES: "Primer paso", EN: "First step"}, Sources: []entente.Source{foldtest.Source("S1")},
		})
		g.mirror(b, g.mx, commitment, milestone)
		g.mirror(b, g.us, g.us.Entry(entente.Public, entente.TypePosition, "p"+subject, &entente.Position{On: ref, Stance: entente.Concurs}))
		var raws [][]byte
		for i := range 297 {
			c := foldtest.Citations()[2]
			c.Code = fmt.Sprintf("T%d", i)
			raws = append(raws, g.press.Entry(entente.Public, entente.TypeCitation, fmt.Sprintf("t-%d-%d", at, i), c))
		}
		g.mirror(b, g.press, raws...)
		g.paths = append(g.paths, "/es"+site.ThingPath(entente.TypeCommitment, "MX", subject))
	}
}

// measure is the lower quartile of the time that a commitment's page takes.
func (g *growth) measure(b *testing.B) time.Duration {
	b.Helper()
	var took []time.Duration
	for i := range 400 {
		path := g.paths[i*7919%len(g.paths)]
		w := httptest.NewRecorder()
		start := time.Now()
		g.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		took = append(took, time.Since(start))
		if w.Code != http.StatusOK {
			b.Fatalf("%s: status %d: %.300s", path, w.Code, w.Body)
		}
	}
	slices.Sort(took)
	return took[len(took)/4]
}
