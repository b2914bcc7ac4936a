package locale

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestFormsOfNumbersDatesAndLists(t *testing.T) {
	es, en := For(ES), For(EN)
	day := time.Date(2025, time.September, 3, 14, 5, 0, 0, time.UTC)
	cases := []struct{ name, got, want string }{
		{"int es", es.Int(10000), "10,000"},
		{"int en", en.Int(-1234567), "−1,234,567"},
		{"number es", es.Number(10000.5, 1), "10,000.5"},
		{"number half away from zero", en.Number(-92.55, 1), "−92.6"},
		{"number keeps decimals", en.Number(2, 2), "2.00"},
		{"no negative zero", en.Number(-0.04, 1), "0.0"},
		{"figure whole", es.Figure(4596), "4,596"},
		{"figure one", es.Figure(0.5), "0.5"},
		{"figure two", es.Figure(1.256), "1.26"},
		{"percent es", es.Percent(-92.5, 1), "−92.5\u00a0%"},
		{"percent en", en.Percent(-93, 0), "−93%"},
		{"change up", en.Change(4, 1), "+4.0%"},
		{"change to nothing", en.Change(0.01, 1), "0.0%"},
		{"bytes", en.Bytes(635394), "635\u00a0kB"},
		{"bytes MB", es.Bytes(1234567), "1.2\u00a0MB"},
		{"quantity", es.Quantity(4596, "events"), "4,596\u00a0eventos"},
		{"quantity of one", en.Quantity(1, "firearms"), "1\u00a0firearm"},
		{"quantity percent", es.Quantity(-93, "%"), "−93\u00a0%"},
		{"quantity unknown unit", en.Quantity(12.5, "kg"), "12.5\u00a0kg"},
		{"party", es.Party("US"), "Estados Unidos"},
		{"party en", en.Party("MX"), "Mexico"},
		{"party by design", es.Party("CA"), "Canadá"},
		{"no party", es.Party("demo"), "demo"},
		{"state es", es.State("US-NM"), "Nuevo México"},
		{"state en", en.State("MX-CMX"), "Mexico City"},
		{"no state", en.State("US-ZZ"), "US-ZZ"},
		{"date es", es.Date(day), "3 de septiembre de 2025"},
		{"date en", en.Date(day), "September 3, 2025"},
		{"first of the month", es.DateISO("2026-01-01"), "1.º de enero de 2026"},
		{"month", es.DateISO("2025-08"), "agosto de 2025"},
		{"year", en.DateISO("2025"), "2025"},
		{"not a date", en.DateISO("second half of 2025"), "second half of 2025"},
		{"short", en.DateISOShort("2025-09-03"), "Sep 3, 2025"},
		{"short month", es.DateISOShort("2025-09"), "sep 2025"},
		{"moment es", es.Moment(day), "3 de septiembre de 2025, 14:05\u00a0UTC"},
		{"moment en", en.Moment(day), "September 3, 2025, 2:05\u00a0PM\u00a0UTC"},
		{"ago", es.Ago(day, day.AddDate(0, 0, 3)), "hace 3 días"},
		{"ago one", en.Ago(day, day.Add(25*time.Hour)), "1 day ago"},
		{"ahead", es.Ago(day.AddDate(0, 3, 0), day), "dentro de 3 meses"},
		{"now", en.Ago(day, day.Add(10*time.Second)), "just now"},
		{"elapsed", en.Elapsed(3*time.Hour + 20*time.Minute + 5*time.Second), "3\u00a0h 20\u00a0min"},
		{"elapsed nothing", en.Elapsed(0), "0\u00a0s"},
		{"list es", es.List("drogas", "armas", "personas"), "drogas, armas y personas"},
		{"list en", en.List("a", "b", "c"), "a, b, and c"},
		{"list of two", en.List("a", "b"), "a and b"},
		{"spanish e", es.List("México", "Irlanda"), "México e Irlanda"},
		{"spanish y before hie", es.List("agua", "hielo"), "agua y hielo"},
	}
	for _, c := range cases {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestWhatCannotBeSaidIsVisible(t *testing.T) {
	for _, lang := range Langs() {
		l := For(lang)
		for name, got := range map[string]string{
			"unknown id":           l.T("no.such.id"),
			"unknown plural":       l.N("no.such.id", 2),
			"odd arguments":        l.T("ago.now", "Only"),
			"name that is no text": l.T("ago.now", 1, 2),
			"placeholder missing":  l.T("ago.past.days"),
		} {
			if !strings.HasPrefix(got, Missing) {
				t.Errorf("%s, %s: %q does not show that it is missing", lang, name, got)
			}
		}
	}
}

func TestMillionsFallBackToTheOrdinaryPlural(t *testing.T) {
	if got := For(ES).N("ago.past.days", 1000000); got != "hace 1,000,000 días" {
		t.Errorf("got %q", got)
	}
}

func TestLanguageChoice(t *testing.T) {
	for header, want := range map[string]Lang{
		"": ES, "en-GB,en;q=0.9": EN, "es-AR": ES, "fr-FR": ES, "de, en;q=0.5": EN, "not a header;;;": ES,
	} {
		if got := Match(header); got != want {
			t.Errorf("Match(%q) = %s, want %s", header, got, want)
		}
	}
	if _, ok := Parse("fr"); ok {
		t.Error("Parse accepts a language that has no pages")
	}
	if For("fr").Lang() != ES {
		t.Error("an unknown language must get Spanish")
	}
}

func TestTextInOneLanguageSaysSo(t *testing.T) {
	l := For(EN)
	if s := l.Pick("hola", "hello"); s.Text != "hello" || s.Only {
		t.Errorf("both: %+v", s)
	}
	if s := l.Pick("hola", ""); s.Text != "hola" || s.Lang != ES || !s.Only {
		t.Errorf("one: %+v", s)
	}
	if s := l.Pick("", ""); s.Text != "" || s.Only {
		t.Errorf("none: %+v", s)
	}
}

func TestSortIgnoresAccents(t *testing.T) {
	items := []string{"Yucatán", "Ámbito", "Zacatecas", "ámbar", "Baja"}
	For(ES).Sort(items)
	if got := strings.Join(items, " "); got != "ámbar Ámbito Baja Yucatán Zacatecas" {
		t.Errorf("got %s", got)
	}
}

func TestBrokenCataloguesAreRefused(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	for name, files := range map[string]fstest.MapFS{
		"no files":    {},
		"not TOML":    {"messages/es/a.toml": file("= nothing")},
		"same id":     {"messages/es/a.toml": file(`x = "uno"`), "messages/es/b.toml": file(`x = "dos"`)},
		"empty text":  {"messages/es/a.toml": file(`x = ""`)},
		"only plural": {"messages/es/a.toml": file("[x]\none = \"uno\"")},
	} {
		if _, err := loadCatalogue(files, ES); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
