package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"entente"
)

// Options say where the database is and how it is used.
type Options struct {
	// Path is the SQLite file; it is created with its directory when missing.
	Path string
	// Clock tells the time for workspace rows; nil means time.Now.
	Clock func() time.Time
	// Readers is how many connections read at the same time; 0 means 4.
	Readers int
	// Restored marks the database as restored from a backup: see [Store.Restored].
	Restored bool
	// Progress, which may be nil, is told how a rebuild at open goes on.
	Progress func(done, total uint64)

	wrap wrapConnector // stands between database/sql and SQLite in tests
}

// Store is a node's database. Its methods are safe for concurrent use.
type Store struct {
	clock func() time.Time
	path  string
	wrap  wrapConnector
	wdb   *sql.DB // one connection, the writer's
	rdb   *sql.DB // readers
	stmts stmtCache
	// snapshots bounds how many are held at a time; see [openReaders].
	snapshots chan struct{}

	heads        atomic.Pointer[heads]
	checkpointer atomic.Pointer[Checkpointer]
	restored     atomic.Bool
	lag          atomic.Int64 // entries not in the full-text index yet
	digests      digestCache

	writing       sync.Mutex // held by whoever uses the writer
	writer        *writer
	jobs          chan *job // that found somebody writing
	stop, stopped chan struct{}
	closing       sync.Once

	hooksMu sync.Mutex
	hooks   []func(Committed)
}

// Checkpointer signs the checkpoints of own logs.
type Checkpointer interface {
	// SignCheckpoint returns the signed note for a tree of this size and root. It
	// is called inside the group that appends; nobody sees the note before commit.
	SignCheckpoint(origin string, size uint64, root entente.Digest) ([]byte, error)
}

// Open opens or creates the database, brings its tables up to date, rebuilds the
// projection when it was made by another version of the fold, and verifies the
// right edge of every log against its stored root.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{
		clock: o.Clock, path: o.Path, wrap: o.wrap, jobs: make(chan *job, 2*maxGroup),
		stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	s.heads.Store(&heads{logs: map[string]*head{}})
	w, err := s.open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", o.Path, errors.Join(err, s.closeDBs()))
	}
	s.writer = w
	go w.loop()
	if o.Restored {
		if err := s.SetRestored(ctx, true); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, o Options) (w *writer, err error) {
	if s.wdb, err = openWriter(o.Path, o.wrap); err != nil {
		return nil, err
	}
	if err := migrate(ctx, s.wdb); err != nil {
		return nil, err
	}
	readers := o.Readers
	if readers <= 0 {
		readers = 4
	}
	s.rdb, s.snapshots = openReaders(o.Path, o.wrap, readers), make(chan struct{}, readers)
	w = &writer{s: s, ctx: context.WithoutCancel(ctx)}
	made, err := w.ensureProjection()
	if err != nil {
		return nil, err
	}
	if err := w.reload(); err != nil {
		return nil, err
	}
	if made {
		if err := w.rebuildNow(ctx, o.Progress); err != nil {
			return nil, err
		}
	}
	marked, err := s.Meta(ctx, metaRestored)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	s.restored.Store(len(marked) > 0)
	return w, nil
}

// Close finishes what was handed to the writer and closes the database.
func (s *Store) Close() error {
	s.closing.Do(func() { close(s.stop) })
	<-s.stopped
	return s.closeDBs()
}

func (s *Store) closeDBs() error {
	var err error
	for _, db := range []*sql.DB{s.rdb, s.wdb} {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
	}
	return err
}

// Rest gives back the memory of the page caches and of the last entries of logs, which
// fill again: for a node that nobody asks anything at the moment.
func (s *Store) Rest(ctx context.Context) error {
	s.rdb.SetMaxIdleConns(0) // closes those that are idle
	s.rdb.SetMaxIdleConns(cap(s.snapshots) + 3)
	return s.put(ctx, func(w *writer) error {
		w.forgetRecent()
		return w.run("PRAGMA shrink_memory")
	})
}

// SetCheckpointer sets who signs checkpoints of own logs; without one, Append fails.
func (s *Store) SetCheckpointer(c Checkpointer) { s.checkpointer.Store(&c) }

// Committed tells a hook which logs grew, and to what size.
type Committed map[string]uint64

// OnCommit adds a hook that is called after each group that made logs grow, in
// the order of the groups, before those who appended are answered. It runs while
// nobody else can write: it must not block and must not write to the store.
func (s *Store) OnCommit(hook func(Committed)) {
	s.hooksMu.Lock()
	defer s.hooksMu.Unlock()
	s.hooks = append(s.hooks, hook)
}

func (s *Store) notify(c Committed) {
	if len(c) == 0 {
		return
	}
	s.hooksMu.Lock()
	hooks := s.hooks
	s.hooksMu.Unlock()
	for _, h := range hooks {
		h(maps.Clone(c))
	}
}

// metaRestored is the key under which the mark of a restored database is kept.
const metaRestored = "store.restored"

// Restored reports whether the database was restored from a backup and nothing
// may be appended to own logs until their tails are recovered.
func (s *Store) Restored() bool { return s.restored.Load() }

// SetRestored sets or clears the mark, durably.
func (s *Store) SetRestored(ctx context.Context, restored bool) error {
	var value []byte
	if restored {
		value = []byte("1")
	}
	err := s.SetMeta(ctx, metaRestored, value)
	if err == nil {
		s.restored.Store(restored)
	}
	return err
}

// stmtCache holds the prepared statements of readers, whose text depends on what
// is asked for.
type stmtCache struct {
	mu     sync.RWMutex
	byText map[string]*prepared
}

// maxStmts bounds the cache; pages ask for a few dozen kinds of query.
const maxStmts = 256

// get returns the prepared statement of a query; nil when the cache is full, and
// the query is run as it is.
func (c *stmtCache) get(ctx context.Context, db *sql.DB, query string) (*prepared, error) {
	c.mu.RLock()
	st, full := c.byText[query], len(c.byText) >= maxStmts
	c.mu.RUnlock()
	if st != nil || full {
		return st, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if st := c.byText[query]; st != nil {
		return st, nil
	}
	st = &prepared{}
	var err error
	if st.Stmt, err = db.PrepareContext(ctx, query); err != nil {
		return nil, err
	}
	if c.byText == nil {
		c.byText = map[string]*prepared{}
	}
	c.byText[query] = st
	return st, nil
}
