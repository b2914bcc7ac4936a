package main

import (
	"context"
	"io"
	"time"

	"entente"
	"entente/internal/api"
	"entente/internal/exchange"
)

// permissionCmd asks for what only another party can permit, and answers.
type permissionCmd struct {
	List       permissionListCmd       `cmd:"" help:"List permission requests."`
	Show       permissionShowCmd       `cmd:"" help:"Show a permission request with its answer."`
	Collection permissionCollectionCmd `cmd:"" help:"Ask the owner of the territory for the permission to release what a release draft carries."`
	Ask        permissionAskCmd        `cmd:"" help:"Ask the originator to pass a release on, or to use it for another purpose."`
	Answer     permissionAnswerCmd     `cmd:"" help:"Grant or refuse what was asked of this party."`
	Withdraw   permissionWithdrawCmd   `cmd:"" help:"Take a permission back that this party gave, or a permission request of its own."`
}

type permissionListCmd struct {
	exchangeDir
	listing
	Kind string `help:"collection, onward or use." enum:",collection,onward,use" default:""`
}

type permissionLines []api.PermissionItem

func (l permissionLines) writeText(w io.Writer) error {
	for i := range l {
		if err := brief(w, &l[i].SideItem, bodyKind(l[i].Body)); err != nil {
			return err
		}
	}
	return nil
}

// Run lists the permission requests.
func (c *permissionListCmd) Run(g *globals) error {
	return c.with(g, func(ctx context.Context, x *exchanging) error {
		f := c.filter()
		f.Kind = c.Kind
		page, err := x.Permissions(ctx, exchange.Node, f, time.Now())
		if err != nil {
			return err
		}
		out := permissionLines{}
		for _, p := range page.Items {
			out = append(out, api.PermissionOf(p))
		}
		return g.print(out)
	})
}

type permissionShowCmd struct {
	exchangeDir
	thing
}

// Run shows the permission request.
func (c *permissionShowCmd) Run(g *globals) error {
	return c.with(g, func(ctx context.Context, x *exchanging) error {
		ref, err := c.ref(ctx, x)
		if err != nil {
			return err
		}
		p, err := x.Permission(ctx, exchange.Node, ref, time.Now())
		if err != nil {
			return err
		}
		return g.print(asJSON{api.PermissionOf(p)})
	})
}

type permissionCollectionCmd struct {
	draftNamed
	person
	Second  string `help:"Sign-in name of the releasing officer who signs at once."`
	Of      string `help:"Party that owns the territory." required:""`
	Purpose string `help:"Code of the purpose." required:""`
	Title   string `help:"Title of the description; sealed."`
	Text    string `help:"File with the description, or - for standard input; sealed to the party that is asked." required:"" placeholder:"FILE"`
	ID      string `help:"UUIDv7 of the entry."`
}

// Run asks.
func (c *permissionCollectionCmd) Run(g *globals) error {
	text, err := readInput(c.Text)
	if err != nil {
		return err
	}
	return c.with(g, func(ctx context.Context, x *exchanging) error {
		by, second, err := signing{By: c.By, Second: c.Second}.officers(ctx, x.node)
		if err != nil {
			return err
		}
		user, err := x.node.Store().User(ctx, c.By)
		if err != nil {
			return err
		}
		d, err := x.AskCollection(ctx, user, c.Draft, c.ID, entente.Party(c.Of), c.Purpose, c.Title, string(text))
		if err != nil {
			return err
		}
		return submit(ctx, x, d.ID, by, second)
	})
}

type permissionAskCmd struct {
	exchangeDir
	stating
	thing
	Purpose string   `help:"Code of the purpose." required:""`
	Agency  []string `help:"Agency of this party to pass it on to; without any, it is asked to use it for the purpose."`
}

// Run asks.
func (c *permissionAskCmd) Run(g *globals) error {
	return act(g, c.exchangeDir, c.stating, c.thing, func(ctx context.Context, x *exchanging, by exchange.By, ref entente.Ref) (exchange.Done, error) {
		if len(c.Agency) > 0 {
			return x.AskOnward(ctx, by, ref, c.Purpose, c.Agency)
		}
		return x.AskUse(ctx, by, ref, c.Purpose)
	})
}

type permissionAnswerCmd struct {
	exchangeDir
	stating
	thing
	Grant  bool   `help:"It is permitted." xor:"answer" required:""`
	Refuse bool   `help:"It is not." xor:"answer" required:""`
	Until  string `help:"Last day of the permission (YYYY-MM-DD)."`
	Reason string `help:"Code of a reason of the terms, where it is refused."`
}

// Run answers.
func (c *permissionAnswerCmd) Run(g *globals) error {
	if err := checkDay(c.Until); err != nil {
		return err
	}
	return act(g, c.exchangeDir, c.stating, c.thing, func(ctx context.Context, x *exchanging, by exchange.By, ref entente.Ref) (exchange.Done, error) {
		return x.Answer(ctx, by, ref, c.Grant, entente.Date(c.Until), c.Reason)
	})
}

type permissionWithdrawCmd struct {
	exchangeDir
	stating
	thing
}

// Run withdraws.
func (c *permissionWithdrawCmd) Run(g *globals) error {
	return act(g, c.exchangeDir, c.stating, c.thing, func(ctx context.Context, x *exchanging, by exchange.By, ref entente.Ref) (exchange.Done, error) {
		return x.WithdrawPermission(ctx, by, ref)
	})
}
