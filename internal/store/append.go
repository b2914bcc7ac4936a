package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"entente"
	"entente/internal/entry"
	"entente/internal/fold"
	"entente/internal/merkle"
)

// Draft is a signed entry on its way into an own log.
type Draft struct {
	Origin string
	Raw    []byte
	// First says that the entry is stated in the belief that nothing stands of its
	// thing: it is refused with [ErrStands] when something does.
	First bool
	// Made are the public keys, by name, with whose private halves this process has
	// just signed Raw: see [fold.Prepared.Made].
	Made map[string]string
}

// Appended says where an entry is.
type Appended struct {
	Ref entente.Ref
	// Existing is true when an entry with this id and body was there already.
	Existing bool
}

// Append appends entries to own logs: all of one call or none. It returns after
// they are committed together with tiles, signed checkpoint and projection.
//
// An entry that would not fold as admissible is refused with [*Refused]. An id
// that the log holds already gives the first result again when type, subject and
// body are the same, and [ErrConflict] otherwise.
func (s *Store) Append(ctx context.Context, drafts ...Draft) ([]Appended, error) {
	items := make([]item, len(drafts))
	for i, d := range drafts {
		items[i] = s.prepare(d, s.keys(d.Origin))
	}
	var out []Appended
	err := s.do(ctx, &job{entries: len(items), bare: len(items) == 1, run: func(w *writer) error {
		out = make([]Appended, 0, len(items))
		for i := range items {
			a, err := w.append(&items[i])
			if err != nil {
				return err
			}
			out = append(out, a)
		}
		return nil
	}})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// item is an entry with what can be worked out of it without the writer.
type item struct {
	origin string
	in     fold.Input
	entry  *entry.Parsed // nil when the bytes are no entry
	first  bool          // see [Draft.First]
}

// prepare works out what it can on the caller's goroutine: everything about the
// bytes and, with the keys that are active now, the signatures.
func (s *Store) prepare(d Draft, keys map[string]fold.ActiveKey) item {
	p := fold.Prepare(d.Raw)
	if !p.Made(d.Made) && keys != nil {
		p.Vouch(keys)
	}
	in := fold.Input{Origin: d.Origin, Raw: d.Raw, Leaf: entry.LeafHash(d.Raw), Prepared: p}
	return item{origin: d.Origin, in: in, entry: p.Entry(), first: d.First}
}

// keys returns the keys active in a log after the last committed group.
func (s *Store) keys(origin string) map[string]fold.ActiveKey {
	if h := s.heads.Load().logs[origin]; h != nil {
		return h.keys
	}
	return nil
}

// prepareAll prepares entries on all cores, in order.
func (s *Store) prepareAll(origin string, raws [][]byte) []item {
	items, keys := make([]item, len(raws)), s.keys(origin)
	var wait sync.WaitGroup
	var next atomic.Int64
	for range min(runtime.GOMAXPROCS(0), len(raws)) {
		wait.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(raws)); i = next.Add(1) - 1 {
				items[i] = s.prepare(Draft{Origin: origin, Raw: raws[i]}, keys)
			}
		})
	}
	wait.Wait()
	return items
}

// append appends one entry to an own log.
func (w *writer) append(it *item) (Appended, error) {
	l := w.logs[it.origin]
	switch {
	case l == nil:
		return Appended{}, fmt.Errorf("log %s: %w", it.origin, ErrNotFound)
	case !l.own:
		return Appended{}, fmt.Errorf("log %s: %w", it.origin, ErrNotOwn)
	case w.s.restored.Load():
		return Appended{}, ErrRestored
	}
	if it.entry != nil {
		first, found, err := w.findID(l, it.entry.Header.ID)
		if err != nil {
			return Appended{}, err
		}
		if found {
			return w.existing(l, first, it)
		}
		if it.first {
			if err := w.nothingStands(thing{it.entry.Type, l.info.Writer, it.entry.Header.Subject}); err != nil {
				return Appended{}, err
			}
		}
	}
	folded, err := w.fold(l, it)
	if err != nil {
		return Appended{}, err
	}
	if f := &folded[0]; f.Status != fold.Admissible {
		return Appended{}, refusal(f)
	}
	if err := w.put(l, it, folded); err != nil {
		return Appended{}, err
	}
	return Appended{Ref: folded[0].Ref}, nil
}

// refusal says why an own entry that folded to f is not appended.
func refusal(f *fold.Folded) error {
	switch f.Status {
	case fold.Pending:
		return &Refused{"rule.reference_unseen", fmt.Sprintf("it refers to %s, which this node does not hold", f.Unresolved[0].To)}
	case fold.Opaque:
		return &Refused{"rule.type", fmt.Sprintf("this version knows no type %q", f.Type)}
	default:
		return &Refused{f.Rule, f.Detail}
	}
}

// existing answers for an entry whose id the log holds at index first.
func (w *writer) existing(l *wlog, first uint64, it *item) (Appended, error) {
	var raw []byte
	if err := w.row("SELECT raw FROM entry WHERE eid = ?", []any{eidOf(l.num, first)}, &raw); err != nil {
		return Appended{}, err
	}
	was, err := entry.Parse(raw)
	if err != nil {
		return Appended{}, err
	}
	same := was.Type == it.entry.Type && was.Header.Subject == it.entry.Header.Subject && bytes.Equal(was.Header.Body, it.entry.Header.Body)
	if !same {
		return Appended{}, fmt.Errorf("id %s stands at %s#%d: %w", it.entry.Header.ID, it.origin, first, ErrConflict)
	}
	ref := entente.Ref{Log: it.origin, Index: first, Leaf: entry.LeafHash(raw)}
	return Appended{Ref: ref, Existing: true}, nil
}

// fold folds an entry at the end of a log. Nothing is written.
func (w *writer) fold(l *wlog, it *item) ([]fold.Folded, error) {
	it.in.Index = l.edge.size
	if l.edge.size >= maxIndex {
		return nil, fmt.Errorf("log %s is full", it.origin)
	}
	return fold.Fold(w, it.in)
}

const (
	sqlPutRaw   = "INSERT INTO raw (data) VALUES (?)"
	sqlPutPlace = "INSERT INTO place (eid, verified, raw) VALUES (?,?,?)"
	sqlPutID    = "INSERT OR IGNORE INTO entry_id (log, id, idx) VALUES (?,?,?)"
	sqlPutTile  = "INSERT INTO tile (log, level, idx, data) VALUES (?,?,?,?)"
)

// put writes an entry, the tiles it completes, and what it folded to.
func (w *writer) put(l *wlog, it *item, folded []fold.Folded) error {
	w.touch(l)
	raw, err := w.exec(sqlPutRaw, it.in.Raw)
	if err != nil {
		return err
	}
	at, err := raw.LastInsertId()
	if err != nil {
		return err
	}
	if _, err := w.exec(sqlPutPlace, eidOf(l.num, it.in.Index), folded[0].Verified, at); err != nil {
		return err
	}
	if it.entry != nil {
		id := it.entry.Header.ID
		if _, err := w.exec(sqlPutID, l.num, id, it.in.Index); err != nil {
			return err
		}
		l.lastID = max(l.lastID, id)
	}
	l.recent.add(it.in.Raw)
	var failed error
	l.signed = false
	l.edge.add([32]byte(it.in.Leaf), func(t fullTile) {
		_, err := w.exec(sqlPutTile, l.num, t.level, t.index, t.data)
		failed = errors.Join(failed, err)
	})
	if failed != nil {
		return failed
	}
	return w.project(folded)
}

// Mirror adds verified entries to a followed log, from index from on, and folds
// them, in one transaction. The caller has verified signature and consistency of
// the checkpoint; the tree is computed here again and held against it. A nil
// checkpoint means that more entries follow before the tree is one that was
// signed. Entries already mirrored are skipped when equal. Errors: [ErrGap],
// [ErrRoot], [ErrNotFound].
//
// An own log is mirrored back in the same way while the node is marked as
// restored (see [Store.Restored]).
func (s *Store) Mirror(ctx context.Context, origin string, from uint64, raws [][]byte, checkpoint []byte) error {
	var signed *merkle.Checkpoint
	if checkpoint != nil {
		c, err := merkle.Peek(checkpoint)
		if err != nil {
			return err
		}
		if c.Origin != origin {
			return fmt.Errorf("a checkpoint of %s for the log %s", c.Origin, origin)
		}
		signed = &c
	}
	items := s.prepareAll(origin, raws)
	return s.write(ctx, len(items), func(w *writer) error {
		l, rest, err := w.mirrored(origin, from, items)
		if err != nil {
			return err
		}
		for i := range rest {
			folded, err := w.fold(l, &rest[i])
			if err != nil {
				return err
			}
			if err := w.put(l, &rest[i], folded); err != nil {
				return err
			}
		}
		if signed == nil {
			return nil
		}
		return w.signedTree(l, *signed, checkpoint)
	})
}

// mirrored returns the log and the entries that it does not hold yet.
func (w *writer) mirrored(origin string, from uint64, items []item) (*wlog, []item, error) {
	l := w.logs[origin]
	switch {
	case l == nil:
		return nil, nil, fmt.Errorf("log %s: %w", origin, ErrNotFound)
	case l.own && !w.s.restored.Load():
		return nil, nil, fmt.Errorf("%s is this node's own log: entries are appended to it, not mirrored", origin)
	case from > l.edge.size:
		return nil, nil, fmt.Errorf("%w: %s has %d entries, these begin at %d", ErrGap, origin, l.edge.size, from)
	}
	known := min(l.edge.size-from, uint64(len(items)))
	held, err := readEntries(w.ctx, w.conn, l.num, from, from+known)
	if err != nil {
		return nil, nil, err
	}
	for i, raw := range held {
		if !bytes.Equal(raw, items[i].in.Raw) {
			return nil, nil, fmt.Errorf("%w: entry %d of %s is another one than the one held", ErrRoot, from+uint64(i), origin)
		}
	}
	return l, items[known:], nil
}

// signedTree holds the tree against a checkpoint and keeps it.
func (w *writer) signedTree(l *wlog, c merkle.Checkpoint, signed []byte) error {
	size, root := l.edge.size, l.edge.root()
	switch {
	case c.Size < size:
		return fmt.Errorf("%w: it has %d entries, the mirror %d", ErrStale, c.Size, size)
	case c.Size > size:
		return fmt.Errorf("%w: the checkpoint has %d entries, the mirror %d", ErrGap, c.Size, size)
	case c.Root != root:
		return fmt.Errorf("%w: %s at size %d has %s, the checkpoint says %s", ErrRoot, c.Origin, size, root, c.Root)
	}
	if bytes.Equal(l.checkpoint, signed) {
		return nil
	}
	w.touch(l)
	l.checkpoint, l.checkpointSize, l.signed = slices.Clone(signed), size, true
	// The head is written when the group closes; this makes sure that it closes.
	_, err := w.exec(sqlSetHead, size, root[:], signed, size, l.num)
	return err
}
