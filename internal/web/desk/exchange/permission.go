package exchange

import (
	"context"
	"strings"

	"github.com/a-h/templ"

	"entente"
	core "entente/internal/exchange"
	"entente/internal/web/desk/kit"
	"entente/internal/web/shell"
)

type permissionModel struct {
	p      *core.PermissionState
	facts  []shell.KV
	events []shell.Event
	proof  []proofLine
	opened *openedModel
}

func permission(ctx context.Context, a *kit.Ask) (templ.Component, error) {
	m, err := readPermission(ctx, a)
	if err != nil {
		return nil, err
	}
	return permissionPage(a, m), nil
}

func readPermission(ctx context.Context, a *kit.Ask) (*permissionModel, error) {
	ref, err := named(ctx, a)
	if err != nil {
		return nil, err
	}
	p, err := a.Kit.Exchange.Permission(ctx, me(a), ref, a.Kit.Now())
	if err != nil {
		return nil, err
	}
	a.Saw("permission", p.Ref.String())
	a.Head(a.T("exchange.title.permission."+string(p.State), "What", enum(a, "kind", p.Body.Kind)), a.T("exchange.permission.lead", "From", who(a, p.From, p.Agency), "Party", a.L.Party(string(p.To))), "exchange", crumb(a))
	m := &permissionModel{p: p, opened: carried(a), facts: []shell.KV{
		{Key: a.T("exchange.col.state"), Body: shell.Badge(tone(p.State), state(a, p.State))},
		{Key: a.T("field.purpose"), Text: a.Term(p.Body.Purpose)},
		{Key: a.T("exchange.fact.agencies"), Text: strings.Join(p.Body.Agencies, ", ")},
	}}
	if p.Body.Release != nil {
		m.facts = append(m.facts, shell.KV{Key: a.T("field.release"), Text: p.Body.Release.String(), Href: refHref(ctx, a, "releases", *p.Body.Release)})
	}
	if p.Answer != nil && p.Answer.Body.Until != "" {
		m.facts = append(m.facts, shell.KV{Key: a.T("field.until"), Text: a.L.DateISO(string(p.Answer.Body.Until))})
	}
	if p.Body.Item != nil {
		m.facts = append(m.facts, shell.KV{Key: a.T("field.item"), Body: shell.Digest(p.Body.Item.String(), ""), Hint: a.T("exchange.fact.item")})
	}
	m.proof = []proofLine{decided(a, a.T("exchange.proof.asked", "Who", who(a, p.From, p.Agency)), p.Ref, p.Decision)}
	list := []said{{p.Time, p.Ref, a.T("exchange.event.asked"), who(a, p.From, p.Agency), ""}}
	one(&list, a, p.Answer, func(b *entente.Permission) (string, string) {
		if !b.Granted {
			return a.T("exchange.event.denied"), termOr(a, b.Reason)
		}
		if b.Until != "" {
			return a.T("exchange.event.granted"), a.T("exchange.permission.until", "Day", a.L.DateISO(string(b.Until)))
		}
		return a.T("exchange.event.granted"), ""
	})
	if p.Answer != nil {
		m.proof = append(m.proof, decided(a, a.T("exchange.proof.answer", "Who", who(a, p.Answer.Party, p.Answer.Agency)), p.Answer.Ref, p.Answer.Decision))
	}
	m.events = timeline(a, list)
	return m, nil
}

func termOr(a *kit.Ask, code string) string {
	if code == "" {
		return ""
	}
	return a.Term(code)
}
