package fold_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"entente"
	"entente/internal/entry"
	"entente/internal/fold"
	"entente/internal/fold/foldtest"
)

// scene is two parties and an observer with the first entries of their logs.
type scene struct {
	mx, us, portal *foldtest.Writer
	logs           *foldtest.Logs
	own, theirs    entente.Ref // commitments, in the public logs
	shared         entente.Ref // a commitment of Mexico in its shared log
}

func newScene() *scene {
	s := &scene{mx: foldtest.NewParty(entente.MX), us: foldtest.NewParty(entente.US), portal: foldtest.NewObserver("portal")}
	s.logs = foldtest.NewLogs(s.mx, s.us, s.portal)
	s.own = s.logs.State(s.mx, entente.Public, entente.TypeCommitment, "c1", foldtest.Commitment("C1"))
	s.theirs = s.logs.State(s.us, entente.Public, entente.TypeCommitment, "c2", foldtest.Commitment("C2"))
	s.shared = s.logs.State(s.mx, entente.Shared, entente.TypeCommitment, "c3", foldtest.Commitment("C3"))
	return s
}

// folds adds raw to the log, folds everything, and returns how raw folded.
func (s *scene) folds(t *testing.T, origin string, raw []byte) fold.Folded {
	t.Helper()
	ref := s.logs.Add(origin, raw)
	f, ok := s.logs.Fold().Entry(ref.Log, ref.Index)
	if !ok {
		t.Fatalf("%s was not folded", ref)
	}
	return f
}

type raws = func(s *scene) (origin string, raw []byte)

// public states an entry of Mexico in its public log.
func public(t entente.Type, subject string, body func(*scene) any, edit ...func(*entente.Header)) raws {
	return func(s *scene) (string, []byte) {
		return s.mx.Origin(entente.Public), s.mx.Entry(entente.Public, t, subject, body(s), edit...)
	}
}

// is gives a body that depends on nothing.
func is(body any) func(*scene) any { return func(*scene) any { return body } }

// commitment gives a changed commitment.
func commitment(change func(*entente.Commitment)) func(*scene) any {
	return func(*scene) any {
		c := foldtest.Commitment("C5")
		change(c)
		return c
	}
}

// action gives a changed action.
func action(change func(*entente.Action)) func(*scene) any {
	return func(s *scene) any {
		a := foldtest.Action(s.own)
		change(a)
		return a
	}
}

// citation gives a changed citation of a kind, stated by Mexico.
func citation(kind string, change func(*entente.Citation)) raws {
	for _, c := range foldtest.Citations() {
		if c.Kind == kind {
			change(c)
			return public(entente.TypeCitation, "t1", is(c))
		}
	}
	return nil
}

// recipes states Mexico's half of an indicator in unit with these recipes.
func recipes(unit string, list ...string) raws {
	return public(entente.TypeIndicator, "i", func(*scene) any {
		i := *foldtest.NewProgramme().Bodies[entente.TypeIndicator].(*entente.Indicator)
		i.Unit, i.Recipes = unit, nil
		for _, r := range list {
			i.Recipes = append(i.Recipes, json.RawMessage(r))
		}
		return &i
	})
}

// signedBy states a commitment in Mexico's public log, signed by these keys.
func signedBy(keys func(*scene) []foldtest.Key) raws {
	return func(s *scene) (string, []byte) {
		text := foldtest.Text(entente.TypeCommitment, s.mx.Header(entente.Public, "c5"), foldtest.Commitment("C5"))
		return s.mx.Origin(entente.Public), s.mx.Sign(text, keys(s)...)
	}
}

// keyEntry states a key entry in Mexico's public log.
func keyEntry(body func(*scene) entente.Key) raws {
	return func(s *scene) (string, []byte) {
		return s.mx.Origin(entente.Public), s.mx.Entry(entente.Public, entente.TypeKey, "k", body(s))
	}
}

func addKey(change func(*entente.KeyBinding)) raws {
	return keyEntry(func(s *scene) entente.Key {
		k := s.mx.NewKey("another", entente.RoleOfficer).Binding
		change(&k)
		return entente.Key{Action: "add", Key: k}
	})
}

func text(s string) entente.Text { return entente.Text{ES: s, EN: s} }

func TestRules(t *testing.T) {
	covered := map[string]bool{}
	for _, c := range allRuleCases() {
		covered[c.rule] = true
		t.Run(c.name, func(t *testing.T) { c.run(t) })
	}
	for _, r := range fold.Rules {
		if !covered[r.Code] {
			t.Errorf("no test breaks %s", r.Code)
		}
		if r.Says.ES == "" || r.Says.EN == "" || r.Mend.ES == "" || r.Mend.EN == "" {
			t.Errorf("%s is not in both languages", r.Code)
		}
		if got, ok := fold.Explain(r.Code); !ok || got != r {
			t.Errorf("Explain(%s) = %v", r.Code, got)
		}
	}
}

type ruleCase struct {
	name, rule string
	raw        raws
}

func allRuleCases() []ruleCase {
	return slices.Concat(formCases(), signerCases(), referenceCases(), meaningCases(), trustCases(), exchangeCases())
}

func (c ruleCase) run(t *testing.T) {
	s := newScene()
	origin, raw := c.raw(s)
	f := s.folds(t, origin, raw)
	if f.Status != fold.Inadmissible || f.Rule != c.rule || f.Detail == "" {
		t.Errorf("folds as %s %s (%s), want %s", f.Status, f.Rule, f.Detail, c.rule)
	}
	if len(f.Rows)+len(f.Links)+len(f.Keys) > 0 || f.Joint != nil {
		t.Errorf("an inadmissible entry has effects: %+v", f)
	}
	after := s.folds(t, s.mx.Origin(entente.Public), s.mx.Entry(entente.Public, entente.TypeCommitment, "later", foldtest.Commitment("C6")))
	if after.Status != fold.Admissible {
		t.Errorf("it stopped the log: the next entry is %s %s (%s)", after.Status, after.Rule, after.Detail)
	}
}

func formCases() []ruleCase {
	observer := func(a entente.Type, body any) raws {
		return func(s *scene) (string, []byte) {
			return s.portal.Origin(entente.Public), s.portal.Entry(entente.Public, a, "x", body)
		}
	}
	return []ruleCase{
		{"no note", fold.RuleMalformed, func(s *scene) (string, []byte) { return s.own.Log, []byte("hello\n") }},
		{"id used before", fold.RuleDuplicateID, func(s *scene) (string, []byte) {
			raw := s.mx.Entry(entente.Public, entente.TypeCommitment, "c5", foldtest.Commitment("C5"))
			s.logs.Add(s.own.Log, raw)
			return s.own.Log, raw
		}},
		{"id used before by an inadmissible entry", fold.RuleDuplicateID, func(s *scene) (string, []byte) {
			h := s.mx.Header(entente.Public, "c5")
			s.logs.Add(s.own.Log, s.mx.Sign(foldtest.Text(entente.TypeCommitment, h, foldtest.Commitment("C5")), s.mx.Root))
			return s.own.Log, s.mx.Sign(foldtest.Text(entente.TypeCommitment, h, foldtest.Commitment("C5")), s.mx.Signers(entente.Public)...)
		}},
		{"another party in the log", fold.RuleAuthor, func(s *scene) (string, []byte) {
			return s.own.Log, s.us.Entry(entente.Public, entente.TypeCommitment, "c5", foldtest.Commitment("C5"))
		}},
		{"an observer in a party's log", fold.RuleAuthor, func(s *scene) (string, []byte) {
			return s.own.Log, s.portal.Entry(entente.Public, entente.TypeCitation, "x", foldtest.Citations()[1])
		}},
		{"nobody", fold.RuleAuthor, public(entente.TypeCommitment, "c5", is(foldtest.Commitment("C5")), func(h *entente.Header) { h.Author = entente.Author{} })},
		{"party and observer", fold.RuleAuthor, public(entente.TypeCommitment, "c5", is(foldtest.Commitment("C5")), func(h *entente.Header) { h.Author.Observer = "portal" })},
		{"no agency", fold.RuleAuthor, public(entente.TypeCommitment, "c5", is(foldtest.Commitment("C5")), func(h *entente.Header) { h.Author.Agency = "" })},
		{"an observer's agency", fold.RuleAuthor, func(s *scene) (string, []byte) {
			return s.portal.Origin(entente.Public), s.portal.Entry(entente.Public, entente.TypeCitation, "x", foldtest.Citations()[1],
				func(h *entente.Header) { h.Author.Agency = "SRE" })
		}},
		{"a second genesis", fold.RuleGenesis, func(s *scene) (string, []byte) {
			h := s.mx.Header(entente.National, "genesis")
			h.Author.Agency = ""
			return s.own.Log, s.mx.Sign(foldtest.Text(entente.TypeGenesis, h, s.mx.Body), s.mx.Root)
		}},
		{"observer states a commitment", fold.RuleWriter, observer(entente.TypeCommitment, foldtest.Commitment("C5"))},
		{"observer takes a position", fold.RuleWriter, observer(entente.TypePosition, &entente.Position{Stance: entente.Concurs})},
		{"charter in a national log", fold.RuleAudience, func(s *scene) (string, []byte) {
			return s.mx.Origin(entente.National), s.mx.Entry(entente.National, entente.TypeCharter, "c", &entente.Charter{})
		}},
		{"consent in a public log", fold.RuleAudience, public(entente.TypeConsent, "c", is(&entente.Consent{Type: entente.TypeCharter, Subject: "c"}))},
		{"publication in a public log", fold.RuleAudience, public(entente.TypePublication, "c", is(&entente.Publication{}))},
		{"unknown field", fold.RuleSchema, public(entente.TypeQuestion, "q", is(map[string]any{"code": "Q", "text": text("?"), "hidden": true}))},
		{"no area", fold.RuleSchema, public(entente.TypeCommitment, "c5", commitment(func(c *entente.Commitment) { c.Areas = nil }))},
		{"no decision", fold.RuleDecision, public(entente.TypeCommitment, "c5", is(foldtest.Commitment("C5")), func(h *entente.Header) { h.Decision = nil })},
		{"decision of the other gate", fold.RuleDecision, public(entente.TypeCommitment, "c5", is(foldtest.Commitment("C5")), func(h *entente.Header) { h.Decision.Gate = entente.GateRelease })},
		{"decision in a national log", fold.RuleDecision, func(s *scene) (string, []byte) {
			return s.mx.Origin(entente.National), s.mx.Entry(entente.National, entente.TypeCommitment, "c5", foldtest.Commitment("C5"),
				func(h *entente.Header) { h.Decision = s.mx.Header(entente.Public, "x").Decision })
		}},
		{"release that links to an inner entry", fold.RuleDecision, func(s *scene) (string, []byte) {
			return s.shared.Log, s.mx.Entry(entente.Shared, entente.TypeCommitment, "c5", foldtest.Commitment("C5"),
				func(h *entente.Header) { h.Decision.Inner = &entente.Digest{1} })
		}},
	}
}

func signerCases() []ruleCase {
	type keys = []foldtest.Key
	return []ruleCase{
		{"root key signs a commitment", fold.RuleSurplus, signedBy(func(s *scene) keys { return append(s.mx.Signers(entente.Public), s.mx.Root) })},
		{"log key signs a commitment", fold.RuleSurplus, signedBy(func(s *scene) keys { return append(s.mx.Signers(entente.Public), s.mx.NewKey("log", entente.RoleLog)) })},
		{"a line twice", fold.RuleSurplus, func(s *scene) (string, []byte) {
			raw := string(s.mx.Entry(entente.Public, entente.TypeCommitment, "c5", foldtest.Commitment("C5")))
			return s.own.Log, []byte(raw + raw[strings.LastIndex(strings.TrimSuffix(raw, "\n"), "\n")+1:])
		}},
		{"agency signs a key entry", fold.RuleSurplus, func(s *scene) (string, []byte) {
			h := s.mx.Header(entente.National, "k")
			body := entente.Key{Action: "add", Key: s.mx.NewKey("another", entente.RoleOfficer).Binding}
			return s.own.Log, s.mx.Sign(foldtest.Text(entente.TypeKey, h, body), s.mx.Root, s.mx.Agency)
		}},
		{"two agency keys", fold.RuleSurplus, func(s *scene) (string, []byte) {
			second := s.mx.NewKey("second agency key", entente.RoleAgency)
			s.logs.State(s.mx, entente.Public, entente.TypeKey, "k", entente.Key{Action: "add", Key: second.Binding})
			return signedBy(func(*scene) keys { return append(s.mx.Signers(entente.Public), second) })(s)
		}},
		{"key never added", fold.RuleKeyInactive, signedBy(func(s *scene) keys {
			return keys{s.mx.Agency, s.mx.Officers[0], s.mx.NewKey("stranger", entente.RoleOfficer)}
		})},
		{"key of the other party", fold.RuleKeyInactive, signedBy(func(s *scene) keys { return append(s.mx.Signers(entente.Public), s.us.Officers[0]) })},
		{"key revoked before", fold.RuleKeyInactive, func(s *scene) (string, []byte) {
			third := s.mx.NewKey("officer 3", entente.RoleOfficer)
			s.logs.State(s.mx, entente.Public, entente.TypeKey, "k", entente.Key{Action: "add", Key: third.Binding})
			s.logs.State(s.mx, entente.Public, entente.TypeKey, "k", entente.Key{Action: "revoke", Key: third.Binding})
			return signedBy(func(*scene) keys { return keys{s.mx.Agency, s.mx.Officers[0], third} })(s)
		}},
		{"key added in another log", fold.RuleKeyInactive, func(s *scene) (string, []byte) {
			third := s.mx.NewKey("officer 3", entente.RoleOfficer)
			s.logs.State(s.mx, entente.Shared, entente.TypeKey, "k", entente.Key{Action: "add", Key: third.Binding})
			return signedBy(func(*scene) keys { return keys{s.mx.Agency, s.mx.Officers[0], third} })(s)
		}},
		{"no agency key", fold.RuleSignature, signedBy(func(s *scene) keys { return s.mx.Officers[:] })},
		{"key of another agency", fold.RuleSignature, public(entente.TypeCommitment, "c5", is(foldtest.Commitment("C5")), func(h *entente.Header) { h.Author.Agency = "FGR" })},
		{"key entry without the root key", fold.RuleSurplus, func(s *scene) (string, []byte) {
			h := s.mx.Header(entente.National, "k")
			body := entente.Key{Action: "add", Key: s.mx.NewKey("another", entente.RoleOfficer).Binding}
			return s.own.Log, s.mx.Sign(foldtest.Text(entente.TypeKey, h, body), s.mx.Agency)
		}},
		{"text changed after signing", fold.RuleSignature, func(s *scene) (string, []byte) {
			raw := s.mx.Entry(entente.Public, entente.TypeCommitment, "c5", foldtest.Commitment("C5"))
			return s.own.Log, []byte(strings.Replace(string(raw), "Compromiso C5", "Compromiso C6", 1))
		}},
		{"one officer publishes", fold.RuleOfficers, signedBy(func(s *scene) keys { return keys{s.mx.Agency, s.mx.Officers[0]} })},
		{"no officer releases", fold.RuleOfficers, func(s *scene) (string, []byte) {
			text := foldtest.Text(entente.TypeCommitment, s.mx.Header(entente.Shared, "c5"), foldtest.Commitment("C5"))
			return s.shared.Log, s.mx.Sign(text, s.mx.Agency)
		}},
		{"two keys of one person publish", fold.RuleOfficers, func(s *scene) (string, []byte) {
			again := s.mx.NewKey("officer 1, second device", entente.RoleOfficer)
			again.Binding.Person = s.mx.Officers[0].Binding.Person
			s.logs.State(s.mx, entente.Public, entente.TypeKey, "k", entente.Key{Action: "add", Key: again.Binding})
			return signedBy(func(*scene) keys { return keys{s.mx.Agency, s.mx.Officers[0], again} })(s)
		}},
	}
}

func referenceCases() []ruleCase {
	milestone := func(on func(*scene) entente.Ref) raws {
		return public(entente.TypeMilestone, "m", func(s *scene) any { return &entente.Milestone{Commitment: on(s), Title: text("m")} })
	}
	position := func(on func(*scene) entente.Ref) raws {
		return public(entente.TypePosition, "p", func(s *scene) any { return &entente.Position{On: on(s), Stance: entente.Concurs} })
	}
	withdrawal := func(of func(*scene) entente.Ref) raws {
		return public(entente.TypeWithdrawal, "w", func(s *scene) any { return &entente.Withdrawal{Of: of(s), Reason: text("w")} })
	}
	version := func(t entente.Type, subject string, body any, of func(*scene) []entente.Ref) raws {
		return func(s *scene) (string, []byte) {
			return s.own.Log, s.mx.Entry(entente.Public, t, subject, body, foldtest.Supersedes(of(s)...))
		}
	}
	own := func(s *scene) entente.Ref { return s.own }
	theirs := func(s *scene) entente.Ref { return s.theirs }
	shared := func(s *scene) entente.Ref { return s.shared }
	genesis := func(s *scene) entente.Ref { return entente.Ref{Log: s.own.Log, Leaf: entry.LeafHash(s.mx.Genesis)} }
	malformed := func(s *scene) entente.Ref { return s.logs.Add(s.own.Log, []byte("hello\n")) }
	jointHalf := func(s *scene) entente.Ref {
		return s.logs.State(s.mx, entente.Public, entente.TypePolicy, "p", &entente.Policy{
			Joint: foldtest.Required(), Code: "gates", Cedar: "permit", Refusals: map[string]entente.Refusal{}})
	}
	c5 := foldtest.Commitment("C5")
	return []ruleCase{
		{"a withdrawal has no versions", fold.RuleSupersedes, func(s *scene) (string, []byte) {
			return s.own.Log, s.mx.Entry(entente.Public, entente.TypeWithdrawal, "w", &entente.Withdrawal{Of: s.own, Reason: text("w")}, foldtest.Supersedes(s.own))
		}},
		{"the same version twice", fold.RuleSupersedes, version(entente.TypeCommitment, "c1", c5, func(s *scene) []entente.Ref { return []entente.Ref{s.own, s.own} })},
		{"a version of another subject", fold.RuleSupersedes, version(entente.TypeCommitment, "c5", c5, func(s *scene) []entente.Ref { return []entente.Ref{s.own} })},
		{"a version of another type", fold.RuleSupersedes, version(entente.TypeQuestion, "c1", &entente.Question{Code: "Q", Text: text("?")}, func(s *scene) []entente.Ref { return []entente.Ref{s.own} })},
		{"a version of another writer", fold.RuleReferenceOwner, version(entente.TypeCommitment, "c2", c5, func(s *scene) []entente.Ref { return []entente.Ref{s.theirs} })},
		{"public to shared", fold.RuleReferenceWider, milestone(shared)},
		{"to no log", fold.RuleReferenceWider, milestone(func(s *scene) entente.Ref { return entente.Ref{Log: "demo.mx.entente", Leaf: s.own.Leaf} })},
		{"shared to national, never seen", fold.RuleReferenceWider, func(s *scene) (string, []byte) {
			to := entente.Ref{Log: s.mx.Origin(entente.National), Index: 9}
			return s.shared.Log, s.mx.Entry(entente.Shared, entente.TypeMilestone, "m", &entente.Milestone{Commitment: to, Title: text("m")})
		}},
		{"to an entry of its own future", fold.RuleReferenceOrder, milestone(func(s *scene) entente.Ref { return entente.Ref{Log: s.own.Log, Index: 9} })},
		{"to itself", fold.RuleReferenceOrder, milestone(func(s *scene) entente.Ref { return entente.Ref{Log: s.own.Log, Index: s.own.Index + 1} })},
		{"to other bytes", fold.RuleReferenceLeaf, milestone(func(s *scene) entente.Ref { r := s.own; r.Leaf[0]++; return r })},
		{"milestone of a genesis", fold.RuleReferenceType, milestone(genesis)},
		{"position on a genesis", fold.RuleReferenceType, position(genesis)},
		{"withdrawal of a genesis", fold.RuleReferenceType, withdrawal(genesis)},
		{"withdrawal of a malformed entry", fold.RuleReferenceType, withdrawal(malformed)},
		{"withdrawal of a joint half", fold.RuleReferenceType, withdrawal(jointHalf)},
		{"milestone of the other's commitment", fold.RuleReferenceOwner, milestone(theirs)},
		{"progress of the other's commitment", fold.RuleReferenceOwner, public(entente.TypeProgress, "p", func(s *scene) any {
			return &entente.Progress{Commitment: s.theirs, Completion: entente.Complete, AsOf: "2025"}
		})},
		{"link of the other's commitment", fold.RuleReferenceOwner, public(entente.TypeLink, "l", func(s *scene) any {
			return &entente.Link{Commitment: s.theirs, Indicators: []string{"x"}}
		})},
		{"position on one's own", fold.RuleReferenceOwner, position(own)},
		{"withdrawal of the other's", fold.RuleReferenceOwner, withdrawal(theirs)},
	}
}

func meaningCases() []ruleCase {
	pairing := func(sides ...entente.PairSide) raws {
		return public(entente.TypePairing, "p", is(&entente.Pairing{Joint: foldtest.Required(), Sides: sides, Basis: text("b")}))
	}
	observations := func(change func(*entente.Observations)) raws {
		return public(entente.TypeObservations, "o", func(s *scene) any {
			o := &entente.Observations{Indicator: "x", Dataset: s.own, From: "2025-01", To: "2025-02"}
			change(o)
			return o
		})
	}
	return []ruleCase{
		{"action in the other's territory", fold.RuleTerritory, public(entente.TypeAction, "x", action(func(a *entente.Action) { a.States = []string{"MX-SON", "US-AZ"} }))},
		{"action in a town", fold.RuleTerritory, public(entente.TypeAction, "x", action(func(a *entente.Action) { a.States = []string{"MX-Nogales"} }))},
		{"no such day", fold.RuleDate, public(entente.TypeCommitment, "c5", commitment(func(c *entente.Commitment) { c.Due = "2026-02-30" }))},
		{"no such month in a source", fold.RuleDate, public(entente.TypeCommitment, "c5", commitment(func(c *entente.Commitment) { c.Sources[0].Date = "2026-13" }))},
		{"ends before it begins", fold.RuleDate, public(entente.TypeAction, "x", action(func(a *entente.Action) { a.To = "2025-09-30" }))},
		{"ends in an earlier month", fold.RuleDate, public(entente.TypeAction, "x", action(func(a *entente.Action) { a.To = "2025-09" }))},
		{"series that ends before it begins", fold.RuleDate, observations(func(o *entente.Observations) { o.To = "2024-12" })},
		{"series of the thirteenth month", fold.RuleDate, observations(func(o *entente.Observations) { o.To = "2025-13" })},
		{"a script for an address", fold.RuleURL, public(entente.TypeCommitment, "c5", commitment(func(c *entente.Commitment) { c.Sources[0].URL = "javascript:alert(1)" }))},
		{"disputes without a reason", fold.RuleReason, public(entente.TypePosition, "p", func(s *scene) any { return &entente.Position{On: s.theirs, Stance: entente.Disputes} })},
		{"cited claim without a claim", fold.RuleCitation, citation("claim", func(c *entente.Citation) { c.Claim = nil })},
		{"cited statement with a claim", fold.RuleCitation, citation("statement", func(c *entente.Citation) { c.Claim = foldtest.Citations()[0].Claim })},
		{"cited meeting without its code", fold.RuleCitation, citation("meeting", func(c *entente.Citation) { c.Meeting = "" })},
		{"cited event with a meeting", fold.RuleCitation, citation("event", func(c *entente.Citation) { c.Meeting = "M1" })},
		{"cited pairing with one side", fold.RuleCitation, citation("pairing", func(c *entente.Citation) { c.Pair = c.Pair[:1] })},
		{"cited event with a side", fold.RuleCitation, citation("event", func(c *entente.Citation) { c.Pair = []entente.PairSide{{Party: "MX", Subject: "c1"}} })},
		{"cited event of somebody", fold.RuleCitation, citation("event", func(c *entente.Citation) { c.Of = "US" })},
		{"cited event in a group", fold.RuleCitation, citation("event", func(c *entente.Citation) { c.Group = &entente.Text{EN: "g"} })},
		{"citation without a source", fold.RuleCitation, citation("event", func(c *entente.Citation) { c.Sources = nil })},
		{"pair of one party", fold.RulePair, pairing(entente.PairSide{Party: "MX", Subject: "c1"}, entente.PairSide{Party: "MX", Subject: "c3"})},
		{"pair with a stranger", fold.RulePair, pairing(entente.PairSide{Party: "MX", Subject: "c1"}, entente.PairSide{Party: "CA", Subject: "c3"})},
		{"pair without a name", fold.RulePair, pairing(entente.PairSide{Party: "MX", Subject: "c1"}, entente.PairSide{Party: "US", Subject: "C 2"})},
		{"cited pair of one party", fold.RulePair, citation("pairing", func(c *entente.Citation) { c.Pair[1].Party = "MX" })},
		{"account of oneself", fold.RuleOtherParty, public(entente.TypeAccount, "a", is(&entente.Account{
			Code: "A", Of: entente.MX, Areas: []string{"arms"}, Title: text("a"), Wording: entente.Summary, Sources: []entente.Source{foldtest.Source("S1")}}))},
		{"series of no indicator", fold.RuleFigures, observations(func(o *entente.Observations) { o.Indicator = "no such/name" })},
		{"indicator of a stranger", fold.RuleFigures, public(entente.TypeIndicator, "i", func(*scene) any {
			i := *foldtest.NewProgramme().Bodies[entente.TypeIndicator].(*entente.Indicator)
			i.Party = "CA"
			return &i
		})},
		{"dimension without values or codes", fold.RuleRecipe, recipes("item", strings.Replace(foldtest.Recipe, `,"codes":"mx_states"`, "", 1))},
		{"recipe that is none", fold.RuleRecipe, recipes("item", `{"columns":{"value":["total"]}}`)},
		{"recipe with an unknown member", fold.RuleRecipe, recipes("item", strings.Replace(foldtest.Recipe, `"unit"`, `"more":1,"unit"`, 1))},
		{"recipe of another unit", fold.RuleRecipe, recipes("people", foldtest.Recipe)},
		{"two recipes of a family", fold.RuleRecipe, recipes("item", foldtest.Recipe, foldtest.Recipe)},
	}
}

func trustCases() []ruleCase {
	charter := func(change func(*entente.Charter)) raws {
		return public(entente.TypeCharter, "charter", func(*scene) any {
			c := *foldtest.NewProgramme().Bodies[entente.TypeCharter].(*entente.Charter)
			change(&c)
			return &c
		})
	}
	published := func(change func(*entente.Publication)) raws {
		return func(s *scene) (string, []byte) {
			p := foldtest.Publication(s.shared)
			change(p)
			return s.shared.Log, s.mx.Entry(entente.Shared, entente.TypePublication, "p", p)
		}
	}
	required := func(parties ...entente.Party) raws {
		return public(entente.TypePolicy, "p", is(&entente.Policy{
			Joint: entente.Joint{Required: parties}, Code: "gates", Cedar: "permit", Refusals: map[string]entente.Refusal{}}))
	}
	consent := func(t entente.Type, subject string) raws {
		return func(s *scene) (string, []byte) {
			return s.shared.Log, s.mx.Entry(entente.Shared, entente.TypeConsent, "c", &entente.Consent{Type: t, Subject: subject})
		}
	}
	return []ruleCase{
		{"key without demo", fold.RuleDemo, addKey(func(k *entente.KeyBinding) { k.Name = strings.TrimPrefix(k.Name, "demo.") })},
		{"key of another name", fold.RuleKey, addKey(func(k *entente.KeyBinding) { k.Name += "0" })},
		{"officer of no person", fold.RuleKey, addKey(func(k *entente.KeyBinding) { k.Person = nil })},
		{"officer of an agency", fold.RuleKey, addKey(func(k *entente.KeyBinding) { k.Agency = "SRE" })},
		{"agency key of no agency", fold.RuleKey, addKey(func(k *entente.KeyBinding) { k.Role, k.Person = entente.RoleAgency, nil })},
		{"TLS key that is no digest", fold.RuleKey, addKey(func(k *entente.KeyBinding) { k.Role, k.Person = entente.RoleTLS, nil })},
		{"post-quantum key of another name", fold.RuleKey, addKey(func(k *entente.KeyBinding) {
			k.Role, k.Person, k.Public = entente.RoleMLDSA, nil, "demo.other/key+00000000+AAAA"
		})},
		{"key name with a space", fold.RuleKey, addKey(func(k *entente.KeyBinding) {
			k.Name = "demo. key"
			k.Role, k.Person, k.Public = entente.RoleMLDSA, nil, "demo. key+00000000+AAAA"
		})},
		{"key added twice", fold.RuleKey, keyEntry(func(s *scene) entente.Key { return entente.Key{Action: "add", Key: s.mx.Agency.Binding} })},
		{"key revoked that never was", fold.RuleKey, keyEntry(func(s *scene) entente.Key {
			return entente.Key{Action: "revoke", Key: s.mx.NewKey("another", entente.RoleOfficer).Binding}
		})},
		{"root key revoked", fold.RuleKey, keyEntry(func(s *scene) entente.Key {
			k := s.mx.Root.Binding
			k.Role, k.Agency = entente.RoleAgency, "SRE"
			return entente.Key{Action: "revoke", Key: k}
		})},
		{"key revoked under another role", fold.RuleKey, keyEntry(func(s *scene) entente.Key {
			k := s.mx.Agency.Binding
			k.Role, k.Agency = entente.RoleLog, ""
			return entente.Key{Action: "revoke", Key: k}
		})},
		{"joint without its author", fold.RuleJoint, required("US", "CA")},
		{"joint that requires one twice", fold.RuleJoint, required("MX", "MX")},
		{"charter without a genesis", fold.RuleCharter, charter(func(c *entente.Charter) { c.Genesis = []entente.GenesisPin{c.Genesis[0], {Party: "CA"}} })},
		{"charter with a genesis too many", fold.RuleCharter, charter(func(c *entente.Charter) { c.Genesis = append(c.Genesis[:2:2], entente.GenesisPin{Party: "CA"}) })},
		{"charter with a genesis twice", fold.RuleCharter, charter(func(c *entente.Charter) { c.Genesis = append(c.Genesis[:2:2], c.Genesis[0]) })},
		{"charter with an area twice", fold.RuleCharter, charter(func(c *entente.Charter) { c.Areas = append(c.Areas[:1:1], c.Areas[0]) })},
		{"consent to what is not joint", fold.RuleConsent, consent(entente.TypeCommitment, "c1")},
		{"consent to no name", fold.RuleConsent, consent(entente.TypeCharter, "C/1")},
		{"publication with another link", fold.RuleLink, published(func(p *entente.Publication) { p.Link[0]++ })},
		{"publication of another log", fold.RuleLink, published(func(p *entente.Publication) { p.Inner.Log = "demo.mx.entente/public" })},
	}
}
