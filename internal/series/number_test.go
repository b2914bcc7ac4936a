package series

import (
	"math/big"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func dec(t testing.TB, s string) Decimal {
	t.Helper()
	d, err := ParseDecimal(s)
	if err != nil {
		t.Fatal(s, err)
	}
	return d
}

func TestParseDecimal(t *testing.T) {
	for s, want := range map[string]string{"12": "12", "12.0": "12", "-0.50": "-0.5", "147.04832875399998": "147.04832875399998", "1E3": "1000", "1.5e-2": "0.015", ".5": "0.5", "5.": "5", "+7": "7"} {
		if got := dec(t, s).String(); got != want {
			t.Errorf("%q became %s, not %s", s, got, want)
		}
	}
	for _, s := range []string{"", "-", ".", "1,000", "1e", "e5", "1e19", "1e-19", "1e999999999", "NaN", "Inf", "0x10", "1_000", "1 000", "1.2.3", strings.Repeat("9", 49)} {
		if d, err := ParseDecimal(s); err == nil {
			t.Errorf("%q became %s", s, d)
		}
	}
}

// The trap of 3 September 2025: −92.484 shows as −92.5 at one decimal, and is
// still −92 to the unit.
func TestRoundedOnce(t *testing.T) {
	july := percentChange(ExactOf(dec(t, "7824")), ExactOf(dec(t, "104100")))
	if july.Places(1).String() != "-92.5" || july.Places(0).String() != "-92" {
		t.Errorf("%s to one decimal, %s to the unit", july.Places(1), july.Places(0))
	}
	for s, want := range map[string]string{"0.5": "1", "-0.5": "-1", "1.5": "2", "2.5": "3", "-92.5": "-93", "92.4999999": "92", "0": "0", "-0.4": "0"} {
		if got := ExactOf(dec(t, s)).Places(0).String(); got != want {
			t.Errorf("%s rounds to %s, not %s", s, got, want)
		}
	}
	if got := ExactOf(dec(t, "-51.72")).Round(dec(t, "5")).String(); got != "-50" {
		t.Errorf("nearest five: %s", got)
	}
}

func TestRoundIsNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := Exact{big.NewRat(rapid.Int64Range(-1e12, 1e12).Draw(t, "num"), rapid.Int64Range(1, 1e6).Draw(t, "den"))}
		step := decimal.New(rapid.Int64Range(1, 50).Draw(t, "step"), -rapid.Int32Range(0, 3).Draw(t, "places"))
		r := ExactOf(e.Round(step))
		gap := new(big.Rat).Sub(r.rat, e.rat)
		gap.Abs(gap)
		if half := new(big.Rat).Quo(step.Rat(), big.NewRat(2, 1)); gap.Cmp(half) > 0 {
			t.Fatalf("%s to the nearest %s is %s", e.rat, step, r.rat)
		}
		if q := new(big.Rat).Quo(r.rat, step.Rat()); !q.IsInt() {
			t.Fatalf("%s is no multiple of %s", r.rat, step)
		}
	})
}

func TestUnits(t *testing.T) {
	kg, err := Convert(ExactOf(dec(t, "21148.15")), Pound, Kilogram)
	if err != nil || kg.Places(8).String() != "9592.63947962" || kg.Places(0).String() != "9593" {
		t.Errorf("%s %v", kg.Places(12), err)
	}
	back, err := Convert(kg, Kilogram, Pound)
	if err != nil || back.Places(24).String() != "21148.15" {
		t.Errorf("there and back: %s %v", back.Places(24), err)
	}
	if _, err := Factor("events", Kilogram); err == nil {
		t.Error("events became kilograms")
	}
	if f, err := Factor("events", "events"); err != nil || f.String() != "1" {
		t.Error(f, err)
	}
}

func TestExactText(t *testing.T) {
	var none Exact
	if none.Valid() || none.String() != "" || none.Sign() != 0 || percentChange(none, none).Valid() {
		t.Error("no figure is not nothing")
	}
	if percentChange(ExactOf(dec(t, "1")), ExactOf(dec(t, "0"))).Valid() {
		t.Error("a percentage of zero")
	}
	var e Exact
	if err := e.UnmarshalText([]byte("-92.48415")); err != nil || e.String() != "-92.48415" {
		t.Error(e, err)
	}
	if err := e.UnmarshalText(nil); err != nil || e.Valid() {
		t.Error(e, err)
	}
	if err := e.UnmarshalText([]byte("x")); err == nil {
		t.Error("x is a figure")
	}
}

func TestStep(t *testing.T) {
	for _, c := range []struct {
		claimed      string
		unit         Unit
		fine, coarse string
	}{
		{"-93", Percent, "1", "1"}, {"-50", Percent, "1", "5"}, {"-49.94", Percent, "0.01", "0.01"}, {"-42.5", Percent, "0.1", "0.1"},
		{"100", Percent, "1", "5"}, {"4950", Kilogram, "1", "10"}, {"238000", "encounters", "1", "1000"}, {"6073", "encounters", "1", "1"},
		{"50.0", Percent, "0.1", "0.1"}, {"0", Percent, "1", "1"}, {"6.3", Tonne, "0.1", "0.1"},
	} {
		if fine, coarse := Step(c.claimed, c.unit); fine.String() != c.fine || coarse.String() != c.coarse {
			t.Errorf("%s %s: %s and %s", c.claimed, c.unit, fine, coarse)
		}
	}
}
