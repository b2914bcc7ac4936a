package exchange

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"entente"
	"entente/internal/payload"
	"entente/internal/seal"
	"entente/internal/store"
)

// carried is what a draft will carry. At rest it is encrypted under the agency's key
// of the day ([dayKeys]). Files that are not small are payloads of their own, sealed
// to the drafter's own agency.
type carried struct {
	Salt  entente.Digest `json:"salt"`
	Title string         `json:"title,omitempty"`
	Text  string         `json:"text,omitempty"`
	Files []part         `json:"files,omitempty"`
	// Content is what was sealed at submission, until its entry stands.
	Content *entente.Sealed `json:"content,omitempty"`

	draft, agency string
	key           entente.Digest // names the payload of the key
	secret        []byte
}

// part is an attached file.
type part struct {
	seal.File
	// Inline is the content of a small file; Sealed the payload of any other.
	Inline []byte          `json:"-"`
	Sealed *entente.Sealed `json:"sealed,omitempty"`
}

const (
	smallFile = 64 << 10  // bytes
	smallAll  = 256 << 10 // of all inline files together
)

// empty reports whether there is nothing to seal.
func (c *carried) empty() bool { return c.Text == "" && len(c.Files) == 0 }

// manifest is that of the payload that will be sealed.
func (c *carried) manifest() seal.Manifest {
	m := seal.Manifest{Format: seal.Format, Title: c.Title, Text: c.Text, Salt: c.Salt}
	for _, f := range c.Files {
		m.Files = append(m.Files, f.File)
	}
	return m
}

// carriedBy reads what a draft carries; an empty one when there is nothing yet.
func (x *Exchange) carriedBy(ctx context.Context, d store.WorkDraft) (*carried, error) {
	c := &carried{draft: d.ID, agency: d.Agency}
	kept, err := x.s.Carried(ctx, d.ID)
	if errors.Is(err, store.ErrNotFound) {
		return c, nil
	}
	if err != nil {
		return nil, err
	}
	c.key = kept.Key
	if c.secret, err = x.openKey(ctx, d.Agency, kept.Key); err != nil {
		return nil, fmt.Errorf("what the draft carries: %w", err)
	}
	aead, err := draftCipher(c.secret)
	if err != nil {
		return nil, err
	}
	n := aead.NonceSize()
	if len(kept.Data) < n {
		return nil, errors.New("what the draft carries is cut short")
	}
	raw, err := aead.Open(nil, kept.Data[:n], kept.Data[n:], []byte(d.ID))
	if err != nil {
		return nil, errors.New("what the draft carries was altered")
	}
	return c, c.unpack(raw)
}

// pack returns what is encrypted: the length of the JSON, the JSON, and after it the
// content of the small files, in order, as it is.
func (c *carried) pack() ([]byte, error) {
	head, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	size := binary.MaxVarintLen64 + len(head)
	for _, f := range c.Files {
		size += len(f.Inline)
	}
	b := append(binary.AppendUvarint(make([]byte, 0, size), uint64(len(head))), head...)
	for _, f := range c.Files {
		b = append(b, f.Inline...)
	}
	return b, nil
}

// unpack is the inverse of pack.
func (c *carried) unpack(b []byte) error {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return errUnpack
	}
	b = b[n:]
	if err := json.Unmarshal(b[:size], c); err != nil {
		return err
	}
	b = b[size:]
	for i := range c.Files {
		f := &c.Files[i]
		if f.Sealed != nil {
			continue
		}
		if f.Size < 0 || f.Size > int64(len(b)) {
			return errUnpack
		}
		f.Inline, b = b[:f.Size:f.Size], b[f.Size:]
	}
	if len(b) > 0 {
		return errUnpack
	}
	return nil
}

var errUnpack = errors.New("what the draft carries is not as it was kept")

func draftCipher(secret []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// saveCarried keeps what a draft carries.
func (x *Exchange) saveCarried(ctx context.Context, c *carried) error {
	kept, err := x.encryptCarried(ctx, c)
	if err != nil {
		return err
	}
	if err := x.s.PutCarried(ctx, kept); err != nil {
		return err
	}
	return x.underKey(ctx, c)
}

// underKey makes sure of the key that what a draft carries was kept under: when it
// was taken out of use meanwhile, it is put under another.
func (x *Exchange) underKey(ctx context.Context, c *carried) error {
	for {
		if stands, err := x.stands(ctx, c.key); err != nil || stands {
			return err
		}
		c.secret = nil
		kept, err := x.encryptCarried(ctx, c)
		if err != nil {
			return err
		}
		if err := x.s.PutCarried(ctx, kept); err != nil {
			return err
		}
	}
}

// encryptCarried encrypts what a draft carries, for [Exchange.underKey] to be called
// once it is kept.
func (x *Exchange) encryptCarried(ctx context.Context, c *carried) (store.Carried, error) {
	if c.secret == nil {
		key, err := x.dayKey(ctx, keyOfDrafts, c.agency, day(x.now()), true)
		if err != nil {
			return store.Carried{}, err
		}
		c.key, c.secret = key.Payload, key.secret
	}
	if c.Salt.IsZero() {
		c.Salt = seal.NewSalt()
	}
	aead, err := draftCipher(c.secret)
	if err != nil {
		return store.Carried{}, err
	}
	plain, err := c.pack()
	if err != nil {
		return store.Carried{}, err
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	_, _ = rand.Read(nonce) // never fails
	return store.Carried{Draft: c.draft, Key: c.key, Data: aead.Seal(nonce, nonce, plain, []byte(c.draft))}, nil
}

// keep seals what fill writes to one own agency, as a payload.
func (x *Exchange) keep(ctx context.Context, agency string, fill func(io.Writer) error) (entente.Sealed, error) {
	to, err := x.recipients(ctx, x.own, agency)
	if err != nil {
		return entente.Sealed{}, err
	}
	return x.create(ctx, func(w io.Writer) error {
		enc, err := seal.Encrypt(w, to...)
		if err != nil {
			return err
		}
		if err := fill(enc); err != nil {
			return err
		}
		return enc.Close()
	})
}

// create makes a payload of what write writes.
func (x *Exchange) create(ctx context.Context, write func(io.Writer) error) (entente.Sealed, error) {
	w, err := x.payloads.Create(ctx)
	if err != nil {
		return entente.Sealed{}, err
	}
	if err := write(w); err != nil {
		return entente.Sealed{}, errors.Join(err, w.Abort())
	}
	return w.Commit()
}

// put takes a file as it comes: the first of it in memory, and what is not small
// sealed as it streams.
func (x *Exchange) put(ctx context.Context, c *carried, name, media string, src io.Reader) (part, error) {
	p := part{File: seal.File{Name: name, Media: strings.ToLower(media)}}
	room := smallAll
	for _, f := range c.Files {
		room -= len(f.Inline)
	}
	head, err := io.ReadAll(io.LimitReader(src, smallFile+1))
	if err != nil {
		return p, err
	}
	sum := sha256.New()
	if len(head) <= min(smallFile, room) {
		sum.Write(head)
		p.Inline, p.Size = head, int64(len(head))
		sum.Sum(p.Digest[:0])
		return p, nil
	}
	left := int64(seal.MaxContent)
	for _, f := range c.Files {
		left -= f.Size
	}
	limited := &io.LimitedReader{R: io.MultiReader(bytes.NewReader(head), src), N: left + 1}
	sealed, err := x.keep(ctx, c.agency, func(w io.Writer) error {
		n, err := io.Copy(io.MultiWriter(w, sum), limited)
		p.Size = n
		if err == nil && n > left {
			err = refusal("exchange.too_large", "%s", name)
		}
		return err
	})
	if err != nil {
		return p, err
	}
	p.Sealed = &sealed
	sum.Sum(p.Digest[:0])
	return p, nil
}

// open opens an attached file.
func (x *Exchange) open(ctx context.Context, agency string, p part) (io.ReadCloser, error) {
	if p.Sealed == nil {
		return io.NopCloser(bytes.NewReader(p.Inline)), nil
	}
	r, err := x.payloads.Get(p.Sealed.Digest)
	if err != nil {
		return nil, err
	}
	ids, err := x.identities(ctx, agency)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	plain, err := seal.Decrypt(r, ids...)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{plain, r}, nil
}

// sealTo seals what a draft carries to those that it is for.
func (x *Exchange) sealTo(ctx context.Context, c *carried, to []string) (entente.Sealed, error) {
	sources := make([]seal.Source, len(c.Files))
	for i, f := range c.Files {
		sources[i] = func() (io.ReadCloser, error) { return x.open(ctx, c.agency, f) }
	}
	return x.create(ctx, func(w io.Writer) error { return seal.Seal(w, to, c.manifest(), sources...) })
}

// leftover is the cause of the tombstones of what a draft carried.
const leftover = "draft"

// forget shreds what a draft carried: all of it or, where the entry stands, all but
// the content that it names.
func (x *Exchange) forget(ctx context.Context, c *carried, stands bool) error {
	for _, f := range c.Files {
		if f.Sealed != nil {
			if _, _, err := x.payloads.Shred(f.Sealed.Digest, leftover); err != nil {
				return err
			}
		}
	}
	if c.Content != nil && !stands {
		if _, _, err := x.payloads.Shred(c.Content.Digest, leftover); err != nil {
			return err
		}
	}
	return x.s.PutCarried(ctx, store.Carried{Draft: c.draft})
}

// tidy ends what drafts carried that are done or given up: those that are named or,
// without names, all that the node left when it stopped between the one and the other.
func (x *Exchange) tidy(ctx context.Context, named []string) error {
	if named == nil {
		all, err := x.s.AllCarried(ctx)
		if err != nil {
			return err
		}
		for _, kept := range all {
			named = append(named, kept.Draft)
		}
	}
	return aside(len(named), func(i int) error {
		d, err := x.s.Draft(ctx, named[i])
		switch {
		case errors.Is(err, store.ErrNotFound):
			d = store.WorkDraft{ID: named[i], State: store.DraftDropped}
		case err != nil:
			return err
		case d.State != store.DraftDone && d.State != store.DraftDropped:
			return nil
		}
		return x.finish(ctx, d)
	})
}

// finish ends what a draft carried.
func (x *Exchange) finish(ctx context.Context, d store.WorkDraft) error {
	defer x.composes.of(d.ID)()
	c, err := x.carriedBy(ctx, d)
	if errors.Is(err, payload.ErrShredded) || errors.Is(err, payload.ErrNotFound) {
		kept, err := x.s.Carried(ctx, d.ID)
		if err != nil {
			return notFoundIsNil(err)
		}
		c = &carried{draft: d.ID, key: kept.Key} // nothing can be read of it any more
		return x.forget(ctx, c, true)
	}
	if err != nil {
		return err
	}
	if c.key.IsZero() {
		return nil
	}
	return x.forget(ctx, c, d.State == store.DraftDone)
}

func notFoundIsNil(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
