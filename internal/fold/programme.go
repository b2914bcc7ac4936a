package fold

import (
	"slices"
	"strconv"
	"strings"

	"entente"
)

func (r *rowSet) foldCommitment(b *entente.Commitment) {
	r.named(b.Title)
	r.words(b.Code)
	r.text(b.Description)
	r.maybe(b.DueBasis, b.Standing)
	r.areas = b.Areas
	r.span("due", b.Announced, b.Due)
	r.add("commitment", b.Code, r.writer, string(b.Announced), string(b.Due), hexOrEmpty(b.Joint), string(b.Wording))
	r.sources(b.Sources...)
	r.corrects(b.Correction)
}

func (r *rowSet) foldJointCommitment(b *entente.JointCommitment) {
	r.half(b.Joint)
	r.named(b.Title)
	r.words(b.Code)
	r.text(b.Description)
	r.maybe(b.DueBasis)
	r.areas = b.Areas
	r.span("due", b.Announced, b.Due)
	r.add("joint_commitment", b.Code, string(b.Announced), string(b.Due), r.digest.String())
	r.sources(b.Sources...)
}

func (r *rowSet) foldMilestone(b *entente.Milestone) {
	r.named(b.Title)
	r.date("due", b.Due)
	r.date("done", b.Done)
	r.refer("commitment", LinkAbout, b.Commitment, ones, entente.TypeCommitment)
	r.add("milestone", b.Commitment.Log, index(b.Commitment), string(b.Due), string(b.Done))
	r.sources(b.Sources...)
	r.corrects(b.Correction)
}

func (r *rowSet) foldProgress(b *entente.Progress) {
	r.named(b.Text)
	r.date("as_of", b.AsOf)
	r.refer("commitment", LinkAbout, b.Commitment, ones, entente.TypeCommitment)
	r.add("progress", b.Commitment.Log, index(b.Commitment), string(b.Completion), string(b.AsOf))
	r.sources(b.Sources...)
	r.corrects(b.Correction)
}

func (r *rowSet) foldPairing(b *entente.Pairing) {
	r.half(b.Joint)
	r.named(b.Basis)
	for _, s := range b.Sides {
		if !slices.Contains(b.Required, s.Party) {
			r.fail(RulePair, "%s is not among the required parties", s.Party)
		}
	}
	r.sides(b.Sides)
	r.sources(b.Sources...)
}

// sides: commitments of different parties.
func (r *rowSet) sides(sides []entente.PairSide) {
	seen := map[entente.Party]bool{}
	for _, s := range sides {
		if seen[s.Party] {
			r.fail(RulePair, "two commitments of %s", s.Party)
		}
		seen[s.Party] = true
		if !entente.ValidSubject(s.Subject) {
			r.fail(RulePair, "%.100q is no subject", s.Subject)
		}
		r.words(s.Subject)
		r.add("pair_side", string(s.Party), s.Subject)
	}
}

func (r *rowSet) foldAccount(b *entente.Account) {
	r.named(b.Title)
	r.words(b.Code)
	r.text(b.Description)
	r.maybe(b.Standing)
	r.areas = b.Areas
	if b.Of == r.party {
		r.fail(RuleOtherParty, "of %s, by %s itself", b.Of, r.party)
	}
	r.span("due", b.Announced, b.Due)
	r.add("account", b.Code, string(b.Of), string(b.Announced), string(b.Due))
	r.sources(b.Sources...)
	r.corrects(b.Correction)
}

func (r *rowSet) foldAction(b *entente.Action) {
	r.named(b.Title)
	r.words(b.Code)
	r.text(b.Text)
	r.areas = b.Areas
	r.span("to", b.From, b.To)
	r.date("not_before", b.NotBefore)
	r.add("action", b.Code, b.Kind, string(b.From), string(b.To), string(b.NotBefore), string(b.Wording))
	for _, s := range b.States {
		if !entente.ValidState(s) || !strings.HasPrefix(s, string(r.party)+"-") {
			r.fail(RuleTerritory, "%.20q is no state of %s", s, r.party)
		}
		r.add("action_state", s)
	}
	for _, a := range b.Agencies {
		r.words(a)
		r.add("action_agency", a)
	}
	for _, q := range b.Quantities {
		r.quantity(q)
	}
	for _, c := range b.Commitments {
		r.refer("commitments", LinkAbout, c, ones, entente.TypeCommitment, entente.TypeJointCommitment)
	}
	for _, e := range b.Evidence {
		r.file(e)
	}
	r.sources(b.Sources...)
	r.corrects(b.Correction)
}

func (r *rowSet) quantity(q entente.Quantity) {
	r.text(q.What)
	amount, err := strconv.ParseFloat(q.Value, 64)
	if err != nil {
		r.fail(RuleSchema, "quantities: %.40q is no number", q.Value)
	}
	r.add("action_quantity", q.What.ES, q.What.EN, q.Value, amount, q.Unit)
}

func (r *rowSet) foldMeeting(b *entente.Meeting) {
	r.named(b.Title)
	r.words(b.Code)
	r.maybe(b.Place, b.Level, b.Delegations)
	r.text(b.Agenda...)
	for _, o := range b.Outcomes {
		r.text(o.Text)
		r.words(o.Commitments...)
	}
	r.span("to", b.From, b.To)
	r.add("meeting", b.Code, int64(b.Number), b.Kind, b.Status, string(b.From), string(b.To))
	r.sources(b.Sources...)
	r.corrects(b.Correction)
}

func (r *rowSet) foldNotice(b *entente.Notice) {
	r.named(b.Title)
	r.words(b.Code)
	r.text(b.Text)
	r.areas = b.Areas
	r.span("to", b.From, b.To)
	r.add("notice", b.Code, string(b.From), string(b.To))
	r.sources(b.Sources...)
	r.corrects(b.Correction)
}
