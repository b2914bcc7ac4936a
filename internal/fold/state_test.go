package fold_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"entente"
	"entente/internal/fold"
	"entente/internal/fold/foldtest"
)

// digests returns the state digests of the three views.
func digests(t interface{ Fatal(...any) }, m *fold.Memory) map[entente.Audience]entente.Digest {
	out := map[entente.Audience]entente.Digest{}
	for _, a := range entente.Audiences {
		d, err := m.Digest(a)
		if err != nil {
			t.Fatal(err)
		}
		out[a] = d
	}
	return out
}

// tangle is a programme with everything that could depend on order: forks that
// are healed and not, references across logs, pending ones, ones with wrong
// leaves, keys that come and go, joint texts in rivalry, unknown types.
func tangle() *foldtest.Logs {
	p := foldtest.NewProgramme()
	l, mx, us := p.Logs, p.MX, p.US
	act := p.Refs[entente.TypeAction]
	second := l.State(mx, entente.Public, entente.TypeAction, "x1", foldtest.Action(p.Refs[entente.TypeCommitment]), foldtest.Supersedes(act))
	l.State(mx, entente.Public, entente.TypeAction, "x1", foldtest.Action(p.Refs[entente.TypeCommitment]), foldtest.Supersedes(act))
	l.State(us, entente.Public, entente.TypePosition, "x1", &entente.Position{On: second, Stance: entente.Concurs})
	wrong := second
	wrong.Leaf[0]++
	l.State(us, entente.Public, entente.TypePosition, "x1b", &entente.Position{On: wrong, Stance: entente.Concurs})
	l.State(us, entente.Shared, entente.TypePosition, "future", &entente.Position{
		On: entente.Ref{Log: mx.Origin(entente.Shared), Index: 99, Leaf: second.Leaf}, Stance: entente.TakesNote})
	draft := l.State(mx, entente.Shared, entente.TypeCommitment, "c7", foldtest.Commitment("C7"))
	l.State(mx, entente.Public, entente.TypeMilestone, "leak", &entente.Milestone{Commitment: draft, Title: text("m")})
	third := us.NewKey("officer 3", entente.RoleOfficer)
	l.State(us, entente.Public, entente.TypeKey, "k", entente.Key{Action: "add", Key: third.Binding})
	text := foldtest.Text(entente.TypePosition, us.Header(entente.Public, "x1c"), &entente.Position{On: second, Stance: entente.TakesNote})
	l.Add(us.Origin(entente.Public), us.Sign(text, us.Agency, us.Officers[0], third))
	l.State(us, entente.Public, entente.TypeKey, "k", entente.Key{Action: "revoke", Key: third.Binding})
	l.State(mx, entente.Public, "wish", "w", map[string]any{"x": 1})
	l.Add(us.Origin(entente.Public), []byte("nothing\n"))
	before := foldtest.BodyDigest(p.Bodies[entente.TypePolicy])
	for _, code := range []string{"gates-a", "gates-b"} {
		rival := &entente.Policy{Joint: foldtest.Required(), Code: code, Cedar: "forbid", Refusals: map[string]entente.Refusal{}}
		rival.Follows = &before
		l.State(mx, entente.Public, entente.TypePolicy, "policy", rival)
		l.State(us, entente.Public, entente.TypePolicy, "policy", rival)
	}
	return l
}

// TestInterleavings is law 5: state is a function of the frontier. However the
// logs are interleaved, every view comes out the same, at the end and at every
// frontier on the way.
func TestInterleavings(t *testing.T) {
	logs := tangle()
	// The cryptography, which no order can change, is done once.
	checked := logs.Fold()
	appendNext := func(m *fold.Memory, origin string) error {
		n := m.Size(origin)
		f, _ := checked.Entry(origin, n)
		_, err := m.AppendInput(fold.Input{Origin: origin, Raw: logs.Raw[origin][n], Verified: f.Verified})
		return err
	}
	origins := slices.Sorted(maps.Keys(logs.Raw))
	reference := map[string]map[entente.Audience]entente.Digest{} // by frontier
	rapid.Check(t, func(t *rapid.T) {
		m := fold.NewMemory(logs.Info...)
		left := slices.Clone(origins)
		for len(left) > 0 {
			i := rapid.IntRange(0, len(left)-1).Draw(t, "log")
			run := rapid.IntRange(1, 20).Draw(t, "run")
			origin := left[i]
			for range run {
				if m.Size(origin) == uint64(len(logs.Raw[origin])) {
					left = slices.Delete(left, i, i+1)
					break
				}
				if err := appendNext(m, origin); err != nil {
					t.Fatal(err)
				}
			}
		}
		compare(t, "the end", reference, m)
	})
	// The same frontier half way, reached log by log in both orders.
	half := func(order []string) *fold.Memory {
		m := fold.NewMemory(logs.Info...)
		for _, origin := range order {
			for range (len(logs.Raw[origin]) + 1) / 2 {
				if err := appendNext(m, origin); err != nil {
					t.Fatal(err)
				}
			}
		}
		return m
	}
	compare(t, "half way", reference, half(origins))
	slices.Reverse(origins)
	compare(t, "half way", reference, half(origins))
}

func compare(t interface {
	Fatal(...any)
	Errorf(string, ...any)
}, frontier string, reference map[string]map[entente.Audience]entente.Digest, m *fold.Memory) {
	got := digests(t, m)
	if want, ok := reference[frontier]; !ok {
		reference[frontier] = got
	} else if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: another state: %s", frontier, diff)
	}
}

// TestTheTangleHasEverything guards the property above: it would hold trivially
// over logs in which nothing waits, forks or fails.
func TestTheTangleHasEverything(t *testing.T) {
	logs := tangle()
	m := logs.Fold()
	statuses := map[fold.Status]int{}
	for _, f := range m.Visible(entente.National) {
		statuses[f.Status]++
	}
	for _, s := range []fold.Status{fold.Admissible, fold.Pending, fold.Inadmissible, fold.Opaque} {
		if statuses[s] == 0 {
			t.Errorf("nothing is %s", s)
		}
	}
	flagged := m.Joints(entente.Public)[fold.Thing{Type: entente.TypePolicy, Subject: "policy"}]
	if !flagged.Flagged || flagged.InForce.IsZero() {
		t.Errorf("the rival policies: %+v", flagged)
	}
	// Read backwards, entries wait that do not wait read forwards.
	waited := 0
	back := fold.NewMemory(logs.Info...)
	for _, info := range slices.Backward(logs.Info) {
		for _, raw := range logs.Raw[info.Origin] {
			all, err := back.Append(info.Origin, raw)
			if err != nil {
				t.Fatal(err)
			}
			waited += len(all) - 1
		}
	}
	if waited == 0 {
		t.Error("no entry waited")
	}
}

// TestPendingResolves: an entry that came before what it refers to ends up as if
// it had come after, also when its key was revoked while it waited.
func TestPendingResolves(t *testing.T) {
	mx, us := foldtest.NewParty(entente.MX), foldtest.NewParty(entente.US)
	l := foldtest.NewLogs(mx, us)
	third := us.NewKey("officer 3", entente.RoleOfficer)
	l.State(us, entente.Public, entente.TypeKey, "k", entente.Key{Action: "add", Key: third.Binding})
	own := l.State(mx, entente.Public, entente.TypeCommitment, "c1", foldtest.Commitment("C1"))
	text := foldtest.Text(entente.TypePosition, us.Header(entente.Public, "p"), &entente.Position{On: own, Stance: entente.Concurs})
	position := l.Add(us.Origin(entente.Public), us.Sign(text, us.Agency, us.Officers[0], third))
	l.State(us, entente.Public, entente.TypeKey, "k", entente.Key{Action: "revoke", Key: third.Binding})

	m := fold.NewMemory(l.Info...)
	for _, raw := range l.Raw[position.Log] {
		if _, err := m.Append(position.Log, raw); err != nil {
			t.Fatal(err)
		}
	}
	waiting, _ := m.Entry(position.Log, position.Index)
	if waiting.Status != fold.Pending || len(waiting.Unresolved) != 1 || len(waiting.Rows) == 0 {
		t.Errorf("before: %s %s, %d rows", waiting.Status, waiting.Rule, len(waiting.Rows))
	}
	for _, raw := range l.Raw[own.Log] {
		if _, err := m.Append(own.Log, raw); err != nil {
			t.Fatal(err)
		}
	}
	got, _ := m.Entry(position.Log, position.Index)
	want, _ := l.Fold().Entry(position.Log, position.Index)
	if diff := cmp.Diff(want, got); diff != "" || got.Status != fold.Admissible {
		t.Errorf("after: %s %s\n%s", got.Status, got.Rule, diff)
	}
}

// TestPendingWaitsForAll: which of two targets comes first does not decide by
// which rule a bad reference is judged.
func TestPendingWaitsForAll(t *testing.T) {
	mx, us := foldtest.NewParty(entente.MX), foldtest.NewParty(entente.US)
	l := foldtest.NewLogs(mx, us)
	theirs := l.State(us, entente.Public, entente.TypeCommitment, "c1", foldtest.Commitment("C1"))
	inner := l.State(us, entente.Shared, entente.TypeCommitment, "c1", foldtest.Commitment("C1"))
	inner.Leaf[0]++
	ref := l.State(mx, entente.Shared, entente.TypeCommitment, "c1", foldtest.Commitment("C1"), foldtest.Supersedes(theirs, inner))
	rules := map[string]bool{}
	for _, order := range [][]entente.Ref{{theirs, inner}, {inner, theirs}} {
		m := fold.NewMemory(l.Info...)
		for _, origin := range []string{ref.Log, order[0].Log, order[1].Log} {
			for _, raw := range l.Raw[origin] {
				if _, err := m.Append(origin, raw); err != nil {
					t.Fatal(err)
				}
			}
		}
		f, _ := m.Entry(ref.Log, ref.Index)
		rules[f.Rule] = true
	}
	if len(rules) != 1 || !rules[fold.RuleReferenceLeaf] {
		t.Errorf("judged by %v", rules)
	}
}

// TestAudienceIsTheLog is law 2: what a view shows does not change with what
// stands in narrower logs, so that the portal, which never holds them, and both
// nodes come to the same public state.
func TestAudienceIsTheLog(t *testing.T) {
	logs := tangle()
	whole := digests(t, logs.Fold())
	for _, a := range entente.Audiences {
		narrow := &foldtest.Logs{Raw: map[string][][]byte{}}
		for _, info := range logs.Info {
			if info.Audience.Rank() <= a.Rank() {
				narrow.Info = append(narrow.Info, info)
				narrow.Raw[info.Origin] = logs.Raw[info.Origin]
			}
		}
		if got := digests(t, narrow.Fold())[a]; got != whole[a] {
			t.Errorf("%s view: %s with the wider logs only, %s with all", a, got, whole[a])
		}
	}
	if whole[entente.Public] == whole[entente.Shared] || whole[entente.Shared] == whole[entente.National] {
		t.Error("two views have one digest")
	}
}

// TestSingleWriter is law 1: for every type, nothing that one party writes
// changes a line of the state digest that is the other's, but for what the type
// exists to do; and a party cannot supersede, withdraw or re-write what is not its
// own.
func TestSingleWriter(t *testing.T) {
	p := foldtest.NewProgramme()
	before := linesOf(t, p.Logs.Fold(), p.US)
	for _, rule := range entente.Types {
		ref, body := p.Refs[rule.Type], p.Bodies[rule.Type]
		audience, _ := entente.OriginAudience(ref.Log)
		if ref.Log != p.US.Origin(audience) && !rule.Joint {
			continue
		}
		// Mexico writes the very same thing, naming the US version as superseded.
		l := p.Logs.State(p.MX, audience, rule.Type, fmt.Sprintf("take-%s", rule.Type), body, foldtest.Supersedes(ref))
		if f, _ := p.Logs.Fold().Entry(l.Log, l.Index); f.Status != fold.Inadmissible {
			t.Errorf("Mexico superseded the %s %s of the United States: %s", rule.Type, ref, f.Status)
		}
	}
	if diff := cmp.Diff(before, linesOf(t, p.Logs.Fold(), p.US)); diff != "" {
		t.Errorf("the lines of the United States changed:\n%s", diff)
	}
}

func linesOf(t *testing.T, m *fold.Memory, w *foldtest.Writer) []fold.Line {
	t.Helper()
	lines, err := m.Lines(entente.National)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(lines, func(l fold.Line) bool {
		return l.Log != w.Origin(entente.Public) && l.Log != w.Origin(entente.Shared)
	})
}

// TestTips: what supersedes, publishes and withdraws shows in the views that see
// it, and only if it is admissible.
func TestTips(t *testing.T) {
	mx := foldtest.NewParty(entente.MX)
	l := foldtest.NewLogs(mx)
	draft := l.State(mx, entente.Shared, entente.TypeCommitment, "c1", foldtest.Commitment("C1"))
	first := l.State(mx, entente.Public, entente.TypeCommitment, "c1", foldtest.Commitment("C1"))
	l.State(mx, entente.Shared, entente.TypePublication, "c1", foldtest.Publication(draft))
	second := l.State(mx, entente.Shared, entente.TypeCommitment, "c1", foldtest.Commitment("C1"), foldtest.Supersedes(first))
	l.State(mx, entente.Shared, entente.TypeWithdrawal, "c1", &entente.Withdrawal{Of: second, Reason: text("w")})
	bad := l.State(mx, entente.Public, entente.TypeWithdrawal, "c1", &entente.Withdrawal{Of: first, Reason: text("w")},
		func(h *entente.Header) { h.Decision = nil })
	other := l.State(mx, entente.Public, entente.TypeCommitment, "c2", foldtest.Commitment("C2"))
	l.State(mx, entente.Shared, entente.TypeCommitment, "c2", foldtest.Commitment("C2"),
		foldtest.Supersedes(other, entente.Ref{Log: "demo.us.entente/public", Index: 9})) // pending
	m := l.Fold()
	type flags struct{ tip, withdrawn bool }
	check := func(a entente.Audience, want map[entente.Ref]flags) {
		t.Helper()
		lines, err := m.Lines(a)
		if err != nil {
			t.Fatal(err)
		}
		got := map[entente.Ref]flags{}
		for _, line := range lines {
			ref := entente.Ref{Log: line.Log, Index: line.Index, Leaf: line.Leaf}
			if _, asked := want[ref]; asked {
				got[ref] = flags{line.Tip, line.Withdrawn}
			}
		}
		if !maps.Equal(want, got) {
			t.Errorf("%s view: got %v, want %v", a, got, want)
		}
	}
	check(entente.Public, map[entente.Ref]flags{first: {true, false}, bad: {false, false}})
	check(entente.Shared, map[entente.Ref]flags{draft: {false, false}, first: {false, false}, second: {true, true}, other: {true, false}})
}

// TestTrustedSignatures: a rebuild that is told that signatures were checked
// comes to the same state, and still judges who signed.
func TestTrustedSignatures(t *testing.T) {
	logs := tangle()
	checked, trusting := fold.NewMemory(logs.Info...), fold.NewMemory(logs.Info...)
	for _, info := range logs.Info {
		for _, raw := range logs.Raw[info.Origin] {
			all, err := checked.Append(info.Origin, raw)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := trusting.AppendInput(fold.Input{Origin: info.Origin, Raw: raw, Verified: all[0].Verified}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff(digests(t, checked), digests(t, trusting)); diff != "" {
		t.Error(diff)
	}
	s := newScene()
	h := s.mx.Header(entente.Public, "c5")
	raw := s.mx.Sign(foldtest.Text(entente.TypeCommitment, h, foldtest.Commitment("C5")), s.mx.Agency, s.mx.Officers[0])
	all, err := fold.Fold(s.logs.Fold(), fold.Input{Origin: s.own.Log, Index: 2, Raw: raw, Verified: true})
	if err != nil || all[0].Rule != fold.RuleOfficers {
		t.Errorf("trusted bytes with one officer: %q, %v", all[0].Rule, err)
	}
}

// failing is a state whose reads fail, one at a time.
type failing struct {
	fold.State
	fails string
}

var errDisk = errors.New("disk")

func (f failing) Keys(o string) (map[string]fold.ActiveKey, error) {
	if f.fails == "keys" {
		return nil, errDisk
	}
	return f.State.Keys(o)
}

func (f failing) Seen(o string, i uint64) (fold.Seen, bool, error) {
	if f.fails == "seen" {
		return fold.Seen{}, false, errDisk
	}
	return f.State.Seen(o, i)
}

func (f failing) Waiting(o string, i uint64) ([]fold.Input, error) {
	if f.fails == "waiting" {
		return nil, errDisk
	}
	return f.State.Waiting(o, i)
}

func (f failing) HasID(o, id string, below uint64) (bool, error) {
	if f.fails == "id" {
		return false, errDisk
	}
	return f.State.HasID(o, id, below)
}

// TestFaultsAreNoVerdicts: when the state cannot be read the fold fails; it never
// takes a fault for a broken rule.
func TestFaultsAreNoVerdicts(t *testing.T) {
	s := newScene()
	raw := s.mx.Entry(entente.Public, entente.TypeMilestone, "m", &entente.Milestone{Commitment: s.own, Title: text("m")})
	in := fold.Input{Origin: s.own.Log, Index: 2, Raw: raw}
	for _, fails := range []string{"keys", "seen", "waiting", "id"} {
		if all, err := fold.Fold(failing{s.logs.Fold(), fails}, in); !errors.Is(err, errDisk) {
			t.Errorf("%s: %+v, %v", fails, all, err)
		}
	}
	if _, err := fold.Fold(s.logs.Fold(), fold.Input{Origin: "demo.ca.entente/public", Raw: raw}); err == nil {
		t.Error("folded an entry of a log that is not pinned")
	}
}

// TestTitles: a title is one line that fits a list.
func TestTitles(t *testing.T) {
	long := strings.Repeat("compromiso número ", 20)
	s := newScene()
	c := foldtest.Commitment("C5")
	c.Title = entente.Text{ES: long, EN: "first line\nsecond line"}
	f := s.folds(t, s.own.Log, s.mx.Entry(entente.Public, entente.TypeCommitment, "c5", c))
	if n := utf8.RuneCountInString(f.Title.ES); n > 160 || n < 140 || !strings.HasSuffix(f.Title.ES, "o…") {
		t.Errorf("%d characters: %q", n, f.Title.ES)
	}
	if f.Title.EN != "first line" || !strings.Contains(f.Search.EN, "second line") || !strings.Contains(f.Search.ES, long) {
		t.Errorf("title %q, search %q", f.Title.EN, f.Search.EN)
	}
}
