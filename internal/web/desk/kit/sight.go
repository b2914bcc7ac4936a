package kit

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

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

// SeesDraft reports whether the person may know of a draft ([Kit.VisibleDrafts]).
func (a *Ask) SeesDraft(d store.WorkDraft) bool {
	list, err := a.Kit.VisibleDrafts(a.R.Context(), a.Me.User, []store.WorkDraft{d})
	return err == nil && len(list) == 1
}

// VisibleDrafts leaves of a list the drafts that somebody may know of: of an exchange,
// those that the person reads ([exchange.Exchange.ReadsDrafts]), and all for oversight.
func (k *Kit) VisibleDrafts(ctx context.Context, u store.User, list []store.WorkDraft) ([]store.WorkDraft, error) {
	v := exchange.ViewerOf(u)
	if v.Oversight {
		return list, nil
	}
	reads, err := k.readsDrafts(ctx, v)
	if err != nil {
		return nil, err
	}
	var out []store.WorkDraft
	for _, d := range list {
		if reads(d) || !k.ofExchange(ctx, d) {
			out = append(out, d)
		}
	}
	return out, nil
}

// readsDrafts is [exchange.Exchange.ReadsDrafts]; an observer's node has no exchange.
func (k *Kit) readsDrafts(ctx context.Context, v exchange.Viewer) (func(store.WorkDraft) bool, error) {
	if k.Exchange == nil {
		return func(store.WorkDraft) bool { return false }, nil
	}
	return k.Exchange.ReadsDrafts(ctx, v)
}

// Awaited are the drafts that wait for somebody's signature as second officer, those
// of the exchange or the others, last saved first.
func (k *Kit) Awaited(ctx context.Context, p *auth.Person, ofExchange bool) ([]store.WorkDraft, error) {
	if !p.May(auth.Authorise) {
		return nil, nil
	}
	all, err := k.Node.Store().Drafts(ctx, store.DraftQuery{States: []store.DraftState{store.DraftWaiting}})
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(d store.WorkDraft) bool { return d.Author == p.User.ID || k.ofExchange(ctx, d) != ofExchange })
	return k.VisibleDrafts(ctx, p.User, all)
}

// ofExchange reports whether a draft is of something of the exchange: an entry of
// such a type, or the withdrawal of one.
func (k *Kit) ofExchange(ctx context.Context, d store.WorkDraft) bool {
	if d.Type != entente.TypeWithdrawal {
		return d.Type.Exchange()
	}
	var w entente.Withdrawal
	if json.Unmarshal(d.Body, &w) != nil {
		return false // half typed
	}
	v, err := store.ByRef[entente.Withdrawal](ctx, k.Node.View(entente.National), w.Of.Log, w.Of.Index)
	return err == nil && v.Type.Exchange()
}

// DraftHref is the page on which a draft is read before it leaves; empty for one with
// sealed content that the person knows of and does not read.
func (a *Ask) DraftHref(d store.WorkDraft) string {
	if !exchange.Composed(d.Type) {
		return a.Href("/desk/drafts/" + d.ID + "/review")
	}
	if reads, err := a.Kit.readsDrafts(a.R.Context(), exchange.ViewerOf(a.Me.User)); err != nil || !reads(d) {
		return ""
	}
	return a.Href("/desk/exchange/drafts/" + d.ID + "/review")
}
