package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"entente"
)

// Meta returns the value of a key, or [ErrNotFound].
func (s *Store) Meta(ctx context.Context, key string) ([]byte, error) {
	var value []byte
	err := s.read(nil).row(ctx, "SELECT value FROM meta WHERE key = ?", []any{key}, &value)
	return value, notFound(err)
}

// SetMeta sets the value of a key; nil removes it. Keys that begin "store." are
// the store's own.
func (s *Store) SetMeta(ctx context.Context, key string, value []byte) error {
	return s.write(ctx, 0, func(w *writer) (err error) {
		if value == nil {
			_, err = w.exec("DELETE FROM meta WHERE key = ?", key)
		} else {
			_, err = w.exec("INSERT OR REPLACE INTO meta (key, value) VALUES (?,?)", key, value)
		}
		return err
	})
}

// PeerState is what the node knows of its contact with another node.
type PeerState struct {
	Peer string // writer code
	// Seen is the peer's frontier as it last told it.
	Seen Frontier
	// Contact is the last time the peer was reached, Tried the last attempt.
	Contact, Tried time.Time
	// Error is what the last attempt failed with, "" when it succeeded.
	Error string
	// Cosigned is the size of each own log that the peer last cosigned.
	Cosigned map[string]uint64
}

const sqlPeers = "SELECT peer, seen, contact, tried, error, cosigned FROM peer"

func scanPeer(rows *sql.Rows) (PeerState, error) {
	var p PeerState
	var seen, cosigned []byte
	var contact, tried sql.NullInt64
	if err := rows.Scan(&p.Peer, &seen, &contact, &tried, &p.Error, &cosigned); err != nil {
		return p, err
	}
	p.Contact, p.Tried = fromNull(contact), fromNull(tried)
	if err := json.Unmarshal(seen, &p.Seen); err != nil {
		return p, err
	}
	return p, json.Unmarshal(cosigned, &p.Cosigned)
}

// Peers returns the state of all peers, by name.
func (s *Store) Peers(ctx context.Context) ([]PeerState, error) {
	return collect(ctx, s.read(nil), sqlPeers+" ORDER BY peer", nil, scanPeer)
}

// Peer returns the state of one peer, or [ErrNotFound].
func (s *Store) Peer(ctx context.Context, peer string) (PeerState, error) {
	return one(collect(ctx, s.read(nil), sqlPeers+" WHERE peer = ?", []any{peer}, scanPeer))
}

// SetPeer stores the state of a peer.
func (s *Store) SetPeer(ctx context.Context, p PeerState) error {
	seen, err := json.Marshal(p.Seen)
	if err != nil {
		return err
	}
	cosigned, err := json.Marshal(p.Cosigned)
	if err != nil {
		return err
	}
	return s.write(ctx, 0, func(w *writer) error {
		_, err := w.exec("INSERT OR REPLACE INTO peer (peer, seen, contact, tried, error, cosigned) VALUES (?,?,?,?,?,?)",
			p.Peer, seen, milli(p.Contact), milli(p.Tried), p.Error, cosigned)
		return err
	})
}

// EvidenceFile is proof of a log's misbehaviour (internal/merkle.Evidence).
type EvidenceFile struct {
	Name   string // file name; adding the same name again changes nothing
	Origin string
	Kind   string
	Found  time.Time
	File   []byte
}

// AddEvidence keeps proof. A zero time means now.
func (s *Store) AddEvidence(ctx context.Context, e EvidenceFile) error {
	if e.Found.IsZero() {
		e.Found = s.clock()
	}
	return s.write(ctx, 0, func(w *writer) error {
		_, err := w.exec("INSERT OR IGNORE INTO evidence (name, origin, kind, found, file) VALUES (?,?,?,?,?)",
			e.Name, e.Origin, e.Kind, e.Found.UnixMilli(), e.File)
		return err
	})
}

// Evidence returns all proof kept, newest first.
func (s *Store) Evidence(ctx context.Context) ([]EvidenceFile, error) {
	return collect(ctx, s.read(nil), "SELECT name, origin, kind, found, file FROM evidence ORDER BY found DESC, name", nil,
		func(rows *sql.Rows) (EvidenceFile, error) {
			var e EvidenceFile
			var found int64
			err := rows.Scan(&e.Name, &e.Origin, &e.Kind, &found, &e.File)
			e.Found = fromMilli(found)
			return e, err
		})
}

// FigureState says how a recomputed series compares with the entry's digest.
type FigureState string

// The states of figures.
const (
	FigureEqual     FigureState = "equal"
	FigureDifferent FigureState = "different"
	FigureMissing   FigureState = "missing" // the file is not here
	FigureFailed    FigureState = "failed"  // the recipe does not apply to the file
)

// Figure is a series recomputed at this node for one observations entry.
type Figure struct {
	Series entente.Digest // the digest that the entry states
	State  FigureState
	// Computed is the digest of the recomputed series, zero when there is none.
	Computed entente.Digest
	// CSV is the canonical series, gzip-compressed.
	CSV []byte
	// Meta is what the node keeps beside it.
	Meta json.RawMessage
	At   time.Time
}

// Figure returns the figure for a series digest, or [ErrNotFound].
func (s *Store) Figure(ctx context.Context, series entente.Digest) (Figure, error) {
	f := Figure{Series: series}
	var computed []byte
	var at int64
	err := s.read(nil).row(ctx, "SELECT state, computed, csv, meta, at FROM figure WHERE series = ?", []any{series[:]},
		&f.State, &computed, &f.CSV, (*[]byte)(&f.Meta), &at)
	if err != nil {
		return Figure{}, notFound(err)
	}
	copy(f.Computed[:], computed)
	f.At = fromMilli(at)
	return f, nil
}

// PutFigure stores a figure, replacing the one for the same series digest. A zero
// time means now.
func (s *Store) PutFigure(ctx context.Context, f Figure) error {
	if f.At.IsZero() {
		f.At = s.clock()
	}
	return s.write(ctx, 0, func(w *writer) error {
		_, err := w.exec("INSERT OR REPLACE INTO figure (series, state, computed, csv, meta, at) VALUES (?,?,?,?,?,?)",
			f.Series[:], string(f.State), nullDigest(f.Computed), f.CSV, []byte(f.Meta), f.At.UnixMilli())
		return err
	})
}
