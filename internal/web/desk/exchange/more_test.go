package exchange_test

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// waitsForContacts: what an agency submitted is found by the party's points of
// contact, who may release it, and by nobody else.
func waitsForContacts(b *desks, _ *story) {
	fgr, sre, gn, us := b.person(b.mx, "fgr-first"), b.person(b.mx, "sre-second"), b.person(b.mx, "gn-second"), b.person(b.us, "cbp-first")
	draft := fgr.compose("/en/desk/exchange", "New release")
	if a := fgr.press(draft, "op=review", releaseOf("handling.collector", "FGR")...); a.says("May not leave") {
		b.Fatalf("stopped: %s", a.brief())
	}
	subject := b.subject(fgr.get(draft + "/review"))
	if a := sre.get("/en/desk/exchange"); a.says(subject) {
		b.Error("what is not submitted is shown to another agency")
	}
	if a := fgr.press(draft+"/review", "op=submit"); !a.says("Waiting for a second officer") {
		b.Fatalf("not submitted: %d\n%s", a.status, a.brief())
	}
	for _, page := range []string{"/en/desk/exchange", "/en/desk/today", "/en/desk/drafts?view=waiting"} {
		sre.sees(page, subject)
		if a := gn.get(page); a.says(subject) {
			b.Errorf("another agency is told of it at %s", page)
		}
	}
	sre.sees("/en/desk/exchange", "1 waits for your signature")
	sre.sees("/en/desk/today", "wait for your release")
	if a := sre.get("/en/desk/today"); !strings.Contains(a.body, "e-count") {
		b.Error("the navigation counts nothing that waits")
	}
	if a := gn.get("/en/desk/today"); strings.Contains(a.body, "e-count") {
		b.Error("the navigation counts what the person may not know of")
	}
	at := sre.thing(sre.press(draft+"/review", "op=approve"))
	us.soon(at, "Release received")
	if a := sre.get("/en/desk/exchange"); a.says("for your signature") {
		b.Error("it waits after it was released")
	}
}

// asked is the newest permission request in a state.
func (p *person) asked(state string) string {
	p.Helper()
	return p.thing(p.soon("/en/desk/exchange?view=permissions&state="+state, "From CBP"))
}

// asksForOtherPurposes: a use beyond the permitted ones is denied, asked again and
// taken back, and granted until it is withdrawn.
func asksForOtherPurposes(b *desks, s *story) {
	us, us2, mx, mx2 := b.person(b.us, "cbp-first"), b.person(b.us, "cbp-second"), b.person(b.mx, "sspc-first"), b.person(b.mx, "sspc-second")
	offered := func() []string { return formOf(us, us.get(s.release), "op=open").choices["purpose"] }
	ask := func() { us.does(us2, s.release, "op=askuse", "purpose", "public_safety") }
	if slices.Contains(offered(), "public_safety") {
		b.Fatal("it is permitted from the start")
	}
	ask()
	denied := mx.asked("asked")
	mx.does(mx2, denied, "op=deny", "reason", "purpose")
	us.soon(denied, "The purpose does not permit it")
	us.sees(denied, "denied")
	ask()
	back := mx.asked("asked")
	us.does(us2, back, "op=withdraw")
	mx.soon(back, "withdrawn")
	if a := mx.get(back); strings.Contains(a.body, `value="grant"`) {
		b.Error("what was taken back can be granted")
	}
	ask()
	granted := mx.asked("asked")
	mx.does(mx2, granted, "op=grant", "until", day(1))
	us.soon(granted, "granted")
	if !slices.Contains(offered(), "public_safety") {
		b.Errorf("the purpose that was granted is not offered: %v", offered())
	}
	if a := us.press(s.release, "op=open", "purpose", "public_safety"); !a.says("invented airport") {
		b.Errorf("not opened for the purpose that was granted: %d\n%s", a.status, a.brief())
	}
	mx.does(mx2, granted, "op=withdraw")
	us.soon(granted, "withdrawn")
	if slices.Contains(offered(), "public_safety") {
		b.Error("the purpose is offered after its permission was withdrawn")
	}
	if a := us.post(s.release, "op", "open", "purpose", "public_safety"); a.status != http.StatusUnprocessableEntity || a.says("invented airport") {
		b.Errorf("opened after the permission was withdrawn: %d", a.status)
	}
}

// listsDrafts: the drafts of an agency are searched, filtered and paged.
func listsDrafts(b *desks, _ *story) {
	hsi := b.person(b.us, "hsi-first")
	hsi.sees("/en/desk/exchange?view=drafts", "No drafts match.")
	draft := hsi.compose("/en/desk/exchange", "New request")
	for _, page := range []string{draft, draft + "/review"} {
		a := hsi.sees(page, "Missing, or to be corrected", "May not leave")
		if !strings.Contains(a.body, `#f-agencies"`) || a.says("got null") || a.says("Nothing stands in the way") {
			b.Errorf("what is missing is not said in the words of the form: %s", a.brief())
		}
	}
	subject := b.subject(hsi.get(draft + "/review"))
	for query, there := range map[string]bool{
		"": true, "&q=" + subject[:8]: true, "&q=nothing": false, "&type=request": true, "&type=release": false, "&state=open": true, "&state=waiting": false, "&page=2": false,
	} {
		if a := hsi.get("/en/desk/exchange?view=drafts" + query); a.status != http.StatusOK || a.says(subject) != there {
			b.Errorf("%q: %d, shows it: %v", query, a.status, !there)
		}
	}
	for _, path := range []string{"?view=drafts&page=x", "?view=releases-in&after=x", "/reads?after=x"} {
		if a := hsi.get("/en/desk/exchange" + path); a.status != http.StatusBadRequest {
			b.Errorf("%s: %d", path, a.status)
		}
	}
}

// exportsKeys: a sealing key leaves by two officers of the agency at one keyboard.
func exportsKeys(b *desks, _ *story) {
	const page = "/en/desk/exchange/keys"
	us, fbi := b.person(b.us, "cbp-first"), b.person(b.us, "fbi-first")
	us.sees(page, "No key has left the node.")
	key := formOf(us, us.get(page), "op=export").choices["key"]
	if len(key) != 2 {
		b.Fatalf("keys to choose from: %v", key)
	}
	typed := func(more ...string) []string {
		return over([]string{"key", key[1], "reason.es", "Peritaje de ejemplo", "reason.en", "Example of forensics", "second", "cbp-second", "passphrase", "correct horse battery"}, more...)
	}
	for name, c := range map[string]struct {
		typed  []string
		status int
		says   string
	}{
		"no key":              {typed("key", ""), 422, "Choose one of the keys"},
		"no reason":           {typed("reason.en", ""), 422, "Write the reason in both languages"},
		"nobody":              {typed("second", ""), 422, "Ask a releasing officer"},
		"oneself":             {typed("second", "cbp-first"), 403, "Peritaje de ejemplo"},
		"no such person":      {typed("second", "nobody"), 403, "Peritaje de ejemplo"},
		"a wrong passphrase":  {typed("passphrase", "wrong"), 403, "Peritaje de ejemplo"},
		"no releasing person": {typed("second", "hsi-first"), 422, "releasing officer"},
	} {
		a := us.press(page, "op=export", c.typed...)
		if a.status != c.status || !a.says(c.says) && !strings.Contains(a.body, c.says) || strings.Contains(a.body, "AGE-SECRET-KEY") {
			b.Errorf("%s: %d\n%s", name, a.status, a.brief())
		}
		if strings.Contains(a.body, "correct horse") {
			b.Errorf("%s: the passphrase is on the page", name)
		}
	}
	if a := fbi.post(page, typed()...); a.status != http.StatusUnprocessableEntity || strings.Contains(a.body, "AGE-SECRET-KEY") {
		b.Errorf("another agency takes the key: %d", a.status)
	}
	us.sees(page, "No key has left the node.")
	open := us.get(page)
	for range 2 { // pressed twice, it is one entry
		f := us.on(open, "op=export", typed()...)
		if f.status != http.StatusOK || !strings.Contains(f.body, "AGE-SECRET-KEY-PQ-1") || !strings.Contains(f.header.Get("Content-Disposition"), "key-cbp.txt") {
			b.Fatalf("the key does not leave: %d\n%s", f.status, f.brief())
		}
	}
	if a := us.sees(page, "Example of forensics", key[1]); strings.Count(a.body, "Example of forensics") != 1 {
		b.Error("the key left twice, says the page")
	}
	b.person(b.us, "auditor").sees(page, "Example of forensics")
	for _, other := range []*person{fbi, b.person(b.mx, "sspc-first")} {
		if a := other.get(page); a.status != http.StatusOK || a.says("Example of forensics") {
			b.Errorf("%s is told of it: %d", other.name, a.status)
		}
	}
}

// escalates: an alert that nobody takes up in time says who is told next, and is
// closed all the same.
func escalates(b *desks, _ *story) {
	us, mx := b.person(b.us, "cbp-first"), b.person(b.mx, "sspc-first")
	at := b.release("recipients", "CBP", "alert.group", "border-watch-us", "alert.acknowledge", moment(20*time.Minute))
	us.soon(at, "Acknowledge the alert")
	b.world.Clock.Move(30 * time.Minute)
	for _, p := range []*person{us, mx} {
		p.soon(at, "Escalated to DHS")
		p.sees(at, "overdue by")
	}
	us.sees("/en/desk/exchange?view=alerts&late=1", "overdue by")
	us.does(nil, at, "op=acknowledge")
	us.does(nil, at, "op=close", "outcome", "too_late")
	mx.soon(at, "It came too late")
	if a := mx.get(at); a.says("Escalated to DHS") {
		b.Error("it is escalated after it was taken up")
	}
}

// expires: what is kept no longer is destroyed by itself, and both desks say so.
func expires(b *desks, _ *story) {
	at := b.release("handling.retain", b.world.Clock.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly))
	b.person(b.us, "cbp-first").soon(at, "Release received")
	b.world.Clock.Move(49 * time.Hour)
	us, mx := b.person(b.us, "cbp-first"), b.person(b.mx, "sspc-first")
	for _, p := range b.world.Both() {
		_, err := p.Exchange.Once(b.Context())
		b.check(err)
	}
	for _, p := range []*person{mx, us} {
		a := p.soon(at, "Release shredded")
		if !a.says("The node shredded its copy") || !a.says("End of retention") || strings.Contains(a.body, `name="op" value="open"`) {
			b.Errorf("%s reads of what expired: %s", p.name, a.brief())
		}
	}
	if a := us.post(at, "op", "open", "purpose", "criminal_investigation"); a.status != http.StatusUnprocessableEntity || a.says("it was flight") {
		b.Errorf("what expired is opened: %d", a.status)
	}
}
