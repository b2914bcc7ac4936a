package node

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/singleflight"

	"entente"
	"entente/internal/series"
	"entente/internal/store"
)

// MaxDataset bounds a dataset's file in bytes.
const MaxDataset = 256 << 20

// Figures are the node's figures: series recomputed here from published files.
type Figures struct {
	n *Node

	once   singleflight.Group
	mu     sync.Mutex
	unsure bool   // something arrived since entries was counted
	count  int    // entries about figures
	news   uint64 // counts how often there were others than before
	age    uint64 // of what is kept below: counts the changes
	sheets map[sheetKey]*Sheet
	judged map[sheetKey]*series.Assessment
	series map[entente.Digest]*series.Series // by digest, of any age
	checks map[string]*series.Check          // by claim
	fetch  BlobFetcher
}

// Bounds of what is kept in memory.
const (
	maxSheets = 256
	maxSeries = 48
)

type sheetKey struct {
	audience entente.Audience
	name     string
	asOf     entente.Date
}

// BlobFetcher fetches a public file by its digest from another node.
type BlobFetcher interface {
	// FetchBlob stores the blob with this digest, of at most limit bytes, or says
	// why it cannot.
	FetchBlob(ctx context.Context, writer string, d entente.Digest, limit int64) error
}

// Figures returns the node's figures.
func (n *Node) Figures() *Figures { return &n.figures }

// SetFetcher sets who fetches files that are not here.
func (f *Figures) SetFetcher(b BlobFetcher) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fetch = b
}

// SetChecks sets how claims are held against the data.
func (f *Figures) SetChecks(checks []series.Check) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.checks = make(map[string]*series.Check, len(checks))
	for i := range checks {
		f.checks[checks[i].Claim] = &checks[i]
	}
	f.judged = nil
}

// doubt says that something arrived.
func (f *Figures) doubt() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.unsure = true
}

// stale says that what was put together must be put together again.
func (f *Figures) stale() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forget()
}

// Age changes whenever the figures of this node may have: pages that show them are
// made anew.
func (f *Figures) Age() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.age
}

func (f *Figures) forget() {
	f.age++
	f.sheets, f.judged = nil, nil
}

// fresh drops what was put together if entries about figures have arrived since.
func (f *Figures) fresh(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.unsure {
		return nil
	}
	page, err := store.List[json.RawMessage](ctx, f.n.View(f.n.Audience()), store.Query{
		Types:    []entente.Type{entente.TypeIndicator, entente.TypeObservations, entente.TypeDataset, entente.TypeWithdrawal},
		Versions: true, Withdrawn: true, Limit: 1,
	})
	if err != nil {
		return err
	}
	if page.Total != f.count {
		f.news++
		f.forget()
	}
	f.unsure, f.count = false, page.Total
	return nil
}

// Pedigree is where a series comes from and whether this node found the same.
type Pedigree struct {
	Observations store.Version[entente.Observations]
	Dataset      store.Version[entente.Dataset]
	// State says how the recomputed series compares with the digest stated; "" when
	// it has not been recomputed yet.
	State     store.FigureState
	Computed  entente.Digest // zero when there is none
	Positions []store.PositionOn
	// Used is true when the series is among the vintages of the sheet: recomputed
	// to the digest stated, under the definition in force.
	Used bool
}

// Sheet is an indicator in force with its vintages as of a date.
type Sheet struct {
	Subject   string
	Body      *entente.Indicator
	Digest    entente.Digest // of the joint body
	Recipes   []series.Recipe
	Pedigrees []Pedigree // by release date, oldest first
	Vintages  series.Vintages
	// View is nil when no series is held.
	View *series.View
}

// Sheet returns an indicator with its series as of a date ("" for the latest), in
// one audience's view. Only series that this node recomputed to the digest stated
// are used. [store.ErrNotFound] when no such indicator is in force. Series and
// bodies are shared: they must not be changed.
func (f *Figures) Sheet(ctx context.Context, a entente.Audience, indicator string, asOf entente.Date) (*Sheet, error) {
	kept, err := f.held(ctx, sheetKey{a, indicator, asOf})
	if err != nil {
		return nil, err
	}
	s := *kept
	s.Pedigrees = slices.Clone(kept.Pedigrees)
	var refs []entente.Ref
	for _, p := range s.Pedigrees {
		refs = append(refs, p.Observations.Ref)
	}
	positions, err := f.n.View(a).Positions(ctx, refs...)
	if err != nil {
		return nil, err
	}
	for i, ref := range refs {
		s.Pedigrees[i].Positions = positions[ref]
	}
	return &s, nil
}

// held returns a sheet without positions, from memory where it is there.
func (f *Figures) held(ctx context.Context, key sheetKey) (*Sheet, error) {
	if err := f.fresh(ctx); err != nil {
		return nil, err
	}
	f.mu.Lock()
	kept, age := f.sheets[key], f.age
	f.mu.Unlock()
	if kept != nil {
		return kept, nil
	}
	// One request builds a sheet, others that want the same one wait for it.
	made, err, _ := f.once.Do(fmt.Sprint(key, age), func() (any, error) {
		s, err := f.sheet(context.WithoutCancel(ctx), key)
		if err != nil {
			return nil, err
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.age == age {
			if f.sheets == nil || len(f.sheets) >= maxSheets {
				f.sheets = map[sheetKey]*Sheet{}
			}
			f.sheets[key] = s
		}
		return s, nil
	})
	if err != nil {
		return nil, err
	}
	return made.(*Sheet), nil
}

func (f *Figures) sheet(ctx context.Context, key sheetKey) (*Sheet, error) {
	v := f.n.View(key.audience)
	thing, err := store.Joint[entente.Indicator](ctx, v, entente.TypeIndicator, key.name)
	if err != nil {
		return nil, err
	}
	if thing.InForce == nil {
		return nil, fmt.Errorf("indicator %s: %w", key.name, store.ErrNotFound)
	}
	s := &Sheet{Subject: key.name, Body: thing.InForce.Body, Digest: thing.InForce.Digest}
	if s.Recipes, err = recipesOf(s.Body); err != nil {
		return nil, err
	}
	if err := f.pedigrees(ctx, v, s); err != nil {
		return nil, err
	}
	for i := range s.Pedigrees {
		p := &s.Pedigrees[i]
		if p.State != store.FigureEqual || p.Observations.Body.Definition != s.Digest {
			continue
		}
		one, err := f.load(ctx, s, p.Observations.Body)
		if err != nil {
			return nil, err
		}
		p.Used = true
		s.Vintages = append(s.Vintages, series.Vintage{Dataset: p.Dataset.Body.Code, Released: p.Dataset.Body.Released, Series: one})
	}
	if s.View, err = s.Vintages.AsOf(key.asOf); err != nil {
		return nil, fmt.Errorf("indicator %s: %w", key.name, err)
	}
	return s, nil
}

// recipesOf reads the recipes of an indicator; the fold has held them against their
// rules.
func recipesOf(b *entente.Indicator) ([]series.Recipe, error) {
	list, err := series.ParseRecipes(b.Recipes, series.Unit(b.Unit))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.Code, err)
	}
	return list, nil
}

// pedigrees finds the current observations of an indicator and the datasets they
// come from.
func (f *Figures) pedigrees(ctx context.Context, v *store.View, s *Sheet) error {
	found, err := store.List[entente.Observations](ctx, v, store.Query{
		Type: entente.TypeObservations, Limit: 1000, Order: store.ByOrder,
		Where: []store.Cond{{Column: "indicator", Op: store.Eq, Value: s.Subject}},
	})
	if err != nil {
		return err
	}
	for _, o := range found.Items {
		if o.Body == nil {
			continue
		}
		d, err := store.ByRef[entente.Dataset](ctx, v, o.Body.Dataset.Log, o.Body.Dataset.Index)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if d.Body == nil || d.Withdrawn {
			continue
		}
		p := Pedigree{Observations: o, Dataset: *d}
		if p.State, p.Computed, err = f.state(ctx, o.Body); err != nil {
			return err
		}
		s.Pedigrees = append(s.Pedigrees, p)
	}
	slices.SortStableFunc(s.Pedigrees, func(x, y Pedigree) int {
		return strings.Compare(string(x.Dataset.Body.Released), string(y.Dataset.Body.Released))
	})
	return nil
}

// load reads a recomputed series back, from memory or from the cache on disk.
func (f *Figures) load(ctx context.Context, s *Sheet, o *entente.Observations) (*series.Series, error) {
	f.mu.Lock()
	kept := f.series[o.Series]
	f.mu.Unlock()
	if kept != nil {
		return kept, nil
	}
	held, err := f.n.store.Figure(ctx, o.Series)
	if err != nil {
		return nil, err
	}
	i, err := recipeAt(s.Recipes, o.Recipe)
	if err != nil {
		return nil, err
	}
	r, err := gzip.NewReader(bytes.NewReader(held.CSV))
	if err != nil {
		return nil, fmt.Errorf("series %s: %w", o.Series, err)
	}
	one, err := series.ReadCSV(r, s.Recipes[i].Meta())
	if err != nil {
		return nil, fmt.Errorf("series %s: %w", o.Series, err)
	}
	f.keep(o.Series, one)
	return one, nil
}

func (f *Figures) keep(d entente.Digest, s *series.Series) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.series == nil || len(f.series) >= maxSeries {
		f.series = map[entente.Digest]*series.Series{}
	}
	f.series[d] = s
}

// recipeAt returns the place of the recipe with a digest.
func recipeAt(recipes []series.Recipe, want entente.Digest) (int, error) {
	for i := range recipes {
		if d, err := recipes[i].Digest(); err == nil && d == want {
			return i, nil
		}
	}
	return 0, fmt.Errorf("the indicator has no recipe %s", want)
}

// Revision is what one release did to the series that the releases before it gave.
type Revision struct {
	Dataset  string
	Released entente.Date
	Delta    series.Delta
}

// Revisions lists what each release of an indicator's series revised, oldest first.
func (f *Figures) Revisions(ctx context.Context, a entente.Audience, indicator string) ([]Revision, error) {
	s, err := f.held(ctx, sheetKey{a, indicator, ""})
	if err != nil {
		return nil, err
	}
	var list []Revision
	for i, v := range s.Vintages {
		before, err := s.Vintages[:i].AsOf("")
		if err != nil {
			return nil, err
		}
		var old *series.Series
		if before != nil {
			old = before.Series
		}
		delta, err := series.Diff(old, v.Series)
		if err != nil {
			return nil, err
		}
		list = append(list, Revision{v.Dataset, v.Released, delta})
	}
	return list, nil
}

// Assess holds the claim with a code against the data of a view; ok is false when
// there is no check for it.
func (f *Figures) Assess(ctx context.Context, a entente.Audience, claim string, asOf entente.Date) (as series.Assessment, ok bool, err error) {
	if err := f.fresh(ctx); err != nil {
		return as, false, err
	}
	key := sheetKey{a, claim, asOf}
	f.mu.Lock()
	check, kept, age := f.checks[claim], f.judged[key], f.age
	f.mu.Unlock()
	if kept != nil {
		return *kept, true, nil
	}
	if check == nil {
		return as, false, nil
	}
	var failed error
	as, err = series.Assess(check, func(indicator string) (series.Vintages, bool) {
		// All releases: which of them the date allows is for the assessment to say.
		s, err := f.held(ctx, sheetKey{a, indicator, ""})
		if errors.Is(err, store.ErrNotFound) {
			return nil, false
		}
		if err != nil {
			failed = errors.Join(failed, err)
			return nil, false
		}
		return s.Vintages, len(s.Vintages) > 0
	}, asOf)
	if err = errors.Join(err, failed); err != nil {
		return as, false, fmt.Errorf("claim %s: %w", claim, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.age == age {
		if f.judged == nil || len(f.judged) >= 4*maxSheets {
			f.judged = map[sheetKey]*series.Assessment{}
		}
		f.judged[key] = &as
	}
	return as, true, nil
}

// Assessments assesses all claims that have a check, by claim code.
func (f *Figures) Assessments(ctx context.Context, a entente.Audience, asOf entente.Date) (map[string]series.Assessment, error) {
	f.mu.Lock()
	claims := make([]string, 0, len(f.checks))
	for c := range f.checks {
		claims = append(claims, c)
	}
	f.mu.Unlock()
	slices.Sort(claims)
	all := make(map[string]series.Assessment, len(claims))
	for _, c := range claims {
		as, ok, err := f.Assess(ctx, a, c, asOf)
		if err != nil {
			return nil, err
		}
		if ok {
			all[c] = as
		}
	}
	return all, nil
}

// packed is the canonical form of a series, compressed for the cache.
func packed(s *series.Series) ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if err := s.WriteCSV(w); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
