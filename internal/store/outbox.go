package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"entente"
)

// SubscriptionKind is how somebody is told.
type SubscriptionKind string

// The kinds of subscriptions.
const (
	ByWebhook SubscriptionKind = "webhook"
	ByMail    SubscriptionKind = "mail"
)

// Subscription says who is told of which events.
type Subscription struct {
	ID     int64
	Kind   SubscriptionKind
	Target string // an https URL, or a mail address
	User   int64  // whose it is; 0 for a group's
	Agency string // events for this agency only; "" for every one
	Duty   string // events for this duty group only; "" for whatever group
	Events []string
	Lang   string // of mail: "es" or "en"
	// Secret is a webhook's, as keys.Ring.Wrap gives it.
	Secret   []byte
	Disabled bool
	Why      string // why the node disabled it; "" when a person did
	Created  time.Time
}

// Event is something that people or programs may want to hear of. It says where to
// look and by when, never what was said.
type Event struct {
	// ID follows from what happened, so that the same thing is told once.
	ID   string
	Type string // such as "release.received"
	At   time.Time
	EventData
}

// EventData is what an event carries beside its name.
type EventData struct {
	// Entry is what it is about.
	Entry entente.Ref `json:"entry"`
	Areas []string    `json:"areas,omitempty"`
	// Agencies are those of the node's own that it is for; none for all of them.
	Agencies []string `json:"agencies,omitempty"`
	// Duty is the duty group that an alert is for.
	Duty string `json:"duty,omitempty"`
	// Due is the clock that runs, zero for none.
	Due time.Time `json:"due,omitzero"`
}

// Clock is a time by which something is due from one of the node's own agencies.
type Clock struct {
	// Kind says what is due: "request", "alert", "misuse", "review", "retention",
	// "hold".
	Kind string
	EventData
	// Warn is how long before Due it is told first; 0 for at Due alone.
	Warn time.Duration
	// Escalate are the agencies told, beside the others, once it is overdue.
	Escalate []string
}

// Queued is an event and the subscriptions that it is delivered to.
type Queued struct {
	Event
	To []int64
}

// DeliveryState says how it stands with a delivery.
type DeliveryState string

// The states of deliveries.
const (
	DeliveryWaiting DeliveryState = "waiting"
	Delivered       DeliveryState = "delivered"
	DeliveryDead    DeliveryState = "dead" // given up
)

// Delivery is an event on its way to one subscription.
type Delivery struct {
	ID           int64
	Event        Event
	Subscription int64
	State        DeliveryState
	Tries        int
	Next         time.Time // when it is tried, while it waits
	Created      time.Time
	Settled      time.Time // zero while it waits
	Error        string    // of the last try
}

const sqlSubscriptions = "SELECT id, kind, target, coalesce(user_id, 0), agency, duty, events, lang, secret, disabled, why, created FROM subscription"

func scanSubscription(rows *sql.Rows) (Subscription, error) {
	var s Subscription
	var events []byte
	var created int64
	err := rows.Scan(&s.ID, &s.Kind, &s.Target, &s.User, &s.Agency, &s.Duty, &events, &s.Lang, &s.Secret, &s.Disabled, &s.Why, &created)
	if err != nil {
		return s, err
	}
	s.Created = fromMilli(created)
	return s, json.Unmarshal(events, &s.Events)
}

// Subscriptions returns all subscriptions, oldest first.
func (s *Store) Subscriptions(ctx context.Context) ([]Subscription, error) {
	return collect(ctx, s.read(nil), sqlSubscriptions+" ORDER BY id", nil, scanSubscription)
}

// Subscription returns the subscription with an ID.
func (s *Store) Subscription(ctx context.Context, id int64) (Subscription, error) {
	return one(collect(ctx, s.read(nil), sqlSubscriptions+" WHERE id = ?", []any{id}, scanSubscription))
}

// AddSubscription adds a subscription and returns it with its ID.
func (s *Store) AddSubscription(ctx context.Context, sub Subscription) (Subscription, error) {
	sub.Created = s.clock().UTC().Truncate(time.Millisecond)
	events, err := rolesJSON(sub.Events)
	if err != nil {
		return Subscription{}, err
	}
	err = s.write(ctx, 0, func(w *writer) error {
		res, err := w.exec(`INSERT INTO subscription (kind, target, user_id, agency, duty, events, lang, secret, disabled, why, created)
VALUES (?,?,nullif(?, 0),?,?,?,?,?,?,?,?)`, string(sub.Kind), sub.Target, sub.User, sub.Agency, sub.Duty, events, sub.Lang, sub.Secret,
			sub.Disabled, sub.Why, sub.Created.UnixMilli())
		if err != nil {
			return err
		}
		sub.ID, err = res.LastInsertId()
		return err
	})
	return sub, err
}

// DisableSubscription stops or resumes a subscription; why is "" when a person asks.
// What waits for a disabled one waits on.
func (s *Store) DisableSubscription(ctx context.Context, id int64, disabled bool, why string) error {
	return s.write(ctx, 0, func(w *writer) error {
		res, err := w.exec("UPDATE subscription SET disabled = ?, why = ? WHERE id = ?", disabled, why, id)
		if err != nil {
			return err
		}
		return affected(res)
	})
}

// RemoveSubscription removes a subscription with its deliveries.
func (s *Store) RemoveSubscription(ctx context.Context, id int64) error {
	return s.write(ctx, 0, func(w *writer) error {
		if _, err := w.exec("DELETE FROM delivery WHERE subscription = ?", id); err != nil {
			return err
		}
		res, err := w.exec("DELETE FROM subscription WHERE id = ?", id)
		if err != nil {
			return err
		}
		return affected(res)
	})
}

// Enqueue keeps events, with a delivery for each subscription named, and sets the
// value of a meta key, in one step: after a crash, what was read up to the key's
// value is queued, and nothing else is. An event that is kept already is left as it
// is. A subscription that was removed meanwhile is passed over.
func (s *Store) Enqueue(ctx context.Context, key string, value []byte, events ...Queued) error {
	now := s.clock().UnixMilli()
	return s.write(ctx, 0, func(w *writer) error {
		for _, e := range events {
			if err := w.enqueue(e, now); err != nil {
				return err
			}
		}
		if key == "" {
			return nil
		}
		_, err := w.exec("INSERT OR REPLACE INTO meta (key, value) VALUES (?,?)", key, value)
		return err
	})
}

func (w *writer) enqueue(e Queued, now int64) error {
	data, err := json.Marshal(e.EventData)
	if err != nil {
		return err
	}
	res, err := w.exec("INSERT OR IGNORE INTO event (id, type, at, data) VALUES (?,?,?,?)", e.ID, e.Type, e.At.UnixMilli(), data)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	for _, to := range e.To {
		_, err := w.exec(`INSERT OR IGNORE INTO delivery (event, subscription, state, tries, next, created, error)
SELECT ?1, id, 'waiting', 0, ?3, ?3, '' FROM subscription WHERE id = ?2`, e.ID, to, now)
		if err != nil {
			return err
		}
	}
	return nil
}

const sqlDeliveries = `SELECT d.id, d.event, e.type, e.at, e.data, d.subscription, d.state, d.tries, d.next, d.created, d.settled, d.error
FROM delivery d JOIN event e ON e.id = d.event`

func scanDelivery(rows *sql.Rows) (Delivery, error) {
	var d Delivery
	var data []byte
	var at, next, created int64
	var settled sql.NullInt64
	err := rows.Scan(&d.ID, &d.Event.ID, &d.Event.Type, &at, &data, &d.Subscription, &d.State, &d.Tries, &next, &created, &settled, &d.Error)
	if err != nil {
		return d, err
	}
	d.Event.At, d.Next, d.Created, d.Settled = fromMilli(at), fromMilli(next), fromMilli(created), fromNull(settled)
	return d, json.Unmarshal(data, &d.Event.EventData)
}

// DueDeliveries returns up to limit deliveries of one subscription that wait and
// are to be tried by now, oldest first.
func (s *Store) DueDeliveries(ctx context.Context, subscription int64, now time.Time, limit int) ([]Delivery, error) {
	return collect(ctx, s.read(nil), sqlDeliveries+" WHERE d.subscription = ? AND d.state = 'waiting' AND d.next <= ? ORDER BY d.id LIMIT ?",
		[]any{subscription, now.UnixMilli(), limit}, scanDelivery)
}

// NextDelivery returns when the next delivery to a subscription that is not
// disabled is to be tried; zero when none waits.
func (s *Store) NextDelivery(ctx context.Context) (time.Time, error) {
	var next sql.NullInt64
	err := s.read(nil).row(ctx, `SELECT min(d.next) FROM delivery d JOIN subscription s ON s.id = d.subscription
WHERE d.state = 'waiting' AND s.disabled = 0`, nil, &next)
	return fromNull(next), err
}

// Deliveries returns up to limit deliveries, newest first: of one subscription
// unless that is 0, in one state unless that is "".
func (s *Store) Deliveries(ctx context.Context, subscription int64, state DeliveryState, limit int) ([]Delivery, error) {
	return collect(ctx, s.read(nil), sqlDeliveries+" WHERE (?1 = 0 OR d.subscription = ?1) AND (?2 = '' OR d.state = ?2) ORDER BY d.id DESC LIMIT ?3",
		[]any{subscription, string(state), limit}, scanDelivery)
}

// SettleDeliveries stores State, Tries, Next and Error of deliveries after a try.
func (s *Store) SettleDeliveries(ctx context.Context, deliveries ...Delivery) error {
	now := s.clock()
	return s.write(ctx, 0, func(w *writer) error {
		for _, d := range deliveries {
			var settled any
			if d.State != DeliveryWaiting {
				settled = now.UnixMilli()
			}
			_, err := w.exec("UPDATE delivery SET state = ?, tries = ?, next = ?, settled = ?, error = ? WHERE id = ?",
				string(d.State), d.Tries, d.Next.UnixMilli(), settled, d.Error, d.ID)
			if err != nil {
				return fmt.Errorf("delivery %d: %w", d.ID, err)
			}
		}
		return nil
	})
}

// PruneEvents drops deliveries settled before one time, and events before another
// that nothing is left of.
func (s *Store) PruneEvents(ctx context.Context, settled, at time.Time) error {
	return s.write(ctx, 0, func(w *writer) error {
		if _, err := w.exec("DELETE FROM delivery WHERE state != 'waiting' AND settled < ?", settled.UnixMilli()); err != nil {
			return err
		}
		_, err := w.exec("DELETE FROM event WHERE at < ? AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.event = event.id)", at.UnixMilli())
		return err
	})
}
