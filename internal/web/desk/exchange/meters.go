package exchange

import (
	"context"
	"encoding/csv"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"entente/internal/chart"
	core "entente/internal/exchange"
	"entente/internal/web/desk/kit"
	"entente/internal/web/shell"
)

type metersModel struct {
	filters shell.Filters
	table   shell.Table
	figures []meterFigure
}

// meterFigure is a drawing of the meters.
type meterFigure struct {
	title string
	bars  chart.Bars
}

// span reads the months of the address: the last twelve where none are named.
func span(a *kit.Ask) (from, to time.Time) {
	now := a.Kit.Now().UTC()
	to = time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, time.UTC)
	from = to.AddDate(-1, 0, 0)
	q := a.R.URL.Query()
	if t, err := time.Parse("2006-01", q.Get("from")); err == nil {
		from = t
	}
	if t, err := time.Parse("2006-01", q.Get("to")); err == nil {
		to = t.AddDate(0, 1, 0)
	}
	if !from.Before(to) { // the later month of the two is the last
		from, to = to.AddDate(0, -1, 0), from.AddDate(0, 1, 0)
	}
	return from, to
}

var meterColumns = []string{"area", "direction", "asked", "answered", "refused", "late", "waiting", "median", "spontaneous"}

func meters(ctx context.Context, a *kit.Ask) (templ.Component, error) {
	a.Head(a.T("exchange.meters.title"), a.T("exchange.meters.lead"), "exchange", crumb(a))
	from, to := span(a)
	list, err := a.Kit.Exchange.Meters(ctx, from, to, a.Kit.Now())
	if err != nil {
		return nil, err
	}
	last := to.AddDate(0, -1, 0)
	m := metersModel{filters: shell.Filters{Action: a.Href("/desk/exchange/meters"), Clear: a.Href("/desk/exchange/meters"), Fields: []shell.Field{
		{Name: "from", Label: a.T("exchange.meters.from"), Kind: "month", Value: from.Format("2006-01")},
		{Name: "to", Label: a.T("exchange.meters.to"), Kind: "month", Value: last.Format("2006-01")},
	}}}
	m.table = shell.Table{
		Caption: a.T("exchange.meters.title"), HideCaption: true, RowHeader: true, Stack: true, Empty: a.T("exchange.meters.empty"),
		CSV: a.Href("/desk/exchange/meters.csv", "from", from.Format("2006-01"), "to", last.Format("2006-01")),
	}
	for i, c := range meterColumns {
		m.table.Columns = append(m.table.Columns, shell.Column{Title: a.T("exchange.meters." + c), Numeric: i > 1})
	}
	for _, l := range list {
		row := []shell.Cell{{Text: a.Area(l.Area)}, {Text: a.T("exchange.meters." + string(l.Direction))}}
		for _, n := range []int{l.Asked, l.Answered, l.Refused, l.Late, l.Waiting} {
			row = append(row, shell.Cell{Text: a.L.Int(int64(n))})
		}
		row = append(row, shell.Cell{Text: medianText(a, l)}, shell.Cell{Text: a.L.Int(int64(l.Spontaneous))})
		m.table.Rows = append(m.table.Rows, row)
	}
	m.figures = meterFigures(a, list, m.table.CSV)
	return metersPage(a, m), nil
}

// counted are the counts that a drawing shows, in the order of its bars.
var counted = []struct {
	name string
	of   func(core.Meter) int
}{
	{"asked", func(l core.Meter) int { return l.Asked }},
	{"answered", func(l core.Meter) int { return l.Answered }},
	{"refused", func(l core.Meter) int { return l.Refused }},
	{"late", func(l core.Meter) int { return l.Late }},
}

// meterFigures draw who asked whom and what came of it, one drawing a direction on
// the same areas, and how long answers took.
func meterFigures(a *kit.Ask, list []core.Meter, csv string) []meterFigure {
	var codes, names []string
	at := map[string]core.Meter{}
	for _, l := range list {
		if !slices.Contains(codes, l.Area) {
			codes, names = append(codes, l.Area), append(names, a.Area(l.Area))
		}
		at[l.Area+string(l.Direction)] = l
	}
	if len(codes) == 0 {
		return nil
	}
	draw := func(id, title, unit string, decimals int, series []chart.Series) meterFigure {
		return meterFigure{title, chart.Bars{
			Text: chart.Text{ID: "meter-" + id, Title: title, Unit: unit, Decimals: decimals, CSV: csv}, Labels: names, Series: series, Horizontal: true,
		}}
	}
	var out []meterFigure
	unit := medianUnit(list)
	in := a.T("exchange.meters." + unit.name)
	took := make([]chart.Series, 0, len(core.Directions))
	for _, d := range core.Directions {
		var series []chart.Series
		for _, c := range counted {
			one := chart.Series{Name: a.T("exchange.meters." + c.name)}
			for _, code := range codes {
				one.Values = append(one.Values, chart.Value(float64(c.of(at[code+string(d)]))))
			}
			series = append(series, one)
		}
		out = append(out, draw(string(d), a.T("exchange.meters."+string(d)), a.T("exchange.meters.unit"), 0, series))
		medians := chart.Series{Name: a.T("exchange.meters." + string(d))}
		for _, code := range codes {
			var v *float64 // nothing answered: no median
			if l := at[code+string(d)]; l.Answered+l.Refused > 0 {
				v = chart.Value(float64(l.Median) / float64(unit.of))
			}
			medians.Values = append(medians.Values, v)
		}
		took = append(took, medians)
	}
	return append(out, draw("median", a.T("exchange.meters.median")+" ("+in+")", in, 1, took))
}

// timeUnit is a unit that a duration is drawn in; name is that of its message.
type timeUnit struct {
	name string
	of   time.Duration
}

var timeUnits = []timeUnit{{"days", 24 * time.Hour}, {"hours", time.Hour}, {"minutes", time.Minute}, {"seconds", time.Second}}

// medianUnit is the largest unit of which the longest median has two or more.
func medianUnit(list []core.Meter) timeUnit {
	var longest time.Duration
	for _, l := range list {
		longest = max(longest, l.Median)
	}
	for _, u := range timeUnits {
		if longest >= 2*u.of {
			return u
		}
	}
	return timeUnits[len(timeUnits)-1]
}

func medianText(a *kit.Ask, l core.Meter) string {
	if l.Median == 0 {
		return "—"
	}
	return a.L.Elapsed(l.Median)
}

// metersCSV is the same table for a machine: durations in seconds.
func metersCSV(ctx context.Context, a *kit.Ask) error {
	from, to := span(a)
	list, err := a.Kit.Exchange.Meters(ctx, from, to, a.Kit.Now())
	if err != nil {
		return err
	}
	h := a.W.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="reciprocity.csv"`)
	h.Set("Cache-Control", "no-store")
	out := csv.NewWriter(a.W)
	rows := [][]string{{"area", "direction", "asked", "answered", "refused", "withdrawn", "late", "waiting", "median_seconds", "released_in_answer", "released_spontaneously"}}
	for _, l := range list {
		row := []string{l.Area, string(l.Direction)}
		for _, n := range []int{l.Asked, l.Answered, l.Refused, l.Withdrawn, l.Late, l.Waiting, int(l.Median / time.Second), l.Released, l.Spontaneous} {
			row = append(row, strconv.Itoa(n))
		}
		rows = append(rows, row)
	}
	if err := out.WriteAll(rows); err != nil {
		return nil //nolint:nilerr // the reader is gone
	}
	return nil
}
