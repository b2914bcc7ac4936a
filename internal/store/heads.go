package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"entente"
	"entente/internal/fold"
)

// An entry's number (eid) is the number of its log and its index in one integer.
const indexBits = 40

// maxIndex bounds the size of a log: its indexes have 40 bits.
const maxIndex = 1 << indexBits

func eidOf(log int64, index uint64) int64 { return log<<indexBits | int64(index) }

func indexOf(eid int64) uint64 { return uint64(eid & (maxIndex - 1)) }

func logOf(eid int64) int64 { return eid >> indexBits }

// head is what readers know of a log: as of the last committed group, and never
// changed after it is published.
type head struct {
	num            int64
	info           fold.LogInfo
	own            bool
	edge           edge
	root           entente.Digest
	checkpoint     []byte
	checkpointSize uint64
	keys           map[string]fold.ActiveKey
	recent         recent // entries
}

// heads are the heads of all logs, by origin, and the own writer's code.
type heads struct {
	logs map[string]*head
	own  string

	once   sync.Once
	states []LogState // of all logs, by origin, once they were asked for
}

func (h *heads) sorted() []*head {
	var out []*head
	for _, origin := range slices.Sorted(maps.Keys(h.logs)) {
		out = append(out, h.logs[origin])
	}
	return out
}

// list returns the states of all logs, by origin. They are not to be changed.
func (h *heads) list() []LogState {
	h.once.Do(func() {
		for _, l := range h.sorted() {
			h.states = append(h.states, l.state())
		}
	})
	return h.states
}

func (h *head) state() LogState {
	return LogState{
		Origin: h.info.Origin, Writer: h.info.Writer, Audience: h.info.Audience, Own: h.own, Genesis: h.info.Genesis,
		Size: h.edge.size, Root: h.root, Checkpoint: slices.Clip(h.checkpoint), CheckpointSize: h.checkpointSize,
	}
}

// audienceOf is the inverse of [entente.Audience.Rank].
func audienceOf(rank int) entente.Audience { return entente.Audiences[rank] }

// querier is a *sql.DB, *sql.Conn or *sql.Tx.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// loadHeads reads all logs, rebuilds their right edges and holds them against the
// stored roots.
func loadHeads(ctx context.Context, q querier) (*heads, error) {
	h := &heads{logs: map[string]*head{}}
	if err := q.QueryRowContext(ctx, "SELECT coalesce((SELECT writer FROM pin WHERE own = 1), '')").Scan(&h.own); err != nil {
		return nil, err
	}
	rows, err := q.QueryContext(ctx, "SELECT num, origin, writer, rank, own, genesis, size, root, checkpoint, checkpoint_size FROM log")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var l head
		var rank int
		var genesis, root []byte
		if err := rows.Scan(&l.num, &l.info.Origin, &l.info.Writer, &rank, &l.own, &genesis, &l.edge.size, &root, &l.checkpoint, &l.checkpointSize); err != nil {
			return nil, err
		}
		l.info.Audience, l.info.Genesis, l.root = audienceOf(rank), entente.Digest(genesis), entente.Digest(root)
		h.logs[l.info.Origin] = &l
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for _, l := range h.logs {
		if err := l.load(ctx, q); err != nil {
			return nil, fmt.Errorf("log %s: %w", l.info.Origin, err)
		}
	}
	return h, nil
}

// load rebuilds the edge and the keys.
func (h *head) load(ctx context.Context, q querier) error {
	e, err := loadEdge(h.edge.size, tileReader{ctx, q, h.num})
	if err != nil {
		return err
	}
	if got := e.root(); got != h.root {
		return fmt.Errorf("the database is damaged: %d entries have the root %s, stored is %s", h.edge.size, got, h.root)
	}
	h.edge, h.recent.from = e, e.size
	h.keys, err = loadKeys(ctx, q, h.num)
	return err
}

func loadKeys(ctx context.Context, q querier, log int64) (map[string]fold.ActiveKey, error) {
	keys := map[string]fold.ActiveKey{}
	rows, err := q.QueryContext(ctx, "SELECT name, root, binding FROM active_key WHERE log = ?", log)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var k fold.ActiveKey
		var binding []byte
		if err := rows.Scan(&name, &k.Root, &binding); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(binding, &k.Binding); err != nil {
			return nil, err
		}
		keys[name] = k
	}
	return keys, rows.Err()
}

// tileReader reads the tiles and entries of one log.
type tileReader struct {
	ctx context.Context
	q   querier
	log int64
}

func (t tileReader) fullTile(level int, index uint64) ([]byte, error) {
	var data []byte
	err := t.q.QueryRowContext(t.ctx, "SELECT data FROM tile WHERE log = ? AND level = ? AND idx = ?", t.log, level, index).Scan(&data)
	if err != nil {
		return nil, fmt.Errorf("tile %d/%d: %w", level, index, err)
	}
	return data, nil
}

func (t tileReader) leaves(from, size uint64) ([]tlog.Hash, error) {
	raws, err := readEntries(t.ctx, t.q, t.log, from, size)
	if err != nil {
		return nil, err
	}
	hashes := make([]tlog.Hash, len(raws))
	for i, raw := range raws {
		hashes[i] = tlog.RecordHash(raw)
	}
	return hashes, nil
}

// readEntries returns the entries of a log with from ≤ index < to, without gaps.
func readEntries(ctx context.Context, q querier, log int64, from, to uint64) ([][]byte, error) {
	rows, err := q.QueryContext(ctx, "SELECT eid, raw FROM entry WHERE eid >= ? AND eid < ? ORDER BY eid", eidOf(log, from), eidOf(log, to))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var raws [][]byte
	for rows.Next() {
		var eid int64
		var raw []byte
		if err := rows.Scan(&eid, &raw); err != nil {
			return nil, err
		}
		if want := from + uint64(len(raws)); indexOf(eid) != want {
			return nil, fmt.Errorf("the database is damaged: entry %d is missing", want)
		}
		raws = append(raws, raw)
	}
	return raws, rows.Err()
}
