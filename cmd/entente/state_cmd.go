package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"entente/internal/node"
)

// stateCmd prints what a node knows.
type stateCmd struct{ nodeDir }

// Run prints frontier and digest of every projection.
func (c *stateCmd) Run(g *globals) error {
	ctx := context.Background()
	return c.with(ctx, func(n *node.Node) error {
		s, err := readState(ctx, n)
		if err != nil {
			return err
		}
		return g.print(s)
	})
}

// rebuildCmd folds all logs again.
type rebuildCmd struct{ nodeDir }

type rebuilt struct {
	Before nodeState `json:"before"`
	After  nodeState `json:"after"`
	Same   bool      `json:"same"`
}

func (r rebuilt) writeText(w io.Writer) error {
	if err := r.After.writeText(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nsame digests as before: %t\n", r.Same)
	return err
}

// Run rebuilds and holds the digests against those before.
func (c *rebuildCmd) Run(g *globals) error {
	ctx := context.Background()
	ui := newProgressUI(g, os.Stderr)
	defer ui.close()
	return c.with(ctx, func(n *node.Node) error {
		before, err := readState(ctx, n)
		if err != nil {
			return err
		}
		err = n.Store().Rebuild(ctx, func(done, total uint64) { ui.report(n.Writer().Writer(), "rebuild", int(done), int(total)) })
		if err != nil {
			return err
		}
		ui.close()
		after, err := readState(ctx, n)
		if err != nil {
			return err
		}
		r := rebuilt{Before: before, After: after, Same: true}
		for a, p := range before.Projections {
			r.Same = r.Same && p.Digest == after.Projections[a].Digest
		}
		if err := g.print(r); err != nil {
			return err
		}
		if !r.Same {
			return notHolding{errors.New("the rebuilt projection has another digest than the one before")}
		}
		return nil
	})
}
