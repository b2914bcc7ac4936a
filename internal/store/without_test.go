package store

import (
	"errors"
	"testing"

	"entente"
)

// TestAViewWithoutATypeHidesItEverywhere asks every query for entries of a type
// that the view was made without, and for the withdrawal of one.
func TestAViewWithoutATypeHidesItEverywhere(t *testing.T) {
	ctx := t.Context()
	s, p := programme(t)
	hidden := &entente.Notice{Code: "N-77", Title: text("Palabra reservadísima"), Text: text("Nadie más debe verla.")}
	first := add(t, s, p.MX, entente.Shared, entente.TypeNotice, "hidden", hidden)
	again := *hidden
	note := text("Corregido")
	again.Correction = &note
	ref := add(t, s, p.MX, entente.Shared, entente.TypeNotice, "hidden", &again, superseding(first))
	gone := add(t, s, p.MX, entente.Shared, entente.TypeWithdrawal, "hidden", &entente.Withdrawal{Of: ref, Reason: text("Ya no")})
	whole := s.View(entente.National)
	for _, c := range []struct {
		name string
		v    *View
		sees bool
	}{{"whole", whole, true}, {"without", whole.Without(entente.TypeNotice), false}, {"unchanged", whole.Without(), true}} {
		found := func(what string, yes bool) {
			t.Helper()
			if yes != c.sees {
				t.Errorf("%s view finds it by %s: %v", c.name, what, yes)
			}
		}
		q := Query{Type: entente.TypeNotice, Subject: "hidden", Versions: true, Withdrawn: true}
		list, err := List[entente.Notice](ctx, c.v, q)
		check(t, err)
		found("list", len(list.Items) > 0 || list.Total > 0)
		latest, err := c.v.Latest(ctx, Query{Limit: 5})
		check(t, err)
		seen := false
		for _, i := range latest.Items {
			seen = seen || i.Subject == "hidden"
		}
		found("latest", seen)
		changes, err := c.v.Corrections(ctx, Query{Limit: 5})
		check(t, err)
		seen = false
		for _, i := range changes.Items {
			seen = seen || i.Subject == "hidden"
		}
		found("corrections", seen)
		hits, err := c.v.Search(ctx, "reservadísima", "es", Query{Withdrawn: true, Versions: true})
		check(t, err)
		found("search", hits.Total > 0)
		_, err = Get[entente.Notice](ctx, c.v, entente.TypeNotice, "MX", "hidden")
		found("get", !errors.Is(err, ErrNotFound))
		for _, r := range []entente.Ref{first, ref, gone} {
			_, err = ByRef[entente.Notice](ctx, c.v, r.Log, r.Index)
			found("reference", !errors.Is(err, ErrNotFound))
			_, err = c.v.Entry(ctx, r.Log, r.Index)
			found("bytes", !errors.Is(err, ErrNotFound))
		}
		counts, err := c.v.Counts(ctx)
		check(t, err)
		seen = false
		for _, n := range counts {
			seen = seen || n.Type == entente.TypeNotice
		}
		found("counts", seen)
	}
}
