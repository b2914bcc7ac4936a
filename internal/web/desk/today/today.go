// Package today makes the page that a person opens first: what waits, sorted by
// clock; what the other side did since; how it stands with the link.
package today

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"entente"
	"entente/internal/auth"
	"entente/internal/exchange"
	"entente/internal/node"
	"entente/internal/store"
	"entente/internal/web/book"
	exchangepages "entente/internal/web/desk/exchange"
	"entente/internal/web/desk/kit"
	"entente/internal/web/things"
)

// Mount registers the page.
func Mount(k *kit.Kit) {
	k.Page("/desk/today", auth.Read, page)
	k.Form("/desk/today", auth.Read, page, seen)
}

// task is one thing that waits.
type task struct {
	kind  string // message "desk.task.<kind>"
	when  time.Time
	day   entente.Date // of a task with a day
	late  bool
	title string
	href  string
	text  string
}

// clock orders tasks: what is late first, then by moment.
func (t task) clock() time.Time {
	if t.day != "" {
		if d, err := time.Parse(time.DateOnly, string(t.day)); err == nil {
			return d
		}
	}
	return t.when
}

type model struct {
	tasks  []task
	news   []things.Item
	since  time.Time
	more   int // news beyond those listed
	link   []linkLine
	odd    []string
	frozen *node.Refusal
}

// soon is how far ahead due dates and meetings are shown.
const soon = 45 * 24 * time.Hour

func page(ctx context.Context, a *kit.Ask) (templ.Component, error) {
	a.Title, a.Active = a.T("desk.today.title", "Name", a.Me.User.Display), "today"
	a.Lead = a.L.Date(a.Kit.Now())
	m := model{frozen: a.Kit.Node.ReadOnly()}
	for _, add := range []func(context.Context, *kit.Ask) error{m.drafts, m.clocks, m.facts, m.joint, m.own, m.meetings, m.actions, m.latest, m.links} {
		if err := add(ctx, a); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(m.tasks, func(x, y task) int {
		if x.late != y.late {
			return map[bool]int{true: -1, false: 1}[x.late]
		}
		return x.clock().Compare(y.clock())
	})
	return todayPage(a, m), nil
}

// drafts: to release, sent back.
func (m *model) drafts(ctx context.Context, a *kit.Ask) error {
	found, err := a.Kit.Node.Store().Drafts(ctx, store.DraftQuery{States: []store.DraftState{store.DraftWaiting, store.DraftReturned}})
	if err != nil {
		return err
	}
	for _, d := range found {
		if !a.SeesDraft(d) {
			continue
		}
		t := task{when: d.Updated, title: a.T("type."+string(d.Type)) + ": " + d.Subject, href: a.DraftHref(d)}
		switch {
		case d.State == store.DraftWaiting && a.Me.May(auth.Authorise) && d.Author != a.Me.User.ID:
			t.kind, t.text = "release", a.T("enum.audience."+string(d.Audience))
		case d.State == store.DraftReturned && d.Author == a.Me.User.ID:
			t.kind, t.href = "returned", strings.TrimSuffix(t.href, "/review")
		default:
			continue
		}
		m.tasks = append(m.tasks, t)
	}
	return nil
}

// clocks: what the exchange of information asks of this party, by when.
func (m *model) clocks(ctx context.Context, a *kit.Ask) error {
	if a.Kit.Exchange == nil {
		return nil
	}
	list, err := a.Kit.Exchange.AllClocks(ctx, exchange.ViewerOf(a.Me.User), a.Kit.Now())
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.Owner != a.Kit.Party() || c.Kind == exchange.ClockRetention {
			continue // what the node does by itself waits for nobody
		}
		m.tasks = append(m.tasks, task{
			kind: "exchange", when: c.Due, late: c.Overdue, title: exchangepages.ClockLine(a, c), href: exchangepages.ClockHref(a, c),
		})
	}
	return nil
}

// facts: the counterpart's to concur or dispute, and its open questions.
func (m *model) facts(ctx context.Context, a *kit.Ask) error {
	for _, p := range a.OtherParties() {
		oldest, _, waiting, err := a.Facts(ctx, store.Query{Writer: string(p), Unanswered: string(a.Kit.Party()), Order: store.ByTime, Limit: 1})
		if err != nil {
			return err
		}
		if waiting == 0 {
			continue
		}
		m.tasks = append(m.tasks, task{
			kind: "concur", when: oldest[0].Header.Time, title: a.L.N("desk.today.unanswered", waiting, "Party", a.L.Party(string(p))),
			href: a.Href("/desk/concurrence", "writer", string(p), "show", "unanswered"),
		})
	}
	return nil
}

// joint: halves and consents that this party has not given.
func (m *model) joint(ctx context.Context, a *kit.Ask) error {
	parts, err := a.Kit.Node.JointStates(ctx, entente.Shared, "", "")
	if err != nil {
		return err
	}
	for _, p := range parts {
		if p.Complete || !slices.Contains(p.Missing, a.Kit.Party()) {
			continue
		}
		var since time.Time
		for _, ref := range p.Have {
			if v, err := store.ByRef[json.RawMessage](ctx, a.View, ref.Log, ref.Index); err == nil {
				since = v.Header.Time
			}
		}
		m.tasks = append(m.tasks, task{
			kind: "joint", when: since, title: cmp.Or(a.Say(p.Title), p.Subject), text: a.T("type." + string(p.Type)),
			href: a.Href("/desk/joint"),
		})
	}
	return nil
}

// own: this party's commitments that are due soon or overdue.
func (m *model) own(ctx context.Context, a *kit.Ask) error {
	b, err := book.Read(ctx, a.View)
	if err != nil {
		return err
	}
	today, until := a.Kit.Today(), entente.Date(a.Kit.Now().UTC().Add(soon).Format(time.DateOnly))
	for _, u := range b.List {
		if u.Due == "" || len(u.Due) < len(today) || u.Due > until || !slices.Contains(u.Owners, a.Kit.Party()) || u.Completion() == string(entente.Complete) {
			continue
		}
		m.tasks = append(m.tasks, task{
			kind: "due", day: u.Due, late: u.Due < today, title: a.ItemTitle(u.Item), text: u.Code,
			href: a.ThingHref(u.Type, u.Writer, u.Subject, u.Ref),
		})
	}
	return nil
}

func (m *model) meetings(ctx context.Context, a *kit.Ask) error {
	list, err := store.List[entente.Meeting](ctx, a.View, store.Query{
		Type: entente.TypeMeeting, Where: []store.Cond{{Column: "status", Op: store.Eq, Value: "planned"}}, Limit: 100,
	})
	if err != nil {
		return err
	}
	for _, v := range list.Items {
		if v.Body == nil || v.Body.From == "" || v.Body.From < a.Kit.Today()[:len(v.Body.From)] {
			continue
		}
		m.tasks = append(m.tasks, task{
			kind: "meeting", day: v.Body.From, title: a.Say(v.Body.Title), text: a.Writer(v.Writer), href: a.ThingHref(v.Type, v.Writer, v.Subject, v.Ref),
		})
	}
	return nil
}

// actions: own ones whose day of publication has come.
func (m *model) actions(ctx context.Context, a *kit.Ask) error {
	list, err := store.List[entente.Action](ctx, a.View, store.Query{
		Type: entente.TypeAction, Writer: a.Kit.Node.Writer().Writer(), Limit: 500, Order: store.ByTime, Desc: true,
	})
	if err != nil {
		return err
	}
	for _, v := range list.Items {
		if v.Body == nil || v.Audience == entente.Public || v.Body.NotBefore == "" || v.Body.NotBefore > a.Kit.Today() {
			continue
		}
		m.tasks = append(m.tasks, task{
			kind: "publish", day: v.Body.NotBefore, title: a.Say(v.Body.Title), href: a.ThingHref(v.Type, v.Writer, v.Subject, v.Ref),
		})
	}
	return nil
}

func lookedKey(user int64) string { return "desk.looked/" + strconv.FormatInt(user, 10) }

const (
	newsShown = 12  // how many of the other side's newest entries are listed
	looked    = 200 // how many of the newest entries of all are looked through for them
)

// latest: what the others did since the person last said to have seen it.
func (m *model) latest(ctx context.Context, a *kit.Ask) error {
	raw, err := a.Kit.Node.Store().Meta(ctx, lookedKey(a.Me.User.ID))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	var since time.Time
	if err == nil {
		if err := since.UnmarshalText(raw); err != nil {
			return err
		}
	}
	m.since = since
	list, err := a.View.Latest(ctx, store.Query{Limit: looked})
	if err != nil {
		return err
	}
	for _, v := range list.Items {
		if a.Kit.Own(v.Writer) || !v.Header.Time.After(since) {
			continue
		}
		if len(m.news) == newsShown {
			m.more++
			continue
		}
		it, err := things.NewItem(v)
		if err != nil {
			return err
		}
		m.news = append(m.news, it)
	}
	return nil
}

// seen notes that the person has seen what is listed.
func seen(ctx context.Context, a *kit.Ask) (string, error) {
	list, err := a.View.Latest(ctx, store.Query{Limit: 1})
	if err != nil {
		return "", err
	}
	at := a.Kit.Now().UTC()
	if len(list.Items) > 0 && list.Items[0].Header.Time.After(at) {
		at = list.Items[0].Header.Time
	}
	text, err := at.MarshalText()
	if err != nil {
		return "", err
	}
	return a.Href("/desk/today"), a.Kit.Node.Store().SetMeta(ctx, lookedKey(a.Me.User.ID), text)
}
