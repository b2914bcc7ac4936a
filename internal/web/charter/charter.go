// Package charter makes the page of the founding text: legal nature in each
// party's words, principles with each party's wording, areas and how each source
// lists them, groups, what the gates ask for, and the policies they decide by.
package charter

import (
	"context"
	"maps"
	"slices"

	"entente"
	"entente/internal/store"
	"entente/internal/web/shell"
	"entente/internal/web/site"

	"github.com/a-h/templ"
)

// Mount registers the page.
func Mount(add func(path string, build site.Build)) { add("/charter", page) }

func page(ctx context.Context, f *site.Frame) (templ.Component, error) {
	f.Active = "charter"
	f.Crumbs = []shell.Link{{Text: f.T("nav.home"), Href: f.Href("/")}}
	c := f.State.Charter
	if c == nil {
		f.Title = f.T("charter.title")
		return nonePage(f), nil
	}
	policies, err := store.Joints[entente.Policy](ctx, f.View, entente.TypePolicy, store.Query{})
	if err != nil {
		return nil, err
	}
	f.Title, f.Lead = f.T("charter.title"), f.Say(c.Title)
	return charterPage(f, c, policies), nil
}

// refusalIDs lists a policy set's names in order.
func refusalIDs(p *entente.Policy) []string { return slices.Sorted(maps.Keys(p.Refusals)) }
