package exchange

import (
	"context"

	core "entente/internal/exchange"
	"entente/internal/web/desk/form"
	"entente/internal/web/desk/kit"
)

// verdict is what the gate says of a draft.
type verdict struct {
	// blocking stands in the way; later is what only the second person settles.
	blocking, later []*kit.Refused
	// faults are the fields that are missing or not of their form: what the schema
	// refuses, in the words of the form.
	faults []form.Field
	// at is the address of the form, "" on its own page.
	at string
}

// clear: nothing stands in the way.
func (v *verdict) clear() bool { return len(v.blocking) == 0 && len(v.faults) == 0 }

// broken is the code of the refusal of a body that breaks its schema.
const broken = "rule.schema"

// gate asks what stands in the way of a draft.
func gate(ctx context.Context, a *kit.Ask, d *core.Draft) (verdict, error) {
	var v verdict
	found, err := a.Kit.Exchange.Gate(ctx, me(a), d.ID)
	if err != nil {
		return v, err
	}
	for _, f := range found {
		r := kit.FromNode(a, f.Refusal)
		switch {
		case !f.Blocking:
			v.later = append(v.later, r)
		case r.Code == broken && len(v.faulty(ctx, a, d)) > 0:
		default:
			v.blocking = append(v.blocking, r)
		}
	}
	return v, nil
}

// faulty finds the fields at fault; none where the form sees nothing wrong.
func (v *verdict) faulty(ctx context.Context, a *kit.Ask, d *core.Draft) []form.Field {
	in := formOf(ctx, a, d)
	in.Check = true
	v.faults = form.Errors(form.Build(in))
	return v.faults
}
