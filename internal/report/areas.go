package report

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"entente"
	"entente/internal/store"
)

// areas sorts everything into the charter's areas; what names none of them comes
// last, in an area without code.
func (b *builder) areas() {
	var codes []string
	variant := map[string]bool{"": true}
	if b.m.Charter != nil {
		for _, j := range b.rec.joints[entente.TypeCharter] {
			if it := jointItem(j.InForce); it != nil && it.Ref == *b.m.Charter {
				for _, a := range it.body.(*entente.Charter).Areas {
					codes = append(codes, a.Code)
					variant[a.Code] = a.Variant
				}
			}
		}
	}
	b.m.Areas = make([]Area, 0, len(codes)+1)
	for _, code := range append(codes, "") {
		b.m.Areas = append(b.m.Areas, Area{Code: code, Undertakings: []int{}, Described: []int{}, Pairs: []Pair{}, Actions: []entente.Ref{}, Indicators: []string{}})
	}
	areaOf := b.undertakingAreas()
	for i, in := range areaOf {
		for n, a := range b.in(in) {
			a.Undertakings = append(a.Undertakings, i)
			if n == 0 {
				a.Described = append(a.Described, i)
			}
		}
	}
	for _, it := range b.rec.current[entente.TypeAction] {
		for _, a := range b.in(it.Areas) {
			a.Actions = append(a.Actions, it.Ref)
		}
	}
	for _, j := range b.rec.joints[entente.TypeIndicator] {
		if it := jointItem(j.InForce); it != nil {
			for _, a := range b.in(it.Areas) {
				a.Indicators = append(a.Indicators, it.Subject)
			}
		}
	}
	b.pairs(areaOf)
	// An area that only a variant of the reporting lists, and what is in no area, are
	// shown when something is in them.
	b.m.Areas = slices.DeleteFunc(b.m.Areas, func(a Area) bool {
		return variant[a.Code] && len(a.Undertakings)+len(a.Actions)+len(a.Indicators)+len(a.Pairs) == 0
	})
	for i := range b.m.Areas {
		slices.SortStableFunc(b.m.Areas[i].Actions, func(x, y entente.Ref) int {
			return strings.Compare(string(b.action(x).From), string(b.action(y).From))
		})
	}
}

func (b *builder) action(ref entente.Ref) *entente.Action {
	return b.rec.byRef[ref].body.(*entente.Action)
}

// in returns the areas of the model with these codes, in the charter's order.
func (b *builder) in(codes []string) []*Area {
	var out []*Area
	for i := range b.m.Areas {
		if a := &b.m.Areas[i]; a.Code != "" && slices.Contains(codes, a.Code) {
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		return []*Area{&b.m.Areas[len(b.m.Areas)-1]}
	}
	return out
}

// undertakingAreas returns the areas of each undertaking.
func (b *builder) undertakingAreas() [][]string {
	joint := map[entente.Ref][]string{}
	for _, j := range b.rec.joints[entente.TypeJointCommitment] {
		if it := jointItem(j.InForce); it != nil {
			joint[it.Ref] = it.Areas
		}
	}
	out := make([][]string, len(b.m.Undertakings))
	for i, u := range b.m.Undertakings {
		if it := b.rec.byRef[u.Entry]; it != nil {
			out[i] = it.Areas
		} else {
			out[i] = joint[u.Entry]
		}
	}
	return out
}

// pairs adds each pair to the areas of its sides.
func (b *builder) pairs(areaOf [][]string) {
	add := func(it *item, origin string, sides []entente.PairSide) {
		p := Pair{Entry: it.Ref, Origin: origin}
		var areas []string
		for _, s := range sides {
			side := PairSide{Party: s.Party, Undertaking: -1}
			if i, ok := b.byName[named(string(s.Party), s.Subject)]; ok {
				side.Undertaking = i
				areas = append(areas, areaOf[i]...)
			}
			p.Sides = append(p.Sides, side)
		}
		a := b.in(areas)[0] // once, in the first of its areas
		a.Pairs = append(a.Pairs, p)
	}
	for _, j := range b.rec.joints[entente.TypePairing] {
		origin, shown := "joint", j.InForce
		if shown == nil && len(j.Proposed) > 0 {
			origin, shown = "proposed", &j.Proposed[0]
		}
		if it := jointItem(shown); it != nil {
			add(it, origin, it.body.(*entente.Pairing).Sides)
		}
	}
	for _, it := range b.rec.current[entente.TypeCitation] {
		if c := it.body.(*entente.Citation); c.Kind == "pairing" {
			add(it, "reading", c.Pair)
		}
	}
}

// meetings gathers the writers' records of each meeting, in the order of time.
func (b *builder) meetings() {
	type meeting struct {
		code    string
		from    entente.Date
		records []entente.Ref
	}
	by := map[string]*meeting{}
	var order []*meeting
	record := func(code string, from entente.Date, ref entente.Ref) {
		m := by[code]
		if m == nil {
			m = &meeting{code: code}
			by[code] = m
			order = append(order, m)
		}
		if m.from == "" {
			m.from = from
		}
		m.records = append(m.records, ref)
	}
	for _, it := range b.rec.current[entente.TypeMeeting] {
		m := it.body.(*entente.Meeting)
		record(m.Code, m.From, it.Ref)
	}
	for _, it := range b.rec.current[entente.TypeCitation] {
		if c := it.body.(*entente.Citation); c.Kind == "meeting" {
			record(c.Meeting, c.Date, it.Ref)
		}
	}
	slices.SortStableFunc(order, func(x, y *meeting) int {
		return cmp.Or(strings.Compare(string(x.from), string(y.from)), strings.Compare(x.code, y.code))
	})
	b.m.Meetings = []Meeting{}
	for _, m := range order {
		b.m.Meetings = append(b.m.Meetings, Meeting{m.code, m.records})
	}
	b.m.Notices = []entente.Ref{}
	for _, it := range b.rec.current[entente.TypeNotice] {
		b.m.Notices = append(b.m.Notices, it.Ref)
	}
}

// questions gathers the open questions with their answers.
func (b *builder) questions() error {
	b.m.Questions = []Question{}
	at := map[entente.Ref]int{}
	for _, t := range []entente.Type{entente.TypeQuestion, entente.TypeCitation} {
		for _, it := range b.rec.current[t] {
			if c, ok := it.body.(*entente.Citation); ok && c.Kind != "question" {
				continue
			}
			at[it.Ref] = len(b.m.Questions)
			b.m.Questions = append(b.m.Questions, Question{Entry: it.Ref})
		}
	}
	for _, it := range b.rec.current[entente.TypeAnswer] {
		asked, err := b.rec.follow(b.ctx, b.view, it.body.(*entente.Answer).Question)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if asked == nil {
			continue
		}
		if i, ok := at[asked.Ref]; ok {
			b.m.Questions[i].Answers = append(b.m.Questions[i].Answers, it.Ref)
		}
	}
	return nil
}

func (b *builder) corrections() {
	b.m.Corrections = []Correction{}
	for _, c := range b.rec.changes {
		b.m.Corrections = append(b.m.Corrections, Correction{c.Ref, c.Kind, c.Of})
	}
}
