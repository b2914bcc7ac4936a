package stix

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Decoder reads the objects of a bundle (section 8) or of a TAXII 2.1 envelope
// one at a time, holding no more than one of them.
type Decoder struct {
	r        io.Reader
	lim      Limits
	buf      []byte
	i        int   // of the next byte in buf
	gone     int64 // bytes before buf
	atEnd    bool
	state    state
	rest     []byte // the members other than objects, as an object of their own
	objects  int
	seen     bool // "objects" was there
	envelope *Object
	parser   parser
	err      error
}

type state uint8

const (
	atStart state = iota
	inObjects
	inMembers
	done
)

// NewDecoder returns a decoder of r. A limit that is zero is that of
// DefaultLimits.
func NewDecoder(r io.Reader, lim Limits) *Decoder {
	d := DefaultLimits
	if lim.Object > 0 {
		d.Object = lim.Object
	}
	if lim.Objects > 0 {
		d.Objects = lim.Objects
	}
	if lim.Total > 0 {
		d.Total = lim.Total
	}
	if lim.Depth > 0 {
		d.Depth = lim.Depth
	}
	return &Decoder{r: r, lim: d, rest: []byte{'{'}}
}

// Next returns the next object, or io.EOF after the last, when all of the input
// was read and found whole. Any other error is an [*Error] or the reader's, and
// stays.
func (d *Decoder) Next() (*Object, error) {
	if d.err != nil {
		return nil, d.err
	}
	o, err := d.next()
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = d.fail(CodeJSON, "the text ends before the bundle does")
	}
	d.err = err
	return o, err
}

// Envelope returns the bundle or envelope without its objects. It is there once
// Next has returned io.EOF, and nil before.
func (d *Decoder) Envelope() *Object { return d.envelope }

// Offset returns how many bytes were read.
func (d *Decoder) Offset() int64 { return d.gone + int64(d.i) }

func (d *Decoder) next() (*Object, error) {
	switch d.state {
	case atStart:
		if err := d.want('{', "a bundle"); err != nil {
			return nil, err
		}
		d.state = inMembers
		return d.members(true)
	case inObjects:
		c, err := d.peek()
		if err != nil {
			return nil, err
		}
		d.i++
		if c == ',' {
			return d.object()
		}
		if c != ']' {
			d.i--
			return nil, d.fail(CodeJSON, fmt.Sprintf("%q where a comma or ] should stand", c))
		}
		d.state = inMembers
		return d.members(false)
	}
	return nil, io.EOF
}

// members reads on to the first object, or the end.
func (d *Decoder) members(first bool) (*Object, error) {
	for ; ; first = false {
		c, err := d.peek()
		if err != nil {
			return nil, err
		}
		if c == '}' {
			d.i++
			return nil, d.close()
		}
		if !first {
			if err := d.want(',', "a comma"); err != nil {
				return nil, err
			}
		}
		o, err := d.member()
		if o != nil || err != nil || d.state == inObjects {
			return o, err
		}
	}
}

// member reads one member. It returns the first object when it is objects.
func (d *Decoder) member() (*Object, error) {
	if c, err := d.peek(); err != nil || c != '"' {
		return nil, d.or(err, CodeJSON, "the name of a member should stand here")
	}
	raw, err := d.value()
	if err != nil {
		return nil, err
	}
	name, err := d.parser.parse(string(raw), 0)
	if err != nil {
		return nil, d.shift(err, len(raw))
	}
	if name.text != "objects" {
		d.rest = append(append(d.rest, raw...), ':')
		if err := d.want(':', "a colon"); err != nil {
			return nil, err
		}
		return nil, d.keep()
	}
	if d.seen {
		return nil, d.fail(CodeDuplicate, `the property "objects" stands twice in one object`)
	}
	d.seen = true
	if err := d.want(':', "a colon"); err != nil {
		return nil, err
	}
	if c, err := d.peek(); err != nil || c != '[' {
		return nil, d.or(err, CodeShape, "objects must be a list")
	}
	d.i++
	if c, err := d.peek(); err != nil || c == ']' {
		// An empty list is kept for the validator to refuse: section 2.12.
		d.i++
		d.rest = append(d.rest, `"objects":[],`...)
		return nil, err
	}
	d.state = inObjects
	return d.object()
}

// keep copies the value of a member to the rest.
func (d *Decoder) keep() error {
	if _, err := d.peek(); err != nil {
		return err
	}
	raw, err := d.value()
	if err == nil && len(d.rest)+len(raw) > d.lim.Object {
		return d.fail(CodeSize, fmt.Sprintf("what stands beside the objects is larger than %d bytes", d.lim.Object))
	}
	d.rest = append(append(d.rest, raw...), ',')
	return err
}

// object reads one object of the list.
func (d *Decoder) object() (*Object, error) {
	c, err := d.peek()
	if err != nil {
		return nil, err
	}
	if c != '{' {
		return nil, d.fail(CodeShape, "objects must be a list of objects")
	}
	if d.objects++; d.objects > d.lim.Objects {
		return nil, d.fail(CodeCount, fmt.Sprintf("more than %d objects", d.lim.Objects))
	}
	raw, err := d.value()
	if err != nil {
		return nil, err
	}
	o, err := d.parser.object(string(raw), d.lim)
	if err != nil {
		return nil, d.shift(err, len(raw))
	}
	return o, nil
}

// close reads on to the end of the input and parses the envelope.
func (d *Decoder) close() error {
	d.state = done
	switch c, err := d.peek(); {
	case err == nil:
		return d.fail(CodeJSON, fmt.Sprintf("%q after the end", c))
	case !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	}
	rest := append(bytes.TrimSuffix(d.rest, []byte{','}), '}')
	envelope, err := d.parser.object(string(rest), d.lim)
	if err != nil {
		return err
	}
	d.envelope = envelope
	return io.EOF
}

func (d *Decoder) want(c byte, what string) error {
	got, err := d.peek()
	if err != nil || got != c {
		return d.or(err, CodeJSON, what+" should stand here")
	}
	d.i++
	return nil
}

// peek returns the next byte that is no white space.
func (d *Decoder) peek() (byte, error) {
	for {
		for ; d.i < len(d.buf); d.i++ {
			switch c := d.buf[d.i]; c {
			case ' ', '\t', '\n', '\r':
			default:
				return c, nil
			}
		}
		if err := d.fill(d.i); err != nil {
			return 0, err
		}
	}
}

// value returns the bytes of the next value, which the parser is still to judge:
// only where it ends is known. They are valid until the next call.
func (d *Decoder) value() ([]byte, error) {
	begin, depth, inString := d.i, 0, false
	for j := d.i; ; j++ {
		if j == len(d.buf) {
			if j-begin > d.lim.Object {
				return nil, d.fail(CodeSize, fmt.Sprintf("an object is larger than %d bytes", d.lim.Object))
			}
			j -= begin
			if err := d.fill(begin); err != nil {
				return nil, err
			}
			begin = 0
		}
		c := d.buf[j]
		ends := false
		switch {
		case inString && c == '\\':
			// The next byte is of the escape, whatever it is; a value is never empty here.
			if j+1 == len(d.buf) {
				j -= begin
				if err := d.fill(begin); err != nil {
					return nil, err
				}
				begin = 0
			}
			j++
		case c == '"':
			inString = !inString
			ends = !inString && depth == 0
		case inString:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth == 0 {
				d.i = j
				return d.buf[begin:j], nil
			}
			depth--
			ends = depth == 0
		case depth == 0 && (c == ',' || c == ':' || c <= ' '):
			d.i = j
			return d.buf[begin:j], nil
		}
		if ends {
			d.i = j + 1
			return d.buf[begin:d.i], nil
		}
	}
}

// fill reads more behind what is kept from begin on, which moves to the front.
// The end of the input is io.ErrUnexpectedEOF.
func (d *Decoder) fill(begin int) error {
	if d.atEnd {
		d.i = len(d.buf)
		return io.ErrUnexpectedEOF
	}
	kept := copy(d.buf, d.buf[begin:])
	d.gone += int64(begin)
	d.i = max(0, d.i-begin)
	d.buf = d.buf[:kept]
	if kept == cap(d.buf) {
		grown := make([]byte, kept, max(64<<10, 2*kept))
		copy(grown, d.buf)
		d.buf = grown
	}
	n, err := io.ReadAtLeast(d.r, d.buf[kept:cap(d.buf)], 1)
	d.buf = d.buf[:kept+n]
	if d.gone+int64(len(d.buf)) > d.lim.Total {
		return d.fail(CodeSize, fmt.Sprintf("more than %d bytes", d.lim.Total))
	}
	if errors.Is(err, io.EOF) {
		d.atEnd = true
		return io.ErrUnexpectedEOF
	}
	return err
}

func (d *Decoder) fail(code ErrorCode, detail string) error {
	return &Error{code, d.Offset(), detail}
}

// or is err, which at the end of the input becomes ours, or the failure given.
func (d *Decoder) or(err error, code ErrorCode, detail string) error {
	if err != nil {
		return err
	}
	return d.fail(code, detail)
}

// shift moves the offset of an error in a value that was just read.
func (d *Decoder) shift(err error, size int) error {
	var e *Error
	if errors.As(err, &e) {
		return &Error{e.Code, d.Offset() - int64(size) + e.Offset, e.Detail}
	}
	return err
}

// Bundle is a bundle (section 8) held whole.
type Bundle struct {
	ID       string
	Objects  []*Object
	Envelope *Object // the bundle without its objects
}

// ParseBundle reads a bundle. The error is an [*Error] or the reader's. That it is
// a bundle at all is for [ValidateBundle] to say.
func ParseBundle(r io.Reader, lim Limits) (*Bundle, error) {
	d := NewDecoder(r, lim)
	b := &Bundle{}
	for {
		o, err := d.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		b.Objects = append(b.Objects, o)
	}
	b.Envelope = d.Envelope()
	b.ID = b.Envelope.ID
	return b, nil
}

// WriteBundle writes objects as a bundle with this id, each with its exact JSON. A bundle
// without objects has no objects property (sections 2.12, 8).
func WriteBundle(w io.Writer, id string, objects []*Object) error {
	var buf bytes.Buffer
	fmt.Fprintf(&buf, "{\"type\":\"bundle\",\"id\":%q", id)
	for i, o := range objects {
		sep := ","
		if i == 0 {
			sep = ",\"objects\":["
		}
		buf.WriteString(sep)
		buf.WriteString(o.raw)
		if buf.Len() > 64<<10 {
			if _, err := buf.WriteTo(w); err != nil {
				return err
			}
		}
	}
	if len(objects) > 0 {
		buf.WriteByte(']')
	}
	buf.WriteString("}\n")
	_, err := buf.WriteTo(w)
	return err
}
