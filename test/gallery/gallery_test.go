package gallery

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"entente/internal/locale"
	"entente/test/browser"

	"github.com/chromedp/chromedp"
)

// TestEveryViewIsAccessible opens the gallery in both languages and themes, wide and narrow, and finds nothing to mend:
// no rule of WCAG 2.2 AA broken, no complaint of the browser, nothing wider than the screen, no text missing.
func TestEveryViewIsAccessible(t *testing.T) {
	server := httptest.NewServer(Handler())
	defer server.Close()
	b := browser.Start(t)
	for _, lang := range locale.Langs() {
		for _, dark := range []bool{false, true} {
			for _, view := range []browser.View{{Width: 1280, Height: 800}, browser.Phone()} {
				view.Dark = dark
				for _, path := range []string{"gallery", "charts", "missing"} {
					name := fmt.Sprintf("%s-%s-%d-dark=%t", path, lang, view.Width, dark)
					t.Run(name, func(t *testing.T) {
						page := b.Open(t, server.URL+"/"+string(lang)+"/"+path, view)
						page.Screenshot(name)
						for _, v := range page.Violations() {
							t.Error(v)
						}
						for _, problem := range page.Problems() {
							if !strings.Contains(problem, "404") { // the problem page's own status
								t.Error(problem)
							}
						}
						if over := browser.Eval[int](page, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
							t.Errorf("the page is %d px wider than the screen", over)
						}
						if text := browser.Eval[string](page, "document.body.innerText"); strings.Contains(text, locale.Missing) {
							t.Errorf("a text is missing: %s", text[strings.Index(text, locale.Missing):])
						}
					})
				}
			}
		}
	}
}

func TestThemeSwitch(t *testing.T) {
	server := httptest.NewServer(Handler())
	defer server.Close()
	b := browser.Start(t)
	ground := "getComputedStyle(document.body).backgroundColor"
	for _, noScript := range []bool{false, true} {
		t.Run(fmt.Sprintf("noScript=%t", noScript), func(t *testing.T) {
			page := b.Open(t, server.URL+"/es/gallery?x=1", browser.View{Width: 1280, Height: 800, NoScript: noScript})
			light := browser.Eval[string](page, ground)
			page.Do(chromedp.Click(`.e-tools button[value=dark]`))
			page.Do(chromedp.WaitReady(`html[data-bs-theme=dark] .e-tools button[value=dark][aria-pressed=true]`))
			dark := browser.Eval[string](page, ground)
			if dark == light {
				t.Errorf("the ground stays %s", light)
			}
			if got := browser.Eval[string](page, "location.pathname + location.search"); got != "/es/gallery?x=1" {
				t.Errorf("the switch left the page for %s", got)
			}
			page.Do(chromedp.Reload())
			if got := browser.Eval[string](page, ground); got != dark {
				t.Errorf("after a reload the ground is %s, not %s", got, dark)
			}
			page.Do(chromedp.Click(`.e-tools button[value=""]`))
			page.Do(chromedp.WaitReady(`html:not([data-bs-theme])`))
			if got := browser.Eval[string](page, ground); got != light {
				t.Errorf("as the device: %s, not %s", got, light)
			}
		})
	}
}

func TestLanguageSwitchKeepsThePlace(t *testing.T) {
	server := httptest.NewServer(Handler())
	defer server.Close()
	page := browser.Start(t).Open(t, server.URL+"/es/gallery?area=arms&x=a%26b", browser.View{})
	page.Do(chromedp.Click(".e-lang"), chromedp.WaitReady("html[lang=en-US]"))
	if got := browser.Eval[string](page, "location.pathname + location.search"); got != "/en/gallery?area=arms&x=a%26b" {
		t.Errorf("got %s", got)
	}
}

func TestFilterReplacesOnlyTheResults(t *testing.T) {
	server := httptest.NewServer(Handler())
	defer server.Close()
	page := browser.Start(t).Open(t, server.URL+"/en/gallery", browser.View{})
	browser.Eval[bool](page, `document.querySelector("h1").dataset.kept = "yes", document.querySelector("#results").dataset.old = "yes", true`)
	page.Do(chromedp.SetValue("#f-party", "MX"))
	browser.Eval[bool](page, `document.querySelector("#f-party").dispatchEvent(new Event("change", {bubbles: true}))`)
	page.Do(chromedp.WaitReady("#results:not([data-old])"))
	if got := browser.Eval[string](page, "location.search"); !strings.Contains(got, "party=MX") {
		t.Errorf("the address does not keep the filter: %s", got)
	}
	if got := browser.Eval[string](page, `document.querySelector("h1").dataset.kept`); got != "yes" {
		t.Error("the whole page was replaced")
	}
	if problems := page.Problems(); len(problems) > 0 {
		t.Error(problems)
	}
}

func TestOnPaper(t *testing.T) {
	server := httptest.NewServer(Handler())
	defer server.Close()
	page := browser.Start(t).Open(t, server.URL+"/es/gallery", browser.View{Width: 794, Height: 1123, Print: true, Dark: true})
	page.Screenshot("gallery-print")
	visible := func(selector string) bool {
		return browser.Eval[bool](page, fmt.Sprintf("document.querySelector(%q).checkVisibility()", selector))
	}
	if visible(".e-filters") || visible(".e-navbar") {
		t.Error("controls are printed")
	}
	if !visible(".e-demo") || !visible(".e-legal") {
		t.Error("the demonstration label or the legal words are not printed")
	}
	if got := browser.Eval[string](page, "getComputedStyle(document.body).backgroundColor"); got != "rgb(255, 255, 255)" {
		t.Errorf("paper is %s", got)
	}
}
