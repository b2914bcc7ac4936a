package locale

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Plain is a text as people search for it: in lower case and without diacritics, as
// the full-text search of the store has it.
func Plain(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		if !unicode.Is(unicode.Mn, r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// Holds reports whether every word a person typed is somewhere in the texts,
// without regard to case and diacritics. No word is in every text.
func Holds(words string, texts ...string) bool {
	hay := Plain(strings.Join(texts, "\n"))
	for word := range strings.FieldsSeq(Plain(words)) {
		if !strings.Contains(hay, word) {
			return false
		}
	}
	return true
}
