package series

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"entente"
)

// Recipe says, declaratively, how the rows of a family of published files become
// the observations of one indicator. It is part of the indicator's definition:
// with the file and the recipe anyone recomputes every observation.
type Recipe struct {
	// Family names the files it applies to: same publisher, same layout.
	Family  string   `json:"family" yaml:"family"`
	Format  Format   `json:"format,omitzero" yaml:"format"`
	Columns []Column `json:"columns" yaml:"columns"`
	// Filters keep the rows that pass all of them.
	Filters []Filter   `json:"filters,omitempty" yaml:"filters"`
	Period  PeriodRule `json:"period" yaml:"period"`
	Value   ValueRule  `json:"value" yaml:"value"`
	// Dims are the dimensions kept. Rows equal in period and dimensions are added.
	Dims   []DimRule   `json:"dims,omitempty" yaml:"dims"`
	Status *StatusRule `json:"status,omitempty" yaml:"status"`
	// Aggregation says what a value covers.
	Aggregation Aggregation `json:"aggregation" yaml:"aggregation"`
	// Unit is the unit of the series; values are converted exactly from Value.Unit.
	Unit Unit `json:"unit" yaml:"unit"`
	// RoundedTo is the multiple the publisher rounded values to; 0 where it did not.
	RoundedTo int `json:"rounded_to,omitempty" yaml:"rounded_to"`
}

// Format says how the bytes of the file are laid out.
type Format struct {
	// Encoding is utf-8 (the default), iso-8859-1 or windows-1252.
	Encoding string `json:"encoding,omitempty" yaml:"encoding"`
	// Sheet names the sheet of a workbook; the only sheet where it is empty.
	Sheet string `json:"sheet,omitempty" yaml:"sheet"`
}

// Column names a column of the file and lists the headers it has had, in any
// release. Headers are compared without regard to case or white space.
type Column struct {
	Name    string   `json:"name" yaml:"name"`
	Headers []string `json:"headers" yaml:"headers"`
}

// Filter keeps the rows whose cell is in In and not in NotIn, compared without
// regard to case or white space. Exactly one of the two is given.
type Filter struct {
	Column string   `json:"column" yaml:"column"`
	In     []string `json:"in,omitempty" yaml:"in"`
	NotIn  []string `json:"not_in,omitempty" yaml:"not_in"`
}

// PeriodForm is how a file says which month a value belongs to.
type PeriodForm string

// The forms.
const (
	// FiscalMonth: a fiscal year (2025, FY2025 or 2025 (FYTD)) and a month (OCT,
	// October, or 01 October where the number counts from the year's first month).
	FiscalMonth PeriodForm = "fiscal_month"
	// CalendarMonth: a calendar year and a month (January, enero, JAN, 1, 01).
	CalendarMonth PeriodForm = "calendar_month"
	// ISODate: a date YYYY-MM-DD or YYYY-MM; the day is dropped.
	ISODate PeriodForm = "iso_date"
	// WideMonths: a calendar year and twelve value columns, January first.
	WideMonths PeriodForm = "wide_months"
)

// PeriodRule says which columns give the month. A fiscal year is the US federal
// one: October to December belong to the calendar year before.
type PeriodRule struct {
	Form  PeriodForm `json:"form" yaml:"form"`
	Year  string     `json:"year,omitempty" yaml:"year"`
	Month string     `json:"month,omitempty" yaml:"month"`
	Date  string     `json:"date,omitempty" yaml:"date"`
	// Months names the twelve value columns of WideMonths.
	Months []string `json:"months,omitempty" yaml:"months"`
}

// ValueRule says how a value is written.
type ValueRule struct {
	// Column is the value column; empty for WideMonths.
	Column string `json:"column,omitempty" yaml:"column"`
	// Kind is count (whole numbers, also written as floats such as 12.0) or quantity.
	Kind ValueKind `json:"kind" yaml:"kind"`
	// Unit is the unit as published; the series' unit where it is empty.
	Unit Unit `json:"unit,omitempty" yaml:"unit"`
	// Thousands is the separator of groups of three digits: ",", " ", or none.
	Thousands string `json:"thousands,omitempty" yaml:"thousands"`
	// Blank says what an empty cell means.
	Blank BlankRule `json:"blank" yaml:"blank"`
}

// ValueKind is count or quantity.
type ValueKind string

// The kinds of value.
const (
	Count    ValueKind = "count"
	Quantity ValueKind = "quantity"
)

// BlankRule says what an empty value cell means. It never means zero.
type BlankRule string

// The blank rules.
const (
	BlankSkip       BlankRule = "skip"       // not published: no observation
	BlankSuppressed BlankRule = "suppressed" // withheld by the publisher: an observation without value
	BlankError      BlankRule = "error"      // a fault in the file: an unreadable row
)

// DimRule keeps a dimension: either a column whose cells are turned into codes,
// or a constant.
type DimRule struct {
	Name     string `json:"name" yaml:"name"`
	Column   string `json:"column,omitempty" yaml:"column"`
	Constant string `json:"constant,omitempty" yaml:"constant"`
	// Values maps what the file prints to codes; it is looked at before Codes.
	Values map[string]string `json:"values,omitempty" yaml:"values"`
	// Codes names a built-in code list: us_states, mx_states or slug.
	Codes string `json:"codes,omitempty" yaml:"codes"`
	// Blank is the code of an empty cell; without it an empty cell is unreadable.
	Blank string `json:"blank,omitempty" yaml:"blank"`
	// Total is the code that the file uses for all others together. Where it is
	// set, the rows of Total are never added to the rest.
	Total string `json:"total,omitempty" yaml:"total"`
}

// StatusRule reads an observation's status from a column; cells that are not
// listed mean a normal value.
type StatusRule struct {
	Column string            `json:"column" yaml:"column"`
	Values map[string]Status `json:"values" yaml:"values"`
}

// Aggregation says what a value covers and whether values may be added over time.
type Aggregation string

// The aggregations.
const (
	Sum Aggregation = "sum" // what happened in the month: months may be added
	// Rolling12 is the total of the twelve months that end in the period: months
	// are never added, and no two rows may share a period and dimensions.
	Rolling12 Aggregation = "rolling_12m"
)

var (
	nameForm   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
	familyForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)
	unitForm   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
)

// Validate reports every fault of the recipe, each with the path of its field.
func (r *Recipe) Validate() error {
	v := &faults{}
	v.check(familyForm.MatchString(r.Family), "family", "wants lower-case letters, digits and hyphens, not %q", r.Family)
	v.check(slices.Contains([]string{"", "utf-8", "iso-8859-1", "windows-1252"}, r.Format.Encoding),
		"format.encoding", "is utf-8, iso-8859-1 or windows-1252, not %q", r.Format.Encoding)
	r.validateColumns(v)
	r.validateFilters(v)
	r.validatePeriod(v)
	r.validateValue(v)
	r.validateDims(v)
	if r.Status != nil {
		v.column(r, "status.column", r.Status.Column)
		for cell, s := range r.Status.Values {
			v.check(s == "" || s == Provisional, "status.values", "%q stands for %q; only provisional can be read from a column", cell, s)
		}
	}
	v.check(r.Aggregation == Sum || r.Aggregation == Rolling12, "aggregation", "is sum or rolling_12m, not %q", r.Aggregation)
	v.check(r.RoundedTo >= 0, "rounded_to", "is not negative")
	return v.err("recipe " + r.Family)
}

func (r *Recipe) validateColumns(v *faults) {
	v.check(len(r.Columns) > 0, "columns", "is empty: name the columns that the recipe uses")
	names, headers := map[string]bool{}, map[string]string{}
	for i, c := range r.Columns {
		at := fmt.Sprintf("columns[%d]", i)
		v.check(nameForm.MatchString(c.Name), at+".name", "wants lower-case letters, digits and underscore, not %q", c.Name)
		v.check(!names[c.Name], at+".name", "%q is there twice", c.Name)
		v.check(len(c.Headers) > 0, at+".headers", "is empty: give at least one header as the file prints it")
		names[c.Name] = true
		for _, h := range c.Headers {
			other, taken := headers[fold(h)]
			v.check(!taken, at+".headers", "%q is also a header of %q", h, other)
			v.check(fold(h) != "", at+".headers", "holds an empty header")
			headers[fold(h)] = c.Name
		}
	}
}

func (r *Recipe) validateFilters(v *faults) {
	for i, f := range r.Filters {
		at := fmt.Sprintf("filters[%d]", i)
		v.column(r, at+".column", f.Column)
		v.check((len(f.In) > 0) != (len(f.NotIn) > 0), at, "wants exactly one of in and not_in")
	}
}

func (r *Recipe) validatePeriod(v *faults) {
	p := r.Period
	switch p.Form {
	case FiscalMonth, CalendarMonth:
		v.column(r, "period.year", p.Year)
		v.column(r, "period.month", p.Month)
	case ISODate:
		v.column(r, "period.date", p.Date)
	case WideMonths:
		v.column(r, "period.year", p.Year)
		v.check(len(p.Months) == 12, "period.months", "names %d columns, not the 12 months from January", len(p.Months))
		for i, m := range p.Months {
			v.column(r, fmt.Sprintf("period.months[%d]", i), m)
		}
	default:
		v.check(false, "period.form", "is fiscal_month, calendar_month, iso_date or wide_months, not %q", p.Form)
	}
}

func (r *Recipe) validateValue(v *faults) {
	if r.Period.Form == WideMonths {
		v.check(r.Value.Column == "", "value.column", "is not used where the months are columns")
	} else {
		v.column(r, "value.column", r.Value.Column)
	}
	v.check(r.Value.Kind == Count || r.Value.Kind == Quantity, "value.kind", "is count or quantity, not %q", r.Value.Kind)
	v.check(slices.Contains([]string{"", ",", " ", "'"}, r.Value.Thousands), "value.thousands", "is a comma, a space, an apostrophe or empty, not %q", r.Value.Thousands)
	v.check(r.Value.Blank == BlankSkip || r.Value.Blank == BlankSuppressed || r.Value.Blank == BlankError,
		"value.blank", "is skip, suppressed or error, not %q (a blank is never a zero)", r.Value.Blank)
	v.check(r.Value.Blank != BlankSuppressed || r.Aggregation == Rolling12, "value.blank",
		"may be suppressed only where rows are not added: a sum over withheld cells would look complete")
	v.check(unitForm.MatchString(string(r.Unit)), "unit", "wants lower-case letters, digits and underscore, not %q", r.Unit)
	if _, err := r.factor(); err != nil {
		v.check(false, "value.unit", "%v", err)
	}
}

func (r *Recipe) validateDims(v *faults) {
	names := map[string]bool{"period": true, "value": true, "status": true}
	for i, d := range r.Dims {
		at := fmt.Sprintf("dims[%d]", i)
		v.check(nameForm.MatchString(d.Name), at+".name", "wants lower-case letters, digits and underscore, not %q", d.Name)
		v.check(!names[d.Name], at+".name", "%q is taken", d.Name)
		names[d.Name] = true
		for _, code := range []string{d.Constant, d.Blank, d.Total} {
			v.check(code == "" || validCode(code), at, "%q cannot be a code", code)
		}
		for label, code := range d.Values {
			v.check(validCode(code), at+".values", "%q stands for %q, which cannot be a code", label, code)
		}
		if d.Constant != "" {
			v.check(d.Column == "" && d.Codes == "" && len(d.Values) == 0, at, "has a constant and a column: give one")
			continue
		}
		v.column(r, at+".column", d.Column)
		v.check(d.Codes != "" || len(d.Values) > 0, at, "wants values or codes to turn cells into codes")
		_, known := codeLists[d.Codes]
		v.check(d.Codes == "" || known, at+".codes", "is us_states, mx_states or slug, not %q", d.Codes)
	}
}

// factor returns what published values are multiplied by.
func (r *Recipe) factor() (Decimal, error) {
	from := r.Value.Unit
	if from == "" {
		from = r.Unit
	}
	f, err := Factor(from, r.Unit)
	if err != nil {
		return Decimal{}, err
	}
	// A rational has a finite decimal when its denominator holds only 2 and 5.
	den := new(big.Int).Set(f.rat.Denom())
	for _, p := range []int64{2, 5} {
		q, m := new(big.Int), new(big.Int)
		for {
			q.QuoRem(den, big.NewInt(p), m)
			if m.Sign() != 0 {
				break
			}
			den.Set(q)
		}
	}
	if den.Cmp(big.NewInt(1)) != 0 {
		return Decimal{}, fmt.Errorf("%s into %s is not exact in decimals: keep the series in %s", from, r.Unit, from)
	}
	return f.Places(12), nil
}

// Meta returns what a series made by the recipe needs to be read rightly.
func (r *Recipe) Meta() Meta {
	m := Meta{Unit: r.Unit, Aggregation: r.Aggregation, RoundedTo: r.RoundedTo}
	for _, d := range r.Dims {
		if d.Total != "" {
			if m.Totals == nil {
				m.Totals = map[string]string{}
			}
			m.Totals[d.Name] = d.Total
		}
	}
	return m
}

// JSON returns the canonical JSON of the recipe: UTF-8, object keys in byte
// order, no white space, no escapes beyond those JSON requires, members that are
// empty left out.
func (r *Recipe) JSON() ([]byte, error) {
	return canonicalJSON(r)
}

// Digest returns the SHA-256 of the canonical JSON.
func (r *Recipe) Digest() (entente.Digest, error) {
	b, err := r.JSON()
	if err != nil {
		return entente.Digest{}, err
	}
	return sha256.Sum256(b), nil
}

// canonicalJSON marshals v, then again through maps, whose keys encoding/json
// sorts. It serves values without floats.
func canonicalJSON(v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(strings.NewReader(string(plain)))
	dec.UseNumber()
	var generic any
	if err := dec.Decode(&generic); err != nil {
		return nil, err
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(generic); err != nil {
		return nil, err
	}
	return []byte(strings.TrimSuffix(b.String(), "\n")), nil
}

// faults gathers what is wrong with a declaration, so that its author sees all
// of it at once.
type faults struct{ all []error }

func (v *faults) check(ok bool, at, format string, args ...any) {
	if !ok {
		v.all = append(v.all, fmt.Errorf("%s: %s", at, fmt.Sprintf(format, args...)))
	}
}

func (v *faults) column(r *Recipe, at, name string) {
	ok := slices.ContainsFunc(r.Columns, func(c Column) bool { return c.Name == name })
	v.check(ok && name != "", at, "%q is not one of the declared columns", name)
}

func (v *faults) err(what string) error {
	if len(v.all) == 0 {
		return nil
	}
	slices.SortFunc(v.all, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return fmt.Errorf("%s: %w", what, errors.Join(v.all...))
}

// ParseRecipe reads a recipe from JSON, strictly: an unknown member,
// or anything after the value, is an error, and so is every fault of the recipe.
func ParseRecipe(b []byte) (*Recipe, error) {
	r, err := decodeRecipe(b)
	if err != nil {
		return nil, err
	}
	if err := r.Validate(); err != nil {
		return nil, err
	}
	return r, nil
}

// decodeRecipe reads the form of a recipe, not what it says.
func decodeRecipe(b []byte) (*Recipe, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	r := &Recipe{}
	if err := dec.Decode(r); err != nil {
		return nil, fmt.Errorf("recipe: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("recipe: something follows the JSON value")
	}
	return r, nil
}
