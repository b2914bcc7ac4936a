package policy

import (
	"regexp"
	"slices"
	"strings"

	"entente"
)

// places are what the text of a refusal may name: written in round and curly
// brackets, as in "it was collected abroad ({territory})". Where nothing is known
// for a place, it is left out with its brackets.
var places = []string{"{agencies}", "{areas}", "{ceiling}", "{classification}", "{contacts}", "{due}", "{purposes}", "{retain}", "{territory}", "{to}"}

var (
	placeForm = regexp.MustCompile(`\{[^{}]*\}?`)
	inBraces  = regexp.MustCompile(` \(\{([a-z]+)\}\)`)
)

// badPlace returns what in a text is no place as places are written, or "".
func badPlace(text string) string {
	rest := inBraces.ReplaceAllStringFunc(text, func(m string) string {
		if slices.Contains(places, strings.Trim(m, " ()")) {
			return ""
		}
		return m
	})
	return placeForm.FindString(rest)
}

// Refusal returns what a person reads whom the policy with this name refused, in an
// exchange of information with what the text names there.
func (s *Set) Refusal(name string, of *Exchange) entente.Refusal {
	r, ok := s.refusals[name]
	switch {
	case name == Faulty && !ok:
		return faulty
	case !ok:
		return noPermit
	}
	var names map[string]entente.Text
	if of != nil && of.Names != nil {
		names = of.Names()
	}
	fill := func(t entente.Text) entente.Text {
		es := func(n entente.Text) string { return n.ES }
		en := func(n entente.Text) string { return n.EN }
		return entente.Text{ES: filled(t.ES, names, es), EN: filled(t.EN, names, en)}
	}
	return entente.Refusal{Rule: fill(r.Rule), Mend: fill(r.Mend)}
}

func filled(text string, names map[string]entente.Text, in func(entente.Text) string) string {
	return inBraces.ReplaceAllStringFunc(text, func(m string) string {
		if name := in(names[strings.Trim(m, " (){}")]); name != "" {
			return " (" + name + ")"
		}
		return ""
	})
}
