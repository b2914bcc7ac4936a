package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"entente"
	"entente/internal/exchange"
)

// pauseCmd suspends what this party lets out.
type pauseCmd struct {
	List   pauseListCmd   `cmd:"" help:"List the pauses of all parties that stand."`
	Start  pauseStartCmd  `cmd:"" help:"Suspend what this party lets out: in an area, of an agency, or all."`
	Resume pauseResumeCmd `cmd:"" help:"End a pause of this party."`
}

type pauseListCmd struct{ exchangeDir }

type pauseLine struct {
	Name   string        `json:"name"`
	Party  entente.Party `json:"party"`
	Time   time.Time     `json:"time"`
	Scope  string        `json:"scope"`
	Area   string        `json:"area,omitempty"`
	Agency string        `json:"agency,omitempty"`
	Reason entente.Text  `json:"reason,omitzero"`
}

type pauseLines []pauseLine

func (l pauseLines) writeText(w io.Writer) error {
	if len(l) == 0 {
		_, err := fmt.Fprintln(w, "nothing is paused")
		return err
	}
	for _, p := range l {
		if _, err := fmt.Fprintf(w, "%-8s %s  %-9s %s%s  %s\n", p.Name, p.Time.UTC().Format("2006-01-02 15:04Z"), p.Scope, p.Area, p.Agency, p.Reason.EN); err != nil {
			return err
		}
	}
	return nil
}

// Run lists the pauses.
func (c *pauseListCmd) Run(g *globals) error {
	return c.with(g, func(ctx context.Context, x *exchanging) error {
		list, err := x.Pauses(ctx)
		if err != nil {
			return err
		}
		out := pauseLines{}
		for _, p := range list {
			out = append(out, pauseLine{fmt.Sprintf("%s#%d", p.Party, p.Ref.Index), p.Party, p.Time, p.Body.Scope, p.Body.Area, p.Body.Agency, p.Body.Reason})
		}
		return g.print(out)
	})
}

type pauseStartCmd struct {
	exchangeDir
	stating
	Scope    string `help:"area, agency or programme." enum:"area,agency,programme" required:""`
	Area     string `help:"Code of the area."`
	Agency   string `help:"Code of the agency of this party."`
	ReasonES string `help:"Reason in Spanish." name:"reason-es"`
	ReasonEN string `help:"Reason in English." name:"reason-en"`
}

// Run pauses.
func (c *pauseStartCmd) Run(g *globals) error {
	if (c.Scope == "area") != (c.Area != "") || (c.Scope == "agency") != (c.Agency != "") {
		return errors.New("name what is paused: --area with --scope area, --agency with --scope agency, neither with --scope programme")
	}
	return c.with(g, func(ctx context.Context, x *exchanging) error {
		by, err := c.by(ctx, x.node)
		if err != nil {
			return err
		}
		done, err := x.Pause(ctx, by, entente.Pause{Scope: c.Scope, Area: c.Area, Agency: c.Agency, Reason: entente.Text{ES: c.ReasonES, EN: c.ReasonEN}})
		if err != nil {
			return err
		}
		return g.print(actedOf(done.Draft, done.Entry))
	})
}

type pauseResumeCmd struct {
	exchangeDir
	stating
	thing
}

// Run resumes.
func (c *pauseResumeCmd) Run(g *globals) error {
	return act(g, c.exchangeDir, c.stating, c.thing, func(ctx context.Context, x *exchanging, by exchange.By, ref entente.Ref) (exchange.Done, error) {
		return x.Resume(ctx, by, ref)
	})
}
