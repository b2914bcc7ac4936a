package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"entente"
	"entente/internal/entry"
	"entente/internal/fold"
	"entente/internal/fold/foldtest"
	"entente/internal/merkle"
)

// mexico opens the node of Mexico, with its genesis in its three logs.
func mexico(tb testing.TB, edit ...func(*Options)) (*Store, *foldtest.Writer) {
	tb.Helper()
	mx := foldtest.NewParty(entente.MX)
	s := open(tb, edit...)
	begin(tb, s, mx)
	return s, mx
}

// begin pins the own writer and appends its genesis to its logs.
func begin(tb testing.TB, s *Store, w *foldtest.Writer) {
	tb.Helper()
	pin(tb, s, w)
	for _, l := range w.Logs {
		_, err := s.Append(tb.Context(), Draft{Origin: l.Origin, Raw: w.Genesis})
		check(tb, err)
	}
}

func commitment(w *foldtest.Writer, a entente.Audience, n int, edit ...func(*entente.Header)) Draft {
	c := foldtest.Commitment(fmt.Sprintf("C%d", n))
	return Draft{Origin: w.Origin(a), Raw: w.Entry(a, entente.TypeCommitment, fmt.Sprintf("c%d", n), c, edit...)}
}

// sizes returns the sizes of all logs.
func sizes(s *Store) map[string]uint64 {
	out := map[string]uint64{}
	for _, l := range s.Logs(context.Background()) {
		out[l.Origin] = l.Size
	}
	return out
}

// checkLog holds a log against its own checkpoint and bytes.
func checkLog(tb testing.TB, s *Store, origin string) LogState {
	tb.Helper()
	l, err := s.Log(tb.Context(), origin)
	check(tb, err)
	var e edge
	for i := range l.Size {
		raw, err := s.Entry(tb.Context(), origin, i)
		check(tb, err)
		e.add([32]byte(entry.LeafHash(raw)), func(fullTile) {})
	}
	if l.Root != e.root() {
		tb.Fatalf("%s: root %s, the entries have %s", origin, l.Root, e.root())
	}
	if l.Own && l.Size > 0 {
		c, err := merkle.Peek(l.Checkpoint)
		check(tb, err)
		if c != (merkle.Checkpoint{Origin: origin, Size: l.Size, Root: l.Root}) {
			tb.Fatalf("%s: the checkpoint says %+v at size %d", origin, c, l.Size)
		}
	}
	return l
}

func TestAppendCommitsEverythingTogether(t *testing.T) {
	s, mx := mexico(t)
	var seen []Committed
	s.OnCommit(func(c Committed) { seen = append(seen, c) })
	got, err := s.Append(t.Context(), commitment(mx, entente.National, 1), commitment(mx, entente.Public, 2), commitment(mx, entente.National, 3))
	check(t, err)
	if len(got) != 3 || got[0].Ref.Index != 1 || got[1].Ref.Index != 1 || got[2].Ref.Index != 2 || got[1].Ref.Log != mx.Origin(entente.Public) {
		t.Fatalf("appended at %+v", got)
	}
	for _, l := range mx.Logs {
		checkLog(t, s, l.Origin)
	}
	x, err := ByRef[entente.Commitment](t.Context(), s.View(entente.National), got[2].Ref.Log, 2)
	check(t, err)
	if x.Ref != got[2].Ref || x.Body.Code != "C3" || !x.Current {
		t.Errorf("projected as %+v", x)
	}
	check(t, s.Close())
	if len(seen) != 1 || seen[0][mx.Origin(entente.National)] != 3 || len(seen[0]) != 2 {
		t.Errorf("hooks were told %v", seen)
	}
}

func TestTheSameIDTwice(t *testing.T) {
	s, mx := mexico(t)
	first := commitment(mx, entente.National, 1)
	a, err := s.Append(t.Context(), first)
	check(t, err)
	id := func(h *entente.Header) { h.ID = parsed(t, first.Raw).Header.ID }
	again := commitment(mx, entente.National, 1, id, func(h *entente.Header) { h.Time = h.Time.Add(time.Hour) })
	b, err := s.Append(t.Context(), again)
	check(t, err)
	if !b[0].Existing || b[0].Ref != a[0].Ref {
		t.Errorf("the same id and body gave %+v, want %+v", b[0], a[0])
	}
	for name, d := range map[string]Draft{
		"another body":    commitment(mx, entente.National, 2, id, func(h *entente.Header) { h.Subject = "c1" }),
		"another subject": commitment(mx, entente.National, 1, id, func(h *entente.Header) { h.Subject = "c2" }),
	} {
		if _, err := s.Append(t.Context(), d); !errors.Is(err, ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Append(t.Context(), commitment(mx, entente.Shared, 1, id)); err != nil {
		t.Errorf("the id in another log: %v", err)
	}
	if n := sizes(s)[mx.Origin(entente.National)]; n != 2 {
		t.Errorf("the log has %d entries, want 2", n)
	}
	both := commitment(mx, entente.National, 7)
	twice, err := s.Append(t.Context(), both, both)
	check(t, err)
	if twice[0].Existing || !twice[1].Existing || twice[0].Ref != twice[1].Ref {
		t.Errorf("twice in one call: %+v", twice)
	}
}

func parsed(tb testing.TB, raw []byte) *entry.Parsed {
	tb.Helper()
	p, err := entry.Parse(raw)
	check(tb, err)
	return p
}

func TestWhatWouldNotFoldIsRefusedAndLeavesNothing(t *testing.T) {
	s, mx := mexico(t)
	us := foldtest.NewParty(entente.US)
	check(t, s.Pin(t.Context(), us.Genesis, false))
	unseen := entente.Ref{Log: us.Origin(entente.Public), Index: 5, Leaf: entente.DigestOf([]byte("leaf"))}
	position := mx.Entry(entente.Public, entente.TypePosition, "p1", &entente.Position{On: unseen, Stance: entente.Concurs})
	unsigned := mx.Sign(foldtest.Text(entente.TypeCommitment, mx.Header(entente.Public, "c8"), foldtest.Commitment("C8")), mx.Agency)
	before, was := sizes(s), digests(t, s)
	for _, c := range []struct {
		name  string
		draft Draft
		rule  string
	}{
		{"no entry", Draft{Origin: mx.Origin(entente.National), Raw: []byte("not an entry")}, fold.RuleMalformed},
		{"officers missing", Draft{Origin: mx.Origin(entente.Public), Raw: unsigned}, fold.RuleOfficers},
		{"a reference not seen", Draft{Origin: mx.Origin(entente.Public), Raw: position}, "rule.reference_unseen"},
		{"an unknown type", Draft{Origin: mx.Origin(entente.Public), Raw: mx.Entry(entente.Public, "telegram", "t1", map[string]string{})}, "rule.type"},
	} {
		for _, good := range []int{0, 1} { // alone, and after an entry that would do
			drafts := []Draft{commitment(mx, entente.Public, 1)}[:good]
			_, err := s.Append(t.Context(), append(drafts, c.draft)...)
			var refused *Refused
			if !errors.As(err, &refused) || refused.Rule != c.rule || refused.Detail == "" {
				t.Errorf("%s: %v, want it refused by %s", c.name, err, c.rule)
			}
		}
	}
	_, err := s.Append(t.Context(), Draft{Origin: "nobody/public", Raw: position})
	want(t, err, ErrNotFound)
	_, err = s.Append(t.Context(), Draft{Origin: us.Origin(entente.Public), Raw: us.Genesis})
	want(t, err, ErrNotOwn)
	if after := sizes(s); fmt.Sprint(after) != fmt.Sprint(before) || digests(t, s) != was {
		t.Errorf("refusals changed the logs from %v to %v", before, after)
	}
	if _, err := s.Append(t.Context(), commitment(mx, entente.Public, 1)); err != nil {
		t.Errorf("the good entry, afterwards: %v", err)
	}
	checkLog(t, s, mx.Origin(entente.Public))
}

func TestWithoutASignedCheckpointNothingIsAppended(t *testing.T) {
	s, mx := mexico(t)
	for name, c := range map[string]Checkpointer{
		"fails": signFunc(func(string, uint64, entente.Digest) ([]byte, error) { return nil, errors.New("key locked") }),
		"another tree": signFunc(func(o string, n uint64, r entente.Digest) ([]byte, error) {
			return newTestSigner(t).SignCheckpoint(o, n+1, r)
		}),
		"no checkpoint": signFunc(func(string, uint64, entente.Digest) ([]byte, error) { return []byte("hello"), nil }),
	} {
		s.SetCheckpointer(c)
		if _, err := s.Append(t.Context(), commitment(mx, entente.National, 1)); err == nil {
			t.Errorf("%s: appended", name)
		}
	}
	s.SetCheckpointer(newTestSigner(t))
	got, err := s.Append(t.Context(), commitment(mx, entente.National, 1))
	check(t, err)
	if got[0].Ref.Index != 1 {
		t.Errorf("appended at %d", got[0].Ref.Index)
	}
	checkLog(t, s, mx.Origin(entente.National))
}

type signFunc func(origin string, size uint64, root entente.Digest) ([]byte, error)

func (f signFunc) SignCheckpoint(origin string, size uint64, root entente.Digest) ([]byte, error) {
	return f(origin, size, root)
}

func TestManyWriters(t *testing.T) {
	s, mx := mexico(t)
	const writers, each = 24, 12
	var mu sync.Mutex
	drafts := make([][]Draft, writers)
	for i := range drafts {
		for j := range each {
			drafts[i] = append(drafts[i], commitment(mx, entente.National, 100*i+j))
		}
	}
	at := map[uint64]bool{}
	var wait sync.WaitGroup
	for _, own := range drafts {
		wait.Go(func() {
			for _, d := range own {
				got, err := s.Append(t.Context(), d)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if at[got[0].Ref.Index] {
					t.Errorf("two entries at %d", got[0].Ref.Index)
				}
				at[got[0].Ref.Index] = true
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	if l := checkLog(t, s, mx.Origin(entente.National)); l.Size != writers*each+1 {
		t.Errorf("%d entries, want %d", l.Size, writers*each+1)
	}
	m := fold.NewMemory(mx.Logs...)
	for _, l := range mx.Logs {
		raws, err := s.Entries(t.Context(), l.Origin, 0, 1000)
		check(t, err)
		for _, raw := range raws {
			_, err := m.Append(l.Origin, raw)
			check(t, err)
		}
	}
	if got, want := digests(t, s)[2], memoryDigest(t, m, entente.National); got != want {
		t.Errorf("national digest %s, want %s", got, want)
	}
}

func TestACallGivenUpHasNoEffect(t *testing.T) {
	s, mx := mexico(t)
	block, running := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	go func() {
		done <- s.write(context.Background(), 0, func(*writer) error { close(running); <-block; return nil })
	}()
	<-running
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		_, err := s.Append(ctx, commitment(mx, entente.National, 1))
		failed <- err
	}()
	time.Sleep(10 * time.Millisecond) // most likely the call waits by now; the outcome is the same if not
	cancel()
	want(t, <-failed, context.Canceled)
	close(block)
	check(t, <-done)
	if n := sizes(s)[mx.Origin(entente.National)]; n != 1 {
		t.Errorf("the log has %d entries, want 1", n)
	}
}

func TestAClosedStoreSaysSo(t *testing.T) {
	s, mx := mexico(t)
	check(t, s.Close())
	_, err := s.Append(t.Context(), commitment(mx, entente.National, 1))
	want(t, err, ErrClosed)
}

// TestTheFirstOfAThing: an entry stated as the first of its thing is appended only
// when nothing stands of it, and nothing of what is appended with it otherwise.
func TestTheFirstOfAThing(t *testing.T) {
	s, mx := mexico(t)
	d := commitment(mx, entente.Public, 1)
	d.First = true
	first, err := s.Append(t.Context(), d)
	check(t, err)
	again, err := s.Append(t.Context(), d)
	check(t, err)
	if !again[0].Existing || again[0].Ref != first[0].Ref {
		t.Errorf("sent again it is %v", again[0])
	}
	second := Draft{
		Origin: mx.Origin(entente.Public), Raw: mx.Entry(entente.Public, entente.TypeCommitment, "c1", foldtest.Commitment("C2")), First: true,
	}
	if _, err := s.Append(t.Context(), commitment(mx, entente.Public, 2), second); !errors.Is(err, ErrStands) {
		t.Errorf("a second first: %v", err)
	}
	if l := checkLog(t, s, mx.Origin(entente.Public)); l.Size != 2 {
		t.Errorf("%d entries, want the genesis and one", l.Size)
	}
	second.First = false
	_, err = s.Append(t.Context(), second)
	check(t, err)
}
