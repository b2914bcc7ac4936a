package programme

import (
	"entente"
)

type meetingRow struct {
	Code, Kind, Status        string
	Number                    int
	From, To                  entente.Date
	Title                     entente.Text
	Place, Level, Delegations *entente.Text
	Agenda                    []entente.Text
	Records                   []meetingRecordRow
}

// meetingRecordRow is what one side published about a meeting, or, for the
// observer, what others report (text).
type meetingRecordRow struct {
	Author, Agency string
	Text           *entente.Text
	Outcomes       []outcomeRow
	Wording        entente.Wording
	Sources        []string
}

type outcomeRow struct {
	Text        entente.Text
	Commitments []string
}

func (l *loader) loadMeetings() {
	rows, root := readYAML[[]meetingRow](l, "meetings.yaml")
	seen := map[string]bool{}
	for i, r := range rows {
		p := root.at(i)
		if !p.code(seen, r.Code) {
			continue
		}
		p.one("kind", r.Kind, "meeting", "call", "contact", "ministerial")
		p.one("status", r.Status, "held", "planned", "not_confirmed")
		p.span("from", r.From, "to", r.To)
		r.Title = p.text("title", r.Title)
		r.Place, r.Level, r.Delegations = p.maybe("place", r.Place), p.maybe("level", r.Level), p.maybe("delegations", r.Delegations)
		for n := range r.Agenda {
			r.Agenda[n] = p.entry("agenda", n, r.Agenda[n])
		}
		if len(r.Records) == 0 {
			p.failf("records: nobody records %s", r.Code)
		}
		for n, rec := range r.Records {
			l.meeting(p.at("records", n), r, rec)
		}
	}
}

// entry checks a text that is an element of a list.
func (p place) entry(list string, n int, t entente.Text) entente.Text {
	return p.at(list, n).text(list, t)
}

func (l *loader) meeting(p place, r meetingRow, rec meetingRecordRow) {
	author, ok := p.author(rec.Author, rec.Agency)
	if !ok {
		return
	}
	sources, wording := p.own(author, rec.Sources), p.wording(rec.Wording)
	if author.Observer != "" {
		text := entente.Text{}
		if rec.Text != nil {
			text = *rec.Text
		}
		if len(rec.Outcomes) > 0 {
			p.at("outcomes").failf("outcomes are the parties' to record: put what is reported into text")
		}
		l.add(p, Item{Author: author, Type: entente.TypeCitation, Subject: subject(r.Code), Body: &entente.Citation{
			Code: r.Code, Kind: "meeting", Title: r.Title, Text: p.text("text", text), Date: r.From, Meeting: r.Code,
			Wording: wording, Sources: sources,
		}})
		return
	}
	if rec.Text != nil {
		p.at("text").failf("text belongs to the %s's records: a party records outcomes", Observer)
	}
	l.add(p, Item{Author: author, Type: entente.TypeMeeting, Subject: subject(r.Code), Body: &entente.Meeting{
		Code: r.Code, Number: r.Number, Kind: r.Kind, Status: r.Status, Title: r.Title, From: r.From, To: r.To, Place: r.Place,
		Level: r.Level, Delegations: r.Delegations, Agenda: r.Agenda, Outcomes: p.outcomes(rec.Outcomes), Wording: wording, Sources: sources,
	}})
}

func (p place) outcomes(rows []outcomeRow) []entente.Outcome {
	var out []entente.Outcome
	for n, o := range rows {
		at := p.at("outcomes", n)
		for i, code := range o.Commitments {
			if !p.l.commitments[code] {
				at.at("commitments", i).failf("no commitment has the code %q", code)
			}
		}
		out = append(out, entente.Outcome{Text: at.text("text", o.Text), Commitments: o.Commitments})
	}
	return out
}
