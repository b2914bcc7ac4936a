package programme

import (
	"io/fs"
	"maps"
	"slices"
	"strings"

	"entente"
	"entente/internal/policy"
)

// loadPolicies joins the Cedar files, in the order of their names, and the
// refusals into the joint policy that every party states. What does not load as a
// set of policies is a fault.
func (l *loader) loadPolicies() {
	folder := place{l: l, file: "policies"}
	names, err := fs.Glob(l.fsys, "policies/*.cedar")
	if err != nil || len(names) == 0 {
		folder.unreadf("holds no .cedar file: without policies no gate opens")
		return
	}
	slices.Sort(names)
	var files []string
	for _, name := range names {
		b, ok := l.read(name)
		if !ok {
			return
		}
		files = append(files, string(b))
	}
	cedar := strings.Join(files, "\n")
	refusals, p := readYAML[map[string]entente.Refusal](l, "policies/refusals.yaml")
	for _, id := range slices.Sorted(maps.Keys(refusals)) {
		p.at(id).text("rule", refusals[id].Rule)
		p.at(id).text("mend", refusals[id].Mend)
	}
	if _, err := policy.Load(cedar, refusals, entente.Digest{}); err != nil {
		folder.failf("%v", err)
	}
	body := entente.Policy{Joint: l.joint(), Code: l.prog.Code, Cedar: cedar, Refusals: refusals}
	l.prog.Policy = body
	for _, party := range l.prog.Parties {
		l.add(folder, Item{Author: l.lead(party), Type: entente.TypePolicy, Subject: subject(l.prog.Code), Body: &body})
	}
}
