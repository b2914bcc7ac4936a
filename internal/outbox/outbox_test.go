package outbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"entente"
	"entente/internal/store"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// scripted gives events and clocks as a test says; its cursor is the count given.
type scripted struct {
	mu     sync.Mutex
	events []store.Event
	clocks []store.Clock
}

func (s *scripted) Events(_ context.Context, since string) ([]store.Event, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var n int
	if since != "" {
		if err := json.Unmarshal([]byte(since), &n); err != nil {
			return nil, "", err
		}
	}
	to := min(n+2, len(s.events))
	next, err := json.Marshal(to)
	return s.events[n:to], string(next), err
}

func (s *scripted) Clocks(context.Context, time.Time) ([]store.Clock, error) { return s.clocks, nil }

// inbox is a receiver of webhooks that answers as a test says.
type inbox struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	got    []received
}

type received struct {
	header http.Header
	body   []byte
}

func newInbox(t *testing.T) *inbox {
	in := &inbox{status: http.StatusNoContent}
	in.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		in.mu.Lock()
		defer in.mu.Unlock()
		in.got = append(in.got, received{r.Header.Clone(), body})
		if in.status == http.StatusFound {
			w.Header().Set("Location", "https://example.org/elsewhere")
		}
		w.WriteHeader(in.status)
	}))
	t.Cleanup(in.Close)
	return in
}

func (in *inbox) answer(status int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.status = status
}

func (in *inbox) took() []received {
	in.mu.Lock()
	defer in.mu.Unlock()
	got := in.got
	in.got = nil
	return got
}

// desk is an outbox with its store, receiver and clock.
type desk struct {
	*Outbox
	s    *store.Store
	from *scripted
	in   *inbox
	now  time.Time
}

const testSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func newDesk(t *testing.T) *desk {
	d := &desk{from: &scripted{}, in: newInbox(t), now: noon}
	var err error
	d.s, err = store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "node.db"), Clock: func() time.Time { return d.now }})
	check(t, err)
	t.Cleanup(func() { check(t, d.s.Close()) })
	client := NewClient()
	client.Transport = d.in.Client().Transport
	d.Outbox = New(Options{
		Store: d.s, Events: d.from, Clocks: d.from, Origin: "https://desk.example.org", Client: client, Now: func() time.Time { return d.now },
		Unwrap: func(b []byte) ([]byte, error) { return bytes.Clone(b), nil }, GiveUp: 24 * time.Hour,
	})
	return d
}

func (d *desk) hook(t *testing.T, edit ...func(*store.Subscription)) store.Subscription {
	t.Helper()
	sub := store.Subscription{Kind: store.ByWebhook, Target: d.in.URL + "/in", Secret: []byte(testSecret)}
	for _, e := range edit {
		e(&sub)
	}
	sub, err := d.s.AddSubscription(t.Context(), sub)
	check(t, err)
	return sub
}

func (d *desk) happens(events ...store.Event) {
	d.from.mu.Lock()
	defer d.from.mu.Unlock()
	d.from.events = append(d.from.events, events...)
}

// round collects, rings and delivers once.
func (d *desk) round(t *testing.T) []received {
	t.Helper()
	check(t, d.Collect(t.Context()))
	check(t, d.Ring(t.Context()))
	check(t, d.Deliver(t.Context()))
	return d.in.took()
}

func release(id string) store.Event {
	return store.Event{ID: id, Type: ReleaseReceived, At: noon, EventData: store.EventData{
		Entry: entente.Ref{Log: "demo.mx.entente/shared", Index: 12, Leaf: entente.DigestOf([]byte("leaf"))}, Areas: []string{"air"},
		Agencies: []string{"CBP"}, Due: noon.Add(time.Hour)}}
}

func state(t *testing.T, s *store.Store) (list []string) {
	t.Helper()
	all, err := s.Deliveries(t.Context(), 0, "", 100)
	check(t, err)
	slices.Reverse(all)
	for _, d := range all {
		list = append(list, d.Event.ID+" "+string(d.State))
	}
	return list
}

// TestWebhooksAreCloudEvents: what arrives is a CloudEvent by the rules of the
// standard's own library, signed so that the receiver can tell, and holds nothing but
// entry, areas and clock.
func TestWebhooksAreCloudEvents(t *testing.T) {
	d := newDesk(t)
	d.hook(t)
	d.happens(release("evt_1"), release("evt_2"), release("evt_3"))
	got := d.round(t)
	if len(got) != 3 {
		t.Fatalf("%d arrived", len(got))
	}
	r := got[0]
	check(t, Verify(testSecret, r.header, r.body, noon))
	var e event.Event
	check(t, json.Unmarshal(r.body, &e))
	check(t, e.Validate())
	if e.Type() != "mx.entente.release.received" || e.ID() != "evt_1" || e.Source() != "https://desk.example.org" ||
		e.Subject() != "demo.mx.entente/shared#12" || !e.Time().Equal(noon) || r.header.Get("Content-Type") != MediaType {
		t.Errorf("arrived %s", r.body)
	}
	var data map[string]any
	check(t, e.DataAs(&data))
	for key := range data {
		if !slices.Contains([]string{"entry", "areas", "due", "desk"}, key) {
			t.Errorf("it says %s: %s", key, r.body)
		}
	}
	if got := d.round(t); len(got) != 0 {
		t.Errorf("%d arrived again", len(got))
	}
}

// TestOnlyTheSubscribedAreTold goes through who hears of what.
func TestOnlyTheSubscribedAreTold(t *testing.T) {
	e := release("x")
	e.Duty = "watch"
	for _, c := range []struct {
		name string
		sub  store.Subscription
		want bool
	}{
		{"all", store.Subscription{}, true},
		{"the agency", store.Subscription{Agency: "CBP"}, true},
		{"another agency", store.Subscription{Agency: "DEA"}, false},
		{"the type", store.Subscription{Events: []string{ReleaseReceived}}, true},
		{"another type", store.Subscription{Events: []string{RequestReceived}}, false},
		{"the duty group", store.Subscription{Duty: "watch"}, true},
		{"another duty group", store.Subscription{Duty: "sea"}, false},
	} {
		if got := matches(c.sub, e); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	e.Agencies = nil
	if !matches(store.Subscription{Agency: "DEA"}, e) {
		t.Error("what concerns all is not told to one")
	}
}

// TestDownReceiversAreTriedAgain: with the waiting time growing, in order, until it
// works or the time is over; others are not kept waiting.
func TestDownReceiversAreTriedAgain(t *testing.T) {
	d := newDesk(t)
	d.hook(t)
	d.happens(release("evt_1"), release("evt_2"))
	d.in.answer(http.StatusInternalServerError)
	if got := d.round(t); len(got) != 1 {
		t.Fatalf("a receiver that is down was asked %d times", len(got))
	}
	if got := d.round(t); len(got) != 0 {
		t.Fatal("tried again at once")
	}
	d.in.answer(http.StatusOK)
	d.now = d.now.Add(10 * time.Second)
	got := d.round(t)
	if len(got) != 2 || got[0].header.Get(HeaderID) != "evt_1" {
		t.Fatalf("arrived %v", got)
	}
	check(t, Verify(testSecret, got[0].header, got[0].body, d.now)) // signed anew at each sending
	d.in.answer(http.StatusFound)
	d.happens(release("evt_3"))
	waits := []time.Duration{}
	for range 40 {
		d.round(t)
		before := d.now
		next, err := d.s.NextDelivery(t.Context())
		check(t, err)
		if next.IsZero() {
			break
		}
		d.now = next
		waits = append(waits, next.Sub(before))
	}
	if s := state(t, d.s); !slices.Equal(s, []string{"evt_1 delivered", "evt_2 delivered", "evt_3 dead"}) {
		t.Errorf("deliveries %v", s)
	}
	if len(waits) < 8 || waits[len(waits)-1] < time.Hour || waits[0] > 10*time.Second {
		t.Errorf("waited %v", waits)
	}
	all, err := d.s.Deliveries(t.Context(), 0, store.DeliveryDead, 1)
	check(t, err)
	if !strings.Contains(all[0].Error, "redirects are not followed") {
		t.Errorf("the reason is %q", all[0].Error)
	}
}

func TestGoneReceiversAreLeftAlone(t *testing.T) {
	d := newDesk(t)
	sub := d.hook(t)
	other := d.hook(t)
	d.happens(release("evt_1"))
	check(t, d.s.DisableSubscription(t.Context(), other.ID, true, ""))
	d.in.answer(http.StatusGone)
	d.round(t)
	sub, err := d.s.Subscription(t.Context(), sub.ID)
	check(t, err)
	if !sub.Disabled || !strings.Contains(sub.Why, "410") {
		t.Errorf("it is %+v", sub)
	}
	d.happens(release("evt_2"))
	if got := d.round(t); len(got) != 0 {
		t.Error("asked again")
	}
	if s := state(t, d.s); !slices.Equal(s, []string{"evt_1 dead"}) {
		t.Errorf("a disabled subscription was told: %v", s)
	}
}

// TestDisabledPeopleAreNotTold: a person's subscription is that of the agency the
// person works for, and falls silent with the person.
func TestDisabledPeopleAreNotTold(t *testing.T) {
	d := newDesk(t)
	u, err := d.s.AddUser(t.Context(), store.User{Name: "ana", Agency: "CBP"})
	check(t, err)
	d.hook(t, func(s *store.Subscription) { s.User, s.Agency = u.ID, "" })
	other := release("evt_0")
	other.Agencies = []string{"DEA"}
	d.happens(other, release("evt_1"))
	if got := d.round(t); len(got) != 1 || got[0].header.Get(HeaderID) != "evt_1" {
		t.Fatalf("%d arrived", len(got))
	}
	u.Disabled = true
	check(t, d.s.UpdateUser(t.Context(), u))
	d.happens(release("evt_2"))
	if got := d.round(t); len(got) != 0 {
		t.Error("told nevertheless")
	}
}

// TestClocks: a clock is told once when it nears and once when it has passed; an
// alert that nobody acknowledged goes to the escalated agencies too.
func TestClocks(t *testing.T) {
	d := newDesk(t)
	d.hook(t)
	d.hook(t, func(s *store.Subscription) { s.Agency = "DOS" })
	at := store.EventData{Entry: entente.Ref{Log: "demo.mx.entente/shared", Index: 3}, Agencies: []string{"CBP"}, Due: noon.Add(48 * time.Hour)}
	alert := at
	alert.Entry.Index, alert.Due = 4, noon.Add(10*time.Minute)
	d.from.clocks = []store.Clock{
		{Kind: "request", EventData: at, Warn: 24 * time.Hour},
		{Kind: "alert", EventData: alert, Warn: 5 * time.Minute, Escalate: []string{"DOS"}},
	}
	var told []string
	for _, after := range []time.Duration{0, 6 * time.Minute, 7 * time.Minute, 11 * time.Minute, 25 * time.Hour, 49 * time.Hour, 50 * time.Hour, 500 * 24 * time.Hour} {
		d.now = noon.Add(after)
		for _, r := range d.round(t) {
			var e CloudEvent
			check(t, json.Unmarshal(r.body, &e))
			told = append(told, after.String()+" "+strings.TrimPrefix(e.Type, TypePrefix)+" "+e.Subject[len(e.Subject)-2:])
		}
	}
	want := []string{
		"6m0s clock.due #4", "11m0s alert.escalated #4", "11m0s alert.escalated #4", "25h0m0s clock.due #3", "49h0m0s clock.overdue #3",
	}
	if !slices.Equal(told, want) {
		t.Errorf("told\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
}

// TestRunDelivers: what happens while it runs is delivered without being asked.
func TestRunDelivers(t *testing.T) {
	d := newDesk(t)
	d.hook(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- d.Run(ctx) }()
	d.happens(release("evt_1"))
	d.Wake()
	for len(state(t, d.s)) == 0 || state(t, d.s)[0] != "evt_1 delivered" {
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestTestReachesTheReceiver(t *testing.T) {
	d := newDesk(t)
	sub := d.hook(t)
	check(t, d.Test(t.Context(), sub))
	got := d.in.took()
	if len(got) != 1 || !strings.Contains(string(got[0].body), `"mx.entente.test"`) {
		t.Errorf("arrived %v", got)
	}
	d.in.answer(http.StatusForbidden)
	if err := d.Test(t.Context(), sub); err == nil || !strings.Contains(err.Error(), "403") {
		t.Error(err)
	}
	if err := d.Test(t.Context(), store.Subscription{Kind: store.ByMail, Target: "a@example.org"}); !errors.Is(err, ErrNoMail) {
		t.Error(err)
	}
	sub.Target = "http://example.org/in"
	if err := d.Test(t.Context(), sub); err == nil || !strings.Contains(err.Error(), "https") {
		t.Errorf("it went out in the clear: %v", err)
	}
}

func TestAddresses(t *testing.T) {
	for _, good := range []string{"https://example.org/in?a=b", "http://127.0.0.1:8080/in", "http://localhost/in", "http://[::1]/in"} {
		check(t, CheckURL(good))
	}
	for _, bad := range []string{"", "example.org", "http://example.org", "ftp://example.org", "https://u:p@example.org", "https://example.org/#x",
		"file:///etc/passwd", "http://127.0.0.1.example.org/", "https://example.org/" + strings.Repeat("x", maxURL)} {
		if CheckURL(bad) == nil {
			t.Errorf("%.60q is taken", bad)
		}
	}
	check(t, CheckAddress("duty@example.org"))
	for _, bad := range []string{"", "duty", "Duty <duty@example.org>", "a@example.org,b@example.org", "a@example.org\r\nBcc: b@example.org"} {
		if CheckAddress(bad) == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
