package locale

import "testing"

func TestHolds(t *testing.T) {
	for _, c := range []struct {
		words string
		texts []string
		want  bool
	}{
		{"trafico", []string{"Tráfico de armas"}, true},
		{"TRÁFICO armas", []string{"Trafico", "de armas"}, true},
		{"pena nino", []string{"Peña", "niño"}, true},
		{"tra\u0301fico", []string{"tráfico"}, true},
		{"", []string{"x"}, true},
		{"  ", nil, true},
		{"drogas", []string{"Tráfico de armas"}, false},
		{"armas drogas", []string{"armas", "droga"}, false},
	} {
		if got := Holds(c.words, c.texts...); got != c.want {
			t.Errorf("%q in %q: %v", c.words, c.texts, got)
		}
	}
}
