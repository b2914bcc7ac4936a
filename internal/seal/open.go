package seal

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"filippo.io/age"

	"entente"
)

// Payload is an opened payload: its manifest, and then its files in order. It is
// not safe for concurrent use.
type Payload struct {
	manifest Manifest
	src      *watched  // the ciphertext
	plain    io.Reader // what it decrypts to
	tar      *tar.Reader
	next     int // of the manifest's files
	current  *content
	err      error // ends it
}

// Open opens a payload with identities, of which one must be of a key that it was
// sealed to, and reads its manifest. What follows is decrypted as it is read.
func Open(src io.Reader, with ...string) (*Payload, error) {
	ids, err := identities(with)
	if err != nil {
		return nil, err
	}
	from := &watched{r: src}
	header, body, err := Split(from)
	if err != nil {
		return nil, err
	}
	plain, err := age.Decrypt(io.MultiReader(bytes.NewReader(header), body), ids...)
	var noMatch *age.NoIdentityMatchError
	if errors.As(err, &noMatch) {
		return nil, ErrNotAddressed
	}
	p := &Payload{src: from}
	if err != nil {
		return nil, p.damage(err)
	}
	if err := p.begin(plain); err != nil {
		return nil, err
	}
	return p, nil
}

// begin reads the manifest.
func (p *Payload) begin(plain io.Reader) error {
	p.plain, p.tar = plain, tar.NewReader(plain)
	h, err := p.tar.Next()
	if err != nil {
		return p.damage(err)
	}
	if h.Size > maxManifest {
		return fmt.Errorf("%w: it has more than %d bytes", ErrManifest, maxManifest)
	}
	if err := checkMember(h, manifestName, h.Size); err != nil {
		return err
	}
	raw, err := io.ReadAll(p.tar)
	if err != nil {
		return p.damage(err)
	}
	p.manifest, err = decodeManifest(raw)
	return err
}

// damage is the error for what could not be read: that of the source when it
// failed, else the payload is to blame.
func (p *Payload) damage(err error) error {
	if p.src != nil && p.src.err != nil {
		return p.src.err
	}
	return fmt.Errorf("%w (%s)", ErrDamaged, err.Error()) // an io.EOF in it must not pass for an end
}

// Manifest says what the payload holds.
func (p *Payload) Manifest() Manifest { return p.manifest }

// Next returns the next file. Its reader ends with [io.EOF] only when size and
// digest are those of the manifest: whoever acts on what was read does so after
// the end. What of the file before was not read is read and checked first. After
// the last file, the error is [io.EOF] when the payload ended as it should.
func (p *Payload) Next() (File, io.Reader, error) {
	if p.err == nil {
		p.err = p.advance()
	}
	if p.err != nil {
		return File{}, nil, p.err
	}
	return p.current.file, p.current, nil
}

// Check reads the rest of the payload and reports what is wrong with it.
func (p *Payload) Check() error {
	for {
		_, _, err := p.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (p *Payload) advance() error {
	if p.current != nil {
		if _, err := io.Copy(io.Discard, p.current); err != nil {
			return err
		}
	}
	h, err := p.tar.Next()
	if p.next == len(p.manifest.Files) {
		return p.end(err)
	}
	f := p.manifest.Files[p.next]
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: %s is missing", ErrContent, f.Name)
	}
	if err != nil {
		return p.damage(err)
	}
	if err := checkMember(h, f.Name, f.Size); err != nil {
		return err
	}
	p.current = &content{p: p, file: f, sum: sha256.New()}
	p.next++
	return nil
}

// end holds the payload's end against its age file's: nothing follows the archive,
// and nothing was cut off.
func (p *Payload) end(err error) error {
	switch {
	case err == nil:
		return fmt.Errorf("%w: a file follows that the manifest does not name", ErrContent)
	case !errors.Is(err, io.EOF):
		return p.damage(err)
	}
	n, err := io.ReadFull(p.plain, make([]byte, 1))
	switch {
	case n > 0:
		return fmt.Errorf("%w: something follows the end of the archive", ErrContent)
	case !errors.Is(err, io.EOF):
		return p.damage(err)
	}
	return io.EOF
}

// checkMember: a member of the archive is what [Seal] would have written.
func checkMember(h *tar.Header, name string, size int64) error {
	want := member(name, size)
	if h.Typeflag != want.Typeflag || h.Name != name || h.Size != size || h.Mode != want.Mode || h.Linkname != "" ||
		h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "" || !h.ModTime.Equal(want.ModTime) || h.Format&tar.FormatGNU != 0 {
		return fmt.Errorf("%w: the archive's member %q is not the plain file %s of the manifest", ErrContent, shown(h.Name), name)
	}
	for k, v := range h.PAXRecords {
		if k != "path" || v != name {
			return fmt.Errorf("%w: the archive's member %s has the attribute %q", ErrContent, name, shown(k))
		}
	}
	return nil
}

// content is a file of the payload as it is read.
type content struct {
	p    *Payload
	file File
	sum  hash.Hash
	n    int64
	err  error
}

// Read implements [io.Reader].
func (c *content) Read(b []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.p.tar.Read(b)
	c.sum.Write(b[:n])
	c.n += int64(n)
	switch {
	case errors.Is(err, io.EOF):
		if c.err = c.file.check(c.n, entente.Digest(c.sum.Sum(nil))); c.err == nil {
			c.err = io.EOF
		}
	case err != nil:
		c.err = c.p.damage(err)
	}
	if c.err != nil && !errors.Is(c.err, io.EOF) {
		c.p.err = c.err
	}
	return n, c.err
}

// watched remembers that its reader failed.
type watched struct {
	r   io.Reader
	err error
}

// Read implements [io.Reader].
func (w *watched) Read(b []byte) (int, error) {
	n, err := w.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}
