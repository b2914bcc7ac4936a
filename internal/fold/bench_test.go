package fold_test

import (
	"testing"
	"time"

	"entente"
	"entente/internal/entry"
	"entente/internal/fold"
	"entente/internal/fold/foldtest"
)

// BenchmarkFold folds a published entry of each kind of body in turn, with and
// without the cryptography, in times of its bare signature verifications.
func BenchmarkFold(b *testing.B) {
	for _, trusted := range []bool{false, true} {
		name := map[bool]string{false: "verified", true: "trusted"}[trusted]
		b.Run(name, func(b *testing.B) { benchmarkFold(b, trusted) })
	}
}

func benchmarkFold(b *testing.B, trusted bool) {
	p := foldtest.NewProgramme()
	m := p.Logs.Fold()
	origin := p.MX.Origin(entente.Public)
	raws := p.Logs.Raw[origin][1:]
	var bytes, signatures int
	for _, raw := range raws {
		parsed, err := entry.Parse(raw)
		if err != nil {
			b.Fatal(err)
		}
		bytes += len(raw)
		signatures += len(parsed.Signatures)
	}
	fresh := replayed{m}
	b.ReportAllocs()
	b.SetBytes(int64(bytes / len(raws)))
	n := 0
	for b.Loop() {
		i := n%len(raws) + 1
		n++
		in := fold.Input{Origin: origin, Index: uint64(i), Raw: raws[i-1], Leaf: entry.LeafHash(raws[i-1]), Verified: trusted}
		all, err := fold.Fold(fresh, in)
		if err != nil {
			b.Fatal(err)
		}
		if s := all[0].Status; s == fold.Inadmissible && all[0].Type != entente.TypeKey {
			b.Fatalf("%s folds as %s (%s)", all[0].Type, all[0].Rule, all[0].Detail)
		}
		if _, err := all[0].Content(); err != nil {
			b.Fatal(err)
		}
	}
	perEntry := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	verify := verifyTime(b, raws, m, origin)
	b.ReportMetric(perEntry/verify, "x-its-signatures")
	b.ReportMetric(float64(signatures)/float64(len(raws)), "signatures")
}

// verifyTime is the mean time of the bare verifications of an entry's signatures.
func verifyTime(b *testing.B, raws [][]byte, m *fold.Memory, origin string) float64 {
	b.Helper()
	keys, err := m.Keys(origin)
	if err != nil {
		b.Fatal(err)
	}
	lookup := func(name string) (string, bool) {
		k, ok := keys[name]
		return k.Binding.Public, ok
	}
	var parsed []*entry.Parsed
	for _, raw := range raws {
		p, err := entry.Parse(raw)
		if err != nil {
			b.Fatal(err)
		}
		parsed = append(parsed, p)
	}
	const rounds = 20
	start := time.Now()
	for range rounds {
		for _, p := range parsed {
			if _, err := p.Verify(lookup); err != nil {
				b.Fatal(err)
			}
		}
	}
	return float64(time.Since(start).Nanoseconds()) / float64(rounds*len(parsed))
}

// replayed is a full projection to which a log's entries can be given again.
type replayed struct{ *fold.Memory }

func (replayed) HasID(string, string, uint64) (bool, error) { return false, nil }
