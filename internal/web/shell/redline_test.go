package shell

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestDiffShowsWords(t *testing.T) {
	cases := []struct{ before, after, want string }{
		{"", "", ""},
		{"igual", "igual", "igual"},
		{"", "nuevo", "{+nuevo+}"},
		{"viejo", "", "[-viejo-]"},
		{"100 cargamentos al mes", "1,250 cargamentos al mes", "[-100-]{+1,250+} cargamentos al mes"},
		{"en enero de 2026.", "en marzo de 2026.", "en [-enero-]{+marzo+} de 2026."},
		{"fin", "fin.", "fin{+.+}"},
		{"la acción", "la acciones", "la [-acción-]{+acciones+}"},
	}
	for _, c := range cases {
		var out strings.Builder
		for _, s := range Diff(c.before, c.after) {
			switch s.Op {
			case Removed:
				out.WriteString("[-" + s.Text + "-]")
			case Added:
				out.WriteString("{+" + s.Text + "+}")
			default:
				out.WriteString(s.Text)
			}
		}
		if out.String() != c.want {
			t.Errorf("%q → %q: %s, want %s", c.before, c.after, out.String(), c.want)
		}
	}
}

// FuzzDiff: whatever the texts, the spans give both back.
func FuzzDiff(f *testing.F) {
	f.Add("La parte inspeccionará 100 cargamentos.", "La parte inspeccionará 1,250 cargamentos al mes.")
	f.Add("", " \n\t")
	f.Add("e\u0301 😀 a", "😀😀\x00")
	f.Fuzz(func(t *testing.T, before, after string) {
		if !utf8.ValidString(before) || !utf8.ValidString(after) || len(before)+len(after) > 4000 {
			return
		}
		var a, b strings.Builder
		for _, s := range Diff(before, after) {
			if s.Op != Added {
				a.WriteString(s.Text)
			}
			if s.Op != Removed {
				b.WriteString(s.Text)
			}
		}
		if a.String() != before || b.String() != after {
			t.Errorf("spans give %q and %q, not %q and %q", a.String(), b.String(), before, after)
		}
	})
}
