package tabular

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

var utf8BOM = []byte{0xef, 0xbb, 0xbf}

// csvRows reads CSV (RFC 4180, CRLF or LF).
type csvRows struct {
	r    *csv.Reader
	tail *tailReader
	utf8 bool
	row  int
}

// openCSV chooses the decoding. The declared encoding is right unless the bytes
// say otherwise: a byte order mark, or valid multi-byte UTF-8 in a file declared
// single-byte (somebody saved it again), make it UTF-8.
func openCSV(in *bufio.Reader, head []byte, encoding string) (rowReader, error) {
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return nil, fmt.Errorf("%w: it is UTF-16; save it as UTF-8", ErrEncoding)
	case bytes.IndexByte(head, 0) >= 0:
		return nil, fmt.Errorf("%w: it holds binary data; import a CSV or XLSX file", ErrFormat)
	}
	rows := &csvRows{utf8: true}
	if bytes.HasPrefix(head, utf8BOM) {
		if _, err := in.Discard(len(utf8BOM)); err != nil {
			return nil, err
		}
	} else if encoding != "" && encoding != "utf-8" && !multiByte(head) {
		rows.utf8 = false
	}
	rows.tail = &tailReader{r: in}
	var src io.Reader = rows.tail
	if !rows.utf8 {
		single := charmap.ISO8859_1
		if encoding == "windows-1252" {
			single = charmap.Windows1252
		}
		src = single.NewDecoder().Reader(rows.tail)
	}
	rows.r = csv.NewReader(src)
	rows.r.FieldsPerRecord = -1
	rows.r.ReuseRecord = true
	return rows, nil
}

// multiByte reports whether the bytes are UTF-8 with at least one character
// beyond ASCII. A character cut by the end of the sample does not count.
func multiByte(head []byte) bool {
	for i := 0; i < utf8.UTFMax && len(head) > 0 && !utf8.Valid(head); i++ {
		head = head[:len(head)-1]
	}
	return utf8.Valid(head) && bytes.IndexFunc(head, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0
}

func (c *csvRows) next() ([]string, int, error) {
	fields, err := c.r.Read()
	if err != nil {
		return nil, 0, c.explain(err)
	}
	c.row, _ = c.r.FieldPos(0)
	for _, f := range fields {
		if len(f) > maxCell {
			return nil, 0, fmt.Errorf("%w: line %d has a cell of more than %d bytes; a quotation mark may be missing", ErrFormat, c.row, maxCell)
		}
		if c.utf8 && !utf8.ValidString(f) {
			return nil, 0, fmt.Errorf("%w: line %d is not UTF-8 (%q); declare the file's encoding in the recipe or save it as UTF-8", ErrEncoding, c.row, firstBytes(f))
		}
	}
	return fields, c.row, nil
}

func firstBytes(s string) string {
	if len(s) > 40 {
		s = s[:40]
	}
	return s
}

func (c *csvRows) explain(err error) error {
	var parse *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case !errors.As(err, &parse):
		return err
	case errors.Is(parse.Err, csv.ErrQuote) && c.atEnd():
		return fmt.Errorf("%w: it ends inside a quoted cell that starts on line %d; download it again", ErrTruncated, parse.StartLine)
	}
	return fmt.Errorf("%w: line %d, column %d: %w", ErrFormat, parse.Line, parse.Column, parse.Err)
}

// atEnd reports whether the file ends here, in the middle of a line.
func (c *csvRows) atEnd() bool {
	_, err := c.r.Read()
	return errors.Is(err, io.EOF) && c.cutShort()
}

func (c *csvRows) cutShort() bool { return c.tail.last != '\n' && c.tail.last != '\r' }

func (c *csvRows) close() {}

// tailReader remembers the last byte read.
type tailReader struct {
	r    io.Reader
	last byte
}

func (t *tailReader) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if n > 0 {
		t.last = p[n-1]
	}
	return n, err
}

// looksLikeHTML reports whether a file starts like a web page or an XML document.
func looksLikeHTML(head []byte) bool {
	s := strings.ToLower(strings.TrimSpace(string(bytes.TrimPrefix(head, utf8BOM))))
	for _, p := range []string{"<!doctype", "<html", "<head", "<body", "<?xml", "<!--", "<script"} {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}
