package things

import (
	"encoding/json"
	"strconv"

	"entente"
	"entente/internal/store"
	"entente/internal/web/shell"
	"entente/internal/web/site"

	"github.com/a-h/templ"
)

// itemTitle is the title of an item, or its subject.
func itemTitle(f *site.Frame, it Item) string {
	if s := f.Say(it.Title); s != "" {
		return s
	}
	return it.Subject
}

// unitText names a quantity's unit as the language does.
func unitText(f *site.Frame, q entente.Quantity) string {
	v, err := strconv.ParseFloat(q.Value, 64)
	if err != nil {
		v = 2 // the plural
	}
	return f.L.Unit(q.Unit, v)
}

// partySides makes columns of texts in each party's words.
func partySides(f *site.Frame, texts []entente.PartyText) []shell.Side {
	out := make([]shell.Side, len(texts))
	for i, t := range texts {
		out[i] = shell.Side{Party: t.Party, Body: partyText(f, t)}
	}
	return out
}

// jointVersion shows one body of a joint thing: whose halves stand, whose do not.
func jointVersion(f *site.Frame, v store.JointVersion[json.RawMessage], label string) templ.Component {
	t := shell.Table{
		Caption: label, RowHeader: true, Stack: true,
		Columns: []shell.Column{{Title: f.T("col.party")}, {Title: f.T("things.half")}, {Title: f.T("things.stated")}},
	}
	for _, p := range v.Required {
		row := []shell.Cell{{Text: f.L.Party(string(p))}, {Text: f.T("things.half.none"), Class: "e-muted"}, {}}
		if half, ok := v.Halves[p]; ok {
			row[1] = shell.Cell{Text: half.Ref.String(), Href: f.EntryHref(half.Ref)}
			row[2] = shell.Cell{Body: shell.When(f.Page, half.Header.Time)}
		}
		t.Rows = append(t.Rows, row)
	}
	return shell.DataTable(f.Page, t)
}

// pairHref is the page of one side of a pair; "" when that party has not said so
// itself.
func pairHref(f *site.Frame, s entente.PairSide) string {
	_, err := store.Get[json.RawMessage](f.R.Context(), f.View, entente.TypeCommitment, string(s.Party), s.Subject)
	if err != nil {
		return ""
	}
	return f.Href(site.ThingPath(entente.TypeCommitment, string(s.Party), s.Subject))
}
