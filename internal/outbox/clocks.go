package outbox

import (
	"time"

	"entente/internal/store"
)

// The types of events of clocks, without [TypePrefix].
const (
	ClockDue       = "clock.due"       // it nears, or has come
	ClockOverdue   = "clock.overdue"   // it has passed
	AlertEscalated = "alert.escalated" // nobody acknowledged an alert in time
)

// told is how long a clock that has passed is still told of: a node that was off for
// longer has other worries.
const told = 365 * 24 * time.Hour

// ring returns the events that a clock gives at a moment. Each is told once, which
// follows from its name: another day for the same thing is another clock.
func ring(c store.Clock, now time.Time) []store.Event {
	var events []store.Event
	add := func(kind string, at time.Time, agencies []string) {
		e := store.Event{Type: kind, At: at.UTC(), EventData: c.EventData}
		e.Agencies = agencies
		e.ID = eventID(kind, c.Kind, c.Entry.String(), c.Due.UTC().Format(time.RFC3339))
		events = append(events, e)
	}
	if c.Due.IsZero() || now.Sub(c.Due) > told {
		return nil
	}
	if warn := c.Due.Add(-c.Warn); !now.Before(warn) && (now.Before(c.Due) || c.Warn == 0) {
		add(ClockDue, warn, c.Agencies)
	}
	if now.Before(c.Due) {
		return events
	}
	if c.Kind == "alert" {
		add(AlertEscalated, c.Due, join(c.Agencies, c.Escalate))
	} else if c.Warn > 0 {
		add(ClockOverdue, c.Due, join(c.Agencies, c.Escalate))
	}
	return events
}
