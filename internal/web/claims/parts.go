package claims

import (
	"slices"
	"strconv"
	"strings"

	"entente"
	"entente/internal/series"
	"entente/internal/store"
	"entente/internal/web/shell"
	"entente/internal/web/site"
	"entente/internal/web/things"
)

// measure names a measure; its code when nothing names it.
func (p pages) measure(f *site.Frame, code string) string {
	if s := f.Say(p.labels.Measure(code)); s != "" {
		return s
	}
	return code
}

func (p pages) filters(f *site.Frame, all []*Claim) shell.Filters {
	v := f.R.URL.Query()
	field := func(name, id string) shell.Field {
		return shell.Field{Name: name, Label: f.T(id), Kind: "select", Value: v.Get(name), Blank: f.T("filter.any")}
	}
	area, by := field("area", "filter.area"), field("by", "field.by")
	if f.State.Charter != nil {
		for _, a := range f.State.Charter.Areas {
			if !a.Variant {
				area.Options = append(area.Options, shell.Option{Value: a.Code, Text: f.Say(a.Name)})
			}
		}
	}
	for _, s := range []string{"MX", "US", "both", "press", "NGO"} {
		by.Options = append(by.Options, shell.Option{Value: s, Text: things.EnumText(f, "by", s)})
	}
	status := field("status", "claims.status")
	for _, s := range sourceStatuses {
		status.Options = append(status.Options, shell.Option{Value: string(s), Text: things.EnumText(f, "status", string(s))})
	}
	assessment := field("assessment", "claims.assessment")
	for _, o := range outcomes {
		assessment.Options = append(assessment.Options, shell.Option{Value: string(o), Text: f.T("claims.outcome." + string(o))})
	}
	measure := field("measure", "field.measure")
	var seen []string
	for _, c := range all {
		if !slices.Contains(seen, c.Measure) {
			seen = append(seen, c.Measure)
			measure.Options = append(measure.Options, shell.Option{Value: c.Measure, Text: p.measure(f, c.Measure)})
		}
	}
	slices.SortFunc(measure.Options, func(a, b shell.Option) int { return strings.Compare(a.Text, b.Text) })
	out := shell.Filters{Action: f.Href("/claims"), Fields: []shell.Field{
		{Name: "q", Label: f.T("filter.text"), Kind: "search", Value: v.Get("q")}, by, status, assessment, measure, area,
	}}
	for _, fl := range out.Fields {
		if fl.Value != "" {
			out.Clear = f.Href("/claims")
		}
	}
	return out
}

// facts counts the claims by assessment.
func (p pages) facts(f *site.Frame, all []*Claim) []shell.Fact {
	count := map[series.Outcome]int{}
	for _, c := range all {
		count[c.Outcome()]++
	}
	var out []shell.Fact
	for _, o := range outcomes {
		out = append(out, shell.Fact{
			Value: f.L.Int(int64(count[o])), Label: f.T("claims.outcome." + string(o)), Href: f.Href("/claims", "assessment", string(o)),
		})
	}
	return out
}

func (p pages) table(f *site.Frame, rows []*Claim) shell.Table {
	t := shell.Table{
		Caption: f.T("kind.claims.title"), HideCaption: true, Stack: true, Empty: f.T("kind.claims.empty"),
		CSV: "/api/v1/claims?format=csv", JSON: "/api/v1/claims",
		Columns: []shell.Column{
			{Title: f.T("col.date")}, {Title: f.T("claims.claim"), Wide: true}, {Title: f.T("field.value"), Numeric: true},
			{Title: f.T("claims.status")}, {Title: f.T("claims.assessment")},
		},
	}
	for _, c := range rows {
		title := things.TitleCell(f, c.Item, f.Say(c.Speaker))
		if s := f.Say(c.Text); s != "" {
			title.Text = s
		}
		t.Rows = append(t.Rows, []shell.Cell{
			things.DateCell(f, c.Date), title,
			{Text: p.value(f, c), Href: f.Href("/claims/compare/" + c.Measure)},
			{Body: shell.Badge(statusTone(c.Status), things.EnumText(f, "status", string(c.Status)))},
			{Body: shell.Badge(outcomeTone(c.Outcome()), f.T("claims.outcome."+string(c.Outcome())))},
		})
	}
	return t
}

// value writes the claimed figure with its unit.
func (p pages) value(f *site.Frame, c *Claim) string {
	if c.Value == "" {
		return "—"
	}
	return p.withUnit(f, things.Decimal(f, c.Value), c.Unit)
}

func (p pages) withUnit(f *site.Frame, figure, unit string) string {
	switch unit {
	case "percent":
		if f.Lang() == "es" {
			return figure + "\u00a0%"
		}
		return figure + "%"
	case "":
		return figure
	}
	n, err := strconv.ParseFloat(strings.NewReplacer(",", "", "−", "-").Replace(figure), 64)
	if err != nil {
		n = 2 // the plural
	}
	return figure + "\u00a0" + p.labels.Unit(f.L, unit, n)
}

func statusTone(s entente.SourceStatus) shell.Tone {
	switch s {
	case entente.Verified:
		return shell.Agree
	case entente.Disputed:
		return shell.Differ
	case entente.Unconfirmed:
		return shell.Pending
	}
	return shell.Neutral
}

func outcomeTone(o series.Outcome) shell.Tone {
	switch o {
	case series.Supported:
		return shell.Agree
	case series.NotSupported, series.DependsOn:
		return shell.Differ
	}
	return shell.Pending
}

// compareSides groups claims by who says so, the parties first.
func (p pages) compareSides(f *site.Frame, rows []*Claim) []compareSide {
	var out []compareSide
	for _, by := range []string{"MX", "US", "both", "press", "NGO"} {
		side := compareSide{Name: things.EnumText(f, "by", by)}
		for _, c := range rows {
			if c.By == by {
				side.Claims = append(side.Claims, c)
			}
		}
		if len(side.Claims) > 0 {
			out = append(out, side)
		}
	}
	return out
}

type compareSide struct {
	Name   string
	Claims []*Claim
}

// readings are the ways of taking a claim to be about one thing: which figure each
// period gives, and whether it rounds to the figure claimed.
type readings struct {
	Title string
	Href  string // of the indicator
	Holds []string
	Table shell.Table
}

// readings groups the readings of a proposition by what they take it to be about,
// in the order of the check. What all of them have in common is said once.
func (p pages) readings(f *site.Frame, c *Claim, proposition int) (groups []readings, common string) {
	prop := c.Assessment.Propositions[proposition]
	var all []series.Reading
	for _, r := range c.Assessment.Readings {
		if r.Proposition == proposition {
			all = append(all, r)
		}
	}
	shared := sharedWarnings(all)
	for _, r := range all {
		title := p.subject(f, r)
		i := slices.IndexFunc(groups, func(g readings) bool { return g.Title == title })
		if i < 0 {
			i = len(groups)
			groups = append(groups, readings{
				Title: title, Href: f.Href(site.ThingPath(entente.TypeIndicator, "", r.Indicator)),
				Table: shell.Table{
					Caption: f.T("claims.readings.caption", "Claimed", claimed(f, p, prop)) + ": " + title, HideCaption: true, Stack: true, Dense: true,
					Columns: []shell.Column{{Title: f.T("claims.window")}, {Title: f.T("claims.base")},
						{Title: f.T("claims.figure"), Numeric: true}, {Title: f.T("claims.rounds")}, {Title: f.T("claims.reading"), Wide: true}},
				},
			})
		}
		if r.Match.Holds() && !r.Part {
			groups[i].Holds = append(groups[i].Holds, windowText(f, r.A))
		}
		groups[i].Table.Rows = append(groups[i].Table.Rows, p.reading(f, prop, r, shared))
	}
	return groups, warningsText(f, shared)
}

// sharedWarnings are the warnings that every reading has.
func sharedWarnings(all []series.Reading) []series.Warning {
	if len(all) < 2 {
		return nil
	}
	var out []series.Warning
	for _, w := range all[0].Warnings {
		if !slices.ContainsFunc(all, func(r series.Reading) bool { return !slices.Contains(r.Warnings, w) }) {
			out = append(out, w)
		}
	}
	return out
}

func warningsText(f *site.Frame, list []series.Warning) string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = f.T("claims.warning." + string(w))
	}
	return f.L.List(out...)
}

func claimed(f *site.Frame, p pages, prop series.PropositionOutcome) string {
	if prop.Claimed == "" {
		return f.T("claims.lowest")
	}
	return p.withUnit(f, things.Decimal(f, prop.Claimed), string(prop.Unit))
}

func (p pages) reading(f *site.Frame, prop series.PropositionOutcome, r series.Reading, shared []series.Warning) []shell.Cell {
	notes := []string{f.T("claims.kind." + string(r.Kind))}
	if r.Basis != series.Total {
		notes = append(notes, f.T("claims.basis."+string(r.Basis)))
	}
	if r.Part {
		notes = append(notes, f.T("claims.part"))
	}
	if r.AsStated {
		notes = append(notes, f.T("claims.asstated"))
	}
	for _, w := range r.Warnings {
		if !slices.Contains(shared, w) {
			notes = append(notes, f.T("claims.warning."+string(w)))
		}
	}
	figure := "—"
	if r.Figure.Valid() {
		figure = p.withUnit(f, things.Decimal(f, r.Figure.Places(places(prop)).StringFixed(places(prop))), string(prop.Unit))
	}
	base := shell.Cell{Text: "—"}
	if !r.B.IsZero() {
		base = shell.Cell{Text: windowText(f, r.B), Sub: p.amount(f, r.ValueB, r.Unit), Class: "e-nowrap"}
	}
	return []shell.Cell{
		{Text: windowText(f, r.A), Sub: p.amount(f, r.ValueA, r.Unit), Class: "e-nowrap"}, base,
		{Text: figure, Class: "e-nowrap"},
		{Body: shell.Badge(matchTone(r.Match), f.T("claims.match."+string(r.Match)))},
		{Text: f.L.List(notes...), Sub: releases(f, r.Vintages)},
	}
}

// places is two decimals more than the claimed figure has, so that a reader sees
// which way the figure rounds.
func places(p series.PropositionOutcome) int32 {
	_, frac, _ := strings.Cut(p.Claimed, ".")
	return int32(len(frac)) + 2
}

func (p pages) amount(f *site.Frame, e series.Exact, unit series.Unit) string {
	if !e.Valid() {
		return ""
	}
	return p.withUnit(f, things.Decimal(f, e.Places(1).String()), string(unit))
}

func windowText(f *site.Frame, w series.Window) string {
	if w.From == w.To {
		return f.L.DateISOShort(w.From.String())
	}
	return f.L.DateISOShort(w.From.String()) + " – " + f.L.DateISOShort(w.To.String())
}

func releases(f *site.Frame, rs []series.Release) string {
	var out []string
	for _, r := range rs {
		out = append(out, f.T("claims.release", "Date", f.L.DateISOShort(string(r.Released))))
	}
	return f.L.List(out...)
}

// subject names what a reading takes the claim to be about.
func (p pages) subject(f *site.Frame, r series.Reading) string {
	parts := []string{p.title(f, r.Indicator)}
	dims := make([]string, 0, len(r.Where))
	for d := range r.Where {
		dims = append(dims, d)
	}
	slices.Sort(dims)
	for _, d := range dims {
		code := r.Where[d]
		name := f.Say(p.labels.Code(d, code))
		if code == "*" {
			name = f.T("claims.all", "Dim", strings.ToLower(f.Say(p.labels.Dim(d))))
		} else if name == "" {
			name = code
		}
		parts = append(parts, name)
	}
	return strings.Join(parts, ", ")
}

func matchTone(m series.Match) shell.Tone {
	switch {
	case m.Holds():
		return shell.Agree
	case m == series.MatchIncomplete:
		return shell.Pending
	}
	return shell.Differ
}

// title names an indicator by its subject.
func (p pages) title(f *site.Frame, subject string) string {
	j, err := store.Joint[entente.Indicator](f.R.Context(), f.View, entente.TypeIndicator, subject)
	if err != nil || j.InForce == nil || j.InForce.Body == nil {
		return subject
	}
	return f.Say(j.InForce.Body.Title)
}
