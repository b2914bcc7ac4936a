package series

import (
	"slices"
	"testing"

	"entente"
)

func entDate(s string) entente.Date { return entente.Date(s) }

func line(t *testing.T, rows ...string) *Line {
	t.Helper()
	l, err := parse(t, counts, "", rows...).Line(nil)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestComparisons(t *testing.T) {
	l := line(t, "2024-01,100,", "2024-02,50,", "2024-03,200,", "2025-01,25,", "2025-02,25,", "2025-03,0,")
	c := l.YearOnYear(Total, window(t, "2025-01..2025-02"))
	if !c.Complete() || c.Percent.Places(4).String() != "-66.6667" || c.B.Value.String() != "150" || len(c.Warnings) != 0 {
		t.Errorf("%+v", c)
	}
	peak, ok := l.AgainstPeak(month(t, "2025-01"), Window{})
	if !ok || peak.B.Window.String() != "2024-03" || peak.Percent.String() != "-87.5" {
		t.Errorf("%+v", peak)
	}
	named, ok := l.AgainstPeak(month(t, "2025-01"), window(t, "2024-01..2024-02"))
	if !ok || named.B.Window.String() != "2024-01" || named.Percent.String() != "-75" {
		t.Errorf("%+v", named)
	}
	mean := l.AgainstMean(window(t, "2025-01..2025-02"), window(t, "2024-01..2024-03"))
	if !mean.Complete() || mean.A.Value.String() != "25" || mean.Percent.Places(3).String() != "-78.571" || !slices.Contains(mean.Warnings, AveragedWindows) {
		t.Errorf("%+v", mean)
	}
	if low, v, ok := l.Low(window(t, "2024-01..2025-02")); !ok || low.String() != "2025-01" || v.String() != "25" {
		t.Errorf("%s %s: the earliest of equals", low, v)
	}
	daily := l.Measure(Daily, window(t, "2024-02"))
	if daily.Value.Places(5).String() != "1.72414" {
		t.Errorf("50 over 29 days: %s", daily.Value)
	}
}

func TestComparisonsThatAreNotLikeForLike(t *testing.T) {
	l := line(t, "2024-01,100,", "2024-02,0,", "2025-01,25,", "2025-02,25,")
	for _, c := range []struct {
		a, b     string
		warn     Warning
		complete bool
	}{
		{"2025-01..2025-02", "2024-01", UnequalWindows, true},
		{"2025-01..2025-02", "2025-02", OverlapWindows, true},
		{"2025-02", "2024-02", BaseZero, false},
		{"2025-01..2025-03", "2024-01..2024-02", MissingMonths, false},
		{"2025-01", "2023-01", MissingMonths, false},
	} {
		got := l.Against(Total, window(t, c.a), window(t, c.b))
		if !slices.Contains(got.Warnings, c.warn) || got.Complete() != c.complete {
			t.Errorf("%s against %s: %+v", c.a, c.b, got)
		}
	}
	if _, ok := (&Line{}).AgainstPeak(month(t, "2025-01"), Window{}); ok {
		t.Error("an empty line has a peak")
	}
}

func TestYearTotals(t *testing.T) {
	var rows []string
	for m := month(t, "2023-10"); m <= month(t, "2025-01"); m++ {
		rows = append(rows, m.String()+",1,")
	}
	l := line(t, rows...)
	fiscal := l.Years(USFiscal)
	if len(fiscal) != 2 || fiscal[0].Year != 2024 || fiscal[0].Partial || fiscal[0].Value.String() != "12" || !fiscal[1].Partial || fiscal[1].Missing != 8 || fiscal[1].Value.String() != "4" {
		t.Errorf("%+v", fiscal)
	}
	calendar := l.Years(CalendarYear)
	if len(calendar) != 3 || !calendar[0].Partial || calendar[1].Partial || calendar[1].Value.String() != "12" || !calendar[2].Partial {
		t.Errorf("%+v", calendar)
	}
}

func TestLineInAnotherUnit(t *testing.T) {
	s, _ := read(t, fiscalRecipe(), fiscalHeader, []string{"2025", "JAN", "Northern Border", "Fentanyl", "X", "147.04832875399998"})
	l, err := s.Line(nil)
	if err != nil {
		t.Fatal(err)
	}
	lb, err := l.In(Pound)
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := lb.At(month(t, "2025-01")); !ok || p.Value.String() != "147.04832875399998" || lb.Unit != Pound {
		t.Errorf("back in pounds: %v", p)
	}
	if p, _ := l.At(month(t, "2025-01")); p.Value.String() != "66.6999999440659979081526" {
		t.Errorf("the line itself changed: %v", p)
	}
	if _, err := l.In("events"); err == nil {
		t.Error("kilograms became events")
	}
}
