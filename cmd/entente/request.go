package main

import (
	"context"
	"io"
	"time"

	"entente"
	"entente/internal/api"
	"entente/internal/exchange"
)

// requestCmd asks another party for information, and answers what it asks.
type requestCmd struct {
	List     requestListCmd     `cmd:"" help:"List requests."`
	Show     requestShowCmd     `cmd:"" help:"Show a request with its answers."`
	Compose  requestComposeCmd  `cmd:"" help:"Ask agencies of another party for information; the question is sealed."`
	Open     contentOpenCmd     `cmd:"" help:"Open what a request, refusal, permission request or report of misuse carries."`
	Refuse   requestRefuseCmd   `cmd:"" help:"Refuse a request of the other party, with a reason of the terms."`
	Withdraw requestWithdrawCmd `cmd:"" help:"Take a request of this party back."`
}

type requestListCmd struct {
	exchangeDir
	listing
	Kind string `help:"data, check, case_transfer or trace." enum:",data,check,case_transfer,trace" default:""`
}

type requestLines []api.RequestItem

func (l requestLines) writeText(w io.Writer) error {
	for i := range l {
		if err := brief(w, &l[i].SideItem, bodyKind(l[i].Body)); err != nil {
			return err
		}
	}
	return nil
}

// Run lists the requests.
func (c *requestListCmd) Run(g *globals) error {
	return c.with(g, func(ctx context.Context, x *exchanging) error {
		f := c.filter()
		f.Kind = c.Kind
		page, err := x.Requests(ctx, exchange.Node, f, time.Now())
		if err != nil {
			return err
		}
		out := requestLines{}
		for _, r := range page.Items {
			out = append(out, api.RequestOf(r))
		}
		return g.print(out)
	})
}

type requestShowCmd struct {
	exchangeDir
	thing
}

// Run shows the request.
func (c *requestShowCmd) Run(g *globals) error {
	return c.with(g, func(ctx context.Context, x *exchanging) error {
		ref, err := c.ref(ctx, x)
		if err != nil {
			return err
		}
		r, err := x.Request(ctx, exchange.Node, ref, time.Now())
		if err != nil {
			return err
		}
		return g.print(asJSON{api.RequestOf(r)})
	})
}

type requestComposeCmd struct{ composing }

// Run composes the request.
func (c *requestComposeCmd) Run(g *globals) error { return c.compose(g, entente.TypeRequest, false) }

type requestRefuseCmd struct {
	exchangeDir
	stating
	thing
	Reason string `help:"Code of a reason of the terms." required:""`
}

// Run refuses.
func (c *requestRefuseCmd) Run(g *globals) error {
	return act(g, c.exchangeDir, c.stating, c.thing, func(ctx context.Context, x *exchanging, by exchange.By, ref entente.Ref) (exchange.Done, error) {
		return x.Refuse(ctx, by, ref, c.Reason)
	})
}

type requestWithdrawCmd struct {
	exchangeDir
	stating
	thing
}

// Run withdraws.
func (c *requestWithdrawCmd) Run(g *globals) error {
	return act(g, c.exchangeDir, c.stating, c.thing, func(ctx context.Context, x *exchanging, by exchange.By, ref entente.Ref) (exchange.Done, error) {
		return x.WithdrawRequest(ctx, by, ref)
	})
}
