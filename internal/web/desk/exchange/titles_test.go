package exchange

import (
	"testing"

	"entente"
	core "entente/internal/exchange"
	"entente/internal/locale"
)

// TestEveryStateHasItsTitle: in both languages a page is titled by how its thing
// stands, and no two states share a title.
func TestEveryStateHasItsTitle(t *testing.T) {
	titles := map[string]string{} // by state and direction
	for _, d := range core.Directions {
		for _, s := range core.ReleaseStates {
			titles["release "+string(s)+" "+string(d)] = releaseTitle(&core.ReleaseState{Side: core.Side{Direction: d}, State: s})
		}
		for _, s := range core.RequestStates {
			titles["request "+string(s)+" "+string(d)] = requestTitle(&core.RequestState{Side: core.Side{Direction: d}, State: s})
		}
	}
	for _, s := range core.PermissionStates {
		titles["permission "+string(s)] = "exchange.title.permission." + string(s)
	}
	recalled := core.ReleaseState{State: core.Deleted, Recall: &core.Said[entente.Recall]{}}
	titles["release recalled and deleted"] = releaseTitle(&recalled)
	for _, lang := range []locale.Lang{locale.ES, locale.EN} {
		l, said := locale.For(lang), map[string]string{}
		for of, id := range titles {
			if !l.Has(id) {
				t.Errorf("%s has no title in %s: %s", of, lang, id)
				continue
			}
			text := l.T(id, "Subject", "x", "What", "y")
			if was, ok := said[text]; ok && was != id {
				t.Errorf("%s: %q is the title of %s and of %s", lang, text, was, id)
			}
			said[text] = id
		}
	}
}

// TestEveryFieldHasOnePlace: a form by parts shows no field twice and forgets none.
func TestEveryFieldHasOnePlace(t *testing.T) {
	for typ, places := range layouts {
		seen := map[string]bool{}
		for _, p := range places {
			for _, path := range p.paths {
				if seen[path] {
					t.Errorf("%s: %s has two places", typ, path)
				}
				seen[path] = true
			}
		}
	}
}
