package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"entente"
	"entente/internal/entry"
	"entente/internal/keys"
	"entente/internal/node"
)

// nodeDir is the flag of commands that work on one node.
type nodeDir struct {
	Dir string `help:"The node's directory." default:"." type:"existingdir"`
}

// open opens the node with its passphrase. A node may be opened by a command while
// it serves: readers do not wait, writers take turns.
func (d nodeDir) open(ctx context.Context) (*node.Node, error) {
	return openNode(ctx, d.Dir, node.Options{})
}

// openNode opens the node in dir with the passphrase that was given, or, on a
// demonstration's node, with the one that every demonstration has.
func openNode(ctx context.Context, dir string, o node.Options) (*node.Node, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "genesis.entry"))
	if err != nil {
		return nil, fmt.Errorf("%s holds no node: give the directory of one with --dir, or make one with entente init", dir)
	}
	genesis, err := genesisOf(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, "genesis.entry"), err)
	}
	o.WorkFactor = workFactor()
	o.Passphrase = os.Getenv(passphraseEnv)
	if o.Passphrase == "" && genesis.Demo {
		o.Passphrase = demoPassphrase
		n, err := node.Open(ctx, dir, o)
		if !errors.Is(err, keys.ErrPassphrase) {
			return n, err
		}
	}
	if o.Passphrase, err = askPassphrase("passphrase of the node's keys", passphraseEnv); err != nil {
		return nil, err
	}
	return node.Open(ctx, dir, o)
}

// workFactorEnv holds the base-2 logarithm of scrypt's cost of new key files, for
// tests and trials that make many; without it the cost is about a second.
const workFactorEnv = "ENTENTE_WORK_FACTOR"

// workFactor is scrypt's, 0 for the default.
func workFactor() int {
	n, err := strconv.Atoi(os.Getenv(workFactorEnv))
	if err != nil || n < 1 || n > keys.DefaultWorkFactor {
		return 0
	}
	return n
}

// with opens the node for one act.
func (d nodeDir) with(ctx context.Context, act func(*node.Node) error) (err error) {
	n, err := d.open(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if closing := n.Close(); err == nil {
			err = closing
		}
	}()
	return act(n)
}

// genesisOf reads a genesis entry.
func genesisOf(raw []byte) (*entente.Genesis, error) {
	parsed, err := entry.Parse(raw)
	if err != nil {
		return nil, err
	}
	body, err := entry.DecodeBody(parsed.Type, parsed.Header.Body)
	if err != nil {
		return nil, err
	}
	g, ok := body.(*entente.Genesis)
	if !ok {
		return nil, fmt.Errorf("this is a %s entry, not a genesis", parsed.Type)
	}
	return g, nil
}
