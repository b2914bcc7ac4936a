package follow

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"entente"
	"entente/internal/merkle"
)

// judge holds the tree of a verified checkpoint against everything accepted
// before. It returns nil when the tree continues it.
func (f *Follower) judge(ctx context.Context, log Log, newest signed, t *tree, shown signed) error {
	if newest.raw == nil || t.check.Size >= newest.check.Size {
		f.mu.Lock()
		f.shrunk = 0
		f.mu.Unlock()
	}
	if newest.raw != nil {
		var err error
		switch {
		case shown.check.Size < newest.check.Size:
			err = f.judgeSmaller(ctx, log, newest, shown)
		case shown.check.Size == newest.check.Size:
			err = f.judgeSame(ctx, newest, shown)
		default:
			err = f.judgeLarger(ctx, newest, t, shown)
		}
		if err != nil {
			return err
		}
	}
	if t.check.Size < log.Size {
		return nil
	}
	// What is mirrored was under a tree accepted before: if that is not in this
	// one, the mirror is at fault and nobody else.
	root, err := t.rootAt(log.Size)
	if err != nil {
		return fmt.Errorf("checking that the log continues what is held: %w", err)
	}
	if root != log.Root {
		return fmt.Errorf("the mirror of %s is damaged: its first %d entries are not those the log signed", f.o.Origin, log.Size)
	}
	return nil
}

func (f *Follower) judgeSame(ctx context.Context, held, shown signed) error {
	if held.check.Root == shown.check.Root {
		return nil
	}
	return f.accuse(ctx, f.evidence(merkle.EqualSize, held, shown))
}

func (f *Follower) judgeLarger(ctx context.Context, held signed, t *tree, shown signed) error {
	root, err := t.rootAt(held.check.Size)
	if err != nil {
		return fmt.Errorf("checking that the log continues size %d: %w", held.check.Size, err)
	}
	if root == held.check.Root {
		return nil
	}
	proof, err := merkle.Consistency(t, held.check.Size, t.check.Size)
	if err != nil {
		return fmt.Errorf("proving that the log does not continue size %d: %w", held.check.Size, err)
	}
	e := f.evidence(merkle.Inconsistent, held, shown)
	e.PrefixRoot, e.Proof = &root, proof
	return f.accuse(ctx, e)
}

// judgeSmaller: the log shows less than it had signed. If what it shows is no
// prefix of that, it is a fork; otherwise an old copy or a rollback. When neither
// the mirror nor the source can tell, because the log withholds what it signed
// last, it is held to have rolled back: once it grows again, it will be told.
func (f *Follower) judgeSmaller(ctx context.Context, log Log, newest, shown signed) error {
	large, root, proof, err := f.prefix(ctx, log, newest, shown.check.Size)
	if err == nil && root != shown.check.Root {
		e := f.evidence(merkle.Inconsistent, large, shown)
		e.PrefixRoot, e.Proof = &root, proof
		return f.accuse(ctx, e)
	}
	if f.o.MayLag {
		return err
	}
	rolledBack := fmt.Errorf("%w: %d entries, after %d", ErrRolledBack, shown.check.Size, newest.check.Size)
	f.mu.Lock()
	f.shrunk++
	confirmed := f.shrunk >= 2 // one old answer may come from a cache on the way
	f.mu.Unlock()
	if !confirmed {
		return rolledBack
	}
	e := f.evidence(merkle.Rollback, newest, shown)
	if err == nil {
		e = f.evidence(merkle.Rollback, large, shown)
		e.PrefixRoot, e.Proof = &root, proof
	}
	return errors.Join(rolledBack, f.report(ctx, e))
}

// prefix returns a checkpoint accepted before that is larger than size, the root
// of its first size entries, and the proof. The mirror is asked first: a log that
// was rolled back does not serve what it took away.
func (f *Follower) prefix(ctx context.Context, log Log, newest signed, size uint64) (signed, entente.Digest, merkle.Proof, error) {
	type way struct {
		large signed
		read  tlog.HashReader
	}
	ways := []way{{newest, newTree(ctx, f.o.Source, newest.check)}}
	for _, raw := range [][]byte{log.Checkpoint, newest.raw} {
		c, err := merkle.Peek(raw)
		if err == nil && c.Size > size && c.Size <= log.Size && log.Hashes != nil {
			ways = append([]way{{signed{check: c, raw: raw}, log.Hashes}}, ways...)
		}
	}
	var failed error
	for _, w := range ways {
		root, err := merkle.RootAt(w.read, size)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		proof, err := merkle.Consistency(w.read, size, w.large.check.Size)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		if err := merkle.VerifyConsistency(proof, w.large.check.Size, w.large.check.Root, size, root); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		return w.large, root, proof, nil
	}
	return signed{}, entente.Digest{}, nil, failed
}

func (f *Follower) evidence(kind merkle.EvidenceKind, held, shown signed) merkle.Evidence {
	return merkle.Evidence{Format: merkle.EvidenceFormat, Kind: kind, Origin: f.o.Origin,
		Held: string(held.raw), Shown: string(shown.raw), Observed: f.o.Now().UTC()}
}

// accuse hands on evidence that proves itself. The log is followed no further.
func (f *Follower) accuse(ctx context.Context, e merkle.Evidence) error {
	if err := f.report(ctx, e); err != nil {
		return err
	}
	return fmt.Errorf("%w (%s)", ErrContradicted, e.Kind)
}

// report hands on evidence, once for each pair of checkpoints.
func (f *Follower) report(ctx context.Context, e merkle.Evidence) error {
	pair := e.Held + e.Shown
	f.mu.Lock()
	known := f.reported == pair
	f.mu.Unlock()
	if known {
		return nil
	}
	if err := f.o.Keeper.Contradicted(ctx, e); err != nil {
		return fmt.Errorf("keeping the evidence against %s: %w", f.o.Origin, err)
	}
	f.mu.Lock()
	f.reported = pair
	f.mu.Unlock()
	return nil
}
