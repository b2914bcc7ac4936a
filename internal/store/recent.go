package store

import "context"

// Most of what is read of a log was appended a moment ago: by the other node, which
// follows, and by whoever waits for what arrives. That much of each log is in memory.
const (
	recentEntries = 2 * 256   // two tiles
	recentBytes   = 512 << 10 // or less, when entries are large
)

// recent are the last entries of a log, which are not to be changed. A copy stays as it
// is while the original grows.
type recent struct {
	from  uint64 // index of the first
	raws  [][]byte
	bytes int
}

// add adds the entry that follows. When there are too many, the older half goes.
func (r *recent) add(raw []byte) {
	r.raws = append(r.raws, raw)
	r.bytes += len(raw)
	if len(r.raws) < recentEntries && r.bytes < recentBytes {
		return
	}
	drop := (len(r.raws) + 1) / 2
	rest := make([][]byte, len(r.raws)-drop, recentEntries)
	copy(rest, r.raws[drop:])
	*r = recent{from: r.from + uint64(drop), raws: rest}
	for _, raw := range rest {
		r.bytes += len(raw)
	}
}

// entries returns the entries of the log with from ≤ index < to, all of which it holds.
func (h *head) entries(ctx context.Context, q querier, from, to uint64) ([][]byte, error) {
	begin := max(from, h.recent.from)
	if begin >= to {
		return readEntries(ctx, q, h.num, from, to)
	}
	var raws [][]byte
	if from < begin {
		var err error
		if raws, err = readEntries(ctx, q, h.num, from, begin); err != nil {
			return nil, err
		}
	}
	return append(raws, h.recent.raws[begin-h.recent.from:to-h.recent.from]...), nil
}

// forgetRecent gives back what is in memory of the logs, that of readers and of the
// running group.
func (w *writer) forgetRecent() {
	was := w.s.heads.Load()
	next := &heads{logs: make(map[string]*head, len(was.logs)), own: was.own}
	for origin, h := range was.logs {
		rest := *h
		rest.recent = recent{from: rest.edge.size}
		next.logs[origin] = &rest
	}
	w.s.heads.Store(next)
	for _, l := range w.logs {
		l.recent = recent{from: l.edge.size}
	}
}
