package report

import (
	"strconv"
	"strings"
	"time"

	"entente"
	"entente/internal/bundle"
)

// What the components read from the entries.

func (d *doc) action(r entente.Ref) *entente.Action       { return bodyOf[entente.Action](d, r) }
func (d *doc) progress(r entente.Ref) *entente.Progress   { return bodyOf[entente.Progress](d, r) }
func (d *doc) milestone(r entente.Ref) *entente.Milestone { return bodyOf[entente.Milestone](d, r) }
func (d *doc) positionOf(r entente.Ref) *entente.Position { return bodyOf[entente.Position](d, r) }
func (d *doc) dataset(r entente.Ref) *entente.Dataset     { return bodyOf[entente.Dataset](d, r) }
func (d *doc) target(r entente.Ref) *entente.Target       { return bodyOf[entente.Target](d, r) }
func (d *doc) definition(in *Indicator) *entente.Indicator {
	return bodyOf[entente.Indicator](d, in.Entry)
}

// bodyOf returns an entry's body, or an empty one when it is of another type: a
// model that says otherwise is no model of this package's making, and shows
// nothing.
func bodyOf[T any](d *doc, r entente.Ref) *T {
	if c := d.entries[r]; c != nil {
		if b, ok := c.body.(*T); ok {
			return b
		}
	}
	return new(T)
}

// meeting is a party's record of a meeting; nil for a citation.
func (d *doc) meeting(r entente.Ref) *entente.Meeting {
	m, _ := d.cite(r).body.(*entente.Meeting)
	return m
}

func (d *doc) content(c *Claim) *entente.ClaimContent {
	switch b := d.cite(c.Entry).body.(type) {
	case *entente.Claim:
		return &b.ClaimContent
	case *entente.Citation:
		if b.Claim != nil {
			return b.Claim
		}
	}
	return &entente.ClaimContent{}
}

// titleOf is the title of an entry.
func (d *doc) titleOf(r entente.Ref) entente.Text {
	switch b := d.cite(r).body.(type) {
	case *entente.Commitment:
		return b.Title
	case *entente.JointCommitment:
		return b.Title
	case *entente.Account:
		return b.Title
	case *entente.Citation:
		return b.Title
	case *entente.Action:
		return b.Title
	case *entente.Meeting:
		return b.Title
	case *entente.Notice:
		return b.Title
	case *entente.Milestone:
		return b.Title
	case *entente.Indicator:
		return b.Title
	case *entente.Dataset:
		return b.Title
	case *entente.Statement:
		return b.Title
	case *entente.Agency:
		return b.Name
	case *entente.Charter:
		return b.Title
	case *entente.Claim:
		return b.Text
	case *entente.Question:
		return b.Text
	case *entente.Answer:
		return b.Text
	case *entente.Progress:
		return b.Text
	case *entente.Target:
		return b.Text
	}
	return entente.Text{}
}

// textOf is what an entry says at length.
func (d *doc) textOf(r entente.Ref) entente.Text {
	switch b := d.cite(r).body.(type) {
	case *entente.Commitment:
		return b.Description
	case *entente.JointCommitment:
		return b.Description
	case *entente.Account:
		return b.Description
	case *entente.Citation:
		return b.Text
	case *entente.Notice:
		return b.Text
	case *entente.Answer:
		return b.Text
	}
	return entente.Text{}
}

func (d *doc) isSummary(r entente.Ref) bool {
	switch b := d.cite(r).body.(type) {
	case *entente.Commitment:
		return b.Wording == entente.Summary
	case *entente.JointCommitment:
		return b.Wording == entente.Summary
	case *entente.Account:
		return b.Wording == entente.Summary
	case *entente.Citation:
		return b.Wording == entente.Summary
	}
	return false
}

func (d *doc) codeOf(i int) string {
	switch b := d.cite(d.m.Undertakings[i].Entry).body.(type) {
	case *entente.Commitment:
		return b.Code
	case *entente.JointCommitment:
		return b.Code
	case *entente.Account:
		return b.Code
	case *entente.Citation:
		return b.Code
	}
	return ""
}

func (d *doc) dueOf(i int) entente.Date {
	return dueOf(&item{body: d.cite(d.m.Undertakings[i].Entry).body})
}

// passed reports whether the expected date lies before the day of the report and
// the owner has not marked it complete.
func (d *doc) passed(i int) bool {
	due := string(d.dueOf(i))
	today := d.asOf().Format(time.DateOnly)
	return due != "" && due < today[:min(len(due), len(today))] && d.m.Undertakings[i].Completion != string(entente.Complete)
}

// standingOf is what the public record says of an undertaking: of a joint one,
// what the first half that says anything does.
func (d *doc) standingOf(i int) *entente.Text {
	u := d.m.Undertakings[i]
	for _, r := range append([]entente.Ref{u.Entry}, u.Halves...) {
		switch b := d.cite(r).body.(type) {
		case *entente.Commitment:
			if b.Standing != nil {
				return b.Standing
			}
		case *entente.Account:
			return b.Standing
		}
	}
	return nil
}

// stances names the other side's positions in short.
func (d *doc) stances(refs []entente.Ref) string {
	if len(refs) == 0 {
		return d.t("things.positions.short")
	}
	var out []string
	for _, r := range refs {
		out = append(out, d.party(d.cite(r).header.Author.Writer())+": "+d.t("enum.stance."+string(d.positionOf(r).Stance)))
	}
	return strings.Join(out, "; ")
}

func (d *doc) gaps(gaps []Gap) string {
	var out []string
	for _, g := range gaps {
		out = append(out, d.t("gap."+string(g)))
	}
	return strings.Join(out, "; ")
}

func (d *doc) pairOrigin(p Pair) string {
	return d.t("pairs.origin."+p.Origin, "Writer", d.party(d.cite(p.Entry).header.Author.Writer())) + "."
}

// basisOf says why two undertakings answer each other.
func (d *doc) basisOf(r entente.Ref) entente.Text {
	if p, ok := d.cite(r).body.(*entente.Pairing); ok {
		return p.Basis
	}
	return d.textOf(r)
}

func (d *doc) questionText(r entente.Ref) entente.Text {
	if q, ok := d.cite(r).body.(*entente.Question); ok {
		return q.Text
	}
	return d.textOf(r)
}

func (d *doc) areaText(code string) entente.Text {
	for _, a := range d.charter.Areas {
		if a.Code == code {
			return a.Text
		}
	}
	return entente.Text{}
}

// correctionTitle names what was corrected: the new version's title or, of a
// withdrawal, that of the thing withdrawn.
func (d *doc) correctionTitle(c Correction) entente.Text {
	if t := d.titleOf(c.Entry); !t.IsZero() {
		return t
	}
	for _, r := range c.Of {
		if t := d.titleOf(r); !t.IsZero() {
			return t
		}
	}
	name := d.cite(c.Entry).ref.String()
	return entente.Text{ES: name, EN: name}
}

func (d *doc) correctionWhy(c Correction) *entente.Text {
	body := d.cite(c.Entry).body
	if w, ok := body.(*entente.Withdrawal); ok {
		return &w.Reason
	}
	return correctionOf(body)
}

func correctionOf(body any) *entente.Text {
	switch b := body.(type) {
	case *entente.Commitment:
		return b.Correction
	case *entente.Account:
		return b.Correction
	case *entente.Citation:
		return b.Correction
	case *entente.Claim:
		return b.Correction
	case *entente.Action:
		return b.Correction
	case *entente.Meeting:
		return b.Correction
	case *entente.Progress:
		return b.Correction
	case *entente.Milestone:
		return b.Correction
	case *entente.Dataset:
		return b.Correction
	case *entente.Observations:
		return b.Correction
	case *entente.Question:
		return b.Correction
	case *entente.Answer:
		return b.Correction
	case *entente.Notice:
		return b.Correction
	case *entente.Position:
		return b.Correction
	case *entente.Statement:
		return b.Correction
	case *entente.Agency:
		return b.Correction
	case *entente.Link:
		return b.Correction
	}
	return nil
}

// latestMonth is the month of an indicator's latest figure.
func (d *doc) latestMonth(in *Indicator) string {
	month := ""
	for _, p := range in.Points {
		if p.Figure != "" {
			month = p.Month
		}
	}
	return month
}

// figureTarget is where a figure leads: the first entry it rests on.
func (d *doc) figureTarget(id string) string {
	f := d.figs[id]
	for range d.m.Figures { // a change leads to another figure, never in a circle
		switch {
		case f == nil:
			return "#verify"
		case len(f.Windows) > 0:
			return d.anchor(f.Windows[0].Entry)
		case len(f.Entries) > 0:
			return d.anchor(f.Entries[0])
		case f.Basis == bundle.Changed && len(f.Of) == 2:
			f = d.figs[f.Of[1]]
		default:
			return "#verify"
		}
	}
	return "#verify"
}

func (d *doc) anchor(r entente.Ref) string {
	if c := d.entries[r]; c != nil {
		return "#e" + strconv.Itoa(c.n)
	}
	return "#verify"
}

// reading says in words how a reading takes a claim.
func (d *doc) reading(r Reading) string {
	text := d.t("claims.kind."+string(r.Kind)) + ", " + d.t("claims.basis."+string(r.Basis))
	if r.AsStated {
		text += ", " + d.t("claims.asstated")
	}
	return text
}
