package blobstore

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"entente"
)

// aside begins the names of files that are not complete; abandoned is the age at
// which one is taken for what a killed process left.
const (
	aside     = ".new-"
	abandoned = time.Hour
)

// Dir keeps blobs as files under a directory: <two digits>/<64 digits>.
type Dir struct{ path string }

var _ Store = (*Dir)(nil)

// Open returns the store in a directory, which is made when missing. What a killed
// process left long ago is removed.
func Open(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	left, err := filepath.Glob(filepath.Join(path, aside+"*"))
	if err != nil {
		return nil, err
	}
	for _, f := range left {
		if info, err := os.Stat(f); err != nil || time.Since(info.ModTime()) < abandoned {
			continue // another process may be writing it
		}
		if err := os.Remove(f); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return &Dir{path}, nil
}

func (d *Dir) file(digest entente.Digest) string {
	name := digest.String()
	return filepath.Join(d.path, name[:2], name)
}

// Put implements [Store].
func (d *Dir) Put(ctx context.Context, r io.Reader) (entente.Digest, int64, error) {
	return d.put(ctx, r, nil)
}

// put writes the file aside, syncs it, and then names it by its digest; want, when
// there is one, must be that digest.
func (d *Dir) put(ctx context.Context, r io.Reader, want *entente.Digest) (digest entente.Digest, size int64, err error) {
	tmp, err := os.CreateTemp(d.path, aside+"*") // mode 0600
	if err != nil {
		return digest, 0, err
	}
	defer func() { err = errors.Join(err, removed(tmp.Name())) }()
	h := sha256.New()
	size, err = io.Copy(io.MultiWriter(tmp, h), &untilDone{ctx, r})
	if err == nil {
		err = tmp.Sync()
	}
	if err := errors.Join(err, tmp.Close()); err != nil {
		return digest, 0, err
	}
	h.Sum(digest[:0])
	if want != nil && digest != *want {
		return digest, size, &DigestError{digest, *want}
	}
	return digest, size, d.name(tmp.Name(), d.file(digest))
}

// removed removes a file that may have been named meanwhile.
func removed(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// name moves a complete file to where its digest says, durably. One that is there
// already has the same content and stays.
func (d *Dir) name(from, to string) error {
	if _, err := os.Stat(to); err == nil {
		return nil
	}
	folder := filepath.Dir(to)
	if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return errors.Join(synced(folder), synced(d.path))
}

func synced(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Get implements [Store].
func (d *Dir) Get(_ context.Context, digest entente.Digest) (io.ReadCloser, int64, error) {
	f, err := os.Open(d.file(digest))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, fmt.Errorf("file %s: %w", digest, ErrNotFound)
	}
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// Has implements [Store].
func (d *Dir) Has(_ context.Context, digest entente.Digest) (bool, error) {
	_, err := os.Stat(d.file(digest))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// untilDone reads until its context ends.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u *untilDone) Read(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(b)
}
