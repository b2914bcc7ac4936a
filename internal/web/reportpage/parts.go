package reportpage

import (
	"maps"
	"slices"

	"entente/internal/store"
	"entente/internal/web/shell"
	"entente/internal/web/site"
)

// heads lists how far each log goes at a frontier.
func heads(f *site.Frame, at store.Frontier) shell.Table {
	t := shell.Table{
		Caption: f.T("reportpage.logs"), HideCaption: true, RowHeader: true, Stack: true, Dense: true,
		Columns: []shell.Column{{Title: f.T("verify.log")}, {Title: f.T("verify.size"), Numeric: true}, {Title: f.T("verify.root")}},
	}
	for _, o := range slices.Sorted(maps.Keys(at)) {
		t.Rows = append(t.Rows, []shell.Cell{{Text: o}, {Text: f.L.Int(int64(at[o].Size))}, {Body: digest(at[o].Root.String())}})
	}
	return t
}
