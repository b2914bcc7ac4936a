package series

import (
	"math/big"
)

// Warning says, in a form that pages can translate, why a figure is not simply
// what it seems.
type Warning string

// The warnings.
const (
	UnequalWindows  Warning = "unequal_windows"    // the two windows differ in length
	OverlapWindows  Warning = "overlapping_months" // the two windows share months
	MissingMonths   Warning = "missing_months"     // the data do not cover the whole window
	NotAdditive     Warning = "not_additive"       // rolling totals cannot be added over months
	BaseZero        Warning = "base_zero"          // no percentage of nothing
	HasProvisional  Warning = "provisional"        // the publisher says that it will change
	HasSuppressed   Warning = "suppressed"         // the publisher withheld a part
	RoundedSource   Warning = "rounded_source"     // the publisher rounded the values
	VintageAfter    Warning = "vintage_after_claim"
	MixedVintages   Warning = "mixed_vintages"   // the figure draws on more than one release
	HistoryLimited  Warning = "history_limited"  // the series starts after what the claim reaches back to
	AveragedWindows Warning = "averaged_windows" // windows of unlike length, compared by monthly or daily mean
)

// Basis says what is taken of a window.
type Basis string

// The bases.
const (
	Total   Basis = "total"   // the sum over the window
	Daily   Basis = "daily"   // the sum divided by the days of the window
	Monthly Basis = "monthly" // the sum divided by the months of the window
)

// Valid reports whether b is a known basis.
func (b Basis) Valid() bool { return b == Total || b == Daily || b == Monthly }

// Measured is a figure over a window.
type Measured struct {
	Window   Window    `json:"window"`
	Basis    Basis     `json:"basis"`
	Value    Exact     `json:"value"`   // no figure where no month has data
	Missing  int       `json:"missing"` // months of the window without data
	Warnings []Warning `json:"warnings,omitempty"`
}

// Complete reports whether the figure covers its whole window.
func (m Measured) Complete() bool { return m.Value.Valid() && m.Missing == 0 }

// Measure takes a figure over a window. A rolling total is taken for one month
// only, or for the twelve months that it covers.
func (l *Line) Measure(basis Basis, w Window) Measured {
	out := Measured{Window: w, Basis: basis}
	read := w
	if l.Aggregation == Rolling12 {
		if w.Len() != 1 && w.Len() != 12 || basis != Total {
			out.warn(NotAdditive)
			return out
		}
		read = One(w.To)
	}
	sum, seen := new(big.Rat), 0
	for m := read.From; m <= read.To && !read.IsZero(); m++ {
		p, ok := l.At(m)
		if l.Suppressed(m) {
			out.warn(HasSuppressed)
		}
		if !ok {
			out.Missing++
			continue
		}
		if p.Status == Provisional {
			out.warn(HasProvisional)
		}
		seen++
		sum.Add(sum, p.Value.Rat())
	}
	if out.Missing > 0 {
		out.warn(MissingMonths)
	}
	if seen == 0 {
		return out
	}
	if l.RoundedTo > 1 {
		out.warn(RoundedSource)
	}
	out.Value = Exact{sum}
	switch basis {
	case Daily:
		out.Value = out.Value.over(w.Days())
	case Monthly:
		out.Value = out.Value.over(w.Len())
	}
	return out
}

func (m *Measured) warn(w Warning) { m.Warnings = addWarning(m.Warnings, w) }

func addWarning(all []Warning, w Warning) []Warning {
	for _, have := range all {
		if have == w {
			return all
		}
	}
	return append(all, w)
}

// Comparison is one window against another.
type Comparison struct {
	A        Measured  `json:"a"`
	B        Measured  `json:"b"`
	Percent  Exact     `json:"percent"` // (A/B − 1) × 100; no figure where B is zero or missing
	Warnings []Warning `json:"warnings,omitempty"`
}

// Complete reports whether both sides cover their windows and there is a figure.
func (c Comparison) Complete() bool { return c.Percent.Valid() && c.A.Complete() && c.B.Complete() }

// Against compares a window with another on one basis, and says where the two
// are not like for like.
func (l *Line) Against(basis Basis, a, b Window) Comparison {
	c := Comparison{A: l.Measure(basis, a), B: l.Measure(basis, b)}
	c.Percent = percentChange(c.A.Value, c.B.Value)
	for _, w := range append(append([]Warning{}, c.A.Warnings...), c.B.Warnings...) {
		c.Warnings = addWarning(c.Warnings, w)
	}
	if a.Len() != b.Len() {
		w := UnequalWindows
		if basis != Total {
			w = AveragedWindows
		}
		c.Warnings = addWarning(c.Warnings, w)
	}
	if a.Overlaps(b) {
		c.Warnings = addWarning(c.Warnings, OverlapWindows)
	}
	if c.B.Value.Valid() && c.B.Value.Sign() == 0 {
		c.Warnings = addWarning(c.Warnings, BaseZero)
	}
	return c
}

// YearOnYear compares a window with the same months a year before.
func (l *Line) YearOnYear(basis Basis, w Window) Comparison {
	return l.Against(basis, w, w.YearBefore())
}

// AgainstPeak compares a month with the highest month of a window (the whole line
// where the window is none). False where the line is empty.
func (l *Line) AgainstPeak(m Month, in Window) (Comparison, bool) {
	peak, _, ok := l.Peak(in)
	if !ok {
		return Comparison{}, false
	}
	return l.Against(Total, One(m), One(peak)), true
}

// AgainstMean compares a window's monthly mean with another's.
func (l *Line) AgainstMean(w, base Window) Comparison { return l.Against(Monthly, w, base) }

// YearTotal is the total of one year of a calendar.
type YearTotal struct {
	Year int
	Measured
	// Partial is set where the data do not reach both ends of the year: a running
	// year, or the first of the series.
	Partial bool
}

// Years returns the totals of every year that the line touches, oldest first. A
// partial year is the sum of the months it has, and says so. Nil for rolling
// totals, which are never added.
func (l *Line) Years(c Calendar) []YearTotal {
	if l.Aggregation != Sum || l.first.IsZero() {
		return nil
	}
	var out []YearTotal
	for y := c.YearOf(l.first); y <= c.YearOf(l.last); y++ {
		m := l.Measure(Total, c.Year(y))
		out = append(out, YearTotal{Year: y, Measured: m, Partial: m.Missing > 0})
	}
	return out
}
