package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/user"
	"slices"

	"entente"
	"entente/internal/auth"
	"entente/internal/node"
	"entente/internal/store"
)

// clientCmd manages the accounts of programs.
type clientCmd struct {
	Add     clientAddCmd     `cmd:"" help:"Add a program's account; prints its secret, once."`
	List    clientListCmd    `cmd:"" help:"List the accounts."`
	Renew   clientRenewCmd   `cmd:"" help:"Give an account another secret, and end the one before; prints it, once."`
	Disable clientDisableCmd `cmd:"" help:"Let a program in no more."`
	Enable  clientEnableCmd  `cmd:"" help:"Let a program in again."`
}

// clientLine is an account as it is printed.
type clientLine struct {
	Name     string `json:"name"`
	Agency   string `json:"agency"`
	Purpose  string `json:"purpose"`
	Disabled bool   `json:"disabled"`
	Secret   string `json:"secret,omitempty"`
}

type clientLines []clientLine

func clientsOf(list ...store.Client) clientLines {
	out := clientLines{}
	for _, c := range list {
		out = append(out, clientLine{Name: c.Name, Agency: c.Agency, Purpose: c.Purpose, Disabled: c.Disabled})
	}
	return out
}

func (l clientLines) writeText(w io.Writer) error {
	for _, c := range l {
		state := ""
		if c.Disabled {
			state = "disabled"
		}
		if _, err := fmt.Fprintf(w, "%-24s %-12s %-24s %s\n", c.Name, c.Agency, c.Purpose, state); err != nil {
			return err
		}
	}
	return nil
}

func (c clientLine) writeText(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s\nThis is the secret of %s. It is not kept and cannot be shown again: the program gives it as password or bearer token.\n", c.Secret, c.Name)
	return err
}

// withClients runs an act on the accounts of a party's node.
func (d nodeDir) withClients(act func(ctx context.Context, n *node.Node, c *auth.Clients) error) error {
	ctx := context.Background()
	return d.with(ctx, func(n *node.Node) error {
		if n.Writer().Party == "" {
			return errors.New("an observer's node has no accounts of programs")
		}
		c, err := auth.NewClients(n.Store(), auth.DefaultCost, nil)
		if err != nil {
			return err
		}
		return act(ctx, n, c)
	})
}

// operator is who runs the command, for the audit trail.
func operator() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return "command:" + u.Username
	}
	return "command"
}

// unknownClient says which command names the accounts there are.
func unknownClient(err error, name string) error {
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("no program has the account %s: entente client list names those there are", name)
	}
	return err
}

type clientAddCmd struct {
	nodeDir
	Name    string `arg:"" help:"Name of the account."`
	Agency  string `help:"Agency that the program acts for." required:""`
	Purpose string `help:"Purpose that it reads for: a code of the terms of exchange." required:""`
}

// Run adds an account.
func (c *clientAddCmd) Run(g *globals) error {
	return c.withClients(func(ctx context.Context, n *node.Node, clients *auth.Clients) error {
		if err := checkClient(ctx, n, c.Agency, c.Purpose); err != nil {
			return err
		}
		account, secret, err := clients.Add(ctx, auth.NewClient{Name: c.Name, Agency: c.Agency, Purpose: c.Purpose}, operator())
		if errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("a program has the account %s already: entente client renew gives it another secret", c.Name)
		}
		if err != nil {
			return err
		}
		line := clientsOf(account)[0]
		line.Secret = secret
		return g.print(line)
	})
}

// checkClient refuses an agency that is not of this node, and a purpose that is not in
// the terms in force, or never permitted by them.
func checkClient(ctx context.Context, n *node.Node, agency, purpose string) error {
	states, err := n.KeyStates(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(states, func(k node.KeyState) bool { return k.Role == entente.RoleAgency && k.Agency == agency }) {
		return fmt.Errorf("no agency %q has a key here: give --agency one that has", agency)
	}
	things, err := store.Joints[entente.ExchangeTerms](ctx, n.View(entente.Shared), entente.TypeExchangeTerms, store.Query{})
	if err != nil {
		return err
	}
	var codes []string
	for _, t := range things {
		if t.InForce == nil {
			continue
		}
		for _, p := range t.InForce.Body.Purposes {
			if p.Rule != entente.PurposeNever {
				codes = append(codes, p.Code)
			}
		}
	}
	if len(codes) > 0 && !slices.Contains(codes, purpose) {
		return fmt.Errorf("the terms of exchange permit no purpose %q: they permit %v", purpose, codes)
	}
	return nil
}

type clientListCmd struct{ nodeDir }

// Run lists the accounts.
func (c *clientListCmd) Run(g *globals) error {
	return c.withClients(func(ctx context.Context, _ *node.Node, clients *auth.Clients) error {
		list, err := clients.List(ctx)
		if err != nil {
			return err
		}
		return g.print(clientsOf(list...))
	})
}

type clientRenewCmd struct {
	nodeDir
	Name string `arg:"" help:"Name of the account."`
}

// Run gives an account another secret.
func (c *clientRenewCmd) Run(g *globals) error {
	return c.withClients(func(ctx context.Context, _ *node.Node, clients *auth.Clients) error {
		secret, err := clients.Renew(ctx, c.Name, operator())
		if err != nil {
			return unknownClient(err, c.Name)
		}
		return g.print(clientLine{Name: c.Name, Secret: secret})
	})
}

type clientDisableCmd struct {
	nodeDir
	Name string `arg:"" help:"Name of the account."`
}

// Run disables an account.
func (c *clientDisableCmd) Run(*globals) error {
	return c.withClients(func(ctx context.Context, _ *node.Node, clients *auth.Clients) error {
		return unknownClient(clients.Disable(ctx, c.Name, true, operator()), c.Name)
	})
}

type clientEnableCmd struct {
	nodeDir
	Name string `arg:"" help:"Name of the account."`
}

// Run lets an account in again.
func (c *clientEnableCmd) Run(*globals) error {
	return c.withClients(func(ctx context.Context, _ *node.Node, clients *auth.Clients) error {
		return unknownClient(clients.Disable(ctx, c.Name, false, operator()), c.Name)
	})
}
