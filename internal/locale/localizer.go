package locale

import (
	"strings"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/collate"
	"golang.org/x/text/message"
)

// Missing opens every text that could not be made: ⟦id⟧ for an id that is not in the catalogue, ⟦id: what is wrong⟧ for
// arguments that do not fit. Tests look for it in what they render.
const Missing = "⟦"

// Localizer speaks one language. Get one with [For].
type Localizer struct {
	lang    Lang
	cat     *catalogue
	i18n    *i18n.Localizer
	printer *message.Printer
}

// For returns the localizer of a language; an unknown one gets Spanish.
func For(lang Lang) *Localizer {
	if l, ok := localizers()[lang]; ok {
		return l
	}
	return localizers()[ES]
}

var localizers = sync.OnceValue(func() map[Lang]*Localizer {
	out := map[Lang]*Localizer{}
	for lang, cat := range loaded() {
		out[lang] = newLocalizer(lang, cat)
	}
	return out
})

func newLocalizer(lang Lang, cat *catalogue) *Localizer {
	return &Localizer{
		lang:    lang,
		cat:     cat,
		i18n:    i18n.NewLocalizer(cat.bundle, lang.Tag()),
		printer: message.NewPrinter(lang.tag()),
	}
}

// Lang returns the language that l speaks.
func (l *Localizer) Lang() Lang { return l.lang }

// Has reports whether the catalogue holds id.
func (l *Localizer) Has(id string) bool {
	_, ok := l.cat.all[id]
	return ok
}

// T returns the message with the placeholders filled from name, value pairs:
//
//	l.T("commitments.owner", "Party", l.Party("MX"))
//
// Whole numbers are written in the language's form (10,000); give a year, an index or an identifier as a string.
func (l *Localizer) T(id string, args ...any) string {
	if len(args) == 0 {
		if s, ok := l.cat.plain[id]; ok {
			return s
		}
	}
	data, why := l.data(args)
	if why != "" {
		return missing(id, why)
	}
	return l.localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: data})
}

// N returns the plural form of the message for count, which is also the placeholder {{.Count}}, written in the
// language's form.
func (l *Localizer) N(id string, count int, args ...any) string {
	data, why := l.data(args)
	if why != "" {
		return missing(id, why)
	}
	data["Count"] = l.Int(int64(count))
	return l.localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: data, PluralCount: count})
}

func (l *Localizer) localize(c *i18n.LocalizeConfig) string {
	if !l.Has(c.MessageID) {
		return missing(c.MessageID, "")
	}
	// The error is set also when a rare plural form (Spanish "many", for millions) fell back to "other": the text
	// decides, not the error.
	s, err := l.i18n.Localize(c)
	switch {
	case s == "" && err != nil:
		return missing(c.MessageID, err.Error())
	case strings.Contains(s, "<no value>"):
		return missing(c.MessageID, "a placeholder was not given")
	}
	return s
}

func (l *Localizer) data(args []any) (map[string]any, string) {
	if len(args)%2 != 0 {
		return nil, "arguments must come as name, value pairs"
	}
	data := make(map[string]any, len(args)/2+1)
	for i := 0; i < len(args); i += 2 {
		name, ok := args[i].(string)
		if !ok {
			return nil, "an argument's name is no text"
		}
		switch v := args[i+1].(type) {
		case int:
			data[name] = l.Int(int64(v))
		case int64:
			data[name] = l.Int(v)
		default:
			data[name] = v
		}
	}
	return data, ""
}

func missing(id, why string) string {
	if why != "" {
		why = ": " + why
	}
	return Missing + id + why + "⟧"
}

// Said is a text that exists in one or both languages, as it can be shown to this reader.
type Said struct {
	Text string
	Lang Lang // of Text; put it on the element's lang attribute when Only is true
	Only bool // the reader's language is missing: the page says so
}

// Pick chooses between the two languages of an entered text. What exists in one language only is returned as it is.
func (l *Localizer) Pick(es, en string) Said {
	own, other := es, en
	if l.lang == EN {
		own, other = en, es
	}
	if own == "" && other != "" {
		return Said{Text: other, Lang: l.lang.Other(), Only: true}
	}
	return Said{Text: own, Lang: l.lang}
}

// List joins items as the language does: "a, b y c"; "a, b, and c".
func (l *Localizer) List(items ...string) string {
	switch n := len(items); n {
	case 0:
		return ""
	case 1:
		return items[0]
	default:
		last := items[n-1]
		and := " and "
		if l.lang == ES {
			and = " " + spanishAnd(last) + " "
		} else if n > 2 {
			and = ", and "
		}
		return strings.Join(items[:n-1], ", ") + and + last
	}
}

// spanishAnd is "e" before the sound i (e Irán, e hijos, but y hielo, y Yucatán), "y" otherwise.
func spanishAnd(next string) string {
	s := strings.ToLower(strings.TrimLeft(next, "«“\"( "))
	for _, vowel := range []string{"i", "í", "hi", "hí"} {
		if rest, ok := strings.CutPrefix(s, vowel); ok && !strings.HasPrefix(rest, "e") && !strings.HasPrefix(rest, "a") {
			return "e"
		}
	}
	return "y"
}

// Sort orders items alphabetically as readers of the language expect (accents do not move a letter).
func (l *Localizer) Sort(items []string) {
	collate.New(l.lang.tag(), collate.IgnoreCase).SortStrings(items)
}
