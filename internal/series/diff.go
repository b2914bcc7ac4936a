package series

import (
	"fmt"
	"slices"
	"strings"

	"entente"
)

// Change says what a release did to one observation.
type Change string

// The changes.
const (
	New       Change = "new"
	Revised   Change = "revised"
	Unchanged Change = "unchanged"
	Withdrawn Change = "withdrawn" // in the months the release covers, but no longer in it
)

// Difference is one observation that two releases do not share.
type Difference struct {
	Period Month        `json:"period"`
	Codes  []string     `json:"codes"`
	Change Change       `json:"change"`
	Old    *Observation `json:"old,omitempty"` // nil where new
	New    *Observation `json:"new,omitempty"` // nil where withdrawn
}

// Delta is what a release did to a series. Unchanged observations are counted,
// not listed; so are those of months that the new release does not cover, which
// it left as they were.
type Delta struct {
	New, Revised, Unchanged, Withdrawn int
	NotRestated                        int
	Differences                        []Difference
}

// Diff compares a release with the one before. old may be nil. The two must have
// the same dimensions.
func Diff(old, next *Series) (Delta, error) {
	var d Delta
	if old == nil {
		old = &Series{Meta: next.Meta, Dims: next.Dims}
	}
	if !slices.Equal(old.Dims, next.Dims) || old.Unit != next.Unit {
		return d, fmt.Errorf("two series of unlike dimensions or unit: %v in %s against %v in %s", old.Dims, old.Unit, next.Dims, next.Unit)
	}
	covered := next.Coverage()
	i, j := 0, 0
	for i < len(old.Obs) || j < len(next.Obs) {
		var order int
		switch {
		case i == len(old.Obs):
			order = 1
		case j == len(next.Obs):
			order = -1
		default:
			order = compareObs(old.Obs[i], next.Obs[j])
		}
		switch {
		case order < 0:
			if o := &old.Obs[i]; covered.Contains(o.Period) {
				d.Withdrawn++
				d.Differences = append(d.Differences, Difference{o.Period, o.Codes, Withdrawn, o, nil})
			} else {
				d.NotRestated++
			}
			i++
		case order > 0:
			n := &next.Obs[j]
			d.New++
			d.Differences = append(d.Differences, Difference{n.Period, n.Codes, New, nil, n})
			j++
		default:
			o, n := &old.Obs[i], &next.Obs[j]
			if o.Status == n.Status && o.Value.Equal(n.Value) {
				d.Unchanged++
			} else {
				d.Revised++
				d.Differences = append(d.Differences, Difference{n.Period, n.Codes, Revised, o, n})
			}
			i++
			j++
		}
	}
	return d, nil
}

// Vintage is a series as one published file gives it.
type Vintage struct {
	Dataset  string       // code of the dataset
	Released entente.Date // when it was published; a month means its last day
	Series   *Series
}

// known reports whether the vintage was published on or before a date. The empty
// date means "now": everything published.
func (v Vintage) known(asOf entente.Date) bool {
	return asOf == "" || lastDay(v.Released) <= lastDay(asOf)
}

// lastDay makes dates of unlike precision comparable: a month or a year stands
// for its end, so that nothing counts as known before it surely was. The empty
// date comes last.
func lastDay(d entente.Date) string { return string(d) + "9999-99-99"[len(d):] }

// Vintages are the releases of one indicator. They stand side by side; nothing
// is ever merged into them.
type Vintages []Vintage

// Release names a vintage: the dataset and when it was published.
type Release struct {
	Dataset  string       `json:"dataset"`
	Released entente.Date `json:"released"`
}

// Stretch says which release the months of a window were taken from.
type Stretch struct {
	Window Window `json:"window"`
	Release
}

// View is a series put together from vintages: every month from exactly one.
type View struct {
	*Series
	Stretches []Stretch
}

// AsOf gives, for every month, the observations of the latest vintage that covers
// it and was published on or before the date; the empty date takes the latest of
// all. Of two released on the same day the one whose dataset code sorts last is
// taken. A month is taken whole, from one vintage, so that nothing is counted
// twice. Nil where nothing had been published.
func (vs Vintages) AsOf(date entente.Date) (*View, error) {
	known := slices.DeleteFunc(slices.Clone(vs), func(v Vintage) bool { return !v.known(date) || v.Series == nil || len(v.Series.Obs) == 0 })
	if len(known) == 0 {
		return nil, nil
	}
	slices.SortFunc(known, func(a, b Vintage) int {
		if d := strings.Compare(lastDay(b.Released), lastDay(a.Released)); d != 0 {
			return d
		}
		return strings.Compare(b.Dataset, a.Dataset)
	})
	first := known[0].Series
	out := &View{Series: &Series{Meta: first.Meta, Dims: first.Dims}}
	taken := map[Month]int{}
	for i, v := range known {
		if !slices.Equal(v.Series.Dims, first.Dims) || v.Series.Unit != first.Unit {
			return nil, fmt.Errorf("vintages %s and %s have unlike dimensions or units: they belong to two indicators", known[0].Dataset, v.Dataset)
		}
		out.RoundedTo = max(out.RoundedTo, v.Series.RoundedTo)
		for _, o := range v.Series.Obs {
			by, ok := taken[o.Period]
			if !ok {
				taken[o.Period], by = i, i
			}
			if by == i {
				out.Obs = append(out.Obs, o)
			}
		}
	}
	if !slices.IsSortedFunc(out.Obs, compareObs) {
		slices.SortFunc(out.Obs, compareObs)
	}
	for _, o := range out.Obs {
		v := known[taken[o.Period]]
		if n := len(out.Stretches); n > 0 && out.Stretches[n-1].Dataset == v.Dataset && o.Period <= out.Stretches[n-1].Window.To+1 {
			out.Stretches[n-1].Window.To = o.Period
			continue
		}
		out.Stretches = append(out.Stretches, Stretch{One(o.Period), Release{v.Dataset, v.Released}})
	}
	return out, nil
}

// From returns the releases that windows draw on, each once, in the order of the
// months they first serve.
func (v *View) From(windows ...Window) []Release {
	var out []Release
	for _, s := range v.Stretches {
		overlaps := func(w Window) bool { return s.Window.Overlaps(w) }
		if slices.ContainsFunc(windows, overlaps) && !slices.Contains(out, s.Release) {
			out = append(out, s.Release)
		}
	}
	return out
}
