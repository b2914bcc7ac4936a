package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/internal/node"
	"entente/internal/outbox"
	"entente/internal/store"
)

// smtpPasswordEnv holds the password of the mail server's user; it stands in no file.
const smtpPasswordEnv = "ENTENTE_SMTP_PASSWORD"

// configMail is the server that mail is handed to.
type configMail struct {
	Host string `koanf:"host" yaml:"host,omitempty"`
	Port int    `koanf:"port" yaml:"port,omitempty"`
	// Implicit speaks TLS from the first byte; otherwise STARTTLS is required.
	Implicit bool   `koanf:"implicit" yaml:"implicit,omitempty"`
	User     string `koanf:"user" yaml:"user,omitempty"`
	From     string `koanf:"from" yaml:"from,omitempty"`
}

// server is the mail server; nil when there is none.
func (c configMail) server() (*outbox.MailServer, error) {
	if c.Host == "" {
		return nil, nil
	}
	m := &outbox.MailServer{Host: c.Host, Port: c.Port, Implicit: c.Implicit, User: c.User, From: c.From, Password: os.Getenv(smtpPasswordEnv)}
	return m, m.Check()
}

// newOutbox makes the outbox of a party's node.
func newOutbox(n *node.Node, cfg config, o outbox.Options) (*outbox.Outbox, error) {
	mail, err := cfg.Mail.server()
	if err != nil {
		return nil, err
	}
	o.Store, o.Events, o.Unwrap, o.Mail = n.Store(), outbox.NewArrivals(n.Store()), n.Ring().Unwrap, mail
	o.Origin = strings.TrimSuffix(cfg.origin(), "/")
	return outbox.New(o), nil
}

// webhookCmd manages the programs that are told of events.
type webhookCmd struct {
	Add        webhookAddCmd        `cmd:"" help:"Tell a program of events; prints the secret that they are signed with, once."`
	List       webhookListCmd       `cmd:"" help:"List the webhooks."`
	Remove     subscriptionRemove   `cmd:"" help:"Remove a webhook with what waits for it."`
	Enable     subscriptionEnable   `cmd:"" help:"Take up a webhook again that was disabled."`
	Disable    subscriptionDisable  `cmd:"" help:"Tell a webhook nothing until it is enabled again."`
	Test       subscriptionTest     `cmd:"" help:"Send an event of type test, now."`
	Deliveries subscriptionDelivery `cmd:"" help:"List what was, is to be, and could not be delivered."`
}

// mailCmd manages who is told by mail.
type mailCmd struct {
	Add        mailAddCmd           `cmd:"" help:"Tell a person or a group by mail that something waits at the desk."`
	List       mailListCmd          `cmd:"" help:"List who is told by mail."`
	Remove     subscriptionRemove   `cmd:"" help:"Tell an address no more."`
	Enable     subscriptionEnable   `cmd:"" help:"Take up an address again that was disabled."`
	Disable    subscriptionDisable  `cmd:"" help:"Tell an address nothing until it is enabled again."`
	Test       subscriptionTest     `cmd:"" help:"Send a message, now."`
	Deliveries subscriptionDelivery `cmd:"" help:"List what was, is to be, and could not be delivered."`
}

// which says what somebody is told of.
type which struct {
	Agency string   `help:"Only what is for this agency."`
	Duty   string   `help:"Only alerts to this duty group."`
	Event  []string `help:"Only events of these types, such as release.received; all of them when none is given."`
}

func (w which) check(ctx context.Context, n *node.Node) error {
	for _, e := range w.Event {
		if !slices.Contains(outbox.Types, e) {
			return fmt.Errorf("no event %q: the types are %s", e, strings.Join(outbox.Types, ", "))
		}
	}
	if err := w.checkDuty(ctx, n); err != nil || w.Agency == "" {
		return err
	}
	states, err := n.KeyStates(ctx)
	if err != nil {
		return err
	}
	for _, k := range states {
		if k.Role == entente.RoleAgency && k.Agency == w.Agency {
			return nil
		}
	}
	return fmt.Errorf("no agency %q has a key here: give --agency one of this node's own", w.Agency)
}

// checkDuty: nobody would ever be told of alerts to a group that is none. Before the
// party has a route there is nothing to hold it against.
func (w which) checkDuty(ctx context.Context, n *node.Node) error {
	_, routes, err := n.ExchangeRules(ctx)
	route := routes[n.Writer().Party]
	if err != nil || w.Duty == "" || route == nil {
		return err
	}
	var groups []string
	for _, d := range route.Duty {
		if d.Code == w.Duty {
			return nil
		}
		groups = append(groups, d.Code)
	}
	return fmt.Errorf("no duty group %q: the route of this party has %s", w.Duty, strings.Join(groups, ", "))
}

type subscriptionLine struct {
	ID       int64     `json:"id"`
	Target   string    `json:"target"`
	User     string    `json:"user,omitempty"`
	Agency   string    `json:"agency,omitempty"`
	Duty     string    `json:"duty,omitempty"`
	Events   []string  `json:"events,omitempty"`
	Language string    `json:"language,omitempty"`
	Disabled bool      `json:"disabled"`
	Why      string    `json:"why,omitempty"`
	Created  time.Time `json:"created"`
	// Secret is given once, when the webhook is made.
	Secret string `json:"secret,omitempty"`
}

type subscriptionLines []subscriptionLine

func (l subscriptionLines) writeText(w io.Writer) error {
	for _, s := range l {
		what, state := "all events", "active"
		if len(s.Events) > 0 {
			what = strings.Join(s.Events, ",")
		}
		if s.Disabled {
			state = strings.TrimSpace("disabled " + s.Why)
		}
		if _, err := fmt.Fprintf(w, "%-4d %-44s %-10s %-10s %s  %s\n", s.ID, s.Target, s.Agency, s.Duty, what, state); err != nil {
			return err
		}
		if s.Secret == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "secret: %s\nIt is shown this once: give it to the receiver, which checks every webhook with it.\n", s.Secret); err != nil {
			return err
		}
	}
	return nil
}

func lineOf(ctx context.Context, n *node.Node, s store.Subscription) (subscriptionLine, error) {
	line := subscriptionLine{
		ID: s.ID, Target: s.Target, Agency: s.Agency, Duty: s.Duty, Events: s.Events, Disabled: s.Disabled, Why: s.Why, Created: s.Created,
	}
	if s.Kind == store.ByMail {
		line.Language = s.Lang
	}
	if s.User != 0 {
		u, err := n.Store().UserByID(ctx, s.User)
		if err != nil {
			return line, err
		}
		line.User = u.Name
	}
	return line, nil
}

// printSubscriptions lists the subscriptions of a kind.
func printSubscriptions(g *globals, d nodeDir, kind store.SubscriptionKind) error {
	ctx := context.Background()
	return d.with(ctx, func(n *node.Node) error {
		all, err := n.Store().Subscriptions(ctx)
		if err != nil {
			return err
		}
		out := subscriptionLines{}
		for _, s := range all {
			if s.Kind != kind {
				continue
			}
			line, err := lineOf(ctx, n, s)
			if err != nil {
				return err
			}
			out = append(out, line)
		}
		return g.print(out)
	})
}

type webhookAddCmd struct {
	nodeDir
	which
	URL string `arg:"" help:"Where events are sent: an https address, or http to this machine."`
}

// Run adds the webhook. Its secret is kept encrypted to the node's own keys.
func (c *webhookAddCmd) Run(g *globals) error {
	ctx := context.Background()
	if err := outbox.CheckURL(c.URL); err != nil {
		return err
	}
	return c.with(ctx, func(n *node.Node) error {
		if err := c.check(ctx, n); err != nil {
			return err
		}
		secret, err := outbox.NewSecret()
		if err != nil {
			return err
		}
		wrapped, err := n.Ring().Wrap([]byte(secret))
		if err != nil {
			return err
		}
		s, err := n.Store().AddSubscription(ctx, store.Subscription{
			Kind: store.ByWebhook, Target: c.URL, Agency: c.Agency, Duty: c.Duty, Events: c.Event, Secret: wrapped,
		})
		if err != nil {
			return err
		}
		line, err := lineOf(ctx, n, s)
		line.Secret = secret
		return errors.Join(err, g.print(subscriptionLines{line}))
	})
}

type webhookListCmd struct{ nodeDir }

// Run lists the webhooks.
func (c *webhookListCmd) Run(g *globals) error {
	return printSubscriptions(g, c.nodeDir, store.ByWebhook)
}

type mailAddCmd struct {
	nodeDir
	which
	Address  string `arg:"" help:"The mail address."`
	User     string `help:"Sign-in name of the person whose address it is: told of what is for that person's agency, and no more once the person is disabled."`
	Language string `help:"Language of the messages: es or en." enum:"es,en" default:"es"`
}

// Run adds the address.
func (c *mailAddCmd) Run(g *globals) error {
	ctx := context.Background()
	if err := outbox.CheckAddress(c.Address); err != nil {
		return err
	}
	if c.User != "" && c.Agency != "" {
		return errors.New("a person is told of what is for the person's agency: give --user or --agency, not both")
	}
	return c.with(ctx, func(n *node.Node) error {
		if err := c.check(ctx, n); err != nil {
			return err
		}
		s := store.Subscription{Kind: store.ByMail, Target: c.Address, Agency: c.Agency, Duty: c.Duty, Events: c.Event, Lang: c.Language}
		if c.User != "" {
			u, err := personOf(ctx, n, c.User)
			if err != nil {
				return err
			}
			s.User = u.ID
		}
		s, err := n.Store().AddSubscription(ctx, s)
		if err != nil {
			return err
		}
		line, err := lineOf(ctx, n, s)
		return errors.Join(err, g.print(subscriptionLines{line}))
	})
}

type mailListCmd struct{ nodeDir }

// Run lists the addresses.
func (c *mailListCmd) Run(g *globals) error {
	return printSubscriptions(g, c.nodeDir, store.ByMail)
}

// subscriptionID names one subscription.
type subscriptionID struct {
	nodeDir
	ID int64 `arg:"" help:"Its number, as list gives it."`
}

// change does something to the subscription, and prints how it is then.
func (c subscriptionID) change(g *globals, act func(context.Context, *node.Node) error) error {
	ctx := context.Background()
	return c.with(ctx, func(n *node.Node) error {
		s, err := c.find(ctx, n)
		if err == nil {
			err = act(ctx, n)
		}
		if err != nil {
			return err
		}
		after, err := n.Store().Subscription(ctx, s.ID)
		if errors.Is(err, store.ErrNotFound) {
			after, err = s, nil
		}
		if err != nil {
			return err
		}
		line, err := lineOf(ctx, n, after)
		return errors.Join(err, g.print(subscriptionLines{line}))
	})
}

func (c subscriptionID) find(ctx context.Context, n *node.Node) (store.Subscription, error) {
	s, err := n.Store().Subscription(ctx, c.ID)
	if errors.Is(err, store.ErrNotFound) {
		return s, fmt.Errorf("there is no %d: entente webhook list and entente mail list give the numbers", c.ID)
	}
	return s, err
}

type subscriptionRemove struct{ subscriptionID }

// Run removes it.
func (c *subscriptionRemove) Run(g *globals) error {
	return c.change(g, func(ctx context.Context, n *node.Node) error { return n.Store().RemoveSubscription(ctx, c.ID) })
}

type subscriptionEnable struct{ subscriptionID }

// Run enables it.
func (c *subscriptionEnable) Run(g *globals) error {
	return c.change(g, func(ctx context.Context, n *node.Node) error {
		return n.Store().DisableSubscription(ctx, c.ID, false, "")
	})
}

type subscriptionDisable struct{ subscriptionID }

// Run disables it.
func (c *subscriptionDisable) Run(g *globals) error {
	return c.change(g, func(ctx context.Context, n *node.Node) error {
		return n.Store().DisableSubscription(ctx, c.ID, true, "")
	})
}

type subscriptionTest struct{ subscriptionID }

// Run sends a test, past the queue.
func (c *subscriptionTest) Run(g *globals) error {
	cfg, err := readConfig(c.Dir)
	if err != nil {
		return err
	}
	return c.change(g, func(ctx context.Context, n *node.Node) error {
		s, err := c.find(ctx, n)
		if err != nil {
			return err
		}
		b, err := newOutbox(n, cfg, outbox.Options{})
		if err != nil {
			return err
		}
		return b.Test(ctx, s)
	})
}

type subscriptionDelivery struct {
	nodeDir
	ID    int64  `arg:"" optional:"" help:"Only those of this number."`
	State string `help:"Only those in this state: waiting, delivered, dead." enum:",waiting,delivered,dead" default:""`
	N     int    `help:"How many to list, newest first." default:"50" short:"n"`
}

type deliveryLine struct {
	Event     string              `json:"event"`
	Type      string              `json:"type"`
	Entry     string              `json:"entry,omitempty"`
	To        int64               `json:"to"`
	State     store.DeliveryState `json:"state"`
	Tries     int                 `json:"tries"`
	Created   time.Time           `json:"created"`
	Next      time.Time           `json:"next,omitzero"`
	Delivered time.Time           `json:"settled,omitzero"`
	Error     string              `json:"error,omitempty"`
}

type deliveryLines []deliveryLine

func (l deliveryLines) writeText(w io.Writer) error {
	for _, d := range l {
		if _, err := fmt.Fprintf(w, "%s  %-20s %-30s %4d  %-9s %3d  %s\n",
			d.Created.Format(time.RFC3339), d.Type, d.Entry, d.To, d.State, d.Tries, d.Error); err != nil {
			return err
		}
	}
	return nil
}

// Run lists deliveries.
func (c *subscriptionDelivery) Run(g *globals) error {
	ctx := context.Background()
	return c.with(ctx, func(n *node.Node) error {
		all, err := n.Store().Deliveries(ctx, c.ID, store.DeliveryState(c.State), c.N)
		if err != nil {
			return err
		}
		out := deliveryLines{}
		for _, d := range all {
			line := deliveryLine{
				Event: d.Event.ID, Type: d.Event.Type, To: d.Subscription, State: d.State, Tries: d.Tries, Created: d.Created,
				Delivered: d.Settled, Error: d.Error,
			}
			if !d.Event.Entry.IsZero() {
				line.Entry = d.Event.Entry.String()
			}
			if d.State == store.DeliveryWaiting {
				line.Next = d.Next
			}
			out = append(out, line)
		}
		return g.print(out)
	})
}
