package node

import (
	"context"
	"slices"
	"strings"

	"entente"
)

// Explanation says of a draft what its gate says, by which policies, and what would
// make it possible.
type Explanation struct {
	Draft    string
	Type     entente.Type
	Subject  string
	Audience entente.Audience
	// Policies is the digest of the policies in force.
	Policies entente.Digest
	// Reasons stand in the way; those that are not blocking a second officer's
	// signature settles.
	Reasons []Reason
	// Possible says that the draft goes through once the officers that the gate wants
	// have signed, PermittedBy are the policies that then permit it.
	Possible    bool
	PermittedBy []PolicyText
}

// Reason is a finding with the policy behind it, where it is a policy's.
type Reason struct {
	Finding
	Policy *PolicyText
}

// PolicyText is a policy by its name and its Cedar text.
type PolicyText struct{ Name, Cedar string }

// ExplainDraft explains what the gate says of a draft. Nothing is appended or
// signed.
func (n *Node) ExplainDraft(ctx context.Context, id string) (*Explanation, error) {
	d, err := n.store.Draft(ctx, id)
	if err != nil {
		return nil, err
	}
	in, _, err := n.draftIntent(ctx, d)
	if err != nil {
		return nil, err
	}
	return n.Explain(ctx, in, nil)
}

// Explain explains what the gate says of an intent, and what else was found to stand
// in its way. Nothing is appended or signed.
func (n *Node) Explain(ctx context.Context, in Intent, also []Finding) (*Explanation, error) {
	found, err := n.Check(ctx, in)
	if err != nil {
		return nil, err
	}
	found = append(found, also...)
	l, err := n.inForce(ctx)
	if err != nil {
		return nil, err
	}
	x := &Explanation{Draft: in.ID, Type: in.Type, Subject: in.Subject, Audience: in.Audience, Policies: l.set.Digest()}
	for _, f := range found {
		x.Reasons = append(x.Reasons, Reason{f, l.text(strings.TrimPrefix(f.Code, "policy."))})
	}
	if slices.ContainsFunc(found, func(f Finding) bool { return f.Blocking }) {
		return x, nil
	}
	p, err := n.plan(in)
	if err != nil {
		return nil, err
	}
	with, err := n.judge(ctx, p, officers{ideal: true})
	if err != nil {
		return nil, err
	}
	x.Possible = with.Allow
	for _, name := range with.Policies {
		if t := l.text(name); t != nil && with.Allow {
			x.PermittedBy = append(x.PermittedBy, *t)
		}
	}
	return x, nil
}

// text returns a policy of the law, nil for a name that is none.
func (l *law) text(name string) *PolicyText {
	text := l.set.Text(name)
	if text == "" {
		return nil
	}
	return &PolicyText{name, text}
}
