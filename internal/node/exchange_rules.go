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
