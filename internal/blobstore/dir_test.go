package blobstore

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"entente"
)

func open(t *testing.T) (*Dir, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "files")
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return d, path
}

// files lists what lies under a directory, folders left out.
func files(t *testing.T, path string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(path, func(p string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			list = append(list, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestWhatIsPutIsGot(t *testing.T) {
	d, path := open(t)
	for _, content := range []string{"", "a", strings.Repeat("line\n", 100000)} {
		want := entente.DigestOf([]byte(content))
		if has, err := d.Has(t.Context(), want); has || err != nil {
			t.Errorf("before: has %v, %v", has, err)
		}
		if _, _, err := d.Get(t.Context(), want); !errors.Is(err, ErrNotFound) {
			t.Errorf("before: %v", err)
		}
		for range 2 { // the second time changes nothing
			got, size, err := d.Put(t.Context(), strings.NewReader(content))
			if err != nil || got != want || size != int64(len(content)) {
				t.Fatalf("put: %s, %d bytes, %v", got, size, err)
			}
		}
		r, size, err := d.Get(t.Context(), want)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil || string(b) != content || size != int64(len(content)) {
			t.Errorf("got %d of %d bytes: %v", len(b), size, err)
		}
		if has, err := d.Has(t.Context(), want); !has || err != nil {
			t.Errorf("after: has %v, %v", has, err)
		}
	}
	if n := len(files(t, path)); n != 3 {
		t.Errorf("%d files, want 3", n)
	}
}

func TestAnInterruptedPutLeavesNothing(t *testing.T) {
	d, path := open(t)
	broken := errors.New("the connection broke")
	if _, _, err := d.Put(t.Context(), io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("put: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := d.Put(ended, strings.NewReader("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("put after the end: %v", err)
	}
	if left := files(t, path); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	// What a killed process left is gone at a later start; what another process is
	// writing now is not.
	old, fresh := filepath.Join(path, aside+"1"), filepath.Join(path, aside+"2")
	for _, f := range []string{old, fresh} {
		if err := os.WriteFile(f, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-2 * abandoned)
	if err := os.Chtimes(old, long, long); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err != nil {
		t.Fatal(err)
	}
	if left := files(t, path); len(left) != 1 || left[0] != fresh {
		t.Errorf("left after the start: %v", left)
	}
}

func TestManyPutTheSame(t *testing.T) {
	d, path := open(t)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, _, err := d.Put(t.Context(), strings.NewReader("the same")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := len(files(t, path)); n != 1 {
		t.Errorf("%d files, want 1", n)
	}
}
