package things

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"entente"
	"entente/internal/store"
	"entente/internal/web/shell"
	"entente/internal/web/site"

	"github.com/a-h/templ"
)

// Item is a version with its body decoded.
type Item struct {
	store.Version[json.RawMessage]
	// Content is the body as its own type (*entente.Commitment, ...).
	Content any
}

// NewItem decodes the body of a version.
func NewItem(v store.Version[json.RawMessage]) (Item, error) {
	it := Item{Version: v}
	rule, known := entente.Rule(v.Type)
	if !known || v.Body == nil {
		return it, nil
	}
	content := rule.New()
	if err := json.Unmarshal(*v.Body, content); err != nil {
		return it, err
	}
	it.Content = content
	return it, nil
}

// Items decodes a page of versions.
func Items(versions []store.Version[json.RawMessage]) ([]Item, error) {
	out := make([]Item, len(versions))
	for i, v := range versions {
		it, err := NewItem(v)
		if err != nil {
			return nil, err
		}
		out[i] = it
	}
	return out, nil
}

// Column is one column of a kind's list.
type Column struct {
	ID      string // message id of its heading
	Sort    string // order of the query it sorts by; "" if it does not sort
	Numeric bool
	Wide    bool
	Cell    func(f *site.Frame, it Item) shell.Cell
}

// Filter is one filter of a kind's list beside the free text: a select over a
// typed column, over the areas of the charter, or over the writers.
type Filter struct {
	Name   string // query parameter
	ID     string // message id of its label
	Column string // typed column; "" for the special filters below
	// Values are the choices, labelled as the values of the field Enum are.
	Values []string
	Enum   string
	Areas  bool // choices are the areas of the charter
	Writer bool // choices are the parties
}

// Kind describes the things of one list.
type Kind struct {
	Key     string // of its messages: "kind.<key>.title", ".lead", ".empty", ".count"
	Nav     string // key of the navigation item
	Path    string // of the list, without language
	Types   []entente.Type
	Where   []store.Cond
	Filters []Filter
	Columns []Column
	Order   string
	Desc    bool
	// Table is the name of the table at the API, for CSV and JSON.
	Table string
	// Above, if set, is shown above the list (a map, a note).
	Above func(ctx context.Context, f *site.Frame) (templ.Component, error)
	// Body, if set, replaces the fields on a thing's page.
	Body func(ctx context.Context, f *site.Frame, t *Thing) (templ.Component, error)
	// NoPages is set when another package makes the things' own pages.
	NoPages bool
}

// PageSize is how many rows a list shows at once.
const PageSize = 50

// Mount registers the list of k and the pages of its things.
func (k Kind) Mount(add func(path string, build site.Build)) {
	add(k.Path, k.list)
	if k.NoPages {
		return
	}
	for _, t := range k.Types {
		path := site.ThingPath(t, "{writer}", "{subject}")
		if path == "" {
			continue
		}
		add(path, func(ctx context.Context, f *site.Frame) (templ.Component, error) { return k.thing(ctx, f, t) })
	}
}

// Query reads the list's address into a query.
func (k Kind) Query(f *site.Frame) (store.Query, error) {
	values := f.R.URL.Query()
	q := store.Query{
		Types: k.Types, Search: values.Get("q"),
		Order: k.Order, Desc: k.Desc, After: values.Get("after"), Limit: PageSize,
		Where: append([]store.Cond(nil), k.Where...), Withdrawn: values.Get("withdrawn") == "1",
	}
	if s := values.Get("sort"); s != "" {
		if !k.sorts(s) {
			return q, &site.BadRequest{Detail: "no column sorts by " + strconv.Quote(s)}
		}
		q.Order, q.Desc = s, values.Get("dir") == "desc"
	}
	if q.Order == store.ByTitle { // elsewhere a place in the list is the same in both languages
		q.Lang = string(f.Lang())
	}
	for _, flt := range k.Filters {
		v := values.Get(flt.Name)
		switch {
		case v == "":
		case flt.Areas:
			q.Area = v
		case flt.Writer:
			q.Writer = v
		default:
			q.Where = append(q.Where, store.Cond{Column: flt.Column, Op: store.Eq, Value: v})
		}
	}
	return q, nil
}

func (k Kind) sorts(order string) bool {
	for _, c := range k.Columns {
		if c.Sort == order {
			return true
		}
	}
	return false
}

// list makes the page of the list.
func (k Kind) list(ctx context.Context, f *site.Frame) (templ.Component, error) {
	q, err := k.Query(f)
	if err != nil {
		return nil, err
	}
	page, err := store.List[json.RawMessage](ctx, f.View, q)
	if errors.Is(err, store.ErrCursor) { // of another order, or of the titles of the other language
		q.After = ""
		page, err = store.List[json.RawMessage](ctx, f.View, q)
	}
	if err != nil {
		return nil, err
	}
	items, err := Items(page.Items)
	if err != nil {
		return nil, err
	}
	f.Title, f.Lead, f.Active = f.T("kind."+k.Key+".title"), f.T("kind."+k.Key+".lead"), k.Nav
	f.Crumbs = []shell.Link{{Text: f.T("nav.home"), Href: f.Href("/")}}
	var above templ.Component = templ.NopComponent
	if k.Above != nil {
		if above, err = k.Above(ctx, f); err != nil {
			return nil, err
		}
	}
	return listPage(f, listModel{
		above: above, filters: k.filters(f), table: k.table(f, items, q),
		summary: f.L.N("kind.count", page.Total), pager: Pager(f, page.Next, page.Total, len(page.Items)),
	}), nil
}

// filters makes the form above the list with what was chosen.
func (k Kind) filters(f *site.Frame) shell.Filters {
	values := f.R.URL.Query()
	out := shell.Filters{Action: f.Href(k.Path), Fields: []shell.Field{{
		Name: "q", Label: f.T("filter.text"), Kind: "search", Value: values.Get("q"),
	}}}
	set := values.Get("q") != ""
	for _, flt := range k.Filters {
		v := values.Get(flt.Name)
		set = set || v != ""
		out.Fields = append(out.Fields, shell.Field{
			Name: flt.Name, Label: f.T(flt.ID), Kind: "select", Value: v, Blank: f.T("filter.any"), Options: flt.options(f),
		})
	}
	if set {
		out.Clear = f.Href(k.Path)
	}
	return out
}

func (flt Filter) options(f *site.Frame) []shell.Option {
	var out []shell.Option
	switch {
	case flt.Areas:
		if f.State.Charter == nil {
			return nil
		}
		for _, a := range f.State.Charter.Areas {
			if !a.Variant {
				out = append(out, shell.Option{Value: a.Code, Text: f.Say(a.Name)})
			}
		}
	case flt.Writer:
		for _, w := range writers(f) {
			out = append(out, shell.Option{Value: w, Text: f.Writer(w)})
		}
	default:
		for _, v := range flt.Values {
			out = append(out, shell.Option{Value: v, Text: EnumText(f, flt.Enum, v)})
		}
	}
	return out
}

// writers are the parties of the charter.
func writers(f *site.Frame) []string {
	if f.State.Charter == nil {
		return nil
	}
	var out []string
	for _, p := range f.State.Charter.Required {
		out = append(out, string(p))
	}
	return out
}

// table makes the rows of the list.
func (k Kind) table(f *site.Frame, items []Item, q store.Query) shell.Table {
	t := shell.Table{
		Caption: f.T("kind." + k.Key + ".title"), HideCaption: true, RowHeader: true, Stack: true,
		Empty: f.T("kind." + k.Key + ".empty"),
	}
	if k.Table != "" {
		t.CSV, t.JSON = "/api/v1/"+k.Table+"?format=csv", "/api/v1/"+k.Table
	}
	for _, c := range k.Columns {
		col := shell.Column{Title: f.T(c.ID), Numeric: c.Numeric, Wide: c.Wide}
		if c.Sort != "" {
			dir := ""
			if q.Order == c.Sort && !q.Desc {
				dir = "desc"
			}
			col.Sort = f.With("sort", c.Sort, "dir", dir, "after", "")
			if q.Order == c.Sort {
				col.Sorted = map[bool]string{false: "ascending", true: "descending"}[q.Desc]
			}
		}
		t.Columns = append(t.Columns, col)
	}
	for _, it := range items {
		row := make([]shell.Cell, len(k.Columns))
		for i, c := range k.Columns {
			row[i] = c.Cell(f, it)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// Pager makes the links under a list: lists go forward by cursor and back to
// their beginning.
func Pager(f *site.Frame, next string, total, shown int) shell.Pager {
	var p shell.Pager
	if f.R.URL.Query().Get("after") != "" {
		p.First = f.With("after", "")
	}
	if next != "" {
		p.Next = f.With("after", next)
	}
	if p.First != "" || p.Next != "" {
		p.Summary = f.T("kind.shown", "Shown", shown, "Total", total)
	}
	return p
}

// errUnknown is returned for a version whose body is of no known type.
var errUnknown = errors.New("things: no page for an unknown type")
