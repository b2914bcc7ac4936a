package main

import (
	"context"

	"entente"
	"entente/internal/exchange"
)

// holdCmd places and lifts legal holds.
type holdCmd struct {
	Place holdPlaceCmd `cmd:"" help:"Place a legal hold, or state a new review of the one that stands: the payload is locked instead of shredded."`
	Lift  holdLiftCmd  `cmd:"" help:"Lift this party's legal hold; what was due meanwhile is done."`
}

type holdPlaceCmd struct {
	exchangeDir
	stating
	thing
	Ground      string `help:"court_order, pending_proceedings, disclosure_duty or audit." enum:"court_order,pending_proceedings,disclosure_duty,audit" required:""`
	AuthorityES string `help:"Office that orders it, in Spanish; never a person." name:"authority-es" required:""`
	AuthorityEN string `help:"The same in English." name:"authority-en" required:""`
	Review      string `help:"Day of its review (YYYY-MM-DD)." required:""`
}

// Run places the hold.
func (c *holdPlaceCmd) Run(g *globals) error {
	if err := checkDay(c.Review); err != nil {
		return err
	}
	return act(g, c.exchangeDir, c.stating, c.thing, func(ctx context.Context, x *exchanging, by exchange.By, ref entente.Ref) (exchange.Done, error) {
		return x.Hold(ctx, by, ref, c.Ground, entente.Text{ES: c.AuthorityES, EN: c.AuthorityEN}, entente.Date(c.Review))
	})
}

type holdLiftCmd struct {
	exchangeDir
	stating
	thing
}

// Run lifts the hold.
func (c *holdLiftCmd) Run(g *globals) error {
	return act(g, c.exchangeDir, c.stating, c.thing, func(ctx context.Context, x *exchanging, by exchange.By, ref entente.Ref) (exchange.Done, error) {
		return x.LiftHold(ctx, by, ref)
	})
}
