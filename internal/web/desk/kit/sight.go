package kit

import (
	"net/http"

	"entente"
	"entente/internal/auth"
	"entente/internal/exchange"
)

// Hidden are the types that the person who makes a request does not see in the
// pages of the programme: what passes in an exchange is for the agencies it names.
func (k *Kit) Hidden(r *http.Request) []entente.Type {
	p := auth.From(r.Context())
	if p == nil {
		return exchange.Viewer{}.Hidden()
	}
	return exchange.ViewerOf(p.User).Hidden()
}
