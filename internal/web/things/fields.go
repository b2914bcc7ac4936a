package things

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"entente"
	"entente/internal/web/shell"
	"entente/internal/web/site"

	"github.com/a-h/templ"
)

// hidden are the fields that a thing's page shows elsewhere: its title is the
// heading, sources and corrections have their own sections, the rest is machinery.
var hidden = map[string]bool{
	"title": true, "sources": true, "correction": true, "required": true, "follows": true, "wording": true,
	"recipes": true, "cedar": true,
}

// Field is one field of a body, labelled and in the reader's language.
type Field struct {
	Name  string // JSON name
	Label string
	Text  string          // plain text, also for comparing versions
	Body  templ.Component // how it is shown; nil shows Text
	Href  string
}

// Fields lists the fields of a body in the order of its type, empty ones left out.
func Fields(f *site.Frame, content any) []Field {
	v := reflect.Indirect(reflect.ValueOf(content))
	if v.Kind() != reflect.Struct {
		return nil
	}
	var out []Field
	t := v.Type()
	for i := range t.NumField() {
		sf := t.Field(i)
		if sf.Anonymous {
			out = append(out, Fields(f, v.Field(i).Interface())...)
			continue
		}
		name, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
		if hidden[name] || v.Field(i).IsZero() && !stated(sf) {
			continue
		}
		fl := Field{Name: name, Label: f.T(LabelID(name, v.Field(i).Interface()))}
		fl.fill(f, v.Field(i).Interface())
		if fl.Text != "" || fl.Body != nil {
			out = append(out, fl)
		}
	}
	return out
}

// stated reports whether a field says something when it is zero: a "no", or none.
func stated(sf reflect.StructField) bool {
	k := sf.Type.Kind()
	return (k == reflect.Bool || k == reflect.Int) && !strings.Contains(sf.Tag.Get("json"), ",omit")
}

// otherwise are the labels of names that mean another thing for a type of value.
var otherwise = map[string]map[reflect.Type]string{
	"by":     {reflect.TypeFor[entente.Date](): "field.by_date", reflect.TypeFor[entente.Digest](): "field.by_person"},
	"due":    {reflect.TypeFor[time.Time](): "field.due_time"},
	"to":     {reflect.TypeFor[entente.Party](): "field.to_party"},
	"misuse": {reflect.TypeFor[bool](): "field.misuse_counted"},
	"key":    {reflect.TypeFor[bool](): "field.key_destroyed"},
}

// LabelID is the message that labels a field by its JSON name. Some names differ
// from the message's: the catalogue keeps "description" for itself, and others
// mean another thing for another type of value.
func LabelID(name string, value any) string {
	if name == "description" {
		return "field.describes"
	}
	if id := otherwise[name][reflect.TypeOf(value)]; id != "" {
		return id
	}
	return "field." + name
}

// enumID is the message for a choice of a field; the catalogue keeps "other" for
// plurals.
func enumID(field, value string) string {
	if value == "other" {
		value = "else"
	}
	return "enum." + field + "." + value
}

// KeyValues shows the fields of a body.
func KeyValues(f *site.Frame, content any) []shell.KV {
	var out []shell.KV
	for _, fl := range Fields(f, content) {
		out = append(out, shell.KV{Key: fl.Label, Text: fl.Text, Body: fl.Body, Href: fl.Href})
	}
	return out
}

// fill puts a value into words. A kind of value that is not listed shows as JSON,
// so that nothing an entry states is ever left out.
func (fl *Field) fill(f *site.Frame, value any) {
	switch v := value.(type) {
	case entente.Text:
		fl.Text, fl.Body = f.Say(v), shell.Text(f.Page, v)
	case *entente.Text:
		fl.Text, fl.Body = f.Say(*v), shell.Text(f.Page, *v)
	case []entente.Text:
		fl.Text, fl.Body = joinTexts(f, v), textList(f, v)
	case entente.Date:
		fl.Text = f.L.DateISO(string(v))
	case entente.Digest:
		fl.Text = v.String()
	case *entente.Digest:
		fl.Text = v.String()
	case entente.Party:
		fl.Text = f.L.Party(string(v))
	case entente.Ref:
		fl.Text, fl.Href = v.String(), f.EntryHref(v)
	case *entente.Ref:
		fl.Text, fl.Href = v.String(), f.EntryHref(*v)
	case []entente.Ref:
		fl.Body = refList(f, v)
		for _, r := range v {
			fl.Text += r.String() + "\n"
		}
	case []entente.Quantity:
		fl.Body = quantityList(f, v)
		for _, q := range v {
			fl.Text += f.Say(q.What) + ": " + Decimal(f, q.Value) + " " + q.Unit + "\n"
		}
	case []entente.Outcome:
		texts := make([]entente.Text, len(v))
		for i, o := range v {
			texts[i] = o.Text
		}
		fl.Text, fl.Body = joinTexts(f, texts), textList(f, texts)
	case []entente.PartyText:
		fl.Body = partyTexts(f, v)
		for _, pt := range v {
			fl.Text += f.L.Party(string(pt.Party)) + ": " + f.Say(pt.Text) + "\n"
		}
	case []entente.PairSide:
		fl.Body = pairSides(f, v)
		for _, s := range v {
			fl.Text += string(s.Party) + " " + s.Subject + "\n"
		}
	case entente.Blob:
		fl.Text, fl.Href = v.Name+", "+f.L.Bytes(v.Size), "/blob/"+v.Digest.String()
	case []entente.Blob:
		fl.Body = blobList(f, v)
		for _, b := range v {
			fl.Text += b.Name + "\n"
		}
	case []string:
		fl.Text = fl.words(f, v)
	case *entente.ClaimContent:
		fl.Body = shell.KeyValues(KeyValues(f, v))
	default:
		if !fl.exchange(f, value) {
			fl.plain(f, value)
		}
	}
}

// words names a list of codes: areas by the charter, others as they are.
func (fl *Field) words(f *site.Frame, codes []string) string {
	if fl.Name == "areas" {
		return AreasText(f, codes)
	}
	names := make([]string, len(codes))
	for i, c := range codes {
		names[i] = codeText(f, fl.Name, c)
	}
	return strings.Join(names, ", ")
}

// plain shows strings (choices in words where the catalogue has them), numbers,
// and everything else as JSON.
func (fl *Field) plain(f *site.Frame, value any) {
	rv := reflect.ValueOf(value)
	switch rv.Kind() {
	case reflect.String:
		s := rv.String()
		switch {
		case fl.Name == "value":
			s = Decimal(f, s)
		case fl.Name == "area":
			s = f.Area(s)
		default:
			s = codeText(f, fl.Name, s)
		}
		fl.Text = s
		if fl.Name == "url" && strings.HasPrefix(s, "https://") {
			fl.Href = s
		}
	case reflect.Int, reflect.Int64:
		fl.Text = f.L.Int(rv.Int())
	case reflect.Bool:
		fl.Text = f.T(map[bool]string{true: "things.yes", false: "things.no"}[rv.Bool()])
	default:
		raw, err := json.MarshalIndent(value, "", "  ")
		if err == nil {
			fl.Text, fl.Body = string(raw), codeBlock(string(raw))
		}
	}
}

func joinTexts(f *site.Frame, texts []entente.Text) string {
	lines := make([]string, len(texts))
	for i, t := range texts {
		lines[i] = f.Say(t)
	}
	return strings.Join(lines, "\n")
}

// plainText is a body as one text, for comparing two versions of it.
func plainText(f *site.Frame, it Item) string {
	var b strings.Builder
	b.WriteString(f.Say(it.Title) + "\n")
	for _, fl := range Fields(f, it.Content) {
		b.WriteString(fl.Label + ": " + fl.Text + "\n")
	}
	return b.String()
}
