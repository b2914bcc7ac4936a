package nodes_test

import (
	"crypto/ed25519"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"entente"
	"entente/internal/store"
	"entente/test/nodes"
)

// The figures of this file are of whole nodes, as ratios to a yardstick measured in
// the same run. Those to reach are measured in test/usecases and internal/store.

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// cpu is the processor time that this process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	check(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// bareVerify returns the processor time of n bare Ed25519 verifications over a
// kilobyte.
func bareVerify(b *testing.B, n int) time.Duration {
	b.Helper()
	pub, private, err := ed25519.GenerateKey(nil)
	check(b, err)
	msg := make([]byte, 1000)
	sig := ed25519.Sign(private, msg)
	start := cpu(b)
	for range n {
		if !ed25519.Verify(pub, msg, sig) {
			b.Fatal("a good signature is refused")
		}
	}
	return cpu(b) - start
}

// BenchmarkFollow: a log followed over loopback TLS from nothing: fetched, verified,
// mirrored and folded, by processor time, serving included. The yardstick is as many
// bare verifications as the entries carry signatures, which following has to make.
// Then the same node's projection is built again.
func BenchmarkFollow(b *testing.B) {
	const n, signatures = 6000, 2 // of agency and officer, in the shared log
	mx, us := nodes.New(b, entente.Author{Party: entente.MX}), nodes.New(b, entente.Author{Party: entente.US})
	fresh := copied(b, us.Dir()) // before it holds anything of Mexico
	nodes.Connect(b, mx, us)
	made := 0
	for _, part := range chunks(n, 200) {
		drafts := make([]store.Draft, part)
		for i := range drafts {
			made++
			drafts[i] = mx.Commitment(entente.Shared, made)
		}
		_, err := mx.Store().Append(b.Context(), drafts...)
		check(b, err)
	}
	origin := mx.Origin(entente.Shared)
	var bare, spent, wall, again time.Duration
	for b.Loop() {
		us := nodes.Made(b, entente.Author{Party: entente.US}, copied(b, fresh))
		us.Join([]*nodes.Node{mx})
		bare += bareVerify(b, n*signatures)
		began, start := cpu(b), time.Now()
		check(b, us.Net.Round(b.Context(), origin))
		spent, wall = spent+cpu(b)-began, wall+time.Since(start)
		start = time.Now()
		check(b, us.Store().Rebuild(b.Context(), nil))
		again += time.Since(start)
		us.Close()
	}
	b.ReportMetric(bare.Seconds()/spent.Seconds(), "follow-tls/ed25519")
	b.ReportMetric(wall.Seconds()/again.Seconds(), "rebuild/follow-tls")
	b.ReportMetric(float64(n*b.N)/spent.Seconds(), "followed/s/core")
}

// copied copies a node's directory.
func copied(b *testing.B, dir string) string {
	b.Helper()
	to := filepath.Join(b.TempDir(), "node")
	check(b, os.CopyFS(to, os.DirFS(dir)))
	return to
}

func chunks(n, size int) []int {
	var out []int
	for ; n > 0; n -= size {
		out = append(out, min(n, size))
	}
	return out
}
