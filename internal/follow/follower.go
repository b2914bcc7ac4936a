package follow

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"entente"
	"entente/internal/merkle"
)

// Keeper holds what is followed. Its methods return after what they were given
// is durable.
type Keeper interface {
	// Followed returns what is held of the log.
	Followed(ctx context.Context, origin string) (Log, error)
	// Seen keeps a verified checkpoint, larger than any before, ahead of its entries.
	Seen(ctx context.Context, origin string, checkpoint []byte) error
	// Mirror keeps entries from index first on. checkpoint is the signed one of
	// the tree that they complete, or nil while more follow; with no entries it is
	// the one held, with more signatures on it.
	Mirror(ctx context.Context, origin string, first uint64, raws [][]byte, checkpoint []byte) error
	// Contradicted keeps evidence against the log. Of the kinds that prove
	// themselves (equal_size, inconsistent), Followed says so from then on. It may
	// be called again with the same two checkpoints after a restart.
	Contradicted(ctx context.Context, e merkle.Evidence) error
}

// Log is what is held of one followed log.
type Log struct {
	Size uint64         // entries mirrored
	Root entente.Digest // over them; [merkle.EmptyRoot] when there are none
	// Hashes reads the stored hashes of the entries mirrored.
	Hashes tlog.HashReader
	// Checkpoint is the largest signed checkpoint whose entries are all mirrored,
	// Newest the largest one ever accepted (as given to Seen); nil for none.
	Checkpoint, Newest []byte
	// Genesis is the SHA-256 of the pinned genesis entry's bytes: entry 0.
	Genesis entente.Digest
	// Cosigners are vkeys whose cosignatures (type 0x04) are kept with checkpoints.
	Cosigners []string
	// RootKey is the vkey of the pinned root key; Keys are the vkeys of roles log
	// and mldsa active at Size (those of genesis when Size is 0).
	RootKey string
	Keys    []string
	// Ended returns the names of keys revoked in this log, which are never taken
	// again; it is asked only when no active key signed. Nil stands for none.
	Ended func(ctx context.Context) ([]string, error)
	// Contradicted is set once the log has contradicted itself.
	Contradicted bool
}

// Phase says how it stands with a followed log.
type Phase string

// The phases.
const (
	Waiting      Phase = "waiting"      // not yet reached
	Behind       Phase = "behind"       // catching up
	Current      Phase = "current"      // everything signed is mirrored
	Failing      Phase = "failing"      // the last round failed; tried again
	RolledBack   Phase = "rolled_back"  // it shows less than it had signed
	Contradicted Phase = "contradicted" // it contradicted itself; followed no further
)

// Status is how it stands with a followed log, for pages.
type Status struct {
	Origin string
	Phase  Phase
	// Size is the number of entries mirrored, Signed the largest size the log has
	// signed as far as known. Signed − Size is how far behind the mirror is.
	Size, Signed uint64
	LastContact  time.Time // of the last verified checkpoint; zero for never
	LastError    string    // of the last round, in English; empty when it went well
	Since        time.Time // when Phase began
}

// Options configure a [Follower]. Origin, Source and Keeper are required.
type Options struct {
	Origin string
	Source Source
	Keeper Keeper
	// Interval is the time between polls; jitter of a fifth is added or taken.
	// Default 5 s. Failures stretch it up to eightfold.
	Interval time.Duration
	// MayLag is set for sources that may be old without fault: mirrors, files. A
	// smaller tree from one is no rollback.
	MayLag bool
	// OnCurrent, if set, is called with the origin's signed checkpoint whenever
	// everything under a new one is mirrored: to cosign it.
	OnCurrent func(ctx context.Context, origin string, checkpoint []byte)
	Now       func() time.Time // default time.Now
	Logger    *slog.Logger     // default slog.Default()
}

// Follower follows one log. Its methods may be called from several goroutines.
type Follower struct {
	o    Options
	wake chan struct{}

	round chan struct{} // holds one: one round at a time
	known map[string]note.Verifier

	mu     sync.Mutex
	status Status
	// reported is the evidence handed on last, by its two checkpoints; shrunk
	// counts the rounds in which the log showed less than before.
	reported string
	shrunk   int
}

// New returns a follower of o.Origin; it does nothing before [Follower.Run] or
// [Follower.Once].
func New(o Options) *Follower {
	if o.Interval <= 0 {
		o.Interval = 5 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return &Follower{o: o, wake: make(chan struct{}, 1), round: make(chan struct{}, 1), known: map[string]note.Verifier{},
		status: Status{Origin: o.Origin, Phase: Waiting, Since: o.Now()}}
}

// Run follows the log until ctx ends: polling, and at once when woken.
func (f *Follower) Run(ctx context.Context) error {
	wait := f.o.Interval
	for {
		err := f.Once(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			wait = min(2*wait, 8*f.o.Interval)
		} else {
			wait = f.o.Interval
		}
		timer := time.NewTimer(wait - wait/5 + rand.N(2*wait/5+1))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-f.wake:
		}
		timer.Stop()
	}
}

// Wake asks for a round at once: the log is said to have grown.
func (f *Follower) Wake() {
	select {
	case f.wake <- struct{}{}:
	default: // one round is asked for already
	}
}

// Status returns how it stands with the log.
func (f *Follower) Status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.status
}

// ErrContradicted means that the log contradicted itself; the evidence is with
// the keeper.
var ErrContradicted = errors.New("the log contradicted itself")

// ErrRolledBack means that the log shows less than it had signed before.
var ErrRolledBack = errors.New("the log shows less than it had signed")

// Once follows the log to the end of its latest checkpoint, after the round that
// may be under way.
func (f *Follower) Once(ctx context.Context) error {
	select {
	case f.round <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-f.round }()
	err := f.once(ctx)
	switch {
	case err == nil:
		f.set(func(s *Status) { s.Phase, s.LastError = Current, "" })
	case ctx.Err() != nil:
	case errors.Is(err, ErrContradicted):
		f.failed(Contradicted, err)
	case errors.Is(err, ErrRolledBack):
		f.failed(RolledBack, err)
	default:
		f.failed(Failing, err)
	}
	return err
}

func (f *Follower) failed(p Phase, err error) {
	changed := f.set(func(s *Status) { s.Phase, s.LastError = p, err.Error() })
	level := slog.LevelDebug
	if changed {
		level = slog.LevelWarn
	}
	f.o.Logger.Log(context.Background(), level, "following a log failed", "origin", f.o.Origin, "phase", string(p), "error", err)
}

// set changes the status and reports whether the phase changed.
func (f *Follower) set(change func(*Status)) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.status.Phase
	change(&f.status)
	if f.status.Phase == before {
		return false
	}
	f.status.Since = f.o.Now()
	return true
}
