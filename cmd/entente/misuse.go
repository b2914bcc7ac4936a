package main

import (
	"context"
	"time"

	"entente"
	"entente/internal/exchange"
)

// misuseCmd reports misuse, and says what came of a report.
type misuseCmd struct {
	Report  misuseReportCmd  `cmd:"" help:"Report that a release was used against its conditions; it freezes onward use at once."`
	Compose misuseComposeCmd `cmd:"" help:"The same with a sealed note."`
	Outcome misuseOutcomeCmd `cmd:"" help:"Say what came of a report of misuse."`
}

type misuseReportCmd struct {
	exchangeDir
	stating
	thing
	Kind string    `help:"beyond_purpose, onward_without_permission, disclosure, kept_too_long or other." enum:"beyond_purpose,onward_without_permission,disclosure,kept_too_long,other" required:""`
	Due  time.Time `help:"When an answer is late (RFC 3339)." required:""`
}

// Run reports.
func (c *misuseReportCmd) Run(g *globals) error {
	return act(g, c.exchangeDir, c.stating, c.thing, func(ctx context.Context, x *exchanging, by exchange.By, ref entente.Ref) (exchange.Done, error) {
		return x.ReportMisuse(ctx, by, ref, c.Kind, c.Due)
	})
}

type misuseComposeCmd struct{ composing }

// Run composes the report.
func (c *misuseComposeCmd) Run(g *globals) error { return c.compose(g, entente.TypeMisuse, false) }

type misuseOutcomeCmd struct {
	exchangeDir
	stating
	thing
	Report  string `arg:"" help:"Name of the report: the party and the index in its shared log."`
	Outcome string `help:"founded, unfounded or remedied." enum:"founded,unfounded,remedied" required:""`
}

// Run states the outcome.
func (c *misuseOutcomeCmd) Run(g *globals) error {
	return act(g, c.exchangeDir, c.stating, c.thing, func(ctx context.Context, x *exchanging, by exchange.By, ref entente.Ref) (exchange.Done, error) {
		report, err := refOf(ctx, x.node, c.Report)
		if err != nil {
			return exchange.Done{}, err
		}
		return x.MisuseOutcome(ctx, by, ref, report, c.Outcome)
	})
}
