package series

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"entente"
)

// Outcome is what the data say of a claim.
type Outcome string

// The outcomes.
const (
	Supported       Outcome = "supported"
	NotSupported    Outcome = "not_supported"
	DependsOn       Outcome = "depends_on_reading"
	CannotBeChecked Outcome = "cannot_be_checked"
)

// Reason says why an outcome is what it is.
type Reason string

// Reasons computed with an assessment.
const (
	AllReadings    Reason = "all_readings_hold"
	NoReading      Reason = "no_reading_holds"
	SomeReadings   Reason = "some_readings_hold"
	RevisedSince   Reason = "revised_since"     // off by no more than later releases revise
	HistoryTooLate Reason = "history_too_short" // it holds as far back as the data go
	OutOfPeriod    Reason = "out_of_period"     // the files held do not reach the period
)

// Reasons declared where no data can check a claim.
const (
	NoPublicFile Reason = "no_public_file" // no open data file of what it counts is held
	NotAFigure   Reason = "not_a_figure"   // no quantity that data could test
	NoDefinition Reason = "no_definition"  // what is counted, or since when, is not stated
	OtherMeasure Reason = "other_measure"  // files exist for something near, not for this
	ContextOnly  Reason = "context_only"   // outside what the programme measures
)

var declaredReasons = []Reason{NoPublicFile, NotAFigure, OutOfPeriod, NoDefinition, OtherMeasure, ContextOnly}

// Check says, declaratively, how a claim is held against the data: what it leaves
// open is listed, and every combination becomes a reading.
type Check struct {
	Claim string `json:"claim" yaml:"claim"`
	// Stated is the day of the statement; empty where the source does not say.
	Stated entente.Date `json:"stated,omitempty" yaml:"stated"`
	// Reason is set, and Propositions empty, where no file held can check it.
	Reason       Reason        `json:"reason,omitempty" yaml:"reason"`
	Propositions []Proposition `json:"propositions,omitempty" yaml:"propositions"`
	// Note says in words what the readings vary.
	Note entente.Text `json:"note,omitzero" yaml:"note"`
}

// Proposition is one checkable figure inside a claim.
type Proposition struct {
	// Claimed is the figure as said, with its decimals: "-93", "49.94". Empty with
	// Against = lowest.
	Claimed string `json:"claimed,omitempty" yaml:"claimed"`
	Unit    Unit   `json:"unit" yaml:"unit"`
	// Step overrides the precision that the figure's digits imply; see [Step].
	Step string `json:"step,omitempty" yaml:"step"`
	// Relation is equals (the default), at_least or at_most.
	Relation Relation `json:"relation,omitempty" yaml:"relation"`
	// Basis is total (the default), daily or monthly.
	Basis Basis `json:"basis,omitempty" yaml:"basis"`
	// Against is what windows are compared with, unless a span says otherwise.
	Against  Against   `json:"against,omitempty" yaml:"against"`
	Subjects []Subject `json:"subjects" yaml:"subjects"`
	Spans    []Span    `json:"spans" yaml:"spans"`
	// PeakIn bounds the months among which the peak is looked for.
	PeakIn Window `json:"peak_in,omitzero" yaml:"peak_in"`
	// BeyondHistory is set where the claim reaches further back than any file.
	BeyondHistory bool `json:"beyond_history,omitempty" yaml:"beyond_history"`
}

// Relation is how the figure stands to the one claimed.
type Relation string

// The relations.
const (
	Equals  Relation = "equals"
	AtLeast Relation = "at_least"
	AtMost  Relation = "at_most"
)

// Against says what a window is compared with.
type Against string

// What a window is compared with. With none of them the figure is a level;
// otherwise a percentage change, except for lowest, which is an order.
const (
	AgainstNothing    Against = ""
	AgainstYearBefore Against = "year_before"
	AgainstPreceding  Against = "preceding" // the window of equal length just before
	AgainstBase       Against = "base"      // the span's own base
	AgainstPeakMonth  Against = "peak"      // the highest month
	AgainstLowest     Against = "lowest"    // no earlier month was as low
)

var comparisons = []Against{AgainstYearBefore, AgainstPreceding, AgainstBase, AgainstPeakMonth, AgainstLowest}

func (a Against) known() bool { return a == AgainstNothing || slices.Contains(comparisons, a) }

// change reports whether the figure is a percentage change.
func (a Against) change() bool { return a != AgainstNothing && a != AgainstLowest }

// Subject is what may have been meant: an indicator, with dimensions fixed and
// dimensions left open.
type Subject struct {
	Indicator string `json:"indicator" yaml:"indicator"`
	Where     Where  `json:"where,omitempty" yaml:"where"`
	// Vary lists, for each open dimension, the codes to read it under ("*" for all
	// together).
	Vary map[string][]string `json:"vary,omitempty" yaml:"vary"`
	// Part marks a subject narrower than what was said. Its readings are shown and
	// decide nothing.
	Part bool `json:"part,omitempty" yaml:"part"`
}

// SpanKind names a kind of window, for pages.
type SpanKind string

// The kinds of span.
const (
	SpanMonth        SpanKind = "month"
	SpanQuarter      SpanKind = "quarter"
	SpanTrailing     SpanKind = "trailing"      // the latest months known at the statement
	SpanCalendarYTD  SpanKind = "calendar_ytd"  // since January
	SpanFiscalYTD    SpanKind = "fiscal_ytd"    // since October
	SpanCalendarYear SpanKind = "calendar_year" //
	SpanFiscalYear   SpanKind = "fiscal_year"   //
	SpanTerm         SpanKind = "term"          // whole months since a government took office
	SpanStated       SpanKind = "stated"        // as the claim says
)

var spanKinds = []SpanKind{SpanMonth, SpanQuarter, SpanTrailing, SpanCalendarYTD, SpanFiscalYTD, SpanCalendarYear, SpanFiscalYear, SpanTerm, SpanStated}

// Span is a window, or each month of one.
type Span struct {
	Kind   SpanKind `json:"kind" yaml:"kind"`
	Window Window   `json:"window,omitzero" yaml:"window"`
	// Each makes one reading of every month of a window, instead of Window.
	Each Window `json:"each,omitzero" yaml:"each"`
	// Base is what the window is compared with, for Against = base.
	Base Window `json:"base,omitzero" yaml:"base"`
	// Against overrides the proposition's, where the claim leaves open what it
	// compares with.
	Against Against `json:"against,omitempty" yaml:"against"`
}

// against returns what the span's windows are compared with.
func (p *Proposition) against(s Span) Against {
	if s.Against != "" {
		return s.Against
	}
	return p.Against
}

// windows returns the windows the span stands for.
func (s Span) windows() []Window {
	if s.Each.IsZero() {
		return []Window{s.Window}
	}
	var out []Window
	for m := s.Each.From; m <= s.Each.To; m++ {
		out = append(out, One(m))
	}
	return out
}

// MaxReadings bounds the readings of one check.
const MaxReadings = 2000

// Validate reports every fault of the check.
func (c *Check) Validate() error {
	v := &faults{}
	v.check(c.Claim != "", "claim", "is empty: give the claim's id")
	v.check(c.Stated.Valid(), "stated", "%q is no date", c.Stated)
	v.check((c.Reason == "") == (len(c.Propositions) > 0), "reason", "is given exactly where there are no propositions")
	v.check(c.Reason == "" || slices.Contains(declaredReasons, c.Reason), "reason", "%q is none of %v", c.Reason, declaredReasons)
	n := 0
	for i := range c.Propositions {
		p := &c.Propositions[i]
		p.validate(v, fmt.Sprintf("propositions[%d]", i))
		n += p.count()
	}
	v.check(n <= MaxReadings, "propositions", "make %d readings, more than %d", n, MaxReadings)
	return v.err("check of " + c.Claim)
}

func (p *Proposition) validate(v *faults, at string) {
	if p.Against == AgainstLowest {
		v.check(p.Claimed == "", at+".claimed", "has no place in an order")
	} else {
		_, err := ParseDecimal(p.Claimed)
		v.check(err == nil, at+".claimed", "%q is no number", p.Claimed)
	}
	if p.Step != "" {
		s, err := ParseDecimal(p.Step)
		v.check(err == nil && s.IsPositive(), at+".step", "%q is no positive number", p.Step)
	}
	v.check(slices.Contains([]Relation{"", Equals, AtLeast, AtMost}, p.Relation), at+".relation", "is equals, at_least or at_most, not %q", p.Relation)
	v.check(p.Basis == "" || p.Basis.Valid(), at+".basis", "is total, daily or monthly, not %q", p.Basis)
	v.check(p.Against.known(), at+".against", "%q is none of %v", p.Against, comparisons)
	v.check(!p.Against.change() || p.Unit == Percent, at+".unit", "a change is in percent, not %q", p.Unit)
	v.check(unitForm.MatchString(string(p.Unit)), at+".unit", "%q is no unit", p.Unit)
	v.check(len(p.Subjects) > 0, at+".subjects", "is empty")
	main := slices.ContainsFunc(p.Subjects, func(s Subject) bool { return !s.Part })
	v.check(main, at+".subjects", "are all parts: at least one must be what was said")
	for i, s := range p.Subjects {
		v.check(s.Indicator != "", fmt.Sprintf("%s.subjects[%d].indicator", at, i), "is empty")
		for d, codes := range s.Vary {
			_, fixed := s.Where[d]
			v.check(len(codes) > 0 && !fixed, fmt.Sprintf("%s.subjects[%d].vary", at, i), "%q is empty or fixed too", d)
		}
	}
	v.check(len(p.Spans) > 0, at+".spans", "is empty")
	for i, s := range p.Spans {
		where := fmt.Sprintf("%s.spans[%d]", at, i)
		v.check(slices.Contains(spanKinds, s.Kind), where+".kind", "%q is none of %v", s.Kind, spanKinds)
		v.check(s.Window.IsZero() != s.Each.IsZero(), where, "wants exactly one of window and each")
		against := p.against(s)
		v.check(against.known(), where+".against", "%q is none of %v", against, comparisons)
		v.check(against.change() == p.Against.change(), where+".against", "%q and %q make unlike figures", against, p.Against)
		v.check((against == AgainstBase) == !s.Base.IsZero(), where+".base", "goes with against: base")
		long := s.Each.IsZero() && s.Window.Len() != 1
		v.check(!long || against != AgainstPeakMonth && against != AgainstLowest, where, "a peak or a low is a month's: give months")
	}
}

// count returns how many readings the proposition makes.
func (p *Proposition) count() int {
	windows := 0
	for _, s := range p.Spans {
		windows += len(s.windows())
	}
	n := 0
	for _, s := range p.Subjects {
		combos := 1
		for _, codes := range s.Vary {
			combos *= len(codes)
		}
		n += combos * windows
	}
	return n
}

// combinations returns every choice of codes for the open dimensions, in a fixed
// order: dimensions by name, codes as listed.
func (s *Subject) combinations() []Where {
	names := make([]string, 0, len(s.Vary))
	for d := range s.Vary {
		names = append(names, d)
	}
	slices.Sort(names)
	out := []Where{{}}
	for k, v := range s.Where {
		out[0][k] = v
	}
	for _, d := range names {
		var next []Where
		for _, w := range out {
			for _, code := range s.Vary[d] {
				c := Where{d: code}
				for k, v := range w {
					c[k] = v
				}
				next = append(next, c)
			}
		}
		out = next
	}
	return out
}

// Step returns the precision at which a claimed figure is compared: the unit of
// its last written digit ("49.94": 0.01, "-93": 1). A round figure is one that
// ends in zeros; it was rounded more coarsely than its digits show: a percentage
// that ends in 0 is also compared to the nearest 5 (coarse = 5), another whole
// number at the place of its last digit that is not 0 ("4950": 10). coarse equals
// fine where the figure is not round.
func Step(claimed string, unit Unit) (fine, coarse Decimal) {
	d, err := ParseDecimal(claimed)
	one := decimal.NewFromInt(1)
	if err != nil {
		return one, one
	}
	if _, frac, found := strings.Cut(claimed, "."); found && frac != "" {
		fine = one.Shift(-int32(len(frac)))
		return fine, fine
	}
	zeros := len(claimed) - len(strings.TrimRight(claimed, "0"))
	if d.IsZero() || zeros == 0 {
		return one, one
	}
	if unit == Percent {
		return one, decimal.NewFromInt(5)
	}
	return one, one.Shift(int32(zeros))
}
