package store

import (
	"fmt"
	"testing"
	"time"

	"entente"
)

func TestSubscriptions(t *testing.T) {
	ctx := t.Context()
	_, at := withClock()
	s := open(t, at)
	u, err := s.AddUser(ctx, User{Name: "ana"})
	check(t, err)
	hook, err := s.AddSubscription(ctx, Subscription{Kind: ByWebhook, Target: "https://example.org/in", Agency: "SRE",
		Events: []string{"release.received"}, Lang: "es", Secret: []byte("wrapped")})
	check(t, err)
	mail, err := s.AddSubscription(ctx, Subscription{Kind: ByMail, Target: "duty@example.org", User: u.ID, Duty: "air-watch", Lang: "en"})
	check(t, err)
	got, err := s.Subscription(ctx, hook.ID)
	check(t, err)
	if fmt.Sprint(got) != fmt.Sprint(hook) {
		t.Errorf("stored %+v, want %+v", got, hook)
	}
	check(t, s.DisableSubscription(ctx, mail.ID, true, "gone"))
	all, err := s.Subscriptions(ctx)
	check(t, err)
	if len(all) != 2 || all[0].ID != hook.ID || !all[1].Disabled || all[1].Why != "gone" || all[1].User != u.ID {
		t.Errorf("subscriptions %+v", all)
	}
	if _, err := s.AddSubscription(ctx, Subscription{Kind: "pigeon", Target: "x"}); err == nil {
		t.Error("an unknown kind is stored")
	}
	want(t, s.DisableSubscription(ctx, 99, true, ""), ErrNotFound)
	want(t, s.RemoveSubscription(ctx, 99), ErrNotFound)
}

func happened(id string, at time.Time) Event {
	return Event{ID: id, Type: "release.received", At: at,
		EventData: EventData{Entry: entente.Ref{Log: "demo.mx.entente/shared", Index: 7}, Areas: []string{"A1"}, Due: at.Add(time.Hour)}}
}

// TestEventsAreQueuedOnce: an event that comes again is told once, the cursor moves
// with what it covers, and what is removed takes its deliveries along.
func TestEventsAreQueuedOnce(t *testing.T) {
	ctx := t.Context()
	c, at := withClock()
	s := open(t, at)
	one, err := s.AddSubscription(ctx, Subscription{Kind: ByWebhook, Target: "https://example.org/1"})
	check(t, err)
	two, err := s.AddSubscription(ctx, Subscription{Kind: ByWebhook, Target: "https://example.org/2"})
	check(t, err)
	next, err := s.NextDelivery(ctx)
	check(t, err)
	if !next.IsZero() {
		t.Errorf("something waits at %v", next)
	}
	a := Queued{happened("a", c.at), []int64{one.ID, two.ID, 99}}
	check(t, s.Enqueue(ctx, "cursor", []byte("1"), a))
	check(t, s.Enqueue(ctx, "cursor", []byte("2"), a, Queued{happened("b", c.at), []int64{one.ID}}))
	value, err := s.Meta(ctx, "cursor")
	check(t, err)
	due, err := s.DueDeliveries(ctx, one.ID, c.at, 10)
	check(t, err)
	if string(value) != "2" || len(due) != 2 || due[0].Event.ID != "a" || due[1].Event.ID != "b" {
		t.Fatalf("cursor %s, due %+v", value, due)
	}
	if fmt.Sprint(due[0].Event) != fmt.Sprint(a.Event) || due[0].State != DeliveryWaiting {
		t.Errorf("stored %+v, want %+v", due[0].Event, a.Event)
	}
	due[0].State, due[0].Tries = Delivered, 1
	due[1].Tries, due[1].Next, due[1].Error = 3, c.at.Add(time.Minute), "refused"
	check(t, s.SettleDeliveries(ctx, due...))
	waiting, err := s.DueDeliveries(ctx, one.ID, c.at, 10)
	check(t, err)
	if len(waiting) != 0 {
		t.Errorf("due before its time: %+v", waiting)
	}
	check(t, s.DisableSubscription(ctx, two.ID, true, ""))
	next, err = s.NextDelivery(ctx)
	check(t, err)
	if !next.Equal(c.at.Add(time.Minute)) {
		t.Errorf("next at %v", next)
	}
	all, err := s.Deliveries(ctx, one.ID, "", 10)
	check(t, err)
	if len(all) != 2 || all[0].Event.ID != "b" || all[0].Tries != 3 || all[0].Error != "refused" || !all[1].Settled.Equal(c.at) {
		t.Errorf("deliveries %+v", all)
	}
	check(t, s.RemoveSubscription(ctx, two.ID))
	all, err = s.Deliveries(ctx, 0, "", 10)
	check(t, err)
	if len(all) != 2 {
		t.Errorf("%d deliveries are left", len(all))
	}
}

func TestOldEventsAreDropped(t *testing.T) {
	ctx := t.Context()
	c, at := withClock()
	s := open(t, at)
	sub, err := s.AddSubscription(ctx, Subscription{Kind: ByWebhook, Target: "https://example.org/1"})
	check(t, err)
	check(t, s.Enqueue(ctx, "", nil, Queued{happened("done", c.at), []int64{sub.ID}}, Queued{happened("waits", c.at), []int64{sub.ID}}))
	due, err := s.DueDeliveries(ctx, sub.ID, c.at, 1)
	check(t, err)
	due[0].State = DeliveryDead
	check(t, s.SettleDeliveries(ctx, due...))
	later := c.at.Add(time.Hour)
	check(t, s.PruneEvents(ctx, later, later))
	all, err := s.Deliveries(ctx, 0, "", 10)
	check(t, err)
	if len(all) != 1 || all[0].Event.ID != "waits" {
		t.Errorf("left %+v", all)
	}
	// What was dropped could be told again; what is kept is not.
	check(t, s.Enqueue(ctx, "", nil, Queued{happened("waits", c.at), []int64{sub.ID}}))
	all, err = s.Deliveries(ctx, 0, DeliveryWaiting, 10)
	check(t, err)
	if len(all) != 1 {
		t.Errorf("%d wait", len(all))
	}
}
