package chart

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"entente/internal/locale"
)

// Sizes in CSS pixels of a drawing's own coordinates. The narrow one is near its size on a phone.
const (
	wideWidth, wideHeight     = 1000.0, 330.0
	narrowWidth, narrowHeight = 330.0, 250.0
	cardWidth, cardHeight     = 300.0, 180.0
	fontSize                  = 12.5
	charWidth                 = fontSize * 0.58 // a figure's mean width
	lineHeight                = fontSize * 1.5
)

// tick is a labelled place on an axis.
type tick struct {
	at     float64
	label  string
	anchor string // start, middle or end
}

// plot is what a line or bar chart of one size draws.
type plot struct {
	class       string // "c-wide", "c-narrow" or, for a card, "c-only"
	width       float64
	height      float64
	left, right float64 // pixels of the plotting area
	top, bottom float64
	values      scale
	valueTicks  []tick
	labelTicks  []tick
	horizontal  bool
	band        string
	lines       []linePath
	bars        []bar
	marks       []markLine
	baseline    float64 // pixel of zero, or of the axis' end where zero is outside
	hasBaseline bool
	showUnit    bool
	unit        string
}

type linePath struct {
	class string
	path  string
	dots  []dot
}

type dot struct {
	x, y  float64
	title string
}

type bar struct {
	class               string
	x, y, width, height float64
	title, label        string
	labelX, labelY      float64
}

type markLine struct {
	x      float64
	text   string
	anchor string
}

// classes of the series, in order.
func seriesClass(i int) string { return "c-" + strconv.Itoa(i+1) }

// num writes a coordinate with at most one decimal.
func num(v float64) string {
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}

func (p plot) viewBox() string { return "0 0 " + num(p.width) + " " + num(p.height) }

func width(s string) float64 { return float64(utf8.RuneCountInString(s)) * charWidth }

// valueAxis makes the ticks of the values, which also say how much room their labels take.
func valueAxis(l *locale.Localizer, s scale) []tick {
	var out []tick
	for _, v := range s.ticks() {
		out = append(out, tick{at: s.px(v), label: l.Number(v, s.decimals())})
	}
	return out
}

func widest(ticks []tick) float64 {
	w := 0.0
	for _, t := range ticks {
		w = math.Max(w, width(t.label))
	}
	return w
}

// labelAxis labels as many places as fit, counted back from the last, since readers look for the latest first.
func labelAxis(labels []string, x func(int) float64, p plot) []tick {
	if len(labels) == 0 {
		return nil
	}
	longest := 0.0
	for _, label := range labels {
		longest = math.Max(longest, width(label))
	}
	fit := max(1, int((p.right-p.left)/(longest+14)))
	stride := (len(labels) + fit - 1) / fit
	if stride > 1 && len(labels) > 24 { // months: whole or half years read better
		for _, whole := range []int{2, 3, 4, 6, 12, 24, 36, 60, 120} {
			if whole >= stride {
				stride = whole
				break
			}
		}
	}
	var out []tick
	for i := len(labels) - 1; i >= 0; i -= stride {
		t := tick{at: x(i), label: labels[i], anchor: "middle"}
		half := width(t.label) / 2
		switch {
		case t.at+half > p.width:
			t.at, t.anchor = p.width-1, "end"
		case t.at-half < 0:
			t.at, t.anchor = 1, "start"
		}
		out = append(out, t)
	}
	return out
}

// path joins points with straight lines and leaves a gap where a value is missing. A value alone between gaps becomes a
// dot of no length, which round line ends make visible.
func path(values []*float64, n int, x func(int) float64, s scale) string {
	var b strings.Builder
	pen := false
	for i := range n {
		v := at(values, i)
		if v == nil {
			pen = false
			continue
		}
		point := num(x(i)) + " " + num(s.px(*v))
		switch {
		case pen:
			b.WriteString("L" + point)
		case at(values, i+1) == nil:
			b.WriteString("M" + point + "h0")
		default:
			b.WriteString("M" + point)
		}
		pen = true
	}
	return b.String()
}

// bandPath is the area between two lists, one closed shape for each run without gaps.
func bandPath(band *Band, n int, x func(int) float64, s scale) string {
	if band == nil {
		return ""
	}
	var b strings.Builder
	for start := 0; start < n; {
		end := start
		for end < n && at(band.Low, end) != nil && at(band.High, end) != nil {
			end++
		}
		if end-start > 1 {
			for i := start; i < end; i++ {
				b.WriteString(letter(i == start) + num(x(i)) + " " + num(s.px(*band.High[i])))
			}
			for i := end - 1; i >= start; i-- {
				b.WriteString("L" + num(x(i)) + " " + num(s.px(*band.Low[i])))
			}
			b.WriteString("Z")
		}
		start = end + 1
	}
	return b.String()
}

func letter(first bool) string {
	if first {
		return "M"
	}
	return "L"
}

// shorten cuts a label to a width in pixels; the whole label is in the table.
func shorten(s string, w float64) string {
	if width(s) <= w {
		return s
	}
	runes := []rune(s)
	return strings.TrimSpace(string(runes[:max(1, int(w/charWidth)-1)])) + "…"
}

// suffix keeps the ids of the two drawings of one chart apart.
func (p plot) suffix() string {
	if p.class == "c-narrow" {
		return "-n"
	}
	return ""
}

// labelX is where a horizontal chart writes a label: left of its bars, or above them.
func (p plot) labelX(t tick) float64 {
	if t.anchor == "start" {
		return 1
	}
	return p.left - 8
}
