package exchange

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"entente"
	core "entente/internal/exchange"
	"entente/internal/web/desk/kit"
	"entente/internal/web/shell"
)

type releaseModel struct {
	r      *core.ReleaseState
	facts  []shell.KV
	proof  []proofLine
	events []shell.Event
	// answers is the address of the request that it answers, "" for none.
	answers string
	opened  *openedModel
	// locked says why the person may not open it, "" when nothing stands in the way.
	locked string
	onward []shell.Option // agencies of this party that do not have it yet
	zip    string         // address of the proof, "" where it is not offered
}

// proofLine is one decision that the logs record: by whom, by which policies.
type proofLine struct {
	title, href string
	policies    string
	digest      entente.Digest
}

func release(ctx context.Context, a *kit.Ask) (templ.Component, error) {
	m, err := readRelease(ctx, a)
	if err != nil {
		return nil, err
	}
	return releasePage(a, m), nil
}

func readRelease(ctx context.Context, a *kit.Ask) (*releaseModel, error) {
	ref, err := named(ctx, a)
	if err != nil {
		return nil, err
	}
	r, err := a.Kit.Exchange.Release(ctx, me(a), ref, a.Kit.Now())
	if err != nil {
		return nil, err
	}
	a.Saw("release", r.Ref.String())
	a.Head(a.T(releaseTitle(r), "Subject", r.Subject), a.T("exchange.release.lead", "From", who(a, r.From, r.Agency), "To", strings.Join(r.Agencies, ", ")), "exchange", crumb(a))
	m := &releaseModel{r: r, facts: releaseFacts(a, r), events: releaseEvents(a, r)}
	m.proof = append(m.proof, decided(a, a.T("exchange.proof.release", "Who", who(a, r.From, r.Agency)), r.Ref, r.Decision))
	if r.Receipt != nil {
		d := &entente.Decision{Policy: r.Receipt.Body.Policy, Policies: r.Receipt.Body.Policies}
		m.proof = append(m.proof, decided(a, a.T("exchange.proof.receipt."+r.Receipt.Body.Verdict, "Who", who(a, r.Receipt.Party, r.Receipt.Agency)), r.Receipt.Ref, d))
	}
	m.opened = carried(a)
	if r.Direction == core.In {
		m.onward = slices.DeleteFunc(agencies(ctx, a, a.Kit.Party()), func(o shell.Option) bool { return hasIt(r, o.Value) })
	}
	if m.locked, err = lockedFor(ctx, a, r); err != nil {
		return nil, err
	}
	if a.Kit.Proof != nil {
		m.zip = href(a, "releases", &r.Side) + "/proof.zip"
	}
	if r.Body.Request != nil {
		m.answers = refHref(ctx, a, "requests", *r.Body.Request)
	}
	return m, nil
}

// releaseTitle is the title of a release as it stands: what is on its way or has
// arrived is named by its direction, anything else by what became of it.
func releaseTitle(r *core.ReleaseState) string {
	switch {
	case r.State == core.Sent || r.State == core.Received:
		return "exchange.title." + string(r.State) + "." + string(r.Direction)
	case r.State == core.Deleted && r.Recall != nil:
		return "exchange.title.shredded"
	}
	return "exchange.title." + string(r.State)
}

// hasIt reports whether an agency of the receiving party has a release already.
func hasIt(r *core.ReleaseState, agency string) bool {
	return slices.Contains(r.Agencies, agency) || slices.Contains(r.Copied, agency) || r.PassedOn(agency)
}

// purposesOf are those that it may be used for: permitted from the start, or by a
// permission that stands.
func purposesOf(r *core.ReleaseState) []string {
	out := slices.Clone(r.Body.Handling.Purposes)
	for _, p := range r.Permissions {
		if p.State == core.Granted && p.Body.Kind == "use" && !slices.Contains(out, p.Body.Purpose) {
			out = append(out, p.Body.Purpose)
		}
	}
	return out
}

// lockedFor says why the person may open it for none of its purposes, "" when there
// is one.
func lockedFor(ctx context.Context, a *kit.Ask, r *core.ReleaseState) (string, error) {
	locked := ""
	for _, purpose := range purposesOf(r) {
		no, err := a.Kit.Exchange.CanOpen(ctx, a.Kit.Exchange.ReaderOf(a.Me.User), r, purpose)
		if err != nil || no == nil {
			return "", err
		}
		if locked == "" {
			refused := kit.FromNode(a, no)
			locked = refused.Rule + " " + refused.Mend
		}
	}
	return locked, nil
}

// decided is a recorded decision, with the names of the policies that decided it.
func decided(a *kit.Ask, title string, ref entente.Ref, d *entente.Decision) proofLine {
	p := proofLine{title: title, href: a.EntryHref(ref)}
	if d != nil {
		p.digest, p.policies = d.Policy, strings.Join(d.Policies, ", ")
	}
	return p
}

func releaseFacts(a *kit.Ask, r *core.ReleaseState) []shell.KV {
	h := &r.Body.Handling
	kvs := []shell.KV{
		{Key: a.T("exchange.col.state"), Body: badges(tone(r.State), state(a, r.State), r.Body.Emergency, a.T("exchange.emergency"))},
		{Key: a.T("field.recipients"), Text: strings.Join(r.Agencies, ", ")},
		{Key: a.T("field.copied"), Text: strings.Join(r.Copied, ", ")},
		{Key: a.T("field.areas"), Text: areas(a, r.Areas)},
		{Key: a.T("field.classification"), Text: enum(a, "classification", string(h.Classification))},
		{Key: a.T("exchange.fact.period"), Text: a.L.DateISO(string(h.From)) + " – " + a.L.DateISO(string(h.To))},
		{Key: a.T("field.basis"), Text: a.Term(h.Basis)},
		{Key: a.T("exchange.fact.grade"), Text: enum(a, "source", h.Source), Hint: enum(a, "information", h.Information)},
		{Key: a.T("field.consented"), Text: terms(a, h.Consented)},
		{Key: a.T("field.content"), Body: shell.Digest(r.Body.Content.Digest.String(), ""), Hint: a.L.Bytes(r.Body.Content.Size) + ", " + enum(a, "form", r.Body.Form)},
		{Key: a.T("field.assurance"), Text: r.Body.Assurance},
	}
	if auth := r.Body.Authorisation; auth != nil {
		kvs = append(kvs, shell.KV{Key: a.T("field.authorisation"), Text: auth.Reference, Hint: auth.Authority + ", " + a.L.DateISO(string(auth.Date))})
	}
	if c := r.Consent; c != nil {
		kvs = append(kvs, shell.KV{Key: a.T("field.consent"), Text: c.Subject, Href: href(a, "permissions", &c.Side), Hint: state(a, c.State)})
	}
	return kvs
}

// releaseEvents is what the logs say of a release, oldest first.
func releaseEvents(a *kit.Ask, r *core.ReleaseState) []shell.Event {
	var list []said
	list = append(list, said{r.Time, r.Ref, a.T("exchange.event.release"), who(a, r.From, r.Agency), ""})
	one(&list, a, r.Receipt, func(b *entente.Receipt) (string, string) {
		return a.T("exchange.event." + b.Verdict), enumOr(a, "reason", b.Reason)
	})
	one(&list, a, r.Acknowledged, func(b *entente.Acknowledgement) (string, string) {
		return a.T("exchange.event.acknowledged"), enumOr(a, "outcome", b.Outcome)
	})
	many(&list, a, r.Feedback, func(b *entente.Feedback) (string, string) {
		return a.T("exchange.event.feedback"), feedbackText(a, b)
	})
	many(&list, a, r.Onward, func(b *entente.Onward) (string, string) {
		return a.T("exchange.event.onward", "Agencies", strings.Join(b.Agencies, ", ")), a.Term(b.Purpose)
	})
	one(&list, a, r.Recall, func(b *entente.Recall) (string, string) {
		return a.T("exchange.event.recall"), enum(a, "reason", b.Reason)
	})
	many(&list, a, r.Holds, func(b *entente.Hold) (string, string) {
		return a.T("exchange.event.hold"), enum(a, "ground", b.Ground) + ": " + a.Say(b.Authority)
	})
	many(&list, a, r.Deletions, func(b *entente.Deletion) (string, string) {
		return a.T("exchange.event.deletion"), deletionText(a, b)
	})
	one(&list, a, r.Review, func(b *entente.Review) (string, string) {
		return a.T("exchange.event.review"), enum(a, "outcome", b.Outcome)
	})
	for i := range r.Misuse {
		x := &r.Misuse[i]
		one(&list, a, &x.Said, func(b *entente.Misuse) (string, string) { return a.T("exchange.event.misuse"), enum(a, "kind", b.Kind) })
		one(&list, a, x.Outcome, func(b *entente.MisuseOutcome) (string, string) {
			return a.T("exchange.event.outcome"), enum(a, "outcome", b.Outcome)
		})
	}
	return timeline(a, list)
}

// said is one entry of a thread.
type said struct {
	at         time.Time
	ref        entente.Ref
	title, who string
	text       string
}

func one[B any](list *[]said, a *kit.Ask, s *core.Said[B], words func(*B) (title, text string)) {
	if s == nil {
		return
	}
	title, text := words(&s.Body)
	if s.Withdrawn {
		title = a.T("exchange.event.withdrawn", "What", title)
	}
	*list = append(*list, said{s.Time, s.Ref, title, who(a, s.Party, s.Agency), text})
}

func many[B any](list *[]said, a *kit.Ask, all []core.Said[B], words func(*B) (title, text string)) {
	for i := range all {
		one(list, a, &all[i], words)
	}
}

func timeline(a *kit.Ask, list []said) []shell.Event {
	slices.SortStableFunc(list, func(x, y said) int { return cmp.Or(x.at.Compare(y.at), cmp.Compare(x.ref.String(), y.ref.String())) })
	out := make([]shell.Event, len(list))
	for i, s := range list {
		out[i] = shell.Event{When: a.L.Moment(s.at.UTC()), ISO: s.at.UTC().Format(time.RFC3339), Title: s.title, Href: a.EntryHref(s.ref), Text: joined(s.who, s.text)}
	}
	return out
}

func joined(first, second string) string {
	if second == "" {
		return first
	}
	return first + ". " + second
}

func enumOr(a *kit.Ask, field, code string) string {
	if code == "" {
		return ""
	}
	return enum(a, field, code)
}

func feedbackText(a *kit.Ask, b *entente.Feedback) string {
	text := a.T("exchange.feedback.not")
	if b.Useful {
		text = a.T("exchange.feedback.useful")
	}
	for _, o := range b.Outcomes {
		text += "; " + enum(a, "kind", o.Kind) + ": " + a.L.Int(int64(o.N))
	}
	return text
}

// deletionText says what was shredded and what the node cannot reach.
func deletionText(a *kit.Ask, b *entente.Deletion) string {
	uses := 0
	for _, u := range b.Uses {
		uses += u.N
	}
	if uses == 0 && b.Exports == 0 {
		return a.T("exchange.deletion.unused", "Cause", enum(a, "cause", b.Cause))
	}
	return a.T("exchange.deletion.text", "Cause", enum(a, "cause", b.Cause), "Uses", a.L.Int(int64(uses)), "Exports", a.L.Int(int64(b.Exports)))
}
