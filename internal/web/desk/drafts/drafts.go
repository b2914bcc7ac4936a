// Package drafts makes the pages where entries are written, checked, submitted and
// released or published by a second officer.
package drafts

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/a-h/templ"

	"entente"
	"entente/internal/auth"
	"entente/internal/exchange"
	"entente/internal/node"
	"entente/internal/store"
	"entente/internal/web/desk/kit"
	"entente/internal/web/shell"
	"entente/internal/web/site"
	"entente/internal/web/things"
)

// Mount registers the pages.
func Mount(k *kit.Kit) {
	k.Page("/desk/drafts", auth.Read, list)
	k.Form("/desk/drafts", auth.Authorise, list, approveAll)
	k.Page("/desk/drafts/new", auth.Draft, choose)
	k.Form("/desk/drafts/new", auth.Draft, choose, begin)
	k.Page("/desk/drafts/{id}", auth.Read, edit)
	k.Form("/desk/drafts/{id}", auth.Draft, edit, save)
	k.Raw("POST /desk/drafts/{id}/autosave", auth.Draft, autosave)
	k.Page("/desk/drafts/{id}/review", auth.Read, review)
	k.Form("/desk/drafts/{id}/review", auth.Read, review, decide)
}

// draft is a draft with what the pages read of it.
type draft struct {
	store.WorkDraft
	meta   node.DraftMeta
	rule   entente.TypeRule
	author store.User
}

func read(ctx context.Context, a *kit.Ask) (*draft, error) {
	d, err := a.Kit.Node.Store().Draft(ctx, a.R.PathValue("id"))
	if err != nil {
		return nil, err
	}
	if !a.SeesDraft(d) || exchange.Composed(d.Type) {
		return nil, store.ErrNotFound // what is composed with sealed content has its own page
	}
	return load(ctx, a, d)
}

func load(ctx context.Context, a *kit.Ask, d store.WorkDraft) (*draft, error) {
	out := &draft{WorkDraft: d}
	out.rule, _ = entente.Rule(d.Type)
	var err error
	if out.meta, err = node.Meta(d); err != nil {
		return nil, err
	}
	out.author, err = a.Kit.Node.Store().UserByID(ctx, d.Author)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return out, err
}

// mayEdit: a draft is written by its author or within the author's agency, while it
// is open, returned, or waiting (which takes it back).
func (d *draft) mayEdit(a *kit.Ask) bool {
	open := d.State == store.DraftOpen || d.State == store.DraftReturned
	return open && a.Me.May(auth.Draft) && (d.Author == a.Me.User.ID || d.Agency == a.Me.User.Agency)
}

// title is what the draft says it is called.
func (d *draft) title(f *site.Frame) string {
	var b struct {
		Title entente.Text `json:"title"`
		Text  entente.Text `json:"text"`
		Code  string       `json:"code"`
	}
	_ = json.Unmarshal(d.Body, &b) // a half-typed body may not fit: then the subject names it
	for _, s := range []string{f.Say(b.Title), cut(f.Say(b.Text)), b.Code, d.Subject} {
		if s != "" {
			return s
		}
	}
	return f.T("desk.drafts.untitled")
}

func cut(s string) string {
	r := []rune(s)
	if len(r) > 80 {
		return string(r[:79]) + "…"
	}
	return s
}

// tab is one view of the list.
type tab struct {
	key    string
	states []store.DraftState
	mine   bool
}

var tabs = []tab{
	{"mine", []store.DraftState{store.DraftOpen, store.DraftReturned, store.DraftWaiting}, true},
	{"waiting", []store.DraftState{store.DraftWaiting}, false},
	{"agency", []store.DraftState{store.DraftOpen, store.DraftReturned}, false},
	{"done", []store.DraftState{store.DraftDone, store.DraftDropped}, false},
}

func list(ctx context.Context, a *kit.Ask) (templ.Component, error) {
	a.Head(a.T("desk.drafts.title"), a.T("desk.drafts.lead"), "drafts")
	chosen := a.R.URL.Query().Get("view")
	i := slices.IndexFunc(tabs, func(t tab) bool { return t.key == chosen })
	if i < 0 {
		i = 0
		if a.Me.May(auth.Authorise) {
			i = 1
		}
	}
	q := store.DraftQuery{States: tabs[i].states}
	if tabs[i].mine {
		q.Author = a.Me.User.ID
	}
	found, err := a.Kit.Node.Store().Drafts(ctx, q)
	if err != nil {
		return nil, err
	}
	if found, err = a.Kit.VisibleDrafts(ctx, a.Me.User, found); err != nil {
		return nil, err
	}
	types := make([]entente.Type, len(found))
	for i, d := range found {
		types[i] = d.Type
	}
	narrowed := a.Narrow("/desk/drafts", types, "view")
	found = slices.DeleteFunc(found, func(d store.WorkDraft) bool {
		return !a.Fits(d.Type, (&draft{WorkDraft: d}).title(a.Frame), d.Subject, d.Agency)
	})
	shown, pager, err := things.Paginate(a.Frame, found)
	if err != nil {
		return nil, err
	}
	m := listModel{pager: pager, filters: narrowed, summary: a.L.N("kind.count", len(found)), table: shell.Table{
		Caption: a.T("desk.drafts.tab." + tabs[i].key), HideCaption: true, RowHeader: true, Stack: true, Empty: a.T("desk.drafts.empty"),
		Columns: []shell.Column{{Title: a.T("col.title"), Wide: true}, {Title: a.T("filter.type")}, {Title: a.T("desk.drafts.log")}, {Title: a.T("desk.drafts.author")}, {Title: a.T("desk.drafts.state")}, {Title: a.T("desk.drafts.saved")}},
	}}
	for j, t := range tabs {
		m.tabs = append(m.tabs, shell.Tab{Text: a.T("desk.drafts.tab." + t.key), Href: a.With("view", t.key, "page", "", "q", "", "type", ""), Active: j == i})
	}
	if tabs[i].key == "waiting" && a.Me.May(auth.Authorise) && a.Me.Officer() != nil && len(shown) > 0 {
		m.bulk = true
		m.table.Columns = append(m.table.Columns, shell.Column{Title: a.T("desk.task.release")})
	}
	for _, d := range shown {
		dr, err := load(ctx, a, d)
		if err != nil {
			return nil, err
		}
		row := []shell.Cell{
			{Text: dr.title(a.Frame), Href: href(a, dr), Sub: d.Subject}, {Text: a.T("type." + string(d.Type))},
			{Text: a.T("enum.audience." + string(d.Audience))}, {Text: dr.author.Display, Sub: d.Agency},
			{Body: stateBadge(a, d.State)}, {Text: a.L.Moment(d.Updated.UTC()), Class: "e-nowrap"},
		}
		if m.bulk {
			row = append(row, shell.Cell{Body: pick(a, dr, slices.Contains(a.Typed["draft"], d.ID))})
		}
		m.table.Rows = append(m.table.Rows, row)
	}
	return listPage(a, m), nil
}

// approveAll is the second officer's signature on several drafts, one after the
// other: the first that is refused stops it, and those before it stand.
func approveAll(ctx context.Context, a *kit.Ask) (string, error) {
	ids := a.R.PostForm["draft"]
	if len(ids) == 0 {
		return "", &kit.Refuse{Code: "desk.refused.nothing"}
	}
	o, err := a.Officer()
	if err != nil {
		return "", err
	}
	for _, id := range ids {
		d, err := a.Kit.Node.Store().Draft(ctx, id)
		if err != nil {
			return "", err
		}
		if !a.SeesDraft(d) || exchange.Composed(d.Type) {
			return "", store.ErrNotFound
		}
		if _, err := a.Kit.Node.Approve(ctx, id, o); err != nil {
			return "", err
		}
	}
	a.Tell(ctx, "desk.bulk.done")
	return a.Href("/desk/drafts", "view", "waiting"), nil
}
