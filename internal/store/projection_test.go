package store

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"entente"
	"entente/internal/fold"
	"entente/internal/fold/foldtest"
)

// mirrorAll brings all logs of a world into a store in a given order, in batches
// of up to n entries: own logs too, which a restored node mirrors back.
func mirrorAll(tb testing.TB, s *Store, logs *foldtest.Logs, order []string, n int) {
	tb.Helper()
	done := map[string]int{}
	for i := 0; i < len(order); {
		origin, from := order[i], done[order[i]]
		for ; i < len(order) && order[i] == origin && done[origin]-from < n; i++ {
			done[origin]++
		}
		if _, err := s.Log(tb.Context(), origin); err != nil {
			continue // a log that this node does not hold
		}
		check(tb, s.Mirror(tb.Context(), origin, uint64(from), logs.Raw[origin][from:done[origin]], nil))
	}
}

// restoredMX opens the node of Mexico as one that recovers its own logs.
func restoredMX(tb testing.TB, w *world) *Store {
	tb.Helper()
	s := open(tb, func(o *Options) { o.Restored = true })
	pin(tb, s, w.MX, w.US, w.Portal)
	return s
}

// held returns the reference projection of the logs that the store holds.
func held(tb testing.TB, s *Store, logs *foldtest.Logs) *fold.Memory {
	tb.Helper()
	var infos []fold.LogInfo
	for _, l := range logs.Info {
		if _, err := s.Log(tb.Context(), l.Origin); err == nil {
			infos = append(infos, l)
		}
	}
	m := fold.NewMemory(infos...)
	for _, l := range infos {
		for _, raw := range logs.Raw[l.Origin] {
			if _, err := m.Append(l.Origin, raw); err != nil {
				tb.Fatal(err)
			}
		}
	}
	return m
}

func TestEveryInterleavingProjectsTheSame(t *testing.T) {
	for seed := range uint64(6) {
		w := newWorld(seed, 60)
		r := rand.New(rand.NewPCG(seed, 2))
		var first string
		for try := range 3 {
			s := restoredMX(t, w)
			order := interleave(r, w.Logs)
			if try == 0 {
				slices.Sort(order) // log by log: as much as can be waits
			}
			mirrorAll(t, s, w.Logs, order, 1+r.IntN(20))
			m := held(t, s, w.Logs)
			for _, a := range entente.Audiences {
				got, err := s.View(a).Digest(t.Context())
				check(t, err)
				if want := memoryDigest(t, m, a); got != want {
					t.Fatalf("seed %d, try %d: %s digest %s, want %s", seed, try, a, got, want)
				}
				checkCurrent(t, s.View(a), m)
			}
			dump := dumpProjection(t, s)
			if first == "" {
				first = dump
			}
			if dump != first {
				t.Fatalf("seed %d, try %d: other rows in another order:\n%s", seed, try, firstDifference(first, dump))
			}
			check(t, s.Rebuild(t.Context(), nil))
			if again := dumpProjection(t, s); again != first {
				t.Fatalf("seed %d, try %d: other rows after a rebuild:\n%s", seed, try, firstDifference(first, again))
			}
		}
	}
}

// dumpProjection returns all rows of the projection but those of the full-text
// index, in order.
func dumpProjection(tb testing.TB, s *Store) string {
	tb.Helper()
	var b strings.Builder
	for _, name := range projectionNames() {
		if strings.HasPrefix(name, "search") {
			continue
		}
		lines := dumpTable(tb, s, name)
		slices.Sort(lines)
		b.WriteString(strings.Join(lines, ""))
	}
	return b.String()
}

func dumpTable(tb testing.TB, s *Store, name string) (lines []string) {
	tb.Helper()
	rows, err := s.rdb.QueryContext(tb.Context(), "SELECT * FROM "+quote(name))
	check(tb, err)
	defer rows.Close()
	columns, err := rows.Columns()
	check(tb, err)
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range into {
			into[i] = &values[i]
		}
		check(tb, rows.Scan(into...))
		lines = append(lines, fmt.Sprintf("%s %v\n", name, values))
	}
	check(tb, rows.Err())
	return lines
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range x {
		if i >= len(y) || x[i] != y[i] {
			return fmt.Sprintf("- %s\n+ %s", x[i], strings.Join(y[i:min(i+1, len(y))], ""))
		}
	}
	return "+ " + y[len(x)]
}

// checkCurrent holds what a view says is current, forked and withdrawn against a
// computation from the reference projection that keeps no state.
func checkCurrent(t *testing.T, v *View, m *fold.Memory) {
	t.Helper()
	type name struct {
		typ     entente.Type
		writer  string
		subject string
	}
	lines, err := m.Lines(v.audience)
	check(t, err)
	folded := m.Visible(v.audience)
	superseded := map[entente.Ref]bool{}
	for _, f := range folded {
		for _, l := range f.Links {
			if f.Status == fold.Admissible && l.Kind == fold.LinkSupersedes {
				superseded[l.To] = true
			}
		}
	}
	tips, withdrawn := map[name][]fold.Folded{}, map[name]bool{}
	for i, f := range folded {
		n := name{f.Type, f.Writer, f.Header.Subject}
		if lines[i].Tip {
			tips[n] = append(tips[n], f)
		}
		withdrawn[n] = withdrawn[n] || lines[i].Withdrawn && !superseded[f.Ref]
	}
	for n, stand := range tips {
		best := slices.MaxFunc(stand, func(a, b fold.Folded) int {
			return cmp.Or(cmp.Compare(a.Audience.Rank(), b.Audience.Rank()), cmp.Compare(a.Ref.Index, b.Ref.Index))
		})
		got, err := Get[any](t.Context(), v, n.typ, n.writer, n.subject)
		check(t, err)
		switch {
		case got.Current == nil || got.Current.Ref != best.Ref:
			t.Errorf("%s %v: current is %v, want %s", v.audience, n, refOf(got.Current), best.Ref)
		case got.Forked != (len(stand) > 1):
			t.Errorf("%s %v: forked %v with %d tips", v.audience, n, got.Forked, len(stand))
		case got.Withdrawn != withdrawn[n]:
			t.Errorf("%s %v: withdrawn %v, want %v", v.audience, n, got.Withdrawn, withdrawn[n])
		case got.Withdrawn != (got.Withdrawal != nil):
			t.Errorf("%s %v: withdrawn without a withdrawal", v.audience, n)
		}
	}
}

func refOf[B any](x *Version[B]) string {
	if x == nil {
		return "none"
	}
	return x.Ref.String()
}
