package payload

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"entente"
	"entente/internal/seal"
)

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// example is an age file of about size bytes.
func example(t testing.TB, size int) []byte {
	t.Helper()
	r, _, err := seal.Generate()
	if err != nil {
		t.Fatal(err)
	}
	content := strings.Repeat("ejemplo ", size/8+1)[:size]
	m := seal.Manifest{Format: seal.Format, Salt: seal.NewSalt(), Files: []seal.File{
		{Name: "ejemplo.txt", Media: "text/plain", Size: int64(size), Digest: entente.DigestOf([]byte(content))}}}
	var b bytes.Buffer
	if err := seal.Seal(&b, []string{r}, m, func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func sealedOf(b []byte) entente.Sealed {
	return entente.Sealed{Digest: entente.DigestOf(b), Size: int64(len(b))}
}

// create puts a payload into the store.
func create(s *Store, b []byte) (entente.Sealed, error) {
	w, err := s.Create(context.Background())
	if err != nil {
		return entente.Sealed{}, err
	}
	for r := rand.New(rand.NewPCG(uint64(len(b)), 1)); len(b) > 0; {
		n := min(len(b), 1+r.IntN(100_000))
		if _, err := w.Write(b[:n]); err != nil {
			return entente.Sealed{}, errors.Join(err, w.Abort())
		}
		b = b[n:]
	}
	return w.Commit()
}

// holds reports whether the store gives exactly these bytes; what is not here, or
// shredded, is no error.
func holds(t testing.TB, s *Store, b []byte) bool {
	t.Helper()
	d := entente.DigestOf(b)
	r, err := s.Get(d)
	if (err == nil) != s.Has(d) {
		t.Fatalf("has %v, and get says %v", s.Has(d), err)
	}
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrShredded) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, b) {
		t.Fatalf("got %d of %d bytes: %v", len(got), len(b), err)
	}
	return true
}

// files lists what lies in a store's directory, by path.
func files(t testing.TB, dir string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			p, err = filepath.Rel(dir, p)
			list = append(list, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestWhatIsCreatedIsGot(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for _, size := range []int{1, 5000, 1 << 20, 3<<20 + 1} {
		b := example(t, size)
		if holds(t, s, b) {
			t.Fatal("it is there before")
		}
		for range 2 { // the second time changes nothing
			got, err := create(s, b)
			if err != nil || got != sealedOf(b) {
				t.Fatalf("%d bytes: %+v, %v", size, got, err)
			}
		}
		if !holds(t, s, b) || !holds(t, open(t, dir), b) {
			t.Errorf("%d bytes are not there", size)
		}
		if n, err := s.Size(entente.DigestOf(b)); err != nil || n != int64(len(b)) {
			t.Errorf("size %d, %v", n, err)
		}
		r, err := s.Get(entente.DigestOf(b))
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(r, b); err != nil { // reads in all sizes, and seeks
			t.Error(err)
		}
		r.Close()
	}
	if n := len(files(t, dir)); n != 8 {
		t.Errorf("%d files, want 8", n)
	}
}

func TestTheBodyAloneIsNoise(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	b := example(t, 5000)
	if _, err := create(s, b); err != nil {
		t.Fatal(err)
	}
	header, _, err := seal.Split(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	name := entente.DigestOf(b).String()
	body, err := os.ReadFile(filepath.Join(dir, bodyFolder, name))
	if err != nil || !bytes.Equal(body, b[len(header):]) {
		t.Errorf("the body has %d bytes: %v", len(body), err)
	}
	for rel, outside := range map[string]bool{
		"vault/" + name: true, "vault/.in-" + name: true, "vault/.new-x": true, "payloads/.in-" + name: true,
		"payloads/" + name: false, "tombstones/" + name: false, "vault": false, "node.db": false, "keys/node.age": false,
	} {
		if OutsideBackup(rel) != outside {
			t.Errorf("%s outside the backup: %v", rel, !outside)
		}
	}
	// Restored without the vault it is not here, and can be fetched again.
	if err := os.RemoveAll(filepath.Join(dir, vaultFolder)); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if holds(t, s, b) {
		t.Error("it is there without its header")
	}
	if err := arrive(s, b); err != nil || !holds(t, s, b) {
		t.Errorf("fetched again: %v", err)
	}
}

func TestOnlyAgeFilesAreTaken(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	b := example(t, 100)
	header, _, err := seal.Split(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"nothing": nil, "a plaintext": []byte("hola"), "half a header": header[:len(header)-1],
		"endless": append([]byte("age-encryption.org/v1\n"), bytes.Repeat([]byte("-> X A\nA\n"), 1<<15)...),
	} {
		if _, err := create(s, bad); !errors.Is(err, seal.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	w, err := s.Create(ended)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := w.Write(b); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
	if err := w.Abort(); err != nil {
		t.Error(err)
	}
	if left := files(t, dir); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// arrive takes a payload as from another node.
func arrive(s *Store, b []byte) error {
	in, err := s.Resume(entente.DigestOf(b), int64(len(b)))
	if err != nil {
		return err
	}
	defer in.Close()
	if _, err := in.Write(b[in.Offset():]); err != nil {
		return err
	}
	return in.Commit()
}

func TestAnArrivalIsContinued(t *testing.T) {
	b := example(t, 2<<20)
	r := rand.New(rand.NewPCG(7, 7))
	for range 5 {
		dir := t.TempDir()
		s := open(t, dir)
		for rounds := 0; ; rounds++ {
			in, err := s.Resume(entente.DigestOf(b), int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Resume(entente.DigestOf(b), int64(len(b))); !errors.Is(err, ErrBusy) {
				t.Fatalf("a second one at once: %v", err)
			}
			rest := b[in.Offset():]
			rest = rest[:min(len(rest), r.IntN(700_000))]
			for len(rest) > 0 {
				n := min(len(rest), 1+r.IntN(50_000))
				if _, err := in.Write(rest[:n]); err != nil {
					t.Fatal(err)
				}
				rest = rest[n:]
			}
			whole := in.Offset() == int64(len(b))
			if err := in.Commit(); whole != (err == nil) || !whole && !errors.Is(err, ErrIncomplete) {
				t.Fatalf("%d of %d bytes: %v", in.Offset(), len(b), err)
			}
			if err := in.Close(); err != nil {
				t.Fatal(err)
			}
			if whole {
				break
			}
			if rounds%2 == 1 {
				s = open(t, dir) // another process
			}
		}
		if !holds(t, s, b) {
			t.Fatal("it is not there")
		}
		if _, err := s.Resume(entente.DigestOf(b), int64(len(b))); !errors.Is(err, ErrHeld) {
			t.Errorf("once it is here: %v", err)
		}
		if n := len(files(t, dir)); n != 2 {
			t.Errorf("files: %v", files(t, dir))
		}
	}
}

func TestAnotherContentIsDropped(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	b, other := example(t, 300_000), example(t, 300_000)
	in, err := s.Resume(entente.DigestOf(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(other); err != nil {
		t.Fatal(err)
	}
	if err := in.Commit(); !errors.Is(err, ErrDigest) || in.Offset() != 0 {
		t.Errorf("another content: %v, then at %d", err, in.Offset())
	}
	if _, err := in.Write(b); err != nil { // now the right one
		t.Fatal(err)
	}
	if err := in.Commit(); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(b); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a write after the end: %v", err)
	}
	in.Close()
	if !holds(t, s, b) || holds(t, s, other) {
		t.Error("not the right one")
	}
	in, err = s.Resume(entente.DigestOf(other), int64(len(other)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(append(other, 0)); !errors.Is(err, ErrSize) {
		t.Errorf("a byte too many: %v", err)
	}
	if err := in.Commit(); !errors.Is(err, ErrSize) {
		t.Errorf("committed with a byte too many: %v", err)
	}
	if err := errors.Join(in.Restart(), in.Close()); err != nil {
		t.Error(err)
	}
	for _, size := range []int64{-1, 0, MaxSize + 1} {
		if _, err := s.Resume(entente.Digest{1}, size); !errors.Is(err, ErrSize) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	if n := len(files(t, dir)); n != 2 {
		t.Errorf("files: %v", files(t, dir))
	}
}

func TestTombstonesWin(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	b, absent := example(t, 2<<20), example(t, 100)
	if _, err := create(s, b); err != nil {
		t.Fatal(err)
	}
	reading, err := s.Get(entente.DigestOf(b))
	if err != nil {
		t.Fatal(err)
	}
	defer reading.Close()
	if _, err := io.CopyN(io.Discard, reading, 1000); err != nil {
		t.Fatal(err)
	}
	for range 2 { // said again, it says the same
		if key, blob, err := s.Shred(entente.DigestOf(b), "recall"); !key || !blob || err != nil {
			t.Errorf("shredded key %v, blob %v: %v", key, blob, err)
		}
	}
	if key, blob, err := s.Shred(entente.DigestOf(absent), "retention"); key || blob || err != nil {
		t.Errorf("one that was never here: key %v, blob %v: %v", key, blob, err)
	}
	if _, err := io.Copy(io.Discard, reading); !errors.Is(err, ErrShredded) {
		t.Errorf("who was reading it: %v", err)
	}
	for _, s := range []*Store{s, open(t, dir)} {
		for _, b := range [][]byte{b, absent} {
			if !s.Tombstoned(entente.DigestOf(b)) {
				t.Error("no tombstone")
			}
			if _, err := s.Get(entente.DigestOf(b)); !errors.Is(err, ErrShredded) {
				t.Errorf("got: %v", err)
			}
			if _, err := create(s, b); !errors.Is(err, ErrShredded) {
				t.Errorf("created again: %v", err)
			}
			if err := arrive(s, b); !errors.Is(err, ErrShredded) {
				t.Errorf("fetched again: %v", err)
			}
		}
		list, err := s.Tombstones()
		if err != nil || len(list) != 2 {
			t.Errorf("%+v, %v", list, err)
		}
	}
	for _, f := range files(t, dir) {
		if !strings.HasPrefix(f, graveFolder) {
			t.Errorf("%s is left", f)
		}
	}
}

func TestAnArrivalEndsWithItsTombstone(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	b := example(t, 1<<20)
	in, err := s.Resume(entente.DigestOf(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(b[:len(b)/2]); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Shred(entente.DigestOf(b), "recall"); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(b[len(b)/2:]); err != nil {
		t.Fatal(err)
	}
	if err := in.Commit(); !errors.Is(err, ErrShredded) {
		t.Errorf("commit: %v", err)
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	if left := files(t, dir); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
}

// TestABackupDoesNotBringItBack: the directory of an older time has the body again.
func TestABackupDoesNotBringItBack(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	b := example(t, 1000)
	name := entente.DigestOf(b).String()
	if _, err := create(s, b); err != nil {
		t.Fatal(err)
	}
	old := map[string][]byte{}
	for _, folder := range []string{vaultFolder, bodyFolder} {
		raw, err := os.ReadFile(filepath.Join(dir, folder, name))
		if err != nil {
			t.Fatal(err)
		}
		old[filepath.Join(dir, folder, name)] = raw
	}
	if _, _, err := s.Shred(entente.DigestOf(b), "recall"); err != nil {
		t.Fatal(err)
	}
	for path, raw := range old {
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if holds(t, s, b) {
		t.Error("it is served")
	}
	open(t, dir)
	if left := files(t, dir); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
}

func TestWhatKilledProcessesLeftIsSwept(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	b := example(t, 1000)
	if _, err := create(s, b); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-2 * abandoned)
	for _, name := range []string{"vault/.new-1", "payloads/.new-1", "tombstones/.new-1", "vault/" + entente.Digest{}.String()} {
		for _, fresh := range []string{"", "f"} {
			path := filepath.Join(dir, name+fresh)
			if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
				t.Fatal(err)
			}
			if fresh == "" {
				if err := os.Chtimes(path, long, long); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	s = open(t, dir)
	if left := files(t, dir); len(left) != 6 || !holds(t, s, b) {
		t.Errorf("left: %v", left)
	}
}

func TestManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	b := example(t, 400_000)
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			var err error
			switch i % 3 {
			case 0:
				_, err = create(s, b)
			case 1:
				err = arrive(s, b)
			case 2:
				if i > 6 {
					_, _, err = s.Shred(entente.DigestOf(b), "recall")
				}
				_ = s.Has(entente.DigestOf(b))
			}
			if err != nil && !errors.Is(err, ErrShredded) && !errors.Is(err, ErrBusy) && !errors.Is(err, ErrHeld) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if left := files(t, dir); len(left) != 1 || !s.Tombstoned(entente.DigestOf(b)) {
		t.Errorf("left: %v", left)
	}
}

// TestALargeOneIsWhole, though it goes to the disk, and out of memory, while it comes.
func TestALargeOneIsWhole(t *testing.T) {
	s := open(t, t.TempDir())
	b := example(t, 5*(4<<20)+7)
	if _, err := create(s, b); err != nil {
		t.Fatal(err)
	}
	if !holds(t, s, b) {
		t.Error("it is not there as it came")
	}
}
