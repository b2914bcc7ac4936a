package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"

	"entente"
	"entente/internal/entry"
	"entente/internal/keys"
	"entente/internal/store"
)

// Intent is an entry that somebody wants to append.
type Intent struct {
	// ID is a UUIDv7 by the client; one is made when it is empty.
	ID      string
	Type    entente.Type
	Subject string
	// Agency states it; empty for an observer.
	Agency string
	// Audience is the log it goes to.
	Audience entente.Audience
	// Body is a body of Type (or a pointer to one), or its bytes as json.RawMessage.
	Body any
	// Supersedes are the versions replaced; nil means the current tips of the thing
	// as that log's audience sees them, an empty list none.
	Supersedes []entente.Ref
	// Time is as stated; zero means now.
	Time time.Time
	// Drafter is the sign-in name of the person who wrote it; By's when empty.
	Drafter string
	// By is the officer who states it, Second the releasing officer. A national
	// entry may have neither.
	By, Second *Officer

	// inner links a publication to the inner entry that it copies.
	inner *entente.Digest
}

// Appended says where an entry is, and whether the same intent was there before.
type Appended = store.Appended

// Append takes one intent all the way: validate, scan, decide, sign, append.
// Errors of the intent are [*Refusal]; an id taken by another body is one with
// the code rule.id_conflict.
func (n *Node) Append(ctx context.Context, in Intent) (Appended, error) {
	all, err := n.AppendAll(ctx, in)
	if err != nil {
		return Appended{}, err
	}
	return all[0], nil
}

// AppendAll is Append for several intents at once: all or none. None of them can
// refer to another of them, and no two are of one thing in one log.
func (n *Node) AppendAll(ctx context.Context, in ...Intent) ([]Appended, error) {
	done, err := n.appendAll(ctx, in)
	n.noteAll(in, done, err)
	return done, err
}

func (n *Node) appendAll(ctx context.Context, in []Intent) ([]Appended, error) {
	if r := n.ReadOnly(); r != nil {
		return nil, r
	}
	plans := make([]*plan, len(in))
	for i := range in {
		p, err := n.plan(in[i])
		if err != nil {
			return nil, err
		}
		plans[i] = p
	}
	unlock, err := n.busy.lock(plans)
	if err != nil {
		return nil, err
	}
	defer unlock()
	for _, p := range plans {
		p.first = p.rule.Chain && p.Supersedes == nil
	}
	done, err := n.state(ctx, plans)
	if errors.Is(err, store.ErrStands) {
		for _, p := range plans {
			p.first = false
		}
		done, err = n.state(ctx, plans)
	}
	n.doubtLaw(plans)
	return done, asRefusal(err)
}

// state composes the entries of plans and appends them.
func (n *Node) state(ctx context.Context, plans []*plan) (done []Appended, err error) {
	drafts := make([]store.Draft, len(plans))
	for i, p := range plans {
		if drafts[i], err = n.compose(ctx, p); err != nil {
			return nil, err
		}
	}
	return n.store.Append(ctx, drafts...)
}

// doubtLaw says that the law may have changed where plans were appended that it is
// made of.
func (n *Node) doubtLaw(plans []*plan) {
	for _, p := range plans {
		if p.rule.Type == entente.TypeCharter || p.rule.Type == entente.TypePolicy {
			n.law.forget()
		}
	}
}

// noteAll puts what people did, or were refused, on the audit trail.
func (n *Node) noteAll(in []Intent, done []Appended, err error) {
	for i := range in {
		if in[i].By == nil && in[i].Second == nil && err == nil {
			continue // the node's own doing
		}
		e := event{
			actor: in[i].who(), act: "append_" + string(in[i].Audience),
			object: string(in[i].Type) + "/" + in[i].Subject, err: err,
		}
		if err == nil {
			e.object = done[i].Ref.String()
			e.detail = map[string]string{"type": string(in[i].Type), "subject": in[i].Subject, "drafter": in[i].drafter()}
		}
		n.note(e)
	}
}

// who is the person answerable for the intent: the second officer where there is one.
func (in *Intent) who() string {
	switch {
	case in.Second != nil:
		return in.Second.Name()
	case in.By != nil:
		return in.By.Name()
	}
	return in.drafter()
}

func (in *Intent) drafter() string {
	switch {
	case in.Drafter != "":
		return in.Drafter
	case in.By != nil:
		return in.By.Name()
	}
	return "node"
}

// plan is an intent whose form is sound.
type plan struct {
	Intent
	rule   entente.TypeRule
	author entente.Author
	origin string
	raw    json.RawMessage // of the body
	body   any             // typed, a pointer

	// first: most entries begin a thing, so a plan that names nothing to supersede is
	// composed as if it did, and only when something stands is that looked up.
	first bool
}

// key names the thing in the log, for [things].
func (p *plan) key() string { return p.origin + " " + string(p.Type) + " " + p.Subject }

// plan judges the form of an intent: all that needs neither state nor keys.
func (n *Node) plan(in Intent) (*plan, error) {
	p := &plan{Intent: in, author: n.self.Writer, origin: n.Origin(in.Audience)}
	p.author.Agency = in.Agency
	var ok bool
	if p.rule, ok = entente.Rule(in.Type); !ok || !p.rule.Signers.Agency() {
		return nil, refused("node.type").with("%q", in.Type)
	}
	if p.origin == "" || n.self.Writer.Party == "" && !p.rule.Observer {
		return nil, refused("node.observer").with("%s in a %s log", in.Type, in.Audience)
	}
	if err := p.rule.Allows(p.author, in.Audience); err != nil {
		return nil, byRule("rule.audience", err.Error())
	}
	if !entente.ValidSubject(in.Subject) {
		return nil, refused("node.subject").with("%.100q", in.Subject)
	}
	if err := p.identify(); err != nil {
		return nil, err
	}
	if p.Time.IsZero() {
		p.Time = n.now()
	}
	return p, p.readBody()
}

func (p *plan) identify() error {
	if p.ID == "" {
		p.ID = NewID()
		return nil
	}
	if id, err := uuid.Parse(p.ID); err != nil || id.Version() != 7 || id.String() != p.ID {
		return refused("node.id").with("%.60q", p.ID)
	}
	return nil
}

// NewID returns an id for an entry, for whoever may send the same one twice: a UUIDv7
// (RFC 9562 section 5.7); those of one process increase.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// now is the node's time as entries state it.
func (n *Node) now() time.Time { return n.clock().UTC().Truncate(time.Millisecond) }

// readBody sets both forms of the body from the one given.
func (p *plan) readBody() (err error) {
	p.body = p.rule.New()
	switch b := p.Body.(type) {
	case nil:
		return byRule("rule.schema", "there is no body")
	case json.RawMessage:
		var compact bytes.Buffer
		if err := json.Compact(&compact, b); err != nil {
			return byRule("rule.schema", err.Error())
		}
		p.raw = compact.Bytes()
		if err := json.Unmarshal(p.raw, p.body); err != nil {
			return byRule("rule.schema", err.Error())
		}
		return nil
	default:
		v := reflect.ValueOf(b)
		if v.Kind() == reflect.Pointer && !v.IsNil() {
			v = v.Elem()
		}
		want := reflect.TypeOf(p.body).Elem()
		if v.Type() != want {
			return fmt.Errorf("a %s entry has a body of type %s, not %T", p.Type, want, b)
		}
		reflect.ValueOf(p.body).Elem().Set(v)
		p.raw, err = entry.Body(p.body)
		return err
	}
}

// compose decides on a plan and makes its signed entry.
func (n *Node) compose(ctx context.Context, p *plan) (store.Draft, error) {
	text, err := n.text(ctx, p, signersOf(p.By, p.Second))
	if err != nil {
		return store.Draft{}, err
	}
	agency, err := n.signer(p.origin, entente.RoleAgency, p.Agency)
	if err != nil {
		return store.Draft{}, err
	}
	signing := []note.Signer{agency}
	for _, o := range []*Officer{p.By, p.Second} {
		if o == nil {
			continue
		}
		s, err := o.sign()
		if err != nil {
			return store.Draft{}, err
		}
		signing = append(signing, s)
	}
	raw, err := entry.Sign(text, signing...)
	if err != nil {
		return store.Draft{}, asMalformed(err)
	}
	return store.Draft{Origin: p.origin, Raw: raw, First: p.first, Made: madeBy(signing)}, nil
}

// madeBy are the public keys of signers, by name.
func madeBy(signing []note.Signer) map[string]string {
	made := make(map[string]string, len(signing))
	for _, s := range signing {
		if own, ok := s.(keys.Signer); ok {
			made[own.Name()] = own.Public
		}
	}
	return made
}

// text decides on a plan as signed by these officers, and returns the text to
// sign.
func (n *Node) text(ctx context.Context, p *plan, by officers) (string, error) {
	tips := n.tips(ctx, p)
	decision, err := n.decide(ctx, p, by)
	if err != nil {
		// A body that breaks its schema is refused for that, whatever a policy
		// made of it.
		var r *Refusal
		if errors.As(err, &r) {
			if _, invalid := entry.DecodeBody(p.Type, p.raw); invalid != nil {
				return "", asMalformed(invalid)
			}
		}
		return "", err
	}
	if p.Supersedes, err = tips(); err != nil {
		return "", err
	}
	text, err := entry.Compose(p.Type, entente.Header{
		ID: p.ID, Author: p.author, Time: p.Time, Subject: p.Subject, Supersedes: p.Supersedes, Decision: decision, Body: p.raw,
	})
	return text, asMalformed(err)
}

// tips looks up, while the policies are asked, which versions a plan supersedes:
// those it names, or else the tips of its thing.
func (n *Node) tips(ctx context.Context, p *plan) func() ([]entente.Ref, error) {
	if p.first || p.Supersedes != nil || !p.rule.Chain {
		return func() ([]entente.Ref, error) { return p.Supersedes, nil }
	}
	var refs []entente.Ref
	var err error
	found := make(chan struct{})
	go func() {
		defer close(found)
		refs, err = n.store.Tips(ctx, p.Audience, p.Type, n.self.Writer.Writer(), p.Subject)
	}()
	return func() ([]entente.Ref, error) {
		<-found
		return refs, err
	}
}

// asMalformed turns what the entry format refuses into a refusal.
func asMalformed(err error) error {
	var e *entry.Error
	if !errors.As(err, &e) {
		return err
	}
	rule := "rule.malformed"
	if e.Code == entry.CodeBody {
		rule = "rule.schema"
	}
	r := byRule(rule, e.Detail)
	if path, _, ok := strings.Cut(e.Detail, ": "); ok && !strings.Contains(path, " ") {
		r.Field = strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", ".")
	}
	return r
}

// things keeps two acts on one thing from running at once: the second must see
// what the first appended.
type things struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed when the thing is free again
}

// lock waits until none of the plans' things is busy, and marks them as busy.
func (t *things) lock(plans []*plan) (unlock func(), err error) {
	keys := make([]string, 0, len(plans))
	for _, p := range plans {
		if p.rule.Chain {
			keys = append(keys, p.key())
		}
	}
	slices.Sort(keys)
	for i := 1; i < len(keys); i++ {
		if keys[i] == keys[i-1] {
			return nil, refused("node.twice").with("%s", keys[i])
		}
	}
	for _, k := range keys { // in order, so that two calls cannot wait for each other
		t.take(k)
	}
	return func() { t.free(keys) }, nil
}

func (t *things) take(key string) {
	for {
		t.mu.Lock()
		busy := t.held[key]
		if busy == nil {
			if t.held == nil {
				t.held = map[string]chan struct{}{}
			}
			t.held[key] = make(chan struct{})
		}
		t.mu.Unlock()
		if busy == nil {
			return
		}
		<-busy
	}
}

func (t *things) free(keys []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, k := range keys {
		close(t.held[k])
		delete(t.held, k)
	}
}
