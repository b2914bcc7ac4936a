package payload

import (
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"entente"
)

// TestOneProcessTakesAPayloadAtATime: a pouch is imported while the node fetches.
func TestOneProcessTakesAPayloadAtATime(t *testing.T) {
	dir := t.TempDir()
	one, other := open(t, dir), open(t, dir)
	b := example(t, 300_000)
	d, size := entente.DigestOf(b), int64(len(b))
	in, err := one.Resume(d, size)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(b[:200_000]); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*Store{"the same process": one, "another process": other} {
		if _, err := s.Resume(d, size); !errors.Is(err, ErrBusy) {
			t.Errorf("%s takes it too: %v", name, err)
		}
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	in, err = other.Resume(d, size)
	if err != nil || in.Offset() != 200_000 {
		t.Fatalf("the other goes on: %v", err)
	}
	if _, err := in.Write(b[200_000:]); err != nil {
		t.Fatal(err)
	}
	if err := in.Commit(); err != nil {
		t.Fatal(err)
	}
	if _, err := one.Resume(d, size); !errors.Is(err, ErrHeld) {
		t.Errorf("it is here, and is taken again: %v", err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if !holds(t, one, b) || !holds(t, other, b) {
		t.Error("it did not arrive")
	}
	if left := files(t, dir); len(left) != 2 {
		t.Errorf("beside it there are %v", left)
	}
}

// TestProcessesRaceForAPayload: whoever wins, it is here whole, or shredded for good.
func TestProcessesRaceForAPayload(t *testing.T) {
	for round := range 30 {
		dir := t.TempDir()
		b := example(t, 20_000)
		d := entente.DigestOf(b)
		var wait sync.WaitGroup
		for range 3 {
			s := open(t, dir)
			wait.Go(func() {
				for {
					err := arrive(s, b)
					if errors.Is(err, ErrBusy) {
						time.Sleep(time.Millisecond)
						continue
					}
					if err != nil && !errors.Is(err, ErrHeld) && !errors.Is(err, ErrShredded) {
						t.Error(err)
					}
					return
				}
			})
		}
		shred := round%2 == 1
		if shred {
			for range 2 {
				s := open(t, dir)
				wait.Go(func() {
					if _, _, err := s.Shred(d, "recall"); err != nil {
						t.Error(err)
					}
				})
			}
		}
		wait.Wait()
		s := open(t, dir)
		if here := holds(t, s, b); here == shred || s.Tombstoned(d) != shred {
			t.Fatalf("shredded %v, here %v", shred, here)
		}
		if left := files(t, dir); shred && len(left) != 1 || !shred && len(left) != 2 {
			t.Fatalf("shredded %v, left %v", shred, left)
		}
	}
}

// TestShreddedWhileItIsNamed: another process shreds a payload that has arrived,
// between any two steps of naming it.
func TestShreddedWhileItIsNamed(t *testing.T) {
	for _, at := range []string{"name header", "sync vault", "name body", "sync payloads"} {
		dir := t.TempDir()
		one, other := open(t, dir), open(t, dir)
		b := example(t, 20_000)
		one.fault = func(step string, after bool) error {
			if step != at || after {
				return nil
			}
			_, _, err := other.Shred(entente.DigestOf(b), "recall")
			return err
		}
		if err := arrive(one, b); !errors.Is(err, ErrShredded) {
			t.Errorf("before %q: %v", at, err)
		}
		if left := files(t, dir); len(left) != 1 || holds(t, other, b) {
			t.Errorf("before %q: left %v", at, left)
		}
	}
}

// TestShreddingTellsOnceWhatThereWas: two processes shred at the same moment, and
// both say that there was a key.
func TestShreddingTellsOnceWhatThereWas(t *testing.T) {
	for range 30 {
		dir := t.TempDir()
		b := example(t, 2000)
		if _, err := create(open(t, dir), b); err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		for range 3 {
			s := open(t, dir)
			wait.Go(func() {
				if key, blob, err := s.Shred(entente.DigestOf(b), "recall"); !key || !blob || err != nil {
					t.Errorf("key %v, blob %v, %v", key, blob, err)
				}
			})
		}
		wait.Wait()
	}
}

// TestWhatNothingNamesIsSwept: old payloads only, and without a tombstone.
func TestWhatNothingNamesIsSwept(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	var made [][]byte
	for i := range 4 {
		b := example(t, 2000+i)
		made = append(made, b)
		if i < 3 {
			if _, err := create(s, b); err != nil {
				t.Fatal(err)
			}
		}
	}
	named, orphan, young, half := made[0], made[1], made[2], made[3]
	in, err := s.Resume(entente.DigestOf(half), int64(len(half)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(half[:1900]); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-48 * time.Hour)
	for _, folder := range []string{vaultFolder, bodyFolder} {
		for _, name := range []string{entente.DigestOf(named).String(), entente.DigestOf(orphan).String(), incomingPrefix + entente.DigestOf(half).String()} {
			if err := os.Chtimes(s.path(folder, name), old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	sweep := func() int {
		n, err := s.Sweep(time.Now().Add(-time.Hour), func(d entente.Digest) bool { return d == entente.DigestOf(named) })
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := sweep(); n != 1 {
		t.Errorf("swept %d, want the one that is not named", n)
	}
	if !holds(t, s, named) || holds(t, s, orphan) || !holds(t, s, young) || s.Tombstoned(entente.DigestOf(orphan)) {
		t.Error("swept what it should not have, or left what it should")
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{vaultFolder, bodyFolder} { // the last of it was written when it was closed
		if err := os.Chtimes(s.path(folder, incomingPrefix+entente.DigestOf(half).String()), old, old); err != nil {
			t.Fatal(err)
		}
	}
	if n := sweep(); n != 1 {
		t.Errorf("swept %d, want the one that ceased to arrive", n)
	}
	if err := arrive(s, orphan); err != nil || !holds(t, s, orphan) {
		t.Errorf("what was swept comes back: %v", err)
	}
}
