package fold

import (
	"slices"
	"time"

	"entente"
)

// exchange folds the bodies of the exchange of information.
func (r *rowSet) exchange(body any) {
	switch b := body.(type) {
	case *entente.ExchangeTerms:
		r.foldExchangeTerms(b)
	case *entente.Route:
		r.foldRoute(b)
	case *entente.Request:
		r.foldRequest(b)
	case *entente.Denial:
		r.about("refusal", "request", b.Request, another, entente.TypeRequest, b.Reason)
		r.payload("note", b.Note)
	case *entente.Release:
		r.foldRelease(b)
	case *entente.Receipt:
		r.foldReceipt(b)
	case *entente.Acknowledgement:
		r.aboutRelease("acknowledgement", b.Release, another, b.Outcome)
	case *entente.Feedback:
		r.aboutRelease("feedback", b.Release, another, flag(b.Useful))
	case *entente.PermissionRequest:
		r.foldPermissionRequest(b)
	case *entente.Permission:
		r.date("until", b.Until)
		r.about("permission", "asked", b.Asked, another, entente.TypePermissionRequest, flag(b.Granted), string(b.Until))
	case *entente.Onward:
		r.foldOnward(b)
	case *entente.Recall:
		r.aboutRelease("recall", b.Release, ones, b.Reason)
	case *entente.Deletion:
		r.aboutRelease("deletion", b.Release, anyones, b.Cause, int64(b.Exports))
	case *entente.Hold:
		r.text(b.Authority)
		r.date("review", b.Review)
		r.aboutRelease("hold", b.Release, anyones, b.Ground, string(b.Review))
	default:
		r.afterwards(b)
	}
}

// afterwards folds what is said of an exchange once it has happened.
func (r *rowSet) afterwards(body any) {
	switch b := body.(type) {
	case *entente.Misuse:
		r.aboutRelease("misuse", b.Release, anyones, b.Kind, moment(b.Due))
		r.payload("note", b.Note)
	case *entente.MisuseOutcome:
		r.about("misuse_outcome", "misuse", b.Misuse, anyones, entente.TypeMisuse, b.Outcome)
	case *entente.Pause:
		r.foldPause(b)
	case *entente.Review:
		r.aboutRelease("review", b.Release, ones, b.Outcome)
	case *entente.KeyExport:
		r.named(b.Reason)
		r.add("key_export", b.Key, b.Agency)
	case *entente.Use:
		r.foldUse(b)
	default:
		r.fail(RuleSchema, "no fold for %T", b)
	}
}

// about adds a row whose first columns are the entry that it is about.
func (r *rowSet) about(table, field string, to entente.Ref, whose owner, of entente.Type, values ...any) {
	r.refer(field, LinkAbout, to, whose, of)
	r.add(table, append([]any{to.Log, index(to)}, values...)...)
}

func (r *rowSet) aboutRelease(table string, to entente.Ref, whose owner, values ...any) {
	r.about(table, "release", to, whose, entente.TypeRelease, values...)
}

// payload adds a sealed payload that the entry names.
func (r *rowSet) payload(role string, s *entente.Sealed) {
	if s != nil {
		r.add("payload", s.Digest.String(), s.Size, role)
	}
}

// addressees adds the agencies of a party that an entry is for.
func (r *rowSet) addressees(p entente.Party, role string, agencies ...string) {
	for i, a := range agencies {
		if slices.Contains(agencies[:i], a) {
			r.fail(RuleExchange, "%s is named twice", a)
		}
		r.words(a)
		r.add("addressee", string(p), a, role)
	}
}

// toAnother: what goes out goes to another party.
func (r *rowSet) toAnother(p entente.Party) {
	if p == r.party {
		r.fail(RuleExchange, "to: %s is the author's own party", p)
	}
}

func (r *rowSet) authorised(a *entente.Authorisation) {
	if a != nil {
		r.date("authorisation", a.Date)
	}
}

func (r *rowSet) foldExchangeTerms(b *entente.ExchangeTerms) {
	r.half(b.Joint)
	r.named(entente.Text{ES: "Términos del intercambio de información", EN: "Terms of the exchange of information"})
	r.words(b.Code)
	r.maybe(b.Remark)
	seen := map[string]bool{}
	item := func(list, code string, name entente.Text) {
		if seen[list+code] {
			r.fail(RuleExchange, "%s: %s is listed twice", list, code)
		}
		seen[list+code] = true
		r.text(name)
	}
	for _, p := range b.Purposes {
		item("purposes", p.Code, p.Name)
	}
	for _, t := range b.Bases {
		item("bases", t.Code, t.Name)
	}
	for _, t := range b.Reasons {
		item("reasons", t.Code, t.Name)
	}
	if b.Emergency && b.ReviewHours == 0 {
		r.fail(RuleExchange, "review_hours: an emergency release is reviewed within some hours")
	}
	r.add("exchange_terms", b.Code)
	r.sources(b.Sources...)
}

func (r *rowSet) foldRoute(b *entente.Route) {
	r.named(entente.Text{ES: "Ruta de salida de " + string(r.party), EN: "Route out of " + string(r.party)})
	r.maybe(b.Remark)
	r.text(b.Authority)
	r.words(b.Contacts...)
	if len(b.Authorisation) > 0 && b.Authority.IsZero() {
		r.fail(RuleExchange, "authority: who authorises is not named")
	}
	for i, g := range b.Duty {
		r.text(g.Name)
		if slices.ContainsFunc(b.Duty[:i], func(o entente.DutyGroup) bool { return o.Code == g.Code }) {
			r.fail(RuleExchange, "duty: %s is listed twice", g.Code)
		}
	}
	r.add("route", string(r.party), string(b.Ceiling))
	r.sources(b.Sources...)
	r.corrects(b.Correction)
}

func (r *rowSet) foldRequest(b *entente.Request) {
	r.toAnother(b.To)
	r.areas = b.Areas
	r.words(string(b.Kind), b.Purpose, b.Basis)
	r.authorised(b.Authorisation)
	r.add("request", string(b.To), string(b.Kind), b.Purpose, b.Urgency, moment(b.Due))
	r.addressees(b.To, "to", b.Agencies...)
	r.addressees("", "copied", b.Copied...)
	r.payload("question", &b.Question)
}

func (r *rowSet) foldRelease(b *entente.Release) {
	r.toAnother(b.To)
	r.areas = b.Areas
	r.handling(&b.Handling)
	r.authorised(b.Authorisation)
	log, idx := "", int64(-1)
	if b.Request != nil {
		log, idx = b.Request.Log, index(*b.Request)
		r.refer("request", LinkAbout, *b.Request, another, entente.TypeRequest)
	}
	if b.Consent != nil {
		r.refer("consent", LinkAbout, *b.Consent, another, entente.TypePermission)
	}
	if (b.Consent == nil) != (b.Item == nil) {
		r.fail(RuleExchange, "consent and item go together")
	}
	duty, acknowledge := "", ""
	if b.Alert != nil {
		duty, acknowledge = b.Alert.Group, moment(b.Alert.Acknowledge)
	}
	r.add("release", string(b.To), log, idx, b.Form, string(b.Handling.TLP), b.Handling.Territory, string(b.Handling.Retain),
		duty, acknowledge, flag(b.Emergency))
	r.addressees(b.To, "to", b.Recipients...)
	r.addressees("", "copied", b.Copied...)
	r.payload("content", &b.Content)
}

// handling: the conditions do not contradict themselves.
func (r *rowSet) handling(h *entente.Handling) {
	r.span("to", h.From, h.To)
	r.date("retain", h.Retain)
	if len(h.Retain) != len("2006-01-02") {
		r.fail(RuleExchange, "retain: a day is needed, not %q", h.Retain)
	}
	if (h.Onward == entente.OnwardNamed) != (len(h.OnwardTo) > 0) {
		r.fail(RuleExchange, "onward_to belongs to onward use by named agencies")
	}
	for _, c := range h.Consented {
		if !slices.Contains(h.Purposes, c) {
			r.fail(RuleExchange, "consented: %s is not among the purposes", c)
		}
	}
	r.words(h.Purposes...)
}

func (r *rowSet) foldReceipt(b *entente.Receipt) {
	if (b.Verdict == "rejected") != (b.Reason != "") {
		r.fail(RuleExchange, "reason: a rejection has one, a receipt none")
	}
	r.aboutRelease("receipt", b.Release, another, b.Verdict, b.Reason)
}

func (r *rowSet) foldPermissionRequest(b *entente.PermissionRequest) {
	r.toAnother(b.Of)
	collection := b.Kind == "collection"
	if collection != (b.Release == nil) || collection != (b.Item != nil) || collection != (b.Description != nil) {
		r.fail(RuleExchange, "kind %s: collection has item and description, onward and use have release", b.Kind)
	}
	if (b.Kind == "onward") != (len(b.Agencies) > 0) {
		r.fail(RuleExchange, "kind %s: agencies belong to onward", b.Kind)
	}
	log, idx := "", int64(-1)
	if b.Release != nil {
		log, idx = b.Release.Log, index(*b.Release)
		r.refer("release", LinkAbout, *b.Release, another, entente.TypeRelease)
	}
	r.add("permission_request", string(b.Of), b.Kind, log, idx, b.Purpose, hexOrEmpty(b.Item))
	r.addressees(r.party, "onward", b.Agencies...)
	r.payload("description", b.Description)
}

func (r *rowSet) foldOnward(b *entente.Onward) {
	if b.Permission != nil {
		r.refer("permission", LinkAbout, *b.Permission, another, entente.TypePermission)
	}
	r.aboutRelease("onward", b.Release, another, b.Purpose)
	r.addressees(r.party, "onward", b.Agencies...)
}

func (r *rowSet) foldPause(b *entente.Pause) {
	if (b.Scope == "area") != (b.Area != "") || (b.Scope == "agency") != (b.Agency != "") {
		r.fail(RuleExchange, "scope %s: area or agency is named where it is the scope", b.Scope)
	}
	r.named(b.Reason)
	r.words(b.Area, b.Agency)
	r.add("pause", b.Scope, b.Area, b.Agency)
}

func (r *rowSet) foldUse(b *entente.Use) {
	r.add("use", b.Agency, b.Purpose, b.By.String(), b.Mode)
	for i, to := range b.Releases {
		if slices.Contains(b.Releases[:i], to) {
			r.fail(RuleExchange, "releases: %s is named twice", to)
		}
		r.refer("releases", LinkAbout, to, anyones, entente.TypeRelease)
		r.add("use_of", to.Log, index(to))
	}
}

// moment is a time as a column holds it: RFC 3339, UTC, to the second.
func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// flag is a truth as a column holds it.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
