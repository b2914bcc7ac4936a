package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"entente/internal/payload"
)

// Backup copies the node to a directory that must not exist, while it runs: the
// database as of one moment, then the files beside it, which are only ever added.
// The directory is complete or absent. It holds the keys under their passphrases:
// it is to be guarded as the node itself. Of sealed payloads it has what nobody can
// read without their headers, which stay behind: what is shredded later is shredded
// in the backup too.
func (n *Node) Backup(ctx context.Context, dir string) error {
	return aside(dir, func(part string) error {
		if err := n.store.Backup(ctx, filepath.Join(part, databaseFile)); err != nil {
			return err
		}
		return copyTree(n.dir, part, outsideBackup)
	})
}

// Restore makes a node's directory of a backup. It must be opened with
// Options.Restored, so that it appends nothing before it has the tails of its own
// logs back. Sealed payloads are not on it: they are fetched again from the other
// party.
func Restore(from, dir string) error {
	if _, err := os.Stat(filepath.Join(from, databaseFile)); err != nil {
		return fmt.Errorf("%s holds no backup of a node: %w", from, err)
	}
	return aside(dir, func(part string) error {
		return copyTree(from, part, func(rel string) bool { return outsideBackup(rel) && rel != databaseFile })
	})
}

// aside makes a directory under another name first, so that it is whole or absent.
func aside(dir string, fill func(part string) error) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s exists: a copy is written to a directory of its own", dir)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	part, err := os.MkdirTemp(filepath.Dir(dir), ".entente-copy-*")
	if err != nil {
		return err
	}
	if err := fill(part); err != nil {
		return errors.Join(err, os.RemoveAll(part))
	}
	return os.Rename(part, dir)
}

// isDatabase reports whether a file is the database or beside it.
func isDatabase(rel string) bool {
	return rel == databaseFile || strings.HasPrefix(rel, databaseFile+"-")
}

// outsideBackup reports whether a file is not copied as it lies.
func outsideBackup(rel string) bool { return isDatabase(rel) || payload.OutsideBackup(rel) }

// copyTree copies regular files, those left out but.
func copyTree(from, to string, leaveOut func(rel string) bool) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a temporary file that is gone again
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch {
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		case !d.Type().IsRegular() || leaveOut(rel):
			return nil
		}
		return copyFile(path, filepath.Join(to, rel))
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return errors.Join(err, out.Close())
	}
	return errors.Join(out.Sync(), out.Close())
}
