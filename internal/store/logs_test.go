package store

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"entente"
	"entente/internal/entry"
	"entente/internal/fold/foldtest"
	"entente/internal/merkle"
)

// longLog is the node of Mexico with a national log of n entries. What is in them
// does not matter here: most are no entries at all.
func longLog(tb testing.TB, n int) (*Store, string, [][]byte) {
	tb.Helper()
	mx := foldtest.NewParty(entente.MX)
	s := open(tb, func(o *Options) { o.Restored = true })
	pin(tb, s, mx)
	origin := mx.Origin(entente.National)
	raws := [][]byte{mx.Genesis}
	r := rand.New(rand.NewPCG(7, 7))
	for len(raws) < n {
		raws = append(raws, bytes.Repeat([]byte{byte(len(raws))}, 1+r.IntN(90)))
	}
	for from := 0; from < n; {
		to := min(n, from+1+r.IntN(400))
		check(tb, s.Mirror(tb.Context(), origin, uint64(from), raws[from:to], sealed(tb, origin, raws[:to])))
		from = to
	}
	return s, origin, raws
}

func TestTilesBundlesAndProofs(t *testing.T) {
	const n = 1000
	s, origin, raws := longLog(t, n)
	ctx := t.Context()
	l := checkLog(t, s, origin)
	hashes := s.HashReader(origin)
	for _, i := range []int64{0, 255, 256, 767, 768, n - 1} {
		proof, err := tlog.ProveRecord(n, i, hashes)
		check(t, err)
		if err := tlog.CheckRecord(proof, n, tlog.Hash(l.Root), i, tlog.Hash(entry.LeafHash(raws[i]))); err != nil {
			t.Errorf("inclusion of %d: %v", i, err)
		}
	}
	for _, m := range []int64{1, 255, 256, 300, 768, n} {
		var e edge
		for _, raw := range raws[:m] {
			e.add([32]byte(entry.LeafHash(raw)), func(fullTile) {})
		}
		proof, err := tlog.ProveTree(n, m, hashes)
		check(t, err)
		if err := tlog.CheckTree(proof, n, tlog.Hash(l.Root), m, tlog.Hash(e.root())); err != nil {
			t.Errorf("consistency of %d: %v", m, err)
		}
	}
	type tile struct {
		level int
		index uint64
		width int
	}
	for _, id := range []tile{{0, 0, 256}, {0, 0, 3}, {0, 3, 232}, {0, 3, 1}, {1, 0, 3}, {1, 0, 1}} {
		data, err := s.Tile(ctx, origin, id.level, id.index, id.width)
		if err != nil || len(data) != id.width*32 {
			t.Errorf("tile %+v: %d bytes, %v", id, len(data), err)
		}
	}
	for _, id := range []tile{{0, 3, 233}, {0, 4, 1}, {1, 0, 4}, {2, 0, 1}, {-1, 0, 1}, {0, 0, 0}, {0, 0, 257}, {9, 0, 1}, {0, 1 << 60, 1}} {
		if _, err := s.Tile(ctx, origin, id.level, id.index, id.width); err == nil {
			t.Errorf("there is a tile %+v", id)
		}
	}
	bundle, err := s.EntryBundle(ctx, origin, 3, 200)
	check(t, err)
	got, err := merkle.ParseBundle(bundle, 200)
	check(t, err)
	if !bytes.Equal(got[199], raws[3*256+199]) {
		t.Error("the bundle holds other entries")
	}
	_, err = s.EntryBundle(ctx, origin, 3, 233)
	want(t, err, ErrNotFound)
	_, err = s.Entry(ctx, origin, n)
	want(t, err, ErrNotFound)
	some, err := s.Entries(ctx, origin, n-3, 10)
	check(t, err)
	if len(some) != 3 || !bytes.Equal(some[0], raws[n-3]) {
		t.Errorf("%d entries at the end", len(some))
	}
	if none, err := s.Entries(ctx, origin, n, 10); err != nil || len(none) != 0 {
		t.Errorf("%d entries beyond the end, %v", len(none), err)
	}
}

// exported reads the files of an exported log as fsck fetches them.
type exported string

func (d exported) read(path string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(d), path))
}

func (d exported) ReadCheckpoint(context.Context) ([]byte, error) { return d.read("checkpoint") }

func (d exported) ReadTile(_ context.Context, level, index uint64, p uint8) ([]byte, error) {
	return d.read(merkle.TileID{Level: int(level), Index: index, Width: width(p)}.Path())
}

func (d exported) ReadEntryBundle(_ context.Context, index uint64, p uint8) ([]byte, error) {
	return d.read(merkle.TileID{Level: merkle.Entries, Index: index, Width: width(p)}.Path())
}

func width(p uint8) int {
	if p == 0 {
		return merkle.TileWidth
	}
	return int(p)
}

// bundleHasher splits a bundle by its lengths, with nothing of our own.
func bundleHasher(bundle []byte) ([][]byte, error) {
	var out [][]byte
	for len(bundle) > 0 {
		n := int(bundle[0])<<8 | int(bundle[1])
		h := tlog.RecordHash(bundle[2 : 2+n])
		out = append(out, h[:])
		bundle = bundle[2+n:]
	}
	return out, nil
}

func TestStockFsckAcceptsAnExportedLog(t *testing.T) {
	for _, n := range []int{1, 256, 700} {
		s, origin, _ := longLog(t, n)
		dir := t.TempDir()
		check(t, s.ExportLog(t.Context(), origin, dir))
		v, err := note.NewVerifier(newTestSigner(t).vkey)
		check(t, err)
		fsckOf := func() error {
			return fsck.New(origin, v, exported(dir), bundleHasher, fsck.Opts{N: 2}).Check(t.Context())
		}
		if err := fsckOf(); err != nil {
			t.Errorf("%d entries: %v", n, err)
		}
		path := filepath.Join(dir, merkle.TileID{Level: merkle.Entries, Width: min(n, 256)}.Path())
		b, err := os.ReadFile(path)
		check(t, err)
		b[len(b)-1] ^= 1
		check(t, os.WriteFile(path, b, 0o600))
		if fsckOf() == nil {
			t.Errorf("%d entries: fsck accepts a changed log, so that it proves nothing", n)
		}
	}
	s := open(t)
	want(t, s.ExportLog(t.Context(), "nobody/public", t.TempDir()), ErrNotFound)
	pin(t, s, foldtest.NewParty(entente.MX))
	want(t, s.ExportLog(t.Context(), "demo.mx.entente/public", t.TempDir()), ErrNotFound)
}
