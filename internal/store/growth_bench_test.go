package store

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"syscall"
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

// How often BenchmarkGrowth measures each. A block of mirrored entries, in batches
// as a follower hands them on, is as long as the full-text index lets entries wait,
// so that its work is in it.
const (
	growthPages   = 1000
	growthAppends = 600
	growthBlocks  = 12
	growthBlock   = indexAt
	growthBatch   = 256
)

// BenchmarkGrowth: appending, mirroring and reading one thing at a million entries
// against the same at ten thousand: two nodes, turn and turn about, so that what
// else the machine does weighs on both alike.
func BenchmarkGrowth(b *testing.B) {
	large := growthLarge
	if n, err := strconv.Atoi(os.Getenv("ENTENTE_GROWTH")); err == nil {
		large = n
	}
	for b.Loop() {
		// The small one has its size halfway through what is added to it.
		sides := [2]*growth{newGrowth(b, growthSmall-(growthAppends+growthBlocks*growthBlock)/2), newGrowth(b, large)}
		syscall.Sync() // what filling left to the disk is not measured
		page := turns(growthPages, sides, func(g *growth) time.Duration { return g.page(b) })
		add := turns(growthAppends, sides, func(g *growth) time.Duration { return g.appendOne(b) })
		mirror := mirrorBlocks(b, sides)
		for _, f := range []struct {
			name string
			took [2]float64
		}{{"page-rows", page}, {"append", add}, {"follow", mirror}} {
			b.ReportMetric(f.took[1]/f.took[0], f.name+"-growth")
			b.ReportMetric(f.took[0], f.name+"-small-us")
			b.ReportMetric(f.took[1], f.name+"-large-us")
		}
	}
}

// turns measures both sides in turn, n times each, and returns the lower quartile
// of each in microseconds: what else the machine does weighs less in it than in
// the median.
func turns(n int, sides [2]*growth, run func(*growth) time.Duration) [2]float64 {
	var took [2][]time.Duration
	for range n {
		for i, g := range sides {
			took[i] = append(took[i], run(g))
		}
	}
	return quartiles(took, 1)
}

// quartiles returns the lower quartile of each side for one of n, in microseconds.
func quartiles(took [2][]time.Duration, n int) (us [2]float64) {
	for i, d := range took {
		slices.Sort(d)
		us[i] = float64(d[len(d)/4].Nanoseconds()) / 1000 / float64(n)
	}
	return us
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

func newGrowth(b *testing.B, size int) *growth {
	b.Helper()
	g := &growth{mx: &producer{Writer: foldtest.NewParty(entente.MX)}, observer: &producer{Writer: foldtest.NewObserver("portal")}, s: open(b)}
	pin(b, g.s, g.mx.Writer, g.observer.Writer)
	_, err := g.s.Append(b.Context(), Draft{Origin: g.mx.Origin(entente.National), Raw: g.mx.Genesis})
	check(b, err)
	check(b, g.s.Mirror(b.Context(), g.observer.Origin(entente.Public), 0, [][]byte{g.observer.Genesis}, nil))
	g.size = 2
	g.fill(b, size)
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
	h := p.Header(entente.Public, fmt.Sprintf("t-%08d", n))
	h.ID = fmt.Sprintf("019a%04x-%04x-7000-8000-%012x", n>>16&0xffff, n&0xffff, n)
	h.Time = time.Date(2025, 9, 3, 0, 0, n, 0, time.UTC)
	return p.Sign(foldtest.Text(entente.TypeCitation, h, c), p.Agency)
}

// fill brings both logs together to size entries, in the shares of 99 to 1.
func (g *growth) fill(b *testing.B, size int) {
	b.Helper()
	for g.size < size {
		g.appendBatch(b, 10)
		g.mirrorBatch(b, min(990, max(1, size-g.size)))
	}
}

func (g *growth) appendBatch(b *testing.B, n int) {
	b.Helper()
	var drafts []Draft
	for range n {
		drafts = append(drafts, Draft{Origin: g.mx.Origin(entente.National), Raw: g.mx.entry(entente.National)})
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
	return time.Since(start)
}

func (g *growth) appendOne(b *testing.B) time.Duration {
	b.Helper()
	d := Draft{Origin: g.mx.Origin(entente.National), Raw: g.mx.entry(entente.National)}
	start := time.Now()
	_, err := g.s.Append(b.Context(), d)
	check(b, err)
	g.size++
	return time.Since(start)
}

// mirrorBlocks measures blocks of mirrored entries, batch by batch in turn, and
// returns the lower quartile of the time of an entry, in microseconds.
func mirrorBlocks(b *testing.B, sides [2]*growth) [2]float64 {
	b.Helper()
	var took [2][]time.Duration
	for range growthBlocks {
		var block [2]time.Duration
		for range growthBlock / growthBatch {
			for i, g := range sides {
				block[i] += g.mirrorBatch(b, growthBatch)
			}
		}
		for i := range took {
			took[i] = append(took[i], block[i])
		}
	}
	return quartiles(took, growthBlock)
}

// page reads what the page of one commitment shows.
func (g *growth) page(b *testing.B) time.Duration {
	b.Helper()
	start := time.Now()
	v := g.s.View(entente.National)
	x, err := ByRef[entente.Commitment](b.Context(), v, g.leaf.Log, g.leaf.Index)
	check(b, err)
	t, err := Get[entente.Commitment](b.Context(), v, x.Type, x.Writer, x.Subject)
	check(b, err)
	_, err = v.Linked(b.Context(), t.Current.Ref)
	check(b, err)
	_, err = v.Positions(b.Context(), t.Current.Ref)
	check(b, err)
	return time.Since(start)
}
