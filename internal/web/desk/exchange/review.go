package exchange

import (
	"context"
	"encoding/json"

	"github.com/a-h/templ"

	"entente"
	"entente/internal/auth"
	core "entente/internal/exchange"
	"entente/internal/node"
	"entente/internal/store"
	"entente/internal/web/desk/kit"
	"entente/internal/web/things"
)

type reviewModel struct {
	d         *core.Draft
	meta      node.DraftMeta
	content   any
	handling  *entente.Handling
	files     []fileLine
	verdict   verdict
	author    string
	emergency bool // the terms let one releasing officer release it alone
	// became is the address of the page on which it stands, once it is appended.
	became string
}

func review(ctx context.Context, a *kit.Ask) (templ.Component, error) {
	d, err := a.Kit.Exchange.Draft(ctx, me(a), a.R.PathValue("id"))
	if err != nil {
		return nil, err
	}
	a.Saw("draft", d.ID)
	a.Head(a.T("exchange.compose."+string(d.Type)), a.T("exchange.review.lead"), "exchange", crumb(a))
	m := reviewModel{d: d, files: filesOf(a, d)}
	if m.meta, err = node.Meta(d.WorkDraft); err != nil {
		return nil, err
	}
	rule, _ := entente.Rule(d.Type)
	if body := rule.New(); json.Unmarshal(d.Body, body) == nil {
		m.content = body
		if r, ok := body.(*entente.Release); ok {
			m.handling = &r.Handling
		}
	}
	if author, err := a.Kit.Node.Store().UserByID(ctx, d.Author); err == nil {
		m.author = author.Display
	}
	if d.State != store.DraftDone && d.State != store.DraftDropped {
		if m.verdict, err = gate(ctx, a, d); err != nil {
			return nil, err
		}
		m.verdict.at = draftHref(a, d.ID)
	}
	if d.State == store.DraftDone {
		m.became = became(ctx, a, d, m.content)
	}
	if terms := a.State.Terms; terms != nil && d.Type == entente.TypeRelease {
		m.emergency = terms.Emergency && a.Me.May(auth.Authorise) && (d.State == store.DraftOpen || d.State == store.DraftReturned)
	}
	return reviewPage(a, m), nil
}

// became is the page on which an appended draft stands: its own or, for what answers
// something, that of what it answers.
func became(ctx context.Context, a *kit.Ask, d *core.Draft, body any) string {
	switch b := body.(type) {
	case *entente.Denial:
		return refHref(ctx, a, "requests", b.Request)
	case *entente.Misuse:
		return refHref(ctx, a, "releases", b.Release)
	}
	v, err := store.Get[json.RawMessage](ctx, a.Kit.Node.View(entente.National), d.Type, string(a.Kit.Party()), d.Subject)
	if err != nil {
		return "" // the page stands without the link
	}
	kind := map[entente.Type]string{entente.TypeRequest: "requests", entente.TypeRelease: "releases", entente.TypePermissionRequest: "permissions"}[d.Type]
	return refHref(ctx, a, kind, v.Current.Ref)
}

func content(a *kit.Ask, m reviewModel) []contentLine {
	if m.content == nil {
		return nil
	}
	var out []contentLine
	for _, kv := range things.KeyValues(a.Frame, m.content) {
		out = append(out, contentLine(kv))
	}
	return out
}

// decide carries out submit, approve, emergency, return and discard.
func decide(ctx context.Context, a *kit.Ask) (string, error) {
	id, x := a.R.PathValue("id"), a.Kit.Exchange
	here := draftHref(a, id) + "/review"
	needs := map[string]auth.Act{"submit": auth.AppendInner, "approve": auth.Authorise, "emergency": auth.Authorise}
	if act, ok := needs[a.Post("op")]; ok {
		if err := a.Need(act); err != nil {
			return "", err
		}
		o, err := a.Officer()
		if err != nil {
			return "", err
		}
		return sign(ctx, a, id, a.Post("op"), o)
	}
	switch a.Post("op") {
	case "return":
		remark := a.Post("remark")
		if remark == "" {
			return "", &kit.Refuse{Code: "desk.refused.noremark", Field: "remark"}
		}
		a.Tell(ctx, "desk.review.returned")
		return here, x.Return(ctx, me(a), id, remark)
	case "discard":
		if err := a.Need(auth.Draft); err != nil {
			return "", err
		}
		a.Tell(ctx, "desk.review.discarded")
		return a.Href("/desk/exchange"), x.Discard(ctx, me(a), id)
	}
	return "", &kit.Refuse{Code: "desk.refused.form"}
}

// sign carries out what takes an officer's key.
func sign(ctx context.Context, a *kit.Ask, id, op string, o *node.Officer) (string, error) {
	x, here := a.Kit.Exchange, draftHref(a, id)+"/review"
	said := "desk.review.released"
	switch op {
	case "submit":
		done, err := x.Submit(ctx, id, o)
		if err != nil {
			return "", err
		}
		if said = "desk.review.appended"; done == nil {
			said = "desk.review.waiting"
		}
	case "approve":
		if _, err := x.Approve(ctx, id, o); err != nil {
			return "", err
		}
	case "emergency":
		if _, err := x.ReleaseEmergency(ctx, id, o); err != nil {
			return "", err
		}
	}
	a.Tell(ctx, said)
	return here, nil
}
