package node

import (
	"context"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/internal/policy"
)

// exchangeFacts gathers what a decision about the exchange of information goes by.
type exchangeFacts struct {
	policy.Exchange
	n      *Node
	lists  *lists
	author entente.Party // who states it or, where it is received or used, released it
	now    time.Time

	// What refusals name.
	contacts, agencies, areas, purposes []string
	retain                              entente.Date
	due                                 time.Time
}

func (n *Node) newFacts(ctx context.Context, author entente.Party, now time.Time) (*exchangeFacts, error) {
	l, err := n.exchangeLists(ctx)
	if err != nil {
		return nil, err
	}
	f := &exchangeFacts{n: n, lists: l, author: author, now: now}
	f.Terms.Known = l.terms != nil
	f.Terms.Emergency = l.terms != nil && l.terms.Emergency
	f.Names = f.names
	return f, nil
}

// describeExchange tells the policies what an entry of the exchange is about.
func (n *Node) describeExchange(ctx context.Context, p *plan, by officers, r *policy.Request) error {
	if !exchanges(p.Type) {
		return nil
	}
	f, err := n.newFacts(ctx, n.self.Writer.Party, r.Now)
	if err != nil {
		return err
	}
	known := true // the entry that it is about is here, and of the right type
	switch b := p.body.(type) {
	case *entente.Release:
		c := &exchangeCase{body: b}
		if err = n.readReleaseBasis(ctx, c, b); err == nil {
			f.release(b, c, p.author.Agency)
		}
	case *entente.Request:
		f.request(b, p.author.Agency)
	case *entente.PermissionRequest:
		known, err = f.permissionRequest(ctx, b, p.author.Agency)
	case *entente.Permission:
		known, err = f.permission(ctx, b)
	case *entente.Denial:
		known, err = f.denial(ctx, b)
	case *entente.Onward:
		known, err = f.onward(ctx, b, p.author.Agency)
	case *entente.MisuseOutcome:
		known, err = f.misuseOutcome(ctx, b)
	case *entente.Review:
		known, err = f.review(ctx, b, by)
	case *entente.Route:
		f.ofRoute(b)
	case *entente.Pause:
		f.ownAgencies(b.Scope != "agency", b.Agency)
		if f.Terms.Areas = true; b.Scope == "area" {
			f.within([]string{b.Area})
		}
	case *entente.KeyExport:
		f.ownAgencies(false, b.Agency)
	default:
		known, err = f.aboutRelease(ctx, p.body)
	}
	if known {
		r.Exchange = &f.Exchange
	}
	return err
}

// exchanges reports whether the gate asks for the facts of an exchange.
func exchanges(t entente.Type) bool {
	switch t {
	case entente.TypeRoute, entente.TypeRequest, entente.TypeRefusal, entente.TypeRelease, entente.TypeReceipt,
		entente.TypeAcknowledgement, entente.TypeFeedback, entente.TypePermissionRequest, entente.TypePermission, entente.TypeOnward,
		entente.TypeRecall, entente.TypeDeletion, entente.TypeHold, entente.TypeMisuse, entente.TypeMisuseOutcome, entente.TypePause,
		entente.TypeReview, entente.TypeKeyExport:
		return true
	}
	return false
}

// release states the facts of a release as its author lets it out, or as the party
// that it is for takes it in.
func (f *exchangeFacts) release(b *entente.Release, c *exchangeCase, agency string) {
	f.ofRelease(b, c)
	f.Terms.Purposes, f.Terms.Permissible, f.Terms.Consented = f.judge(b.Handling.Purposes, b.Handling.Consented)
	f.Terms.Basis = f.lists.bases[b.Handling.Basis]
	f.within(b.Areas)
	if f.Standing.Timely = true; b.Alert != nil {
		f.sets(b.Alert.Acknowledge)
	}
	f.Standing.Concerned = b.To != f.author && f.lists.parties[b.To] && f.answers(b, c)
	f.Standing.Paused = f.lists.paused(f.author, []string{agency, b.Handling.Collector}, b.To, b.Recipients, b.Areas)
	needs := []string{"release"}
	if b.Alert != nil {
		needs[0] = "alert"
	}
	if f.Standing.Transfer {
		needs = append(needs, "case_transfer")
	}
	f.route(b.To, b.Recipients, b.Copied, b.Authorisation, needs...)
	f.consent(b, c)
}

// ofRelease states what is the same whenever a release is decided on.
func (f *exchangeFacts) ofRelease(b *entente.Release, c *exchangeCase) {
	f.To, f.Recipients = b.To, len(b.Recipients)
	f.Handling = policy.HandlingOf(&b.Handling, f.author, f.lists.agencies[f.author][b.Handling.Collector])
	f.retain = b.Handling.Retain
	f.Standing.Emergency = b.Emergency
	if q, ok := bodyOf[entente.Request](c.request); ok {
		f.Standing.Transfer = q.Kind == entente.AskTransfer
	}
	f.Standing.Assured = filled(b.Assurance)
}

// answers reports whether a release is spontaneous, or answers a request that stands
// and was put to its author by the party that it is for.
func (f *exchangeFacts) answers(b *entente.Release, c *exchangeCase) bool {
	if b.Request == nil {
		return true
	}
	q, ok := bodyOf[entente.Request](c.request)
	return ok && q.To == f.author && c.request.author.Party == b.To && !c.request.withdrawn
}

// bodyOf returns the body of a case, where it is there and of this type.
func bodyOf[B any](c *exchangeCase) (*B, bool) {
	if c == nil {
		return nil, false
	}
	b, ok := c.body.(*B)
	return b, ok
}

// consent: what was collected elsewhere than in the author's own territory rests on
// the permission of the territory's owner or, where that is no party, of the party
// that it is for.
func (f *exchangeFacts) consent(b *entente.Release, c *exchangeCase) {
	f.Grant.Consent = b.Consent != nil
	if c.consent == nil {
		return
	}
	owner := entente.Party(b.Handling.Territory)
	if !f.lists.parties[owner] || owner == f.author {
		owner = b.To
	}
	f.Grant.Owner = c.consent.by == owner
	f.Grant.Item = b.Item != nil && *b.Item == c.consent.item && c.consent.to == f.author &&
		(c.consent.until.IsZero() || f.now.Before(c.consent.until))
}

// route holds what leaves against the author's own way out.
func (f *exchangeFacts) route(to entente.Party, addressed, copied []string, a *entente.Authorisation, needs ...string) {
	if !f.lists.either(f.author, to, copied) || !f.lists.has(to, addressed) {
		f.agencies = append(slices.Clone(addressed), copied...)
	} else {
		f.Grant.Agencies = true
	}
	own, theirs := f.lists.routes[f.author], f.lists.routes[to]
	if own == nil {
		return
	}
	f.Route.Known, f.Route.Ceiling = true, own.Ceiling
	f.contacts = own.Contacts
	if theirs != nil && to != f.author {
		f.contacts = append(slices.Clone(own.Contacts), theirs.Contacts...)
	}
	f.Route.Copied = !slices.ContainsFunc(f.contacts, func(c string) bool {
		return !slices.Contains(copied, c) && !slices.Contains(addressed, c)
	})
	needed := slices.ContainsFunc(needs, func(act string) bool { return slices.Contains(own.Authorisation, act) })
	f.Route.Authorised = !needed && a == nil || a != nil && filled(a.Reference) && filled(a.Authority) && f.past(a.Date)
}

// filled reports whether a text says anything: blanks refer to nothing.
func filled(s string) bool { return strings.TrimSpace(s) != "" }

// past reports whether a date has begun.
func (f *exchangeFacts) past(d entente.Date) bool {
	first := firstMoment(d)
	return !first.IsZero() && !first.After(f.now)
}

// within holds areas against the charter's.
func (f *exchangeFacts) within(areas []string) {
	f.Terms.Areas = len(areas) > 0
	for _, a := range areas {
		if !f.lists.areas[a] {
			f.areas, f.Terms.Areas = append(f.areas, a), false
		}
	}
}

// sets holds the moment that a clock is set for against the time.
func (f *exchangeFacts) sets(due time.Time) { f.due, f.Standing.Timely = due, due.After(f.now) }

// judge holds purposes against the terms in force.
func (f *exchangeFacts) judge(purposes, consented []string) (known, permissible, agreed bool) {
	known, permissible, agreed = len(purposes) > 0, true, true
	for _, code := range purposes {
		p, ok := f.lists.purposes[code]
		known = known && ok
		permissible = permissible && ok && p.Rule != entente.PurposeNever
		agreed = agreed && (p.Rule != entente.PurposeConsent || slices.Contains(consented, code))
	}
	return known, permissible, agreed
}

func (f *exchangeFacts) request(b *entente.Request, agency string) {
	f.To, f.Kind, f.Purpose, f.Recipients = b.To, string(b.Kind), b.Purpose, len(b.Agencies)
	f.asks(b.Purpose)
	f.Terms.Basis = f.lists.bases[b.Basis]
	f.within(b.Areas)
	f.sets(b.Due)
	f.Standing.Concerned = b.To != f.author && f.lists.parties[b.To]
	f.Standing.Paused = f.lists.paused(f.author, []string{agency}, b.To, b.Agencies, b.Areas)
	f.Standing.Transfer, f.Standing.Assured = b.Kind == entente.AskTransfer, filled(b.Assurance)
	needs := []string{"request"}
	if f.Standing.Transfer {
		needs = append(needs, "case_transfer")
	}
	f.route(b.To, b.Agencies, b.Copied, b.Authorisation, needs...)
}

// asks holds the one purpose that is asked for against the terms. Asking for what
// takes consent is how consent is asked for.
func (f *exchangeFacts) asks(purpose string) {
	f.Purpose = purpose
	f.Terms.Purposes, f.Terms.Permissible, _ = f.judge([]string{purpose}, nil)
	f.Terms.Consented = true
}

func (f *exchangeFacts) permissionRequest(ctx context.Context, b *entente.PermissionRequest, agency string) (bool, error) {
	f.To, f.Kind = b.Of, b.Kind
	f.asks(b.Purpose)
	f.Standing.Concerned = b.Of != f.author && f.lists.parties[b.Of]
	f.Grant.Agencies = b.Kind != "onward" || f.lists.has(f.author, b.Agencies)
	var areas []string
	if b.Release != nil {
		c, err := f.n.exchangeCase(ctx, *b.Release)
		r, ok := bodyOf[entente.Release](c)
		if err != nil || !ok {
			return false, err
		}
		areas = r.Areas
		f.Standing.Concerned = f.Standing.Concerned && c.author.Party == b.Of && r.To == f.author
		f.Standing.Recalled = c.recalled || c.withdrawn
	}
	f.Standing.Paused = f.lists.paused(f.author, []string{agency}, b.Of, nil, areas)
	return true, nil
}

func (f *exchangeFacts) permission(ctx context.Context, b *entente.Permission) (bool, error) {
	c, err := f.n.exchangeCase(ctx, b.Asked)
	q, ok := bodyOf[entente.PermissionRequest](c)
	if err != nil || !ok {
		return false, err
	}
	f.To, f.Kind = c.author.Party, q.Kind
	f.asks(q.Purpose)
	f.Standing.Concerned = q.Of == f.author && !c.withdrawn
	f.Standing.Granted = b.Granted
	f.Terms.Reason = f.lists.reasons[b.Reason] || b.Granted && b.Reason == ""
	return true, nil
}

func (f *exchangeFacts) denial(ctx context.Context, b *entente.Denial) (bool, error) {
	c, err := f.n.exchangeCase(ctx, b.Request)
	q, ok := bodyOf[entente.Request](c)
	if err != nil || !ok {
		return false, err
	}
	f.To = c.author.Party
	f.Standing.Concerned = q.To == f.author
	f.Terms.Reason = f.lists.reasons[b.Reason]
	return true, nil
}

func (f *exchangeFacts) onward(ctx context.Context, b *entente.Onward, agency string) (bool, error) {
	c, err := f.n.exchangeCase(ctx, b.Release)
	if _, ok := bodyOf[entente.Release](c); err != nil || !ok {
		return false, err
	}
	f.use(c, f.n.self.Writer.Party, Use{Act: policy.Pass, Agency: agency, Purpose: b.Purpose, Agencies: b.Agencies})
	return true, nil
}

func (f *exchangeFacts) misuseOutcome(ctx context.Context, b *entente.MisuseOutcome) (bool, error) {
	c, err := f.n.exchangeCase(ctx, b.Misuse)
	if err != nil || c == nil || c.typ != entente.TypeMisuse || c.release == nil {
		return false, err
	}
	f.To = c.author.Party
	f.Standing.Concerned = c.release.author.Party == f.author
	return true, nil
}

func (f *exchangeFacts) ofRoute(b *entente.Route) {
	f.Standing.Concerned, f.Grant.Agencies = true, f.lists.has(f.author, b.Contacts)
	f.agencies = slices.Clone(b.Contacts)
	for _, g := range b.Duty {
		f.Grant.Agencies = f.Grant.Agencies && f.lists.has(f.author, g.Agencies) && f.lists.either(f.author, f.author, g.Escalate)
		f.agencies = append(append(f.agencies, g.Agencies...), g.Escalate...)
	}
}

// ownAgencies is of what an author says of its own agencies.
func (f *exchangeFacts) ownAgencies(none bool, agency string) {
	f.Standing.Concerned = true
	f.Grant.Agencies = none || f.lists.has(f.author, []string{agency})
	f.agencies = []string{agency}
}

// aboutRelease is of what is said about a release by either side.
func (f *exchangeFacts) aboutRelease(ctx context.Context, body any) (bool, error) {
	var ref entente.Ref
	var takenIn, letOut bool // whose it is to state: the party's that it went to, that it is from
	switch b := body.(type) {
	case *entente.Receipt:
		ref, takenIn = b.Release, true
	case *entente.Acknowledgement:
		ref, takenIn = b.Release, true
	case *entente.Feedback:
		ref, takenIn = b.Release, true
	case *entente.Recall:
		ref, letOut = b.Release, true
	case *entente.Deletion:
		ref, takenIn, letOut = b.Release, true, true
	case *entente.Hold:
		ref, takenIn, letOut = b.Release, true, true
	case *entente.Misuse:
		ref, takenIn, letOut = b.Release, true, true
		f.sets(b.Due)
	}
	c, err := f.n.exchangeCase(ctx, ref)
	r, ok := bodyOf[entente.Release](c)
	if err != nil || !ok {
		return false, err
	}
	f.To = r.To
	if f.author == r.To {
		f.To = c.author.Party
	}
	f.Standing.Concerned = takenIn && r.To == f.author || letOut && c.author.Party == f.author
	if _, ack := body.(*entente.Acknowledgement); ack {
		f.Standing.Concerned = f.Standing.Concerned && r.Alert != nil
	}
	return true, nil
}

// names are what a refusal may name, in both languages.
func (f *exchangeFacts) names() map[string]entente.Text {
	same := func(s string) entente.Text { return entente.Text{ES: s, EN: s} }
	list := func(l []string) entente.Text { return same(strings.Join(l, ", ")) }
	out := map[string]entente.Text{
		"to": same(string(f.To)), "agencies": list(f.agencies), "areas": list(f.areas), "contacts": list(f.contacts), "retain": same(string(f.retain)),
		"ceiling": levelNames[f.Route.Ceiling], "purposes": f.purposeNames(),
	}
	if !f.due.IsZero() {
		out["due"] = same(f.due.UTC().Format("2006-01-02 15:04 UTC"))
	}
	if f.Handling != nil {
		out["territory"] = same(f.Handling.Collected.Territory)
		out["classification"] = levelNames[f.Handling.Classification]
	}
	return out
}

var levelNames = map[entente.Classification]entente.Text{
	entente.Unclassified: {ES: "sin clasificación", EN: "unclassified"},
	entente.Restricted:   {ES: "restringido", EN: "restricted"},
	entente.Confidential: {ES: "confidencial", EN: "confidential"},
	entente.Secret:       {ES: "secreto", EN: "secret"},
}

// purposeNames names the purposes that are permitted or, where none is, those that
// the terms have.
func (f *exchangeFacts) purposeNames() entente.Text {
	codes := f.purposes
	if codes == nil && f.lists.terms != nil {
		for _, p := range f.lists.terms.Purposes {
			if p.Rule != entente.PurposeNever {
				codes = append(codes, p.Code)
			}
		}
	}
	var es, en []string
	for _, code := range codes {
		name := entente.Text{ES: code, EN: code}
		if p, ok := f.lists.purposes[code]; ok && !p.Name.IsZero() {
			name = p.Name
		}
		es, en = append(es, name.ES), append(en, name.EN)
	}
	return entente.Text{ES: strings.Join(es, "; "), EN: strings.Join(en, "; ")}
}
