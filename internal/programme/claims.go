package programme

import (
	"regexp"

	"entente"
)

var claimColumns = []string{
	"code", "date", "author", "agency", "as", "speaker_en", "speaker_es", "by", "text_en", "text_es", "measure",
	"value", "unit", "period_en", "period_es", "status", "why_en", "why_es", "statement", "sources",
}

var decimalForm = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// text reads a text from a pair of columns: name_es and name_en.
func (r record) text(name string) entente.Text {
	return entente.Text{ES: r.cells[name+"_es"], EN: r.cells[name+"_en"]}
}

// pair gives the two columns of a text one name, so that faults point to them.
func (r record) pair(name string) place {
	p := r.place
	p.cols = map[string]int{name: r.place.cols[name+"_en"]}
	return p
}

func (r record) required(name string) entente.Text { return r.pair(name).text(name, r.text(name)) }

func (r record) optional(name string) *entente.Text {
	t := r.text(name)
	return r.pair(name).maybe(name, &t)
}

// loadClaims reads what officials and others said in figures. A claim of a party
// stands in a text of its own; every other is a citation.
func (l *loader) loadClaims() {
	for _, r := range readCSV(l, "claims.csv", claimColumns...) {
		p, c := r.place, r.cells
		if !p.code(l.claims, c["code"]) {
			continue
		}
		author, ok := p.author(c["author"], c["agency"])
		if !ok {
			continue
		}
		content := r.claim()
		sources := p.own(author, r.list("sources"))
		switch c["as"] {
		case "claim":
			l.claim(r, author, content, sources)
		case "citation":
			if author.Party != "" && content.By == string(author.Party) {
				p.at("as").failf("as: what %s itself says is a claim, not a citation", author.Party)
			}
			l.add(p, Item{Author: author, Type: entente.TypeCitation, Subject: subject(c["code"]), Body: &entente.Citation{
				Code: c["code"], Kind: "claim", Title: content.Text, Text: content.Text, Date: content.Date,
				Areas: content.Areas, Claim: &content, Wording: content.Wording, Sources: sources,
			}})
		default:
			p.one("as", c["as"], "claim", "citation")
		}
	}
}

func (r record) claim() entente.ClaimContent {
	p, c := r.place, r.cells
	measure, ok := p.l.measures[c["measure"]]
	if !ok {
		p.at("measure").failf("measure: no measure has the code %q", c["measure"])
	}
	if c["value"] != "" && (!decimalForm.MatchString(c["value"]) || len(c["value"]) > 40) {
		p.at("value").failf("value: %q is not a decimal number", c["value"])
	}
	if (c["value"] == "") != (c["unit"] == "") {
		p.at("unit").failf("unit: a value has a unit, and a unit has a value")
	}
	p.one("by", c["by"], "MX", "US", both, "press", "NGO")
	p.one("status", c["status"], string(entente.Verified), string(entente.AsClaimed), string(entente.Disputed), string(entente.Unconfirmed))
	return entente.ClaimContent{
		Speaker: r.required("speaker"), By: c["by"], Date: p.date("date", entente.Date(c["date"])), Text: r.required("text"),
		Measure: c["measure"], Value: c["value"], Unit: p.unit(c["unit"]), Period: r.optional("period"),
		Status: entente.SourceStatus(c["status"]), Why: r.optional("why"), Areas: measure.Areas, Wording: entente.Summary,
	}
}

// claim makes a party's own claim; statement names the event in which it was
// said, by a statement of the same party.
func (l *loader) claim(r record, author entente.Author, content entente.ClaimContent, sources []entente.Source) {
	p, c := r.place, r.cells
	if author.Party == "" {
		p.at("as").failf("as: the observer makes no claims of its own: record it as a citation")
		return
	}
	if content.By != string(author.Party) {
		p.at("by").failf("by: %s states claims of its own only, not of %s", author.Party, content.By)
	}
	it := Item{Author: author, Type: entente.TypeClaim, Subject: subject(c["code"])}
	body := entente.Claim{Code: c["code"], ClaimContent: content, Sources: sources}
	it.Body = &body
	if c["statement"] != "" {
		it.Needs = []Key{key(author.Writer(), entente.TypeStatement, c["statement"])}
		it.bind = binding(body, func(b *entente.Claim, t []Target) { b.Statement = &t[0].Ref })
	}
	l.add(p, it)
}
