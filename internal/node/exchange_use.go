package node

import (
	"context"
	"slices"

	"entente"
	"entente/internal/entry"
	"entente/internal/policy"
	"entente/internal/store"
)

// Use is what is to be done with what an entry of the exchange carries, sealed.
type Use struct {
	// Act is receive, open or pass.
	Act policy.Act
	// Of is the release, or another entry that carries a payload.
	Of entente.Ref
	// Agency and Roles are those of the person or client who opens it or passes it
	// on; the node receives by itself.
	Agency string
	Roles  []string
	// Purpose is what it is opened or passed on for.
	Purpose string
	// Agencies are those that it is passed on to.
	Agencies []string
	// Shredded says that this node holds a tombstone for the payload.
	Shredded bool
}

// DecideUse asks the policies in force whether a use may be: receiving what another
// party released, opening a payload, passing a release on. It returns the decision
// and, where it is no, why in words. Nothing is written.
func (n *Node) DecideUse(ctx context.Context, u Use) (policy.Decision, []*Refusal, error) {
	r, err := n.DescribeUse(ctx, u)
	if err != nil {
		return policy.Decision{}, nil, err
	}
	return n.Decide(ctx, r)
}

// Decide asks the policies in force about a request, whose facts [Node.DescribeUse]
// gathers. It returns the decision and, where it is no, why in words.
func (n *Node) Decide(ctx context.Context, r policy.Request) (policy.Decision, []*Refusal, error) {
	l, err := n.inForce(ctx)
	if err != nil {
		return policy.Decision{}, nil, err
	}
	r.Charter = l.charter != nil
	if r.Now.IsZero() {
		r.Now = n.clock()
	}
	j := judgement{l.set.Decide(r), question{request: r, law: l}}
	if j.Allow {
		return j.Decision, nil, nil
	}
	return j.Decision, j.refusals(), nil
}

// DescribeUse gathers what a decision on a use goes by. What is not here, or not of
// the right type, has no facts, and is refused for that.
func (n *Node) DescribeUse(ctx context.Context, u Use) (policy.Request, error) {
	r := policy.Request{
		Act: u.Act, Author: n.self.Writer, Roles: u.Roles, OwnTerritory: true, Now: n.clock(),
	}
	r.Author.Agency = u.Agency
	c, err := n.exchangeCase(ctx, u.Of)
	if err != nil || c == nil {
		return r, err
	}
	r.Type, r.Writer = c.typ, c.author.Writer()
	f, err := n.newFacts(ctx, c.author.Party, r.Now)
	if err != nil {
		return r, err
	}
	b, isRelease := c.body.(*entente.Release)
	switch {
	case isRelease && u.Act == policy.Receive:
		f.release(b, c, c.author.Agency)
		f.Standing.Concerned = f.Standing.Concerned && b.To == n.self.Writer.Party
		f.Standing.Recalled = c.recalled || c.withdrawn
	case isRelease:
		f.use(c, n.self.Writer.Party, u)
	default:
		if !f.carries(c, u) {
			return r, nil
		}
	}
	f.Standing.Shredded = f.Standing.Shredded || u.Shredded
	r.Exchange = &f.Exchange
	return r, nil
}

// use states the facts of opening a release or passing it on within a party.
func (f *exchangeFacts) use(c *exchangeCase, party entente.Party, u Use) {
	b := c.body.(*entente.Release)
	f.author = c.author.Party
	f.ofRelease(b, c)
	f.Purpose, f.purposes = u.Purpose, b.Handling.Purposes
	agencies := u.Agencies
	if u.Act == policy.Open {
		agencies = []string{u.Agency}
	}
	permitted := c.permitted(party, u.Purpose, agencies, f.now)
	f.Grant.Permitted = permitted || slices.Contains(b.Handling.Purposes, u.Purpose)
	f.Terms.Purposes, f.Terms.Permissible, f.Terms.Consented = f.judge([]string{u.Purpose}, b.Handling.Consented)
	f.Terms.Consented = f.Terms.Consented || permitted
	f.Grant.Addressed = c.reaches(f.lists, party, u.Agency)
	f.Standing.Concerned = party == b.To || party == c.author.Party
	f.Standing.Recalled = c.recalled || c.withdrawn
	f.Standing.Held = slices.Contains(c.holders, party)
	f.Standing.Frozen = c.frozen
	f.Standing.Shredded = slices.Contains(c.shredders, party)
	if u.Act == policy.Pass {
		f.Standing.Concerned = party == b.To
		f.Grant.Agencies = f.lists.has(party, u.Agencies)
		f.Grant.Named = len(u.Agencies) > 0 &&
			!slices.ContainsFunc(u.Agencies, func(a string) bool { return !slices.Contains(b.Handling.OnwardTo, a) })
		f.Grant.Passing = c.passing(party, u.Purpose, u.Agencies, f.now)
		f.agencies = b.Handling.OnwardTo
		if !f.Grant.Agencies {
			f.agencies = u.Agencies
		}
	}
}

// carries states the facts of receiving or opening what an entry that is no release
// carries: a question, an explanation, a description. It reports whether the entry
// is one of those.
func (f *exchangeFacts) carries(c *exchangeCase, u Use) bool {
	self := f.n.self.Writer.Party
	own := c.author.Party == self
	switch b := c.body.(type) {
	case *entente.Request:
		f.request(b, c.author.Agency)
		f.Standing.Concerned = b.To == self || own && u.Act == policy.Open
	case *entente.PermissionRequest:
		f.To, f.Kind = b.Of, b.Kind
		f.asks(b.Purpose)
		f.Grant.Agencies = b.Kind != "onward" || f.lists.has(f.author, b.Agencies)
		f.Standing.Concerned = b.Of == self || own && u.Act == policy.Open
	case *entente.Denial:
		q, ok := bodyOf[entente.Request](c.request)
		f.Standing.Concerned = ok && (c.request.author.Party == self || q.To == self && own && u.Act == policy.Open)
	case *entente.Misuse:
		r, ok := bodyOf[entente.Release](c.release)
		f.Standing.Concerned = ok && (c.release.author.Party == self || r.To == self) && (!own || u.Act == policy.Open)
	default:
		return false
	}
	f.Standing.Recalled = c.withdrawn
	f.Grant.Addressed = c.reaches(f.lists, self, u.Agency)
	return u.Act != policy.Pass
}

// review: the second look at an emergency release is of somebody who did not sign
// it.
func (f *exchangeFacts) review(ctx context.Context, b *entente.Review, by officers) (bool, error) {
	c, err := f.n.exchangeCase(ctx, b.Release)
	r, ok := bodyOf[entente.Release](c)
	if err != nil || !ok {
		return false, err
	}
	f.To = r.To
	f.Standing.Concerned = c.author.Party == f.author && r.Emergency
	signed, err := f.n.signedBy(ctx, b.Release)
	f.Standing.Independent = true
	for _, o := range []*Officer{by.by, by.second} {
		f.Standing.Independent = f.Standing.Independent && (o == nil || !slices.Contains(signed, o.Person()))
	}
	return true, err
}

// signedBy returns the persons whose officer keys signed an own entry.
func (n *Node) signedBy(ctx context.Context, ref entente.Ref) ([]entente.Digest, error) {
	raw, err := n.store.Entry(ctx, ref.Log, ref.Index)
	if err != nil {
		return nil, err
	}
	parsed, err := entry.Parse(raw)
	if err != nil {
		return nil, err
	}
	var persons []entente.Digest
	for _, s := range parsed.Signatures {
		bound, err := n.everBound(ctx, s.Name)
		if err != nil {
			return nil, err
		}
		for _, b := range bound {
			if b.Person != nil {
				persons = append(persons, *b.Person)
			}
		}
	}
	return persons, nil
}

// everBound returns the bindings that a key of this node has or had.
func (n *Node) everBound(ctx context.Context, name string) ([]entente.KeyBinding, error) {
	var list []entente.KeyBinding
	for _, b := range n.self.Keys {
		if b.Name == name {
			list = append(list, b)
		}
	}
	page, err := store.List[entente.Key](ctx, n.View(entente.Shared), store.Query{
		Type: entente.TypeKey, Versions: true, Limit: 10, Where: []store.Cond{{Column: "name", Op: store.Eq, Value: name}},
	})
	for _, k := range page.Items {
		if k.Body != nil {
			list = append(list, k.Body.Key)
		}
	}
	return list, err
}
