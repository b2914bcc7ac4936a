package programme

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"entente"
	"entente/internal/policy"
)

// Policies are the files of policies/: the Cedar texts joined in the order of their
// names, the texts of refusals, and the cases beside them.
type Policies struct {
	Cedar    string
	Refusals map[string]entente.Refusal
	Set      *policy.Set
	Cases    []Case
}

// Case is a case of a policy, with where it is written.
type Case struct {
	policy.Case
	File string
	Line int
}

// LoadPolicies reads the policies of a programme's folder and their cases, without
// trying these. Faults are [Problems].
func LoadPolicies(fsys fs.FS) (*Policies, error) {
	l := &loader{fsys: fsys}
	p := l.readPolicies()
	if problems := append(l.unread, l.problems...); len(problems) > 0 {
		problems.sort()
		return nil, problems
	}
	return p, nil
}

// loadPolicies makes the joint policy that every party states. What does not load
// as a set of policies is a fault, and so is a case that comes out otherwise.
func (l *loader) loadPolicies() {
	p := l.readPolicies()
	if p == nil {
		return
	}
	body := entente.Policy{Joint: l.joint(), Code: l.prog.Code, Cedar: p.Cedar, Refusals: p.Refusals}
	l.prog.Policy = body
	for _, party := range l.prog.Parties {
		l.add(place{l: l, file: policyFolder}, Item{Author: l.lead(party), Type: entente.TypePolicy, Subject: subject(l.prog.Code), Body: &body})
	}
	for _, c := range p.Cases {
		if err := p.Set.Try(c.Case); err != nil {
			place{l: l, file: c.File, line: c.Line}.failf("%s: %s: %v", c.Policy, c.Name, err)
		}
	}
}

const policyFolder = "policies"

// cedarFile is where a file begins in the joined source.
type cedarFile struct {
	name  string
	first int // line of the source
}

// readPolicies reads everything of the folder; nil where there is no set.
func (l *loader) readPolicies() *Policies {
	folder := place{l: l, file: policyFolder}
	names, err := fs.Glob(l.fsys, policyFolder+"/*.cedar")
	if err != nil || len(names) == 0 {
		folder.unreadf("holds no .cedar file: without policies no gate opens")
		return nil
	}
	slices.Sort(names)
	var files []cedarFile
	var texts []string
	line := 1
	for _, name := range names {
		b, ok := l.read(name)
		if !ok {
			return nil
		}
		files, texts = append(files, cedarFile{name, line}), append(texts, string(b))
		line += strings.Count(string(b), "\n") + 1
	}
	p := &Policies{Cedar: strings.Join(texts, "\n")}
	refusals, at := readYAML[map[string]entente.Refusal](l, policyFolder+"/refusals.yaml")
	for _, id := range slices.Sorted(maps.Keys(refusals)) {
		at.at(id).text("rule", refusals[id].Rule)
		at.at(id).text("mend", refusals[id].Mend)
	}
	p.Refusals = refusals
	if p.Set, err = policy.Load(p.Cedar, refusals, entente.Digest{}); err != nil {
		l.policyFault(files, at, err)
		return nil
	}
	p.Cases = l.readCases(p.Set)
	return p
}

// policyFault records a fault of the set at its file and line.
func (l *loader) policyFault(files []cedarFile, refusals place, err error) {
	var f *policy.Fault
	switch {
	case !errors.As(err, &f):
		place{l: l, file: policyFolder}.failf("%v", err)
	case f.Line > 0:
		i, _ := slices.BinarySearchFunc(files, f.Line+1, func(c cedarFile, line int) int { return c.first - line })
		in := files[i-1]
		place{l: l, file: in.name, line: f.Line - in.first + 1}.failf("%s", f.Message)
	case f.ID != "":
		refusals.at(f.ID).failf("%s", f.Message)
	default:
		place{l: l, file: policyFolder}.failf("%s", f.Message)
	}
}
