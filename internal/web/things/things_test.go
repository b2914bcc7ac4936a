package things

import (
	"testing"

	"entente"
)

func TestDecimal(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0", "12": "12", "-93": "−93", "1234": "1,234", "-1234567.50": "−1,234,567.50", "0.000100": "0.000100",
		"123456789012345678901234567890": "123,456,789,012,345,678,901,234,567,890",
		"":                               "", "-": "-", "twelve": "twelve", "1e5": "1e5", "1.2.3": "1.2.3", "<b>": "<b>",
	} {
		if got := Decimal(nil, in); got != want {
			t.Errorf("Decimal(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLabelID(t *testing.T) {
	for _, c := range []struct {
		name  string
		value any
		want  string
	}{
		{"description", entente.Text{}, "field.describes"}, {"by", entente.Date("2026"), "field.by_date"},
		{"by", "MX", "field.by"}, {"due", entente.Date(""), "field.due"},
	} {
		if got := LabelID(c.name, c.value); got != c.want {
			t.Errorf("LabelID(%q, %T) = %q, want %q", c.name, c.value, got, c.want)
		}
	}
}

func TestSourcesAndWordingAreReadOffAnyBody(t *testing.T) {
	claim := &entente.Citation{Claim: &entente.ClaimContent{Wording: entente.Verbatim}, Sources: []entente.Source{{Code: "S1"}}}
	if got := Sources(claim); len(got) != 1 || got[0].Code != "S1" {
		t.Errorf("Sources = %+v", got)
	}
	if got := WordingOf(claim); got != entente.Verbatim {
		t.Errorf("WordingOf a citation without its own wording = %q", got)
	}
	if got := WordingOf(&entente.Commitment{Wording: entente.Summary}); got != entente.Summary {
		t.Errorf("WordingOf a commitment = %q", got)
	}
	if got := WordingOf(&entente.Answer{}); got != "" {
		t.Errorf("WordingOf an answer = %q", got)
	}
}
