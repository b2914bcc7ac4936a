package kinds

import (
	"context"

	"entente"
	"entente/internal/chart"
	"entente/internal/web/book"
	"entente/internal/web/site"

	"github.com/a-h/templ"
)

var mapIDs = map[chart.Land]string{chart.MX: "actions-mx", chart.US: "actions-us"}

// actionsMap colours the states of both parties by the actions reported there,
// under the filters of the list. An action in several states counts in each; one
// whose report names no state is counted beside the maps.
func actionsMap(ctx context.Context, f *site.Frame) (templ.Component, error) {
	q, err := actions.Query(f)
	if err != nil {
		return nil, err
	}
	q.After = ""
	items, err := book.All(ctx, f.View, q)
	if err != nil {
		return nil, err
	}
	count, placed := map[string]int{}, 0
	for _, it := range items {
		states := it.Content.(*entente.Action).States
		for _, s := range states {
			count[s]++
		}
		if len(states) > 0 {
			placed++
		}
	}
	var maps []chart.Map
	for _, land := range []chart.Land{chart.MX, chart.US} {
		if w := f.R.URL.Query().Get("writer"); w != "" && w != string(land) {
			continue
		}
		m := chart.Map{
			Text: chart.Text{ID: mapIDs[land], Title: f.T("actions.map.title", "Land", f.L.Party(string(land))), Unit: f.T("actions.map.unit")},
			Land: land, Values: map[string]*float64{},
		}
		for code, n := range count {
			if code[:2] == string(land) {
				m.Values[code] = chart.Value(float64(n))
			}
		}
		maps = append(maps, m)
	}
	return actionMaps(f, maps, placed, len(items)), nil
}
