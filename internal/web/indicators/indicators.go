// Package indicators makes the pages of the defined measures: the list, and for
// each the sheet (definition, recipe, sources, limits, who concurs) with the
// explorer of its figures.
//
// Invariants:
//   - every figure shown comes from a series that this node recomputed from the
//     published file to the digest in the observations entry; where it has none it
//     says so and shows no figure;
//   - under every chart stand the releases that its figures come from, each with
//     its observations entry and its data file;
//   - figures are compared and added by package series only; what is not like for
//     like is said in words beside it;
//   - the explorer is its address: no script, no state.
package indicators

import (
	"context"
	"errors"
	"slices"

	"entente"
	"entente/internal/chart"
	"entente/internal/locale"
	"entente/internal/node"
	"entente/internal/series"
	"entente/internal/store"
	"entente/internal/web/shell"
	"entente/internal/web/site"
	"entente/internal/web/things"

	"github.com/a-h/templ"
)

// Figures gives indicators with their series ([node.Figures]).
type Figures interface {
	Sheet(ctx context.Context, a entente.Audience, indicator string, asOf entente.Date) (*node.Sheet, error)
	Revisions(ctx context.Context, a entente.Audience, indicator string) ([]node.Revision, error)
}

// Labels names codes and says how an indicator is shown first.
type Labels interface {
	Dim(dim string) entente.Text
	Code(dim, code string) entente.Text
	Unit(l *locale.Localizer, unit string, v float64) string
	Headline(indicator string) series.Where
	AlsoIn(indicator string) []series.Unit
	Controls(dataset string) []series.Control
}

// Pages are the pages of the indicators, and the headline charts of others.
type Pages struct {
	figures Figures
	labels  Labels
}

// New returns the pages.
func New(f Figures, l Labels) *Pages { return &Pages{f, l} }

// Mount registers the pages; file registers the charts' data.
func (p *Pages) Mount(add func(path string, build site.Build), file func(path string, send site.Send)) {
	add("/indicators", p.list)
	add("/indicators/{subject}", p.page)
	file("/indicators/{subject}/figures.csv", p.csv)
}

// kind names the list for headings and crumbs.
var kind = things.Kind{Key: "indicators", Nav: "indicators", Path: "/indicators"}

// row is an indicator in force with what the list shows of its figures.
type row struct {
	*node.Sheet
	line *series.Line
}

// read reads all indicators in force, in the order of their subjects.
func (p *Pages) read(ctx context.Context, v *store.View) ([]row, error) {
	joints, err := store.Joints[entente.Indicator](ctx, v, entente.TypeIndicator, store.Query{})
	if err != nil {
		return nil, err
	}
	var out []row
	for _, j := range joints {
		if j.InForce == nil {
			continue
		}
		sheet, err := p.figures.Sheet(ctx, v.Audience(), j.Subject, "")
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, row{sheet, p.headlineOf(sheet)})
	}
	return out, nil
}

// headlineOf is the line that is shown first, nil when no series is held.
func (p *Pages) headlineOf(s *node.Sheet) *series.Line {
	if s.View == nil {
		return nil
	}
	line, err := s.View.Line(p.labels.Headline(s.Subject))
	if err != nil { // a release without the headline's code: all together
		if line, err = s.View.Line(nil); err != nil {
			return nil
		}
	}
	return line
}

func (p *Pages) list(ctx context.Context, f *site.Frame) (templ.Component, error) {
	all, err := p.read(ctx, f.View)
	if err != nil {
		return nil, err
	}
	v := f.R.URL.Query()
	var rows []row
	for _, r := range all {
		if v.Get("area") != "" && !slices.Contains(r.Body.Areas, v.Get("area")) || v.Get("party") != "" && string(r.Body.Party) != v.Get("party") ||
			v.Get("publisher") != "" && r.Body.Publisher != v.Get("publisher") || v.Get("kind") != "" && r.Body.Kind != v.Get("kind") ||
			!matches(r.Body, v.Get("q")) {
			continue
		}
		rows = append(rows, r)
	}
	f.Title, f.Lead, f.Active = f.T("kind.indicators.title"), f.T("kind.indicators.lead"), "indicators"
	f.Crumbs = []shell.Link{{Text: f.T("nav.home"), Href: f.Href("/")}}
	shown, pager, err := things.Paginate(f, rows)
	if err != nil {
		return nil, err
	}
	return listPage(f, p.filters(f, all), p.table(f, shown), f.L.N("kind.count", len(rows)), pager), nil
}

// matches reports whether every word is in the indicator's words, in either
// language.
func matches(in *entente.Indicator, words string) bool {
	return locale.Holds(words, in.Code, in.Title.ES, in.Title.EN, in.Definition.ES, in.Definition.EN, in.Publisher)
}

func (p *Pages) filters(f *site.Frame, all []row) shell.Filters {
	v := f.R.URL.Query()
	field := func(name, id string) shell.Field {
		return shell.Field{Name: name, Label: f.T(id), Kind: "select", Value: v.Get(name), Blank: f.T("filter.any")}
	}
	area, party := field("area", "filter.area"), field("party", "indicators.party")
	publisher, kinds := field("publisher", "field.publisher"), field("kind", "enum.kind.title")
	if f.State.Charter != nil {
		for _, a := range f.State.Charter.Areas {
			if !a.Variant && slices.ContainsFunc(all, func(r row) bool { return slices.Contains(r.Body.Areas, a.Code) }) {
				area.Options = append(area.Options, shell.Option{Value: a.Code, Text: f.Say(a.Name)})
			}
		}
		for _, p := range f.State.Charter.Required {
			party.Options = append(party.Options, shell.Option{Value: string(p), Text: f.L.Party(string(p))})
		}
	}
	for _, r := range all {
		if o := (shell.Option{Value: r.Body.Publisher, Text: r.Body.Publisher}); !slices.Contains(publisher.Options, o) {
			publisher.Options = append(publisher.Options, o)
		}
	}
	for _, k := range []string{"input", "output", "outcome"} {
		kinds.Options = append(kinds.Options, shell.Option{Value: k, Text: things.EnumText(f, "kind", k)})
	}
	out := shell.Filters{Action: f.Href("/indicators"), Fields: []shell.Field{
		{Name: "q", Label: f.T("filter.text"), Kind: "search", Value: v.Get("q")}, area, party, publisher, kinds,
	}}
	for _, fl := range out.Fields {
		if fl.Value != "" {
			out.Clear = f.Href("/indicators")
		}
	}
	return out
}

func (p *Pages) table(f *site.Frame, rows []row) shell.Table {
	t := shell.Table{
		Caption: f.T("kind.indicators.title"), HideCaption: true, RowHeader: true, Stack: true, Empty: f.T("kind.indicators.empty"),
		CSV: "/api/v1/indicators?format=csv", JSON: "/api/v1/indicators",
		Columns: []shell.Column{
			{Title: f.T("col.title"), Wide: true}, {Title: f.T("indicators.party")}, {Title: f.T("enum.kind.title")},
			{Title: f.T("indicators.latest"), Numeric: true}, {Title: f.T("indicators.year"), Numeric: true}, {Title: f.T("indicators.course")},
		},
	}
	for _, r := range rows {
		href := f.Href(site.ThingPath(entente.TypeIndicator, "", r.Subject))
		cells := []shell.Cell{
			{Text: f.Say(r.Body.Title), Href: href, Sub: p.whereText(f, p.labels.Headline(r.Subject))},
			{Text: f.L.Party(string(r.Body.Party)), Sub: r.Body.Publisher}, {Text: things.EnumText(f, "kind", r.Body.Kind)},
			{Text: f.T("indicators.none"), Class: "e-muted"}, {}, {},
		}
		if last, ok := latest(r.line); ok {
			now := r.line.Measure(series.Total, series.One(last))
			cells[3] = shell.Cell{
				Text: p.amount(f, now.Value, r.line.Unit), Href: href + "#figures", Sub: f.L.MonthShort(last.Year(), month(last)),
			}
			if c := r.line.YearOnYear(series.Total, series.One(last)); c.Complete() {
				cells[4] = shell.Cell{Text: change(f, c), Class: "e-nowrap"}
			} else {
				cells[4] = shell.Cell{Text: "—", Class: "e-muted"}
			}
			cells[5] = shell.Cell{Body: chart.Sparkline(chart.Spark{
				ID: "spark-" + r.Subject, Title: f.T("indicators.spark", "Title", f.Say(r.Body.Title)), Values: tail(r.line, last, sparkMonths),
			})}
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

// sparkMonths is how many months a sparkline shows.
const sparkMonths = 36
