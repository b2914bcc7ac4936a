package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"entente"
	"entente/internal/node"
	"entente/internal/store"
)

// entryCmd states facts from the command line, through the same gates as the desk.
type entryCmd struct {
	Add      entryAddCmd      `cmd:"" help:"State an entry of any type from a JSON body; a joint type states this party's half."`
	Check    entryCheckCmd    `cmd:"" help:"Say what stands in the way of an entry, without stating it."`
	Publish  entryPublishCmd  `cmd:"" help:"Copy an inner entry to the public log; of a joint thing, this party's half."`
	Position entryPositionCmd `cmd:"" help:"Concur with, take note of or dispute an exact version of another's fact."`
	Withdraw entryWithdrawCmd `cmd:"" help:"Withdraw one of this party's own things; its versions stay readable."`
	Accept   entryAcceptCmd   `cmd:"" help:"State this party's half of a joint thing, with exactly the other's bytes."`
	Consent  entryConsentCmd  `cmd:"" help:"Consent to the publication of a joint thing that stands complete between the parties."`
}

// signing says who signs.
type signing struct {
	Agency string `help:"Agency that states it."`
	By     string `help:"Sign-in name of the officer who states it; passphrase from ENTENTE_BY_PASSPHRASE or the terminal."`
	Second string `help:"Sign-in name of the releasing officer; passphrase from ENTENTE_SECOND_PASSPHRASE or the terminal."`
}

// officers unlocks the officers that are named.
func (s signing) officers(ctx context.Context, n *node.Node) (by, second *node.Officer, err error) {
	if s.By != "" {
		if by, err = unlock(ctx, n, s.By, "ENTENTE_BY_PASSPHRASE"); err != nil {
			return nil, nil, err
		}
	}
	if s.Second != "" {
		second, err = unlock(ctx, n, s.Second, "ENTENTE_SECOND_PASSPHRASE")
	}
	return by, second, err
}

// intent is what entry add and entry check take.
type intent struct {
	nodeDir
	signing
	Type     string `arg:"" help:"Type of the entry, as in spec/entry-types.md."`
	Subject  string `arg:"" help:"Subject: names the thing among this party's things of the type."`
	Body     string `arg:"" help:"File with the JSON body, or - for standard input."`
	Audience string `help:"Log it goes to." enum:"national,shared,public" default:"public"`
	ID       string `help:"UUIDv7 of the entry: the same again gives the first result again."`
}

func (c *intent) read() (node.Intent, error) {
	raw, err := readInput(c.Body)
	if err != nil {
		return node.Intent{}, err
	}
	if !json.Valid(raw) {
		return node.Intent{}, fmt.Errorf("%s is not JSON", c.Body)
	}
	return node.Intent{
		ID: c.ID, Type: entente.Type(c.Type), Subject: c.Subject, Agency: c.Agency,
		Audience: entente.Audience(c.Audience), Body: json.RawMessage(raw),
	}, nil
}

func readInput(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(io.LimitReader(os.Stdin, entente.MaxEntry+1))
	}
	return os.ReadFile(name)
}

type entryAddCmd struct{ intent }

// stated is what was appended.
type stated struct {
	Ref      string         `json:"ref"`
	Leaf     entente.Digest `json:"leaf"`
	Existing bool           `json:"existing,omitempty"`
}

func (s stated) writeText(w io.Writer) error {
	note := ""
	if s.Existing {
		note = "  (was there before)"
	}
	_, err := fmt.Fprintf(w, "%s  leaf %s%s\n", s.Ref, s.Leaf, note)
	return err
}

func printStated(g *globals, a node.Appended) error {
	return g.print(stated{Ref: a.Ref.String(), Leaf: a.Ref.Leaf, Existing: a.Existing})
}

// Run states the entry.
func (c *entryAddCmd) Run(g *globals) error {
	in, err := c.read()
	if err != nil {
		return err
	}
	return c.act(g, func(ctx context.Context, n *node.Node, by, second *node.Officer) (node.Appended, error) {
		in.By, in.Second = by, second
		if rule, ok := entente.Rule(in.Type); ok && rule.Joint {
			return n.Propose(ctx, in)
		}
		return n.Append(ctx, in)
	})
}

// act opens node and officers for one appending act.
func (c *intent) act(g *globals, do func(context.Context, *node.Node, *node.Officer, *node.Officer) (node.Appended, error)) error {
	return appending(g, c.nodeDir, c.signing, do)
}

func appending(g *globals, d nodeDir, s signing, do func(context.Context, *node.Node, *node.Officer, *node.Officer) (node.Appended, error)) error {
	ctx := context.Background()
	return d.with(ctx, func(n *node.Node) error {
		by, second, err := s.officers(ctx, n)
		if err != nil {
			return err
		}
		a, err := do(ctx, n, by, second)
		if err != nil {
			return inWords(err)
		}
		return printStated(g, a)
	})
}

// inWords says a refusal in one line: the rule, and what would make it possible.
func inWords(err error) error {
	var r *node.Refusal
	if !errors.As(err, &r) {
		return err
	}
	rule, mend := r.In("en")
	text := "refused: " + rule
	if mend != "" {
		text += " " + mend
	}
	if r.Detail != "" {
		text += " (" + r.Detail + ")"
	}
	return errors.New(text + " [" + r.Code + "]")
}

type entryCheckCmd struct{ intent }

type checked []node.Finding

func (l checked) writeText(w io.Writer) error {
	if len(l) == 0 {
		_, err := fmt.Fprintln(w, "nothing stands in the way")
		return err
	}
	for _, f := range l {
		rule, mend := f.In("en")
		mark := "stops it"
		if !f.Blocking {
			mark = "to come "
		}
		if _, err := fmt.Fprintf(w, "%s  %s %s [%s]\n", mark, rule, mend, f.Code); err != nil {
			return err
		}
	}
	return nil
}

// Run asks the gate.
func (c *entryCheckCmd) Run(g *globals) error {
	in, err := c.read()
	if err != nil {
		return err
	}
	ctx := context.Background()
	return c.with(ctx, func(n *node.Node) error {
		by, second, err := c.officers(ctx, n)
		if err != nil {
			return err
		}
		in.By, in.Second = by, second
		found, err := n.Check(ctx, in)
		if err != nil {
			return inWords(err)
		}
		if err := g.print(checked(found)); err != nil {
			return err
		}
		for _, f := range found {
			if f.Blocking {
				return notHolding{errors.New("the gate would refuse it")}
			}
		}
		return nil
	})
}

// named is the name of an entry on the command line.
type named struct {
	Name string `arg:"" help:"Name of the entry: origin#index."`
}

// ref finds the entry with its leaf hash.
func (e named) ref(ctx context.Context, n *node.Node) (entente.Ref, error) {
	origin, index, ok := strings.Cut(e.Name, "#")
	i, err := strconv.ParseUint(index, 10, 63)
	if !ok || err != nil {
		return entente.Ref{}, errors.New("an entry is named origin#index, such as demo.us.entente/public#12")
	}
	v, err := store.ByRef[json.RawMessage](ctx, n.View(n.Audience()), origin, i)
	if err != nil {
		return entente.Ref{}, fmt.Errorf("%s: %w", e.Name, err)
	}
	return v.Ref, nil
}

type entryPublishCmd struct {
	nodeDir
	signing
	named
}

// Run publishes.
func (c *entryPublishCmd) Run(g *globals) error {
	return appending(g, c.nodeDir, c.signing, func(ctx context.Context, n *node.Node, by, second *node.Officer) (node.Appended, error) {
		ref, err := c.ref(ctx, n)
		if err != nil {
			return node.Appended{}, err
		}
		return n.Publish(ctx, ref, by, second)
	})
}

type entryPositionCmd struct {
	nodeDir
	signing
	named
	Stance   string `arg:"" help:"concurs, takes_note or disputes." enum:"concurs,takes_note,disputes"`
	ReasonES string `help:"Reason in Spanish; required to dispute." name:"reason-es"`
	ReasonEN string `help:"Reason in English." name:"reason-en"`
	Audience string `help:"Log it goes to." enum:"national,shared,public" default:"public"`
}

// Run takes the position.
func (c *entryPositionCmd) Run(g *globals) error {
	return appending(g, c.nodeDir, c.signing, func(ctx context.Context, n *node.Node, by, second *node.Officer) (node.Appended, error) {
		ref, err := c.ref(ctx, n)
		if err != nil {
			return node.Appended{}, err
		}
		stand := node.Stand{On: ref, Stance: entente.Stance(c.Stance)}
		if t := (entente.Text{ES: c.ReasonES, EN: c.ReasonEN}); !t.IsZero() {
			stand.Reason = &t
		}
		done, err := n.TakePositions(ctx, entente.Audience(c.Audience), c.Agency, by, second, stand)
		if err != nil {
			return node.Appended{}, err
		}
		return done[0], nil
	})
}

type entryWithdrawCmd struct {
	nodeDir
	signing
	named
	ReasonES string `help:"Reason in Spanish." name:"reason-es" required:""`
	ReasonEN string `help:"Reason in English." name:"reason-en" required:""`
}

// Run withdraws.
func (c *entryWithdrawCmd) Run(g *globals) error {
	return appending(g, c.nodeDir, c.signing, func(ctx context.Context, n *node.Node, by, second *node.Officer) (node.Appended, error) {
		ref, err := c.ref(ctx, n)
		if err != nil {
			return node.Appended{}, err
		}
		return n.Withdraw(ctx, ref, entente.Text{ES: c.ReasonES, EN: c.ReasonEN}, by, second)
	})
}

type entryAcceptCmd struct {
	nodeDir
	signing
	named
}

// Run states this party's half.
func (c *entryAcceptCmd) Run(g *globals) error {
	return appending(g, c.nodeDir, c.signing, func(ctx context.Context, n *node.Node, by, second *node.Officer) (node.Appended, error) {
		ref, err := c.ref(ctx, n)
		if err != nil {
			return node.Appended{}, err
		}
		return n.Accept(ctx, ref, node.Intent{Agency: c.Agency, By: by, Second: second})
	})
}

type entryConsentCmd struct {
	nodeDir
	signing
	Type    string         `arg:"" help:"Type of the joint thing."`
	Subject string         `arg:"" help:"Its subject."`
	Digest  entente.Digest `arg:"" help:"SHA-256 of its body."`
}

// Run consents.
func (c *entryConsentCmd) Run(g *globals) error {
	return appending(g, c.nodeDir, c.signing, func(ctx context.Context, n *node.Node, by, second *node.Officer) (node.Appended, error) {
		return n.Consent(ctx, entente.Type(c.Type), c.Subject, c.Digest, node.Intent{Agency: c.Agency, By: by, Second: second})
	})
}
