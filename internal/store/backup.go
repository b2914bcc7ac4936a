package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"entente/internal/merkle"
)

// Backup writes a consistent copy of the database to path, which must not exist,
// while the node runs. The copy is on disk when Backup returns; a failed one
// leaves no file.
func (s *Store) Backup(ctx context.Context, path string) (err error) {
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s exists already", path)
	}
	part := path + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(part)
		}
	}()
	// VACUUM INTO reads one snapshot and writes a new file; a reader's connection
	// would refuse to write at all.
	db := openDB(s.wrap, dsn(s.path, pragma("busy_timeout", 10000), pragma("cache_size", -readerCache)))
	defer db.Close()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", part); err != nil {
		return fmt.Errorf("back up to %s: %w", path, err)
	}
	if err := syncFile(part); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return syncFile(filepath.Dir(path))
}

// syncFile brings a file, or the names in a directory, to the disk.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// ExportLog writes a log as C2SP tlog-tiles plain files under dir: checkpoint,
// tile/<L>/<N>, tile/entries/<N>. The checkpoint comes last, so that a directory
// that has one is whole. It is that of the latest checkpoint: entries beyond it
// are left out.
func (s *Store) ExportLog(ctx context.Context, origin, dir string) error {
	h, err := s.head(origin)
	if err != nil {
		return err
	}
	if h.checkpoint == nil {
		return fmt.Errorf("a checkpoint of %s: %w", origin, ErrNotFound)
	}
	for level := 0; level == 0 || h.checkpointSize>>(merkle.TileHeight*level) > 0; level++ {
		count := h.checkpointSize >> (merkle.TileHeight * level)
		for n := uint64(0); n*merkle.TileWidth < count; n++ {
			width := int(min(merkle.TileWidth, count-n*merkle.TileWidth))
			if err := s.exportTile(ctx, origin, dir, merkle.TileID{Level: level, Index: n, Width: width}); err != nil {
				return err
			}
		}
	}
	return writeFile(filepath.Join(dir, "checkpoint"), h.checkpoint)
}

// exportTile writes a tile and, of the lowest level, its entry bundle.
func (s *Store) exportTile(ctx context.Context, origin, dir string, id merkle.TileID) error {
	data, err := s.Tile(ctx, origin, id.Level, id.Index, id.Width)
	if err != nil {
		return err
	}
	if len(data) != id.Width*tlog.HashSize {
		return fmt.Errorf("the database is damaged: tile %s of %s has %d bytes", id.Path(), origin, len(data))
	}
	if err := writeFile(filepath.Join(dir, filepath.FromSlash(id.Path())), data); err != nil || id.Level > 0 {
		return err
	}
	bundle, err := s.EntryBundle(ctx, origin, id.Index, id.Width)
	if err != nil {
		return err
	}
	id.Level = merkle.Entries
	return writeFile(filepath.Join(dir, filepath.FromSlash(id.Path())), bundle)
}

func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}
