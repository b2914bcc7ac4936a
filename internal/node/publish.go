package node

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"

	"entente"
	"entente/internal/entry"
	"entente/internal/fold"
	"entente/internal/store"
)

// Publish copies an inner entry (national or shared) to the public log: same type
// and subject, byte-identical body, superseding only the previous public version.
// Its decision carries the link to the inner entry, and a publication entry in the
// inner log the salt of that link. Both are one transaction.
func (n *Node) Publish(ctx context.Context, inner entente.Ref, by, second *Officer) (public Appended, err error) {
	all, err := n.PublishAll(ctx, by, second, inner)
	if err != nil {
		return Appended{}, err
	}
	return all[0], nil
}

// PublishAll is Publish for several inner entries: all or none.
func (n *Node) PublishAll(ctx context.Context, by, second *Officer, inner ...entente.Ref) ([]Appended, error) {
	var intents []Intent
	for _, ref := range inner {
		pair, err := n.publication(ctx, ref, Intent{By: by, Second: second})
		if err != nil {
			n.note(event{actor: (&Intent{By: by, Second: second}).who(), act: "publish", object: ref.String(), err: err})
			return nil, err
		}
		intents = append(intents, pair...)
	}
	done, err := n.AppendAll(ctx, intents...)
	if err != nil {
		return nil, err
	}
	var public []Appended
	for i := 0; i < len(done); i += 2 {
		public = append(public, done[i])
	}
	return public, nil
}

// publication makes the two intents of a publication: the public copy, and the
// publication entry in the inner log. ID, officers and drafter are those of as.
func (n *Node) publication(ctx context.Context, inner entente.Ref, as Intent) ([]Intent, error) {
	parsed, audience, err := n.inner(ctx, inner)
	if err != nil {
		return nil, err
	}
	var salt entente.Digest
	if _, err := rand.Read(salt[:]); err != nil {
		return nil, err
	}
	link := fold.InnerLink(salt, inner.Leaf)
	h := parsed.Header
	public := Intent{
		ID: as.ID, Type: parsed.Type, Subject: h.Subject, Agency: h.Author.Agency, Audience: entente.Public, Body: h.Body,
		Drafter: as.Drafter, By: as.By, Second: as.Second, inner: &link,
	}
	note := Intent{
		Type: entente.TypePublication, Subject: h.Subject, Agency: h.Author.Agency, Audience: audience,
		Body: &entente.Publication{Inner: inner, Salt: salt, Link: link}, Drafter: as.Drafter, By: as.By, Second: as.Second,
	}
	return []Intent{public, note}, nil
}

// inner returns an own, admissible entry that can be published and has not been.
func (n *Node) inner(ctx context.Context, ref entente.Ref) (*entry.Parsed, entente.Audience, error) {
	v, err := n.version(ctx, ref)
	if err != nil {
		return nil, "", err
	}
	if v.Audience == entente.Public {
		return nil, "", byRule(fold.RuleAudience, ref.String()+" is public")
	}
	if err := n.ownAdmissible(v); err != nil {
		return nil, "", err
	}
	copies, err := n.View(n.Audience()).Linked(ctx, ref, fold.LinkPublished)
	if err != nil {
		return nil, "", err
	}
	if len(copies) > 0 {
		return nil, "", refused("gate.published").with("%s, by %s", ref, copies[0].Ref)
	}
	raw, err := n.store.Entry(ctx, ref.Log, ref.Index)
	if err != nil {
		return nil, "", err
	}
	parsed, err := entry.Parse(raw)
	return parsed, v.Audience, err
}

// version returns what the entry at an exact reference states.
func (n *Node) version(ctx context.Context, ref entente.Ref) (*store.Version[json.RawMessage], error) {
	v, err := store.ByRef[json.RawMessage](ctx, n.View(n.Audience()), ref.Log, ref.Index)
	if errors.Is(err, store.ErrNotFound) {
		return nil, refused("node.not_found").with("%s", ref)
	}
	if err != nil {
		return nil, err
	}
	if v.Ref.Leaf != ref.Leaf {
		return nil, byRule(fold.RuleReferenceLeaf, ref.String())
	}
	return v, nil
}

func (n *Node) ownAdmissible(v *store.Version[json.RawMessage]) error {
	if v.Writer != n.self.Writer.Writer() {
		return refused("node.not_own").with("%s is of %s", v.Ref, v.Writer)
	}
	if v.Status != fold.Admissible {
		return byRule(v.Rule, v.Detail)
	}
	return nil
}

// DraftPublication makes a draft that publishes an inner entry.
func (n *Node) DraftPublication(ctx context.Context, inner entente.Ref, author store.User) (store.WorkDraft, error) {
	parsed, _, err := n.inner(ctx, inner)
	if err != nil {
		return store.WorkDraft{}, err
	}
	d := store.WorkDraft{
		Type: parsed.Type, Subject: parsed.Header.Subject, Audience: entente.Public, Body: parsed.Header.Body,
		Author: author.ID, Agency: parsed.Header.Author.Agency,
	}
	if err := setMeta(&d, DraftMeta{Inner: &inner}); err != nil {
		return d, err
	}
	return n.SaveDraft(ctx, d)
}

// Withdraw withdraws one of the node's own things, by any version of it, in the
// log of that version. The versions stay readable.
func (n *Node) Withdraw(ctx context.Context, of entente.Ref, reason entente.Text, by, second *Officer) (Appended, error) {
	v, err := n.version(ctx, of)
	if err != nil {
		return Appended{}, err
	}
	if err := n.ownAdmissible(v); err != nil {
		return Appended{}, err
	}
	return n.Append(ctx, Intent{
		Type: entente.TypeWithdrawal, Subject: v.Subject, Agency: v.Header.Author.Agency, Audience: v.Audience,
		Body: &entente.Withdrawal{Of: of, Reason: reason}, By: by, Second: second,
	})
}
