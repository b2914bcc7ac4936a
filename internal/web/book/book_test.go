package book_test

import (
	"fmt"
	"testing"

	"entente"
	"entente/internal/web/book"
	"entente/internal/web/things"
	"entente/test/demo"
)

// describe is what a page shows of an undertaking.
func describe(u *book.Undertaking, b *book.Book) string {
	s := fmt.Sprint(u.Ref, u.Code, u.Owners, u.Completion(), u.Gaps(), u.Indicators, len(u.Accounts), len(u.Positions))
	for _, list := range [][]string{refs(u.Actions), refs(u.Milestones), refs(u.Accounts)} {
		s += fmt.Sprint(list)
	}
	for _, p := range []entente.Party{entente.MX, entente.US} {
		if h := u.Halves[p]; h != nil {
			s += fmt.Sprint("half", h.Ref, h.Gaps())
		}
	}
	for _, p := range b.Pairs {
		for _, side := range p.Sides {
			if side.Undertaking == u {
				s += fmt.Sprint("pair", p.Ref, p.Origin)
				for _, other := range p.Sides {
					if other.Undertaking != nil {
						s += fmt.Sprint(other.Undertaking.Ref, other.Undertaking.Gaps())
					}
				}
			}
		}
	}
	return s
}

func refs(items []things.Item) []string {
	var out []string
	for _, it := range items {
		out = append(out, it.Ref.String())
	}
	return out
}

// What is read around one undertaking is what the whole book says of it.
func TestAroundAgreesWithTheWholeBook(t *testing.T) {
	w := demo.New(t)
	v := w.Portal.View(entente.Public)
	whole, err := book.Read(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	if len(whole.List) == 0 || len(whole.Pairs) == 0 || len(whole.Others) == 0 {
		t.Fatalf("%d undertakings, %d told by others, %d pairs", len(whole.List), len(whole.Others), len(whole.Pairs))
	}
	for _, u := range whole.List {
		near, err := book.Around(t.Context(), v, u.Type, u.Writer, u.Subject)
		if err != nil {
			t.Fatal(err)
		}
		var same *book.Undertaking
		for _, o := range near.List {
			if o.Ref == u.Ref {
				same = o
			}
		}
		if same == nil {
			t.Errorf("%s is not in what is around it", u.Code)
			continue
		}
		if got, want := describe(same, near), describe(u, whole); got != want {
			t.Errorf("%s:\n got %s\nwant %s", u.Code, got, want)
		}
	}
}
