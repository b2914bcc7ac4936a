package seal

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"time"

	"filippo.io/age"

	"entente"
)

// Source opens the content of a file. What it reads is trusted to be what the
// manifest says: digests are taken when a file is attached, from then on it rests
// encrypted and authenticated, and whoever opens the payload holds it against its
// digest. Taking it here once more would cost more than the encryption.
type Source func() (io.ReadCloser, error)

// Seal writes the payload of a manifest to dst: one source for each of its files,
// in order. It streams: no more than a buffer is in memory. When a file has another
// size than the manifest says, the error wraps [ErrContent] and what was written is
// no whole age file.
func Seal(dst io.Writer, to []string, m Manifest, files ...Source) error {
	list, err := recipients(to)
	if err != nil {
		return err
	}
	if err := m.Validate(); err != nil {
		return err
	}
	if len(files) != len(m.Files) {
		return fmt.Errorf("%w: %d files are given for %d of the manifest", ErrContent, len(files), len(m.Files))
	}
	sealed, err := age.Encrypt(dst, list...)
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	if err := archive(sealed, m, files); err != nil {
		return err // without Close the last chunk is missing
	}
	return sealed.Close()
}

// archive writes the tar of a payload.
func archive(dst io.Writer, m Manifest, files []Source) error {
	raw, err := m.encode()
	if err != nil {
		return err
	}
	w := tar.NewWriter(dst)
	if err := w.WriteHeader(member(manifestName, int64(len(raw)))); err != nil {
		return err
	}
	if _, err := w.Write(raw); err != nil {
		return err
	}
	for i, f := range m.Files {
		if err := w.WriteHeader(member(f.Name, f.Size)); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		if err := archiveFile(w, f, files[i]); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return w.Close()
}

// member is the header of an archive's member: nothing in it depends on when or
// where the archive was made.
func member(name string, size int64) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: time.Unix(0, 0)}
}

func archiveFile(w io.Writer, f File, open Source) (err error) {
	src, err := open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	// The wrappers hide ReadFrom and WriteTo, which would copy in smaller pieces.
	n, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{io.LimitReader(src, f.Size+1)}, make([]byte, min(pieceSize, f.Size+1)))
	if errors.Is(err, tar.ErrWriteTooLong) || err == nil && n != f.Size {
		return f.otherSize()
	}
	return err
}

// check holds what was read of a file against the manifest.
func (f File) check(size int64, digest entente.Digest) error {
	switch {
	case size != f.Size:
		return f.otherSize()
	case digest != f.Digest:
		return fmt.Errorf("%w: %s has the digest %s, not %s", ErrContent, f.Name, digest, f.Digest)
	}
	return nil
}

func (f File) otherSize() error {
	return fmt.Errorf("%w: %s has another size than the %d bytes stated", ErrContent, f.Name, f.Size)
}

// pieceSize is how much of a file is read at a time, at most.
const pieceSize = 256 << 10
