package demo

import (
	"testing"

	"entente"
	"entente/internal/store"
)

func TestTheWholeProgrammeIsHeld(t *testing.T) {
	w := New(t)
	mx, err := w.MX.View(entente.Public).Digest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	portal, err := w.Portal.View(entente.Public).Digest(t.Context())
	if err != nil || mx != portal {
		t.Errorf("digests %s and %s, %v", mx, portal, err)
	}
	counts, err := w.Portal.View(entente.Public).Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range counts {
		if c.Status != "admissible" {
			t.Errorf("%d entries of type %s are %s", c.Entries, c.Type, c.Status)
		}
	}
	joint, err := store.Joints[entente.Indicator](t.Context(), w.Portal.View(entente.Public), entente.TypeIndicator, store.Query{})
	if err != nil || len(joint) != len(w.Programme.Indicators) {
		t.Fatalf("%d indicators, %v", len(joint), err)
	}
	for _, j := range joint {
		sheet, err := w.Portal.Figures().Sheet(t.Context(), entente.Public, j.Subject, "")
		if err != nil || sheet.View == nil {
			t.Errorf("%s has no series: %v", j.Subject, err)
		}
	}
}
