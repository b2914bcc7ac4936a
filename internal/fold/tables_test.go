package fold_test

import (
	"slices"
	"testing"

	"entente"
	"entente/internal/fold"
	"entente/internal/fold/foldtest"
)

// TestRowsFitTheirTables holds the rows of a programme with every type against
// the declared tables: known table, declared for the type, columns by number and
// kind, one row an entry where the table says so, and no table without rows.
func TestRowsFitTheirTables(t *testing.T) {
	tables := map[string]fold.Table{}
	for _, table := range fold.Tables {
		if _, twice := tables[table.Name]; twice {
			t.Errorf("two tables %s", table.Name)
		}
		tables[table.Name] = table
	}
	filled := map[string]map[entente.Type]bool{}
	p := foldtest.NewProgramme()
	for _, f := range p.Logs.Fold().Visible(entente.National) {
		count := map[string]int{}
		for _, row := range f.Rows {
			table, ok := tables[row.Table]
			if !ok || !slices.Contains(table.Types, f.Type) {
				t.Errorf("a %s entry has a row of %s", f.Type, row.Table)
				continue
			}
			if filled[row.Table] == nil {
				filled[row.Table] = map[entente.Type]bool{}
			}
			filled[row.Table][f.Type] = true
			if count[row.Table]++; count[row.Table] > 1 && !table.Many {
				t.Errorf("%s: %d rows of %s", f.Type, count[row.Table], row.Table)
			}
			fits(t, table, row)
		}
	}
	for _, table := range fold.Tables {
		for _, typ := range table.Types {
			if !filled[table.Name][typ] {
				t.Errorf("no %s entry fills %s", typ, table.Name)
			}
		}
	}
}

func fits(t *testing.T, table fold.Table, row fold.Row) {
	t.Helper()
	if len(row.Values) != len(table.Columns) {
		t.Errorf("%s: %d values for %d columns", table.Name, len(row.Values), len(table.Columns))
		return
	}
	for i, v := range row.Values {
		var kind fold.ColumnKind
		switch v.(type) {
		case string:
			kind = fold.ColText
		case int64:
			kind = fold.ColInt
		case float64:
			kind = fold.ColReal
		}
		if kind != table.Columns[i].Kind {
			t.Errorf("%s.%s is %s, got %T", table.Name, table.Columns[i].Name, table.Columns[i].Kind, v)
		}
	}
}
