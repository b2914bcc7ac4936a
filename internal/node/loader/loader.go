// Package loader states a programme's files through a node: what its writer
// states of them, in an order in which every reference is met, waiting for what
// the other writers state meanwhile.
//
// Invariants:
//   - it goes through the use cases like anybody else: every entry passes its
//     gate, signed by two officers;
//   - joint things are stated by each party in its shared log, consented to and
//     then published, each party by its own node;
//   - it can be stopped at any moment and run again: what stands is not stated
//     twice, since ids follow from the files;
//   - it writes many entries in one call, and waits without polling the database.
package loader

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"entente"
	"entente/internal/node"
	"entente/internal/programme"
	"entente/internal/store"
)

// Step is what a load is at.
type Step string

// The steps.
const (
	Founding   Step = "founding"   // charter and policies, with the other parties
	Stating    Step = "stating"    // entries
	Publishing Step = "publishing" // joint things, with the other parties
	Importing  Step = "importing"  // datasets
)

// Progress says how far a load is: entries or datasets of a step.
type Progress struct {
	Step        Step
	Done, Total int
	// Waiting is true while what is left waits for another writer's entries.
	Waiting bool
}

// Options say what is loaded through which node.
type Options struct {
	Node      *node.Node
	Programme *programme.Programme
	// Files is the programme's folder, for the files of its datasets.
	Files fs.FS
	// By and Second sign; nil for an observer.
	By, Second *node.Officer
	// Progress, which may be nil, is called on the loading goroutine.
	Progress func(Progress)
}

// batch is how many entries are handed to the node at once.
const batch = 200

// Load states all that the node's writer states of the programme, and returns when
// it stands.
func Load(ctx context.Context, o Options) error {
	l, err := newLoad(ctx, o)
	if err != nil {
		return err
	}
	if l.writer.Party != "" {
		if err := l.found(ctx); err != nil {
			return fmt.Errorf("founding the programme: %w", err)
		}
	}
	if err := l.state(ctx); err != nil {
		return err
	}
	return l.datasets(ctx)
}

// load is a load on its way.
type load struct {
	Options
	writer entente.Author
	woken  chan struct{} // some log has grown

	items   []*item
	targets map[programme.Key]programme.Target // what references can name
}

// item is one of the writer's own items.
type item struct {
	*programme.Item
	place int // in the programme: its id follows from it
	joint bool
	body  entente.Digest // of a joint body, once its half stands
	stage stage
}

// stage says what of an item stands. Those of things that are not joint go from
// none to public.
type stage int

const (
	none      stage = iota
	half            // this party's half is in its shared log
	consented       // and this party's consent
	public          // it stands in the public log
)

func newLoad(ctx context.Context, o Options) (*load, error) {
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	l := &load{Options: o, writer: o.Node.Writer(), woken: make(chan struct{}, 1), targets: map[programme.Key]programme.Target{}}
	if l.writer.Party != "" && (o.By == nil || o.Second == nil) {
		return nil, errors.New("loading takes two officers of the party")
	}
	for i := range o.Programme.Items {
		it := &o.Programme.Items[i]
		if it.Author.Writer() != l.writer.Writer() {
			continue
		}
		rule, _ := entente.Rule(it.Type)
		l.items = append(l.items, &item{Item: it, place: i, joint: rule.Joint})
	}
	o.Node.Store().OnCommit(func(store.Committed) {
		select {
		case l.woken <- struct{}{}:
		default:
		}
	})
	return l, l.resume(ctx)
}

// resume finds what an earlier load left standing.
func (l *load) resume(ctx context.Context) error {
	for _, it := range l.items {
		if it.joint {
			continue // their states are looked at anyway, see joints
		}
		ref, digest, ok, err := l.standing(ctx, it.Key())
		if err != nil {
			return err
		}
		if ok {
			it.stage = public
			l.targets[it.Key()] = programme.Target{Ref: ref, Digest: digest}
		}
	}
	return l.joints(ctx)
}

// wait returns when a log has grown, or after a while in any case.
func (l *load) wait(ctx context.Context) error {
	const (
		gather = 20 * time.Millisecond // several commits are looked at together
		atMost = 2 * time.Second
	)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(atMost):
		return nil
	case <-l.woken:
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(gather):
		return nil
	}
}

// found states charter and policies, and waits until they are in force.
func (l *load) found(ctx context.Context) error {
	for {
		founded, err := l.Node.Founded(ctx)
		if err != nil || founded {
			return err
		}
		texts := func(it *item) bool {
			return it.stage == none && (it.Type == entente.TypeCharter || it.Type == entente.TypePolicy)
		}
		if _, err := l.halves(ctx, texts); err != nil {
			return err
		}
		l.Progress(Progress{Step: Founding, Total: 1, Waiting: true})
		if err := l.wait(ctx); err != nil {
			return err
		}
		if err := l.joints(ctx); err != nil {
			return err
		}
	}
}

// state states everything else: in rounds, since what refers to an entry needs it
// to stand, until nothing is left.
func (l *load) state(ctx context.Context) error {
	for {
		grown, err := l.round(ctx)
		if err != nil {
			return err
		}
		left := l.report(!grown)
		if left == 0 {
			return nil
		}
		if grown {
			continue
		}
		if err := l.wait(ctx); err != nil {
			return err
		}
	}
}

// round states what can be stated now, and reports whether anything was.
func (l *load) round(ctx context.Context) (bool, error) {
	entries, err := l.entries(ctx)
	if err != nil || l.writer.Party == "" {
		return entries > 0, err
	}
	halves, err := l.halves(ctx, func(it *item) bool { return it.stage == none })
	if err != nil {
		return false, err
	}
	if err := l.joints(ctx); err != nil {
		return false, err
	}
	moved, err := l.publish(ctx)
	return entries+halves+moved > 0, err
}

// report tells the progress and returns how many items are left. A half that the
// other parties never state (a proposal) is done when it stands in the shared log.
func (l *load) report(waiting bool) int {
	var entries, joint, entriesDone, jointDone int
	for _, it := range l.items {
		done := it.stage == public || it.joint && it.stage >= half && !l.everyonesToo(it)
		switch {
		case it.joint:
			joint++
			jointDone += ones(done)
		default:
			entries++
			entriesDone += ones(done)
		}
	}
	left := entries + joint - entriesDone - jointDone
	l.Progress(Progress{Stating, entriesDone, entries, waiting && entriesDone < entries})
	if joint > 0 {
		l.Progress(Progress{Publishing, jointDone, joint, waiting && jointDone < joint})
	}
	return left
}

func ones(b bool) int {
	if b {
		return 1
	}
	return 0
}

// everyonesToo reports whether every party of the programme states this joint
// thing.
func (l *load) everyonesToo(it *item) bool {
	for _, p := range l.Programme.Parties {
		key := programme.Key{Writer: string(p), Type: it.Type, Subject: it.Subject}
		if _, ok := l.Programme.Find(key); !ok {
			return false
		}
	}
	return true
}

// standing looks a thing up in the public view.
func (l *load) standing(ctx context.Context, k programme.Key) (entente.Ref, entente.Digest, bool, error) {
	thing, err := getPublic(ctx, l.Node, k)
	if errors.Is(err, store.ErrNotFound) {
		return entente.Ref{}, entente.Digest{}, false, nil
	}
	if err != nil || thing.Current == nil {
		return entente.Ref{}, entente.Digest{}, false, err
	}
	return thing.Current.Ref, thing.Current.BodyDigest, true, nil
}

// resolve is asked for the target of a need of an item.
func (l *load) resolve(ctx context.Context, k programme.Key) (entente.Ref, entente.Digest, bool, error) {
	if t, ok := l.targets[k]; ok {
		return t.Ref, t.Digest, true, nil
	}
	if k.Type == entente.TypeGenesis {
		raw, err := l.Node.Store().Genesis(ctx, k.Writer)
		return entente.Ref{}, entente.DigestOf(raw), err == nil, err
	}
	if k.Writer == l.writer.Writer() {
		return entente.Ref{}, entente.Digest{}, false, nil // own things are in targets when they stand
	}
	ref, digest, ok, err := l.standing(ctx, k)
	if ok {
		l.targets[k] = programme.Target{Ref: ref, Digest: digest}
	}
	return ref, digest, ok, err
}

// bound returns an item's body with its references, or false while one of them
// does not stand.
func (l *load) bound(ctx context.Context, it *item) (any, bool, error) {
	for _, need := range it.Needs {
		_, _, ok, err := l.resolve(ctx, need)
		if err != nil || !ok {
			return nil, false, err
		}
	}
	body, err := it.Bind(func(k programme.Key) (entente.Ref, entente.Digest, bool) {
		t, ok := l.targets[k]
		if !ok { // a genesis
			ref, digest, ok, err := l.resolve(ctx, k)
			return ref, digest, ok && err == nil
		}
		return t.Ref, t.Digest, true
	})
	return body, err == nil, err
}

// chunks calls do with at most batch elements at a time.
func chunks[T any](list []T, do func([]T) error) error {
	for part := range slices.Chunk(list, batch) {
		if err := do(part); err != nil {
			return err
		}
	}
	return nil
}
