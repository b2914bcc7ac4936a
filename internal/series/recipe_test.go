package series

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// fiscalRecipe is a small recipe with every kind of rule.
func fiscalRecipe() *Recipe {
	return &Recipe{
		Family: "test-drugs",
		Columns: []Column{
			{"year", []string{"Fiscal Year", "FY"}}, {"month", []string{"Month (abbv)", "Month"}},
			{"region", []string{"Region"}}, {"drug", []string{"Drug Type"}}, {"area", []string{"Area"}}, {"weight", []string{"Sum Qty (lbs)"}},
		},
		Filters: []Filter{{Column: "drug", In: []string{"Fentanyl"}}, {Column: "region", NotIn: []string{"Total"}}},
		Period:  PeriodRule{Form: FiscalMonth, Year: "year", Month: "month"},
		Value:   ValueRule{Column: "weight", Kind: Quantity, Unit: Pound, Thousands: ",", Blank: BlankError},
		Dims: []DimRule{
			{Name: "geography", Column: "region", Values: map[string]string{"Southwest Border": "southwest", "Northern Border": "northern"}},
			{Name: "area", Column: "area", Codes: Slug}, {Name: "side", Constant: "us"},
		},
		Aggregation: Sum, Unit: Kilogram,
	}
}

var fiscalHeader = []string{"\ufeffFY", "month", "Region", "Drug\nType", "AREA", "Sum Qty (lbs)"}

func read(t *testing.T, r *Recipe, header []string, rows ...[]string) (*Series, []Finding) {
	t.Helper()
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	var found []Finding
	x, err := r.Bind(header, func(f Finding) { found = append(found, f) })
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		x.Row(i+2, row)
	}
	s, err := x.Series()
	if err != nil {
		t.Fatal(err)
	}
	return s, found
}

func csvOf(t *testing.T, s *Series) string {
	t.Helper()
	var b strings.Builder
	if err := s.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestExtractFiscal(t *testing.T) {
	s, found := read(t, fiscalRecipe(), fiscalHeader,
		[]string{"2025 (FYTD)", "OCT", "Southwest Border", "FENTANYL", "EL PASO FIELD OFFICE", "1,000.5"},
		[]string{"2025", "Oct", "southwest  border", "Fentanyl", "El Paso Field Office", "0.5"},
		[]string{"FY2025", "01 October", "Northern Border", "Fentanyl", "Buffalo Sector", "2"},
		[]string{"2025", "SEP", "Northern Border", "Fentanyl", "Buffalo Sector", "1e1"},
		[]string{"2025", "SEP", "Northern Border", "Cocaine", "?", "not read"},
		[]string{"2025", "SEP", "Total", "Fentanyl", "?", "not read"})
	want := "period,area,geography,side,value,status\n" +
		"2024-10,buffalo-sector,northern,us,0.90718474,\n" +
		"2024-10,el-paso-field-office,southwest,us,454.04596237,\n" +
		"2025-09,buffalo-sector,northern,us,4.5359237,\n"
	if got := csvOf(t, s); got != want || len(found) != 0 {
		t.Errorf("%s%v", got, found)
	}
}

func TestFindings(t *testing.T) {
	good := []string{"2025", "JAN", "Northern Border", "Fentanyl", "X", "1"}
	with := func(i int, v string) []string {
		row := append([]string{}, good...)
		row[i] = v
		return row
	}
	_, found := read(t, fiscalRecipe(), fiscalHeader, good,
		with(0, "25"), with(1, "FOO"), with(1, "02 October"), with(2, "Moon"), with(4, "  "), with(4, "¿?"), with(5, ""), with(5, "1,00"), with(5, "-3"), with(5, "n/a"), good[:4])
	want := []Finding{
		{3, "\ufeffFY", BadPeriod, "25"}, {4, "month", BadPeriod, "FOO"}, {5, "month", BadPeriod, "02 October"}, {6, "Region", UnknownValue, "Moon"},
		{7, "AREA", UnknownValue, "  "}, {8, "AREA", UnknownValue, "¿?"}, {9, "Sum Qty (lbs)", BlankValue, ""}, {10, "Sum Qty (lbs)", BadValue, "1,00"},
		{11, "Sum Qty (lbs)", NegativeValue, "-3"}, {12, "Sum Qty (lbs)", BadValue, "n/a"}, {13, "", WrongFieldCount, "4"},
	}
	if !reflect.DeepEqual(found, want) {
		t.Errorf("%v", found)
	}
}

func TestCounts(t *testing.T) {
	r := fiscalRecipe()
	r.Value.Kind, r.Value.Unit, r.Unit = Count, "", "events"
	s, found := read(t, r, fiscalHeader,
		[]string{"2025", "JAN", "Northern Border", "Fentanyl", "X", "12.0"},
		[]string{"2025", "JAN", "Northern Border", "Fentanyl", "X", "1,234"},
		[]string{"2025", "JAN", "Northern Border", "Fentanyl", "X", "99999999999999999999"},
		[]string{"2025", "JAN", "Northern Border", "Fentanyl", "X", "0.5"})
	if len(found) != 1 || found[0].Code != NotWhole || s.Obs[0].Value.String() != "100000000000000001245" {
		t.Errorf("%v %v", s.Obs, found)
	}
}

func wideRecipe() *Recipe {
	r := &Recipe{
		Family: "test-wide", Columns: []Column{{"year", []string{"AÑO"}}, {"inegi", []string{"INEGI"}}},
		Period: PeriodRule{Form: WideMonths, Year: "year"}, Value: ValueRule{Kind: Count, Blank: BlankSkip},
		Dims:        []DimRule{{Name: "state", Column: "inegi", Codes: MXStates, Blank: "abroad"}},
		Aggregation: Sum, Unit: "case_files",
	}
	for _, m := range strings.Fields("ENERO FEBRERO MARZO ABRIL MAYO JUNIO JULIO AGOSTO SEPTIEMBRE OCTUBRE NOVIEMBRE DICIEMBRE") {
		r.Columns = append(r.Columns, Column{strings.ToLower(m), []string{m}})
		r.Period.Months = append(r.Period.Months, strings.ToLower(m))
	}
	return r
}

func TestExtractWide(t *testing.T) {
	header := strings.Fields("AÑO INEGI ENERO FEBRERO MARZO ABRIL MAYO JUNIO JULIO AGOSTO SEPTIEMBRE OCTUBRE NOVIEMBRE DICIEMBRE")
	s, found := read(t, wideRecipe(), header,
		[]string{"2025", "9", "0", "5", "", "", "", "", "", "", "", "", "", ""},
		[]string{"2025", "09", "1", "x", "", "", "", "", "", "", "", "", "", ""},
		[]string{"2025", "", "2", "3", "", "", "", "", "", "", "", "", "", ""})
	want := "period,state,value,status\n2025-01,MX-CMX,1,\n2025-01,abroad,2,\n2025-02,MX-CMX,5,\n2025-02,abroad,3,\n"
	if got := csvOf(t, s); got != want {
		t.Error(got)
	}
	if len(found) != 1 || found[0] != (Finding{3, "FEBRERO", BadValue, "x"}) {
		t.Error(found)
	}
	if got := s.Coverage().String(); got != "2025-01..2025-02" {
		t.Errorf("blank months became observations: %s", got)
	}
}

func rollingRecipe() *Recipe {
	return &Recipe{
		Family:  "test-rolling",
		Columns: []Column{{"state", []string{"state"}}, {"year", []string{"year"}}, {"month", []string{"month"}}, {"note", []string{"note"}}, {"deaths", []string{"data_value"}}},
		Period:  PeriodRule{Form: CalendarMonth, Year: "year", Month: "month"},
		Value:   ValueRule{Column: "deaths", Kind: Count, Blank: BlankSuppressed},
		Dims:    []DimRule{{Name: "state", Column: "state", Values: map[string]string{"US": "US"}, Codes: USStates, Total: "US"}},
		Status:  &StatusRule{Column: "note", Values: map[string]Status{"*": Provisional}}, Aggregation: Rolling12, Unit: "deaths",
	}
}

func TestExtractRolling(t *testing.T) {
	s, found := read(t, rollingRecipe(), []string{"state", "year", "month", "note", "data_value"},
		[]string{"US", "2025", "January", "**", "100"}, []string{"US", "2025", "2", "*", "90"}, []string{"AK", "2025", "enero", "", ""},
		[]string{"CA", "2025", "JAN", "", "40"}, []string{"CA", "2025", "01", "", "41"})
	want := "period,state,value,status\n2025-01,US,100,\n2025-01,US-AK,,suppressed\n2025-01,US-CA,40,\n2025-02,US,90,provisional\n"
	if got := csvOf(t, s); got != want {
		t.Error(got)
	}
	if len(found) != 1 || found[0].Code != DuplicateCell {
		t.Error(found)
	}
	all, err := s.Line(nil)
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := all.At(month(t, "2025-01")); !ok || p.Value.String() != "100" {
		t.Errorf("the published total and its parts were mixed: %v", p)
	}
	if m := all.Measure(Total, window(t, "2025-01..2025-02")); m.Value.Valid() || m.Warnings[0] != NotAdditive {
		t.Errorf("rolling totals were added: %v", m)
	}
	if m := all.Measure(Total, window(t, "2024-02..2025-01")); m.Value.String() != "100" {
		t.Errorf("the twelve months it covers: %v", m)
	}
	by, err := s.By("state", nil)
	if err != nil || len(by) != 2 || by["US"] != nil {
		t.Errorf("%v %v", by, err)
	}
	if ak := by["US-AK"].Measure(Total, window(t, "2025-01")); ak.Complete() || ak.Warnings[0] != HasSuppressed {
		t.Errorf("suppressed: %v", ak)
	}
	if feb := all.Measure(Total, window(t, "2025-02")); feb.Warnings[0] != HasProvisional {
		t.Errorf("provisional: %v", feb)
	}
}

func TestPeriods(t *testing.T) {
	r := &Recipe{Family: "d", Columns: []Column{{"date", []string{"date"}}, {"n", []string{"n"}}}, Period: PeriodRule{Form: ISODate, Date: "date"},
		Value: ValueRule{Column: "n", Kind: Count, Blank: BlankError}, Aggregation: Sum, Unit: "victims"}
	s, found := read(t, r, []string{"date", "n"}, []string{"2025-06-15", "1"}, []string{"2025-06", "1"}, []string{"2025-06-30T00:00:00", "1"},
		[]string{"2025-06-31", "1"}, []string{"15/06/2025", "1"}, []string{"2025-6-1", "1"}, []string{"2025-06x", "1"}, []string{"1700-01-01", "1"})
	if got := csvOf(t, s); got != "period,value,status\n2025-06,3,\n" || len(found) != 5 {
		t.Errorf("%s %v", got, found)
	}
}

func TestMissingColumns(t *testing.T) {
	_, err := fiscalRecipe().Bind([]string{"FY", "Month", "Drug Type", "Area", "Peso"}, nil)
	var missing *MissingColumnsError
	if !errors.As(err, &missing) || len(missing.Missing) != 2 || missing.Missing[0].Name != "region" {
		t.Fatal(err)
	}
	for _, want := range []string{`"Sum Qty (lbs)"`, `"Region"`, `Found: "FY", "Month"`, "alias"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
	if _, err := fiscalRecipe().Bind(append([]string{"Fiscal Year"}, fiscalHeader...), nil); err == nil || !strings.Contains(err.Error(), "two columns") {
		t.Errorf("two year columns: %v", err)
	}
	if _, err := fiscalRecipe().Bind(append([]string{"fy"}, fiscalHeader...), nil); err == nil || !strings.Contains(err.Error(), "two columns") {
		t.Errorf("the same header twice: %v", err)
	}
}

func TestNoObservations(t *testing.T) {
	x, err := fiscalRecipe().Bind(fiscalHeader, nil)
	if err != nil {
		t.Fatal(err)
	}
	x.Row(2, []string{"2025", "JAN", "Northern Border", "Heroin", "X", "1"})
	if _, err := x.Series(); !errors.Is(err, ErrNoObservations) {
		t.Error(err)
	}
}

func TestValidateNamesEveryFault(t *testing.T) {
	r := &Recipe{
		Family: "Bad Family", Format: Format{Encoding: "ebcdic"},
		Columns: []Column{{"year", []string{"FY"}}, {"year", []string{"fy"}}, {"Bad", nil}},
		Filters: []Filter{{Column: "drug"}}, Period: PeriodRule{Form: "week"},
		Value: ValueRule{Column: "nothing", Kind: "float", Unit: "lb", Thousands: ".", Blank: "zero"},
		Dims: []DimRule{{Name: "period", Constant: "a"}, {Name: "x", Column: "year"}, {Name: "y", Column: "year", Constant: "c c"},
			{Name: "z", Column: "year", Codes: "postcodes", Values: map[string]string{"a": "b,c"}}},
		Status: &StatusRule{Column: "none", Values: map[string]Status{"*": Suppressed}}, Aggregation: "mean", Unit: "KG", RoundedTo: -1,
	}
	err := r.Validate()
	if err == nil {
		t.Fatal("valid")
	}
	for _, want := range []string{"family:", "format.encoding:", `columns[1].name: "year" is there twice`, `columns[1].headers: "fy" is also a header of "year"`, "columns[2].name:", "columns[2].headers:",
		"filters[0].column:", "filters[0]: wants exactly one", "period.form:", "value.column:", "value.kind:", "value.thousands:", "value.blank:", "value.unit:",
		`dims[0].name: "period" is taken`, "dims[1]: wants values or codes", "dims[2]: has a constant and a column", "dims[3].codes:", "dims[3].values:", "status.column:", "status.values:", "aggregation:", "unit:", "rounded_to:"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no fault %q in:\n%v", want, err)
		}
	}
	back := fiscalRecipe()
	back.Value.Unit, back.Unit = Kilogram, Pound
	if err := back.Validate(); err == nil || !strings.Contains(err.Error(), "not exact in decimals") {
		t.Errorf("kilograms into pounds: %v", err)
	}
	sum := rollingRecipe()
	sum.Aggregation = Sum
	if err := sum.Validate(); err == nil || !strings.Contains(err.Error(), "withheld") {
		t.Errorf("adding suppressed cells: %v", err)
	}
}

func TestRecipeDigestIsOfTheContent(t *testing.T) {
	a, b := fiscalRecipe(), fiscalRecipe()
	da, err := a.Digest()
	if err != nil {
		t.Fatal(err)
	}
	text, err := a.JSON()
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := ParseRecipe(text)
	if err != nil {
		t.Fatal(err)
	}
	if dp, err := parsed.Digest(); err != nil || dp != da {
		t.Errorf("read back: %s, not %s (%v)", dp, da, err)
	}
	b.Dims[0].Values["Coastal"] = "coastal"
	if db, err := b.Digest(); err != nil || db == da {
		t.Errorf("another recipe has the same digest (%v)", err)
	}
	if want := `{"aggregation":"sum","columns":[{"headers":["Fiscal Year","FY"],"name":"year"},`; !strings.HasPrefix(string(text), want) {
		t.Errorf("canonical JSON: %s", text)
	}
	for _, bad := range []string{"", "{}", "null", string(text) + "{}", strings.Replace(string(text), `"family"`, `"familie"`, 1)} {
		if _, err := ParseRecipe([]byte(bad)); err == nil {
			t.Errorf("accepted %q", bad)
		}
	}
}

func FuzzParseRecipe(f *testing.F) {
	for _, r := range []*Recipe{fiscalRecipe(), wideRecipe(), rollingRecipe()} {
		b, err := r.JSON()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, "2025,JAN,Northern Border,Fentanyl,X,1")
	}
	f.Fuzz(func(t *testing.T, b []byte, row string) {
		r, err := ParseRecipe(b)
		if err != nil {
			return
		}
		text, err := r.JSON()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseRecipe(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		d1, _ := r.Digest()
		if d2, _ := again.Digest(); d1 != d2 {
			t.Fatalf("digest changes: %s", text)
		}
		var header []string
		for _, c := range r.Columns {
			header = append(header, c.Headers[0])
		}
		x, err := r.Bind(header, nil)
		if err != nil {
			t.Fatalf("a valid recipe does not bind to its own headers: %v", err)
		}
		fields := strings.Split(row, ",")
		for len(fields) < len(header) {
			fields = append(fields, "1")
		}
		if x.Row(2, fields[:len(header)]) == RowUsed {
			if s, err := x.Series(); err == nil {
				_ = s.Digest()
			}
		}
	})
}
