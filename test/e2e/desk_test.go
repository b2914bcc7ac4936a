package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"entente/test/browser"
)

// person is somebody at a desk, in a tab of an own browser.
type person struct {
	*testing.T
	base string
	page *browser.Page
}

// signIn signs a person in at a desk through its form.
func signIn(t *testing.T, base, name string) *person {
	t.Helper()
	p := &person{T: t, base: base, page: browser.Start(t).Open(t, base+"/en/desk/sign-in", browser.View{})}
	p.fill("name", name)
	p.fill("password", demoPassword)
	p.submit("form[action$='/desk/sign-in'] button", "/en/desk/today")
	return p
}

func (p *person) fill(name, value string) {
	p.Helper()
	if !browser.Eval[bool](p.page, fmt.Sprintf(`(() => { const f = document.querySelector('main [name=%q]'); if (f) f.value = %q; return !!f })()`, name, value)) {
		p.Fatalf("no field %s on %s", name, p.path())
	}
}

func (p *person) path() string { return browser.Eval[string](p.page, "location.pathname") }

func (p *person) text() string { return browser.Eval[string](p.page, "document.body.innerText") }

func (p *person) open(path string) {
	p.Helper()
	browser.Eval[bool](p.page, fmt.Sprintf(`(window.leaving = true, location.href = %q, true)`, path))
	p.arrived()
}

// submit clicks a button and waits until the page it leads to is there.
func (p *person) submit(button, path string) {
	p.Helper()
	if !browser.Eval[bool](p.page, fmt.Sprintf(`(() => { const b = document.querySelector(%q); window.leaving = true; if (b) b.click(); return !!b })()`, button)) {
		p.Fatalf("no button %s on %s:\n%s", button, p.path(), p.text())
	}
	p.arrived()
	if path != "" && p.path() != path {
		p.Fatalf("led to %s, not %s:\n%s", p.path(), path, p.text())
	}
}

func (p *person) arrived() {
	p.Helper()
	eventually(p.T, "the next page", func() bool {
		return browser.Holds(p.page, `!window.leaving && document.readyState === "complete"`)
	})
}

// unlock opens the officer's key where the page asks for it.
func (p *person) unlock() {
	p.Helper()
	if browser.Eval[bool](p.page, `!!document.querySelector('main [name=passphrase]')`) {
		p.fill("passphrase", demoPassword)
		p.submit("main form[action*='unlock'] button", "")
	}
}

// TestDeskPublishes: an officer drafts, another releases, the portal shows it.
func TestDeskPublishes(t *testing.T) {
	d := running(t)
	officer := signIn(t, d.mx, "mx-officer")
	officer.open("/en/desk/drafts/new")
	officer.submit(`main form:has(input[name=type][value=notice]) button`, "")
	draft := officer.path()
	const title = "Ventanilla abierta para las pruebas"
	officer.fill("code", "NX1")
	officer.fill("title.es", title)
	officer.fill("title.en", "A window open for the tests")
	officer.fill("text.es", "Aviso de la demostración, escrito por una prueba.")
	officer.fill("text.en", "A notice of the demonstration, written by a test.")
	browser.Eval[bool](officer.page, `(document.querySelector('main [name=audience][value=public]').click(), true)`)
	officer.submit("main button[name=op][value=review]", draft+"/review")
	officer.unlock()
	officer.submit("main button[name=op][value=submit]", "")
	for _, problem := range officer.page.Problems() {
		t.Error(problem)
	}

	// One alone publishes nothing, and the author is not the second.
	if _, latest := get(t, http.DefaultClient, d.portal+"/es/latest"); strings.Contains(latest, title) {
		t.Fatal("one officer alone published")
	}
	officer.open(draft + "/review")
	if browser.Eval[bool](officer.page, `!!document.querySelector('main button[name=op][value=approve]')`) {
		t.Error("the author may approve")
	}

	second := signIn(t, d.mx, "mx-releasing")
	second.open(draft + "/review")
	second.unlock()
	second.submit("main button[name=op][value=approve]", "")
	eventually(t, "the portal shows the notice", func() bool {
		_, latest := get(t, http.DefaultClient, d.portal+"/es/latest")
		return strings.Contains(latest, title)
	})
	for _, p := range []*person{officer, second} {
		for _, problem := range p.page.Problems() {
			t.Error(problem)
		}
	}

	// The auditor reads and may not draft.
	auditor := signIn(t, d.mx, "mx-auditor")
	auditor.open("/en/desk/drafts/new")
	if browser.Eval[bool](auditor.page, `!!document.querySelector('main input[name=type]')`) {
		t.Error("an auditor may draft")
	}
}

// TestDeskRefusesAWrongPassword in words, without saying whether the name exists.
func TestDeskRefusesAWrongPassword(t *testing.T) {
	d := running(t)
	said := map[string]string{}
	for _, name := range []string{"mx-officer", "nobody"} {
		p := &person{T: t, base: d.mx, page: browser.Start(t).Open(t, d.mx+"/en/desk/sign-in", browser.View{})}
		p.fill("name", name)
		p.fill("password", "not the password at all")
		p.submit("form[action$='/desk/sign-in'] button", "/en/desk/sign-in")
		said[name] = browser.Eval[string](p.page, "document.querySelector('main').innerText")
	}
	if said["mx-officer"] != said["nobody"] {
		t.Errorf("the refusals differ:\n%s\n%s", said["mx-officer"], said["nobody"])
	}
}
