package main

import (
	"context"

	"entente"
	"entente/internal/exchange"
)

// alertCmd takes alerts up.
type alertCmd struct {
	List        alertListCmd        `cmd:"" help:"List alerts."`
	Acknowledge alertAcknowledgeCmd `cmd:"" help:"Take an alert up."`
	Close       alertCloseCmd       `cmd:"" help:"Close an alert with its outcome."`
}

type alertListCmd struct {
	exchangeDir
	listing
}

// Run lists the alerts.
func (c *alertListCmd) Run(g *globals) error {
	f := c.filter()
	f.Alert = true
	return listReleases(g, c.exchangeDir, f)
}

type alertAcknowledgeCmd struct {
	exchangeDir
	stating
	thing
}

// Run acknowledges.
func (c *alertAcknowledgeCmd) Run(g *globals) error {
	return act(g, c.exchangeDir, c.stating, c.thing, func(ctx context.Context, x *exchanging, by exchange.By, ref entente.Ref) (exchange.Done, error) {
		return x.Acknowledge(ctx, by, ref)
	})
}

type alertCloseCmd struct {
	exchangeDir
	stating
	thing
	Outcome string `help:"acted, not_acted or too_late." enum:"acted,not_acted,too_late" required:""`
}

// Run closes the alert.
func (c *alertCloseCmd) Run(g *globals) error {
	return act(g, c.exchangeDir, c.stating, c.thing, func(ctx context.Context, x *exchanging, by exchange.By, ref entente.Ref) (exchange.Done, error) {
		return x.CloseAlert(ctx, by, ref, c.Outcome)
	})
}
