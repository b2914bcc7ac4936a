package programme

import (
	"regexp"
	"slices"
	"strings"

	"entente"
	"entente/internal/policy"
)

// maxText is the length of a text that an entry's schema allows, in characters.
const maxText = 8000

// text checks a text under key: at least one language, the same figures in both,
// nothing that looks like a personal identifier. A language that is missing is
// remarked on, not refused.
func (p place) text(key string, t entente.Text) entente.Text {
	at := p.at(key)
	t = entente.Text{ES: strings.TrimSpace(t.ES), EN: strings.TrimSpace(t.EN)}
	switch {
	case t.IsZero():
		p.failf("%s: a text in es, en or both is required", key)
		return t
	case t.ES == "":
		p.l.untranslated = append(p.l.untranslated, Problem{at.file, at.line, key + " has no Spanish"})
	case t.EN == "":
		p.l.untranslated = append(p.l.untranslated, Problem{at.file, at.line, key + " has no English"})
	default:
		if es, en := Figures(t.ES), Figures(t.EN); !slices.Equal(es, en) {
			at.failf("%s: the languages differ in their figures: es has %s, en has %s", key, listed(es), listed(en))
		}
	}
	for i, s := range []string{t.ES, t.EN} {
		lang := []string{"es", "en"}[i]
		if len([]rune(s)) > maxText {
			at.failf("%s.%s: is longer than %d characters", key, lang, maxText)
		}
		at.at(lang).personal(key+"."+lang, s)
	}
	return t
}

// personal refuses what looks like a personal identifier, as the gates do.
func (p place) personal(key, s string) {
	for _, id := range policy.Scan(s) {
		p.failf("%s: %q looks like a personal identifier (%s): no text names a private person", key, s[id.Start:id.End], id.Kind)
	}
}

// maybe is text for a text that may be absent.
func (p place) maybe(key string, t *entente.Text) *entente.Text {
	if t == nil || t.IsZero() {
		return nil
	}
	checked := p.text(key, *t)
	return &checked
}

func listed(figures []string) string {
	if len(figures) == 0 {
		return "none"
	}
	return strings.Join(figures, " ")
}

var figure = regexp.MustCompile(`\d+(?:,\d{3})*(?:\.\d+)?`)

// Figures returns the numbers of a text in ascending order of their digits,
// without separators of thousands: two texts say the same in figures when their
// lists are equal.
func Figures(s string) []string {
	found := figure.FindAllString(s, -1)
	for i, f := range found {
		found[i] = strings.ReplaceAll(f, ",", "")
	}
	slices.Sort(found)
	return found
}
