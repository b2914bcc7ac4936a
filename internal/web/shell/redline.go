package shell

import (
	"regexp"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// Op says what became of a piece of text.
type Op int

// The operations.
const (
	Kept Op = iota
	Removed
	Added
)

// Span is a run of whole words with one fate.
type Span struct {
	Op   Op
	Text string
}

// words splits a text into words, figures, runs of spaces, and single marks.
var words = regexp.MustCompile(`[\p{L}\p{M}]+|\p{N}+(?:[.,]\p{N}+)*|\s+|[^\p{L}\p{M}\p{N}\s]`)

// Diff compares two texts word by word. Joining the spans that are not Added gives before; not Removed, after.
func Diff(before, after string) []Span {
	code := &wordCode{of: map[string]rune{}, next: 0x100}
	a, b := code.encode(before), code.encode(after)
	dmp := diffmatchpatch.New()
	dmp.DiffTimeout = 0 // no clock: the same two texts always give the same redline
	var out []Span
	for _, d := range dmp.DiffCleanupSemantic(dmp.DiffMainRunes(a, b, false)) {
		op := Kept
		switch d.Type {
		case diffmatchpatch.DiffDelete:
			op = Removed
		case diffmatchpatch.DiffInsert:
			op = Added
		}
		if text := code.decode(d.Text); text != "" {
			out = append(out, Span{Op: op, Text: text})
		}
	}
	return out
}

// wordCode gives each different word one rune, so that a comparison of runes is one of words.
type wordCode struct {
	of   map[string]rune
	list []string
	next rune
}

func (c *wordCode) encode(s string) []rune {
	var out []rune
	for _, w := range words.FindAllString(s, -1) {
		r, ok := c.of[w]
		if !ok {
			if c.next == 0xD800 {
				c.next = 0xE000 // surrogates are no characters
			}
			r = c.next
			c.next++
			c.of[w] = r
			c.list = append(c.list, w)
		}
		out = append(out, r)
	}
	return out
}

func (c *wordCode) decode(s string) string {
	var out []byte
	for _, r := range s {
		i := int(r) - 0x100
		if r >= 0xE000 {
			i -= 0x800
		}
		out = append(out, c.list[i]...)
	}
	return string(out)
}
