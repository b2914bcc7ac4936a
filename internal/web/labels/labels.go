// Package labels names what figures carry as codes: measures, units, dimensions
// and their codes, and says how an indicator is shown first. The names come from
// the programme's files, not from entries: they label, they state nothing.
package labels

import (
	"strings"

	"entente"
	"entente/internal/locale"
	"entente/internal/series"
)

// Source is what labels are made from.
type Source struct {
	Measures   map[string]entente.Text // by code
	Units      map[string]entente.Text // by code
	Codelists  []series.Codelist
	Indicators []series.Indicator
	Datasets   []series.Dataset
}

// Labels names codes. The zero value names nothing; it is immutable.
type Labels struct {
	measures, units, dims map[string]entente.Text
	codes                 map[string]map[string]entente.Text
	indicators            map[string]series.Indicator
	controls              map[string][]series.Control
}

// New makes labels.
func New(s Source) *Labels {
	l := &Labels{
		measures: s.Measures, units: s.Units, dims: map[string]entente.Text{},
		codes: map[string]map[string]entente.Text{}, indicators: map[string]series.Indicator{}, controls: map[string][]series.Control{},
	}
	for _, c := range s.Codelists {
		l.dims[c.Dim], l.codes[c.Dim] = c.Title, c.Codes
	}
	for _, in := range s.Indicators {
		l.indicators[in.ID] = in
	}
	for _, d := range s.Datasets {
		l.controls[d.ID] = d.Controls
	}
	return l
}

// Measure names a measure; zero when nothing names it.
func (l *Labels) Measure(code string) entente.Text { return l.measures[code] }

// Dim names a dimension; its code in both languages when nothing names it.
func (l *Labels) Dim(dim string) entente.Text {
	if t, ok := l.dims[dim]; ok {
		return t
	}
	return entente.Text{ES: dim, EN: dim}
}

// Code names a code of a dimension; zero when nothing names it. States and
// countries are named as the languages name them.
func (l *Labels) Code(dim, code string) entente.Text {
	if t, ok := l.codes[dim][code]; ok {
		return t
	}
	es, en := locale.For(locale.ES), locale.For(locale.EN)
	if s := es.State(code); s != code {
		return entente.Text{ES: s, EN: en.State(code)}
	}
	if s := es.Party(code); s != code {
		return entente.Text{ES: s, EN: en.Party(code)}
	}
	return entente.Text{}
}

// Unit names a unit for a quantity v: by the language's own words, else by the
// programme's, else by its code.
func (l *Labels) Unit(loc *locale.Localizer, unit string, v float64) string {
	if s := loc.Unit(unit, v); s != unit {
		return s
	}
	if s, _ := l.units[unit].In(string(loc.Lang())); s != "" {
		return s
	}
	return strings.ReplaceAll(unit, "_", " ")
}

// Headline fixes the dimensions of the figure that is shown first.
func (l *Labels) Headline(indicator string) series.Where { return l.indicators[indicator].Headline }

// AlsoIn lists the other units in which an indicator may be shown.
func (l *Labels) AlsoIn(indicator string) []series.Unit { return l.indicators[indicator].AlsoIn }

// Controls are the totals that the publisher prints for a data file.
func (l *Labels) Controls(dataset string) []series.Control { return l.controls[dataset] }
