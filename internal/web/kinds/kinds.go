// Package kinds is the table of the things that have an ordinary list and page:
// what each list shows, filters and sorts by. A type with a page of its own
// (commitments, indicators, claims, meetings) has it in its own folder.
package kinds

import (
	"slices"

	"entente"
	"entente/internal/store"
	"entente/internal/web/shell"
	"entente/internal/web/site"
	"entente/internal/web/things"
)

var (
	areaFilter   = things.Filter{Name: "area", ID: "filter.area", Areas: true}
	writerFilter = things.Filter{Name: "writer", ID: "filter.writer", Writer: true}
	onlyTitle    = things.TitleColumn(nil)
)

// actions is the list of actions; its map counts what it selects.
var actions = things.Kind{
	Key: "actions", Nav: "actions", Path: "/actions", Table: "actions",
	Types: []entente.Type{entente.TypeAction}, Order: "from_date", Desc: true,
	Filters: []things.Filter{areaFilter, writerFilter, {Name: "kind", ID: "enum.kind.title", Column: "kind", Enum: "kind", Values: actionKinds}},
	Columns: []things.Column{
		{ID: "col.date", Sort: "from_date", Cell: func(f *site.Frame, it things.Item) shell.Cell {
			return things.DateCell(f, it.Content.(*entente.Action).From)
		}},
		onlyTitle,
		things.TextColumn("col.kind", "kind", func(f *site.Frame, it things.Item) string {
			return things.EnumText(f, "kind", it.Content.(*entente.Action).Kind)
		}),
		things.WriterColumn, things.AreasColumn,
	},
}

func withMap(k things.Kind) things.Kind {
	k.Above = actionsMap
	return k
}

// All are the ordinary kinds.
var All = []things.Kind{
	{
		Key: "agencies", Nav: "charter", Path: "/agencies", Table: "agencies",
		Types: []entente.Type{entente.TypeAgency}, Order: "code", Filters: []things.Filter{writerFilter},
		Columns: []things.Column{
			things.TextColumn("col.code", "code", func(_ *site.Frame, it things.Item) string {
				return it.Content.(*entente.Agency).Code
			}),
			onlyTitle, things.WriterColumn,
			things.TextColumn("col.role", "", func(f *site.Frame, it things.Item) string {
				return f.Say(it.Content.(*entente.Agency).Role)
			}),
		},
	},
	withMap(actions),
	{
		Key: "statements", Nav: "claims", Path: "/statements", Table: "statements",
		Types: []entente.Type{entente.TypeStatement}, Order: "date", Desc: true,
		Filters: []things.Filter{areaFilter, writerFilter},
		Columns: []things.Column{
			{ID: "col.date", Sort: "date", Cell: func(f *site.Frame, it things.Item) shell.Cell {
				return things.DateCell(f, it.Content.(*entente.Statement).Date)
			}},
			things.TitleColumn(func(f *site.Frame, it things.Item) string {
				return f.Say(it.Content.(*entente.Statement).Speaker)
			}),
			things.WriterColumn, things.AreasColumn,
		},
	},
	{
		Key: "citations", Nav: "claims", Path: "/citations", Table: "citations",
		NoPages: true, // package claims makes them: most citations are of claims
		Types:   []entente.Type{entente.TypeCitation}, Order: "date", Desc: true,
		Filters: []things.Filter{areaFilter, {Name: "kind", ID: "enum.kind.title", Column: "citation.kind", Enum: "kind", Values: citationKinds}},
		Columns: []things.Column{
			{ID: "col.date", Sort: "date", Cell: func(f *site.Frame, it things.Item) shell.Cell {
				return things.DateCell(f, it.Content.(*entente.Citation).Date)
			}},
			onlyTitle,
			things.TextColumn("col.kind", "", func(f *site.Frame, it things.Item) string {
				return things.EnumText(f, "kind", it.Content.(*entente.Citation).Kind)
			}),
			things.WriterColumn,
		},
	},
	{
		Key: "accounts", Nav: "commitments", Path: "/accounts", Table: "accounts",
		Types: []entente.Type{entente.TypeAccount}, Order: "code", Filters: []things.Filter{areaFilter, writerFilter},
		Columns: []things.Column{
			onlyTitle, things.WriterColumn,
			things.TextColumn("col.of", "", func(f *site.Frame, it things.Item) string {
				return f.L.Party(string(it.Content.(*entente.Account).Of))
			}),
			things.AreasColumn,
		},
	},
	{
		Key: "datasets", Nav: "indicators", Path: "/datasets", Table: "datasets",
		Types: []entente.Type{entente.TypeDataset}, Order: "released", Desc: true, Filters: []things.Filter{writerFilter},
		Columns: []things.Column{
			onlyTitle,
			things.TextColumn("col.publisher", "", func(_ *site.Frame, it things.Item) string {
				return it.Content.(*entente.Dataset).Publisher
			}),
			{ID: "col.released", Sort: "released", Cell: func(f *site.Frame, it things.Item) shell.Cell {
				return things.DateCell(f, it.Content.(*entente.Dataset).Released)
			}},
			{ID: "col.rows", Sort: "row_count", Numeric: true, Cell: func(f *site.Frame, it things.Item) shell.Cell {
				return shell.Cell{Text: f.L.Int(int64(it.Content.(*entente.Dataset).Rows))}
			}},
		},
	},
	{
		Key: "notices", Nav: "meetings", Path: "/notices", Table: "notices",
		Types: []entente.Type{entente.TypeNotice}, Order: "from_date", Desc: true,
		Filters: []things.Filter{areaFilter, writerFilter},
		Columns: []things.Column{
			{ID: "col.date", Sort: "from_date", Cell: func(f *site.Frame, it things.Item) shell.Cell {
				return things.DateCell(f, it.Content.(*entente.Notice).From)
			}},
			onlyTitle, things.WriterColumn, things.AreasColumn,
		},
	},
	plain("milestones", "commitments", entente.TypeMilestone),
	plain("progress", "commitments", entente.TypeProgress),
	plain("links", "indicators", entente.TypeLink),
	plain("targets", "indicators", entente.TypeTarget),
	plain("observations", "indicators", entente.TypeObservations),
	plain("answers", "questions", entente.TypeAnswer),
	plain("positions", "claims", entente.TypePosition),
	plain("policies", "charter", entente.TypePolicy),
	terms,
	{
		Key: "routes", Nav: "charter", Path: "/routes", Table: "routes",
		Types: []entente.Type{entente.TypeRoute}, Order: store.ByTime, Desc: true, Filters: []things.Filter{writerFilter},
		Columns: []things.Column{
			things.TitleColumn(func(f *site.Frame, it things.Item) string { return remark(f, it.Content.(*entente.Route).Remark) }),
			things.WriterColumn,
			things.TextColumn("col.ceiling", "", func(f *site.Frame, it things.Item) string {
				return things.EnumText(f, "ceiling", string(it.Content.(*entente.Route).Ceiling))
			}),
		},
	},
}

// terms are the terms of exchange: a joint thing, so that each party states its half.
var terms = func() things.Kind {
	k := plain("terms", "charter", entente.TypeExchangeTerms)
	k.Path, k.Table, k.Filters = "/terms-of-exchange", "exchange-terms", []things.Filter{writerFilter}
	k.Columns = slices.Clone(k.Columns)
	k.Columns[0] = things.TitleColumn(func(f *site.Frame, it things.Item) string {
		return remark(f, it.Content.(*entente.ExchangeTerms).Remark)
	})
	return k
}()

// remark is what a reader has to know first, under the title.
func remark(f *site.Frame, t *entente.Text) string {
	if t == nil {
		return ""
	}
	return f.Say(*t)
}

// plain is a kind whose list needs only titles and writers.
func plain(key, nav string, t entente.Type) things.Kind {
	return things.Kind{
		Key: key, Nav: nav, Path: "/" + key, Table: key, Types: []entente.Type{t}, Order: store.ByTime, Desc: true,
		Filters: []things.Filter{areaFilter, writerFilter}, Columns: []things.Column{onlyTitle, things.WriterColumn, {
			ID: "col.stated", Sort: store.ByTime, Cell: func(f *site.Frame, it things.Item) shell.Cell {
				return shell.Cell{Body: shell.When(f.Page, it.Header.Time)}
			},
		}},
	}
}

var actionKinds = []string{
	"seizure", "arrest", "inspection", "investigation", "prosecution", "tunnel_closed", "transfer", "extradition",
	"training", "campaign", "legislative_reform", "sanction", "deployment", "other",
}

var citationKinds = []string{"claim", "statement", "event", "undertaking", "pairing", "meeting", "question"}
