package report

import (
	"context"
	"encoding/json"
	"slices"

	"entente"
	"entente/internal/store"
)

// item is one version with its body decoded.
type item struct {
	store.Version[json.RawMessage]
	body any // pointer to the body's type
}

// record is all that the model is built from: what stands in the public view at
// one frontier.
type record struct {
	frontier  store.Frontier
	current   map[entente.Type][]*item // by log and index
	joints    map[entente.Type][]store.JointThing[json.RawMessage]
	things    map[string]*item // current version of writer/type/subject
	byRef     map[entente.Ref]*item
	positions map[entente.Ref][]store.PositionOn
	changes   []store.Change
	latest    *entente.Ref
}

// jointTypes are the joint types that a report shows.
var jointTypes = []entente.Type{
	entente.TypeCharter, entente.TypeJointCommitment, entente.TypePairing, entente.TypeIndicator, entente.TypeTarget,
}

// loneTypes are the types of one writer's things that a report shows.
var loneTypes = []entente.Type{
	entente.TypeCommitment, entente.TypeMilestone, entente.TypeProgress, entente.TypeAccount, entente.TypeAction, entente.TypeLink,
	entente.TypeDataset, entente.TypeObservations, entente.TypeClaim, entente.TypeCitation, entente.TypeQuestion, entente.TypeAnswer,
	entente.TypeMeeting, entente.TypeNotice, entente.TypePosition,
}

// read reads the record of a view.
func read(ctx context.Context, v *store.View) (*record, error) {
	r := &record{
		current: map[entente.Type][]*item{}, joints: map[entente.Type][]store.JointThing[json.RawMessage]{},
		things: map[string]*item{}, byRef: map[entente.Ref]*item{},
	}
	var err error
	if r.frontier, err = v.Frontier(ctx); err != nil {
		return nil, err
	}
	for _, t := range loneTypes {
		if err := r.readType(ctx, v, t); err != nil {
			return nil, err
		}
	}
	for _, t := range jointTypes {
		if r.joints[t], err = store.Joints[json.RawMessage](ctx, v, t, store.Query{}); err != nil {
			return nil, err
		}
	}
	if err := r.readAround(ctx, v); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *record) readType(ctx context.Context, v *store.View, t entente.Type) error {
	q := store.Query{Type: t, Order: store.ByOrder, Limit: 1000}
	for {
		page, err := store.List[json.RawMessage](ctx, v, q)
		if err != nil {
			return err
		}
		for i := range page.Items {
			it := newItem(&page.Items[i])
			if it == nil {
				continue
			}
			r.current[t] = append(r.current[t], it)
			r.byRef[it.Ref] = it
			r.things[thing(it.Writer, it.Type, it.Subject)] = it
		}
		if page.Next == "" {
			return nil
		}
		q.After = page.Next
	}
}

func newItem(v *store.Version[json.RawMessage]) *item {
	rule, ok := entente.Rule(v.Type)
	if !ok || v.Body == nil {
		return nil
	}
	it := &item{Version: *v, body: rule.New()}
	if json.Unmarshal(*v.Body, it.body) != nil {
		return nil
	}
	return it
}

func thing(writer string, t entente.Type, subject string) string {
	return writer + " " + string(t) + " " + subject
}

// readAround reads positions, corrections and the latest entry.
func (r *record) readAround(ctx context.Context, v *store.View) error {
	var refs []entente.Ref
	for _, t := range loneTypes {
		for _, it := range r.current[t] {
			refs = append(refs, it.Ref)
		}
	}
	for _, t := range jointTypes {
		for _, j := range r.joints[t] {
			if j.InForce != nil {
				refs = append(refs, halves(j.InForce)...)
			}
		}
	}
	r.positions = map[entente.Ref][]store.PositionOn{}
	for chunk := range slices.Chunk(refs, 200) {
		got, err := v.Positions(ctx, chunk...)
		if err != nil {
			return err
		}
		for ref, ps := range got {
			r.positions[ref] = ps
		}
	}
	q := store.Query{Limit: 1000}
	for {
		page, err := v.Corrections(ctx, q)
		if err != nil {
			return err
		}
		r.changes = append(r.changes, page.Items...)
		if page.Next == "" {
			break
		}
		q.After = page.Next
	}
	newest, err := v.Latest(ctx, store.Query{Limit: 1, Status: admissible})
	if err == nil && len(newest.Items) > 0 {
		r.latest = &newest.Items[0].Ref
	}
	return err
}

// halves returns the entries that hold a joint body, in the order of its parties.
func halves(v *store.JointVersion[json.RawMessage]) []entente.Ref {
	var out []entente.Ref
	for _, p := range v.Required {
		if half, ok := v.Halves[p]; ok {
			out = append(out, half.Ref)
		}
	}
	return out
}

// jointItem is the first half of a joint body, to read the body from.
func jointItem(v *store.JointVersion[json.RawMessage]) *item {
	if v == nil {
		return nil
	}
	for _, p := range v.Required {
		if half, ok := v.Halves[p]; ok {
			return newItem(&half)
		}
	}
	return nil
}

// current returns the current version of the thing that a reference is to a
// version of.
func (r *record) follow(ctx context.Context, v *store.View, ref entente.Ref) (*item, error) {
	if it := r.byRef[ref]; it != nil {
		return it, nil
	}
	old, err := store.ByRef[json.RawMessage](ctx, v, ref.Log, ref.Index)
	if err != nil {
		return nil, err
	}
	return r.things[thing(old.Writer, old.Type, old.Subject)], nil
}

func positionRefs(ps []store.PositionOn) []entente.Ref {
	var out []entente.Ref
	for _, p := range ps {
		out = append(out, p.Ref)
	}
	return out
}
