package follow_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"testing"
	"time"

	"entente/internal/follow"
	"entente/internal/merkle"
	"entente/test/testlog"
)

// idle is a keeper that keeps nothing: what is left is this package's own work.
type idle struct {
	log  follow.Log
	size uint64
}

func (k *idle) Followed(context.Context, string) (follow.Log, error) { return k.log, nil }
func (k *idle) Seen(context.Context, string, []byte) error           { return nil }
func (k *idle) Mirror(_ context.Context, _ string, _ uint64, raws [][]byte, _ []byte) error {
	k.size += uint64(len(raws))
	return nil
}
func (k *idle) Contradicted(context.Context, merkle.Evidence) error { return nil }

// BenchmarkFollow fetches 100,000 entries of a kilobyte over loopback HTTP and
// verifies them against the signed tree. The ratio is to as many bare Ed25519
// verifications: the share that following itself may add to checking signatures.
func BenchmarkFollow(b *testing.B) {
	const n = 100_000
	l := testlog.New(origin)
	raw := bytes.Repeat([]byte("x"), 1000)
	for i := range n {
		l.Append(append(raw[:996:996], byte(i), byte(i>>8), byte(i>>16), '\n'))
	}
	src := httpSource(b, serve(l))
	var spent time.Duration
	for b.Loop() {
		k := &idle{log: follow.Log{Keys: []string{l.VKey}, Root: merkle.EmptyRoot}}
		start := time.Now()
		if err := follow.New(follow.Options{Origin: origin, Source: src, Keeper: k}).Once(b.Context()); err != nil {
			b.Fatal(err)
		}
		spent += time.Since(start)
		if k.size != n {
			b.Fatalf("%d entries were handed on", k.size)
		}
	}
	perEntry := spent.Seconds() / float64(n*b.N)
	b.ReportMetric(ed25519Time(b)/perEntry, "followalone/ed25519")
	b.ReportMetric(1/perEntry, "entries/s")
}

// ed25519Time is the time of one bare verification over a kilobyte, in seconds.
func ed25519Time(b *testing.B) float64 {
	b.Helper()
	pub, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		b.Fatal(err)
	}
	msg := make([]byte, 1000)
	sig := ed25519.Sign(private, msg)
	const n = 2000
	start := time.Now()
	for range n {
		if !ed25519.Verify(pub, msg, sig) {
			b.Fatal("a good signature is refused")
		}
	}
	return time.Since(start).Seconds() / n
}
