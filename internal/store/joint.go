package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/internal/fold"
)

// JointVersion is one body of a joint thing.
type JointVersion[B any] struct {
	Body     *B
	Digest   entente.Digest // SHA-256 of the raw body bytes
	Follows  entente.Digest // zero when it follows nothing
	Required []entente.Party
	// Halves are the entries that hold the body, by party: of several the newest in
	// the widest log.
	Halves   map[entente.Party]Version[B]
	Complete bool
}

// JointThing is a joint thing: what is in force, and what was proposed.
type JointThing[B any] struct {
	Type    entente.Type
	Subject string
	// InForce is nil before the first completion.
	InForce *JointVersion[B]
	// Proposed are the bodies not complete that a half which is not superseded
	// holds, newest first.
	Proposed []JointVersion[B]
	// Former are the complete bodies that the one in force follows, newest first.
	Former []JointVersion[B]
	// Contested are the complete bodies of which none is in force because there are
	// several; see Flagged.
	Contested []JointVersion[B]
	// Flagged is true when several complete bodies follow the one in force.
	Flagged bool
}

// jointHalves are the halves of one joint thing that a view sees.
type jointHalves struct {
	typ     entente.Type
	subject string
	halves  []fold.Half
}

const (
	sqlHalves = `SELECT h.type, h.subject, l.origin, h.eid, x.leaf, h.rank, h.party, h.body, h.follows, h.required
FROM joint_half h JOIN version x ON x.eid = h.eid JOIN log l ON l.num = h.eid >> 40 WHERE h.rank <= ?`
	sqlHalvesOf    = sqlHalves + " AND h.type = ? AND h.subject = ?" + sqlHalvesOrder
	sqlHalvesOrder = " ORDER BY h.type, h.subject, h.eid"
)

// halves returns the halves of joint things, by type and subject; "" for all.
func (v *View) halves(ctx context.Context, r reader, typ entente.Type, subject string) ([]jointHalves, error) {
	query, args := sqlHalves, []any{v.rank}
	if typ != "" {
		query, args = query+" AND h.type = ?", append(args, string(typ))
	}
	if subject != "" {
		query, args = query+" AND h.subject = ?", append(args, subject)
	}
	rows, err := r.query(ctx, query+sqlHalvesOrder, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []jointHalves
	for rows.Next() {
		t, h, err := scanHalf(rows)
		if err != nil {
			return nil, err
		}
		if n := len(out); n == 0 || out[n-1].typ != t.typ || out[n-1].subject != t.subject {
			out = append(out, t)
		}
		last := &out[len(out)-1]
		last.halves = append(last.halves, h)
	}
	return out, rows.Err()
}

func scanHalf(rows *sql.Rows) (t jointHalves, h fold.Half, err error) {
	var eid int64
	var rank int
	var leaf, body, follows []byte
	var required string
	err = rows.Scan(&t.typ, &t.subject, &h.Ref.Log, &eid, &leaf, &rank, &h.Party, &body, &follows, &required)
	if err != nil {
		return t, h, err
	}
	h.Ref.Index, h.Ref.Leaf, h.Audience = indexOf(eid), entente.Digest(leaf), audienceOf(rank)
	h.Body, h.Follows = entente.Digest(body), entente.Digest(follows)
	for _, p := range strings.Fields(required) {
		h.Required = append(h.Required, entente.Party(p))
	}
	return t, h, nil
}

// Joint returns one joint thing; [ErrNotFound] when the view sees no half of it.
func Joint[B any](ctx context.Context, v *View, typ entente.Type, subject string) (*JointThing[B], error) {
	var out *JointThing[B]
	err := v.s.snapshot(ctx, func(r reader) error {
		found, err := v.halves(ctx, r, typ, subject)
		if err != nil {
			return err
		}
		if len(found) == 0 || subject == "" {
			return fmt.Errorf("%s %s: %w", typ, subject, ErrNotFound)
		}
		out, err = jointThing[B](ctx, v, r, found[0])
		return err
	})
	return out, err
}

// Joints returns the joint things of a type of which a half is selected by q
// (Writer, Subject, Area, Where, Search), by subject.
func Joints[B any](ctx context.Context, v *View, typ entente.Type, q Query) ([]JointThing[B], error) {
	if q.Search != "" {
		if err := v.s.freshText(ctx); err != nil {
			return nil, err
		}
	}
	q.Type, q.Types, q.Versions = typ, nil, true
	f, err := v.filter(q)
	if err != nil {
		return nil, err
	}
	var out []JointThing[B]
	err = v.s.snapshot(ctx, func(r reader) error {
		wanted, err := collect(ctx, r, "SELECT DISTINCT v.subject"+fromVersions+f.sql(), f.args,
			func(rows *sql.Rows) (s string, err error) { return s, rows.Scan(&s) })
		if err != nil {
			return err
		}
		found, err := v.halves(ctx, r, typ, q.Subject)
		if err != nil {
			return err
		}
		for _, h := range found {
			if !slices.Contains(wanted, h.subject) {
				continue
			}
			t, err := jointThing[B](ctx, v, r, h)
			if err != nil {
				return err
			}
			out = append(out, *t)
		}
		return nil
	})
	return out, err
}

// jointThing loads the halves and sorts the bodies by what they are.
func jointThing[B any](ctx context.Context, v *View, r reader, h jointHalves) (*JointThing[B], error) {
	var refs []entente.Ref
	for _, half := range h.halves {
		refs = append(refs, half.Ref)
	}
	rows, err := v.load(ctx, r, v.eids(refs))
	if err != nil {
		return nil, err
	}
	byRef := map[entente.Ref]Version[B]{}
	for _, s := range rows {
		byRef[s.v.Ref] = as[B](s)
	}
	state := fold.JointInForce(h.halves)
	t := &JointThing[B]{Type: h.typ, Subject: h.subject, Flagged: state.Flagged}
	versions := map[entente.Digest]JointVersion[B]{}
	for _, b := range state.Bodies {
		versions[b.Body] = jointVersion(b, byRef)
	}
	if in, ok := versions[state.InForce]; ok {
		t.InForce = &in
	}
	former := formerBodies(versions, state.InForce)
	for _, b := range state.Bodies {
		x := versions[b.Body]
		switch {
		case b.Body == state.InForce:
		case former[b.Body]:
			t.Former = append(t.Former, x)
		case b.Complete:
			t.Contested = append(t.Contested, x)
		case slices.ContainsFunc(b.Halves, func(h fold.Half) bool { return !byRef[h.Ref].Superseded }):
			t.Proposed = append(t.Proposed, x)
		}
	}
	for _, list := range [][]JointVersion[B]{t.Former, t.Contested, t.Proposed} {
		slices.SortStableFunc(list, func(a, b JointVersion[B]) int { return b.newest().Compare(a.newest()) })
	}
	return t, nil
}

// formerBodies are the complete bodies on the chain behind the one in force.
func formerBodies[B any](versions map[entente.Digest]JointVersion[B], inForce entente.Digest) map[entente.Digest]bool {
	former := map[entente.Digest]bool{}
	for d := versions[inForce].Follows; !d.IsZero() && !former[d] && versions[d].Complete; d = versions[d].Follows {
		former[d] = true
	}
	return former
}

func jointVersion[B any](b fold.JointBody, byRef map[entente.Ref]Version[B]) JointVersion[B] {
	x := JointVersion[B]{
		Digest: b.Body, Follows: b.Follows, Required: b.Required, Complete: b.Complete, Halves: map[entente.Party]Version[B]{},
	}
	for _, h := range b.Halves {
		held, ok := x.Halves[h.Party]
		newer := cmp.Or(held.Audience.Rank()-h.Audience.Rank(), cmp.Compare(h.Ref.Index, held.Ref.Index)) > 0
		if half := byRef[h.Ref]; !ok || newer {
			x.Halves[h.Party], x.Body = half, half.Body
		}
	}
	return x
}

// newest is the latest stated time of the halves.
func (x JointVersion[B]) newest() (t time.Time) {
	for _, h := range x.Halves {
		if h.Header.Time.After(t) {
			t = h.Header.Time
		}
	}
	return t
}
