package exchange

import (
	"cmp"
	"context"
	"slices"
	"time"

	"entente"
	"entente/internal/fold"
	"entente/internal/store"
)

// The kinds of clocks.
const (
	ClockRequest   = "request"   // a request is to be answered
	ClockAlert     = "alert"     // an alert is to be acknowledged
	ClockMisuse    = "misuse"    // a report of misuse is to get an outcome
	ClockReview    = "review"    // an emergency release is to be reviewed
	ClockRetention = "retention" // a payload is shredded when its retention is over
	ClockHold      = "hold"      // a legal hold is to be reviewed
)

// warnings are how long before its time each clock is told first.
var warnings = map[string]time.Duration{
	ClockRequest: 24 * time.Hour, ClockMisuse: 24 * time.Hour, ClockReview: 4 * time.Hour, ClockRetention: 24 * time.Hour,
	ClockHold: 7 * 24 * time.Hour,
}

// memory is how long a clock that has passed is still shown.
const memory = 365 * 24 * time.Hour

// Clock is a time by which something is due, and from whom.
type Clock struct {
	store.Clock
	// Owner is the party that has to act.
	Owner     entente.Party
	Subject   string // of the entry
	Direction Direction
	Overdue   bool
}

func clock(kind string, s *Side, owner entente.Party, due, asOf time.Time, agencies []string) Clock {
	return Clock{
		Clock: store.Clock{
			Kind: kind, Warn: warnings[kind],
			EventData: store.EventData{Entry: s.Ref, Areas: s.Areas, Agencies: agencies, Due: due},
		},
		Owner: owner, Subject: s.Subject, Direction: s.Direction, Overdue: !asOf.Before(due),
	}
}

// requestClocks are the clocks that run on a request.
func requestClocks(r *RequestState, own entente.Party, asOf time.Time) []Clock {
	if r.State != Waiting && r.State != Late {
		return nil
	}
	agencies := slices.Concat(r.Agencies, r.Copied)
	if r.To != own {
		agencies = append([]string{r.Agency}, r.Copied...)
	}
	return []Clock{clock(ClockRequest, &r.Side, r.To, r.Body.Due, asOf, agencies)}
}

// releaseClocks are the clocks that run on a release, on this party's desk.
func releaseClocks(r *ReleaseState, rules *rules, own entente.Party, asOf time.Time) []Clock {
	var list []Clock
	rejected := r.Receipt != nil && r.Receipt.Body.Verdict == verdictRejected
	recipients := slices.Concat(r.Agencies, r.Copied)
	if a := r.Body.Alert; a != nil && r.Acknowledged == nil && r.Recall == nil && !rejected {
		c := clock(ClockAlert, &r.Side, r.To, a.Acknowledge, asOf, recipients)
		if g := rules.duty(r.To, a.Group); g != nil {
			c.Agencies, c.Escalate = union(c.Agencies, g.Agencies), g.Escalate
		}
		c.Duty = a.Group
		list = append(list, c)
	}
	for i := range r.Misuse {
		if m := &r.Misuse[i]; m.Outcome == nil {
			c := clock(ClockMisuse, &r.Side, r.From, m.Body.Due, asOf, []string{r.Agency})
			c.Entry = m.Ref
			if r.To == own {
				c.Agencies = recipients
			}
			list = append(list, c)
		}
	}
	if r.Body.Emergency && r.Review == nil && !r.ReviewDue.IsZero() && r.From == own {
		list = append(list, clock(ClockReview, &r.Side, r.From, r.ReviewDue, asOf, append([]string{r.Agency}, r.Copied...)))
	}
	concerned := recipients
	if r.From == own {
		concerned = append([]string{r.Agency}, r.Copied...)
	}
	if h := r.Hold(own); h != nil {
		c := clock(ClockHold, &r.Side, own, dayAfter(h.Body.Review).AddDate(0, 0, -1), asOf, union(concerned, []string{h.Agency}))
		c.Entry = h.Ref
		list = append(list, c)
	} else if !r.DeletedBy(own) && !(rejected && r.To == own) {
		list = append(list, clock(ClockRetention, &r.Side, own, r.ExpiresAt(), asOf, concerned))
	}
	return list
}

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, x := range b {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// AllClocks are the clocks that run at this party's desk, those that have passed
// included until what was due is done; the next comes first. A retention that is
// more than a month away is left out.
func (x *Exchange) AllClocks(ctx context.Context, v Viewer, asOf time.Time) ([]Clock, error) {
	since := asOf.Add(-memory)
	var list []Clock
	requests, err := every[entente.Request](ctx, x, store.Query{
		Type: entente.TypeRequest, Where: []store.Cond{{Column: "due", Op: store.Ge, Value: moment(since)}},
	})
	if err != nil {
		return nil, err
	}
	asked, err := x.requests(ctx, requests, asOf)
	if err != nil {
		return nil, err
	}
	for _, r := range asked {
		if r.VisibleTo(v) {
			list = append(list, r.Clocks...)
		}
	}
	releases, err := x.ticking(ctx, asOf)
	if err != nil {
		return nil, err
	}
	states, err := x.releases(ctx, releases, asOf)
	if err != nil {
		return nil, err
	}
	far := asOf.AddDate(0, 1, 0)
	for _, r := range states {
		for _, c := range r.Clocks {
			if r.VisibleTo(v) && (c.Kind != ClockRetention || c.Due.Before(far)) {
				list = append(list, c)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Clock) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Kind, b.Kind)) })
	return list, nil
}

// ticking are the releases on which a clock may run.
func (x *Exchange) ticking(ctx context.Context, asOf time.Time) ([]store.Version[entente.Release], error) {
	var out []store.Version[entente.Release]
	seen := map[entente.Ref]bool{}
	take := func(list []store.Version[entente.Release]) {
		for _, r := range list {
			if !seen[r.Ref] {
				seen[r.Ref] = true
				out = append(out, r)
			}
		}
	}
	day := func(t time.Time) string { return t.UTC().Format(time.DateOnly) }
	for _, where := range [][]store.Cond{
		{{Column: "release.acknowledge", Op: store.Ge, Value: moment(asOf.Add(-memory))}, {Column: "release.duty", Op: store.Ne, Value: ""}},
		{{Column: "release.emergency", Op: store.Eq, Value: 1}},
		{{Column: "release.retain", Op: store.Ge, Value: day(asOf.AddDate(0, -1, 0))}, {Column: "release.retain", Op: store.Le, Value: day(asOf.AddDate(0, 1, 0))}},
	} {
		list, err := every[entente.Release](ctx, x, store.Query{Type: entente.TypeRelease, Where: where})
		if err != nil {
			return nil, err
		}
		take(list)
	}
	var refs []entente.Ref
	holds, err := every[entente.Hold](ctx, x, store.Query{Type: entente.TypeHold})
	if err != nil {
		return nil, err
	}
	for _, h := range holds {
		refs = append(refs, h.Body.Release)
	}
	reports, err := every[entente.Misuse](ctx, x, store.Query{
		Type: entente.TypeMisuse, Where: []store.Cond{{Column: "due", Op: store.Ge, Value: moment(asOf.Add(-memory))}},
	})
	if err != nil {
		return nil, err
	}
	for _, m := range reports {
		refs = append(refs, m.Body.Release)
	}
	for _, ref := range refs {
		v, err := byRef[entente.Release](ctx, x, entente.TypeRelease, ref)
		if err != nil || v.Status != fold.Admissible {
			continue // what is about nothing has no clock
		}
		take([]store.Version[entente.Release]{*v})
	}
	return out, nil
}

// Clocks are the clocks that run against this party's own agencies, for the outbox.
func (x *Exchange) Clocks(ctx context.Context, asOf time.Time) ([]store.Clock, error) {
	all, err := x.AllClocks(ctx, Node, asOf)
	if err != nil {
		return nil, err
	}
	var out []store.Clock
	for _, c := range all {
		if c.Owner == x.own {
			out = append(out, c.Clock)
		}
	}
	return out, nil
}

// moment is a time as a typed column holds it.
func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }
