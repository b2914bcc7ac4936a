package series

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Month is a calendar month, counted in months from January of the year 0. Its
// text form is YYYY-MM. The zero value stands for "none".
type Month int32

// The years a Month may lie in.
const (
	MinYear = 1800
	MaxYear = 2200
)

// NewMonth returns the month of a year (MinYear to MaxYear) and a month number
// (1 to 12).
func NewMonth(year, month int) (Month, error) {
	if year < MinYear || year > MaxYear {
		return 0, fmt.Errorf("year %d is outside %d to %d", year, MinYear, MaxYear)
	}
	if month < 1 || month > 12 {
		return 0, fmt.Errorf("month %d is outside 1 to 12", month)
	}
	return Month(year*12 + month - 1), nil
}

// ParseMonth parses YYYY-MM.
func ParseMonth(s string) (Month, error) {
	if len(s) != 7 || s[4] != '-' {
		return 0, fmt.Errorf("a month is written YYYY-MM, not %q", s)
	}
	y, errY := digits(s[:4])
	m, errM := digits(s[5:])
	if errY != nil || errM != nil {
		return 0, fmt.Errorf("a month is written YYYY-MM, not %q", s)
	}
	return NewMonth(y, m)
}

// Year returns the calendar year.
func (m Month) Year() int { return int(m) / 12 }

// Number returns the month number, 1 to 12.
func (m Month) Number() int { return int(m)%12 + 1 }

// Add returns the month n months later.
func (m Month) Add(n int) Month { return m + Month(n) }

// IsZero reports whether m is none.
func (m Month) IsZero() bool { return m == 0 }

// Days returns the number of days in the month, 28 to 31.
func (m Month) Days() int {
	switch y := m.Year(); m.Number() {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	default:
		return 31
	}
}

// String returns YYYY-MM, or the empty string for none.
func (m Month) String() string {
	if m.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d", m.Year(), m.Number())
}

// MarshalText implements encoding.TextMarshaler.
func (m Month) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText accepts YYYY-MM, or nothing for none.
func (m *Month) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*m = 0
		return nil
	}
	parsed, err := ParseMonth(string(b))
	if err == nil {
		*m = parsed
	}
	return err
}

// Window is a run of months, both ends included. Its text form is YYYY-MM for
// one month and YYYY-MM..YYYY-MM for more. The zero value stands for "none".
type Window struct {
	From, To Month
}

// One returns the window of a single month.
func One(m Month) Window { return Window{m, m} }

// ParseWindow parses YYYY-MM or YYYY-MM..YYYY-MM.
func ParseWindow(s string) (Window, error) {
	from, to, found := strings.Cut(s, "..")
	if !found {
		to = from
	}
	a, err := ParseMonth(from)
	if err != nil {
		return Window{}, err
	}
	b, err := ParseMonth(to)
	if err != nil {
		return Window{}, err
	}
	if b < a {
		return Window{}, fmt.Errorf("window %s ends before it starts", s)
	}
	return Window{a, b}, nil
}

// IsZero reports whether w is none.
func (w Window) IsZero() bool { return w == Window{} }

// Len returns the number of months in the window.
func (w Window) Len() int {
	if w.IsZero() || w.To < w.From {
		return 0
	}
	return int(w.To-w.From) + 1
}

// Days returns the number of days in the window.
func (w Window) Days() int {
	n := 0
	for m := w.From; m <= w.To && !w.IsZero(); m++ {
		n += m.Days()
	}
	return n
}

// Contains reports whether m lies in the window.
func (w Window) Contains(m Month) bool { return !w.IsZero() && w.From <= m && m <= w.To }

// Overlaps reports whether the two windows share a month.
func (w Window) Overlaps(o Window) bool {
	return !w.IsZero() && !o.IsZero() && w.From <= o.To && o.From <= w.To
}

// Shift returns the window moved n months later.
func (w Window) Shift(n int) Window { return Window{w.From.Add(n), w.To.Add(n)} }

// YearBefore returns the same months one year earlier.
func (w Window) YearBefore() Window { return w.Shift(-12) }

// Preceding returns the window of equal length that ends just before w.
func (w Window) Preceding() Window { return w.Shift(-w.Len()) }

// String returns the text form.
func (w Window) String() string {
	if w.From == w.To {
		return w.From.String()
	}
	return w.From.String() + ".." + w.To.String()
}

// MarshalText implements encoding.TextMarshaler.
func (w Window) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText accepts the text form, or nothing for none.
func (w *Window) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*w = Window{}
		return nil
	}
	parsed, err := ParseWindow(string(b))
	if err == nil {
		*w = parsed
	}
	return err
}

// Calendar says how months are grouped into years.
type Calendar string

// The calendars. A US federal fiscal year starts in October of the calendar
// year before: fiscal 2025 is October 2024 to September 2025.
const (
	CalendarYear Calendar = "calendar"
	USFiscal     Calendar = "us_fiscal"
)

// Valid reports whether c is a known calendar.
func (c Calendar) Valid() bool { return c == CalendarYear || c == USFiscal }

// YearOf returns the year that m belongs to in the calendar.
func (c Calendar) YearOf(m Month) int {
	if c == USFiscal {
		return m.Add(3).Year()
	}
	return m.Year()
}

// Year returns the twelve months of a year of the calendar.
func (c Calendar) Year(year int) Window {
	first := Month(year * 12)
	if c == USFiscal {
		first -= 3
	}
	return Window{first, first + 11}
}

// ToDate returns the year of m from its first month to m.
func (c Calendar) ToDate(m Month) Window { return Window{c.Year(c.YearOf(m)).From, m} }

var errDigits = errors.New("not a whole number")

// digits parses an unsigned decimal number of at most nine digits.
func digits(s string) (int, error) {
	if s == "" || len(s) > 9 {
		return 0, errDigits
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, errDigits
		}
	}
	return strconv.Atoi(s)
}
