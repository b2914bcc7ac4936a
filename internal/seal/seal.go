package seal

import (
	"archive/tar"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"filippo.io/age"

	"entente"
)

// Source opens the content of a file.
type Source func() (io.ReadCloser, error)

// Seal writes the payload of a manifest to dst: one source for each of its files,
// in order. It streams: no more than some buffers are in memory. When a file has
// another size or digest than the manifest says, the error wraps [ErrContent] and
// what was written is no whole age file.
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
	h := newHasher()
	defer h.stop()
	n, err := h.copy(w, io.LimitReader(src, f.Size+1), f.Size)
	if err != nil {
		return err
	}
	return f.check(n, h.sum())
}

// check holds what was read of a file against the manifest.
func (f File) check(size int64, digest entente.Digest) error {
	switch {
	case size != f.Size:
		return fmt.Errorf("%w: %s has another size than the %d bytes stated", ErrContent, f.Name, f.Size)
	case digest != f.Digest:
		return fmt.Errorf("%w: %s has the digest %s, not %s", ErrContent, f.Name, digest, f.Digest)
	}
	return nil
}

const (
	pieceSize = 256 << 10
	pieces    = 4
)

// hasher digests what is copied on another core than the one that encrypts it.
type hasher struct {
	full, free chan []byte
	done       chan entente.Digest
	stopped    bool
}

func newHasher() *hasher {
	h := &hasher{full: make(chan []byte, pieces), free: make(chan []byte, pieces), done: make(chan entente.Digest, 1)}
	go func() {
		sum := sha256.New()
		for piece := range h.full {
			sum.Write(piece)
			h.free <- piece[:cap(piece)]
		}
		h.done <- entente.Digest(sum.Sum(nil))
	}()
	return h
}

// copy copies src, at most limit bytes of it to dst, and returns how many there
// were: more than limit when src has more.
func (h *hasher) copy(dst io.Writer, src io.Reader, limit int64) (n int64, err error) {
	for made := 0; ; {
		var piece []byte
		if made < pieces {
			piece = make([]byte, min(pieceSize, max(limit+1-n, 512)))
			made++
		} else {
			piece = <-h.free
		}
		size, err := io.ReadFull(src, piece)
		n += int64(size)
		if n > limit {
			return n, nil
		}
		if size > 0 {
			h.full <- piece[:size]
			if _, err := dst.Write(piece[:size]); err != nil {
				return n, err
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// sum is the digest of what was copied.
func (h *hasher) sum() entente.Digest {
	h.stop()
	return <-h.done
}

func (h *hasher) stop() {
	if !h.stopped {
		h.stopped = true
		close(h.full)
	}
}
