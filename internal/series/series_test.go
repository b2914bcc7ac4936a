package series

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// parse builds a series from its canonical rows, written in any order.
func parse(t testing.TB, meta Meta, dims string, rows ...string) *Series {
	t.Helper()
	slices.Sort(rows)
	s, err := ReadCSV(strings.NewReader("period,"+dims+"value,status\n"+strings.Join(rows, "\n")+"\n"), meta)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var counts = Meta{Unit: "events", Aggregation: Sum}

func TestCanonicalFormIsStrict(t *testing.T) {
	good := "period,component,value,status\n2025-01,ofo,1.5,\n2025-01,usbp,2,provisional\n2025-02,ofo,,suppressed\n"
	s, err := ReadCSV(strings.NewReader(good), counts)
	if err != nil || csvOf(t, s) != good {
		t.Fatal(err)
	}
	for _, bad := range []string{
		"", "period,value\n", "period,component,value,status\n2025-01,ofo,1\n",
		"period,b,a,value,status\n", "period,a,a,value,status\n", "period,A,value,status\n",
		"period,value,status\n2025-02,1,\n2025-01,1,\n", "period,value,status\n2025-01,1,\n2025-01,1,\n",
		"period,value,status\n2025-01,1.50,\n", "period,value,status\n2025-01,01,\n", "period,value,status\n2025-01,1e3,\n",
		"period,value,status\n2025-01,,\n", "period,value,status\n2025-01,1,suppressed\n", "period,value,status\n2025-01,1,final\n",
		"period,a,value,status\n2025-01,a b,1,\n", "period,value,status\n2025-1,1,\n",
	} {
		if _, err := ReadCSV(strings.NewReader(bad), counts); err == nil {
			t.Errorf("accepted %q", bad)
		}
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add("period,component,value,status\n2025-01,ofo,1.5,\n2025-01,usbp,2,provisional\n2025-02,ofo,,suppressed\n")
	f.Add("period,value,status\n2025-01,0,\n")
	f.Fuzz(func(t *testing.T, in string) {
		s, err := ReadCSV(strings.NewReader(in), counts)
		if err != nil {
			return
		}
		var b strings.Builder
		if err := s.WriteCSV(&b); err != nil {
			t.Fatal(err)
		}
		again, err := ReadCSV(strings.NewReader(b.String()), counts)
		if err != nil || again.Digest() != s.Digest() {
			t.Fatalf("%q: %v", b.String(), err)
		}
		if _, err := s.Line(nil); err != nil {
			t.Fatal(err)
		}
	})
}

func TestDigestDoesNotDependOnRowOrder(t *testing.T) {
	rows := [][]string{
		{"2025", "OCT", "Southwest Border", "Fentanyl", "A", "0.1"}, {"2025", "OCT", "Southwest Border", "Fentanyl", "A", "0.2"},
		{"2025", "NOV", "Northern Border", "Fentanyl", "B", "3"}, {"2024", "NOV", "Northern Border", "Fentanyl", "A", "4"},
	}
	first, _ := read(t, fiscalRecipe(), fiscalHeader, rows...)
	slices.Reverse(rows)
	second, _ := read(t, fiscalRecipe(), fiscalHeader, rows...)
	if first.Digest() != second.Digest() {
		t.Error("the order of rows changes the digest")
	}
	if first.Obs[len(first.Obs)-1].Value.IsZero() || first.Digest().IsZero() {
		t.Error("empty")
	}
}

func TestLinesAddUp(t *testing.T) {
	s := parse(t, counts, "component,geography,", "2025-01,ofo,north,1,", "2025-01,usbp,south,2,", "2025-02,ofo,south,4,", "2025-04,usbp,north,8,")
	for _, c := range []struct {
		where Where
		month string
		want  string
	}{
		{nil, "2025-01", "3"}, {Where{"component": All}, "2025-01", "3"}, {Where{"component": "usbp"}, "2025-01", "2"},
		{Where{"component": "usbp"}, "2025-02", "0"}, {Where{"component": "usbp", "geography": "north"}, "2025-04", "8"},
	} {
		l, err := s.Line(c.where)
		if err != nil {
			t.Fatal(err)
		}
		if p, ok := l.At(month(t, c.month)); !ok || p.Value.String() != c.want {
			t.Errorf("%v in %s: %v %v", c.where, c.month, p, ok)
		}
		if _, ok := l.At(month(t, "2025-03")); ok {
			t.Errorf("%v: a month that the series does not cover is zero", c.where)
		}
	}
	for _, bad := range []Where{{"state": "US-CA"}, {"component": "amo"}} {
		if _, err := s.Line(bad); err == nil {
			t.Errorf("%v was accepted", bad)
		}
		if _, err := s.By("geography", bad); err == nil {
			t.Errorf("by, %v was accepted", bad)
		}
	}
	if _, err := s.By("state", nil); err == nil {
		t.Error("by an unknown dimension")
	}
}

// genSeries draws a small series of sums.
func genSeries(t *rapid.T, name string) *Series {
	rows := rapid.MapOf(rapid.Custom(func(t *rapid.T) string {
		return fmt.Sprintf("2025-%02d,%s,%s", rapid.IntRange(1, 12).Draw(t, "m"), rapid.SampledFrom([]string{"ofo", "usbp"}).Draw(t, "c"), rapid.SampledFrom([]string{"n", "s"}).Draw(t, "g"))
	}), rapid.IntRange(0, 1000)).Filter(func(m map[string]int) bool { return len(m) > 0 }).Draw(t, name)
	var lines []string
	for k, v := range rows {
		lines = append(lines, fmt.Sprintf("%s,%d,", k, v))
	}
	slices.Sort(lines)
	s, err := ReadCSV(strings.NewReader("period,component,geography,value,status\n"+strings.Join(lines, "\n")+"\n"), counts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPartsAddUpToTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := genSeries(t, "series")
		whole, err := s.Line(nil)
		if err != nil {
			t.Fatal(err)
		}
		w := s.Coverage()
		for _, dim := range s.Dims {
			parts, err := s.By(dim, nil)
			if err != nil {
				t.Fatal(err)
			}
			sum := Decimal{}
			for _, l := range parts {
				if m := l.Measure(Total, w); m.Value.Valid() {
					sum = sum.Add(m.Value.Places(0))
				}
			}
			if got := whole.Measure(Total, w).Value.Places(0); !got.Equal(sum) {
				t.Fatalf("by %s: %s, not %s", dim, sum, got)
			}
		}
	})
}

func TestDiff(t *testing.T) {
	old := parse(t, counts, "component,", "2024-12,ofo,9,", "2025-01,ofo,1,", "2025-01,usbp,2,", "2025-02,ofo,3,", "2025-02,usbp,4,")
	next := parse(t, counts, "component,", "2025-01,ofo,1,", "2025-01,usbp,5,", "2025-02,ofo,3,provisional", "2025-03,ofo,6,")
	d, err := Diff(old, next)
	if err != nil || d.New != 1 || d.Revised != 2 || d.Unchanged != 1 || d.Withdrawn != 1 || d.NotRestated != 1 || len(d.Differences) != 4 {
		t.Fatalf("%+v %v", d, err)
	}
	if r := d.Differences[0]; r.Change != Revised || r.Old.Value.String() != "2" || r.New.Value.String() != "5" || r.Period.String() != "2025-01" {
		t.Errorf("%+v", r)
	}
	if d, err := Diff(nil, next); err != nil || d.New != 4 || len(d.Differences) != 4 {
		t.Errorf("%+v %v", d, err)
	}
	if _, err := Diff(parse(t, counts, "", "2025-01,1,"), next); err == nil {
		t.Error("unlike dimensions were compared")
	}
}

func TestVintages(t *testing.T) {
	closed := Vintage{"fy19-22", "2022-11", parse(t, counts, "component,", "2022-08,ofo,1,", "2022-09,ofo,2,", "2022-09,usbp,3,")}
	august := Vintage{"aug", "2025-09", parse(t, counts, "component,", "2022-10,ofo,10,", "2025-08,ofo,20,", "2025-08,usbp,30,")}
	november := Vintage{"nov", "2025-12-16", parse(t, counts, "component,", "2025-08,ofo,21,", "2025-11,ofo,40,")}
	all := Vintages{august, november, closed}
	for _, c := range []struct {
		asOf string
		aug  string
		from int
	}{{"2022-11-29", "", 0}, {"2022-11", "", 1}, {"2025-09-29", "", 1}, {"2025-09", "50", 2}, {"2025-12-15", "50", 2}, {"2025-12-16", "21", 3}, {"", "21", 3}} {
		v, err := all.AsOf(entDate(c.asOf))
		if err != nil {
			t.Fatal(err)
		}
		if c.from == 0 {
			if v != nil {
				t.Errorf("as of %s something was known", c.asOf)
			}
			continue
		}
		l, err := v.Line(nil)
		if err != nil {
			t.Fatal(err)
		}
		p, ok := l.At(month(t, "2025-08"))
		if ok != (c.aug != "") || ok && p.Value.String() != c.aug {
			t.Errorf("as of %q: August 2025 is %v %v", c.asOf, p, ok)
		}
		if s, ok := l.At(month(t, "2022-09")); !ok || s.Value.String() != "5" {
			t.Errorf("as of %q: the closed file is lost", c.asOf)
		}
		used := map[string]bool{}
		for _, s := range v.Stretches {
			used[s.Dataset] = true
		}
		if len(used) != c.from {
			t.Errorf("as of %q: %v", c.asOf, v.Stretches)
		}
	}
	v, _ := all.AsOf("")
	want := []string{"2022-08..2022-09 fy19-22", "2022-10 aug", "2025-08 nov", "2025-11 nov"}
	var got []string
	for _, s := range v.Stretches {
		got = append(got, s.Window.String()+" "+s.Dataset)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	if from := v.From(window(t, "2022-09..2022-10"), window(t, "2022-08")); len(from) != 2 || from[0].Dataset != "fy19-22" {
		t.Errorf("%v", from)
	}
	if _, err := append(all, Vintage{"x", "2026-01", parse(t, counts, "", "2025-01,1,")}).AsOf(""); err == nil {
		t.Error("unlike vintages were put together")
	}
}

// However releases overlap, every month's observations come from one of them.
func TestVintagesNeverDoubleCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var vs Vintages
		for i := range rapid.IntRange(1, 4).Draw(t, "n") {
			vs = append(vs, Vintage{fmt.Sprint("d", i), entDate(fmt.Sprintf("2026-%02d", rapid.IntRange(1, 3).Draw(t, "released"))), genSeries(t, "s")})
		}
		v, err := vs.AsOf("")
		if err != nil {
			t.Fatal(err)
		}
		for i := 1; i < len(v.Obs); i++ {
			if compareObs(v.Obs[i-1], v.Obs[i]) >= 0 {
				t.Fatalf("%v twice or out of order", v.Obs[i])
			}
		}
		merged, _ := v.Line(nil)
		for _, s := range v.Stretches {
			src := vs[slices.IndexFunc(vs, func(c Vintage) bool { return c.Dataset == s.Dataset })]
			alone, _ := src.Series.Line(nil)
			for m := s.Window.From; m <= s.Window.To; m++ {
				a, _ := alone.At(m)
				b, _ := merged.At(m)
				if !a.Value.Equal(b.Value) {
					t.Fatalf("%s: %s in the view, %s in %s", m, b.Value, a.Value, s.Dataset)
				}
			}
		}
	})
}
