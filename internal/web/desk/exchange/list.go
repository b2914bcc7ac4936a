package exchange

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"entente"
	"entente/internal/auth"
	core "entente/internal/exchange"
	"entente/internal/store"
	"entente/internal/web/desk/kit"
	"entente/internal/web/shell"
	"entente/internal/web/things"
)

// views are the lists, in the order of their tabs.
var views = []string{"releases-in", "releases-out", "requests-in", "requests-out", "alerts", "permissions", "drafts"}

type listModel struct {
	view     string
	tabs     []shell.Tab
	filters  shell.Filters
	table    shell.Table
	pager    shell.Pager
	clocks   []clockLine
	pauses   []core.Said[entente.Pause]
	waits    []store.WorkDraft // for the person's signature as second officer
	drafting bool
}

// waitsShown is how many drafts and clocks are listed above the lists.
const waitsShown = 8

// clockLine is a clock that runs against this party's agencies.
type clockLine struct {
	text, href string
	due        time.Time
}

const pageSize = 50

func list(ctx context.Context, a *kit.Ask) (templ.Component, error) {
	a.Head(a.T("exchange.title"), a.T("exchange.lead"), "exchange")
	m := listModel{view: a.R.URL.Query().Get("view")}
	if !slices.Contains(views, m.view) {
		m.view = views[0]
	}
	for _, v := range views {
		m.tabs = append(m.tabs, shell.Tab{Text: a.T("exchange.view." + v), Href: a.Href("/desk/exchange", "view", v), Active: v == m.view})
	}
	m.drafting = a.Me.May(auth.Draft)
	var err error
	if m.waits, err = a.Kit.Awaited(ctx, a.Me, true); err != nil {
		return nil, err
	}
	if m.pauses, err = a.Kit.Exchange.Pauses(ctx); err != nil {
		return nil, err
	}
	if err := m.readClocks(ctx, a); err != nil {
		return nil, err
	}
	switch {
	case m.view == "drafts":
		err = m.drafts(ctx, a)
	case m.view == "permissions":
		err = m.permissions(ctx, a)
	case strings.HasPrefix(m.view, "requests"):
		err = m.requests(ctx, a)
	default:
		err = m.releases(ctx, a)
	}
	return listPage(a, m), err
}

// filter reads the filters of the address, and makes their form.
func (m *listModel) filter(a *kit.Ask, states []core.State) core.Filter {
	q := a.R.URL.Query()
	f := core.Filter{
		Area: q.Get("area"), Agency: strings.ToUpper(strings.TrimSpace(q.Get("agency"))), Text: q.Get("q"), Late: q.Get("late") != "",
		After: q.Get("after"), Limit: pageSize,
	}
	if s := core.State(q.Get("state")); slices.Contains(states, s) {
		f.States = []core.State{s}
	}
	switch {
	case strings.HasSuffix(m.view, "-in"), m.view == "alerts":
		f.Direction = core.In
	case strings.HasSuffix(m.view, "-out"):
		f.Direction = core.Out
	}
	options := make([]shell.Option, len(states))
	for i, s := range states {
		options[i] = shell.Option{Value: string(s), Text: state(a, s)}
	}
	blank := a.T("filter.any")
	m.filters = shell.Filters{Action: a.Href("/desk/exchange"), Clear: a.Href("/desk/exchange", "view", m.view), Fields: []shell.Field{
		{Name: "view", Kind: "hidden", Value: m.view},
		{Name: "q", Label: a.T("exchange.filter.subject"), Kind: "search", Value: f.Text},
		{Name: "area", Label: a.T("field.area"), Kind: "select", Value: f.Area, Blank: blank, Options: kit.Areas(a)},
		{Name: "state", Label: a.T("exchange.filter.state"), Kind: "select", Value: q.Get("state"), Blank: blank, Options: options},
		{Name: "agency", Label: a.T("exchange.filter.agency"), Value: f.Agency},
	}}
	if m.view != "permissions" { // on which no clock runs
		m.filters.Fields = append(m.filters.Fields, shell.Field{Name: "late", Label: a.T("exchange.filter.late"), Kind: "checkbox", Value: q.Get("late")})
	}
	return f
}

func (m *listModel) requests(ctx context.Context, a *kit.Ask) error {
	page, err := a.Kit.Exchange.Requests(ctx, me(a), m.filter(a, core.RequestStates), a.Kit.Now())
	if err != nil {
		return err
	}
	m.begin(a, []string{"subject", "between", "about", "clock", "state"})
	for _, r := range page.Items {
		m.table.Rows = append(m.table.Rows, []shell.Cell{
			{Text: r.Subject, Href: href(a, "requests", &r.Side), Sub: enum(a, "kind", string(r.Body.Kind))},
			between(a, &r.Side),
			{Text: areas(a, r.Areas), Sub: a.Term(r.Body.Purpose)},
			{Body: dueOf(a, r)},
			{Body: badges(tone(r.State), state(a, r.State), r.Late && r.State != core.Late, a.T("exchange.late"))},
		})
	}
	m.end(a, page.Next)
	return nil
}

// dueOf is when an answer is due, with a clock while it runs.
func dueOf(a *kit.Ask, r *core.RequestState) templ.Component {
	if r.State == core.Waiting || r.State == core.Late {
		return clock(a, r.Body.Due)
	}
	return moment(a, r.Body.Due)
}

func (m *listModel) releases(ctx context.Context, a *kit.Ask) error {
	f := m.filter(a, core.ReleaseStates)
	f.Alert = m.view == "alerts"
	page, err := a.Kit.Exchange.Releases(ctx, me(a), f, a.Kit.Now())
	if err != nil {
		return err
	}
	m.begin(a, []string{"subject", "between", "about", "handling", "clock", "state"})
	for _, r := range page.Items {
		m.table.Rows = append(m.table.Rows, []shell.Cell{
			{Text: r.Subject, Href: href(a, "releases", &r.Side), Sub: a.L.Date(r.Time)},
			between(a, &r.Side),
			{Text: areas(a, r.Areas), Sub: terms(a, r.Body.Handling.Purposes)},
			{Body: marking(a, &r.Body.Handling)},
			{Body: clocks(a, r.Clocks)},
			{Body: badges(tone(r.State), state(a, r.State), r.Body.Emergency && r.Review == nil, a.T("exchange.emergency"))},
		})
	}
	m.end(a, page.Next)
	return nil
}

func (m *listModel) permissions(ctx context.Context, a *kit.Ask) error {
	page, err := a.Kit.Exchange.Permissions(ctx, me(a), m.filter(a, core.PermissionStates), a.Kit.Now())
	if err != nil {
		return err
	}
	m.begin(a, []string{"subject", "between", "about", "state"})
	for _, p := range page.Items {
		m.table.Rows = append(m.table.Rows, []shell.Cell{
			{Text: p.Subject, Href: href(a, "permissions", &p.Side), Sub: a.L.Date(p.Time)},
			between(a, &p.Side),
			{Text: enum(a, "kind", p.Body.Kind), Sub: a.Term(p.Body.Purpose)},
			{Body: shell.Badge(tone(p.State), state(a, p.State))},
		})
	}
	m.end(a, page.Next)
	return nil
}

// draftStates are those in which a draft is worked on.
var draftStates = []store.DraftState{store.DraftOpen, store.DraftReturned, store.DraftWaiting}

// drafts are those of the person's agency.
func (m *listModel) drafts(ctx context.Context, a *kit.Ask) error {
	found, err := a.Kit.Exchange.Drafts(ctx, me(a))
	if err != nil {
		return err
	}
	q := a.R.URL.Query()
	text, typ, in := strings.ToLower(strings.TrimSpace(q.Get("q"))), q.Get("type"), q.Get("state")
	var types, states []shell.Option
	for _, r := range entente.Types {
		if core.Composed(r.Type) {
			types = append(types, shell.Option{Value: string(r.Type), Text: a.T("type." + string(r.Type))})
		}
	}
	for _, s := range draftStates {
		states = append(states, shell.Option{Value: string(s), Text: a.T("desk.state." + string(s))})
	}
	blank := a.T("filter.any")
	m.filters = shell.Filters{Action: a.Href("/desk/exchange"), Clear: a.Href("/desk/exchange", "view", m.view), Fields: []shell.Field{
		{Name: "view", Kind: "hidden", Value: m.view},
		{Name: "q", Label: a.T("exchange.filter.subject"), Kind: "search", Value: text},
		{Name: "type", Label: a.T("filter.type"), Kind: "select", Value: typ, Blank: blank, Options: types},
		{Name: "state", Label: a.T("desk.drafts.state"), Kind: "select", Value: in, Blank: blank, Options: states},
	}}
	found = slices.DeleteFunc(found, func(d store.WorkDraft) bool {
		return !strings.Contains(d.Subject, text) || typ != "" && string(d.Type) != typ || in != "" && string(d.State) != in
	})
	shown, pager, err := things.Paginate(a.Frame, found)
	if err != nil {
		return err
	}
	m.pager = pager
	m.begin(a, []string{"subject", "type", "step", "saved"})
	for _, d := range shown {
		m.table.Rows = append(m.table.Rows, []shell.Cell{
			{Text: d.Subject, Href: draftHref(a, d.ID)}, {Text: a.T("type." + string(d.Type))},
			{Body: shell.Badge(draftTone(d.State), a.T("desk.state."+string(d.State)))}, {Text: a.L.Moment(d.Updated.UTC()), Class: "e-nowrap"},
		})
	}
	return nil
}

func (m *listModel) begin(a *kit.Ask, columns []string) {
	m.table = shell.Table{
		Caption: a.T("exchange.view." + m.view), HideCaption: true, Stack: true, RowHeader: true, Empty: a.T("exchange.empty." + m.view),
	}
	for _, c := range columns {
		m.table.Columns = append(m.table.Columns, shell.Column{Title: a.T("exchange.col." + c)})
	}
}

func (m *listModel) end(a *kit.Ask, next string) {
	if next != "" {
		m.pager.Next = a.With("after", next)
	}
	if a.R.URL.Query().Get("after") != "" {
		m.pager.First = a.With("after", "")
	}
}

// between names the agencies on both sides.
func between(a *kit.Ask, s *core.Side) shell.Cell {
	return shell.Cell{
		Text: a.T("exchange.from", "Who", who(a, s.From, s.Agency)),
		Sub:  a.T("exchange.to", "Who", strings.Join(s.Agencies, ", ")+" ("+a.L.Party(string(s.To))+")"),
	}
}

// readClocks are the next clocks that run against this party.
func (m *listModel) readClocks(ctx context.Context, a *kit.Ask) error {
	all, err := a.Kit.Exchange.AllClocks(ctx, me(a), a.Kit.Now())
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.Owner != a.Kit.Party() || len(m.clocks) == waitsShown {
			continue
		}
		m.clocks = append(m.clocks, clockLine{ClockLine(a, c), ClockHref(a, c), c.Due})
	}
	return nil
}

// ClockLine says what is due.
func ClockLine(a *kit.Ask, c core.Clock) string {
	return a.T("exchange.clock."+c.Kind, "Subject", c.Subject)
}

// ClockHref is the page on which it is done.
func ClockHref(a *kit.Ask, c core.Clock) string {
	if c.Kind == core.ClockRequest {
		return a.Href("/desk/exchange", "view", "requests-in", "q", c.Subject)
	}
	view := "releases-in"
	if c.Direction == core.Out {
		view = "releases-out"
	}
	return a.Href("/desk/exchange", "view", view, "q", c.Subject)
}

// pausedWhat says what a pause suspends.
func pausedWhat(a *kit.Ask, p *entente.Pause) string {
	name := p.Agency
	if p.Scope == "area" {
		name = a.Area(p.Area)
	}
	return a.T("exchange.paused."+p.Scope, "Name", name)
}
