package exchange

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"entente"
	"entente/internal/auth"
	core "entente/internal/exchange"
	"entente/internal/store"
	"entente/internal/web/desk/kit"
	"entente/internal/web/shell"
)

// mountActs registers what can be done about a thing on its page.
func mountActs(k *kit.Kit) {
	k.Form("/desk/exchange/releases/{writer}/{index}", auth.Read, release, actOnRelease)
	k.Form("/desk/exchange/requests/{writer}/{index}", auth.Read, request, actOnRequest)
	k.Form("/desk/exchange/permissions/{writer}/{index}", auth.Read, permission, actOnPermission)
	k.Page("/desk/exchange/pauses", auth.Read, pauses)
	k.Form("/desk/exchange/pauses", auth.AppendInner, pauses, actOnPauses)
}

// by is the person as who states something.
func by(a *kit.Ask) (core.By, error) {
	if err := a.Need(auth.AppendInner); err != nil {
		return core.By{}, err
	}
	o, err := a.Officer()
	return core.By{Officer: o, ID: a.Post("id")}, err
}

// done goes back to the page of the thing and says what became of the act.
func done(ctx context.Context, a *kit.Ask, d core.Done, err error) (string, error) {
	if err != nil {
		return "", err
	}
	if d.Entry != nil {
		a.Tell(ctx, "exchange.done")
		return a.Href(a.Path), nil
	}
	waits, err := a.Kit.Node.Store().Draft(ctx, d.Draft)
	if err != nil {
		return "", err
	}
	a.Tell(ctx, "desk.review.waiting")
	return a.DraftHref(waits), nil
}

func actOnRelease(ctx context.Context, a *kit.Ask) (string, error) {
	ref, err := named(ctx, a)
	if err != nil {
		return "", err
	}
	r, err := a.Kit.Exchange.Release(ctx, me(a), ref, a.Kit.Now())
	if err != nil {
		return "", err
	}
	op, arg, _ := strings.Cut(a.Post("op"), ":")
	switch op {
	case "open":
		return open(ctx, a, r)
	case "explain":
		return beginAbout(ctx, a, entente.TypeMisuse, r.Ref)
	case "note":
		for _, m := range r.Misuse {
			if m.Ref.String() == arg && m.Body.Note != nil {
				return openQuestion(ctx, a, m.Ref, "")
			}
		}
		return "", store.ErrNotFound
	}
	who, err := by(a)
	if err != nil {
		return "", err
	}
	d, err := releaseAct(ctx, a, who, r, op, arg)
	return done(ctx, a, d, err)
}

// releaseAct carries out one act on a release.
func releaseAct(ctx context.Context, a *kit.Ask, who core.By, r *core.ReleaseState, op, arg string) (core.Done, error) {
	x := a.Kit.Exchange
	switch op {
	case "acknowledge":
		return x.Acknowledge(ctx, who, r.Ref)
	case "close":
		return x.CloseAlert(ctx, who, r.Ref, a.Post("outcome"))
	case "feedback":
		if a.Post("useful") == "" {
			return core.Done{}, &kit.Refuse{Code: "exchange.refused.useful", Field: "useful"}
		}
		counts, err := outcomes(a)
		if err != nil {
			return core.Done{}, err
		}
		return x.Feedback(ctx, who, r.Ref, a.Post("useful") == "true", counts)
	case "pass":
		return x.PassOn(ctx, who, r.Ref, a.Post("purpose"), a.R.PostForm["agencies"])
	case "askonward":
		return x.AskOnward(ctx, who, r.Ref, a.Post("purpose"), a.R.PostForm["agencies"])
	case "askuse":
		return x.AskUse(ctx, who, r.Ref, a.Post("purpose"))
	case "recall":
		return x.Recall(ctx, who, r.Ref, a.Post("reason"))
	case "hold":
		return x.Hold(ctx, who, r.Ref, a.Post("ground"), authority(a), entente.Date(a.Post("review")))
	case "lift":
		return x.LiftHold(ctx, who, r.Ref)
	case "misuse":
		return x.ReportMisuse(ctx, who, r.Ref, a.Post("kind"), a.Kit.Now().Add(misuseClock))
	case "review":
		return x.Review(ctx, who, r.Ref, a.Post("outcome"))
	case "outcome":
		for _, m := range r.Misuse {
			if m.Ref.String() == arg {
				return x.MisuseOutcome(ctx, who, r.Ref, m.Ref, a.Post("outcome"))
			}
		}
	}
	return core.Done{}, &kit.Refuse{Code: "desk.refused.form"}
}

// misuseClock is how long the other side has to say what came of a report.
const misuseClock = 72 * time.Hour

// authority is typed in the page's language; the other side stays empty.
func authority(a *kit.Ask) entente.Text {
	if a.Lang() == "es" {
		return entente.Text{ES: a.Post("authority")}
	}
	return entente.Text{EN: a.Post("authority")}
}

// outcomeKinds are what feedback counts.
var outcomeKinds = []string{"arrest", "seizure", "investigation", "prosecution", "rescue", "tunnel_closed", "other"}

func outcomes(a *kit.Ask) ([]entente.Count, error) {
	var out []entente.Count
	for _, k := range outcomeKinds {
		typed := a.Post("n." + k)
		if typed == "" {
			continue
		}
		n, err := strconv.Atoi(strings.ReplaceAll(typed, ",", ""))
		if err != nil || n < 0 {
			return nil, &kit.Refuse{Code: "exchange.refused.number", Field: "n." + k}
		}
		if n > 0 {
			out = append(out, entente.Count{Kind: k, N: n})
		}
	}
	return out, nil
}

// beginAbout begins a draft with sealed content about the thing of the page.
func beginAbout(ctx context.Context, a *kit.Ask, t entente.Type, about entente.Ref) (string, error) {
	if err := a.Need(auth.Draft); err != nil {
		return "", err
	}
	a.R.PostForm.Set("type", string(t))
	a.R.PostForm.Set("about", about.String())
	return begin(ctx, a)
}

func actOnRequest(ctx context.Context, a *kit.Ask) (string, error) {
	ref, err := named(ctx, a)
	if err != nil {
		return "", err
	}
	r, err := a.Kit.Exchange.Request(ctx, me(a), ref, a.Kit.Now())
	if err != nil {
		return "", err
	}
	switch a.Post("op") {
	case "open":
		return openQuestion(ctx, a, r.Ref, href(a, "requests", &r.Side)+"/file")
	case "opennote":
		if r.Refusal != nil {
			return openQuestion(ctx, a, r.Refusal.Ref, "")
		}
	case "answer":
		return beginAbout(ctx, a, entente.TypeRelease, r.Ref)
	case "explain":
		return beginAbout(ctx, a, entente.TypeRefusal, r.Ref)
	}
	who, err := by(a)
	if err != nil {
		return "", err
	}
	var d core.Done
	switch a.Post("op") {
	case "refuse":
		d, err = a.Kit.Exchange.Refuse(ctx, who, r.Ref, a.Post("reason"))
	case "withdraw":
		d, err = a.Kit.Exchange.WithdrawRequest(ctx, who, r.Ref)
	default:
		err = &kit.Refuse{Code: "desk.refused.form"}
	}
	return done(ctx, a, d, err)
}

func actOnPermission(ctx context.Context, a *kit.Ask) (string, error) {
	ref, err := named(ctx, a)
	if err != nil {
		return "", err
	}
	p, err := a.Kit.Exchange.Permission(ctx, me(a), ref, a.Kit.Now())
	if err != nil {
		return "", err
	}
	if a.Post("op") == "open" {
		return openQuestion(ctx, a, p.Ref, "")
	}
	who, err := by(a)
	if err != nil {
		return "", err
	}
	var d core.Done
	switch a.Post("op") {
	case "grant":
		d, err = a.Kit.Exchange.Answer(ctx, who, p.Ref, true, entente.Date(a.Post("until")), "")
	case "deny":
		d, err = a.Kit.Exchange.Answer(ctx, who, p.Ref, false, "", a.Post("reason"))
	case "withdraw":
		d, err = a.Kit.Exchange.WithdrawPermission(ctx, who, p.Ref)
	default:
		err = &kit.Refuse{Code: "desk.refused.form"}
	}
	return done(ctx, a, d, err)
}

type pausesModel struct {
	standing []core.Said[entente.Pause]
	agencies []shell.Option
}

func pauses(ctx context.Context, a *kit.Ask) (templ.Component, error) {
	a.Head(a.T("exchange.pause.title"), a.T("exchange.pause.lead"), "exchange", crumb(a))
	standing, err := a.Kit.Exchange.Pauses(ctx)
	if err != nil {
		return nil, err
	}
	return pausesPage(a, pausesModel{standing, agencies(ctx, a, a.Kit.Party())}), nil
}

func actOnPauses(ctx context.Context, a *kit.Ask) (string, error) {
	who, err := by(a)
	if err != nil {
		return "", err
	}
	op, arg, _ := strings.Cut(a.Post("op"), ":")
	if op == "resume" {
		ref, ok := resolve(ctx, a, arg)
		if !ok {
			return "", store.ErrNotFound
		}
		d, err := a.Kit.Exchange.Resume(ctx, who, ref)
		return done(ctx, a, d, err)
	}
	p := entente.Pause{Scope: a.Post("scope")}
	switch p.Scope {
	case "area":
		p.Area = a.Post("area")
	case "agency":
		p.Agency = a.Post("agency")
	case "":
		return "", &kit.Refuse{Code: "exchange.refused.scope", Field: "scope"}
	}
	if reason := a.Post("reason"); reason != "" && a.Lang() == "es" {
		p.Reason.ES = reason
	} else if reason != "" {
		p.Reason.EN = reason
	}
	d, err := a.Kit.Exchange.Pause(ctx, who, p)
	return done(ctx, a, d, err)
}
