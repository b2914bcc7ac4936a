package follow

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// Recovered says what [Recover] did.
type Recovered struct {
	From, To uint64 // sizes before and after
	Asked    int    // sources that answered with a verified checkpoint
	Without  int    // sources that answered that they hold no mirror
}

// Recover fetches the tail of a node's own log, after a restore from backup, from
// those who mirror it: appending to the restored log would fork it. o.Source is
// ignored; every source is asked, and the largest verified tree wins. The keeper
// takes the entries as those of a followed log.
//
// It fails with [ErrContradicted] when a mirror holds a checkpoint, signed by this
// node, that the restored log is no beginning of: the node must not append. It
// fails when no source answered: then only an operator can attest that there is
// no tail.
func Recover(ctx context.Context, o Options, sources ...Source) (Recovered, error) {
	before, err := o.Keeper.Followed(ctx, o.Origin)
	if err != nil {
		return Recovered{}, err
	}
	r := Recovered{From: before.Size, To: before.Size}
	var failed error
	for _, s := range sources {
		if _, err := s.Checkpoint(ctx); errors.Is(err, fs.ErrNotExist) {
			r.Without++
			continue
		}
		one := o
		one.Source, one.MayLag = s, true
		err := New(one).Once(ctx)
		if errors.Is(err, ErrContradicted) || ctx.Err() != nil {
			return r, err
		}
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		r.Asked++
	}
	after, err := o.Keeper.Followed(ctx, o.Origin)
	if err != nil {
		return r, err
	}
	r.To = after.Size
	switch {
	case failed != nil:
		return r, fmt.Errorf("%d of %d mirrors of %s could not be asked for its tail: %w",
			len(sources)-r.Asked-r.Without, len(sources), o.Origin, failed)
	case r.Asked == 0:
		return r, fmt.Errorf("nobody who was asked mirrors %s", o.Origin)
	}
	return r, nil
}
