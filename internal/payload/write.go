package payload

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"entente"
	"entente/internal/seal"
)

// Writer takes a payload that is made here. It is not safe for concurrent use, and
// ends with Commit or Abort.
type Writer struct {
	s            *Store
	ctx          context.Context
	parts        *parts
	header, body string // the files' names while it is not complete
	closed       bool
}

// Create begins a payload, whose ciphertext is written to the Writer. A write after
// the end of ctx fails.
func (s *Store) Create(ctx context.Context) (*Writer, error) {
	id := newPrefix + rand.Text()
	w := &Writer{s: s, ctx: ctx, header: s.path(vaultFolder, id), body: s.path(bodyFolder, id)}
	header, body, err := createBoth(w.header, w.body)
	if err != nil {
		return nil, err
	}
	w.parts = newParts(header, body, MaxSize)
	return w, nil
}

// createBoth creates the two files of a payload that is made here.
func createBoth(header, body string) (h, b *os.File, err error) {
	const flags = os.O_RDWR | os.O_CREATE | os.O_EXCL
	if h, err = os.OpenFile(header, flags, 0o600); err != nil {
		return nil, nil, err
	}
	if b, err = os.OpenFile(body, flags, 0o600); err != nil {
		return nil, nil, errors.Join(err, h.Close())
	}
	return h, b, nil
}

// Write implements [io.Writer]. Errors: [ErrSize] beyond [MaxSize], or
// [seal.ErrDamaged] for what is no age file.
func (w *Writer) Write(b []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.parts.Write(b)
}

// Commit names the payload by its digest. It is on disk when Commit returns, whole;
// after an error nothing of it is kept. Errors: [ErrShredded] for one that was
// shredded before, [seal.ErrDamaged] for what is no age file.
func (w *Writer) Commit() (entente.Sealed, error) {
	if w.closed {
		return entente.Sealed{}, os.ErrClosed
	}
	err := w.parts.flush()
	if err == nil && !w.parts.split {
		err = fmt.Errorf("%w: it ends within its header", seal.ErrDamaged)
	}
	sealed := entente.Sealed{Digest: w.parts.digest(), Size: w.parts.size}
	if err == nil {
		err = w.s.keep(w.parts, sealed.Digest, w.header, w.body)
	}
	if err != nil {
		return entente.Sealed{}, errors.Join(err, w.Abort())
	}
	w.closed = true
	return sealed, w.parts.close()
}

// Abort drops the payload. After Commit it does nothing.
func (w *Writer) Abort() error {
	if w.closed {
		return nil
	}
	w.closed = true
	_ = w.parts.flush() // ends what writes behind
	return errors.Join(w.parts.close(), overwrite(w.header), gone(w.header), gone(w.body))
}

// keep brings both files to the disk and names them, header first. After an error
// they have the names again that they had.
func (s *Store) keep(p *parts, d entente.Digest, header, body string) error {
	if err := s.step("sync parts", p.sync); err != nil {
		return err
	}
	defer s.lock(d)()
	if s.Tombstoned(d) {
		return fmt.Errorf("payload %s: %w", d, ErrShredded)
	}
	if s.Has(d) { // the same bytes
		return errors.Join(overwrite(header), gone(header), gone(body))
	}
	err := s.steps(
		step{"name header", func() error { return os.Rename(header, s.header(d)) }},
		step{"sync vault", s.synced(vaultFolder)},
		step{"name body", func() error { return os.Rename(body, s.body(d)) }},
		step{"sync payloads", s.synced(bodyFolder)},
	)
	switch {
	case (err == nil || errors.Is(err, fs.ErrNotExist)) && s.Tombstoned(d): // by another process, meanwhile
		return errors.Join(fmt.Errorf("payload %s: %w", d, ErrShredded), s.destroy(d))
	case err != nil:
		return errors.Join(err, s.unname(s.body(d), body), s.unname(s.header(d), header))
	}
	return nil
}

// unname takes a name back, unless it was not given.
func (s *Store) unname(named, was string) error {
	if exists(was) {
		return nil
	}
	return os.Rename(named, was)
}

// Incoming is a payload of a known digest and size as it arrives. It is not safe
// for concurrent use, and ends with Close.
type Incoming struct {
	s            *Store
	sealed       entente.Sealed
	parts        *parts
	header, body string
	closed, kept bool
}

// Resume begins to take a payload, or continues where it ended: see
// [Incoming.Offset]. Errors: [ErrShredded], [ErrHeld], [ErrBusy], [ErrSize].
func (s *Store) Resume(d entente.Digest, size int64) (*Incoming, error) {
	if size < 1 || size > MaxSize {
		return nil, fmt.Errorf("payload %s of %d bytes: %w", d, size, ErrSize)
	}
	defer s.lock(d)()
	name := incomingPrefix + d.String()
	in := &Incoming{s: s, sealed: entente.Sealed{Digest: d, Size: size}, header: s.path(vaultFolder, name), body: s.path(bodyFolder, name)}
	if err := s.wanted(d); err != nil {
		return nil, err
	}
	header, err := claim(in.header, syscall.LOCK_NB)
	if err != nil {
		return nil, fmt.Errorf("payload %s: %w", d, err)
	}
	// It may have arrived, or been shredded, before it was ours alone.
	if err := s.wanted(d); err != nil {
		return nil, errors.Join(err, gone(in.header), header.Close())
	}
	body, err := os.OpenFile(in.body, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, errors.Join(err, header.Close())
	}
	if in.parts, err = resumeParts(header, body, size); err != nil {
		return nil, errors.Join(err, header.Close(), body.Close())
	}
	return in, nil
}

// wanted: a payload is neither here nor shredded.
func (s *Store) wanted(d entente.Digest) error {
	if s.Tombstoned(d) {
		return fmt.Errorf("payload %s: %w", d, ErrShredded)
	}
	if s.Has(d) {
		return fmt.Errorf("payload %s: %w", d, ErrHeld)
	}
	return nil
}

// claim opens or creates a file and locks it until it is closed, against this
// process and every other: a payload arrives, and is shredded, once at a time. What
// was renamed or removed between the one and the other is not the file any more.
// With [syscall.LOCK_NB] a file that is locked is [ErrBusy].
func claim(path string, how int) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		for err = syscall.EINTR; errors.Is(err, syscall.EINTR); {
			err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|how)
		}
		if err != nil {
			if errors.Is(err, syscall.EWOULDBLOCK) {
				err = ErrBusy
			}
			return nil, errors.Join(err, f.Close())
		}
		ours, err := f.Stat()
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if named, err := os.Lstat(path); err == nil && os.SameFile(ours, named) {
			return f, nil
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
}

// Offset is how many bytes have arrived: the next written is at this offset.
func (i *Incoming) Offset() int64 { return i.parts.size }

// Sealed is what is to arrive.
func (i *Incoming) Sealed() entente.Sealed { return i.sealed }

// Write implements [io.Writer]. Errors: [ErrSize] beyond the size stated,
// [seal.ErrDamaged] for what is no age file; after one the payload begins anew with
// [Incoming.Restart] only.
func (i *Incoming) Write(b []byte) (int, error) {
	if i.closed || i.kept {
		return 0, os.ErrClosed
	}
	return i.parts.Write(b)
}

// Restart drops what has arrived: the next byte written is the first.
func (i *Incoming) Restart() error {
	if i.closed || i.kept {
		return os.ErrClosed
	}
	_ = i.parts.flush() // ends what writes behind
	return i.parts.restart()
}

// Commit holds what arrived against digest and size and names it; it is on disk
// then, whole. Errors: [ErrIncomplete], after which more can be written, now or
// after a restart of the node; [ErrDigest], after which nothing of it is kept and
// the payload begins anew; [ErrShredded]; and that of a failed Write.
func (i *Incoming) Commit() error {
	if i.closed || i.kept {
		return os.ErrClosed
	}
	if err := i.parts.flush(); err != nil {
		return err
	}
	if i.parts.size < i.sealed.Size {
		return fmt.Errorf("payload %s: %w (%d of %d bytes)", i.sealed.Digest, ErrIncomplete, i.parts.size, i.sealed.Size)
	}
	if got := i.parts.digest(); got != i.sealed.Digest || !i.parts.split {
		err := fmt.Errorf("payload %s: %w: it is %s", i.sealed.Digest, ErrDigest, got)
		return errors.Join(err, i.Restart())
	}
	if err := i.s.keep(i.parts, i.sealed.Digest, i.header, i.body); err != nil {
		return err
	}
	i.kept = true
	return nil
}

// Close ends the arrival. What has arrived is kept for the next [Store.Resume],
// unless the payload was shredded meanwhile.
func (i *Incoming) Close() error {
	if i.closed {
		return nil
	}
	i.closed = true
	_ = i.parts.flush() // what failed is fetched again
	if i.kept || i.parts.size > 0 {
		return i.parts.close()
	}
	defer i.s.lock(i.sealed.Digest)()
	// The names go before the lock on the header does.
	return errors.Join(gone(i.body), gone(i.header), i.parts.close())
}
