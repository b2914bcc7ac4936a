package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"entente"
	"entente/internal/fold/foldtest"
)

// fault is what happens to the next commit, or to writes.
type fault int32

const (
	none        fault = iota
	failBefore        // the commit fails and nothing is persisted
	failAfter         // the commit is persisted and reported as failed
	lieDone           // the commit is reported as done and nothing is persisted
	failWrites        // every INSERT fails
	failConfirm       // the commit is persisted; reading it back fails
)

var errInjected = errors.New("injected fault")

// faulty stands between database/sql and SQLite. A fault stays until it is taken
// back.
type faulty struct {
	driver.Connector
	now *atomic.Int32
	// begins, which may be nil, is called before a group begins.
	begins func()
}

func withFaults() (wrapConnector, func(fault)) {
	var now atomic.Int32
	wrap := func(c driver.Connector) driver.Connector { return faulty{c, &now, nil} }
	return wrap, func(f fault) { now.Store(int32(f)) }
}

func (f faulty) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := f.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	reads := strings.Contains(f.Connector.(connector).dsn, "_query_only")
	return &faultyConn{c, f.now, f.begins, reads}, nil
}

type faultyConn struct {
	driver.Conn
	now    *atomic.Int32
	begins func()
	reads  bool // only
}

func (c *faultyConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	st, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return &faultyStmt{st, c, query}, nil
}

func (c *faultyConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

func (c *faultyConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func (c *faultyConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
}

type faultyStmt struct {
	driver.Stmt
	conn  *faultyConn
	query string
}

func (s *faultyStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	run := func() (driver.Result, error) { return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args) }
	f := fault(s.conn.now.Load())
	if s.query == sqlBegin && s.conn.begins != nil {
		s.conn.begins()
	}
	if s.query != sqlCommit {
		if f == failWrites && strings.HasPrefix(s.query, "INSERT") {
			return nil, errInjected
		}
		return run()
	}
	switch f {
	case failBefore, lieDone:
		if _, err := s.conn.ExecContext(ctx, sqlRollback, nil); err != nil {
			return nil, err
		}
		if f == lieDone {
			return driver.ResultNoRows, nil
		}
		return nil, errInjected
	case failAfter:
		if _, err := run(); err != nil {
			return nil, err
		}
		return nil, errInjected
	}
	return run()
}

func (s *faultyStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if fault(s.conn.now.Load()) == failConfirm && s.query == sqlVersion && s.conn.reads {
		return nil, errInjected
	}
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}

// TestACommitThatIsReportedWrongly: whatever the database says of a commit, what
// was acknowledged is there once, what was not can be sent again, and the log
// stays one that fits its checkpoint.
func TestACommitThatIsReportedWrongly(t *testing.T) {
	for f, persisted := range map[fault]bool{failBefore: false, failAfter: true, lieDone: false, failWrites: false, failConfirm: true} {
		t.Run(fmt.Sprint(f), func(t *testing.T) {
			wrap, set := withFaults()
			s, mx := mexico(t, func(o *Options) { o.wrap = wrap })
			origin := mx.Origin(entente.National)
			_, err := s.Append(t.Context(), commitment(mx, entente.National, 1))
			check(t, err)
			d := commitment(mx, entente.National, 2)
			for range 3 {
				set(f)
				if _, err := s.Append(t.Context(), d, commitment(mx, entente.Public, 3)); err == nil {
					t.Fatal("acknowledged")
				} else if f != lieDone && !errors.Is(err, errInjected) {
					t.Errorf("the error hides its cause: %v", err)
				}
				set(none)
				checkHeads(t, s, mx)
				if persisted {
					break // the entry is there: sending it again finds it
				}
			}
			got, err := s.Append(t.Context(), d)
			check(t, err)
			if got[0].Existing != persisted || got[0].Ref.Index != 2 {
				t.Errorf("sent again: %+v, persisted: %v", got[0], persisted)
			}
			if l := checkLog(t, s, origin); l.Size != 3 {
				t.Errorf("the log has %d entries, want 3", l.Size)
			}
		})
	}
}

// checkHeads holds what readers see against what the database has.
func checkHeads(t *testing.T, s *Store, w *foldtest.Writer) {
	t.Helper()
	for _, l := range w.Logs {
		checkLog(t, s, l.Origin)
	}
	stored, err := s.View(entente.National).Frontier(t.Context())
	check(t, err)
	for _, l := range s.Logs(t.Context()) {
		if stored[l.Origin] != (TreeHead{l.Size, l.Root}) {
			t.Errorf("readers see %s at %d, the database has %d", l.Origin, l.Size, stored[l.Origin].Size)
		}
	}
}

// TestOneFailedCommitFailsTheWholeGroup: calls that shared a commit share its
// fate, and nothing of any of them is served.
func TestOneFailedCommitFailsTheWholeGroup(t *testing.T) {
	wrap, set := withFaults()
	s, mx := mexico(t, func(o *Options) { o.wrap = wrap })
	var drafts []Draft
	for i := range 20 {
		drafts = append(drafts, commitment(mx, entente.National, i))
	}
	var told atomic.Int32
	s.OnCommit(func(Committed) { told.Add(1) })
	set(failBefore)
	failed := make(chan error)
	for _, d := range drafts {
		go func() {
			_, err := s.Append(context.Background(), d)
			failed <- err
		}()
	}
	for range drafts {
		want(t, <-failed, errInjected)
	}
	set(none)
	if told.Load() != 0 {
		t.Error("a hook was told of a commit that failed")
	}
	got, err := s.Append(t.Context(), drafts...)
	check(t, err)
	for i, a := range got {
		if a.Existing || a.Ref.Index != uint64(i+1) {
			t.Errorf("entry %d: %+v", i, a)
		}
	}
	checkHeads(t, s, mx)
}

// TestAFullDisk: what does not fit is refused, what was acknowledged stays, and
// the node goes on when there is room again.
func TestAFullDisk(t *testing.T) {
	s, mx := mexico(t)
	origin := mx.Origin(entente.National)
	var pages int
	check(t, s.rdb.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages))
	full := func() {
		check(t, s.write(t.Context(), 0, func(w *writer) error {
			_, err := w.conn.ExecContext(w.ctx, fmt.Sprintf("PRAGMA max_page_count = %d", pages+8))
			return err
		}))
	}
	full()
	acknowledged, failures := 1, 0
	var refused Draft
	for i := 0; failures < 3; i++ {
		d := commitment(mx, entente.National, i)
		got, err := s.Append(t.Context(), d)
		if err != nil {
			if !strings.Contains(err.Error(), "full") {
				t.Fatalf("the error does not say that the disk is full: %v", err)
			}
			refused = d
			failures++
			full() // the store opened a new connection: the disk is still full for it
			continue
		}
		if got[0].Ref.Index != uint64(acknowledged) {
			t.Fatalf("appended at %d, want %d", got[0].Ref.Index, acknowledged)
		}
		acknowledged++
	}
	if l := checkLog(t, s, origin); l.Size != uint64(acknowledged) || acknowledged < 2 {
		t.Fatalf("%d entries, %d acknowledged", l.Size, acknowledged)
	}
	if _, err := s.View(entente.National).Digest(t.Context()); err != nil {
		t.Errorf("reading with a full disk: %v", err)
	}
	check(t, s.write(t.Context(), 0, func(w *writer) error {
		_, err := w.conn.ExecContext(w.ctx, "PRAGMA max_page_count = 1000000")
		return err
	}))
	got, err := s.Append(t.Context(), refused)
	check(t, err)
	if got[0].Existing || got[0].Ref.Index != uint64(acknowledged) {
		t.Errorf("with room again: %+v", got[0])
	}
	checkHeads(t, s, mx)
}
