package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"entente"
	"entente/internal/fold"
)

// filter is the WHERE of a query over versions (v).
type filter struct {
	where []string
	args  []any
}

const fromVersions = " FROM version v WHERE "

func (f *filter) add(cond string, args ...any) {
	f.where = append(f.where, cond)
	f.args = append(f.args, args...)
}

func (f *filter) sql() string { return strings.Join(f.where, " AND ") }

// filter returns what q selects in the view. Every filter begins with the view's
// own audience.
func (v *View) filter(q Query) (*filter, error) {
	f := &filter{}
	f.add("v.rank <= ?"+v.hides("v"), v.rank)
	types := q.types()
	switch len(types) {
	case 0:
	case 1:
		// The plus keeps SQLite from taking the index of the type where that of the
		// thing, or of a typed column, leads to a few rows.
		f.add(map[bool]string{true: "+v.type = ?", false: "v.type = ?"}[q.Subject != "" || picks(types, q.Where)], string(types[0]))
	default:
		f.add(map[bool]string{true: "+", false: ""}[picks(types, q.Where)]+"v.type IN (?"+strings.Repeat(",?", len(types)-1)+")", values(types)...)
	}
	if q.Subject != "" {
		f.add("v.subject = ?", q.Subject)
	}
	if q.Writer != "" {
		f.add("v.writer = ?", q.Writer)
	}
	if q.Area != "" {
		f.add("v.eid IN (SELECT eid FROM area_of WHERE area = ?)", q.Area)
	}
	if q.changes {
		f.add("v.acts != 0")
	}
	v.filterState(f, q)
	if q.Unanswered != "" {
		f.add(fmt.Sprintf(sqlNoPosition, slices.Index(linkKinds, fold.LinkOn))+v.hides("p")+")", q.Unanswered, v.rank, v.b, v.b)
	}
	if err := filterColumns(f, types, q.Where); err != nil {
		return nil, err
	}
	if q.Search != "" {
		return f, v.filterText(f, q.Search)
	}
	return f, nil
}

// sqlNoPosition restricts to versions without a current position of a writer.
const sqlNoPosition = `NOT EXISTS (SELECT 1 FROM link k JOIN version p ON p.eid = k.src WHERE k.dst = v.eid AND k.kind = %d
AND p.type = 'position' AND p.writer = ? AND p.rank <= ? AND p.status = 0 AND p.cur & ? != 0 AND p.gone & ? = 0`

// filterState restricts by status, currency and withdrawal.
func (v *View) filterState(f *filter, q Query) {
	var codes []int
	for _, s := range q.Status {
		codes = append(codes, slices.Index(statuses, s))
	}
	if len(codes) == 0 {
		codes = []int{0}
	}
	switch {
	case len(codes) == 1:
		// In the text: SQLite prepares a statement again whenever a value is bound that
		// is compared with the condition of a partial index.
		f.add(fmt.Sprintf("v.status = %d", codes[0]))
	case len(codes) < len(statuses):
		f.add("v.status IN (SELECT value FROM json_each(?))", list(codes))
	}
	if !q.Versions {
		f.add("(v.cur & ? != 0 OR v.status != 0)", v.b)
	}
	if !q.Withdrawn {
		f.add("(v.gone | (v.wd & ~v.sup)) & ? = 0", v.b)
	}
}

// filterText restricts to versions that hold the words of a text.
func (v *View) filterText(f *filter, text string) error {
	match := matchExpression(text)
	if match == "" {
		f.add("0")
		return nil
	}
	var parts []string
	var args []any
	for rank := range v.rank + 1 {
		t := searchTable(rank)
		parts = append(parts, fmt.Sprintf("SELECT rowid FROM %s WHERE %s MATCH ?", t, t))
		args = append(args, match)
	}
	f.add("v.eid IN ("+strings.Join(parts, " UNION ALL ")+")", args...)
	return nil
}

// filterColumns restricts by typed columns: conditions on one table hold for one
// of its rows.
func filterColumns(f *filter, types []entente.Type, conds []Cond) error {
	var tables []string
	where := map[string][]string{}
	args := map[string][]any{}
	for _, c := range conds {
		t, col, err := resolve(types, c.Column)
		if err != nil {
			return err
		}
		sql, arg, err := compare(c, quote(col.Name))
		if err != nil {
			return err
		}
		if where[t.Name] == nil {
			tables = append(tables, t.Name)
		}
		where[t.Name] = append(where[t.Name], sql)
		args[t.Name] = append(args[t.Name], arg...)
	}
	for _, t := range tables {
		f.add("v.eid IN (SELECT eid FROM "+typedTable(t)+" WHERE "+strings.Join(where[t], " AND ")+")", args[t]...)
	}
	return nil
}

// picks reports whether a condition names one value of an indexed typed column:
// that of few entries.
func picks(types []entente.Type, conds []Cond) bool {
	return slices.ContainsFunc(conds, func(c Cond) bool {
		_, col, err := resolve(types, c.Column)
		return err == nil && col.Index && c.Op == Eq
	})
}

// compare returns the SQL of one condition.
func compare(c Cond, column string) (string, []any, error) {
	value := c.Value
	if s, ok := value.(fmt.Stringer); ok {
		value = s.String()
	}
	if text, ok := value.(string); ok && c.Op == Eq && text != "" {
		return column + " = ? AND " + stated(column), []any{text}, nil
	}
	switch c.Op {
	case Eq, Ne, Lt, Le, Gt, Ge:
		switch value.(type) {
		case string, int, int64, float64:
			return column + " " + string(c.Op) + " ?", []any{value}, nil
		}
	case In:
		if b, err := json.Marshal(c.Value); err == nil && len(b) > 0 && b[0] == '[' {
			return column + " IN (SELECT value FROM json_each(?))", []any{string(b)}, nil
		}
	case Has:
		if s, ok := value.(string); ok {
			return "substr(" + column + ", 1, length(?)) = ?", []any{s, s}, nil
		}
	}
	return "", nil, fmt.Errorf("%w: %s %s %v", ErrQuery, c.Column, c.Op, c.Value)
}

// resolve finds a typed column. Without a table's name it is the one of the table
// named like the only type, or else of the only table that all types have.
func resolve(types []entente.Type, name string) (fold.Table, fold.Column, error) {
	table, column, qualified := strings.Cut(name, ".")
	if !qualified {
		table, column = "", name
	}
	var found []fold.Table
	for _, t := range fold.Tables {
		if qualified && t.Name != table || !covers(t, types) || columnOf(t, column) < 0 {
			continue
		}
		if len(types) == 1 && t.Name == string(types[0]) {
			found = []fold.Table{t}
			break
		}
		found = append(found, t)
	}
	switch len(found) {
	case 0:
		return fold.Table{}, fold.Column{}, fmt.Errorf("%w: %v has no column %q", ErrQuery, types, name)
	case 1:
		return found[0], found[0].Columns[columnOf(found[0], column)], nil
	}
	return fold.Table{}, fold.Column{}, fmt.Errorf("%w: several tables of %v have a column %q: say table.column", ErrQuery, types, name)
}

func covers(t fold.Table, types []entente.Type) bool {
	for _, typ := range types {
		if !slices.Contains(t.Types, typ) {
			return false
		}
	}
	return len(types) > 0
}

func columnOf(t fold.Table, name string) int {
	return slices.IndexFunc(t.Columns, func(c fold.Column) bool { return c.Name == name })
}

// values returns types as arguments.
func values(types []entente.Type) []any {
	out := make([]any, len(types))
	for i, t := range types {
		out[i] = string(t)
	}
	return out
}

// list returns a slice as the JSON that json_each takes.
func list[T any](items []T) string {
	b, err := json.Marshal(items)
	if err != nil {
		return "[]" // strings and numbers always marshal
	}
	return string(b)
}
