package exchange_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	core "entente/internal/exchange"
)

// TestDesks goes through the exchange at the desks of both parties: what is in one
// part is what the parts after it look at.
func TestDesks(t *testing.T) {
	b := newDesks(t)
	s := &story{}
	for _, part := range []struct {
		name string
		run  func(*desks, *story)
	}{
		{"asked", asks},
		{"composed", composes},
		{"unseen", keepsDrafts},
		{"released", releases},
		{"used", uses},
		{"passed on", passesOn},
		{"misuse", reportsMisuse},
		{"alert", alerts},
		{"pause", pauses},
		{"waits", waitsForContacts},
		{"consent", consents},
		{"refused", refuses},
		{"emergency", emergencies},
		{"other purpose", asksForOtherPurposes},
		{"drafts", listsDrafts},
		{"keys", exportsKeys},
		{"measured", measures},
		{"proved", proves},
		{"roles", everyRole},
		{"ended", ends},
		{"escalated", escalates},
		{"expired", expires},
	} {
		if !t.Run(part.name, func(t *testing.T) { part.run(b.at(t), s) }) {
			return
		}
	}
}

// story is what the parts leave to those after them: addresses of pages.
type story struct {
	request, draft, release, permission string
	pages                               []string // every page that was begun
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
	return p.thing(second.press(draft+"/review", "op=approve"))
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

// does carries out an act on a page; a second officer joins where one is needed.
func (p *person) does(second *person, page, button string, pairs ...string) {
	p.Helper()
	a := p.press(page, button, pairs...)
	if strings.Contains(a.at, "/drafts/") {
		a = second.press(a.at, "op=approve")
	}
	if a.status != http.StatusOK || !a.says("appended") {
		p.Fatalf("%s at %s: %d\n%s", button, page, a.status, a.brief())
	}
}

func day(months int) string { return time.Now().UTC().AddDate(0, months, 0).Format(time.DateOnly) }

func moment(d time.Duration) string { return time.Now().UTC().Add(d).Format("2006-01-02T15:04") }

// over puts other values in the place of some of what is typed.
func over(typed []string, more ...string) []string {
	var out []string
	for i := 0; i < len(typed); i += 2 {
		if !slices.ContainsFunc(more, func(s string) bool { return s == typed[i] }) {
			out = append(out, typed[i], typed[i+1])
		}
	}
	return append(out, more...)
}

var office = []string{"authorisation.reference", "EXAMPLE-1", "authorisation.authority", "Example office", "authorisation.date", "2026-01-01"}

// requestOf is what an officer of the United States types into a request.
func requestOf(more ...string) []string {
	return over(append([]string{
		"content.title", "Example: suspicious air shipment", "content.text", "Invented example: which flight carried the load?",
		"agencies", "SSPC", "areas", "A01", "kind", "data", "purpose", "criminal_investigation", "basis", "own_law", "urgency", "priority", "due", moment(48 * time.Hour),
	}, office...), more...)
}

// releaseOf is what an officer of Mexico types into a release.
func releaseOf(more ...string) []string {
	return over(append([]string{
		"content.title", "Example: the flight", "content.text", "Invented example: it was flight EX-1.",
		"recipients", "CBP", "areas", "A01", "form", "files", "handling.territory", "MX", "handling.collector", "SSPC",
		"handling.from", "2026-01-01", "handling.to", "2026-01-02", "handling.basis", "own_law", "handling.source", "B", "handling.information", "2",
		"handling.classification", "unclassified", "handling.tlp", "amber", "handling.purposes", "criminal_investigation", "handling.evidential", "false",
		"handling.onward", "ask", "handling.retain", day(3), "handling.assessed", "true",
	}, office...), more...)
}

// asks sends a request from the United States to Mexico.
func asks(b *desks, s *story) {
	us, second, mx := b.person(b.us, "cbp-first"), b.person(b.us, "cbp-second"), b.person(b.mx, "sspc-first")
	draft := us.compose("/en/desk/exchange", "New request")
	if a := us.upload(draft, "list.txt", "an example list"); !a.says("list.txt") {
		b.Fatalf("not attached: %d\n%s", a.status, a.brief())
	}
	us.press(draft, "op=review", requestOf()...)
	s.request = us.letOut(draft, second)
	us.sees(s.request, "Waiting", "Criminal investigation")
	mx.soon(s.request, "Waiting")
	mx.soon("/en/desk/today", "Answer the request")
	a := mx.reads(s.request, "op=open", "which flight carried the load?")
	if f := mx.on(a, "Save “list.txt”"); f.body != "an example list" || !strings.Contains(f.header.Get("Content-Disposition"), "attachment") {
		b.Errorf("the file that came with it: %d %q", f.status, f.body)
	}
}

// composes writes the answer, with faults and then without.
func composes(b *desks, s *story) {
	mx := b.person(b.mx, "sspc-first")
	s.draft = mx.compose(s.request, "op=answer")
	a := mx.press(s.draft, "op=save", "content.text", "Invented example, half", "handling.retain", "tomorrow", "handling.from", "2026-01-01")
	if !strings.Contains(a.body, "Invented example, half") || !strings.Contains(a.body, `value="tomorrow"`) || !a.says("Not a date") || !a.says("May not leave") {
		b.Errorf("what was typed is not kept, or its fault is not said: %d\n%s", a.status, a.text())
	}
	if strings.Contains(a.body, `id="f-alert.group-error"`) {
		b.Error("an alert that nobody began lacks something")
	}
	alert := between(a.body, `id="f-alert.group"`, `>`)
	if alert == "" || strings.Contains(alert, "required") {
		b.Errorf("an alert that nobody began is required: %q", alert)
	}
	if a := mx.get(s.draft + "/review"); strings.Contains(a.body, `value="submit"`) {
		b.Error("what may not leave can be submitted")
	}
	if a := mx.upload(s.draft, "flight.txt", "EX-1, invented", "content.text", "Typed beside the file"); !a.says("flight.txt") || !a.says("Typed beside the file") {
		b.Fatalf("not attached, or what was typed beside it is lost: %d\n%s", a.status, a.brief())
	}
	if a := mx.upload(s.draft, strings.Repeat("n", 300), "x", "content.text", "Typed beside what is refused"); a.status != http.StatusUnprocessableEntity || !a.says("Typed beside what is refused") {
		b.Errorf("a file that is refused takes what was typed with it: %d\n%s", a.status, a.brief())
	}
	if a := mx.get(s.draft); !a.says("Typed beside what is refused") {
		b.Error("what was typed beside a refused file is not kept")
	}
	if a := mx.upload(s.draft, "old.txt", "to be removed"); !a.says("old.txt") {
		b.Fatalf("not attached: %d", a.status)
	}
	if a := mx.press(s.draft, "op=detach:old.txt"); a.says("old.txt") || !a.says("flight.txt") {
		b.Error("an attached file is not removed")
	}
	if f := mx.get(s.draft + "/files/flight.txt"); f.body != "EX-1, invented" {
		b.Errorf("the attached file reads %q", f.body)
	}
	a = mx.press(s.draft, "op=review", releaseOf("handling.territory", "US")...)
	if !a.says("May not leave") || !a.says("policy.p2-foreign-collection") {
		b.Errorf("the gate on what was collected elsewhere: %d\n%s", a.status, a.brief())
	}
	saves(b, mx, s.draft)
	a = mx.press(s.draft, "op=review")
	if a.says("May not leave") || !a.says("Example: the flight") || !a.says("it was flight EX-1.") {
		b.Errorf("the gate on what is mended: %d\n%s", a.status, a.brief())
	}
}

// saves mends the draft as it is typed: what is saved by itself answers with what
// the gate says now.
func saves(b *desks, mx *person, draft string) {
	page := mx.get(draft)
	f := formOf(mx, page, "op=save")
	f.values.Del("op")
	f.values.Set("handling.territory", "MX")
	a := mx.send(draft+"/autosave", f.values)
	if a.status != http.StatusOK || !a.says("Nothing stands in the way") || strings.Contains(a.body, "<html") {
		b.Errorf("saved by itself: %d\n%s", a.status, a.text())
	}
	f.values.Set("handling.territory", "US") // the revision is the one before
	if a := mx.send(draft+"/autosave", f.values); !a.says("Nothing stands in the way") {
		b.Errorf("saved over a later revision: %d\n%s", a.status, a.text())
	}
	f.values.Set("op", "save")
	if a := mx.send(draft, f.values); a.status != http.StatusConflict {
		b.Errorf("saved over a later revision: %d\n%s", a.status, a.brief())
	}
}

// keepsDrafts: what an agency writes is for that agency.
func keepsDrafts(b *desks, s *story) {
	mx, other := b.person(b.mx, "sspc-first"), b.person(b.mx, "fgr-second")
	id := s.draft[strings.LastIndex(s.draft, "/")+1:]
	subject := b.subject(mx.get(s.draft + "/review"))
	if a := mx.press(s.draft+"/review", "op=submit"); !a.says("Waiting for a second officer") {
		b.Fatalf("not submitted: %d\n%s", a.status, a.brief())
	}
	none := "/en/desk/exchange/drafts/019b0000-0000-7000-8000-000000000000"
	for _, rest := range []string{"", "/review", "/files/flight.txt"} {
		got, want := other.get(s.draft+rest), other.get(none+rest)
		if got.status != http.StatusNotFound || got.text() != want.text() {
			b.Errorf("another agency at %s: %d, not as what is not there", rest, got.status)
		}
	}
	for _, act := range []string{"approve", "return", "discard"} {
		if a := other.post(s.draft+"/review", "op", act, "remark", "x"); a.status != http.StatusNotFound {
			b.Errorf("another agency may %s: %d", act, a.status)
		}
	}
	for _, path := range []string{"/desk/today", "/desk/exchange", "/desk/exchange?view=releases-out", "/desk/drafts?view=waiting", "/desk/drafts?view=agency", "/desk/drafts?view=mine"} {
		if a := other.get("/en" + path); a.status != http.StatusOK || strings.Contains(a.body, id) || strings.Contains(a.body, subject) {
			b.Errorf("another agency sees the draft at %s: %d", path, a.status)
		}
	}
	for _, path := range []string{"/en/search?q=", "/en/desk/exchange?view=releases-out&q="} {
		got, none := other.get(path+subject), other.get(path+"x-nothing")
		if strings.ReplaceAll(got.text(), subject, "x-nothing") != none.text() {
			b.Errorf("another agency finds the draft at %s", path)
		}
	}
	other.post("/en/desk/drafts?view=waiting", "draft", id)
	if a := mx.get(s.draft + "/review"); !a.says("It waits for a releasing officer") {
		b.Errorf("another agency approved it among many: %s", a.brief())
	}
	if a := b.person(b.us, "cbp-second").get(s.draft + "/review"); a.status != http.StatusNotFound {
		b.Errorf("the other party's desk shows the draft: %d", a.status)
	}
}

var subjectOf = regexp.MustCompile(`x-[0-9a-v]{10}-[0-9a-v]{8}`)

func (b *desks) subject(a answer) string {
	b.Helper()
	found := subjectOf.FindString(a.body)
	if found == "" {
		b.Fatalf("%s names nothing: %d", a.at, a.status)
	}
	return found
}

// releases has it sent back once, and released by another.
func releases(b *desks, s *story) {
	mx, second, us := b.person(b.mx, "sspc-first"), b.person(b.mx, "sspc-second"), b.person(b.us, "cbp-first")
	if a := mx.post(s.draft+"/review", "op", "approve"); a.status != http.StatusForbidden {
		b.Errorf("who drafted it approves it: %d", a.status)
	}
	if a := second.press(s.draft+"/review", "op=return"); a.status != http.StatusUnprocessableEntity || !a.says("remark") {
		b.Errorf("sent back without a remark: %d", a.status)
	}
	if a := second.press(s.draft+"/review", "op=return", "remark", "Name the airport."); !a.says("Sent back") {
		b.Errorf("not sent back: %d\n%s", a.status, a.brief())
	}
	mx.sees(s.draft+"/review", "Name the airport.")
	mx.press(s.draft, "op=review", "content.text", "Invented example: it was flight EX-1, from an invented airport.")
	s.release = mx.letOut(s.draft, second)
	us.soon(s.release, "Received")
	mx.soon(s.release, "The node signed for it")
	us.soon(s.request, "Answered")
	for _, p := range []*person{mx, us} {
		p.sees(s.release, "TLP:AMBER", "Release by SSPC", "Receipt by CBP", "Deciding:")
	}
}

// uses opens it for a purpose, saves the file, and says what it was good for.
func uses(b *desks, s *story) {
	us, mx := b.person(b.us, "cbp-first"), b.person(b.mx, "sspc-first")
	if a := us.press(s.release, "op=open"); a.status != http.StatusUnprocessableEntity || a.says("invented airport") {
		b.Errorf("opened without a purpose: %d", a.status)
	}
	if a := us.post(s.release, "op", "open", "purpose", "prosecution"); a.status != http.StatusUnprocessableEntity || a.says("invented airport") {
		b.Errorf("opened for a purpose that is not permitted: %d", a.status)
	}
	if a := us.sees("/en/desk/exchange/reads"); a.says("Criminal investigation Read") {
		b.Error("what was refused is recorded as a use")
	}
	a := us.press(s.release, "op=open", "purpose", "criminal_investigation")
	if !a.says("invented airport") || !a.says("Your use is recorded") {
		b.Fatalf("not opened: %d\n%s", a.status, a.brief())
	}
	if b.uses(core.ModeRead) != 1 {
		b.Errorf("%d readings recorded", b.uses(core.ModeRead))
	}
	f := us.on(a, "Save “flight.txt”")
	if f.body != "EX-1, invented" || !strings.Contains(f.header.Get("Content-Disposition"), "attachment") || b.uses(core.ModeExport) != 1 {
		b.Errorf("saved: %d %q, %d exports recorded", f.status, f.body, b.uses(core.ModeExport))
	}
	a = us.press(s.release, "op=feedback", "useful", "true", "n.seizure", "-1")
	if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `value="-1"`) || !a.says("A count is a whole number") {
		b.Errorf("a count below zero: %d\n%s", a.status, a.brief())
	}
	if a := us.press(s.release, "op=feedback", "n.seizure", "1"); a.status != http.StatusUnprocessableEntity || !a.says("Choose yes or no") {
		b.Errorf("feedback that does not say whether it was useful: %d", a.status)
	}
	us.does(nil, s.release, "op=feedback", "useful", "true", "n.seizure", "1,234")
	mx.soon(s.release, "It was useful; Seizure: 1,234")
}

// uses counts this node's uses by their mode.
func (b *desks) uses(mode string) int {
	b.Helper()
	page, err := b.world.US.Exchange.Reads(b.Context(), core.Node, core.UseQuery{Mode: mode})
	b.check(err)
	return len(page.Items)
}

// permissionOf is the newest permission request that somebody is shown, once there is
// one.
func (p *person) permissionOf() string {
	p.Helper()
	return p.thing(p.soon("/en/desk/exchange?view=permissions", "From CBP"))
}

// passesOn asks the originator first.
func passesOn(b *desks, s *story) {
	us, second, mx, mx2, hsi := b.person(b.us, "cbp-first"), b.person(b.us, "cbp-second"), b.person(b.mx, "sspc-first"), b.person(b.mx, "sspc-second"), b.person(b.us, "hsi-first")
	on := []string{"purpose", "criminal_investigation", "agencies", "HSI"}
	if a := us.press(s.release, "op=pass", on...); a.status != http.StatusUnprocessableEntity {
		b.Errorf("passed on without permission: %d at %s\n%s", a.status, a.at, a.brief())
	}
	if a := formOf(us, us.get(s.release), "op=pass"); slices.Contains(a.choices["agencies"], "CBP") || slices.Contains(a.choices["agencies"], "DOS") || !slices.Contains(a.choices["agencies"], "FBI") {
		b.Errorf("it is passed on to %v", a.choices["agencies"])
	}
	if a := hsi.get(s.release); a.status != http.StatusNotFound {
		b.Errorf("an agency that it is not for: %d", a.status)
	}
	us.does(second, s.release, "op=askonward", on...)
	s.permission = mx.permissionOf()
	mx.does(mx2, s.permission, "op=grant", "until", day(1))
	us.soon(s.permission, "Granted")
	us.does(second, s.release, "op=pass", on...)
	hsi.soon(s.release, "Passed on to HSI")
	if a := formOf(us, us.get(s.release), "op=pass"); slices.Contains(a.choices["agencies"], "HSI") {
		b.Error("it is passed on again to who has it")
	}
	if a := hsi.press(s.release, "op=open", "purpose", "criminal_investigation"); !a.says("invented airport") {
		b.Errorf("not opened where it was passed on: %d\n%s", a.status, a.brief())
	}
	mx.soon(s.release, "Passed on to HSI")
}

// reportsMisuse freezes and settles.
func reportsMisuse(b *desks, s *story) {
	us, mx, mx2 := b.person(b.us, "cbp-first"), b.person(b.mx, "sspc-first"), b.person(b.mx, "sspc-second")
	mx.does(mx2, s.release, "op=misuse", "kind", "disclosure")
	us.soon(s.release, "Frozen")
	mx.does(mx2, s.release, "op=outcome:", "outcome", "unfounded")
	us.soon(s.release, "Outcome of the report")
	if a := us.get(s.release); a.says("Frozen") {
		b.Error("frozen after its outcome")
	}
	us2 := b.person(b.us, "cbp-second")
	draft := us.compose(s.release, "op=explain")
	us.press(draft, "op=review", "content.text", "An invented account of misuse.", "kind", "beyond_purpose", "due", moment(72*time.Hour))
	if at := us.letOut(draft, us2); at != s.release {
		b.Errorf("the report leads to %s", at)
	}
	mx.soon(s.release, "Use beyond the permitted purposes")
	mx.soon("/en/desk/today", "State the outcome of the misuse report")
	mx.reads(s.release, "op=note:", "An invented account of misuse.")
	if a := us.get(s.release); strings.Contains(a.body, `value="outcome:`) {
		b.Error("who received it says what came of the report")
	}
	mx.does(mx2, s.release, "op=outcome:", "outcome", "remedied")
	us.soon(s.release, "Remedied")
	us.soon(s.release, "Release received")
}
