package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"entente"
	"entente/internal/entry"
	"entente/internal/store"
)

// JointPart says how one body of a joint thing stands.
type JointPart struct {
	Type     entente.Type
	Subject  string
	Audience entente.Audience // of the view asked
	Body     entente.Digest
	Title    entente.Text
	Follows  entente.Digest // zero when it follows nothing
	// Have are the parties whose half stands, with the newest entry of each;
	// Missing those still wanted.
	Have     map[entente.Party]entente.Ref
	Missing  []entente.Party
	Complete bool
	// InForce is true for the body in force; Flagged when rivals follow one body.
	InForce, Flagged bool
	// Consented are the parties whose consent to its publication stands.
	Consented []entente.Party
}

// Propose appends this party's half of a joint thing. When the body follows
// nothing and another body is in force, it is made to follow that one.
func (n *Node) Propose(ctx context.Context, in Intent) (Appended, error) {
	rule, ok := entente.Rule(in.Type)
	if !ok || !rule.Joint {
		return Appended{}, refused("joint.none").with("%q", in.Type)
	}
	body, err := n.following(ctx, in, rule)
	if err != nil {
		return Appended{}, err
	}
	in.Body = body
	return n.Append(ctx, in)
}

// following returns the intent's body with Follows set to the body in force.
func (n *Node) following(ctx context.Context, in Intent, rule entente.TypeRule) (any, error) {
	p := plan{Intent: in, rule: rule}
	if err := p.readBody(); err != nil {
		return nil, err
	}
	part := reflect.ValueOf(p.body).Elem().FieldByName("Joint").Addr().Interface().(*entente.Joint)
	if part.Follows != nil {
		return p.body, nil
	}
	parts, err := n.JointStates(ctx, in.Audience, in.Type, in.Subject)
	if err != nil {
		return nil, err
	}
	own := entente.DigestOf(p.raw)
	for _, s := range parts {
		if s.InForce && s.Body != own {
			part.Follows = &s.Body
		}
	}
	return p.body, nil
}

// Accept appends this party's half with exactly the bytes of another party's half.
// Of as only ID, Agency, Drafter and officers count; Audience is that of the half.
func (n *Node) Accept(ctx context.Context, half entente.Ref, as Intent) (Appended, error) {
	v, err := n.version(ctx, half)
	if err != nil {
		return Appended{}, err
	}
	rule, ok := entente.Rule(v.Type)
	if !ok || !rule.Joint {
		return Appended{}, refused("joint.none").with("%s is a %s entry", half, v.Type)
	}
	as.Type, as.Subject, as.Audience, as.Body = v.Type, v.Subject, v.Audience, v.Header.Body
	as.Supersedes = nil
	return n.Append(ctx, as)
}

// Consent consents, in the shared log, to the publication of a joint body that is
// complete between the parties. Of as only ID, Agency, Drafter and officers count.
func (n *Node) Consent(ctx context.Context, typ entente.Type, subject string, body entente.Digest, as Intent) (Appended, error) {
	if _, err := n.completeHalf(ctx, typ, subject, body); err != nil {
		return Appended{}, err
	}
	return n.Append(ctx, ConsentIntent(typ, subject, body, as))
}

// ConsentIntent is the intent of a consent: one thing for each joint thing.
func ConsentIntent(typ entente.Type, subject string, body entente.Digest, as Intent) Intent {
	as.Type, as.Audience, as.Supersedes = entente.TypeConsent, entente.Shared, nil
	as.Subject = ConsentSubject(typ, subject)
	as.Body = &entente.Consent{Type: typ, Subject: subject, Body: body}
	return as
}

// ConsentSubject is the subject of the consent to publish a joint thing: its type
// and subject where they fit, and else a digest of them.
func ConsentSubject(typ entente.Type, subject string) string {
	s := string(typ) + "." + subject
	if !entente.ValidSubject(s) {
		s = string(typ) + "." + entente.DigestOf([]byte(subject)).String()[:32]
	}
	return s
}

// PublishJoint appends this party's half of a joint body to its public log. Every
// required party's consent must stand; the other parties do the same.
func (n *Node) PublishJoint(ctx context.Context, typ entente.Type, subject string, body entente.Digest, by, second *Officer) (Appended, error) {
	half, err := n.completeHalf(ctx, typ, subject, body)
	if err != nil {
		return Appended{}, err
	}
	return n.Publish(ctx, half, by, second)
}

// completeHalf returns this party's half of a body complete in the shared logs.
func (n *Node) completeHalf(ctx context.Context, typ entente.Type, subject string, body entente.Digest) (entente.Ref, error) {
	parts, err := n.JointStates(ctx, entente.Shared, typ, subject)
	if err != nil {
		return entente.Ref{}, err
	}
	i := slices.IndexFunc(parts, func(p JointPart) bool { return p.Body == body && p.Complete })
	if i < 0 {
		return entente.Ref{}, refused("joint.incomplete").with("%s %s, body %s", typ, subject, body)
	}
	half := parts[i].Have[n.self.Writer.Party]
	if a, _ := entente.OriginAudience(half.Log); half.IsZero() || a != entente.Shared {
		return entente.Ref{}, refused("joint.incomplete").with("no half of %s in the shared log", n.self.Writer.Party)
	}
	return half, nil
}

// JointStates tells how the bodies of joint things stand in a view, those in force
// first; an empty typ or subject does not restrict.
func (n *Node) JointStates(ctx context.Context, a entente.Audience, typ entente.Type, subject string) ([]JointPart, error) {
	var parts []JointPart
	for _, rule := range entente.Types {
		if !rule.Joint || typ != "" && rule.Type != typ {
			continue
		}
		things, err := n.jointThings(ctx, a, rule.Type, subject)
		if err != nil {
			return nil, err
		}
		for _, t := range things {
			if parts, err = n.jointParts(ctx, a, t, parts); err != nil {
				return nil, err
			}
		}
	}
	return parts, nil
}

func (n *Node) jointThings(ctx context.Context, a entente.Audience, typ entente.Type, subject string) ([]store.JointThing[json.RawMessage], error) {
	if subject == "" {
		return store.Joints[json.RawMessage](ctx, n.View(a), typ, store.Query{})
	}
	t, err := store.Joint[json.RawMessage](ctx, n.View(a), typ, subject)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []store.JointThing[json.RawMessage]{*t}, nil
}

func (n *Node) jointParts(ctx context.Context, a entente.Audience, t store.JointThing[json.RawMessage], parts []JointPart) ([]JointPart, error) {
	add := func(v store.JointVersion[json.RawMessage], inForce bool) error {
		p := JointPart{
			Type: t.Type, Subject: t.Subject, Audience: a, Body: v.Digest, Follows: v.Follows, Complete: v.Complete,
			InForce: inForce, Flagged: t.Flagged, Have: map[entente.Party]entente.Ref{},
		}
		for party, half := range v.Halves {
			p.Have[party], p.Title = half.Ref, half.Title
		}
		for _, party := range v.Required {
			if _, ok := p.Have[party]; !ok {
				p.Missing = append(p.Missing, party)
			}
		}
		var err error
		if a != entente.Public && v.Complete {
			p.Consented, err = n.consents(ctx, t.Type, t.Subject, v.Digest)
		}
		parts = append(parts, p)
		return err
	}
	if t.InForce != nil {
		if err := add(*t.InForce, true); err != nil {
			return nil, err
		}
	}
	for _, list := range [][]store.JointVersion[json.RawMessage]{t.Proposed, t.Former} {
		for _, v := range list {
			if err := add(v, false); err != nil {
				return nil, err
			}
		}
	}
	return parts, nil
}

// Stand is a position to take on one exact version.
type Stand struct {
	ID      string // of the entry; one is made when it is empty
	On      entente.Ref
	Stance  entente.Stance
	Reason  *entente.Text
	Sources []entente.Source
}

// TakePositions takes positions on exact versions, all or none, in the own log of
// an audience. A position that this party has on the same version is replaced.
func (n *Node) TakePositions(ctx context.Context, a entente.Audience, agency string, by, second *Officer, stands ...Stand) ([]Appended, error) {
	var on []entente.Ref
	for _, s := range stands {
		on = append(on, s.On)
	}
	had, err := n.View(a).Positions(ctx, on...)
	if err != nil {
		return nil, err
	}
	var intents []Intent
	for _, s := range stands {
		in := Intent{
			ID: s.ID, Type: entente.TypePosition, Subject: positionSubject(s.On), Agency: agency, Audience: a,
			Body: &entente.Position{On: s.On, Stance: s.Stance, Reason: s.Reason, Sources: s.Sources}, By: by, Second: second,
		}
		for _, p := range had[s.On] {
			if p.Writer != n.self.Writer.Writer() {
				continue
			}
			if in.Subject, err = n.subjectOf(ctx, p.Ref); err != nil {
				return nil, err
			}
		}
		intents = append(intents, in)
	}
	return n.AppendAll(ctx, intents...)
}

// positionSubject names the position on an exact version.
func positionSubject(on entente.Ref) string { return "on-" + on.Leaf.String()[:32] }

func (n *Node) subjectOf(ctx context.Context, ref entente.Ref) (string, error) {
	raw, err := n.store.Entry(ctx, ref.Log, ref.Index)
	if err != nil {
		return "", err
	}
	parsed, err := entry.Parse(raw)
	if err != nil {
		return "", fmt.Errorf("%s: %w", ref, err)
	}
	return parsed.Header.Subject, nil
}
