package payload

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"entente"
	"entente/internal/seal"
)

// BenchmarkSeal: 1 GiB from a file sealed into a store, where it is on the disk at
// the end, against age alone on the same file and to the same recipients. The
// yardstick is age into another file, as its command does it; beside it, age into
// nothing, and into a file that is on the disk at the end as the store's is.
func BenchmarkSeal(b *testing.B) {
	const size, rounds = 1 << 30, 3
	w := newSealBench(b, size)
	var ours, nothing, file, disk []float64
	var memory float64
	for b.Loop() {
		for range rounds {
			nothing = append(nothing, w.age(io.Discard, func() error { return nil }))
			file = append(file, w.ageFile(func(*os.File) error { return nil }))
			disk = append(disk, w.ageFile((*os.File).Sync))
			memory = max(memory, resident(b, func() { ours = append(ours, w.seal()) }))
		}
	}
	b.ReportMetric(0, "ns/op") // of all four together it says nothing
	b.ReportMetric(median(file)/median(ours), "seal-1GiB/age")
	b.ReportMetric(median(nothing)/median(ours), "seal-1GiB/age-into-nothing")
	b.ReportMetric(median(disk)/median(ours), "seal-1GiB/age-on-disk")
	b.ReportMetric(memory, "seal-memory-MB")
	b.ReportMetric(size/median(ours)/1e6, "seal-MB/s")
}

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}

type sealBench struct {
	b    *testing.B
	dir  string
	path string
	m    seal.Manifest
	to   []string
}

func newSealBench(b *testing.B, size int64) *sealBench {
	b.Helper()
	w := &sealBench{b: b, dir: b.TempDir()}
	w.path = filepath.Join(w.dir, "content")
	f, err := os.Create(w.path)
	w.check(err)
	sum := sha256.New()
	buffered := bufio.NewWriterSize(io.MultiWriter(f, sum), 1<<20)
	_, err = io.CopyN(buffered, rand.NewChaCha8([32]byte{}), size)
	w.check(errors.Join(err, buffered.Flush(), f.Sync(), f.Close()))
	w.m = seal.Manifest{Format: seal.Format, Title: "Ejemplo", Salt: seal.NewSalt(), Files: []seal.File{
		{Name: "ejemplo.bin", Media: "application/octet-stream", Size: size, Digest: entente.Digest(sum.Sum(nil))}}}
	for range 4 {
		r, _, err := seal.Generate()
		w.check(err)
		w.to = append(w.to, r)
	}
	return w
}

func (w *sealBench) check(err error) {
	w.b.Helper()
	if err != nil {
		w.b.Fatal(err)
	}
}

func (w *sealBench) open() (io.ReadCloser, error) { return os.Open(w.path) }

// age encrypts the content with age and nothing else; it returns seconds.
func (w *sealBench) age(dst io.Writer, finish func() error) float64 {
	w.b.Helper()
	start := time.Now()
	src, err := w.open()
	w.check(err)
	defer src.Close()
	enc, err := seal.Encrypt(dst, w.to...)
	w.check(err)
	_, err = io.CopyBuffer(struct{ io.Writer }{enc}, struct{ io.Reader }{src}, make([]byte, 256<<10))
	w.check(errors.Join(err, enc.Close(), finish()))
	return time.Since(start).Seconds()
}

// ageFile is age into a new file.
func (w *sealBench) ageFile(finish func(*os.File) error) float64 {
	w.b.Helper()
	path := filepath.Join(w.dir, "age")
	f, err := os.Create(path)
	w.check(err)
	took := w.age(f, func() error { return errors.Join(finish(f), f.Close()) })
	w.check(os.Remove(path))
	return took
}

// seal seals the content into a new store; it returns seconds.
func (w *sealBench) seal() float64 {
	w.b.Helper()
	dir := filepath.Join(w.dir, "node")
	s, err := Open(dir)
	w.check(err)
	start := time.Now()
	p, err := s.Create(context.Background())
	w.check(err)
	w.check(seal.Seal(p, w.to, w.m, w.open))
	_, err = p.Commit()
	w.check(err)
	took := time.Since(start).Seconds()
	w.check(os.RemoveAll(dir))
	return took
}

// resident runs run and returns by how many MB the process grew at most meanwhile.
func resident(b *testing.B, run func()) float64 {
	b.Helper()
	debug.FreeOSMemory()
	before := rss(b)
	var most atomic.Int64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			most.Store(max(most.Load(), rss(b)))
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	run()
	close(stop)
	<-done
	return float64(most.Load()-before) / 1e6
}

// rss is the resident memory of the process in bytes (proc_pid_status(5)).
func rss(b *testing.B) int64 {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Error(err)
		return 0
	}
	_, rest, _ := strings.Cut(string(raw), "VmRSS:")
	kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		b.Error(err)
	}
	return kb << 10
}
