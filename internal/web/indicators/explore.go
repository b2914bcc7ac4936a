package indicators

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"

	"entente/internal/chart"
	"entente/internal/locale"
	"entente/internal/node"
	"entente/internal/series"
	"entente/internal/web/shell"
	"entente/internal/web/site"

	"github.com/a-h/templ"
)

// exploration is one view of an indicator's figures.
type exploration struct {
	p     *Pages
	q     query
	sheet *node.Sheet
	view  *series.View // nil where no series is held
	line  *series.Line
	last  series.Month // with a value
	land  chart.Land   // whose states the figures name; "" for none
	// charts are what is drawn; the first is what the CSV holds.
	charts []drawing
	// table, if it has columns, stands under the charts.
	table shell.Table
	notes []string
	// shown are the windows that the figures shown rest on.
	shown []series.Window
}

// drawing is a chart with its data.
type drawing struct {
	title string
	body  templ.Component
	csv   func(io.Writer, *locale.Localizer) error
}

// explore makes what the address asks for.
func (p *Pages) explore(ctx context.Context, f *site.Frame, subject string) (*exploration, error) {
	q, err := parse(f)
	if err != nil {
		return nil, err
	}
	e := &exploration{p: p, q: q}
	if e.sheet, err = p.figures.Sheet(ctx, f.View.Audience(), subject, q.asOf); err != nil {
		return nil, err
	}
	if e.view = e.sheet.View; q.release != "" {
		i := slices.IndexFunc(e.sheet.Vintages, func(v series.Vintage) bool { return v.Dataset == q.release })
		if i < 0 {
			return nil, &site.BadRequest{Detail: "no such release"}
		}
		if e.view, err = e.sheet.Vintages[i : i+1].AsOf(""); err != nil {
			return nil, err
		}
	}
	if e.view == nil {
		return e, nil
	}
	if err := p.fill(&e.q, e.sheet, e.view); err != nil {
		return nil, err
	}
	if e.line, err = e.fixed(e.view.Series, e.q.where); err != nil {
		return nil, &site.BadRequest{Detail: err.Error()}
	}
	e.land = landOf(e.view)
	var ok bool
	if e.last, ok = latest(e.line); !ok {
		return e, nil
	}
	e.draw(f)
	return e, nil
}

// fixed is a line of a series in the unit asked for.
func (e *exploration) fixed(s *series.Series, where series.Where) (*series.Line, error) {
	l, err := s.Line(where)
	if err != nil || e.q.unit == l.Unit {
		return l, err
	}
	return l.In(e.q.unit)
}

// stateDim is the dimension whose codes are states (ISO 3166-2).
const stateDim = "state"

// landOf is the land whose states a series names.
func landOf(v *series.View) chart.Land {
	if !slices.Contains(v.Dims, stateDim) {
		return ""
	}
	for _, land := range []chart.Land{chart.US, chart.MX} {
		if slices.ContainsFunc(v.Codes(stateDim), func(c string) bool { return strings.HasPrefix(c, string(land)+"-") }) {
			return land
		}
	}
	return ""
}

func (e *exploration) draw(f *site.Frame) {
	switch e.q.view {
	case viewChange:
		e.drawChange(f)
	case viewYears:
		e.drawYears(f)
	case viewBy:
		e.drawBy(f)
	case viewMap:
		e.drawMap(f)
	case viewWindows:
		e.drawWindows(f)
	default:
		e.drawMonths(f)
	}
	for i := range e.shown {
		for _, w := range e.line.Measure(series.Total, e.shown[i]).Warnings {
			if w != series.NotAdditive && w != series.MissingMonths {
				e.note(f, w)
			}
		}
	}
}

func (e *exploration) note(f *site.Frame, list ...series.Warning) {
	if s := warnings(f, list...); s != "" && !slices.Contains(e.notes, s) {
		e.notes = append(e.notes, s)
	}
}

// text is what a chart says in words.
func (e *exploration) text(f *site.Frame, id, title string) chart.Text {
	full := f.Say(e.sheet.Body.Title)
	if s := e.p.whereText(f, e.q.where); s != "" {
		full += ", " + s
	}
	if title != "" {
		full += ": " + title
	}
	return chart.Text{
		ID: id, Title: full, Unit: e.p.unit(f, e.q.unit), Decimals: decimals(e.q.unit),
		CSV: f.Href("/indicators/"+e.sheet.Subject+"/figures.csv") + rawQuery(f),
	}
}

func rawQuery(f *site.Frame) string {
	if f.R.URL.RawQuery == "" {
		return ""
	}
	return "?" + f.R.URL.RawQuery
}

func (e *exploration) add(l *locale.Localizer, title string, c any) {
	d := drawing{title: title}
	switch c := c.(type) {
	case chart.Line:
		d.body, d.csv = chart.LineChart(l, c), c.WriteCSV
	case chart.Bars:
		d.body, d.csv = chart.BarChart(l, c), c.WriteCSV
	case chart.Map:
		d.body, d.csv = chart.MapChart(l, c), c.WriteCSV
	}
	e.charts = append(e.charts, d)
}

// span is the months that a chart over time shows.
func (e *exploration) span() series.Window {
	w := series.Window{From: e.line.Coverage().From, To: e.last}
	if e.q.last > 0 && w.Len() > e.q.last {
		w.From = w.To.Add(1 - e.q.last)
	}
	return w
}

func labels(f *site.Frame, w series.Window) (short, full []string) {
	for m := w.From; m <= w.To; m++ {
		short = append(short, f.L.MonthShort(m.Year(), month(m)))
		full = append(full, monthText(f, m))
	}
	return short, full
}

// priorYears is how many years before make the band behind a line.
const priorYears = 3

// drawMonths draws the months over the range of the same months of prior years.
func (e *exploration) drawMonths(f *site.Frame) {
	w := e.span()
	c := chart.Line{Text: e.text(f, "months", "")}
	c.Labels, c.Full = labels(f, w)
	band := chart.Band{Name: f.T("indicators.band", "N", priorYears)}
	for _, s := range e.reporters(f) {
		one := chart.Series{Name: s.name}
		for m := w.From; m <= w.To; m++ {
			one.Values = append(one.Values, value(s.line, m))
		}
		c.Series = append(c.Series, one)
	}
	some := false
	for m := w.From; m <= w.To; m++ {
		low, high := rangeBefore(e.line, m)
		some = some || low != nil
		band.Low, band.High = append(band.Low, low), append(band.High, high)
	}
	if some && len(c.Series) == 1 {
		c.Band = &band
	}
	c.Marks = announced(f, w)
	e.add(f.L, f.T("indicators.view.months"), c)
	e.shown = append(e.shown, w)
}

// rangeBefore is the least and greatest value of the same month in the prior
// years, where at least two of them have one.
func rangeBefore(l *series.Line, m series.Month) (low, high *float64) {
	n := 0
	for y := 1; y <= priorYears; y++ {
		v := value(l, m.Add(-12*y))
		if v == nil {
			continue
		}
		n++
		if low == nil || *v < *low {
			low = v
		}
		if high == nil || *v > *high {
			high = v
		}
	}
	if n < 2 {
		return nil, nil
	}
	return low, high
}

// announced marks the month of the programme's announcement.
func announced(f *site.Frame, w series.Window) []chart.Mark {
	if f.State.Charter == nil || len(f.State.Charter.Announced) < 7 {
		return nil
	}
	m, err := series.ParseMonth(string(f.State.Charter.Announced[:7]))
	if err != nil || !w.Contains(m) {
		return nil
	}
	return []chart.Mark{{At: int(m - w.From), Text: f.T("indicators.announced")}}
}

// reporter is one writer's figures of the indicator.
type reporter struct {
	name string
	line *series.Line
}

// reporters are the writers whose figures stand side by side: one line each where
// several report the same indicator, else the one line.
func (e *exploration) reporters(f *site.Frame) []reporter {
	by := map[string]series.Vintages{}
	for i := range e.sheet.Pedigrees {
		p := &e.sheet.Pedigrees[i]
		for _, v := range e.sheet.Vintages {
			if p.Used && p.Dataset.Body.Code == v.Dataset {
				by[p.Observations.Writer] = append(by[p.Observations.Writer], v)
			}
		}
	}
	var out []reporter
	if len(by) > 1 && e.q.release == "" {
		for _, w := range sortedKeys(by) {
			if view, err := by[w].AsOf(e.q.asOf); err == nil && view != nil {
				if line, err := e.fixed(view.Series, e.q.where); err == nil {
					out = append(out, reporter{f.Writer(w), line})
				}
			}
		}
	}
	if len(out) < 2 {
		return []reporter{{f.L.Party(string(e.sheet.Body.Party)), e.line}}
	}
	return out
}

// drawChange draws the change of each month from the same month a year before.
func (e *exploration) drawChange(f *site.Frame) {
	w := e.span()
	c := chart.Line{Text: e.text(f, "change", f.T("indicators.view.change"))}
	c.Unit, c.Decimals = "%", 1
	c.Labels, c.Full = labels(f, w)
	one := chart.Series{Name: f.T("indicators.change.series")}
	e.table = shell.Table{
		Caption: f.T("indicators.view.change"), RowHeader: true, Dense: true,
		Columns: []shell.Column{{Title: f.T("field.period")}, {Title: e.p.unit(f, e.q.unit), Numeric: true},
			{Title: f.T("indicators.yearbefore"), Numeric: true}, {Title: f.T("indicators.change.series"), Numeric: true}, {Title: f.T("indicators.notes")}},
	}
	for m := w.From; m <= w.To; m++ {
		y := e.line.YearOnYear(series.Total, series.One(m))
		v := (*float64)(nil)
		if y.Complete() {
			r := rounded(y.Percent, 1)
			v = &r
		}
		one.Values = append(one.Values, v)
		e.table.Rows = append([][]shell.Cell{{
			{Text: monthText(f, m)}, {Text: e.p.bare(f, y.A.Value, e.q.unit)}, {Text: e.p.bare(f, y.B.Value, e.q.unit)},
			{Text: change(f, y)}, {Text: warnings(f, y.Warnings...)},
		}}, e.table.Rows...)
	}
	c.Series = []chart.Series{one}
	c.Marks = announced(f, w)
	e.add(f.L, f.T("indicators.view.change"), c)
	e.shown = append(e.shown, w)
}

// drawYears draws the totals of years; those that the data do not cover whole say so.
func (e *exploration) drawYears(f *site.Frame) {
	years := e.line.Years(e.q.calendar)
	c := chart.Bars{Text: e.text(f, "years", f.T("indicators.view.years"))}
	one := chart.Series{Name: e.p.unit(f, e.q.unit)}
	e.table = shell.Table{
		Caption: f.T("indicators.calendar." + string(e.q.calendar)), RowHeader: true, Dense: true, Stack: true,
		Columns: []shell.Column{{Title: f.T("indicators.year.name")}, {Title: e.p.unit(f, e.q.unit), Numeric: true}, {Title: f.T("indicators.covers")},
			{Title: f.T("indicators.samemonths"), Numeric: true}, {Title: f.T("indicators.notes")}},
	}
	cover := e.line.Coverage()
	for _, y := range years {
		name := f.T("indicators.year."+string(e.q.calendar), "Year", itoa(y.Year))
		months := y.Window
		months.From, months.To = max(months.From, cover.From), min(months.To, cover.To)
		label := name
		if y.Partial {
			label += " *"
		}
		c.Labels, one.Values = append(c.Labels, label), append(one.Values, drawn(y.Value))
		same := e.line.YearOnYear(series.Total, months)
		text := "—"
		if same.Complete() {
			text = change(f, same)
		}
		note := ""
		if y.Partial {
			note = f.T("indicators.partial")
		}
		e.table.Rows = append([][]shell.Cell{{
			{Text: name}, {Text: e.p.bare(f, y.Value, e.q.unit)}, {Text: windowText(f, months)}, {Text: text}, {Text: note},
		}}, e.table.Rows...)
	}
	c.Series = []chart.Series{one}
	e.notes = append(e.notes, f.T("indicators.partial.note"))
	e.add(f.L, f.T("indicators.view.years"), c)
	e.shown = append(e.shown, cover)
}

// part is one code of a dimension with its figure over a window.
type part struct {
	code string
	line *series.Line
	sum  series.Exact
}

// shownParts is how many codes are drawn; the table has all.
const shownParts = 6

// drawBy draws the codes of a dimension beside each other.
func (e *exploration) drawBy(f *site.Frame) {
	where := series.Where{}
	for d, code := range e.q.where {
		if d != e.q.by {
			where[d] = code
		}
	}
	if e.q.a.IsZero() {
		e.q.a = e.recent()
	}
	parts, err := e.parts(where, e.q.by, e.q.a)
	if err != nil {
		return
	}
	title := f.T("indicators.by.title", "Dim", f.Say(e.p.labels.Dim(e.q.by)), "Window", windowText(f, e.q.a))
	bars := chart.Bars{Text: e.text(f, "by", title), Horizontal: true}
	one := chart.Series{Name: windowText(f, e.q.a)}
	w := e.span()
	lines := chart.Line{Text: e.text(f, "by-months", f.Say(e.p.labels.Dim(e.q.by)))}
	lines.Labels, lines.Full = labels(f, w)
	e.table = shell.Table{
		Caption: title, RowHeader: true, Dense: true, Columns: []shell.Column{{Title: f.Say(e.p.labels.Dim(e.q.by))},
			{Title: windowText(f, e.q.a), Numeric: true}, {Title: windowText(f, e.q.a.YearBefore()), Numeric: true}, {Title: f.T("indicators.change.series"), Numeric: true}},
	}
	for i, pt := range parts {
		name := e.p.codeText(f, e.q.by, pt.code)
		y := pt.line.YearOnYear(series.Total, e.q.a)
		e.table.Rows = append(e.table.Rows, []shell.Cell{
			{Text: name, Href: f.With("dim."+e.q.by, pt.code, "view", viewMonths) + "#figures"}, {Text: e.p.bare(f, pt.sum, e.q.unit)},
			{Text: e.p.bare(f, y.B.Value, e.q.unit)}, {Text: change(f, y)},
		})
		if i < 2*shownParts {
			bars.Labels, one.Values = append(bars.Labels, name), append(one.Values, drawn(pt.sum))
		}
		if i < shownParts {
			s := chart.Series{Name: name}
			for m := w.From; m <= w.To; m++ {
				s.Values = append(s.Values, value(pt.line, m))
			}
			lines.Series = append(lines.Series, s)
		}
	}
	bars.Series = []chart.Series{one}
	e.add(f.L, title, bars)
	if len(lines.Series) > 1 {
		e.add(f.L, f.T("indicators.view.months"), lines)
	}
	if len(parts) > 2*shownParts {
		e.notes = append(e.notes, f.T("indicators.by.more", "N", 2*shownParts, "All", len(parts)))
	}
	e.shown = append(e.shown, e.q.a, w)
}

// parts are the codes of a dimension with their figures over a window, greatest
// first.
func (e *exploration) parts(where series.Where, dim string, w series.Window) ([]part, error) {
	lines, err := e.view.By(dim, where)
	if err != nil {
		return nil, err
	}
	var out []part
	for _, code := range sortedKeys(lines) {
		l := lines[code]
		if e.q.unit != l.Unit {
			if l, err = l.In(e.q.unit); err != nil {
				return nil, err
			}
		}
		out = append(out, part{code, l, l.Measure(series.Total, w).Value})
	}
	slices.SortStableFunc(out, func(x, y part) int {
		switch {
		case !x.sum.Valid() || !y.sum.Valid():
			return cmp.Compare(b2i(y.sum.Valid()), b2i(x.sum.Valid()))
		default:
			return y.sum.Cmp(x.sum)
		}
	})
	return out, nil
}

// recent is the window that totals are taken over when none is asked for: the
// latest twelve months, or the latest month of rolling totals.
func (e *exploration) recent() series.Window {
	if e.view.Aggregation == series.Rolling12 {
		return series.One(e.last)
	}
	return series.Window{From: max(e.last.Add(-11), e.line.Coverage().From), To: e.last}
}

// drawMap colours the states by their figure over a window.
func (e *exploration) drawMap(f *site.Frame) {
	if e.land == "" {
		e.drawMonths(f)
		return
	}
	if e.q.a.IsZero() {
		e.q.a = e.recent()
	}
	where := series.Where{}
	for d, code := range e.q.where {
		if d != stateDim {
			where[d] = code
		}
	}
	parts, err := e.parts(where, stateDim, e.q.a)
	if err != nil {
		return
	}
	c := chart.Map{Text: e.text(f, "map", windowText(f, e.q.a)), Land: e.land, Values: map[string]*float64{}}
	for _, pt := range parts {
		if strings.HasPrefix(pt.code, string(e.land)+"-") {
			c.Values[pt.code] = drawn(pt.sum)
		} else if v := drawn(pt.sum); v != nil && *v != 0 {
			e.notes = append(e.notes, f.T("indicators.map.outside", "Name", e.p.codeText(f, stateDim, pt.code), "Value", e.p.amount(f, pt.sum, e.q.unit)))
		}
	}
	e.add(f.L, f.T("indicators.map.title", "Window", windowText(f, e.q.a)), c)
	e.shown = append(e.shown, e.q.a)
}

// drawWindows adds up two windows and compares them.
func (e *exploration) drawWindows(f *site.Frame) {
	if e.q.a.IsZero() {
		e.q.a = e.recent()
	}
	if e.q.b.IsZero() {
		e.q.b = e.q.a.YearBefore()
	}
	c := chart.Bars{Text: e.text(f, "windows", f.T("indicators.view.windows"))}
	one := chart.Series{Name: e.p.unit(f, e.q.unit)}
	e.table = shell.Table{
		Caption: f.T("indicators.windows.table"), RowHeader: true, Stack: true,
		Columns: []shell.Column{{Title: f.T("indicators.basis")}, {Title: windowText(f, e.q.a), Numeric: true}, {Title: windowText(f, e.q.b), Numeric: true},
			{Title: f.T("indicators.windows.change"), Numeric: true}, {Title: f.T("indicators.notes")}},
	}
	for _, basis := range []series.Basis{series.Total, series.Monthly, series.Daily} {
		y := e.line.Against(basis, e.q.a, e.q.b)
		if basis == series.Total {
			for _, m := range []series.Measured{y.A, y.B} {
				c.Labels, one.Values = append(c.Labels, windowText(f, m.Window)), append(one.Values, drawn(m.Value))
			}
		} else if e.view.Aggregation != series.Sum {
			break // rolling totals have no average
		}
		e.table.Rows = append(e.table.Rows, []shell.Cell{
			{Text: f.T("claims.basis." + string(basis))}, {Text: e.p.mean(f, y.A.Value, e.q.unit, basis)}, {Text: e.p.mean(f, y.B.Value, e.q.unit, basis)},
			{Text: change(f, y)}, {Text: warnings(f, y.Warnings...)},
		})
	}
	e.table.Rows = append(e.table.Rows, []shell.Cell{
		{Text: f.T("indicators.windows.months")}, {Text: f.L.Int(int64(e.q.a.Len()))}, {Text: f.L.Int(int64(e.q.b.Len()))}, {}, {},
	})
	c.Series = []chart.Series{one}
	if e.q.a.Len() != e.q.b.Len() {
		e.note(f, series.UnequalWindows)
	}
	e.add(f.L, f.T("indicators.view.windows"), c)
	e.shown = append(e.shown, e.q.a, e.q.b)
}

// csv sends the data of the chart that the same address of the page draws.
func (p *Pages) csv(ctx context.Context, f *site.Frame, w http.ResponseWriter) error {
	e, err := p.explore(ctx, f, f.R.PathValue("subject"))
	if err != nil {
		return err
	}
	if len(e.charts) == 0 {
		return site.NotFound
	}
	var b strings.Builder
	if err := e.charts[0].csv(&b, f.L); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+e.sheet.Subject+"-"+e.q.view+`.csv"`)
	shell.Send(w, f.R, []byte(b.String()))
	return nil
}
