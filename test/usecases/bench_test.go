package usecases

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the yardstick

	"entente"
	"entente/internal/exchange"
	"entente/internal/fold/foldtest"
	"entente/internal/node"
	"entente/internal/store"
	"entente/test/nodes"
)

// side is a party's node with its two officers.
type side struct {
	*nodes.Node
	by, second *node.Officer
}

func newSide(tb testing.TB, p entente.Party) *side {
	n := nodes.New(tb, entente.Author{Party: p})
	s := &side{Node: n}
	for i, o := range []**node.Officer{&s.by, &s.second} {
		var err error
		*o, err = n.UnlockOfficer(context.Background(), fmt.Sprintf("officer-%d", i+1), nodes.Passphrase)
		check(tb, err)
	}
	return s
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// intent is a commitment as a desk appends one, past the gate with two officers.
func (s *side) intent(i int64) node.Intent {
	c := foldtest.Commitment(fmt.Sprintf("C%d", i))
	c.Description = entente.Text{
		ES: fmt.Sprintf("Compromiso número %d: reforzar la inspección de exportaciones en los cruces fronterizos y compartir los resultados de cada mes.", i),
		EN: fmt.Sprintf("Commitment number %d: strengthen the inspection of exports at border crossings and share the results of each month.", i),
	}
	return node.Intent{
		Type: entente.TypeCommitment, Subject: exchange.NewSubject(), Agency: s.Author.Agency, Audience: entente.Public, Body: c,
		By: s.by, Second: s.second,
	}
}

// founded connects two parties and founds a programme by the policies of the
// programme of 2025.
func founded(tb testing.TB) (mx, us *side) {
	mx, us = newSide(tb, entente.MX), newSide(tb, entente.US)
	nodes.Connect(tb, mx.Node, us.Node)
	mx.Run()
	us.Run()
	joint := entente.Joint{Required: []entente.Party{entente.MX, entente.US}}
	text := func(s string) entente.Text { return entente.Text{ES: s, EN: s} }
	words := []entente.PartyText{{Party: entente.MX, Text: text("a"), Wording: entente.Summary}}
	charter := &entente.Charter{
		Joint: joint, Code: "x-2026", Title: text("Programme"), Announced: "2026-01-01", Nature: words, Disclaimer: words,
		Genesis: []entente.GenesisPin{
			{Party: entente.MX, Digest: entente.DigestOf(mx.Genesis())}, {Party: entente.US, Digest: entente.DigestOf(us.Genesis())},
		},
		Principles: []entente.Principle{}, Areas: []entente.Area{{Code: "A01", Name: text("Area")}},
		Gates: []entente.GateRule{{Gate: entente.GatePublication, Officers: 2}, {Gate: entente.GateRelease, Officers: 1}},
	}
	for _, t := range []struct {
		typ  entente.Type
		body any
	}{{entente.TypeCharter, charter}, {entente.TypePolicy, policies(tb, joint)}} {
		for _, s := range []*side{mx, us} {
			_, err := s.Propose(context.Background(), node.Intent{
				Type: t.typ, Subject: "x-2026", Agency: s.Author.Agency, Audience: entente.Shared, Body: t.body, By: s.by, Second: s.second,
			})
			check(tb, err)
		}
	}
	for _, s := range []*side{mx, us} {
		until(tb, func() bool { ok, err := s.Founded(context.Background()); return ok && err == nil })
	}
	return mx, us
}

// policies are those of the programme of 2025, with texts that stand for theirs.
func policies(tb testing.TB, joint entente.Joint) *entente.Policy {
	said := entente.Text{ES: "x", EN: "x"}
	p := &entente.Policy{Joint: joint, Code: "x-2026", Refusals: map[string]entente.Refusal{}}
	files, err := filepath.Glob("../../programmes/mx-us-2025/policies/*.cedar")
	check(tb, err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		check(tb, err)
		p.Cedar += string(b)
	}
	for line := range strings.SplitSeq(p.Cedar, "\n") {
		if id, ok := strings.CutPrefix(line, "@id(\""); ok {
			p.Refusals[strings.TrimSuffix(id, "\")")] = entente.Refusal{Rule: said, Mend: said}
		}
	}
	return p
}

func until(tb testing.TB, ok func() bool) {
	tb.Helper()
	for start := time.Now(); !ok(); time.Sleep(time.Millisecond) {
		if time.Since(start) > 30*time.Second {
			tb.Fatal("waited in vain")
		}
	}
}

// bareSQLite returns the yardstick: what commits one row in a FULL-sync
// transaction, with a journal of a kind.
func bareSQLite(tb testing.TB, journal string) func() {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(tb.TempDir(), "bare.db")+"?_pragma=journal_mode("+journal+")&_pragma=synchronous(FULL)")
	check(tb, err)
	tb.Cleanup(func() { check(tb, db.Close()) })
	db.SetMaxOpenConns(1)
	_, err = db.Exec("CREATE TABLE t (id INTEGER PRIMARY KEY, raw BLOB)")
	check(tb, err)
	st, err := db.Prepare("INSERT INTO t (raw) VALUES (?)")
	check(tb, err)
	tb.Cleanup(func() { check(tb, st.Close()) })
	row := make([]byte, 1200)
	return func() {
		_, err := st.Exec(row)
		check(tb, err)
	}
}

// BenchmarkAppend: an own entry validated, scanned, decided, signed, logged,
// folded, its Ed25519 checkpoint out; one writer, turn and turn about with the
// yardstick, then 256 writers. Nobody follows meanwhile. The figures to reach are
// of national entries, which carry the agency's signature; shared and public ones
// pass a gate and carry two officers' besides.
func BenchmarkAppend(b *testing.B) {
	for _, a := range []entente.Audience{entente.National, entente.Shared, entente.Public} {
		b.Run(string(a), func(b *testing.B) {
			prefix := string(a) + "-"
			if a == entente.National {
				prefix = ""
			}
			rates(b, prefix, func(s *side, i int64) node.Intent {
				in := s.intent(i)
				if in.Audience = a; a == entente.National {
					in.By, in.Second = nil, nil
				}
				return in
			})
		})
	}
}

// rates measures figure and yardstick in short turns, so that what else the machine
// does weighs on both alike, and reports the medians of rounds of such turns. A round
// is long enough for the WAL of either to be moved into its database. The yardstick
// writes to a WAL as the node does; beside it, SQLite as it comes, with a journal that
// is deleted.
func rates(b *testing.B, prefix string, intent func(*side, int64) node.Intent) {
	const rounds, turns, n, writers, each = 5, 20, 50, 256, 16
	for b.Loop() {
		mx, us := founded(b)
		us.Close()
		mx.Close()
		mx.Open(false)
		tx, asItComes := bareSQLite(b, "WAL"), bareSQLite(b, "DELETE")
		var made atomic.Int64
		next := func() node.Intent { return intent(mx, made.Add(1)) }
		state := func(in node.Intent) {
			if _, err := mx.Append(context.Background(), in); err != nil {
				b.Error(err)
			}
		}
		var took []time.Duration
		var one, many, ofBare, ofDefault, ofOne []float64
		for i := range rounds {
			var bare, own, plain time.Duration
			for range turns {
				for range n {
					bare += spent(tx)
				}
				for range n {
					in := next()
					took = append(took, spent(func() { state(in) }))
					own += took[len(took)-1]
				}
				plain += n * spent(asItComes)
			}
			one = append(one, turns*n/own.Seconds())
			many = append(many, writers*each/spent(func() {
				together(writers, func() {
					for range each {
						state(next())
					}
				})
			}).Seconds())
			ofBare, ofOne = append(ofBare, bare.Seconds()/own.Seconds()), append(ofOne, many[i]/one[i])
			ofDefault = append(ofDefault, plain.Seconds()/own.Seconds())
		}
		b.ReportMetric(middle(ofBare), prefix+"append/sqlite")
		b.ReportMetric(middle(ofDefault), prefix+"append/sqlite-as-it-comes")
		b.ReportMetric(middle(took).Seconds()*1000, prefix+"append-p50-ms")
		b.ReportMetric(middle(ofOne), prefix+"writers256/one")
		b.ReportMetric(middle(one), prefix+"appends/s")
		b.ReportMetric(middle(many), prefix+"appends256/s")
	}
}

// spent is how long something takes.
func spent(run func()) time.Duration {
	start := time.Now()
	run()
	return time.Since(start)
}

// together runs something n times at once.
func together(n int, run func()) {
	var all sync.WaitGroup
	for range n {
		all.Go(run)
	}
	all.Wait()
}

func middle[T cmp.Ordered](list []T) T {
	slices.Sort(list)
	return list[len(list)/2]
}

// BenchmarkSeen: how long after its append begins an entry is in the projection of
// the other node, over loopback TLS, at 100 entries a second.
func BenchmarkSeen(b *testing.B) {
	const n, rate = 500, 100
	for b.Loop() {
		mx, us := founded(b)
		origin := mx.Origin(entente.Shared)
		seen := make(chan time.Time, 4*n)
		var from, at atomic.Uint64
		log, err := us.Store().Log(context.Background(), origin)
		check(b, err)
		from.Store(log.Size)
		at.Store(log.Size)
		us.Store().OnCommit(func(c store.Committed) {
			for now := time.Now(); at.Load() < c[origin]; at.Add(1) {
				seen <- now
			}
		})
		begun := make([]time.Time, n)
		tick := time.NewTicker(time.Second / rate)
		for i := range n {
			<-tick.C
			in := mx.intent(int64(i))
			in.Audience = entente.Shared
			begun[i] = time.Now()
			_, err := mx.Append(context.Background(), in)
			check(b, err)
		}
		tick.Stop()
		took := make([]time.Duration, n)
		for i := range n {
			select {
			case t := <-seen:
				took[i] = t.Sub(begun[i])
			case <-time.After(30 * time.Second):
				b.Fatal("not seen")
			}
		}
		slices.Sort(took)
		b.ReportMetric(took[n/2].Seconds()*1000, "seen-p50-ms")
		b.ReportMetric(took[n*99/100].Seconds()*1000, "seen-p99-ms")
	}
}
