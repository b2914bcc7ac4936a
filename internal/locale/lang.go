package locale

import "golang.org/x/text/language"

// Lang is one of the two languages of the pages, as it stands in their addresses.
type Lang string

// The languages. Neither is the default of the other; Spanish comes first where something must.
const (
	ES Lang = "es"
	EN Lang = "en"
)

// Langs lists the languages in the order in which they are offered.
func Langs() []Lang { return []Lang{ES, EN} }

// Parse returns the language of an address segment: "es" or "en", nothing else.
func Parse(s string) (Lang, bool) {
	l := Lang(s)
	return l, l == ES || l == EN
}

// Match picks the language for a reader's Accept-Language header (RFC 9110 §12.5.4); Spanish when it names neither.
func Match(acceptLanguage string) Lang {
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil || len(tags) == 0 {
		return ES
	}
	if _, i, confidence := matcher.Match(tags...); confidence > language.No {
		return Langs()[i]
	}
	return ES
}

var matcher = language.NewMatcher([]language.Tag{language.Spanish, language.English})

// Other returns the other language.
func (l Lang) Other() Lang {
	if l == EN {
		return ES
	}
	return EN
}

// Tag is the BCP 47 tag for lang attributes and Content-Language: "es-MX" or "en-US".
func (l Lang) Tag() string {
	if l == EN {
		return "en-US"
	}
	return "es-MX"
}

// Name is the language's own name, as a language switch shows it.
func (l Lang) Name() string {
	if l == EN {
		return "English"
	}
	return "Español"
}

func (l Lang) tag() language.Tag { return language.MustParse(l.Tag()) }
