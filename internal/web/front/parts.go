package front

import (
	"entente"
	"entente/internal/web/shell"
	"entente/internal/web/site"
)

// undertakingsShown is how many of a party's undertakings a card lists, so that
// cards stay equal in size.
const undertakingsShown = 3

// nature puts the legal nature in each party's words side by side.
func nature(f *site.Frame, c *entente.Charter) []shell.Side {
	out := make([]shell.Side, len(c.Nature))
	for i, t := range c.Nature {
		out[i] = shell.Side{Party: t.Party, Body: natureText(f, t)}
	}
	return out
}
