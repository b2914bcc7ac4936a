package series

import (
	"strings"
	"testing"

	"entente"
)

var both = entente.Text{ES: "x", EN: "x"}

func sheet() *Indicator {
	return &Indicator{ID: "us-drugs", Title: both, Definition: both, Unit: Kilogram, AlsoIn: []Unit{Pound}, Kind: "output", Direction: "contested", DirectionNote: both,
		Limits: []entente.Text{both}, Party: entente.US, Publisher: "CBP", Licence: both, Areas: []string{"A08"}, Headline: Where{"geography": "southwest"}, Recipes: []Recipe{*fiscalRecipe()}}
}

func wantFaults(t *testing.T, err error, wants ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("valid")
	}
	for _, w := range wants {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("no fault %q in:\n%v", w, err)
		}
	}
}

func TestIndicatorSheet(t *testing.T) {
	in := sheet()
	if err := in.Validate(); err != nil {
		t.Fatal(err)
	}
	if r, ok := in.Recipe("test-drugs"); !ok || r != &in.Recipes[0] {
		t.Error("its recipe is not found")
	}
	if _, ok := in.Recipe("other"); ok {
		t.Error("a recipe for another family")
	}
	if d := strings.Join(in.Dims(), " "); d != "area geography side" {
		t.Error(d)
	}
	other := *fiscalRecipe()
	other.Dims, other.Unit = other.Dims[1:], Pound
	bad := &Indicator{ID: "Bad Id", Title: entente.Text{EN: "x"}, Unit: Kilogram, AlsoIn: []Unit{"events"}, Kind: "impact", Direction: "contested", Party: "Mexico", Headline: Where{"state": "x"},
		Recipes: []Recipe{*fiscalRecipe(), other, {}}}
	wantFaults(t, bad.Validate(), "id:", "title: wants es and en", "definition:", "licence:", "limits:", "kind:", "direction_note:", "party:", "publisher:", "areas:", "also_in:", "headline:",
		`family "test-drugs" has two recipes`, "recipes[1]: gives lb", "recipes[1]: keeps dimensions", "recipes[2]: recipe : ")
	wantFaults(t, (&Indicator{Direction: "up"}).Validate(), "direction:", "recipes: is empty")
}

func TestDatasetDescription(t *testing.T) {
	d := Dataset{ID: "d", File: "data/d.csv", Family: "test-drugs", Title: both, Publisher: "CBP", Party: entente.US, Released: "2025-09", Licence: both, URL: "https://example.org/d.csv", Provenance: both,
		SHA256: strings.Repeat("0f", 32), Bytes: 1, Rows: 1, Period: window(t, "2025-01"), Controls: []Control{{Indicator: "us-drugs", Window: window(t, "2025-01"), Value: "1"}}}
	if err := d.Validate(); err != nil {
		t.Fatal(err)
	}
	wantFaults(t, (&Dataset{ID: "D", Released: "soon", SHA256: "xyz"}).Validate(), "id:", "file:", "family:", "title:", "publisher:", "party:", "released:", "licence:", "url:", "provenance:", "sha256:", "bytes:", "rows:", "period:", "controls:")
	d.Controls[0].Value = "many"
	wantFaults(t, d.Validate(), "controls[0]")
}

func TestControl(t *testing.T) {
	s, _ := read(t, fiscalRecipe(), fiscalHeader, []string{"2025", "JAN", "Northern Border", "Fentanyl", "X", "10.126"})
	jan := window(t, "2025-01")
	for _, c := range []struct {
		control Control
		want    string
	}{
		{Control{Window: jan, Value: "10.13", Unit: Pound}, ""},
		{Control{Window: jan, Value: "4.59"}, ""},
		{Control{Window: jan, Value: "10.12", Unit: Pound}, "the file gives 10.13"},
		{Control{Window: window(t, "2025-01..2025-02"), Value: "4.59"}, "1 months without data"},
		{Control{Window: jan, Value: "x"}, "not a number"},
		{Control{Window: jan, Value: "1", Where: Where{"state": "x"}}, "no dimension"},
		{Control{Window: jan, Value: "1", Unit: "events"}, "no conversion"},
	} {
		err := c.control.Check(s)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.control, err)
		}
	}
}
