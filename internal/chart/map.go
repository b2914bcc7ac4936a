package chart

import (
	_ "embed" // the shapes of the states
	"math"
	"strings"
	"sync"

	"entente/internal/locale"
)

// Land is a party whose states can be drawn.
type Land string

// The lands.
const (
	US Land = "US" // 50 states and the District of Columbia; Alaska and Hawaii in insets, not to scale
	MX Land = "MX" // 32 states
)

// Map colours the states of a land by value, in five steps.
type Map struct {
	Text
	Land   Land
	Values map[string]*float64 // by ISO 3166-2 code: "US-TX"; a state that is absent or nil is missing
}

// Shapes of the states, made from the files named in geo/README.md by the test TestShapesAreMadeFromTheSources -update:
// one state a line, code, tab, SVG path.
var (
	//go:embed geo/us.tsv
	usShapes string
	//go:embed geo/mx.tsv
	mxShapes string
)

// Drawings of both lands are this wide; the height follows.
const (
	mapWidth = 760
	usHeight = 470
	mxHeight = 500
)

type shape struct{ code, path string }

var shapes = map[Land]func() []shape{
	US: sync.OnceValue(func() []shape { return parseShapes(usShapes) }),
	MX: sync.OnceValue(func() []shape { return parseShapes(mxShapes) }),
}

func parseShapes(tsv string) []shape {
	var out []shape
	for line := range strings.Lines(tsv) {
		if code, path, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			out = append(out, shape{code: code, path: path})
		}
	}
	return out
}

// state is one state as drawn and tabled.
type state struct {
	code, name, path string
	value            *float64
	class            string
	title            string
}

// steps is the number of colours above zero.
const steps = 5

// states are all states of the land in the order of their names.
func (c Map) states(l *locale.Localizer) []state {
	list, ok := shapes[c.Land]
	if !ok {
		return nil
	}
	bounds := c.bounds()
	byName := map[string]state{}
	var names []string
	for _, s := range list() {
		st := state{code: s.code, name: l.State(s.code), path: s.path, value: finite(c.Values[s.code])}
		st.class = classOf(st.value, bounds)
		st.title = st.name + ": " + shown(l, st.value, c.Decimals)
		if st.value == nil {
			st.title = st.name + ": " + l.T("chart.missing")
		}
		byName[st.name] = st
		names = append(names, st.name)
	}
	l.Sort(names)
	out := make([]state, 0, len(names))
	for _, name := range names {
		out = append(out, byName[name])
	}
	return out
}

// bounds are the upper bounds of the steps: round numbers, spaced by ratio when the values span more than a factor of
// fifty, since a few border states would otherwise hide all others, and evenly when not. The last is the greatest or more.
func (c Map) bounds() []float64 {
	var all []*float64
	for _, v := range c.Values {
		if finite(v) != nil && *v > 0 {
			all = append(all, v)
		}
	}
	lo, hi, ok := extent(all)
	if !ok {
		return nil
	}
	var out []float64
	for i := 1; i <= steps; i++ {
		b := hi * float64(i) / steps
		if hi/lo > 50 {
			b = lo * math.Pow(hi/lo, float64(i)/steps)
		}
		b = roundUp(b)
		if len(out) == 0 || b > out[len(out)-1] {
			out = append(out, b)
		}
	}
	return out
}

// roundUp is the next number of one or two significant figures (…, 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, …).
func roundUp(v float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8} {
		if v <= m*p*(1+1e-9) {
			return m * p
		}
	}
	return 10 * p
}

func classOf(v *float64, bounds []float64) string {
	switch {
	case v == nil:
		return "c-missing"
	case *v <= 0:
		return "c-q0"
	}
	for i, b := range bounds {
		if *v <= b*(1+1e-9) {
			return stepClass(i)
		}
	}
	return stepClass(len(bounds) - 1)
}

func stepClass(i int) string { return "c-q" + string(rune('1'+i)) }

// key is one line of the map's legend.
type key struct{ class, text string }

func (c Map) legend(l *locale.Localizer) []key {
	var out []key
	zero, missing := false, false
	for _, s := range c.states(l) {
		zero = zero || s.class == "c-q0"
		missing = missing || s.class == "c-missing"
	}
	if zero {
		out = append(out, key{"c-q0", l.Int(0)})
	}
	decimals := c.Decimals
	below := 0.0
	for i, b := range c.bounds() {
		text := l.T("chart.over", "From", l.Number(below, decimals), "To", l.Number(b, decimals))
		if i == 0 {
			text = l.T("chart.upto", "To", l.Number(b, decimals))
		}
		out = append(out, key{stepClass(i), text})
		below = b
	}
	if missing {
		out = append(out, key{"c-missing", l.T("chart.missing")})
	}
	return out
}

func (c Map) viewBox() string {
	if c.Land == MX {
		return "0 0 " + num(mapWidth) + " " + num(mxHeight)
	}
	return "0 0 " + num(mapWidth) + " " + num(usHeight)
}

func (c Map) desc(l *locale.Localizer) string {
	if c.Desc != "" {
		return c.Desc
	}
	var most, least *state
	known := 0
	list := c.states(l)
	for i := range list {
		s := &list[i]
		if s.value == nil {
			continue
		}
		known++
		if most == nil || *s.value > *most.value {
			most = s
		}
		if least == nil || *s.value < *least.value {
			least = s
		}
	}
	if known == 0 {
		return l.T("chart.nothing")
	}
	return l.T("chart.desc.map", "Known", known, "All", len(list),
		"MostAt", most.name, "Most", l.Number(*most.value, c.Decimals),
		"LeastAt", least.name, "Least", l.Number(*least.value, c.Decimals))
}

func (c Map) data(l *locale.Localizer) data {
	d := data{head: []string{l.T("chart.state"), c.Unit}}
	if c.Unit == "" {
		d.head[1] = l.T("chart.value")
	}
	for _, s := range c.states(l) {
		d.rows = append(d.rows, dataRow{label: s.name, values: []*float64{s.value}})
	}
	return d
}
