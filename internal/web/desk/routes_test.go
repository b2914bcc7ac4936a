package desk

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"entente/internal/auth"
	"entente/internal/report"
	"entente/internal/series"
	"entente/internal/web/labels"
	"entente/internal/web/portal"
	"entente/test/parties"
)

// Who may reach a route, by the sign-in names of the test.
const (
	anyone         = "nobody officer releasing auditor admin"
	everybody      = "officer releasing auditor admin"
	officers       = "officer releasing"
	releasing      = "releasing"
	overseers      = "auditor admin"
	administrators = "admin"
)

// access says of every route of the desk who may reach it. Whose the things behind
// it are is tested with the pages.
var access = map[string]string{
	"GET /desk/sign-in": anyone, "POST /desk/sign-in": anyone, "POST /desk/sign-out": anyone,
	"POST /desk/passkey/begin": anyone, "POST /desk/passkey/end": anyone,
	"GET /desk/unlock": everybody, "POST /desk/unlock": everybody, "POST /desk/lock": everybody,
	"GET /desk/today": everybody, "POST /desk/today": everybody,
	"GET /desk/account": everybody, "POST /desk/account/password": everybody, "POST /desk/account/passkeys": everybody, "POST /desk/account/tokens": everybody,
	"POST /desk/account/passkey/begin": everybody, "POST /desk/account/passkey/end": everybody,

	"GET /desk/drafts": everybody, "POST /desk/drafts": releasing, "GET /desk/drafts/new": officers, "POST /desk/drafts/new": officers,
	"GET /desk/drafts/{id}": everybody, "POST /desk/drafts/{id}": officers, "POST /desk/drafts/{id}/autosave": officers,
	"GET /desk/drafts/{id}/review": everybody, "POST /desk/drafts/{id}/review": everybody,
	"GET /desk/concurrence": everybody, "POST /desk/concurrence": officers, "GET /desk/joint": everybody, "POST /desk/joint": officers,
	"GET /desk/figures": everybody, "POST /desk/figures": officers, "POST /desk/figures/observations": officers,

	"GET /desk/exchange": everybody, "POST /desk/exchange": officers, "GET /desk/exchange/drafts/{id}": officers, "POST /desk/exchange/drafts/{id}": officers,
	"POST /desk/exchange/drafts/{id}/autosave": officers, "GET /desk/exchange/drafts/{id}/files/{name}": everybody,
	"GET /desk/exchange/drafts/{id}/review": everybody, "POST /desk/exchange/drafts/{id}/review": everybody,
	"GET /desk/exchange/requests/{writer}/{index}": everybody, "POST /desk/exchange/requests/{writer}/{index}": everybody,
	"POST /desk/exchange/requests/{writer}/{index}/file": everybody,
	"GET /desk/exchange/releases/{writer}/{index}":       everybody, "POST /desk/exchange/releases/{writer}/{index}": everybody,
	"POST /desk/exchange/releases/{writer}/{index}/file": everybody, "GET /desk/exchange/releases/{writer}/{index}/proof.zip": everybody,
	"GET /desk/exchange/permissions/{writer}/{index}": everybody, "POST /desk/exchange/permissions/{writer}/{index}": everybody,
	"GET /desk/exchange/pauses": everybody, "POST /desk/exchange/pauses": officers, "GET /desk/exchange/keys": everybody, "POST /desk/exchange/keys": officers,
	"GET /desk/exchange/meters": everybody, "GET /desk/exchange/meters.csv": everybody, "GET /desk/exchange/reads": everybody, "GET /desk/exchange/reads.csv": everybody,

	"GET /desk/audit": overseers, "GET /desk/evidence/{name}": overseers,
	"GET /desk/people": administrators, "POST /desk/people": administrators, "GET /desk/people/{user}": administrators, "POST /desk/people/{user}": administrators,
	"POST /desk/keys": administrators, "GET /desk/genesis": administrators, "POST /desk/backup": administrators,
}

// registered are the routes that the folders of the desk register with its kit, as
// their sources say.
func registered(t *testing.T) []string {
	t.Helper()
	methods := map[string]string{"Page": "GET ", "Form": "POST ", "Posted": "POST ", "Raw": ""}
	var out []string
	files := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "kit/") {
			return err
		}
		f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 3 {
				return true
			}
			to, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			on, isName := to.X.(*ast.Ident)
			method, known := methods[to.Sel.Name]
			if !known || !isName || on.Name != "k" {
				return true
			}
			if lit, ok := call.Args[0].(*ast.BasicLit); ok {
				pattern, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Errorf("%s: %v", files.Position(call.Pos()), err)
				}
				out = append(out, method+pattern)
			} else {
				t.Errorf("%s: a route's path is a literal, so that it can be found", files.Position(call.Pos()))
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// browsers signs the people of the test in at a desk: a browser each, one for nobody.
func browsers(t *testing.T, p *parties.Party) (base string, all map[string]*http.Client) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s := httptest.NewUnstartedServer(nil)
	signIn, err := auth.New(auth.Options{Node: p.Node, Cost: cheap, Origin: "http://localhost"})
	check(err)
	t.Cleanup(signIn.Close)
	roles := map[string]auth.Role{"officer": auth.Officer, "releasing": auth.ReleasingOfficer, "auditor": auth.Auditor, "admin": auth.Administrator}
	for name, role := range roles {
		_, err := signIn.AddUser(t.Context(), auth.NewUser{Name: name, Display: name, Agency: "SSPC", Roles: []auth.Role{role}, Password: password}, "test")
		check(err)
	}
	reporter := report.New(report.Options{Store: p.Store(), Demo: true, TempDir: t.TempDir()})
	s.Config.Handler = New(Deps{
		Node: p.Node, Auth: signIn, Demo: true, Version: "test", Exchange: p.Exchange, Proof: reporter.Proof,
		Portal: portal.NewParts(p.Figures(), labels.New(labels.Source{Indicators: []series.Indicator{}}), reporter),
	})
	s.Start()
	t.Cleanup(s.Close)
	all = map[string]*http.Client{"nobody": {}}
	for name := range roles {
		jar, err := cookiejar.New(nil)
		check(err)
		all[name] = &http.Client{Jar: jar}
		res, err := all[name].PostForm(s.URL+"/en/desk/sign-in", url.Values{"name": {name}, "password": {password}})
		check(err)
		check(res.Body.Close())
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%s does not get in: %d", name, res.StatusCode)
		}
	}
	for _, c := range all {
		c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	return s.URL, all
}

// TestEveryRouteOfTheDeskIsHeldAgainstEveryRole: a route that the table does not know
// fails it.
func TestEveryRouteOfTheDeskIsHeldAgainstEveryRole(t *testing.T) {
	routes := registered(t)
	for _, r := range routes {
		if access[r] == "" {
			t.Errorf("%s has no row in access: say who may reach it", r)
		}
	}
	for r := range access {
		if !slices.Contains(routes, r) {
			t.Errorf("%s is held to something and is no route", r)
		}
	}
	base, all := browsers(t, parties.Quiet(t).MX)
	fill := strings.NewReplacer("{id}", "none", "{name}", "none", "{user}", "none", "{writer}", "US", "{index}", "999999")
	// Who signs out is out: that comes last.
	slices.SortFunc(routes, func(a, b string) int {
		return boolOrder(strings.HasSuffix(a, "/sign-out"), strings.HasSuffix(b, "/sign-out"))
	})
	for _, r := range routes {
		method, path, _ := strings.Cut(r, " ")
		for name, client := range all {
			req, err := http.NewRequestWithContext(t.Context(), method, base+"/en"+fill.Replace(path), nil)
			if err != nil {
				t.Fatal(err)
			}
			if method == http.MethodPost {
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			res, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			toSignIn := res.StatusCode == http.StatusSeeOther && strings.Contains(res.Header.Get("Location"), "/desk/sign-in")
			may := slices.Contains(strings.Fields(access[r]), name)
			switch {
			case res.StatusCode >= 500:
				t.Errorf("%s by %s: %d", r, name, res.StatusCode)
			case access[r] == anyone:
			case name == "nobody" && !toSignIn:
				t.Errorf("%s by nobody: %d %s", r, res.StatusCode, res.Header.Get("Location"))
			case name != "nobody" && !may && res.StatusCode != http.StatusForbidden:
				t.Errorf("%s by %s: %d, want 403", r, name, res.StatusCode)
			case may && (toSignIn || res.StatusCode == http.StatusForbidden && !asking[r]):
				t.Errorf("%s by %s: %d, though permitted", r, name, res.StatusCode)
			}
		}
	}
}

// asking are the routes that say 403 also to whom they are for: they ask for the
// officer's key, or for the password in use, first.
var asking = map[string]bool{
	"POST /desk/keys": true, "POST /desk/joint": true, "POST /desk/exchange/pauses": true, "POST /desk/account/password": true,
}

func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
