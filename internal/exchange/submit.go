package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"entente"
	"entente/internal/node"
	"entente/internal/seal"
	"entente/internal/store"
)

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

// Explain says of any draft of the node what its gate says, by which policies, and
// what would make it possible: for whoever operates the node.
func (x *Exchange) Explain(ctx context.Context, id string) (*node.Explanation, error) {
	d, err := x.s.Draft(ctx, id)
	if err != nil {
		return nil, err
	}
	if !Composed(d.Type) {
		return x.node.ExplainDraft(ctx, id)
	}
	c, err := x.carriedBy(ctx, d)
	if err != nil {
		return nil, err
	}
	in, _, own, err := x.intended(ctx, d, c)
	if err != nil {
		return nil, err
	}
	return x.node.Explain(ctx, in, own)
}

// check is Gate for what will be signed by an officer, who may be nil.
func (x *Exchange) check(ctx context.Context, d store.WorkDraft, c *carried, by *node.Officer) (*letter, []node.Finding, error) {
	in, l, own, err := x.intended(ctx, d, c)
	if err != nil {
		return nil, nil, err
	}
	in.By = by
	found, err := x.node.Check(ctx, in)
	return l, append(found, own...), err
}

// intended is what a draft would state, and what stands in its way beside what the
// gate says.
func (x *Exchange) intended(ctx context.Context, d store.WorkDraft, c *carried) (in node.Intent, l *letter, own []node.Finding, err error) {
	if l, own, err = x.checkContent(ctx, d, c); err != nil {
		return in, nil, nil, err
	}
	author, err := x.s.UserByID(ctx, d.Author)
	if err != nil {
		return in, nil, nil, fmt.Errorf("the draft's author: %w", err)
	}
	meta, err := node.Meta(d)
	return node.Intent{
		ID: d.ID, Type: d.Type, Subject: d.Subject, Agency: d.Agency, Audience: d.Audience, Body: l.body, Supersedes: meta.Supersedes,
		Drafter: author.Name,
	}, l, own, err
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
	if c.Content != nil { // the node may have stopped between appending the entry and closing the draft
		switch _, err := x.standing(ctx, d); {
		case err == nil:
			return x.node.Submit(ctx, id, by)
		case !errors.Is(err, ErrNotFound):
			return nil, err
		}
	}
	l, found, err := x.check(ctx, d, c, by)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(found, func(f node.Finding) bool { return f.Blocking }); i >= 0 {
		return nil, found[i].Refusal
	}
	was := c.Content
	c.Content = nil
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
	return x.hand(ctx, d, c, was, found, by)
}

// hand submits a draft whose content is sealed, and keeps where it is; was is where
// that of an earlier submission is. Of the two, the one that the draft does not name
// is shredded.
func (x *Exchange) hand(ctx context.Context, d store.WorkDraft, c *carried, was *entente.Sealed, found []node.Finding, by *node.Officer) (*node.Appended, error) {
	if c.empty() && was == nil {
		return x.node.SubmitChecked(ctx, d, by, found, nil)
	}
	kept, err := x.encryptCarried(ctx, c)
	if err != nil {
		return nil, err
	}
	done, err := x.node.SubmitChecked(ctx, d, by, found, &kept)
	named := c.Content
	if err != nil {
		stored, failed := x.carriedBy(context.WithoutCancel(ctx), d)
		if failed != nil {
			return nil, errors.Join(err, failed)
		}
		named = stored.Content
	}
	for _, s := range []*entente.Sealed{was, c.Content} {
		if s != nil && (named == nil || *s != *named) {
			_, _, failed := x.payloads.Shred(s.Digest, leftover)
			err = errors.Join(err, failed)
		}
	}
	if err != nil {
		return nil, err
	}
	return done, x.underKey(ctx, c)
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

// enclose seals what a draft carries, and names it in the letter.
func (x *Exchange) enclose(ctx context.Context, d store.WorkDraft, c *carried, l *letter) error {
	if b, ok := l.body.(*entente.Release); ok && b.Form == formSTIX {
		if _, err := x.mark(ctx, d, c, b.Handling); err != nil {
			return err
		}
	}
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
	return nil
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
	if err := x.present(d); err != nil {
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

// present: what the entry of a draft that was submitted will name is here.
func (x *Exchange) present(d store.WorkDraft) error {
	if d.State != store.DraftWaiting {
		return nil // the node refuses it
	}
	rule, _ := entente.Rule(d.Type)
	l := &letter{body: rule.New()}
	if err := json.Unmarshal(d.Body, l.body); err != nil {
		return fmt.Errorf("the body of the draft: %w", err)
	}
	if s := l.named(); s != nil && !x.payloads.Has(s.Digest) {
		return refusal("exchange.lost", "%s", s.Digest)
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
