package fold

import (
	"bytes"
	"cmp"
	"slices"

	"entente"
)

// Half is one party's half of a joint body, as one log holds it. All halves of
// admissible entries count, superseded or not: an offer that stands in a log can
// be taken up, and what both have said is ended only by what both say next.
type Half struct {
	Party    entente.Party
	Audience entente.Audience
	Ref      entente.Ref
	JointHalf
}

// JointBody is one body of a joint thing with the halves that hold it.
type JointBody struct {
	JointHalf
	// Complete is true when the logs of one audience of all required parties hold it.
	Complete bool
	Halves   []Half // by log and index
}

// JointState is what the halves of one joint thing (type, subject) say together.
type JointState struct {
	// InForce is the digest of the body in force; zero when there is none.
	InForce entente.Digest
	// Flagged is true when two or more complete bodies follow the one in force (or
	// begin the thing): then none of them is in force.
	Flagged bool
	// Bodies are all bodies, by digest.
	Bodies []JointBody
}

// JointInForce works out what is in force from all halves of one joint thing that
// a view sees. The order of halves does not matter.
//
// The chain begins at the one complete body that follows nothing or, when there is
// none in view, at the one complete body whose predecessor is not complete in view
// (the predecessor was never published, say). From there each complete successor is
// in force in place of its predecessor as long as it is the only one.
func JointInForce(halves []Half) JointState {
	state := JointState{Bodies: jointBodies(halves)}
	complete := map[entente.Digest]bool{}
	for _, b := range state.Bodies {
		if b.Complete {
			complete[b.Body] = true
		}
	}
	next := map[entente.Digest][]entente.Digest{} // predecessor → complete successors
	var first, dangling []entente.Digest
	for _, b := range state.Bodies {
		switch {
		case !b.Complete:
		case b.Follows.IsZero():
			first = append(first, b.Body)
		case complete[b.Follows]:
			next[b.Follows] = append(next[b.Follows], b.Body)
		default:
			dangling = append(dangling, b.Body)
		}
	}
	if len(first) == 0 {
		first = dangling
	}
	// A chain of digests cannot loop; the bound keeps that from being taken on trust.
	for range len(complete) + 1 {
		if len(first) != 1 {
			state.Flagged = len(first) > 1
			break
		}
		state.InForce = first[0]
		first = next[first[0]]
	}
	return state
}

func jointBodies(halves []Half) []JointBody {
	byBody := map[entente.Digest]*JointBody{}
	for _, h := range halves {
		b := byBody[h.Body]
		if b == nil {
			b = &JointBody{JointHalf: h.JointHalf}
			byBody[h.Body] = b
		}
		b.Halves = append(b.Halves, h)
	}
	bodies := make([]JointBody, 0, len(byBody))
	for _, b := range byBody {
		slices.SortFunc(b.Halves, func(x, y Half) int {
			return cmp.Or(cmp.Compare(x.Ref.Log, y.Ref.Log), cmp.Compare(x.Ref.Index, y.Ref.Index))
		})
		b.Complete = slices.ContainsFunc(entente.Audiences, b.completeIn)
		bodies = append(bodies, *b)
	}
	slices.SortFunc(bodies, func(x, y JointBody) int { return bytes.Compare(x.Body[:], y.Body[:]) })
	return bodies
}

// completeIn reports whether every required party's log of audience a holds b.
func (b *JointBody) completeIn(a entente.Audience) bool {
	for _, p := range b.Required {
		if !slices.ContainsFunc(b.Halves, func(h Half) bool { return h.Party == p && h.Audience == a }) {
			return false
		}
	}
	return len(b.Required) > 0
}
