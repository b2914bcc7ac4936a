package node

import (
	"context"
	"maps"

	"entente"
)

// ExchangeRules returns the terms of exchange in force, nil when there are none, and
// the routes of the parties that have one, as both parties see them. They are not to
// be changed.
func (n *Node) ExchangeRules(ctx context.Context) (*entente.ExchangeTerms, map[entente.Party]*entente.Route, error) {
	l, err := n.exchangeLists(ctx)
	if err != nil {
		return nil, nil, err
	}
	return l.terms, maps.Clone(l.routes), nil
}

// Withholding returns the pauses of this party that stand, and the releases that its
// legal holds lock. They are not to be changed.
func (n *Node) Withholding(ctx context.Context) (pauses []entente.Pause, held map[entente.Ref]bool, err error) {
	l, err := n.exchangeLists(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range l.pauses {
		if p.by == n.self.Writer.Party {
			pauses = append(pauses, p.Pause)
		}
	}
	return pauses, l.held, nil
}
