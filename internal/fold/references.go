package fold

import (
	"fmt"
	"slices"

	"entente"
)

// owner says whose entry a reference may point to.
type owner int

const (
	anyones owner = iota
	ones          // the writer's own
	another       // another writer's
)

// reference is what an entry refers to, and what it must find there.
type reference struct {
	field string // as in the body, for messages
	link  Link
	owner owner
	types []entente.Type // of which the target must be
}

// references judges the references of the entry and sorts its links. What can be
// read off the references themselves is judged at once; what needs the targets is
// judged when all of them have been seen, so that the verdict does not depend on
// the order in which they come.
func (f *folding) references(rows *rowSet) (*broken, error) {
	refs := append(f.supersedes(), rows.refs...)
	var found findings
	f.supersedable(&found)
	for _, r := range refs {
		f.readable(r, &found)
		rows.links = append(rows.links, r.link)
	}
	if found.first != nil {
		return found.first, nil
	}
	targets, err := f.resolve(refs, rows)
	if err != nil || len(rows.unresolved) > 0 {
		return nil, err
	}
	for i, r := range refs {
		f.fits(r, targets[i], &found)
	}
	return found.first, nil
}

func (f *folding) supersedes() []reference {
	var refs []reference
	for _, to := range f.parsed.Header.Supersedes {
		refs = append(refs, reference{
			field: "supersedes", link: Link{LinkSupersedes, to}, owner: ones,
			types: []entente.Type{f.rule.Type},
		})
	}
	return refs
}

// supersedable judges the list of superseded versions as a list.
func (f *folding) supersedable(found *findings) {
	list := f.parsed.Header.Supersedes
	if len(list) > 0 && !f.rule.Chain {
		found.fail(RuleSupersedes, "%s entries have no versions", f.rule.Type)
	}
	for i, to := range list {
		if slices.ContainsFunc(list[:i], func(r entente.Ref) bool { return r.Log == to.Log && r.Index == to.Index }) {
			found.fail(RuleSupersedes, "%s is named twice", to)
		}
	}
}

// readable judges what the reference shows by itself.
func (f *folding) readable(r reference, found *findings) {
	to := r.link.To
	audience, ok := entente.OriginAudience(to.Log)
	switch {
	case !ok:
		found.fail(RuleReferenceWider, "%s: %q names no audience", r.field, to.Log)
	case audience.Rank() > f.log.Audience.Rank():
		found.fail(RuleReferenceWider, "%s: %s stands in a %s log, the entry in a %s one", r.field, to, audience, f.log.Audience)
	case to.Log == f.in.Origin && to.Index >= f.in.Index:
		found.fail(RuleReferenceOrder, "%s: %s is not before the entry", r.field, to)
	}
}

// resolve finds the targets; those not yet seen become unresolved links.
func (f *folding) resolve(refs []reference, rows *rowSet) ([]Seen, error) {
	targets := make([]Seen, len(refs))
	for i, r := range refs {
		seen, ok, err := f.state.Seen(r.link.To.Log, r.link.To.Index)
		if err != nil {
			return nil, fmt.Errorf("look up %s: %w", r.link.To, err)
		}
		targets[i] = seen
		if !ok {
			rows.unresolved = append(rows.unresolved, r.link)
		}
	}
	return targets, nil
}

// fits judges a reference by its target's leaf, type, author and thing, never by
// the target's status.
func (f *folding) fits(r reference, target Seen, found *findings) {
	to := r.link.To
	if target.Ref.Leaf != to.Leaf {
		found.fail(RuleReferenceLeaf, "%s: %s has leaf hash %s, not %s", r.field, to, target.Ref.Leaf, to.Leaf)
	}
	switch {
	case slices.Contains(r.types, target.Type):
	case r.link.Kind == LinkSupersedes:
		found.fail(RuleSupersedes, "%s is a %s entry, not a %s one", to, named(target.Type), f.rule.Type)
	default:
		found.fail(RuleReferenceType, "%s: %s is a %s entry", r.field, to, named(target.Type))
	}
	if r.link.Kind == LinkSupersedes && target.Subject != f.parsed.Header.Subject {
		found.fail(RuleSupersedes, "%s has the subject %q, not %q", to, target.Subject, f.parsed.Header.Subject)
	}
	if r.owner == ones && target.Writer != f.log.Writer {
		found.fail(RuleReferenceOwner, "%s: %s is of %s, not of %s", r.field, to, target.Writer, f.log.Writer)
	}
	if r.owner == another && target.Writer == f.log.Writer {
		found.fail(RuleReferenceOwner, "%s: %s is the author's own", r.field, to)
	}
}

func named(t entente.Type) string {
	if t == "" {
		return "malformed"
	}
	return string(t)
}

// typesWhere returns the types whose row keeps ok.
func typesWhere(ok func(entente.TypeRule) bool) []entente.Type {
	var out []entente.Type
	for _, r := range entente.Types {
		if ok(r) {
			out = append(out, r.Type)
		}
	}
	return out
}

// The types that a position, a withdrawal and a publication may point to.
var (
	positionable = typesWhere(func(r entente.TypeRule) bool {
		return r.Chain && r.Type != entente.TypePosition && slices.Contains(r.Audiences, entente.Public)
	})
	// A joint text is ended by what the parties agree next, not by one of them.
	withdrawable = typesWhere(func(r entente.TypeRule) bool { return r.Chain && !r.Joint })
	publishable  = typesWhere(func(r entente.TypeRule) bool {
		return r.Signers.Agency() && slices.Contains(r.Audiences, entente.Public)
	})
)
