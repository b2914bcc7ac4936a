package series

import (
	"fmt"
	"math/big"

	"entente"
)

// Match says how a reading's figure stands to the one claimed.
type Match string

// The matches. The first three hold, the rest do not; incomplete ones are not
// counted either way.
const (
	MatchRounds     Match = "rounds"     // it rounds to the claimed figure, at its last digit
	MatchNear       Match = "near"       // the claimed figure is round, and this rounds to it at that coarser step
	MatchHolds      Match = "holds"      // an "at least", "at most" or "lowest" that is true
	MatchRevised    Match = "revised"    // off by half a percent at most, from files published later
	MatchBeyond     Match = "beyond"     // further from zero than claimed
	MatchShort      Match = "short"      // nearer to zero than claimed
	MatchOpposite   Match = "opposite"   // of the other sign
	MatchFails      Match = "fails"      // an "at least", "at most" or "lowest" that is false
	MatchIncomplete Match = "incomplete" // the data do not cover the windows, or give no percentage
)

// Holds reports whether the reading bears the claim out.
func (m Match) Holds() bool { return m == MatchRounds || m == MatchNear || m == MatchHolds }

// revisionAllowance is how far, in percent of the claimed level, a count may be
// from a later release and still be called revised: publishers restate past
// months by tenths of a percent. It applies to levels only, and only where every
// release held is later than the statement, or the statement is undated; it never
// makes a claim supported.
var revisionAllowance = Exact{big.NewRat(1, 2)}

// Reading is one way of taking a claim, and the figure that the data give for it.
type Reading struct {
	Proposition int      `json:"proposition"` // index into the check's propositions
	Indicator   string   `json:"indicator"`
	Where       Where    `json:"where,omitempty"` // dimensions; "*" is all together
	Basis       Basis    `json:"basis"`
	Against     Against  `json:"against,omitempty"`
	Kind        SpanKind `json:"kind"`
	A           Window   `json:"a"`
	B           Window   `json:"b,omitzero"` // what A is compared with; none for a level
	ValueA      Exact    `json:"value_a"`
	ValueB      Exact    `json:"value_b"`
	Figure      Exact    `json:"figure"` // in the proposition's unit
	Unit        Unit     `json:"unit"`   // of ValueA and ValueB
	Match       Match    `json:"match"`
	Rounds      bool     `json:"rounds"` // Match.Holds
	Part        bool     `json:"part,omitempty"`
	// AsStated marks the reading in the releases published by the day of the
	// statement, where they differ from the latest.
	AsStated bool      `json:"as_stated,omitempty"`
	Vintages []Release `json:"vintages,omitempty"`
	Warnings []Warning `json:"warnings,omitempty"`
}

// Assessment is what the data say of a claim: computed, never stated.
type Assessment struct {
	Claim   string  `json:"claim"`
	Outcome Outcome `json:"outcome"`
	Reason  Reason  `json:"reason"`
	// Propositions holds, for each proposition, its own outcome.
	Propositions []PropositionOutcome `json:"propositions,omitempty"`
	// Readings are ordered as the check lists them; parts come after the rest.
	Readings []Reading `json:"readings,omitempty"`
}

// PropositionOutcome counts the readings that decide about one proposition.
type PropositionOutcome struct {
	Claimed string  `json:"claimed,omitempty"`
	Unit    Unit    `json:"unit"`
	Step    string  `json:"step"`             // the precision of the claimed figure
	Coarse  string  `json:"coarse,omitempty"` // the coarser one, where the figure is round
	Outcome Outcome `json:"outcome"`
	Reason  Reason  `json:"reason"`
	Holding int     `json:"holding"` // readings that hold
	Decided int     `json:"decided"` // readings that decide: complete, and no part
}

// Lookup returns the vintages held of an indicator.
type Lookup func(indicator string) (Vintages, bool)

// Assess holds a claim against the data, under every reading that the check lists.
// asOf limits the releases used; the empty date takes all. An indicator that is
// not held makes its readings incomplete; a dimension or code it does not have is
// an error of the check.
func Assess(c *Check, data Lookup, asOf entente.Date) (Assessment, error) {
	out := Assessment{Claim: c.Claim}
	if c.Reason != "" {
		out.Outcome, out.Reason = CannotBeChecked, c.Reason
		return out, nil
	}
	a := &assessor{check: c, data: data, asOf: asOf, views: map[string]*View{}}
	for i := range c.Propositions {
		readings, err := a.proposition(i)
		if err != nil {
			return Assessment{}, fmt.Errorf("check of %s: propositions[%d]: %w", c.Claim, i, err)
		}
		out.Propositions = append(out.Propositions, conclude(&c.Propositions[i], readings))
		out.Readings = append(out.Readings, readings...)
	}
	out.Outcome, out.Reason = overall(out.Propositions)
	return out, nil
}

type assessor struct {
	check *Check
	data  Lookup
	asOf  entente.Date
	views map[string]*View
}

func (a *assessor) view(indicator string, asOf entente.Date) (*View, error) {
	key := indicator + " " + string(asOf)
	if v, ok := a.views[key]; ok {
		return v, nil
	}
	vintages, _ := a.data(indicator)
	v, err := vintages.AsOf(asOf)
	if err != nil {
		return nil, err
	}
	a.views[key] = v
	return v, nil
}

func (a *assessor) proposition(i int) ([]Reading, error) {
	p := &a.check.Propositions[i]
	var main, parts []Reading
	for _, s := range p.Subjects {
		for _, where := range s.combinations() {
			rs, err := a.subject(i, s, where)
			if err != nil {
				return nil, err
			}
			if s.Part {
				parts = append(parts, rs...)
			} else {
				main = append(main, rs...)
			}
		}
	}
	return append(main, parts...), nil
}

// subject reads one subject over every span, in the latest releases and, where
// they say otherwise, in those known on the day of the statement.
func (a *assessor) subject(i int, s Subject, where Where) ([]Reading, error) {
	p := &a.check.Propositions[i]
	latest, err := a.lineOf(s.Indicator, where, a.asOf, p.Unit)
	if err != nil {
		return nil, err
	}
	var stated *lineView
	if st := a.check.Stated; st != "" && (a.asOf == "" || lastDay(st) < lastDay(a.asOf)) {
		if stated, err = a.lineOf(s.Indicator, where, st, p.Unit); err != nil {
			stated = nil // the older releases may lack the code: then they say nothing
		}
	}
	var out []Reading
	for _, span := range p.Spans {
		for _, w := range span.windows() {
			r := Reading{Proposition: i, Indicator: s.Indicator, Where: where, Part: s.Part, Kind: span.Kind,
				A: w, Basis: p.basis(), Against: p.against(span), Match: MatchIncomplete}
			if latest == nil {
				out = append(out, r)
				continue
			}
			now := a.read(p, latest, r, span.Base)
			out = append(out, now)
			if stated == nil {
				continue
			}
			if then := a.read(p, stated, r, span.Base); then.Match != MatchIncomplete && then.Figure.String() != now.Figure.String() {
				then.AsStated = true
				out = append(out, then)
			}
		}
	}
	return out, nil
}

func (p *Proposition) basis() Basis {
	if p.Basis == "" {
		return Total
	}
	return p.Basis
}

type lineView struct {
	line *Line
	view *View
}

// lineOf returns the line of a subject, in the proposition's unit where that is a
// mass; nil where nothing is held.
func (a *assessor) lineOf(indicator string, where Where, asOf entente.Date, unit Unit) (*lineView, error) {
	v, err := a.view(indicator, asOf)
	if err != nil || v == nil {
		return nil, err
	}
	l, err := v.Line(where)
	if err != nil {
		return nil, err
	}
	if unit != Percent && unit != l.Unit {
		if l, err = l.In(unit); err != nil {
			return nil, err
		}
	}
	return &lineView{l, v}, nil
}

// read computes one reading.
func (a *assessor) read(p *Proposition, lv *lineView, r Reading, base Window) Reading {
	l := lv.line
	r.Unit = l.Unit
	switch r.Against {
	case AgainstNothing:
		m := l.Measure(r.Basis, r.A)
		r.ValueA, r.Figure, r.Warnings = m.Value, m.Value, m.Warnings
		if m.Complete() {
			r.Match = p.match(r.Figure)
		}
	case AgainstLowest:
		a.readLowest(p, l, &r)
	default:
		switch r.Against {
		case AgainstYearBefore:
			base = r.A.YearBefore()
		case AgainstPreceding:
			base = r.A.Preceding()
		case AgainstPeakMonth:
			peak, _, _ := l.Peak(p.PeakIn)
			base = One(peak)
		}
		c := l.Against(r.Basis, r.A, base)
		r.B, r.ValueA, r.ValueB, r.Figure, r.Warnings = base, c.A.Value, c.B.Value, c.Percent, c.Warnings
		if c.Complete() {
			r.Match = p.match(r.Figure)
		}
	}
	a.vintages(p, lv.view, &r)
	r.Rounds = r.Match.Holds()
	return r
}

// readLowest compares a month with the lowest of all months before it.
func (a *assessor) readLowest(p *Proposition, l *Line, r *Reading) {
	m := l.Measure(Total, r.A)
	r.ValueA, r.Figure, r.Warnings = m.Value, m.Value, m.Warnings
	before := Window{l.Coverage().From, r.A.From.Add(-1)}
	low, value, ok := l.Low(before)
	if !ok || !m.Complete() || before.Len() == 0 {
		return
	}
	r.B, r.ValueB = One(low), ExactOf(value)
	r.Match = MatchFails
	if r.ValueA.Cmp(r.ValueB) <= 0 {
		r.Match = MatchHolds
	}
	if p.BeyondHistory {
		r.Warnings = addWarning(r.Warnings, HistoryLimited)
	}
}

// vintages records the releases a reading rests on, and what follows from their
// dates.
func (a *assessor) vintages(p *Proposition, v *View, r *Reading) {
	from := v.From(r.A, r.B)
	r.Vintages = from
	if len(from) > 1 {
		r.Warnings = addWarning(r.Warnings, MixedVintages)
	}
	later := 0
	for _, s := range from {
		if a.check.Stated != "" && lastDay(s.Released) > lastDay(a.check.Stated) {
			later++
		}
	}
	if later > 0 {
		r.Warnings = addWarning(r.Warnings, VintageAfter)
	}
	allLater := a.check.Stated == "" || later == len(from)
	if allLater && r.Against == AgainstNothing && !r.Match.Holds() && r.Match != MatchIncomplete && p.withinRevision(r.Figure) {
		r.Match = MatchRevised
	}
}

// withinRevision reports whether a level is within the revision allowance.
func (p *Proposition) withinRevision(figure Exact) bool {
	d, err := ParseDecimal(p.Claimed)
	if err != nil || p.Relation == AtLeast || p.Relation == AtMost {
		return false
	}
	change := percentChange(figure, ExactOf(d))
	return change.Valid() && new(big.Rat).Abs(change.rat).Cmp(revisionAllowance.rat) <= 0
}

// steps returns the precisions at which the claimed figure is compared.
func (p *Proposition) steps() (fine, coarse Decimal) {
	if p.Step != "" {
		if s, err := ParseDecimal(p.Step); err == nil {
			return s, s
		}
	}
	return Step(p.Claimed, p.Unit)
}

// match compares a complete figure with the one claimed.
func (p *Proposition) match(figure Exact) Match {
	claimed, err := ParseDecimal(p.Claimed)
	if err != nil {
		return MatchIncomplete
	}
	said := ExactOf(claimed)
	switch p.Relation {
	case AtLeast:
		return holds(figure.Cmp(said) >= 0)
	case AtMost:
		return holds(figure.Cmp(said) <= 0)
	}
	fine, coarse := p.steps()
	switch {
	case figure.Round(fine).Equal(said.Round(fine)):
		return MatchRounds
	case figure.Round(coarse).Equal(claimed):
		return MatchNear
	case figure.Sign()*said.Sign() < 0:
		return MatchOpposite
	case new(big.Rat).Abs(figure.rat).Cmp(new(big.Rat).Abs(said.rat)) > 0:
		return MatchBeyond
	default:
		return MatchShort
	}
}

func holds(ok bool) Match {
	if ok {
		return MatchHolds
	}
	return MatchFails
}

// conclude counts the readings that decide about a proposition.
func conclude(p *Proposition, readings []Reading) PropositionOutcome {
	fine, coarse := p.steps()
	out := PropositionOutcome{Claimed: p.Claimed, Unit: p.Unit, Step: fine.String()}
	if !coarse.Equal(fine) {
		out.Coarse = coarse.String()
	}
	revised := 0
	for _, r := range readings {
		if r.Part || r.Match == MatchIncomplete {
			continue
		}
		out.Decided++
		if r.Rounds {
			out.Holding++
		}
		if r.Match == MatchRevised {
			revised++
		}
	}
	switch {
	case out.Decided == 0:
		out.Outcome, out.Reason = CannotBeChecked, OutOfPeriod
	case out.Holding == out.Decided && p.BeyondHistory:
		out.Outcome, out.Reason = DependsOn, HistoryTooLate
	case out.Holding == out.Decided:
		out.Outcome, out.Reason = Supported, AllReadings
	case out.Holding > 0:
		out.Outcome, out.Reason = DependsOn, SomeReadings
	case revised > 0:
		out.Outcome, out.Reason = DependsOn, RevisedSince
	default:
		out.Outcome, out.Reason = NotSupported, NoReading
	}
	return out
}

// overall joins the propositions' outcomes: equal ones stand, unlike ones make
// the claim depend on what is read into it. A proposition that cannot be checked
// has no say beside one that can.
func overall(all []PropositionOutcome) (Outcome, Reason) {
	var first *PropositionOutcome
	for i := range all {
		o := &all[i]
		switch {
		case o.Outcome == CannotBeChecked:
		case first == nil:
			first = o
		case first.Outcome != o.Outcome:
			return DependsOn, mixedReason(all)
		}
	}
	if first == nil {
		return CannotBeChecked, OutOfPeriod
	}
	return first.Outcome, first.Reason
}

// mixedReason is RevisedSince where nothing but later revisions stands against
// the claim.
func mixedReason(all []PropositionOutcome) Reason {
	for _, o := range all {
		if o.Outcome != CannotBeChecked && o.Outcome != Supported && o.Reason != RevisedSince {
			return SomeReadings
		}
	}
	return RevisedSince
}
