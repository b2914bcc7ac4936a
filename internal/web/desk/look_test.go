package desk

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"entente"
	"entente/test/browser"
)

// TestLook opens the desk in a browser: axe, the console, and what hangs over the
// edge of a phone. With SCREENSHOTS set to a folder it keeps a picture of each.
func TestLook(t *testing.T) {
	b := newBench(t)
	draft, thing := b.sample(), ""
	for _, it := range b.world.Programme.Items {
		if it.Type == entente.TypeCommitment && it.Author.Party == entente.MX {
			thing = "/es/commitments/MX/" + it.Subject
		}
	}
	chrome := browser.Start(t)
	b.passkey(chrome)
	in := "nobody yet"
	for _, c := range []struct {
		name, who, path string
		views           []browser.View
	}{
		{"sign-in", "", "/es/desk/sign-in", []browser.View{{}, browser.Phone()}},
		{"today", "second", "/es/desk/today", []browser.View{{}, browser.Phone(), {Dark: true}}},
		{"today-en", "second", "/en/desk/today", []browser.View{{}}},
		{"drafts", "second", "/es/desk/drafts?view=waiting", []browser.View{{}, browser.Phone()}},
		{"new", "first", "/es/desk/drafts/new", []browser.View{{}}},
		{"edit", "first", draft + "?check=1&more=quantities", []browser.View{{}, browser.Phone(), {Dark: true}}},
		{"review", "first", draft + "/review", []browser.View{{}, browser.Phone()}},
		{"concurrence", "first", "/es/desk/concurrence?type=commitment", []browser.View{{}, browser.Phone()}},
		{"joint", "first", "/es/desk/joint", []browser.View{{}}},
		{"figures", "first", "/en/desk/figures", []browser.View{{}, browser.Phone()}},
		{"account", "first", "/es/desk/account", []browser.View{{}}},
		{"audit", "admin", "/es/desk/audit", []browser.View{{}, browser.Phone()}},
		{"audit-logs", "admin", "/en/desk/audit?view=checkpoints", []browser.View{{}}},
		{"people", "admin", "/es/desk/people", []browser.View{{}, browser.Phone()}},
		{"thing", "first", thing, []browser.View{{}}},
	} {
		if c.who == "" {
			page := chrome.Open(t, b.mx.URL+"/es/desk/sign-in", browser.View{})
			browser.Eval[bool](page, `fetch("/es/desk/sign-out", {method: "POST"}).then(r => r.ok)`)
		} else if c.who != in {
			page := chrome.Open(t, b.mx.URL+"/es/desk/sign-in", browser.View{})
			browser.Eval[bool](page, fmt.Sprintf(`fetch("/es/desk/sign-in", {method: "POST", body: new URLSearchParams({name: %q, password: %q})}).then(r => r.ok)`, c.who, password))
			in = c.who
		}
		for i, v := range c.views {
			p := chrome.Open(t, b.mx.URL+c.path, v)
			p.Screenshot(fmt.Sprintf("%s-%d", c.name, i))
			for _, problem := range append(p.Problems(), p.Violations()...) {
				t.Errorf("%s, view %d: %s", c.name, i, problem)
			}
			if over := browser.Eval[float64](p, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
				t.Errorf("%s, view %d: %.0f pixels hang over the edge", c.name, i, over)
			}
		}
	}
}

// passkey registers a passkey on the account page and signs in with it.
func (b *bench) passkey(chrome *browser.Browser) {
	b.Helper()
	_, port, err := net.SplitHostPort(b.mx.Listener.Addr().String())
	b.check(err)
	base := "http://localhost:" + port
	p := chrome.Open(b.T, base+"/en/desk/sign-in", browser.View{})
	p.Authenticator()
	browser.Eval[bool](p, fmt.Sprintf(`fetch("/en/desk/sign-in", {method: "POST", body: new URLSearchParams({name: "first", password: %q})}).then(r => r.ok)`, password))
	press := func(path, then string) {
		b.Helper()
		p.Do(chromedp.Navigate(base + path))
		browser.Eval[bool](p, `document.querySelector("[data-passkey] button").click(), true`)
		for range 100 {
			time.Sleep(50 * time.Millisecond)
			if browser.Eval[bool](p, then) {
				return
			}
		}
		b.Fatalf("%s: %s", path, browser.Eval[string](p, `document.body.innerText.slice(0, 2000)`))
	}
	press("/en/desk/account", `document.readyState === "complete" && document.body.innerText.includes("Remove “My computer”")`)
	browser.Eval[bool](p, `fetch("/en/desk/sign-out", {method: "POST"}).then(r => r.ok)`)
	press("/en/desk/sign-in?next=/desk/joint", `document.readyState === "complete" && location.pathname === "/en/desk/joint"`)
	// The passphrase was not given: the key is locked.
	if !browser.Eval[bool](p, `document.body.innerText.includes("Your signing key is locked")`) {
		b.Error("the key is not locked after signing in by passkey")
	}
	if problems := p.Problems(); len(problems) > 0 {
		b.Errorf("passkey: %v", problems)
	}
}

// sample makes what the pages show: an action half written, a commitment that waits
// for a second officer. It returns the address of the action's draft in Spanish.
func (b *bench) sample() string {
	first := b.person(b.mx, "first")
	waiting := first.begin("type", "commitment", "audience", "public")
	first.submit(waiting, append([]string{"op", "review"}, commitment...)...)
	first.post(waiting+"/review", "op", "submit")
	at := first.begin("type", "action", "audience", "national")
	first.submit(at, "op", "save", "code", "MX-ACT-9", "kind", "seizure", "areas.shown", "1", "areas", "A07", "title.es", "Aseguramiento en Sonora",
		"text.es", "Se aseguraron 12 armas largas. Informes: 55 5555 5555.", "from", "octubre", "states.shown", "1", "states", "MX-SON", "wording", "summary",
		"quantities.0.what.es", "Armas largas", "quantities.0.value", "1,2", "quantities.0.unit", "piezas", "audience", "public")
	return "/es" + at[len("/en"):]
}
