package follow

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"entente"
	"entente/internal/merkle"
)

// once is one round: checkpoint, consistency, entries.
func (f *Follower) once(ctx context.Context) error {
	log, err := f.o.Keeper.Followed(ctx, f.o.Origin)
	if err != nil {
		return err
	}
	if log.Contradicted {
		f.set(func(s *Status) { s.Size = log.Size })
		return ErrContradicted
	}
	raw, err := f.o.Source.Checkpoint(ctx)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	shown, err := f.open(ctx, log, raw)
	if err != nil {
		return err
	}
	newest, err := log.newest(f.o.Origin)
	if err != nil {
		return err
	}
	f.set(func(s *Status) {
		s.Size, s.Signed, s.LastContact = log.Size, max(shown.check.Size, newest.check.Size), f.o.Now()
	})
	if shown.check.Size > log.Size && f.nextRun(ctx, log, newest, shown) {
		return f.current(ctx, shown)
	}
	t := newTree(ctx, f.o.Source, shown.check)
	if err := f.judge(ctx, log, newest, t, shown); err != nil {
		return err
	}
	if shown.check.Size > newest.check.Size || newest.raw == nil {
		if err := f.o.Keeper.Seen(ctx, f.o.Origin, shown.raw); err != nil {
			return err
		}
	}
	switch {
	case shown.check.Size < log.Size: // an old copy, where that is no fault
		return nil
	case shown.check.Size == log.Size:
		return f.moreSignatures(ctx, log, shown)
	}
	return f.catchUp(ctx, log, t, shown)
}

// signed is a checkpoint, the note it was read from, and the keys that note's
// signature lines are by.
type signed struct {
	check merkle.Checkpoint
	raw   []byte
	known []note.Verifier
}

// newest is the largest checkpoint accepted before; of size 0 when there is none.
func (l Log) newest(origin string) (signed, error) {
	best := signed{check: merkle.Checkpoint{Origin: origin, Root: merkle.EmptyRoot}}
	for _, raw := range [][]byte{l.Checkpoint, l.Newest} {
		if raw == nil {
			continue
		}
		c, err := merkle.Peek(raw)
		if err != nil {
			return best, fmt.Errorf("the checkpoint held: %w", err)
		}
		if best.raw == nil || c.Size > best.check.Size {
			best = signed{check: c, raw: raw}
		}
	}
	return best, nil
}

// open verifies a checkpoint under the log's active keys, or under keys that the
// log has activated since, and drops the signatures of unknown keys.
func (f *Follower) open(ctx context.Context, log Log, raw []byte) (signed, error) {
	c, known, err := f.openUnder(raw, log.Keys)
	if errors.Is(err, merkle.ErrUnknownSigner) {
		if peeked, peekErr := merkle.Peek(raw); peekErr == nil && peeked.Size > log.Size {
			c = peeked
			known, err = f.openRotated(ctx, log, c, raw)
		}
	}
	if err != nil {
		return signed{}, err
	}
	for _, k := range log.Cosigners {
		v, err := f.verifier("cosigner "+k, func(string) (note.Verifier, error) { return merkle.NewCosignatureVerifier(k) })
		if err != nil {
			return signed{}, err
		}
		known = append(known, v)
	}
	raw, err = merkle.Trim(raw, known...)
	return signed{c, raw, known}, err
}

// openUnder verifies a checkpoint under a log's own keys: an Ed25519 signature by
// one of them makes it the log's, whatever else is on it. It returns the
// verifiers of all of them.
func (f *Follower) openUnder(raw []byte, vkeys []string) (merkle.Checkpoint, []note.Verifier, error) {
	var first, all []note.Verifier
	for _, k := range vkeys {
		v, err := f.verifier(k, merkle.NewVerifier)
		if err != nil {
			return merkle.Checkpoint{}, nil, err
		}
		all = append(all, v)
		if alg, _ := merkle.KeyType(k); alg == merkle.AlgEd25519 {
			first = append(first, v)
		}
	}
	c, _, err := merkle.Open(raw, f.o.Origin, first...)
	return c, all, err
}

// verifier makes the verifier of a vkey once: that of an ML-DSA key takes longer
// to make than to use. It is called under f.round.
func (f *Follower) verifier(vkey string, parse func(string) (note.Verifier, error)) (note.Verifier, error) {
	if v, ok := f.known[vkey]; ok {
		return v, nil
	}
	v, err := parse(vkey)
	if err == nil {
		f.known[vkey] = v
	}
	return v, err
}

// nextRun is the short way for a log that has grown by a little since everything
// under its newest checkpoint was mirrored: the entries alone, hashed onto the
// tree held, must give the new root, which proves both that they are the ones
// under the checkpoint and that the tree continues the one held. Checkpoint and
// entries are kept in one step. Anything else takes the long way, which finds out
// what is wrong.
func (f *Follower) nextRun(ctx context.Context, log Log, newest, shown signed) bool {
	if newest.check.Size != log.Size || log.Root != newest.check.Root || log.Hashes == nil && log.Size > 0 ||
		shown.check.Size-log.Size > merkle.TileWidth {
		return false
	}
	var raws [][]byte
	err := entries(ctx, f.o.Source, log.Size, shown.check.Size, func(_ uint64, run [][]byte) error {
		raws = append(raws, run...)
		return nil
	})
	if err != nil {
		return false
	}
	root, err := grown(log, raws)
	if err != nil || root != shown.check.Root || f.genesis(log, log.Size, raws) != nil {
		return false
	}
	return f.o.Keeper.Mirror(ctx, f.o.Origin, log.Size, raws, shown.raw) == nil
}

// grown returns the root of the tree held with raws appended.
func grown(log Log, raws [][]byte) (entente.Digest, error) {
	fresh := map[int64]tlog.Hash{}
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		var ask []int64
		var at []int
		for i, x := range indexes {
			if h, ok := fresh[x]; ok {
				out[i] = h
				continue
			}
			ask, at = append(ask, x), append(at, i)
		}
		if len(ask) == 0 {
			return out, nil
		}
		held, err := log.Hashes.ReadHashes(ask)
		if err != nil {
			return nil, err
		}
		for i, h := range held {
			out[at[i]] = h
		}
		return out, nil
	})
	for i, raw := range raws {
		n := int64(log.Size) + int64(i)
		more, err := tlog.StoredHashes(n, raw, reader)
		if err != nil {
			return entente.Digest{}, err
		}
		for j, h := range more {
			fresh[tlog.StoredHashIndex(0, n)+int64(j)] = h
		}
	}
	return merkle.RootAt(reader, log.Size+uint64(len(raws)))
}

// genesis holds entry 0, if it is among raws, against the pinned one.
func (f *Follower) genesis(log Log, first uint64, raws [][]byte) error {
	if first > 0 || len(raws) == 0 || log.Genesis.IsZero() || entente.DigestOf(raws[0]) == log.Genesis {
		return nil
	}
	return fmt.Errorf("entry 0 of %s is not the genesis that was pinned", f.o.Origin)
}

// catchUp mirrors what is under the checkpoint and not held yet.
func (f *Follower) catchUp(ctx context.Context, log Log, t *tree, shown signed) error {
	size := shown.check.Size
	f.set(func(s *Status) { s.Phase = Behind })
	var batch [][]byte
	start := log.Size
	flush := func() error {
		if err := t.holds(start, batch); err != nil {
			return err
		}
		if err := f.genesis(log, start, batch); err != nil {
			return err
		}
		end := start + uint64(len(batch))
		var checkpoint []byte
		if end == size {
			checkpoint = shown.raw
		}
		if err := f.o.Keeper.Mirror(ctx, f.o.Origin, start, batch, checkpoint); err != nil {
			return err
		}
		f.set(func(s *Status) { s.Size = end })
		start, batch = end, nil
		return nil
	}
	err := entries(ctx, f.o.Source, log.Size, size, func(first uint64, raws [][]byte) error {
		batch = append(batch, raws...)
		if end := first + uint64(len(raws)); end < size && len(batch)+merkle.TileWidth <= MaxBatch {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return f.current(ctx, shown)
}

// moreSignatures keeps what signatures have joined the checkpoint held.
func (f *Follower) moreSignatures(ctx context.Context, log Log, shown signed) error {
	if held, err := merkle.Peek(log.Checkpoint); err == nil && held == shown.check {
		merged, err := merkle.Merge(log.Checkpoint, shown.raw, shown.known...)
		if err != nil || bytes.Equal(merged, log.Checkpoint) {
			return err
		}
		shown.raw = merged
	}
	if err := f.o.Keeper.Mirror(ctx, f.o.Origin, log.Size, nil, shown.raw); err != nil {
		return err
	}
	return f.current(ctx, shown)
}

// current: everything under the checkpoint is mirrored.
func (f *Follower) current(ctx context.Context, shown signed) error {
	f.set(func(s *Status) { s.Size = shown.check.Size })
	if f.o.OnCurrent != nil {
		f.o.OnCurrent(ctx, f.o.Origin, shown.raw)
	}
	return nil
}
