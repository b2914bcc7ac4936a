package follow_test

import (
	"errors"
	"io/fs"
	"testing"

	"pgregory.net/rapid"

	"entente/internal/follow"
	"entente/internal/merkle"
	"entente/test/testlog"
)

// TestEveryRunEndsWithTheLogOrTheProof plays growth, partitions, crashes, bytes
// lost on the way and, at most once, a lie. Whatever the order, the follower ends
// with exactly the log, or with evidence that a third party verifies; what it
// held when the lie was told stays the honest log's beginning or the liar's.
func TestEveryRunEndsWithTheLogOrTheProof(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		l := testlog.New(origin)
		k := newKeeper(t, l)
		f := follower(k, l)
		lied := false
		for range rapid.IntRange(1, 12).Draw(r, "steps") {
			switch rapid.SampledFrom([]string{"grow", "grow", "poll", "poll", "crash", "lose", "lie"}).Draw(r, "step") {
			case "grow":
				l.Grow(rapid.SampledFrom([]int{1, 2, 7, 255, 256, 257, 1100}).Draw(r, "n"))
			case "poll":
				_ = f.Once(t.Context())
			case "crash":
				k.failAt = k.batches + rapid.IntRange(1, 3).Draw(r, "batch")
				_ = f.Once(t.Context())
				k.failAt = 0
				f = follower(k, l)
			case "lose":
				from := rapid.Uint64Range(0, 8).Draw(r, "bundle")
				_ = follower(k, tampered{Source: l, bundle: func(i uint64, _ int, b []byte, err error) ([]byte, error) {
					if i >= from {
						return nil, fs.ErrNotExist
					}
					return b, err
				}}).Once(t.Context())
			case "lie":
				if lied || l.Size() == 0 || k.log.Newest == nil && k.log.Checkpoint == nil {
					continue
				}
				lied = true
				l = l.Fork(rapid.IntRange(0, int(l.Size())-1).Draw(r, "at")).Append([]byte("a lie"))
				l.Grow(rapid.IntRange(0, 600).Draw(r, "after"))
				f = follower(k, l)
			}
		}
		err := f.Once(t.Context())
		if errors.Is(err, follow.ErrRolledBack) {
			l.Grow(int(f.Status().Signed-l.Size()) + 1) // what it took away will show
			err = f.Once(t.Context())
		}
		switch {
		case err == nil:
			k.holds(l, l.Size())
		case errors.Is(err, follow.ErrContradicted) && lied:
			if e := k.evidence[len(k.evidence)-1]; e.Kind == merkle.Rollback {
				t.Fatalf("only a rollback was proven")
			} else if v, err := merkle.VerifyEvidence(e, l.Verifier()); err != nil || !v.Proven {
				t.Fatalf("the evidence shows %+v, %v", v, err)
			}
		default:
			t.Fatalf("lied: %v; the run ends with %v", lied, err)
		}
	})
}
