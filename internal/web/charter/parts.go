package charter

import (
	"entente"
	"entente/internal/web/shell"
	"entente/internal/web/site"
)

// wordings puts each party's words side by side.
func wordings(f *site.Frame, texts []entente.PartyText) []shell.Side {
	out := make([]shell.Side, len(texts))
	for i, t := range texts {
		out[i] = shell.Side{Party: t.Party, Body: wording(f, t)}
	}
	return out
}
