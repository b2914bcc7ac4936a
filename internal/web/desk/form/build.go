package form

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"entente"
	"entente/internal/web/shell"
	"entente/internal/web/site"
	"entente/internal/web/things"
)

// Input is what a form is built from.
type Input struct {
	F    *site.Frame
	Type entente.Type
	Body json.RawMessage
	// Check says beside each field what is wrong with it.
	Check bool
	// More is the path of a list that gets one more empty item.
	More string
	// Hide are fields by path that the form does not show; their values stay.
	Hide map[string]bool
	// Refs are the candidates of a reference by the path's field name.
	Refs func(field string) []shell.Option
	// Choices are the options of a list of codes ("areas", "states", "indicators").
	Choices func(field string) []shell.Option
	// Errors are more errors by path, such as the node's.
	Errors map[string]string
}

// Field is one field of a form, with its value and what is wrong with it.
type Field struct {
	shape
	Path    string
	Label   string
	Help    string
	Value   string
	Values  []string
	Sides   entente.Text // of a bilingual field
	Blob    *entente.Blob
	Options []shell.Option
	Fields  []Field // of a group; the items of a repeat
	Error   string
	// Blank: nothing of a group that may be left out is filled in.
	Blank bool
}

// Kind names how the field is typed.
func (f Field) Kind() string { return string(f.kind) }

// Find returns the fields of some paths in the order asked for, of groups too; a path
// that the form does not have is passed over.
func Find(fields []Field, paths ...string) []Field {
	var out []Field
	for _, p := range paths {
		if f, ok := find(fields, p); ok {
			out = append(out, f)
		}
	}
	return out
}

func find(fields []Field, path string) (Field, bool) {
	for _, f := range fields {
		if f.Path == path {
			return f, true
		}
		if f.kind == group && strings.HasPrefix(path, f.Path+".") {
			return find(f.Fields, path)
		}
	}
	return Field{}, false
}

// Without returns the fields but those of some paths; a group of which nothing is
// left drops out.
func Without(fields []Field, paths ...string) []Field {
	var out []Field
	for _, f := range fields {
		if slices.Contains(paths, f.Path) {
			continue
		}
		if f.kind == group {
			if f.Fields = Without(f.Fields, paths...); len(f.Fields) == 0 {
				continue
			}
		}
		out = append(out, f)
	}
	return out
}

// Errors returns all fields with an error, in their order.
func Errors(fields []Field) []Field {
	var out []Field
	for _, f := range fields {
		if f.Error != "" {
			out = append(out, f)
		}
		out = append(out, Errors(f.Fields)...)
	}
	return out
}

// Build makes the form of a draft.
func Build(in Input) []Field {
	r, ok := entente.Rule(in.Type)
	if !ok {
		return nil
	}
	root, _ := tree(in.Body).(map[string]any)
	b := builder{Input: in}
	return b.object(shapes(reflect.TypeOf(r.New()).Elem()), "", root)
}

type builder struct {
	Input
	blank bool // within a group that is left out: nothing in it is required
}

func (b *builder) object(fields []shape, path string, value map[string]any) []Field {
	var out []Field
	for _, s := range fields {
		p := join(path, s.name)
		if b.Hide[p] {
			continue
		}
		out = append(out, b.field(s, p, value[s.name]))
	}
	return out
}

func (b *builder) field(s shape, path string, value any) Field {
	f := Field{shape: s, Path: path, Label: b.label(s), Help: b.help(s, path)}
	f.required = s.required && !b.blank
	switch s.kind {
	case bilingual:
		m, _ := value.(map[string]any)
		f.Sides = entente.Text{ES: str(m["es"]), EN: str(m["en"])}
	case group:
		m, _ := value.(map[string]any)
		within := *b
		if !s.required && len(m) == 0 {
			within.Check, within.blank, f.Blank = false, true, true // what may be left out as a whole lacks nothing
		}
		f.Fields = within.object(s.fields, path, m)
	case repeat:
		list, _ := value.([]any)
		if b.More == path || len(list) == 0 && s.rule.minItems > 0 {
			list = append(list, nil)
		}
		for i, v := range list {
			it := b.field(*s.item, path+"."+strconv.Itoa(i), v)
			it.Label = b.F.T("desk.form.item", "What", f.Label, "N", i+1)
			it.Help = ""
			f.Fields = append(f.Fields, it)
		}
	case choices, lines:
		if s.kind == lines {
			if f.Options = b.agreed(s); len(f.Options) > 0 {
				f.kind, s.kind = choices, choices
				f.Help = b.help(s, path)
			}
		}
		list, _ := value.([]any)
		for _, v := range list {
			f.Values = append(f.Values, str(v))
		}
		f.Value = strings.Join(f.Values, "\n")
		if s.kind == choices && f.Options == nil {
			f.Options = b.options(s)
		}
	case line:
		f.Value = str(value)
		if f.Options = b.agreed(s); len(f.Options) > 0 {
			f.kind, s.kind = choice, choice
		}
	case yesNo:
		f.Options = []shell.Option{{Value: "true", Text: b.F.T("desk.form.yes")}, {Value: "false", Text: b.F.T("desk.form.no")}}
		if value != nil {
			f.Value = fmt.Sprint(value)
		}
	case moment:
		f.Value = momentTyped(str(value))
	case choice:
		f.Value, f.Options = str(value), b.options(s)
	case reference:
		f.Value, f.Options = refText(value), b.Refs(s.name)
		for _, o := range f.Options {
			if refPart(o.Value) == f.Value {
				f.Value = o.Value
			}
		}
	case file:
		f.Blob = blobOf(value)
	case raw:
		if value != nil {
			pretty, _ := json.MarshalIndent(value, "", "  ")
			f.Value = string(pretty)
		}
	case tick:
		if value == true {
			f.Value = "1"
		}
	default:
		f.Value = str(value)
	}
	if b.Check {
		f.Error = b.fault(s, f, value)
	}
	if e := b.Errors[path]; e != "" && f.Error == "" {
		f.Error = e
	}
	return f
}

// agreed are the choices of a code or a list of codes that is free by its type but
// not here; nil where it is free here too.
func (b *builder) agreed(s shape) []shell.Option {
	if s.typ.Kind() == reflect.Slice && len(s.rule.enum) > 0 {
		var out []shell.Option
		for _, v := range s.rule.enum {
			out = append(out, shell.Option{Value: v, Text: things.EnumText(b.F, s.name, v)})
		}
		return out
	}
	if b.Choices == nil {
		return nil
	}
	return b.Choices(s.name)
}

// typedMoment is how a browser types a moment; it stands for UTC.
const typedMoment = "2006-01-02T15:04"

// momentTyped is a moment as its field shows it; what is none stays as it was typed.
func momentTyped(s string) string {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return s
	}
	return t.UTC().Format(typedMoment)
}

func str(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	return fmt.Sprint(v)
}

// refText is a reference as a person reads and types it.
func refText(v any) string {
	m, ok := v.(map[string]any)
	if !ok {
		return str(v)
	}
	return str(m["log"]) + "#" + str(m["index"])
}

// refPart is the reference at the beginning of what the picker offers.
func refPart(s string) string {
	ref, _, _ := strings.Cut(s, " — ")
	return strings.TrimSpace(ref)
}

func blobOf(v any) *entente.Blob {
	raw, err := json.Marshal(v)
	if v == nil || err != nil {
		return nil
	}
	var b entente.Blob
	if json.Unmarshal(raw, &b) != nil {
		return nil
	}
	return &b
}

func (b *builder) label(s shape) string {
	zero := reflect.Zero(s.typ).Interface()
	return b.F.T(things.LabelID(s.name, zero))
}

// help is the message "help.<type>.<path>" or "help.<name>", if there is one.
func (b *builder) help(s shape, path string) string {
	name := s.name
	if s.kind == moment {
		return b.F.T("desk.form.moment.hint")
	}
	if name == "description" {
		name = "describes"
	}
	for _, id := range []string{"desk.help." + string(b.Type) + "." + path, "desk.help." + name} {
		if b.F.L.Has(id) {
			return b.F.T(id)
		}
	}
	switch s.kind {
	case day:
		return b.F.T("desk.form.date.hint")
	case lines:
		return b.F.T("desk.form.lines.hint")
	case raw:
		return b.F.T("desk.form.raw.hint")
	}
	return ""
}

func (b *builder) options(s shape) []shell.Option {
	if s.kind == choices {
		if s.typ.Elem() == partyT {
			return b.parties()
		}
		return b.Choices(s.name)
	}
	if s.typ == partyT {
		return b.parties()
	}
	var out []shell.Option
	for _, v := range s.rule.enum {
		out = append(out, shell.Option{Value: v, Text: things.EnumText(b.F, s.name, v)})
	}
	return out
}

func (b *builder) parties() []shell.Option {
	list := []entente.Party{entente.MX, entente.US}
	if b.F.State.Charter != nil {
		list = b.F.State.Charter.Required
	}
	var out []shell.Option
	for _, p := range list {
		out = append(out, shell.Option{Value: string(p), Text: b.F.L.Party(string(p))})
	}
	return out
}

// fault says what is wrong with a value: the rule and the mend in one sentence.
func (b *builder) fault(s shape, f Field, value any) string {
	if value == nil {
		if s.required && s.kind != tick && s.kind != group && !(s.kind == choices && s.rule.minItems == 0 && s.typ.Elem() != partyT) && !(s.kind == lines && s.rule.minItems == 0) && !(s.kind == repeat && s.rule.minItems == 0) {
			return b.F.T("desk.fault.required")
		}
		return ""
	}
	typed, isText := value.(string)
	switch s.kind {
	case reference:
		if isText {
			return b.F.T("desk.fault.reference")
		}
	case number:
		if isText {
			return b.F.T("desk.fault.number")
		}
	case raw:
		if isText {
			return b.F.T("desk.fault.raw")
		}
	case moment:
		if _, err := time.Parse(time.RFC3339, typed); err != nil {
			return b.F.T("desk.fault.moment")
		}
	case day:
		if !entente.Date(typed).Valid() {
			return b.F.T("desk.fault.date")
		}
	case digest:
		if _, err := entente.ParseDigest(typed); err != nil {
			return b.F.T("desk.fault.digest")
		}
	case choice:
		for _, o := range f.Options {
			if o.Value == typed {
				return ""
			}
		}
		return b.F.T("desk.fault.choice")
	case choices:
		for _, v := range f.Values {
			if !slices.ContainsFunc(f.Options, func(o shell.Option) bool { return o.Value == v }) {
				return b.F.T("desk.fault.choices", "Value", v)
			}
		}
	case bilingual:
		if max(utf8.RuneCountInString(f.Sides.ES), utf8.RuneCountInString(f.Sides.EN)) > maxText {
			return b.F.T("desk.fault.long", "Max", maxText)
		}
	case line, long:
		return b.lineFault(s, typed)
	}
	if s.rule.maxItems > 0 && len(f.Values)+len(f.Fields) > s.rule.maxItems {
		return b.F.T("desk.fault.items", "Max", s.rule.maxItems)
	}
	return ""
}

// maxText is how long each side of a bilingual text may be (spec, Text).
const maxText = 8000

func (b *builder) lineFault(s shape, typed string) string {
	n := utf8.RuneCountInString(typed)
	switch {
	case n < s.rule.minLength:
		return b.F.T("desk.fault.short", "Min", s.rule.minLength)
	case s.rule.maxLen > 0 && n > s.rule.maxLen:
		return b.F.T("desk.fault.long", "Max", s.rule.maxLen)
	case s.rule.pattern != nil && !s.rule.pattern.MatchString(typed):
		if s.name == "value" || s.name == "threshold" {
			return b.F.T("desk.fault.decimal")
		}
		return b.F.T("desk.fault.pattern", "Pattern", s.rule.pattern.String())
	}
	return ""
}
