package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"

	"entente"
	"entente/internal/fold"
	"entente/internal/merkle"
)

// Pin registers a writer by its genesis entry, exchanged out of band: all its
// logs when own; of a counterpart, the shared and public ones; otherwise, and at
// an observer's node, the public one. The own writer is pinned first. Pinning
// the same genesis again changes nothing; another genesis for a pinned writer or
// origin is refused.
func (s *Store) Pin(ctx context.Context, genesis []byte, own bool) error {
	g, logs, err := fold.Pinned(genesis)
	if err != nil {
		return err
	}
	return s.write(ctx, 0, func(w *writer) error {
		again, err := w.pinned(g.Writer.Writer(), genesis, own)
		if err != nil || again {
			return err
		}
		return w.pin(g, logs, genesis, own)
	})
}

// pinned reports whether the writer is pinned by the same genesis in the same
// role already; another genesis or role is an error.
func (w *writer) pinned(writer string, genesis []byte, own bool) (bool, error) {
	var raw []byte
	var wasOwn bool
	err := w.row("SELECT raw, own FROM pin WHERE writer = ?", []any{writer}, &raw, &wasOwn)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, err
	case !bytes.Equal(raw, genesis):
		return false, fmt.Errorf("%s is pinned by another genesis: %w", writer, ErrConflict)
	case own != wasOwn:
		return false, fmt.Errorf("%s is pinned in another role: %w", writer, ErrConflict)
	}
	return true, nil
}

func (w *writer) pin(g *entente.Genesis, logs []fold.LogInfo, genesis []byte, own bool) error {
	switch {
	case own && w.own != "":
		return fmt.Errorf("this is the node of %s: %w", w.own, ErrConflict)
	case !own && w.own == "":
		return errors.New("pin the own genesis first: which logs are followed depends on it")
	}
	var keep []fold.LogInfo
	for _, l := range logs {
		if l.Audience.Rank() <= w.widest(g, own) {
			keep = append(keep, l)
		}
		if held := w.logs[l.Origin]; held != nil {
			return fmt.Errorf("the log %s is pinned for %s: %w", l.Origin, held.info.Writer, ErrConflict)
		}
	}
	if _, err := w.exec("INSERT INTO pin (writer, own, raw) VALUES (?,?,?)", g.Writer.Writer(), own, genesis); err != nil {
		return err
	}
	for _, l := range keep {
		if err := w.addLog(w.logNumber(l.Origin), l, own); err != nil {
			return fmt.Errorf("%w: %w", errGroup, err) // what is kept in memory is loaded again
		}
	}
	if own {
		w.own = g.Writer.Writer()
	}
	return nil
}

// widest is the rank of the narrowest log that the node holds of a writer.
func (w *writer) widest(g *entente.Genesis, own bool) int {
	switch {
	case own:
		return entente.National.Rank()
	case entente.Party(w.own).Valid() && g.Writer.Party != "":
		return entente.Shared.Rank()
	}
	return entente.Public.Rank()
}

// logNumber returns the number of a new log: 22 bits of a hash of its origin, so
// that entries have the same numbers, and lists the same order, at every node. Two
// logs of one node that meet there are told apart by counting on.
func (w *writer) logNumber(origin string) int64 {
	const bits = 22
	d := entente.DigestOf([]byte(origin))
	num := int64(binary.BigEndian.Uint32(d[:4]) >> (32 - bits))
	for w.byNum[num] != nil {
		num = (num + 1) & (1<<bits - 1)
	}
	return num
}

func (w *writer) addLog(num int64, info fold.LogInfo, own bool) error {
	_, err := w.exec("INSERT INTO log (num, origin, writer, rank, own, genesis, root) VALUES (?,?,?,?,?,?,?)",
		num, info.Origin, info.Writer, info.Audience.Rank(), own, info.Genesis[:], merkle.EmptyRoot[:])
	if err != nil {
		return err
	}
	l := &wlog{head: head{num: num, info: info, own: own, root: merkle.EmptyRoot, keys: map[string]fold.ActiveKey{}}}
	w.logs[info.Origin], w.byNum[num] = l, l
	return nil
}

// Genesis returns the pinned genesis entry of a writer.
func (s *Store) Genesis(ctx context.Context, writer string) ([]byte, error) {
	var raw []byte
	err := s.rdb.QueryRowContext(ctx, "SELECT raw FROM pin WHERE writer = ?", writer).Scan(&raw)
	return raw, notFound(err)
}

// Own returns the own writer's code, or "" before it is pinned.
func (s *Store) Own() string { return s.heads.Load().own }

// notFound turns the absence of a row into [ErrNotFound].
func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}
