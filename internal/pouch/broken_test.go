package pouch_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"entente"
	"entente/internal/fold/foldtest"
	"entente/internal/follow"
	"entente/internal/payload"
	"entente/internal/pouch"
	"entente/test/nodes"
)

// noise is text that does not shrink.
func noise(t *testing.T, n int) string {
	t.Helper()
	b := make([]byte, n)
	_, err := rand.Read(b)
	check(t, err)
	return base64.StdEncoding.EncodeToString(b)
}

// TestExportGoesOn: an export that was broken off anywhere goes on after its last
// whole volume, and the pouch is as good as one made in one go. Until it is whole,
// there is none.
func TestExportGoesOn(t *testing.T) {
	mx, us := outposts(t)
	var sealed []entente.Sealed
	for i := range 6 {
		_, s := mx.release(us, "rl-"+string(rune('1'+i)), noise(t, 40_000))
		sealed = append(sealed, s)
	}
	small := func(r *pouch.Request) { r.Volume = pouch.MinVolume }
	for _, name := range []string{"directory", "file.pouch"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			var tries int
			var resumed bool
			for limit := int64(20_000); ; limit = 100_000 {
				ctx, cancel := context.WithCancel(t.Context())
				mx.pouch.Progress = func(_ string, done, _ int64) {
					if done > limit {
						cancel()
					}
				}
				r := pouch.Request{To: "US", Path: path, Volume: pouch.MinVolume}
				made, err := mx.pouch.Export(ctx, r)
				cancel()
				mx.pouch.Progress = nil
				if err == nil {
					resumed = made.Resumed
					break
				}
				if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "\n") {
					t.Fatalf("broken off: %v", err)
				}
				if tries++; tries > 20 {
					t.Fatal("it does not get on")
				}
				if _, err := pouch.Find(path); err == nil {
					t.Fatal("half a pouch is one")
				}
			}
			if !resumed || tries < 3 {
				t.Errorf("resumed %v after %d tries", resumed, tries)
			}
			left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*.partial"))
			check(t, err)
			if more, err := filepath.Glob(filepath.Join(path, "*.partial")); err != nil || len(left)+len(more) > 0 {
				t.Errorf("left behind: %v %v", left, more)
			}
			got := us.take(path)
			if got[0].Files+got[0].Held != len(sealed) {
				t.Errorf("took %+v", got)
			}
		})
	}
	// One that was broken off and is not the one asked for now is made anew.
	path := filepath.Join(t.TempDir(), "other")
	ctx, cancel := context.WithCancel(t.Context())
	mx.pouch.Progress = func(_ string, done, _ int64) {
		if done > 150_000 {
			cancel()
		}
	}
	if _, err := mx.pouch.Export(ctx, pouch.Request{To: "US", Path: path, Volume: pouch.MinVolume}); err == nil {
		t.Fatal("not broken off")
	}
	mx.pouch.Progress = nil
	_, _, err := mx.pouch.Payloads.Shred(sealed[0].Digest, "recall")
	check(t, err)
	made := mx.export(path, small)
	if made.Resumed || made.Files != len(sealed)-1 {
		t.Errorf("made %+v", made)
	}
	files, err := os.ReadDir(path)
	check(t, err)
	if len(files) != made.Volumes+1 {
		t.Errorf("%d files for %d volumes: what was given up is still there", len(files), made.Volumes)
	}
}

// TestImportGoesOn: an import that was broken off while files arrive is taken up by
// running it again.
func TestImportGoesOn(t *testing.T) {
	mx, us := outposts(t)
	for i := range 4 {
		mx.release(us, "rl-"+string(rune('1'+i)), noise(t, 40_000))
	}
	dir := t.TempDir()
	mx.export(dir)
	ctx, cancel := context.WithCancel(t.Context())
	us.pouch.Progress = func(stage string, done, _ int64) {
		if stage == "pouch.read" && done > 100_000 {
			cancel()
		}
	}
	found, err := pouch.Find(dir)
	check(t, err)
	if _, err := us.pouch.Import(ctx, found[0]); !errors.Is(err, context.Canceled) {
		t.Fatalf("not broken off: %v", err)
	}
	us.pouch.Progress = nil
	if us.held(mx.Origin(entente.Shared)) != 0 {
		t.Error("the log came before its files")
	}
	got := us.take(dir)
	if got[0].Held == 0 || got[0].Files == 0 || got[0].Held+got[0].Files != 4 {
		t.Errorf("took %+v", got)
	}
}

// TestForkByPouch: a log that says one thing in one pouch and another in the next is
// caught, the proof is kept, and what was held stays.
func TestForkByPouch(t *testing.T) {
	mx, us := outposts(t)
	disk := t.TempDir()
	mx.Close()
	dir := filepath.Join(t.TempDir(), "fork")
	check(t, os.CopyFS(dir, os.DirFS(mx.Dir())))
	check(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chmod(path, 0o700)
		}
		return err
	}))
	again := func(n *nodes.Node) *outpost {
		n.Join([]*nodes.Node{n, us.Node})
		payloads, err := payload.Open(t.TempDir())
		check(t, err)
		return &outpost{Node: n, t: t, pouch: &pouch.Node{
			Store: n.Store(), Blobs: n.Blobs(), Payloads: payloads, Keys: n.Ring(), Network: n.Net}}
	}
	mx.Open(false)
	one := again(mx.Node)
	made := nodes.Made(t, mx.Author, dir)
	t.Cleanup(made.Close)
	other := again(made)
	one.state(entente.Shared, entente.TypeCommitment, "c-1", foldtest.Commitment("C1"))
	other.state(entente.Shared, entente.TypeCommitment, "c-2", foldtest.Commitment("C2"))
	other.state(entente.Shared, entente.TypeCommitment, "c-3", foldtest.Commitment("C3"))
	one.export(filepath.Join(disk, "1"))
	other.export(filepath.Join(disk, "2"))
	us.take(filepath.Join(disk, "1"))
	before := us.digest(entente.Shared)
	_, err := us.tryTake(filepath.Join(disk, "2"))
	if !errors.Is(err, follow.ErrContradicted) {
		t.Fatalf("taken: %v", err)
	}
	kept, err := us.Store().Evidence(t.Context())
	check(t, err)
	if len(kept) != 1 || us.digest(entente.Shared) != before {
		t.Errorf("%d files of evidence; the state changed: %v", len(kept), us.digest(entente.Shared) != before)
	}
	// The log of one who contradicted itself is cosigned no more.
	cosigned, err := us.Net.Cosigned(t.Context(), "MX")
	check(t, err)
	if len(cosigned) != 1 {
		t.Errorf("%d logs are cosigned, want the public one alone", len(cosigned))
	}
}

// TestCosignaturesAreHeld against who made them and what this node has.
func TestCosignaturesAreHeld(t *testing.T) {
	mx, us := outposts(t)
	mx.export(filepath.Join(t.TempDir(), "1"))
	dir := t.TempDir()
	mx.export(dir)
	us.take(dir)
	cosigned, err := us.Net.Cosigned(t.Context(), "MX")
	check(t, err)
	own, err := mx.Store().Checkpoint(t.Context(), mx.Origin(entente.Shared))
	check(t, err)
	if err := mx.Net.TakeCosigned(t.Context(), "US", own); err == nil {
		t.Error("an own signature is taken for a cosignature")
	}
	if err := us.Net.TakeCosigned(t.Context(), "MX", cosigned[0]); err == nil {
		t.Error("a cosignature of another's log is taken")
	}
	for _, c := range cosigned {
		check(t, mx.Net.TakeCosigned(t.Context(), "US", c))
	}
	mx.state(entente.Shared, entente.TypeCommitment, "c-1", foldtest.Commitment("C1"))
	for _, c := range cosigned { // late, and once more
		check(t, mx.Net.TakeCosigned(t.Context(), "US", c))
	}
	known, err := mx.Net.KnownBy(t.Context(), "US")
	check(t, err)
	if known[mx.Origin(entente.Shared)] != mx.held(mx.Origin(entente.Shared))-1 {
		t.Errorf("known %v", known)
	}
}
