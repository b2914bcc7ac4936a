package chart

import (
	"bytes"
	"encoding/xml"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"entente/internal/locale"

	"github.com/a-h/templ"
)

func render(t *testing.T, c templ.Component) string {
	t.Helper()
	var buf bytes.Buffer
	if err := c.Render(t.Context(), &buf); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

// values makes a list; NaN is missing.
func values(list ...float64) []*float64 {
	var out []*float64
	for _, v := range list {
		if math.IsNaN(v) {
			out = append(out, nil)
		} else {
			out = append(out, Value(v))
		}
	}
	return out
}

var gap = math.NaN()

func sampleLine() Line {
	return Line{
		Text:   Text{ID: "enc", Title: "Encuentros & más", Unit: "eventos", CSV: "/es/x.csv"},
		Labels: []string{"abr", "may", "jun", "jul"}, Full: []string{"abril", "mayo", "junio", "julio"},
		Series: []Series{{Name: "2025", Values: values(8383, gap, 6072, 4601)}},
		Band:   &Band{Name: "2022 a 2024", Low: values(100000, 110000, gap, 90000), High: values(200000, 210000, 190000, 180000)},
		Marks:  []Mark{{At: 2, Text: "3 sep"}},
	}
}

func sampleBars() Bars {
	return Bars{Text: Text{ID: "chg", Title: "Cambio", Unit: "%", Decimals: 1}, Labels: []string{"a", "b"},
		Series: []Series{{Name: "MX", Values: values(-12.5, 4)}, {Name: "US", Values: values(gap, 8)}}}
}

func sampleMap(land Land) Map {
	m := Map{Land: land, Text: Text{ID: "map", Title: "Estados", Unit: "eventos"}, Values: map[string]*float64{}}
	codes := []string{"US-TX", "US-AZ", "US-CA", "US-NM", "US-NY"}
	if land == MX {
		codes = []string{"MX-SON", "MX-CHH", "MX-TAM", "MX-COA", "MX-BCN"}
	}
	for i, code := range codes {
		m.Values[code] = Value([]float64{5000, 900, 70, 12, 0}[i])
	}
	return m
}

func TestGoldenCharts(t *testing.T) {
	horizontal := sampleBars()
	horizontal.Horizontal, horizontal.Compact = true, true
	for name, draw := range map[string]func(*locale.Localizer) templ.Component{
		"line": func(l *locale.Localizer) templ.Component { return LineChart(l, sampleLine()) },
		"bars": func(l *locale.Localizer) templ.Component { return BarChart(l, sampleBars()) },
		"rows": func(l *locale.Localizer) templ.Component { return BarChart(l, horizontal) },
		"spark": func(*locale.Localizer) templ.Component {
			return Sparkline(Spark{ID: "s", Title: "x", Values: values(1, gap, 3)})
		},
		"map": func(l *locale.Localizer) templ.Component { return MapChart(l, sampleMap(MX)) },
	} {
		for _, lang := range locale.Langs() {
			t.Run(name+"-"+string(lang), func(t *testing.T) {
				got := render(t, draw(locale.For(lang)))
				if again := render(t, draw(locale.For(lang))); again != got {
					t.Error("the same chart is drawn differently")
				}
				file := filepath.Join("testdata", name+"-"+string(lang)+".html")
				if *update {
					if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if got != string(want) {
					t.Errorf("differs from %s; look at it and run go test ./internal/chart -update", file)
				}
				checkMarkup(t, got)
			})
		}
	}
}

// checkMarkup holds what every chart promises: well formed, named, nothing inline that the content policy forbids, no
// text missing, no coordinate that is not a number.
func checkMarkup(t *testing.T, html string) {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader("<x>" + strings.ReplaceAll(html, " download>", ` download="">`) + "</x>"))
	for {
		if _, err := dec.Token(); err != nil {
			if err.Error() != "EOF" {
				t.Errorf("not well formed: %v", err)
			}
			break
		}
	}
	for _, forbidden := range []string{" style=", "<script", "onclick", "NaN", "Inf", locale.Missing} {
		if strings.Contains(html, forbidden) {
			t.Errorf("contains %q", forbidden)
		}
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(html, -1) {
		if ids[m[1]] {
			t.Errorf("id %s twice", m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`aria-labelledby="([^"]+)"`).FindAllStringSubmatch(html, -1) {
		for _, id := range strings.Fields(m[1]) {
			if !ids[id] {
				t.Errorf("named by %s, which is not there", id)
			}
		}
	}
}

func TestAMissingValueIsAGapAndNeverZero(t *testing.T) {
	l := locale.For(locale.EN)
	p := sampleLine().plots(l)[0]
	if n := strings.Count(p.lines[0].path, "M"); n != 2 {
		t.Errorf("the line has %d runs, want 2: %s", n, p.lines[0].path)
	}
	if len(p.lines[0].dots) != 3 {
		t.Errorf("%d dots for 3 values", len(p.lines[0].dots))
	}
	if n := strings.Count(p.band, "Z"); n != 1 {
		t.Errorf("the band has %d areas, want 1 (a single month is none): %s", n, p.band)
	}
	html := render(t, LineChart(l, sampleLine()))
	if !strings.Contains(html, `<td class="e-num">`+locale.NoFigure+`</td>`) {
		t.Error("the table does not show the gap as a dash")
	}
}

func TestNothingToDrawSaysSo(t *testing.T) {
	l := locale.For(locale.EN)
	for name, c := range map[string]templ.Component{
		"line":   LineChart(l, Line{Text: Text{ID: "x"}, Labels: []string{"a"}, Series: []Series{{Name: "s", Values: values(gap)}}}),
		"bars":   BarChart(l, Bars{Text: Text{ID: "x"}}),
		"NaN":    LineChart(l, Line{Text: Text{ID: "x"}, Labels: []string{"a"}, Series: []Series{{Name: "s", Values: []*float64{Value(math.NaN())}}}}),
		"no map": MapChart(l, Map{Land: US, Text: Text{ID: "x"}}),
	} {
		html := render(t, c)
		if !strings.Contains(html, l.T("chart.nothing")) {
			t.Errorf("%s: %s", name, html)
		}
		checkMarkup(t, strings.ReplaceAll(html, "NaN", ""))
	}
	mixed := sampleLine()
	mixed.Series[0].Values[0], mixed.Series[0].Values[2] = Value(math.NaN()), Value(math.Inf(1))
	checkMarkup(t, render(t, LineChart(l, mixed)))
	if got := render(t, Sparkline(Spark{ID: "s"})); got != "" {
		t.Errorf("an empty sparkline draws %s", got)
	}
}

func TestTheDescriptionSaysTheExtremes(t *testing.T) {
	got := sampleLine().desc(locale.For(locale.ES))
	want := "2025: último valor 4,601 (julio); máximo 8,383 (abril); mínimo 4,601 (julio). Unidad: eventos."
	if got != want {
		t.Errorf("got %s", got)
	}
	if got := sampleMap(US).desc(locale.For(locale.EN)); got != "Map with data for 5 of 51 states. Highest: Texas, 5,000. Lowest: New York, 0." {
		t.Errorf("got %s", got)
	}
}

func TestCSVHasTheFiguresAsTheyAre(t *testing.T) {
	var buf bytes.Buffer
	if err := sampleLine().WriteCSV(&buf, locale.For(locale.EN)); err != nil {
		t.Fatal(err)
	}
	want := "Period,2025,\"2022 a 2024, low\",\"2022 a 2024, high\"\nabril,8383,100000,200000\nmayo,,110000,210000\njunio,6072,,190000\njulio,4601,90000,180000\n"
	if buf.String() != want {
		t.Errorf("got %q", buf.String())
	}
	buf.Reset()
	if err := sampleMap(MX).WriteCSV(&buf, locale.For(locale.ES)); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(buf.String(), "\n"); len(lines) != 34 || lines[0] != "iso_3166_2,Estado,eventos" || !strings.Contains(buf.String(), "MX-SON,Sonora,5000\n") {
		t.Errorf("got %d lines: %s", len(lines), buf.String())
	}
}

func TestScales(t *testing.T) {
	for _, c := range []struct {
		lo, hi   float64
		n        int
		min, max float64
	}{
		{0, 241000, 4, 0, 300000}, {0, 97, 5, 0, 100}, {-79, 20, 5, -80, 20}, {0, 0, 4, 0, 1}, {0, 0.004, 4, 0, 0.004}, {-5, -1, 4, -5, -1},
	} {
		s := newScale(c.lo, c.hi, c.n, 100, 0)
		if math.Abs(s.min-c.min) > 1e-9 || math.Abs(s.max-c.max) > 1e-9 {
			t.Errorf("%v..%v: axis %v..%v, want %v..%v", c.lo, c.hi, s.min, s.max, c.min, c.max)
		}
		ticks := s.ticks()
		if len(ticks) < 2 || len(ticks) > 2*c.n+2 || math.Abs(ticks[len(ticks)-1]-s.max) > 1e-9 {
			t.Errorf("%v..%v: ticks %v", c.lo, c.hi, ticks)
		}
		if s.px(s.min) != 100 || math.Abs(s.px(s.max)) > 1e-9 {
			t.Errorf("%v..%v: pixels %v..%v", c.lo, c.hi, s.px(s.min), s.px(s.max))
		}
	}
}

func TestMapSteps(t *testing.T) {
	m := sampleMap(US)
	l := locale.For(locale.EN)
	classes := map[string]string{}
	for _, s := range m.states(l) {
		classes[s.code] = s.class
	}
	if len(classes) != 51 {
		t.Fatalf("%d states", len(classes))
	}
	for code, want := range map[string]string{"US-TX": "c-q5", "US-NM": "c-q1", "US-NY": "c-q0", "US-OH": "c-missing"} {
		if classes[code] != want {
			t.Errorf("%s is %s, want %s", code, classes[code], want)
		}
	}
	bounds := m.bounds()
	for i, b := range bounds {
		if i > 0 && b <= bounds[i-1] {
			t.Errorf("bounds do not rise: %v", bounds)
		}
	}
	if bounds[len(bounds)-1] < 5000 {
		t.Errorf("the greatest value is beyond the last step: %v", bounds)
	}
	legend := m.legend(l)
	if legend[0].class != "c-q0" || legend[len(legend)-1].text != l.T("chart.missing") {
		t.Errorf("legend %v", legend)
	}
	even := Map{Land: MX, Values: map[string]*float64{"MX-SON": Value(100), "MX-BCN": Value(20)}}
	if got := even.bounds(); len(got) != 5 || got[0] != 20 || got[4] != 100 {
		t.Errorf("even steps: %v", got)
	}
}

// TestMapsAreSmall keeps a whole map under 60 kB before compression.
func TestMapsAreSmall(t *testing.T) {
	for _, land := range []Land{US, MX} {
		m := sampleMap(land)
		svg := render(t, MapChart(locale.For(locale.ES), m))
		if i := strings.Index(svg, "<details"); i > 60_000 {
			t.Errorf("%s: %d bytes", land, i)
		}
	}
}

func TestAxisLabelsDoNotOverlap(t *testing.T) {
	l := locale.For(locale.ES)
	for _, n := range []int{1, 2, 12, 13, 47, 60, 300} {
		c := Line{Text: Text{ID: "x"}, Series: []Series{{Name: "s"}}}
		for i := range n {
			c.Labels = append(c.Labels, l.MonthShort(2000+i/12, 1))
			c.Series[0].Values = append(c.Series[0].Values, Value(float64(i)))
		}
		for _, p := range c.plots(l) {
			if len(p.labelTicks) == 0 {
				t.Errorf("%d labels: none shown", n)
			}
			if last := p.labelTicks[0]; last.label != c.Labels[n-1] {
				t.Errorf("%d labels: the latest is not shown", n)
			}
			for i := 1; i < len(p.labelTicks); i++ {
				if d := p.labelTicks[i-1].at - p.labelTicks[i].at; d < width(c.Labels[0])*0.9 {
					t.Errorf("%d labels, %s: %v px between two", n, p.class, d)
				}
			}
		}
	}
}
