package report

import (
	"context"
	_ "embed" // the genesis of the projection's own writer
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"entente"
	"entente/internal/merkle"
	"entente/internal/series"
	"entente/internal/store"
)

// Options are what reports are made from.
type Options struct {
	Store *store.Store
	// Checks say how claims are held against the data, by claim code.
	Checks []series.Check
	// Headlines fix the dimensions of the figure that an indicator shows first, by
	// indicator subject.
	Headlines map[string]series.Where
	// Check recomputes the figures of an observations entry that this node has not
	// recomputed yet (node.Figures.Check); nil leaves them out.
	Check func(ctx context.Context, observations entente.Ref) (store.FigureState, error)
	// Names are the names of data codes, by dimension and code.
	Names map[string]map[string]entente.Text
	Demo  bool
	// Chromium is the browser's path; where empty, it is looked for.
	Chromium string
	// TempDir is where the projection of an older frontier is kept while a report is
	// made; the system's where empty.
	TempDir string
}

// Reporter makes reports from one node's public logs. Its methods are safe for
// concurrent use; what was made for a frontier is kept for a while.
type Reporter struct {
	o      Options
	checks map[string]*series.Check

	mu   sync.Mutex
	made []*Made // latest used first
}

// maxMade is how many frontiers' reports are kept in memory.
const maxMade = 4

// New returns a reporter.
func New(o Options) *Reporter {
	r := &Reporter{o: o, checks: map[string]*series.Check{}}
	for i := range o.Checks {
		r.checks[o.Checks[i].Claim] = &o.Checks[i]
	}
	return r
}

// Made is a report of one frontier.
type Made struct {
	Model    *Model
	Frontier store.Frontier
	// AsOf is the latest time stated by an entry under the frontier.
	AsOf time.Time
	// HTML is the page in each language: "es", "en".
	HTML map[string][]byte

	// settled is false while figures are missing that may still arrive.
	settled bool

	json    []byte // of Model
	entries map[entente.Ref][]byte
	series  map[entente.Digest][]byte

	pdfMu sync.Mutex
	pdf   map[string][]byte
}

// Errors of frontiers.
var (
	// ErrFrontier: the frontier asked for is not one of this node's public logs.
	ErrFrontier = errors.New("the frontier is not one of the public logs this node knows")
	// ErrNoCharter: no charter is in force at the frontier, so there is nothing to
	// report on.
	ErrNoCharter = errors.New("no charter is in force at this frontier")
)

// Frontier returns the newest frontier that a report can be made of: every public
// log up to its latest signed checkpoint.
func (r *Reporter) Frontier(ctx context.Context) (store.Frontier, error) {
	f := store.Frontier{}
	for _, l := range r.o.Store.Logs(ctx) {
		if l.Audience != entente.Public || len(l.Checkpoint) == 0 {
			continue
		}
		c, err := merkle.Peek(l.Checkpoint)
		if err != nil {
			return nil, fmt.Errorf("checkpoint of %s: %w", l.Origin, err)
		}
		if c.Size > 0 {
			f[l.Origin] = store.TreeHead{Size: c.Size, Root: c.Root}
		}
	}
	return f, nil
}

// FrontierOn returns the frontier of a day: each public log up to the first entry
// stated after that day (UTC). Stated times are the authors' word, so that this is
// a convenience for readers, not a proof of what stood in the logs on that day.
func (r *Reporter) FrontierOn(ctx context.Context, day time.Time) (store.Frontier, error) {
	newest, err := r.Frontier(ctx)
	if err != nil {
		return nil, err
	}
	end := day.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	sizes := map[string]uint64{}
	for origin, head := range newest {
		sizes[origin] = head.Size
	}
	if err := r.cutAfter(ctx, end, sizes); err != nil {
		return nil, err
	}
	out := store.Frontier{}
	for origin, size := range sizes {
		if size == 0 {
			continue
		}
		root, err := merkle.RootAt(r.o.Store.HashReader(origin), size)
		if err != nil {
			return nil, err
		}
		out[origin] = store.TreeHead{Size: size, Root: root}
	}
	return out, nil
}

// cutAfter lowers the sizes to before the first entry stated at or after end.
func (r *Reporter) cutAfter(ctx context.Context, end time.Time, sizes map[string]uint64) error {
	q := store.Query{Limit: 1000}
	for {
		page, err := r.o.Store.View(entente.Public).Latest(ctx, q)
		if err != nil {
			return err
		}
		for i := range page.Items {
			v := &page.Items[i]
			if v.Header.Time.Before(end) {
				return nil // the rest is older
			}
			if size, ok := sizes[v.Ref.Log]; ok {
				sizes[v.Ref.Log] = min(size, v.Ref.Index)
			}
		}
		if page.Next == "" {
			return nil
		}
		q.After = page.Next
	}
}

// FrontierOf returns the frontier with a digest among those that reports were made
// of, or the newest one.
func (r *Reporter) FrontierOf(ctx context.Context, digest entente.Digest) (store.Frontier, error) {
	r.mu.Lock()
	for _, m := range r.made {
		if m.Frontier.Digest() == digest {
			r.mu.Unlock()
			return m.Frontier, nil
		}
	}
	r.mu.Unlock()
	newest, err := r.Frontier(ctx)
	if err != nil {
		return nil, err
	}
	if newest.Digest() != digest {
		return nil, ErrFrontier
	}
	return newest, nil
}

// Make makes the report of a frontier; of the newest one when at is nil.
func (r *Reporter) Make(ctx context.Context, at store.Frontier) (*Made, error) {
	if at == nil {
		var err error
		if at, err = r.Frontier(ctx); err != nil {
			return nil, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock() // one report at a time: the second asker gets the first's
	digest := at.Digest()
	for i, m := range r.made {
		if m.Frontier.Digest() == digest {
			r.made = append([]*Made{m}, append(r.made[:i:i], r.made[i+1:]...)...)
			return m, nil
		}
	}
	m, err := r.make(ctx, at)
	if err != nil {
		return nil, err
	}
	if m.settled {
		r.made = append([]*Made{m}, r.made...)
		r.made = r.made[:min(len(r.made), maxMade)]
	}
	return m, nil
}

func (r *Reporter) make(ctx context.Context, at store.Frontier) (*Made, error) {
	var m *Made
	err := r.project(ctx, at, func(v *store.View) error {
		rec, err := read(ctx, v)
		if err != nil {
			return err
		}
		if rec.frontier = known(rec.frontier); rec.frontier.Digest() != at.Digest() {
			return errMoved
		}
		h, err := hold(ctx, r.o.Store, rec, r.o.Check)
		if err != nil {
			return err
		}
		m = &Made{Frontier: at, pdf: map[string][]byte{}, series: map[entente.Digest][]byte{}}
		b, err := build(ctx, v, rec, h, &r.o, r.checks)
		if err != nil {
			return err
		}
		m.Model, m.series, m.settled = b.m, b.figs.used, h.settled()
		if m.Model.Charter == nil {
			return ErrNoCharter
		}
		m.entries, err = r.cited(ctx, v, m)
		return err
	})
	if err != nil {
		return nil, err
	}
	return m, m.render()
}

// errMoved means that the view grew while it was read.
var errMoved = errors.New("the logs grew while the report was made")

// project calls do with the public view at exactly the frontier: the store's own
// when that is where it stands, else one of a projection made for it.
func (r *Reporter) project(ctx context.Context, at store.Frontier, do func(*store.View) error) error {
	own := r.o.Store.View(entente.Public)
	now, err := own.Frontier(ctx)
	if err != nil {
		return err
	}
	if known(now).Digest() == at.Digest() {
		if err := do(own); !errors.Is(err, errMoved) {
			return err
		}
	}
	dir, err := os.MkdirTemp(r.o.TempDir, "entente-report-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	temp, err := store.Open(ctx, store.Options{Path: filepath.Join(dir, "projection.db")})
	if err != nil {
		return err
	}
	defer temp.Close()
	if err := r.fill(ctx, temp, at); err != nil {
		return err
	}
	return do(temp.View(entente.Public))
}

// readerGenesis is the genesis of an observer that writes nothing: a store needs a
// writer of its own before it mirrors others.
//
//go:embed reader.genesis
var readerGenesis []byte

// known leaves logs without entries out of a frontier.
func known(f store.Frontier) store.Frontier {
	out := store.Frontier{}
	for origin, head := range f {
		if head.Size > 0 {
			out[origin] = head
		}
	}
	return out
}

// fill mirrors the entries under the frontier into an empty store.
func (r *Reporter) fill(ctx context.Context, temp *store.Store, at store.Frontier) error {
	if err := temp.Pin(ctx, readerGenesis, true); err != nil {
		return err
	}
	pinned := map[string]bool{}
	for _, l := range r.o.Store.Logs(ctx) {
		if _, in := at[l.Origin]; !in || l.Audience != entente.Public {
			continue
		}
		genesis, err := r.o.Store.Genesis(ctx, l.Writer)
		if err != nil {
			return err
		}
		if !pinned[l.Writer] {
			if err := temp.Pin(ctx, genesis, false); err != nil {
				return err
			}
			pinned[l.Writer] = true
		}
		if err := r.fillLog(ctx, temp, l.Origin, at[l.Origin]); err != nil {
			return err
		}
	}
	if len(pinned) == 0 {
		return ErrFrontier
	}
	return nil
}

func (r *Reporter) fillLog(ctx context.Context, temp *store.Store, origin string, head store.TreeHead) error {
	had, err := temp.Log(ctx, origin)
	if err != nil {
		return err
	}
	for from := had.Size; from < head.Size; {
		n := int(min(head.Size-from, 1024))
		raws, err := r.o.Store.Entries(ctx, origin, from, n)
		if err != nil {
			return err
		}
		if len(raws) == 0 {
			return ErrFrontier
		}
		if err := temp.Mirror(ctx, origin, from, raws, nil); err != nil {
			return err
		}
		from += uint64(len(raws))
	}
	got, err := temp.Log(ctx, origin)
	if err != nil {
		return err
	}
	if got.Size != head.Size || got.Root != head.Root {
		return fmt.Errorf("%w: %s at %d", ErrFrontier, origin, head.Size)
	}
	return nil
}
