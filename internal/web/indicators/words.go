package indicators

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"entente"
	"entente/internal/series"
	"entente/internal/web/site"
	"entente/internal/web/things"
)

// month is the month of the year as the standard library has it.
func month(m series.Month) time.Month { return time.Month(m.Number()) }

// monthText writes a month.
func monthText(f *site.Frame, m series.Month) string { return f.L.Month(m.Year(), month(m)) }

// windowText writes a window: one month, or first and last.
func windowText(f *site.Frame, w series.Window) string {
	if w.From == w.To {
		return f.L.MonthShort(w.From.Year(), month(w.From))
	}
	return f.L.MonthShort(w.From.Year(), month(w.From)) + " – " + f.L.MonthShort(w.To.Year(), month(w.To))
}

// number is an exact figure for drawing; charts need no more precision.
func number(e series.Exact) float64 {
	v, err := strconv.ParseFloat(e.String(), 64)
	if err != nil {
		return 0
	}
	return v
}

// value is a month's value for drawing, nil where there is none.
func value(l *series.Line, m series.Month) *float64 {
	p, ok := l.At(m)
	if !ok {
		return nil
	}
	v := p.Value.InexactFloat64()
	return &v
}

// drawn is an exact figure for drawing, nil where there is none.
func drawn(e series.Exact) *float64 {
	if !e.Valid() {
		return nil
	}
	v := number(e)
	return &v
}

// latest is the last month with a value.
func latest(l *series.Line) (series.Month, bool) {
	if l == nil {
		return 0, false
	}
	w := l.Coverage()
	if w.IsZero() {
		return 0, false
	}
	for m := w.To; m >= w.From; m-- {
		if _, ok := l.At(m); ok {
			return m, true
		}
	}
	return 0, false
}

// tail are the values of the n months that end with last.
func tail(l *series.Line, last series.Month, n int) []*float64 {
	out := make([]*float64, 0, n)
	for m := last.Add(1 - n); m <= last; m++ {
		out = append(out, value(l, m))
	}
	return out
}

// decimals is how many decimals figures of a unit are shown with.
func decimals(u series.Unit) int {
	switch u {
	case series.Kilogram, series.Pound, series.Gram:
		return 1
	case series.Tonne:
		return 3
	}
	return 0
}

// amount writes an exact figure with its unit.
func (p *Pages) amount(f *site.Frame, e series.Exact, unit series.Unit) string {
	if !e.Valid() {
		return "—"
	}
	if unit == series.Percent {
		return f.L.Percent(rounded(e, 1), 1)
	}
	n := decimals(unit)
	return f.L.Number(rounded(e, n), n) + "\u00a0" + p.labels.Unit(f.L, string(unit), number(e))
}

// rounded is an exact figure rounded once, to n decimals.
func rounded(e series.Exact, n int) float64 { return e.Places(int32(n)).InexactFloat64() }

// change writes a comparison's percentage, or a dash where there is none.
func change(f *site.Frame, c series.Comparison) string {
	if !c.Percent.Valid() {
		return "—"
	}
	return f.L.Change(rounded(c.Percent, 1), 1)
}

// unit names a unit in the plural.
func (p *Pages) unit(f *site.Frame, u series.Unit) string { return p.labels.Unit(f.L, string(u), 2) }

// codeText names a code of a dimension.
func (p *Pages) codeText(f *site.Frame, dim, code string) string {
	if code == series.All || code == "" {
		return f.T("indicators.all")
	}
	if s := f.Say(p.labels.Code(dim, code)); s != "" {
		return s
	}
	return code
}

// whereText names what is fixed: "Southwest border, Fentanyl".
func (p *Pages) whereText(f *site.Frame, w series.Where) string {
	dims := make([]string, 0, len(w))
	for d, code := range w {
		if code != series.All {
			dims = append(dims, d)
		}
	}
	slices.Sort(dims)
	text := ""
	for _, d := range dims {
		if text != "" {
			text += ", "
		}
		text += p.codeText(f, d, w[d])
	}
	return text
}

// warnings puts warnings into words.
func warnings(f *site.Frame, list ...series.Warning) string {
	var out []string
	for _, w := range list {
		if s := f.T("claims.warning." + string(w)); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return f.L.List(out...)
}

// exactText writes an exact figure digit for digit, for tables of the record.
func exactText(f *site.Frame, d series.Decimal) string { return things.Decimal(f, d.String()) }

// releaseText names a release by its date.
func releaseText(f *site.Frame, released entente.Date) string {
	return f.T("claims.release", "Date", f.L.DateISOShort(string(released)))
}

// bare writes an exact figure without its unit, for columns headed by it.
func (p *Pages) bare(f *site.Frame, e series.Exact, unit series.Unit) string {
	if !e.Valid() {
		return "—"
	}
	n := decimals(unit)
	return f.L.Number(rounded(e, n), n)
}

// mean writes a total like [Pages.bare], and an average with a decimal more.
func (p *Pages) mean(f *site.Frame, e series.Exact, unit series.Unit, basis series.Basis) string {
	if !e.Valid() {
		return "—"
	}
	n := decimals(unit)
	if basis != series.Total {
		n++
	}
	return f.L.Number(rounded(e, n), n)
}

func itoa(n int) string { return strconv.Itoa(n) }

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// sortedKeys are the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
