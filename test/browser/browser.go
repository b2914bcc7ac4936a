// Package browser opens pages in a headless Chromium for tests: it looks at them (screenshots), asks them (JavaScript),
// and checks them: accessibility by axe-core, rules of WCAG 2.2 A and AA, and whatever the browser itself complains
// about, such as a violated content security policy.
package browser

import (
	"context"
	_ "embed" // axe-core is embedded so that the tests need no network
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

//go:embed axe/axe.min.js
var axe string

// limit bounds all that is done on one page.
const limit = 60 * time.Second

// Browser is one running Chromium, shared by the pages of a test.
type Browser struct {
	ctx context.Context
}

// Start runs a Chromium until the test ends. Without one installed the test fails: scripts/tools.sh installs it.
func Start(t testing.TB) *Browser {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("lang", "es-MX"))
	alloc, stopAlloc := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, stop := chromedp.NewContext(alloc)
	t.Cleanup(func() { stop(); stopAlloc() })
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("no Chromium to test with (scripts/tools.sh installs one): %v", err)
	}
	return &Browser{ctx: ctx}
}

// View is how a page is looked at.
type View struct {
	Width, Height int64 // CSS pixels; 1280 × 800 if zero
	Dark          bool  // the device prefers dark
	Print         bool  // as on paper
	NoScript      bool  // scripts do not run
}

// Phone is a narrow view.
func Phone() View { return View{Width: 390, Height: 844} }

// Page is one open tab.
type Page struct {
	t        testing.TB
	ctx      context.Context
	mu       sync.Mutex
	problems []string
}

// Open loads an address in a new tab and fails the test when it does not load.
func (b *Browser) Open(t testing.TB, url string, v View) *Page {
	t.Helper()
	tab, closeTab := chromedp.NewContext(b.ctx)
	ctx, cancel := context.WithTimeout(tab, limit)
	t.Cleanup(func() { cancel(); closeTab() })
	p := &Page{t: t, ctx: ctx}
	if v.Width == 0 {
		v.Width, v.Height = 1280, 800
	}
	p.do(chromedp.EmulateViewport(v.Width, v.Height))
	go p.watch(chromedp.Console(ctx))
	scheme, media := "light", "screen"
	if v.Dark {
		scheme = "dark"
	}
	if v.Print {
		media = "print"
	}
	p.call(chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: media,
		Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme},
			{Name: "prefers-reduced-motion", Value: "reduce"},
		},
	}))
	if v.NoScript {
		p.call(chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	}
	p.do(chromedp.Navigate(url))
	return p
}

// watch notes what the browser complains about.
func (p *Page) watch(messages func(func(chromedp.ConsoleMessage, error) bool)) {
	for m, err := range messages {
		if err != nil {
			return // the tab is closed
		}
		if m.Type == "error" || m.Type == "warning" || m.Type == chromedp.ConsoleException {
			p.mu.Lock()
			p.problems = append(p.problems, fmt.Sprintf("%s: %s", m.Type, m.Text))
			p.mu.Unlock()
		}
	}
}

// Problems are the errors and warnings of the browser so far: scripts that failed, files that did not load, policies
// that were violated.
func (p *Page) Problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.problems...)
}

// Do runs chromedp actions on the page.
func (p *Page) Do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	p.do(actions...)
}

// Eval evaluates a JavaScript expression on the page, waiting for a promise.
func Eval[T any](p *Page, expression string) T {
	p.t.Helper()
	out, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return out
}

// serverError is the code by which the browser says that the page an expression is
// about is not there any more (JSON-RPC 2.0 section 5.1, as DevTools uses it).
const serverError = -32000

// Holds reports whether a condition is true of the page. While the browser is on its
// way from one page to another, none is.
func Holds(p *Page, condition string) bool {
	p.t.Helper()
	out, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](condition))
	var gone *cdproto.Error
	if errors.As(err, &gone) && gone.Code == serverError {
		return false
	}
	if err != nil {
		p.t.Fatalf("%s: %v", condition, err)
	}
	return out
}

// Screenshot writes the whole page as PNG into the folder named by the environment variable SCREENSHOTS; without it,
// nothing is written.
func (p *Page) Screenshot(name string) {
	p.t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		p.t.Fatalf("screenshot %s: %v", name, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// Violations are the rules of WCAG 2.2 A and AA, and axe-core's best practices, that the page breaks: one line each with
// the elements concerned.
func (p *Page) Violations() []string {
	p.t.Helper()
	Eval[bool](p, axe+"; true")
	return Eval[[]string](p, `axe.run(document, {
		runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"]
	}).then(r => r.violations.map(v => v.id + ": " + v.help + " — " +
		v.nodes.slice(0, 5).map(n => n.target.join(" ") + " (" + n.failureSummary.split("\n").slice(1).join("; ").trim() + ")").join(" | ")))`)
}

func (p *Page) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

func (p *Page) call(_ any, err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}
