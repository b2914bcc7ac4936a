package archguard

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// goPackage is what `go list -json` says of a package.
type goPackage struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func TestTheCodeKeepsTheFloorsTable(t *testing.T) {
	tab := readTables(t)
	for _, p := range listPackages(t) {
		for _, broken := range tab.check(p) {
			t.Error(broken)
		}
	}
}

func TestTheTableIsInOrder(t *testing.T) {
	tab := readTables(t)
	byPath := map[string]room{}
	for _, r := range tab.rooms {
		if _, twice := byPath[r.path]; twice {
			t.Errorf("%s has two rows", r.path)
		}
		byPath[r.path] = r
	}
	for _, r := range tab.rooms {
		for _, target := range r.mayImport {
			below, ok := byPath[target]
			if !ok {
				t.Errorf("%s may import %s, which has no row", r.path, target)
			} else if below.floor >= r.floor {
				t.Errorf("%s (floor %d) may import %s (floor %d): arrows go down only", r.path, r.floor, target, below.floor)
			}
		}
	}
	for module, owners := range tab.owners {
		for _, o := range owners {
			if _, ok := byPath[o]; !ok {
				t.Errorf("%s is owned by %s, which has no row", module, o)
			}
		}
	}
}

// TestTheGuardCatches gives the guard one package for every way of breaking the tables.
func TestTheGuardCatches(t *testing.T) {
	tab, err := parseTables(`
| floor | package | role | may import |
|---|---|---|---|
| 0 | ` + "`entente`" + ` (root) | nouns | |
| 1 | ` + "`internal/entry`" + ` | entries | entente |
| 1 | ` + "`internal/keys`" + ` | keys | entente |
| 2 | ` + "`internal/fold`" + ` | fold | entry |
| 3 | ` + "`cmd/entente`" + ` | all | all |

| module | owners |
|---|---|
| ` + "`filippo.io/age`" + ` | keys |

| module | for |
|---|---|
| ` + "`pgregory.net/rapid`" + ` | properties |
`)
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name string
		pkg  goPackage
		want string // part of the one complaint; empty when the package is clean
	}{
		{"clean", goPackage{ImportPath: "entente/internal/entry", Imports: []string{"fmt", "entente"}}, ""},
		{"own subpackage", goPackage{ImportPath: "entente/internal/entry/sub", Imports: []string{"entente/internal/entry"}}, ""},
		{"all", goPackage{ImportPath: "entente/cmd/entente", Imports: []string{"entente/internal/fold"}}, ""},
		{"owner", goPackage{ImportPath: "entente/internal/keys", Imports: []string{"filippo.io/age/agessh"}}, ""},
		{"test of a property", goPackage{ImportPath: "entente/internal/entry", TestImports: []string{"pgregory.net/rapid"}}, ""},
		{"test helper", goPackage{ImportPath: "entente/internal/entry", XTestImports: []string{"entente/test/browser"}}, ""},
		{"exempt", goPackage{ImportPath: "entente/test/e2e", Imports: []string{"entente/internal/fold", "any.org/x"}}, ""},
		{"no row", goPackage{ImportPath: "entente/internal/shed"}, "has no row"},
		{"sideways", goPackage{ImportPath: "entente/internal/entry", Imports: []string{"entente/internal/keys"}}, "sideways"},
		{"up", goPackage{ImportPath: "entente/internal/entry", Imports: []string{"entente/internal/fold"}}, "up"},
		{"unlisted arrow", goPackage{ImportPath: "entente/internal/fold", Imports: []string{"entente/internal/keys"}}, "not listed"},
		{"test helper in production", goPackage{ImportPath: "entente/internal/entry", Imports: []string{"entente/test/browser"}}, "test"},
		{"not the owner", goPackage{ImportPath: "entente/internal/entry", Imports: []string{"filippo.io/age"}}, "owned by"},
		{"unknown module", goPackage{ImportPath: "entente/internal/entry", Imports: []string{"example.org/x"}}, "no row"},
		{"property library in production", goPackage{ImportPath: "entente/internal/entry", Imports: []string{"pgregory.net/rapid"}}, "no row"},
		{"test sideways", goPackage{ImportPath: "entente/internal/entry", TestImports: []string{"entente/internal/keys"}}, "sideways"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := tab.check(c.pkg)
			if c.want == "" && len(got) > 0 {
				t.Errorf("complains: %s", got)
			}
			if c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)) {
				t.Errorf("got %q, want one complaint with %q", got, c.want)
			}
		})
	}
}

// check returns one complaint for every import of p that the tables forbid.
func (t *tables) check(p goPackage) []string {
	if exempt(p.ImportPath) {
		return nil
	}
	from, ok := t.room(p.ImportPath)
	if !ok {
		return []string{p.ImportPath + " has no row in the floors table of docs/architecture.md: add one"}
	}
	var broken []string
	seen := map[string]bool{}
	complain := func(imports []string, test bool) {
		for _, to := range imports {
			if seen[to] {
				continue
			}
			seen[to] = true
			if why := t.forbidden(from, to, test); why != "" {
				broken = append(broken, p.ImportPath+" imports "+to+": "+why)
			}
		}
	}
	complain(p.Imports, false)
	complain(slices.Concat(p.TestImports, p.XTestImports), true)
	return broken
}

// forbidden says why a package of the room from may not import to, or nothing.
func (t *tables) forbidden(from room, to string, test bool) string {
	if !within(to, modulePath) && !strings.HasPrefix(to, modulePath+"/") {
		return t.forbiddenModule(from, to, test)
	}
	if exempt(to) {
		if test {
			return ""
		}
		return "test code in production code"
	}
	target, ok := t.room(to)
	switch {
	case !ok:
		return "has no row in the floors table"
	case target.path == from.path:
		return ""
	case target.floor > from.floor:
		return fmt.Sprintf("goes up, from floor %d to %d", from.floor, target.floor)
	case target.floor == from.floor:
		return fmt.Sprintf("goes sideways on floor %d", from.floor)
	case !from.all && !slices.Contains(from.mayImport, target.path):
		return "not listed under \"may import\""
	}
	return ""
}

func (t *tables) forbiddenModule(from room, to string, test bool) string {
	if first, _, _ := strings.Cut(to, "/"); !strings.Contains(first, ".") {
		return "" // standard library
	}
	if test && t.testModule(to) {
		return ""
	}
	module, ok := t.module(to)
	if !ok {
		return "this third-party module has no row in the owners table"
	}
	if !slices.Contains(t.owners[module], from.path) {
		return "owned by " + strings.Join(t.owners[module], ", ")
	}
	return ""
}

// exempt packages may import anything; production code may not import them.
func exempt(pkg string) bool {
	return within(pkg, modulePath+"/internal/simtest") || within(pkg, modulePath+"/test")
}

func readTables(t *testing.T) tables {
	t.Helper()
	doc, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	tab, err := parseTables(string(doc))
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = "../.."
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var packages []goPackage
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	if !slices.ContainsFunc(packages, func(p goPackage) bool { return p.ImportPath == modulePath }) {
		t.Fatalf("go list did not list the root package among %d", len(packages))
	}
	return packages
}
