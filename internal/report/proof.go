package report

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"entente"
	"entente/internal/bundle"
	"entente/internal/entry"
	"entente/internal/fold"
	"entente/internal/store"
)

// exchangeModel is the model of a proof: the release, and every entry that the
// parties' logs hold about it.
type exchangeModel struct {
	Release entente.Ref   `json:"release"`
	Entries []entente.Ref `json:"entries"`
}

// Proof returns the verification bundle of one release (bundle.OfExchange): the
// release, what it answers, the receipts, the policies that decided, and what
// became of it, with their proofs in the logs of both parties; no content. What it
// makes, it has verified. [store.ErrNotFound] when there is no such release.
func (r *Reporter) Proof(ctx context.Context, release entente.Ref) ([]byte, error) {
	v := r.o.Store.View(entente.Shared)
	frontier, err := v.Frontier(ctx)
	if err != nil {
		return nil, err
	}
	refs, err := r.about(ctx, v, release)
	if err != nil {
		return nil, err
	}
	model, err := json.MarshalIndent(exchangeModel{release, refs}, "", " ")
	if err != nil {
		return nil, err
	}
	logs, err := r.gather(ctx, v, frontier, slices.Values(refs))
	if err != nil {
		return nil, err
	}
	return sealBundle(bundle.Input{Kind: bundle.OfExchange, Demo: r.o.Demo, Model: append(model, '\n'), Logs: logs}, bundle.Options{})
}

// about finds the entries that speak of a release, directly or through one
// another, and the policies that the decisions among them name.
func (r *Reporter) about(ctx context.Context, v *store.View, release entente.Ref) ([]entente.Ref, error) {
	raw, err := v.Entry(ctx, release.Log, release.Index)
	if err != nil {
		return nil, err
	}
	if p, err := entry.Parse(raw); err != nil || p.Type != entente.TypeRelease || entry.LeafHash(raw) != release.Leaf {
		return nil, fmt.Errorf("%s is no release: %w", release, store.ErrNotFound)
	}
	seen := map[entente.Ref]bool{release: true}
	for next := []entente.Ref{release}; len(next) > 0; {
		linked, err := v.LinkedAny(ctx, next, fold.LinkAbout, fold.LinkWithdraws)
		if err != nil {
			return nil, err
		}
		next = nil
		for i := range linked {
			if ref := linked[i].Ref; !seen[ref] {
				seen[ref] = true
				next = append(next, ref)
			}
		}
	}
	if err := r.decidedBy(ctx, v, seen); err != nil {
		return nil, err
	}
	refs := make([]entente.Ref, 0, len(seen))
	for ref := range seen {
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, compareRefs)
	return refs, nil
}

// decidedBy adds both halves of every policy whose digest a decision records.
func (r *Reporter) decidedBy(ctx context.Context, v *store.View, seen map[entente.Ref]bool) error {
	digests := map[entente.Digest]bool{}
	for ref := range seen {
		raw, err := v.Entry(ctx, ref.Log, ref.Index)
		if err != nil {
			return err
		}
		p, err := entry.Parse(raw)
		if err != nil {
			continue
		}
		if p.Header.Decision != nil {
			digests[p.Header.Decision.Policy] = true
		}
		var receipt entente.Receipt
		if p.Type == entente.TypeReceipt && json.Unmarshal(p.Header.Body, &receipt) == nil {
			digests[receipt.Policy] = true
		}
	}
	things, err := store.Joints[entente.Policy](ctx, v, entente.TypePolicy, store.Query{})
	if err != nil {
		return err
	}
	for _, t := range things {
		versions := slices.Concat(t.Former, t.Contested, t.Proposed)
		if t.InForce != nil {
			versions = append(versions, *t.InForce)
		}
		for _, joint := range versions {
			for _, half := range joint.Halves {
				if digests[joint.Digest] {
					seen[half.Ref] = true
				}
			}
		}
	}
	return nil
}

// sealBundle makes a bundle and verifies it.
func sealBundle(in bundle.Input, o bundle.Options) ([]byte, error) {
	var b bytes.Buffer
	if err := bundle.Make(&b, in); err != nil {
		return nil, err
	}
	findings, err := bundle.Verify(bytes.NewReader(b.Bytes()), int64(b.Len()), o)
	if err != nil {
		return nil, err
	}
	for _, f := range findings.List {
		if f.Outcome == bundle.Failed {
			return nil, fmt.Errorf("the bundle does not verify: %s %s: %s", f.Check, f.About, f.Text.EN)
		}
	}
	return b.Bytes(), nil
}
