package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"os"
	"path/filepath"

	"entente"
	"entente/internal/exchange"
	"entente/internal/node"
	"entente/internal/store"
)

// composing are the flags of what is composed with sealed content.
type composing struct {
	exchangeDir
	Body   string   `arg:"" help:"File with the JSON body (spec/schemas), or - for standard input; digests of sealed content are filled in."`
	Title  string   `help:"Title of the content; sealed."`
	Text   string   `help:"File with the text of the content, or - for standard input; sealed." placeholder:"FILE"`
	Attach []string `help:"File to attach; sealed. May be given several times." sep:"none" placeholder:"FILE"`
	By     string   `help:"Sign-in name of the officer who drafts; passphrase from ENTENTE_BY_PASSPHRASE or the terminal." required:""`
	Second string   `help:"Sign-in name of the releasing officer who signs at once; without one it waits, where one is due."`
	ID     string   `help:"UUIDv7 of the entry: the same again goes on with the same draft."`
	Draft  bool     `help:"Only keep the draft."`
	Check  bool     `help:"Keep the draft and say what stands in its way."`
}

// compose begins the draft, fills it, and takes it as far as asked.
func (c *composing) compose(g *globals, t entente.Type, emergency bool) error {
	if c.Body == "-" && c.Text == "-" {
		return errors.New("standard input is body or text, not both")
	}
	body, err := readInput(c.Body)
	if err != nil {
		return err
	}
	if !json.Valid(body) {
		return fmt.Errorf("%s is not JSON", c.Body)
	}
	return c.with(g, func(ctx context.Context, x *exchanging) error {
		by, second, err := signing{By: c.By, Second: c.Second}.officers(ctx, x.node)
		if err != nil {
			return err
		}
		id, err := c.fill(ctx, x, t, json.RawMessage(body))
		if err != nil {
			return err
		}
		switch {
		case c.Check:
			return gateOf(ctx, x, exchange.Officer(by), id)
		case c.Draft:
			return g.print(drafted{id})
		case emergency:
			a, err := x.ReleaseEmergency(ctx, id, by)
			return finished(x, id, &a, err)
		}
		return submit(ctx, x, id, by, second)
	})
}

// drafted is a draft that is kept.
type drafted struct {
	Draft string `json:"draft"`
}

func (d drafted) writeText(w io.Writer) error {
	_, err := fmt.Fprintf(w, "draft %s\n", d.Draft)
	return err
}

// submit takes a draft through the gate, by the second officer too where one is
// named.
func submit(ctx context.Context, x *exchanging, id string, by, second *node.Officer) error {
	a, err := x.Submit(ctx, id, by)
	if err == nil && a == nil && second != nil {
		var done node.Appended
		done, err = x.Approve(ctx, id, second)
		a = &done
	}
	return finished(x, id, a, err)
}

// finished prints what became of a draft. What was refused keeps the draft: its
// files may have taken long.
func finished(x *exchanging, id string, a *node.Appended, err error) error {
	if err != nil {
		return fmt.Errorf("%w; the draft %s is kept", inWords(err), id)
	}
	return x.g.print(actedOf(id, a))
}

// fill begins or finds the draft and puts its content in.
func (c *composing) fill(ctx context.Context, x *exchanging, t entente.Type, body json.RawMessage) (string, error) {
	user, err := x.node.Store().User(ctx, c.By)
	if err != nil {
		return "", fmt.Errorf("%s: %w", c.By, err)
	}
	d, err := x.Begin(ctx, user, t, c.ID, body)
	if err != nil {
		return "", err
	}
	v := exchange.ViewerOf(user)
	if c.Title != "" || c.Text != "" {
		var text []byte
		if c.Text != "" {
			if text, err = readInput(c.Text); err != nil {
				return "", err
			}
		}
		if err := x.SetText(ctx, v, d.ID, c.Title, string(text)); err != nil {
			return "", err
		}
	}
	ui := newProgressUI(x.g, os.Stderr)
	defer ui.close()
	for _, path := range c.Attach {
		if err := attach(ctx, x, v, d.ID, path, ui); err != nil {
			return "", err
		}
	}
	return d.ID, nil
}

// attach streams a file into a draft.
func attach(ctx context.Context, x *exchanging, v exchange.Viewer, draft, path string, ui *progressUI) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	name := filepath.Base(path)
	media, _, err := mime.ParseMediaType(mime.TypeByExtension(filepath.Ext(path)))
	if err != nil {
		media = "application/octet-stream"
	}
	_, err = x.Attach(ctx, v, draft, name, media, &metered{r: f, name: name, stage: "seal", size: info.Size(), ui: ui})
	return err
}

// metered tells how much was read.
type metered struct {
	r           io.Reader
	name, stage string
	n, size     int64
	ui          *progressUI
}

// Read implements [io.Reader].
func (m *metered) Read(b []byte) (int, error) {
	n, err := m.r.Read(b)
	m.n += int64(n)
	m.ui.report(m.name, m.stage, int(m.n>>10), int(m.size>>10)) // in KiB
	return n, err
}

// gateOf prints what the gate says; exit code 3 when it would refuse.
func gateOf(ctx context.Context, x *exchanging, v exchange.Viewer, id string) error {
	found, err := x.Gate(ctx, v, id)
	if err != nil {
		return err
	}
	if err := x.g.print(gateOfDraft{id, found}); err != nil {
		return err
	}
	for _, f := range found {
		if f.Blocking {
			return notHolding{errors.New("the gate would refuse it")}
		}
	}
	return nil
}

// gateOfDraft is what stands in the way of a draft.
type gateOfDraft struct {
	Draft    string  `json:"draft"`
	Findings checked `json:"findings"`
}

func (l gateOfDraft) writeText(w io.Writer) error {
	if err := (drafted{l.Draft}).writeText(w); err != nil {
		return err
	}
	return l.Findings.writeText(w)
}

type draftNamed struct {
	exchangeDir
	Draft string `arg:"" help:"Id of the draft."`
}

// person is an officer who works on drafts.
type person struct {
	By string `help:"Sign-in name; passphrase from ENTENTE_BY_PASSPHRASE or the terminal." required:""`
}

func (p person) unlock(ctx context.Context, x *exchanging) (*node.Officer, exchange.Viewer, error) {
	o, err := unlock(ctx, x.node, p.By, "ENTENTE_BY_PASSPHRASE")
	if err != nil {
		return nil, exchange.Viewer{}, err
	}
	return o, exchange.Officer(o), nil
}

type exchangeDraftsCmd struct {
	exchangeDir
	Agency string `arg:"" help:"The agency whose drafts they are."`
}

type draftLine struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	State    string `json:"state"`
	Subject  string `json:"subject"`
	Revision int    `json:"revision"`
}

type draftLines []draftLine

func (l draftLines) writeText(w io.Writer) error {
	for _, d := range l {
		if _, err := fmt.Fprintf(w, "%s  %-18s %-8s %s\n", d.ID, d.Type, d.State, d.Subject); err != nil {
			return err
		}
	}
	return nil
}

// Run lists the drafts.
func (c *exchangeDraftsCmd) Run(g *globals) error {
	return c.with(g, func(ctx context.Context, x *exchanging) error {
		list, err := x.Drafts(ctx, exchange.Viewer{Name: "operator", Agency: c.Agency})
		if err != nil {
			return err
		}
		acts, err := x.node.Store().Drafts(ctx, store.DraftQuery{Agency: c.Agency, States: []store.DraftState{store.DraftWaiting}})
		if err != nil {
			return err
		}
		for _, d := range acts {
			if isAct(d.Type) {
				list = append(list, d)
			}
		}
		out := draftLines{}
		for _, d := range list {
			out = append(out, draftLine{d.ID, string(d.Type), string(d.State), d.Subject, d.Revision})
		}
		return g.print(out)
	})
}

type exchangeGateCmd struct {
	draftNamed
	person
}

// Run asks the gate.
func (c *exchangeGateCmd) Run(g *globals) error {
	return c.with(g, func(ctx context.Context, x *exchanging) error {
		_, v, err := c.unlock(ctx, x)
		if err != nil {
			return err
		}
		return gateOf(ctx, x, v, c.Draft)
	})
}

type exchangeSubmitCmd struct {
	draftNamed
	person
	Second string `help:"Sign-in name of the releasing officer who signs at once."`
}

// Run submits.
func (c *exchangeSubmitCmd) Run(g *globals) error {
	return c.with(g, func(ctx context.Context, x *exchanging) error {
		by, second, err := signing{By: c.By, Second: c.Second}.officers(ctx, x.node)
		if err != nil {
			return err
		}
		return submit(ctx, x, c.Draft, by, second)
	})
}

type exchangeApproveCmd struct {
	draftNamed
	Second string `help:"Sign-in name of the releasing officer; passphrase from ENTENTE_SECOND_PASSPHRASE or the terminal." required:""`
}

// Run approves.
func (c *exchangeApproveCmd) Run(g *globals) error {
	return c.with(g, func(ctx context.Context, x *exchanging) error {
		second, err := unlock(ctx, x.node, c.Second, "ENTENTE_SECOND_PASSPHRASE")
		if err != nil {
			return err
		}
		_, err = x.Draft(ctx, exchange.Officer(second), c.Draft)
		approve := x.Approve
		if errors.Is(err, exchange.ErrNotFound) { // an act without content
			approve = x.ApproveAct
		} else if err != nil {
			return err
		}
		a, err := approve(ctx, c.Draft, second)
		if err != nil {
			return err
		}
		return g.print(actedOf(c.Draft, &a))
	})
}

type exchangeReturnCmd struct {
	draftNamed
	person
	Note string `help:"What is to be mended." required:""`
}

// Run returns the draft.
func (c *exchangeReturnCmd) Run(g *globals) error {
	return c.with(g, func(ctx context.Context, x *exchanging) error {
		_, v, err := c.unlock(ctx, x)
		if err != nil {
			return err
		}
		err = x.Return(ctx, v, c.Draft, c.Note)
		if errors.Is(err, exchange.ErrNotFound) { // an act without content
			if _, err = actOf(ctx, x, v, c.Draft); err == nil {
				err = x.node.Return(ctx, c.Draft, v.Name, c.Note)
			}
		}
		if err != nil {
			return err
		}
		return g.print(drafted{c.Draft})
	})
}

type exchangeDiscardCmd struct {
	draftNamed
	person
}

// Run gives the draft up.
func (c *exchangeDiscardCmd) Run(g *globals) error {
	return c.with(g, func(ctx context.Context, x *exchanging) error {
		_, v, err := c.unlock(ctx, x)
		if err != nil {
			return err
		}
		if err := x.Discard(ctx, v, c.Draft); err != nil {
			return err
		}
		return g.print(drafted{c.Draft})
	})
}
