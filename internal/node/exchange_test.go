package node

import (
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/internal/entry"
	"entente/internal/policy"
	"entente/internal/store"
)

// exchanging is a founded world with terms in force and a route of each party.
func exchanging(t testing.TB) *world {
	w := newWorld(t).found()
	half := w.mx.propose(t, entente.TypeExchangeTerms, "terms", exampleTerms())
	w.sync()
	w.us.accept(t, half)
	w.mx.state(t, entente.TypeRoute, "route", &entente.Route{
		Contacts: []string{"SRE"}, Authorisation: []string{"release", "case_transfer"}, Authority: both("office"), Ceiling: entente.Unclassified,
	})
	w.us.state(t, entente.TypeRoute, "route", &entente.Route{Contacts: []string{"DOS"}, Authorisation: []string{}, Ceiling: entente.Restricted})
	w.sync()
	return w
}

func exampleTerms() *entente.ExchangeTerms {
	purpose := func(code string, rule entente.PurposeRule) entente.Purpose {
		return entente.Purpose{Code: code, Name: both("the " + code), Rule: rule}
	}
	return &entente.ExchangeTerms{
		Joint: joint(), Code: "x-2026", Emergency: true, ReviewHours: 24,
		Purposes: []entente.Purpose{
			purpose("criminal_investigation", entente.PurposeOpen), purpose("border_inspection", entente.PurposeOpen),
			purpose("prosecution", entente.PurposeOpen), purpose("sanctions", entente.PurposeConsent),
			purpose("use_of_force_outside_own_territory", entente.PurposeNever),
		},
		Bases: []entente.Term{{Code: "own_law", Name: both("own law")}}, Reasons: []entente.Term{{Code: "not_held", Name: both("not held")}},
	}
}

func sealedAs(of string) entente.Sealed {
	return entente.Sealed{Digest: entente.DigestOf([]byte(of)), Size: 9}
}

// exampleRelease is a release of Mexico that its gate lets through.
func exampleRelease() *entente.Release {
	return &entente.Release{
		To: entente.US, Recipients: []string{"CBP"}, Copied: []string{"SRE", "DOS"}, Areas: []string{"A01"}, Form: "files", Content: sealedAs("content"),
		Handling: entente.Handling{
			Territory: "MX", Collector: "SSPC", From: "2026-02-01", To: "2026-02-20", Basis: "own_law", Source: "B", Information: "2",
			Classification: entente.Unclassified, TLP: entente.TLPAmber, Purposes: []string{"criminal_investigation"},
			Onward: entente.OnwardAsk, Retain: "2026-06-30", Assessed: true,
		},
		Authorisation: &entente.Authorisation{Reference: "A-1", Authority: "An office", Date: "2026-02-28"},
	}
}

func exampleRequest() *entente.Request {
	return &entente.Request{
		To: entente.US, Agencies: []string{"CBP"}, Copied: []string{"SRE", "DOS"}, Areas: []string{"A01"}, Kind: entente.AskData,
		Purpose: "criminal_investigation", Basis: "own_law", Urgency: "routine", Due: time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC),
		Question: sealedAs("question"),
	}
}

// exchangeIntent is an entry for the shared log, signed by these officers.
func (p *party) exchangeIntent(typ entente.Type, subject string, body any, by, second *Officer) Intent {
	return Intent{Type: typ, Subject: subject, Agency: p.first.Agency(), Audience: entente.Shared, Body: body, By: by, Second: second}
}

// state appends to the shared log, with both officers.
func (p *party) state(t testing.TB, typ entente.Type, subject string, body any) entente.Ref {
	t.Helper()
	return p.append(t, p.exchangeIntent(typ, subject, body, p.first, p.second))
}

// force appends to the shared log past the gate, as a node would that is not kept
// by its party's policies.
func (p *party) force(t testing.TB, typ entente.Type, subject string, body any) entente.Ref {
	t.Helper()
	origin := p.Origin(entente.Shared)
	text := must(entry.Compose(typ, entente.Header{
		ID: NewID(), Author: entente.Author{Party: p.Writer().Party, Agency: p.first.Agency()}, Time: p.now(), Subject: subject,
		Decision: &entente.Decision{Gate: entente.GateRelease, Policy: entente.DigestOf(nil), Policies: []string{"forced"}},
		Body:     must(entry.Body(body)),
	}))
	raw := must(entry.Sign(text, must(p.signer(origin, entente.RoleAgency, p.first.Agency())), must(p.first.sign()), must(p.second.sign())))
	done, err := p.store.Append(t.Context(), store.Draft{Origin: origin, Raw: raw})
	if err != nil {
		t.Fatal(err)
	}
	return done[0].Ref
}

// decides checks what the policies say of a use: the names of those that refuse, or
// that it is allowed.
func (p *party) decides(t testing.TB, u Use, refused ...string) {
	t.Helper()
	d, why, err := p.DecideUse(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	if d.Allow != (len(refused) == 0) || !d.Allow && !slices.Equal(d.Policies, refused) {
		t.Errorf("%s: allowed %v by %v, want refused by %v", u.Act, d.Allow, d.Policies, refused)
	}
	if !d.Allow && len(why) != len(d.Policies) {
		t.Errorf("%d reasons for %v", len(why), d.Policies)
	}
}

func opening(ref entente.Ref) Use {
	return Use{Act: policy.Open, Of: ref, Agency: "CBP", Roles: []string{"officer"}, Purpose: "criminal_investigation"}
}

func passing(ref entente.Ref, to ...string) Use {
	u := opening(ref)
	u.Act, u.Agencies = policy.Pass, to
	return u
}

func receiving(ref entente.Ref) Use { return Use{Act: policy.Receive, Of: ref} }

// Every condition of a release is held by the node that lets it out, and again by
// the one that takes it in.
func TestBothNodesDecideOnARelease(t *testing.T) {
	w := exchanging(t)
	i := 0
	for name, c := range map[string]struct {
		change  func(*entente.Release)
		refused []string
	}{
		"as it should be":       {func(*entente.Release) {}, nil},
		"collected abroad":      {func(r *entente.Release) { r.Handling.Territory = "US" }, []string{"p2-foreign-collection"}},
		"in a third state":      {func(r *entente.Release) { r.Handling.Territory = "GT" }, []string{"p2-foreign-collection"}},
		"by another's agency":   {func(r *entente.Release) { r.Handling.Collector = "CBP" }, []string{"p2-own-collector"}},
		"no contact of its own": {func(r *entente.Release) { r.Copied = []string{"DOS"} }, []string{"p4-contacts"}},
		"no contact of theirs":  {func(r *entente.Release) { r.Copied = []string{"SRE"} }, []string{"p4-contacts"}},
		"not authorised":        {func(r *entente.Release) { r.Authorisation = nil }, []string{"p4-authorised"}},
		"authorised tomorrow":   {func(r *entente.Release) { r.Authorisation.Date = "2026-03-02" }, []string{"p4-authorised"}},
		"authorised by blanks":  {func(r *entente.Release) { r.Authorisation.Reference = " " }, []string{"p4-authorised"}},
		"restricted":            {func(r *entente.Release) { r.Handling.Classification = entente.Restricted }, []string{"p4-ceiling"}},
		"a basis of its own":    {func(r *entente.Release) { r.Handling.Basis = "whim" }, []string{"x1-basis"}},
		"a purpose of its own":  {func(r *entente.Release) { r.Handling.Purposes = []string{"curiosity"} }, []string{"x1-purpose"}},
		"prosecution":           {func(r *entente.Release) { r.Handling.Purposes = []string{"prosecution"} }, []string{"x1-evidence"}},
		"an area of nobody":     {func(r *entente.Release) { r.Areas = append(r.Areas, "A99") }, []string{"x1-area"}},
		"an agency of nobody":   {func(r *entente.Release) { r.Recipients = []string{"NSA"} }, []string{"x2-agencies"}},
		"a copy for nobody":     {func(r *entente.Release) { r.Copied = append(r.Copied, "NSA") }, []string{"x2-agencies"}},
		"red, to be passed on":  {func(r *entente.Release) { r.Handling.TLP = entente.TLPRed }, []string{"x2-red"}},
		"kept until yesterday":  {func(r *entente.Release) { r.Handling.Retain = "2026-02-28" }, []string{"x3-retain"}},
		"kept until today":      {func(r *entente.Release) { r.Handling.Retain = "2026-03-01" }, nil},
		"force abroad": {func(r *entente.Release) {
			r.Handling.Purposes = append(r.Handling.Purposes, "use_of_force_outside_own_territory")
		},
			[]string{"x4-never"}},
		"sanctions": {func(r *entente.Release) { r.Handling.Purposes = []string{"sanctions"} }, []string{"x4-consented"}},
		"sanctions with consent": {func(r *entente.Release) {
			r.Handling.Purposes, r.Handling.Consented = []string{"sanctions"}, []string{"sanctions"}
		}, nil},
		"not assessed":    {func(r *entente.Release) { r.Handling.Assessed = false }, []string{"x4-assessed"}},
		"a risk":          {func(r *entente.Release) { r.Handling.Risks = []string{"torture"} }, []string{"x4-risk"}},
		"danger and more": {func(r *entente.Release) { r.Handling.Risks, r.Copied = []string{"danger_to_source"}, nil }, []string{"p4-contacts", "x4-risk"}},
		"an alert, which needs no authorisation here": {func(r *entente.Release) {
			r.Alert, r.Authorisation = &entente.Alert{Group: "watch", Acknowledge: day.AddDate(0, 0, 1)}, nil
		}, nil},
	} {
		r := exampleRelease()
		c.change(r)
		in := w.mx.exchangeIntent(entente.TypeRelease, "r"+string(rune('a'+i)), r, w.mx.first, w.mx.second)
		i++
		found, err := w.mx.Check(t.Context(), in)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var codes []string
		for _, f := range found {
			codes = append(codes, strings.TrimPrefix(f.Code, "policy."))
			if !f.Blocking || f.Rule.ES == "" || f.Mend.EN == "" {
				t.Errorf("%s: %+v", name, f)
			}
		}
		if !slices.Equal(codes, c.refused) {
			t.Errorf("%s: the gate says %v, want %v", name, codes, c.refused)
		}
		ref := w.mx.force(t, entente.TypeRelease, in.Subject, r)
		w.sync()
		t.Log(name)
		w.us.decides(t, receiving(ref), c.refused...)
	}
}

var day = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// What the other's territory gave leaves with the other's permission on that item.
func TestConsentIsOnTheItemAndOfTheOwner(t *testing.T) {
	w := exchanging(t)
	item, other := entente.DigestOf([]byte("item")), entente.DigestOf([]byte("other"))
	description := sealedAs("description")
	asked := w.mx.state(t, entente.TypePermissionRequest, "p1", &entente.PermissionRequest{
		Of: entente.US, Kind: "collection", Purpose: "criminal_investigation", Item: &item, Description: &description,
	})
	w.sync()
	given := w.us.state(t, entente.TypePermission, "g1", &entente.Permission{Asked: asked, Granted: true, Until: "2026-03-10"})
	w.sync()
	released := func(change func(*entente.Release)) Intent {
		r := exampleRelease()
		r.Handling.Territory, r.Consent, r.Item = "US", &given, &item
		change(r)
		return w.mx.exchangeIntent(entente.TypeRelease, "r1", r, w.mx.first, w.mx.second)
	}
	checks := func(in Intent, want ...string) {
		t.Helper()
		found, err := w.mx.Check(t.Context(), in)
		var codes []string
		for _, f := range found {
			codes = append(codes, strings.TrimPrefix(f.Code, "policy."))
		}
		if err != nil || !slices.Equal(codes, want) {
			t.Errorf("%v %v, want %v", codes, err, want)
		}
	}
	checks(released(func(*entente.Release) {}))
	checks(released(func(r *entente.Release) { r.Handling.Territory = "GT" })) // nobody's: the recipient's word
	checks(released(func(r *entente.Release) { r.Item = &other }), "p2-consent-fits")
	ref := w.mx.append(t, released(func(*entente.Release) {}))
	w.sync()
	w.us.decides(t, receiving(ref))

	// The permission ends, or is taken back.
	w.clock.set(time.Date(2026, 3, 11, 0, 0, 0, 0, time.UTC))
	w.us.decides(t, receiving(ref), "p2-consent-fits")
	checks(released(func(*entente.Release) {}), "p2-consent-fits")
	w.clock.set(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC))
	checks(released(func(*entente.Release) {}))
	w.us.state(t, entente.TypePermission, "g1", &entente.Permission{Asked: asked, Granted: false, Reason: "not_held"})
	w.sync()
	checks(released(func(*entente.Release) {}), "p2-consent-fits")
	w.us.decides(t, receiving(ref), "p2-consent-fits")
	w.refuses(w.us.Node, "policy.x1-reason", func() error {
		_, err := w.us.Append(t.Context(), w.us.exchangeIntent(entente.TypePermission, "g1",
			&entente.Permission{Asked: asked, Granted: false, Reason: "mood"}, w.us.first, w.us.second))
		return err
	})
}

// Opening and passing on follow what the originator said, then and later.
func TestUsesFollowTheOriginator(t *testing.T) {
	w := exchanging(t)
	ref := w.mx.state(t, entente.TypeRelease, "r1", exampleRelease())
	w.sync()
	w.us.decides(t, receiving(ref))
	w.us.decides(t, opening(ref))
	w.mx.decides(t, Use{Act: policy.Open, Of: ref, Agency: "SRE", Purpose: "criminal_investigation"})
	w.mx.decides(t, receiving(ref), "p5-concerned")

	for name, c := range map[string]struct {
		change  func(*Use)
		refused string
	}{
		"another agency":         {func(u *Use) { u.Agency = "HSI" }, "x2-addressed"},
		"no agency":              {func(u *Use) { u.Agency = "" }, "x2-addressed"},
		"a purpose not allowed":  {func(u *Use) { u.Purpose = "border_inspection" }, "x1-permitted"},
		"after it was shredded":  {func(u *Use) { u.Shredded = true }, "x2-shredded"},
		"what is not here":       {func(u *Use) { u.Of.Index = 999 }, "p4-undescribed"},
		"the leaf of another":    {func(u *Use) { u.Of.Leaf[0]++ }, "p4-undescribed"},
		"passed on unasked":      {func(u *Use) { u.Act, u.Agencies = policy.Pass, []string{"DOS"} }, "x2-onward"},
		"passed on to the other": {func(u *Use) { u.Act, u.Agencies = policy.Pass, []string{"SSPC"} }, "x2-agencies x2-onward"},
	} {
		u := opening(ref)
		c.change(&u)
		t.Log(name)
		w.us.decides(t, u, strings.Fields(c.refused)...)
	}
	u := opening(ref)
	u.Purpose = "sanctions"
	w.us.decides(t, u, "x1-permitted", "x4-consented")

	// Permissions for more, asked for and given.
	more := w.us.state(t, entente.TypePermissionRequest, "p1", &entente.PermissionRequest{Of: entente.MX, Kind: "use", Release: &ref, Purpose: "sanctions"})
	on := w.us.state(t, entente.TypePermissionRequest, "p2", &entente.PermissionRequest{
		Of: entente.MX, Kind: "onward", Release: &ref, Agencies: []string{"DOS"}, Purpose: "criminal_investigation"})
	w.sync()
	w.us.decides(t, u, "x1-permitted", "x4-consented")
	w.mx.state(t, entente.TypePermission, "g1", &entente.Permission{Asked: more, Granted: true, Until: "2026-03-10"})
	granted := w.mx.state(t, entente.TypePermission, "g2", &entente.Permission{Asked: on, Granted: true})
	w.sync()
	w.us.decides(t, u)
	w.us.decides(t, passing(ref, "DOS"))
	w.us.decides(t, passing(ref, "DOS", "CBP"), "x2-onward") // not both were asked for
	w.us.decides(t, Use{Act: policy.Open, Of: ref, Agency: "DOS", Purpose: "criminal_investigation"})
	in := w.us.exchangeIntent(entente.TypeOnward, "o1", &entente.Onward{
		Release: ref, Agencies: []string{"DOS"}, Purpose: "criminal_investigation", Permission: &granted}, w.us.first, nil)
	w.us.append(t, in)

	w.clock.set(time.Date(2026, 3, 11, 0, 0, 0, 0, time.UTC))
	w.us.decides(t, u, "x1-permitted", "x4-consented") // the permission has ended
	w.clock.set(time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC))
	w.us.decides(t, opening(ref), "x3-expired")
}

// An agency that something was passed on to has it, and no other.
func TestPassedOnIsWhatIsStated(t *testing.T) {
	w := exchanging(t)
	r := exampleRelease()
	r.Copied = []string{"SRE", "DOS"}
	r.Recipients = []string{"DOS"}
	r.Handling.Onward, r.Handling.OnwardTo = entente.OnwardNamed, []string{"CBP"}
	ref := w.mx.state(t, entente.TypeRelease, "r1", r)
	w.sync()
	w.us.decides(t, opening(ref), "x2-addressed")
	w.us.append(t, w.us.exchangeIntent(entente.TypeOnward, "o1",
		&entente.Onward{Release: ref, Agencies: []string{"CBP"}, Purpose: "criminal_investigation"}, w.us.first, nil))
	w.us.decides(t, opening(ref))
	w.refuses(w.us.Node, "policy.x1-permitted", func() error {
		_, err := w.us.Append(t.Context(), w.us.exchangeIntent(entente.TypeOnward, "o2",
			&entente.Onward{Release: ref, Agencies: []string{"CBP"}, Purpose: "border_inspection"}, w.us.first, nil))
		return err
	})
}

// Holds, reports of misuse and recalls act at once, and what lifts them too.
func TestWhatStopsAUse(t *testing.T) {
	w := exchanging(t)
	ref := w.mx.state(t, entente.TypeRelease, "r1", exampleRelease())
	w.sync()
	w.us.decides(t, opening(ref))

	hold := w.us.append(t, w.us.exchangeIntent(entente.TypeHold, "h1",
		&entente.Hold{Release: ref, Ground: "court_order", Authority: both("a court"), Review: "2026-09-01"}, w.us.second, nil))
	w.us.decides(t, opening(ref), "x2-held")
	if _, err := w.us.Withdraw(t.Context(), hold, both("lifted"), w.us.first, w.us.second); err != nil {
		t.Fatal(err)
	}
	w.us.decides(t, opening(ref))

	misuse := w.us.append(t, w.us.exchangeIntent(entente.TypeMisuse, "m1",
		&entente.Misuse{Release: ref, Kind: "disclosure", Due: day.AddDate(0, 0, 5)}, w.us.second, nil))
	w.us.decides(t, opening(ref), "x2-frozen")
	w.refuses(w.us.Node, "policy.p5-concerned", func() error {
		_, err := w.us.Append(t.Context(), w.us.exchangeIntent(entente.TypeMisuseOutcome, "u1",
			&entente.MisuseOutcome{Misuse: misuse, Outcome: "unfounded"}, w.us.first, w.us.second))
		return err
	})
	w.sync()
	w.mx.state(t, entente.TypeMisuseOutcome, "u1", &entente.MisuseOutcome{Misuse: misuse, Outcome: "remedied"})
	w.sync()
	w.us.decides(t, opening(ref))

	w.mx.append(t, w.mx.exchangeIntent(entente.TypeRecall, "c1", &entente.Recall{Release: ref, Reason: "legal"}, w.mx.second, nil))
	w.us.decides(t, opening(ref)) // the word has not arrived
	w.sync()
	w.us.decides(t, opening(ref), "x2-recalled")
	w.us.decides(t, receiving(ref), "x2-recalled")
	w.us.append(t, w.us.exchangeIntent(entente.TypeDeletion, "d1", &entente.Deletion{Release: ref, Cause: "recall", Key: true, Blob: true}, nil, nil))
	w.us.decides(t, opening(ref), "x2-recalled", "x2-shredded")
}

// A pause of either side stops what leaves, at both, in its scope.
func TestAPauseStopsWhatLeaves(t *testing.T) {
	w := exchanging(t)
	for i, c := range []struct {
		by    *party
		pause entente.Pause
		stops bool
	}{
		{w.mx, entente.Pause{Scope: "programme"}, true},
		{w.us, entente.Pause{Scope: "programme"}, true},
		{w.us, entente.Pause{Scope: "area", Area: "A01"}, true},
		{w.us, entente.Pause{Scope: "area", Area: "A02"}, false},
		{w.us, entente.Pause{Scope: "agency", Agency: "CBP"}, true},  // a recipient
		{w.mx, entente.Pause{Scope: "agency", Agency: "SSPC"}, true}, // the collector
		{w.us, entente.Pause{Scope: "agency", Agency: "DOS"}, false},
	} {
		c.pause.Reason = both("looking into it")
		paused := c.by.append(t, c.by.exchangeIntent(entente.TypePause, "p1", &c.pause, c.by.second, nil))
		w.sync()
		found, err := w.mx.Check(t.Context(), w.mx.exchangeIntent(entente.TypeRelease, "r1", exampleRelease(), w.mx.first, w.mx.second))
		if err != nil {
			t.Fatal(err)
		}
		stopped := len(found) == 1 && found[0].Code == "policy.p1-paused"
		if stopped != c.stops || !stopped && len(found) > 0 {
			t.Errorf("%d: %v", i, found)
		}
		if _, err := c.by.Withdraw(t.Context(), paused, both("resumed"), c.by.first, c.by.second); err != nil {
			t.Fatal(err)
		}
		w.sync()
		if found, err := w.mx.Check(t.Context(), w.mx.exchangeIntent(entente.TypeRelease, "r1", exampleRelease(), w.mx.first, w.mx.second)); err != nil || len(found) > 0 {
			t.Errorf("%d: not resumed: %v %v", i, found, err)
		}
	}
	w.refuses(w.us.Node, "policy.x2-agencies", func() error {
		_, err := w.us.Append(t.Context(), w.us.exchangeIntent(entente.TypePause, "p2",
			&entente.Pause{Scope: "agency", Agency: "SSPC", Reason: both("theirs")}, w.us.second, nil))
		return err
	})
}

// A pause names an area as the charter does: another name would stop nothing.
func TestAPauseIsOfAnAreaOfTheCharter(t *testing.T) {
	w := exchanging(t)
	w.refuses(w.us.Node, "policy.x1-area", func() error {
		_, err := w.us.Append(t.Context(), w.us.exchangeIntent(entente.TypePause, "p1",
			&entente.Pause{Scope: "area", Area: "a01", Reason: both("misspelt")}, w.us.second, nil))
		return err
	})
}

// No clock is set for a moment that has passed, by either side; what was set in time
// and arrives late is taken in.
func TestClocksAreSetForMomentsToCome(t *testing.T) {
	w := exchanging(t)
	w.mx.state(t, entente.TypeRelease, "r1", exampleRelease())
	now := w.clock.Now()
	alert := func(at time.Time) *entente.Release {
		r := exampleRelease()
		r.Alert = &entente.Alert{Group: "watch", Acknowledge: at}
		return r
	}
	asked := func(at time.Time) *entente.Request {
		q := exampleRequest()
		q.Due = at
		return q
	}
	late := w.mx.state(t, entente.TypeRelease, "r2", alert(now.Add(time.Minute)))
	reported := func(at time.Time) *entente.Misuse { return &entente.Misuse{Release: late, Kind: "disclosure", Due: at} }
	for name, c := range map[string]struct {
		typ  entente.Type
		body func(time.Time) any
	}{
		"request": {entente.TypeRequest, func(at time.Time) any { return asked(at) }},
		"alert":   {entente.TypeRelease, func(at time.Time) any { return alert(at) }},
		"misuse":  {entente.TypeMisuse, func(at time.Time) any { return reported(at) }},
	} {
		for _, at := range []struct {
			due     time.Time
			refused bool
		}{{now.Add(-time.Hour), true}, {now, true}, {now.Add(time.Minute), false}} {
			found, err := w.mx.Check(t.Context(), w.mx.exchangeIntent(c.typ, "c1", c.body(at.due), w.mx.first, w.mx.second))
			if err != nil {
				t.Fatal(err)
			}
			refused := len(found) == 1 && found[0].Code == "policy.p1-due"
			if refused != at.refused || !refused && len(found) > 0 {
				t.Errorf("%s due %s after now: %v", name, at.due.Sub(now), found)
			}
		}
	}
	w.sync()
	w.clock.set(now.Add(time.Hour))
	w.us.decides(t, receiving(late))
}

// Who signs what of the exchange.
func TestWhoSignsWhatOfTheExchange(t *testing.T) {
	w := exchanging(t)
	ref := w.mx.state(t, entente.TypeRelease, "r1", exampleRelease())
	request := w.mx.state(t, entente.TypeRequest, "q1", exampleRequest())
	w.sync()
	alone := func(p *party, who *Officer, typ entente.Type, body any, want string) {
		t.Helper()
		in := p.exchangeIntent(typ, "alone", body, who, nil)
		if want == "" {
			p.append(t, in)
			return
		}
		w.refuses(p.Node, want, func() error { _, err := p.Append(t.Context(), in); return err })
	}
	const second, releasing = "policy.p4-release-second-officer", "policy.p4-releasing-officer"
	alone(w.mx, w.mx.second, entente.TypeRelease, exampleRelease(), second)
	alone(w.mx, w.mx.second, entente.TypeRequest, exampleRequest(), second)
	alone(w.us, w.us.second, entente.TypeRefusal, &entente.Denial{Request: request, Reason: "not_held"}, second)
	alone(w.us, w.us.first, entente.TypeFeedback, &entente.Feedback{Release: ref, Useful: true}, "")
	alone(w.us, w.us.first, entente.TypeHold, &entente.Hold{Release: ref, Ground: "audit", Authority: both("x"), Review: "2026-09-01"}, releasing)
	alone(w.mx, w.mx.first, entente.TypeRecall, &entente.Recall{Release: ref, Reason: "legal"}, releasing)
	alone(w.mx, w.mx.first, entente.TypePause, &entente.Pause{Scope: "programme"}, releasing)
	alone(w.mx, w.mx.second, entente.TypeKeyExport, &entente.KeyExport{Key: "k-1", Agency: "SRE", Reason: both("audit")}, "policy.p4-key-export")
	w.mx.state(t, entente.TypeKeyExport, "k1", &entente.KeyExport{Key: "k-1", Agency: "SRE", Reason: both("audit")})
	w.us.state(t, entente.TypeRefusal, "f1", &entente.Denial{Request: request, Reason: "not_held"})

	// The node states receipts by itself.
	digest := exampleRelease().Content.Digest
	w.us.append(t, w.us.exchangeIntent(entente.TypeReceipt, "n1", &entente.Receipt{
		Release: ref, Verdict: "received", Digest: digest, Policy: digest, Policies: []string{"p1-receive"}}, nil, nil))

	// What only a second officer can settle is told as such.
	found, err := w.mx.Check(t.Context(), w.mx.exchangeIntent(entente.TypeRecall, "c1", &entente.Recall{Release: ref, Reason: "legal"}, w.mx.first, nil))
	if err != nil || len(found) != 1 || found[0].Blocking {
		t.Errorf("%v %v", found, err)
	}
	w.mx.append(t, w.mx.exchangeIntent(entente.TypeRecall, "c1", &entente.Recall{Release: ref, Reason: "legal"}, w.mx.first, w.mx.second))
}

// In an emergency one releasing officer releases, and another looks at it later.
func TestAnEmergencyIsReviewedByAnother(t *testing.T) {
	w := exchanging(t)
	r := exampleRelease()
	r.Emergency = true
	w.refuses(w.mx.Node, "policy.p4-emergency", func() error {
		_, err := w.mx.Append(t.Context(), w.mx.exchangeIntent(entente.TypeRelease, "e1", r, w.mx.first, nil))
		return err
	})
	ref := w.mx.append(t, w.mx.exchangeIntent(entente.TypeRelease, "e1", r, w.mx.second, nil))
	w.sync()
	w.us.decides(t, receiving(ref))
	review := &entente.Review{Release: ref, Outcome: "upheld"}
	w.refuses(w.mx.Node, "policy.p4-independent-review", func() error {
		_, err := w.mx.Append(t.Context(), w.mx.exchangeIntent(entente.TypeReview, "v1", review, w.mx.second, nil))
		return err
	})
	root := must(w.mx.keyDir.UnlockRoot(passphrase))
	if _, err := w.mx.AddOfficer(t.Context(), NewOfficer{
		Name: "third", Agency: "SRE", Roles: []string{"officer", RoleReleasing}, Passphrase: passphrase}, root); err != nil {
		t.Fatal(err)
	}
	third := w.unlock(w.mx.Node, "third")
	w.mx.append(t, w.mx.exchangeIntent(entente.TypeReview, "v1", review, third, nil))
	plain := w.mx.state(t, entente.TypeRelease, "e2", exampleRelease())
	w.refuses(w.mx.Node, "policy.p5-concerned", func() error {
		_, err := w.mx.Append(t.Context(), w.mx.exchangeIntent(entente.TypeReview, "v2", &entente.Review{Release: plain, Outcome: "upheld"}, third, nil))
		return err
	})
}

// Requests are answered by those who were asked, and carry their conditions.
func TestRequestsAndTheirAnswers(t *testing.T) {
	w := exchanging(t)
	for name, c := range map[string]struct {
		change func(*entente.Request)
		want   string
	}{
		"a purpose of its own": {func(r *entente.Request) { r.Purpose = "curiosity" }, "policy.x1-purpose"},
		"force abroad":         {func(r *entente.Request) { r.Purpose = "use_of_force_outside_own_territory" }, "policy.x4-never"},
		"no contacts":          {func(r *entente.Request) { r.Copied = nil }, "policy.p4-contacts"},
		"a transfer":           {func(r *entente.Request) { r.Kind = entente.AskTransfer }, "policy.p4-authorised"},
	} {
		r := exampleRequest()
		c.change(r)
		t.Log(name)
		w.refuses(w.mx.Node, c.want, func() error {
			_, err := w.mx.Append(t.Context(), w.mx.exchangeIntent(entente.TypeRequest, "q1", r, w.mx.first, w.mx.second))
			return err
		})
	}
	transfer := exampleRequest()
	transfer.Kind, transfer.Assurance = entente.AskTransfer, "DP-1"
	transfer.Authorisation = &entente.Authorisation{Reference: "A", Authority: "B", Date: "2026-01-01"}
	asked := w.mx.state(t, entente.TypeRequest, "q1", transfer)
	w.sync()
	w.us.decides(t, Use{Act: policy.Receive, Of: asked})
	w.us.decides(t, Use{Act: policy.Open, Of: asked, Agency: "CBP"})
	w.us.decides(t, Use{Act: policy.Open, Of: asked, Agency: "HSI"}, "x2-addressed")

	answer := exampleRelease()
	answer.To, answer.Recipients, answer.Request = entente.MX, []string{"SRE"}, &asked
	answer.Handling.Territory, answer.Handling.Collector = "US", "CBP"
	in := w.us.exchangeIntent(entente.TypeRelease, "r1", answer, w.us.first, w.us.second)
	for _, assurance := range []string{"", " \t"} {
		answer.Assurance = assurance
		in.Body = answer
		w.refuses(w.us.Node, "policy.x4-death-penalty", func() error { _, err := w.us.Append(t.Context(), in); return err })
	}
	answer.Assurance = "DP-1"
	in.Body = answer
	ref := w.us.append(t, in)
	w.sync()
	w.mx.decides(t, receiving(ref))
}

// A refusal names what was found, in both languages.
func TestRefusalsNameWhatIsMeant(t *testing.T) {
	w := exchanging(t)
	r := exampleRelease()
	r.Handling.Territory = "US"
	in := w.mx.exchangeIntent(entente.TypeRelease, "r1", r, w.mx.first, w.mx.second)
	files := must(w.mx.Check(t.Context(), in))
	if len(files) != 1 || files[0].Code != "policy.p2-foreign-collection" {
		t.Fatal(files)
	}
	l := must(w.mx.inForce(t.Context()))
	text := entente.Text{ES: "obtenido fuera ({territory}) de ({to})", EN: "collected abroad ({territory}) copied ({contacts}) for ({purposes}) above ({ceiling})"}
	set := must(policy.Load("@id(\"no\") forbid (principal, action, resource) when { context has exchange };",
		map[string]entente.Refusal{"no": {Rule: text, Mend: text}}, entente.Digest{}))
	q := must(w.mx.ask(t.Context(), must(w.mx.plan(in)), officers{}))
	q.law = &law{set: set, charter: l.charter}
	j := judgement{policy.Decision{Policies: []string{"no"}}, q}
	got := j.refusals()[0]
	if got.Rule.ES != "obtenido fuera (US) de (US)" {
		t.Errorf("es: %s", got.Rule.ES)
	}
	want := "collected abroad (US) copied (SRE, DOS) for (the criminal_investigation; the border_inspection; the prosecution; the sanctions) above (unclassified)"
	if got.Rule.EN != want {
		t.Errorf("en: %s", got.Rule.EN)
	}
}
