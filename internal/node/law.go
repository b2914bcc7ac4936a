package node

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"entente"
	"entente/internal/entry"
	"entente/internal/policy"
	"entente/internal/store"
)

// law is what gates go by now: the charter and the policies in force, or the
// built-in policies before there are any.
type law struct {
	set     *policy.Set
	charter *entente.Charter // nil when none is in force, and for an observer
	asked   map[entente.Audience]int
	// unusable says why the policies in force cannot be used here. The built-in ones
	// then stand in their place, so that the parties can agree on better ones.
	unusable error
}

// lawCache keeps the law until something may have changed it.
type lawCache struct {
	mu      sync.Mutex
	doubts  uint64 // counts the calls of forget
	settled uint64 // doubts when held was last found true
	held    *law
	texts   int // charters and policies known when held was made
}

// forget says that the law may have changed.
func (c *lawCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.doubts++
}

// inForce returns the law. It is read again only when a charter or a policy has
// arrived since it was last read.
func (n *Node) inForce(ctx context.Context) (*law, error) {
	c := &n.law
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held != nil && c.doubts == c.settled {
		return c.held, nil
	}
	doubts := c.doubts
	texts, err := n.foundingTexts(ctx)
	if err != nil {
		return nil, err
	}
	if c.held == nil || texts != c.texts {
		if c.held, err = n.readLaw(ctx); err != nil {
			return nil, err
		}
	}
	c.texts, c.settled = texts, doubts
	return c.held, nil
}

// Founded reports whether a charter and policies are in force: until then, gates
// let through only what founds the programme.
func (n *Node) Founded(ctx context.Context) (bool, error) {
	l, err := n.inForce(ctx)
	return err == nil && l.charter != nil, err
}

// foundingTexts counts the halves of charters and policies that the parties see.
func (n *Node) foundingTexts(ctx context.Context) (int, error) {
	if n.self.Writer.Party == "" {
		return 0, nil
	}
	page, err := store.List[json.RawMessage](ctx, n.View(entente.Shared), store.Query{
		Types: []entente.Type{entente.TypeCharter, entente.TypePolicy}, Versions: true, Limit: 1,
	})
	return page.Total, err
}

func (n *Node) readLaw(ctx context.Context) (*law, error) {
	if n.self.Writer.Party == "" {
		return &law{set: policy.Observer(), asked: map[entente.Audience]int{}}, nil
	}
	l := &law{set: policy.Bootstrap(), asked: map[entente.Audience]int{entente.Shared: 1, entente.Public: 2}}
	charter, err := n.charterInForce(ctx)
	if err != nil || charter == nil {
		return l, err
	}
	joint, err := n.policyInForce(ctx, charter.Code)
	if err != nil || joint == nil {
		return l, err
	}
	set, unusable := policy.Body(joint.Body, joint.Digest)
	if l.unusable = unusable; unusable == nil {
		l.set, l.charter = set, charter
		for _, g := range charter.Gates {
			a := map[entente.Gate]entente.Audience{entente.GateRelease: entente.Shared, entente.GatePublication: entente.Public}[g.Gate]
			l.asked[a] = max(l.asked[a], g.Officers)
		}
	}
	return l, nil
}

// charterInForce returns the charter that the node's party is in, as joint in the
// shared logs; nil when there is none.
func (n *Node) charterInForce(ctx context.Context) (*entente.Charter, error) {
	things, err := store.Joints[entente.Charter](ctx, n.View(entente.Shared), entente.TypeCharter, store.Query{})
	if err != nil {
		return nil, err
	}
	for _, t := range things {
		if t.InForce != nil && n.checkPins(ctx, t.InForce.Body) == nil {
			return t.InForce.Body, nil
		}
	}
	return nil, nil
}

func (n *Node) policyInForce(ctx context.Context, code string) (*store.JointVersion[entente.Policy], error) {
	things, err := store.Joints[entente.Policy](ctx, n.View(entente.Shared), entente.TypePolicy, store.Query{})
	if err != nil {
		return nil, err
	}
	for _, t := range things {
		if t.InForce != nil && t.InForce.Body.Code == code {
			return t.InForce, nil
		}
	}
	return nil, nil
}

// checkPins: the genesis digests that a charter cites are those pinned here, its
// own party's among them.
func (n *Node) checkPins(ctx context.Context, c *entente.Charter) error {
	own := false
	for _, pin := range c.Genesis {
		own = own || pin.Party == n.self.Writer.Party
		genesis, err := n.store.Genesis(ctx, string(pin.Party))
		if err != nil {
			return refused("joint.genesis").with("%s has no genesis pinned here", pin.Party)
		}
		if got := entente.DigestOf(genesis); got != pin.Digest {
			return refused("joint.genesis").with("%s is pinned as %s here, the charter says %s", pin.Party, got, pin.Digest)
		}
	}
	if !own {
		return refused("joint.genesis").with("the charter is of others")
	}
	return nil
}

// consents returns the parties whose consent to the publication of a joint body
// stands in the shared logs.
func (n *Node) consents(ctx context.Context, t entente.Type, subject string, body entente.Digest) ([]entente.Party, error) {
	page, err := store.List[entente.Consent](ctx, n.View(entente.Shared), store.Query{
		Type: entente.TypeConsent, Limit: 100,
		Where: []store.Cond{{Column: "body", Op: store.Eq, Value: body.String()}},
	})
	if err != nil {
		return nil, fmt.Errorf("consents: %w", err)
	}
	var parties []entente.Party
	for _, v := range page.Items {
		if v.Body != nil && v.Body.Type == t && v.Body.Subject == subject {
			parties = append(parties, v.Header.Author.Party)
		}
	}
	return parties, nil
}

// agreeable holds a founding text against what this node can live by, before its
// party states it.
func (n *Node) agreeable(ctx context.Context, body any) error {
	switch b := body.(type) {
	case *entente.Charter:
		for _, g := range b.Gates {
			if g.Officers > 2 {
				return refused("joint.gates").with("%s asks for %d", g.Gate, g.Officers)
			}
		}
		return n.checkPins(ctx, b)
	case *entente.Policy:
		raw, err := entry.Body(b)
		if err != nil {
			return err
		}
		if _, err := policy.Body(b, entente.DigestOf(raw)); err != nil {
			return refused("joint.policy").with("%s", err)
		}
	}
	return nil
}
