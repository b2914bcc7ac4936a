package programme

import (
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"entente"
	"entente/internal/policy"
)

func realPolicies(t testing.TB) *Policies {
	t.Helper()
	p, err := LoadPolicies(realFiles(t))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func asCases(cases []Case) []policy.Case {
	var list []policy.Case
	for _, c := range cases {
		list = append(list, c.Case)
	}
	return list
}

// TestEveryPolicyHasItsCases: each policy is shown to refuse on its own account,
// and beside it stands what goes through.
func TestEveryPolicyHasItsCases(t *testing.T) {
	p := realPolicies(t)
	for _, name := range p.Set.Untried(asCases(p.Cases)) {
		t.Errorf("%s lacks a case that it alone refuses, or one beside it that is allowed", name)
	}
	for _, c := range p.Cases {
		if err := p.Set.Try(c.Case); err != nil {
			t.Errorf("%s:%d: %s: %s: %v", c.File, c.Line, c.Policy, c.Name, err)
		}
	}
	files, err := fs.Glob(realFiles(t), "policies/*.cedar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if _, err := fs.Stat(realFiles(t), "policies/cases/"+strings.TrimSuffix(strings.TrimPrefix(f, "policies/"), ".cedar")+".yaml"); err != nil {
			t.Errorf("no cases beside %s", f)
		}
	}
}

// TestCasesNoticeAMissingPolicy takes each policy out of the set: its own cases
// must come out otherwise.
func TestCasesNoticeAMissingPolicy(t *testing.T) {
	p := realPolicies(t)
	for _, gone := range p.Set.Names() {
		var source strings.Builder
		for _, name := range p.Set.Names() {
			if name != gone {
				source.WriteString(p.Set.Text(name) + "\n")
			}
		}
		refusals := maps.Clone(p.Refusals)
		delete(refusals, gone)
		set, err := policy.Load(source.String(), refusals, entente.Digest{})
		if err != nil {
			t.Fatal(err)
		}
		noticed := slices.ContainsFunc(p.Cases, func(c Case) bool { return c.Policy == gone && set.Try(c.Case) != nil })
		if !noticed {
			t.Errorf("nobody would notice if %s were missing", gone)
		}
	}
}

// TestTheJointPolicyFitsItsEntry keeps room for policies to come.
func TestTheJointPolicyFitsItsEntry(t *testing.T) {
	if n := len(realPolicies(t).Cedar); n > 30000 {
		t.Errorf("%d characters of Cedar; an entry takes 40000", n)
	}
}

func TestFaultsOfCasesNameTheirLines(t *testing.T) {
	const cedar = "@id(\"yes\")\npermit (principal, action, resource);\n"
	for name, c := range map[string]struct{ file, want string }{
		"neither deny nor allow": {"yes:\n  - base: b\n", "policies/cases/c.yaml:2: a case says what it shows"},
		"both":                   {"yes:\n  - {deny: a, allow: b, base: b}\n", "policies/cases/c.yaml:2: a case says what it shows"},
		"no such base":           {"yes:\n  - allow: a\n    base: other\n", "policies/cases/c.yaml:3: base: there is no \"other\""},
		"no such policy":         {"no:\n  - allow: a\n    base: b\n", "policies/cases/c.yaml:2: there is no policy \"no\""},
		"no such fact":           {"yes:\n  - allow: a\n    base: b\n    with: {resource: {colour: red}}\n", "policies/cases/c.yaml:2: json: unknown field \"colour\""},
		"no such act":            {"yes:\n  - allow: a\n    base: b\n    with: {action: delete}\n", "policies/cases/c.yaml:2: action: \"delete\" is none of"},
		"no such type":           {"yes:\n  - allow: a\n    base: b\n    with: {resource: {type: wish}}\n", "policies/cases/c.yaml:2: resource.type: \"wish\" is no type"},
		"a field of another":     {"yes:\n  - allow: a\n    refused: b\n", "policies/cases/c.yaml:3: field refused not found"},
	} {
		files := fstest.MapFS{
			"policies/a.cedar":          {Data: []byte(cedar)},
			"policies/refusals.yaml":    {Data: []byte("{}\n")},
			"policies/cases/bases.yaml": {Data: []byte("b: {action: append, resource: {type: agency}}\n")},
			"policies/cases/c.yaml":     {Data: []byte(c.file)},
		}
		if _, err := LoadPolicies(files); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestFaultsOfPoliciesNameTheirFiles: lines of the joined source are told as those
// of the files that it is joined from.
func TestFaultsOfPoliciesNameTheirFiles(t *testing.T) {
	const good = "// first\n@id(\"yes\")\npermit (principal, action, resource);\n"
	for name, c := range map[string]struct{ second, refusals, want string }{
		"no Cedar":         {"\n@id(\"no\")\nforbid (principal, action, resource) when { 1 + };\n", "{}\n", "policies/b.cedar:3: "},
		"not in schema":    {"\n@id(\"no\")\npermit (principal, action, resource) when { resource.colour == \"red\" };\n", "{}\n", "policies/b.cedar:2: no: it does not fit the schema"},
		"no @id":           {"permit (principal, action, resource);\n", "{}\n", "policies/b.cedar:1: a policy has an @id"},
		"in the first":     {"@id(\"yes\")\npermit (principal, action, resource);\n", "{}\n", "policies/b.cedar:1: the @id \"yes\" is taken"},
		"a text too many":  {"\n", "other: {rule: {es: a, en: a}, mend: {es: a, en: a}}\n", "policies/refusals.yaml:1: there is a refusal for \"other\""},
		"a place too many": {"@id(\"no\")\nforbid (principal, action, resource);\n", "\nno: {rule: {es: \"a ({x})\", en: a}, mend: {es: a, en: a}}\n", "policies/refusals.yaml:2: no: its refusal has the place {x}"},
	} {
		files := fstest.MapFS{
			"policies/a.cedar": {Data: []byte(good)}, "policies/b.cedar": {Data: []byte(c.second)},
			"policies/refusals.yaml": {Data: []byte(c.refusals)},
		}
		if _, err := LoadPolicies(files); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
