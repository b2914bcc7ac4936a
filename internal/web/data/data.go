// Package data makes the page from which everything can be taken away: every table
// as CSV and JSON, the interface's description, feeds, the published files.
package data

import (
	"context"

	"entente"
	"entente/internal/store"
	"entente/internal/web/book"
	"entente/internal/web/shell"
	"entente/internal/web/site"
	"entente/internal/web/things"

	"github.com/a-h/templ"
)

// Mount registers the page.
func Mount(add func(path string, build site.Build)) { add("/data", page) }

// Tables are the names of the interface's tables, by type.
var Tables = map[entente.Type]string{
	entente.TypeCharter: "charters", entente.TypePolicy: "policies", entente.TypeAgency: "agencies",
	entente.TypeCommitment: "commitments", entente.TypeJointCommitment: "joint-commitments", entente.TypeMilestone: "milestones",
	entente.TypeProgress: "progress", entente.TypePairing: "pairings", entente.TypeAccount: "accounts", entente.TypeAction: "actions",
	entente.TypeIndicator: "indicators", entente.TypeTarget: "targets", entente.TypeLink: "links", entente.TypeDataset: "datasets",
	entente.TypeObservations: "observations", entente.TypeStatement: "statements", entente.TypeClaim: "claims",
	entente.TypeCitation: "citations", entente.TypeQuestion: "questions", entente.TypeAnswer: "answers",
	entente.TypeMeeting: "meetings", entente.TypeNotice: "notices", entente.TypePosition: "positions",
	entente.TypeWithdrawal: "withdrawals", entente.TypeGenesis: "genesis", entente.TypeKey: "keys",
	entente.TypeExchangeTerms: "exchange-terms", entente.TypeRoute: "routes",
}

func page(ctx context.Context, f *site.Frame) (templ.Component, error) {
	f.Title, f.Lead, f.Active = f.T("data.title"), f.T("data.lead"), "data"
	f.Crumbs = []shell.Link{{Text: f.T("nav.home"), Href: f.Href("/")}}
	f.Feed = "/feed.atom?lang=" + string(f.Lang())
	tables, err := tables(ctx, f)
	if err != nil {
		return nil, err
	}
	files, err := files(ctx, f)
	if err != nil {
		return nil, err
	}
	return dataPage(f, tables, files), nil
}

// tables lists the tables with what they hold now.
func tables(ctx context.Context, f *site.Frame) (shell.Table, error) {
	counts, err := f.View.Counts(ctx)
	if err != nil {
		return shell.Table{}, err
	}
	current, entries := map[entente.Type]int{}, map[entente.Type]int{}
	for _, c := range counts {
		current[c.Type] += c.Current
		entries[c.Type] += c.Entries
	}
	t := shell.Table{
		Caption: f.T("data.tables"), HideCaption: true, RowHeader: true, Stack: true, Dense: true,
		Columns: []shell.Column{{Title: f.T("data.table"), Wide: true}, {Title: f.T("data.current"), Numeric: true}, {Title: f.T("data.entries"), Numeric: true},
			{Title: "CSV"}, {Title: "JSON"}},
	}
	for _, rule := range entente.Types {
		name, ok := Tables[rule.Type]
		if !ok {
			continue
		}
		href := "/api/v1/" + name
		t.Rows = append(t.Rows, []shell.Cell{
			{Text: f.T("types." + string(rule.Type)), Sub: name}, {Text: f.L.Int(int64(current[rule.Type]))}, {Text: f.L.Int(int64(entries[rule.Type]))},
			{Text: "CSV", Href: href + "?format=csv"}, {Text: "JSON", Href: href},
		})
	}
	t.Rows = append(t.Rows,
		[]shell.Cell{{Text: f.T("latest.title"), Sub: "entries"}, {}, {}, {}, {Text: "JSON", Href: "/api/v1/entries"}},
		[]shell.Cell{{Text: f.T("corrections.title"), Sub: "corrections"}, {}, {}, {}, {Text: "JSON", Href: "/api/v1/corrections"}})
	return t, nil
}

// files lists the published files of figures.
func files(ctx context.Context, f *site.Frame) (shell.Table, error) {
	items, err := book.All(ctx, f.View, store.Query{Type: entente.TypeDataset, Order: "released", Desc: true})
	if err != nil {
		return shell.Table{}, err
	}
	t := shell.Table{
		Caption: f.T("kind.datasets.title"), HideCaption: true, RowHeader: true, Stack: true, Empty: f.T("kind.datasets.empty"),
		Columns: []shell.Column{{Title: f.T("col.title"), Wide: true}, {Title: f.T("col.released")}, {Title: f.T("field.file")}, {Title: f.T("data.size"), Numeric: true}},
	}
	for _, it := range items {
		d := it.Content.(*entente.Dataset)
		title := things.TitleCell(f, it, d.Publisher)
		t.Rows = append(t.Rows, []shell.Cell{title, things.DateCell(f, d.Released),
			{Text: d.File.Name, Href: "/blob/" + d.File.Digest.String()}, {Text: f.L.Bytes(d.File.Size)}})
	}
	return t, nil
}
