package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"entente"
	"entente/internal/entry"
	"entente/internal/store"
)

// DraftMeta is what a draft keeps beside its body (WorkDraft.Meta). What the desk
// keeps is in Desk; the rest is the node's.
type DraftMeta struct {
	// Supersedes, when set, are the versions that the drafter saw and replaces.
	Supersedes []entente.Ref `json:"supersedes,omitempty"`
	// Inner is the entry that a publication copies; the body cannot be changed.
	Inner *entente.Ref `json:"inner,omitempty"`
	// By is the sign-in name of the officer who submitted it.
	By string `json:"by,omitempty"`
	// Note is what the second officer said when sending it back.
	Note string `json:"note,omitempty"`
	// Desk is the page's own.
	Desk json.RawMessage `json:"desk,omitempty"`
	// Prepared are the texts signed at submission, first the draft's own.
	Prepared []preparedText `json:"prepared,omitempty"`
}

// preparedText is a text that waits for the second officer.
type preparedText struct {
	Origin string `json:"origin"`
	// Signed is the text with the submitting officer's signature.
	Signed string `json:"signed"`
}

// Meta reads a draft's meta.
func Meta(d store.WorkDraft) (DraftMeta, error) {
	var m DraftMeta
	if len(d.Meta) == 0 {
		return m, nil
	}
	err := json.Unmarshal(d.Meta, &m)
	return m, err
}

func setMeta(d *store.WorkDraft, m DraftMeta) error {
	b, err := json.Marshal(m)
	d.Meta = b
	return err
}

// SaveDraft saves a draft as its author types: nothing is judged but that there is
// such a type. It begins a draft when d.Revision is 0, and else saves over that
// revision; somebody else's save in between is [store.ErrConflict]. Saving a
// submitted draft takes it back: it must be submitted again.
func (n *Node) SaveDraft(ctx context.Context, d store.WorkDraft) (store.WorkDraft, error) {
	if rule, ok := entente.Rule(d.Type); !ok || !rule.Signers.Agency() {
		return d, refused("node.type").with("%q", d.Type)
	}
	if n.Origin(d.Audience) == "" {
		return d, refused("node.observer").with("a %s log", d.Audience)
	}
	given, err := Meta(d)
	if err != nil {
		return d, err
	}
	kept := DraftMeta{}
	switch {
	case d.Revision > 0:
		if kept, err = n.savedOver(ctx, &d); err != nil {
			return d, err
		}
	case d.ID == "":
		d.ID = NewID()
	}
	m := DraftMeta{Supersedes: given.Supersedes, Desk: given.Desk, Inner: kept.Inner, Note: kept.Note}
	if d.Revision == 0 {
		m.Inner = given.Inner
	}
	d.State = store.DraftOpen
	if err := setMeta(&d, m); err != nil {
		return d, err
	}
	return n.store.PutDraft(ctx, d)
}

// savedOver holds a save against the draft as it is stored.
func (n *Node) savedOver(ctx context.Context, d *store.WorkDraft) (DraftMeta, error) {
	was, err := n.store.Draft(ctx, d.ID)
	if err != nil {
		return DraftMeta{}, err
	}
	if was.State == store.DraftDone || was.State == store.DraftDropped {
		return DraftMeta{}, refused("draft.state").with("the draft is %s", was.State)
	}
	if was.Type != d.Type {
		return DraftMeta{}, refused("draft.state").with("the draft is of type %s, not %s", was.Type, d.Type)
	}
	m, err := Meta(was)
	if err != nil {
		return m, err
	}
	same := bytes.Equal(was.Body, d.Body) && was.Subject == d.Subject && was.Audience == d.Audience
	if m.Inner != nil && !same {
		return m, refused("gate.body_fixed").with("it publishes %s", m.Inner)
	}
	d.Author, d.Agency = was.Author, was.Agency
	return m, nil
}

// draftIntent is the intent that a draft becomes.
func (n *Node) draftIntent(ctx context.Context, d store.WorkDraft) (Intent, DraftMeta, error) {
	m, err := Meta(d)
	if err != nil {
		return Intent{}, m, err
	}
	author, err := n.store.UserByID(ctx, d.Author)
	if err != nil {
		return Intent{}, m, fmt.Errorf("the draft's author: %w", err)
	}
	in := Intent{
		ID: d.ID, Type: d.Type, Subject: d.Subject, Agency: d.Agency, Audience: d.Audience, Body: d.Body,
		Supersedes: m.Supersedes, Drafter: author.Name,
	}
	return in, m, nil
}

// CheckDraft says what stands in the way of a draft.
func (n *Node) CheckDraft(ctx context.Context, id string) ([]Finding, error) {
	d, err := n.store.Draft(ctx, id)
	if err != nil {
		return nil, err
	}
	in, _, err := n.draftIntent(ctx, d)
	if err != nil {
		return nil, err
	}
	return n.Check(ctx, in)
}

// Submit has the submitting officer sign a draft. What needs no second officer is
// appended at once; anything else waits for one, and nil is returned.
func (n *Node) Submit(ctx context.Context, id string, by *Officer) (*Appended, error) {
	done, err := n.submit(ctx, id, by)
	n.note(event{actor: by.Name(), act: "submit", object: id, err: err})
	return done, err
}

func (n *Node) submit(ctx context.Context, id string, by *Officer) (*Appended, error) {
	d, err := n.openDraft(ctx, id, store.DraftOpen, store.DraftReturned)
	if err != nil {
		return nil, err
	}
	in, m, err := n.draftIntent(ctx, d)
	if err != nil {
		return nil, err
	}
	in.By = by
	found, err := n.Check(ctx, in)
	if err != nil {
		return nil, err
	}
	return n.submitted(ctx, d, in, m, found, nil)
}

// SubmitChecked is [Node.Submit] for a draft as its caller completed it since
// [Node.Check] found what is found: the body says where the content is that was
// sealed meanwhile. kept, which may be nil, is stored with it: what the draft carries.
// [store.ErrConflict] when somebody saved the draft since it was read.
func (n *Node) SubmitChecked(ctx context.Context, d store.WorkDraft, by *Officer, found []Finding, kept *store.Carried) (*Appended, error) {
	done, err := n.submitChecked(ctx, d, by, found, kept)
	n.note(event{actor: by.Name(), act: "submit", object: d.ID, err: err})
	return done, err
}

func (n *Node) submitChecked(ctx context.Context, d store.WorkDraft, by *Officer, found []Finding, kept *store.Carried) (*Appended, error) {
	if d.State != store.DraftOpen && d.State != store.DraftReturned {
		return nil, refused("draft.state").with("the draft is %s", d.State)
	}
	in, m, err := n.draftIntent(ctx, d)
	if err != nil {
		return nil, err
	}
	in.By = by
	return n.submitted(ctx, d, in, m, found, kept)
}

// submitted signs a draft that was checked.
func (n *Node) submitted(ctx context.Context, d store.WorkDraft, in Intent, m DraftMeta, found []Finding, kept *store.Carried) (_ *Appended, err error) {
	if i := slices.IndexFunc(found, func(f Finding) bool { return f.Blocking }); i >= 0 {
		return nil, found[i].Refusal
	}
	if len(found) == 0 && m.Inner == nil {
		if kept != nil { // before it is appended: what the entry names is known to be the draft's
			if d, err = n.store.PutComposed(ctx, d, kept); err != nil {
				return nil, err
			}
		}
		done, err := n.Append(ctx, in)
		if err != nil {
			return nil, err
		}
		return &done, n.closeDraft(ctx, d, m)
	}
	if m.Prepared, err = n.prepare(ctx, in, m.Inner); err != nil {
		return nil, err
	}
	m.By, m.Note = in.By.Name(), ""
	d.State = store.DraftWaiting
	if err := setMeta(&d, m); err != nil {
		return nil, err
	}
	_, err = n.store.PutComposed(ctx, d, kept)
	return nil, err
}

// openDraft returns a draft that is in one of the states.
func (n *Node) openDraft(ctx context.Context, id string, states ...store.DraftState) (store.WorkDraft, error) {
	d, err := n.store.Draft(ctx, id)
	if err == nil && !slices.Contains(states, d.State) {
		return d, refused("draft.state").with("the draft is %s", d.State)
	}
	return d, err
}

// closeDraft marks a draft as appended.
func (n *Node) closeDraft(ctx context.Context, d store.WorkDraft, m DraftMeta) error {
	m.Prepared = nil
	d.State = store.DraftDone
	if err := setMeta(&d, m); err != nil {
		return err
	}
	_, err := n.store.PutDraft(ctx, d)
	return err
}

// prepare makes the texts of a draft, as they will be once a second officer joins,
// each signed by the submitting one.
func (n *Node) prepare(ctx context.Context, in Intent, inner *entente.Ref) ([]preparedText, error) {
	intents := []Intent{in}
	if inner != nil {
		pair, err := n.publication(ctx, *inner, in)
		if err != nil {
			return nil, err
		}
		intents = pair
	}
	signer, err := in.By.sign()
	if err != nil {
		return nil, err
	}
	var list []preparedText
	for _, in := range intents {
		p, err := n.plan(in)
		if err != nil {
			return nil, err
		}
		text, err := n.text(ctx, p, officers{by: in.By, ideal: true})
		if err != nil {
			return nil, err
		}
		signed, err := entry.Sign(text, signer)
		if err != nil {
			return nil, asMalformed(err)
		}
		if _, err := entry.Parse(signed); err != nil {
			return nil, asMalformed(err)
		}
		list = append(list, preparedText{p.origin, string(signed)})
	}
	return list, nil
}

// Approve is the second officer's act: the submitted texts, unchanged, are decided
// on again, signed by the second officer and the agency, and appended. What has
// changed meanwhile (a new version of the thing, other policies) must be submitted
// again.
func (n *Node) Approve(ctx context.Context, id string, second *Officer) (Appended, error) {
	done, err := n.approve(ctx, id, second)
	e := event{actor: second.Name(), act: "approve", object: id, err: err}
	if err == nil {
		e.detail = map[string]string{"entry": done.Ref.String()}
	}
	n.note(e)
	return done, err
}

func (n *Node) approve(ctx context.Context, id string, second *Officer) (Appended, error) {
	d, err := n.openDraft(ctx, id, store.DraftWaiting)
	if err != nil {
		return Appended{}, err
	}
	in, m, err := n.draftIntent(ctx, d)
	if err != nil {
		return Appended{}, err
	}
	if r := n.ReadOnly(); r != nil {
		return Appended{}, r
	}
	var plans []*plan
	var drafts []store.Draft
	for _, text := range m.Prepared {
		p, err := n.planOf(text, in.Drafter)
		if err != nil {
			return Appended{}, err
		}
		plans = append(plans, p)
	}
	unlock, err := n.busy.lock(plans)
	if err != nil {
		return Appended{}, err
	}
	defer unlock()
	for i, p := range plans {
		if i == 0 {
			if was, ok, err := n.standing(ctx, p); err != nil || ok {
				return was, errors.Join(err, n.closeDraft(ctx, d, m))
			}
		}
		draft, err := n.complete(ctx, p, []byte(m.Prepared[i].Signed), second)
		if err != nil {
			return Appended{}, err
		}
		drafts = append(drafts, draft)
	}
	done, err := n.store.Append(ctx, drafts...)
	if err != nil {
		return Appended{}, asRefusal(err)
	}
	n.doubtLaw(plans)
	return done[0], n.closeDraft(ctx, d, m)
}

// planOf reads a prepared text back into the plan that it was made of.
func (n *Node) planOf(t preparedText, drafter string) (*plan, error) {
	parsed, err := entry.Parse([]byte(t.Signed))
	if err != nil {
		return nil, err
	}
	h := parsed.Header
	audience, _ := entente.OriginAudience(t.Origin)
	p, err := n.plan(Intent{
		ID: h.ID, Type: parsed.Type, Subject: h.Subject, Agency: h.Author.Agency, Audience: audience, Body: h.Body,
		Supersedes: h.Supersedes, Time: h.Time, Drafter: drafter,
	})
	if err == nil && h.Decision != nil {
		p.inner = h.Decision.Inner
	}
	return p, err
}

// complete adds what a submitted text lacks: a decision that still stands, the
// second officer's and the agency's signatures.
func (n *Node) complete(ctx context.Context, p *plan, signed []byte, second *Officer) (store.Draft, error) {
	parsed, err := entry.Parse(signed)
	if err != nil {
		return store.Draft{}, err
	}
	first := parsed.Signatures[0]
	by, err := n.absent(ctx, first.Name)
	if err != nil {
		return store.Draft{}, err
	}
	p.By, p.Second = by, second
	decision, err := n.decide(ctx, p, signersOf(by, second))
	if err != nil {
		return store.Draft{}, err
	}
	if !sameDecision(decision, parsed.Header.Decision) {
		return store.Draft{}, refused("gate.changed").with("the policies that decide are others than at submission")
	}
	if p.rule.Chain {
		tips, err := n.store.Tips(ctx, p.Audience, p.Type, n.self.Writer.Writer(), p.Subject)
		if err != nil {
			return store.Draft{}, err
		}
		if !slices.Equal(tips, parsed.Header.Supersedes) {
			return store.Draft{}, refused("gate.changed").with("%s has another current version than at submission", p.Subject)
		}
	}
	agency, err := n.signer(p.origin, entente.RoleAgency, p.Agency)
	if err != nil {
		return store.Draft{}, err
	}
	mine, err := second.sign()
	if err != nil {
		return store.Draft{}, err
	}
	raw, err := entry.Sign(string(parsed.Text()), agency, presigned{first}, mine)
	return store.Draft{Origin: p.origin, Raw: raw}, asMalformed(err)
}

// standing returns the entry of a plan that is in its log already: the node
// stopped between appending it and closing its draft.
func (n *Node) standing(ctx context.Context, p *plan) (Appended, bool, error) {
	tips, err := n.store.Tips(ctx, p.Audience, p.Type, n.self.Writer.Writer(), p.Subject)
	if err != nil {
		return Appended{}, false, err
	}
	for _, ref := range tips {
		raw, err := n.store.Entry(ctx, ref.Log, ref.Index)
		if err != nil {
			return Appended{}, false, err
		}
		if parsed, err := entry.Parse(raw); err == nil && parsed.Header.ID == p.ID {
			return Appended{Ref: ref, Existing: true}, true, nil
		}
	}
	return Appended{}, false, nil
}

func sameDecision(a, b *entente.Decision) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Gate == b.Gate && a.Policy == b.Policy && slices.Equal(a.Policies, b.Policies)
}

// absent is an officer who signed before, whose key is not unlocked now.
func (n *Node) absent(ctx context.Context, key string) (*Officer, error) {
	users, err := n.store.Users(ctx)
	if err != nil {
		return nil, err
	}
	b, err := n.activeKey(key)
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		if u.OfficerKey == key && b.Person != nil {
			return &Officer{user: u, key: b}, nil
		}
	}
	return nil, refused("node.officer_unknown").with("%s", key)
}

// presigned is a signature made before: as a signer, it signs that text only. The
// fold verifies it like any other.
type presigned struct{ s entry.Signature }

// Name implements note.Signer.
func (p presigned) Name() string { return p.s.Name }

// KeyHash implements note.Signer.
func (p presigned) KeyHash() uint32 { return p.s.Hash }

// Sign implements note.Signer.
func (p presigned) Sign([]byte) ([]byte, error) { return p.s.Sig, nil }

var _ note.Signer = presigned{}

// Return sends a submitted draft back to its author with a note.
func (n *Node) Return(ctx context.Context, id, actor, remark string) error {
	d, err := n.openDraft(ctx, id, store.DraftWaiting)
	if err != nil {
		return err
	}
	m, err := Meta(d)
	if err != nil {
		return err
	}
	m.Prepared, m.Note = nil, strings.TrimSpace(remark)
	d.State = store.DraftReturned
	if err := setMeta(&d, m); err != nil {
		return err
	}
	_, err = n.store.PutDraft(ctx, d)
	n.note(event{actor: actor, act: "return", object: id, err: err})
	return err
}

// Discard gives a draft up. Nothing of it was ever in a log.
func (n *Node) Discard(ctx context.Context, id, actor string) error {
	d, err := n.openDraft(ctx, id, store.DraftOpen, store.DraftReturned, store.DraftWaiting)
	if err != nil {
		return err
	}
	d.State = store.DraftDropped
	_, err = n.store.PutDraft(ctx, d)
	n.note(event{actor: actor, act: "discard", object: id, err: err})
	return err
}
