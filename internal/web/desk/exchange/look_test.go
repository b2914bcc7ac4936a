package exchange_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"entente/test/browser"
	"entente/test/parties"
)

// TestLook opens the pages in a browser: axe, the console, and what hangs over the
// edge of a phone. With SCREENSHOTS set to a folder it keeps a picture of each.
func TestLook(t *testing.T) {
	b := newDesks(t)
	s := &story{}
	for _, part := range []func(*desks, *story){asks, composes, keepsDrafts, releases} {
		part(b, s)
	}
	alert := b.release("recipients", "CBP", "recipients", "HSI", "alert.group", "border-watch-us", "alert.acknowledge", moment(20*time.Minute))
	us, mx := b.person(b.us, "cbp-first"), b.person(b.mx, "sspc-first")
	us.soon(alert, "Acknowledge the alert")
	draft := mx.compose("/en/desk/exchange", "New release")
	mx.press(draft, "op=save", releaseOf("handling.territory", "US")...)
	mx.does(b.person(b.mx, "sspc-second"), "/en/desk/exchange/pauses", "op=pause", "scope", "area", "area", "A02", "reason", "An invented reason.")
	us.press(s.release, "op=open", "purpose", "criminal_investigation")
	chrome := browser.Start(t)
	look := &looking{b, chrome}
	light, phone, dark := browser.View{}, browser.Phone(), browser.View{Dark: true}
	look.in(b.mx.URL, "sspc-first")
	look.at("mx-list", b.mx.URL+"/es/desk/exchange?view=releases-out", phone, dark)
	look.at("mx-edit", b.mx.URL+es(draft)+"?check=1", phone, dark)
	look.writes(b.mx.URL + es(draft))
	look.at("mx-keys", b.mx.URL+"/es/desk/exchange/keys", phone)
	look.at("mx-drafts", b.mx.URL+"/es/desk/exchange?view=drafts", phone, dark)
	look.at("mx-review", b.mx.URL+es(draft)+"/review", phone)
	look.at("mx-release", b.mx.URL+es(s.release), phone)
	look.at("mx-pauses", b.mx.URL+"/es/desk/exchange/pauses", phone)
	look.at("mx-request", b.mx.URL+s.request, light)
	look.in(b.us.URL, "cbp-first")
	look.at("us-list", b.us.URL+"/en/desk/exchange", light)
	look.at("us-alert", b.us.URL+es(alert), phone, dark)
	look.at("us-requests", b.us.URL+"/es/desk/exchange?view=requests-out", phone)
	look.at("us-meters", b.us.URL+"/en/desk/exchange/meters", phone)
	look.at("us-reads", b.us.URL+"/es/desk/exchange/reads", phone)
}

// es is a page in Spanish.
func es(path string) string { return "/es" + strings.TrimPrefix(path, "/en") }

type looking struct {
	*desks
	chrome *browser.Browser
}

// in signs the browser in.
func (l *looking) in(base, name string) {
	l.Helper()
	p := l.chrome.Open(l.T, base+"/es/desk/sign-in", browser.View{})
	if !browser.Eval[bool](p, fmt.Sprintf(`fetch("/es/desk/sign-in", {method: "POST", body: new URLSearchParams({name: %q, password: %q})}).then(r => r.ok)`, name, parties.Passphrase)) {
		l.Fatalf("%s does not get in", name)
	}
}

// at looks at a page, with all that is folded away unfolded.
func (l *looking) at(name, url string, views ...browser.View) {
	l.Helper()
	for i, v := range views {
		p := l.chrome.Open(l.T, url, v)
		browser.Eval[bool](p, `document.querySelectorAll("main details").forEach(d => d.open = true), true`)
		p.Screenshot(fmt.Sprintf("%s-%d", name, i))
		for _, problem := range append(p.Problems(), p.Violations()...) {
			l.Errorf("%s, view %d: %s", name, i, problem)
		}
		if over := browser.Eval[float64](p, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
			l.Errorf("%s, view %d: %.0f pixels hang over the edge", name, i, over)
		}
		if twice := browser.Eval[string](p, `[...document.querySelectorAll("[id]")].map(e => e.id).filter((id, i, all) => all.indexOf(id) !== i).join(" ")`); twice != "" {
			l.Errorf("%s, view %d: ids twice: %s", name, i, twice)
		}
	}
}

// writes works on a draft: a file is attached together with what is typed, and what
// is typed after that is saved by itself, with the gate's answer.
func (l *looking) writes(url string) {
	l.Helper()
	p := l.chrome.Open(l.T, url, browser.View{})
	title := func() string {
		return browser.Eval[string](p, `document.querySelector("[name='content.title']").value`)
	}
	browser.Eval[bool](p, `(() => {
		document.querySelector("[name='content.title']").value = "Typed beside a file";
		const files = new DataTransfer();
		files.items.add(new File(["an invented example"], "browser.txt"));
		document.querySelector("[name=upload]").files = files.files;
		return true;
	})()`)
	p.Do(chromedp.Click("button[value=attach]"), chromedp.WaitReady(`a[download][href$="browser.txt"]`))
	if title() != "Typed beside a file" {
		l.Errorf("the title is %q after a file was attached", title())
	}
	browser.Eval[bool](p, `(() => {
		document.querySelector("#draft-answer").dataset.old = "1";
		const field = document.querySelector("[name='content.title']");
		field.value = "Saved by itself";
		field.dispatchEvent(new Event("change", {bubbles: true}));
		return true;
	})()`)
	p.Do(chromedp.WaitReady("#draft-answer:not([data-old]) .e-note"))
	p.Do(chromedp.Click("button[value=review]"), chromedp.WaitReady("#about"))
	if got := browser.Eval[string](p, "document.querySelector('#content').innerText"); !strings.Contains(got, "Saved by itself") || !strings.Contains(got, "browser.txt") {
		l.Errorf("what will leave reads %q", got)
	}
	for _, problem := range p.Problems() {
		l.Error(problem)
	}
}
