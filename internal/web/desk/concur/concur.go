// Package concur makes the page where a party answers the other's facts, one by
// one or in bulk: it concurs, takes note, or disputes with a reason.
package concur

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"entente"
	"entente/internal/auth"
	"entente/internal/node"
	"entente/internal/store"
	"entente/internal/web/desk/kit"
	"entente/internal/web/shell"
	"entente/internal/web/things"
)

// Mount registers the page.
func Mount(k *kit.Kit) {
	k.Page("/desk/concurrence", auth.Read, page)
	k.Form("/desk/concurrence", auth.TakeStance, page, answer)
}

type model struct {
	filters shell.Filters
	facts   []kit.Fact
	summary string
	pager   shell.Pager
	chosen  []string
}

// pageSize is how many facts are answered at once.
const pageSize = 50

func page(ctx context.Context, a *kit.Ask) (templ.Component, error) {
	a.Head(a.T("desk.concur.title"), a.T("desk.concur.lead"), "concur")
	values := a.R.URL.Query()
	others := a.OtherParties()
	q := store.Query{
		Order: store.ByTime, Desc: true, Limit: pageSize, After: values.Get("after"), Area: values.Get("area"), Search: values.Get("q"), Lang: string(a.Lang()),
	}
	for _, p := range others {
		if q.Writer == "" || values.Get("writer") == string(p) {
			q.Writer = string(p)
		}
	}
	if t := entente.Type(values.Get("type")); slices.Contains(kit.Answerable, t) {
		q.Types = []entente.Type{t}
	}
	if values.Get("show") != "all" {
		q.Unanswered = string(a.Kit.Party())
	}
	m := model{filters: filters(a, others, q.Writer), chosen: a.Typed["on"]}
	if one := values.Get("on"); one != "" && a.Typed == nil {
		m.chosen = []string{one}
	}
	var next string
	var total int
	var err error
	if one := values.Get("on"); one != "" {
		if m.facts, err = only(ctx, a, one); err != nil {
			return nil, err
		}
		total = len(m.facts)
	} else if m.facts, next, total, err = list(ctx, a, q); err != nil {
		return nil, err
	}
	m.summary = a.T("desk.concur.summary", "Shown", len(m.facts), "Total", total)
	m.pager = things.Pager(a.Frame, next, total, len(m.facts))
	return concurPage(a, m), nil
}

// list is a page of facts; the first one where the page before was of another list,
// such as that before the last answer.
func list(ctx context.Context, a *kit.Ask, q store.Query) ([]kit.Fact, string, int, error) {
	facts, next, total, err := a.Facts(ctx, q)
	if errors.Is(err, store.ErrCursor) {
		q.After = ""
		return a.Facts(ctx, q)
	}
	return facts, next, total, err
}

// only is the one fact that an address names.
func only(ctx context.Context, a *kit.Ask, named string) ([]kit.Fact, error) {
	ref, ok := kit.Resolve(ctx, a.View, named)
	if !ok {
		return nil, store.ErrNotFound
	}
	v, err := store.ByRef[entente.Text](ctx, a.View, ref.Log, ref.Index)
	if err != nil {
		return nil, err
	}
	facts, _, _, err := a.Facts(ctx, store.Query{Types: []entente.Type{v.Type}, Writer: v.Writer, Subject: v.Subject, Versions: true, Limit: 100})
	return slices.DeleteFunc(facts, func(f kit.Fact) bool { return f.Ref != ref }), err
}

func filters(a *kit.Ask, others []entente.Party, writer string) shell.Filters {
	values := a.R.URL.Query()
	var parties, types []shell.Option
	for _, p := range others {
		parties = append(parties, shell.Option{Value: string(p), Text: a.L.Party(string(p))})
	}
	for _, t := range kit.Answerable {
		types = append(types, shell.Option{Value: string(t), Text: a.T("types." + string(t))})
	}
	fields := []shell.Field{
		{Name: "q", Label: a.T("filter.text"), Kind: "search", Value: values.Get("q")},
		{Name: "type", Label: a.T("filter.type"), Kind: "select", Value: values.Get("type"), Blank: a.T("filter.any"), Options: types},
		{Name: "area", Label: a.T("filter.area"), Kind: "select", Value: values.Get("area"), Blank: a.T("filter.any"), Options: kit.Areas(a)},
		{Name: "show", Label: a.T("desk.concur.show"), Kind: "select", Value: values.Get("show"), Options: []shell.Option{
			{Value: "unanswered", Text: a.T("desk.concur.show.unanswered")}, {Value: "all", Text: a.T("desk.concur.show.all")},
		}},
	}
	if len(parties) > 1 {
		fields = append(fields, shell.Field{Name: "writer", Label: a.T("filter.party"), Kind: "select", Value: writer, Options: parties})
	}
	return shell.Filters{Action: a.Href("/desk/concurrence"), Fields: fields}
}

// answer takes the position chosen on everything ticked: all or none.
func answer(ctx context.Context, a *kit.Ask) (string, error) {
	stance := entente.Stance(a.Post("stance"))
	if !slices.Contains([]entente.Stance{entente.Concurs, entente.TakesNote, entente.Disputes}, stance) {
		return "", &kit.Refuse{Code: "desk.refused.nostance", Field: "stance"}
	}
	var reason *entente.Text
	if t := (entente.Text{ES: a.Post("reason.es"), EN: a.Post("reason.en")}); !t.IsZero() {
		reason = &t
	}
	if stance == entente.Disputes && reason == nil {
		return "", &kit.Refuse{Code: "desk.refused.noreason", Field: "reason"}
	}
	audience := entente.Audience(a.Post("audience"))
	if !audience.Valid() {
		return "", &kit.Refuse{Code: "desk.refused.form"}
	}
	stands, err := stands(ctx, a, stance, reason)
	if err != nil {
		return "", err
	}
	o, err := a.Officer()
	if err != nil {
		return "", err
	}
	waits, err := sign(ctx, a, o, audience, stands)
	if err != nil {
		return "", err
	}
	if waits {
		a.Tell(ctx, "desk.concur.submitted")
	} else {
		a.Tell(ctx, "desk.concur.done")
	}
	return a.With("after", "", "on", ""), nil
}

// maxStands bounds how many facts are answered at once.
const maxStands = 200

func stands(ctx context.Context, a *kit.Ask, stance entente.Stance, reason *entente.Text) ([]node.Stand, error) {
	named := a.R.PostForm["on"]
	if len(named) == 0 {
		return nil, &kit.Refuse{Code: "desk.refused.nothing", Field: "on"}
	}
	if len(named) > maxStands {
		return nil, &kit.Refuse{Code: "desk.refused.form", Field: "on"}
	}
	var out []node.Stand
	for _, s := range named {
		ref, ok := kit.Resolve(ctx, a.View, s)
		if !ok {
			return nil, store.ErrNotFound
		}
		out = append(out, node.Stand{On: ref, Stance: stance, Reason: reason})
	}
	return out, nil
}

// sign takes the positions at once where the policies in force let one officer, and
// else drafts and signs each, to wait for a second one.
func sign(ctx context.Context, a *kit.Ask, o *node.Officer, audience entente.Audience, list []node.Stand) (waits bool, err error) {
	var no *node.Refusal
	_, err = a.Kit.Node.TakePositions(ctx, audience, a.Me.User.Agency, o, nil, list...)
	if err == nil || !errors.As(err, &no) || !strings.HasPrefix(no.Code, "policy.") {
		return false, err
	}
	for _, s := range list {
		d, err := kit.Draft(ctx, a, entente.TypePosition, "on-"+s.On.Leaf.String()[:32], audience,
			&entente.Position{On: s.On, Stance: s.Stance, Reason: s.Reason})
		if err != nil {
			return false, err
		}
		if _, err := a.Kit.Node.Submit(ctx, d.ID, o); err != nil {
			return false, errors.Join(err, a.Kit.Node.Discard(ctx, d.ID, a.Me.User.Name))
		}
	}
	return true, nil
}

func stanceTone(s entente.Stance) shell.Tone {
	switch s {
	case entente.Concurs:
		return shell.Agree
	case entente.Disputes:
		return shell.Differ
	}
	return shell.Neutral
}
