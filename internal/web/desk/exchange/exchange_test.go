package exchange_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

)

// TestDesks goes through the exchange at the desks of both parties: what is in one
// part is what the parts after it look at.
func TestDesks(t *testing.T) {
	b := newDesks(t)
	for _, part := range []struct {
		name string
		run  func(*desks)
	}{
		{"asked", asks},
	} {
		if !t.Run(part.name, func(t *testing.T) { part.run(b.at(t)) }) {
			return
		}
	}
}

// compose begins a draft with a button of a page and returns its address.
func (p *person) compose(page, button string) string {
	p.Helper()
	a := p.press(page, button)
	if a.status != http.StatusOK || !strings.Contains(a.at, "/desk/exchange/drafts/") {
		p.Fatalf("%s begins no draft: %d at %s\n%s", button, a.status, a.at, a.brief())
	}
	return a.at
}

// letOut submits a draft and has a second person approve it; it returns the address
// of what was appended.
func (p *person) letOut(draft string, second *person) string {
	p.Helper()
	if a := p.press(draft+"/review", "op=submit"); !a.says("Waiting for a second officer") {
		p.Fatalf("%s is not submitted: %d\n%s", draft, a.status, a.brief())
	}
	a := second.press(draft+"/review", "op=approve")
	return p.thing(a)
}

var thingHref = regexp.MustCompile(`href="(/en/desk/exchange/(?:releases|requests|permissions)/[A-Z]+/\d+)"`)

// thing is the address of what a draft became.
func (p *person) thing(a answer) string {
	p.Helper()
	m := thingHref.FindStringSubmatch(a.body)
	if a.status != http.StatusOK || m == nil {
		p.Fatalf("%s leads nowhere: %d\n%s", a.at, a.status, a.brief())
	}
	return m[1]
}

func day(months int) string { return time.Now().UTC().AddDate(0, months, 0).Format(time.DateOnly) }

var office = []string{"authorisation.reference", "EXAMPLE-1", "authorisation.authority", "Example office", "authorisation.date", "2026-01-01"}

// requestOf is what an officer of the United States types into a request.
func requestOf(more ...string) []string {
	due := time.Now().UTC().Add(48 * time.Hour).Format("2006-01-02T15:04")
	return append(append([]string{
		"content.title", "Example: suspicious air shipment", "content.text", "Invented example: which flight carried the load?",
		"agencies", "SSPC", "areas", "A01", "kind", "data", "purpose", "criminal_investigation", "basis", "own_law", "urgency", "priority", "due", due,
	}, office...), more...)
}

// releaseOf is what an officer of Mexico types into a release.
func releaseOf(more ...string) []string {
	return append(append([]string{
		"content.title", "Example: the flight", "content.text", "Invented example: it was flight EX-1.",
		"recipients", "CBP", "areas", "A01", "form", "files", "handling.territory", "MX", "handling.collector", "SSPC",
		"handling.from", "2026-01-01", "handling.to", "2026-01-02", "handling.basis", "own_law", "handling.source", "B", "handling.information", "2",
		"handling.classification", "unclassified", "handling.tlp", "amber", "handling.purposes", "criminal_investigation", "handling.evidential", "false",
		"handling.onward", "ask", "handling.retain", day(3), "handling.assessed", "true",
	}, office...), more...)
}

// asks sends a request from the United States to Mexico.
func asks(b *desks) {
	us, second, mx := b.person(b.us, "cbp-first"), b.person(b.us, "cbp-second"), b.person(b.mx, "sspc-first")
	draft := us.compose("/en/desk/exchange", "New request")
	us.press(draft, "op=review", requestOf()...)
	at := us.letOut(draft, second)
	us.sees(at, "Waiting", "Criminal investigation")
	mx.soon(at, "Waiting")
}
