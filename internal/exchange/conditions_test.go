package exchange_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/internal/exchange"
	"entente/test/parties"
)

// blocked are the codes of what stands in the way of a draft.
func blocked(tb testing.TB, p *parties.Party, agency string, d *exchange.Draft) (codes []string) {
	tb.Helper()
	found, err := p.Exchange.Gate(background(), exchange.Officer(p.First(agency)), d.ID)
	check(tb, err)
	for _, f := range found {
		if f.Blocking {
			codes = append(codes, f.Code)
		}
	}
	return codes
}

// TestWhatWasCollectedElsewhereNeedsConsentOnThatItem: the consent exception.
func TestWhatWasCollectedElsewhereNeedsConsentOnThatItem(t *testing.T) {
	w := parties.New(t)
	ctx := t.Context()
	body := release("CBP")
	body.Handling.Territory = "US"
	d := draft(t, w.MX, "SSPC", entente.TypeRelease, body, "Invented example.", "a.txt", "collected in the United States")
	if codes := blocked(t, w.MX, "SSPC", d); !slices.Contains(codes, "policy.p2-foreign-collection") {
		t.Fatalf("in the way: %v", codes)
	}
	_, err := w.MX.Exchange.Submit(ctx, d.ID, w.MX.First("SSPC"))
	refused(t, "policy.p2-foreign-collection", err)

	asking, err := w.MX.Exchange.AskCollection(ctx, w.MX.User("sspc-first"), d.ID, "", entente.US, "criminal_investigation", "Example", "An invented description.")
	check(t, err)
	asked := sent(t, w.MX, "SSPC", asking)
	arrived(t, w.US, asked)
	until(t, "the description can be read", func() bool {
		o, err := w.US.Exchange.OpenQuestion(ctx, w.US.Reader("DOS"), asked)
		if err != nil {
			return false
		}
		text, _ := contents(t, o)
		return text == "An invented description."
	})
	answer, err := w.US.Exchange.Answer(ctx, by(w.US.First("DOS"), w.US.Second("DOS")), asked, true, "", "")
	consent := done(t, answer, err)
	arrived(t, w.MX, consent)

	body.Consent = &consent
	d, err = w.MX.Exchange.SaveBody(ctx, exchange.Officer(w.MX.First("SSPC")), d.ID, d.Revision, body)
	check(t, err)
	// Another item is not the one consented to.
	other := draft(t, w.MX, "SSPC", entente.TypeRelease, body, "", "a.txt", "something else")
	if codes := blocked(t, w.MX, "SSPC", other); !slices.Contains(codes, "policy.p2-consent-fits") {
		t.Errorf("another item: %v", codes)
	}
	ref := sent(t, w.MX, "SSPC", d)
	agree(t, w, ref, exchange.Received)
	s := state(t, w.US, ref)
	if s.Consent == nil || s.Consent.State != exchange.Granted || s.Body.Item == nil || *s.Body.Item != *s.Consent.Body.Item {
		t.Errorf("the consent chain: %+v", s.Consent)
	}
	if _, files := read(t, w.US, "CBP", ref, "criminal_investigation"); files["a.txt"] != "collected in the United States" {
		t.Errorf("opened %v", files)
	}
	sameDigests(t, w)
}

// TestFourEyes: nobody releases what he drafted, and only a releasing officer does.
func TestFourEyes(t *testing.T) {
	w := parties.New(t)
	ctx := t.Context()
	d := draft(t, w.MX, "SSPC", entente.TypeRelease, release("CBP"), "An invented answer.")
	_, err := w.MX.Exchange.Approve(ctx, d.ID, w.MX.Second("SSPC"))
	refused(t, "draft.state", err)
	if done, err := w.MX.Exchange.Submit(ctx, d.ID, w.MX.First("SSPC")); err != nil || done != nil {
		t.Fatalf("submitted: %v, %v", done, err)
	}
	_, err = w.MX.Exchange.Approve(ctx, d.ID, w.MX.First("SSPC"))
	refused(t, "gate.not_releasing", err)
	_, err = w.MX.Exchange.SaveBody(ctx, exchange.Officer(w.MX.First("SSPC")), d.ID, d.Revision, release("HSI"))
	refused(t, "exchange.waiting", err)
	if _, err := w.MX.Exchange.Approve(ctx, d.ID, w.MX.Second("FGR")); !errors.Is(err, exchange.ErrNotFound) {
		t.Errorf("a releasing officer of an agency that it does not concern: %v", err)
	}
	// The party's point of contact sees what it releases.
	seen, err := w.MX.Exchange.Draft(ctx, exchange.Officer(w.MX.Second("SRE")), d.ID)
	check(t, err)
	if seen.Text != "An invented answer." {
		t.Errorf("the releasing officer reads %q", seen.Text)
	}
	a, err := w.MX.Exchange.Approve(ctx, d.ID, w.MX.Second("SRE"))
	check(t, err)
	again, err := w.MX.Exchange.Approve(ctx, d.ID, w.MX.Second("SRE"))
	if err != nil || again.Ref != a.Ref || !again.Existing {
		t.Errorf("approved again: %+v, %v", again, err)
	}
	agree(t, w, a.Ref, exchange.Received)
}

// TestReturnedAndSentAgain: what was sealed for the first submission is shredded.
func TestReturnedAndSentAgain(t *testing.T) {
	w := parties.New(t)
	ctx := t.Context()
	d := draft(t, w.MX, "SSPC", entente.TypeRelease, release("CBP"), "First words.")
	_, err := w.MX.Exchange.Submit(ctx, d.ID, w.MX.First("SSPC"))
	check(t, err)
	first, err := w.MX.Store().Draft(ctx, d.ID)
	check(t, err)
	check(t, w.MX.Exchange.Return(ctx, exchange.Officer(w.MX.Second("SSPC")), d.ID, "Say more."))
	check(t, w.MX.Exchange.SetText(ctx, exchange.Officer(w.MX.First("SSPC")), d.ID, "", "Better words."))
	d, err = w.MX.Exchange.Draft(ctx, exchange.Officer(w.MX.First("SSPC")), d.ID)
	check(t, err)
	ref := sent(t, w.MX, "SSPC", d)
	agree(t, w, ref, exchange.Received)
	if text, _ := read(t, w.US, "CBP", ref, "criminal_investigation"); text != "Better words." {
		t.Errorf("opened %q", text)
	}
	if was := digestIn(t, string(first.Body)); !w.MX.Payloads().Tombstoned(was) || was == state(t, w.MX, ref).Body.Content.Digest {
		t.Error("what was sealed first is still here")
	}
	until(t, "the draft left nothing", func() bool { all, err := w.MX.Store().AllCarried(ctx); return err == nil && len(all) == 0 })
}

// digestIn finds the digest of the content in a release's body.
func digestIn(tb testing.TB, body string) entente.Digest {
	tb.Helper()
	_, rest, _ := strings.Cut(body, `"content":{"digest":"`)
	d, err := entente.ParseDigest(rest[:64])
	check(tb, err)
	return d
}

// TestTheGateSaysWhatIsMissing: nothing defaults to open.
func TestTheGateSaysWhatIsMissing(t *testing.T) {
	w := parties.New(t)
	change := func(f func(*entente.Release)) entente.Release { r := release("CBP"); f(&r); return r }
	for code, body := range map[string]entente.Release{
		"policy.p4-authorised":    change(func(r *entente.Release) { r.Authorisation = nil }),
		"policy.x4-assessed":      change(func(r *entente.Release) { r.Handling.Assessed = false }),
		"policy.x4-risk":          change(func(r *entente.Release) { r.Handling.Risks = []string{"torture"} }),
		"policy.x4-never":         change(func(r *entente.Release) { r.Handling.Purposes = []string{"use_of_force_outside_own_territory"} }),
		"policy.x4-consented":     change(func(r *entente.Release) { r.Handling.Purposes = []string{"sanctions"} }),
		"policy.x3-retain":        change(func(r *entente.Release) { r.Handling.Retain = "2026-01-01" }),
		"policy.x1-purpose":       change(func(r *entente.Release) { r.Handling.Purposes = []string{"curiosity"} }),
		"policy.p2-own-collector": change(func(r *entente.Release) { r.Handling.Collector = "CBP" }),
		"policy.p4-ceiling":       change(func(r *entente.Release) { r.Handling.Classification = entente.Secret }),
		"policy.x2-agencies":      change(func(r *entente.Release) { r.Recipients = []string{"NOBODY"} }),
		"rule.schema":             change(func(r *entente.Release) { r.Recipients = []string{} }),
	} {
		d := draft(t, w.MX, "SSPC", entente.TypeRelease, body, "An invented answer.")
		if codes := blocked(t, w.MX, "SSPC", d); !slices.Contains(codes, code) {
			t.Errorf("%s is not in the way: %v", code, codes)
		}
		if _, err := w.MX.Exchange.Submit(background(), d.ID, w.MX.First("SSPC")); err == nil {
			t.Errorf("%s did not keep it from being submitted", code)
		}
	}
	empty := draft(t, w.MX, "SSPC", entente.TypeRelease, release("CBP"), "")
	if codes := blocked(t, w.MX, "SSPC", empty); !slices.Contains(codes, "exchange.empty") {
		t.Errorf("an empty release: %v", codes)
	}
}

// TestAnAlertIsAcknowledgedEscalatedAndClosed: minutes, a duty group, an outcome.
func TestAnAlertIsAcknowledgedEscalatedAndClosed(t *testing.T) {
	w := parties.New(t)
	ctx := t.Context()
	body := release("CBP", "HSI")
	body.Alert = &entente.Alert{Group: "border-watch-us", Acknowledge: now(w.MX).Add(15 * time.Minute).Truncate(time.Second)}
	ref := sent(t, w.MX, "SSPC", draft(t, w.MX, "SSPC", entente.TypeRelease, body, "Invented example: shipment moving now."))
	agree(t, w, ref, exchange.Received)
	late := now(w.US).Add(time.Hour)
	clocks, err := w.US.Exchange.Clocks(ctx, late)
	check(t, err)
	if len(clocks) != 1 || clocks[0].Kind != exchange.ClockAlert || !slices.Contains(clocks[0].Escalate, "DHS") || clocks[0].Duty != "border-watch-us" {
		t.Errorf("clocks %+v", clocks)
	}
	d, err := w.US.Exchange.Acknowledge(ctx, by(w.US.First("HSI")), ref)
	arrived(t, w.MX, done(t, d, err))
	d, err = w.US.Exchange.CloseAlert(ctx, by(w.US.First("HSI")), ref, "acted")
	closed := done(t, d, err)
	arrived(t, w.MX, closed)
	for _, p := range w.Both() {
		s := state(t, p, ref)
		if s.Acknowledged == nil || s.Acknowledged.Body.Outcome != "acted" || s.AcknowledgedAt.IsZero() || !s.AcknowledgedAt.Before(s.Acknowledged.Time) {
			t.Errorf("%s: %+v at %s", p.Writer().Writer(), s.Acknowledged, s.AcknowledgedAt)
		}
		if clocks, err := p.Exchange.Clocks(ctx, late); err != nil || len(clocks) != 0 {
			t.Errorf("%s: clocks %+v, %v", p.Writer().Writer(), clocks, err)
		}
	}
	d, err = w.US.Exchange.CloseAlert(ctx, by(w.US.First("HSI")), ref, "acted")
	if err != nil || d.Entry == nil || d.Entry.Ref != closed {
		t.Errorf("closed again: %+v, %v", d, err)
	}
}

// TestAnEmergencyReleaseIsReviewedBySomebodyElse: one releasing officer, flagged.
func TestAnEmergencyReleaseIsReviewedBySomebodyElse(t *testing.T) {
	w := parties.New(t)
	ctx := t.Context()
	d := draft(t, w.MX, "SSPC", entente.TypeRelease, release("CBP"), "Invented example: now.")
	_, err := w.MX.Exchange.ReleaseEmergency(ctx, d.ID, w.MX.First("SSPC"))
	refused(t, "policy.p4-emergency", err)
	a, err := w.MX.Exchange.ReleaseEmergency(ctx, d.ID, w.MX.Second("SSPC"))
	check(t, err)
	agree(t, w, a.Ref, exchange.Received)
	s := state(t, w.MX, a.Ref)
	if !s.Body.Emergency || s.ReviewDue.IsZero() || !slices.ContainsFunc(s.Clocks, func(c exchange.Clock) bool { return c.Kind == exchange.ClockReview }) {
		t.Errorf("no review is due: %+v", s.Clocks)
	}
	_, err = w.MX.Exchange.Review(ctx, by(w.MX.Second("SSPC")), a.Ref, "upheld")
	refused(t, "policy.p4-independent-review", err)
	r, err := w.MX.Exchange.Review(ctx, by(w.MX.Second("SRE")), a.Ref, "upheld")
	arrived(t, w.US, done(t, r, err))
	if s := state(t, w.US, a.Ref); s.Review == nil || s.Review.Body.Outcome != "upheld" {
		t.Errorf("the review %+v", s.Review)
	}
}

// TestPassingOnTakesThePermissionThatTheHandlingAsksFor.
func TestPassingOnTakesThePermissionThatTheHandlingAsksFor(t *testing.T) {
	w := parties.New(t)
	ctx := t.Context()
	ref := sent(t, w.MX, "SSPC", draft(t, w.MX, "SSPC", entente.TypeRelease, release("CBP"), "An invented answer."))
	agree(t, w, ref, exchange.Received)
	cbp := by(w.US.First("CBP"), w.US.Second("CBP"))
	if _, err := w.US.Exchange.Release(ctx, exchange.Officer(w.US.First("FBI")), ref, now(w.US)); !errors.Is(err, exchange.ErrNotFound) {
		t.Errorf("an agency that it is not for sees it: %v", err)
	}
	_, err := w.US.Exchange.PassOn(ctx, cbp, ref, "criminal_investigation", []string{"FBI"})
	refused(t, "policy.x2-onward", err)
	d, err := w.US.Exchange.AskOnward(ctx, cbp, ref, "criminal_investigation", []string{"FBI"})
	asked := done(t, d, err)
	arrived(t, w.MX, asked)
	d, err = w.MX.Exchange.Answer(ctx, by(w.MX.First("SSPC"), w.MX.Second("SSPC")), asked, true, "", "")
	arrived(t, w.US, done(t, d, err))
	d, err = w.US.Exchange.PassOn(ctx, cbp, ref, "criminal_investigation", []string{"FBI"})
	arrived(t, w.MX, done(t, d, err))
	if text, _ := read(t, w.US, "FBI", ref, "criminal_investigation"); text != "An invented answer." {
		t.Errorf("the agency that it was passed on to reads %q", text)
	}
	_, err = w.US.Exchange.Open(ctx, w.US.Reader("FBI"), ref, "public_safety")
	refused(t, "policy.x1-permitted", err)
	if s := state(t, w.MX, ref); len(s.Onward) != 1 || s.Onward[0].Body.Permission == nil || len(s.Permissions) != 1 || s.Permissions[0].State != exchange.Granted {
		t.Errorf("onward %+v, permissions %+v", s.Onward, s.Permissions)
	}
	sameDigests(t, w)
}

// TestAReportOfMisuseFreezesUntilItsOutcome.
func TestAReportOfMisuseFreezesUntilItsOutcome(t *testing.T) {
	w := parties.New(t)
	ctx := t.Context()
	ref := sent(t, w.MX, "SSPC", draft(t, w.MX, "SSPC", entente.TypeRelease, release("CBP"), "An invented answer."))
	agree(t, w, ref, exchange.Received)
	due := now(w.MX).Add(72 * time.Hour)
	note := draft(t, w.MX, "SSPC", entente.TypeMisuse, entente.Misuse{Release: ref, Kind: "beyond_purpose", Due: due.Truncate(time.Second)}, "An invented note.")
	report := sent(t, w.MX, "SSPC", note)
	agree(t, w, ref, exchange.Frozen)
	_, err := w.US.Exchange.Open(ctx, w.US.Reader("CBP"), ref, "criminal_investigation")
	refused(t, "policy.x2-frozen", err)
	until(t, "the note can be read", func() bool {
		o, err := w.US.Exchange.OpenQuestion(ctx, w.US.Reader("CBP"), report)
		if err != nil {
			return false
		}
		text, _ := contents(t, o)
		return text == "An invented note."
	})
	d, err := w.MX.Exchange.MisuseOutcome(ctx, by(w.MX.First("SSPC"), w.MX.Second("SSPC")), ref, report, "unfounded")
	arrived(t, w.US, done(t, d, err))
	agree(t, w, ref, exchange.Received)
	if text, _ := read(t, w.US, "CBP", ref, "criminal_investigation"); text != "An invented answer." {
		t.Errorf("opened %q", text)
	}
}

// TestAPauseLetsNothingOut: by area, until it is resumed.
func TestAPauseLetsNothingOut(t *testing.T) {
	w := parties.New(t)
	ctx := t.Context()
	d, err := w.MX.Exchange.Pause(ctx, by(w.MX.Second("SSPC")), entente.Pause{Scope: "area", Area: "A01"})
	pause := done(t, d, err)
	arrived(t, w.US, pause)
	x := draft(t, w.MX, "SSPC", entente.TypeRelease, release("CBP"), "An invented answer.")
	_, err = w.MX.Exchange.Submit(ctx, x.ID, w.MX.First("SSPC"))
	refused(t, "policy.p1-paused", err)
	q := draft(t, w.US, "CBP", entente.TypeRequest, request(entente.MX, "SSPC"), "An invented question.")
	_, err = w.US.Exchange.Submit(ctx, q.ID, w.US.First("CBP"))
	refused(t, "policy.p1-paused", err)
	if pauses, err := w.US.Exchange.Pauses(ctx); err != nil || len(pauses) != 1 || pauses[0].Party != entente.MX {
		t.Errorf("pauses %+v, %v", pauses, err)
	}
	d, err = w.MX.Exchange.Resume(ctx, by(w.MX.First("SSPC"), w.MX.Second("SSPC")), pause)
	arrived(t, w.US, done(t, d, err))
	agree(t, w, sent(t, w.MX, "SSPC", x), exchange.Received)
}

// TestOversightSeesThatItExistsAndOpensNothing.
func TestOversightSeesThatItExistsAndOpensNothing(t *testing.T) {
	w := parties.New(t)
	ctx := t.Context()
	ref := sent(t, w.MX, "SSPC", draft(t, w.MX, "SSPC", entente.TypeRelease, release("CBP"), "An invented answer."))
	agree(t, w, ref, exchange.Received)
	auditor := exchange.Reader{Viewer: exchange.Viewer{Name: "auditor", Agency: "CBP", Oversight: true}, Roles: []string{"auditor"}}
	if _, err := w.US.Exchange.Release(ctx, auditor.Viewer, ref, now(w.US)); err != nil {
		t.Errorf("an auditor does not see it: %v", err)
	}
	_, err := w.US.Exchange.Open(ctx, auditor, ref, "criminal_investigation")
	refused(t, "exchange.reader", err)
	if _, err := w.US.Exchange.Open(ctx, w.US.Reader("FBI"), ref, "criminal_investigation"); !errors.Is(err, exchange.ErrNotFound) {
		t.Errorf("an agency that it is not for: %v", err)
	}
	read(t, w.US, "CBP", ref, "criminal_investigation")
	all, err := w.US.Exchange.Reads(ctx, auditor.Viewer, exchange.UseQuery{Release: &ref})
	check(t, err)
	none, err := w.US.Exchange.Reads(ctx, exchange.Officer(w.US.First("HSI")), exchange.UseQuery{})
	check(t, err)
	if len(all.Items) != 1 || len(none.Items) != 0 {
		t.Errorf("the auditor sees %d reads, another agency %d", len(all.Items), len(none.Items))
	}
}
