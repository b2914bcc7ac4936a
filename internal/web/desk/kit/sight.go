package kit

import (
	"encoding/json"
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

// Sees reports whether the person who makes a request may read one entry that the
// pages of the programme hide.
func (k *Kit) Sees(r *http.Request, origin string, index uint64) bool {
	p := auth.From(r.Context())
	if p == nil || k.Exchange == nil {
		return false
	}
	yes, err := k.Exchange.Sees(r.Context(), exchange.ViewerOf(p.User), entente.Ref{Log: origin, Index: index}, k.Now())
	return err == nil && yes
}

// SeesDraft reports whether the person may know of a draft: one of an exchange is
// for the agency that writes it, and for oversight.
func (a *Ask) SeesDraft(d store.WorkDraft) bool {
	v := exchange.ViewerOf(a.Me.User)
	return !a.ofExchange(d) || v.Oversight || v.Agency != "" && d.Agency == v.Agency
}

// ofExchange reports whether a draft is of something of the exchange: an entry of
// such a type, or the withdrawal of one.
func (a *Ask) ofExchange(d store.WorkDraft) bool {
	if d.Type != entente.TypeWithdrawal {
		return d.Type.Exchange()
	}
	var w entente.Withdrawal
	if json.Unmarshal(d.Body, &w) != nil {
		return false // half typed
	}
	v, err := store.ByRef[entente.Withdrawal](a.R.Context(), a.View.Whole(), w.Of.Log, w.Of.Index)
	return err == nil && v.Type.Exchange()
}

// DraftHref is the page on which a draft is read before it leaves.
func (a *Ask) DraftHref(d store.WorkDraft) string {
	if exchange.Composed(d.Type) {
		return a.Href("/desk/exchange/drafts/" + d.ID + "/review")
	}
	return a.Href("/desk/drafts/" + d.ID + "/review")
}
