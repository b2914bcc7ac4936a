package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"entente"
	"entente/internal/fold"
)

// TestABackupTakenUnderLoadIsOneMoment: the copy opens, its logs fit their
// checkpoints, its projection is that of its logs, and the workspace came along.
func TestABackupTakenUnderLoadIsOneMoment(t *testing.T) {
	s, mx := mexico(t)
	_, err := s.AddUser(t.Context(), User{Name: "ana"})
	check(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		for i := 0; ; i++ {
			_, err := s.Append(ctx, commitment(mx, entente.National, i), commitment(mx, entente.Public, i))
			if err != nil {
				done <- err
				return
			}
		}
	}()
	path := filepath.Join(t.TempDir(), "copy.db")
	check(t, s.Backup(t.Context(), path))
	if err := s.Backup(t.Context(), path); err == nil {
		t.Error("a backup was written over")
	}
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + ".part"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a part is left: %v", err)
	}
	again := open(t, func(o *Options) { o.Path, o.Restored = path, true })
	m := fold.NewMemory(mx.Logs...)
	for _, l := range mx.Logs {
		state := checkLog(t, again, l.Origin)
		raws, err := again.Entries(t.Context(), l.Origin, 0, maxEntries)
		check(t, err)
		if uint64(len(raws)) != state.Size {
			t.Fatalf("%d of %d entries", len(raws), state.Size)
		}
		for _, raw := range raws {
			_, err := m.Append(l.Origin, raw)
			check(t, err)
		}
	}
	for i, d := range digests(t, again) {
		if want := memoryDigest(t, m, entente.Audiences[i]); d != want {
			t.Errorf("%s digest %s, want %s", entente.Audiences[i], d, want)
		}
	}
	users, err := again.Users(t.Context())
	check(t, err)
	if len(users) != 1 {
		t.Errorf("%d users in the copy", len(users))
	}
	_, err = again.Append(t.Context(), commitment(mx, entente.National, 5))
	want(t, err, ErrRestored)
	check(t, again.Close())
	reopened := open(t, func(o *Options) { o.Path = path })
	if !reopened.Restored() {
		t.Error("the mark of a restored database is lost when it is opened again")
	}
}

func TestAFailedBackupLeavesNothing(t *testing.T) {
	s, _ := mexico(t)
	dir := t.TempDir()
	if err := s.Backup(t.Context(), filepath.Join(dir, "no such directory", "copy.db")); err == nil {
		t.Error("written into a directory that is not there")
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := s.Backup(ctx, filepath.Join(dir, "copy.db")); err == nil {
		t.Error("written although it was given up")
	}
	left, err := os.ReadDir(dir)
	check(t, err)
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
