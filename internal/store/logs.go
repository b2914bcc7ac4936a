package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"entente"
	"entente/internal/merkle"
)

// LogState is what the node holds of one log.
type LogState struct {
	Origin   string
	Writer   string // party code or observer name
	Audience entente.Audience
	Own      bool
	Genesis  entente.Digest // SHA-256 of the pinned genesis entry's bytes
	Size     uint64         // entries held
	Root     entente.Digest // RFC 6962 root hash over them
	// Checkpoint is the latest signed checkpoint whose tree is held whole; nil
	// when there is none yet. Of a followed log it may be of a smaller size. The bytes
	// are not to be changed: all who ask for the state share them.
	Checkpoint     []byte
	CheckpointSize uint64
}

// maxEntries bounds what one call of [Store.Entries] returns.
const maxEntries = 1024

func (s *Store) head(origin string) (*head, error) {
	h := s.heads.Load().logs[origin]
	if h == nil {
		return nil, fmt.Errorf("log %s: %w", origin, ErrNotFound)
	}
	return h, nil
}

// Log returns the state of one log.
func (s *Store) Log(_ context.Context, origin string) (LogState, error) {
	h, err := s.head(origin)
	if err != nil {
		return LogState{}, err
	}
	return h.state(), nil
}

// Logs returns the state of all logs, by origin.
func (s *Store) Logs(context.Context) []LogState {
	return slices.Clone(s.heads.Load().list())
}

// Checkpoint returns the latest signed checkpoint of a log.
func (s *Store) Checkpoint(_ context.Context, origin string) ([]byte, error) {
	h, err := s.head(origin)
	switch {
	case err != nil:
		return nil, err
	case h.checkpoint == nil:
		return nil, fmt.Errorf("a checkpoint of %s: %w", origin, ErrNotFound)
	}
	return slices.Clone(h.checkpoint), nil
}

// SetCheckpoint adds the signature lines of a checkpoint to the stored one: its
// text must be the stored one's. Lines that have joined the stored one meanwhile
// stay. An older text is refused with [ErrStale].
func (s *Store) SetCheckpoint(ctx context.Context, origin string, signed []byte) error {
	c, err := merkle.Peek(signed)
	if err != nil {
		return err
	}
	return s.write(ctx, 0, func(w *writer) error {
		l := w.logs[origin]
		if l == nil || l.checkpoint == nil {
			return fmt.Errorf("a checkpoint of %s: %w", origin, ErrNotFound)
		}
		was, err := merkle.Peek(l.checkpoint)
		switch {
		case err != nil:
			return err
		case l.edge.size != was.Size && l.changed: // the group brings a newer one
			return fmt.Errorf("%w: the log has %d entries", ErrStale, l.edge.size)
		case c == was:
		case c.Origin == was.Origin && c.Size < was.Size:
			return fmt.Errorf("%w: it has %d entries, the stored one %d", ErrStale, c.Size, was.Size)
		default:
			return fmt.Errorf("%w: the checkpoint of %s is another one than the stored one", ErrRoot, origin)
		}
		joined, err := merkle.Join(signed, l.checkpoint)
		if err != nil || bytes.Equal(joined, l.checkpoint) {
			return err
		}
		w.touch(l)
		l.checkpoint, l.signed = joined, true
		_, err = w.exec("UPDATE log SET checkpoint = ? WHERE num = ?", joined, l.num)
		return err
	})
}

// Entry returns the bytes of one entry, which are not to be changed.
func (s *Store) Entry(ctx context.Context, origin string, index uint64) ([]byte, error) {
	h, err := s.head(origin)
	if err != nil {
		return nil, err
	}
	if index >= h.edge.size {
		return nil, fmt.Errorf("entry %s#%d: %w", origin, index, ErrNotFound)
	}
	raws, err := h.entries(ctx, s.rdb, index, index+1)
	if err != nil {
		return nil, err
	}
	return raws[0], nil
}

// Entries returns up to n entries of a log from an index on, at most 1,024; none
// past its end. They are not to be changed.
func (s *Store) Entries(ctx context.Context, origin string, from uint64, n int) ([][]byte, error) {
	h, err := s.head(origin)
	if err != nil || from >= h.edge.size || n <= 0 {
		return nil, err
	}
	to := min(h.edge.size, from+uint64(min(n, maxEntries)))
	return h.entries(ctx, s.rdb, from, to)
}

// Tile returns the first width hashes of a tile (C2SP tlog-tiles), 32 bytes each.
func (s *Store) Tile(ctx context.Context, origin string, level int, index uint64, width int) ([]byte, error) {
	h, err := s.head(origin)
	if err != nil {
		return nil, err
	}
	if !h.holds(level, index, width) {
		return nil, fmt.Errorf("tile %d/%d.p/%d of %s: %w", level, index, width, origin, ErrNotFound)
	}
	if data, ok := h.edge.tile(level, index, width); ok {
		return data, nil
	}
	data, err := tileReader{ctx, s.rdb, h.num}.fullTile(level, index)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("tile %d/%d of %s: %w", level, index, origin, ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return data[:width*tlog.HashSize], nil
}

// holds reports whether the tree has the first width hashes of a tile.
func (h *head) holds(level int, index uint64, width int) bool {
	if level < 0 || level > 7 || width < 1 || width > merkle.TileWidth || index >= maxIndex {
		return false
	}
	return index*merkle.TileWidth+uint64(width) <= h.edge.size>>(merkle.TileHeight*level)
}

// EntryBundle returns the first width entries of a bundle (C2SP tlog-tiles).
func (s *Store) EntryBundle(ctx context.Context, origin string, index uint64, width int) ([]byte, error) {
	h, err := s.head(origin)
	if err != nil {
		return nil, err
	}
	if !h.holds(0, index, width) {
		return nil, fmt.Errorf("entry bundle %d.p/%d of %s: %w", index, width, origin, ErrNotFound)
	}
	from := index * merkle.TileWidth
	raws, err := h.entries(ctx, s.rdb, from, from+uint64(width))
	if err != nil {
		return nil, err
	}
	size := 0
	for _, raw := range raws {
		size += 2 + len(raw)
	}
	bundle := make([]byte, 0, size)
	for _, raw := range raws {
		if bundle, err = merkle.AppendBundle(bundle, raw); err != nil {
			return nil, err
		}
	}
	return bundle, nil
}

// HashReader reads the hashes of a log for proofs (tlog.ProveRecord,
// tlog.ProveTree) in trees up to its size at this moment. Everything it returns
// was held against the root.
func (s *Store) HashReader(origin string) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		h, err := s.head(origin)
		if err != nil {
			return nil, err
		}
		tree := tlog.Tree{N: int64(h.edge.size), Hash: tlog.Hash(h.root)}
		return tlog.TileHashReader(tree, proofTiles{s, origin}).ReadHashes(indexes)
	})
}

// proofTiles is the [tlog.TileReader] of one log.
type proofTiles struct {
	s      *Store
	origin string
}

// Height implements [tlog.TileReader].
func (p proofTiles) Height() int { return merkle.TileHeight }

// ReadTiles implements [tlog.TileReader].
func (p proofTiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, t := range tiles {
		data, err := p.s.Tile(context.Background(), p.origin, t.L, uint64(t.N), t.W)
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}

// SaveTiles implements [tlog.TileReader]: the tiles are stored already.
func (p proofTiles) SaveTiles([]tlog.Tile, [][]byte) {}
