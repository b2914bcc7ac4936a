package tabular

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"

	"entente/internal/series"
)

func recipe(change ...func(*series.Recipe)) *series.Recipe {
	r := &series.Recipe{
		Family: "test",
		Columns: []series.Column{{Name: "year", Headers: []string{"Fiscal Year", "AÑO"}}, {Name: "month", Headers: []string{"Month"}},
			{Name: "state", Headers: []string{"State"}}, {Name: "count", Headers: []string{"Count"}}},
		Period:      series.PeriodRule{Form: series.FiscalMonth, Year: "year", Month: "month"},
		Value:       series.ValueRule{Column: "count", Kind: series.Count, Thousands: ",", Blank: series.BlankError},
		Dims:        []series.DimRule{{Name: "state", Column: "state", Codes: series.Slug}},
		Aggregation: series.Sum, Unit: "events",
	}
	for _, c := range change {
		c(r)
	}
	return r
}

func encoding(name string) func(*series.Recipe) {
	return func(r *series.Recipe) { r.Format.Encoding = name }
}

const good = "Fiscal Year,Month,State,Count,Note\n2025,OCT,México,\"1,200\",x\n2025 (FYTD),NOV,\"Nuevo León, N.L.\",3,y\n"

const canonical = "period,state,value,status\n2024-10,mexico,1200,\n2024-11,nuevo-leon-n-l,3,\n"

func csvOf(t testing.TB, s *series.Series) string {
	t.Helper()
	var b strings.Builder
	if err := s.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func latin1(t testing.TB, s string) string {
	t.Helper()
	out, err := charmap.ISO8859_1.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEncodingsGiveTheSameSeries(t *testing.T) {
	crlf := strings.ReplaceAll(good, "\n", "\r\n")
	spanish := strings.Replace(good, "Fiscal Year", "AÑO", 1)
	for name, c := range map[string]struct {
		file   string
		recipe *series.Recipe
	}{
		"utf-8":                    {good, recipe()},
		"byte order mark":          {"\ufeff" + crlf, recipe()},
		"crlf":                     {crlf, recipe(encoding("utf-8"))},
		"latin 1":                  {latin1(t, spanish), recipe(encoding("iso-8859-1"))},
		"windows 1252":             {latin1(t, crlf), recipe(encoding("windows-1252"))},
		"latin 1, saved as utf-8":  {spanish, recipe(encoding("iso-8859-1"))},
		"latin 1, saved with mark": {"\ufeff" + good, recipe(encoding("iso-8859-1"))},
	} {
		res, err := Import(strings.NewReader(c.file), c.recipe, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := csvOf(t, res.Series); got != canonical || res.Rows != 2 || res.Used != 2 || len(res.Findings) != 0 {
			t.Errorf("%s: %s%+v", name, got, res)
		}
		if res.Columns[4] != (Column{"Note", ""}) || res.Columns[3] != (Column{"Count", "count"}) || res.Columns[0].Name != "year" {
			t.Errorf("%s: %v", name, res.Columns)
		}
	}
}

func workbook(t testing.TB, sheets map[string][][]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	for name, rows := range sheets {
		if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			if err := f.SetSheetRow(name, fmt.Sprintf("A%d", i+1), &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, ok := sheets["Sheet1"]; !ok {
		if err := f.DeleteSheet("Sheet1"); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var sheetRows = [][]any{{"Fiscal\nYear", "Month", "State", "Count", "Note"}, {2025, "OCT", "México", 1200.0}, nil, {"2025 (FYTD)", "NOV", "Nuevo León, N.L.", 3, "y"}}

func TestWorkbook(t *testing.T) {
	two := workbook(t, map[string][][]any{"Read me": {{"Notes"}}, "Monthly Rgn": sheetRows})
	onSheet := func(r *series.Recipe) { r.Format.Sheet = "monthly  rgn" }
	res, err := Import(bytes.NewReader(two), recipe(onSheet), Options{})
	if err != nil || csvOf(t, res.Series) != canonical || res.Rows != 2 {
		t.Fatalf("%v %+v", err, res)
	}
	one := workbook(t, map[string][][]any{"Any": sheetRows})
	if res, err := Import(bytes.NewReader(one), recipe(), Options{}); err != nil || csvOf(t, res.Series) != canonical {
		t.Errorf("the only sheet: %v", err)
	}
	for _, r := range []*series.Recipe{recipe(), recipe(func(r *series.Recipe) { r.Format.Sheet = "Quarterly" })} {
		if _, err := Import(bytes.NewReader(two), r, Options{}); !errors.Is(err, ErrSheet) || !strings.Contains(err.Error(), `"Monthly Rgn"`) {
			t.Errorf("sheet %q: %v", r.Format.Sheet, err)
		}
	}
	wrong := func(r *series.Recipe) { r.Format.Sheet = "Read me" }
	var missing *series.MissingColumnsError
	if _, err := Import(bytes.NewReader(two), recipe(wrong), Options{}); !errors.As(err, &missing) {
		t.Errorf("a sheet of notes: %v", err)
	}
	if _, err := Import(bytes.NewReader(two[:len(two)/2]), recipe(onSheet), Options{}); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "download it again") {
		t.Errorf("half a workbook: %v", err)
	}
}

func TestFilesThatAreNotWhatTheyClaim(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		want error
		say  string
	}{
		"empty":           {"", ErrEmpty, "download it again"},
		"white space":     {" \r\n\n", ErrEmpty, ""},
		"only a mark":     {"\ufeff", ErrEmpty, ""},
		"header alone":    {"Fiscal Year,Month,State,Count\n", ErrEmpty, "no rows"},
		"error page":      {"\n<!DOCTYPE html><html><head><title>403</title>", ErrHTML, "error page"},
		"error document":  {"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", ErrHTML, ""},
		"utf-16":          {"\xff\xfeF\x00i\x00", ErrEncoding, "UTF-16"},
		"latin 1 as utf8": {latin1(t, good), ErrEncoding, "line 2"},
		"binary":          {"Fiscal Year\x00\x01", ErrFormat, "binary"},
		"pdf":             {"%PDF-1.7", ErrFormat, "PDF"},
		"gzip":            {"\x1f\x8b\x08", ErrFormat, "compressed"},
		"old excel":       {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ErrFormat, ".xlsx"},
		"cut in a row":    {good[:len(good)-5], ErrTruncated, "row 3, the last, has 3 of 5 columns"},
		"cut in a quote":  {good[:strings.Index(good, "Nuevo")+4], ErrTruncated, "quoted cell that starts on line 3"},
		"stray quote":     {strings.Replace(good, "3,y", "3,\"y\"z", 1) + "2025,NOV,A,1,z\n", ErrFormat, "line 3"},
		"missing quote":   {strings.Replace(good, "OCT", "\"OCT", 1), ErrFormat, "line"},
		"no such cell":    {"Fiscal Year,Month,State,Count\n2025,OCT,A,\"" + strings.Repeat("9", maxCell+1) + "\"\n", ErrFormat, "quotation mark"},
		"nothing to read": {"Fiscal Year,Month,State,Count\n2025,OCT,A,x\n", series.ErrNoObservations, `row 2, column "Count"`},
		"wide":            {strings.Repeat("a,", maxColumns) + "a\n", ErrFormat, "columns"},
	} {
		res, err := Import(strings.NewReader(c.file), recipe(), Options{})
		if !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.say) || res.Series != nil || res.Rows != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnreadableRowsAreListed(t *testing.T) {
	file := "Fiscal Year,Month,State,Count\n2025,OCT,A,1\n2025,OCT,A\n2025,Octember,A,1\n2025,OCT,A,one\n2025,OCT,A,2\n"
	res, err := Import(strings.NewReader(file), recipe(), Options{MaxFindings: 2})
	if err != nil {
		t.Fatal(err)
	}
	want := []Finding{{Row: 3, Code: series.WrongFieldCount, Value: "3"}, {Row: 4, Column: "Month", Code: series.BadPeriod, Value: "Octember"}}
	if !reflect.DeepEqual(res.Findings, want) || res.Unlisted != 1 || res.Rows != 5 || res.Used != 2 || res.Unreadable != 3 {
		t.Errorf("%+v", res)
	}
	p, err := Compare(nil, res)
	if err != nil || p.New != 1 || p.Unreadable != 3 || len(p.Findings) != 2 || p.Unlisted != 1 {
		t.Errorf("%+v %v", p, err)
	}
}

// Row numbers are lines of the file, also where a cell holds a line break or a
// line is blank.
func TestRowNumbersAreLines(t *testing.T) {
	file := "Fiscal Year,Month,State,Count\n2025,OCT,\"A\nB\",1\n\n2025,OCT,A,x\n"
	res, err := Import(strings.NewReader(file), recipe(), Options{})
	if err != nil || len(res.Findings) != 1 || res.Findings[0].Row != 5 {
		t.Errorf("%+v %v", res.Findings, err)
	}
}

func TestNoFinalNewlineIsAFinding(t *testing.T) {
	res, err := Import(strings.NewReader(strings.TrimSuffix(good, "\n")), recipe(), Options{})
	if err != nil || len(res.Findings) != 1 || res.Findings[0].Code != series.NoFinalNewline || res.Unreadable != 0 || csvOf(t, res.Series) != canonical {
		t.Errorf("%+v %v", res, err)
	}
}

func TestPreview(t *testing.T) {
	old, err := Import(strings.NewReader("Fiscal Year,Month,State,Count\n2025,OCT,A,1\n2025,OCT,B,2\n2025,NOV,A,3\n2024,JAN,A,9\n"), recipe(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	next, err := Import(strings.NewReader("Fiscal Year,Month,State,Count\n2025,OCT,A,1\n2025,NOV,A,4\n2025,DEC,A,5\n"), recipe(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compare(old.Series, next)
	if err != nil || p.New != 1 || p.Revised != 1 || p.Unchanged != 1 || p.Withdrawn != 1 || p.NotRestated != 1 || len(p.Differences) != 3 {
		t.Errorf("%+v %v", p, err)
	}
	other, err := Import(strings.NewReader(good), recipe(func(r *series.Recipe) { r.Dims = nil }), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Compare(old.Series, other); err == nil {
		t.Error("series of unlike dimensions were compared")
	}
}

func TestBoundsAndProgress(t *testing.T) {
	var b strings.Builder
	b.WriteString("Fiscal Year,Month,State,Count\n")
	for range 20_000 {
		b.WriteString("2025,OCT,A,1\n")
	}
	file := b.String()
	var seen []int64
	res, err := Import(strings.NewReader(file), recipe(), Options{Progress: func(n int64) { seen = append(seen, n) }})
	if err != nil || res.Rows != 20_000 || res.Series.Obs[0].Value.String() != "20000" {
		t.Fatal(err)
	}
	if len(seen) < 3 || seen[0] <= 0 || seen[len(seen)-1] != int64(len(file)) {
		t.Errorf("progress: %v of %d", seen, len(file))
	}
	if _, err := Import(strings.NewReader(file), recipe(), Options{MaxBytes: 100_000}); !errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), "100000 bytes") {
		t.Error(err)
	}
	if _, err := Import(strings.NewReader(file), recipe(), Options{MaxRows: 10_000}); !errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), "10000 rows") {
		t.Error(err)
	}
	if _, err := Import(bytes.NewReader(workbook(t, map[string][][]any{"A": sheetRows})), recipe(), Options{MaxBytes: 1000}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a workbook: %v", err)
	}
}

func TestImportAllReadsOnce(t *testing.T) {
	onlyMexico := recipe(func(r *series.Recipe) {
		r.Family = "mexico"
		r.Filters = []series.Filter{{Column: "state", In: []string{"MÉXICO"}}}
	})
	results, err := ImportAll(iotest.OneByteReader(strings.NewReader(good)), []*series.Recipe{recipe(), onlyMexico}, Options{})
	if err != nil || len(results) != 2 || csvOf(t, results[0].Series) != canonical {
		t.Fatal(err)
	}
	if r := results[1]; r.Used != 1 || r.Filtered != 1 || len(r.Series.Obs) != 1 {
		t.Errorf("%+v", r)
	}
	if _, err := ImportAll(strings.NewReader(good), []*series.Recipe{recipe(), recipe(encoding("iso-8859-1"))}, Options{}); !errors.Is(err, ErrFormats) {
		t.Error(err)
	}
	if _, err := ImportAll(strings.NewReader(good), nil, Options{}); err == nil {
		t.Error("no recipe")
	}
	if _, err := Import(strings.NewReader(good), &series.Recipe{}, Options{}); err == nil {
		t.Error("an invalid recipe")
	}
}

func TestReadErrorsComeThrough(t *testing.T) {
	broken := errors.New("disk on fire")
	for _, start := range []string{"", good} {
		r := io.MultiReader(strings.NewReader(start), iotest.ErrReader(broken))
		if _, err := Import(r, recipe(), Options{}); !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v", len(start), err)
		}
	}
}

func checkResult(t *testing.T, res Result, err error) {
	t.Helper()
	if err != nil {
		if res.Series != nil {
			t.Fatal("a result beside an error")
		}
		return
	}
	if res.Used+res.Filtered+res.Unreadable != res.Rows || len(res.Series.Obs) == 0 {
		t.Fatalf("%+v", res)
	}
	if _, err := series.ReadCSV(strings.NewReader(csvOf(t, res.Series)), res.Series.Meta); err != nil {
		t.Fatal(err)
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte(good), false)
	f.Add([]byte("\ufeff"+strings.ReplaceAll(good, "\n", "\r\n")), true)
	f.Add([]byte(latin1(f, good)), true)
	f.Add([]byte(good[:len(good)-5]), false)
	f.Add([]byte("<html>"), false)
	f.Fuzz(func(t *testing.T, file []byte, single bool) {
		r := recipe()
		if single {
			r.Format.Encoding = "iso-8859-1"
		}
		res, err := Import(bytes.NewReader(file), r, Options{MaxBytes: 1 << 20, MaxRows: 1000, MaxFindings: 10})
		checkResult(t, res, err)
	})
}

// withSheet is a workbook whose first sheet has the given XML.
func withSheet(t testing.TB, book, sheet []byte) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	for _, f := range in.File {
		if strings.HasPrefix(f.Name, "xl/worksheets/sheet") {
			w, err := out.Create(f.Name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(sheet); err != nil {
				t.Fatal(err)
			}
		} else if err := out.Copy(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func sheetXML(t testing.TB, book []byte) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range in.File {
		if strings.HasPrefix(f.Name, "xl/worksheets/sheet") {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
	}
	t.Fatal("no sheet")
	return nil
}

// FuzzXLSX feeds whole workbooks, and workbooks around a fuzzed sheet: a mutated
// zip seldom passes its checksums.
func FuzzXLSX(f *testing.F) {
	book := workbook(f, map[string][][]any{"A": sheetRows})
	f.Add(book)
	f.Add(sheetXML(f, book))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if !bytes.HasPrefix(file, []byte("PK\x03\x04")) {
			file = withSheet(t, book, file)
		}
		res, err := Import(bytes.NewReader(file), recipe(), Options{MaxBytes: 1 << 20, MaxRows: 1000, MaxFindings: 10})
		checkResult(t, res, err)
	})
}
