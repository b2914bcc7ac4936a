package book

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"entente"
	"entente/internal/store"
	"entente/internal/web/things"
)

// Around reads the part of the book that the page of one undertaking shows: the
// thing itself, the joint one it is a half of or its halves, the pairs it stands
// in with their other sides, and what hangs on all of them. What it costs does not
// grow with the rest of the record.
func Around(ctx context.Context, v *store.View, t entente.Type, writer, subject string) (*Book, error) {
	r := newReader(ctx, v)
	n := &near{reader: r, own: map[thingKey]bool{}, joint: map[string]bool{}, subjects: map[string]bool{}}
	var err error
	if t == entente.TypeJointCommitment {
		err = n.addJoint(subject)
	} else {
		err = n.addOwn(writer, subject)
	}
	if err != nil {
		return nil, err
	}
	joints, readings, err := n.pairsOf()
	if err != nil {
		return nil, err
	}
	if err := n.take(); err != nil {
		return nil, err
	}
	if err := r.takePairs(joints, readings); err != nil {
		return nil, err
	}
	return r.sorted(), nil
}

// near gathers what is near one undertaking.
type near struct {
	*reader
	own      map[thingKey]bool
	joint    map[string]bool
	subjects map[string]bool // of both, for what others tell of them

	commitments []things.Item
	joints      []store.JointThing[json.RawMessage]
	refs        []entente.Ref // of all their versions
}

// addOwn adds a party's own commitment, and the joint one it is a half of.
func (n *near) addOwn(writer, subject string) error {
	n.subjects[subject] = true
	key := thingKey{writer, subject}
	if n.own[key] {
		return nil
	}
	n.own[key] = true
	got, err := store.Get[json.RawMessage](n.ctx, n.v, entente.TypeCommitment, writer, subject)
	if errors.Is(err, store.ErrNotFound) || err == nil && got.Current == nil {
		return nil
	}
	if err != nil {
		return err
	}
	it, err := things.NewItem(*got.Current)
	if err != nil {
		return err
	}
	for _, v := range got.Versions {
		n.refs = append(n.refs, v.Ref)
	}
	if got.Withdrawn {
		return nil
	}
	n.commitments = append(n.commitments, it)
	c := it.Content.(*entente.Commitment)
	if c.Joint == nil {
		return nil
	}
	page, err := store.List[json.RawMessage](n.ctx, n.v, store.Query{
		Type: entente.TypeJointCommitment, Order: store.ByOrder, Limit: 10,
		Where: []store.Cond{{Column: "joint_commitment.body", Op: store.Eq, Value: c.Joint.String()}},
	})
	if err != nil {
		return err
	}
	for _, half := range page.Items {
		if err := n.addJoint(half.Subject); err != nil {
			return err
		}
	}
	return nil
}

// addJoint adds a joint commitment with its halves.
func (n *near) addJoint(subject string) error {
	n.subjects[subject] = true
	if n.joint[subject] {
		return nil
	}
	n.joint[subject] = true
	j, err := store.Joint[json.RawMessage](n.ctx, n.v, entente.TypeJointCommitment, subject)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	n.joints = append(n.joints, *j)
	if j.InForce == nil {
		return nil
	}
	for _, half := range j.InForce.Halves {
		n.refs = append(n.refs, half.Ref)
	}
	page, err := store.List[json.RawMessage](n.ctx, n.v, store.Query{
		Type: entente.TypeCommitment, Order: store.ByOrder, Limit: 100,
		Where: []store.Cond{{Column: "commitment.joint", Op: store.Eq, Value: j.InForce.Digest.String()}},
	})
	if err != nil {
		return err
	}
	for _, half := range page.Items {
		if err := n.addOwn(half.Writer, half.Subject); err != nil {
			return err
		}
	}
	return nil
}

// pairsOf finds the pairs of what is near, and adds their other sides.
func (n *near) pairsOf() (joints []store.JointThing[json.RawMessage], readings []things.Item, err error) {
	for _, subject := range n.sortedSubjects() {
		side := store.Cond{Column: "pair_side.subject", Op: store.Eq, Value: subject}
		found, err := store.Joints[json.RawMessage](n.ctx, n.v, entente.TypePairing, store.Query{Where: []store.Cond{side}})
		if err != nil {
			return nil, nil, err
		}
		for _, j := range found {
			if !slices.ContainsFunc(joints, func(o store.JointThing[json.RawMessage]) bool { return o.Subject == j.Subject }) {
				joints = append(joints, j)
			}
		}
		cited, err := All(n.ctx, n.v, store.Query{Type: entente.TypeCitation, Order: store.ByOrder, Where: []store.Cond{side}})
		if err != nil {
			return nil, nil, err
		}
		for _, it := range cited {
			if !slices.ContainsFunc(readings, func(o things.Item) bool { return o.Ref == it.Ref }) {
				readings = append(readings, it)
			}
		}
	}
	for _, it := range readings {
		if err := n.addSides(it.Content.(*entente.Citation).Pair); err != nil {
			return nil, nil, err
		}
	}
	for _, j := range joints {
		for _, shown := range append(slices.Clone(j.Proposed), deref(j.InForce)...) {
			var p entente.Pairing
			if shown.Body != nil && json.Unmarshal(*shown.Body, &p) == nil {
				if err := n.addSides(p.Sides); err != nil {
					return nil, nil, err
				}
			}
		}
	}
	return joints, readings, nil
}

func deref[T any](p *T) []T {
	if p == nil {
		return nil
	}
	return []T{*p}
}

func (n *near) addSides(sides []entente.PairSide) error {
	for _, s := range sides {
		if err := n.addOwn(string(s.Party), s.Subject); err != nil {
			return err
		}
	}
	return nil
}

func (n *near) sortedSubjects() []string {
	out := make([]string, 0, len(n.subjects))
	for s := range n.subjects {
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

// take hands what was gathered to the reader, in the order in which a whole book
// is read.
func (n *near) take() error {
	n.takeCommitments(n.commitments)
	if err := n.takeJoints(n.joints); err != nil {
		return err
	}
	var told []things.Item
	for _, t := range []entente.Type{entente.TypeAccount, entente.TypeCitation} {
		for _, subject := range n.sortedSubjects() {
			items, err := All(n.ctx, n.v, store.Query{Type: t, Subject: subject, Order: store.ByOrder})
			if err != nil {
				return err
			}
			for _, it := range items {
				if c, cites := it.Content.(*entente.Citation); !cites || c.Kind == "undertaking" {
					told = append(told, it)
				}
			}
		}
	}
	n.takeStandIns(told)
	linked, err := n.v.LinkedAny(n.ctx, n.refs)
	if err != nil {
		return err
	}
	for _, t := range evidenceTypes {
		for _, l := range linked {
			if l.Type != t || l.Withdrawn {
				continue
			}
			it, err := things.NewItem(l)
			if err != nil {
				return err
			}
			n.takeEvidence([]things.Item{it})
		}
	}
	return n.positions()
}
