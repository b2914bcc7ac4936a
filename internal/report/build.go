package report

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"entente"
	"entente/internal/fold"
	"entente/internal/series"
	"entente/internal/store"
)

var admissible = []fold.Status{fold.Admissible}

// builder turns a record into a model.
type builder struct {
	ctx  context.Context
	view *store.View
	rec  *record
	held *held
	m    *Model
	figs *figures

	index  map[entente.Ref]int // undertakings by their entry
	byName map[string]int      // by owner and subject
	halfOf map[entente.Ref]int // joint undertaking by a half's entry
}

// build builds the model of a record. Figures come from held series only.
func build(ctx context.Context, v *store.View, rec *record, h *held, o *Options, checks map[string]*series.Check) (*builder, error) {
	b := &builder{
		ctx: ctx, view: v, rec: rec, held: h, figs: newFigures(),
		m:     &Model{Format: Format, Demo: o.Demo, Digest: rec.frontier.Digest(), AsOf: rec.latest},
		index: map[entente.Ref]int{}, byName: map[string]int{}, halfOf: map[entente.Ref]int{},
	}
	b.frontier()
	for _, step := range []func() error{
		b.undertakings, b.standIns, b.marks, b.evidence, b.accounts, b.completions,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	b.areas()
	if err := b.indicators(o.Headlines); err != nil {
		return nil, err
	}
	if err := b.claims(checks); err != nil {
		return nil, err
	}
	b.meetings()
	if err := b.questions(); err != nil {
		return nil, err
	}
	b.corrections()
	b.m.Figures = b.figs.list
	b.names(o.Names)
	return b, nil
}

func (b *builder) frontier() {
	for origin, head := range b.rec.frontier {
		b.m.Frontier = append(b.m.Frontier, LogAt{origin, head.Size, head.Root})
	}
	slices.SortFunc(b.m.Frontier, func(x, y LogAt) int { return strings.Compare(x.Origin, y.Origin) })
	for _, j := range b.rec.joints[entente.TypeCharter] {
		if it := jointItem(j.InForce); it != nil && b.m.Charter == nil {
			b.m.Charter, b.m.Parties = &it.Ref, j.InForce.Required
		}
	}
}

func (b *builder) add(u Undertaking, names ...string) int {
	i := len(b.m.Undertakings)
	b.m.Undertakings = append(b.m.Undertakings, u)
	b.index[u.Entry] = i
	for _, n := range names {
		if _, taken := b.byName[n]; !taken {
			b.byName[n] = i
		}
	}
	return i
}

func named(owner, subject string) string { return owner + " " + subject }

// undertakings gathers joint commitments in force and the parties' own ones that
// are no half of a joint one, by code.
func (b *builder) undertakings() error {
	type own struct {
		it   *item
		code string
		u    Undertaking
		subs []string
	}
	var all []own
	isHalf := map[entente.Ref]bool{}
	for _, j := range b.rec.joints[entente.TypeJointCommitment] {
		it := jointItem(j.InForce)
		if it == nil {
			continue
		}
		u := Undertaking{Entry: it.Ref, Owners: j.InForce.Required, Own: true}
		var subs []string
		for _, c := range b.rec.current[entente.TypeCommitment] {
			if d := c.body.(*entente.Commitment).Joint; d != nil && *d == j.InForce.Digest {
				u.Halves = append(u.Halves, c.Ref)
				isHalf[c.Ref] = true
				subs = append(subs, named(c.Writer, c.Subject))
			}
		}
		for _, ref := range halves(j.InForce) {
			u.Positions = append(u.Positions, positionRefs(b.rec.positions[ref])...)
		}
		for _, p := range j.InForce.Required {
			subs = append(subs, named(string(p), it.Subject))
		}
		all = append(all, own{it, it.body.(*entente.JointCommitment).Code, u, append(subs, named("both", it.Subject))})
	}
	for _, it := range b.rec.current[entente.TypeCommitment] {
		if isHalf[it.Ref] {
			continue
		}
		u := Undertaking{Entry: it.Ref, Owners: []entente.Party{entente.Party(it.Writer)}, Own: true, Positions: positionRefs(b.rec.positions[it.Ref])}
		all = append(all, own{it, it.body.(*entente.Commitment).Code, u, []string{named(it.Writer, it.Subject)}})
	}
	slices.SortStableFunc(all, func(x, y own) int {
		return cmp.Or(strings.Compare(x.code, y.code), strings.Compare(x.it.Writer, y.it.Writer))
	})
	for _, o := range all {
		i := b.add(o.u, o.subs...)
		for _, h := range o.u.Halves {
			b.halfOf[h] = i
		}
	}
	return nil
}

// standIns adds accounts and citations of undertakings that no own word covers.
func (b *builder) standIns() error {
	type told struct {
		it   *item
		of   string
		code string
	}
	var all []told
	for _, it := range b.rec.current[entente.TypeAccount] {
		a := it.body.(*entente.Account)
		all = append(all, told{it, string(a.Of), a.Code})
	}
	for _, it := range b.rec.current[entente.TypeCitation] {
		if c := it.body.(*entente.Citation); c.Kind == "undertaking" {
			all = append(all, told{it, c.Of, c.Code})
		}
	}
	slices.SortStableFunc(all, func(x, y told) int { return strings.Compare(x.code, y.code) })
	for _, t := range all {
		if i, ok := b.byName[named(t.of, t.it.Subject)]; ok {
			b.m.Undertakings[i].Accounts = append(b.m.Undertakings[i].Accounts, t.it.Ref)
			continue
		}
		owners := []entente.Party{}
		if p := entente.Party(t.of); p.Valid() {
			owners = append(owners, p)
		} else if t.of == "both" {
			owners = append(owners, b.m.Parties...)
		}
		b.add(Undertaking{Entry: t.it.Ref, Owners: owners, Positions: positionRefs(b.rec.positions[t.it.Ref])}, named(t.of, t.it.Subject))
	}
	return nil
}

// undertakingOf finds the undertakings that a reference to a commitment means: the
// commitment's own, or the joint one that it is a half of.
func (b *builder) undertakingOf(ref entente.Ref) (int, bool, error) {
	it, err := b.rec.follow(b.ctx, b.view, ref)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return 0, false, err
	}
	if it == nil {
		i, ok := b.index[ref]
		return i, ok, nil
	}
	if i, ok := b.halfOf[it.Ref]; ok {
		return i, true, nil
	}
	i, ok := b.index[it.Ref]
	return i, ok, nil
}

// marks attaches each owner's latest progress mark.
func (b *builder) marks() error {
	latest := map[[2]string]*item{} // undertaking and writer
	order := [][2]string{}
	at := map[[2]string]int{}
	for _, it := range b.rec.current[entente.TypeProgress] {
		p := it.body.(*entente.Progress)
		i, ok, err := b.undertakingOf(p.Commitment)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		key := [2]string{b.m.Undertakings[i].Entry.String(), it.Writer}
		if old := latest[key]; old == nil {
			order = append(order, key)
		} else if old.body.(*entente.Progress).AsOf > p.AsOf {
			continue
		}
		latest[key], at[key] = it, i
	}
	for _, key := range order {
		u := &b.m.Undertakings[at[key]]
		u.Marks = append(u.Marks, latest[key].Ref)
	}
	return nil
}

// evidence attaches milestones, actions and indicators.
func (b *builder) evidence() error {
	attach := func(refs []entente.Ref, add func(u *Undertaking)) error {
		for _, ref := range refs {
			i, ok, err := b.undertakingOf(ref)
			if err != nil {
				return err
			}
			if ok {
				add(&b.m.Undertakings[i])
			}
		}
		return nil
	}
	for _, it := range b.rec.current[entente.TypeMilestone] {
		err := attach([]entente.Ref{it.body.(*entente.Milestone).Commitment}, func(u *Undertaking) { u.Milestones = append(u.Milestones, it.Ref) })
		if err != nil {
			return err
		}
	}
	for _, it := range b.rec.current[entente.TypeAction] {
		err := attach(it.body.(*entente.Action).Commitments, func(u *Undertaking) { u.Actions = append(u.Actions, it.Ref) })
		if err != nil {
			return err
		}
	}
	for _, it := range b.rec.current[entente.TypeLink] {
		link := it.body.(*entente.Link)
		err := attach([]entente.Ref{link.Commitment}, func(u *Undertaking) {
			for _, s := range link.Indicators {
				if !slices.Contains(u.Indicators, s) {
					u.Indicators = append(u.Indicators, s)
				}
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) accounts() error {
	for i := range b.m.Undertakings {
		u := &b.m.Undertakings[i]
		slices.SortFunc(u.Accounts, compareRefs)
	}
	return nil
}

func compareRefs(x, y entente.Ref) int {
	return cmp.Or(strings.Compare(x.Log, y.Log), cmp.Compare(x.Index, y.Index))
}

// completions says how each undertaking stands and counts them.
func (b *builder) completions() error {
	by := map[string][]entente.Ref{}
	for i := range b.m.Undertakings {
		u := &b.m.Undertakings[i]
		u.Completion = b.completion(u)
		u.Gaps = b.gaps(u)
		if u.Own {
			by[u.Completion] = append(by[u.Completion], u.Entry)
		}
	}
	for _, kind := range []string{NoReport, string(entente.NotStarted), string(entente.Limited), string(entente.Substantial), string(entente.Complete)} {
		b.m.Counts = append(b.m.Counts, Count{kind, b.figs.count(by[kind])})
	}
	stances := map[entente.Stance][]entente.Ref{}
	for _, it := range b.rec.current[entente.TypePosition] {
		s := it.body.(*entente.Position).Stance
		stances[s] = append(stances[s], it.Ref)
	}
	for _, s := range []entente.Stance{entente.Concurs, entente.TakesNote, entente.Disputes} {
		b.m.Stances = append(b.m.Stances, Count{string(s), b.figs.count(stances[s])})
	}
	return nil
}

// completion is the owner's mark; of a joint undertaking the mark that all owners
// gave, or [NoReport].
func (b *builder) completion(u *Undertaking) string {
	mark := ""
	for _, owner := range u.Owners {
		own := ""
		for _, ref := range u.Marks {
			if it := b.rec.byRef[ref]; it.Writer == string(owner) {
				own = string(it.body.(*entente.Progress).Completion)
			}
		}
		if own == "" || mark != "" && own != mark {
			return NoReport
		}
		mark = own
	}
	if mark == "" {
		return NoReport
	}
	return mark
}

func (b *builder) gaps(u *Undertaking) []Gap {
	var out []Gap
	add := func(missing bool, g Gap) {
		if missing {
			out = append(out, g)
		}
	}
	add(!u.Own, GapOwnWord)
	add(b.due(u) == "", GapDue)
	add(u.Own && u.Completion == NoReport, GapMark)
	add(len(u.Milestones) == 0, GapStep)
	add(len(u.Actions) == 0, GapAction)
	add(len(u.Indicators) == 0, GapIndicator)
	add(u.Own && len(u.Owners) == 1 && len(u.Positions) == 0, GapPosition)
	return out
}

func (b *builder) due(u *Undertaking) entente.Date {
	it := b.rec.byRef[u.Entry]
	if it == nil {
		for _, j := range b.rec.joints[entente.TypeJointCommitment] {
			if ji := jointItem(j.InForce); ji != nil && ji.Ref == u.Entry {
				it = ji
			}
		}
	}
	return dueOf(it)
}

func dueOf(it *item) entente.Date {
	if it == nil {
		return ""
	}
	switch c := it.body.(type) {
	case *entente.Commitment:
		return c.Due
	case *entente.JointCommitment:
		return c.Due
	case *entente.Account:
		return c.Due
	}
	return ""
}

// names keeps the names of the codes that indicators and readings are fixed to.
func (b *builder) names(known map[string]map[string]entente.Text) {
	b.m.Names = map[string]map[string]entente.Text{}
	note := func(where series.Where) {
		for dim, code := range where {
			name, ok := known[dim][code]
			if !ok {
				continue
			}
			if b.m.Names[dim] == nil {
				b.m.Names[dim] = map[string]entente.Text{}
			}
			b.m.Names[dim][code] = name
		}
	}
	for _, in := range b.m.Indicators {
		note(in.Where)
	}
	for _, c := range b.m.Claims {
		for _, r := range c.Readings {
			note(r.Where)
		}
	}
}
