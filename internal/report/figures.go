package report

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"entente"
	"entente/internal/bundle"
	"entente/internal/series"
	"entente/internal/store"
)

// chartMonths is how many months a headline chart shows.
const chartMonths = 36

// heldVintage is one release of an indicator's figures that this node recomputed.
type heldVintage struct {
	obs, dataset *item
	state        store.FigureState
	csv          []byte // nil unless state is equal
	series       *series.Series
}

// held is the figures of all indicators at one frontier, by indicator subject.
type held struct {
	vintages map[string][]heldVintage
	views    map[string]*series.View // by subject and date
}

// figureStore gives series that the node recomputed.
type figureStore interface {
	Figure(ctx context.Context, series entente.Digest) (store.Figure, error)
}

// hold gathers the figures that the record's observations state and this node
// found the same.
func hold(ctx context.Context, from figureStore, rec *record, check func(context.Context, entente.Ref) (store.FigureState, error)) (*held, error) {
	h := &held{vintages: map[string][]heldVintage{}, views: map[string]*series.View{}}
	recipes := map[entente.Digest]*series.Recipe{}
	for _, j := range rec.joints[entente.TypeIndicator] {
		it := jointItem(j.InForce)
		if it == nil {
			continue
		}
		for _, raw := range it.body.(*entente.Indicator).Recipes {
			var r series.Recipe
			if json.Unmarshal(raw, &r) != nil {
				continue
			}
			if d, err := r.Digest(); err == nil {
				recipes[d] = &r
			}
		}
	}
	for _, it := range rec.current[entente.TypeObservations] {
		o := it.body.(*entente.Observations)
		dataset := rec.byRef[o.Dataset]
		if dataset == nil || recipes[o.Recipe] == nil {
			continue
		}
		v := heldVintage{obs: it, dataset: dataset}
		if err := v.load(ctx, from, recipes[o.Recipe].Meta()); err != nil {
			return nil, err
		}
		if v.state == store.FigureMissing && check != nil {
			// The file may have arrived since, or be had from another node.
			if state, err := check(ctx, it.Ref); err == nil && state != store.FigureMissing {
				if err := v.load(ctx, from, recipes[o.Recipe].Meta()); err != nil {
					return nil, err
				}
			}
		}
		h.vintages[o.Indicator] = append(h.vintages[o.Indicator], v)
	}
	for _, vs := range h.vintages {
		slices.SortStableFunc(vs, func(x, y heldVintage) int { return strings.Compare(string(x.released()), string(y.released())) })
	}
	return h, nil
}

// settled reports whether every release's figures are here, or known to differ.
func (h *held) settled() bool {
	for _, vs := range h.vintages {
		for i := range vs {
			if vs[i].state == store.FigureMissing {
				return false
			}
		}
	}
	return true
}

func (v *heldVintage) released() entente.Date { return v.dataset.body.(*entente.Dataset).Released }

func (v *heldVintage) load(ctx context.Context, from figureStore, meta series.Meta) error {
	digest := v.obs.body.(*entente.Observations).Series
	f, err := from.Figure(ctx, digest)
	if errors.Is(err, store.ErrNotFound) {
		v.state = store.FigureMissing
		return nil
	}
	if err != nil {
		return err
	}
	v.state = f.State
	if f.State != store.FigureEqual {
		return nil
	}
	z, err := gzip.NewReader(bytes.NewReader(f.CSV))
	if err != nil {
		return fmt.Errorf("series %s: %w", digest, err)
	}
	if v.csv, err = io.ReadAll(z); err != nil {
		return fmt.Errorf("series %s: %w", digest, err)
	}
	if entente.DigestOf(v.csv) != digest {
		return fmt.Errorf("series %s: the node holds another one", digest)
	}
	v.series, err = series.ReadCSV(bytes.NewReader(v.csv), meta)
	return err
}

// lookup is a [series.Lookup] over the held figures.
func (h *held) lookup(indicator string) (series.Vintages, bool) {
	var out series.Vintages
	for _, v := range h.vintages[indicator] {
		if v.series != nil {
			d := v.dataset.body.(*entente.Dataset)
			out = append(out, series.Vintage{Dataset: d.Code, Released: d.Released, Series: v.series})
		}
	}
	return out, len(out) > 0
}

// view is the figures of an indicator as of a date; nil when none is held.
func (h *held) view(indicator string, asOf entente.Date) (*series.View, error) {
	key := indicator + " " + string(asOf)
	if v, ok := h.views[key]; ok {
		return v, nil
	}
	vs, _ := h.lookup(indicator)
	v, err := vs.AsOf(asOf)
	if err == nil {
		h.views[key] = v
	}
	return v, err
}

func (h *held) vintage(indicator, dataset string) *heldVintage {
	for i := range h.vintages[indicator] {
		v := &h.vintages[indicator][i]
		if v.dataset.body.(*entente.Dataset).Code == dataset && v.series != nil {
			return v
		}
	}
	return nil
}

// figures gathers the figures of a model. A figure that is worked out twice is
// one figure.
type figures struct {
	list []bundle.Figure
	ids  map[string]string // by content
	used map[entente.Digest][]byte
}

func newFigures() *figures {
	return &figures{list: []bundle.Figure{}, ids: map[string]string{}, used: map[entente.Digest][]byte{}}
}

func (f *figures) put(fig bundle.Figure) string {
	content, err := json.Marshal(fig)
	if err != nil {
		panic(err) // strings and numbers only
	}
	if id, ok := f.ids[string(content)]; ok {
		return id
	}
	fig.ID = fmt.Sprintf("f%d", len(f.list)+1)
	f.ids[string(content)] = fig.ID
	f.list = append(f.list, fig)
	return fig.ID
}

// count is the number of entries.
func (f *figures) count(refs []entente.Ref) string {
	return f.put(bundle.Figure{Value: fmt.Sprint(len(refs)), Basis: bundle.Counted, Entries: refs})
}

// measured is a figure over a window of an indicator.
type measured struct {
	indicator string
	asOf      entente.Date
	where     series.Where
	basis     series.Basis
	window    series.Window
	unit      series.Unit // the series' own where empty
	decimals  int         // of a mean or a converted unit
}

// sum adds a figure over a window; "" where the data do not give one.
func (f *figures) sum(h *held, q measured) (string, error) {
	view, err := h.view(q.indicator, q.asOf)
	if err != nil || view == nil {
		return "", err
	}
	line, err := view.Line(q.where)
	if err != nil {
		return "", err
	}
	fig := bundle.Figure{Basis: bundle.Summed, Unit: string(view.Unit), Decimals: q.decimals}
	if q.unit != "" && q.unit != view.Unit {
		if fig.Times, err = factor(view.Unit, q.unit); err != nil {
			return "", err
		}
		if line, err = line.In(q.unit); err != nil {
			return "", err
		}
		fig.Unit = string(q.unit)
	}
	switch q.basis {
	case series.Daily:
		fig.Per = q.window.Days()
	case series.Monthly:
		fig.Per = q.window.Len()
	}
	m := line.Measure(q.basis, q.window)
	if !m.Complete() {
		return "", nil
	}
	if fig.Times == "" && fig.Per == 0 {
		fig.Value, fig.Decimals = m.Value.Places(24).String(), 0 // exact: a series keeps 24 decimals at most
	} else {
		fig.Value = m.Value.Places(int32(q.decimals)).String()
	}
	if fig.Windows, err = f.windows(h, q, view); err != nil {
		return "", err
	}
	return f.put(fig), nil
}

// factor writes what values are multiplied by, exactly: as a decimal or, where it
// has no end, as one divided by the factor of the other direction.
func factor(from, to series.Unit) (string, error) {
	const places = 12
	there, err := series.Factor(from, to)
	if err != nil {
		return "", err
	}
	if d := there.Places(places); series.ExactOf(d).Cmp(there) == 0 {
		return d.String(), nil
	}
	back, err := series.Factor(to, from)
	if err != nil {
		return "", err
	}
	d := back.Places(places)
	if series.ExactOf(d).Cmp(back) != 0 {
		return "", fmt.Errorf("no exact factor from %s to %s", from, to)
	}
	return "1/" + d.String(), nil
}

// windows says from which releases the months of a window come.
func (f *figures) windows(h *held, q measured, view *series.View) ([]bundle.Window, error) {
	where := map[string]string{}
	for _, d := range view.Dims {
		if code := q.where[d]; code != "" && code != series.All {
			where[d] = code
		} else if total := view.Totals[d]; total != "" {
			where[d] = total
		}
	}
	var out []bundle.Window
	for _, st := range view.Stretches {
		if !st.Window.Overlaps(q.window) {
			continue
		}
		v := h.vintage(q.indicator, st.Dataset)
		if v == nil {
			return nil, fmt.Errorf("indicator %s: no release %s", q.indicator, st.Dataset)
		}
		digest := v.obs.body.(*entente.Observations).Series
		f.used[digest] = v.csv
		out = append(out, bundle.Window{
			Entry: v.obs.Ref, Series: digest, Where: maps.Clone(where),
			From: max(st.Window.From, q.window.From).String(), To: min(st.Window.To, q.window.To).String(),
		})
	}
	return out, nil
}

// change is the percentage change between two figures of the list; "" where the
// first is zero.
func (f *figures) change(from, to string, value series.Exact, decimals int) string {
	if from == "" || to == "" || !value.Valid() {
		return ""
	}
	return f.put(bundle.Figure{
		Value: value.Places(int32(decimals)).String(), Unit: "percent", Basis: bundle.Changed, Of: []string{from, to}, Decimals: decimals,
	})
}

// stated is a figure at a place in an entry's body.
func (f *figures) stated(ref entente.Ref, at, value, unit string) string {
	return f.put(bundle.Figure{Value: value, Unit: unit, Basis: bundle.Stated, Entries: []entente.Ref{ref}, At: at})
}

// indicators builds each indicator in force with its headline.
func (b *builder) indicators(headlines map[string]series.Where) error {
	b.m.Indicators = []Indicator{}
	for _, j := range b.rec.joints[entente.TypeIndicator] {
		it := jointItem(j.InForce)
		if it == nil {
			continue
		}
		in := Indicator{Subject: it.Subject, Entry: it.Ref, Where: headlines[it.Subject]}
		for _, t := range b.rec.joints[entente.TypeTarget] {
			if ti := jointItem(t.InForce); ti != nil && ti.body.(*entente.Target).Indicator == it.Subject {
				in.Targets = append(in.Targets, ti.Ref)
				target := ti.body.(*entente.Target)
				b.figs.stated(ti.Ref, "/value", target.Value, it.body.(*entente.Indicator).Unit)
			}
		}
		for _, v := range b.held.vintages[it.Subject] {
			in.Vintages = append(in.Vintages, Vintage{v.obs.Ref, v.dataset.Ref, v.state, positionRefs(b.rec.positions[v.obs.Ref])})
		}
		if err := b.headline(&in); err != nil {
			return fmt.Errorf("indicator %s: %w", it.Subject, err)
		}
		b.m.Indicators = append(b.m.Indicators, in)
	}
	return nil
}

// headline works out the chart and the figures of the latest month.
func (b *builder) headline(in *Indicator) error {
	view, err := b.held.view(in.Subject, "")
	if err != nil || view == nil {
		return err
	}
	line, err := view.Line(in.Where)
	if err != nil {
		// The headline names a code that no release has: show all together.
		in.Where = nil
		if line, err = view.Line(nil); err != nil {
			return err
		}
	}
	cover := line.Coverage()
	one := func(m series.Month) (string, error) {
		return b.figs.sum(b.held, measured{indicator: in.Subject, where: in.Where, basis: series.Total, window: series.One(m)})
	}
	for m := max(cover.From, cover.To.Add(1-chartMonths)); m <= cover.To; m++ {
		id, err := one(m)
		if err != nil {
			return err
		}
		in.Points = append(in.Points, Point{m.String(), id})
		if id != "" {
			in.Latest = id
		}
	}
	latest := series.Month(0)
	for _, p := range in.Points {
		if p.Figure == in.Latest && p.Figure != "" {
			latest, _ = series.ParseMonth(p.Month)
		}
	}
	if latest.IsZero() {
		return nil
	}
	if in.YearBefore, err = one(latest.Add(-12)); err != nil {
		return err
	}
	in.Change = b.figs.change(in.YearBefore, in.Latest, line.YearOnYear(series.Total, series.One(latest)).Percent, 1)
	return nil
}
