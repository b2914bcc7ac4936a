package programme

import (
	"errors"
	"io/fs"
	"regexp"
	"slices"

	"entente"
)

// exchangeFile is how information is exchanged: what the parties agree on, and each
// party's own way out. A programme that exchanges none has no such file.
type exchangeFile struct {
	Terms  *termsRow
	Routes []routeRow
}

type termsRow struct {
	Remark         entente.Text
	Purposes       []purposeRow
	Bases, Reasons []termRow
	Emergency      bool
	ReviewHours    int `yaml:"review_hours"`
	Counts, Misuse bool
	Sources        []string
}

type purposeRow struct {
	Code string
	Name entente.Text
	Rule entente.PurposeRule
}

type termRow struct {
	Code string
	Name entente.Text
}

type routeRow struct {
	Author        string
	Remark        entente.Text
	Contacts      []string
	Authorisation []string
	Authority     entente.Text
	Ceiling       entente.Classification
	Duty          []dutyRow
	Sources       []string
}

type dutyRow struct {
	Code     string
	Name     entente.Text
	Agencies []string
	Minutes  int
	Escalate []string
}

const exchangeName = "exchange.yaml"

var (
	termForm = regexp.MustCompile(`^[a-z][a-z0-9_]{1,39}$`)
	dutyForm = regexp.MustCompile(`^[a-z][a-z0-9-]{1,39}$`)
)

func (l *loader) loadExchange() {
	if _, err := fs.Stat(l.fsys, exchangeName); errors.Is(err, fs.ErrNotExist) {
		return
	}
	f, p := readYAML[exchangeFile](l, exchangeName)
	if p.node == nil {
		return
	}
	if f.Terms == nil {
		p.failf("terms: nothing is exchanged without terms that both parties agree on")
		return
	}
	l.exchangeTerms(p.at("terms"), f.Terms)
	seen := map[entente.Party]bool{}
	for i, r := range f.Routes {
		l.exchangeRoute(p.at("routes", i), r, seen)
	}
	for _, party := range l.prog.Parties {
		if !seen[party] {
			p.at("routes").failf("routes: %s has none, and nothing leaves a party but by its own", party)
		}
	}
}

func (l *loader) exchangeTerms(p place, r *termsRow) {
	body := entente.ExchangeTerms{
		Joint: l.joint(), Code: l.prog.Code, Emergency: r.Emergency, ReviewHours: r.ReviewHours, Counts: r.Counts, Misuse: r.Misuse,
		Remark: p.remark(r.Remark), Bases: p.terms("bases", r.Bases), Reasons: p.terms("reasons", r.Reasons), Sources: p.cite(r.Sources),
	}
	seen := map[string]bool{}
	for i, one := range r.Purposes {
		at := p.at("purposes", i)
		at.term(seen, one.Code)
		at.one("rule", string(one.Rule), string(entente.PurposeOpen), string(entente.PurposeConsent), string(entente.PurposeNever))
		body.Purposes = append(body.Purposes, entente.Purpose{Code: one.Code, Name: at.text("name", one.Name), Rule: one.Rule})
	}
	if !slices.ContainsFunc(body.Purposes, func(o entente.Purpose) bool { return o.Rule == entente.PurposeOpen }) {
		p.at("purposes").failf("purposes: there is none that a release may be permitted for")
	}
	if r.ReviewHours < 0 || r.ReviewHours > 720 || r.Emergency != (r.ReviewHours > 0) {
		p.at("review_hours").failf("review_hours: an emergency release is reviewed within 1 to 720 hours, and only where there is emergency")
	}
	for _, party := range l.prog.Parties {
		if !l.textOf(party, r.Sources) {
			p.at("sources").failf("%s states this, but none of %v is a text or act of %s", party, r.Sources, party)
		}
		l.add(p, Item{Author: l.lead(party), Type: entente.TypeExchangeTerms, Subject: subject(l.prog.Code), Body: &body})
	}
}

// remark reads what a reader has to know first, which may be left out.
func (p place) remark(t entente.Text) *entente.Text {
	if t.IsZero() {
		return nil
	}
	t = p.text("remark", t)
	return &t
}

// terms checks an agreed list.
func (p place) terms(key string, rows []termRow) []entente.Term {
	var out []entente.Term
	seen := map[string]bool{}
	for i, r := range rows {
		at := p.at(key, i)
		at.term(seen, r.Code)
		out = append(out, entente.Term{Code: r.Code, Name: at.text("name", r.Name)})
	}
	if len(out) == 0 {
		p.failf("%s: the list is empty", key)
	}
	return out
}

// term checks the code of an item of a list.
func (p place) term(seen map[string]bool, code string) {
	switch {
	case !termForm.MatchString(code):
		p.at("code").failf("code: %q is not 2 to 40 lower-case letters, digits and underscores", code)
	case seen[code]:
		p.at("code").failf("code: %s is there twice", code)
	}
	seen[code] = true
}

func (l *loader) exchangeRoute(p place, r routeRow, seen map[entente.Party]bool) {
	party, ok := p.at("author").party(r.Author)
	if !ok {
		return
	}
	if seen[party] {
		p.at("author").failf("%s has two routes", party)
		return
	}
	seen[party] = true
	body := entente.Route{
		Remark: p.remark(r.Remark), Contacts: p.agencies("contacts", party, r.Contacts, true), Authorisation: r.Authorisation, Ceiling: r.Ceiling,
		Sources: p.own(entente.Author{Party: party}, r.Sources),
	}
	if body.Authorisation == nil {
		body.Authorisation = []string{}
	}
	for i, act := range r.Authorisation {
		p.at("authorisation", i).one("authorisation", act, "request", "release", "alert", "case_transfer")
	}
	if len(r.Authorisation) > 0 {
		body.Authority = p.text("authority", r.Authority)
	}
	p.one("ceiling", string(r.Ceiling), string(entente.Unclassified), string(entente.Restricted), string(entente.Confidential), string(entente.Secret))
	groups := map[string]bool{}
	for i, g := range r.Duty {
		body.Duty = append(body.Duty, p.at("duty", i).duty(groups, party, g))
	}
	l.add(p, Item{Author: l.lead(party), Type: entente.TypeRoute, Subject: subject(l.prog.Code), Body: &body, Needs: l.agencyNeeds(party, body)})
}

func (p place) duty(seen map[string]bool, party entente.Party, r dutyRow) entente.DutyGroup {
	switch {
	case !dutyForm.MatchString(r.Code):
		p.at("code").failf("code: %q is not 2 to 40 lower-case letters, digits and hyphens", r.Code)
	case seen[r.Code]:
		p.at("code").failf("code: %s is there twice", r.Code)
	}
	seen[r.Code] = true
	if r.Minutes < 1 || r.Minutes > 1440 {
		p.at("minutes").failf("minutes: %d is not between 1 and 1440", r.Minutes)
	}
	return entente.DutyGroup{
		Code: r.Code, Name: p.text("name", r.Name), Minutes: r.Minutes,
		Agencies: p.agencies("agencies", party, r.Agencies, true), Escalate: p.agencies("escalate", party, r.Escalate, false),
	}
}

// agencies checks that a list names agencies of a party.
func (p place) agencies(key string, party entente.Party, codes []string, required bool) []string {
	if required && len(codes) == 0 {
		p.failf("%s: at least one agency is required", key)
	}
	for i, code := range codes {
		if p.l.agencies[code] != party {
			p.at(key, i).failf("%s: %q is not an agency of %s", key, code, party)
		}
		if slices.Contains(codes[:i], code) {
			p.at(key, i).failf("%s: %s is there twice", key, code)
		}
	}
	return codes
}

// agencyNeeds are the agencies that a route names: the gate wants them stated.
func (l *loader) agencyNeeds(party entente.Party, r entente.Route) []Key {
	codes := slices.Clone(r.Contacts)
	for _, g := range r.Duty {
		codes = append(append(codes, g.Agencies...), g.Escalate...)
	}
	slices.Sort(codes)
	var needs []Key
	for _, code := range slices.Compact(codes) {
		if l.agencies[code] == party {
			needs = append(needs, Key{Writer: string(party), Type: entente.TypeAgency, Subject: subject(code)})
		}
	}
	return needs
}
