package store

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"entente"
	"entente/internal/merkle"
)

// grown is a tree with everything it ever stored.
type grown struct {
	edge
	leafHashes []tlog.Hash
	tiles      map[[2]uint64][]byte // level, index
	stored     []tlog.Hash          // as tlog stores hashes: the reference
}

func (g *grown) fullTile(level int, index uint64) ([]byte, error) {
	data, ok := g.tiles[[2]uint64{uint64(level), index}]
	if !ok {
		return nil, fmt.Errorf("no tile %d/%d", level, index)
	}
	return data, nil
}

func (g *grown) leaves(from, size uint64) ([]tlog.Hash, error) { return g.leafHashes[from:size], nil }

// ReadHashes implements [tlog.HashReader].
func (g *grown) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = g.stored[x]
	}
	return out, nil
}

func (g *grown) grow(tb testing.TB) {
	tb.Helper()
	record := fmt.Append(nil, "record ", g.size)
	hashes, err := tlog.StoredHashes(int64(g.size), record, g)
	check(tb, err)
	g.stored = append(g.stored, hashes...)
	leaf := tlog.RecordHash(record)
	g.leafHashes = append(g.leafHashes, leaf)
	g.add(leaf, func(t fullTile) {
		key := [2]uint64{uint64(t.level), t.index}
		if g.tiles[key] != nil {
			tb.Fatalf("tile %v is completed twice", key)
		}
		g.tiles[key] = t.data
	})
}

// TestTheTreeGrowsAsRFC6962Says holds root, tiles and the edge rebuilt from what
// is stored against x/mod's own trees, around every boundary of a tile.
func TestTheTreeGrowsAsRFC6962Says(t *testing.T) {
	g := &grown{tiles: map[[2]uint64][]byte{}}
	const last = 256*256 + 300
	for g.size < last {
		g.grow(t)
		n := g.size
		if n > 600 && n%256 > 1 && n%4999 != 0 && n != last {
			continue
		}
		want, err := tlog.TreeHash(int64(n), g)
		check(t, err)
		if got := g.root(); got != entente.Digest(want) {
			t.Fatalf("root at size %d is %s, want %s", n, got, entente.Digest(want))
		}
		again, err := loadEdge(n, g)
		check(t, err)
		if again.root() != g.root() || !slices.Equal(again.stack, g.stack) {
			t.Fatalf("size %d: the edge rebuilt from tiles is another one", n)
		}
		checkTiles(t, g, &again)
	}
}

// checkTiles holds the last tile of each level against x/mod's.
func checkTiles(t *testing.T, g *grown, again *edge) {
	t.Helper()
	for level := 0; g.size>>(8*level) > 0; level++ {
		count := g.size >> (8 * level)
		index := (count - 1) / merkle.TileWidth
		width := int(count - index*merkle.TileWidth)
		want, err := tlog.ReadTileData(tlog.Tile{H: 8, L: level, N: int64(index), W: width}, g)
		check(t, err)
		got, ok := g.tile(level, index, width)
		if !ok || !bytes.Equal(got, want) {
			t.Fatalf("size %d: tile %d/%d.p/%d is wrong", g.size, level, index, width)
		}
		if other, ok := again.tile(level, index, width); ok && !bytes.Equal(other, want) {
			t.Fatalf("size %d: tile %d/%d.p/%d of the rebuilt edge is wrong", g.size, level, index, width)
		} else if !ok && !bytes.Equal(g.tiles[[2]uint64{uint64(level), index}], want) {
			t.Fatalf("size %d: tile %d/%d is neither on the edge nor stored", g.size, level, index)
		}
	}
}

// TestASnapshotStays: what readers hold does not change when the tree grows, nor
// when it is taken back and grows differently.
func TestASnapshotStays(t *testing.T) {
	var e edge
	ignore := func(fullTile) {}
	leaf := func(i int) tlog.Hash { return tlog.RecordHash(fmt.Append(nil, i)) }
	for i := range 250 {
		e.add(leaf(i), ignore)
	}
	kept := e.snapshot()
	root := kept.root()
	tile, _ := kept.tile(0, 0, 250)
	for branch := range 3 {
		e = kept.snapshot()
		for i := range 600 {
			e.add(leaf(1000*branch+i), ignore)
		}
		again, ok := kept.tile(0, 0, 250)
		if kept.root() != root || !ok || !bytes.Equal(again, tile) || kept.size != 250 {
			t.Fatalf("branch %d changed the snapshot", branch)
		}
	}
}

func TestADamagedTreeIsFound(t *testing.T) {
	g := &grown{tiles: map[[2]uint64][]byte{}}
	for range 700 {
		g.grow(t)
	}
	if _, err := loadEdge(700, &grown{tiles: map[[2]uint64][]byte{}, leafHashes: g.leafHashes}); err == nil {
		t.Error("no error without the tiles")
	}
	short := &grown{tiles: g.tiles, leafHashes: g.leafHashes[:699]}
	if _, err := loadEdge(700, shortLeaves{short}); err == nil {
		t.Error("no error without the last entry")
	}
	g.tiles[[2]uint64{0, 0}][0] ^= 1
	if e, err := loadEdge(700, g); err == nil && e.root() == g.root() {
		t.Error("a changed tile gives the same root")
	}
}

type shortLeaves struct{ *grown }

func (s shortLeaves) leaves(from, _ uint64) ([]tlog.Hash, error) { return s.leafHashes[from:], nil }
