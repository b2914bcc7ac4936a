package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"entente"
	"entente/internal/auth"
	"entente/internal/keys"
	"entente/internal/node"
	"entente/internal/store"
)

// userCmd manages the people of a desk.
type userCmd struct {
	List     userListCmd     `cmd:"" help:"List the people."`
	Add      userAddCmd      `cmd:"" help:"Add a person; officers get a key of their own."`
	Disable  userDisableCmd  `cmd:"" help:"Let a person sign in no more."`
	Password userPasswordCmd `cmd:"" help:"Set a person's password, not the officer key's passphrase."`
}

type userListCmd struct{ nodeDir }

type userLine struct {
	Name     string   `json:"name"`
	Display  string   `json:"display"`
	Agency   string   `json:"agency"`
	Roles    []string `json:"roles"`
	Key      string   `json:"key,omitempty"`
	Disabled bool     `json:"disabled"`
}

type userLines []userLine

func linesOf(users ...store.User) userLines {
	out := userLines{}
	for _, u := range users {
		out = append(out, userLine{Name: u.Name, Display: u.Display, Agency: u.Agency, Roles: u.Roles, Key: u.OfficerKey, Disabled: u.Disabled})
	}
	return out
}

// personOf finds a person by the sign-in name.
func personOf(ctx context.Context, n *node.Node, name string) (store.User, error) {
	u, err := n.Store().User(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return u, fmt.Errorf("nobody signs in as %s: entente user list names those who do", name)
	}
	return u, err
}

func (l userLines) writeText(w io.Writer) error {
	for _, u := range l {
		state := ""
		if u.Disabled {
			state = "disabled"
		}
		if _, err := fmt.Fprintf(w, "%-20s %-10s %-36s %-32s %s\n", u.Name, u.Agency, strings.Join(u.Roles, ","), u.Display, state); err != nil {
			return err
		}
	}
	return nil
}

// Run lists the people.
func (c *userListCmd) Run(g *globals) error {
	ctx := context.Background()
	return c.with(ctx, func(n *node.Node) error {
		users, err := n.Store().Users(ctx)
		if err != nil {
			return err
		}
		return g.print(linesOf(users...))
	})
}

type userAddCmd struct {
	nodeDir
	Name    string   `arg:"" help:"Sign-in name."`
	Display string   `help:"Name shown on pages." required:""`
	Agency  string   `help:"Agency the person works for."`
	Role    []string `help:"Roles: officer, releasing_officer, auditor, administrator." required:""`
}

// Run adds the person. Whoever is an officer gets an officer key under the same
// passphrase, which takes the root key.
func (c *userAddCmd) Run(g *globals) error {
	officer := false
	for _, r := range c.Role {
		if !auth.Role(r).Valid() {
			return fmt.Errorf("no role %q: the roles are %v", r, auth.Roles)
		}
		officer = officer || r == string(auth.Officer) || r == string(auth.ReleasingOfficer)
	}
	ctx := context.Background()
	return c.with(ctx, func(n *node.Node) error {
		if err := c.check(ctx, n, officer); err != nil {
			return err
		}
		password, err := askPassphrase("password of "+c.Name, "ENTENTE_USER_PASSWORD")
		if err != nil {
			return err
		}
		hash, err := auth.HashPassword(password, auth.DefaultCost)
		if err != nil {
			return err
		}
		if officer {
			if err := c.addOfficer(ctx, n, password); err != nil {
				return err
			}
		} else if _, err := n.Store().AddUser(ctx, store.User{Name: c.Name, Display: c.Display, Agency: c.Agency, Roles: c.Role}); err != nil {
			return err
		}
		u, err := n.Store().User(ctx, c.Name)
		if err != nil {
			return err
		}
		u.Password = hash
		if err := n.Store().UpdateUser(ctx, u); err != nil {
			return err
		}
		return g.print(linesOf(u))
	})
}

// check refuses a name that is taken, and an officer whose agency could sign nothing.
func (c *userAddCmd) check(ctx context.Context, n *node.Node, officer bool) error {
	switch _, err := n.Store().User(ctx, c.Name); {
	case err == nil:
		return fmt.Errorf("somebody signs in as %s already: entente user password gives a new password", c.Name)
	case !errors.Is(err, store.ErrNotFound):
		return err
	case !officer:
		return nil
	}
	states, err := n.KeyStates(ctx)
	if err != nil {
		return err
	}
	for _, k := range states {
		if k.Role == entente.RoleAgency && k.Agency == c.Agency {
			return nil
		}
	}
	return fmt.Errorf("no agency %q has a key here: give --agency one that has, or make its key with entente key add --role agency", c.Agency)
}

func (c *userAddCmd) addOfficer(ctx context.Context, n *node.Node, password string) error {
	root, err := unlockRoot(n)
	if err != nil {
		return err
	}
	defer root.Close()
	_, err = n.AddOfficer(ctx, node.NewOfficer{
		Name: c.Name, Display: c.Display, Agency: c.Agency, Roles: c.Role, Passphrase: password,
	}, root)
	return err
}

// unlockRoot opens the root key, which is brought to the node for this act alone.
func unlockRoot(n *node.Node) (*keys.Key, error) {
	if !n.Keys().HasRoot() {
		return nil, errors.New("the root key is not here: put root.age into the node's keys directory for this act, and take it away after")
	}
	if n.Demo() && os.Getenv(rootPassphraseEnv) == "" {
		if root, err := n.Keys().UnlockRoot(demoPassphrase); err == nil {
			return root, nil
		}
	}
	passphrase, err := askPassphrase("passphrase of the root key", rootPassphraseEnv)
	if err != nil {
		return nil, err
	}
	return n.Keys().UnlockRoot(passphrase)
}

type userDisableCmd struct {
	nodeDir
	Name string `arg:"" help:"Sign-in name."`
}

// Run disables the person. Its officer key is revoked with entente key revoke.
func (c *userDisableCmd) Run(g *globals) error {
	ctx := context.Background()
	return c.with(ctx, func(n *node.Node) error {
		u, err := personOf(ctx, n, c.Name)
		if err != nil {
			return err
		}
		u.Disabled = true
		if err := n.Store().UpdateUser(ctx, u); err != nil {
			return err
		}
		return g.print(linesOf(u))
	})
}

type userPasswordCmd struct {
	nodeDir
	Name string `arg:"" help:"Sign-in name."`
}

// Run sets the password.
func (c *userPasswordCmd) Run(g *globals) error {
	ctx := context.Background()
	return c.with(ctx, func(n *node.Node) error {
		password, err := askPassphrase("new password of "+c.Name, "ENTENTE_USER_PASSWORD")
		if err != nil {
			return err
		}
		u, err := personOf(ctx, n, c.Name)
		if err != nil {
			return err
		}
		if u.Password, err = auth.HashPassword(password, auth.DefaultCost); err != nil {
			return err
		}
		if err := n.Store().UpdateUser(ctx, u); err != nil {
			return err
		}
		return g.print(linesOf(u))
	})
}

// keyCmd manages keys.
type keyCmd struct {
	List   keyListCmd   `cmd:"" help:"List the keys of the node's logs."`
	Add    keyAddCmd    `cmd:"" help:"Make a key of the node and add it to its logs."`
	Rotate keyRotateCmd `cmd:"" help:"Replace a key by a new one of the same role."`
	Revoke keyRevokeCmd `cmd:"" help:"End a key, in all logs of the node."`
	Export keyExportCmd `cmd:"" help:"Break-glass: take an agency's sealing key out of the node; two officers, an entry in the shared log."`
}

type keyLine struct {
	Name   string          `json:"name"`
	Role   entente.KeyRole `json:"role"`
	Agency string          `json:"agency,omitempty"`
	Active bool            `json:"active"`
	Here   bool            `json:"here"`
	User   string          `json:"user,omitempty"`
}

type keyLines []keyLine

func (l keyLines) writeText(w io.Writer) error {
	for _, k := range l {
		state := "active"
		if !k.Active {
			state = "revoked"
		}
		if _, err := fmt.Fprintf(w, "%-40s %-8s %-8s %-8s %s\n", k.Name, k.Role, k.Agency, state, k.User); err != nil {
			return err
		}
	}
	return nil
}

type keyListCmd struct{ nodeDir }

// Run lists the keys.
func (c *keyListCmd) Run(g *globals) error {
	ctx := context.Background()
	return c.with(ctx, func(n *node.Node) error { return printKeys(ctx, g, n) })
}

func printKeys(ctx context.Context, g *globals, n *node.Node) error {
	states, err := n.KeyStates(ctx)
	if err != nil {
		return err
	}
	out := keyLines{}
	for _, k := range states {
		out = append(out, keyLine{Name: k.Name, Role: k.Role, Agency: k.Agency, Active: true, Here: k.Here, User: k.User})
	}
	return g.print(out)
}

// changeKeys opens node and root key for one change and prints the keys after it.
func changeKeys(g *globals, d nodeDir, change func(context.Context, *node.Node, *keys.Key) error) error {
	ctx := context.Background()
	return d.with(ctx, func(n *node.Node) error {
		root, err := unlockRoot(n)
		if err != nil {
			return err
		}
		defer root.Close()
		if err := change(ctx, n, root); err != nil {
			return err
		}
		return printKeys(ctx, g, n)
	})
}

type keyAddCmd struct {
	nodeDir
	Role   string `help:"Role of the key." enum:"log,mldsa,agency,tls,seal" required:""`
	Agency string `help:"Agency of an agency key or an agency's sealing key."`
}

// Run adds a key.
func (c *keyAddCmd) Run(g *globals) error {
	return changeKeys(g, c.nodeDir, func(ctx context.Context, n *node.Node, root *keys.Key) error {
		_, err := n.AddKey(ctx, entente.KeyRole(c.Role), c.Agency, root)
		return err
	})
}

type keyRotateCmd struct {
	nodeDir
	Name string `arg:"" help:"Name of the key."`
}

// Run rotates a key.
func (c *keyRotateCmd) Run(g *globals) error {
	return changeKeys(g, c.nodeDir, func(ctx context.Context, n *node.Node, root *keys.Key) error {
		_, err := n.RotateKey(ctx, c.Name, root)
		return err
	})
}

type keyRevokeCmd struct {
	nodeDir
	Name     string `arg:"" help:"Name of the key."`
	ReasonES string `help:"Reason in Spanish, for the public." name:"reason-es"`
	ReasonEN string `help:"Reason in English, for the public." name:"reason-en"`
}

// Run revokes a key.
func (c *keyRevokeCmd) Run(g *globals) error {
	return changeKeys(g, c.nodeDir, func(ctx context.Context, n *node.Node, root *keys.Key) error {
		var reason *entente.Text
		if t := (entente.Text{ES: c.ReasonES, EN: c.ReasonEN}); !t.IsZero() {
			reason = &t
		}
		return n.RevokeKey(ctx, c.Name, reason, root)
	})
}
