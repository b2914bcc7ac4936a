package form

import (
	"slices"
	"strings"
	"time"

	"entente/internal/web/shell"
	"entente/internal/web/site"
)

// control is the shell's field of a simple value.
func (x Field) control(f *site.Frame) shell.Field {
	out := shell.Field{
		Name: x.Path, Label: x.Label, Hint: x.Help, Value: x.Value, Values: x.Values, Options: x.Options, Error: x.Error,
		Required: x.required, MaxLength: 0,
	}
	switch x.kind {
	case choice:
		out.Kind, out.Blank = "select", f.T("desk.form.choose")
		if x.Value == "" && x.required && len(x.Options) == 1 && x.plain() {
			out.Value = x.Options[0].Value
		}
	case choices:
		out.Kind = "checkboxes"
		for _, v := range x.Values { // what is no option stays visible until it is unticked
			if !slices.ContainsFunc(x.Options, func(o shell.Option) bool { return o.Value == v }) {
				out.Options = append(out.Options, shell.Option{Value: v, Text: v})
			}
		}
	case lines, long:
		out.Kind, out.Rows = "textarea", 3
	case raw:
		out.Kind, out.Rows = "textarea", 10
	case number:
		out.Kind = "text"
	case day:
		if x.exact() {
			out.Kind = "date"
		}
	case tick:
		out.Kind = "checkbox"
	case yesNo:
		out.Kind = "radio"
	case moment:
		out.Kind = "datetime-local"
	}
	if strings.HasSuffix(x.Path, "url") {
		out.Kind = "url"
	}
	return out
}

// exact reports whether a day is chosen from a calendar: one that has to be a whole
// date, as long as nothing else was typed.
func (x Field) exact() bool {
	_, err := time.Parse(time.DateOnly, x.Value)
	return (x.name == "retain" || x.Path == "authorisation.date") && (x.Value == "" || err == nil)
}

// plain reports whether a choice opens nothing: who states or collected something,
// and which other party there is. Everything else is chosen by a person, also where
// one thing alone can be chosen.
func (x Field) plain() bool {
	return x.typ == partyT || x.name == "agency" || x.name == "collector"
}

// short are the bilingual fields that take a line, not a paragraph.
var short = map[string]bool{"title": true, "name": true, "speaker": true, "what": true, "place": true, "level": true, "period": true, "group": true}

// bothSides are the two halves of a bilingual field, the page's own language first.
func (x Field) bothSides(f *site.Frame) []shell.Field {
	side := func(lang, value string) shell.Field {
		out := shell.Field{Name: x.Path + "." + lang, Label: f.T("desk.form.in." + lang), Value: value, Lang: lang, Kind: "textarea", Rows: 5}
		if short[x.name] {
			out.Rows = 2
		}
		return out
	}
	es, en := side("es", x.Sides.ES), side("en", x.Sides.EN)
	if f.Lang() == "en" {
		return []shell.Field{en, es}
	}
	return []shell.Field{es, en}
}

// summaryOf tells what is chosen of a long list that is folded away.
func summaryOf(f *site.Frame, x Field) string {
	var names []string
	for _, v := range x.Values {
		name := v
		for _, o := range x.Options {
			if o.Value == v {
				name = o.Text
			}
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return ""
	}
	return ": " + f.L.List(names...)
}
