package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"entente/internal/store"
)

// Events are what happened, for people and programs to hear of.
type Events interface {
	// Events returns what happened since a cursor, some of it at a time, and the
	// cursor after it; "" asks where to begin. Nothing has happened when next is
	// since.
	Events(ctx context.Context, since string) (events []store.Event, next string, err error)
}

// Clocks are the times that run.
type Clocks interface {
	// Clocks returns the clocks that run against the node's own agencies at a moment,
	// those that have passed included, until what was due is done.
	Clocks(ctx context.Context, asOf time.Time) ([]store.Clock, error)
}

// Options say what is told, and how.
type Options struct {
	Store  *store.Store
	Events Events
	Clocks Clocks // nil: none run
	// Unwrap opens what a webhook's secret is kept as (keys.Ring.Unwrap).
	Unwrap func([]byte) ([]byte, error)
	// Origin is the site's own URL, without a slash at its end: events name it as
	// their source, and mails say to go there.
	Origin string
	// Mail is the server that mail is handed to; nil for none, and mail waits.
	Mail *MailServer
	// Client carries webhooks; nil for one of [NewClient].
	Client *http.Client
	Now    func() time.Time // default time.Now
	Logger *slog.Logger     // nil discards
	// GiveUp is how long a delivery is tried; 0 means five days.
	GiveUp time.Duration
}

const (
	// clockEvery is how often clocks are looked at.
	clockEvery = 15 * time.Second
	// pruneEvery is how often what is long done is dropped; deliveries are kept for
	// keepDeliveries, and events, so that they are not told again, for keepEvents.
	pruneEvery     = 12 * time.Hour
	keepDeliveries = 30 * 24 * time.Hour
	keepEvents     = told + 35*24*time.Hour
	// A delivery is tried again after firstWait, twice that, ... and lastWait.
	firstWait = 5 * time.Second
	lastWait  = 6 * time.Hour
	giveUp    = 5 * 24 * time.Hour
	// maxRound is how many deliveries to one subscription one round takes.
	maxRound = 100
	// parallel is how many subscriptions are served at once.
	parallel = 4
)

// cursorKey is the meta key of how far events were read.
const cursorKey = "outbox/cursor"

// Outbox is a node's queue of what there is to tell. Its methods may be called from
// several goroutines; only one of them runs [Outbox.Run].
type Outbox struct {
	o    Options
	wake chan struct{}
}

// New returns the outbox of a node; it does nothing before [Outbox.Run].
func New(o Options) *Outbox {
	if o.Client == nil {
		o.Client = NewClient()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.GiveUp <= 0 {
		o.GiveUp = giveUp
	}
	b := &Outbox{o: o, wake: make(chan struct{}, 1)}
	o.Store.OnCommit(func(store.Committed) { b.Wake() })
	return b
}

// Wake has the outbox look for events at once.
func (b *Outbox) Wake() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Run queues and delivers until ctx ends. A failure is logged and tried again.
func (b *Outbox) Run(ctx context.Context) error {
	clocks, prune := time.NewTicker(clockEvery), time.NewTicker(pruneEvery)
	defer clocks.Stop()
	defer prune.Stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	b.complain(ctx, "clocks", b.Ring(ctx))
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-b.wake:
			b.complain(ctx, "events", b.Collect(ctx))
		case <-clocks.C:
			b.complain(ctx, "clocks", b.Ring(ctx))
		case <-prune.C:
			now := b.o.Now()
			b.complain(ctx, "old events", b.o.Store.PruneEvents(ctx, now.Add(-keepDeliveries), now.Add(-keepEvents)))
		case <-timer.C:
			b.complain(ctx, "events", b.Collect(ctx))
		}
		b.complain(ctx, "deliveries", b.Deliver(ctx))
		timer.Reset(b.rest(ctx))
	}
}

func (b *Outbox) complain(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		b.o.Logger.WarnContext(ctx, "the outbox failed and will try again", "with", what, "error", err)
	}
}

// rest is how long nothing has to be delivered.
func (b *Outbox) rest(ctx context.Context) time.Duration {
	const longest = time.Minute
	next, err := b.o.Store.NextDelivery(ctx)
	if err != nil || next.IsZero() {
		return longest
	}
	return min(max(next.Sub(b.o.Now()), time.Second), longest)
}

// Collect queues what happened since the last time.
func (b *Outbox) Collect(ctx context.Context) error {
	raw, err := b.o.Store.Meta(ctx, cursorKey)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	since := string(raw)
	for {
		events, next, err := b.o.Events.Events(ctx, since)
		if err != nil || next == since {
			return err
		}
		queued, err := b.address(ctx, events)
		if err != nil {
			return err
		}
		if err := b.o.Store.Enqueue(ctx, cursorKey, []byte(next), queued...); err != nil {
			return err
		}
		since = next
	}
}

// Ring queues what clocks give now.
func (b *Outbox) Ring(ctx context.Context) error {
	if b.o.Clocks == nil {
		return nil
	}
	now := b.o.Now()
	clocks, err := b.o.Clocks.Clocks(ctx, now)
	if err != nil {
		return err
	}
	var events []store.Event
	for _, c := range clocks {
		events = append(events, ring(c, now)...)
	}
	if len(events) == 0 {
		return nil
	}
	queued, err := b.address(ctx, events)
	if err != nil {
		return err
	}
	return b.o.Store.Enqueue(ctx, "", nil, queued...)
}

// address says which subscriptions each event goes to. A disabled one is told
// nothing of what happens meanwhile.
func (b *Outbox) address(ctx context.Context, events []store.Event) ([]store.Queued, error) {
	if len(events) == 0 {
		return nil, nil
	}
	subs, err := b.active(ctx)
	if err != nil {
		return nil, err
	}
	queued := make([]store.Queued, len(events))
	for i, e := range events {
		queued[i].Event = e
		for _, s := range subs {
			if matches(s, e) {
				queued[i].To = append(queued[i].To, s.ID)
			}
		}
	}
	return queued, nil
}

// active are the subscriptions that are not disabled, nor whose person is.
func (b *Outbox) active(ctx context.Context) ([]store.Subscription, error) {
	all, err := b.o.Store.Subscriptions(ctx)
	if err != nil {
		return nil, err
	}
	out := all[:0]
	for _, s := range all {
		if s.Disabled {
			continue
		}
		if s.User != 0 {
			u, err := b.o.Store.UserByID(ctx, s.User)
			if err != nil {
				return nil, fmt.Errorf("the person of subscription %d: %w", s.ID, err)
			}
			if u.Disabled {
				continue
			}
			s.Agency = u.Agency
		}
		out = append(out, s)
	}
	return out, nil
}

// matches reports whether an event is for a subscription.
func matches(s store.Subscription, e store.Event) bool {
	switch {
	case len(s.Events) > 0 && !slices.Contains(s.Events, e.Type):
		return false
	case s.Duty != "" && s.Duty != e.Duty:
		return false
	}
	return s.Agency == "" || len(e.Agencies) == 0 || slices.Contains(e.Agencies, s.Agency)
}

// Deliver tries what is due now.
func (b *Outbox) Deliver(ctx context.Context) error {
	subs, err := b.active(ctx)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for _, s := range subs {
		if s.Kind == store.ByMail && b.o.Mail == nil {
			continue
		}
		g.Go(func() error { return b.serve(ctx, s) })
	}
	return g.Wait()
}

// serve tries what is due to one subscription. Mail is one message for all of it;
// webhooks go in their order, and the first that fails ends the round.
func (b *Outbox) serve(ctx context.Context, s store.Subscription) error {
	due, err := b.o.Store.DueDeliveries(ctx, s.ID, b.o.Now(), maxRound)
	if err != nil || len(due) == 0 {
		return err
	}
	if s.Kind == store.ByMail {
		return b.settle(ctx, s, b.mail(ctx, s, due), due...)
	}
	for i, d := range due {
		failed := b.post(ctx, s, d.Event)
		if err := b.settle(ctx, s, failed, d); err != nil {
			return err
		}
		if failed != nil {
			return b.hold(ctx, due[i+1:], b.o.Now().Add(wait(d.Tries+1)))
		}
	}
	return nil
}

// hold has deliveries wait, untried, behind one that failed: a receiver that is down
// is not asked once for each of them.
func (b *Outbox) hold(ctx context.Context, due []store.Delivery, until time.Time) error {
	if len(due) == 0 || ctx.Err() != nil {
		return ctx.Err()
	}
	for i := range due {
		due[i].Next = until
	}
	return b.o.Store.SettleDeliveries(ctx, due...)
}

// settle keeps the outcome of a try.
func (b *Outbox) settle(ctx context.Context, s store.Subscription, failed error, deliveries ...store.Delivery) error {
	if ctx.Err() != nil {
		return ctx.Err() // the try was broken off: it says nothing
	}
	now := b.o.Now()
	for i := range deliveries {
		d := &deliveries[i]
		d.Tries++
		switch {
		case failed == nil:
			d.State, d.Error = store.Delivered, ""
			continue
		case errors.Is(failed, ErrGone), now.Sub(d.Created) >= b.o.GiveUp:
			d.State = store.DeliveryDead
		}
		d.Error, d.Next = clip(failed.Error()), now.Add(wait(d.Tries))
	}
	if err := b.o.Store.SettleDeliveries(ctx, deliveries...); err != nil {
		return err
	}
	if failed == nil {
		return nil
	}
	b.o.Logger.WarnContext(ctx, "not delivered", "subscription", s.ID, "error", failed)
	if errors.Is(failed, ErrGone) {
		return b.o.Store.DisableSubscription(ctx, s.ID, true, clip(failed.Error()))
	}
	return nil
}

// wait is how long to wait after a number of tries, give or take a quarter.
func wait(tries int) time.Duration {
	d := lastWait
	if tries < 20 {
		d = min(firstWait<<(tries-1), lastWait)
	}
	return d - d/4 + rand.N(d/2+1)
}

// clip bounds an error's text: it may hold what a server answered.
func clip(s string) string {
	const most = 300
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
