package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"entente"
	"entente/internal/fold"
	"entente/internal/payload"
	"entente/internal/store"
)

// orphaned is how long a payload may lie here that nothing names: it may be on its
// way into a draft, or have come with a pouch before its log.
const orphaned = 24 * time.Hour

// sweepOrphans removes payloads that no entry, draft, or key of drafts and submissions
// names: of a process that was killed between sealing and writing down what. A
// restored node sweeps when it has its logs again.
func (x *Exchange) sweepOrphans(ctx context.Context) error {
	if x.s.Restored() {
		return nil
	}
	drafts, err := x.namedHere(ctx)
	if err != nil {
		// Whose files they are cannot be said: they stay.
		x.log.WarnContext(ctx, "payloads are not swept", "error", err)
		return nil
	}
	n, err := x.payloads.Sweep(x.now().Add(-orphaned), func(d entente.Digest) bool { return drafts[d] || x.namedByEntry(ctx, d) })
	if n > 0 {
		x.log.InfoContext(ctx, "removed payloads that nothing names", "payloads", n)
	}
	return err
}

// namedByEntry reports whether an entry names a payload; when that cannot be said, it
// does.
func (x *Exchange) namedByEntry(ctx context.Context, d entente.Digest) bool {
	page, err := store.List[json.RawMessage](ctx, x.view(), store.Query{
		Types: composed, Versions: true, Withdrawn: true, Limit: 1, Status: []fold.Status{fold.Admissible, fold.Pending},
		Where: []store.Cond{{Column: "payload.digest", Op: store.Eq, Value: d.String()}},
	})
	return err != nil || page.Total > 0
}

// namedHere are the payloads that drafts carry, and those that hold keys.
func (x *Exchange) namedHere(ctx context.Context) (map[entente.Digest]bool, error) {
	named := map[entente.Digest]bool{}
	keys, err := x.keyList(ctx)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		named[k.Payload] = true
	}
	all, err := x.s.AllCarried(ctx)
	if err != nil {
		return nil, err
	}
	for _, kept := range all {
		d, err := x.s.Draft(ctx, kept.Draft)
		if err != nil {
			if err = notFoundIsNil(err); err != nil {
				return nil, err
			}
			continue // given up; tidy ends it
		}
		c, err := x.carriedBy(ctx, d)
		switch {
		case errors.Is(err, payload.ErrNotFound), errors.Is(err, payload.ErrShredded):
			continue // nothing of it can be read any more
		case err != nil:
			return nil, fmt.Errorf("the draft %s: %w", d.ID, err)
		}
		for _, f := range c.Files {
			if f.Sealed != nil {
				named[f.Sealed.Digest] = true
			}
		}
		if c.Content != nil {
			named[c.Content.Digest] = true
		}
	}
	return named, nil
}
