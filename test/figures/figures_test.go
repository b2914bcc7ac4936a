// Package figures holds the whole way from the published files of the programme
// to its figures: files, recipes, control totals, vintages and the assessment of
// claims.
package figures

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"sync"
	"testing"

	"gopkg.in/yaml.v3"

	"entente/internal/series"
	"entente/internal/tabular"
	"entente/programmes"
)

const programme = "mx-us-2025"

// world is everything the programme's files hold, imported once.
type world struct {
	indicators map[string]*series.Indicator
	datasets   []series.Dataset
	checks     []series.Check
	codelists  []series.Codelist
	results    map[string]map[string]tabular.Result // dataset → indicator
}

var load = sync.OnceValues(func() (*world, error) {
	w := &world{indicators: map[string]*series.Indicator{}, results: map[string]map[string]tabular.Result{}}
	sheets, err := fs.Glob(programmes.Files, path.Join(programme, "indicators", "*.yaml"))
	if err != nil {
		return nil, err
	}
	for _, name := range sheets {
		in := &series.Indicator{}
		if err := decode(name, in); err != nil {
			return nil, err
		}
		w.indicators[in.ID] = in
	}
	for name, into := range map[string]any{"datasets.yaml": &w.datasets, "checks.yaml": &w.checks, "codelists.yaml": &w.codelists} {
		if err := decode(path.Join(programme, name), into); err != nil {
			return nil, err
		}
	}
	for _, d := range w.datasets {
		if w.results[d.ID], err = importAll(w, d); err != nil {
			return nil, fmt.Errorf("%s: %w", d.ID, err)
		}
	}
	return w, nil
})

func decode(name string, into any) error {
	b, err := programmes.Files.ReadFile(name)
	if err != nil {
		return err
	}
	dec := yaml.NewDecoder(bytes.NewReader(b))
	dec.KnownFields(true)
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// importAll applies to a file every recipe of its family.
func importAll(w *world, d series.Dataset) (map[string]tabular.Result, error) {
	var ids []string
	var recipes []*series.Recipe
	for id, in := range w.indicators {
		if r, ok := in.Recipe(d.Family); ok {
			ids, recipes = append(ids, id), append(recipes, r)
		}
	}
	b, err := programmes.Files.ReadFile(path.Join(programme, d.File))
	if err != nil {
		return nil, err
	}
	results, err := tabular.ImportAll(bytes.NewReader(b), recipes, tabular.Options{})
	if err != nil {
		return nil, err
	}
	out := map[string]tabular.Result{}
	for i, id := range ids {
		out[id] = results[i]
	}
	return out, nil
}

func world0(t testing.TB) *world {
	t.Helper()
	w, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) lookup(indicator string) (series.Vintages, bool) {
	var vs series.Vintages
	for _, d := range w.datasets {
		if r, ok := w.results[d.ID][indicator]; ok {
			vs = append(vs, series.Vintage{Dataset: d.ID, Released: d.Released, Series: r.Series})
		}
	}
	return vs, len(vs) > 0
}

func TestSheetsAreValid(t *testing.T) {
	w := world0(t)
	for id, in := range w.indicators {
		if err := in.Validate(); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	for _, d := range w.datasets {
		if err := d.Validate(); err != nil {
			t.Error(err)
		}
	}
	for i := range w.checks {
		if err := w.checks[i].Validate(); err != nil {
			t.Error(err)
		}
	}
	if len(w.indicators) < 18 || len(w.datasets) != 9 {
		t.Errorf("%d indicators and %d datasets", len(w.indicators), len(w.datasets))
	}
}

func TestFilesAreWhatTheRecordSays(t *testing.T) {
	for _, d := range world0(t).datasets {
		b, err := programmes.Files.ReadFile(path.Join(programme, d.File))
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != d.SHA256 || int64(len(b)) != d.Bytes {
			t.Errorf("%s: %d bytes, digest %x", d.ID, len(b), sum)
		}
	}
}

func TestImportLosesNoRow(t *testing.T) {
	w := world0(t)
	for _, d := range w.datasets {
		if len(w.results[d.ID]) == 0 {
			t.Errorf("%s: no indicator uses it", d.ID)
		}
		for id, r := range w.results[d.ID] {
			if r.Rows != d.Rows || r.Unreadable != 0 || len(r.Findings) != 0 || r.Used+r.Filtered != r.Rows {
				t.Errorf("%s, %s: %d rows of %d, %d used, %d filtered, %d unreadable: %v", d.ID, id, r.Rows, d.Rows, r.Used, r.Filtered, r.Unreadable, r.Findings)
			}
			if got := r.Series.Coverage(); got.From < d.Period.From || got.To != d.Period.To && id != "us-border-patrol-southwest" {
				t.Errorf("%s, %s: covers %s, the file %s", d.ID, id, got, d.Period)
			}
		}
	}
}

func TestControlTotals(t *testing.T) {
	w := world0(t)
	n := 0
	for _, d := range w.datasets {
		for _, c := range d.Controls {
			r, ok := w.results[d.ID][c.Indicator]
			if !ok {
				t.Errorf("%s: control of %s, which is not computed from it", d.ID, c.Indicator)
				continue
			}
			if err := c.Check(r.Series); err != nil {
				t.Errorf("%s: %v", d.ID, err)
			}
			n++
		}
	}
	if n < 35 {
		t.Errorf("only %d control totals", n)
	}
}

func TestLargestMonthNationwide(t *testing.T) {
	w := world0(t)
	line, err := w.results["cbp-nationwide-encounters-state-2025-09"]["us-encounters-nationwide"].Series.Line(nil)
	if err != nil {
		t.Fatal(err)
	}
	if m, v, ok := line.Peak(series.Window{}); !ok || m.String() != "2023-12" || v.String() != "370883" {
		t.Errorf("peak %s %s", m, v)
	}
}

func TestEverythingIsNamed(t *testing.T) {
	w := world0(t)
	named := map[string]map[string]bool{}
	for _, l := range w.codelists {
		named[l.Dim] = map[string]bool{}
		if l.Title.ES == "" || l.Title.EN == "" {
			t.Errorf("codelist %s has no title in one language", l.Dim)
		}
		for code, text := range l.Codes {
			named[l.Dim][code] = text.ES != "" && text.EN != ""
		}
	}
	for ds, rs := range w.results {
		for id, r := range rs {
			for _, dim := range r.Series.Dims {
				for _, code := range r.Series.Codes(dim) {
					if !named[dim][code] {
						t.Errorf("%s, %s: %s=%s has no name in both languages", ds, id, dim, code)
					}
				}
			}
		}
	}
}
