package node

import (
	"testing"
	"time"

	"entente"
)

// BenchmarkPolicy measures the whole decision on a release as the gate makes it:
// scanning its text, looking everything up (warm), building the input, deciding;
// over Cedar alone on input that is there.
func BenchmarkPolicy(b *testing.B) {
	w := exchanging(b)
	p, err := w.mx.plan(w.mx.exchangeIntent(entente.TypeRelease, "r1", exampleRelease(), w.mx.first, w.mx.second))
	if err != nil {
		b.Fatal(err)
	}
	by := signersOf(w.mx.first, w.mx.second)
	r, err := w.mx.ask(b.Context(), p, by)
	if err != nil {
		b.Fatal(err)
	}
	l := must(w.mx.inForce(b.Context()))
	decide := l.set.Bare(r.request)
	const run = 100 // turn and turn about, so that a busy machine slows both
	var bare, own time.Duration
	for b.Loop() {
		start := time.Now()
		for range run {
			if !decide() {
				b.Fatal("bare refuses")
			}
		}
		middle := time.Now()
		for range run {
			if d, err := w.mx.judge(b.Context(), p, by); err != nil || !d.Allow {
				b.Fatal(d.Policies, err)
			}
		}
		bare, own = bare+middle.Sub(start), own+time.Since(middle)
	}
	b.ReportMetric(float64(own)/float64(bare), "policy/cedar")
	b.ReportMetric(float64(own.Nanoseconds())/float64(b.N*run), "ns/decision")
}
