package locale

import (
	"math"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	"golang.org/x/text/number"
)

// NoFigure is what a page shows where a number is not known or not finite.
const NoFigure = "–"

// Int writes a whole number: 10,000; −12.
func (l *Localizer) Int(v int64) string {
	return trueMinus(l.printer.Sprint(number.Decimal(v)))
}

// Number writes v with exactly the given decimals (0..9), rounded half away from zero, as the official releases round:
// 10,000.5. A negative zero loses its sign.
func (l *Localizer) Number(v float64, decimals int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return NoFigure
	}
	return trueMinus(l.printer.Sprint(number.Decimal(roundTo(v, decimals), number.Scale(decimals))))
}

// Figure writes v with as many decimals as it needs, at most two: 4,596; 10,000.5.
func (l *Localizer) Figure(v float64) string {
	for decimals := range 2 {
		if roundTo(v, decimals) == roundTo(v, 2) {
			return l.Number(v, decimals)
		}
	}
	return l.Number(v, 2)
}

// Percent writes v, already in per cent (−92.5 is minus 92.5 per cent), with exactly the given decimals: "−92.5 %" in
// Spanish (no-break space), "−92.5%" in English.
func (l *Localizer) Percent(v float64, decimals int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return NoFigure
	}
	if l.lang == ES {
		return l.Number(v, decimals) + "\u00a0%"
	}
	return l.Number(v, decimals) + "%"
}

// Change writes a signed percentage: "+4.0 %", "−92.5 %", "0.0 %".
func (l *Localizer) Change(v float64, decimals int) string {
	s := l.Percent(v, decimals)
	if roundTo(v, decimals) > 0 {
		return "+" + s
	}
	return s
}

// Bytes writes a size in decimal units (1 kB = 1,000 bytes): "635 kB", "1.2 MB".
func (l *Localizer) Bytes(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	v, i := float64(n), 0
	for math.Abs(v) >= 999.5 && i < len(units)-1 {
		v, i = v/1000, i+1
	}
	decimals := 0
	if i > 1 && math.Abs(v) < 99.95 {
		decimals = 1
	}
	return l.Number(v, decimals) + "\u00a0" + units[i]
}

// Unit names a unit code ("kg", "events", "firearms") for a quantity v: "kilogramos", "kilogramo". Percent signs and
// other codes without a message are returned as they are, since units also come from entries.
func (l *Localizer) Unit(code string, v float64) string {
	id := "unit." + code
	if !l.Has(id) {
		return code
	}
	count := 2
	if v == 1 || v == -1 {
		count = 1
	}
	return l.N(id, count)
}

// Quantity writes a figure with its unit: "4,596 eventos", "−93 %", "1 kilogram".
func (l *Localizer) Quantity(v float64, unit string) string {
	switch unit {
	case "%", "percent":
		return l.Percent(v, decimalsOf(v))
	case "":
		return l.Figure(v)
	}
	return l.Figure(v) + "\u00a0" + l.Unit(unit, v)
}

// Party names a state by its ISO 3166-1 alpha-2 code ("MX"); an unknown code is returned as it is.
func (l *Localizer) Party(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil || len(code) != 2 {
		return code
	}
	if name := display.Regions(l.lang.tag()).Name(region); name != "" {
		return name
	}
	return code
}

// State names a state of a party by its ISO 3166-2 code ("US-TX", "MX-SON"); an unknown code is returned as it is.
func (l *Localizer) State(code string) string {
	if id := "state." + code; l.Has(id) {
		return l.T(id)
	}
	return code
}

// States lists the ISO 3166-2 codes of a party's states ("MX", "US") that have a name, by name.
func (l *Localizer) States(party string) []string {
	byName := map[string]string{}
	var names, out []string
	for id := range l.cat.all {
		if code, ok := strings.CutPrefix(id, "state."); ok && strings.HasPrefix(code, party+"-") {
			name := l.T(id)
			byName[name] = code
			names = append(names, name)
		}
	}
	l.Sort(names)
	for _, name := range names {
		out = append(out, byName[name])
	}
	return out
}

// Elapsed writes a duration in its two largest units, rounded down: "3 h 20 min", "2 d 4 h", "45 s".
func (l *Localizer) Elapsed(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "−", -d
	}
	units := []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}}
	var parts []string
	for _, u := range units {
		if n := d / u.size; n > 0 || u.size == time.Second && len(parts) == 0 {
			parts = append(parts, l.Int(int64(n))+"\u00a0"+u.name)
		} else if len(parts) > 0 {
			break
		}
		if len(parts) == 2 {
			break
		}
		d %= u.size
	}
	return sign + strings.Join(parts, " ")
}

func decimalsOf(v float64) int {
	for decimals := range 2 {
		if roundTo(v, decimals) == roundTo(v, 2) {
			return decimals
		}
	}
	return 2
}

// roundTo rounds half away from zero and never returns negative zero.
func roundTo(v float64, decimals int) float64 {
	p := math.Pow10(decimals)
	r := math.Round(v*p) / p
	if r == 0 {
		return 0
	}
	return r
}

func trueMinus(s string) string { return strings.ReplaceAll(s, "-", "−") }
