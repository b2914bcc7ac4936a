package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"entente"
	"entente/internal/blobstore"
	"entente/internal/fold"
	"entente/internal/keys"
	"entente/internal/payload"
	"entente/internal/store"
)

// The files of a node's directory.
const (
	keysFolder   = "keys"
	filesFolder  = "files"
	databaseFile = "node.db"
	genesisFile  = "genesis.entry"
)

// Options say how a node is opened.
type Options struct {
	Passphrase string
	// WorkFactor is scrypt's; 0 for the default. Tests set it low.
	WorkFactor int
	Clock      func() time.Time // nil means time.Now
	Log        *slog.Logger     // nil discards
	// Restored marks a directory put back from a backup: the node is read-only until
	// it recovered its tails, or an operator attests that there are none.
	Restored bool
	// Progress is told how a rebuild of the projection at open goes on.
	Progress func(done, total uint64)
}

// Node is one party's or observer's node. Its methods are safe for concurrent use.
type Node struct {
	dir     string
	clock   func() time.Time
	log     *slog.Logger
	store   *store.Store
	blobs   blobstore.Store
	sealed  *payload.Store
	keyDir  *keys.Dir
	ring    *keys.Ring
	genesis []byte
	self    entente.Genesis

	signers  signers
	rekeying atomic.Int32 // key changes under way
	law      lawCache
	exchange exchangeCache
	busy     things
	trail    trail
	figures  Figures
	grown    chan struct{} // an own log grew: its checkpoint lacks a signature
	arrived  chan struct{} // any log grew: there may be figures to check
}

// Open opens the node in a directory.
func Open(ctx context.Context, dir string, o Options) (*Node, error) {
	n := newNode(dir, o)
	genesis, err := os.ReadFile(filepath.Join(dir, genesisFile))
	if err != nil {
		return nil, fmt.Errorf("%s holds no node: %w", dir, err)
	}
	n.genesis = genesis
	if n.self, err = readGenesis(genesis); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, genesisFile), err)
	}
	if n.ring, err = n.keyDir.Unlock(o.Passphrase); err != nil {
		return nil, err
	}
	if err := n.open(ctx, o); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

func newNode(dir string, o Options) *Node {
	n := &Node{
		dir: dir, clock: o.Clock, log: o.Log, keyDir: keys.OpenDir(filepath.Join(dir, keysFolder), o.WorkFactor),
		grown: make(chan struct{}, 1), arrived: make(chan struct{}, 1),
	}
	if n.clock == nil {
		n.clock = time.Now
	}
	if n.log == nil {
		n.log = slog.New(slog.DiscardHandler)
	}
	n.figures.n = n
	return n
}

// open opens what the directory holds beside keys and genesis.
func (n *Node) open(ctx context.Context, o Options) (err error) {
	files, err := blobstore.Open(filepath.Join(n.dir, filesFolder))
	if err != nil {
		return err
	}
	n.blobs = files
	if n.sealed, err = payload.Open(n.dir); err != nil {
		return err
	}
	n.store, err = store.Open(ctx, store.Options{
		Path: filepath.Join(n.dir, databaseFile), Clock: n.clock, Restored: o.Restored, Progress: o.Progress,
	})
	if err != nil {
		return err
	}
	if err := n.store.Pin(ctx, n.genesis, true); err != nil {
		return err
	}
	n.store.SetCheckpointer(checkpointer{n})
	n.store.OnCommit(n.committed)
	signal(n.grown) // a checkpoint may have been left with one signature
	return nil
}

// committed is the store's hook: it only passes word on.
func (n *Node) committed(c store.Committed) {
	recovering := n.store.Restored()
	if recovering || n.rekeying.Load() > 0 {
		n.signers.forget()
	}
	for origin := range c {
		if n.owns(origin) && !recovering {
			signal(n.grown)
			continue
		}
		n.law.forget() // the other party may have completed a charter or a policy
	}
	n.figures.doubt()
	signal(n.arrived)
}

// signal passes word without waiting: one that is pending already will do.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run does what the node does by itself until ctx ends: it joins the ML-DSA
// signature to the latest checkpoints, within a second of each, and recomputes
// figures as datasets and observations arrive.
func (n *Node) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return n.seal(ctx) })
	g.Go(func() error { return n.figures.follow(ctx) })
	return g.Wait()
}

// Close closes keys and database. What [Node.Run] does must have ended.
func (n *Node) Close() error {
	var err error
	if n.store != nil {
		n.writeTrail()
		err = n.store.Close()
	}
	n.signers.forget()
	if n.ring != nil {
		n.ring.Close()
	}
	return err
}

// Writer is the party or observer whose node this is.
func (n *Node) Writer() entente.Author { return n.self.Writer }

// Name is the writer's name.
func (n *Node) Name() entente.Text { return n.self.Name }

// Demo reports whether the node belongs to a demonstration.
func (n *Node) Demo() bool { return n.self.Demo }

// Dir is the node's directory.
func (n *Node) Dir() string { return n.dir }

// Genesis returns the node's own genesis entry.
func (n *Node) Genesis() []byte { return n.genesis }

// Origin returns the origin of the node's own log of an audience, "" when it has
// none.
func (n *Node) Origin(a entente.Audience) string { return n.self.Origins.Of(a) }

// origins returns the origins of the node's own logs, from the widest.
func (n *Node) origins() []string {
	var list []string
	for _, a := range entente.Audiences {
		if o := n.Origin(a); o != "" {
			list = append(list, o)
		}
	}
	return list
}

func (n *Node) owns(origin string) bool {
	a, ok := entente.OriginAudience(origin)
	return ok && n.Origin(a) == origin
}

// Audience is the widest view that the node's own people have: national for a
// party, public for an observer.
func (n *Node) Audience() entente.Audience {
	if n.self.Writer.Party == "" {
		return entente.Public
	}
	return entente.National
}

// Store is the node's database, for reading through its views.
func (n *Node) Store() *store.Store { return n.store }

// View is the view of one audience.
func (n *Node) View(a entente.Audience) *store.View { return n.store.View(a) }

// Blobs are the files beside the logs.
func (n *Node) Blobs() blobstore.Store { return n.blobs }

// Payloads are the sealed payloads beside the logs.
func (n *Node) Payloads() *payload.Store { return n.sealed }

// Ring is the node's own keys.
func (n *Node) Ring() *keys.Ring { return n.ring }

// Keys is the key directory, where officers' keys and perhaps the root key are.
func (n *Node) Keys() *keys.Dir { return n.keyDir }

// Pin registers another writer by its genesis entry, exchanged out of band.
func (n *Node) Pin(ctx context.Context, genesis []byte) error {
	g, err := readGenesis(genesis)
	if err != nil {
		return err
	}
	if g.Demo != n.self.Demo {
		return refused("node.demo").with("%s has demo %v, this node %v", g.Writer.Writer(), g.Demo, n.self.Demo)
	}
	n.law.forget()
	return n.store.Pin(ctx, genesis, false)
}

// readGenesis reads a genesis entry: it folds as one, signed by its root key, and
// its content is sound. Whether it is the right one is for who pins it.
func readGenesis(raw []byte) (entente.Genesis, error) {
	g, _, err := fold.Pinned(raw)
	if err != nil {
		return entente.Genesis{}, err
	}
	return *g, keys.VerifyGenesis(*g)
}

// ReadOnly says why the node appends nothing now, or nil.
func (n *Node) ReadOnly() *Refusal {
	if n.store.Restored() {
		return refused("node.restored").ref()
	}
	return nil
}

// AttestNoTail records that an operator attests that the own logs lack no tail
// after a restore, and lets the node append again. What is appended after a wrong
// attestation forks the log, and the counterpart will prove it.
func (n *Node) AttestNoTail(ctx context.Context, actor string) error {
	if err := n.audit(ctx, actor, "attest_no_tail", n.self.Writer.Writer(), "done", nil); err != nil {
		return err
	}
	return n.resume(ctx)
}

func (n *Node) resume(ctx context.Context) error {
	if err := n.store.SetRestored(ctx, false); err != nil {
		return err
	}
	n.law.forget()
	signal(n.grown)
	return nil
}
