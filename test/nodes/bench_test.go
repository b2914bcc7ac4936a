package nodes_test

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the yardstick of appending

	"entente"
	"entente/internal/node"
	"entente/internal/programme"
	"entente/internal/store"
	"entente/programmes"
	"entente/test/nodes"
)

// The figures of this file are of whole nodes, as ratios to a yardstick measured in
// the same run; their names are those of scripts/bench-targets.txt.

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// bench is two parties under the charter and the policies of the programme.
type bench struct {
	b             *testing.B
	mx, us        *nodes.Node
	first, second map[*nodes.Node]*node.Officer
	area          string
	n             atomic.Int64
}

func newBench(b *testing.B) *bench {
	b.Helper()
	w := &bench{b: b, mx: nodes.New(b, entente.Author{Party: entente.MX}), us: nodes.New(b, entente.Author{Party: entente.US}),
		first: map[*nodes.Node]*node.Officer{}, second: map[*nodes.Node]*node.Officer{}}
	nodes.Connect(b, w.mx, w.us)
	for _, n := range []*nodes.Node{w.mx, w.us} {
		for i, of := range []map[*nodes.Node]*node.Officer{w.first, w.second} {
			o, err := n.UnlockOfficer(b.Context(), fmt.Sprintf("officer-%d", i+1), nodes.Passphrase)
			check(b, err)
			of[n] = o
		}
	}
	w.rounds()
	w.found()
	return w
}

// found puts the programme's charter and policies in force.
func (w *bench) found() {
	w.b.Helper()
	files, err := fs.Sub(programmes.Files, "mx-us-2025")
	check(w.b, err)
	p, err := programme.Load(files)
	check(w.b, err)
	charter := p.Charter
	charter.Genesis = []entente.GenesisPin{
		{Party: entente.MX, Digest: entente.DigestOf(w.mx.Genesis())}, {Party: entente.US, Digest: entente.DigestOf(w.us.Genesis())}}
	w.area = charter.Areas[0].Code
	for _, half := range []struct {
		t    entente.Type
		body any
	}{{entente.TypeCharter, &charter}, {entente.TypePolicy, &p.Policy}} {
		in := w.signed(w.mx)
		in.Type, in.Subject, in.Audience, in.Body = half.t, p.Code, entente.Shared, half.body
		a, err := w.mx.Propose(w.b.Context(), in)
		check(w.b, err)
		w.rounds()
		_, err = w.us.Accept(w.b.Context(), a.Ref, w.signed(w.us))
		check(w.b, err)
		w.rounds()
	}
	ok, err := w.mx.Founded(w.b.Context())
	check(w.b, err)
	if !ok {
		w.b.Fatal("the charter is not in force")
	}
}

func (w *bench) signed(n *nodes.Node) node.Intent {
	return node.Intent{Agency: n.Author.Agency, By: w.first[n], Second: w.second[n]}
}

func (w *bench) rounds() {
	w.b.Helper()
	for _, n := range []*nodes.Node{w.mx, w.us} {
		for origin := range n.Net.Status() {
			check(w.b, n.Net.Round(w.b.Context(), origin))
		}
	}
}

// intent is a commitment of Mexico like those of the record.
func (w *bench) intent(a entente.Audience) node.Intent {
	i := w.n.Add(1)
	in := w.signed(w.mx)
	in.Type, in.Subject, in.Audience = entente.TypeCommitment, fmt.Sprintf("c-%d", i), a
	in.Body = &entente.Commitment{
		Code: fmt.Sprintf("C-%d", i), Areas: []string{w.area}, Wording: entente.Summary, Announced: "2025-09-03",
		Title: entente.Text{ES: fmt.Sprintf("Compromiso %d", i), EN: fmt.Sprintf("Commitment %d", i)},
		Description: entente.Text{
			ES: "Reforzar la inspección de exportaciones en los cruces fronterizos y compartir los resultados de cada mes.",
			EN: "Strengthen the inspection of exports at border crossings and share the results of each month."},
		Sources: []entente.Source{{Code: "S1", Publisher: "SRE", Title: "Comunicado conjunto", Date: "2025-09-03", URL: "https://example.org/s1", Language: "es", Kind: "official"}},
	}
	return in
}

// bareSQLite makes n FULL-sync transactions of one row and returns how many it
// makes in a second.
func bareSQLite(b *testing.B, n int) float64 {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+b.TempDir()+"/bare.db?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	check(b, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(b.Context(), "CREATE TABLE t (id INTEGER PRIMARY KEY, raw BLOB)")
	check(b, err)
	st, err := db.PrepareContext(b.Context(), "INSERT INTO t (raw) VALUES (?)")
	check(b, err)
	defer st.Close()
	row := make([]byte, 1200)
	start := time.Now()
	for range n {
		_, err := st.ExecContext(b.Context(), row)
		check(b, err)
	}
	return float64(n) / time.Since(start).Seconds()
}

// BenchmarkAppend: an own entry from intent to answer: validated, decided by the
// policies in force, signed by agency and officers, logged, folded, its Ed25519
// checkpoint out; by one writer, and by 256.
func BenchmarkAppend(b *testing.B) {
	for _, a := range []entente.Audience{entente.Shared, entente.Public} {
		b.Run(string(a), func(b *testing.B) {
			const n = 1500
			w := newBench(b)
			var took []time.Duration
			var rows, one, many float64
			for b.Loop() {
				rows += bareSQLite(b, n)
				start := time.Now()
				for range n {
					in, began := w.intent(a), time.Now()
					_, err := w.mx.Append(b.Context(), in)
					check(b, err)
					took = append(took, time.Since(began))
				}
				one += n / time.Since(start).Seconds()
				many += w.appendFrom(a, 256, 4*n)
			}
			slices.Sort(took)
			b.ReportMetric(one/rows, "append/sqlite")
			b.ReportMetric(ms(took[len(took)/2]), "append-p50-ms")
			b.ReportMetric(many/one, "writers256/one")
			b.ReportMetric(one/float64(b.N), "one-writer/s")
		})
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (w *bench) appendFrom(a entente.Audience, writers, n int) float64 {
	var left atomic.Int64
	left.Store(int64(n))
	var wait sync.WaitGroup
	start := time.Now()
	for range writers {
		wait.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := w.mx.Append(context.Background(), w.intent(a)); err != nil {
					w.b.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	return float64(n) / time.Since(start).Seconds()
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
	w := &bench{b: b, mx: nodes.New(b, entente.Author{Party: entente.MX}), us: nodes.New(b, entente.Author{Party: entente.US})}
	fresh := copied(b, w.us.Dir()) // before it holds anything of Mexico
	nodes.Connect(b, w.mx, w.us)
	for _, part := range chunks(n, 200) {
		drafts := make([]store.Draft, part)
		for i := range drafts {
			drafts[i] = w.mx.Commitment(entente.Shared, int(w.n.Add(1)))
		}
		_, err := w.mx.Store().Append(b.Context(), drafts...)
		check(b, err)
	}
	origin := w.mx.Origin(entente.Shared)
	var bare, spent, wall, again time.Duration
	for b.Loop() {
		us := nodes.Made(b, entente.Author{Party: entente.US}, copied(b, fresh))
		us.Join([]*nodes.Node{w.mx})
		bare += bareVerify(b, n*signatures)
		began, start := cpu(b), time.Now()
		check(b, us.Net.Round(b.Context(), origin))
		spent, wall = spent+cpu(b)-began, wall+time.Since(start)
		start = time.Now()
		check(b, us.Store().Rebuild(b.Context(), nil))
		again += time.Since(start)
		us.Close()
	}
	b.ReportMetric(bare.Seconds()/spent.Seconds(), "follow/ed25519")
	b.ReportMetric(wall.Seconds()/again.Seconds(), "rebuild/follow")
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

// BenchmarkSeen: the time from the moment an entry is handed to its own node to the
// moment that the other node has it verified, mirrored and folded, at 100 entries a
// second over loopback TLS, told by hints.
func BenchmarkSeen(b *testing.B) {
	const rate, n = 100, 500
	w := newBench(b)
	origin := w.mx.Origin(entente.Shared)
	var mu sync.Mutex
	seen := map[uint64]time.Time{}
	size := func(n *nodes.Node) uint64 {
		l, err := n.Store().Log(b.Context(), origin)
		check(b, err)
		return l.Size
	}
	last := size(w.us)
	w.us.Store().OnCommit(func(c store.Committed) {
		mu.Lock()
		defer mu.Unlock()
		for ; last < c[origin]; last++ {
			seen[last] = time.Now()
		}
	})
	w.mx.Run()
	w.us.Run()
	var took []time.Duration
	for b.Loop() {
		handed := map[uint64]time.Time{}
		tick := time.NewTicker(time.Second / rate)
		for range n {
			<-tick.C
			in, now := w.intent(entente.Shared), time.Now()
			a, err := w.mx.Append(b.Context(), in)
			check(b, err)
			handed[a.Ref.Index] = now
		}
		tick.Stop()
		for deadline := time.Now().Add(20 * time.Second); size(w.us) < size(w.mx); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				b.Fatal(errors.New("the other node does not catch up"))
			}
		}
		mu.Lock()
		for i, at := range handed {
			took = append(took, seen[i].Sub(at))
		}
		mu.Unlock()
	}
	slices.Sort(took)
	b.ReportMetric(ms(took[len(took)/2]), "seen-p50-ms")
	b.ReportMetric(ms(took[len(took)*99/100]), "seen-p99-ms")
}
