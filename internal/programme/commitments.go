package programme

import (
	"fmt"
	"slices"
	"strings"

	"entente"
)

type commitmentRow struct {
	Code, Owner        string
	Areas              []string
	Title, Description entente.Text
	Announced, Due     entente.Date
	DueBasis           *entente.Text `yaml:"due_basis"`
	Standing           *entente.Text
	Wording            entente.Wording
	Stated             []statedRow
}

// statedRow says who states a commitment, as what, and from which texts.
type statedRow struct {
	Author, Agency, As, Of string
	Sources                []string
}

const both = "both"

func (l *loader) loadCommitments() {
	rows, root := readYAML[[]commitmentRow](l, "commitments.yaml")
	for i, r := range rows {
		p := root.at(i)
		if !p.code(l.commitments, r.Code) {
			continue
		}
		l.titles[r.Code] = r.Title
		if r.Owner != both {
			p.at("owner").party(r.Owner)
		}
		r.Title, r.Description = p.text("title", r.Title), p.text("description", r.Description)
		r.DueBasis, r.Standing = p.maybe("due_basis", r.DueBasis), p.maybe("standing", r.Standing)
		r.Wording = p.wording(r.Wording)
		p.inAreas(r.Areas, true)
		p.span("announced", r.Announced, "due", r.Due)
		if len(r.Stated) == 0 {
			p.failf("stated: nobody states %s", r.Code)
		}
		for n, s := range r.Stated {
			l.stated(p.at("stated", n), r, s)
		}
	}
}

func (l *loader) stated(p place, r commitmentRow, s statedRow) {
	if s.As == string(entente.TypeJointCommitment) {
		if p.one("author", s.Author, both) {
			l.jointCommitment(p, r, s)
		}
		return
	}
	author, ok := p.author(s.Author, s.Agency)
	if !ok {
		return
	}
	sources := p.own(author, s.Sources)
	kinds := []string{"commitment", "account"}
	if author.Observer != "" {
		kinds = []string{"citation", "statement"}
	}
	if !p.one("as", s.As, kinds...) {
		return
	}
	switch s.As {
	case "commitment":
		if r.Owner != both && r.Owner != s.Author {
			p.failf("%s is the undertaking of %s: %s can only give an account of it", r.Code, r.Owner, s.Author)
		}
		body := r.body(sources)
		l.add(p, Item{Author: author, Type: entente.TypeCommitment, Subject: subject(r.Code), Body: &body})
	case "account":
		l.account(p, r, s, author, sources)
	default:
		l.citedCommitment(p, r, s, author, sources)
	}
}

func (r commitmentRow) body(sources []entente.Source) entente.Commitment {
	return entente.Commitment{
		Code: r.Code, Areas: r.Areas, Title: r.Title, Description: r.Description, Announced: r.Announced, Due: r.Due,
		DueBasis: r.DueBasis, Standing: r.Standing, Wording: r.Wording, Sources: sources,
	}
}

// jointCommitment makes the joint body, which every party states, and each
// party's half, which rests on that party's own texts and pins the joint body.
func (l *loader) jointCommitment(p place, r commitmentRow, s statedRow) {
	joint := entente.JointCommitment{
		Joint: l.joint(), Code: r.Code, Areas: r.Areas, Title: r.Title, Description: r.Description, Announced: r.Announced,
		Due: r.Due, DueBasis: r.DueBasis, Wording: r.Wording, Sources: p.cite(s.Sources),
	}
	if r.Owner != both {
		p.failf("%s is the undertaking of %s alone: it cannot be joint", r.Code, r.Owner)
	}
	for _, party := range l.prog.Parties {
		author := l.lead(party)
		l.add(p, Item{Author: author, Type: entente.TypeJointCommitment, Subject: subject(r.Code), Body: &joint})
		own := slices.DeleteFunc(slices.Clone(s.Sources), func(c string) bool { return !slices.Contains(l.sources[c].TextOf, party) })
		if len(own) == 0 {
			p.at("sources").failf("%s has no text of its own among them: it did not state %s", party, r.Code)
		}
		half := r.body(p.cite(own))
		l.add(p, Item{
			Author: author, Type: entente.TypeCommitment, Subject: subject(r.Code), Body: &half,
			Needs: []Key{key(string(party), entente.TypeJointCommitment, r.Code)},
			bind:  binding(half, func(c *entente.Commitment, t []Target) { c.Joint = &t[0].Digest }),
		})
	}
}

func (l *loader) account(p place, r commitmentRow, s statedRow, author entente.Author, sources []entente.Source) {
	of, ok := p.at("of").party(s.Of)
	if !ok {
		return
	}
	if of == author.Party {
		p.at("of").failf("%s gives no account of itself: state it as a commitment", of)
	}
	if r.Owner != both && r.Owner != s.Of {
		p.at("of").failf("%s is the undertaking of %s, not of %s", r.Code, r.Owner, s.Of)
	}
	l.add(p, Item{Author: author, Type: entente.TypeAccount, Subject: subject(r.Code), Body: &entente.Account{
		Code: r.Code, Of: of, Areas: r.Areas, Title: r.Title, Description: r.Description, Announced: r.Announced, Due: r.Due,
		Standing: r.Standing, Wording: r.Wording, Sources: sources,
	}})
}

// citedCommitment records what others report as undertaken ("citation") or as
// asked for ("statement"). What the record says of it closes the text.
func (l *loader) citedCommitment(p place, r commitmentRow, s statedRow, author entente.Author, sources []entente.Source) {
	body := entente.Citation{
		Code: r.Code, Kind: "undertaking", Title: r.Title, Text: r.Description, Date: r.Announced, Of: s.Of,
		Areas: r.Areas, Wording: r.Wording, Sources: sources,
	}
	if s.As == "statement" {
		body.Kind = s.As
		if s.Of != "" {
			p.at("of").failf("of: a request is nobody's undertaking")
		}
	} else if s.Of != both {
		p.at("of").party(s.Of)
	}
	if r.Standing != nil {
		body.Text = joined(body.Text, *r.Standing)
	}
	l.add(p, Item{Author: author, Type: entente.TypeCitation, Subject: subject(r.Code), Body: &body})
}

// joined appends a sentence to a text, language by language.
func joined(a, b entente.Text) entente.Text {
	line := func(x, y string) string {
		if x == "" || y == "" {
			return x + y
		}
		return fmt.Sprintf("%s %s.", x, y)
	}
	return entente.Text{ES: line(a.ES, b.ES), EN: line(a.EN, b.EN)}
}

type pairingRow struct {
	Code, Author string
	Sides        []pairSideRow
	Basis        entente.Text
	Sources      []string
}

type pairSideRow struct{ Party, Commitment string }

// loadPairings reads the pairs: both parties' (joint), one party's proposal (its
// half of a joint pairing), or the observer's reading (a citation).
func (l *loader) loadPairings() {
	rows, root := readYAML[[]pairingRow](l, "pairings.yaml")
	seen := map[string]bool{}
	for i, r := range rows {
		p := root.at(i)
		if !p.code(seen, r.Code) {
			continue
		}
		sides := p.sides(r.Sides)
		basis, sources := p.text("basis", r.Basis), p.cite(r.Sources)
		if r.Author == Observer {
			author, _ := p.author(r.Author, "")
			p.own(author, r.Sources)
			l.add(p, Item{Author: author, Type: entente.TypeCitation, Subject: subject(r.Code), Body: &entente.Citation{
				Code: r.Code, Kind: "pairing", Title: l.pairTitle(r.Sides), Text: basis, Pair: sides, Wording: entente.Summary, Sources: sources,
			}})
			continue
		}
		parties := l.prog.Parties
		if r.Author != both {
			party, ok := p.at("author").party(r.Author)
			if !ok {
				continue
			}
			parties = []entente.Party{party}
		}
		body := entente.Pairing{Joint: l.joint(), Sides: sides, Basis: basis, Sources: sources}
		for _, party := range parties {
			p.own(l.lead(party), r.Sources)
			l.add(p, Item{Author: l.lead(party), Type: entente.TypePairing, Subject: subject(r.Code), Body: &body})
		}
	}
}

func (p place) sides(rows []pairSideRow) []entente.PairSide {
	var out []entente.PairSide
	for n, s := range rows {
		at := p.at("sides", n)
		party, _ := at.at("party").party(s.Party)
		if !p.l.commitments[s.Commitment] {
			at.at("commitment").failf("no commitment has the code %q", s.Commitment)
		}
		out = append(out, entente.PairSide{Party: party, Subject: subject(s.Commitment)})
	}
	if len(out) < 2 || len(out) > 4 {
		p.at("sides").failf("sides: a pairing has 2 to 4, not %d", len(out))
	} else if out[0].Party == out[1].Party {
		p.at("sides").failf("sides: commitments of one party do not answer each other")
	}
	return out
}

// pairTitle names the sides by the titles of their commitments.
func (l *loader) pairTitle(sides []pairSideRow) entente.Text {
	var es, en []string
	for _, s := range sides {
		t := l.titles[s.Commitment]
		es, en = append(es, t.ES+" ("+s.Party+")"), append(en, t.EN+" ("+s.Party+")")
	}
	return entente.Text{ES: strings.Join(es, " ↔ "), EN: strings.Join(en, " ↔ ")}
}
