// Package commitments makes the pages of what was undertaken: the list, the pair
// cards, and the page of one commitment with its evidence.
package commitments

import (
	"context"
	"slices"

	"entente"
	"entente/internal/locale"
	"entente/internal/web/book"
	"entente/internal/web/shell"
	"entente/internal/web/site"
	"entente/internal/web/things"

	"github.com/a-h/templ"
)

// kind names the list for headings and crumbs of the things' pages.
var kind = things.Kind{Key: "commitments", Nav: "commitments", Path: "/commitments", Table: "commitments"}

// Mount registers the pages.
func Mount(add func(path string, build site.Build)) {
	add("/commitments", list)
	add("/pairs", pairs)
	add("/pairs/{subject}", pair)
	add("/commitments/joint/{subject}", jointPage)
	add("/commitments/{writer}/{subject}", page)
}

// Filter is what the reader asked of the list.
type Filter struct {
	Area, Party, Status, Due, Text string
}

// readFilter reads the list's address.
func readFilter(f *site.Frame) Filter {
	v := f.R.URL.Query()
	return Filter{Area: v.Get("area"), Party: v.Get("party"), Status: v.Get("status"), Due: v.Get("due"), Text: v.Get("q")}
}

// The choices of the due filter.
var dueChoices = []string{"dated", "undated", "passed"}

// keeps reports whether an undertaking is one the reader asked for.
func (flt Filter) keeps(f *site.Frame, u *book.Undertaking) bool {
	if flt.Area != "" && !slices.Contains(u.Item.Areas, flt.Area) {
		return false
	}
	switch {
	case flt.Party == "both" && !u.Joint():
		return false
	case flt.Party != "" && flt.Party != "both" && (u.Joint() || !slices.Contains(u.Owners, entente.Party(flt.Party))):
		return false
	}
	if flt.Status != "" && u.Completion() != flt.Status {
		return false
	}
	switch flt.Due {
	case "dated":
		if u.Due == "" {
			return false
		}
	case "undated":
		if u.Due != "" {
			return false
		}
	case "passed":
		if !u.Passed(today(f)) {
			return false
		}
	}
	return flt.Text == "" || matches(u, flt.Text)
}

// matches reports whether every word of the text is somewhere in the undertaking,
// in either language.
func matches(u *book.Undertaking, text string) bool {
	return locale.Holds(text, u.Code, u.Title.ES, u.Title.EN, describe(u).ES, describe(u).EN)
}

// describe is the undertaking's own text.
func describe(u *book.Undertaking) entente.Text {
	switch c := u.Content.(type) {
	case *entente.Commitment:
		return c.Description
	case *entente.JointCommitment:
		return c.Description
	case *entente.Account:
		return c.Description
	case *entente.Citation:
		return c.Text
	}
	return entente.Text{}
}

// today is the day of the frontier, against which due dates are read.
func today(f *site.Frame) string { return f.State.AsOf.UTC().Format("2006-01-02") }

// list makes the list of commitments.
func list(ctx context.Context, f *site.Frame) (templ.Component, error) {
	b, err := book.Read(ctx, f.View)
	if err != nil {
		return nil, err
	}
	flt := readFilter(f)
	var rows []*book.Undertaking
	for _, u := range b.List {
		if flt.keeps(f, u) {
			rows = append(rows, u)
		}
	}
	var others []*book.Undertaking
	for _, u := range b.Others {
		if flt.keeps(f, u) {
			others = append(others, u)
		}
	}
	f.Title, f.Lead, f.Active = f.T("kind.commitments.title"), f.T("kind.commitments.lead"), "commitments"
	f.Crumbs = []shell.Link{{Text: f.T("nav.home"), Href: f.Href("/")}}
	page, pager, err := things.Paginate(f, rows)
	if err != nil {
		return nil, err
	}
	return listPage(f, listModel{
		filters: filters(f, flt), tabs: tabs(f, "list"), rows: table(f, page), others: othersTable(f, others),
		hasOthers: len(others) > 0, summary: f.L.N("kind.count", len(rows)), pager: pager,
	}), nil
}

// pairs makes the pair cards.
func pairs(ctx context.Context, f *site.Frame) (templ.Component, error) {
	b, err := book.Read(ctx, f.View)
	if err != nil {
		return nil, err
	}
	v := f.R.URL.Query()
	area, words := v.Get("area"), v.Get("q")
	var found []*book.Pair
	for _, p := range b.Pairs {
		if (area == "" || slices.Contains(p.Areas(), area)) && (words == "" || pairHolds(p, words)) {
			found = append(found, p)
		}
	}
	shown, pager, err := things.Paginate(f, found)
	if err != nil {
		return nil, err
	}
	f.Title, f.Lead, f.Active = f.T("pairs.title"), f.T("pairs.lead"), "commitments"
	f.Crumbs = []shell.Link{{Text: f.T("nav.home"), Href: f.Href("/")}, {Text: f.T("kind.commitments.title"), Href: f.Href("/commitments")}}
	form := shell.Filters{Action: f.Href("/pairs"), Fields: []shell.Field{
		{Name: "q", Label: f.T("filter.text"), Kind: "search", Value: words}, areaField(f, area),
	}}
	if area != "" || words != "" {
		form.Clear = f.Href("/pairs")
	}
	return pairsPage(f, tabs(f, "pairs"), form, shown, f.L.N("pairs.count", len(found)), pager), nil
}

// pairHolds reports whether every word is somewhere in the two halves or in why they
// answer each other.
func pairHolds(p *book.Pair, words string) bool {
	texts := []string{p.Title.ES, p.Title.EN, p.Basis.ES, p.Basis.EN}
	for _, s := range p.Sides {
		if u := s.Undertaking; u != nil {
			texts = append(texts, u.Code, u.Title.ES, u.Title.EN, describe(u).ES, describe(u).EN)
		}
	}
	return locale.Holds(words, texts...)
}

// pair makes the page of one joint pairing.
func pair(ctx context.Context, f *site.Frame) (templ.Component, error) {
	th, err := things.Load(ctx, f.View, entente.TypePairing, "", f.R.PathValue("subject"))
	if err != nil {
		return nil, err
	}
	b, err := book.Read(ctx, f.View)
	if err != nil {
		return nil, err
	}
	things.Head(f, things.Kind{Key: "pairs", Nav: "commitments", Path: "/pairs"}, th)
	for _, p := range b.Pairs {
		if p.Subject == th.Subject && p.Type == entente.TypePairing {
			f.Title = pairTitle(f, p)
			return pairPage(f, p, th), nil
		}
	}
	return nil, site.NotFound
}

// page makes the page of one party's own commitment.
func page(ctx context.Context, f *site.Frame) (templ.Component, error) {
	return undertaking(ctx, f, entente.TypeCommitment, f.R.PathValue("writer"), f.R.PathValue("subject"))
}

// jointPage makes the page of a joint commitment.
func jointPage(ctx context.Context, f *site.Frame) (templ.Component, error) {
	return undertaking(ctx, f, entente.TypeJointCommitment, "", f.R.PathValue("subject"))
}

func undertaking(ctx context.Context, f *site.Frame, t entente.Type, writer, subject string) (templ.Component, error) {
	th, err := things.Load(ctx, f.View, t, writer, subject)
	if err != nil {
		return nil, err
	}
	b, err := book.Around(ctx, f.View, t, writer, subject)
	if err != nil {
		return nil, err
	}
	u := find(b, t, writer, subject)
	if u == nil { // withdrawn: its history stays readable, without evidence
		u = &book.Undertaking{Item: th.Item}
	}
	things.Head(f, kind, th)
	var answering []*book.Pair
	for _, p := range b.Pairs {
		for _, s := range p.Sides {
			if s.Undertaking == u {
				answering = append(answering, p)
				break
			}
		}
	}
	return undertakingPage(f, th, u, answering), nil
}

func find(b *book.Book, t entente.Type, writer, subject string) *book.Undertaking {
	if t == entente.TypeCommitment {
		return b.Find(writer, subject)
	}
	for _, u := range b.List {
		if u.Type == t && u.Subject == subject {
			return u
		}
	}
	return nil
}
