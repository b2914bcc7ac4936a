package shell

import (
	"slices"
	"strconv"

	"entente"

	"github.com/a-h/templ"
)

// Tone colours a badge or a notice. None is an alarm: a page states, it does not judge.
type Tone string

// The tones.
const (
	Neutral Tone = "neutral" // the default
	Accent  Tone = "accent"  // draws the eye: the current one, the one that is yours
	Agree   Tone = "agree"   // concurred, verified, complete
	Differ  Tone = "differ"  // disputed, differs, needs a look
	Pending Tone = "pending" // waiting, draft, no public report yet
	Odd     Tone = "odd"     // desk only: a forked log, a failed verification
)

// Column is one column of a [Table].
type Column struct {
	Title   string
	Numeric bool   // right-aligned tabular figures
	Sort    string // address that sorts by it; "" if it does not sort
	Sorted  string // "ascending" or "descending" when sorted by it
	Wide    bool   // takes what room there is
}

// Cell is one cell of a [Table]. Body wins over Text.
type Cell struct {
	Text  string
	Href  string          // link of Text; for a figure, where its pedigree is
	Sub   string          // second, smaller line
	Lang  string          // of Text, when it is not the page's
	Body  templ.Component // anything else
	Class string          // extra class, e.g. "e-nowrap"
}

// Table is a data table. It scrolls sideways inside its own frame when it is too wide, or with Stack turns each row into
// a card on narrow screens.
type Table struct {
	Caption     string // required: screen readers announce it
	HideCaption bool   // for the eye only
	Columns     []Column
	Rows        [][]Cell
	Foot        [][]Cell
	RowHeader   bool   // the first cell of a row names it
	Stack       bool   // one card a row below 40rem
	Dense       bool   // for many figures
	Empty       string // shown instead of no rows
	CSV, JSON   string // addresses of the same data; "" shows none
}

// KV is one line of [KeyValues]. Body wins over Text; a zero line is left out.
type KV struct {
	Key  string
	Text string
	Href string
	Hint string // smaller second line
	Lang string // of Text, when it is not the page's
	Body templ.Component
}

func (k KV) empty() bool { return k.Text == "" && k.Body == nil }

// Fact is one number of [Facts].
type Fact struct {
	Value string
	Label string
	Href  string // its pedigree, or the list it counts
	Note  string
}

// Tab is one tab of [Tabs]: a link, so that every view has its address.
type Tab struct {
	Text   string
	Href   string
	Active bool
	Count  string
}

// Pager describes one page of a long list. An empty address has no page.
type Pager struct {
	First, Prev, Next, Last string
	Summary                 string // "1–50 de 1,204"
}

// Option is one choice of a [Field].
type Option struct {
	Value string
	Text  string
	Hint  string
}

// Field is one labelled form field. Errors show beside it and are announced; the value typed is kept by passing it back.
type Field struct {
	Name         string // also the element's id, prefixed "f-"
	ID           string // the element's id where several forms of a page have fields of this name
	Label        string // required, always visible
	Hint         string
	Value        string
	Values       []string // chosen values of checkboxes
	Kind         string   // text (default), email, password, number, date, datetime-local (UTC), month, search, url, tel, file, textarea, select, radio, checkbox, checkboxes, hidden
	Options      []Option // of select, radio and checkboxes; a select starts with Blank
	Blank        string   // text of the empty choice of a select; "" has none
	Error        string   // what is wrong and how to mend it
	Required     bool
	ReadOnly     bool
	Rows         int    // of a textarea; 4 if 0
	Lang         string // of what is typed: "es", "en"
	Autocomplete string
	Accept       string // of a file
	Min, Max     string // of number, date and month
	Step         string
	MaxLength    int
	Save         string // htmx: address to which the field is posted as it is typed
}

func (f Field) id() string {
	if f.ID != "" {
		return f.ID
	}
	return "f-" + f.Name
}

func (f Field) describedBy() string {
	out := ""
	if f.Hint != "" {
		out = f.id() + "-hint"
	}
	if f.Error != "" {
		if out != "" {
			out += " "
		}
		out += f.id() + "-error"
	}
	return out
}

func (f Field) rows() int {
	if f.Rows > 0 {
		return f.Rows
	}
	return 4
}

func (f Field) kind() string {
	switch f.Kind {
	case "":
		return "text"
	case "date", "month", "number", "datetime-local":
		if f.Error != "" {
			return "text" // the browser's own controls would drop what was typed wrongly
		}
	}
	return f.Kind
}

func (f Field) has(value string) bool {
	if f.Kind == "checkboxes" {
		return slices.Contains(f.Values, value)
	}
	return f.Value == value
}

// checkedValue is what a single checkbox sends when checked: its only option, or "1".
func (f Field) checkedValue() string {
	if len(f.Options) > 0 {
		return f.Options[0].Value
	}
	return "1"
}

func (f Field) choiceType() string {
	if f.Kind == "checkboxes" {
		return "checkbox"
	}
	return f.Kind
}

// attributes are those that differ from field to field and are left out when empty.
func (f Field) attributes() templ.Attributes {
	out := templ.Attributes{}
	set := func(name, value string) {
		if value != "" {
			out[name] = value
		}
	}
	set("aria-describedby", f.describedBy())
	set("lang", f.Lang)
	set("autocomplete", f.Autocomplete)
	switch f.kind() {
	case "textarea", "select", "checkbox", "file":
	default:
		set("value", f.Value)
		set("min", f.Min)
		set("max", f.Max)
		set("step", f.Step)
	}
	if f.kind() == "password" {
		delete(out, "value") // never sent back to the page
	}
	if f.kind() == "file" {
		set("accept", f.Accept)
	}
	if f.MaxLength > 0 {
		out["maxlength"] = strconv.Itoa(f.MaxLength)
	}
	if f.Error != "" {
		out["aria-invalid"] = "true"
	}
	if f.Required {
		out["required"] = true
	}
	if f.ReadOnly {
		out["readonly"] = true
	}
	if f.Save != "" {
		out["hx-post"] = f.Save
		out["hx-trigger"] = "input changed delay:800ms, change"
		out["hx-swap"] = "none"
	}
	return out
}

// Filters is the form above a list. It works by GET, so that every filtered list has its address; with scripts it
// replaces only [Results].
type Filters struct {
	Action string // address of the list
	Fields []Field
	Clear  string // address without filters; "" when none is set
}

// Problem is an error as a person reads it: what happened, the rule, and what would make it possible.
type Problem struct {
	Status int
	Title  string
	Detail string
	Rule   string // name of the rule or policy that decided, if one did
	Mend   string // what would make it possible
	Back   Link   // where to go from here; the front page if zero
}

// Event is one entry of a [Timeline].
type Event struct {
	When  string // in the reader's form
	ISO   string // machine-readable date
	Title string
	Href  string
	Text  string
	Tags  []string
	Body  templ.Component
}

// Side is one half of [Sides]: what one party says, undertakes or reports.
type Side struct {
	Party entente.Party
	Title string
	Body  templ.Component // nil shows Empty
	Empty string          // "no public report yet"
}
