package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"entente"
	"entente/internal/node"
)

// keyExportCmd is break-glass: an agency's sealing key leaves the node.
type keyExportCmd struct {
	nodeDir
	Name     string `arg:"" help:"Name of the agency's sealing key (entente key list)."`
	ReasonES string `help:"Reason in Spanish; it is in the shared log." name:"reason-es" required:""`
	ReasonEN string `help:"Reason in English." name:"reason-en" required:""`
	Out      string `help:"File to write the key to, for age -d -i; it must not exist." required:"" placeholder:"FILE"`
	By       string `help:"Sign-in name of the officer; passphrase from ENTENTE_BY_PASSPHRASE or the terminal." required:""`
	Second   string `help:"Sign-in name of the releasing officer, another person; passphrase from ENTENTE_SECOND_PASSPHRASE or the terminal." required:""`
	ID       string `help:"UUIDv7 of the entry: the same again gives the first result again."`
}

// keyExported is what was written.
type keyExported struct {
	stated
	File string `json:"file"`
}

func (e keyExported) writeText(w io.Writer) error {
	if err := e.stated.writeText(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "key written to %s: whoever has the file opens what is sealed to the agency, and no use is recorded\n", e.File)
	return err
}

// Run appends the entry, and then writes the key.
func (c *keyExportCmd) Run(g *globals) error {
	ctx := context.Background()
	return c.with(ctx, func(n *node.Node) error {
		by, second, err := signing{By: c.By, Second: c.Second}.officers(ctx, n)
		if err != nil {
			return err
		}
		// The file is made first: a key that left the node and was then lost would
		// be an entry for nothing.
		f, err := os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		key, at, err := n.ExportSealKey(ctx, node.KeyExport{ID: c.ID, Key: c.Name, Reason: entente.Text{ES: c.ReasonES, EN: c.ReasonEN}, By: by, Second: second})
		if err == nil {
			_, err = io.WriteString(f, key)
		}
		if err == nil {
			err = f.Sync()
		}
		if closing := f.Close(); err == nil {
			err = closing
		}
		if err != nil {
			return errors.Join(inWords(err), os.Remove(c.Out))
		}
		return g.print(keyExported{stated{Ref: at.Ref.String(), Leaf: at.Ref.Leaf, Existing: at.Existing}, c.Out})
	})
}
