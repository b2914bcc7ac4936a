package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"entente"
	"entente/internal/fold/foldtest"
)

// The figures of this file are ratios to a yardstick measured in the same run.

// producer makes signed commitments of Mexico.
type producer struct {
	*foldtest.Writer
	mu sync.Mutex
	n  int
}

func (p *producer) entry(a entente.Audience) []byte {
	p.mu.Lock()
	p.n++
	n := p.n
	h := p.Header(a, fmt.Sprintf("c-%x", entente.DigestOf(fmt.Append(nil, n)).String()[:12]))
	p.mu.Unlock()
	h.ID = fmt.Sprintf("019a%04x-%04x-7000-8000-%012x", n>>16&0xffff, n&0xffff, n)
	c := foldtest.Commitment(fmt.Sprintf("C%d", n))
	c.Description = entente.Text{
		ES: fmt.Sprintf("Compromiso número %d: reforzar la inspección de exportaciones en los cruces fronterizos y compartir los resultados de cada mes.", n),
		EN: fmt.Sprintf("Commitment number %d: strengthen the inspection of exports at border crossings and share the results of each month.", n),
	}
	return p.Sign(foldtest.Text(entente.TypeCommitment, h, c), p.Signers(a)...)
}

// ownNode opens the node of Mexico with its genesis in all three logs.
func ownNode(b *testing.B) (*Store, *producer) {
	b.Helper()
	p := &producer{Writer: foldtest.NewParty(entente.MX)}
	s := open(b)
	pin(b, s, p.Writer)
	for _, a := range entente.Audiences {
		_, err := s.Append(b.Context(), Draft{Origin: p.Origin(a), Raw: p.Genesis})
		check(b, err)
	}
	return s, p
}

// bareSQLite is the yardstick of appends: it returns what runs single-row
// transactions with the same settings.
func bareSQLite(b *testing.B) func(n int) {
	b.Helper()
	db, err := openWriter(b.TempDir()+"/bare.db", nil)
	check(b, err)
	b.Cleanup(func() { db.Close() })
	ctx := b.Context()
	_, err = db.ExecContext(ctx, "CREATE TABLE t (id INTEGER PRIMARY KEY, raw BLOB)")
	check(b, err)
	st, err := db.PrepareContext(ctx, "INSERT INTO t (raw) VALUES (?)") //nolint:sqlclosecheck // closed with the test
	check(b, err)
	b.Cleanup(func() { st.Close() })
	row := make([]byte, 1200)
	return func(n int) {
		for range n {
			_, err := st.ExecContext(ctx, row)
			check(b, err)
		}
	}
}

func perSecond(n int, run func()) float64 {
	start := time.Now()
	run()
	return float64(n) / time.Since(start).Seconds()
}

// cpuPerSecond is perSecond by the process's CPU time: entries a second and core.
func cpuPerSecond(n int, run func()) float64 {
	var before, after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	run()
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	used := time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
	return float64(n) / used.Seconds()
}

// rounds is how often figure and yardstick are measured in turn; the median of the
// ratios weighs what else the machine does least.
const rounds = 5

func middle[T cmp.Ordered](list []T) T {
	slices.Sort(list)
	return list[len(list)/2]
}

// BenchmarkOwn: what the store does of an own entry: signed, checked, logged, folded
// and under a signed checkpoint, by one writer and by 256. In the national log an
// entry has one signature, in the public one three. The figure to reach is of the
// whole use case, in test/usecases; these say which share of it is the store's.
func BenchmarkOwn(b *testing.B) {
	for _, a := range []entente.Audience{entente.National, entente.Public} {
		b.Run(string(a), func(b *testing.B) {
			name := func(metric string) string { return "store-" + metric + "-" + string(a) }
			for b.Loop() {
				bare := bareSQLite(b)
				s, p := ownNode(b)
				var took []time.Duration
				var ofBare, ofOne []float64
				for range rounds {
					yardstick := perSecond(1000, func() { bare(1000) })
					one := perSecond(1000, func() {
						for range 1000 {
							start := time.Now()
							_, err := s.Append(b.Context(), Draft{Origin: p.Origin(a), Raw: p.entry(a)})
							check(b, err)
							took = append(took, time.Since(start))
						}
					})
					many := perSecond(4000, func() { appendFrom(b, s, p, a, 256, 4000) })
					ofBare, ofOne = append(ofBare, one/yardstick), append(ofOne, many/one)
				}
				b.ReportMetric(middle(ofBare), name("append/sqlite"))
				b.ReportMetric(float64(middle(took).Microseconds())/1000, name("append-p50-ms"))
				b.ReportMetric(middle(ofOne), name("writers256/one"))
			}
		})
	}
}

func appendFrom(b *testing.B, s *Store, p *producer, a entente.Audience, writers, n int) {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(n))
	var wait sync.WaitGroup
	for range writers {
		wait.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := s.Append(context.Background(), Draft{Origin: p.Origin(a), Raw: p.entry(a)}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
}

// BenchmarkFollow: mirrored and folded entries a second and core against as many
// bare verifications as they have signatures: of a log whose entries have one each
// (an observer's), where folding weighs most, and of a party's public log, whose
// entries have three. Then both are rebuilt; the figure to reach is of the party's.
func BenchmarkFollow(b *testing.B) {
	const n = 4000
	party, observer := &producer{Writer: foldtest.NewParty(entente.MX)}, &producer{Writer: foldtest.NewObserver("portal")}
	ofParty, ofObserver := [][]byte{party.Genesis}, [][]byte{observer.Genesis}
	for range n {
		ofParty = append(ofParty, party.entry(entente.Public))
		ofObserver = append(ofObserver, observer.citation())
	}
	for b.Loop() {
		var three, one, rebuilt, rebuiltOne []float64
		for range rounds {
			bare := bareVerify(b, n)
			s := open(b)
			pin(b, s, observer.Writer, party.Writer)
			of, again := followed(b, s, party.Origin(entente.Public), ofParty, 3)
			three, rebuilt = append(three, of/bare), append(rebuilt, again)

			s = open(b, func(o *Options) { o.Restored = true })
			pin(b, s, observer.Writer)
			of, again = followed(b, s, observer.Origin(entente.Public), ofObserver, 1)
			one, rebuiltOne = append(one, of/bare), append(rebuiltOne, again)
		}
		b.ReportMetric(middle(one), "follow/ed25519")
		b.ReportMetric(middle(rebuilt), "rebuild/follow")
		b.ReportMetric(middle(three), "follow3/ed25519")
		b.ReportMetric(middle(rebuiltOne), "rebuild/follow1")
	}
}

// followed mirrors a log into an empty store and rebuilds its projection. It
// returns the signatures followed a second and core, and how many times as fast the
// rebuild went.
func followed(b *testing.B, s *Store, origin string, raws [][]byte, signatures int) (cpu, rebuilt float64) {
	b.Helper()
	var wall float64
	cpu = cpuPerSecond(signatures*len(raws), func() {
		wall = perSecond(len(raws), func() { mirrorBatches(b, s, origin, raws, 512) })
	})
	return cpu, perSecond(len(raws), func() { check(b, s.Rebuild(b.Context(), nil)) }) / wall
}

func mirrorBatches(b *testing.B, s *Store, origin string, raws [][]byte, batch int) {
	b.Helper()
	from := uint64(0)
	for part := range slices.Chunk(raws, batch) {
		check(b, s.Mirror(b.Context(), origin, from, part, nil))
		from += uint64(len(part))
	}
}

// bareVerify is the yardstick of following: Ed25519 verifications a second.
func bareVerify(b *testing.B, n int) float64 {
	b.Helper()
	key := foldtest.NewParty(entente.MX).Agency
	v, err := note.NewVerifier(key.Binding.Public)
	check(b, err)
	msg := make([]byte, 1000)
	sig, err := key.Signer.Sign(msg)
	check(b, err)
	return cpuPerSecond(n, func() {
		for range n {
			if !v.Verify(msg, sig) {
				b.Fatal("the signature does not hold")
			}
		}
	})
}
