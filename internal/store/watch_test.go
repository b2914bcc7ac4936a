package store

import (
	"database/sql/driver"
	"sync/atomic"
	"testing"
	"time"

	"entente"
)

// A process that only reads sees what another one appended, and its hooks hear of it.
func TestSeesWhatAnotherProcessAppends(t *testing.T) {
	s, mx := mexico(t)
	other, err := Open(t.Context(), Options{Path: s.path})
	check(t, err)
	defer other.Close()
	heard := make(chan Committed, 8)
	other.OnCommit(func(c Committed) { heard <- c })
	_, err = s.Append(t.Context(), commitment(mx, entente.Public, 1))
	check(t, err)
	origin := mx.Origin(entente.Public)
	expected, err := s.Log(t.Context(), origin)
	check(t, err)
	select {
	case c := <-heard:
		if c[origin] != expected.Size {
			t.Fatalf("the hook heard %v, %s has %d entries", c, origin, expected.Size)
		}
	case <-time.After(20 * tendEvery):
		t.Fatal("the other process heard of nothing")
	}
	if got, err := other.Log(t.Context(), origin); err != nil || got.Size != expected.Size || got.Root != expected.Root {
		t.Fatalf("the other process has %+v (%v), want %+v", got, err, expected)
	}
}

// Two processes that append to one database do not fork its logs.
func TestTwoProcessesDoNotForkALog(t *testing.T) {
	s, mx := mexico(t)
	other := open(t, func(o *Options) { o.Path = s.path })
	origin := mx.Origin(entente.National)
	for i := range 6 {
		at := s
		if i%2 == 1 {
			at = other
		}
		got, err := at.Append(t.Context(), commitment(mx, entente.National, i))
		check(t, err)
		if got[0].Ref.Index != uint64(i+1) {
			t.Fatalf("entry %d is at %d", i, got[0].Ref.Index)
		}
	}
	if l := checkLog(t, other, origin); l.Size != 7 {
		t.Errorf("%d entries, want 7", l.Size)
	}
}

// Who never finds the database where it left it, because another process commits
// whenever this one is about to begin, gets through all the same.
func TestProcessesDoNotStarveEachOther(t *testing.T) {
	var other *Store
	var rest []Draft
	s, mx := mexico(t, func(o *Options) {
		o.wrap = func(c driver.Connector) driver.Connector {
			return faulty{c, new(atomic.Int32), func() {
				if other == nil || len(rest) == 0 {
					return
				}
				_, err := other.Append(t.Context(), rest[0])
				check(t, err)
				rest = rest[1:]
			}}
		}
	})
	other = open(t, func(o *Options) { o.Path = s.path })
	for i := range 10 {
		rest = append(rest, commitment(mx, entente.National, i))
	}
	for i := range 3 {
		_, err := s.Append(t.Context(), commitment(mx, entente.National, 10+i))
		check(t, err)
	}
	if l := checkLog(t, s, mx.Origin(entente.National)); l.Size != 7 { // genesis, and an entry of the other before each
		t.Errorf("%d entries, want 7", l.Size)
	}
}

// Who appended is answered only when every hook has heard of it: what hooks keep is
// never older than what the caller knows.
func TestHooksHearBeforeTheAnswer(t *testing.T) {
	s, mx := mexico(t)
	heard := 0
	s.OnCommit(func(Committed) {
		time.Sleep(2 * time.Millisecond) // an answer that does not wait would be first
		heard++
	})
	for i := range 5 {
		_, err := s.Append(t.Context(), commitment(mx, entente.Public, i))
		check(t, err)
		if heard != i+1 {
			t.Fatalf("answered after %d entries when the hook had heard of %d", i+1, heard)
		}
	}
}
