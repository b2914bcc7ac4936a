package indicators

import (
	"slices"

	"entente"
	"entente/internal/node"
	"entente/internal/series"
	"entente/internal/store"
	"entente/internal/web/shell"
	"entente/internal/web/site"
	"entente/internal/web/things"
)

// pedigree lists the releases, each with its months shown, its data file, its
// entry, whether this node found the same, and who holds what position on it.
func (e *exploration) pedigree(f *site.Frame) shell.Table {
	t := shell.Table{
		Caption: f.T("indicators.pedigree.caption"), HideCaption: true, RowHeader: true, Stack: true, Empty: f.T("indicators.pedigree.none"),
		Columns: []shell.Column{{Title: f.T("indicators.release")}, {Title: f.T("indicators.used")}, {Title: f.T("indicators.recomputed")},
			{Title: f.T("indicators.entry")}, {Title: f.T("things.positions")}},
	}
	for i := len(e.sheet.Pedigrees) - 1; i >= 0; i-- {
		p := &e.sheet.Pedigrees[i]
		d, o := p.Dataset.Body, p.Observations.Body
		row := []shell.Cell{
			{Text: f.Say(d.Title), Href: f.Href(site.ThingPath(entente.TypeDataset, p.Dataset.Writer, p.Dataset.Subject)), Sub: releaseText(f, d.Released)},
			{Text: e.usedText(f, p)}, {Body: shell.Badge(stateTone(p.State), f.T("figure."+stateKey(p.State)))},
			{Text: p.Observations.Ref.String(), Href: f.EntryHref(p.Observations.Ref), Sub: f.T("indicators.covers.count", "From", monthISO(f, o.From), "To", monthISO(f, o.To), "N", o.Count)},
			{Text: positionsText(f, p.Positions)},
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// usedText says which months of the view come from a release.
func (e *exploration) usedText(f *site.Frame, p *node.Pedigree) string {
	if e.view == nil {
		return f.T("indicators.used.none")
	}
	var out []string
	for _, s := range e.view.Stretches {
		if s.Dataset == p.Dataset.Body.Code {
			out = append(out, windowText(f, s.Window))
		}
	}
	if len(out) == 0 {
		return f.T("indicators.used.none")
	}
	return f.L.List(out...)
}

func monthISO(f *site.Frame, s string) string { return f.L.DateISOShort(s) }

func positionsText(f *site.Frame, list []store.PositionOn) string {
	var out []string
	for _, p := range list {
		out = append(out, f.Writer(p.Writer)+": "+things.EnumText(f, "stance", string(p.Stance)))
	}
	if len(out) == 0 {
		return f.T("things.positions.short")
	}
	return f.L.List(out...)
}

func stateKey(s store.FigureState) string {
	if s == "" {
		return "waiting"
	}
	return string(s)
}

func stateTone(s store.FigureState) shell.Tone {
	switch s {
	case store.FigureEqual:
		return shell.Agree
	case store.FigureDifferent, store.FigureFailed:
		return shell.Differ
	}
	return shell.Pending
}

// StateBadge says how a recomputed series compares with the one stated.
func StateBadge(f *site.Frame, s store.FigureState) shell.Cell {
	return shell.Cell{Body: shell.Badge(stateTone(s), f.T("figure."+stateKey(s)))}
}

// shownDifferences is how many single differences of a release are listed.
const shownDifferences = 40

// differences lists what a release revised or withdrew.
func (p *Pages) differences(f *site.Frame, dims []string, r node.Revision) shell.Table {
	t := shell.Table{
		Caption: f.T("indicators.revised.caption", "Release", releaseText(f, r.Released)), RowHeader: true, Dense: true, Stack: true,
		Columns: []shell.Column{{Title: f.T("field.period")}, {Title: f.T("indicators.what"), Wide: true}, {Title: f.T("indicators.before"), Numeric: true},
			{Title: f.T("indicators.after"), Numeric: true}},
	}
	for _, d := range r.Delta.Differences {
		if d.Change == series.New || len(t.Rows) == shownDifferences {
			continue
		}
		var what []string
		for i, c := range d.Codes {
			if i < len(dims) {
				what = append(what, p.codeText(f, dims[i], c))
			}
		}
		t.Rows = append(t.Rows, []shell.Cell{
			{Text: monthText(f, d.Period)}, {Text: f.L.List(what...)}, {Text: observed(f, d.Old)}, {Text: observed(f, d.New)},
		})
	}
	return t
}

func observed(f *site.Frame, o *series.Observation) string {
	switch {
	case o == nil:
		return "—"
	case o.Status == series.Suppressed:
		return f.T("indicators.suppressed")
	}
	return exactText(f, o.Value)
}

// revised reports whether any release changed what earlier ones gave.
func revised(list []node.Revision) bool {
	return slices.ContainsFunc(list, func(r node.Revision) bool { return r.Delta.Revised+r.Delta.Withdrawn > 0 })
}

// revisionTable counts what each release did.
func revisionTable(f *site.Frame, list []node.Revision) shell.Table {
	t := shell.Table{
		Caption: f.T("indicators.revisions"), HideCaption: true, RowHeader: true, Stack: true, Dense: true,
		Columns: []shell.Column{{Title: f.T("indicators.release")}, {Title: f.T("field.new"), Numeric: true}, {Title: f.T("field.revised"), Numeric: true},
			{Title: f.T("field.unchanged"), Numeric: true}, {Title: f.T("indicators.withdrawn"), Numeric: true}, {Title: f.T("indicators.notrestated"), Numeric: true}},
	}
	for i := len(list) - 1; i >= 0; i-- {
		d := list[i].Delta
		t.Rows = append(t.Rows, []shell.Cell{
			{Text: releaseText(f, list[i].Released), Sub: list[i].Dataset}, {Text: f.L.Int(int64(d.New))}, {Text: f.L.Int(int64(d.Revised))},
			{Text: f.L.Int(int64(d.Unchanged))}, {Text: f.L.Int(int64(d.Withdrawn))}, {Text: f.L.Int(int64(d.NotRestated))},
		})
	}
	return t
}
