package main

import (
	"context"

	"entente"
	"entente/internal/exchange"
)

// recallCmd has a release shredded everywhere.
type recallCmd struct {
	exchangeDir
	stating
	thing
	Reason string `help:"inaccurate, source_at_risk, legal, released_in_error or other." enum:"inaccurate,source_at_risk,legal,released_in_error,other" required:""`
}

// Run recalls. It cannot be taken back; copies that left the other node as files are
// beyond its reach, and the deletion receipt counts them.
func (c *recallCmd) Run(g *globals) error {
	return act(g, c.exchangeDir, c.stating, c.thing, func(ctx context.Context, x *exchanging, by exchange.By, ref entente.Ref) (exchange.Done, error) {
		return x.Recall(ctx, by, ref, c.Reason)
	})
}
