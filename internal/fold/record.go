package fold

import "entente"

func (r *rowSet) foldStatement(b *entente.Statement) {
	r.named(firstOf(b.Title, b.Text))
	r.words(b.Code)
	r.text(b.Speaker, b.Text)
	r.areas = b.Areas
	r.date("date", b.Date)
	r.add("statement", b.Code, string(b.Date), string(b.Wording))
	r.sources(b.Sources...)
	r.corrects(b.Correction)
}

func (r *rowSet) foldClaim(b *entente.Claim) {
	r.named(b.Text)
	r.claim(b.Code, &b.ClaimContent)
	r.areas = b.Areas
	if b.Statement != nil {
		r.refer("statement", LinkAbout, *b.Statement, ones, entente.TypeStatement)
	}
	r.sources(b.Sources...)
	r.corrects(b.Correction)
}

// claim adds the checkable proposition of a claim or of a citation of one.
func (r *rowSet) claim(code string, c *entente.ClaimContent) {
	r.words(code, c.Measure, c.Value)
	r.text(c.Speaker)
	r.maybe(c.Period, c.Why)
	r.date("date", c.Date)
	r.add("claim", code, c.By, c.Speaker.ES, c.Speaker.EN, string(c.Date), c.Measure, c.Value, c.Unit,
		string(c.Status), string(c.Wording))
}

func (r *rowSet) foldCitation(b *entente.Citation) {
	r.named(firstOf(b.Title, b.Text))
	r.words(b.Code)
	r.text(b.Text)
	r.areas = b.Areas
	r.date("date", b.Date)
	r.particulars(b)
	r.add("citation", b.Code, b.Kind, string(b.Date), b.Of, string(b.Wording))
	switch b.Kind {
	case "claim":
		if b.Claim != nil {
			r.text(b.Claim.Text)
			r.claim(b.Code, b.Claim)
			r.areas = union(b.Areas, b.Claim.Areas)
		}
	case "pairing":
		r.sides(b.Pair)
	case "meeting":
		r.words(b.Meeting)
		r.add("meeting", b.Meeting, int64(0), "", "", string(b.Date), "")
	case "question":
		g := optional(b.Group)
		r.text(g)
		r.add("question", b.Code, g.ES, g.EN)
	}
	r.sources(b.Sources...)
	r.corrects(b.Correction)
}

// particulars: a citation carries those of its kind and no others.
func (r *rowSet) particulars(b *entente.Citation) {
	needs := func(kind, field string, has bool) {
		if has != (b.Kind == kind) {
			r.fail(RuleCitation, "kind %s: %s belongs to kind %s", b.Kind, field, kind)
		}
	}
	needs("claim", "claim", b.Claim != nil)
	needs("meeting", "meeting", b.Meeting != "")
	needs("pairing", "pair (two sides or more)", len(b.Pair) > 1)
	if b.Kind != "pairing" && len(b.Pair) > 0 {
		r.fail(RuleCitation, "kind %s: pair belongs to kind pairing", b.Kind)
	}
	if b.Of != "" && b.Kind != "undertaking" {
		r.fail(RuleCitation, "kind %s: of belongs to kind undertaking", b.Kind)
	}
	if b.Group != nil && b.Kind != "question" {
		r.fail(RuleCitation, "kind %s: group belongs to kind question", b.Kind)
	}
	if b.Kind != "question" && len(b.Sources) == 0 {
		r.fail(RuleCitation, "kind %s: what is cited has a source", b.Kind)
	}
}

func (r *rowSet) foldQuestion(b *entente.Question) {
	r.named(b.Text)
	r.words(b.Code)
	r.text(b.Group)
	r.areas = b.Areas
	r.add("question", b.Code, b.Group.ES, b.Group.EN)
	r.sources(b.Sources...)
	r.corrects(b.Correction)
}

func (r *rowSet) foldAnswer(b *entente.Answer) {
	r.named(b.Text)
	r.refer("question", LinkAbout, b.Question, anyones, entente.TypeQuestion, entente.TypeCitation)
	r.add("answer", b.Question.Log, index(b.Question))
	r.sources(b.Sources...)
	r.corrects(b.Correction)
}

func (r *rowSet) foldPosition(b *entente.Position) {
	r.named(optional(b.Reason))
	if b.Stance == entente.Disputes && b.Reason == nil {
		r.fail(RuleReason, "disputes, without a reason")
	}
	r.refer("on", LinkOn, b.On, another, positionable...)
	r.add("position", b.On.Log, index(b.On), string(b.Stance), r.writer)
	r.sources(b.Sources...)
	r.corrects(b.Correction)
}

func (r *rowSet) foldWithdrawal(b *entente.Withdrawal) {
	r.named(b.Reason)
	r.refer("of", LinkWithdraws, b.Of, ones, withdrawable...)
	r.add("withdrawal", b.Of.Log, index(b.Of))
}
