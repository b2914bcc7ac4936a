// Package record makes the pages of the record itself: the newest entries, the
// corrections log, and the page of one entry with its pedigree.
package record

import (
	"context"
	"encoding/json"
	"strings"

	"entente"
	"entente/internal/entry"
	"entente/internal/fold"
	"entente/internal/store"
	"entente/internal/web/shell"
	"entente/internal/web/site"
	"entente/internal/web/things"

	"github.com/a-h/templ"
	"golang.org/x/mod/sumdb/tlog"
)

// Mount registers the pages; s gives the entry pages their trees.
func Mount(add func(path string, build site.Build), s *store.Store) {
	p := pages{s}
	add("/latest", latest)
	add("/corrections", corrections)
	add("/entries/{rest...}", p.entry)
}

type pages struct{ s *store.Store }

var statuses = []fold.Status{fold.Admissible, fold.Pending, fold.Inadmissible, fold.Opaque}

// latest lists the newest entries of all logs the view sees.
func latest(ctx context.Context, f *site.Frame) (templ.Component, error) {
	v := f.R.URL.Query()
	q := store.Query{After: v.Get("after"), Limit: things.PageSize, Writer: v.Get("writer"), Search: v.Get("q")}
	if t := v.Get("type"); t != "" {
		if _, ok := entente.Rule(entente.Type(t)); !ok {
			return nil, &site.BadRequest{Detail: "no such type"}
		}
		q.Types = []entente.Type{entente.Type(t)}
	}
	if s := v.Get("status"); s != "" {
		q.Status = []fold.Status{fold.Status(s)}
	}
	page, err := f.View.Latest(ctx, q)
	if err != nil {
		return nil, err
	}
	items, err := things.Items(page.Items)
	if err != nil {
		return nil, err
	}
	f.Title, f.Lead, f.Active = f.T("latest.title"), f.T("latest.lead"), "latest"
	f.Crumbs = []shell.Link{{Text: f.T("nav.home"), Href: f.Href("/")}}
	f.Feed = "/feed.atom?lang=" + string(f.Lang())
	form := latestFilters(f)
	return listPage(f, form, Table(f, items), f.L.N("kind.count", page.Total), things.Pager(f, page.Next, page.Total, len(items))), nil
}

func latestFilters(f *site.Frame) shell.Filters {
	v := f.R.URL.Query()
	types := shell.Field{Name: "type", Label: f.T("filter.type"), Kind: "select", Value: v.Get("type"), Blank: f.T("filter.any")}
	for _, r := range entente.Types {
		if f.View.Shows(r.Type) {
			types.Options = append(types.Options, shell.Option{Value: string(r.Type), Text: f.T("type." + string(r.Type))})
		}
	}
	status := shell.Field{Name: "status", Label: f.T("filter.fold"), Kind: "select", Value: v.Get("status"), Blank: f.T("filter.any")}
	for _, s := range statuses {
		status.Options = append(status.Options, shell.Option{Value: string(s), Text: f.T("fold." + string(s))})
	}
	writer := shell.Field{Name: "writer", Label: f.T("filter.writer"), Kind: "select", Value: v.Get("writer"), Blank: f.T("filter.any")}
	for _, w := range writers(f) {
		writer.Options = append(writer.Options, shell.Option{Value: w, Text: f.Writer(w)})
	}
	out := shell.Filters{Action: f.Href("/latest"), Fields: []shell.Field{
		{Name: "q", Label: f.T("filter.text"), Kind: "search", Value: v.Get("q")}, types, writer, status,
	}}
	if v.Get("q") != "" || types.Value != "" || status.Value != "" || writer.Value != "" {
		out.Clear = f.Href("/latest")
	}
	return out
}

// writers are read off the origins of the frontier's logs.
func writers(f *site.Frame) []string {
	var out []string
	if f.State.Charter != nil {
		for _, p := range f.State.Charter.Required {
			out = append(out, string(p))
		}
	}
	return out
}

// Table lists entries: when, what, who, and how they folded.
func Table(f *site.Frame, items []things.Item) shell.Table {
	t := shell.Table{
		Caption: f.T("latest.title"), HideCaption: true, Stack: true, Empty: f.T("latest.empty"),
		JSON: "/api/v1/entries",
		Columns: []shell.Column{{Title: f.T("col.stated")}, {Title: f.T("filter.type")}, {Title: f.T("col.title"), Wide: true},
			{Title: f.T("col.writer")}, {Title: f.T("things.entry")}},
	}
	for _, it := range items {
		title := things.TitleCell(f, it, "")
		if it.Status != fold.Admissible {
			title.Href, title.Sub = f.EntryHref(it.Ref), f.T("fold."+string(it.Status))
		}
		if title.Text == "" {
			title.Text = it.Ref.String()
		}
		row := []shell.Cell{{Body: shell.When(f.Page, it.Header.Time)}, {Text: typeName(f, it.Type)}, title,
			{Text: f.Writer(it.Writer)}, {Text: it.Ref.String(), Href: f.EntryHref(it.Ref), Class: "e-nowrap"}}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// typeName names a type; an unknown one by its code.
func typeName(f *site.Frame, t entente.Type) string {
	if id := "type." + string(t); f.L.Has(id) {
		return f.T(id)
	}
	return string(t)
}

// corrections lists what was superseded, corrected or withdrawn.
func corrections(ctx context.Context, f *site.Frame) (templ.Component, error) {
	v := f.R.URL.Query()
	page, err := f.View.Corrections(ctx, store.Query{After: v.Get("after"), Limit: things.PageSize, Writer: v.Get("writer")})
	if err != nil {
		return nil, err
	}
	f.Title, f.Lead, f.Active = f.T("corrections.title"), f.T("corrections.lead"), "latest"
	f.Crumbs = []shell.Link{{Text: f.T("nav.home"), Href: f.Href("/")}, {Text: f.T("latest.title"), Href: f.Href("/latest")}}
	t := shell.Table{
		Caption: f.T("corrections.title"), HideCaption: true, Stack: true, Empty: f.T("corrections.empty"),
		JSON: "/api/v1/corrections",
		Columns: []shell.Column{{Title: f.T("col.stated")}, {Title: f.T("corrections.kind")}, {Title: f.T("col.title"), Wide: true},
			{Title: f.T("col.writer")}, {Title: f.T("corrections.of")}},
	}
	for _, c := range page.Items {
		it, err := things.NewItem(c.Version)
		if err != nil {
			return nil, err
		}
		title := things.TitleCell(f, it, "")
		if c.Correction != nil {
			title.Sub = f.Say(*c.Correction)
		}
		var of []string
		for _, r := range c.Of {
			of = append(of, r.String())
		}
		t.Rows = append(t.Rows, []shell.Cell{{Body: shell.When(f.Page, c.Header.Time)}, {Text: f.T("corrections." + string(c.Kind))},
			title, {Text: f.Writer(c.Writer)}, {Body: refs(f, c.Of), Text: strings.Join(of, ", ")}})
	}
	form := shell.Filters{Action: f.Href("/corrections"), Fields: []shell.Field{writerField(f)}}
	if v.Get("writer") != "" {
		form.Clear = f.Href("/corrections")
	}
	return listPage(f, form, t, f.L.N("kind.count", page.Total), things.Pager(f, page.Next, page.Total, len(page.Items))), nil
}

func writerField(f *site.Frame) shell.Field {
	field := shell.Field{Name: "writer", Label: f.T("filter.writer"), Kind: "select", Value: f.R.URL.Query().Get("writer"), Blank: f.T("filter.any")}
	for _, w := range writers(f) {
		field.Options = append(field.Options, shell.Option{Value: w, Text: f.Writer(w)})
	}
	return field
}

// Pedigree is what the page of one entry shows.
type Pedigree struct {
	things.Item
	Raw     string
	Signers []string
	// Size and Proof are the inclusion proof in the log's tree of that size.
	Size  uint64
	Root  entente.Digest
	Proof []string
	// Linked are the entries that refer to it.
	Linked    []things.Item
	Positions []store.PositionOn
	RuleText  entente.Text
	RuleMend  entente.Text
}

// entry makes the page of one entry.
func (p pages) entry(ctx context.Context, f *site.Frame) (templ.Component, error) {
	origin, index, err := site.ParseEntryPath(f.R.PathValue("rest"))
	if err != nil {
		return nil, err
	}
	view := f.EntryView(origin, index)
	v, err := store.ByRef[json.RawMessage](ctx, view, origin, index)
	if err != nil {
		return nil, err
	}
	raw, err := view.Entry(ctx, origin, index)
	if err != nil {
		return nil, err
	}
	ped := &Pedigree{Raw: string(raw)}
	if ped.Item, err = things.NewItem(*v); err != nil {
		return nil, err
	}
	if parsed, err := entry.Parse(raw); err == nil {
		for _, s := range parsed.Signatures {
			ped.Signers = append(ped.Signers, s.Name)
		}
	}
	if err := p.prove(f, ped); err != nil {
		return nil, err
	}
	positions, err := view.Positions(ctx, ped.Ref)
	if err != nil {
		return nil, err
	}
	ped.Positions = positions[ped.Ref]
	linked, err := view.Linked(ctx, ped.Ref)
	if err != nil {
		return nil, err
	}
	if ped.Linked, err = things.Items(linked); err != nil {
		return nil, err
	}
	if rule, ok := fold.Explain(ped.Rule); ok {
		ped.RuleText, ped.RuleMend = rule.Says, rule.Mend
	}
	f.Title, f.Active = ped.Ref.String(), "verify"
	f.Crumbs = []shell.Link{{Text: f.T("nav.home"), Href: f.Href("/")}, {Text: f.T("latest.title"), Href: f.Href("/latest")}}
	return entryPage(f, ped), nil
}

// prove makes the inclusion proof against the tree of the page's frontier.
func (p pages) prove(f *site.Frame, ped *Pedigree) error {
	head, ok := f.State.Frontier[ped.Ref.Log]
	if !ok || ped.Ref.Index >= head.Size {
		return nil
	}
	proof, err := tlog.ProveRecord(int64(head.Size), int64(ped.Ref.Index), p.s.HashReader(ped.Ref.Log))
	if err != nil {
		return err
	}
	ped.Size, ped.Root = head.Size, head.Root
	for _, h := range proof {
		ped.Proof = append(ped.Proof, entente.Digest(h).String())
	}
	return nil
}
