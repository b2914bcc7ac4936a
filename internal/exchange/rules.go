package exchange

import (
	"context"
	"slices"

	"entente"
)

// rules are the terms in force and each party's route, as both see them.
type rules struct {
	terms  *entente.ExchangeTerms // nil when none are in force
	routes map[entente.Party]*entente.Route
}

// contacts are the points of contact of a party.
func (r *rules) contacts(p entente.Party) []string {
	if route := r.routes[p]; route != nil {
		return route.Contacts
	}
	return nil
}

// duty is a duty group of a party, or nil.
func (r *rules) duty(p entente.Party, code string) *entente.DutyGroup {
	route := r.routes[p]
	if route == nil {
		return nil
	}
	i := slices.IndexFunc(route.Duty, func(g entente.DutyGroup) bool { return g.Code == code })
	if i < 0 {
		return nil
	}
	return &route.Duty[i]
}

// rules reads them.
func (x *Exchange) rules(ctx context.Context) (*rules, error) {
	terms, routes, err := x.node.ExchangeRules(ctx)
	return &rules{terms, routes}, err
}

// Terms are the terms of exchange in force; nil when there are none.
func (x *Exchange) Terms(ctx context.Context) (*entente.ExchangeTerms, error) {
	r, err := x.rules(ctx)
	if err != nil {
		return nil, err
	}
	return r.terms, nil
}

// Routes are the routes of all parties that have one.
func (x *Exchange) Routes(ctx context.Context) (map[entente.Party]*entente.Route, error) {
	r, err := x.rules(ctx)
	if err != nil {
		return nil, err
	}
	return r.routes, nil
}
