package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"entente"
	"entente/internal/fold"
	"entente/internal/store"
)

// The types of events of arrivals, without [TypePrefix].
const (
	RequestReceived    = "request.received"
	RequestRefused     = "request.refused"
	ReleaseReceived    = "release.received"
	ReleaseRejected    = "release.rejected"
	AlertReceived      = "alert.received"
	PermissionAsked    = "permission.asked"
	PermissionAnswered = "permission.answered"
	RecallReceived     = "recall.received"
	MisuseReported     = "misuse.reported"
	MisuseAnswered     = "misuse.answered"
	HoldStated         = "hold.stated"
	PauseStated        = "pause.stated"
)

// Types are all types of events that can be subscribed to, without [TypePrefix].
var Types = []string{
	RequestReceived, RequestRefused, ReleaseReceived, ReleaseRejected, AlertReceived, PermissionAsked, PermissionAnswered,
	RecallReceived, MisuseReported, MisuseAnswered, HoldStated, PauseStated, ClockDue, ClockOverdue, AlertEscalated,
}

// maxArrivals is how many entries are read at once.
const maxArrivals = 256

// Arrivals reads the shared logs that the node follows for what concerns its own
// agencies; it implements [Events].
type Arrivals struct{ s *store.Store }

// NewArrivals returns the arrivals at the node of a store.
func NewArrivals(s *store.Store) *Arrivals { return &Arrivals{s} }

// cursor is how far each followed shared log was read.
type cursor map[string]uint64

// Events implements [Events]. Without a cursor it begins at what is held now: what
// was there before anybody asked is no news.
func (a *Arrivals) Events(ctx context.Context, since string) ([]store.Event, string, error) {
	at := cursor{}
	if since != "" {
		if err := json.Unmarshal([]byte(since), &at); err != nil {
			return nil, "", fmt.Errorf("the cursor of arrivals: %w", err)
		}
	}
	var events []store.Event
	left := maxArrivals
	for _, l := range a.s.Logs(ctx) {
		if l.Own || l.Audience != entente.Shared {
			continue
		}
		from, known := at[l.Origin]
		if since == "" && !known {
			from = l.Size
		}
		to := min(l.Size, from+uint64(left))
		for index := from; index < to; index++ {
			e, err := a.arrival(ctx, l.Origin, index)
			if err != nil {
				return nil, "", fmt.Errorf("%s#%d: %w", l.Origin, index, err)
			}
			events = append(events, e...)
		}
		at[l.Origin] = max(from, to)
		left -= int(max(from, to) - from)
	}
	next, err := json.Marshal(at)
	return events, string(next), err
}

// arrival is what one entry of another party brings.
func (a *Arrivals) arrival(ctx context.Context, origin string, index uint64) ([]store.Event, error) {
	v, body, err := a.read(ctx, entente.Ref{Log: origin, Index: index})
	if err != nil || body == nil {
		return nil, err
	}
	e := store.Event{At: v.Header.Time, EventData: store.EventData{Entry: v.Ref, Areas: v.Areas}}
	own := entente.Party(a.s.Own())
	switch b := body.(type) {
	case *entente.Request:
		if b.To != own {
			return nil, nil
		}
		e.Type, e.Areas, e.Due, e.Agencies = RequestReceived, b.Areas, b.Due, join(b.Agencies, b.Copied)
	case *entente.Release:
		if b.To != own {
			return nil, nil
		}
		e.Type, e.Areas, e.Agencies = ReleaseReceived, b.Areas, join(b.Recipients, b.Copied)
		if b.Alert != nil {
			e.Type, e.Duty, e.Due = AlertReceived, b.Alert.Group, b.Alert.Acknowledge
		}
	case *entente.PermissionRequest:
		if b.Of != own {
			return nil, nil
		}
		e.Type = PermissionAsked
		if b.Release != nil {
			if err := a.concern(ctx, *b.Release, &e); err != nil {
				return nil, err
			}
		}
	case *entente.Pause:
		e.Type = PauseStated
		if b.Area != "" {
			e.Areas = []string{b.Area}
		}
	default:
		return a.answer(ctx, body, e)
	}
	return []store.Event{named(e)}, nil
}

// answer is what an entry about an earlier one brings.
func (a *Arrivals) answer(ctx context.Context, body any, e store.Event) ([]store.Event, error) {
	var on entente.Ref
	switch b := body.(type) {
	case *entente.Denial:
		e.Type, on = RequestRefused, b.Request
	case *entente.Receipt:
		if b.Verdict != "rejected" {
			return nil, nil
		}
		e.Type, on = ReleaseRejected, b.Release
	case *entente.Permission:
		e.Type, on = PermissionAnswered, b.Asked
	case *entente.Recall:
		e.Type, on = RecallReceived, b.Release
	case *entente.Misuse:
		e.Type, e.Due, on = MisuseReported, b.Due, b.Release
	case *entente.MisuseOutcome:
		e.Type, on = MisuseAnswered, b.Misuse
	case *entente.Hold:
		e.Type, on = HoldStated, b.Release
	default:
		return nil, nil
	}
	if err := a.concern(ctx, on, &e); err != nil {
		return nil, err
	}
	return []store.Event{named(e)}, nil
}

// concern says which of the node's own agencies an event about an earlier entry is
// for: the author's when the entry is the node's own, else those it was addressed
// to. Of what cannot be read, all are told.
func (a *Arrivals) concern(ctx context.Context, on entente.Ref, e *store.Event) error {
	for range 3 { // an outcome is about a report about a release
		v, body, err := a.read(ctx, on)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil || body == nil {
			return err
		}
		if len(e.Areas) == 0 {
			e.Areas = v.Areas
		}
		if v.Writer == a.s.Own() {
			e.Agencies = []string{v.Header.Author.Agency}
			return nil
		}
		switch b := body.(type) {
		case *entente.Release:
			e.Areas, e.Agencies = b.Areas, join(b.Recipients, b.Copied)
			return nil
		case *entente.Misuse:
			on = b.Release
		default:
			return nil
		}
	}
	return nil
}

// read reads an entry; body is nil when it states nothing that counts.
func (a *Arrivals) read(ctx context.Context, ref entente.Ref) (*store.Version[json.RawMessage], any, error) {
	v, err := store.ByRef[json.RawMessage](ctx, a.s.View(entente.Shared), ref.Log, ref.Index)
	if err != nil {
		return nil, nil, err
	}
	if v.Status != fold.Admissible && v.Status != fold.Pending || v.Body == nil {
		return v, nil, nil
	}
	rule, ok := entente.Rule(v.Type)
	if !ok {
		return v, nil, nil
	}
	body := rule.New()
	if err := json.Unmarshal(*v.Body, body); err != nil {
		return nil, nil, err
	}
	return v, body, nil
}

// named gives an event its name, which follows from its type and entry.
func named(e store.Event) store.Event {
	e.ID = eventID(e.Type, e.Entry.String())
	return e
}

func eventID(parts ...string) string {
	d := entente.DigestOf([]byte(strings.Join(parts, "\n")))
	return "evt_" + d.String()[:32]
}

// join joins two lists of agencies; those of the other party are among the copied,
// and nobody here subscribes for them.
func join(a, b []string) []string {
	set := map[string]bool{}
	for _, x := range slices.Concat(a, b) {
		set[x] = true
	}
	return slices.Sorted(maps.Keys(set))
}
