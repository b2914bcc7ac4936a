package bundle

import (
	"strings"
	"testing"

	"entente"
)

func TestPlainDecimals(t *testing.T) {
	for _, good := range []string{"0", "-1", "10000", "0.50", "-92.5"} {
		if _, err := parseDecimal(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", "-", "1/2", "1e3", "0x10", "1,000", ".5", "5.", "--1", " 1", "+1", strings.Repeat("9", 61)} {
		if r, err := parseDecimal(bad); err == nil {
			t.Errorf("%q was read as %v", bad, r)
		}
	}
}

func TestPointers(t *testing.T) {
	body := []byte(`{"a":[{"b/c":"1"},2],"~":3}`)
	for pointer, want := range map[string]string{"/a/0/b~1c": "1", "/a/1": "2", "/~0": "3"} {
		v, err := pointed(body, pointer)
		if err != nil {
			t.Errorf("%s: %v", pointer, err)
			continue
		}
		if got := strings.Trim(strings.TrimSpace(toText(v)), `"`); got != want {
			t.Errorf("%s: %s, want %s", pointer, got, want)
		}
	}
	for _, bad := range []string{"", "a", "/a/2", "/a/-1", "/a/00", "/x", "/a/0/b~1c/d"} {
		if v, err := pointed(body, bad); err == nil {
			t.Errorf("%q points to %v", bad, v)
		}
	}
}

func toText(v any) string {
	b, _ := encodeJSON(v)
	return string(b)
}

func TestSum(t *testing.T) {
	series := []byte("period,drug,value,status\n2025-01,fentanyl,10,\n2025-01,meth,5.5,\n2025-02,meth,1,provisional\n2025-03,meth,,suppressed\n")
	cases := []struct {
		w    Window
		want string
	}{
		{Window{From: "2025-01", To: "2025-01"}, "15.5"},
		{Window{From: "2025-01", To: "2025-02", Where: map[string]string{"drug": "fentanyl"}}, "10"},
		{Window{From: "2025-02", To: "2025-02", Where: map[string]string{"drug": "fentanyl"}}, "0"},
		{Window{From: "2025-03", To: "2025-03"}, "no value"},
		{Window{From: "2026-01", To: "2026-01"}, "from 2025-01 to 2025-03"},
		{Window{From: "2025-01", To: "2025-01", Where: map[string]string{"state": "x"}}, "no dimension"},
	}
	d := entente.DigestOf(series)
	ev := &evidence{series: map[entente.Digest][]byte{d: series}}
	for _, c := range cases {
		c.w.Series = d
		got, err := ev.sum(c.w)
		var said string
		if err != nil {
			said = err.Error()
		} else {
			said = showRat(got)
		}
		if !strings.Contains(said, c.want) {
			t.Errorf("%v: %s, want %s", c.w, said, c.want)
		}
	}
}

func FuzzReadModel(f *testing.F) {
	f.Add([]byte(`{"figures":[{"id":"a","value":"1","basis":"counted","entries":[{"log":"x","index":0,"leaf":"` + strings.Repeat("0", 64) + `"}]}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := readModel(raw)
		if err != nil {
			return
		}
		for _, fig := range m.Figures {
			if len(distinctRefs(fig.Entries)) > 0 && len(m.refs) == 0 {
				t.Error("a figure's entries are not among the model's references")
			}
		}
	})
}
