// Package meetings makes the timeline of meetings and the page of one: each
// side's own record beside the other's, and what became of every outcome.
package meetings

import (
	"context"
	"slices"
	"strings"

	"entente"
	"entente/internal/locale"
	"entente/internal/store"
	"entente/internal/web/book"
	"entente/internal/web/shell"
	"entente/internal/web/site"
	"entente/internal/web/things"

	"github.com/a-h/templ"
)

// Mount registers the pages.
func Mount(add func(path string, build site.Build)) {
	add("/meetings", list)
	add("/meetings/{code}", page)
	add("/meetings/{writer}/{subject}", record)
}

// Meeting is one meeting as each side recorded it; citations are what others say.
type Meeting struct {
	Code      string
	Number    int
	From, To  entente.Date
	Status    string
	Title     entente.Text
	Records   []things.Item // *entente.Meeting
	Citations []things.Item // *entente.Citation of kind meeting
}

// Read reads all meetings, latest first; those without a date come last.
func Read(ctx context.Context, v *store.View) ([]*Meeting, error) {
	byCode := map[string]*Meeting{}
	var out []*Meeting
	at := func(code string) *Meeting {
		m := byCode[code]
		if m == nil {
			m = &Meeting{Code: code}
			byCode[code] = m
			out = append(out, m)
		}
		return m
	}
	records, err := book.All(ctx, v, store.Query{Type: entente.TypeMeeting, Order: store.ByOrder})
	if err != nil {
		return nil, err
	}
	for _, it := range records {
		b := it.Content.(*entente.Meeting)
		m := at(b.Code)
		if len(m.Records) == 0 {
			m.Number, m.From, m.To, m.Status, m.Title = b.Number, b.From, b.To, b.Status, b.Title
		}
		m.Records = append(m.Records, it)
	}
	cited, err := book.All(ctx, v, store.Query{
		Type: entente.TypeCitation, Order: store.ByOrder,
		Where: []store.Cond{{Column: "citation.kind", Op: store.Eq, Value: "meeting"}},
	})
	if err != nil {
		return nil, err
	}
	for _, it := range cited {
		c := it.Content.(*entente.Citation)
		code := c.Meeting
		if code == "" {
			code = c.Code
		}
		m := at(code)
		if m.Title.IsZero() {
			m.Title, m.From = c.Title, c.Date
		}
		m.Citations = append(m.Citations, it)
	}
	slices.SortStableFunc(out, func(a, b *Meeting) int { return strings.Compare(string(b.From), string(a.From)) })
	return out, nil
}

// kind names the list for headings and crumbs.
var kind = things.Kind{Key: "meetings", Nav: "meetings", Path: "/meetings"}

func list(ctx context.Context, f *site.Frame) (templ.Component, error) {
	all, err := Read(ctx, f.View)
	if err != nil {
		return nil, err
	}
	v := f.R.URL.Query()
	var found []*Meeting
	for _, m := range all {
		if (v.Get("status") == "" || m.Status == v.Get("status")) && (v.Get("writer") == "" || m.by(v.Get("writer"))) && m.holds(v.Get("q")) {
			found = append(found, m)
		}
	}
	shown, pager, err := things.Paginate(f, found)
	if err != nil {
		return nil, err
	}
	f.Title, f.Lead, f.Active = f.T("kind.meetings.title"), f.T("kind.meetings.lead"), "meetings"
	f.Crumbs = []shell.Link{{Text: f.T("nav.home"), Href: f.Href("/")}}
	return listPage(f, filters(f, all), events(f, shown), f.L.N("kind.count", len(found)), pager), nil
}

// by reports whether a writer recorded or cited the meeting.
func (m *Meeting) by(writer string) bool {
	return slices.ContainsFunc(append(slices.Clone(m.Records), m.Citations...), func(it things.Item) bool { return it.Writer == writer })
}

// holds reports whether every word is in the titles, the agenda or what came of it,
// as any side recorded them.
func (m *Meeting) holds(words string) bool {
	texts := []string{m.Code, m.Title.ES, m.Title.EN}
	for _, it := range append(slices.Clone(m.Records), m.Citations...) {
		texts = append(texts, it.Title.ES, it.Title.EN)
		switch b := it.Content.(type) {
		case *entente.Meeting:
			texts = append(texts, said(b)...)
		case *entente.Citation:
			texts = append(texts, b.Text.ES, b.Text.EN)
		}
	}
	return locale.Holds(words, texts...)
}

// said are the texts of a side's own record.
func said(b *entente.Meeting) []string {
	var out []string
	for _, t := range b.Agenda {
		out = append(out, t.ES, t.EN)
	}
	for _, o := range b.Outcomes {
		out = append(out, o.Text.ES, o.Text.EN)
	}
	return out
}

func filters(f *site.Frame, all []*Meeting) shell.Filters {
	v := f.R.URL.Query()
	status, writer := v.Get("status"), v.Get("writer")
	by := shell.Field{Name: "writer", Label: f.T("filter.writer"), Kind: "select", Value: writer, Blank: f.T("filter.any")}
	for _, m := range all {
		for _, it := range append(slices.Clone(m.Records), m.Citations...) {
			if !slices.ContainsFunc(by.Options, func(o shell.Option) bool { return o.Value == it.Writer }) {
				by.Options = append(by.Options, shell.Option{Value: it.Writer, Text: f.Writer(it.Writer)})
			}
		}
	}
	slices.SortFunc(by.Options, func(a, b shell.Option) int { return strings.Compare(a.Value, b.Value) })
	field := shell.Field{Name: "status", Label: f.T("field.status"), Kind: "select", Value: status, Blank: f.T("filter.any")}
	for _, s := range []string{"held", "planned", "not_confirmed"} {
		field.Options = append(field.Options, shell.Option{Value: s, Text: f.T("enum.status." + s)})
	}
	out := shell.Filters{Action: f.Href("/meetings"), Fields: []shell.Field{
		{Name: "q", Label: f.T("filter.text"), Kind: "search", Value: v.Get("q")}, field, by,
	}}
	if status != "" || writer != "" || v.Get("q") != "" {
		out.Clear = f.Href("/meetings")
	}
	return out
}

func events(f *site.Frame, meetings []*Meeting) []shell.Event {
	var out []shell.Event
	for _, m := range meetings {
		e := shell.Event{When: f.L.DateISO(string(m.From)), ISO: string(m.From), Title: f.Say(m.Title), Href: f.Href("/meetings/" + m.Code)}
		if m.From == "" {
			e.When = f.T("things.nodate")
		}
		if m.Number > 0 {
			e.Tags = append(e.Tags, f.T("meetings.number", "N", m.Number))
		}
		if m.Status != "" {
			e.Tags = append(e.Tags, f.T("enum.status."+m.Status))
		}
		var who []string
		for _, it := range append(slices.Clone(m.Records), m.Citations...) {
			if w := f.Writer(it.Writer); !slices.Contains(who, w) {
				who = append(who, w)
			}
		}
		e.Text = f.T("meetings.recorded", "Who", f.L.List(who...))
		out = append(out, e)
	}
	return out
}

func page(ctx context.Context, f *site.Frame) (templ.Component, error) {
	all, err := Read(ctx, f.View)
	if err != nil {
		return nil, err
	}
	code := f.R.PathValue("code")
	for _, m := range all {
		if m.Code != code {
			continue
		}
		b, err := book.Read(ctx, f.View)
		if err != nil {
			return nil, err
		}
		f.Title, f.Active = f.Say(m.Title), "meetings"
		f.Crumbs = []shell.Link{{Text: f.T("nav.home"), Href: f.Href("/")}, {Text: f.T("kind.meetings.title"), Href: f.Href("/meetings")}}
		return meetingPage(f, m, b), nil
	}
	return nil, site.NotFound
}

// record makes the page of one side's record alone, with its history.
func record(ctx context.Context, f *site.Frame) (templ.Component, error) {
	th, err := things.Load(ctx, f.View, entente.TypeMeeting, f.R.PathValue("writer"), f.R.PathValue("subject"))
	if err != nil {
		return nil, err
	}
	things.Head(f, kind, th)
	return recordPage(f, th), nil
}

// became finds the undertakings that an outcome became, by code.
func became(b *book.Book, codes []string) []*book.Undertaking {
	var out []*book.Undertaking
	for _, u := range append(slices.Clone(b.List), b.Others...) {
		if slices.Contains(codes, u.Code) {
			out = append(out, u)
		}
	}
	return out
}

// sides puts the parties' records side by side; a party without one is shown so.
func sides(f *site.Frame, m *Meeting, b *book.Book) []shell.Side {
	var out []shell.Side
	if f.State.Charter == nil {
		return nil
	}
	for _, p := range f.State.Charter.Required {
		s := shell.Side{Party: p, Empty: f.T("meetings.norecord")}
		for _, it := range m.Records {
			if it.Writer == string(p) {
				s.Title, s.Body = f.Say(it.Title), recordBody(f, it, b)
			}
		}
		out = append(out, s)
	}
	return out
}
