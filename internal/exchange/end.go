package exchange

import (
	"cmp"
	"context"
	"slices"

	"entente"
	"entente/internal/store"
)

// The causes of a deletion.
const (
	causeRecall    = "recall"
	causeRetention = "retention"
	causeRejected  = "rejected"
)

// end shreds this node's copy of a release that is recalled or whose retention is
// over, and states that it did. A legal hold of this party puts it off.
func (x *Exchange) end(ctx context.Context, j store.Job) error {
	v, err := settled[entente.Release](ctx, x, j, entente.TypeRelease)
	if err != nil {
		return err
	}
	if v == nil {
		return x.endOfHold(ctx, j)
	}
	defer x.busy.of(v.Ref.String())()
	now := x.now()
	r, err := x.Release(ctx, Node, v.Ref, now)
	if err != nil {
		return notFoundIsNil(err)
	}
	if r.DeletedBy(x.own) {
		// Whatever brought it back: a restore, or a copy that arrived late.
		_, _, err := x.shred(ctx, r, r.cause(x.own))
		return err
	}
	var cause string
	switch {
	case r.Recall != nil:
		cause = causeRecall
	case !now.Before(r.ExpiresAt()):
		cause = causeRetention
	default:
		return &later{at: r.ExpiresAt()}
	}
	if r.Hold(x.own) != nil {
		return &later{at: now.Add(heldFor)}
	}
	key, blob, err := x.shred(ctx, r, cause)
	if err != nil {
		return err
	}
	if r.Direction == Out { // its draft may be in backups, under today's key
		if err := x.wearKeys(ctx, r.Agency); err != nil {
			return err
		}
	}
	if err := x.fail("shredded"); err != nil {
		return err
	}
	if r.Direction == In && (r.Receipt == nil || r.Receipt.Body.Verdict == verdictRejected) && !key && !blob {
		return nil // there never was a copy here; that it was rejected is said, or will be
	}
	if r, err = x.Release(ctx, Node, v.Ref, now); err != nil { // with the last uses
		return err
	}
	return x.deletion(ctx, r, cause, key, blob)
}

// seekRemains finds what the logs say is over and the node has no tombstone of: a
// backup may lack those of its last days, and bring back what was shredded.
func (x *Exchange) seekRemains(ctx context.Context) error {
	var ended []entente.Ref
	recalls, err := every[entente.Recall](ctx, x, store.Query{Type: entente.TypeRecall})
	if err != nil {
		return err
	}
	for _, v := range recalls {
		ended = append(ended, v.Body.Release)
	}
	deletions, err := every[entente.Deletion](ctx, x, store.Query{Type: entente.TypeDeletion, Writer: string(x.own)})
	if err != nil {
		return err
	}
	for _, v := range deletions {
		ended = append(ended, v.Body.Release)
	}
	over, err := every[entente.Release](ctx, x, store.Query{
		Type: entente.TypeRelease, Where: []store.Cond{{Column: "retain", Op: store.Lt, Value: day(x.now())}},
	})
	if err != nil {
		return err
	}
	for _, v := range over {
		ended = append(ended, v.Ref)
	}
	var jobs []store.Job
	for _, ref := range ended {
		v, err := byRef[entente.Release](ctx, x, entente.TypeRelease, ref)
		if err != nil {
			if err = notFoundIsNil(err); err != nil {
				return err
			}
			continue // pending: its release is not here yet
		}
		if !x.payloads.Tombstoned(v.Body.Content.Digest) {
			jobs = append(jobs, store.Job{Kind: jobEnd, Entry: v.Ref, Due: x.now()})
		}
	}
	if len(jobs) > 0 {
		if err := x.s.AddJobs(ctx, nil, jobs...); err != nil {
			return err
		}
	}
	return x.dropRemains(ctx)
}

// dropRemains removes the objects of releases that have a tombstone.
func (x *Exchange) dropRemains(ctx context.Context) error {
	list, err := x.s.ReleasesWithObjects(ctx)
	if err != nil {
		return err
	}
	for _, ref := range list {
		v, err := byRef[entente.Release](ctx, x, entente.TypeRelease, ref)
		if err == nil && x.payloads.Tombstoned(v.Body.Content.Digest) {
			err = x.dropObjects(ctx, ref)
		}
		if err := notFoundIsNil(err); err != nil {
			return err
		}
	}
	return nil
}

// endOfHold looks again at the release of a legal hold that was withdrawn.
func (x *Exchange) endOfHold(ctx context.Context, j store.Job) error {
	h, err := settled[entente.Hold](ctx, x, j, entente.TypeHold)
	if err != nil || h == nil {
		return err
	}
	return x.s.AddJobs(ctx, nil, store.Job{Kind: jobEnd, Entry: h.Body.Release, Due: x.now()})
}

// cause is that of a party's deletion.
func (r *ReleaseState) cause(p entente.Party) string {
	for _, d := range r.Deletions {
		if d.Party == p {
			return d.Body.Cause
		}
	}
	return causeRecall
}

// shred destroys this node's copy of a release: its key first, then all that was
// made of it.
func (x *Exchange) shred(ctx context.Context, r *ReleaseState, cause string) (key, blob bool, err error) {
	key, blob, err = x.payloads.Shred(r.Body.Content.Digest, cause)
	if err != nil {
		return key, blob, err
	}
	x.opened.forget(r.Body.Content.Digest)
	x.sights.touch(r.Ref)
	if err := x.fail("key gone"); err != nil {
		return key, blob, err
	}
	return key, blob, x.dropObjects(ctx, r.Ref)
}

// deletion states what this node shredded, and how often it had been used.
func (x *Exchange) deletion(ctx context.Context, r *ReleaseState, cause string, key, blob bool) error {
	uses, exports := usesOf(r.Uses)
	return x.stateSelf(ctx, entente.TypeDeletion, "deletion", r, entente.Deletion{
		Release: r.Ref, Cause: cause, Key: key, Blob: blob, Uses: uses, Exports: exports,
	})
}

// maxUses is how many lines of uses a deletion entry has at most.
const maxUses = 64

// usesOf counts uses by agency and purpose, most first, and the exports among them.
// Of more lines than an entry has room for, the least used are left out.
func usesOf(list []Said[entente.Use]) (uses []entente.UseCount, exports int) {
	type line struct{ agency, purpose string }
	counts := map[line]int{}
	for _, u := range list {
		counts[line{u.Body.Agency, u.Body.Purpose}]++
		if u.Body.Mode == ModeExport {
			exports++
		}
	}
	for l, n := range counts {
		uses = append(uses, entente.UseCount{Agency: l.agency, Purpose: l.purpose, N: n})
	}
	slices.SortFunc(uses, func(a, b entente.UseCount) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Agency, b.Agency), cmp.Compare(a.Purpose, b.Purpose))
	})
	return uses[:min(len(uses), maxUses)], exports
}
