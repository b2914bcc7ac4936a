package report

import (
	"context"
	"errors"
	"fmt"
	"html"
	"os/exec"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"entente/internal/locale"
)

// ErrNoChromium means that there is no browser here to print with. Pages say so and
// let the reader's own browser print.
var ErrNoChromium = errors.New("no Chromium is installed to print the report with")

// printLimit bounds one printing.
const printLimit = 2 * time.Minute

// browsers are the names under which the browser is looked for.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless-shell"}

func (r *Reporter) chromium() (string, error) {
	names := browsers
	if r.o.Chromium != "" {
		names = []string{r.o.Chromium}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrNoChromium
}

// CanPrint reports whether [Reporter.PDF] finds a browser.
func (r *Reporter) CanPrint() bool {
	_, err := r.chromium()
	return err == nil
}

// PDF prints a report in a language: a tagged PDF with an outline. It is printed
// once. Without a browser it fails with [ErrNoChromium].
func (r *Reporter) PDF(ctx context.Context, m *Made, lang string) ([]byte, error) {
	html, ok := m.HTML[lang]
	if !ok {
		return nil, fmt.Errorf("no report in %q", lang)
	}
	m.pdfMu.Lock()
	defer m.pdfMu.Unlock()
	if pdf := m.pdf[lang]; pdf != nil {
		return pdf, nil
	}
	path, err := r.chromium()
	if err != nil {
		return nil, err
	}
	pdf, err := printed(ctx, path, html, m.Model.Demo, lang)
	if err != nil {
		return nil, fmt.Errorf("print the report: %w", err)
	}
	m.pdf[lang] = pdf
	return pdf, nil
}

func printed(ctx context.Context, chromium string, content []byte, demo bool, lang string) ([]byte, error) {
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.DisableGPU, chromedp.NoSandbox)
	// The page is the node's own, loads nothing and runs no script; in containers
	// the sandbox is not to be had.
	ctx, cancel := context.WithTimeout(ctx, printLimit)
	defer cancel()
	alloc, stopAlloc := chromedp.NewExecAllocator(ctx, opts...)
	defer stopAlloc()
	tab, closeTab := chromedp.NewContext(alloc)
	defer closeTab()
	if err := chromedp.Do(tab, chromedp.Navigate("about:blank")); err != nil {
		return nil, err
	}
	tree, err := chromedp.Call(tab, page.GetFrameTree, cdp.Empty{})
	if err != nil {
		return nil, err
	}
	if _, err := chromedp.Call(tab, page.SetDocumentContent, page.SetDocumentContentParams{FrameID: tree.FrameTree.Frame.ID, HTML: string(content)}); err != nil {
		return nil, err
	}
	header, footer := margins(demo, lang)
	return chromedp.Run(tab, chromedp.PrintToPDF(
		chromedp.PDFPaper(chromedp.PaperLetter),
		chromedp.PDFMargins(0.75, 0.7, 0.75, 0.7),
		chromedp.PDFPrintBackground(),
		chromedp.PDFHeaderTemplate(header),
		chromedp.PDFFooterTemplate(footer),
		func(p *page.PrintToPDFParams) {
			yes := true
			p.GenerateTaggedPDF, p.GenerateDocumentOutline = &yes, &yes
		},
	))
}

// margins are what stands at the head and foot of every sheet: the label of a
// demonstration, the title and the page.
func margins(demo bool, lang string) (header, footer string) {
	l := locale.For(locale.Lang(lang))
	const style = `style="font:7.5px sans-serif;color:#444;width:100%;padding:0 18mm;display:flex;justify-content:space-between"`
	label := ""
	if demo {
		label = html.EscapeString(demonstration.ES + " / " + demonstration.EN)
	}
	header = `<div ` + style + `><span>` + label + `</span></div>`
	footer = `<div ` + style + `><span class="title"></span><span>` + html.EscapeString(l.T("report.page")) +
		` <span class="pageNumber"></span> / <span class="totalPages"></span></span></div>`
	return header, footer
}
