package world

import (
	"path/filepath"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"entente"
	"entente/internal/merkle"
	"entente/internal/store"
)

// OpenPortal opens a store as the observer's node keeps it, with everything that the
// public logs of the world hold. Call [World.Sync] after adding entries.
func (w *World) OpenPortal(tb testing.TB) *store.Store {
	tb.Helper()
	s, err := store.Open(tb.Context(), store.Options{Path: filepath.Join(tb.TempDir(), "portal.db")})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	s.SetCheckpointer(checkpointer{w.Portal.LogSigner()})
	for _, p := range []*Writer{w.Portal, w.MX, w.US} {
		if err := s.Pin(tb.Context(), p.GenesisRaw, p == w.Portal); err != nil {
			tb.Fatal(err)
		}
	}
	w.Sync(tb, s)
	return s
}

// Sync brings a portal's store up to the world's public logs: the others' first,
// since the observer's refer to them.
func (w *World) Sync(tb testing.TB, s *store.Store) {
	tb.Helper()
	for _, p := range []*Writer{w.MX, w.US, w.Portal} {
		w.syncLog(tb, s, w.Log(p, entente.Public))
	}
}

func (w *World) syncLog(tb testing.TB, s *store.Store, l *Log) {
	tb.Helper()
	had, err := s.Log(tb.Context(), l.Origin)
	if err != nil {
		tb.Fatal(err)
	}
	fresh := l.Raws[had.Size:]
	if len(fresh) == 0 {
		return
	}
	if l.Writer == w.Portal {
		drafts := make([]store.Draft, 0, len(fresh))
		for _, raw := range fresh {
			drafts = append(drafts, store.Draft{Origin: l.Origin, Raw: raw})
		}
		if _, err := s.Append(tb.Context(), drafts...); err != nil {
			tb.Fatal(err)
		}
		return
	}
	other := w.US
	if l.Writer == w.US {
		other = w.MX
	}
	checkpoint, err := l.Checkpoint(other)
	if err != nil {
		tb.Fatal(err)
	}
	if err := s.Mirror(tb.Context(), l.Origin, had.Size, fresh, checkpoint); err != nil {
		tb.Fatal(err)
	}
}

type checkpointer struct{ signer note.Signer }

func (c checkpointer) SignCheckpoint(origin string, size uint64, root entente.Digest) ([]byte, error) {
	return merkle.Sign(merkle.Checkpoint{Origin: origin, Size: size, Root: root}, c.signer)
}
