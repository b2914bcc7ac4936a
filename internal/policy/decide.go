package policy

import (
	"slices"
	"time"

	"github.com/cedar-policy/cedar-go"

	"entente"
)

// Decision is the outcome of a request.
type Decision struct {
	Allow bool
	// Policies are the names of the policies that determined it, sorted: permits
	// when allowed, forbids (or [NoPermit], or [Faulty] and what erred) when not.
	Policies []string
	// Digest is that of the set.
	Digest entente.Digest
	// Errors says in English where policies erred.
	Errors []string
}

// Decide decides on a request. A set that says nothing about the exchange of
// information permits none of it.
func (s *Set) Decide(r Request) Decision {
	asked, known := s.byAct[r.Act]
	if !known || r.exchanges() && !s.exchange {
		return Decision{Policies: []string{NoPermit}, Digest: s.digest}
	}
	e, request := r.cedar(s.principals.of(&r))
	verdict, diagnostic := cedar.Authorize(asked, e, request)
	d := Decision{Allow: bool(verdict), Digest: s.digest}
	if len(diagnostic.Errors) > 0 {
		d.Allow = false
		d.Policies = append(d.Policies, Faulty)
		for _, e := range diagnostic.Errors {
			d.Policies = append(d.Policies, string(e.PolicyID))
			d.Errors = append(d.Errors, e.String())
		}
	}
	if !bool(verdict) || d.Allow {
		for _, reason := range diagnostic.Reasons {
			d.Policies = append(d.Policies, string(reason.PolicyID))
		}
	}
	if len(d.Policies) == 0 {
		d.Policies = []string{NoPermit}
	}
	slices.Sort(d.Policies)
	d.Policies = slices.Compact(d.Policies)
	return d
}

var (
	noPermit = entente.Refusal{
		Rule: entente.Text{
			ES: "Lo que ninguna política permite está negado.",
			EN: "What no policy permits is refused.",
		},
		Mend: entente.Text{
			ES: "Revise quién firma, el tipo de asiento y su ámbito de acceso; antes de que la carta sea conjunta solo se asientan instituciones, la carta y las políticas.",
			EN: "Check who signs, the type of entry and its audience; before the charter is joint, only agencies, the charter and policies may be appended.",
		},
	}
	faulty = entente.Refusal{
		Rule: entente.Text{
			ES: "Una política que no puede evaluarse niega lo solicitado.",
			EN: "A policy that cannot be evaluated refuses the request.",
		},
		Mend: entente.Text{
			ES: "Las partes deben acordar una versión corregida de las políticas.",
			EN: "The parties must agree on a corrected version of the policies.",
		},
	}
)

// exchanges reports whether a request is about the exchange of information.
func (r *Request) exchanges() bool {
	return r.Exchange != nil || r.Act == Receive || r.Act == Open || r.Act == Pass
}

// rehearse runs the set on requests of every kind: a policy that errs on one of
// them would refuse it for ever, so the set does not load.
func (s *Set) rehearse() error {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, act := range Acts {
		for _, t := range entente.Types {
			full := rehearsal(act, t, now, true)
			exchanging := full
			exchanging.Exchange = exampleExchange(now)
			for _, r := range []Request{rehearsal(act, t, now, false), full, exchanging} {
				if d := s.Decide(r); len(d.Errors) > 0 {
					return faultf(0, "", "on %s of a %s entry: %s", act, t.Type, d.Errors[0])
				}
			}
		}
	}
	return nil
}

// rehearsal is a request with every optional part absent, or present.
func rehearsal(act Act, t entente.TypeRule, now time.Time, full bool) Request {
	r := Request{
		Act: act, Author: entente.Author{Party: "MX", Agency: "SRE"}, Type: t.Type, Writer: "MX",
		Now: now, Charter: true, Asked: 1, OwnTerritory: true,
	}
	if full {
		parties := []entente.Party{"MX", "US"}
		r.Roles, r.Required, r.Consents = []string{"officer", "releasing_officer"}, parties, parties
		r.Of, r.Sources, r.Verbatim, r.NotBefore = "US", 2, true, now
		r.Officers, r.Second, r.Identifiers = 2, true, []string{"phone"}
	}
	return r
}

// exampleExchange is the facts of an exchange with every optional part present.
func exampleExchange(now time.Time) *Exchange {
	purposes := []string{"criminal_investigation", "sanctions"}
	return &Exchange{
		To: "US", Purpose: purposes[0], Recipients: 2, Grant: Grant{Consent: true},
		Handling: &Handling{
			TLP: entente.TLPAmber, Purposes: purposes, Consented: purposes[1:], Onward: entente.OnwardNamed, Retain: now,
			Risks: []string{"torture"},
		},
	}
}

// Bare returns what decides on a request as Cedar alone would, over all policies of
// the set and with input that is built beforehand: the yardstick of benchmarks.
func (s *Set) Bare(r Request) func() bool {
	e, request := r.cedar(s.principals.of(&r))
	return func() bool {
		verdict, _ := cedar.Authorize(s, e, request)
		return bool(verdict)
	}
}
