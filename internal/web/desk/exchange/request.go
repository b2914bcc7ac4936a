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

type requestModel struct {
	r       *core.RequestState
	facts   []shell.KV
	events  []shell.Event
	answers []shell.Link
	proof   []proofLine
	opened  *openedModel
}

// requestTitle is the title of a request as it stands: what waits is named by its
// direction, anything else by what became of it.
func requestTitle(r *core.RequestState) string {
	if r.State == core.Waiting {
		return "exchange.title.waiting." + string(r.Direction)
	}
	return "exchange.title.request." + string(r.State)
}

func request(ctx context.Context, a *kit.Ask) (templ.Component, error) {
	m, err := readRequest(ctx, a)
	if err != nil {
		return nil, err
	}
	return requestPage(a, m), nil
}

func readRequest(ctx context.Context, a *kit.Ask) (*requestModel, error) {
	ref, err := named(ctx, a)
	if err != nil {
		return nil, err
	}
	r, err := a.Kit.Exchange.Request(ctx, me(a), ref, a.Kit.Now())
	if err != nil {
		return nil, err
	}
	a.Saw("request", r.Ref.String())
	a.Head(a.T(requestTitle(r), "Subject", r.Subject), a.T("exchange.request.lead", "From", who(a, r.From, r.Agency), "To", strings.Join(r.Agencies, ", ")), "exchange", crumb(a))
	m := &requestModel{r: r, opened: carried(a)}
	m.facts = []shell.KV{
		{Key: a.T("exchange.col.state"), Body: badges(tone(r.State), state(a, r.State), r.Late && r.State != core.Late, a.T("exchange.late"))},
		{Key: a.T("field.due_time"), Body: dueOf(a, r)},
		{Key: a.T("exchange.fact.asked"), Text: enum(a, "kind", string(r.Body.Kind))},
		{Key: a.T("field.purpose"), Text: a.Term(r.Body.Purpose)},
		{Key: a.T("field.basis"), Text: a.Term(r.Body.Basis)},
		{Key: a.T("field.urgency"), Text: enum(a, "urgency", r.Body.Urgency)},
		{Key: a.T("field.areas"), Text: areas(a, r.Areas)},
		{Key: a.T("field.copied"), Text: strings.Join(r.Copied, ", ")},
		{Key: a.T("field.content"), Body: shell.Digest(r.Body.Question.Digest.String(), ""), Hint: a.L.Bytes(r.Body.Question.Size)},
		{Key: a.T("field.assurance"), Text: r.Body.Assurance},
	}
	if auth := r.Body.Authorisation; auth != nil {
		m.facts = append(m.facts, shell.KV{Key: a.T("field.authorisation"), Text: auth.Reference, Hint: auth.Authority + ", " + a.L.DateISO(string(auth.Date))})
	}
	m.proof = []proofLine{decided(a, a.T("exchange.proof.request", "Who", who(a, r.From, r.Agency)), r.Ref, r.Decision)}
	list := []said{{r.Time, r.Ref, a.T("exchange.event.request"), who(a, r.From, r.Agency), ""}}
	many(&list, a, r.Releases, func(*entente.Release) (string, string) { return a.T("exchange.event.answer"), "" })
	one(&list, a, r.Refusal, func(b *entente.Denial) (string, string) { return a.T("exchange.event.refusal"), a.Term(b.Reason) })
	one(&list, a, r.Withdrawal, func(b *entente.Withdrawal) (string, string) {
		return a.T("exchange.event.takenback"), a.Say(b.Reason)
	})
	m.events = timeline(a, list)
	for _, s := range r.Releases {
		m.answers = append(m.answers, shell.Link{Text: s.Subject, Href: refHref(ctx, a, "releases", s.Ref)})
	}
	return m, nil
}
