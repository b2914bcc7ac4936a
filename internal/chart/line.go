package chart

import (
	"math"

	"entente/internal/locale"
)

const (
	maxLines     = 6
	maxBars      = 4
	maxDotsDrawn = 80 // points with a tooltip, in the wide drawing
)

// plots are the drawings of a chart: wide and narrow, or narrow alone.
func (c Line) plots(l *locale.Localizer) []plot {
	switch {
	case c.empty():
		return nil
	case c.Compact:
		return []plot{c.plot(l, cardWidth, cardHeight, "c-only")}
	}
	return []plot{
		c.plot(l, wideWidth, wideHeight, "c-wide"),
		c.plot(l, narrowWidth, narrowHeight, "c-narrow"),
	}
}

func (c Line) plot(l *locale.Localizer, w, h float64, class string) plot {
	p := plot{class: class, width: w, height: h, top: 14, bottom: h - lineHeight - 8, right: w - 10, unit: c.Unit, showUnit: c.Unit != ""}
	if p.showUnit || len(c.Marks) > 0 {
		p.top += lineHeight
	}
	lo, hi, _ := extent(c.all()...)
	lo, hi = math.Min(lo, 0), math.Max(hi, 0)
	p.values = newScale(lo, hi, ticksFor(p), p.bottom, p.top)
	p.valueTicks = valueAxis(l, p.values)
	p.left = widest(p.valueTicks) + 10
	x := c.x(p)
	p.labelTicks = labelAxis(c.Labels, x, p)
	p.band = bandPath(c.Band, len(c.Labels), x, p.values)
	p.baseline, p.hasBaseline = p.values.px(0), lo < 0
	for i, s := range c.drawn() {
		line := linePath{class: seriesClass(i), path: path(s.Values, len(c.Labels), x, p.values)}
		if class != "c-narrow" && len(c.Labels)*len(c.Series) <= maxDotsDrawn {
			line.dots = c.dots(l, s, x, p.values)
		}
		p.lines = append(p.lines, line)
	}
	for _, m := range c.Marks {
		if m.At < 0 || m.At >= len(c.Labels) {
			continue
		}
		mark := markLine{x: x(m.At), text: m.Text, anchor: "middle"}
		if half := width(m.Text) / 2; mark.x+half > p.width {
			mark.anchor = "end"
		} else if mark.x-half < 0 {
			mark.anchor = "start"
		}
		p.marks = append(p.marks, mark)
	}
	return p
}

// x is the pixel of a label; a single one stands in the middle.
func (c Line) x(p plot) func(int) float64 {
	n := len(c.Labels)
	return func(i int) float64 {
		if n < 2 {
			return (p.left + p.right) / 2
		}
		return p.left + float64(i)/float64(n-1)*(p.right-p.left)
	}
}

// empty reports that there is nothing to draw; the chart says so instead of showing bare axes.
func (c Line) empty() bool {
	_, _, ok := extent(c.all()...)
	return !ok
}

func (c Line) all() [][]*float64 {
	var out [][]*float64
	for _, s := range c.drawn() {
		out = append(out, s.Values)
	}
	if c.Band != nil {
		out = append(out, c.Band.Low, c.Band.High)
	}
	return out
}

func (c Line) dots(l *locale.Localizer, s Series, x func(int) float64, values scale) []dot {
	var out []dot
	for i := range c.Labels {
		v := at(s.Values, i)
		if v == nil {
			continue
		}
		out = append(out, dot{x: x(i), y: values.px(*v), title: c.label(i) + ", " + s.Name + ": " + l.Number(*v, c.Decimals)})
	}
	return out
}

func (c Line) label(i int) string {
	if i < len(c.Full) {
		return c.Full[i]
	}
	return c.Labels[i]
}

// desc says the chart in words: each series with its latest, greatest and least value.
func (c Line) desc(l *locale.Localizer) string {
	if c.Desc != "" {
		return c.Desc
	}
	out := ""
	for _, s := range c.drawn() {
		if line := describe(l, s, len(c.Labels), c.label, c.Decimals); line != "" {
			out += line + " "
		}
	}
	if out == "" {
		return l.T("chart.nothing")
	}
	if c.Unit != "" {
		out += l.T("chart.unit", "Unit", c.Unit)
	}
	return out
}

func describe(l *locale.Localizer, s Series, n int, label func(int) string, decimals int) string {
	last, most, least := -1, -1, -1
	for i := range n {
		v := at(s.Values, i)
		if v == nil {
			continue
		}
		last = i
		if most < 0 || *v > *s.Values[most] {
			most = i
		}
		if least < 0 || *v < *s.Values[least] {
			least = i
		}
	}
	if last < 0 {
		return ""
	}
	return l.T("chart.desc", "Name", s.Name,
		"LastAt", label(last), "Last", l.Number(*s.Values[last], decimals),
		"MostAt", label(most), "Most", l.Number(*s.Values[most], decimals),
		"LeastAt", label(least), "Least", l.Number(*s.Values[least], decimals))
}

// ticksFor is about how many ticks the height bears.
func ticksFor(p plot) int {
	return max(2, int((p.bottom-p.top)/(3.2*lineHeight)))
}

func (c Line) drawn() []Series { return c.Series[:min(len(c.Series), maxLines)] }
