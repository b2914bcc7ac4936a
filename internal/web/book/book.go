// Package book reads what was undertaken, by whom, and how it stands, into one
// model that the front page, the commitments pages and the pair cards share.
//
// Invariants:
//   - an account or a citation is never shown as a commitment of the party it
//     speaks of: it stands beside the place where that party's own word is missing;
//   - what is missing is derived from the entries, never stated;
//   - no score is computed: a commitment has its owner's mark, or none.
package book

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"entente"
	"entente/internal/store"
	"entente/internal/web/things"
)

// NoReport is the completion shown where the owner has published no mark.
const NoReport = "no_report"

// Completions are the values of the completion filter, in order.
var Completions = []string{
	NoReport, string(entente.NotStarted), string(entente.Limited), string(entente.Substantial), string(entente.Complete),
}

// Undertaking is a commitment, a joint commitment, or what stands in for one: an
// account or a citation of an undertaking.
type Undertaking struct {
	things.Item
	Code      string
	Owners    []entente.Party // one, or all for a joint one
	Announced entente.Date
	Due       entente.Date
	Standing  *entente.Text
	// Halves are the parties' own commitments under a joint one.
	Halves map[entente.Party]*Undertaking
	// Marks are the owners' progress marks, by party.
	Marks map[entente.Party]*Mark
	// Accounts are what others say about the same code.
	Accounts []things.Item
	// Indicators are the subjects of the indicators that test it.
	Indicators []string
	// Actions are reported as evidence for it; Milestones are its steps.
	Actions, Milestones []things.Item
	// Positions are the others' on the version shown.
	Positions []store.PositionOn
}

// Mark is an owner's progress mark.
type Mark struct {
	things.Item
	*entente.Progress
}

// Own reports whether the undertaking is a party's own word.
func (u *Undertaking) Own() bool {
	return u.Type == entente.TypeCommitment || u.Type == entente.TypeJointCommitment
}

// Joint reports whether both parties undertook it.
func (u *Undertaking) Joint() bool { return len(u.Owners) > 1 }

// Completion is the owner's mark, or [NoReport]. Of a joint undertaking it is the
// mark that all owners gave, or [NoReport] when one gave none or they differ.
func (u *Undertaking) Completion() string {
	mark := NoReport
	for i, owner := range u.Owners {
		m := u.Marks[owner]
		if m == nil {
			return NoReport
		}
		if i > 0 && string(m.Completion) != mark {
			return NoReport
		}
		mark = string(m.Completion)
	}
	return mark
}

// Passed reports whether the due date lies before the day asOf (YYYY-MM-DD) and
// the owner has not marked it complete.
func (u *Undertaking) Passed(asOf string) bool {
	return u.Due != "" && string(u.Due) < asOf && u.Completion() != string(entente.Complete)
}

// Gap is something missing on one half of a pair or on a commitment.
type Gap string

// The gaps, in the order in which they are listed.
const (
	GapOwnWord   Gap = "own_word"  // the party has not said so itself
	GapDue       Gap = "due"       // no due date
	GapMark      Gap = "mark"      // no public report of progress
	GapAction    Gap = "action"    // no action reported
	GapIndicator Gap = "indicator" // no indicator tests it
	GapPosition  Gap = "position"  // the other party has taken no position
	GapStep      Gap = "milestone" // no milestones
)

// Gaps lists what is missing on the undertaking.
func (u *Undertaking) Gaps() []Gap {
	var out []Gap
	add := func(missing bool, g Gap) {
		if missing {
			out = append(out, g)
		}
	}
	add(!u.Own(), GapOwnWord)
	add(u.Due == "", GapDue)
	add(u.Own() && u.Completion() == NoReport, GapMark)
	add(len(u.Milestones) == 0, GapStep)
	add(len(u.Actions) == 0, GapAction)
	add(len(u.Indicators) == 0, GapIndicator)
	add(u.Own() && !u.Joint() && len(u.Positions) == 0, GapPosition)
	return out
}

// PairOrigin says who says that two commitments answer each other.
type PairOrigin string

// The origins of pairs.
const (
	PairJoint    PairOrigin = "joint"    // both parties
	PairProposed PairOrigin = "proposed" // one party, awaiting the other
	PairReading  PairOrigin = "reading"  // a reading of the record, cited
)

// Pair is two undertakings that answer each other.
type Pair struct {
	things.Item
	Origin   PairOrigin
	Proposer string // writer, for PairProposed and PairReading
	Basis    entente.Text
	Sides    []Side
}

// Side is one half of a pair; Undertaking is nil when nothing stands for it.
type Side struct {
	Party       entente.Party
	Subject     string
	Undertaking *Undertaking
}

// Areas are the areas of both halves.
func (p *Pair) Areas() []string {
	var out []string
	for _, s := range p.Sides {
		if s.Undertaking != nil {
			out = append(out, s.Undertaking.Item.Areas...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Book is all undertakings and pairs that a view sees.
type Book struct {
	// List holds joint commitments and the parties' own ones that are no half of a
	// joint one, by code.
	List []*Undertaking
	// Others hold accounts and citations of undertakings that no own word covers.
	Others []*Undertaking
	Pairs  []*Pair

	byThing map[thingKey]*Undertaking
}

type thingKey struct{ writer, subject string }

// Find returns a party's own commitment, or the joint one it is a half of, by
// subject; nil when the party has said nothing.
func (b *Book) Find(writer, subject string) *Undertaking { return b.byThing[thingKey{writer, subject}] }

// InArea returns the undertakings of an area.
func (b *Book) InArea(area string) []*Undertaking {
	var out []*Undertaking
	for _, u := range b.List {
		if slices.Contains(u.Item.Areas, area) {
			out = append(out, u)
		}
	}
	return out
}

// Count counts the list by completion.
func (b *Book) Count() map[string]int {
	out := map[string]int{}
	for _, u := range b.List {
		out[u.Completion()]++
	}
	return out
}

// Read reads the book of a view.
func Read(ctx context.Context, v *store.View) (*Book, error) {
	r := newReader(ctx, v)
	for _, step := range []func() error{r.commitments, r.joints, r.standIns, r.evidence, r.positions, r.pairs} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return r.sorted(), nil
}

func newReader(ctx context.Context, v *store.View) *reader {
	return &reader{ctx: ctx, v: v, b: &Book{byThing: map[thingKey]*Undertaking{}}, byRef: map[entente.Ref]*Undertaking{}}
}

func (r *reader) sorted() *Book {
	slices.SortStableFunc(r.b.List, byCode)
	slices.SortStableFunc(r.b.Others, byCode)
	return r.b
}

func byCode(x, y *Undertaking) int { return strings.Compare(x.Code, y.Code) }

type reader struct {
	ctx   context.Context
	v     *store.View
	b     *Book
	byRef map[entente.Ref]*Undertaking
	own   []*Undertaking // the parties' own commitments, in the order of the logs
}

// all reads every current version of a type.
func (r *reader) all(t entente.Type, where ...store.Cond) ([]things.Item, error) {
	return All(r.ctx, r.v, store.Query{Type: t, Where: where, Order: store.ByOrder})
}

// All reads every page of a query.
func All(ctx context.Context, v *store.View, q store.Query) ([]things.Item, error) {
	q.Limit = 1000
	var out []things.Item
	for {
		page, err := store.List[json.RawMessage](ctx, v, q)
		if err != nil {
			return nil, err
		}
		items, err := things.Items(page.Items)
		if err != nil {
			return nil, err
		}
		out = append(out, items...)
		if page.Next == "" {
			return out, nil
		}
		q.After = page.Next
	}
}

func newUndertaking(it things.Item) *Undertaking {
	return &Undertaking{Item: it, Halves: map[entente.Party]*Undertaking{}, Marks: map[entente.Party]*Mark{}}
}

// commitments reads the parties' own commitments; halves find their joint one later.
func (r *reader) commitments() error {
	items, err := r.all(entente.TypeCommitment)
	r.takeCommitments(items)
	return err
}

func (r *reader) takeCommitments(items []things.Item) {
	for _, it := range items {
		c := it.Content.(*entente.Commitment)
		u := newUndertaking(it)
		u.Code, u.Announced, u.Due, u.Standing = c.Code, c.Announced, c.Due, c.Standing
		u.Owners = []entente.Party{entente.Party(it.Writer)}
		r.byRef[it.Ref] = u
		r.own = append(r.own, u)
		r.b.byThing[thingKey{it.Writer, it.Subject}] = u
		if c.Joint == nil {
			r.b.List = append(r.b.List, u)
		}
	}
}

// joints reads the joint commitments in force and finds their halves.
func (r *reader) joints() error {
	joints, err := store.Joints[json.RawMessage](r.ctx, r.v, entente.TypeJointCommitment, store.Query{})
	if err != nil {
		return err
	}
	return r.takeJoints(joints)
}

func (r *reader) takeJoints(joints []store.JointThing[json.RawMessage]) error {
	for _, j := range joints {
		if j.InForce == nil {
			continue
		}
		half, ok := firstHalf(j.InForce)
		if !ok {
			continue
		}
		it, err := things.NewItem(half)
		if err != nil {
			return err
		}
		c, ok := it.Content.(*entente.JointCommitment)
		if !ok {
			continue
		}
		u := newUndertaking(it)
		u.Code, u.Announced, u.Due, u.Owners = c.Code, c.Announced, c.Due, j.InForce.Required
		r.byRef[it.Ref] = u
		r.b.List = append(r.b.List, u)
		for _, own := range r.own {
			if d := own.Content.(*entente.Commitment).Joint; d != nil && *d == j.InForce.Digest {
				u.Halves[own.Owners[0]] = own
				if u.Standing == nil {
					u.Standing = own.Standing
				}
			}
		}
	}
	return nil
}

func firstHalf(v *store.JointVersion[json.RawMessage]) (store.Version[json.RawMessage], bool) {
	for _, p := range v.Required {
		if half, ok := v.Halves[p]; ok {
			return half, true
		}
	}
	return store.Version[json.RawMessage]{}, false
}

// standIns reads accounts and citations of undertakings: beside the own word of
// the same subject where there is one, else on their own.
func (r *reader) standIns() error {
	accounts, err := r.all(entente.TypeAccount)
	if err != nil {
		return err
	}
	citations, err := r.all(entente.TypeCitation, store.Cond{Column: "citation.kind", Op: store.Eq, Value: "undertaking"})
	r.takeStandIns(append(accounts, citations...))
	return err
}

func (r *reader) takeStandIns(items []things.Item) {
	for _, it := range items {
		u := newUndertaking(it)
		switch c := it.Content.(type) {
		case *entente.Account:
			u.Code, u.Announced, u.Due, u.Standing, u.Owners = c.Code, c.Announced, c.Due, c.Standing, []entente.Party{c.Of}
			r.standIn(u, string(c.Of))
		case *entente.Citation:
			u.Code, u.Announced = c.Code, c.Date
			if p := entente.Party(c.Of); p.Valid() {
				u.Owners = []entente.Party{p}
			}
			r.standIn(u, c.Of)
		}
	}
}

func (r *reader) standIn(u *Undertaking, of string) {
	if own := r.b.Find(of, u.Subject); own != nil {
		own.Accounts = append(own.Accounts, u.Item)
		return
	}
	for _, j := range r.b.List {
		if j.Joint() && j.Subject == u.Subject {
			j.Accounts = append(j.Accounts, u.Item)
			return
		}
	}
	r.b.Others = append(r.b.Others, u)
	if key := (thingKey{of, u.Subject}); r.b.byThing[key] == nil {
		r.b.byThing[key] = u
	}
}

// owner finds the undertaking that a reference to one of its versions means.
func (r *reader) owner(ref entente.Ref) *Undertaking {
	if u := r.byRef[ref]; u != nil {
		return u
	}
	// A reference to a superseded version still means the thing.
	v, err := store.ByRef[json.RawMessage](r.ctx, r.v, ref.Log, ref.Index)
	if err != nil {
		return nil
	}
	return r.b.Find(v.Writer, v.Subject)
}

// whole is the joint undertaking that u is a half of, or u.
func (r *reader) whole(u *Undertaking) *Undertaking {
	for _, j := range r.b.List {
		if j.Joint() && j.Halves[u.Owners[0]] == u {
			return j
		}
	}
	return u
}

// evidence reads the owners' marks, links to indicators, milestones and actions.
func (r *reader) evidence() error {
	for _, t := range evidenceTypes {
		items, err := r.all(t)
		if err != nil {
			return err
		}
		r.takeEvidence(items)
	}
	return nil
}

var evidenceTypes = []entente.Type{entente.TypeProgress, entente.TypeLink, entente.TypeMilestone, entente.TypeAction}

// takeEvidence puts evidence with its undertaking; what belongs to a half belongs
// to the joint undertaking too.
func (r *reader) takeEvidence(items []things.Item) {
	for _, it := range items {
		var of []entente.Ref
		switch c := it.Content.(type) {
		case *entente.Progress:
			of = []entente.Ref{c.Commitment}
		case *entente.Link:
			of = []entente.Ref{c.Commitment}
		case *entente.Milestone:
			of = []entente.Ref{c.Commitment}
		case *entente.Action:
			of = c.Commitments
		}
		for _, ref := range of {
			u := r.owner(ref)
			if u == nil {
				continue
			}
			u.add(it)
			if w := r.whole(u); w != u {
				w.add(it)
			}
		}
	}
}

// add puts one piece of evidence with the undertaking.
func (u *Undertaking) add(it things.Item) {
	switch c := it.Content.(type) {
	case *entente.Progress:
		if old := u.Marks[entente.Party(it.Writer)]; old == nil || old.AsOf <= c.AsOf {
			u.Marks[entente.Party(it.Writer)] = &Mark{Item: it, Progress: c}
		}
	case *entente.Link:
		for _, s := range c.Indicators {
			if !slices.Contains(u.Indicators, s) {
				u.Indicators = append(u.Indicators, s)
			}
		}
	case *entente.Milestone:
		u.Milestones = append(u.Milestones, it)
	case *entente.Action:
		u.Actions = append(u.Actions, it)
	}
}

// positions reads the positions on the versions shown.
func (r *reader) positions() error {
	refs := make([]entente.Ref, 0, len(r.byRef))
	for ref := range r.byRef {
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, func(x, y entente.Ref) int {
		if c := strings.Compare(x.Log, y.Log); c != 0 {
			return c
		}
		return int(int64(x.Index) - int64(y.Index))
	})
	for chunk := range slices.Chunk(refs, 200) {
		got, err := r.v.Positions(r.ctx, chunk...)
		if err != nil {
			return err
		}
		for _, ref := range chunk {
			r.byRef[ref].Positions = got[ref]
		}
	}
	return nil
}

// pairs reads pairings of the parties and readings cited by observers.
func (r *reader) pairs() error {
	joints, err := store.Joints[json.RawMessage](r.ctx, r.v, entente.TypePairing, store.Query{})
	if err != nil {
		return err
	}
	readings, err := r.all(entente.TypeCitation, store.Cond{Column: "citation.kind", Op: store.Eq, Value: "pairing"})
	if err != nil {
		return err
	}
	return r.takePairs(joints, readings)
}

func (r *reader) takePairs(joints []store.JointThing[json.RawMessage], readings []things.Item) error {
	for _, j := range joints {
		origin, shown := PairJoint, j.InForce
		if shown == nil && len(j.Proposed) > 0 {
			origin, shown = PairProposed, &j.Proposed[0]
		}
		if shown == nil {
			continue
		}
		half, ok := firstHalf(shown)
		if !ok {
			continue
		}
		it, err := things.NewItem(half)
		if err != nil {
			return err
		}
		if p, ok := it.Content.(*entente.Pairing); ok {
			r.pair(&Pair{Item: it, Origin: origin, Proposer: it.Writer, Basis: p.Basis}, p.Sides)
		}
	}
	for _, it := range readings {
		c := it.Content.(*entente.Citation)
		r.pair(&Pair{Item: it, Origin: PairReading, Proposer: it.Writer, Basis: c.Text}, c.Pair)
	}
	return nil
}

func (r *reader) pair(p *Pair, sides []entente.PairSide) {
	for _, s := range sides {
		p.Sides = append(p.Sides, Side{Party: s.Party, Subject: s.Subject, Undertaking: r.b.Find(string(s.Party), s.Subject)})
	}
	r.b.Pairs = append(r.b.Pairs, p)
}
