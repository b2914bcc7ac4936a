package stix

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// kind is the JSON type of a value.
type kind uint8

const (
	kindNull kind = iota
	kindFalse
	kindTrue
	kindNumber
	kindString
	kindArray
	kindObject
)

// node is one JSON value. Its strings are parts of the document wherever the
// document needs no unescaping.
type node struct {
	key        string // the name of a member of an object
	text       string // the decoded string, or the number as it stands
	kids       []node // of an array or object, in document order
	start, end int32  // where the value stands in the document
	kind       kind
}

func (n *node) bool() bool { return n.kind == kindTrue }

// get returns the member with this name, or nil.
func (n *node) get(key string) *node {
	if n.kind != kindObject {
		return nil
	}
	for i := range n.kids {
		if n.kids[i].key == key {
			return &n.kids[i]
		}
	}
	return nil
}

// str returns the string of the member with this name, or "".
func (n *node) str(key string) string {
	if m := n.get(key); m != nil && m.kind == kindString {
		return m.text
	}
	return ""
}

// parser reads documents strictly (RFC 8259). Beyond the grammar it refuses what
// two readers could take differently: a key twice in one object, invalid UTF-8 and
// escapes that name no character. A parser may be used again; the nodes of a
// document stay valid.
type parser struct {
	doc      string
	i        int
	maxDepth int
	stack    []node // values of the containers that are still open
	arena    []node // room for the values of closed ones
}

// parse reads doc, which must be one value with nothing but white space around it.
func (p *parser) parse(doc string, maxDepth int) (node, error) {
	if !utf8.ValidString(doc) {
		return node{}, &Error{CodeUTF8, 0, "the text is not valid UTF-8"}
	}
	p.doc, p.i, p.maxDepth, p.stack = doc, 0, maxDepth, p.stack[:0]
	p.space()
	n, err := p.value(0)
	if err != nil {
		return node{}, err
	}
	if p.space(); p.i < len(doc) {
		return node{}, p.unexpected("the end")
	}
	return n, nil
}

func (p *parser) space() {
	for p.i < len(p.doc) {
		switch p.doc[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

// next returns the next byte, or 0 at the end.
func (p *parser) next() byte {
	if p.i < len(p.doc) {
		return p.doc[p.i]
	}
	return 0
}

func (p *parser) unexpected(want string) error {
	if p.i >= len(p.doc) {
		return &Error{CodeJSON, int64(p.i), "the text ends, want " + want}
	}
	r, _ := utf8.DecodeRuneInString(p.doc[p.i:])
	return &Error{CodeJSON, int64(p.i), fmt.Sprintf("%q where %s should stand", r, want)}
}

func (p *parser) value(depth int) (node, error) {
	if depth > p.maxDepth {
		return node{}, &Error{CodeDepth, int64(p.i), fmt.Sprintf("nested deeper than %d", p.maxDepth)}
	}
	n := node{start: int32(p.i)}
	var err error
	switch c := p.next(); {
	case c == '{':
		n.kind = kindObject
		n.kids, err = p.container('}', depth)
	case c == '[':
		n.kind = kindArray
		n.kids, err = p.container(']', depth)
	case c == '"':
		n.kind = kindString
		n.text, err = p.string()
	case c == '-' || c >= '0' && c <= '9':
		n.kind = kindNumber
		n.text, err = p.number()
	default:
		n.kind, err = p.word()
	}
	n.end = int32(p.i)
	return n, err
}

func (p *parser) word() (kind, error) {
	for _, w := range [...]struct {
		text string
		kind kind
	}{{"true", kindTrue}, {"false", kindFalse}, {"null", kindNull}} {
		if strings.HasPrefix(p.doc[p.i:], w.text) {
			p.i += len(w.text)
			return w.kind, nil
		}
	}
	return kindNull, p.unexpected("a value")
}

// container reads the values of an array or object, from its opening bracket on.
func (p *parser) container(end byte, depth int) ([]node, error) {
	p.i++
	base := len(p.stack)
	defer func() { p.stack = p.stack[:base] }()
	if p.space(); p.next() == end {
		p.i++
		return nil, nil
	}
	for {
		if err := p.member(end == '}', depth); err != nil {
			return nil, err
		}
		p.space()
		switch p.next() {
		case ',':
			p.i++
			p.space()
		case end:
			p.i++
			kids := p.keep(p.stack[base:])
			if end == '}' {
				return kids, p.unique(kids)
			}
			return kids, nil
		default:
			return nil, p.unexpected("a comma or " + string(rune(end)))
		}
	}
}

// member reads one value, with its name before it in an object, onto the stack.
func (p *parser) member(named bool, depth int) error {
	var key string
	if named {
		if p.next() != '"' {
			return p.unexpected("the name of a member")
		}
		var err error
		if key, err = p.string(); err != nil {
			return err
		}
		if p.space(); p.next() != ':' {
			return p.unexpected("a colon")
		}
		p.i++
		p.space()
	}
	n, err := p.value(depth + 1)
	n.key = key
	p.stack = append(p.stack, n)
	return err
}

// keep copies values off the stack to where they stay.
func (p *parser) keep(values []node) []node {
	if len(p.arena) < len(values) {
		p.arena = make([]node, max(256, len(values)))
	}
	kids := p.arena[:len(values):len(values)]
	p.arena = p.arena[len(values):]
	copy(kids, values)
	return kids
}

// unique refuses a name that stands twice.
func (p *parser) unique(members []node) error {
	if len(members) > 24 {
		seen := make(map[string]bool, len(members))
		for i := range members {
			if seen[members[i].key] {
				return duplicate(&members[i])
			}
			seen[members[i].key] = true
		}
		return nil
	}
	for i := 1; i < len(members); i++ {
		for j := range members[:i] {
			if members[i].key == members[j].key {
				return duplicate(&members[i])
			}
		}
	}
	return nil
}

func duplicate(n *node) error {
	return &Error{CodeDuplicate, int64(n.start), fmt.Sprintf("the property %q stands twice in one object", n.key)}
}

// number reads a number and returns it as it stands.
func (p *parser) number() (string, error) {
	begin := p.i
	if p.next() == '-' {
		p.i++
	}
	if p.next() == '0' {
		p.i++
	} else if p.digits() == 0 {
		return "", p.unexpected("a digit")
	}
	if p.next() == '.' {
		p.i++
		if p.digits() == 0 {
			return "", p.unexpected("a digit")
		}
	}
	if c := p.next(); c == 'e' || c == 'E' {
		p.i++
		if c := p.next(); c == '+' || c == '-' {
			p.i++
		}
		if p.digits() == 0 {
			return "", p.unexpected("a digit")
		}
	}
	return p.doc[begin:p.i], nil
}

func (p *parser) digits() int {
	begin := p.i
	for c := p.next(); c >= '0' && c <= '9'; c = p.next() {
		p.i++
	}
	return p.i - begin
}

// string reads a string, from its opening quotation mark on.
func (p *parser) string() (string, error) {
	p.i++
	begin := p.i
	for p.i < len(p.doc) {
		switch c := p.doc[p.i]; {
		case c == '"':
			p.i++
			return p.doc[begin : p.i-1], nil
		case c == '\\':
			return p.escaped(begin)
		case c < 0x20:
			return "", p.unexpected("a character, or its escape,")
		}
		p.i++
	}
	return "", p.unexpected("a quotation mark")
}

// escaped reads on in a string that has an escape.
func (p *parser) escaped(begin int) (string, error) {
	var b strings.Builder
	b.WriteString(p.doc[begin:p.i])
	for p.i < len(p.doc) {
		c := p.doc[p.i]
		switch {
		case c == '"':
			p.i++
			return b.String(), nil
		case c < 0x20:
			return "", p.unexpected("a character, or its escape,")
		case c != '\\':
			b.WriteByte(c)
			p.i++
		default:
			r, err := p.escape()
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
		}
	}
	return "", p.unexpected("a quotation mark")
}

const (
	escapeLetters = `"\/bfnrt`
	escapeValues  = "\"\\/\b\f\n\r\t"
)

// escape reads one escape, a pair of surrogates included.
func (p *parser) escape() (rune, error) {
	p.i++
	c := p.next()
	if k := strings.IndexByte(escapeLetters, c); k >= 0 {
		p.i++
		return rune(escapeValues[k]), nil
	}
	if c != 'u' {
		return 0, p.unexpected("an escape")
	}
	r, err := p.hex4()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	if strings.HasPrefix(p.doc[p.i:], `\u`) {
		p.i++
		low, err := p.hex4()
		if err != nil {
			return 0, err
		}
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, nil
		}
	}
	return 0, &Error{CodeUTF8, int64(p.i), "a lone surrogate names no character"}
}

// hex4 reads the u of an escape and its four digits.
func (p *parser) hex4() (rune, error) {
	if p.i+5 > len(p.doc) {
		p.i = len(p.doc)
		return 0, p.unexpected("four hexadecimal digits")
	}
	v, err := strconv.ParseUint(p.doc[p.i+1:p.i+5], 16, 16)
	if err != nil {
		return 0, p.unexpected("four hexadecimal digits")
	}
	p.i += 5
	return rune(v), nil
}
