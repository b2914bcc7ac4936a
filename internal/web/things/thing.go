package things

import (
	"context"
	"encoding/json"
	"slices"

	"entente"
	"entente/internal/store"
	"entente/internal/web/shell"
	"entente/internal/web/site"

	"github.com/a-h/templ"
)

// Position is a position on the version shown.
type Position = store.PositionOn

// Thing is what the page of a thing shows.
type Thing struct {
	Item
	// Versions are all versions, newest first, the one shown included.
	Versions []Item
	Forked   bool
	// Withdrawal is set for a withdrawn thing.
	Withdrawal *store.Version[entente.Withdrawal]
	// Joint is set for a joint thing: its halves and what was proposed.
	Joint *store.JointThing[json.RawMessage]
	// Positions are on the version shown; on a joint thing, on its halves.
	Positions []store.PositionOn
	// Linked are the things that refer to any version of this one, positions left out.
	Linked []Item
}

// Load reads a thing; a joint one by type and subject alone.
func Load(ctx context.Context, v *store.View, t entente.Type, writer, subject string) (*Thing, error) {
	rule, ok := entente.Rule(t)
	if !ok {
		return nil, errUnknown
	}
	if rule.Joint {
		return loadJoint(ctx, v, t, subject)
	}
	got, err := store.Get[json.RawMessage](ctx, v, t, writer, subject)
	if err != nil {
		return nil, err
	}
	out := &Thing{Forked: got.Forked, Withdrawal: got.Withdrawal}
	if out.Versions, err = Items(got.Versions); err != nil {
		return nil, err
	}
	if got.Current == nil {
		return nil, store.ErrNotFound
	}
	if out.Item, err = NewItem(*got.Current); err != nil {
		return nil, err
	}
	return out, out.complete(ctx, v, []entente.Ref{out.Ref})
}

// loadJoint shows the body in force, or the newest proposal when none is yet.
func loadJoint(ctx context.Context, v *store.View, t entente.Type, subject string) (*Thing, error) {
	joint, err := store.Joint[json.RawMessage](ctx, v, t, subject)
	if err != nil {
		return nil, err
	}
	shown := joint.InForce
	if shown == nil && len(joint.Proposed) > 0 {
		shown = &joint.Proposed[0]
	}
	if shown == nil {
		return nil, store.ErrNotFound
	}
	out := &Thing{Joint: joint, Forked: joint.Flagged}
	var refs []entente.Ref
	for _, p := range shown.Required {
		half, ok := shown.Halves[p]
		if !ok {
			continue
		}
		refs = append(refs, half.Ref)
		if out.Content == nil {
			if out.Item, err = NewItem(half); err != nil {
				return nil, err
			}
		}
	}
	if out.Content == nil {
		return nil, store.ErrNotFound
	}
	for _, former := range append([]store.JointVersion[json.RawMessage]{*shown}, joint.Former...) {
		for _, p := range former.Required {
			if half, ok := former.Halves[p]; ok {
				it, err := NewItem(half)
				if err != nil {
					return nil, err
				}
				out.Versions = append(out.Versions, it)
				break
			}
		}
	}
	return out, out.complete(ctx, v, refs)
}

// complete reads what hangs on the thing: positions on the version shown, and
// what refers to any of its versions.
func (t *Thing) complete(ctx context.Context, v *store.View, shown []entente.Ref) error {
	positions, err := v.Positions(ctx, shown...)
	if err != nil {
		return err
	}
	for _, ref := range shown {
		t.Positions = append(t.Positions, positions[ref]...)
	}
	refs := slices.Clone(shown)
	for _, it := range t.Versions {
		if !slices.Contains(refs, it.Ref) {
			refs = append(refs, it.Ref)
		}
	}
	linked, err := v.LinkedAny(ctx, refs)
	if err != nil {
		return err
	}
	for _, l := range linked {
		if l.Type == entente.TypePosition || l.Type == entente.TypeWithdrawal || l.Type == entente.TypePublication ||
			l.Type == t.Type && l.Subject == t.Subject {
			continue
		}
		it, err := NewItem(l)
		if err != nil {
			return err
		}
		t.Linked = append(t.Linked, it)
	}
	return nil
}

// LinkedOf returns what refers to the thing, of one type.
func (t *Thing) LinkedOf(typ entente.Type) []Item {
	var out []Item
	for _, it := range t.Linked {
		if it.Type == typ {
			out = append(out, it)
		}
	}
	return out
}

// thing makes the page of one thing.
func (k Kind) thing(ctx context.Context, f *site.Frame, t entente.Type) (templ.Component, error) {
	th, err := Load(ctx, f.View, t, f.R.PathValue("writer"), f.R.PathValue("subject"))
	if err != nil {
		return nil, err
	}
	Head(f, k, th)
	body := shell.KeyValues(KeyValues(f, th.Content))
	if k.Body != nil {
		if body, err = k.Body(ctx, f, th); err != nil {
			return nil, err
		}
	}
	return thingPage(f, th, body), nil
}

// Head fills the page's heading for a thing.
func Head(f *site.Frame, k Kind, th *Thing) {
	f.Title = f.Say(th.Title)
	if f.Title == "" {
		f.Title = th.Subject
	}
	f.Active = k.Nav
	f.Crumbs = []shell.Link{
		{Text: f.T("nav.home"), Href: f.Href("/")},
		{Text: f.T("kind." + k.Key + ".title"), Href: f.Href(k.Path)},
	}
}

// Sources returns the documents that a body cites.
func Sources(content any) []entente.Source {
	type sourced struct{ Sources []entente.Source }
	raw, err := json.Marshal(content)
	if err != nil {
		return nil
	}
	var s sourced
	if json.Unmarshal(raw, &s) != nil {
		return nil
	}
	return s.Sources
}

// WordingOf returns whether a body's text is verbatim or a summary, "" when its
// type does not say.
func WordingOf(content any) entente.Wording {
	raw, err := json.Marshal(content)
	if err != nil {
		return ""
	}
	var w struct {
		Wording entente.Wording `json:"wording"`
		Claim   *struct {
			Wording entente.Wording `json:"wording"`
		} `json:"claim"`
	}
	if json.Unmarshal(raw, &w) != nil {
		return ""
	}
	if w.Wording == "" && w.Claim != nil {
		return w.Claim.Wording
	}
	return w.Wording
}

// stanceTone colours a stance without judging it.
func stanceTone(s entente.Stance) shell.Tone {
	switch s {
	case entente.Concurs:
		return shell.Agree
	case entente.Disputes:
		return shell.Differ
	}
	return shell.Neutral
}

// groupLinked groups what refers to the thing by type, in the order of the
// specification. A data file's own page lists the series read from it.
func groupLinked(t *Thing) []linkedGroup {
	var out []linkedGroup
	for _, rule := range entente.Types {
		if t.Type == entente.TypeDataset && rule.Type == entente.TypeObservations {
			continue
		}
		var group []Item
		for _, it := range t.Linked {
			if it.Type == rule.Type {
				group = append(group, it)
			}
		}
		if len(group) > 0 {
			out = append(out, linkedGroup{rule.Type, group})
		}
	}
	return out
}

type linkedGroup struct {
	Type  entente.Type
	Items []Item
}
