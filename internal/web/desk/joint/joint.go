// Package joint makes the page of joint texts: proposals in and out, acceptance by
// an identical copy, consent to publish, publication.
package joint

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/a-h/templ"

	"entente"
	"entente/internal/auth"
	"entente/internal/node"
	"entente/internal/store"
	"entente/internal/web/desk/kit"
	"entente/internal/web/shell"
	"entente/internal/web/things"
)

// Mount registers the pages.
func Mount(k *kit.Kit) {
	k.Page("/desk/joint", auth.Read, page)
	k.Form("/desk/joint", auth.TakeStance, page, act)
}

// step is what a body of a joint thing waits for.
type step string

const (
	stepOurs    step = "ours"    // our identical copy
	stepTheirs  step = "theirs"  // theirs
	stepConsent step = "consent" // our consent to publish
	stepAwait   step = "await"   // their consent
	stepPublish step = "publish" // our public half
	stepDone    step = "done"
)

var steps = []step{stepOurs, stepConsent, stepPublish, stepTheirs, stepAwait, stepDone}

// part is one body of a joint thing with what can be done with it.
type part struct {
	node.JointPart
	step   step
	item   things.Item
	theirs entente.Ref // another party's half, to copy
	before *things.Item
}

type model struct {
	byStep  map[step][]part
	filters shell.Filters
	summary string
	pager   shell.Pager
}

func page(ctx context.Context, a *kit.Ask) (templ.Component, error) {
	a.Head(a.T("desk.joint.title"), a.T("desk.joint.lead"), "joint")
	m := model{byStep: map[step][]part{}}
	parts, err := read(ctx, a)
	if err != nil {
		return nil, err
	}
	types := make([]entente.Type, len(parts))
	for i, p := range parts {
		types[i] = p.Type
	}
	m.filters = a.Narrow("/desk/joint", types)
	parts = slices.DeleteFunc(parts, func(p part) bool { return !p.fits(a) })
	m.summary = a.L.N("kind.count", len(parts))
	slices.SortStableFunc(parts, func(x, y part) int { return slices.Index(steps, x.step) - slices.Index(steps, y.step) })
	if parts, m.pager, err = things.Paginate(a.Frame, parts); err != nil {
		return nil, err
	}
	for _, p := range parts {
		m.byStep[p.step] = append(m.byStep[p.step], p)
	}
	return jointPage(a, m), nil
}

func (p part) fits(a *kit.Ask) bool { return a.Fits(p.Type, p.Title.ES, p.Title.EN, p.Subject) }

// read tells how every body stands between the parties, and in public.
func read(ctx context.Context, a *kit.Ask) ([]part, error) {
	n := a.Kit.Node
	shared, err := n.JointStates(ctx, entente.Shared, "", "")
	if err != nil {
		return nil, err
	}
	public, err := n.JointStates(ctx, entente.Public, "", "")
	if err != nil {
		return nil, err
	}
	var out []part
	for _, s := range shared {
		if s.Complete && !s.InForce && !s.Flagged {
			continue // followed by another
		}
		p := part{JointPart: s}
		i := slices.IndexFunc(public, func(q node.JointPart) bool { return q.Type == s.Type && q.Subject == s.Subject && q.Body == s.Body })
		ours := i >= 0 && !slices.Contains(public[i].Missing, a.Kit.Party())
		p.step = stepOf(s, a.Kit.Party(), ours)
		if err := p.fill(ctx, a, shared); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func stepOf(s node.JointPart, us entente.Party, published bool) step {
	switch {
	case published:
		return stepDone
	case !s.Complete && slices.Contains(s.Missing, us):
		return stepOurs
	case !s.Complete:
		return stepTheirs
	case !slices.Contains(s.Consented, us):
		return stepConsent
	case len(s.Consented) < len(s.Have):
		return stepAwait
	}
	return stepPublish
}

// fill reads the body, and the one in force that it would follow.
func (p *part) fill(ctx context.Context, a *kit.Ask, all []node.JointPart) error {
	var err error
	for party, ref := range p.Have {
		if party != a.Kit.Party() {
			p.theirs = ref
		}
		if p.item.Content == nil {
			if p.item, err = itemAt(ctx, a, ref); err != nil {
				return err
			}
		}
	}
	if p.InForce {
		return nil
	}
	for _, q := range all {
		if q.InForce && q.Type == p.Type && q.Subject == p.Subject {
			for _, ref := range q.Have {
				it, err := itemAt(ctx, a, ref)
				if err != nil {
					return err
				}
				p.before = &it
				return nil
			}
		}
	}
	return nil
}

func itemAt(ctx context.Context, a *kit.Ask, ref entente.Ref) (things.Item, error) {
	v, err := store.ByRef[json.RawMessage](ctx, a.View, ref.Log, ref.Index)
	if err != nil {
		return things.Item{}, err
	}
	return things.NewItem(*v)
}

// parties are those whose half stands.
func (p part) parties() []entente.Party {
	return slices.Sorted(maps.Keys(p.Have))
}

func (p part) title(a *kit.Ask) string { return cmp.Or(a.Say(p.Title), p.Subject) }

// act carries out what a step's button asks.
func act(ctx context.Context, a *kit.Ask) (string, error) {
	o, err := a.Officer()
	if err != nil {
		return "", err
	}
	body, err := entente.ParseDigest(a.Post("body"))
	if err != nil {
		return "", &kit.Refuse{Code: "desk.refused.form"}
	}
	parts, err := read(ctx, a)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(parts, func(p part) bool { return p.Body == body && p.Subject == a.Post("subject") })
	if i < 0 || string(parts[i].step) != a.Post("step") {
		return "", &kit.Refuse{Code: "desk.refused.moved"}
	}
	return do(ctx, a, parts[i], o)
}

func do(ctx context.Context, a *kit.Ask, p part, o *node.Officer) (string, error) {
	var d store.WorkDraft
	var err error
	n := a.Kit.Node
	switch p.step {
	case stepOurs:
		v, err := store.ByRef[json.RawMessage](ctx, a.View, p.theirs.Log, p.theirs.Index)
		if err != nil {
			return "", err
		}
		// The very bytes of the other half: a body typed again would be a rival.
		if d, err = kit.Draft(ctx, a, p.Type, p.Subject, entente.Shared, v.Header.Body); err != nil {
			return "", err
		}
	case stepConsent:
		d, err = kit.Draft(ctx, a, entente.TypeConsent, node.ConsentSubject(p.Type, p.Subject), entente.Shared,
			&entente.Consent{Type: p.Type, Subject: p.Subject, Body: p.Body})
	case stepPublish:
		d, err = n.DraftPublication(ctx, p.Have[a.Kit.Party()], a.Me.User)
	default:
		return "", &kit.Refuse{Code: "desk.refused.moved"}
	}
	if err != nil {
		return "", err
	}
	done, err := n.Submit(ctx, d.ID, o)
	if err != nil {
		return "", errors.Join(err, n.Discard(ctx, d.ID, a.Me.User.Name))
	}
	if done == nil {
		a.Tell(ctx, "desk.review.waiting")
		return a.Href("/desk/drafts/" + d.ID + "/review"), nil
	}
	a.Tell(ctx, "desk.joint."+string(p.step)+".done")
	return a.With(), nil
}
