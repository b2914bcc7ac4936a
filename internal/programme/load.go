package programme

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"entente"
	"entente/internal/series"
)

// Programme is a programme as its files state it.
type Programme struct {
	// Code names the programme: mx-us-2025.
	Code string
	// Parties are the parties whose halves complete a joint thing.
	Parties []entente.Party
	// Leads are the agencies that state what a party states as a whole.
	Leads map[entente.Party]string
	// Charter is the charter without its genesis pins.
	Charter entente.Charter
	// Agencies are the parties' institutions, in the order of the file.
	Agencies []Agency
	// Sources are the documents relied on, in the order of the file.
	Sources []Source
	// Measures are what claims are about, Units what figures are counted in.
	Measures []Measure
	Units    []Unit
	// Policy is the joint policy, as the files of policies/ make it.
	Policy entente.Policy
	// Indicators, Datasets, Codelists and Checks are the figures.
	Indicators []series.Indicator
	Datasets   []series.Dataset
	Codelists  []series.Codelist
	Checks     []series.Check
	// Items are all entries to append, in an order in which every need is met.
	Items []Item
	// Untranslated lists the texts that exist in one language only.
	Untranslated []Problem
}

// Agency is an institution with its party.
type Agency struct {
	Party entente.Party
	entente.Agency
}

// Source is a document relied on. TextOf names the parties whose own published
// text or act it is, carries or reproduces: what it lets them state.
type Source struct {
	entente.Source
	TextOf []entente.Party
}

// loader gathers a programme and its faults. Maps by code serve look-ups only.
type loader struct {
	fsys         fs.FS
	prog         Programme
	problems     Problems
	untranslated Problems
	sources      map[string]Source
	areas        map[string]bool
	agencies     map[string]entente.Party
	measures     map[string]Measure
	units        map[string]bool
	indicators   map[string]series.Indicator
	claims       map[string]bool
	commitments  map[string]bool
	titles       map[string]entente.Text // of commitments
	places       map[Key]place
	charter      place
	// unread are the faults of files that could not be read at all; while there are
	// any, nothing that depends on other files is judged.
	unread Problems
	// adrift is set when nobody can be said to state anything, for want of two
	// parties with their leading agencies: then only that is a fault, not what
	// follows from it.
	adrift bool
}

// Load reads a programme from the files at the root of fsys. Where anything is
// wrong it returns no programme and [Problems] with every fault found.
func Load(fsys fs.FS) (*Programme, error) {
	l := &loader{
		fsys: fsys, sources: map[string]Source{}, areas: map[string]bool{}, agencies: map[string]entente.Party{},
		measures: map[string]Measure{}, units: map[string]bool{}, indicators: map[string]series.Indicator{},
		claims: map[string]bool{}, commitments: map[string]bool{}, titles: map[string]entente.Text{}, places: map[Key]place{},
	}
	l.loadSources()
	l.loadCharter()
	l.loadAgencies()
	founded := len(l.problems)
	l.loadBody()
	l.arrange()
	switch {
	case len(l.unread) > 0:
		l.problems = l.unread
	case l.adrift:
		l.problems = l.problems[:founded]
	}
	l.problems.sort()
	l.untranslated.sort()
	if len(l.problems) > 0 {
		return nil, l.problems
	}
	l.prog.Untranslated = l.untranslated
	return &l.prog, nil
}

// loadBody reads what the parties of the charter state. A file comes after those
// whose codes it names.
func (l *loader) loadBody() {
	l.loadPolicies()
	l.loadExchange()
	l.loadMeasures()
	l.loadUnits()
	l.loadFigures()
	l.loadCommitments()
	l.loadPairings()
	l.loadMilestones()
	l.loadProgress()
	l.loadLinks()
	l.loadClaims()
	l.loadChecks()
	l.loadEvents()
	l.loadMeetings()
	l.loadNotices()
	l.loadQuestions()
	l.loadPositions()
}

// maxBody leaves room for header and signatures within [entente.MaxEntry].
const maxBody = 60 << 10

// add records an item. Its author must be known, its subject valid and free.
func (l *loader) add(p place, it Item) {
	it.File, it.Line = p.file, p.line
	key := it.Key()
	if !entente.ValidSubject(it.Subject) {
		p.failf("%q cannot name a thing: lower-case letters, digits, dot, hyphen and underscore", it.Subject)
	}
	if first, twice := l.places[key]; twice {
		p.failf("the %s is there twice; first at line %d of %s", key, first.line, first.file)
		return
	}
	l.places[key] = p
	if b, err := json.Marshal(it.Body); err != nil {
		p.failf("%v", err)
	} else if len(b) > maxBody {
		p.failf("the body is %d bytes; an entry has room for %d", len(b), maxBody)
	}
	l.prog.Items = append(l.prog.Items, it)
}

// arrange puts the items in order and holds every need against them. Within a
// type the order of the files stays.
func (l *loader) arrange() {
	items := l.prog.Items
	slices.SortStableFunc(items, func(a, b Item) int {
		return slices.Index(order, a.Type) - slices.Index(order, b.Type)
	})
	for _, it := range items {
		p := l.places[it.Key()]
		for _, need := range it.Needs {
			if _, ok := l.places[need]; !ok && need.Type != entente.TypeGenesis {
				p.failf("refers to the %s, which no file states", need)
			}
		}
	}
}

// subject makes a thing's name from its code.
func subject(code string) string { return strings.ToLower(code) }

// party checks that code is a party of the programme.
func (p place) party(code string) (entente.Party, bool) {
	party := entente.Party(code)
	if slices.Contains(p.l.prog.Parties, party) {
		return party, true
	}
	p.failf("%q is not a party of the programme: %v", code, p.l.prog.Parties)
	return "", false
}

// author returns who states a row: a party with its agency (its lead where none
// is named), or the observer.
func (p place) author(code, agency string) (entente.Author, bool) {
	if code == Observer {
		if agency != "" {
			p.at("agency").failf("the observer has no agency")
		}
		return entente.Author{Observer: Observer}, true
	}
	party, ok := p.at("author").party(code)
	if !ok {
		return entente.Author{}, false
	}
	if agency == "" {
		agency = p.l.prog.Leads[party]
	}
	if p.l.agencies[agency] != party {
		p.at("agency").failf("%q is not an agency of %s", agency, party)
	}
	return entente.Author{Party: party, Agency: agency}, true
}

// cite returns the sources of a row by code.
func (p place) cite(codes []string) []entente.Source {
	at := p.at("sources")
	var out []entente.Source
	for i, code := range codes {
		s, ok := p.l.sources[code]
		switch {
		case !ok:
			at.at(i).failf("no source has the code %q", code)
		case slices.Contains(codes[:i], code):
			at.at(i).failf("%s is cited twice", code)
		default:
			out = append(out, s.Source)
		}
	}
	return out
}

// own checks that a party states what a text of its own says; the observer may
// cite anything, but must cite.
func (p place) own(a entente.Author, codes []string) []entente.Source {
	cited := p.cite(codes)
	if len(codes) == 0 {
		p.failf("names no source")
		return cited
	}
	if a.Party != "" && !p.l.textOf(a.Party, codes) {
		p.at("sources").failf("%s states this, but none of %s is a text or act of %s: name one, or make it a citation by the %s",
			a.Party, strings.Join(codes, " "), a.Party, Observer)
	}
	return cited
}

func (l *loader) textOf(party entente.Party, codes []string) bool {
	return slices.ContainsFunc(codes, func(c string) bool { return slices.Contains(l.sources[c].TextOf, party) })
}

// inAreas checks the areas of a row; a row that wants at least one says so.
func (p place) inAreas(codes []string, required bool) []string {
	at := p.at("areas")
	if required && len(codes) == 0 {
		p.failf("areas: at least one is required")
	}
	for i, code := range codes {
		if !p.l.areas[code] {
			at.at(i).failf("no area has the code %q", code)
		}
		if slices.Contains(codes[:i], code) {
			at.at(i).failf("area %s is there twice", code)
		}
	}
	return codes
}

// date checks a date that may be empty.
func (p place) date(key string, d entente.Date) entente.Date {
	if !d.Valid() {
		p.at(key).failf("%s: %q is not a date: YYYY, YYYY-MM or YYYY-MM-DD", key, string(d))
	}
	return d
}

// span checks two dates that may be empty and must not run backwards.
func (p place) span(fromKey string, from entente.Date, toKey string, to entente.Date) {
	p.date(fromKey, from)
	p.date(toKey, to)
	n := min(len(from), len(to))
	if from.Valid() && to.Valid() && n > 0 && to[:n] < from[:n] {
		p.at(toKey).failf("%s: %s is before %s", toKey, string(to), string(from))
	}
}

// one checks that v is one of the allowed words.
func (p place) one(key, v string, allowed ...string) bool {
	if slices.Contains(allowed, v) {
		return true
	}
	p.at(key).failf("%s: %q is not one of %s", key, v, strings.Join(allowed, ", "))
	return false
}

// wording returns summary where a row says nothing: nothing is verbatim unless
// the file says so.
func (p place) wording(w entente.Wording) entente.Wording {
	if w == "" {
		return entente.Summary
	}
	p.one("wording", string(w), string(entente.Verbatim), string(entente.Summary))
	return w
}

// code checks the code of a row and that no other row of its kind has it.
func (p place) code(seen map[string]bool, code string) bool {
	at := p.at("code")
	switch {
	case code == "":
		at.failf("code: is required")
		return false
	case len(code) > 32:
		at.failf("code: %q is longer than 32 characters", code)
	case seen[code]:
		at.failf("code: %s is there twice", code)
		return false
	}
	seen[code] = true
	return true
}

// joint is the joint part of what all parties of the programme state.
func (l *loader) joint() entente.Joint { return entente.Joint{Required: slices.Clone(l.prog.Parties)} }

// lead is the author that speaks for a party as a whole.
func (l *loader) lead(p entente.Party) entente.Author {
	return entente.Author{Party: p, Agency: l.prog.Leads[p]}
}

// key is the key of a commitment's code as a thing.
func key(writer string, t entente.Type, code string) Key { return Key{writer, t, subject(code)} }

// Find returns the item of a thing, or false.
func (p *Programme) Find(k Key) (*Item, bool) {
	i := slices.IndexFunc(p.Items, func(it Item) bool { return it.Key() == k })
	if i < 0 {
		return nil, false
	}
	return &p.Items[i], true
}

// Signers returns the agencies that state at least one item of a party, in
// alphabetical order: those that need a key.
func (p *Programme) Signers(party entente.Party) []string {
	var out []string
	for _, it := range p.Items {
		if it.Author.Party == party && !slices.Contains(out, it.Author.Agency) {
			out = append(out, it.Author.Agency)
		}
	}
	slices.Sort(out)
	return out
}

// String names the programme and counts its items, for logs.
func (p *Programme) String() string { return fmt.Sprintf("%s: %d items", p.Code, len(p.Items)) }
