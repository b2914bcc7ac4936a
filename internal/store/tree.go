package store

import (
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"entente"
	"entente/internal/merkle"
)

// edge is the right edge of a growing tree (RFC 6962, section 2.1; C2SP
// tlog-tiles): what is needed to add leaves, to tell the root and to serve
// partial tiles. A copy made by [edge.snapshot] stays valid while the original
// grows: hashes are only ever written past the length a copy can see.
type edge struct {
	size uint64
	// stack holds the roots of the perfect subtrees that the tree consists of, the
	// largest first: one for each bit of size.
	stack []tlog.Hash
	// partial[l] holds the hashes of the last, incomplete tile of level l.
	partial [][]tlog.Hash
}

// fullTile is a tile that got its last hash.
type fullTile struct {
	level int
	index uint64
	data  []byte // 256 hashes
}

// add appends a leaf hash and passes the tiles that it completes to full.
func (e *edge) add(leaf tlog.Hash, full func(fullTile)) {
	e.push(0, leaf, full)
	h := leaf
	for height := 0; e.size>>height&1 == 1; height++ {
		last := len(e.stack) - 1
		h = tlog.NodeHash(e.stack[last], h)
		e.stack = e.stack[:last]
		if (height+1)%merkle.TileHeight == 0 {
			e.push((height+1)/merkle.TileHeight, h, full)
		}
	}
	e.stack = append(e.stack, h)
	e.size++
}

// push adds the next hash of a level. A complete tile stays in partial until the
// next hash of its level, so that a full and a partial tile are read alike.
func (e *edge) push(level int, h tlog.Hash, full func(fullTile)) {
	for len(e.partial) <= level {
		e.partial = append(e.partial, nil)
	}
	p := e.partial[level]
	if len(p) == 0 || len(p) == merkle.TileWidth {
		p = make([]tlog.Hash, 0, merkle.TileWidth)
	}
	p = append(p, h)
	e.partial[level] = p
	if len(p) == merkle.TileWidth {
		full(fullTile{level, e.size >> (merkle.TileHeight * (level + 1)), flatten(p)})
	}
}

// root returns the RFC 6962 root hash; of an empty tree SHA-256 of nothing.
func (e *edge) root() entente.Digest {
	if len(e.stack) == 0 {
		return merkle.EmptyRoot
	}
	h := e.stack[len(e.stack)-1]
	for i := len(e.stack) - 2; i >= 0; i-- {
		h = tlog.NodeHash(e.stack[i], h)
	}
	return entente.Digest(h)
}

// snapshot returns a copy that does not change when e grows.
func (e *edge) snapshot() edge {
	return edge{size: e.size, stack: slices.Clone(e.stack), partial: slices.Clone(e.partial)}
}

// tile returns the first width hashes of a tile that is on the edge; false when
// the tile is not there (it is complete and stored, or beyond the tree).
func (e *edge) tile(level int, index uint64, width int) ([]byte, bool) {
	if level >= len(e.partial) || len(e.partial[level]) < width {
		return nil, false
	}
	count := e.size >> (merkle.TileHeight * level) // hashes of the level
	if count == 0 || (count-1)/merkle.TileWidth != index {
		return nil, false
	}
	return flatten(e.partial[level][:width]), true
}

// tileSource reads what an edge is rebuilt from.
type tileSource interface {
	// fullTile returns the 256 hashes of a stored tile.
	fullTile(level int, index uint64) ([]byte, error)
	// leaves returns the leaf hashes of the entries from index from on, up to size.
	leaves(from, size uint64) ([]tlog.Hash, error)
}

// loadEdge rebuilds the edge of a tree: the last incomplete tile of level 0 from
// the entries, those above from the tiles beneath them.
func loadEdge(size uint64, src tileSource) (edge, error) {
	e := edge{size: size}
	for level := 0; level == 0 || size>>(merkle.TileHeight*level) > 0; level++ {
		count := size >> (merkle.TileHeight * level)
		first := count &^ (merkle.TileWidth - 1)
		hashes := make([]tlog.Hash, 0, merkle.TileWidth)
		if level == 0 {
			leaves, err := src.leaves(first, size)
			if err != nil {
				return edge{}, err
			}
			if uint64(len(leaves)) != size-first {
				return edge{}, fmt.Errorf("%d entries from index %d on, the tree has %d", len(leaves), first, size-first)
			}
			hashes = append(hashes, leaves...)
		} else {
			for n := first; n < count; n++ {
				data, err := src.fullTile(level-1, n)
				if err != nil {
					return edge{}, err
				}
				hashes = append(hashes, perfectRoot(unflatten(data)))
			}
		}
		e.partial = append(e.partial, hashes)
	}
	e.stack = stackOf(e.partial)
	return e, nil
}

// stackOf returns the perfect subtrees of a tree, largest first, from the
// incomplete tiles of its levels.
func stackOf(partial [][]tlog.Hash) []tlog.Hash {
	var stack []tlog.Hash
	for level := len(partial) - 1; level >= 0; level-- {
		rest := partial[level]
		for bit := merkle.TileWidth >> 1; bit > 0; bit >>= 1 {
			if len(rest)&bit != 0 {
				stack = append(stack, perfectRoot(rest[:bit]))
				rest = rest[bit:]
			}
		}
	}
	return stack
}

// perfectRoot returns the root over a power of two of hashes.
func perfectRoot(hashes []tlog.Hash) tlog.Hash {
	row := slices.Clone(hashes)
	for len(row) > 1 {
		for i := range len(row) / 2 {
			row[i] = tlog.NodeHash(row[2*i], row[2*i+1])
		}
		row = row[:len(row)/2]
	}
	return row[0]
}

func flatten(hashes []tlog.Hash) []byte {
	out := make([]byte, 0, len(hashes)*tlog.HashSize)
	for _, h := range hashes {
		out = append(out, h[:]...)
	}
	return out
}

func unflatten(data []byte) []tlog.Hash {
	hashes := make([]tlog.Hash, len(data)/tlog.HashSize)
	for i := range hashes {
		hashes[i] = tlog.Hash(data[i*tlog.HashSize:])
	}
	return hashes
}
