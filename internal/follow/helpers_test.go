package follow_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"sync"
	"testing"
	"time"

	"entente"
	"entente/internal/follow"
	"entente/internal/merkle"
	"entente/test/testlog"
)

const origin = "demo.mx.entente/public"

var errDisk = errors.New("the disk is full")

// keeper holds one followed log in memory and checks what it is given.
type keeper struct {
	t testing.TB

	mu       sync.Mutex
	mirror   *testlog.Log
	log      follow.Log
	evidence []merkle.Evidence
	batches  int
	failAt   int // Mirror call that fails; 0 for none
}

func newKeeper(t testing.TB, l *testlog.Log) *keeper {
	return &keeper{t: t, mirror: testlog.New(origin), log: follow.Log{Keys: []string{l.VKey}}}
}

func (k *keeper) Followed(_ context.Context, o string) (follow.Log, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if o != origin {
		return follow.Log{}, fs.ErrNotExist
	}
	k.log.Size = k.mirror.Size()
	k.log.Root = k.mirror.Root(k.log.Size)
	k.log.Hashes = k.mirror
	return k.log, nil
}

func (k *keeper) Seen(_ context.Context, _ string, checkpoint []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.log.Newest = checkpoint
	return nil
}

func (k *keeper) Mirror(_ context.Context, _ string, first uint64, raws [][]byte, checkpoint []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.batches++
	if k.batches == k.failAt {
		return errDisk
	}
	if first != k.mirror.Size() || len(raws) > follow.MaxBatch {
		k.t.Errorf("%d entries from %d were handed on, %d are held", len(raws), first, k.mirror.Size())
	}
	for _, raw := range raws {
		k.mirror.Append(append([]byte(nil), raw...))
	}
	if checkpoint == nil {
		return nil
	}
	c, err := merkle.Peek(checkpoint)
	if err != nil || c.Size != k.mirror.Size() || c.Root != k.mirror.Root(c.Size) {
		k.t.Errorf("checkpoint %v was handed on with %d entries held (%v)", c, k.mirror.Size(), err)
	}
	k.log.Checkpoint = checkpoint
	return nil
}

func (k *keeper) Contradicted(_ context.Context, e merkle.Evidence) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.evidence = append(k.evidence, e)
	if e.Kind != merkle.Rollback {
		k.log.Contradicted = true
	}
	return nil
}

// proof returns the one piece of evidence handed on, after a third party has
// verified its file with the log's key.
func (k *keeper) proof(l *testlog.Log) merkle.Evidence {
	k.t.Helper()
	if len(k.evidence) != 1 {
		k.t.Fatalf("%d pieces of evidence were handed on, want 1", len(k.evidence))
	}
	file, err := k.evidence[0].Encode()
	if err != nil {
		k.t.Fatal(err)
	}
	e, err := merkle.DecodeEvidence(file)
	if err != nil {
		k.t.Fatal(err)
	}
	v, err := merkle.VerifyEvidence(e, l.Verifier())
	if err != nil || v.Proven != (e.Kind != merkle.Rollback) {
		k.t.Fatalf("a third party finds %+v, %v", v, err)
	}
	return e
}

// holds fails the test unless the first entries of l, and no others, are mirrored.
func (k *keeper) holds(l *testlog.Log, size uint64) {
	k.t.Helper()
	if k.mirror.Size() != size || k.mirror.Root(size) != l.Root(size) {
		k.t.Fatalf("%d entries are held, want the first %d of the log", k.mirror.Size(), size)
	}
}

func follower(k *keeper, s follow.Source) *follow.Follower {
	return follow.New(options(k, s))
}

func options(k *keeper, s follow.Source) follow.Options {
	return follow.Options{Origin: origin, Source: s, Keeper: k, Interval: time.Second, Logger: slog.New(slog.DiscardHandler)}
}

func once(t testing.TB, f *follow.Follower) {
	t.Helper()
	if err := f.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := f.Status(); s.Phase != follow.Current || s.LastError != "" || s.Size != s.Signed {
		t.Fatalf("after a good round: %+v", s)
	}
}

// tampered is a source whose answers pass through functions; nil ones leave them.
type tampered struct {
	follow.Source
	checkpoint func([]byte, error) ([]byte, error)
	tile       func(level int, index uint64, width int, b []byte, err error) ([]byte, error)
	bundle     func(index uint64, width int, b []byte, err error) ([]byte, error)
}

func (s tampered) Checkpoint(ctx context.Context) ([]byte, error) {
	b, err := s.Source.Checkpoint(ctx)
	if s.checkpoint != nil {
		return s.checkpoint(b, err)
	}
	return b, err
}

func (s tampered) Tile(ctx context.Context, level int, index uint64, width int) ([]byte, error) {
	b, err := s.Source.Tile(ctx, level, index, width)
	if s.tile != nil {
		return s.tile(level, index, width, b, err)
	}
	return b, err
}

func (s tampered) Bundle(ctx context.Context, index uint64, width int) ([]byte, error) {
	b, err := s.Source.Bundle(ctx, index, width)
	if s.bundle != nil {
		return s.bundle(index, width, b, err)
	}
	return b, err
}

func digestOf(b []byte) entente.Digest { return entente.DigestOf(b) }
