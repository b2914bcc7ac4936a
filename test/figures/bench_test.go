package figures

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"path"
	"testing"
	"time"

	"entente/internal/series"
	"entente/internal/tabular"
	"entente/programmes"
)

// BenchmarkImportNationwide imports the 47,100-row nationwide encounters file and
// reports the time as a multiple of reading it with encoding/csv alone, both in
// the same run.
func BenchmarkImportNationwide(b *testing.B) {
	w := world0(b)
	file, err := programmes.Files.ReadFile(path.Join(programme, "data", "nationwide-encounters-fy22-fy25-state.csv"))
	if err != nil {
		b.Fatal(err)
	}
	recipe, ok := w.indicators["us-encounters-nationwide"].Recipe("cbp-nationwide-encounters-state")
	if !ok {
		b.Fatal("no recipe")
	}
	b.SetBytes(int64(len(file)))
	var importing, reading time.Duration
	for b.Loop() {
		start := time.Now()
		rows := readAlone(b, file)
		reading += time.Since(start)
		start = time.Now()
		res, err := tabular.Import(bytes.NewReader(file), recipe, tabular.Options{})
		importing += time.Since(start)
		if err != nil || res.Rows != rows-1 {
			b.Fatal(res.Rows, rows, err)
		}
	}
	b.ReportMetric(float64(importing)/float64(reading), "import/csv")
}

func readAlone(b *testing.B, file []byte) int {
	r := csv.NewReader(bytes.NewReader(file))
	r.ReuseRecord = true
	for n := 0; ; n++ {
		if _, err := r.Read(); errors.Is(err, io.EOF) {
			return n
		} else if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAssessAll assesses every claim of the record.
func BenchmarkAssessAll(b *testing.B) {
	w := world0(b)
	for b.Loop() {
		for i := range w.checks {
			if _, err := series.Assess(&w.checks[i], w.lookup, ""); err != nil {
				b.Fatal(err)
			}
		}
	}
}
