package chart

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"

	"entente/internal/locale"
)

// Text is what every chart says in words.
type Text struct {
	ID       string // unique on its page, [a-z0-9-]; ties title and description to the drawing
	Title    string // what is drawn: indicator, geography, unit, period
	Desc     string // what it shows, in a sentence; made from the values if empty
	Unit     string // of the value axis, in the reader's language
	Decimals int    // of the values in tables and tooltips
	CSV      string // address of the data as CSV; "" shows no link
	Compact  bool   // drawn narrow only, for a card
}

// Series is one named list of values, one for each label; nil is missing.
type Series struct {
	Name   string
	Values []*float64
}

// Band is a range over the labels, such as the least and greatest of prior years.
type Band struct {
	Name      string
	Low, High []*float64
}

// Mark is a moment on the label axis worth knowing, such as the day of a joint statement.
type Mark struct {
	At   int // index of the label
	Text string
}

// Line is a line chart over ordered labels, mostly months. Up to six series are told apart; more are refused by drawing
// none but the first six and the table all.
type Line struct {
	Text
	Labels []string // short, for the axis: "ago 2025"
	Full   []string // long, for tables and tooltips; Labels if nil
	Series []Series
	Band   *Band
	Marks  []Mark
}

// Bars is a bar chart: for each label, one bar a series (up to four). Horizontal suits long labels.
type Bars struct {
	Text
	Labels     []string
	Series     []Series
	Horizontal bool
}

// Spark is a small line without axes, to stand beside a figure. Its words are all that a screen reader gets.
type Spark struct {
	ID, Title string
	Values    []*float64
}

// Value makes a pointer to v, for lists in which nil is missing.
func Value(v float64) *float64 { return &v }

// data is the table twin of a chart.
type data struct {
	head []string
	rows []dataRow
}

type dataRow struct {
	label  string
	values []*float64
}

func (c Line) data(l *locale.Localizer) data {
	labels := c.Full
	if labels == nil {
		labels = c.Labels
	}
	series := c.Series
	if c.Band != nil {
		series = append(append([]Series(nil), series...),
			Series{Name: c.Band.Name + ", " + l.T("chart.low"), Values: c.Band.Low},
			Series{Name: c.Band.Name + ", " + l.T("chart.high"), Values: c.Band.High})
	}
	return tabulate(l.T("chart.period"), labels, series)
}

func (c Bars) data(l *locale.Localizer) data {
	return tabulate(l.T("chart.category"), c.Labels, c.Series)
}

func tabulate(corner string, labels []string, series []Series) data {
	d := data{head: []string{corner}}
	for _, s := range series {
		d.head = append(d.head, s.Name)
	}
	for i, label := range labels {
		row := dataRow{label: label}
		for _, s := range series {
			row.values = append(row.values, at(s.Values, i))
		}
		d.rows = append(d.rows, row)
	}
	return d
}

// WriteCSV writes the chart's data: RFC 4180, a header row, figures with a decimal point and no separators, missing
// values empty.
func (c Line) WriteCSV(w io.Writer, l *locale.Localizer) error { return c.data(l).csv(w) }

// WriteCSV writes the chart's data as [Line.WriteCSV] does.
func (c Bars) WriteCSV(w io.Writer, l *locale.Localizer) error { return c.data(l).csv(w) }

// WriteCSV writes the map's data as [Line.WriteCSV] does, with the state's code and name.
func (c Map) WriteCSV(w io.Writer, l *locale.Localizer) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"iso_3166_2", l.T("chart.state"), c.Unit}}
	for _, s := range c.states(l) {
		rows = append(rows, []string{s.code, s.name, raw(s.value)})
	}
	return out.WriteAll(rows)
}

func (d data) csv(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(d.head); err != nil {
		return err
	}
	for _, row := range d.rows {
		record := []string{row.label}
		for _, v := range row.values {
			record = append(record, raw(v))
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// at is the value for a label; a list shorter than the labels misses the rest.
func at(values []*float64, i int) *float64 {
	if i >= len(values) {
		return nil
	}
	return finite(values[i])
}

// finite makes what is no number missing.
func finite(v *float64) *float64 {
	if v == nil || math.IsNaN(*v) || math.IsInf(*v, 0) {
		return nil
	}
	return v
}

func raw(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'f', -1, 64)
}

// shown is a value in the reader's form; a dash where it is missing.
func shown(l *locale.Localizer, v *float64, decimals int) string {
	if v == nil {
		return locale.NoFigure
	}
	return l.Number(*v, decimals)
}
