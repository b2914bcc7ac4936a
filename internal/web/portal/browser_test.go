package portal_test

import (
	"testing"

	"entente/test/browser"
)

// TestPagesInABrowser looks at one page of each kind, wide and narrow, light and
// dark: no rule of WCAG 2.2 A or AA broken, nothing wider than its screen, no
// complaint of the browser.
func TestPagesInABrowser(t *testing.T) {
	base := world().Serve()
	b := browser.Start(t)
	for _, path := range []string{
		"/es/", "/en/commitments/joint/c10", "/es/pairs?area=A07", "/es/indicators", "/en/indicators/us-fentanyl-seized-weight?unit=lb",
		"/es/indicators/us-encounters-nationwide?view=map", "/en/citations/portal/cl027", "/es/claims", "/en/meetings/M05", "/es/verify",
		"/en/search?q=fentanyl", "/es/data", "/en/report", "/es/actions", "/en/entries/demo.mx.entente/public/5", "/es/datasets/US/cdc-vsrr-t404-2026-01",
	} {
		b.Look(t, base, browser.Visit{Path: path})
	}
}
