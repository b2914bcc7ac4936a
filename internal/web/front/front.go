// Package front makes the front page: how the program is doing, without score,
// ranking or alarm.
package front

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"entente"
	"entente/internal/store"
	"entente/internal/web/book"
	"entente/internal/web/meetings"
	"entente/internal/web/shell"
	"entente/internal/web/site"
	"entente/internal/web/things"

	"github.com/a-h/templ"
)

// Headline makes the headline chart of an area; nil when the area has no figure.
type Headline interface {
	Headline(ctx context.Context, f *site.Frame, area string) (templ.Component, error)
}

// Mount registers the page.
func Mount(add func(path string, build site.Build), h Headline) {
	p := page{h}
	add("/", p.front)
}

type page struct{ headline Headline }

// areaCard is one area's card; all are made alike.
type areaCard struct {
	entente.Area
	// Both is what the parties undertook together, Sides each its own.
	Both     []*book.Undertaking
	Sides    []shell.Side
	Chart    templ.Component
	Sentence string
}

type model struct {
	facts  []shell.Fact
	cards  []areaCard
	latest []things.Item
}

// latestShown is how many of the newest entries the front page lists.
const latestShown = 8

func (p page) front(ctx context.Context, f *site.Frame) (templ.Component, error) {
	f.Title, f.Active, f.Crumbs = f.T("front.title"), "home", nil
	f.Feed = "/feed.atom?lang=" + string(f.Lang())
	if f.State.Charter == nil {
		return emptyPage(f), nil
	}
	f.Lead = f.Say(f.State.Charter.Title)
	b, err := book.Read(ctx, f.View)
	if err != nil {
		return nil, err
	}
	var m model
	if m.facts, err = facts(ctx, f, b); err != nil {
		return nil, err
	}
	for _, a := range f.State.Charter.Areas {
		if a.Variant {
			continue
		}
		card, err := p.card(ctx, f, b, a)
		if err != nil {
			return nil, err
		}
		m.cards = append(m.cards, card)
	}
	newest, err := f.View.Latest(ctx, store.Query{Limit: latestShown})
	if err != nil {
		return nil, err
	}
	if m.latest, err = things.Items(newest.Items); err != nil {
		return nil, err
	}
	return frontPage(f, m), nil
}

// facts is the one row of facts.
func facts(ctx context.Context, f *site.Frame, b *book.Book) ([]shell.Fact, error) {
	var out []shell.Fact
	count := b.Count()
	for _, c := range book.Completions {
		out = append(out, shell.Fact{
			Value: f.L.Int(int64(count[c])), Label: f.T("enum.completion." + c), Href: f.Href("/commitments", "status", c),
		})
	}
	agreed, disputed, err := figures(ctx, f)
	if err != nil {
		return nil, err
	}
	out = append(out,
		shell.Fact{Value: f.L.Int(int64(agreed)), Label: f.T("front.figures.agreed"), Href: f.Href("/indicators")},
		shell.Fact{Value: f.L.Int(int64(disputed)), Label: f.T("front.claims.disputed"), Href: f.Href("/claims", "status", "disputed")})
	next, last, err := aroundToday(ctx, f)
	if err != nil {
		return nil, err
	}
	return append(out, meetingFact(f, last, "front.meeting.last"), meetingFact(f, next, "front.meeting.next")), nil
}

// figures counts the indicators in force, which both parties agreed, and the
// claims whose sources dispute them.
func figures(ctx context.Context, f *site.Frame) (agreed, disputed int, err error) {
	joints, err := store.Joints[json.RawMessage](ctx, f.View, entente.TypeIndicator, store.Query{})
	if err != nil {
		return 0, 0, err
	}
	for _, j := range joints {
		if j.InForce != nil {
			agreed++
		}
	}
	page, err := store.List[json.RawMessage](ctx, f.View, store.Query{
		Types: []entente.Type{entente.TypeClaim, entente.TypeCitation}, Limit: 1,
		Where: []store.Cond{{Column: "claim.source_status", Op: store.Eq, Value: string(entente.Disputed)}},
	})
	return agreed, page.Total, err
}

// aroundToday finds the next and the last meeting seen from the frontier's day.
func aroundToday(ctx context.Context, f *site.Frame) (next, last *meetings.Meeting, err error) {
	all, err := meetings.Read(ctx, f.View)
	if err != nil {
		return nil, nil, err
	}
	today := entente.Date(f.State.AsOf.UTC().Format("2006-01-02"))
	for _, m := range all { // latest first
		switch {
		case m.Number == 0 && len(m.Records) == 0:
		case m.From == "":
		case m.From > today:
			next = m
		case last == nil && m.Status == "held":
			last = m
		}
	}
	return next, last, nil
}

func meetingFact(f *site.Frame, m *meetings.Meeting, label string) shell.Fact {
	if m == nil {
		return shell.Fact{Value: "—", Label: f.T(label), Note: f.T("front.meeting.none"), Href: f.Href("/meetings")}
	}
	return shell.Fact{Value: f.L.DateISOShort(string(m.From)), Label: f.T(label), Href: f.Href("/meetings/" + m.Code)}
}

// card makes an area's card: what each party undertook, one chart, one sentence.
func (p page) card(ctx context.Context, f *site.Frame, b *book.Book, a entente.Area) (areaCard, error) {
	card := areaCard{Area: a, Chart: templ.NopComponent}
	in := b.InArea(a.Code)
	for _, u := range in {
		if u.Joint() {
			card.Both = append(card.Both, u)
		}
	}
	for _, party := range f.State.Charter.Required {
		var own []*book.Undertaking
		for _, u := range in {
			if !u.Joint() && slices.Contains(u.Owners, party) {
				own = append(own, u)
			}
		}
		s := shell.Side{Party: party, Empty: f.T("front.area.nothing")}
		if len(card.Both) > 0 {
			s.Empty = f.T("front.area.nothing.else")
		}
		if len(own) > 0 {
			s.Body = undertakings(f, own, a.Code)
		}
		card.Sides = append(card.Sides, s)
	}
	card.Sentence = sentence(f, b, in, a.Code)
	if p.headline != nil {
		chart, err := p.headline.Headline(ctx, f, a.Code)
		if err != nil {
			return card, err
		}
		if chart != nil {
			card.Chart = chart
		}
	}
	return card, nil
}

// sentence says in one line what stands in an area, counted from the entries.
func sentence(f *site.Frame, b *book.Book, in []*book.Undertaking, area string) string {
	reported, dated := 0, 0
	for _, u := range in {
		if u.Completion() != book.NoReport {
			reported++
		}
		if u.Due != "" {
			dated++
		}
	}
	told := 0
	for _, u := range b.Others {
		if slices.Contains(u.Item.Areas, area) {
			told++
		}
	}
	var parts []string
	if len(in) == 0 {
		parts = append(parts, f.T("front.area.none"))
	} else {
		parts = append(parts, f.L.N("front.area.all", len(in)), some(f, "front.area.marked", reported), some(f, "front.area.dated", dated))
	}
	s := strings.Join(parts, ", ") + "."
	if told > 0 {
		s += " " + f.L.N("front.area.told", told)
	}
	return s
}

// some counts, or says that there is none.
func some(f *site.Frame, id string, n int) string {
	if n == 0 {
		return f.T(id + ".none")
	}
	return f.L.N(id, n)
}
