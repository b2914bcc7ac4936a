package exchange

import (
	"slices"

	"entente"
	"entente/internal/web/desk/form"
	"entente/internal/web/desk/kit"
)

// place is where some fields stand in the form of a draft: under a part, side by
// side, perhaps with a heading or folded away while nothing of them is filled in.
type place struct {
	part  string // message "exchange.part.<part>"
	group string // or field whose label is the heading, "" for none
	paths []string
	fold  bool
}

// The parts of a form, in their order.
const (
	partWhat    = "what"
	partMarking = "marking"
	partWho     = "who"
	partRoute   = "route"
)

var parts = []string{partWhat, partMarking, partWho, partRoute}

// layouts say where the fields of each type stand; what they leave out stands under
// the first part, so that a new field of an entry is a new field of its form.
var layouts = map[entente.Type][]place{
	entente.TypeRelease: {
		{part: partWhat, paths: []string{"form", "handling.basis", "handling.territory", "handling.collector", "handling.from", "handling.to", "handling.source", "handling.information"}},
		{part: partMarking, paths: []string{"handling.classification", "handling.tlp", "handling.retain", "handling.evidential"}},
		{part: partMarking, paths: []string{"handling.purposes", "handling.consented"}},
		{part: partMarking, paths: []string{"handling.onward"}},
		{part: partMarking, group: "handling.onward_to", paths: []string{"handling.onward_to"}, fold: true},
		{part: partMarking, paths: []string{"handling.assessed", "handling.risks"}},
		{part: partWho, paths: []string{"to", "recipients", "areas"}},
		{part: partWho, group: "alert", paths: []string{"alert.group", "alert.acknowledge"}, fold: true},
		{part: partRoute, group: "authorisation", paths: []string{"authorisation.reference", "authorisation.authority", "authorisation.date"}},
		{part: partRoute, paths: []string{"consent", "assurance"}},
	},
	entente.TypeRequest: {
		{part: partWhat, paths: []string{"kind", "purpose", "basis"}},
		{part: partWhat, paths: []string{"areas"}},
		{part: partWho, paths: []string{"to", "agencies", "urgency", "due"}},
		{part: partRoute, group: "authorisation", paths: []string{"authorisation.reference", "authorisation.authority", "authorisation.date"}},
		{part: partRoute, paths: []string{"assurance"}},
	},
}

// placed are the fields of one place.
type placed struct {
	title, hint string
	fields      []form.Field
	fold, open  bool
}

// arranged are the places of each part.
type arranged map[string][]placed

// arrange puts the fields of a form where they stand; authorised says that the route
// asks for a national authorisation.
func arrange(a *kit.Ask, t entente.Type, fields []form.Field, authorised bool) arranged {
	out := arranged{}
	var taken []string
	for _, p := range layouts[t] {
		at := placed{fields: form.Find(fields, p.paths...), fold: p.fold}
		taken = append(taken, p.paths...)
		if len(at.fields) == 0 {
			continue
		}
		if g := form.Find(fields, p.group); p.group != "" && len(g) == 1 {
			at.title = g[0].Label
			if g[0].Fields != nil {
				at.hint = form.GroupHelp(a.Frame, g[0])
			}
			at.open = !g[0].Blank && (g[0].Fields != nil || len(g[0].Values) > 0) || len(form.Errors(g)) > 0
			if p.group == "authorisation" && authorised {
				at.hint = a.T("exchange.authorisation.needed")
			}
		}
		out[p.part] = append(out[p.part], at)
	}
	if rest := form.Without(fields, taken...); len(rest) > 0 {
		out[partWhat] = slices.Insert(out[partWhat], 0, placed{fields: rest})
	}
	return out
}
