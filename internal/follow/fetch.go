package follow

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
	"golang.org/x/sync/errgroup"

	"entente"
	"entente/internal/merkle"
)

const (
	// MaxBatch is the largest number of entries handed on at once.
	MaxBatch = 1024
	// prefetch is how many entry bundles are fetched ahead, and how many tiles at once.
	prefetch = 4
	// maxTiles bounds the tiles kept during a round: 8 KiB each.
	maxTiles = 512
)

// ErrServed means that a source served bytes that are not those under the signed
// checkpoint. It accuses nobody: the transport may be at fault.
var ErrServed = errors.New("the source does not serve what the checkpoint covers")

// fetchTile fetches a tile, or a full one in place of a partial one that is no
// longer served (tlog-tiles, "Partial Tiles").
func fetchTile(ctx context.Context, src Source, level int, index uint64, width int) ([]byte, error) {
	b, err := src.Tile(ctx, level, index, width)
	if width < merkle.TileWidth && errors.Is(err, fs.ErrNotExist) {
		b, err = src.Tile(ctx, level, index, merkle.TileWidth)
		if err == nil && len(b) == merkle.MaxTile {
			b = b[:width*tlog.HashSize]
		}
	}
	if err != nil {
		return nil, err
	}
	if len(b) != width*tlog.HashSize {
		return nil, fmt.Errorf("%w: tile %s has %d bytes, not %d", ErrServed,
			merkle.TileID{Level: level, Index: index, Width: width}.Path(), len(b), width*tlog.HashSize)
	}
	return b, nil
}

// fetchBundle fetches the first width entries of a bundle, likewise.
func fetchBundle(ctx context.Context, src Source, index uint64, width int) ([][]byte, error) {
	b, err := src.Bundle(ctx, index, width)
	have := width
	if width < merkle.TileWidth && errors.Is(err, fs.ErrNotExist) {
		have = merkle.TileWidth
		b, err = src.Bundle(ctx, index, have)
	}
	if err != nil {
		return nil, err
	}
	raws, err := merkle.ParseBundle(b, have)
	if err != nil {
		return nil, fmt.Errorf("%w: entry bundle %d: %w", ErrServed, index, err)
	}
	return raws[:width], nil
}

// tree reads the hashes of one checkpoint's tree from a source. What it returns
// is proven to be in the tree; tiles are kept for as long as the tree is used.
type tree struct {
	ctx   context.Context
	src   Source
	check merkle.Checkpoint
	kept  map[tlog.Tile][]byte
	tlog.HashReader
}

func newTree(ctx context.Context, src Source, c merkle.Checkpoint) *tree {
	t := &tree{ctx: ctx, src: src, check: c, kept: map[tlog.Tile][]byte{}}
	t.HashReader = tlog.TileHashReader(tlog.Tree{N: int64(c.Size), Hash: tlog.Hash(c.Root)}, t)
	return t
}

// Height implements [tlog.TileReader].
func (t *tree) Height() int { return merkle.TileHeight }

// ReadTiles implements [tlog.TileReader].
func (t *tree) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	g, ctx := errgroup.WithContext(t.ctx)
	g.SetLimit(prefetch)
	for i, tile := range tiles {
		if kept, ok := t.kept[tile]; ok {
			data[i] = kept
			continue
		}
		g.Go(func() error {
			b, err := fetchTile(ctx, t.src, tile.L, uint64(tile.N), tile.W)
			if err != nil {
				return fetchError{err}
			}
			data[i] = b
			return nil
		})
	}
	return data, g.Wait()
}

// SaveTiles implements [tlog.TileReader].
func (t *tree) SaveTiles(tiles []tlog.Tile, data [][]byte) {
	if len(t.kept)+len(tiles) > maxTiles {
		clear(t.kept)
	}
	for i, tile := range tiles {
		t.kept[tile] = data[i]
	}
}

// rootAt returns the root of the first size entries of the tree.
func (t *tree) rootAt(size uint64) (entente.Digest, error) {
	if size == t.check.Size {
		return t.check.Root, nil
	}
	root, err := merkle.RootAt(t, size)
	return root, served(err)
}

// fetchError is a failure to fetch a tile, to tell it from tiles that do not add up.
type fetchError struct{ error }

func (e fetchError) Unwrap() error { return e.error }

// served marks what tlog says of tiles that do not add up as the source's fault.
func served(err error) error {
	var fetch fetchError
	if err == nil || errors.As(err, &fetch) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrServed, err)
}

// holds reports whether entries are those of the tree from index first on.
func (t *tree) holds(first uint64, raws [][]byte) error {
	indexes := make([]int64, len(raws))
	for i := range raws {
		indexes[i] = tlog.StoredHashIndex(0, int64(first)+int64(i))
	}
	leaves, err := t.ReadHashes(indexes)
	if err != nil {
		return served(err)
	}
	for i, raw := range raws {
		if tlog.RecordHash(raw) != leaves[i] {
			return fmt.Errorf("%w: entry %d is another one", ErrServed, first+uint64(i))
		}
	}
	return nil
}

// bundle is what one fetch of entries gave.
type bundle struct {
	raws [][]byte
	err  error
}

// entries calls take with the entries from index first on to the end of size, in
// order and in runs of at most one bundle, fetching ahead meanwhile. It stops at
// the first error.
func entries(ctx context.Context, src Source, first, size uint64, take func(first uint64, raws [][]byte) error) error {
	if first >= size {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	var fetching sync.WaitGroup
	defer fetching.Wait()
	defer cancel()
	ahead := make(chan chan bundle, prefetch)
	fetching.Go(func() {
		defer close(ahead)
		for n := first / merkle.TileWidth; n*merkle.TileWidth < size; n++ {
			slot := make(chan bundle, 1)
			select {
			case ahead <- slot:
			case <-ctx.Done():
				return
			}
			fetching.Go(func() {
				width := min(size-n*merkle.TileWidth, merkle.TileWidth)
				raws, err := fetchBundle(ctx, src, n, int(width))
				slot <- bundle{raws, err}
			})
		}
	})
	for slot := range ahead {
		b := <-slot
		if b.err != nil {
			return b.err
		}
		skip := first % merkle.TileWidth
		if err := take(first, b.raws[skip:]); err != nil {
			return err
		}
		first += uint64(len(b.raws)) - skip
	}
	return ctx.Err()
}
