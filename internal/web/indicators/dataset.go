package indicators

import (
	"context"
	"errors"
	"slices"

	"entente"
	"entente/internal/series"
	"entente/internal/store"
	"entente/internal/web/shell"
	"entente/internal/web/site"
	"entente/internal/web/things"

	"github.com/a-h/templ"
)

// Dataset makes the content of a data file's page: the file with its digest, what
// was read from it and whether this node reads the same, and the totals that its
// publisher prints.
func (p *Pages) Dataset(ctx context.Context, f *site.Frame, th *things.Thing) (templ.Component, error) {
	d, ok := th.Content.(*entente.Dataset)
	if !ok {
		return shell.KeyValues(things.KeyValues(f, th.Content)), nil
	}
	made := shell.Table{
		Caption: f.T("datasets.made"), HideCaption: true, RowHeader: true, Stack: true, Empty: f.T("datasets.made.none"),
		Columns: []shell.Column{{Title: f.T("type.indicator"), Wide: true}, {Title: f.T("field.count"), Numeric: true}, {Title: f.T("field.period")},
			{Title: f.T("indicators.recomputed")}, {Title: f.T("indicators.entry")}},
	}
	held := map[string]*series.Series{}
	for _, it := range th.LinkedOf(entente.TypeObservations) {
		o := it.Content.(*entente.Observations)
		title, state := o.Indicator, store.FigureState("")
		sheet, err := p.figures.Sheet(ctx, f.View.Audience(), o.Indicator, "")
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		if sheet != nil {
			title = f.Say(sheet.Body.Title)
			for i := range sheet.Pedigrees {
				if sheet.Pedigrees[i].Observations.Ref == it.Ref {
					state = sheet.Pedigrees[i].State
				}
			}
			if i := slices.IndexFunc(sheet.Vintages, func(v series.Vintage) bool { return v.Dataset == d.Code }); i >= 0 {
				held[o.Indicator] = sheet.Vintages[i].Series
			}
		}
		made.Rows = append(made.Rows, []shell.Cell{
			{Text: title, Href: f.Href(site.ThingPath(entente.TypeIndicator, "", o.Indicator), "release", d.Code)}, {Text: f.L.Int(int64(o.Count))},
			{Text: monthISO(f, o.From) + " – " + monthISO(f, o.To), Class: "e-nowrap"}, StateBadge(f, state), {Text: it.Ref.String(), Href: f.EntryHref(it.Ref)},
		})
	}
	return datasetBody(f, d, made, p.controls(f, d.Code, held)), nil
}

// controls holds the totals that the publisher prints against what the recipes
// read.
func (p *Pages) controls(f *site.Frame, dataset string, held map[string]*series.Series) shell.Table {
	t := shell.Table{
		Caption: f.T("datasets.controls"), HideCaption: true, Stack: true, Dense: true,
		Columns: []shell.Column{{Title: f.T("type.indicator"), Wide: true}, {Title: f.T("indicators.what")}, {Title: f.T("field.period")},
			{Title: f.T("datasets.printed"), Numeric: true}, {Title: f.T("datasets.met")}},
	}
	for _, c := range p.labels.Controls(dataset) {
		s := held[c.Indicator]
		met := shell.Cell{Text: f.T("indicators.none"), Class: "e-muted"}
		unit := string(c.Unit)
		if s != nil {
			if unit == "" {
				unit = string(s.Unit)
			}
			if err := c.Check(s); err == nil {
				met = shell.Cell{Body: shell.Badge(shell.Agree, f.T("datasets.met.yes"))}
			} else {
				met = shell.Cell{Body: shell.Badge(shell.Differ, f.T("datasets.met.no"))}
			}
		}
		t.Rows = append(t.Rows, []shell.Cell{
			{Text: c.Indicator, Href: f.Href(site.ThingPath(entente.TypeIndicator, "", c.Indicator))}, {Text: p.whereText(f, c.Where)},
			{Text: windowText(f, c.Window)}, {Text: things.Decimal(f, c.Value) + "\u00a0" + p.labels.Unit(f.L, unit, 2)}, met,
		})
	}
	return t
}
