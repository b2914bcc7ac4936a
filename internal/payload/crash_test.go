package payload

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"entente"
)

// crashed is what a step panics with in place of the power going off.
type crashed struct{}

var errInjected = errors.New("injected fault")

// faults counts the steps of a change and breaks one of them.
type faults struct {
	at, n int
	done  bool // after the step, or in place of it
	crash bool // the process ends there; otherwise the step reports a failure
	steps []string
}

func (f *faults) fault(step string, done bool) error {
	if !done {
		f.n++
		f.steps = append(f.steps, step)
	}
	if f.n != f.at || done != f.done {
		return nil
	}
	if f.crash {
		panic(crashed{})
	}
	return errInjected
}

// try runs a change that may crash.
func try(run func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if r != (crashed{}) {
				panic(r)
			}
			err = errInjected
		}
	}()
	return run()
}

// everywhere runs a change once for every way of breaking every step of it: not
// done and reported so; done and reported as not; the power off before; and after.
func everywhere(t *testing.T, test func(t *testing.T, f *faults) (finished bool)) {
	t.Helper()
	for _, way := range []faults{{}, {done: true}, {crash: true}, {crash: true, done: true}} {
		for at := 1; ; at++ {
			f := way
			f.at = at
			finished := false
			t.Run(fmt.Sprintf("done=%v,crash=%v,at=%d", f.done, f.crash, at), func(t *testing.T) { finished = test(t, &f) })
			if t.Failed() {
				return
			}
			if finished {
				if at == 1 {
					t.Fatal("nothing was broken")
				}
				break
			}
		}
	}
}

func TestCreatingBreaksAnywhere(t *testing.T) {
	b := example(t, 300_000)
	everywhere(t, func(t *testing.T, f *faults) bool {
		dir := t.TempDir()
		s := open(t, dir)
		s.fault = f.fault
		err := try(func() error { _, err := create(s, b); return err })
		if err != nil && !f.crash && (s.Has(entente.DigestOf(b)) || len(files(t, dir)) > 0) {
			t.Errorf("after the error there are %v", files(t, dir))
		}
		s = open(t, dir)
		if err == nil && !holds(t, s, b) {
			t.Error("acknowledged, and not there")
		}
		holds(t, s, b) // is whole, or absent
		if _, err := create(s, b); err != nil || !holds(t, s, b) {
			t.Errorf("once more: %v", err)
		}
		return err == nil
	})
}

func TestArrivingBreaksAnywhere(t *testing.T) {
	b := example(t, 300_000)
	everywhere(t, func(t *testing.T, f *faults) bool {
		dir := t.TempDir()
		s := open(t, dir)
		s.fault = f.fault
		err := try(func() error { return arrive(s, b) })
		if err != nil && !f.crash {
			s.fault = nil
			if err := arrive(s, b); err != nil || !holds(t, s, b) { // the same process tries again
				t.Errorf("once more: %v", err)
			}
		}
		s = open(t, dir)
		if err == nil && !holds(t, s, b) {
			t.Error("acknowledged, and not there")
		}
		if !holds(t, s, b) {
			if err := arrive(s, b); err != nil || !holds(t, s, b) {
				t.Errorf("once more: %v", err)
			}
		}
		return err == nil
	})
}

// TestShreddingBreaksAnywhere: once the tombstone stands the payload is not read,
// and when the store is opened again what was begun is done.
func TestShreddingBreaksAnywhere(t *testing.T) {
	b, half := example(t, 2000), example(t, 300_000)
	for name, begin := range map[string]func(s *Store) entente.Digest{
		"whole": func(s *Store) entente.Digest {
			if _, err := create(s, b); err != nil {
				t.Fatal(err)
			}
			return entente.DigestOf(b)
		},
		"arriving": func(s *Store) entente.Digest {
			in, err := s.Resume(entente.DigestOf(half), int64(len(half)))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := in.Write(half[:200_000]); err != nil {
				t.Fatal(err)
			}
			if err := in.Close(); err != nil {
				t.Fatal(err)
			}
			return entente.DigestOf(half)
		},
	} {
		t.Run(name, func(t *testing.T) {
			everywhere(t, func(t *testing.T, f *faults) bool {
				dir := t.TempDir()
				s := open(t, dir)
				d := begin(s)
				s.fault = f.fault
				err := try(func() error { _, _, err := s.Shred(d, "recall"); return err })
				if exists(s.grave(d)) && (s.any(vaultFolder, d) || s.any(bodyFolder, d)) {
					t.Error("there is a header or a body beside the finished tombstone")
				}
				if begun := s.Tombstoned(d); begun && s.Has(d) {
					t.Error("it is there and has a tombstone")
				} else if s = open(t, dir); begun && (s.any(vaultFolder, d) || s.any(bodyFolder, d) || exists(s.due(d))) {
					t.Error("opening the store does not complete what was begun")
				}
				if key, blob, err := s.Shred(d, "recall"); !key || !blob || err != nil {
					t.Errorf("said again: key %v, blob %v, %v", key, blob, err)
				}
				if s.any(vaultFolder, d) || s.any(bodyFolder, d) || !exists(s.grave(d)) {
					t.Error("it is not shredded")
				}
				return err == nil
			})
		})
	}
}

// TestTheHeaderGoesFirst: no step removes the body, or finishes the tombstone,
// while there is a header.
func TestTheHeaderGoesFirst(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	b := example(t, 2000)
	if _, err := create(s, b); err != nil {
		t.Fatal(err)
	}
	d := entente.DigestOf(b)
	s.fault = func(step string, done bool) error {
		if (step == "remove body" || step == "finish tombstone") && !done && exists(s.header(d)) {
			t.Errorf("%s while there is a header", step)
		}
		if step == "remove header" && !done {
			if raw, err := os.ReadFile(filepath.Join(dir, vaultFolder, d.String())); err == nil && raw[0] != 0 {
				t.Error("the header is not overwritten before it is removed")
			}
		}
		return nil
	}
	if _, _, err := s.Shred(d, "recall"); err != nil {
		t.Fatal(err)
	}
}

func TestAFullDiskIsToldInTime(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	b := example(t, 5<<20)
	for _, size := range []int{len(b), len(b) / 50} { // written behind, and at the end
		header, err := os.Create(filepath.Join(t.TempDir(), "header"))
		if err != nil {
			t.Fatal(err)
		}
		p := newParts(header, full, MaxSize)
		var wrote int
		for rest := b[:size]; len(rest) > 0; {
			n := min(len(rest), 64<<10)
			if _, err = p.Write(rest[:n]); err != nil {
				break
			}
			wrote, rest = wrote+n, rest[n:]
		}
		if err == nil {
			err = p.flush()
		}
		if !errors.Is(err, syscall.ENOSPC) || size == len(b) && wrote == size {
			t.Errorf("after %d of %d bytes: %v", wrote, size, err)
		}
		if err := p.flush(); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("asked again: %v", err)
		}
		header.Close()
	}
}
