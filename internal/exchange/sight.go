package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"entente"
	"entente/internal/fold"
	"entente/internal/store"
)

// Hidden are the types that the viewer sees in no general list, search, count or
// feed: who sees an entry of theirs depends on the entry. Pauses are for
// everybody who drafts.
func (v Viewer) Hidden() []entente.Type {
	if v.Oversight {
		return nil
	}
	var out []entente.Type
	for _, r := range entente.Types {
		if r.Type.Exchange() && r.Type != entente.TypePause {
			out = append(out, r.Type)
		}
	}
	return out
}

// ReadsDrafts returns which drafts of the exchange a viewer may read: those of the own
// agency and, once they are submitted, of any for the party's points of contact, which
// are copied on everything that leaves. Oversight knows of drafts, and reads none.
func (x *Exchange) ReadsDrafts(ctx context.Context, v Viewer) (func(store.WorkDraft) bool, error) {
	rules, err := x.rules(ctx)
	if err != nil {
		return nil, err
	}
	contact := slices.Contains(rules.contacts(x.own), v.Agency)
	return func(d store.WorkDraft) bool {
		submitted := d.State == store.DraftWaiting || d.State == store.DraftDone
		return v.Agency != "" && (d.Agency == v.Agency || contact && submitted)
	}, nil
}

// Sees reports whether the viewer may see one entry, which its log and index name:
// what is said of a request or release is for those whom that is for. What is not
// there, nobody sees.
func (x *Exchange) Sees(ctx context.Context, v Viewer, ref entente.Ref, asOf time.Time) (bool, error) {
	return x.sees(ctx, v, ref, asOf, maxChain)
}

// maxChain is how many entries may lead from what is said to what it is about: an
// outcome, its report, the release.
const maxChain = 4

func (x *Exchange) sees(ctx context.Context, v Viewer, ref entente.Ref, asOf time.Time, left int) (bool, error) {
	e, err := store.ByRef[json.RawMessage](ctx, x.view(), ref.Log, ref.Index)
	if err != nil {
		return found(err)
	}
	switch {
	case v.Oversight:
		return true, nil
	case e.Body == nil || e.Status != fold.Admissible:
		return !e.Type.Exchange(), nil
	}
	switch e.Type {
	case entente.TypeRequest:
		_, err = x.Request(ctx, v, e.Ref, asOf)
		return found(err)
	case entente.TypeRelease:
		_, err = x.Release(ctx, v, e.Ref, asOf)
		return found(err)
	case entente.TypePermissionRequest:
		_, err = x.Permission(ctx, v, e.Ref, asOf)
		return found(err)
	case entente.TypeKeyExport, entente.TypeUse:
		return v.Agency != "" && e.Header.Author.Agency == v.Agency, nil
	case entente.TypePause:
		return true, nil
	}
	if !e.Type.Exchange() && e.Type != entente.TypeWithdrawal {
		return true, nil
	}
	about := aboutOf(*e.Body)
	if about == nil || left == 0 {
		return false, nil
	}
	return x.sees(ctx, v, *about, asOf, left-1)
}

// found turns a missing thing into a no.
func found(err error) (bool, error) {
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// aboutOf is the entry that a body is about; nil when it names none.
func aboutOf(body json.RawMessage) *entente.Ref {
	var b struct {
		Release, Request, Asked, Misuse, Of *entente.Ref
	}
	if json.Unmarshal(body, &b) != nil {
		return nil
	}
	for _, ref := range []*entente.Ref{b.Release, b.Request, b.Asked, b.Misuse, b.Of} {
		if ref != nil {
			return ref
		}
	}
	return nil
}
