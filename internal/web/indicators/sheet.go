package indicators

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"entente"
	"entente/internal/chart"
	"entente/internal/node"
	"entente/internal/series"
	"entente/internal/store"
	"entente/internal/web/book"
	"entente/internal/web/shell"
	"entente/internal/web/site"
	"entente/internal/web/things"

	"github.com/a-h/templ"
)

// sheetModel is what an indicator's page shows.
type sheetModel struct {
	*exploration
	th          *things.Thing
	facts       []shell.Fact
	targets     []store.JointVersion[entente.Target]
	tests       []tested
	revisions   []node.Revision
	beside      []shell.Side // what each party reports in the same areas
	definitions []shell.KV
}

// tested is a commitment that an indicator tests, as its owner says.
type tested struct {
	things.Item // the commitment
	Why         entente.Text
	By          string // writer of the link
}

// page makes the page of one indicator.
func (p *Pages) page(ctx context.Context, f *site.Frame) (templ.Component, error) {
	subject := f.R.PathValue("subject")
	th, err := things.Load(ctx, f.View, entente.TypeIndicator, "", subject)
	if err != nil {
		return nil, err
	}
	things.Head(f, kind, th)
	e, err := p.explore(ctx, f, subject)
	if errors.Is(err, store.ErrNotFound) { // proposed, and not in force yet
		return proposedPage(f, th), nil
	}
	if err != nil {
		return nil, err
	}
	f.Lead = f.Say(e.sheet.Body.Definition)
	m := &sheetModel{exploration: e, th: th, facts: e.facts(f), definitions: p.definitions(f, e.sheet)}
	if m.targets, err = targets(ctx, f.View, subject); err != nil {
		return nil, err
	}
	if m.tests, err = tests(ctx, f.View, subject); err != nil {
		return nil, err
	}
	if m.revisions, err = p.figures.Revisions(ctx, f.View.Audience(), subject); err != nil {
		return nil, err
	}
	if m.beside, err = p.besides(ctx, f, e.sheet); err != nil {
		return nil, err
	}
	return sheetPage(f, m), nil
}

// definitions are the sheet's fields.
func (p *Pages) definitions(f *site.Frame, s *node.Sheet) []shell.KV {
	in := s.Body
	out := []shell.KV{
		{Key: f.T("indicators.party"), Text: f.L.Party(string(in.Party)) + ", " + in.Publisher, Href: f.Href(agencyPath(in))},
		{Key: f.T("field.unit"), Text: p.unit(f, series.Unit(in.Unit))},
		{Key: f.T("enum.kind.title"), Text: things.EnumText(f, "kind", in.Kind), Hint: f.T("indicators.kind." + in.Kind)},
		{Key: f.T("field.direction"), Text: things.EnumText(f, "direction", in.Direction)},
	}
	if in.DirectionNote != nil {
		out[len(out)-1].Hint = f.Say(*in.DirectionNote)
	}
	if in.Baseline != nil {
		out = append(out, shell.KV{Key: f.T("field.baseline"), Body: shell.Text(f.Page, *in.Baseline)})
	}
	return append(out,
		shell.KV{Key: f.T("field.areas"), Text: things.AreasText(f, in.Areas)},
		shell.KV{Key: f.T("field.code"), Text: in.Code},
		shell.KV{Key: f.T("indicators.definition.digest"), Body: shell.Digest(s.Digest.String(), "")})
}

func agencyPath(in *entente.Indicator) string {
	return "/agencies?writer=" + string(in.Party) + "&q=" + in.Publisher
}

// facts are the latest figures of the line shown.
func (e *exploration) facts(f *site.Frame) []shell.Fact {
	if e.view == nil || e.last.IsZero() {
		return nil
	}
	now := e.line.Measure(series.Total, series.One(e.last))
	year := e.line.YearOnYear(series.Total, series.One(e.last))
	out := []shell.Fact{
		{Value: e.p.bare(f, now.Value, e.q.unit), Label: f.T("indicators.fact.latest", "Unit", e.p.unit(f, e.q.unit), "Month", monthText(f, e.last)), Href: "#pedigree-figures"},
	}
	if year.Complete() {
		out = append(out, shell.Fact{Value: change(f, year), Label: f.T("indicators.fact.year"), Href: "#pedigree-figures"})
	}
	if peak, ok := e.line.AgainstPeak(e.last, series.Window{}); ok && peak.Complete() {
		out = append(out, shell.Fact{
			Value: change(f, peak), Label: f.T("indicators.fact.peak", "Month", monthText(f, peak.B.Window.From), "Value", e.p.bare(f, peak.B.Value, e.q.unit)), Href: "#pedigree-figures",
		})
	}
	if e.view.Aggregation == series.Sum {
		w := e.recent()
		total := e.line.YearOnYear(series.Total, w)
		note := ""
		if total.Complete() {
			note = f.T("indicators.fact.before", "Change", change(f, total))
		}
		out = append(out, shell.Fact{
			Value: e.p.bare(f, total.A.Value, e.q.unit), Label: f.T("indicators.fact.total", "Window", windowText(f, w)), Note: note, Href: "#pedigree-figures",
		})
	}
	return out
}

// targets are the joint targets in force for an indicator.
func targets(ctx context.Context, v *store.View, subject string) ([]store.JointVersion[entente.Target], error) {
	all, err := store.Joints[entente.Target](ctx, v, entente.TypeTarget, store.Query{})
	if err != nil {
		return nil, err
	}
	var out []store.JointVersion[entente.Target]
	for _, t := range all {
		if t.InForce != nil && t.InForce.Body != nil && t.InForce.Body.Indicator == subject {
			out = append(out, *t.InForce)
		}
	}
	return out, nil
}

// tests are the commitments that their owners say an indicator tests.
func tests(ctx context.Context, v *store.View, subject string) ([]tested, error) {
	links, err := book.All(ctx, v, store.Query{Type: entente.TypeLink, Order: store.ByOrder})
	if err != nil {
		return nil, err
	}
	var out []tested
	for _, it := range links {
		link := it.Content.(*entente.Link)
		if !slices.Contains(link.Indicators, subject) {
			continue
		}
		c, err := store.ByRef[json.RawMessage](ctx, v, link.Commitment.Log, link.Commitment.Index)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		commitment, err := things.NewItem(*c)
		if err != nil {
			return nil, err
		}
		out = append(out, tested{commitment, link.Text, it.Writer})
	}
	return out, nil
}

// besides puts the latest figures that each party reports in the indicator's areas
// side by side, this one among them.
func (p *Pages) besides(ctx context.Context, f *site.Frame, s *node.Sheet) ([]shell.Side, error) {
	all, err := p.read(ctx, f.View)
	if err != nil || f.State.Charter == nil {
		return nil, err
	}
	var out []shell.Side
	others := false
	for _, party := range f.State.Charter.Required {
		var mine []row
		for _, r := range all {
			if r.Body.Party == party && slices.ContainsFunc(r.Body.Areas, func(a string) bool { return slices.Contains(s.Body.Areas, a) }) {
				mine = append(mine, r)
			}
		}
		others = others || slices.ContainsFunc(mine, func(r row) bool { return r.Subject != s.Subject })
		side := shell.Side{Party: party, Empty: f.T("indicators.beside.none")}
		if len(mine) > 0 {
			side.Body = besideList(f, p, mine, s.Subject)
		}
		out = append(out, side)
	}
	if !others {
		return nil, nil
	}
	return out, nil
}

// latestText is an indicator's latest headline figure in words.
func (p *Pages) latestText(f *site.Frame, r row) string {
	last, ok := latest(r.line)
	if !ok {
		return f.T("indicators.none")
	}
	return p.amount(f, r.line.Measure(series.Total, series.One(last)).Value, r.line.Unit) + ", " + f.L.MonthShort(last.Year(), month(last))
}

// Headline makes the chart that stands for an area: of the indicators in force of
// the area, the one whose owner says it tests a commitment there, an outcome
// before an output, with the latest figures; nil when the area has no figure.
func (p *Pages) Headline(ctx context.Context, f *site.Frame, area string) (templ.Component, error) {
	all, err := p.read(ctx, f.View)
	if err != nil {
		return nil, err
	}
	links, err := book.All(ctx, f.View, store.Query{Type: entente.TypeLink, Order: store.ByOrder, Area: ""})
	if err != nil {
		return nil, err
	}
	var best *row
	var bestScore [3]int
	for i, r := range all {
		last, ok := latest(r.line)
		if !ok || !slices.Contains(r.Body.Areas, area) {
			continue
		}
		linked := slices.ContainsFunc(links, func(it things.Item) bool {
			return slices.Contains(it.Content.(*entente.Link).Indicators, r.Subject)
		})
		// The first area that an indicator names is the one it is about.
		score := [3]int{b2i(r.Body.Areas[0] == area), b2i(linked), int(last)}
		if best == nil || slices.Compare(score[:], bestScore[:]) > 0 {
			best, bestScore = &all[i], score
		}
	}
	if best == nil {
		return nil, nil
	}
	return p.headlineChart(f, *best, area), nil
}

// headlineMonths is how many months a headline chart shows.
const headlineMonths = 24

func (p *Pages) headlineChart(f *site.Frame, r row, area string) templ.Component {
	last, _ := latest(r.line)
	w := series.Window{From: max(last.Add(1-headlineMonths), r.line.Coverage().From), To: last}
	title := f.Say(r.Body.Title)
	if s := p.whereText(f, p.labels.Headline(r.Subject)); s != "" {
		title += ", " + s
	}
	c := chart.Line{Text: chart.Text{
		ID: "headline-" + idOf(area), Title: title, Unit: p.unit(f, r.line.Unit), Decimals: decimals(r.line.Unit), Compact: true,
	}}
	c.Labels, c.Full = labels(f, w)
	c.Series = []chart.Series{{Name: f.L.Party(string(r.Body.Party)), Values: tail(r.line, last, w.Len())}}
	c.Marks = announced(f, w)
	year := ""
	if y := r.line.YearOnYear(series.Total, series.One(last)); y.Complete() {
		year = f.T("indicators.headline.change", "Change", change(f, y))
	}
	return headline(f, title, f.Href(site.ThingPath(entente.TypeIndicator, "", r.Subject)), p.latestText(f, r), year, c)
}
