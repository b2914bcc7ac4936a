package chart

import (
	"math"

	"entente/internal/locale"
)

func (c Bars) plots(l *locale.Localizer) []plot {
	draw := c.vertical
	if c.Horizontal {
		draw = c.horizontal
	}
	switch {
	case c.empty():
		return nil
	case c.Compact:
		return []plot{draw(l, cardWidth, cardHeight, "c-only")}
	}
	return []plot{draw(l, wideWidth, wideHeight, "c-wide"), draw(l, narrowWidth, narrowHeight, "c-narrow")}
}

// axis covers the values and zero, where bars start.
func (c Bars) axis(n int, from, to float64) (scale, bool) {
	lo, hi, _ := extent(c.all()...)
	return newScale(math.Min(lo, 0), math.Max(hi, 0), n, from, to), lo < 0
}

// empty reports that there is nothing to draw.
func (c Bars) empty() bool {
	_, _, ok := extent(c.all()...)
	return !ok
}

func (c Bars) all() [][]*float64 {
	var out [][]*float64
	for _, s := range c.drawn() {
		out = append(out, s.Values)
	}
	return out
}

func (c Bars) drawn() []Series { return c.Series[:min(len(c.Series), maxBars)] }

func (c Bars) vertical(l *locale.Localizer, w, h float64, class string) plot {
	p := plot{class: class, width: w, height: h, top: 14, bottom: h - lineHeight - 8, right: w - 10, unit: c.Unit, showUnit: c.Unit != ""}
	if p.showUnit {
		p.top += lineHeight
	}
	p.values, p.hasBaseline = c.axis(ticksFor(p), p.bottom, p.top)
	p.valueTicks = valueAxis(l, p.values)
	p.left = widest(p.valueTicks) + 10
	p.baseline = p.values.px(0)
	slot := (p.right - p.left) / float64(max(1, len(c.Labels)))
	p.labelTicks = labelAxis(c.Labels, func(i int) float64 { return p.left + (float64(i)+0.5)*slot }, p)
	thick := math.Min(slot*0.74/float64(max(1, len(c.drawn()))), 46)
	for i := range c.Labels {
		start := p.left + (float64(i)+0.5)*slot - thick*float64(len(c.drawn()))/2
		for j, s := range c.drawn() {
			v := at(s.Values, i)
			if v == nil {
				continue
			}
			y := p.values.px(*v)
			p.bars = append(p.bars, bar{
				class: seriesClass(j), x: start + float64(j)*thick, width: math.Max(thick-1, 0.5),
				y: math.Min(y, p.baseline), height: math.Abs(y - p.baseline),
				title: c.tip(l, i, s, *v),
			})
		}
	}
	return p
}

func (c Bars) horizontal(l *locale.Localizer, w, _ float64, class string) plot {
	const row = 20.0
	n := len(c.drawn())
	group := math.Max(lineHeight, row*float64(max(1, n))) + 8
	p := plot{class: class, width: w, top: 4, right: w - 6, horizontal: true, unit: c.Unit}
	labelsAbove := class != "c-wide" // narrow: the label stands over its bars
	if labelsAbove {
		group += lineHeight
	} else {
		for _, label := range c.Labels {
			p.left = math.Max(p.left, width(label)+12)
		}
		p.left = math.Min(p.left, w*0.4)
	}
	p.bottom = p.top + group*float64(len(c.Labels))
	p.height = p.bottom + 4
	// Room for the figures at the bars' ends.
	room := 0.0
	for _, s := range c.drawn() {
		for i := range c.Labels {
			room = math.Max(room, width(shown(l, at(s.Values, i), c.Decimals))+8)
		}
	}
	p.values, p.hasBaseline = c.axis(4, p.left, p.right-room)
	p.baseline = p.values.px(0)
	for i, label := range c.Labels {
		top := p.top + float64(i)*group
		t := tick{at: top + group/2 + fontSize*0.35, label: shorten(label, p.left-12), anchor: "end"}
		if labelsAbove {
			t.at, t.anchor, t.label = top+fontSize, "start", shorten(label, p.width-4)
			top += lineHeight
		}
		p.labelTicks = append(p.labelTicks, t)
		for j, s := range c.drawn() {
			p.bars = append(p.bars, c.row(l, p, i, j, s, top+4+float64(j)*row))
		}
	}
	return p
}

// row is one horizontal bar with its figure; a missing value has the figure's dash alone.
func (c Bars) row(l *locale.Localizer, p plot, i, j int, s Series, y float64) bar {
	v := at(s.Values, i)
	out := bar{class: seriesClass(j), x: p.baseline, y: y, height: 17, label: shown(l, v, c.Decimals), labelX: p.baseline + 6, labelY: y + 13}
	if v == nil {
		return out
	}
	x := p.values.px(*v)
	out.x, out.width = math.Min(x, p.baseline), math.Abs(x-p.baseline)
	out.labelX = math.Max(x, p.baseline) + 6
	out.title = c.tip(l, i, s, *v)
	return out
}

func (c Bars) tip(l *locale.Localizer, i int, s Series, v float64) string {
	return c.Labels[i] + ", " + s.Name + ": " + l.Number(v, c.Decimals)
}

func (c Bars) desc(l *locale.Localizer) string {
	if c.Desc != "" {
		return c.Desc
	}
	out := ""
	for _, s := range c.drawn() {
		if line := describeBars(l, s, c.Labels, c.Decimals); line != "" {
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

func describeBars(l *locale.Localizer, s Series, labels []string, decimals int) string {
	most, least := -1, -1
	for i := range labels {
		v := at(s.Values, i)
		if v == nil {
			continue
		}
		if most < 0 || *v > *s.Values[most] {
			most = i
		}
		if least < 0 || *v < *s.Values[least] {
			least = i
		}
	}
	if most < 0 {
		return ""
	}
	return l.T("chart.desc.bars", "Name", s.Name,
		"MostAt", labels[most], "Most", l.Number(*s.Values[most], decimals),
		"LeastAt", labels[least], "Least", l.Number(*s.Values[least], decimals))
}
