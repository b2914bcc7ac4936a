package indicators

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"entente"
	"entente/internal/node"
	"entente/internal/series"
	"entente/internal/web/shell"
	"entente/internal/web/site"
)

// The views of the explorer.
const (
	viewMonths  = "months"
	viewChange  = "change"
	viewYears   = "years"
	viewBy      = "by"
	viewMap     = "map"
	viewWindows = "windows"
)

// query is what an address asks of the explorer.
type query struct {
	view     string
	where    series.Where
	by       string
	calendar series.Calendar
	release  string // dataset code of one release; "" for all, put together
	asOf     entente.Date
	unit     series.Unit
	last     int // months shown; 0 for all
	a, b     series.Window
}

// lasts are the choices of how many months are shown.
var lasts = []int{12, 24, 36, 60, 120, 0}

// parse reads the address; a value that cannot be answered is an error of the
// reader's address.
func parse(f *site.Frame) (query, error) {
	v := f.R.URL.Query()
	q := query{
		view: v.Get("view"), where: series.Where{}, by: v.Get("by"), calendar: series.Calendar(v.Get("calendar")), release: v.Get("release"),
		asOf: entente.Date(v.Get("asof")), unit: series.Unit(v.Get("unit")), last: 24,
	}
	if q.view == "" {
		q.view = viewMonths
	}
	if !slices.Contains([]string{viewMonths, viewChange, viewYears, viewBy, viewMap, viewWindows}, q.view) {
		return q, &site.BadRequest{Detail: "no such view"}
	}
	if q.calendar != "" && !q.calendar.Valid() {
		return q, &site.BadRequest{Detail: "no such calendar"}
	}
	if !q.asOf.Valid() {
		return q, &site.BadRequest{Detail: "asof is a date, YYYY-MM-DD"}
	}
	if s := v.Get("last"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || !slices.Contains(lasts, n) {
			return q, &site.BadRequest{Detail: "last is a number of months"}
		}
		q.last = n
	}
	for name, codes := range v {
		if dim, ok := strings.CutPrefix(name, "dim."); ok && codes[0] != "" {
			q.where[dim] = codes[0]
		}
	}
	var err error
	if q.a, err = window(v, "a"); err == nil {
		q.b, err = window(v, "b")
	}
	return q, err
}

// window reads <name>_from and <name>_to.
func window(v url.Values, name string) (series.Window, error) {
	from, to := v.Get(name+"_from"), v.Get(name+"_to")
	if from == "" && to == "" {
		return series.Window{}, nil
	}
	if to == "" {
		to = from
	}
	if from == "" {
		from = to
	}
	w, err := series.ParseWindow(from + ".." + to)
	if err != nil || w.Len() < 1 || w.Len() > 600 {
		return series.Window{}, &site.BadRequest{Detail: "a window is two months, YYYY-MM, the first not after the second"}
	}
	return w, nil
}

// fill puts in what the address leaves open and holds the rest against the
// series.
func (p *Pages) fill(q *query, s *node.Sheet, view *series.View) error {
	if len(q.where) == 0 && len(view.Dims) > 0 {
		for d, code := range p.labels.Headline(s.Subject) {
			q.where[d] = code
		}
	}
	for d, code := range q.where {
		if !slices.Contains(view.Dims, d) || code != series.All && !slices.Contains(view.Codes(d), code) {
			return &site.BadRequest{Detail: "no such dimension or code"}
		}
	}
	if q.by == "" && len(view.Dims) > 0 {
		q.by = view.Dims[0]
		for _, d := range view.Dims { // what is not fixed says more
			if c := q.where[d]; c == "" || c == series.All {
				q.by = d
				break
			}
		}
	}
	if q.by != "" && !slices.Contains(view.Dims, q.by) {
		return &site.BadRequest{Detail: "no such dimension"}
	}
	if q.unit == "" {
		q.unit = view.Unit
	}
	if q.unit != view.Unit && !slices.Contains(p.labels.AlsoIn(s.Subject), q.unit) {
		return &site.BadRequest{Detail: "no such unit"}
	}
	if q.calendar == "" {
		q.calendar = series.CalendarYear
		if s.Body.Party == entente.US {
			q.calendar = series.USFiscal
		}
	}
	return nil
}

// tabs are the views that an indicator has.
func (e *exploration) tabs(f *site.Frame) []shell.Tab {
	views := []string{viewMonths, viewChange}
	if e.view.Aggregation == series.Sum {
		views = append(views, viewYears)
	}
	if len(e.view.Dims) > 0 {
		views = append(views, viewBy)
	}
	if e.land != "" {
		views = append(views, viewMap)
	}
	var out []shell.Tab
	for _, v := range append(views, viewWindows) {
		out = append(out, shell.Tab{Text: f.T("indicators.view." + v), Href: f.With("view", v) + "#figures", Active: v == e.q.view})
	}
	return out
}

// form is the explorer's own filter: what is fixed, which releases, which unit.
func (e *exploration) form(f *site.Frame) shell.Filters {
	out := shell.Filters{Action: f.Href(site.ThingPath(entente.TypeIndicator, "", e.sheet.Subject))}
	out.Fields = append(out.Fields, shell.Field{Name: "view", Kind: "hidden", Value: e.q.view})
	for _, d := range e.view.Dims {
		field := shell.Field{Name: "dim." + d, Label: f.Say(e.p.labels.Dim(d)), Kind: "select", Value: e.q.where[d]}
		if field.Value == "" {
			field.Value = series.All
		}
		field.Options = []shell.Option{{Value: series.All, Text: f.T("indicators.all")}}
		for _, code := range e.view.Codes(d) {
			if code != e.view.Totals[d] {
				field.Options = append(field.Options, shell.Option{Value: code, Text: e.p.codeText(f, d, code)})
			}
		}
		sortOptions(f, field.Options[1:])
		out.Fields = append(out.Fields, field)
	}
	out.Fields = append(out.Fields, e.viewFields(f)...)
	release := shell.Field{Name: "release", Label: f.T("indicators.release"), Kind: "select", Value: e.q.release, Blank: f.T("indicators.release.all")}
	for _, v := range e.sheet.Vintages {
		release.Options = append(release.Options, shell.Option{Value: v.Dataset, Text: f.L.DateISOShort(string(v.Released)) + " · " + v.Dataset})
	}
	out.Fields = append(out.Fields, release,
		shell.Field{Name: "asof", Label: f.T("indicators.asof"), Kind: "date", Value: string(e.q.asOf)})
	if also := e.p.labels.AlsoIn(e.sheet.Subject); len(also) > 0 {
		unit := shell.Field{Name: "unit", Label: f.T("field.unit"), Kind: "select", Value: string(e.q.unit)}
		for _, u := range append([]series.Unit{e.view.Unit}, also...) {
			unit.Options = append(unit.Options, shell.Option{Value: string(u), Text: e.p.unit(f, u)})
		}
		out.Fields = append(out.Fields, unit)
	}
	if f.R.URL.RawQuery != "" {
		out.Clear = out.Action
	}
	return out
}

// viewFields are the fields that only one view has.
func (e *exploration) viewFields(f *site.Frame) []shell.Field {
	months := func(name, id string, m series.Month) shell.Field {
		return shell.Field{Name: name, Label: f.T(id), Kind: "month", Value: m.String()}
	}
	switch e.q.view {
	case viewMonths, viewChange:
		field := shell.Field{Name: "last", Label: f.T("indicators.last"), Kind: "select", Value: strconv.Itoa(e.q.last)}
		for _, n := range lasts {
			text := f.T("indicators.last.all")
			if n > 0 {
				text = f.T("indicators.last.n", "N", n)
			}
			field.Options = append(field.Options, shell.Option{Value: strconv.Itoa(n), Text: text})
		}
		return []shell.Field{field}
	case viewYears:
		field := shell.Field{Name: "calendar", Label: f.T("indicators.calendar"), Kind: "select", Value: string(e.q.calendar)}
		for _, c := range []series.Calendar{series.CalendarYear, series.USFiscal} {
			field.Options = append(field.Options, shell.Option{Value: string(c), Text: f.T("indicators.calendar." + string(c))})
		}
		return []shell.Field{field}
	case viewBy:
		field := shell.Field{Name: "by", Label: f.T("indicators.by"), Kind: "select", Value: e.q.by}
		for _, d := range e.view.Dims {
			field.Options = append(field.Options, shell.Option{Value: d, Text: f.Say(e.p.labels.Dim(d))})
		}
		return []shell.Field{field, months("a_from", "indicators.from", e.q.a.From), months("a_to", "indicators.to", e.q.a.To)}
	case viewMap:
		return []shell.Field{months("a_from", "indicators.from", e.q.a.From), months("a_to", "indicators.to", e.q.a.To)}
	case viewWindows:
		return []shell.Field{
			months("a_from", "indicators.a.from", e.q.a.From), months("a_to", "indicators.a.to", e.q.a.To),
			months("b_from", "indicators.b.from", e.q.b.From), months("b_to", "indicators.b.to", e.q.b.To),
		}
	}
	return nil
}

// sortOptions orders choices as readers of the language expect.
func sortOptions(f *site.Frame, options []shell.Option) {
	texts := make([]string, len(options))
	for i, o := range options {
		texts[i] = o.Text
	}
	f.L.Sort(texts)
	slices.SortStableFunc(options, func(x, y shell.Option) int { return slices.Index(texts, x.Text) - slices.Index(texts, y.Text) })
}
