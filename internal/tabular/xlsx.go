package tabular

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"entente/internal/series"
)

// Bounds of a workbook once unzipped.
const (
	maxUnzipped      = 1 << 30
	maxUnzippedSheet = 64 << 20 // beyond it a sheet is spilled to a temporary file
)

// xlsxRows reads one sheet of a workbook, row by row.
type xlsxRows struct {
	file *excelize.File
	rows *excelize.Rows
	row  int
	wide int // columns of the header: rows are padded to it, as sheets drop empty last cells
}

// openXLSX opens the named sheet, or the only one where no name is given. The
// library is not trusted with hostile bytes: a panic of it is a format error.
func openXLSX(in io.Reader, sheet string) (rows rowReader, err error) {
	defer recoverXLSX(&err)
	f, err := excelize.OpenReader(in, excelize.Options{RawCellValue: true, UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxUnzippedSheet})
	if err != nil {
		if errors.Is(err, ErrTooLarge) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: the workbook does not open (%w); it may be cut short: download it again", ErrFormat, err)
	}
	name, err := chooseSheet(f.GetSheetList(), sheet)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	r, err := f.Rows(name)
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%w: sheet %q: %w", ErrFormat, name, err)
	}
	return &xlsxRows{file: f, rows: r}, nil
}

func chooseSheet(sheets []string, want string) (string, error) {
	if want == "" && len(sheets) == 1 {
		return sheets[0], nil
	}
	for _, s := range sheets {
		if want != "" && series.SameLabel(s, want) {
			return s, nil
		}
	}
	have := make([]string, 0, len(sheets))
	for _, s := range sheets[:min(len(sheets), 20)] {
		have = append(have, fmt.Sprintf("%q", firstBytes(s)))
	}
	return "", fmt.Errorf("%w %q; it has %s", ErrSheet, want, strings.Join(have, ", "))
}

func (x *xlsxRows) next() (fields []string, number int, err error) {
	defer recoverXLSX(&err)
	for x.rows.Next() {
		x.row++
		fields, err = x.rows.Columns()
		if err != nil {
			return nil, 0, fmt.Errorf("%w: row %d: %w", ErrFormat, x.row, err)
		}
		if blank(fields) {
			continue
		}
		if x.wide == 0 {
			x.wide = len(fields)
		}
		for len(fields) < x.wide {
			fields = append(fields, "")
		}
		for len(fields) > x.wide && strings.TrimSpace(fields[len(fields)-1]) == "" {
			fields = fields[:len(fields)-1]
		}
		return fields, x.row, nil
	}
	if err := x.rows.Error(); err != nil {
		return nil, 0, fmt.Errorf("%w: row %d: %w", ErrFormat, x.row+1, err)
	}
	return nil, 0, io.EOF
}

func blank(fields []string) bool {
	for _, f := range fields {
		if strings.TrimSpace(f) != "" {
			return false
		}
	}
	return true
}

// cutShort is false: a workbook that is cut does not unzip.
func (x *xlsxRows) cutShort() bool { return false }

// close lets go of the workbook; at worst a temporary file is left to the system.
func (x *xlsxRows) close() {
	_ = x.rows.Close()
	_ = x.file.Close()
}

func recoverXLSX(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: the workbook is malformed (%v)", ErrFormat, p)
	}
}
