package commitments

import (
	"entente"
	"entente/internal/web/book"
	"entente/internal/web/shell"
	"entente/internal/web/site"
	"entente/internal/web/things"
)

type listModel struct {
	filters   shell.Filters
	tabs      []shell.Tab
	rows      shell.Table
	others    shell.Table
	hasOthers bool
	summary   string
	pager     shell.Pager
}

func tabs(f *site.Frame, active string) []shell.Tab {
	area := f.R.URL.Query().Get("area")
	return []shell.Tab{
		{Text: f.T("commitments.tab.list"), Href: f.Href("/commitments", "area", area), Active: active == "list"},
		{Text: f.T("commitments.tab.pairs"), Href: f.Href("/pairs", "area", area), Active: active == "pairs"},
		{Text: f.T("commitments.tab.accounts"), Href: f.Href("/accounts", "area", area)},
	}
}

func areaField(f *site.Frame, value string) shell.Field {
	field := shell.Field{Name: "area", Label: f.T("filter.area"), Kind: "select", Value: value, Blank: f.T("filter.any")}
	if f.State.Charter != nil {
		for _, a := range f.State.Charter.Areas {
			if !a.Variant {
				field.Options = append(field.Options, shell.Option{Value: a.Code, Text: f.Say(a.Name)})
			}
		}
	}
	return field
}

// filters makes the form with what was chosen.
func filters(f *site.Frame, flt Filter) shell.Filters {
	party := shell.Field{Name: "party", Label: f.T("filter.party"), Kind: "select", Value: flt.Party, Blank: f.T("filter.any")}
	if f.State.Charter != nil {
		for _, p := range f.State.Charter.Required {
			party.Options = append(party.Options, shell.Option{Value: string(p), Text: f.L.Party(string(p))})
		}
	}
	party.Options = append(party.Options, shell.Option{Value: "both", Text: f.T("commitments.both")})
	status := shell.Field{Name: "status", Label: f.T("filter.completion"), Kind: "select", Value: flt.Status, Blank: f.T("filter.any")}
	for _, c := range book.Completions {
		status.Options = append(status.Options, shell.Option{Value: c, Text: f.T("enum.completion." + c)})
	}
	due := shell.Field{Name: "due", Label: f.T("filter.due"), Kind: "select", Value: flt.Due, Blank: f.T("filter.any")}
	for _, d := range dueChoices {
		due.Options = append(due.Options, shell.Option{Value: d, Text: f.T("filter.due." + d)})
	}
	out := shell.Filters{Action: f.Href("/commitments"), Fields: []shell.Field{
		{Name: "q", Label: f.T("filter.text"), Kind: "search", Value: flt.Text}, areaField(f, flt.Area), party, status, due,
	}}
	if flt != (Filter{}) {
		out.Clear = f.Href("/commitments")
	}
	return out
}

// owners names who undertook it.
func owners(f *site.Frame, u *book.Undertaking) string {
	switch len(u.Owners) {
	case 0:
		return f.T("commitments.both")
	case 1:
		return f.L.Party(string(u.Owners[0]))
	}
	return f.T("commitments.both")
}

func table(f *site.Frame, rows []*book.Undertaking) shell.Table {
	t := shell.Table{
		Caption: f.T("kind.commitments.title"), HideCaption: true, RowHeader: true, Stack: true,
		Empty: f.T("kind.commitments.empty"), CSV: "/api/v1/commitments?format=csv", JSON: "/api/v1/commitments",
		Columns: []shell.Column{
			{Title: f.T("col.code")}, {Title: f.T("col.title"), Wide: true}, {Title: f.T("col.owner")},
			{Title: f.T("col.due")}, {Title: f.T("col.completion")}, {Title: f.T("col.position")},
		},
	}
	for _, u := range rows {
		t.Rows = append(t.Rows, []shell.Cell{
			{Text: u.Code, Class: "e-nowrap"},
			things.TitleCell(f, u.Item, things.AreasText(f, u.Item.Areas)),
			{Text: owners(f, u)},
			dueCell(f, u),
			{Body: completionBadges(f, u)},
			{Body: stances(f, u)},
		})
	}
	return t
}

// othersTable lists what is only told by others.
func othersTable(f *site.Frame, rows []*book.Undertaking) shell.Table {
	t := shell.Table{
		Caption: f.T("commitments.others"), HideCaption: true, RowHeader: true, Stack: true,
		Columns: []shell.Column{
			{Title: f.T("col.code")}, {Title: f.T("col.title"), Wide: true}, {Title: f.T("col.of")}, {Title: f.T("col.saidby")},
		},
	}
	for _, u := range rows {
		t.Rows = append(t.Rows, []shell.Cell{
			{Text: u.Code, Class: "e-nowrap"}, things.TitleCell(f, u.Item, things.AreasText(f, u.Item.Areas)),
			{Text: owners(f, u)}, {Text: f.Writer(u.Writer), Sub: f.T("type." + string(u.Type))},
		})
	}
	return t
}

func dueCell(f *site.Frame, u *book.Undertaking) shell.Cell {
	c := things.DateCell(f, u.Due)
	if u.Passed(today(f)) {
		c.Sub = f.T("commitments.passed")
	}
	return c
}

// completionTone is quiet for every mark.
func completionTone(c string) shell.Tone {
	switch c {
	case book.NoReport:
		return shell.Pending
	case string(entente.Complete):
		return shell.Agree
	}
	return shell.Neutral
}

func pairTitle(f *site.Frame, p *book.Pair) string {
	names := make([]string, 0, len(p.Sides))
	for _, s := range p.Sides {
		if s.Undertaking != nil {
			names = append(names, f.Say(s.Undertaking.Title))
		} else {
			names = append(names, s.Subject)
		}
	}
	return f.L.List(names...)
}

func pairSides(f *site.Frame, p *book.Pair) []shell.Side {
	out := make([]shell.Side, len(p.Sides))
	for i, s := range p.Sides {
		out[i] = shell.Side{Party: s.Party, Empty: f.T("gap.own_word")}
		if s.Undertaking != nil {
			out[i].Title = f.Say(s.Undertaking.Title)
			out[i].Body = half(f, s.Undertaking)
		}
	}
	return out
}

// stanceTone colours a stance without judging it.
func stanceTone(s entente.Stance) shell.Tone {
	switch s {
	case entente.Concurs:
		return shell.Agree
	case entente.Disputes:
		return shell.Differ
	}
	return shell.Neutral
}
