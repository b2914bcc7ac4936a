package store

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"entente"
	"entente/internal/fold/foldtest"
)

// The sizes of BenchmarkGrowth; ENTENTE_GROWTH sets the larger one.
const (
	growthSmall = 10_000
	growthLarge = 1_000_000
)

// BenchmarkGrowth: appending, mirroring and reading one thing at a million entries
// against the same at ten thousand.
func BenchmarkGrowth(b *testing.B) {
	large := growthLarge
	if n, err := strconv.Atoi(os.Getenv("ENTENTE_GROWTH")); err == nil {
		large = n
	}
	for b.Loop() {
		g := newGrowth(b)
		g.fill(b, growthSmall)
		small := g.measure(b)
		g.fill(b, large)
		big := g.measure(b)
		b.ReportMetric(float64(big.append)/float64(small.append), "append-growth")
		b.ReportMetric(float64(big.mirror)/float64(small.mirror), "follow-growth")
		b.ReportMetric(float64(big.page)/float64(small.page), "page-rows-growth")
		b.ReportMetric(float64(small.append.Microseconds()), "append-small-us")
		b.ReportMetric(float64(big.append.Microseconds()), "append-large-us")
		b.ReportMetric(float64(small.mirror.Microseconds()), "mirror-small-us")
		b.ReportMetric(float64(big.mirror.Microseconds()), "mirror-large-us")
		b.ReportMetric(float64(big.page.Microseconds()), "page-large-us")
	}
}

// growth is the node of Mexico, which follows an observer's log: the cheapest
// entries to make, so that a million of them are a matter of minutes.
type growth struct {
	s        *Store
	mx       *producer
	observer *producer
	size     int
	leaf     entente.Ref // of some commitment, to read
}

func newGrowth(b *testing.B) *growth {
	b.Helper()
	g := &growth{mx: &producer{Writer: foldtest.NewParty(entente.MX)}, observer: &producer{Writer: foldtest.NewObserver("portal")}, s: open(b)}
	pin(b, g.s, g.mx.Writer, g.observer.Writer)
	_, err := g.s.Append(b.Context(), Draft{g.mx.Origin(entente.National), g.mx.Genesis})
	check(b, err)
	check(b, g.s.Mirror(b.Context(), g.observer.Origin(entente.Public), 0, [][]byte{g.observer.Genesis}, nil))
	g.size = 2
	return g
}

// citation makes a citation of the observer, an entry like those that a large log
// would hold.
func (p *producer) citation() []byte {
	p.n++
	n := p.n
	c := foldtest.Citations()[2]
	c.Code = fmt.Sprintf("T%d", n)
	c.Text = entente.Text{ES: fmt.Sprintf("Nota %d: decomiso en la frontera", n), EN: fmt.Sprintf("Note %d: seizure at the border", n)}
	h := p.Header(entente.Public, "t-"+entente.DigestOf(fmt.Append(nil, n)).String()[:12])
	h.ID = fmt.Sprintf("019a%04x-%04x-7000-8000-%012x", n>>16&0xffff, n&0xffff, n)
	h.Time = time.Date(2025, 9, 3, 0, 0, n, 0, time.UTC)
	return p.Sign(foldtest.Text(entente.TypeCitation, h, c), p.Agency)
}

// fill brings both logs together to size entries, in the shares of 99 to 1.
func (g *growth) fill(b *testing.B, size int) {
	b.Helper()
	for g.size < size {
		g.appendBatch(b, 5)
		g.mirrorBatch(b, min(495, max(1, size-g.size)))
	}
}

func (g *growth) appendBatch(b *testing.B, n int) {
	b.Helper()
	var drafts []Draft
	for range n {
		drafts = append(drafts, Draft{g.mx.Origin(entente.National), g.mx.entry(entente.National)})
	}
	got, err := g.s.Append(b.Context(), drafts...)
	check(b, err)
	g.leaf = got[0].Ref
	g.size += n
}

func (g *growth) mirrorBatch(b *testing.B, n int) (took time.Duration) {
	b.Helper()
	raws := make([][]byte, n)
	for i := range raws {
		raws[i] = g.observer.citation()
	}
	origin := g.observer.Origin(entente.Public)
	l, err := g.s.Log(b.Context(), origin)
	check(b, err)
	start := time.Now()
	check(b, g.s.Mirror(b.Context(), origin, l.Size, raws, nil))
	g.size += n
	return time.Since(start) / time.Duration(n)
}

// times are what one entry, or one reading, takes.
type times struct{ append, mirror, page time.Duration }

func (g *growth) measure(b *testing.B) times {
	b.Helper()
	_, err := g.s.View(entente.National).Search(b.Context(), "frontera", "es", Query{Limit: 1}) // the full-text index is up to date
	check(b, err)
	var appends, mirrors, pages []time.Duration
	for range 1000 {
		start := time.Now()
		g.page(b)
		pages = append(pages, time.Since(start))
	}
	for range 600 {
		d := Draft{g.mx.Origin(entente.National), g.mx.entry(entente.National)}
		start := time.Now()
		_, err := g.s.Append(b.Context(), d)
		check(b, err)
		appends = append(appends, time.Since(start))
		g.size++
	}
	for range 24 {
		mirrors = append(mirrors, g.mirrorBatch(b, 256))
	}
	return times{quartile(appends), quartile(mirrors), quartile(pages)}
}

// page reads what the page of one commitment shows.
func (g *growth) page(b *testing.B) {
	v := g.s.View(entente.National)
	x, err := ByRef[entente.Commitment](b.Context(), v, g.leaf.Log, g.leaf.Index)
	check(b, err)
	t, err := Get[entente.Commitment](b.Context(), v, x.Type, x.Writer, x.Subject)
	check(b, err)
	_, err = v.Linked(b.Context(), t.Current.Ref)
	check(b, err)
	_, err = v.Positions(b.Context(), t.Current.Ref)
	check(b, err)
}

// quartile is the lower quartile: what else the machine does weighs less in it
// than in the median.
func quartile(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/4]
}
