package store

import (
	"fmt"
	"slices"
	"testing"

	"entente"
	"entente/internal/fold/foldtest"
)

// TestUnanswered lists what a writer has taken no position on, in the view of the
// reader: an inner position is none to the public.
func TestUnanswered(t *testing.T) {
	ctx := t.Context()
	s, p := programme(t)
	action, statement := p.Refs[entente.TypeAction], p.Refs[entente.TypeStatement]
	open := func(a entente.Audience, by string, of entente.Ref, typ entente.Type) bool {
		list, err := List[any](ctx, s.View(a), Query{Type: typ, Unanswered: by})
		check(t, err)
		if len(list.Items) != list.Total {
			t.Errorf("%d of %d listed", len(list.Items), list.Total)
		}
		return slices.ContainsFunc(list.Items, func(x Version[any]) bool { return x.Ref == of })
	}
	if open(entente.Public, "US", action, entente.TypeAction) || !open(entente.Public, "MX", action, entente.TypeAction) {
		t.Error("the action is disputed by US, and by nobody else")
	}
	if !open(entente.National, "MX", statement, entente.TypeStatement) {
		t.Fatal("nobody has taken a position on the statement")
	}
	stand := func(a entente.Audience, typ entente.Type, subject string, body any) entente.Ref {
		return add(t, s, p.MX, a, typ, subject, body)
	}
	ref := stand(entente.Shared, entente.TypePosition, "on-s1", &entente.Position{On: statement, Stance: entente.TakesNote})
	if open(entente.National, "MX", statement, entente.TypeStatement) || !open(entente.Public, "MX", statement, entente.TypeStatement) {
		t.Error("a shared position answers within, and not in public")
	}
	stand(entente.Shared, entente.TypeWithdrawal, "w1", &entente.Withdrawal{Of: ref, Reason: text("Error")})
	if !open(entente.National, "MX", statement, entente.TypeStatement) {
		t.Error("a withdrawn position still answers")
	}
}

// TestFiguresBearTheNameOfTheirIndicator: their entries name its code only.
func TestFiguresBearTheNameOfTheirIndicator(t *testing.T) {
	ctx := t.Context()
	s, p := programme(t)
	for _, a := range entente.Audiences {
		list, err := List[any](ctx, s.View(a), Query{Type: entente.TypeObservations})
		check(t, err)
		for _, x := range list.Items {
			if x.Title != (entente.Text{ES: "Aseguramientos", EN: "Seizures"}) {
				t.Errorf("%s: %+v", a, x.Title)
			}
		}
		one, err := ByRef[any](ctx, s.View(a), p.Refs[entente.TypeObservations].Log, p.Refs[entente.TypeObservations].Index)
		check(t, err)
		if one.Title.ES != "Aseguramientos" {
			t.Errorf("%s: %+v", a, one.Title)
		}
	}
}

// TestACursorOutlivesTheLanguage where nothing is sorted by it.
func TestACursorOutlivesTheLanguage(t *testing.T) {
	ctx := t.Context()
	s, mx := mexico(t)
	for i := range 5 {
		add(t, s, mx, entente.Public, entente.TypeCommitment, fmt.Sprintf("c%d", i), foldtest.Commitment("C"))
	}
	v := s.View(entente.Public)
	for _, order := range []string{ByTime, ByOrder, "code", ByTitle} {
		page, err := List[any](ctx, v, Query{Type: entente.TypeCommitment, Limit: 2, Order: order, Lang: "es"})
		check(t, err)
		_, err = List[any](ctx, v, Query{Type: entente.TypeCommitment, Limit: 2, Order: order, Lang: "en", After: page.Next})
		if order == ByTitle {
			want(t, err, ErrCursor)
		} else {
			check(t, err)
		}
	}
	hits, err := v.Search(ctx, "compromiso", "es", Query{Limit: 2})
	check(t, err)
	more, err := v.Search(ctx, "compromiso", "en", Query{Limit: 2, After: hits.Next})
	check(t, err)
	if more.Items[0].Ref == hits.Items[0].Ref {
		t.Error("the second page is the first")
	}
}
