package tabular

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"entente/internal/series"
)

// Finding is one fault of one row.
type Finding = series.Finding

// Default bounds of an import.
const (
	DefaultMaxBytes    = 256 << 20
	DefaultMaxRows     = 5_000_000
	DefaultMaxFindings = 1000
	maxColumns         = 1024
	maxCell            = 32 << 10 // bytes; a spreadsheet's own limit on a cell
)

// Options bound an import and follow its progress. The zero value is usable.
type Options struct {
	MaxBytes    int64 // of the file; DefaultMaxBytes where 0
	MaxRows     int   // DefaultMaxRows where 0
	MaxFindings int   // findings listed; the rest are counted. DefaultMaxFindings where 0
	// Progress is called from time to time with the bytes read so far, and once at
	// the end. It runs on the importing goroutine.
	Progress func(bytes int64)
}

func (o Options) withDefaults() Options {
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.MaxRows <= 0 {
		o.MaxRows = DefaultMaxRows
	}
	if o.MaxFindings <= 0 {
		o.MaxFindings = DefaultMaxFindings
	}
	if o.Progress == nil {
		o.Progress = func(int64) {}
	}
	return o
}

// Column is a column of the file and what the recipe takes it for.
type Column struct {
	Header string `json:"header"`         // as printed
	Name   string `json:"name,omitempty"` // the recipe's name for it; empty where the recipe does not use it
}

// Result is what a recipe made of a file.
type Result struct {
	Series  *series.Series
	Columns []Column
	// Rows is how many data rows the file has. Used, Filtered and Unreadable add
	// up to it: rows that gave values, rows the recipe's filters leave out, and
	// rows with at least one finding.
	Rows, Used, Filtered, Unreadable int
	// Findings are the first faults, in the order of the file; Unlisted counts the
	// rest.
	Findings []Finding
	Unlisted int
}

// Errors of whole files. They are wrapped in messages that say what would mend
// them; test for them with errors.Is. Missing columns are a
// *series.MissingColumnsError.
var (
	ErrEmpty     = errors.New("the file is empty")
	ErrTooLarge  = errors.New("the file is too large")
	ErrHTML      = errors.New("the file is a web page, not a table")
	ErrEncoding  = errors.New("the file is not in the expected encoding")
	ErrTruncated = errors.New("the file is cut short")
	ErrSheet     = errors.New("the workbook does not have the sheet")
	ErrFormat    = errors.New("the file is not a readable table")
	ErrFormats   = errors.New("recipes for one file must agree on its format")
)

// Import reads a file once and applies one recipe. See ImportAll.
func Import(r io.Reader, recipe *series.Recipe, opt Options) (Result, error) {
	results, err := ImportAll(r, []*series.Recipe{recipe}, opt)
	if err != nil {
		return Result{}, err
	}
	return results[0], nil
}

// ImportAll reads a file once, as CSV or as a workbook by its first bytes, and
// applies every recipe to its rows; results are in the order of the recipes. The
// recipes must be valid and agree on encoding and sheet. On an error there is no
// result.
func ImportAll(r io.Reader, recipes []*series.Recipe, opt Options) ([]Result, error) {
	if len(recipes) == 0 {
		return nil, errors.New("no recipe to apply")
	}
	for _, recipe := range recipes {
		if recipe.Format != recipes[0].Format {
			return nil, fmt.Errorf("%w: %s and %s do not", ErrFormats, recipes[0].Family, recipe.Family)
		}
		if err := recipe.Validate(); err != nil {
			return nil, err
		}
	}
	opt = opt.withDefaults()
	counted := &countingReader{r: r, limit: opt.MaxBytes, progress: opt.Progress}
	in := bufio.NewReaderSize(counted, 1<<16)
	head, err := in.Peek(sniffLen)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	rows, err := open(in, head, recipes[0].Format)
	if err != nil {
		return nil, err
	}
	defer rows.close()
	im := &importer{opt: opt, recipes: recipes}
	if err := im.run(rows); err != nil {
		return nil, err
	}
	opt.Progress(counted.n)
	return im.results()
}

// sniffLen is how many bytes decide what a file is.
const sniffLen = 4096

// open chooses the reader of rows.
func open(in *bufio.Reader, head []byte, format series.Format) (rowReader, error) {
	switch {
	case len(bytes.TrimSpace(bytes.TrimPrefix(head, utf8BOM))) == 0 && len(head) < sniffLen:
		return nil, fmt.Errorf("%w: download it again", ErrEmpty)
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return openXLSX(in, format.Sheet)
	case looksLikeHTML(head):
		return nil, fmt.Errorf("%w: the publisher's site probably answered with an error page; download the file itself", ErrHTML)
	case bytes.HasPrefix(head, []byte{0xd0, 0xcf, 0x11, 0xe0}):
		return nil, fmt.Errorf("%w: it is an old or password-protected Excel workbook; save it as .xlsx without a password, or as CSV", ErrFormat)
	case bytes.HasPrefix(head, []byte("%PDF")), bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return nil, fmt.Errorf("%w: it is a PDF or a compressed file; import the CSV or XLSX file itself", ErrFormat)
	}
	return openCSV(in, head, format.Encoding)
}

// rowReader gives the rows of one table. The fields are valid until the next call.
type rowReader interface {
	// next returns the next row and its number in the file, from 1. io.EOF ends
	// the table.
	next() (fields []string, number int, err error)
	// cutShort reports, at the end, what suggests that the file was cut: the last
	// line has no line break.
	cutShort() bool
	close()
}

type importer struct {
	opt        Options
	recipes    []*series.Recipe
	header     []string
	extractors []*series.Extractor
	out        []Result
}

func (im *importer) run(rows rowReader) error {
	header, _, err := rows.next()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: it has not even a header row", ErrEmpty)
	}
	if err != nil {
		return err
	}
	if len(header) > maxColumns {
		return fmt.Errorf("%w: %d columns, more than %d", ErrFormat, len(header), maxColumns)
	}
	if err := im.bind(slices.Clone(header)); err != nil {
		return err
	}
	width, lastLen, lastRow, n := len(header), len(header), 1, 0
	for {
		fields, number, err := rows.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if n++; n > im.opt.MaxRows {
			return fmt.Errorf("%w: more than %d rows", ErrTooLarge, im.opt.MaxRows)
		}
		lastLen, lastRow = len(fields), number
		im.row(number, fields)
	}
	if n == 0 {
		return fmt.Errorf("%w: it has a header and no rows", ErrEmpty)
	}
	return im.checkEnd(rows.cutShort(), width, lastLen, lastRow)
}

func (im *importer) bind(header []string) error {
	im.header = header
	im.out = make([]Result, len(im.recipes))
	for i, recipe := range im.recipes {
		x, err := recipe.Bind(header, func(f Finding) { im.find(i, f) })
		if err != nil {
			return err
		}
		im.extractors = append(im.extractors, x)
		im.out[i].Columns = recognised(header, recipe)
	}
	return nil
}

func (im *importer) find(i int, f Finding) {
	res := &im.out[i]
	if len(res.Findings) < im.opt.MaxFindings {
		res.Findings = append(res.Findings, f)
	} else {
		res.Unlisted++
	}
}

func (im *importer) row(number int, fields []string) {
	for i, x := range im.extractors {
		res := &im.out[i]
		res.Rows++
		switch x.Row(number, fields) {
		case series.RowUsed:
			res.Used++
		case series.RowFiltered:
			res.Filtered++
		default:
			res.Unreadable++
		}
	}
}

// checkEnd looks for a file that ends in the middle of a row. A last row that is
// whole but has no line break may have lost the end of its last value: that is a
// finding, as many publishers leave out the last line break.
func (im *importer) checkEnd(cutShort bool, width, lastLen, lastRow int) error {
	if !cutShort {
		return nil
	}
	if lastLen < width {
		return fmt.Errorf("%w: row %d, the last, has %d of %d columns and no line break; download it again", ErrTruncated, lastRow, lastLen, width)
	}
	for i := range im.out {
		im.find(i, Finding{Row: lastRow, Column: im.header[width-1], Code: series.NoFinalNewline})
	}
	return nil
}

func (im *importer) results() ([]Result, error) {
	for i, x := range im.extractors {
		s, err := x.Series()
		if err != nil {
			if f := im.out[i].Findings; len(f) > 0 {
				return nil, fmt.Errorf("%w; the first fault is in row %d, column %q: %s %q", err, f[0].Row, f[0].Column, f[0].Code, f[0].Value)
			}
			return nil, err
		}
		im.out[i].Series = s
	}
	return im.out, nil
}

func recognised(header []string, recipe *series.Recipe) []Column {
	out := make([]Column, len(header))
	for i, h := range header {
		out[i].Header = h
		for _, c := range recipe.Columns {
			if slices.ContainsFunc(c.Headers, func(alias string) bool { return series.SameLabel(alias, h) }) {
				out[i].Name = c.Name
			}
		}
	}
	return out
}

// countingReader counts, bounds and reports what is read.
type countingReader struct {
	r        io.Reader
	n, limit int64
	progress func(int64)
}

func (c *countingReader) Read(p []byte) (int, error) {
	if c.n > c.limit {
		return 0, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, c.limit)
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.progress(c.n)
	return n, err
}
