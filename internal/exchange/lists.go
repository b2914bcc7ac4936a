package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"entente"
	"entente/internal/fold"
	"entente/internal/store"
)

// Filter selects things of the exchange; zero fields do not restrict.
type Filter struct {
	Direction Direction
	Area      string
	States    []State
	Kind      string // of a request, or of a permission request
	// Agency is one that states it, is addressed, or is copied, of either party.
	Agency string
	// Late leaves what is overdue.
	Late bool
	// Alert leaves releases that a duty group has to acknowledge.
	Alert bool
	// Text is part of the subject.
	Text string
	// After is the Next of the page before.
	After string
	Limit int // 0 means 50, at most 500
}

// Page is a page of a list.
type Page[T any] struct {
	Items []T
	Next  string // "" at its end
}

func (f *Filter) limit() int {
	if f.Limit <= 0 {
		return 50
	}
	return min(f.Limit, 500)
}

// place is where a page begins: after a page of the store, some of the next passed
// over.
func (f *Filter) place() (after string, skip int, err error) {
	if f.After == "" {
		return "", 0, nil
	}
	n, after, ok := strings.Cut(f.After, ".")
	if skip, err = strconv.Atoi(n); !ok || err != nil || skip < 0 {
		return "", 0, fmt.Errorf("%w: %.80q", store.ErrCursor, f.After)
	}
	return after, skip, nil
}

// pages reads lists whose last word is not the database's: what is not to be shown
// is left out here, and a page goes on until it is full.
func pages[B, S any](ctx context.Context, x *Exchange, q store.Query, f Filter, load func([]store.Version[B]) ([]S, error), keep func(S) bool) (Page[S], error) {
	after, skip, err := f.place()
	if err != nil {
		return Page[S]{}, err
	}
	q.Area, q.After, q.Limit, q.Desc, q.Withdrawn = f.Area, after, max(f.limit(), 100), true, true
	if f.Direction == Out {
		q.Writer = string(x.own)
	}
	var out Page[S]
	for {
		page, err := store.List[B](ctx, x.view(), q)
		if err != nil {
			return Page[S]{}, err
		}
		all, err := load(page.Items)
		if err != nil {
			return Page[S]{}, err
		}
		for i, s := range all {
			if i < skip || !keep(s) {
				continue
			}
			if len(out.Items) == f.limit() {
				out.Next = fmt.Sprintf("%d.%s", i, q.After)
				return out, nil
			}
			out.Items = append(out.Items, s)
		}
		skip = 0
		if q.After = page.Next; q.After == "" {
			return out, nil
		}
	}
}

// selects reports whether the filter leaves something of this state.
func (f *Filter) selects(s *Side, state State, overdue bool) bool {
	return (f.Direction == "" || s.Direction == f.Direction) &&
		(len(f.States) == 0 || slices.Contains(f.States, state)) &&
		(!f.Late || overdue) && strings.Contains(s.Subject, strings.ToLower(strings.TrimSpace(f.Text))) &&
		(f.Agency == "" || s.Agency == f.Agency || slices.Contains(s.Agencies, f.Agency) || slices.Contains(s.Copied, f.Agency))
}

// ours reports whether this party is one of the two that it is between.
func (x *Exchange) ours(s *Side) bool { return s.From == x.own || s.To == x.own }

// Requests lists requests, newest first.
func (x *Exchange) Requests(ctx context.Context, v Viewer, f Filter, asOf time.Time) (Page[*RequestState], error) {
	q := store.Query{Type: entente.TypeRequest}
	if f.Kind != "" {
		q.Where = append(q.Where, store.Cond{Column: "kind", Op: store.Eq, Value: f.Kind})
	}
	load := func(list []store.Version[entente.Request]) ([]*RequestState, error) {
		return x.requests(ctx, list, asOf)
	}
	return pages(ctx, x, q, f, load, func(r *RequestState) bool {
		return x.ours(&r.Side) && r.VisibleTo(v) && f.selects(&r.Side, r.State, r.Late)
	})
}

// Releases lists releases, newest first.
func (x *Exchange) Releases(ctx context.Context, v Viewer, f Filter, asOf time.Time) (Page[*ReleaseState], error) {
	q := store.Query{Type: entente.TypeRelease}
	if f.Alert {
		q.Where = append(q.Where, store.Cond{Column: "duty", Op: store.Ne, Value: ""})
	}
	load := func(list []store.Version[entente.Release]) ([]*ReleaseState, error) {
		return x.releases(ctx, list, asOf)
	}
	return pages(ctx, x, q, f, load, func(r *ReleaseState) bool {
		overdue := slices.ContainsFunc(r.Clocks, func(c Clock) bool { return c.Overdue })
		return x.ours(&r.Side) && r.VisibleTo(v) && f.selects(&r.Side, r.State, overdue)
	})
}

// Permissions lists permission requests, newest first.
func (x *Exchange) Permissions(ctx context.Context, v Viewer, f Filter, asOf time.Time) (Page[*PermissionState], error) {
	q := store.Query{Type: entente.TypePermissionRequest}
	if f.Kind != "" {
		q.Where = append(q.Where, store.Cond{Column: "kind", Op: store.Eq, Value: f.Kind})
	}
	rules, err := x.rules(ctx)
	if err != nil {
		return Page[*PermissionState]{}, err
	}
	load := func(list []store.Version[json.RawMessage]) ([]*PermissionState, error) {
		return x.permissions(ctx, list, rules, asOf)
	}
	return pages(ctx, x, q, f, load, func(p *PermissionState) bool {
		return x.ours(&p.Side) && p.VisibleTo(v) && f.selects(&p.Side, p.State, false)
	})
}

func (x *Exchange) permissions(ctx context.Context, list []store.Version[json.RawMessage], rules *rules, asOf time.Time) ([]*PermissionState, error) {
	refs := make([]entente.Ref, len(list))
	for i := range list {
		refs[i] = list[i].Ref
	}
	answers, err := x.about(ctx, refs)
	if err != nil {
		return nil, err
	}
	var out []*PermissionState
	for i := range list {
		if p := x.permission(&list[i], answers, rules, asOf); p != nil {
			out = append(out, p)
		}
	}
	return out, x.aboutReleases(ctx, out, asOf)
}

// aboutReleases tells permission requests about a release who besides may know of
// them: the agency that released it.
func (x *Exchange) aboutReleases(ctx context.Context, list []*PermissionState, asOf time.Time) error {
	for _, p := range list {
		if p.Body.Release == nil || p.Direction != In {
			continue
		}
		r, err := byRef[entente.Release](ctx, x, entente.TypeRelease, *p.Body.Release)
		if err != nil {
			continue // pending: its release is not here yet
		}
		if r.Header.Author.Party == x.own {
			p.Agencies = union(p.Agencies, []string{r.Header.Author.Agency})
		}
	}
	return nil
}

// Release says how it stands with a release at a moment.
func (x *Exchange) Release(ctx context.Context, v Viewer, ref entente.Ref, asOf time.Time) (*ReleaseState, error) {
	version, err := byRef[entente.Release](ctx, x, entente.TypeRelease, ref)
	if err != nil {
		return nil, err
	}
	return x.release(ctx, v, version, asOf)
}

// release is Release for a version that was read.
func (x *Exchange) release(ctx context.Context, v Viewer, version *store.Version[entente.Release], asOf time.Time) (*ReleaseState, error) {
	list, err := x.releases(ctx, []store.Version[entente.Release]{*version}, asOf)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 || version.Status != fold.Admissible || !x.ours(&list[0].Side) || !list[0].VisibleTo(v) {
		return nil, ErrNotFound
	}
	return list[0], nil
}

// Request says how it stands with a request at a moment; ref may be of any of its
// versions.
func (x *Exchange) Request(ctx context.Context, v Viewer, ref entente.Ref, asOf time.Time) (*RequestState, error) {
	version, err := byRef[entente.Request](ctx, x, entente.TypeRequest, ref)
	if err != nil {
		return nil, err
	}
	if version.Status != fold.Admissible {
		return nil, ErrNotFound
	}
	if !version.Current {
		thing, err := store.Get[entente.Request](ctx, x.view(), entente.TypeRequest, version.Writer, version.Subject)
		if err != nil {
			return nil, err
		}
		if thing.Current != nil {
			version = thing.Current
		}
	}
	list, err := x.requests(ctx, []store.Version[entente.Request]{*version}, asOf)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 || !x.ours(&list[0].Side) || !list[0].VisibleTo(v) {
		return nil, ErrNotFound
	}
	return list[0], nil
}

// Permission says how it stands with a permission request at a moment.
func (x *Exchange) Permission(ctx context.Context, v Viewer, ref entente.Ref, asOf time.Time) (*PermissionState, error) {
	version, err := byRef[json.RawMessage](ctx, x, entente.TypePermissionRequest, ref)
	if err != nil {
		return nil, err
	}
	rules, err := x.rules(ctx)
	if err != nil {
		return nil, err
	}
	list, err := x.permissions(ctx, []store.Version[json.RawMessage]{*version}, rules, asOf)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 || version.Status != fold.Admissible || !x.ours(&list[0].Side) || !list[0].VisibleTo(v) {
		return nil, ErrNotFound
	}
	return list[0], nil
}

// Pauses are the pauses of all parties that stand, newest first. Everybody at a
// desk sees them.
func (x *Exchange) Pauses(ctx context.Context) ([]Said[entente.Pause], error) {
	list, err := every[entente.Pause](ctx, x, store.Query{Type: entente.TypePause, Desc: true})
	if err != nil {
		return nil, err
	}
	var out []Said[entente.Pause]
	for i := range list {
		out = append(out, saidOf(&list[i]))
	}
	return out, nil
}

// every returns all versions that a query selects, whose bodies can be read.
func every[B any](ctx context.Context, x *Exchange, q store.Query) ([]store.Version[B], error) {
	q.Limit = 1000
	var out []store.Version[B]
	for {
		page, err := store.List[B](ctx, x.view(), q)
		if err != nil {
			return nil, err
		}
		for _, v := range page.Items {
			if v.Body != nil {
				out = append(out, v)
			}
		}
		if q.After = page.Next; q.After == "" {
			return out, nil
		}
	}
}
