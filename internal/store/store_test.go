package store

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"entente"
	"entente/internal/entry"
	"entente/internal/fold"
	"entente/internal/fold/foldtest"
	"entente/internal/merkle"
)

// testSigner signs checkpoints of all logs with one key.
type testSigner struct {
	signer note.Signer
	vkey   string
}

func newTestSigner(tb testing.TB) *testSigner {
	tb.Helper()
	seed := entente.DigestOf([]byte("checkpoints of the tests"))
	s, vkey, err := entry.NewSigner("demo.test/log", seed[:])
	if err != nil {
		tb.Fatal(err)
	}
	return &testSigner{s, vkey}
}

func (s *testSigner) SignCheckpoint(origin string, size uint64, root entente.Digest) ([]byte, error) {
	return merkle.Sign(merkle.Checkpoint{Origin: origin, Size: size, Root: root}, s.signer)
}

// open opens a store in a new directory and closes it with the test.
func open(tb testing.TB, edit ...func(*Options)) *Store {
	tb.Helper()
	o := Options{Path: filepath.Join(tb.TempDir(), "node.db")}
	for _, e := range edit {
		e(&o)
	}
	s, err := Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	s.SetCheckpointer(newTestSigner(tb))
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// pin pins the own writer and others.
func pin(tb testing.TB, s *Store, own *foldtest.Writer, others ...*foldtest.Writer) {
	tb.Helper()
	check(tb, s.Pin(tb.Context(), own.Genesis, true))
	for _, o := range others {
		check(tb, s.Pin(tb.Context(), o.Genesis, false))
	}
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// want fails unless err is target.
func want(tb testing.TB, err, target error) {
	tb.Helper()
	if !errors.Is(err, target) {
		tb.Fatalf("got error %v, want %v", err, target)
	}
}

// sealed returns the checkpoint of a log after these entries.
func sealed(tb testing.TB, origin string, raws [][]byte) []byte {
	tb.Helper()
	var e edge
	for _, raw := range raws {
		e.add([32]byte(entry.LeafHash(raw)), func(fullTile) {})
	}
	cp, err := newTestSigner(tb).SignCheckpoint(origin, e.size, e.root())
	check(tb, err)
	return cp
}

// load brings logs into a store: own ones by Append, others by Mirror. Order says
// in which order entries of which log come; nil means as they were added.
func load(tb testing.TB, s *Store, logs *foldtest.Logs, order []string) {
	tb.Helper()
	ctx := tb.Context()
	done := map[string]int{}
	step := func(origin string) {
		i, raw := done[origin], logs.Raw[origin][done[origin]]
		done[origin]++
		l, err := s.Log(ctx, origin)
		if errors.Is(err, ErrNotFound) {
			return // a log that this node does not follow
		}
		check(tb, err)
		if l.Own {
			a, err := s.Append(ctx, Draft{Origin: origin, Raw: raw})
			check(tb, err)
			if a[0].Ref.Index != uint64(i) {
				tb.Fatalf("%s: appended at %d, want %d", origin, a[0].Ref.Index, i)
			}
			return
		}
		var cp []byte
		if done[origin] == len(logs.Raw[origin]) {
			cp = sealed(tb, origin, logs.Raw[origin])
		}
		check(tb, s.Mirror(ctx, origin, uint64(i), [][]byte{raw}, cp))
	}
	if order == nil {
		order = logs.Order
	}
	for _, origin := range order {
		step(origin)
	}
}

// digests returns the state digests of the three projections.
func digests(tb testing.TB, s *Store) [3]entente.Digest {
	tb.Helper()
	var out [3]entente.Digest
	for i, a := range entente.Audiences {
		d, err := s.View(a).Digest(context.Background())
		check(tb, err)
		out[i] = d
	}
	return out
}

func memoryDigest(tb testing.TB, m *fold.Memory, a entente.Audience) entente.Digest {
	tb.Helper()
	d, err := m.Digest(a)
	check(tb, err)
	return d
}

func TestTheObserversProjectionIsTheReferences(t *testing.T) {
	p := foldtest.NewProgramme()
	s := open(t)
	pin(t, s, p.Portal, p.MX, p.US)
	load(t, s, p.Logs, nil)
	got, err := s.View(entente.Public).Digest(t.Context())
	check(t, err)
	if want := memoryDigest(t, p.Logs.Fold(), entente.Public); got != want {
		t.Errorf("public digest %s, want %s", got, want)
	}
}

// TestSignaturesThatJoinAtOnceAreAllKept: two who each add a line to the same
// checkpoint do not undo each other.
func TestSignaturesThatJoinAtOnceAreAllKept(t *testing.T) {
	p := foldtest.NewParty(entente.MX)
	s := open(t)
	pin(t, s, p)
	origin := p.Origin(entente.Public)
	_, err := s.Append(t.Context(), Draft{Origin: origin, Raw: p.Genesis})
	check(t, err)
	bare, err := s.Checkpoint(t.Context(), origin)
	check(t, err)
	var known []note.Verifier
	for _, key := range []foldtest.Key{p.NewKey("one", entente.RoleLog), p.NewKey("two", entente.RoleLog), p.NewKey("one", entente.RoleLog)} {
		signed, err := merkle.AddSignatures(bare, key.Signer)
		check(t, err)
		check(t, s.SetCheckpoint(t.Context(), origin, signed))
		v, err := note.NewVerifier(key.Binding.Public)
		check(t, err)
		known = append(known, v)
	}
	v, err := note.NewVerifier(newTestSigner(t).vkey)
	check(t, err)
	got, err := s.Checkpoint(t.Context(), origin)
	check(t, err)
	if _, sigs, err := merkle.Open(got, origin, append(known, v)...); err != nil || len(sigs) != 3 {
		t.Errorf("%d signatures, %v, want 3:\n%s", len(sigs), err, got)
	}
}
