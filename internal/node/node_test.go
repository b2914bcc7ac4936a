package node

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/internal/entry"
	"entente/internal/fold"
	"entente/internal/policy"
	"entente/internal/store"
)

// policy is the programme's own set of policies.
func (w *world) policy() *entente.Policy {
	p := &entente.Policy{Joint: joint(), Code: "x-2026", Refusals: map[string]entente.Refusal{}}
	files, err := filepath.Glob("../../programmes/mx-us-2025/policies/*.cedar")
	if err != nil || len(files) == 0 {
		w.t.Fatal(files, err)
	}
	for _, f := range files {
		p.Cedar += string(must(os.ReadFile(f)))
	}
	for _, line := range strings.Split(p.Cedar, "\n") {
		if id, ok := strings.CutPrefix(line, "@id(\""); ok {
			p.Refusals[strings.TrimSuffix(id, "\")")] = entente.Refusal{Rule: both("rule"), Mend: both("mend")}
		}
	}
	return p
}

func TestInitMakesThreeLogsThatBeginWithTheGenesis(t *testing.T) {
	w := newWorld(t)
	for _, n := range w.nodes() {
		want := 3
		if n == w.portal {
			want = 1
		}
		if got := n.origins(); len(got) != want {
			t.Errorf("%s has the logs %v", n.Writer().Writer(), got)
		}
		for _, origin := range n.origins() {
			raw, err := n.store.Entry(t.Context(), origin, 0)
			if err != nil || string(raw) != string(n.Genesis()) {
				t.Errorf("%s#0 is not the genesis: %v", origin, err)
			}
		}
	}
	if _, err := Init(t.Context(), w.mx.dir, InitOptions{}); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("a second init in the same directory: %v", err)
	}
}

func TestInitLeavesNothingWhenItFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "x")
	_, err := Init(t.Context(), dir, InitOptions{
		Writer: entente.Author{Party: "MX"}, Name: both("MX"), Base: "mx.entente", Demo: true, Agencies: []string{"SRE"},
		Passphrase: passphrase, RootPassphrase: passphrase, WorkFactor: workFactor,
	})
	if err == nil {
		t.Fatal("a demonstration without demo. in its origins was made")
	}
	left, err := os.ReadDir(filepath.Dir(dir))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestOnlyTheFoundingTextsGoThroughBeforeTheCharter(t *testing.T) {
	w := newWorld(t)
	for _, a := range entente.Audiences {
		w.refuses(w.mx.Node, "policy."+policy.NoPermit, func() error {
			_, err := w.mx.Append(t.Context(), w.mx.intent(a, "m1"))
			return err
		})
	}
	agency := Intent{
		Type: entente.TypeAgency, Subject: "sre", Agency: "SRE", Audience: entente.Public, Body: &entente.Agency{Code: "SRE", Name: both("SRE")},
		By: w.mx.first, Second: w.mx.second,
	}
	h := w.header(w.mx.Node, w.mx.append(t, agency))
	if d := h.Decision; d == nil || d.Gate != entente.GatePublication || d.Policy != policy.Bootstrap().Digest() || d.Policies[0] != "bootstrap-found" {
		t.Errorf("decision %+v", h.Decision)
	}
	w.found()
	h = w.header(w.mx.Node, w.mx.append(t, w.mx.intent(entente.Public, "m1")))
	if d := h.Decision; d == nil || d.Policy == policy.Bootstrap().Digest() || !slices.Equal(d.Policies, []string{"p1-publish"}) {
		t.Errorf("decision %+v", h.Decision)
	}
}

// Law 3: nothing gets into a wider log but through its gate.
func TestNothingMovesOutwardButThroughAGate(t *testing.T) {
	w := newWorld(t).found()
	public, shared := w.mx.intent(entente.Public, "m1"), w.mx.intent(entente.Shared, "m1")
	cases := map[string]struct {
		in     Intent
		change func(*Intent)
		code   string
	}{
		"publication by nobody":           {public, func(in *Intent) { in.By, in.Second = nil, nil }, "policy.p4-publish-second-officer"},
		"publication by one":              {public, func(in *Intent) { in.Second = nil }, "policy.p4-publish-second-officer"},
		"publication by one person twice": {public, func(in *Intent) { in.By = w.mx.second }, "gate.same_person"},
		"publication by a second who may not": {public, func(in *Intent) {
			in.By, in.Second = w.mx.second, w.mx.first
		}, "gate.not_releasing"},
		"publication by its drafter as second": {public, func(in *Intent) { in.Drafter = "Second" }, "gate.same_person"},
		"release by nobody":                    {shared, func(in *Intent) { in.By, in.Second = nil, nil }, "policy.p4-release-second-officer"},
		"release by one":                       {shared, func(in *Intent) { in.Second = nil }, "policy.p4-release-second-officer"},
		"an identifier, even in the national log": {w.mx.intent(entente.National, "m1"), func(in *Intent) {
			c := commitment("m1")
			c.Title.ES = "Escriba a nombre@dependencia.gob.mx"
			in.Body = c
		}, "policy.p4-no-personal-identifiers"},
		"an action abroad": {public, func(in *Intent) {
			in.Type, in.Body = entente.TypeAction, &entente.Action{
				Code: "a", Kind: "seizure", Areas: []string{"A01"}, Title: both("t"), From: "2026-01", States: []string{"US-AZ"}, Wording: entente.Summary,
			}
		}, "policy.p6-own-territory"},
		"too early": {public, func(in *Intent) {
			in.Type, in.Body = entente.TypeAction, &entente.Action{
				Code: "a", Kind: "seizure", Areas: []string{"A01"}, Title: both("t"), From: "2026-01", NotBefore: "2026-04-01", Wording: entente.Summary,
			}
		}, "policy.p4-not-before"},
		"a charter halved in public": {public, func(in *Intent) {
			in.Type, in.Subject, in.Body = entente.TypeCharter, "x-2026", w.charter()
		}, "policy.p3-joint-consent"},
		"another's key type": {public, func(in *Intent) { in.Type = entente.TypeKey }, "node.type"},
		"no such agency":     {public, func(in *Intent) { in.Agency = "CBP" }, "node.key_missing"},
		"no body":            {public, func(in *Intent) { in.Body = nil }, "rule.schema"},
		"a body amiss":       {public, func(in *Intent) { c := commitment("m1"); c.Areas = nil; in.Body = c }, "rule.schema"},
		"a bad subject":      {public, func(in *Intent) { in.Subject = "Not a subject" }, "node.subject"},
		"a bad id":           {public, func(in *Intent) { in.ID = "1" }, "node.id"},
		"a consent in public": {public, func(in *Intent) {
			in.Type, in.Body = entente.TypeConsent, &entente.Consent{Type: entente.TypeCharter, Subject: "x"}
		}, "rule.audience"},
		"a reference to what is narrower": {public, func(in *Intent) {
			ref := w.mx.append(t, w.mx.intent(entente.National, "m9"))
			in.Type, in.Body = entente.TypeMilestone, &entente.Milestone{Commitment: ref, Title: both("t")}
		}, "rule.reference_wider"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := c.in
			c.change(&in)
			w.t = t
			w.refuses(w.mx.Node, c.code, func() error {
				_, err := w.mx.Append(t.Context(), in)
				return err
			})
			found, err := w.mx.Check(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(found, func(f Finding) bool {
				return f.Code == c.code || strings.HasPrefix(c.code, "policy.") && strings.HasPrefix(f.Code, "policy.")
			}) {
				t.Errorf("Check found %v, want %s", found, c.code)
			}
		})
	}
	w.t = t
	w.clock.set(time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC))
	in := public
	cases["too early"].change(&in)
	w.mx.append(t, in)
	w.sync()
	// And none of what was refused is anywhere: the portal holds what was let out.
	page, err := store.List[entente.Action](t.Context(), w.portal.View(entente.Public), store.Query{Type: entente.TypeAction})
	if err != nil || page.Total != 1 {
		t.Errorf("the portal sees %d actions: %v", page.Total, err)
	}
}

func TestCheckSaysWhatASecondOfficerWillSettle(t *testing.T) {
	w := newWorld(t).found()
	in := w.mx.intent(entente.Public, "m1")
	in.Second = nil
	found, err := w.mx.Check(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 || slices.ContainsFunc(found, func(f Finding) bool { return f.Blocking }) {
		t.Errorf("found %+v, want what only lacks the second officer", found)
	}
	c := commitment("m1")
	c.Description.ES = "CURP HEGG560427MVZRRL04"
	in.Body = c
	found, err = w.mx.Check(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(found, func(f Finding) bool { return f.Code == "policy.p4-no-personal-identifiers" })
	if i < 0 || !found[i].Blocking || found[i].Field != "description.es" || strings.Contains(found[i].Detail, "HEGG560427") {
		t.Errorf("found %+v", found)
	}
}

func TestAppendIsIdempotentByID(t *testing.T) {
	w := newWorld(t).found()
	in := w.mx.intent(entente.Public, "m1")
	in.ID = NewID()
	first := must(w.mx.Append(t.Context(), in))
	again := must(w.mx.Append(t.Context(), in))
	if again.Ref != first.Ref || !again.Existing || first.Existing {
		t.Errorf("first %+v, again %+v", first, again)
	}
	in.Body = commitment("other")
	r := w.refuses(w.mx.Node, "rule.id_conflict", func() error { _, err := w.mx.Append(t.Context(), in); return err })
	if !errors.Is(r, store.ErrConflict) {
		t.Error("the conflict is not the store's")
	}
}

func TestVersionsFollowEachOther(t *testing.T) {
	w := newWorld(t).found()
	first := w.mx.append(t, w.mx.intent(entente.Public, "m1"))
	second := w.mx.append(t, w.mx.intent(entente.Public, "m1"))
	if h := w.header(w.mx.Node, second); !slices.Equal(h.Supersedes, []entente.Ref{first}) {
		t.Errorf("the second version supersedes %v, want %v", h.Supersedes, first)
	}
	// An inner version of what is public replaces it for the party's own people only.
	inner := w.mx.append(t, w.mx.intent(entente.National, "m1"))
	if h := w.header(w.mx.Node, inner); !slices.Equal(h.Supersedes, []entente.Ref{second}) {
		t.Errorf("the inner version supersedes %v, want %v", h.Supersedes, second)
	}
	third := w.mx.append(t, w.mx.intent(entente.Public, "m1"))
	if h := w.header(w.mx.Node, third); !slices.Equal(h.Supersedes, []entente.Ref{second}) {
		t.Errorf("the third public version supersedes %v, want %v", h.Supersedes, second)
	}
	// Two at once do not fork the thing.
	done := make(chan error, 8)
	for range 8 {
		go func() { _, err := w.mx.Append(t.Context(), w.mx.intent(entente.Public, "m2")); done <- err }()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	thing, err := store.Get[entente.Commitment](t.Context(), w.mx.View(entente.Public), entente.TypeCommitment, "MX", "m2")
	if err != nil || thing.Forked || len(thing.Versions) != 8 {
		t.Errorf("%v, forked %v, %d versions", err, thing != nil && thing.Forked, len(thing.Versions))
	}
	w.refuses(w.mx.Node, "node.twice", func() error {
		_, err := w.mx.AppendAll(t.Context(), w.mx.intent(entente.Public, "m3"), w.mx.intent(entente.Public, "m3"))
		return err
	})
}

func TestPublicationCopiesTheBodyAndLinksIt(t *testing.T) {
	w := newWorld(t).found()
	for _, a := range []entente.Audience{entente.National, entente.Shared} {
		subject := "m-" + string(a)
		inner := w.mx.append(t, w.mx.intent(a, subject))
		w.refuses(w.mx.Node, "policy.p4-publish-second-officer", func() error { _, err := w.mx.Publish(t.Context(), inner, w.mx.first, nil); return err })
		public, err := w.mx.Publish(t.Context(), inner, w.mx.first, w.mx.second)
		if err != nil {
			t.Fatal(err)
		}
		was, is := w.header(w.mx.Node, inner), w.header(w.mx.Node, public.Ref)
		if string(was.Body) != string(is.Body) || is.Subject != subject || is.Supersedes != nil {
			t.Errorf("the copy is %+v of %+v", is, was)
		}
		log := w.mx.Origin(a)
		last := must(w.mx.store.Log(t.Context(), log)).Size - 1
		link, err := store.ByRef[entente.Publication](t.Context(), w.mx.View(entente.National), log, last)
		if err != nil || link.Body == nil || link.Body.Inner != inner {
			t.Fatalf("the last entry of %s is no publication of %s: %v", log, inner, err)
		}
		if want := fold.InnerLink(link.Body.Salt, inner.Leaf); link.Body.Link != want || *is.Decision.Inner != want || link.Body.Salt.IsZero() {
			t.Errorf("links %s and %s, want %s", link.Body.Link, is.Decision.Inner, want)
		}
		w.refuses(w.mx.Node, "gate.published", func() error { _, err := w.mx.Publish(t.Context(), inner, w.mx.first, w.mx.second); return err })
		// The next inner version, published, supersedes the public one only.
		next := w.mx.append(t, w.mx.intent(a, subject))
		second, err := w.mx.Publish(t.Context(), next, w.mx.first, w.mx.second)
		if err != nil {
			t.Fatal(err)
		}
		if h := w.header(w.mx.Node, second.Ref); !slices.Equal(h.Supersedes, []entente.Ref{public.Ref}) {
			t.Errorf("the second publication supersedes %v, want %v", h.Supersedes, public.Ref)
		}
	}
	w.sync()
	page, err := store.List[entente.Commitment](t.Context(), w.portal.View(entente.Public), store.Query{Type: entente.TypeCommitment, Versions: true})
	if err != nil || page.Total != 4 {
		t.Errorf("the portal sees %d versions: %v", page.Total, err)
	}
	w.refuses(w.us.Node, "node.not_own", func() error {
		ref := must(store.List[entente.Commitment](t.Context(), w.us.View(entente.Shared), store.Query{Type: entente.TypeCommitment, Versions: true, Order: store.ByOrder}))
		for _, v := range ref.Items {
			if v.Audience == entente.Shared {
				_, err := w.us.Publish(t.Context(), v.Ref, w.us.first, w.us.second)
				return err
			}
		}
		return nil
	})
}

func TestJointMeansBoth(t *testing.T) {
	w := newWorld(t).found()
	body := &entente.Target{Joint: joint(), Indicator: "us-x", Value: "10", By: "2026-12"}
	half := w.us.propose(t, entente.TypeTarget, "us-x", body)
	state := func(n *Node, a entente.Audience) JointPart {
		t.Helper()
		parts, err := n.JointStates(t.Context(), a, entente.TypeTarget, "us-x")
		if err != nil || len(parts) == 0 {
			t.Fatal(parts, err)
		}
		return parts[0]
	}
	if p := state(w.us.Node, entente.Shared); p.Complete || p.InForce || !slices.Equal(p.Missing, []entente.Party{entente.MX}) {
		t.Errorf("one half: %+v", p)
	}
	digest := state(w.us.Node, entente.Shared).Body
	as := func(p *party) Intent { return Intent{Agency: p.first.Agency(), By: p.first, Second: p.second} }
	w.refuses(w.us.Node, "joint.incomplete", func() error {
		_, err := w.us.Consent(t.Context(), entente.TypeTarget, "us-x", digest, as(w.us))
		return err
	})
	w.sync()
	w.mx.accept(t, half)
	w.sync()
	for _, n := range []*Node{w.mx.Node, w.us.Node} {
		if p := state(n, entente.Shared); !p.Complete || !p.InForce || len(p.Missing) > 0 || p.Body != digest {
			t.Errorf("both halves: %+v", p)
		}
	}
	// Publication waits for the consent of both.
	publish := func(p *party) error {
		_, err := p.PublishJoint(t.Context(), entente.TypeTarget, "us-x", digest, p.first, p.second)
		return err
	}
	w.refuses(w.mx.Node, "policy.p3-joint-consent", func() error { return publish(w.mx) })
	must(w.mx.Consent(t.Context(), entente.TypeTarget, "us-x", digest, as(w.mx)))
	w.refuses(w.mx.Node, "policy.p3-joint-consent", func() error { return publish(w.mx) })
	w.sync()
	must(w.us.Consent(t.Context(), entente.TypeTarget, "us-x", digest, Intent{Agency: "DOS", By: w.us.first})) // an officer consents alone
	w.sync()
	for _, p := range []*party{w.mx, w.us} {
		if err := publish(p); err != nil {
			t.Fatal(err)
		}
	}
	w.sync()
	if p := state(w.portal, entente.Public); !p.InForce || p.Body != digest {
		t.Errorf("at the portal: %+v", p)
	}
	// A successor follows what is in force by itself, and is in force when both hold it.
	body = &entente.Target{Joint: joint(), Indicator: "us-x", Value: "12", By: "2026-12"}
	half = w.mx.propose(t, entente.TypeTarget, "us-x", body)
	w.sync()
	w.us.accept(t, half)
	if p := state(w.us.Node, entente.Shared); !p.InForce || p.Follows != digest {
		t.Errorf("the successor: %+v", p)
	}
	w.refuses(w.mx.Node, "joint.none", func() error { _, err := w.mx.Propose(t.Context(), w.mx.intent(entente.Shared, "m1")); return err })
}

func TestAPartyDoesNotAgreeToWhatItCannotLiveBy(t *testing.T) {
	w := newWorld(t)
	c := w.charter()
	c.Genesis[1].Digest[0]++
	as := Intent{Type: entente.TypeCharter, Subject: "x-2026", Agency: "SRE", Audience: entente.Shared, Body: c, By: w.mx.first, Second: w.mx.second}
	w.refuses(w.mx.Node, "joint.genesis", func() error { _, err := w.mx.Propose(t.Context(), as); return err })
	c = w.charter()
	c.Gates[1].Officers = 3
	as.Body = c
	w.refuses(w.mx.Node, "joint.gates", func() error { _, err := w.mx.Propose(t.Context(), as); return err })
	p := w.policy()
	p.Cedar += "\nforbid(principal, action, resource);"
	as.Type, as.Body = entente.TypePolicy, p
	w.refuses(w.mx.Node, "joint.policy", func() error { _, err := w.mx.Propose(t.Context(), as); return err })
}

// Policies that this version cannot evaluate, agreed by nodes that could, let
// through only what mends them.
func TestUnusablePoliciesAreMended(t *testing.T) {
	w := newWorld(t).found()
	bad := w.policy()
	bad.Cedar = "this is of a later Cedar"
	parts := must(w.mx.JointStates(t.Context(), entente.Shared, entente.TypePolicy, ""))
	bad.Follows = &parts[0].Body
	for _, p := range []*party{w.mx, w.us} {
		in := Intent{Type: entente.TypePolicy, Subject: "x-2026", Agency: p.first.Agency(), Audience: entente.Shared, Body: bad}
		pl := must(p.plan(in))
		text := must(entry.Compose(pl.Type, entente.Header{
			ID: pl.ID, Author: pl.author, Time: pl.Time, Subject: pl.Subject, Body: pl.raw,
			Supersedes: must(p.store.Tips(t.Context(), entente.Shared, pl.Type, string(pl.author.Party), pl.Subject)),
			Decision:   &entente.Decision{Gate: entente.GateRelease, Policies: []string{"later"}},
		}))
		raw := must(entry.Sign(text, must(p.signer(pl.origin, entente.RoleAgency, in.Agency)), must(p.first.sign())))
		must(p.store.Append(t.Context(), store.Draft{Origin: pl.origin, Raw: raw}))
	}
	w.sync()
	w.mx.law.forget() // as after a start
	r := w.refuses(w.mx.Node, "node.policy_unusable", func() error { _, err := w.mx.Append(t.Context(), w.mx.intent(entente.Public, "m1")); return err })
	if r.Detail == "" {
		t.Error("the refusal does not say why")
	}
	half := w.mx.propose(t, entente.TypePolicy, "x-2026", w.policy())
	w.sync()
	w.us.law.forget()
	w.us.accept(t, half)
	w.sync()
	w.mx.append(t, w.mx.intent(entente.Public, "m1"))
}

func TestPositionsAndWithdrawal(t *testing.T) {
	w := newWorld(t).found()
	ref := w.mx.append(t, w.mx.intent(entente.Public, "m1"))
	other := w.mx.append(t, w.mx.intent(entente.Public, "m2"))
	w.sync()
	take := func(p *party, stands ...Stand) error {
		_, err := p.TakePositions(t.Context(), entente.Shared, p.first.Agency(), p.first, nil, stands...)
		return err
	}
	if err := take(w.us, Stand{On: ref, Stance: entente.Concurs}, Stand{On: other, Stance: entente.TakesNote}); err != nil {
		t.Fatal(err)
	}
	reason := both("the date is another")
	if err := take(w.us, Stand{On: ref, Stance: entente.Disputes, Reason: &reason}); err != nil {
		t.Fatal(err)
	}
	w.sync()
	got, err := w.mx.View(entente.Shared).Positions(t.Context(), ref, other)
	if err != nil || len(got[ref]) != 1 || got[ref][0].Stance != entente.Disputes || len(got[other]) != 1 {
		t.Errorf("positions %+v: %v", got, err)
	}
	w.refuses(w.us.Node, "rule.semantic.reason", func() error { return take(w.us, Stand{On: other, Stance: entente.Disputes}) })
	w.refuses(w.mx.Node, "policy.p5-own-position", func() error { return take(w.mx, Stand{On: ref, Stance: entente.Concurs}) })
	w.refuses(w.us.Node, "node.not_own", func() error {
		_, err := w.us.Withdraw(t.Context(), ref, reason, w.us.first, w.us.second)
		return err
	})
	w.refuses(w.mx.Node, "policy.p4-publish-second-officer", func() error { _, err := w.mx.Withdraw(t.Context(), ref, reason, w.mx.first, nil); return err })
	must(w.mx.Withdraw(t.Context(), ref, reason, w.mx.first, w.mx.second))
	thing, err := store.Get[entente.Commitment](t.Context(), w.mx.View(entente.Public), entente.TypeCommitment, "MX", "m1")
	if err != nil || !thing.Withdrawn {
		t.Errorf("not withdrawn: %v", err)
	}
}

func TestObserverKeepsCitationsOnly(t *testing.T) {
	w := newWorld(t)
	cite := Intent{Type: entente.TypeCitation, Subject: "c1", Audience: entente.Public, Body: &entente.Citation{
		Code: "C1", Kind: "event", Text: both("what a newspaper wrote"), Wording: entente.Summary,
		Sources: []entente.Source{{Code: "S1", Publisher: "p", Title: "t", Kind: "press"}},
	}}
	a, err := w.portal.Append(t.Context(), cite)
	if err != nil {
		t.Fatal(err)
	}
	if d := w.header(w.portal, a.Ref).Decision; d == nil || d.Policy != policy.Observer().Digest() {
		t.Errorf("decision %+v", d)
	}
	in := w.mx.intent(entente.Public, "m1")
	in.Agency, in.By, in.Second = "", nil, nil
	w.refuses(w.portal, "node.observer", func() error { _, err := w.portal.Append(t.Context(), in); return err })
	cite.Audience = entente.Shared
	w.refuses(w.portal, "node.observer", func() error { _, err := w.portal.Append(t.Context(), cite); return err })
	cite.Audience = entente.Public
	cite.Body.(*entente.Citation).Text.EN = "call (202) 555-0123"
	w.refuses(w.portal, "policy.observer-no-personal-identifiers", func() error { _, err := w.portal.Append(t.Context(), cite); return err })
}

func TestEveryRefusalHasItsTexts(t *testing.T) {
	for code, text := range said {
		if text.rule.ES == "" || text.rule.EN == "" || text.mend.ES == "" || text.mend.EN == "" {
			t.Errorf("%s lacks a text", code)
		}
	}
	for _, r := range fold.Rules {
		if got := byRule(r.Code, "detail"); got.Rule != r.Says || got.Mend != r.Mend {
			t.Errorf("%s: %+v", r.Code, got)
		}
	}
}
