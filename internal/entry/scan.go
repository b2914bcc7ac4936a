package entry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"
)

const (
	maxDepth  = 16 // nesting of JSON values below the first
	maxNumber = 24 // characters of a number; an int64 has at most 20
)

// tree reads one JSON value (RFC 8259) strictly into maps, slices, strings, bools,
// nil and [json.Number], as the schema validator takes it. Beyond the grammar it
// refuses what two readers could take differently: invalid UTF-8, control
// characters, escapes that name no character, white space outside strings, a key
// twice in one object, exponents, and nesting and numbers beyond the bounds.
//
// encoding/json cannot: it passes duplicate keys, replaces lone surrogates, and
// gives no offsets. The second result is where the value of the key "body" of the
// outermost object stands.
func tree(line []byte) (any, span, error) {
	if !utf8.Valid(line) {
		return nil, span{}, &Error{CodeUTF8, "the text is not valid UTF-8"}
	}
	r := reader{b: line}
	v, err := r.value(0)
	if err != nil {
		return nil, span{}, err
	}
	if r.i < len(line) {
		return nil, span{}, r.unexpected("the end")
	}
	return v, r.body, nil
}

// span is a part of a line, by its first byte and the one after its last.
type span struct{ begin, end int }

type reader struct {
	b    []byte
	i    int // of the next byte
	body span
}

// next returns the next byte, or 0 at the end.
func (r *reader) next() byte {
	if r.i < len(r.b) {
		return r.b[r.i]
	}
	return 0
}

// unexpected says what stands where something else should.
func (r *reader) unexpected(want string) error {
	switch c := r.next(); {
	case r.i >= len(r.b):
		return &Error{CodeJSON, "the text ends, want " + want}
	case c < 0x20 || c == 0x7f:
		return &Error{CodeUTF8, fmt.Sprintf("control character 0x%02x at byte %d", c, r.i)}
	case c == ' ':
		return &Error{CodeCompact, fmt.Sprintf("space outside a string at byte %d", r.i)}
	default:
		return &Error{CodeJSON, fmt.Sprintf("%q at byte %d, want %s", c, r.i, want)}
	}
}

// take consumes c.
func (r *reader) take(c byte) error {
	if r.next() != c {
		return r.unexpected(strconv.QuoteRune(rune(c)))
	}
	r.i++
	return nil
}

func (r *reader) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, &Error{CodeJSON, fmt.Sprintf("nested deeper than %d", maxDepth)}
	}
	switch c := r.next(); {
	case c == '{':
		return r.object(depth)
	case c == '[':
		return r.array(depth)
	case c == '"':
		return r.string()
	case c == '-' || c >= '0' && c <= '9':
		return r.number()
	}
	for _, w := range words {
		if bytes.HasPrefix(r.b[r.i:], w.text) {
			r.i += len(w.text)
			return w.value, nil
		}
	}
	return nil, r.unexpected("a value")
}

var words = []struct {
	text  []byte
	value any
}{{[]byte("true"), true}, {[]byte("false"), false}, {[]byte("null"), nil}}

func (r *reader) object(depth int) (any, error) {
	m := map[string]any{}
	err := r.list('{', '}', func() error {
		if r.next() != '"' {
			return r.unexpected("a key")
		}
		key, err := r.string()
		if err != nil {
			return err
		}
		if _, twice := m[key]; twice {
			return &Error{CodeDuplicate, fmt.Sprintf("key %q twice in one object", key)}
		}
		if err := r.take(':'); err != nil {
			return err
		}
		begin := r.i
		if m[key], err = r.value(depth + 1); err == nil && depth == 0 && key == "body" {
			r.body = span{begin, r.i}
		}
		return err
	})
	return m, err
}

func (r *reader) array(depth int) (any, error) {
	values := []any{}
	err := r.list('[', ']', func() error {
		v, err := r.value(depth + 1)
		values = append(values, v)
		return err
	})
	return values, err
}

// list reads items between commas.
func (r *reader) list(open, end byte, item func() error) error {
	if err := r.take(open); err != nil {
		return err
	}
	if r.next() == end {
		r.i++
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if r.next() != ',' {
			return r.take(end)
		}
		r.i++
	}
}

// number: -?(0|[1-9][0-9]*)(\.[0-9]+)?
func (r *reader) number() (any, error) {
	begin := r.i
	if r.next() == '-' {
		r.i++
	}
	leading := r.next() == '0'
	if n := r.digits(); n == 0 || leading && n > 1 {
		return nil, &Error{CodeJSON, fmt.Sprintf("no number at byte %d", begin)}
	}
	if r.next() == '.' {
		r.i++
		if r.digits() == 0 {
			return nil, r.unexpected("a digit")
		}
	}
	if n := r.i - begin; n > maxNumber {
		return nil, &Error{CodeJSON, fmt.Sprintf("a number of %d characters, at most %d", n, maxNumber)}
	}
	return json.Number(r.b[begin:r.i]), nil
}

func (r *reader) digits() int {
	begin := r.i
	for c := r.next(); c >= '0' && c <= '9'; c = r.next() {
		r.i++
	}
	return r.i - begin
}

// string reads a string; the next byte is its quote.
func (r *reader) string() (string, error) {
	begin := r.i
	escaped := false
	for r.i++; r.i < len(r.b); r.i++ {
		switch c := r.b[r.i]; {
		case c == '"':
			r.i++
			if escaped {
				return unescape(r.b[begin:r.i])
			}
			return string(r.b[begin+1 : r.i-1]), nil
		case c < 0x20 || c == 0x7f:
			return "", r.unexpected("a character")
		case c == '\\':
			escaped = true
			n, err := escape(r.b[r.i:])
			if err != nil {
				return "", err
			}
			r.i += n - 1
		}
	}
	return "", &Error{CodeJSON, fmt.Sprintf("the string at byte %d does not end", begin)}
}

// unescape returns the content of a quoted string. The standard library knows the
// escapes; those that it would replace were refused before.
func unescape(quoted []byte) (string, error) {
	var s string
	if err := json.Unmarshal(quoted, &s); err != nil {
		return "", &Error{CodeJSON, err.Error()}
	}
	return s, nil
}

// escape returns the length of the escape sequence that b begins with.
func escape(b []byte) (int, error) {
	if len(b) < 2 || b[1] != 'u' {
		return 2, nil
	}
	first, ok := hex4(b)
	pair := first >= 0xd800 && first < 0xdc00
	if !ok || first < 0x20 || first == 0x7f || !pair && first >= 0xd800 && first < 0xe000 {
		return 0, &Error{CodeUTF8, fmt.Sprintf("escape %q names no character of text", b[:min(6, len(b))])}
	}
	if !pair {
		return 6, nil
	}
	if second, ok := hex4(b[6:]); !ok || second < 0xdc00 || second >= 0xe000 {
		return 0, &Error{CodeUTF8, fmt.Sprintf("escape %q is half a pair", b[:min(12, len(b))])}
	}
	return 12, nil
}

// hex4 reads \uXXXX.
func hex4(b []byte) (uint64, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 32)
	return n, err == nil
}
