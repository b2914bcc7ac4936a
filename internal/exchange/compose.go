package exchange

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"entente"
	"entente/internal/node"
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

// NewSubject makes a name for a thing of the exchange: it means nothing.
func NewSubject() string { return "x-" + strings.ToLower(rand.Text()) }

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

// readDraft reads a draft that somebody may look at or release: one of the own
// agency or, once it is submitted, of any for the party's points of contact, which
// are copied on everything that leaves.
func (x *Exchange) readDraft(ctx context.Context, v Viewer, id string) (store.WorkDraft, error) {
	d, err := x.ownDraft(ctx, v, id)
	if !errors.Is(err, ErrNotFound) || v.Agency == "" {
		return d, err
	}
	rules, failed := x.rules(ctx)
	if failed != nil {
		return d, failed
	}
	if !slices.Contains(rules.contacts(x.own), v.Agency) {
		return d, err
	}
	d, err = x.s.Draft(ctx, id)
	if err == nil && (!slices.Contains(composed, d.Type) || d.State != store.DraftWaiting && d.State != store.DraftDone) {
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

// Gate says what stands in the way of a draft, in words.
func (x *Exchange) Gate(ctx context.Context, v Viewer, id string) ([]node.Finding, error) {
	d, err := x.readDraft(ctx, v, id)
	if err != nil {
		return nil, err
	}
	c, err := x.carriedBy(ctx, d)
	if err != nil {
		return nil, err
	}
	_, found, err := x.check(ctx, d, c, nil)
	return found, err
}

// check is Gate for what will be signed by an officer, who may be nil.
func (x *Exchange) check(ctx context.Context, d store.WorkDraft, c *carried, by *node.Officer) (*letter, []node.Finding, error) {
	l, own, err := x.checkContent(ctx, d, c)
	if err != nil {
		return nil, nil, err
	}
	author, err := x.s.UserByID(ctx, d.Author)
	if err != nil {
		return nil, nil, fmt.Errorf("the draft's author: %w", err)
	}
	meta, err := node.Meta(d)
	if err != nil {
		return nil, nil, err
	}
	found, err := x.node.Check(ctx, node.Intent{
		ID: d.ID, Type: d.Type, Subject: d.Subject, Agency: d.Agency, Audience: d.Audience, Body: l.body, Supersedes: meta.Supersedes,
		Drafter: author.Name, By: by,
	})
	return l, append(found, own...), err
}

// checkContent is what stands in the way beside what the gate says.
func (x *Exchange) checkContent(ctx context.Context, d store.WorkDraft, c *carried) (l *letter, found []node.Finding, err error) {
	if l, err = x.address(ctx, d, c); err != nil {
		return nil, nil, err
	}
	blocked := func(r *node.Refusal) { found = append(found, node.Finding{Refusal: r, Blocking: true}) }
	if c.empty() {
		if l.needs() {
			blocked(refusal("exchange.empty", ""))
		}
		return l, found, nil
	}
	m := c.manifest()
	if m.Salt.IsZero() {
		m.Salt = seal.NewSalt()
	}
	if err := m.Validate(); err != nil {
		blocked(refusal("exchange.content", "%s", err))
	}
	var missing *node.Refusal
	if l.keys, missing, err = x.sealees(ctx, l); err != nil {
		return nil, nil, err
	}
	if missing != nil {
		blocked(missing)
	}
	if b, ok := l.body.(*entente.Release); ok && b.Form == formSTIX {
		r, err := x.checkBundle(ctx, d, c, b)
		if err != nil {
			return nil, nil, err
		}
		if r != nil {
			blocked(r)
		}
	}
	return l, found, nil
}

// The forms of a release's content.
const (
	formFiles = "files"
	formSTIX  = "stix"
)

// sealees are the keys that the content of a letter is sealed to: those of the
// other party's agencies, and the own ones so that the sender can open it.
func (x *Exchange) sealees(ctx context.Context, l *letter) ([]string, *node.Refusal, error) {
	theirs, err := x.recipients(ctx, l.to, l.theirs...)
	if err == nil {
		var own []string
		if own, err = x.recipients(ctx, x.own, l.own...); err == nil {
			return union(theirs, own), nil, nil
		}
	}
	if r := keyMissing(err); r != nil {
		return nil, r, nil
	}
	return nil, nil, err
}

// Submit seals what a draft carries to those that it is for, and has the officer
// sign its entry. What needs no second officer is appended at once; anything else
// waits for one, and nil is returned.
func (x *Exchange) Submit(ctx context.Context, id string, by *node.Officer) (*node.Appended, error) {
	done, err := x.submit(ctx, id, by)
	if err != nil || done == nil {
		return done, err
	}
	return done, x.after(ctx, id)
}

// after ends what a draft carried once its entry stands; what fails here is done
// by the receiving loop.
func (x *Exchange) after(ctx context.Context, id string) error {
	if err := x.fail("appended"); err != nil {
		return err
	}
	x.work.end(id)
	x.wake()
	return nil
}

func (x *Exchange) submit(ctx context.Context, id string, by *node.Officer) (*node.Appended, error) {
	defer x.composes.of(id)()
	d, err := x.ownDraft(ctx, Officer(by), id)
	if err != nil {
		return nil, err
	}
	if d.State == store.DraftDone {
		return x.standing(ctx, d)
	}
	if !slices.Contains(editable, d.State) {
		return nil, refusal("exchange.waiting", "the draft is %s", d.State)
	}
	c, err := x.carriedBy(ctx, d)
	if err != nil {
		return nil, err
	}
	l, found, err := x.check(ctx, d, c, by)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(found, func(f node.Finding) bool { return f.Blocking }); i >= 0 {
		return nil, found[i].Refusal
	}
	if !c.empty() {
		if err := x.enclose(ctx, d, c, l); err != nil {
			return nil, err
		}
	}
	if err := x.fail("sealed"); err != nil {
		return nil, err
	}
	if d.Body, err = json.Marshal(l.body); err != nil {
		return nil, err
	}
	if _, err = x.node.SaveDraft(ctx, d); err != nil {
		return nil, err
	}
	return x.node.Submit(ctx, id, by)
}

// standing is the entry that a draft became.
func (x *Exchange) standing(ctx context.Context, d store.WorkDraft) (*node.Appended, error) {
	thing, err := store.Get[json.RawMessage](ctx, x.view(), d.Type, string(x.own), d.Subject)
	if err != nil {
		return nil, err
	}
	for _, v := range thing.Versions {
		if v.Header.ID == d.ID {
			return &node.Appended{Ref: v.Ref, Existing: true}, nil
		}
	}
	return nil, ErrNotFound
}

// enclose seals what a draft carries, and keeps where. What was sealed at an
// earlier submission is shredded.
func (x *Exchange) enclose(ctx context.Context, d store.WorkDraft, c *carried, l *letter) error {
	if b, ok := l.body.(*entente.Release); ok && b.Form == formSTIX {
		if _, err := x.mark(ctx, d, c, b.Handling); err != nil {
			return err
		}
	}
	was := c.Content
	if c.Salt.IsZero() {
		c.Salt = seal.NewSalt()
	}
	sealed, err := x.sealTo(ctx, c, l.keys)
	if err != nil {
		return err
	}
	l.name(sealed)
	if b, ok := l.body.(*entente.Release); ok && b.Consent != nil {
		item := c.manifest().Item()
		b.Item = &item
	}
	c.Content = &sealed
	if err := x.saveCarried(ctx, c); err != nil {
		return err
	}
	if was != nil {
		_, _, err = x.payloads.Shred(was.Digest, leftover)
	}
	return err
}

// Approve is the second officer's act: the entry is appended, and what it names can
// be fetched from then on.
func (x *Exchange) Approve(ctx context.Context, id string, second *node.Officer) (node.Appended, error) {
	d, err := x.readDraft(ctx, Officer(second), id)
	if err != nil {
		return node.Appended{}, err
	}
	if d.State == store.DraftDone {
		was, err := x.standing(ctx, d)
		if err != nil {
			return node.Appended{}, err
		}
		return *was, nil
	}
	if err := x.present(ctx, d); err != nil {
		return node.Appended{}, err
	}
	if err := x.fail("approving"); err != nil {
		return node.Appended{}, err
	}
	done, err := x.node.Approve(ctx, id, second)
	if err != nil {
		return done, err
	}
	return done, x.after(ctx, id)
}

// present: what the entry will name is here.
func (x *Exchange) present(ctx context.Context, d store.WorkDraft) error {
	c, err := x.carriedBy(ctx, d)
	if err != nil {
		return err
	}
	if c.Content != nil && !x.payloads.Has(c.Content.Digest) {
		return refusal("exchange.lost", "%s", c.Content.Digest)
	}
	return nil
}

// ReleaseEmergency releases a draft by one releasing officer alone, where the terms
// allow it; it is reviewed later by somebody else.
func (x *Exchange) ReleaseEmergency(ctx context.Context, id string, by *node.Officer) (node.Appended, error) {
	d, err := x.ownDraft(ctx, Officer(by), id, append(editable, store.DraftDone)...)
	if err != nil {
		return node.Appended{}, err
	}
	if d.Type != entente.TypeRelease {
		return node.Appended{}, refusal("exchange.emergency", "a %s", d.Type)
	}
	if d.State != store.DraftDone {
		var b entente.Release
		if err := json.Unmarshal(d.Body, &b); err != nil {
			return node.Appended{}, err
		}
		b.Emergency = true
		if _, err := x.SaveBody(ctx, Officer(by), id, d.Revision, b); err != nil {
			return node.Appended{}, err
		}
		if err := x.alone(ctx, id, by); err != nil {
			return node.Appended{}, err
		}
	}
	done, err := x.Submit(ctx, id, by)
	if err != nil {
		return node.Appended{}, err
	}
	if done == nil {
		return node.Appended{}, refusal("exchange.emergency", "it waits for a second officer")
	}
	return *done, nil
}

// alone: nothing stands in the way that a second officer would settle.
func (x *Exchange) alone(ctx context.Context, id string, by *node.Officer) error {
	d, err := x.s.Draft(ctx, id)
	if err != nil {
		return err
	}
	c, err := x.carriedBy(ctx, d)
	if err != nil {
		return err
	}
	_, found, err := x.check(ctx, d, c, by)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return found[0].Refusal
	}
	return nil
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
