package kit

import (
	"context"
	"encoding/json"

	"entente"
	"entente/internal/store"
	"entente/internal/web/things"
)

// Fact is a current thing of another writer and where this party stands on it.
type Fact struct {
	things.Item
	// Ours is this party's current position on this exact version, nil without one.
	Ours *store.PositionOn
	// All are all positions on it.
	All []store.PositionOn
}

// OtherParties are the parties of the programme beside this one.
func (a *Ask) OtherParties() []entente.Party {
	parties := []entente.Party{entente.MX, entente.US}
	if a.State.Charter != nil {
		parties = a.State.Charter.Required
	}
	var out []entente.Party
	for _, p := range parties {
		if p != a.Kit.Party() {
			out = append(out, p)
		}
	}
	return out
}

// Facts lists what another writer stated that this party may answer, with where it
// stands on each.
func (a *Ask) Facts(ctx context.Context, q store.Query) (facts []Fact, next string, total int, err error) {
	if len(q.Types) == 0 {
		q.Types = Answerable
	}
	page, err := store.List[json.RawMessage](ctx, a.View, q)
	if err != nil {
		return nil, "", 0, err
	}
	refs := make([]entente.Ref, len(page.Items))
	for i, v := range page.Items {
		refs[i] = v.Ref
	}
	positions, err := a.View.Positions(ctx, refs...)
	if err != nil {
		return nil, "", 0, err
	}
	for _, v := range page.Items {
		it, err := things.NewItem(v)
		if err != nil {
			return nil, "", 0, err
		}
		f := Fact{Item: it, All: positions[v.Ref]}
		for i := range f.All {
			if a.Kit.Own(f.All[i].Writer) {
				f.Ours = &f.All[i]
			}
		}
		facts = append(facts, f)
	}
	return facts, page.Next, page.Total, nil
}
