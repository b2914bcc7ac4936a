package series

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// FindingCode says what is wrong with a row, in a form that pages can translate.
type FindingCode string

// The findings.
const (
	WrongFieldCount FindingCode = "wrong_field_count"
	BadPeriod       FindingCode = "bad_period"
	BadValue        FindingCode = "bad_value"
	NegativeValue   FindingCode = "negative_value"
	NotWhole        FindingCode = "not_whole"
	BlankValue      FindingCode = "blank_value"
	UnknownValue    FindingCode = "unknown_value" // a label no code is declared for
	DuplicateCell   FindingCode = "duplicate_cell"
	NoFinalNewline  FindingCode = "no_final_newline" // the file may have been cut inside its last value
)

// Finding is one fault of one row. Rows count from 1, the header's row, as a
// spreadsheet shows them.
type Finding struct {
	Row    int         `json:"row"`
	Column string      `json:"column"` // the header as the file prints it
	Code   FindingCode `json:"code"`
	Value  string      `json:"value"` // the offending cell, cut to 80 characters
}

// MissingColumn is a column the recipe needs and the file lacks.
type MissingColumn struct {
	Name     string
	Accepted []string
}

// MissingColumnsError says which columns a file lacks, and under which headers
// the recipe would have known them.
type MissingColumnsError struct {
	Family  string
	Missing []MissingColumn
	Header  []string // the header found, cut to 40 columns
}

func (e *MissingColumnsError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the file lacks columns that the recipe for %s needs:", e.Family)
	for i, m := range e.Missing {
		if i > 0 {
			b.WriteByte(';')
		}
		fmt.Fprintf(&b, " %s (accepted headers: %s)", m.Name, strings.Join(quoteAll(m.Accepted), ", "))
	}
	fmt.Fprintf(&b, ". Found: %s. Import it with the recipe of its own family, or declare the new header as an alias", strings.Join(quoteAll(e.Header), ", "))
	return b.String()
}

func quoteAll(ss []string) []string {
	out := make([]string, len(ss))
	for i, s := range ss {
		out[i] = strconv.Quote(cut(s))
	}
	return out
}

// RowOutcome says what became of a row.
type RowOutcome int

// The outcomes.
const (
	RowUsed RowOutcome = iota
	RowFiltered
	RowUnreadable
)

// Extractor applies a recipe to the rows of one file. It is not safe for
// concurrent use.
type Extractor struct {
	recipe  *Recipe
	header  []string
	width   int
	factor  Decimal
	convert bool
	filters []boundFilter
	period  boundPeriod
	values  []int // value columns; twelve for wide months
	dims    []boundDim
	status  int
	cells   map[string]int32
	acc     []cell
	key     []byte
	report  func(Finding)
}

type boundFilter struct {
	column int
	set    map[string]bool
	keep   bool
	seen   map[string]bool
}

type boundDim struct {
	column  int // -1 for a constant
	rule    DimRule
	values  map[string]string // folded label → code
	indexes map[string]uint32 // label as printed → index into codes
	codes   []string
	byCode  map[string]uint32
}

type cell struct {
	period Month
	dims   []uint32
	n      int64 // sum of whole numbers
	d      Decimal
	exact  bool // d is in use
	rows   int
	status Status
}

// Bind looks up the recipe's columns in a header row. Faulty rows are handed to
// report, which may be nil. The recipe must be valid.
func (r *Recipe) Bind(header []string, report func(Finding)) (*Extractor, error) {
	at, err := r.locate(header)
	if err != nil {
		return nil, err
	}
	if report == nil {
		report = func(Finding) {}
	}
	f, err := r.factor()
	if err != nil {
		return nil, err
	}
	x := &Extractor{recipe: r, header: slices.Clone(header), width: len(header), factor: f, convert: !f.Equal(decimal.New(1, 0)),
		status: -1, cells: map[string]int32{}, report: report}
	for _, f := range r.Filters {
		labels := append(slices.Clone(f.In), f.NotIn...)
		b := boundFilter{column: at[f.Column], set: map[string]bool{}, keep: len(f.In) > 0, seen: map[string]bool{}}
		for _, l := range labels {
			b.set[fold(l)] = true
		}
		x.filters = append(x.filters, b)
	}
	x.period = boundPeriod{form: r.Period.Form, year: at[r.Period.Year], month: at[r.Period.Month], date: at[r.Period.Date], seen: map[string]Month{}}
	x.values = []int{at[r.Value.Column]}
	if r.Period.Form == WideMonths {
		x.values = x.values[:0]
		for _, m := range r.Period.Months {
			x.values = append(x.values, at[m])
		}
	}
	x.bindDims(at)
	if r.Status != nil {
		x.status = at[r.Status.Column]
	}
	x.key = make([]byte, 4*(len(x.dims)+1))
	return x, nil
}

// locate maps each declared column to its position in the header.
func (r *Recipe) locate(header []string) (map[string]int, error) {
	where := map[string]int{}
	for i, h := range header {
		if _, twice := where[fold(h)]; !twice {
			where[fold(h)] = i
			continue
		}
		where[fold(h)] = -1
	}
	at := map[string]int{}
	missing := &MissingColumnsError{Family: r.Family, Header: header[:min(len(header), 40)]}
	for _, c := range r.Columns {
		found := -1
		for _, h := range c.Headers {
			i, ok := where[fold(h)]
			if !ok {
				continue
			}
			if i < 0 || found >= 0 {
				return nil, fmt.Errorf("two columns of the file can be %s (header %q): remove one of them", c.Name, h)
			}
			found = i
		}
		if found < 0 {
			missing.Missing = append(missing.Missing, MissingColumn{c.Name, c.Headers})
		}
		at[c.Name] = found
	}
	if len(missing.Missing) > 0 {
		return nil, missing
	}
	return at, nil
}

func (x *Extractor) bindDims(at map[string]int) {
	rules := slices.Clone(x.recipe.Dims)
	slices.SortFunc(rules, func(a, b DimRule) int { return strings.Compare(a.Name, b.Name) })
	for _, d := range rules {
		b := boundDim{column: -1, rule: d, values: map[string]string{}, indexes: map[string]uint32{}, byCode: map[string]uint32{}}
		if d.Constant == "" {
			b.column = at[d.Column]
		}
		for label, code := range d.Values {
			b.values[fold(label)] = code
		}
		x.dims = append(x.dims, b)
	}
}

// maxCache bounds what is remembered of a column's cells, so that a hostile file
// cannot fill memory with labels.
const maxCache = 1 << 14

func (f *boundFilter) passes(cell string) bool {
	if ok, known := f.seen[cell]; known {
		return ok
	}
	ok := f.set[fold(cell)] == f.keep
	if len(f.seen) < maxCache {
		f.seen[strings.Clone(cell)] = ok
	}
	return ok
}

// index returns the index of the code that a cell stands for.
func (d *boundDim) index(label string) (uint32, bool) {
	if i, known := d.indexes[label]; known {
		return i, true
	}
	code, ok := d.code(label)
	if !ok {
		return 0, false
	}
	i, known := d.byCode[code]
	if !known {
		i = uint32(len(d.codes))
		d.codes = append(d.codes, code)
		d.byCode[code] = i
	}
	if len(d.indexes) < maxCache {
		d.indexes[strings.Clone(label)] = i
	}
	return i, true
}

func (d *boundDim) code(label string) (string, bool) {
	if d.column < 0 {
		return d.rule.Constant, true
	}
	if strings.TrimSpace(label) == "" {
		return d.rule.Blank, d.rule.Blank != ""
	}
	if code, ok := d.values[fold(label)]; ok {
		return code, true
	}
	if list := codeLists[d.rule.Codes]; list != nil {
		return list(label)
	}
	return "", false
}

// Row reads one row; number is its place in the file, for findings. The fields
// are not kept.
func (x *Extractor) Row(number int, fields []string) RowOutcome {
	if len(fields) != x.width {
		x.report(Finding{Row: number, Code: WrongFieldCount, Value: strconv.Itoa(len(fields))})
		return RowUnreadable
	}
	for i := range x.filters {
		if f := &x.filters[i]; !f.passes(fields[f.column]) {
			return RowFiltered
		}
	}
	for i := range x.dims {
		d := &x.dims[i]
		label := ""
		if d.column >= 0 {
			label = fields[d.column]
		}
		idx, ok := d.index(label)
		if !ok {
			return x.fault(number, d.column, UnknownValue, label)
		}
		binary.BigEndian.PutUint32(x.key[4*(i+1):], idx)
	}
	month, column, err := x.period.month0(fields)
	if err != nil {
		return x.fault(number, column, BadPeriod, fields[column])
	}
	var status Status
	if x.status >= 0 {
		status = x.recipe.Status.Values[strings.TrimSpace(fields[x.status])]
	}
	outcome := RowUsed
	for i, v := range x.values {
		if code := x.add(month.Add(i), fields[v], status); code != "" {
			outcome = x.fault(number, v, code, fields[v])
		}
	}
	return outcome
}

func (x *Extractor) fault(row, column int, code FindingCode, value string) RowOutcome {
	x.report(Finding{Row: row, Column: cut(x.header[column]), Code: code, Value: cut(value)})
	return RowUnreadable
}

// cut shortens a cell for a message, on a character boundary.
func cut(s string) string {
	const limit = 80
	n := 0
	for i := range s {
		if n++; n > limit {
			return s[:i] + "…"
		}
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// add puts one value into the cell named by the month and x.key.
func (x *Extractor) add(m Month, text string, status Status) FindingCode {
	text = strings.TrimSpace(text)
	if text == "" {
		switch x.recipe.Value.Blank {
		case BlankSkip:
			return ""
		case BlankError:
			return BlankValue
		case BlankSuppressed:
			status = Suppressed
		}
	}
	var n int64
	var d Decimal
	exact := false
	if status != Suppressed {
		var code FindingCode
		if n, d, exact, code = x.number(text); code != "" {
			return code
		}
	}
	binary.BigEndian.PutUint32(x.key, uint32(m))
	at, known := x.cells[string(x.key)]
	if !known {
		at = int32(len(x.acc))
		x.cells[string(x.key)] = at
		x.acc = append(x.acc, x.newCell(m))
	}
	c := &x.acc[at]
	if c.rows > 0 && x.recipe.Aggregation != Sum {
		return DuplicateCell
	}
	c.rows++
	if status != "" {
		c.status = status
	}
	if exact {
		c.d, c.exact = c.d.Add(d), true
	} else if n > math.MaxInt64-c.n {
		c.d, c.exact, c.n = c.d.Add(decimal.NewFromInt(c.n)), true, n
	} else {
		c.n += n
	}
	return ""
}

func (x *Extractor) newCell(m Month) cell {
	c := cell{period: m, dims: make([]uint32, len(x.dims))}
	for i := range x.dims {
		c.dims[i] = binary.BigEndian.Uint32(x.key[4*(i+1):])
	}
	return c
}

// number parses a value: a whole number on the fast path, else a decimal.
func (x *Extractor) number(text string) (int64, Decimal, bool, FindingCode) {
	if sep := x.recipe.Value.Thousands; sep != "" && strings.Contains(text, sep) {
		joined, ok := joinThousands(text, sep)
		if !ok {
			return 0, Decimal{}, false, BadValue
		}
		text = joined
	}
	if n, err := digits(text); err == nil {
		return int64(n), Decimal{}, false, ""
	}
	d, err := ParseDecimal(text)
	switch {
	case err != nil:
		return 0, Decimal{}, false, BadValue
	case d.IsNegative():
		return 0, Decimal{}, false, NegativeValue
	case x.recipe.Value.Kind == Count && !d.IsInteger():
		return 0, Decimal{}, false, NotWhole
	}
	return 0, d, true, ""
}

// joinThousands drops separators that stand between groups of three digits;
// false where they stand anywhere else.
func joinThousands(s, sep string) (string, bool) {
	whole, rest, hasPoint := strings.Cut(s, ".")
	groups := strings.Split(whole, sep)
	first := strings.TrimLeft(groups[0], "+-")
	if len(first) == 0 || len(first) > 3 || strings.Contains(rest, sep) {
		return "", false
	}
	for _, g := range groups[1:] {
		if len(g) != 3 {
			return "", false
		}
	}
	whole = strings.Join(groups, "")
	if hasPoint {
		whole += "." + rest
	}
	return whole, true
}

// ErrNoObservations says that no row of the file gave an observation.
var ErrNoObservations = errors.New("no row of the file gave an observation")

// Series returns what has been read so far, in canonical order.
func (x *Extractor) Series() (*Series, error) {
	if len(x.acc) == 0 {
		return nil, fmt.Errorf("recipe for %s: %w: its filters matched nothing, or every row was unreadable", x.recipe.Family, ErrNoObservations)
	}
	s := &Series{Meta: x.recipe.Meta(), Obs: make([]Observation, 0, len(x.acc))}
	for _, d := range x.dims {
		s.Dims = append(s.Dims, d.rule.Name)
	}
	for _, c := range x.acc {
		o := Observation{Period: c.period, Codes: make([]string, len(c.dims)), Status: c.status}
		for i, idx := range c.dims {
			o.Codes[i] = x.dims[i].codes[idx]
		}
		if c.status != Suppressed {
			o.Value = decimal.NewFromInt(c.n)
			if c.exact {
				o.Value = o.Value.Add(c.d)
			}
			if x.convert {
				o.Value = o.Value.Mul(x.factor)
			}
		}
		s.Obs = append(s.Obs, o)
	}
	slices.SortFunc(s.Obs, compareObs)
	return s, nil
}
