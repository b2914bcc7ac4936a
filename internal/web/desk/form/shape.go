package form

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"entente"
)

// kind is how a value is typed.
type kind string

const (
	line      kind = "line"      // a short text
	long      kind = "long"      // a long text in no particular language
	bilingual kind = "bilingual" // entente.Text
	choice    kind = "choice"    // one of an enum
	choices   kind = "choices"   // several codes
	lines     kind = "lines"     // several short texts, one a line
	day       kind = "day"
	number    kind = "number"
	tick      kind = "tick"
	yesNo     kind = "yesno" // a truth that has to be stated
	moment    kind = "moment"
	reference kind = "reference"
	digest    kind = "digest"
	file      kind = "file"
	raw       kind = "raw" // JSON as it is
	group     kind = "group"
	repeat    kind = "repeat"
)

// shape is one field of a body's type.
type shape struct {
	name     string
	typ      reflect.Type
	kind     kind
	required bool
	rule     rule
	fields   []shape // of a group
	item     *shape  // of a repeat
}

// rule is what the schema asks of a value.
type rule struct {
	enum               []string
	pattern            *regexp.Regexp
	minLength, maxLen  int
	minItems, maxItems int
}

var (
	textType = reflect.TypeFor[entente.Text]()
	dateType = reflect.TypeFor[entente.Date]()
	refType  = reflect.TypeFor[entente.Ref]()
	digType  = reflect.TypeFor[entente.Digest]()
	blobType = reflect.TypeFor[entente.Blob]()
	partyT   = reflect.TypeFor[entente.Party]()
	rawType  = reflect.TypeFor[json.RawMessage]()
	timeType = reflect.TypeFor[time.Time]()
)

// shapes lists the fields of a struct in their order; those of embedded structs
// stand among them, as they do in the JSON.
func shapes(t reflect.Type) []shape {
	var out []shape
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			out = append(out, shapes(f.Type)...)
			continue
		}
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		s := shapeOf(name, f.Type, ruleOf(f.Tag.Get("jsonschema")))
		if s.required = !strings.Contains(opts, "omit"); s.required && s.kind == tick {
			s.kind = yesNo
		}
		out = append(out, s)
	}
	return out
}

func shapeOf(name string, t reflect.Type, r rule) shape {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s := shape{name: name, typ: t, rule: r}
	switch {
	case t == textType:
		s.kind = bilingual
	case t == dateType:
		s.kind = day
	case t == refType:
		s.kind = reference
	case t == digType:
		s.kind = digest
	case t == blobType:
		s.kind = file
	case t == timeType:
		s.kind = moment
	case t == rawType, t.Kind() == reflect.Map:
		s.kind = raw
	case t == partyT, len(r.enum) > 0 && t.Kind() != reflect.Slice:
		s.kind = choice
	case t.Kind() == reflect.Bool:
		s.kind = tick
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		s.kind = number
	case t.Kind() == reflect.Struct:
		s.kind, s.fields = group, shapes(t)
	case t.Kind() == reflect.Slice:
		return listShape(s)
	case r.maxLen > 2000:
		s.kind = long
	default:
		s.kind = line
	}
	return s
}

// listShape: codes are chosen or typed one a line, everything else repeats.
func listShape(s shape) shape {
	e := s.typ.Elem()
	switch {
	case e == partyT:
		s.kind = choices
	case e.Kind() == reflect.String:
		s.kind = lines
		if s.name == "areas" || s.name == "states" || s.name == "indicators" {
			s.kind = choices
		}
	default:
		item := shapeOf(s.name, e, rule{})
		item.required = true
		s.kind, s.item = repeat, &item
	}
	return s
}

// ruleOf reads a jsonschema tag; a comma inside a value is escaped there.
func ruleOf(tag string) rule {
	var r rule
	for _, part := range strings.Split(strings.ReplaceAll(tag, `\\,`, "\x00"), ",") {
		k, v, _ := strings.Cut(strings.ReplaceAll(strings.ReplaceAll(part, "\x00", ","), `\,`, ","), "=")
		n, _ := strconv.Atoi(v)
		switch k {
		case "enum":
			r.enum = append(r.enum, v)
		case "pattern":
			r.pattern, _ = regexp.Compile(v)
		case "minLength":
			r.minLength = n
		case "maxLength":
			r.maxLen = n
		case "minItems":
			r.minItems = n
		case "maxItems":
			r.maxItems = n
		}
	}
	return r
}
