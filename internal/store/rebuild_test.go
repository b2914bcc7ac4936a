package store

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/internal/fold/foldtest"
)

// TestRebuildGivesTheSameAndKeepsTheWorkspace, after the projection was damaged in
// every table.
func TestRebuildGivesTheSameAndKeepsTheWorkspace(t *testing.T) {
	s, p := programme(t)
	ctx := t.Context()
	_, err := s.AddUser(ctx, User{Name: "ana"})
	check(t, err)
	was, dump := digests(t, s), dumpProjection(t, s)
	check(t, s.write(ctx, 0, func(w *writer) error {
		for _, name := range projectionNames() {
			if strings.HasPrefix(name, "search_") && name != "search_text" {
				continue // a full-text index is emptied with its text
			}
			if _, err := w.exec("DELETE FROM " + quote(name)); err != nil {
				return err
			}
		}
		return nil
	}))
	s.digests.forget()
	if digests(t, s) == was {
		t.Fatal("the damage does not show, so that the test shows nothing")
	}
	var calls, last, total uint64
	check(t, s.Rebuild(ctx, func(done, all uint64) { calls++; last, total = done, all }))
	if calls == 0 || last != total || total < 40 {
		t.Errorf("progress was told %d times, %d of %d at the end", calls, last, total)
	}
	if digests(t, s) != was || dumpProjection(t, s) != dump {
		t.Error("the rebuilt projection is another one")
	}
	users, err := s.Users(ctx)
	check(t, err)
	hits, err := s.View(entente.Public).Search(ctx, "compromiso", "es", Query{})
	check(t, err)
	if len(users) != 1 || hits.Total == 0 {
		t.Errorf("%d users, %d hits", len(users), hits.Total)
	}
	add(t, s, p.MX, entente.Public, entente.TypeCommitment, "c55", foldtest.Commitment("C55"))
	checkLog(t, s, p.MX.Origin(entente.Public))
}

// TestARebuildGivenUpChangesNothing.
func TestARebuildGivenUpChangesNothing(t *testing.T) {
	s, mx := mexico(t)
	var drafts []Draft
	for i := range 600 {
		drafts = append(drafts, commitment(mx, entente.National, i))
	}
	_, err := s.Append(t.Context(), drafts...)
	check(t, err)
	dump := dumpProjection(t, s)
	ctx, stop := context.WithCancel(t.Context())
	err = s.Rebuild(ctx, func(done, _ uint64) {
		if done == 256 {
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("given up: %v", err)
	}
	s.digests.forget()
	if dumpProjection(t, s) != dump {
		t.Error("half a rebuild is left")
	}
	_, err = s.Append(t.Context(), commitment(mx, entente.National, 1000))
	check(t, err)
	checkLog(t, s, mx.Origin(entente.National))
}

// TestTheProjectionOfAnotherFoldIsRebuiltAtOpen.
func TestTheProjectionOfAnotherFoldIsRebuiltAtOpen(t *testing.T) {
	s, p := programme(t)
	was := digests(t, s)
	check(t, s.write(t.Context(), 0, func(w *writer) error {
		for _, query := range []string{"UPDATE projection SET digest = x'00'", "DROP TABLE version", "DELETE FROM link"} {
			if _, err := w.exec(query); err != nil {
				return err
			}
		}
		return nil
	}))
	path := s.path
	check(t, s.Close())
	told := false
	again := open(t, func(o *Options) { o.Path = path; o.Progress = func(_, _ uint64) { told = true } })
	if digests(t, again) != was || !told {
		t.Errorf("not rebuilt at open; progress told: %v", told)
	}
	_, err := again.Append(t.Context(), commitment(p.MX, entente.National, 77))
	check(t, err)
}

// TestADatabaseThatDoesNotFitItsRootIsNotOpened.
func TestADatabaseThatDoesNotFitItsRootIsNotOpened(t *testing.T) {
	for _, damage := range []string{
		"UPDATE raw SET data = x'00' WHERE num = (SELECT max(num) FROM raw)",
		"DELETE FROM place WHERE eid = (SELECT max(eid) FROM place)",
		"UPDATE log SET root = zeroblob(32)",
		"UPDATE log SET size = size + 1",
	} {
		s, _ := mexico(t)
		check(t, s.write(t.Context(), 0, func(w *writer) error { _, err := w.exec(damage); return err }))
		path := s.path
		check(t, s.Close())
		_, err := Open(t.Context(), Options{Path: path})
		if err == nil {
			t.Errorf("%s: opened", damage)
		}
	}
}

// TestARebuildIsNotLostBehindTheIndex: one that is asked for while the writer
// brings the full-text index up to date by itself is done after that.
func TestARebuildIsNotLostBehindTheIndex(t *testing.T) {
	s, mx := mexico(t)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	_, err := s.Append(ctx, commitment(mx, entente.National, 1))
	check(t, err)
	other, err := openWriter(s.path, nil)
	check(t, err)
	defer other.Close()
	conn, err := other.Conn(ctx)
	check(t, err)
	defer conn.Close()
	_, err = conn.ExecContext(ctx, sqlBegin)
	check(t, err)
	time.Sleep(3 * tendEvery) // the idle writer has begun, and waits for the other one
	rebuilt := make(chan error, 1)
	go func() { rebuilt <- s.Rebuild(ctx, nil) }()
	for len(s.jobs) == 0 {
		time.Sleep(time.Millisecond)
	}
	_, err = conn.ExecContext(ctx, sqlRollback)
	check(t, err)
	check(t, <-rebuilt)
}
