package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"entente"
	"entente/internal/exchange"
	"entente/internal/node"
	"entente/internal/store"
)

// exchangeDraftCmd is for whoever writes a draft on, and for the second officer, who
// reads what is to be signed.
type exchangeDraftCmd struct {
	draftNamed
	person
	Out string `help:"Directory to write the attached files to; it must be empty or not exist." placeholder:"DIR"`
}

// draftShown is a draft with what it will carry.
type draftShown struct {
	ID       string          `json:"id"`
	Type     entente.Type    `json:"type"`
	State    string          `json:"state"`
	Revision int             `json:"revision"`
	Note     string          `json:"note,omitempty"`
	Body     json.RawMessage `json:"body"`
	Content  *opening        `json:"content,omitempty"`
}

func (d draftShown) writeText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s  %s  revision %d\n", d.ID, d.Type, d.State, d.Revision)
	if d.Note != "" {
		fmt.Fprintf(&b, "returned: %s\n", d.Note)
	}
	body, err := json.MarshalIndent(d.Body, "", "  ")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "%s%s\n", b.String(), body); err != nil || d.Content == nil {
		return err
	}
	return d.Content.writeText(w)
}

// Run shows the draft.
func (c *exchangeDraftCmd) Run(g *globals) error {
	return c.with(g, func(ctx context.Context, x *exchanging) error {
		_, v, err := c.unlock(ctx, x)
		if err != nil {
			return err
		}
		d, err := x.Draft(ctx, v, c.Draft)
		if errors.Is(err, exchange.ErrNotFound) {
			return c.showAct(ctx, x, v)
		}
		if err != nil {
			return err
		}
		out, err := shownDraft(d.WorkDraft)
		if err != nil {
			return err
		}
		out.Content = &opening{Title: d.Title, Text: d.Text, Files: []fileLine{}}
		for _, f := range d.Files {
			out.Content.Files = append(out.Content.Files, fileLine{f.Name, f.Media, f.Size, f.Digest})
		}
		if c.Out != "" {
			if err := c.write(ctx, x, v, d); err != nil {
				return err
			}
			out.Content.Dir = c.Out
		}
		return g.print(out)
	})
}

// showAct shows what carries nothing.
func (c *exchangeDraftCmd) showAct(ctx context.Context, x *exchanging, v exchange.Viewer) error {
	d, err := actOf(ctx, x, v, c.Draft)
	if err != nil {
		return err
	}
	out, err := shownDraft(d)
	if err != nil {
		return err
	}
	return x.g.print(out)
}

// actOf finds an act of the viewer's agency that carries nothing.
func actOf(ctx context.Context, x *exchanging, v exchange.Viewer, id string) (store.WorkDraft, error) {
	d, err := x.node.Store().Draft(ctx, id)
	if err == nil && (!isAct(d.Type) || d.Agency != v.Agency) {
		err = exchange.ErrNotFound
	}
	return d, err
}

// isAct reports whether a draft of this type is an act of the exchange that carries
// nothing.
func isAct(t entente.Type) bool {
	return t == entente.TypeWithdrawal || t.Exchange() && !exchange.Composed(t)
}

func shownDraft(d store.WorkDraft) (draftShown, error) {
	m, err := node.Meta(d)
	return draftShown{ID: d.ID, Type: d.Type, State: string(d.State), Revision: d.Revision, Note: m.Note, Body: d.Body}, err
}

// write writes the attached files.
func (c *exchangeDraftCmd) write(ctx context.Context, x *exchanging, v exchange.Viewer, d *exchange.Draft) error {
	if err := emptyDir(c.Out); err != nil {
		return err
	}
	ui := newProgressUI(x.g, os.Stderr)
	defer ui.close()
	for _, f := range d.Files {
		_, r, err := x.DraftFile(ctx, v, d.ID, f.Name)
		if err != nil {
			return err
		}
		err = writeWhole(filepath.Join(c.Out, f.Name), &metered{r: r, name: f.Name, stage: "open", size: f.Size, ui: ui})
		if err := errors.Join(err, r.Close()); err != nil {
			return err
		}
	}
	return nil
}

// exchangeReviseCmd changes a draft that is open or was returned.
type exchangeReviseCmd struct {
	draftNamed
	person
	Body   string   `help:"File with the JSON body in place of the one that it has, or - for standard input." placeholder:"FILE"`
	Title  *string  `help:"Title of the content; sealed."`
	Text   string   `help:"File with the text of the content, or - for standard input; sealed." placeholder:"FILE"`
	Attach []string `help:"File to attach, in place of one of the same name; sealed. May be given several times." sep:"none" placeholder:"FILE"`
	Detach []string `help:"Name of an attached file to remove; it is shredded. May be given several times." sep:"none" placeholder:"NAME"`
}

// Run revises, and says what stands in the way then.
func (c *exchangeReviseCmd) Run(g *globals) error {
	if c.Body == "-" && c.Text == "-" {
		return errors.New("standard input is body or text, not both")
	}
	return c.with(g, func(ctx context.Context, x *exchanging) error {
		_, v, err := c.unlock(ctx, x)
		if err != nil {
			return err
		}
		d, err := x.Draft(ctx, v, c.Draft)
		if err != nil {
			return err
		}
		if err := c.revise(ctx, x, v, d); err != nil {
			return err
		}
		return gateOf(ctx, x, v, d.ID)
	})
}

func (c *exchangeReviseCmd) revise(ctx context.Context, x *exchanging, v exchange.Viewer, d *exchange.Draft) error {
	if c.Body != "" {
		body, err := readInput(c.Body)
		if err != nil {
			return err
		}
		if !json.Valid(body) {
			return fmt.Errorf("%s is not JSON", c.Body)
		}
		if _, err := x.SaveBody(ctx, v, d.ID, d.Revision, json.RawMessage(body)); err != nil {
			return err
		}
	}
	if c.Title != nil || c.Text != "" {
		title, text := d.Title, d.Text
		if c.Title != nil {
			title = *c.Title
		}
		if c.Text != "" {
			raw, err := readInput(c.Text)
			if err != nil {
				return err
			}
			text = string(raw)
		}
		if err := x.SetText(ctx, v, d.ID, title, text); err != nil {
			return err
		}
	}
	for _, name := range c.Detach {
		if err := x.Detach(ctx, v, d.ID, name); err != nil {
			return err
		}
	}
	ui := newProgressUI(x.g, os.Stderr)
	defer ui.close()
	for _, path := range c.Attach {
		if err := attach(ctx, x, v, d.ID, path, ui); err != nil {
			return err
		}
	}
	return nil
}
