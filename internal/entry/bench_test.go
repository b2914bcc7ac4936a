package entry

import (
	"crypto/ed25519"
	"testing"
	"time"
)

// bareVerify returns the time of n bare Ed25519 verifications over msg, in
// nanoseconds: the yardstick of what an entry costs.
func bareVerify(b *testing.B, msg []byte, n int) float64 {
	b.Helper()
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	public, sig := private.Public().(ed25519.PublicKey), ed25519.Sign(private, msg)
	const rounds = 1000
	start := time.Now()
	for range rounds {
		if !ed25519.Verify(public, msg, sig) {
			b.Fatal("does not verify")
		}
	}
	return float64(time.Since(start).Nanoseconds()) / rounds * float64(n)
}

// BenchmarkParse reads an entry and decodes its body: strict JSON, two schemas.
func BenchmarkParse(b *testing.B) {
	raw, _ := testEntry(b, 3)
	yardstick := bareVerify(b, raw, 1)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		p, err := Parse(raw)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Decode(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/yardstick, "x-verify")
}

// BenchmarkVerify checks the three signatures of a published entry.
func BenchmarkVerify(b *testing.B) {
	raw, keys := testEntry(b, 3)
	yardstick := bareVerify(b, raw, 3)
	p, err := Parse(raw)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := p.Verify(lookup(keys)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/yardstick, "x-3-verify")
}
