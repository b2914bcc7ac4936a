package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"entente"
	"entente/internal/blobstore"
	"entente/internal/series"
	"entente/internal/store"
	"entente/internal/tabular"
)

// checked is what is kept beside a figure: how each file and recipe that was
// stated to give this series did, by [witness].
type checked struct {
	By map[string]verdict `json:"by"`
}

type verdict struct {
	State    store.FigureState `json:"state"`
	Computed *entente.Digest   `json:"computed,omitempty"`
	Why      string            `json:"why,omitempty"`
}

// witness names an observations entry among those that state the same series.
func witness(o *entente.Observations) string {
	return fmt.Sprintf("%s#%d/%s", o.Dataset.Log, o.Dataset.Index, o.Recipe)
}

// state returns how the series of an observations entry compares with what this
// node computed; "" when it has not been.
func (f *Figures) state(ctx context.Context, o *entente.Observations) (store.FigureState, entente.Digest, error) {
	_, c, err := f.kept(ctx, o.Series)
	v, ok := c.By[witness(o)]
	if err != nil || !ok {
		return "", entente.Digest{}, err
	}
	if v.Computed == nil {
		return v.State, entente.Digest{}, nil
	}
	return v.State, *v.Computed, nil
}

// kept returns the figure of a series digest with its verdicts; both empty when
// there is none.
func (f *Figures) kept(ctx context.Context, d entente.Digest) (store.Figure, checked, error) {
	c := checked{By: map[string]verdict{}}
	held, err := f.n.store.Figure(ctx, d)
	if errors.Is(err, store.ErrNotFound) {
		return store.Figure{Series: d}, c, nil
	}
	if err != nil {
		return held, c, err
	}
	return held, c, json.Unmarshal(held.Meta, &c)
}

// settle keeps a verdict, and the series when it is the one stated.
func (f *Figures) settle(ctx context.Context, o *entente.Observations, v verdict, s *series.Series) error {
	held, c, err := f.kept(ctx, o.Series)
	if err != nil {
		return err
	}
	c.By[witness(o)] = v
	if held.State != store.FigureEqual {
		held.State = v.State
		held.Computed = entente.Digest{}
		if v.Computed != nil {
			held.Computed = *v.Computed
		}
	}
	if v.State == store.FigureEqual && len(held.CSV) == 0 {
		if held.CSV, err = packed(s); err != nil {
			return err
		}
		f.keep(o.Series, s)
	}
	if held.Meta, err = json.Marshal(c); err != nil {
		return err
	}
	held.At = f.n.now()
	if err := f.n.store.PutFigure(ctx, held); err != nil {
		return err
	}
	f.stale()
	return nil
}

// Check recomputes the series of one observations entry from the dataset's file,
// fetched from its publisher's node when it is not here, and keeps the result.
func (f *Figures) Check(ctx context.Context, observations entente.Ref) (store.FigureState, error) {
	v, err := store.ByRef[entente.Observations](ctx, f.n.View(f.n.Audience()), observations.Log, observations.Index)
	if err != nil {
		return "", err
	}
	if v.Body == nil {
		return "", refused("node.not_found").with("%s states no observations", observations)
	}
	err = f.checkDataset(ctx, v.Body.Dataset, []store.Version[entente.Observations]{*v})
	if err != nil && !errors.Is(err, errAbsent) {
		return "", err
	}
	state, _, err := f.state(ctx, v.Body)
	return state, err
}

// CheckAll checks every observations entry of the widest view that has not been
// checked, or whose file was missing. Each file is read once.
func (f *Figures) CheckAll(ctx context.Context) error {
	view := f.n.View(f.n.Audience())
	q := store.Query{Type: entente.TypeObservations, Order: store.ByOrder, Limit: 1000}
	todo := map[entente.Ref][]store.Version[entente.Observations]{}
	var order []entente.Ref
	for {
		page, err := store.List[entente.Observations](ctx, view, q)
		if err != nil {
			return err
		}
		for _, o := range page.Items {
			if o.Body == nil {
				continue
			}
			state, _, err := f.state(ctx, o.Body)
			if err != nil {
				return err
			}
			if state != "" && state != store.FigureMissing {
				continue
			}
			if todo[o.Body.Dataset] == nil {
				order = append(order, o.Body.Dataset)
			}
			todo[o.Body.Dataset] = append(todo[o.Body.Dataset], o)
		}
		if page.Next == "" {
			break
		}
		q.After = page.Next
	}
	var failed error
	for _, dataset := range order {
		if err := f.checkDataset(ctx, dataset, todo[dataset]); err != nil {
			failed = errors.Join(failed, fmt.Errorf("figures of %s: %w", dataset, err))
		}
	}
	return failed
}

// errAbsent means that a file is not here and could not be fetched: its figures are
// missing until it can.
var errAbsent = errors.New("the file is not here")

// checkDataset recomputes what was observed from one dataset.
func (f *Figures) checkDataset(ctx context.Context, dataset entente.Ref, observed []store.Version[entente.Observations]) error {
	d, err := store.ByRef[entente.Dataset](ctx, f.n.View(f.n.Audience()), dataset.Log, dataset.Index)
	if err != nil {
		return err
	}
	all := func(v verdict) error {
		var failed error
		for _, o := range observed {
			failed = errors.Join(failed, f.settle(ctx, o.Body, v, nil))
		}
		return failed
	}
	if d.Body == nil {
		return all(verdict{State: store.FigureFailed, Why: "the dataset entry cannot be read"})
	}
	if err := f.bring(ctx, d.Writer, d.Body.File); err != nil {
		return errors.Join(fmt.Errorf("%w: %w", errAbsent, err), all(verdict{State: store.FigureMissing, Why: err.Error()}))
	}
	for _, group := range f.byFormat(ctx, observed) {
		if err := f.recompute(ctx, d.Body.File.Digest, group); err != nil {
			return err
		}
	}
	return nil
}

// due is an observations entry with the recipe that it names.
type due struct {
	o      *entente.Observations
	recipe *series.Recipe
	err    error // why there is none
}

// byFormat finds the recipes of observations and groups them by the format that
// they read, so that each file is read once for each.
func (f *Figures) byFormat(ctx context.Context, observed []store.Version[entente.Observations]) map[series.Format][]due {
	groups := map[series.Format][]due{}
	for _, o := range observed {
		d := due{o: o.Body}
		d.recipe, d.err = f.recipe(ctx, o.Body)
		format := series.Format{}
		if d.recipe != nil {
			format = d.recipe.Format
		}
		groups[format] = append(groups[format], d)
	}
	return groups
}

// recipe finds the recipe that an observations entry names, in the very definition
// of the indicator that it names.
func (f *Figures) recipe(ctx context.Context, o *entente.Observations) (*series.Recipe, error) {
	thing, err := store.Joint[entente.Indicator](ctx, f.n.View(f.n.Audience()), entente.TypeIndicator, o.Indicator)
	if err != nil {
		return nil, err
	}
	bodies := append(append([]store.JointVersion[entente.Indicator]{}, thing.Former...), thing.Proposed...)
	if thing.InForce != nil {
		bodies = append(bodies, *thing.InForce)
	}
	for _, b := range bodies {
		if b.Digest != o.Definition || b.Body == nil {
			continue
		}
		recipes, err := recipesOf(b.Body)
		if err != nil {
			return nil, err
		}
		i, err := recipeAt(recipes, o.Recipe)
		if err != nil {
			return nil, err
		}
		return &recipes[i], nil
	}
	return nil, fmt.Errorf("the indicator %s has no definition %s", o.Indicator, o.Definition)
}

// recompute applies the recipes of a group to a file and settles each.
func (f *Figures) recompute(ctx context.Context, file entente.Digest, group []due) error {
	var recipes []*series.Recipe
	for _, d := range group {
		if d.recipe != nil {
			recipes = append(recipes, d.recipe)
		}
	}
	results, failed := f.apply(ctx, file, recipes)
	next := 0
	for _, d := range group {
		v, s := verdict{State: store.FigureFailed}, (*series.Series)(nil)
		switch {
		case d.recipe == nil:
			v.Why = d.err.Error()
		case failed != nil:
			v.Why = failed.Error()
			next++
		default:
			s = results[next].Series
			next++
			got := s.Digest()
			v = verdict{State: store.FigureEqual, Computed: &got}
			if got != d.o.Series {
				v.State = store.FigureDifferent
			}
		}
		if err := f.settle(ctx, d.o, v, s); err != nil {
			return err
		}
	}
	return nil
}

func (f *Figures) apply(ctx context.Context, file entente.Digest, recipes []*series.Recipe) ([]tabular.Result, error) {
	if len(recipes) == 0 {
		return nil, nil
	}
	content, _, err := f.n.blobs.Get(ctx, file)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	return tabular.ImportAll(content, recipes, tabular.Options{MaxBytes: MaxDataset})
}

// bring makes sure that a file is here, and has the size that its entry states.
func (f *Figures) bring(ctx context.Context, writer string, file entente.Blob) error {
	has, err := f.n.blobs.Has(ctx, file.Digest)
	if err != nil || has {
		return err
	}
	f.mu.Lock()
	fetch := f.fetch
	f.mu.Unlock()
	if fetch == nil || writer == f.n.self.Writer.Writer() {
		return fmt.Errorf("file %s: %w", file.Digest, blobstore.ErrNotFound)
	}
	if file.Size > MaxDataset {
		return refused("node.blob").with("%s states %d bytes, at most %d are fetched", file.Name, file.Size, int64(MaxDataset))
	}
	return fetch.FetchBlob(ctx, writer, file.Digest, file.Size)
}

// checkDelay lets a burst of entries pass before figures are looked at, and
// retryDelay is how long after a failure they are looked at again.
const (
	checkDelay = 300 * time.Millisecond
	retryDelay = 30 * time.Second
)

// follow checks figures as datasets and observations arrive, until ctx ends.
func (f *Figures) follow(ctx context.Context) error {
	var seen uint64
	for due := true; ; {
		if err := f.fresh(ctx); err != nil && ctx.Err() == nil {
			f.n.log.Error("figures cannot be looked at", "error", err)
		}
		f.mu.Lock()
		news := f.news
		f.mu.Unlock()
		var retry <-chan time.Time
		if due || news != seen {
			// What arrives while this goes on is news again: somebody who looks at a
			// page may be told of it before this loop is.
			due, seen = false, news
			if err := f.CheckAll(ctx); err != nil && ctx.Err() == nil {
				f.n.log.Warn("some figures are not recomputed", "error", err)
				retry = time.After(retryDelay)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-retry:
			due = true
		case <-f.n.arrived:
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(checkDelay):
			}
		}
	}
}
