package programme

import (
	"slices"

	"entente"
)

type eventRow struct {
	Code        string
	Date        entente.Date
	Areas       []string
	Title, Text entente.Text
	Stated      []eventStatedRow
}

// eventStatedRow says who states an event and as what; its own title and text,
// where given, replace the event's.
type eventStatedRow struct {
	Author, Agency, As   string
	Title, Text, Speaker *entente.Text
	Kind                 string
	From, To             entente.Date
	NotBefore            entente.Date `yaml:"not_before"`
	States, Agencies     []string
	Commitments          []string
	Quantities           []quantityRow
	Wording              entente.Wording
	Sources              []string
}

type quantityRow struct {
	What        entente.Text
	Value, Unit string
}

var actionKinds = []string{
	"seizure", "arrest", "inspection", "investigation", "prosecution", "tunnel_closed", "transfer", "extradition",
	"training", "campaign", "legislative_reform", "sanction", "deployment", "other",
}

func (l *loader) loadEvents() {
	rows, root := readYAML[[]eventRow](l, "events.yaml")
	seen := map[string]bool{}
	for i, r := range rows {
		p := root.at(i)
		if !p.code(seen, r.Code) {
			continue
		}
		p.date("date", r.Date)
		p.inAreas(r.Areas, false)
		r.Title, r.Text = p.text("title", r.Title), p.text("text", r.Text)
		if len(r.Stated) == 0 {
			p.failf("stated: nobody states %s", r.Code)
		}
		for n, s := range r.Stated {
			l.event(p.at("stated", n), r, s)
		}
	}
}

func (l *loader) event(p place, r eventRow, s eventStatedRow) {
	author, ok := p.author(s.Author, s.Agency)
	if !ok {
		return
	}
	kinds := []string{"statement", "action"}
	if author.Observer != "" {
		kinds = []string{"citation"}
	}
	if !p.one("as", s.As, kinds...) {
		return
	}
	if t := p.maybe("title", s.Title); t != nil {
		r.Title = *t
	}
	if t := p.maybe("text", s.Text); t != nil {
		r.Text = *t
	}
	if s.As != "action" && (s.Kind != "" || s.From != "" || s.To != "" || s.NotBefore != "" || len(s.States)+len(s.Agencies)+len(s.Commitments)+len(s.Quantities) > 0) {
		p.failf("kind, dates, states, agencies, commitments and quantities belong to an action")
	}
	sources, wording := p.own(author, s.Sources), p.wording(s.Wording)
	switch s.As {
	case "citation":
		l.add(p, Item{Author: author, Type: entente.TypeCitation, Subject: subject(r.Code), Body: &entente.Citation{
			Code: r.Code, Kind: "event", Title: r.Title, Text: r.Text, Date: r.Date, Areas: r.Areas, Wording: wording, Sources: sources,
		}})
	case "statement":
		speaker := entente.Text{}
		if s.Speaker != nil {
			speaker = *s.Speaker
		}
		l.add(p, Item{Author: author, Type: entente.TypeStatement, Subject: subject(r.Code), Body: &entente.Statement{
			Code: r.Code, Speaker: p.text("speaker", speaker), Date: r.Date, Title: r.Title, Text: r.Text, Areas: r.Areas,
			Wording: wording, Sources: sources,
		}})
	case "action":
		l.action(p, r, s, author, entente.Action{
			Code: r.Code, Areas: p.inAreas(r.Areas, true), Title: r.Title, Text: r.Text, Wording: wording, Sources: sources,
		})
	}
}

// action makes what a party did in its own territory: states of its own, and
// commitments of its own as what the action is evidence for.
func (l *loader) action(p place, r eventRow, s eventStatedRow, author entente.Author, body entente.Action) {
	p.one("kind", s.Kind, actionKinds...)
	p.span("from", s.From, "to", s.To)
	p.date("not_before", s.NotBefore)
	if s.From == "" {
		p.failf("from: is required")
	}
	for n, state := range s.States {
		if !entente.ValidState(state) || state[:2] != string(author.Party) {
			p.at("states", n).failf("states: %q is not a state of %s (ISO 3166-2)", state, author.Party)
		}
	}
	for n, agency := range s.Agencies {
		if l.agencies[agency] != author.Party {
			p.at("agencies", n).failf("agencies: %q is not an agency of %s", agency, author.Party)
		}
	}
	body.Kind, body.From, body.To, body.NotBefore = s.Kind, s.From, s.To, s.NotBefore
	body.States, body.Agencies = s.States, s.Agencies
	for n, q := range s.Quantities {
		at := p.at("quantities", n)
		if !decimalForm.MatchString(q.Value) {
			at.at("value").failf("value: %q is not a decimal number", q.Value)
		}
		if q.Unit == "" {
			at.failf("unit: is required")
		}
		body.Quantities = append(body.Quantities, entente.Quantity{What: at.text("what", q.What), Value: q.Value, Unit: at.unit(q.Unit)})
	}
	it := Item{Author: author, Type: entente.TypeAction, Subject: subject(r.Code), Body: &body}
	for _, code := range s.Commitments {
		it.Needs = append(it.Needs, key(author.Writer(), entente.TypeCommitment, code))
	}
	it.bind = binding(body, func(a *entente.Action, t []Target) {
		a.Commitments = nil
		for _, target := range t {
			a.Commitments = append(a.Commitments, target.Ref)
		}
	})
	l.add(p, it)
}

type noticeRow struct {
	Code, Author, Agency string
	Title, Text          entente.Text
	Areas                []string
	From, To             entente.Date
	Sources              []string
}

func (l *loader) loadNotices() {
	rows, root := readYAML[[]noticeRow](l, "notices.yaml")
	seen := map[string]bool{}
	for i, r := range rows {
		p := root.at(i)
		if !p.code(seen, r.Code) {
			continue
		}
		author, ok := p.author(r.Author, r.Agency)
		if !ok {
			continue
		}
		if author.Observer != "" {
			p.at("author").failf("author: advance word is a party's to give")
			continue
		}
		p.span("from", r.From, "to", r.To)
		l.add(p, Item{Author: author, Type: entente.TypeNotice, Subject: subject(r.Code), Body: &entente.Notice{
			Code: r.Code, Title: p.text("title", r.Title), Text: p.text("text", r.Text), Areas: p.inAreas(r.Areas, false),
			From: r.From, To: r.To, Sources: p.own(author, r.Sources),
		}})
	}
}

type questionGroupRow struct {
	Group     entente.Text
	Questions []questionRow
}

type questionRow struct {
	Code    string
	Areas   []string
	Text    entente.Text
	Sources []string
}

// loadQuestions reads what the public record does not say; the observer puts it
// on record.
func (l *loader) loadQuestions() {
	groups, root := readYAML[[]questionGroupRow](l, "questions.yaml")
	seen := map[string]bool{}
	for i, g := range groups {
		head := root.at(i).text("group", g.Group)
		for n, r := range g.Questions {
			p := root.at(i, "questions", n)
			if !p.code(seen, r.Code) {
				continue
			}
			text, group := p.text("text", r.Text), head
			l.add(p, Item{Author: entente.Author{Observer: Observer}, Type: entente.TypeCitation, Subject: subject(r.Code), Body: &entente.Citation{
				Code: r.Code, Kind: "question", Title: question(text), Text: text, Areas: p.inAreas(r.Areas, false), Group: &group,
				Wording: entente.Summary, Sources: p.cite(r.Sources),
			}})
		}
	}
}

// question returns the part of a text that asks, as its title.
func question(t entente.Text) entente.Text {
	ask := func(s string) string {
		if i := slices.Index([]rune(s), '?'); i >= 0 {
			return string([]rune(s)[:i+1])
		}
		return s
	}
	return entente.Text{ES: ask(t.ES), EN: ask(t.EN)}
}
