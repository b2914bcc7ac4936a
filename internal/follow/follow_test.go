package follow_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/mod/sumdb/note"

	"entente/internal/follow"
	"entente/internal/merkle"
	"entente/test/testlog"
)

func TestFollowsAGrowingLog(t *testing.T) {
	l := testlog.New(origin)
	k := newKeeper(t, l)
	f := follower(k, l)
	for _, size := range []uint64{0, 1, 2, 255, 256, 257, 600, 1700, 1701, 5000} {
		l.Grow(int(size - l.Size()))
		once(t, f)
		k.holds(l, size)
		if !bytes.Equal(k.log.Checkpoint, l.At(size)) {
			t.Errorf("at %d the checkpoint held is %s", size, k.log.Checkpoint)
		}
		once(t, f) // and nothing more to do
	}
	if len(k.evidence) != 0 {
		t.Errorf("an honest log was accused: %v", k.evidence)
	}
}

func TestResumesAfterACrash(t *testing.T) {
	l := testlog.New(origin).Grow(4000)
	k := newKeeper(t, l)
	for i := range uint64(3) {
		k.failAt = k.batches + 2
		if err := follower(k, l).Once(t.Context()); !errors.Is(err, errDisk) {
			t.Fatalf("crash %d: %v", i, err)
		}
		k.holds(l, (i+1)*follow.MaxBatch)
		if k.log.Checkpoint != nil || k.log.Newest == nil {
			t.Fatal("the checkpoint was not kept ahead of its entries")
		}
	}
	k.failAt = 0
	l.Grow(10)
	once(t, follower(k, l))
	k.holds(l, 4010)
}

func TestTheSignaturesThatJoinAreKept(t *testing.T) {
	l := testlog.New(origin).Grow(300)
	us := testlog.New("demo.us.entente/public")
	k := newKeeper(t, l)
	k.log.Cosigners = []string{us.VKey}
	var current [][]byte
	o := options(k, l)
	o.OnCurrent = func(_ context.Context, _ string, cp []byte) { current = append(current, cp) }
	f := follow.New(o)
	once(t, f)
	stranger, err := note.NewSigner(testlog.New("stranger.entente/public").Key)
	if err != nil {
		t.Fatal(err)
	}
	cosigner, err := merkle.NewCosigner(us.Key)
	if err != nil {
		t.Fatal(err)
	}
	l.AlsoSign(renamed{stranger})
	once(t, f)
	if len(current) != 1 {
		t.Errorf("a stranger's signature counts for news")
	}
	l.AlsoSign(cosigner)
	once(t, f)
	once(t, f)
	if len(current) != 2 || bytes.Count(k.log.Checkpoint, []byte("— ")) != 2 {
		t.Errorf("after %d rounds with news, held:\n%s", len(current), k.log.Checkpoint)
	}
}

// renamed gives a key another name, since every testlog's key has the same.
type renamed struct{ note.Signer }

func (renamed) Name() string { return "stranger.entente/0" }

func TestCatchesEveryLie(t *testing.T) {
	for name, c := range map[string]struct {
		held uint64 // honest entries accepted first
		lie  func(honest *testlog.Log) *testlog.Log
		kind merkle.EvidenceKind
	}{
		"rewritten entry, larger": {700, func(h *testlog.Log) *testlog.Log { return h.Fork(100).Append([]byte("x")).Grow(900) }, merkle.Inconsistent},
		"rewritten tail, larger":  {700, func(h *testlog.Log) *testlog.Log { return h.Fork(699).Append([]byte("x")).Grow(1) }, merkle.Inconsistent},
		"rewritten first entry":   {3, func(*testlog.Log) *testlog.Log { return testlog.New(origin).Append([]byte("x")).Grow(5) }, merkle.Inconsistent},
		"other tree, same size":   {700, func(h *testlog.Log) *testlog.Log { return h.Fork(699).Append([]byte("x")) }, merkle.EqualSize},
		"other tree, smaller":     {700, func(h *testlog.Log) *testlog.Log { return h.Fork(500).Append([]byte("x")).Grow(20) }, merkle.Inconsistent},
		"far larger":              {10, func(*testlog.Log) *testlog.Log { return testlog.New(origin).Append([]byte("x")).Grow(3000) }, merkle.Inconsistent},
		"one more, other before":  {256, func(h *testlog.Log) *testlog.Log { return h.Fork(255).Append([]byte("x")).Grow(1) }, merkle.Inconsistent},
	} {
		t.Run(name, func(t *testing.T) {
			honest := testlog.New(origin).Grow(int(c.held))
			k := newKeeper(t, honest)
			once(t, follower(k, honest))
			liar := c.lie(honest)
			f := follower(k, liar)
			if err := f.Once(t.Context()); !errors.Is(err, follow.ErrContradicted) {
				t.Fatalf("the lie was met with %v", err)
			}
			if e := k.proof(honest); e.Kind != c.kind {
				t.Errorf("evidence is of kind %s, want %s", e.Kind, c.kind)
			}
			k.holds(honest, c.held)
			if s := f.Status(); s.Phase != follow.Contradicted {
				t.Errorf("status is %+v", s)
			}
			// Followed no further, not even when it is honest again.
			honest.Grow(5)
			silent := tampered{Source: honest, checkpoint: func([]byte, error) ([]byte, error) {
				t.Error("a log that contradicted itself was asked again")
				return nil, fs.ErrNotExist
			}}
			if err := follower(k, silent).Once(t.Context()); !errors.Is(err, follow.ErrContradicted) {
				t.Errorf("after the contradiction: %v", err)
			}
			k.holds(honest, c.held)
		})
	}
}

// TestALogCannotTakeBackWhatItSigned breaks off the transfer after a checkpoint
// was signed, and then shows another tree.
func TestALogCannotTakeBackWhatItSigned(t *testing.T) {
	honest := testlog.New(origin).Grow(3000)
	k := newKeeper(t, honest)
	broken := tampered{Source: honest, bundle: func(index uint64, _ int, b []byte, err error) ([]byte, error) {
		if index >= 6 {
			return nil, fs.ErrNotExist
		}
		return b, err
	}}
	if err := follower(k, broken).Once(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	held := k.mirror.Size()
	if held == 0 || held >= 3000 {
		t.Fatalf("%d entries are held", held)
	}
	// The liar agrees on all that was handed over, and differs after.
	liar := honest.Fork(int(held)).Append([]byte("x")).Grow(2500)
	if err := follower(k, liar).Once(t.Context()); !errors.Is(err, follow.ErrContradicted) {
		t.Fatalf("the lie was met with %v", err)
	}
	k.proof(honest)
}

func TestRollback(t *testing.T) {
	l := testlog.New(origin).Grow(400)
	k := newKeeper(t, l)
	f := follower(k, l)
	once(t, f)
	old := follower(k, l.Fork(300))
	if err := old.Once(t.Context()); !errors.Is(err, follow.ErrRolledBack) || len(k.evidence) != 0 {
		t.Fatalf("one old answer: %v, %d pieces of evidence", err, len(k.evidence))
	}
	for range 3 {
		if err := old.Once(t.Context()); !errors.Is(err, follow.ErrRolledBack) {
			t.Fatal(err)
		}
	}
	if e := k.proof(l); e.Kind != merkle.Rollback {
		t.Errorf("evidence is of kind %s", e.Kind)
	}
	if s := old.Status(); s.Phase != follow.RolledBack || s.Signed != 400 {
		t.Errorf("status is %+v", s)
	}
	k.holds(l, 400)
	l.Grow(7)
	once(t, f) // it came back: followed on
	k.holds(l, 407)

	o := options(k, l.Fork(300))
	o.MayLag = true
	if err := follow.New(o).Once(t.Context()); err != nil || len(k.evidence) != 1 {
		t.Errorf("an old mirror: %v, %d pieces of evidence", err, len(k.evidence))
	}
	k.holds(l, 407)

	// A rollback that then grows another way is a fork.
	other := l.Fork(300).Append([]byte("x")).Grow(200)
	if err := follower(k, other).Once(t.Context()); !errors.Is(err, follow.ErrContradicted) {
		t.Errorf("a rollback grown another way: %v", err)
	}
}

// TestNothingTamperedWithIsTaken gives one way of serving other bytes than those
// under the checkpoint for each. None is an accusation, and each is healed.
func TestNothingTamperedWithIsTaken(t *testing.T) {
	flip := func(b []byte) []byte { b = slices.Clone(b); b[len(b)-1] ^= 1; return b }
	cut := func(b []byte) []byte { return b[:len(b)-1] }
	for name, s := range map[string]tampered{
		"flipped tile":   {tile: func(_ int, _ uint64, _ int, b []byte, err error) ([]byte, error) { return flip(b), err }},
		"cut tile":       {tile: func(_ int, _ uint64, _ int, b []byte, err error) ([]byte, error) { return cut(b), err }},
		"flipped bundle": {bundle: func(_ uint64, _ int, b []byte, err error) ([]byte, error) { return flip(b), err }},
		"cut bundle":     {bundle: func(_ uint64, _ int, b []byte, err error) ([]byte, error) { return cut(b), err }},
		"longer bundle":  {bundle: func(_ uint64, _ int, b []byte, err error) ([]byte, error) { return append(b, 0, 0), err }},
		"empty bundle":   {bundle: func(uint64, int, []byte, error) ([]byte, error) { return nil, nil }},
		"one entry other": {bundle: func(index uint64, _ int, b []byte, err error) ([]byte, error) {
			return bytes.Replace(b, []byte(`{"n":800}`), []byte(`{"n":801}`), 1), err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			l := testlog.New(origin).Grow(600)
			k := newKeeper(t, l)
			once(t, follower(k, l))
			l.Grow(900)
			s.Source = l
			f := follower(k, s)
			if err := f.Once(t.Context()); !errors.Is(err, follow.ErrServed) {
				t.Fatalf("tampering was met with %v", err)
			}
			if st := f.Status(); st.Phase != follow.Failing || st.LastError == "" || len(k.evidence) != 0 {
				t.Errorf("status %+v with %d accusations", st, len(k.evidence))
			}
			if held := k.mirror.Size(); k.mirror.Root(held) != l.Root(held) {
				t.Fatal("something else than the log is held")
			}
			once(t, follower(k, l))
			k.holds(l, 1500)
		})
	}
}

func TestOnlyTheLogsOwnCheckpointsCount(t *testing.T) {
	l := testlog.New(origin).Grow(20)
	k := newKeeper(t, l)
	stranger := testlog.New("stranger.entente/public").Grow(20)
	stranger.Origin = origin
	if err := follower(k, stranger).Once(t.Context()); !errors.Is(err, merkle.ErrUnknownSigner) {
		t.Errorf("a stranger's signature: %v", err)
	}
	other := testlog.New("demo.us.entente/public").Grow(20)
	if err := follower(k, other).Once(t.Context()); err == nil {
		t.Error("another log's checkpoint was taken")
	}
	page := tampered{Source: l, checkpoint: func([]byte, error) ([]byte, error) { return []byte("<html>"), nil }}
	if err := follower(k, page).Once(t.Context()); err == nil {
		t.Error("a web page was taken for a checkpoint")
	}
	k.holds(l, 0)
	k.log.Genesis = digestOf([]byte("the genesis that was pinned"))
	if err := follower(k, l).Once(t.Context()); err == nil || !strings.Contains(err.Error(), "genesis") {
		t.Errorf("another genesis: %v", err)
	}
	k.holds(l, 0)
	k.log.Genesis = digestOf(l.Raw(0))
	once(t, follower(k, l))
}

func TestADamagedMirrorAccusesNobody(t *testing.T) {
	l := testlog.New(origin).Grow(400)
	k := newKeeper(t, l)
	once(t, follower(k, l))
	k.mirror = l.Fork(399).Append([]byte("bit rot"))
	l.Grow(300)
	if err := follower(k, l).Once(t.Context()); err == nil || !strings.Contains(err.Error(), "mirror") || len(k.evidence) != 0 {
		t.Errorf("a damaged mirror: %v, %d accusations", err, len(k.evidence))
	}
}

func TestPartialResourcesMayBeGone(t *testing.T) {
	l := testlog.New(origin).Grow(700)
	k := newKeeper(t, l)
	big := l.Fork(700).Grow(500)
	// The checkpoint is of 700; the source has since grown and serves full tiles only.
	s := tampered{Source: big, checkpoint: func([]byte, error) ([]byte, error) { return l.At(700), nil },
		tile: func(_ int, index uint64, width int, b []byte, err error) ([]byte, error) {
			if width < 256 && index < 4 && index > 0 {
				return nil, fs.ErrNotExist
			}
			return b, err
		},
		bundle: func(_ uint64, width int, b []byte, err error) ([]byte, error) {
			if width < 256 {
				return nil, fs.ErrNotExist
			}
			return b, err
		}}
	once(t, follower(k, s))
	k.holds(l, 700)
}

func TestRunPollsAndWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := testlog.New(origin).Grow(1)
		k := newKeeper(t, l)
		var down atomic.Bool
		var asked atomic.Int32
		f := follower(k, tampered{Source: l, checkpoint: func(b []byte, err error) ([]byte, error) {
			asked.Add(1)
			if down.Load() {
				return nil, errors.New("no route to host")
			}
			return b, err
		}})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan error, 1)
		go func() { done <- f.Run(ctx) }()
		synctest.Wait()
		k.holds(l, 1)
		l.Grow(1)
		f.Wake()
		synctest.Wait() // no time has passed
		k.holds(l, 2)
		l.Grow(1)
		time.Sleep(1300 * time.Millisecond)
		synctest.Wait()
		k.holds(l, 3)
		down.Store(true)
		l.Grow(1)
		asked.Store(0)
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := asked.Load(); n < 5 || n > 12 {
			t.Errorf("asked %d times in a minute of failure; polls are a second apart and stretch to eight", n)
		}
		if s := f.Status(); s.Phase != follow.Failing || s.LastError == "" || s.LastContact.IsZero() {
			t.Errorf("status is %+v", s)
		}
		down.Store(false)
		f.Wake()
		synctest.Wait()
		k.holds(l, 4)
		if s := f.Status(); s.Phase != follow.Current || s.LastError != "" {
			t.Errorf("status is %+v", s)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
	})
}

func TestRecoversTheTailOfItsOwnLog(t *testing.T) {
	l := testlog.New(origin).Grow(1500)
	down := tampered{Source: l, checkpoint: func([]byte, error) ([]byte, error) { return nil, errors.New("down") }}
	k := newKeeper(t, l)
	once(t, follower(k, l.Fork(400))) // what the backup has
	none := tampered{Source: l, checkpoint: func([]byte, error) ([]byte, error) { return nil, fs.ErrNotExist }}
	r, err := follow.Recover(t.Context(), options(k, nil), l.Fork(300), down, l.Fork(900))
	if err == nil || r != (follow.Recovered{From: 400, To: 900, Asked: 2}) {
		t.Fatalf("a mirror that was not asked may hold more: %+v, %v", r, err)
	}
	r, err = follow.Recover(t.Context(), options(k, nil), l.Fork(300), none, l.Fork(950), l.Fork(700))
	if err != nil || r != (follow.Recovered{From: 900, To: 950, Asked: 3, Without: 1}) {
		t.Fatalf("Recover = %+v, %v", r, err)
	}
	k.holds(l, 950)
	if r, err := follow.Recover(t.Context(), options(k, nil), none); err == nil {
		t.Errorf("nobody mirrors the log: %+v", r)
	}
	if r, err := follow.Recover(t.Context(), options(k, nil), down); err == nil {
		t.Errorf("with no mirror to ask: %+v", r)
	}
	forked := l.Fork(890).Append([]byte("x")).Grow(30)
	if _, err := follow.Recover(t.Context(), options(k, nil), forked); !errors.Is(err, follow.ErrContradicted) {
		t.Errorf("a mirror of another tail: %v", err)
	}
}
