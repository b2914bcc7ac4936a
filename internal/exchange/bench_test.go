package exchange_test

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"entente"
	"entente/internal/seal"
	"entente/internal/store"
	"entente/test/parties"
)

// content10k is what is released in the benchmarks: 10 KB that does not compress.
func content10k() string {
	b := make([]byte, 10_000)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(b)
	return string(b)
}

// oneRelease takes a release from its draft to past the second officer.
func oneRelease(tb testing.TB, w *parties.World, i int64, content string) entente.Ref {
	tb.Helper()
	return sent(tb, w.MX, "SSPC", draft(tb, w.MX, "SSPC", entente.TypeRelease, release("CBP"), fmt.Sprintf("Invented answer %d.", i), "a.bin", content))
}

// receipts counts the receipts that have come back to Mexico.
func receipts(tb testing.TB, w *parties.World) int {
	tb.Helper()
	page, err := store.List[entente.Receipt](tb.Context(), w.MX.View(entente.Shared), store.Query{Type: entente.TypeReceipt, Limit: 1})
	check(tb, err)
	return page.Total
}

// BenchmarkRelease: a small release from draft to signed receipt at the sender, both
// nodes in this process over loopback TLS: one after the other, and then as many as
// the machine takes. The yardstick is what no such exchange can do without: sealing
// to the same recipients, opening, two signatures and two verifications, one after
// the other on one core.
func BenchmarkRelease(b *testing.B) {
	// Two nodes are two processes, each with as many threads as the machine has cores:
	// what one waits for on the disk does not keep the other one from a core.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2 * runtime.NumCPU()))
	w := parties.New(b)
	content := content10k()
	for b.Loop() {
		b.ReportMetric(median(b, w), "release-p50-ms")
		bare := cpu(b)
		before := yardstick(b, w, content)
		bare = (cpu(b) - bare) / yards
		spent := cpu(b)
		rate := sustained(b, w, content)
		spent = (cpu(b) - spent) / releases
		// Before and after: what else the machine does weighs on both alike.
		alone := (before + yardstick(b, w, content)) / 2
		b.ReportMetric(rate/alone, "releases/alone")
		b.ReportMetric(spent.Seconds()/bare.Seconds(), "cpu/alone")
		b.ReportMetric(alone, "alone/s")
	}
}

// How often each is done.
const (
	yards    = 200
	releases = 1500
)

func median(b *testing.B, w *parties.World) float64 {
	b.Helper()
	var took []time.Duration
	for i := range 40 {
		begin := time.Now()
		ref := oneRelease(b, w, int64(i), "an example")
		until(b, "the receipt is back", func() bool { r := state(b, w.MX, ref); return r != nil && r.Receipt != nil })
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	return float64(took[len(took)/2].Microseconds()) / 1000
}

// yardstick is how many times a second the cryptography alone can be done.
func yardstick(b *testing.B, w *parties.World, content string) float64 {
	b.Helper()
	to, err := w.MX.SealRecipients(b.Context(), entente.US, "CBP", "DOS", "DHS")
	check(b, err)
	own, err := w.MX.SealRecipients(b.Context(), entente.MX, "SSPC", "SRE")
	check(b, err)
	to = append(to, own...)
	ids, err := w.US.Unseal("CBP")
	check(b, err)
	public, private, err := ed25519.GenerateKey(nil)
	check(b, err)
	begin := time.Now()
	for range yards {
		var sealed bytes.Buffer
		enc, err := seal.Encrypt(&sealed, to...)
		check(b, err)
		_, err = io.WriteString(enc, content)
		check(b, err)
		check(b, enc.Close())
		plain, err := seal.Decrypt(bytes.NewReader(sealed.Bytes()), ids...)
		check(b, err)
		_, err = io.Copy(io.Discard, plain)
		check(b, err)
		for range 2 {
			if !ed25519.Verify(public, sealed.Bytes()[:1500], ed25519.Sign(private, sealed.Bytes()[:1500])) {
				b.Fatal("a signature does not verify")
			}
		}
	}
	return yards / time.Since(begin).Seconds()
}

// cpu is the processor time that this process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	check(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// sustained is how many releases a second go from draft to receipt at the sender.
func sustained(b *testing.B, w *parties.World, content string) float64 {
	b.Helper()
	const writers = 128
	before := receipts(b, w)
	begin := time.Now()
	var made atomic.Int64
	var wait sync.WaitGroup
	for range writers {
		wait.Go(func() {
			for i := made.Add(1); i <= releases; i = made.Add(1) {
				oneRelease(b, w, i, content)
			}
		})
	}
	wait.Wait()
	b.ReportMetric(releases/time.Since(begin).Seconds(), "sent/s")
	for receipts(b, w) < before+releases {
		if time.Since(begin) > 5*time.Minute {
			b.Fatal("not all receipts are back")
		}
		time.Sleep(20 * time.Millisecond) // counting them takes time from the nodes
	}
	return releases / time.Since(begin).Seconds()
}
