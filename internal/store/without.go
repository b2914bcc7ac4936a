package store

import (
	"fmt"
	"slices"
	"strings"

	"entente"
)

// Without returns the view with entries of these types taken out, and withdrawals
// of them: no list, search, count, link, thing or entry of theirs is in it, as if
// they were in no log. How far each log is known, and its state digest, stay as
// they are.
func (v *View) Without(types ...entente.Type) *View {
	if len(types) == 0 {
		return v
	}
	out := *v
	out.without = slices.Clone(v.without)
	for _, t := range types {
		if !slices.Contains(out.without, t) {
			out.without = append(out.without, t)
		}
	}
	return &out
}

// Whole returns the view with nothing taken out.
func (v *View) Whole() *View {
	out := *v
	out.without = nil
	return &out
}

// Shows reports whether entries of a type can be in the view.
func (v *View) Shows(t entente.Type) bool {
	rule, known := entente.Rule(t)
	return known && !slices.Contains(v.without, t) &&
		slices.ContainsFunc(rule.Audiences, func(a entente.Audience) bool { return a.Rank() <= v.rank })
}

// hides is the condition under which the view shows a version of an alias; empty
// when it shows all. Only types of the specification are spelled out in it.
func (v *View) hides(alias string) string {
	var names []string
	for _, t := range v.without {
		if _, known := entente.Rule(t); known {
			names = append(names, "'"+string(t)+"'")
		}
	}
	if len(names) == 0 {
		return ""
	}
	list := strings.Join(names, ", ")
	return fmt.Sprintf(" AND %[1]s.type NOT IN (%[2]s) AND NOT (%[1]s.type = 'withdrawal' AND EXISTS"+
		" (SELECT 1 FROM %[3]s o JOIN log g ON g.origin = o.of_log JOIN version w ON w.eid = (g.num << 40) + o.of_idx"+
		" WHERE o.eid = %[1]s.eid AND w.type IN (%[2]s)))", alias, list, typedTable("withdrawal"))
}
