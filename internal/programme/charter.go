package programme

import (
	"regexp"
	"slices"

	"entente"
)

type charterFile struct {
	Code       string
	Title      entente.Text
	Announced  entente.Date
	Required   []string
	Leads      map[string]string
	Sources    []string
	Nature     []partyTextRow
	Disclaimer []partyTextRow
	Principles []principleRow
	Areas      []areaRow
	AreaLists  []areaListRow `yaml:"area_lists"`
	Groups     []groupRow
	Gates      []gateRow
}

type partyTextRow struct {
	Party   string
	Text    entente.Text
	Wording entente.Wording
	Sources []string
}

type principleRow struct {
	Code       string
	Name, Text entente.Text
	Wordings   []partyTextRow
	Sources    []string
}

type areaRow struct {
	Code       string
	Name, Text entente.Text
	Variant    bool
	Sources    []string
}

type areaListRow struct {
	Title   entente.Text
	Items   []areaItemRow
	Sources []string
}

type areaItemRow struct {
	Text  entente.Text
	Areas []string
}

type groupRow struct {
	Code       string
	Name, Text entente.Text
	Sources    []string
}

type gateRow struct {
	Gate     entente.Gate
	Officers int
}

func (l *loader) loadCharter() {
	f, p := readYAML[charterFile](l, "charter.yaml")
	l.adrift = p.node == nil
	if l.adrift {
		return
	}
	l.charterParties(f, p)
	c := &l.prog.Charter
	l.prog.Code = f.Code
	c.Joint, c.Code, c.Announced = l.joint(), f.Code, p.date("announced", f.Announced)
	if !entente.ValidSubject(f.Code) {
		p.at("code").failf("code: %q cannot name a programme: lower-case letters, digits and hyphens", f.Code)
		l.adrift = true
	}
	c.Title = p.text("title", f.Title)
	c.Sources = p.cite(f.Sources)
	c.Nature = p.partyTexts("nature", f.Nature)
	c.Disclaimer = p.partyTexts("disclaimer", f.Disclaimer)
	l.everyParty(p, "nature", c.Nature)
	l.everyParty(p, "disclaimer", c.Disclaimer)
	l.charterAreas(f, p)
	l.charterPrinciples(f, p)
	l.charterGates(f, p)
	l.charter = p
}

// charterParties reads who takes part, before all that depends on it.
func (l *loader) charterParties(f charterFile, p place) {
	for i, code := range f.Required {
		party := entente.Party(code)
		switch {
		case !party.Valid():
			p.at("required", i).failf("required: %q is not an ISO 3166 code of two letters", code)
		case slices.Contains(l.prog.Parties, party):
			p.at("required", i).failf("required: %s is there twice", code)
		default:
			l.prog.Parties = append(l.prog.Parties, party)
		}
	}
	if len(l.prog.Parties) < 2 {
		p.at("required").failf("required: a programme has at least two parties")
		l.adrift = true
	}
	l.prog.Leads = map[entente.Party]string{}
	for _, party := range l.prog.Parties {
		l.prog.Leads[party] = f.Leads[string(party)]
	}
}

func (p place) partyTexts(key string, rows []partyTextRow) []entente.PartyText {
	var out []entente.PartyText
	for i, r := range rows {
		at := p.at(key, i)
		party, _ := at.at("party").party(r.Party)
		out = append(out, entente.PartyText{
			Party: party, Text: at.text("text", r.Text), Wording: at.wording(r.Wording), Sources: at.cite(r.Sources),
		})
	}
	return out
}

func (l *loader) everyParty(p place, key string, texts []entente.PartyText) {
	for _, party := range l.prog.Parties {
		if !slices.ContainsFunc(texts, func(t entente.PartyText) bool { return t.Party == party }) {
			p.at(key).failf("%s: %s says nothing; every party says it in its own words", key, party)
		}
	}
}

func (l *loader) charterAreas(f charterFile, p place) {
	c := &l.prog.Charter
	for i, r := range f.Areas {
		at := p.at("areas", i)
		if !at.code(l.areas, r.Code) {
			continue
		}
		c.Areas = append(c.Areas, entente.Area{
			Code: r.Code, Name: at.text("name", r.Name), Text: at.text("text", r.Text), Variant: r.Variant, Sources: at.cite(r.Sources),
		})
	}
	for i, r := range f.AreaLists {
		at := p.at("area_lists", i)
		list := entente.AreaList{Title: at.text("title", r.Title), Sources: at.cite(r.Sources)}
		for j, item := range r.Items {
			in := at.at("items", j)
			list.Items = append(list.Items, entente.AreaListItem{Text: in.text("text", item.Text), Areas: in.inAreas(item.Areas, false)})
		}
		c.AreaLists = append(c.AreaLists, list)
	}
}

func (l *loader) charterPrinciples(f charterFile, p place) {
	c := &l.prog.Charter
	seen := map[string]bool{}
	for i, r := range f.Principles {
		at := p.at("principles", i)
		at.code(seen, r.Code)
		c.Principles = append(c.Principles, entente.Principle{
			Code: r.Code, Name: at.text("name", r.Name), Text: at.text("text", r.Text),
			Wordings: at.partyTexts("wordings", r.Wordings), Sources: at.cite(r.Sources),
		})
	}
	for i, r := range f.Groups {
		at := p.at("groups", i)
		at.code(seen, r.Code)
		c.Groups = append(c.Groups, entente.Group{
			Code: r.Code, Name: at.text("name", r.Name), Text: at.text("text", r.Text), Sources: at.cite(r.Sources),
		})
	}
}

// charterGates holds the gates against the rule of the house: publication always
// takes two different officers.
func (l *loader) charterGates(f charterFile, p place) {
	officers := map[entente.Gate]int{}
	for i, r := range f.Gates {
		at := p.at("gates", i)
		at.one("gate", string(r.Gate), string(entente.GatePublication), string(entente.GateRelease))
		if r.Officers < 1 || r.Officers > 3 {
			at.at("officers").failf("officers: %d is not 1, 2 or 3", r.Officers)
		}
		if _, twice := officers[r.Gate]; twice {
			at.failf("gate %s is there twice", r.Gate)
		}
		officers[r.Gate] = r.Officers
		l.prog.Charter.Gates = append(l.prog.Charter.Gates, entente.GateRule{Gate: r.Gate, Officers: r.Officers})
	}
	if officers[entente.GatePublication] != 2 {
		p.at("gates").failf("gates: publication takes 2 officers")
	}
	if officers[entente.GateRelease] == 0 {
		p.at("gates").failf("gates: release has no rule")
	}
}

// addCharter makes one half a party; each needs the genesis of all of them.
func (l *loader) addCharter(p place) {
	var needs []Key
	for _, party := range l.prog.Parties {
		needs = append(needs, Key{Writer: string(party), Type: entente.TypeGenesis})
	}
	body := l.prog.Charter
	parties := l.prog.Parties
	for _, party := range parties {
		l.add(p, Item{
			Author: l.lead(party), Type: entente.TypeCharter, Subject: body.Code, Body: &body, Needs: needs,
			bind: binding(body, func(c *entente.Charter, t []Target) {
				c.Genesis = nil
				for i := range t {
					c.Genesis = append(c.Genesis, entente.GenesisPin{Party: parties[i], Digest: t[i].Digest})
				}
			}),
		})
	}
}

var agencyForm = regexp.MustCompile(`^[A-Z][A-Z0-9-]{1,15}$`)

type agencyRow struct {
	Code, Author string
	Name, Role   entente.Text
	Sources      []string
}

func (l *loader) loadAgencies() {
	rows, p := readYAML[[]agencyRow](l, "agencies.yaml")
	seen := map[string]bool{}
	for i, r := range rows {
		at := p.at(i)
		if !at.code(seen, r.Code) {
			continue
		}
		if !agencyForm.MatchString(r.Code) {
			at.at("code").failf("code: %q is not an agency's code: 2 to 16 upper-case letters, digits and hyphens", r.Code)
		}
		party, ok := at.at("author").party(r.Author)
		if !ok {
			continue
		}
		l.agencies[r.Code] = party
		body := entente.Agency{Code: r.Code, Name: at.text("name", r.Name), Role: at.text("role", r.Role), Sources: at.cite(r.Sources)}
		l.prog.Agencies = append(l.prog.Agencies, Agency{party, body})
		l.add(at, Item{Author: l.lead(party), Type: entente.TypeAgency, Subject: subject(r.Code), Body: &body})
	}
	for _, party := range l.prog.Parties {
		if l.agencies[l.prog.Leads[party]] != party {
			l.charter.at("leads", string(party)).failf("leads: %q is not an agency of %s", l.prog.Leads[party], party)
			l.adrift = true
		}
	}
	if entente.ValidSubject(l.prog.Code) {
		l.addCharter(l.charter)
	}
}
