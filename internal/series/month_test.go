package series

import (
	"testing"

	"pgregory.net/rapid"
)

func month(t testing.TB, s string) Month {
	t.Helper()
	m, err := ParseMonth(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func window(t testing.TB, s string) Window {
	t.Helper()
	w, err := ParseWindow(s)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestParseMonthRefuses(t *testing.T) {
	for _, s := range []string{"", "2025", "2025-1", "2025-13", "2025-00", "0001-01", "2025-07-01", "2025/07", "+025-07", "２０２５-07"} {
		if m, err := ParseMonth(s); err == nil {
			t.Errorf("%q became %s", s, m)
		}
	}
	for _, s := range []string{"2025-07..2025-06", "2025-07..", "..2025-07", "2025-07..2025-08..2025-09"} {
		if w, err := ParseWindow(s); err == nil {
			t.Errorf("%q became %s", s, w)
		}
	}
}

func TestMonthRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y, n := rapid.IntRange(MinYear, MaxYear-10).Draw(t, "year"), rapid.IntRange(1, 12).Draw(t, "month")
		m, err := NewMonth(y, n)
		if err != nil || m.Year() != y || m.Number() != n {
			t.Fatal(m, err)
		}
		back, err := ParseMonth(m.String())
		if err != nil || back != m {
			t.Fatal(back, err)
		}
		w := Window{m, m.Add(rapid.IntRange(0, 100).Draw(t, "len"))}
		if parsed, err := ParseWindow(w.String()); err != nil || parsed != w {
			t.Fatal(parsed, err)
		}
		if p := w.Preceding(); p.Len() != w.Len() || p.To.Add(1) != w.From || p.Overlaps(w) {
			t.Fatal(p)
		}
	})
}

func TestYears(t *testing.T) {
	for _, c := range []struct {
		cal      Calendar
		in, year string
		want     int
		toDate   string
	}{
		{USFiscal, "2024-10", "2024-10..2025-09", 2025, "2024-10"},
		{USFiscal, "2025-09", "2024-10..2025-09", 2025, "2024-10..2025-09"},
		{USFiscal, "2025-10", "2025-10..2026-09", 2026, "2025-10"},
		{CalendarYear, "2025-10", "2025-01..2025-12", 2025, "2025-01..2025-10"},
	} {
		m := month(t, c.in)
		if y := c.cal.YearOf(m); y != c.want || c.cal.Year(y).String() != c.year || c.cal.ToDate(m).String() != c.toDate {
			t.Errorf("%s %s: %d %s %s", c.cal, c.in, y, c.cal.Year(y), c.cal.ToDate(m))
		}
	}
}

func TestDays(t *testing.T) {
	for s, want := range map[string]int{"2024-02": 29, "2025-02": 28, "1900-02": 28, "2000-02": 29, "2025-01..2025-12": 365, "2024-01..2024-12": 366, "2025-04..2025-06": 91} {
		if got := window(t, s).Days(); got != want {
			t.Errorf("%s: %d days", s, got)
		}
	}
}
