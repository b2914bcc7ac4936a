package exchange

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/internal/seal"
	"entente/internal/store"
)

// Draft is a request, release or other entry with sealed content, as it is written.
type Draft struct {
	store.WorkDraft
	// Title and Text are of the content.
	Title, Text string
	Files       []seal.File
	// Item is the salted digest by which a permission would name the content.
	Item entente.Digest
}

// composed are the types of entries that are composed with content.
var composed = []entente.Type{
	entente.TypeRequest, entente.TypeRelease, entente.TypeRefusal, entente.TypePermissionRequest, entente.TypeMisuse,
}

// NewSubject makes a name for a thing of the exchange, short enough to be read out:
// the milliseconds since 1970 and 40 random bits, in base32 that keeps their order
// (RFC 4648 section 7). It says no more than when the thing was begun, as the entry's
// id does. Names in the order of time keep what a commit writes together, see package
// store.
func NewSubject() string {
	var b [8 + 5]byte
	binary.BigEndian.PutUint64(b[:8], uint64(time.Now().UnixMilli()))
	_, _ = rand.Read(b[8:]) // never fails
	text := base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString
	return strings.ToLower("x-" + text(b[2:8]) + "-" + text(b[8:]))
}

// Begin begins a draft for its author's agency. Its id may be given (a UUIDv7), so
// that beginning it twice begins one; body is what is filled in so far.
func (x *Exchange) Begin(ctx context.Context, author store.User, t entente.Type, id string, body any) (*Draft, error) {
	if !slices.Contains(composed, t) {
		return nil, refusal("exchange.type", "%s", t)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	if id != "" {
		was, err := x.s.Draft(ctx, id)
		if err == nil && was.Author == author.ID && was.Type == t {
			return x.draft(ctx, was)
		}
		if err == nil || !errors.Is(err, store.ErrNotFound) {
			return nil, errors.Join(err, store.ErrConflict)
		}
	}
	d, err := x.node.SaveDraft(ctx, store.WorkDraft{
		ID: id, Type: t, Subject: NewSubject(), Audience: entente.Shared, Body: raw, Author: author.ID, Agency: author.Agency,
	})
	if err != nil {
		return nil, err
	}
	return &Draft{WorkDraft: d}, nil
}

func (x *Exchange) draft(ctx context.Context, d store.WorkDraft) (*Draft, error) {
	c, err := x.carriedBy(ctx, d)
	if err != nil {
		return nil, err
	}
	out := &Draft{WorkDraft: d, Title: c.Title, Text: c.Text, Files: c.manifest().Files}
	if !c.empty() {
		out.Item = c.manifest().Item()
	}
	return out, nil
}

// ownDraft reads a draft that somebody may work on: one of the own agency.
func (x *Exchange) ownDraft(ctx context.Context, v Viewer, id string, states ...store.DraftState) (store.WorkDraft, error) {
	d, err := x.s.Draft(ctx, id)
	if err != nil {
		return d, err
	}
	if v.Agency == "" || d.Agency != v.Agency || !slices.Contains(composed, d.Type) {
		return d, ErrNotFound
	}
	if len(states) > 0 && !slices.Contains(states, d.State) {
		return d, refusal("exchange.waiting", "the draft is %s", d.State)
	}
	return d, nil
}

// readDraft reads a draft with content that somebody may look at or release.
func (x *Exchange) readDraft(ctx context.Context, v Viewer, id string) (store.WorkDraft, error) {
	d, err := x.s.Draft(ctx, id)
	if err != nil {
		return d, err
	}
	reads, err := x.ReadsDrafts(ctx, v)
	if err == nil && (!reads(d) || !Composed(d.Type)) {
		err = ErrNotFound
	}
	return d, err
}

// editable are the states in which a draft's content changes.
var editable = []store.DraftState{store.DraftOpen, store.DraftReturned}

// Draft returns a draft of the viewer's agency.
func (x *Exchange) Draft(ctx context.Context, v Viewer, id string) (*Draft, error) {
	d, err := x.readDraft(ctx, v, id)
	if err != nil {
		return nil, err
	}
	return x.draft(ctx, d)
}

// SaveBody saves the body of a draft over a revision; [store.ErrConflict] when
// somebody saved in between.
func (x *Exchange) SaveBody(ctx context.Context, v Viewer, id string, revision int, body any) (*Draft, error) {
	defer x.composes.of(id)()
	d, err := x.ownDraft(ctx, v, id, editable...)
	if err != nil {
		return nil, err
	}
	if d.Body, err = json.Marshal(body); err != nil {
		return nil, err
	}
	d.Revision = revision
	if d, err = x.node.SaveDraft(ctx, d); err != nil {
		return nil, err
	}
	return x.draft(ctx, d)
}

// edit changes what a draft carries.
func (x *Exchange) edit(ctx context.Context, v Viewer, id string, change func(store.WorkDraft, *carried) error) error {
	defer x.composes.of(id)()
	d, err := x.ownDraft(ctx, v, id, editable...)
	if err != nil {
		return err
	}
	c, err := x.carriedBy(ctx, d)
	if err != nil {
		return err
	}
	if err := change(d, c); err != nil {
		return err
	}
	return x.saveCarried(ctx, c)
}

// SetText sets title and text of a draft's content: the question, note, description
// or accompanying words.
func (x *Exchange) SetText(ctx context.Context, v Viewer, id, title, text string) error {
	return x.edit(ctx, v, id, func(_ store.WorkDraft, c *carried) error {
		c.Title, c.Text = strings.TrimSpace(title), strings.ReplaceAll(text, "\r\n", "\n")
		m := c.manifest()
		if m.Text == "" && len(m.Files) == 0 {
			m.Text = "." // what is not complete yet has bounds as well
		}
		m.Salt = seal.NewSalt()
		return contentError(m.Validate())
	})
}

// contentError turns what a manifest breaks into a refusal.
func contentError(err error) error {
	if err == nil || !errors.Is(err, seal.ErrManifest) {
		return err
	}
	return refusal("exchange.content", "%s", err)
}

// Attach attaches a file, streamed as it is read. A file of the same name is
// replaced.
func (x *Exchange) Attach(ctx context.Context, v Viewer, id, name, media string, src io.Reader) (seal.File, error) {
	var file seal.File
	if err := seal.ValidName(name); err != nil {
		return file, refusal("exchange.content", "%s", err)
	}
	err := x.edit(ctx, v, id, func(d store.WorkDraft, c *carried) error {
		if !carriesFiles(d.Type) {
			return refusal("exchange.text_only", "%s", name)
		}
		if err := x.drop(c, name); err != nil {
			return err
		}
		p, err := x.put(ctx, c, name, media, src)
		if err != nil {
			return err
		}
		if err := x.fail("attached"); err != nil {
			return err
		}
		c.Files, file = append(c.Files, p), p.File
		m := c.manifest()
		m.Salt = seal.NewSalt()
		if err := m.Validate(); err != nil {
			if p.Sealed != nil {
				_, _, shredding := x.payloads.Shred(p.Sealed.Digest, leftover)
				err = errors.Join(contentError(err), shredding)
			}
			return contentError(err)
		}
		return nil
	})
	return file, err
}

// carriesFiles reports whether the content of a type may be files.
func carriesFiles(t entente.Type) bool { return t == entente.TypeRequest || t == entente.TypeRelease }

// Detach removes an attached file.
func (x *Exchange) Detach(ctx context.Context, v Viewer, id, name string) error {
	return x.edit(ctx, v, id, func(_ store.WorkDraft, c *carried) error { return x.drop(c, name) })
}

func (x *Exchange) drop(c *carried, name string) error {
	i := slices.IndexFunc(c.Files, func(p part) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	if s := c.Files[i].Sealed; s != nil {
		if _, _, err := x.payloads.Shred(s.Digest, leftover); err != nil {
			return err
		}
	}
	c.Files = slices.Delete(c.Files, i, i+1)
	return nil
}

// DraftFile opens an attached file of a draft, for whoever writes it or is to
// release it.
func (x *Exchange) DraftFile(ctx context.Context, v Viewer, id, name string) (seal.File, io.ReadCloser, error) {
	d, err := x.readDraft(ctx, v, id)
	if err != nil {
		return seal.File{}, nil, err
	}
	c, err := x.carriedBy(ctx, d)
	if err != nil {
		return seal.File{}, nil, err
	}
	i := slices.IndexFunc(c.Files, func(p part) bool { return p.Name == name })
	if i < 0 {
		return seal.File{}, nil, ErrNotFound
	}
	r, err := x.open(ctx, d.Agency, c.Files[i])
	return c.Files[i].File, r, err
}

// unsealed stands for the content while it is not sealed yet.
var unsealed = entente.Sealed{Size: 1}

// letter is an entry on its way out: its body as it will be, and to whom its
// content is sealed.
type letter struct {
	body   any
	to     entente.Party
	theirs []string // agencies of the other party that the content is for
	own    []string
	keys   []string // that it is sealed to
}

// address fills in a draft's body what follows from the routes and from what it
// carries.
func (x *Exchange) address(ctx context.Context, d store.WorkDraft, c *carried) (*letter, error) {
	rules, err := x.rules(ctx)
	if err != nil {
		return nil, err
	}
	rule, _ := entente.Rule(d.Type)
	l := &letter{body: rule.New(), own: union([]string{d.Agency}, rules.contacts(x.own))}
	if err := json.Unmarshal(d.Body, l.body); err != nil {
		return nil, fmt.Errorf("the body of the draft: %w", err)
	}
	var content *entente.Sealed
	if !c.empty() {
		s := unsealed
		content = &s
	}
	copied := func(to entente.Party, addressed, also []string) []string {
		all := union(union(rules.contacts(x.own), rules.contacts(to)), also)
		return slices.DeleteFunc(all, func(a string) bool { return slices.Contains(addressed, a) })
	}
	switch b := l.body.(type) {
	case *entente.Request:
		b.Copied = copied(b.To, b.Agencies, b.Copied)
		b.Question = unsealed
		l.to, l.theirs = b.To, union(b.Agencies, rules.contacts(b.To))
	case *entente.Release:
		b.Copied = copied(b.To, b.Recipients, b.Copied)
		b.Content = unsealed
		b.Item = nil
		if b.Consent != nil && !c.empty() {
			item := c.manifest().Item()
			b.Item = &item
		}
		l.to, l.theirs = b.To, union(b.Recipients, rules.contacts(b.To))
	case *entente.PermissionRequest:
		b.Description = content
		l.to, l.theirs = b.Of, rules.contacts(b.Of)
	case *entente.Denial:
		b.Note = content
		err = x.toAsker(ctx, b, l)
	case *entente.Misuse:
		b.Note = content
		err = x.toOtherSide(ctx, b, l)
	}
	return l, err
}

// toAsker: a refusal's note is for who asked.
func (x *Exchange) toAsker(ctx context.Context, b *entente.Denial, l *letter) error {
	r, err := byRef[entente.Request](ctx, x, entente.TypeRequest, b.Request)
	if err != nil {
		return notFoundIsNil(err) // the gate says so
	}
	l.to, l.theirs = r.Header.Author.Party, []string{r.Header.Author.Agency}
	return nil
}

// toOtherSide: a report of misuse is for the other side of the release.
func (x *Exchange) toOtherSide(ctx context.Context, b *entente.Misuse, l *letter) error {
	r, err := byRef[entente.Release](ctx, x, entente.TypeRelease, b.Release)
	if err != nil {
		return notFoundIsNil(err)
	}
	if l.to = r.Body.To; l.to == x.own {
		l.to, l.theirs = r.Header.Author.Party, []string{r.Header.Author.Agency}
	} else {
		l.theirs = r.Body.Recipients
	}
	return nil
}

// name puts the digest of the sealed content into the body.
func (l *letter) name(s entente.Sealed) {
	switch b := l.body.(type) {
	case *entente.Request:
		b.Question = s
	case *entente.Release:
		b.Content = s
	case *entente.PermissionRequest:
		b.Description = &s
	case *entente.Denial:
		b.Note = &s
	case *entente.Misuse:
		b.Note = &s
	}
}

// named is where the body says that the sealed content is; nil when it names none.
func (l *letter) named() *entente.Sealed {
	switch b := l.body.(type) {
	case *entente.Request:
		return &b.Question
	case *entente.Release:
		return &b.Content
	case *entente.PermissionRequest:
		return b.Description
	case *entente.Denial:
		return b.Note
	case *entente.Misuse:
		return b.Note
	}
	return nil
}

// needs reports whether the entry cannot be without content.
func (l *letter) needs() bool {
	switch b := l.body.(type) {
	case *entente.Request, *entente.Release:
		return true
	case *entente.PermissionRequest:
		return b.Kind == "collection"
	}
	return false
}

// Return sends a submitted draft back to its author with a note.
func (x *Exchange) Return(ctx context.Context, v Viewer, id, remark string) error {
	if _, err := x.readDraft(ctx, v, id); err != nil {
		return err
	}
	return x.node.Return(ctx, id, v.Name, remark)
}

// Discard gives a draft up, and shreds what it would have carried.
func (x *Exchange) Discard(ctx context.Context, v Viewer, id string) error {
	if _, err := x.ownDraft(ctx, v, id); err != nil {
		return err
	}
	if err := x.node.Discard(ctx, id, v.Name); err != nil {
		return err
	}
	d, err := x.s.Draft(ctx, id)
	if err != nil {
		return err
	}
	return x.finish(ctx, d)
}

// Drafts are the drafts of the viewer's agency that are not done, last saved first.
func (x *Exchange) Drafts(ctx context.Context, v Viewer) ([]store.WorkDraft, error) {
	if v.Agency == "" {
		return nil, nil
	}
	all, err := x.s.Drafts(ctx, store.DraftQuery{
		Agency: v.Agency, States: []store.DraftState{store.DraftOpen, store.DraftReturned, store.DraftWaiting},
	})
	return slices.DeleteFunc(all, func(d store.WorkDraft) bool { return !slices.Contains(composed, d.Type) }), err
}

// AskCollection begins the request for the permission to release what a release
// draft carries, which was collected in another party's territory: it names that by
// its salted digest. Whoever reads the description decides on it.
func (x *Exchange) AskCollection(ctx context.Context, author store.User, release, id string, of entente.Party, purpose, title, description string) (*Draft, error) {
	v := ViewerOf(author)
	rd, err := x.ownDraft(ctx, v, release)
	if err != nil {
		return nil, err
	}
	c, err := x.carriedBy(ctx, rd)
	if err != nil {
		return nil, err
	}
	if rd.Type != entente.TypeRelease || c.empty() {
		return nil, refusal("exchange.empty", "")
	}
	item := c.manifest().Item()
	d, err := x.Begin(ctx, author, entente.TypePermissionRequest, id, entente.PermissionRequest{
		Of: of, Kind: "collection", Purpose: purpose, Item: &item,
	})
	if err != nil {
		return nil, err
	}
	if err := x.SetText(ctx, v, d.ID, title, description); err != nil {
		return nil, err
	}
	return x.Draft(ctx, v, d.ID)
}
