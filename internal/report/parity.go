package report

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
)

// ParityError says which figure stands in one language and not in the other, and
// where: nothing is rendered then.
type ParityError struct {
	// Place is the ID of the part of the page.
	Place string
	// ES and EN are the figures that only that language has.
	ES, EN []string
}

// Error names the place and the figures.
func (e *ParityError) Error() string {
	return fmt.Sprintf("the report's languages differ in their figures at %q: only Spanish has [%s], only English has [%s]",
		e.Place, strings.Join(e.ES, " "), strings.Join(e.EN, " "))
}

// parity holds the figures of both pages against each other, place by place.
func parity(es, en []byte) error {
	left, right := figuresByPlace(es), figuresByPlace(en)
	var places []string
	for place := range left {
		places = append(places, place)
	}
	for place := range right {
		if _, ok := left[place]; !ok {
			places = append(places, place)
		}
	}
	slices.Sort(places)
	for _, place := range places {
		onlyES, onlyEN := difference(left[place], right[place]), difference(right[place], left[place])
		if len(onlyES)+len(onlyEN) > 0 {
			return &ParityError{place, onlyES, onlyEN}
		}
	}
	return nil
}

// number matches a figure in either language's form: thousands with commas or
// thin spaces, decimals with a point.
var number = regexp.MustCompile(`[0-9]+(?:[,\x{202f}\x{2009}][0-9]{3})*(?:\.[0-9]+)?`)

// numbers returns the figures of a text without separators of thousands.
func numbers(text string) []string {
	found := number.FindAllString(text, -1)
	for i, f := range found {
		found[i] = strings.NewReplacer(",", "", "\u202f", "", "\u2009", "").Replace(f)
	}
	return found
}

// difference returns what a has more of than b, both as multisets.
func difference(a, b []string) []string {
	left := map[string]int{}
	for _, f := range b {
		left[f]++
	}
	var out []string
	for _, f := range a {
		if left[f] > 0 {
			left[f]--
		} else {
			out = append(out, f)
		}
	}
	slices.Sort(out)
	return out
}

// figuresByPlace reads the figures of a page that this package rendered: the text
// outside style elements, by the nearest element around it that has an ID. What
// screen readers are told (aria-label) is text as well.
func figuresByPlace(page []byte) map[string][]string {
	out := map[string][]string{}
	type open struct{ tag, id string }
	stack := []open{{"", "page"}}
	for len(page) > 0 {
		at := bytes.IndexByte(page, '<')
		if at < 0 {
			break
		}
		here := stack[len(stack)-1].id
		out[here] = append(out[here], numbers(html.UnescapeString(string(page[:at])))...)
		page = page[at:]
		end := tagEnd(page)
		tag := strings.TrimSuffix(string(page[1:end]), ">")
		page = page[end:]
		name := strings.ToLower(strings.TrimLeft(firstWord(tag), "/"))
		switch {
		case strings.HasPrefix(tag, "!"):
		case strings.HasPrefix(tag, "/"):
			for n := len(stack) - 1; n > 0; n-- {
				if stack[n].tag == name {
					stack = stack[:n]
					break
				}
			}
		case name == "style":
			if end := bytes.Index(page, []byte("</style")); end >= 0 {
				page = page[end:]
			}
			stack = append(stack, open{name, here})
		case strings.HasSuffix(tag, "/") || void[name]:
		default:
			id := attribute(tag, "id")
			if id == "" {
				id = here
			}
			stack = append(stack, open{name, id})
			out[id] = append(out[id], numbers(html.UnescapeString(attribute(tag, "aria-label")))...)
		}
	}
	return out
}

var void = map[string]bool{"meta": true, "link": true, "br": true, "hr": true, "img": true, "input": true, "col": true, "wbr": true}

// tagEnd returns the length of the tag that b begins with, quoted attribute values
// passed over.
func tagEnd(b []byte) int {
	quote := byte(0)
	for i, c := range b {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i + 1
		}
	}
	return len(b)
}

func firstWord(s string) string {
	if i := strings.IndexAny(s, " \t\n/"); i > 0 {
		return s[:i]
	}
	return s
}

func attribute(tag, name string) string {
	_, rest, ok := strings.Cut(tag, " "+name+`="`)
	if !ok {
		return ""
	}
	value, _, _ := strings.Cut(rest, `"`)
	return value
}
