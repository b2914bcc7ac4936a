package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"entente"
	"entente/internal/entry"
	"entente/internal/keys"
	"entente/internal/store"
)

// InitOptions say whose node is made.
type InitOptions struct {
	// Writer is a party or an observer, without agency.
	Writer entente.Author
	Name   entente.Text
	Demo   bool
	// Base begins origins and key names; the origins are <Base>/<audience>.
	Base string
	// Agencies of a party get a signing and a sealing key each; an observer has one
	// key and no agencies.
	Agencies []string
	// Officers get a key in the genesis, each under the officer's own passphrase.
	Officers []NewOfficer
	// Passphrase opens the node's own keys, RootPassphrase the root key.
	Passphrase, RootPassphrase string
	// WorkFactor is scrypt's; 0 for the default. Tests set it low.
	WorkFactor int
	Clock      func() time.Time
}

// Init makes a node in a directory that does not exist or is empty: keys, genesis,
// and a database with the genesis as index 0 of each of its logs. It returns the
// genesis entry, which is exchanged out of band. The directory is complete or
// absent: it is made aside and then named.
func Init(ctx context.Context, dir string, o InitOptions) (genesis []byte, err error) {
	if found, err := os.ReadDir(dir); err == nil && len(found) > 0 {
		return nil, fmt.Errorf("%s is not empty: a node is made in a directory of its own", dir)
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return nil, err
	}
	aside, err := os.MkdirTemp(parent, ".entente-init-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(aside)
	if genesis, err = initIn(ctx, aside, o); err != nil {
		return nil, err
	}
	if err := os.Rename(aside, dir); err != nil {
		return nil, err
	}
	return genesis, nil
}

func initIn(ctx context.Context, dir string, o InitOptions) ([]byte, error) {
	n := newNode(dir, Options{WorkFactor: o.WorkFactor, Clock: o.Clock})
	officers, err := n.makeKeys(o)
	if err != nil {
		return nil, errors.Join(err, n.Close())
	}
	if err := os.WriteFile(filepath.Join(dir, genesisFile), n.genesis, 0o600); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	if err := n.open(ctx, Options{}); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n.genesis, errors.Join(n.found(ctx, officers, o.RootPassphrase), n.Close())
}

// found appends the genesis to every log, with it the sealing keys that it has no
// room for, and adds the first officers as users.
func (n *Node) found(ctx context.Context, officers []store.User, rootPassphrase string) error {
	var drafts []store.Draft
	for _, origin := range n.origins() {
		drafts = append(drafts, store.Draft{Origin: origin, Raw: n.genesis})
	}
	if _, err := n.store.Append(ctx, drafts...); err != nil {
		return err
	}
	for _, u := range officers {
		if _, err := n.store.AddUser(ctx, u); err != nil {
			return fmt.Errorf("user %s: %w", u.Name, err)
		}
	}
	if err := n.addUnnamed(ctx, rootPassphrase); err != nil {
		return err
	}
	return n.sealCheckpoints(ctx)
}

// makeKeys makes all first keys and the genesis entry that names them.
func (n *Node) makeKeys(o InitOptions) (users []store.User, err error) {
	if n.ring, err = n.keyDir.Create(o.Passphrase); err != nil {
		return nil, err
	}
	root, err := n.keyDir.CreateRoot(o.Base, o.RootPassphrase)
	if err != nil {
		return nil, err
	}
	first, err := n.firstKeys(o)
	if err != nil {
		return nil, err
	}
	sealing, err := n.sealingKeys(o)
	if err != nil {
		return nil, err
	}
	first = append(first, sealing...)
	for _, officer := range o.Officers {
		b, err := n.keyDir.CreateOfficer(o.Base, n.ring.PersonDigest(officer.Name), officer.Passphrase)
		if err != nil {
			return nil, fmt.Errorf("officer %s: %w", officer.Name, err)
		}
		first = append(first, b)
		users = append(users, officer.user(b))
	}
	plan := keys.Plan{Writer: o.Writer, Name: o.Name, Demo: o.Demo, Base: o.Base}
	if n.self, err = keys.Genesis(plan, root, first); err != nil {
		return nil, err
	}
	n.genesis, err = n.signGenesis(o.RootPassphrase)
	return users, err
}

func (n *Node) firstKeys(o InitOptions) ([]entente.KeyBinding, error) {
	type wanted struct {
		role   entente.KeyRole
		agency string
	}
	want := []wanted{{entente.RoleLog, ""}, {entente.RoleMLDSA, ""}, {entente.RoleTLS, ""}}
	if o.Writer.Party == "" {
		want = append(want, wanted{entente.RoleAgency, ""})
	}
	for _, a := range o.Agencies {
		want = append(want, wanted{entente.RoleAgency, a})
	}
	var list []entente.KeyBinding
	for _, w := range want {
		b, err := n.ring.Generate(o.Base, w.role, w.agency)
		if err != nil {
			return nil, err
		}
		list = append(list, b)
	}
	return list, nil
}

func (n *Node) signGenesis(passphrase string) ([]byte, error) {
	root, err := n.keyDir.UnlockRoot(passphrase)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return n.signByRoot(entente.TypeGenesis, "genesis", n.self, root)
}

// signByRoot makes an entry that the root key alone signs. The same bytes go to
// every log of the writer.
func (n *Node) signByRoot(t entente.Type, subject string, body any, root *keys.Key) ([]byte, error) {
	raw, err := entry.Body(body)
	if err != nil {
		return nil, err
	}
	text, err := entry.Build(t, entente.Header{ID: NewID(), Author: n.self.Writer, Time: n.now(), Subject: subject, Body: raw})
	if err != nil {
		return nil, err
	}
	signer, err := root.Signer()
	if err != nil {
		return nil, err
	}
	return entry.Sign(text, signer)
}
