package pouch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/mod/sumdb/tlog"

	"entente/internal/follow"
	"entente/internal/merkle"
)

// source is one log as a pouch carries it. Like every source, it is believed by
// nobody.
type source struct {
	part       part
	checkpoint []byte
	tiles      map[place]held
	staged     io.ReaderAt
}

var _ follow.Source = (*source)(nil)

// place is a tile or, at level merkle.Entries, an entry bundle.
type place struct {
	level int
	index uint64
}

// held is how wide a tile is that the pouch carries, and where it is.
type held struct {
	width int
	span
}

// Checkpoint implements [follow.Source].
func (s *source) Checkpoint(context.Context) ([]byte, error) { return s.checkpoint, nil }

// Tile implements [follow.Source].
func (s *source) Tile(_ context.Context, level int, index uint64, width int) ([]byte, error) {
	h, b, err := s.read(place{level, index}, width)
	if err != nil || h.width == width {
		return b, err
	}
	return b[:width*tlog.HashSize], nil
}

// Bundle implements [follow.Source].
func (s *source) Bundle(_ context.Context, index uint64, width int) ([]byte, error) {
	h, b, err := s.read(place{merkle.Entries, index}, width)
	if err != nil || h.width == width {
		return b, err
	}
	raws, err := merkle.ParseBundle(b, h.width)
	if err != nil {
		return nil, err
	}
	var first []byte
	for _, raw := range raws[:width] {
		if first, err = merkle.AppendBundle(first, raw); err != nil {
			return nil, err
		}
	}
	return first, nil
}

func (s *source) read(at place, width int) (held, []byte, error) {
	h, ok := s.tiles[at]
	if !ok || width < 1 || h.width < width {
		id := merkle.TileID{Level: at.level, Index: at.index, Width: width}
		return h, nil, fmt.Errorf("the pouch does not carry %s of %s: %w", id.Path(), s.part.Origin, fs.ErrNotExist)
	}
	b := make([]byte, h.size)
	_, err := s.staged.ReadAt(b, h.at)
	return h, b, err
}

// entries calls each with the entries that the pouch carries, those before Since in
// the first bundle included.
func (s *source) entries(each func(raw []byte) error) error {
	if s.part.Since == s.part.Size {
		return nil
	}
	for n := s.part.Since / merkle.TileWidth; n*merkle.TileWidth < s.part.Size; n++ {
		width := int(min(merkle.TileWidth, s.part.Size-n*merkle.TileWidth))
		b, err := s.Bundle(context.Background(), n, width)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w (%w)", ErrFormat, err)
		}
		if err != nil {
			return err
		}
		raws, err := merkle.ParseBundle(b, width)
		if err != nil {
			return fmt.Errorf("%w (%w)", ErrFormat, err)
		}
		for _, raw := range raws {
			if err := each(raw); err != nil {
				return err
			}
		}
	}
	return nil
}

// stage is where logs are put while a pouch is read: a file without a name.
type stage struct {
	file *os.File
	end  int64
}

func newStage(dir string) (*stage, error) {
	f, err := os.CreateTemp(dir, ".pouch-*") // mode 0600
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &stage{file: f}, nil
}

func (s *stage) put(r io.Reader) (span, error) {
	n, err := io.Copy(io.NewOffsetWriter(s.file, s.end), r)
	at := span{s.end, n}
	s.end += n
	return at, err
}

func (s *stage) close() error { return s.file.Close() }
