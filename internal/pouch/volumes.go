package pouch

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"entente"
	"entente/internal/seal"
)

// The sizes of volumes in bytes.
const (
	// DefaultVolume is the size of volumes when none is asked for: so much of an
	// export that was broken off has to be made again at most.
	DefaultVolume = 256 << 20
	// MinVolume is the least size of volumes.
	MinVolume = 64 << 10
)

func sortByTime(list []*Pouch) {
	slices.SortStableFunc(list, func(a, b *Pouch) int {
		return cmp.Or(a.Made.Compare(b.Made), cmp.Compare(a.ID, b.ID))
	})
}

// The overhead of an age file (C2SP age, "Payload"): a nonce, and a tag a chunk.
const (
	ageNonce = 16
	ageChunk = 64 << 10
	ageTag   = 16
)

// sealing is how a section's volumes are encrypted; none for the public section.
type sealing struct {
	to     []string
	header int64 // bytes of an age header to these
}

func newSealing(to []string) (sealing, error) {
	var n counter
	w, err := seal.Encrypt(&n, to...)
	if err != nil {
		return sealing{}, err
	}
	if err := w.Close(); err != nil {
		return sealing{}, err
	}
	return sealing{to, int64(n) - ageNonce - ageTag}, nil
}

// capacity is how much of a section fits in a volume of a size.
func (s sealing) capacity(volume int64) int64 {
	if s.to == nil {
		return volume
	}
	left := volume - s.header - ageNonce
	chunks := (left + ageChunk + ageTag - 1) / (ageChunk + ageTag)
	return left - chunks*ageTag
}

// counter counts the bytes written to it.
type counter int64

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

// volumeWriter cuts a section into volumes. Those that were made before it was
// broken off are passed over: the section is the same, byte for byte.
type volumeWriter struct {
	ctx    context.Context
	kind   Kind
	limit  int64 // of a section's bytes in a volume
	cipher sealing
	out    medium
	name   func(number int) string

	number int   // volumes of the pouch so far
	skip   int64 // bytes of the section that are in volumes already
	done   func(Volume, int64) error
	wrote  func(int64)

	current *volumeFile
}

// volumeFile is the volume being written: a goroutine of the medium reads what is
// written to the pipe.
type volumeFile struct {
	pipe  *io.PipeWriter
	plain int64
	ended chan error
	sum   entente.Digest
	size  int64
}

// Write implements [io.Writer].
func (v *volumeWriter) Write(b []byte) (int, error) {
	total := len(b)
	if err := v.ctx.Err(); err != nil {
		return 0, err
	}
	if n := min(v.skip, int64(len(b))); n > 0 {
		v.skip -= n
		b = b[n:]
	}
	for len(b) > 0 {
		if v.current == nil {
			v.begin()
		}
		n := min(v.limit-v.current.plain, int64(len(b)))
		if _, err := v.current.pipe.Write(b[:n]); err != nil {
			v.abort(err)
			return 0, err
		}
		v.current.plain += n
		v.wrote(n)
		b = b[n:]
		if v.current.plain == v.limit {
			if err := v.end(); err != nil {
				return 0, err
			}
		}
	}
	return total, nil
}

// begin begins the next volume.
func (v *volumeWriter) begin() {
	v.number++
	r, w := io.Pipe()
	f := &volumeFile{pipe: w, ended: make(chan error, 1)}
	v.current = f
	name := v.name(v.number)
	go func() {
		err := v.out.add(name, func(to io.Writer) error { return v.fill(to, r, f) })
		r.CloseWithError(cmp.Or(err, io.ErrClosedPipe))
		f.ended <- err
	}()
}

// fill copies a volume's bytes to its file, encrypted if need be.
func (v *volumeWriter) fill(to io.Writer, from io.Reader, f *volumeFile) error {
	h := sha256.New()
	var n counter
	all := io.MultiWriter(to, h, &n)
	var err error
	if v.cipher.to == nil {
		_, err = io.Copy(all, from)
	} else {
		var w io.WriteCloser
		if w, err = seal.Encrypt(all, v.cipher.to...); err != nil {
			return err
		}
		if _, err = io.Copy(w, from); err == nil {
			err = w.Close()
		}
	}
	f.sum, f.size = entente.Digest(h.Sum(nil)), int64(n)
	return err
}

// end completes the volume.
func (v *volumeWriter) end() error {
	f := v.current
	v.current = nil
	if err := f.pipe.Close(); err != nil {
		return err
	}
	if err := <-f.ended; err != nil {
		return err
	}
	return v.done(Volume{v.kind, f.size, f.sum}, f.plain)
}

// abort gives the volume up; the medium leaves nothing of it.
func (v *volumeWriter) abort(cause error) {
	f := v.current
	v.current = nil
	if f == nil {
		return
	}
	f.pipe.CloseWithError(cause)
	<-f.ended // the cause again
}

// close completes the last volume. A section that was whole before has none.
func (v *volumeWriter) close() error {
	if v.skip > 0 {
		return errors.New("what the pouch is made of has changed since its making was broken off: remove what was made, and make it anew")
	}
	if v.current == nil {
		return nil
	}
	return v.end()
}

// check reads all volumes and holds them against the manifest.
func (p *Pouch) check(ctx context.Context, progress func(int64)) error {
	for i, v := range p.Volumes {
		sum, size, err := p.sum(ctx, i+1, progress)
		if err != nil {
			return err
		}
		if sum == v.Digest && size == v.Size {
			continue
		}
		name := p.volumeFile(i + 1)
		for j, other := range p.Volumes {
			if other.Digest == sum {
				return fmt.Errorf("%w (%s holds volume %d: the volumes were given each other's names)", ErrAltered, name, j+1)
			}
		}
		if size < v.Size {
			return fmt.Errorf("%w (%s has %d of %d bytes)", ErrAltered, name, size, v.Size)
		}
		return fmt.Errorf("%w (%s)", ErrAltered, name)
	}
	return nil
}

func (p *Pouch) sum(ctx context.Context, number int, progress func(int64)) (d entente.Digest, size int64, err error) {
	f, _, err := p.volume(number)
	if err != nil {
		return d, 0, err
	}
	defer f.Close()
	h := sha256.New()
	buf := make([]byte, 1<<20)
	for {
		n, err := f.Read(buf)
		h.Write(buf[:n])
		size += int64(n)
		progress(int64(n))
		if errors.Is(err, io.EOF) {
			return entente.Digest(h.Sum(nil)), size, nil
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return d, size, err
		}
	}
}

// sectionBytes reads a section out of its volumes, each held against its digest as
// it passes: a disk may give other bytes the second time.
type sectionBytes struct {
	p      *Pouch
	kind   Kind
	with   []string // identities of the sealed section
	number int      // volumes opened
	file   io.ReadCloser
	plain  io.Reader
}

// Read implements [io.Reader].
func (s *sectionBytes) Read(b []byte) (int, error) {
	for {
		if s.plain == nil {
			if err := s.open(); err != nil {
				return 0, err
			}
		}
		n, err := s.plain.Read(b)
		if n > 0 || !errors.Is(err, io.EOF) {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return n, err
		}
		s.close()
	}
}

// open opens the section's next volume; [io.EOF] after the last.
func (s *sectionBytes) open() error {
	for s.number < len(s.p.Volumes) && s.p.Volumes[s.number].Section != s.kind {
		s.number++
	}
	if s.number == len(s.p.Volumes) {
		return io.EOF
	}
	s.number++
	f, _, err := s.p.volume(s.number)
	if err != nil {
		return err
	}
	s.file = f
	s.plain = &expected{f, sha256.New(), s.p.Volumes[s.number-1].Digest, ErrAltered}
	if s.kind == Sealed {
		s.plain, err = seal.Decrypt(s.plain, s.with...)
	}
	return err
}

// expected gives an error in place of the end of what has another digest.
type expected struct {
	r         io.Reader
	sum       hash.Hash
	want      entente.Digest
	otherwise error
}

// Read implements [io.Reader].
func (e *expected) Read(b []byte) (int, error) {
	n, err := e.r.Read(b)
	e.sum.Write(b[:n])
	if errors.Is(err, io.EOF) && entente.Digest(e.sum.Sum(nil)) != e.want {
		err = e.otherwise
	}
	return n, err
}

func (s *sectionBytes) close() {
	if s.file != nil {
		s.file.Close()
	}
	s.file, s.plain = nil, nil
}
