package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"entente/internal/node"
)

// backupCmd copies a node while it runs.
type backupCmd struct {
	nodeDir
	To string `arg:"" help:"Directory to make; it must not exist." type:"path"`
}

type copied struct {
	From string `json:"from"`
	To   string `json:"to"`
	Note string `json:"note"`
}

func (c copied) writeText(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s -> %s\n%s\n", c.From, c.To, c.Note)
	return err
}

// Run copies the node.
func (c *backupCmd) Run(g *globals) error {
	ctx := context.Background()
	if err := c.with(ctx, func(n *node.Node) error { return n.Backup(ctx, c.To) }); err != nil {
		return err
	}
	return g.print(copied{From: c.Dir, To: c.To, Note: "The copy holds the keys under their passphrases: guard it as the node itself."})
}

// restoreCmd makes a node of a backup.
type restoreCmd struct {
	From string `arg:"" help:"Directory of the backup." type:"existingdir"`
	To   string `arg:"" help:"Directory of the node to make; it must not exist." type:"path"`
	// AttestNoTail is an operator's word, kept in the audit trail.
	AttestNoTail bool `help:"Attest that nothing was appended after the backup, so that the node may append at once. If that is wrong, it forks its own logs."`
}

// Run copies the backup and marks it restored.
func (c *restoreCmd) Run(g *globals) (err error) {
	ctx := context.Background()
	if err := node.Restore(c.From, c.To); err != nil {
		return err
	}
	n, err := openNode(ctx, c.To, node.Options{Restored: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	note := "It starts read-only until it has the tails of its own logs back from the other nodes."
	if c.AttestNoTail {
		if err := n.AttestNoTail(ctx, "operator"); err != nil {
			return err
		}
		note = "Attested that there is no tail: it may append at once."
	}
	return g.print(copied{From: c.From, To: c.To, Note: note})
}
