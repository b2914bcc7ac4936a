package series

import (
	"fmt"
	"slices"
)

// Point is the value of a line in one month.
type Point struct {
	Value  Decimal
	Status Status
}

// Line is one figure a month: a series with its dimensions fixed or added up.
type Line struct {
	Meta
	points map[Month]Point
	first  Month // first month with a point; zero where there is none
	last   Month
}

// All is the code that stands for a dimension's codes taken together.
const All = "*"

// Where fixes dimensions to codes. A dimension that is left out, or set to All,
// is added up, or read from the file's own total where it publishes one.
type Where map[string]string

// Line returns the observations that match, added up by month.
//
// Where values are monthly sums, a month that the series covers and in which
// nothing matching was recorded is zero: such files leave out empty cells. Where
// they are rolling totals it is missing. An unknown dimension or code is an error.
func (s *Series) Line(where Where) (*Line, error) {
	want := make([]string, len(s.Dims))
	for i, d := range s.Dims {
		want[i] = s.Totals[d]
	}
	for name, code := range where {
		i := s.dim(name)
		if i < 0 {
			return nil, fmt.Errorf("the series has no dimension %q: it has %v", name, s.Dims)
		}
		if code == All {
			continue
		}
		if !slices.ContainsFunc(s.Obs, func(o Observation) bool { return o.Codes[i] == code }) {
			return nil, fmt.Errorf("dimension %q has no code %q: it has %v", name, code, s.Codes(name))
		}
		want[i] = code
	}
	l := s.emptyLine()
	for _, o := range s.Obs {
		if matches(o.Codes, want) {
			l.add(o)
		}
	}
	l.close(s.covered())
	return l, nil
}

// By returns one line for each code of a dimension, its published total left out.
func (s *Series) By(dim string, where Where) (map[string]*Line, error) {
	i := s.dim(dim)
	if i < 0 {
		return nil, fmt.Errorf("the series has no dimension %q: it has %v", dim, s.Dims)
	}
	rest := Where{}
	for k, v := range where {
		if k != dim {
			rest[k] = v
		}
	}
	if _, err := s.Line(rest); err != nil {
		return nil, err
	}
	want := make([]string, len(s.Dims))
	for j, d := range s.Dims {
		want[j] = s.Totals[d]
		if c, ok := rest[d]; ok && c != All {
			want[j] = c
		}
	}
	want[i] = ""
	out := map[string]*Line{}
	for _, o := range s.Obs {
		code := o.Codes[i]
		if code == s.Totals[dim] || !matches(o.Codes, want) {
			continue
		}
		if out[code] == nil {
			out[code] = s.emptyLine()
		}
		out[code].add(o)
	}
	covered := s.covered()
	for _, l := range out {
		l.close(covered)
	}
	return out, nil
}

func matches(codes, want []string) bool {
	for i, w := range want {
		if w != "" && codes[i] != w {
			return false
		}
	}
	return true
}

func (s *Series) emptyLine() *Line {
	return &Line{Meta: s.Meta, points: map[Month]Point{}}
}

// covered returns the months in which the series has any observation.
func (s *Series) covered() map[Month]bool {
	out := map[Month]bool{}
	for _, o := range s.Obs {
		out[o.Period] = true
	}
	return out
}

func (l *Line) add(o Observation) {
	p, ok := l.points[o.Period]
	if !ok {
		l.points[o.Period] = Point{o.Value, o.Status}
		return
	}
	p.Value = p.Value.Add(o.Value)
	if o.Status == Suppressed || p.Status == "" {
		p.Status = o.Status
	}
	l.points[o.Period] = p
}

// close settles the months without a point and the ends of the line.
func (l *Line) close(covered map[Month]bool) {
	if l.Aggregation == Sum {
		for m := range covered {
			if _, ok := l.points[m]; !ok {
				l.points[m] = Point{}
			}
		}
	}
	for m := range l.points {
		if l.first.IsZero() || m < l.first {
			l.first = m
		}
		if m > l.last {
			l.last = m
		}
	}
}

// At returns the value of a month; false where there is none or it is suppressed.
func (l *Line) At(m Month) (Point, bool) {
	p, ok := l.points[m]
	return p, ok && p.Status != Suppressed
}

// Suppressed reports whether the month's value is withheld, wholly or in part.
func (l *Line) Suppressed(m Month) bool { return l.points[m].Status == Suppressed }

// Coverage returns the first and last month of the line.
func (l *Line) Coverage() Window { return Window{l.first, l.last} }

// Peak returns the month with the highest value in a window (the whole line where
// the window is none), the earliest of equals; false where there is none.
func (l *Line) Peak(in Window) (Month, Decimal, bool) { return l.extreme(in, 1) }

// Low is Peak's counterpart for the lowest value.
func (l *Line) Low(in Window) (Month, Decimal, bool) { return l.extreme(in, -1) }

func (l *Line) extreme(in Window, sign int) (Month, Decimal, bool) {
	if in.IsZero() {
		in = l.Coverage()
	}
	var best Month
	var value Decimal
	for m := in.From; m <= in.To && !in.IsZero(); m++ {
		p, ok := l.At(m)
		if ok && (best.IsZero() || p.Value.Cmp(value)*sign > 0) {
			best, value = m, p.Value
		}
	}
	return best, value, !best.IsZero()
}

// In returns the line in another unit, exactly.
func (l *Line) In(unit Unit) (*Line, error) {
	if _, err := Factor(l.Unit, unit); err != nil {
		return nil, err
	}
	out := *l
	out.Unit, out.points = unit, make(map[Month]Point, len(l.points))
	for m, p := range l.points {
		v, err := Convert(ExactOf(p.Value), l.Unit, unit)
		if err != nil {
			return nil, err
		}
		// A value that came from this unit by an exact factor is a finite decimal
		// again; another is kept to 24 decimals.
		out.points[m] = Point{v.Places(24), p.Status}
	}
	return &out, nil
}
