package kit

import (
	"net/http"

	"entente"
	"entente/internal/auth"
	"entente/internal/exchange"
	"entente/internal/store"
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

// SeesDraft reports whether the person may know of a draft: one of an exchange is
// for the agency that writes it, and for oversight.
func (a *Ask) SeesDraft(d store.WorkDraft) bool {
	v := exchange.ViewerOf(a.Me.User)
	return !d.Type.Exchange() || v.Oversight || v.Agency != "" && d.Agency == v.Agency
}

// DraftHref is the page on which a draft is read before it leaves.
func (a *Ask) DraftHref(d store.WorkDraft) string {
	if exchange.Composed(d.Type) {
		return a.Href("/desk/exchange/drafts/" + d.ID + "/review")
	}
	return a.Href("/desk/drafts/" + d.ID + "/review")
}
