package programme

import (
	"encoding/json"
	"io/fs"
	"maps"
	"path"
	"slices"

	"entente/internal/policy"
)

// caseRow is a case as a file states it: what it shows (under deny or under allow),
// the request it begins with and what is different in it, in the words of the
// schema of policies. Lists are replaced, null takes a part away. By names the
// policies that then decide where they are others than expected: for deny the
// policy itself, for allow the permission of the act.
type caseRow struct {
	Deny, Allow string
	Base        string
	With        map[string]any
	By          []string
}

const casesFolder = policyFolder + "/cases"

// readCases reads the cases of a set. bases.yaml holds the requests they begin with.
func (l *loader) readCases(set *policy.Set) []Case {
	names, err := fs.Glob(l.fsys, casesFolder+"/*.yaml")
	if err != nil || len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	bases, _ := readYAML[map[string]map[string]any](l, casesFolder+"/bases.yaml")
	var cases []Case
	for _, name := range names {
		if path.Base(name) == "bases.yaml" {
			continue
		}
		rows, p := readYAML[map[string][]caseRow](l, name)
		for _, id := range slices.Sorted(maps.Keys(rows)) {
			if !slices.Contains(set.Names(), id) {
				p.at(id).failf("there is no policy %q", id)
				continue
			}
			for i, row := range rows[id] {
				if c, ok := p.at(id, i).readCase(id, row, bases, set); ok {
					cases = append(cases, c)
				}
			}
		}
	}
	return cases
}

func (p place) readCase(id string, row caseRow, bases map[string]map[string]any, set *policy.Set) (Case, bool) {
	c := Case{File: p.file, Line: p.line, Case: policy.Case{Policy: id, Name: row.Deny + row.Allow, Allow: row.Deny == "", By: row.By}}
	if (row.Deny == "") == (row.Allow == "") {
		p.failf("a case says what it shows either under deny or under allow")
		return c, false
	}
	base, ok := bases[row.Base]
	if !ok {
		p.at("base").failf("base: there is no %q in %s/bases.yaml", row.Base, casesFolder)
		return c, false
	}
	raw, err := json.Marshal(merged(base, row.With))
	if err == nil {
		c.Request, err = policy.RequestOf(raw)
	}
	if err != nil {
		p.failf("%v", err)
		return c, false
	}
	if len(c.By) == 0 {
		c.By = expected(set, id, c.Allow, c.Request.Act)
	}
	slices.Sort(c.By)
	return c, true
}

// expected are the policies that decide a case that names none.
func expected(set *policy.Set, id string, allow bool, act policy.Act) []string {
	switch {
	case !allow && set.Forbids(id):
		return []string{id}
	case !allow:
		return []string{policy.NoPermit}
	case !set.Forbids(id):
		return []string{id}
	}
	return set.Permits(act)
}

// merged lays changes over a base: maps are merged, everything else is replaced,
// and null takes away.
func merged(base, with map[string]any) map[string]any {
	out := maps.Clone(base)
	if out == nil {
		out = map[string]any{}
	}
	for k, v := range with {
		below, isMap := out[k].(map[string]any)
		above, alsoMap := v.(map[string]any)
		switch {
		case v == nil:
			delete(out, k)
		case isMap && alsoMap:
			out[k] = merged(below, above)
		default:
			out[k] = v
		}
	}
	return out
}
