package outbox_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/internal/fold/foldtest"
	"entente/internal/outbox"
	"entente/test/nodes"
)

// pair is Mexico and the United States; what one states, carry brings to the other.
type pair struct {
	t      *testing.T
	mx, us *nodes.Node
}

func newPair(t *testing.T) *pair {
	p := &pair{t, nodes.New(t, entente.Author{Party: entente.MX}), nodes.New(t, entente.Author{Party: entente.US})}
	p.check(p.us.Store().Pin(t.Context(), p.mx.Genesis(), false))
	p.check(p.mx.Store().Pin(t.Context(), p.us.Genesis(), false))
	return p
}

func (p *pair) check(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *pair) state(n *nodes.Node, t entente.Type, subject string, body any) entente.Ref {
	p.t.Helper()
	got, err := n.Store().Append(p.t.Context(), n.Entry(entente.Shared, t, subject, body))
	p.check(err)
	p.carry()
	return got[0].Ref
}

// carry brings the shared logs up to date on both sides.
func (p *pair) carry() {
	p.t.Helper()
	ctx := p.t.Context()
	for _, way := range [][2]*nodes.Node{{p.mx, p.us}, {p.us, p.mx}} {
		origin := way[0].Origin(entente.Shared)
		held, err := way[1].Store().Log(ctx, origin)
		p.check(err)
		raws, err := way[0].Store().Entries(ctx, origin, held.Size, 1000)
		p.check(err)
		checkpoint, err := way[0].Store().Checkpoint(ctx, origin)
		p.check(err)
		p.check(way[1].Store().Mirror(ctx, origin, held.Size, raws, checkpoint))
	}
}

// TestArrivals: what the other party states is an event for the agencies that it
// concerns, once, with its clock; what was there before is none, and what is for
// nobody here is none.
func TestArrivals(t *testing.T) {
	p := newPair(t)
	before := p.state(p.mx, entente.TypeRequest, "rq0", foldtest.Request(entente.US))
	p.carry()
	arrivals := outbox.NewArrivals(p.us.Store())
	events, since, err := arrivals.Events(t.Context(), "")
	p.check(err)
	if len(events) != 0 {
		t.Errorf("%v is news", events)
	}
	own := p.state(p.us, entente.TypeRequest, "rq1", foldtest.Request(entente.MX))
	p.state(p.mx, entente.TypeRefusal, "rf1", &entente.Denial{Request: own, Reason: "not_held"})
	request := p.state(p.mx, entente.TypeRequest, "rq2", foldtest.Request(entente.US))
	alert := foldtest.Release(entente.US)
	alert.Handling.Territory, alert.Recipients, alert.Copied = "MX", []string{"CBP"}, []string{"DOS", "SRE"}
	clock := time.Date(2025, 10, 1, 12, 10, 0, 0, time.UTC)
	alert.Alert = &entente.Alert{Group: "watch", Acknowledge: clock}
	release := p.state(p.mx, entente.TypeRelease, "rl1", alert)
	p.state(p.mx, entente.TypeRecall, "rc1", &entente.Recall{Release: release, Reason: "inaccurate"})
	p.state(p.mx, entente.TypeMisuse, "ms1", &entente.Misuse{Release: release, Kind: "disclosure", Due: clock.Add(time.Hour)})
	p.state(p.mx, entente.TypePermissionRequest, "pr1", &entente.PermissionRequest{
		Of: entente.US, Kind: "collection", Purpose: "investigation", Item: &release.Leaf, Description: &alert.Content})
	p.state(p.mx, entente.TypePause, "pa1", &entente.Pause{Scope: "area", Area: "arms"})
	p.state(p.mx, entente.TypeCommitment, "c1", foldtest.Commitment("C1"))
	events, next, err := arrivals.Events(t.Context(), since)
	p.check(err)
	var got []string
	for _, e := range events {
		line := e.Type + " " + strings.Join(e.Agencies, ",") + " " + strings.Join(e.Areas, ",") + " " + e.Duty
		if !e.Due.IsZero() {
			line += " " + e.Due.Format("15:04")
		}
		got = append(got, strings.TrimRight(line, " "))
	}
	want := []string{
		"request.refused DOS arms", "request.received CBP,DOS,SRE arms  12:00", "alert.received CBP,DOS,SRE arms watch 12:10",
		"recall.received CBP,DOS,SRE arms", "misuse.reported CBP,DOS,SRE arms  13:10", "permission.asked", "pause.stated  arms",
	}
	if !slices.Equal(got, want) {
		t.Errorf("events\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if e := events[1]; e.Entry != request || e.Entry == before || e.At.IsZero() {
		t.Errorf("the event is about %v, want %v", e.Entry, request)
	}
	again, _, err := arrivals.Events(t.Context(), since)
	p.check(err)
	if len(again) != len(events) || again[0].ID != events[0].ID {
		t.Error("read again, the events have other names")
	}
	if more, same, err := arrivals.Events(t.Context(), next); err != nil || len(more) != 0 || same != next {
		t.Errorf("at the end: %v, %s, %v", more, same, err)
	}
	if _, _, err := arrivals.Events(t.Context(), "{"); err == nil {
		t.Error("a damaged cursor is taken")
	}
}

// TestInadmissibleArrivalsAreNone: what does not fold is nobody's business here.
func TestInadmissibleArrivalsAreNone(t *testing.T) {
	p := newPair(t)
	p.carry()
	arrivals := outbox.NewArrivals(p.us.Store())
	_, since, err := arrivals.Events(t.Context(), "")
	p.check(err)
	// The same id twice in a log: the second is inadmissible.
	id := func(h *entente.Header) { h.ID = "019b0000-0000-7000-8000-000000000001" }
	first := p.mx.Entry(entente.Shared, entente.TypeRequest, "rq1", foldtest.Request(entente.US), id)
	twice := p.mx.Entry(entente.Shared, entente.TypeRequest, "rq2", foldtest.Request(entente.US), id)
	held, err := p.us.Store().Log(t.Context(), first.Origin)
	p.check(err)
	p.check(p.us.Store().Mirror(t.Context(), first.Origin, held.Size, [][]byte{first.Raw, twice.Raw}, nil))
	events, _, err := arrivals.Events(t.Context(), since)
	p.check(err)
	if len(events) != 1 || events[0].Entry.Index != held.Size {
		t.Errorf("events %+v", events)
	}
}
