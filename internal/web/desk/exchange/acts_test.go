package exchange_test

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"time"

	"entente/internal/bundle"
)

// release lets a release of SSPC out and returns its page.
func (b *desks) release(more ...string) string {
	b.Helper()
	mx := b.person(b.mx, "sspc-first")
	draft := mx.compose("/en/desk/exchange", "New release")
	mx.press(draft, "op=review", releaseOf(more...)...)
	return mx.letOut(draft, b.person(b.mx, "sspc-second"))
}

// alerts has a shipment that moves now acknowledged and closed.
func alerts(b *desks, _ *story) {
	us, mx := b.person(b.us, "cbp-first"), b.person(b.mx, "sspc-first")
	at := b.release("recipients", "CBP", "recipients", "HSI", "alert.group", "border-watch-us", "alert.acknowledge", moment(20*time.Minute))
	us.soon(at, "Acknowledge the alert")
	us.soon("/en/desk/today", "Acknowledge the alert")
	us.sees("/en/desk/exchange?view=alerts", "left")
	us.does(nil, at, "op=acknowledge")
	mx.soon(at, "The alert was acknowledged")
	if a := us.get("/en/desk/today"); a.says("Acknowledge the alert") {
		b.Error("the clock runs on")
	}
	us.does(nil, at, "op=close", "outcome", "acted")
	mx.soon(at, "Acted on")
}

// pauses stops what leaves, and resumes.
func pauses(b *desks, _ *story) {
	mx, mx2, us := b.person(b.mx, "sspc-first"), b.person(b.mx, "sspc-second"), b.person(b.us, "cbp-first")
	const page = "/en/desk/exchange/pauses"
	if a := mx.press(page, "op=pause"); a.status != http.StatusUnprocessableEntity || !a.says("A pause says what it covers") {
		b.Errorf("a pause of nothing: %d", a.status)
	}
	mx.does(mx2, page, "op=pause", "scope", "area", "area", "A01", "reason", "An invented reason.")
	mx.sees(page, "Mexico has paused", "An invented reason.")
	us.soon("/en/desk/exchange", "Mexico has paused")
	if a := us.get(page); strings.Contains(a.body, `value="resume:`) {
		b.Error("the other party may resume it")
	}
	draft := mx.compose("/en/desk/exchange", "New release")
	if a := mx.press(draft, "op=review", releaseOf()...); !a.says("May not leave") {
		b.Errorf("a pause stops nothing: %s", a.brief())
	}
	mx.does(mx2, page, "op=resume:")
	mx.sees(page, "Nobody has paused anything.")
	if a := mx.get(draft + "/review"); a.says("May not leave") {
		b.Errorf("it stops after it was resumed: %s", a.brief())
	}
	for _, scope := range [][]string{{"scope", "agency", "agency", "SSPC"}, {"scope", "programme"}} {
		mx.does(mx2, page, "op=pause", append(scope, "reason", "An invented reason.")...)
		us.soon("/en/desk/exchange", "Mexico has paused")
		if a := mx.get(draft + "/review"); !a.says("May not leave") {
			b.Errorf("a pause of %v stops nothing: %s", scope, a.brief())
		}
		mx.does(mx2, page, "op=resume:")
		if a := mx.get(draft + "/review"); a.says("May not leave") {
			b.Errorf("%v stops it after it was resumed: %s", scope, a.brief())
		}
	}
	if a := mx.press(draft+"/review", "op=discard"); a.at != "/en/desk/exchange" || !a.says("discarded") {
		b.Errorf("not discarded: %d at %s", a.status, a.at)
	}
}

// consents asks the territory's owner and releases with its consent.
func consents(b *desks, _ *story) {
	mx, mx2, dos, dos2, us := b.person(b.mx, "sspc-first"), b.person(b.mx, "sspc-second"), b.person(b.us, "dos-first"), b.person(b.us, "dos-second"), b.person(b.us, "cbp-first")
	draft := mx.compose("/en/desk/exchange", "New release")
	asking := mx.press(draft, "op=ask", releaseOf("handling.territory", "US", "content.text", "Invented example: seen in Arizona.")...)
	if !strings.Contains(asking.at, "/desk/exchange/drafts/") || asking.at == draft {
		b.Fatalf("nothing is asked: %d at %s\n%s", asking.status, asking.at, asking.brief())
	}
	mx.press(asking.at, "op=review", "content.text", "An invented account of it.")
	at := mx.letOut(asking.at, mx2)
	dos.soon(at, "Permission for what was collected")
	dos.reads(at, "op=open", "An invented account of it.")
	dos.does(dos2, at, "op=grant")
	mx.soon(at, "Granted")
	options := between(mx.get(draft).body, `<datalist id="list-consent">`, `</datalist>`)
	consent := between(options, `value="`, `"`)
	if consent == "" {
		b.Fatalf("the consent is not offered: %s", options)
	}
	if a := mx.press(draft, "op=review", "consent", consent); a.says("May not leave") {
		b.Fatalf("consented, and stopped: %s", a.brief())
	}
	release := mx.letOut(draft, mx2)
	us.soon(release, "Received")
	if a := us.press(release, "op=open", "purpose", "criminal_investigation"); !a.says("seen in Arizona") {
		b.Errorf("not opened: %d\n%s", a.status, a.brief())
	}
}

func between(s, from, to string) string {
	_, rest, ok := strings.Cut(s, from)
	if !ok {
		return ""
	}
	in, _, _ := strings.Cut(rest, to)
	return in
}

// refuses answers requests with a no: one as it is, one with a sealed explanation,
// and one that is taken back.
func refuses(b *desks, _ *story) {
	us, second, mx, mx2 := b.person(b.us, "cbp-first"), b.person(b.us, "cbp-second"), b.person(b.mx, "sspc-first"), b.person(b.mx, "sspc-second")
	ask := func() string {
		draft := us.compose("/en/desk/exchange", "New request")
		us.press(draft, "op=review", requestOf()...)
		at := us.letOut(draft, second)
		mx.soon(at, "Waiting")
		return at
	}
	plain := ask()
	mx.does(mx2, plain, "op=refuse", "reason", "not_held")
	us.soon(plain, "The information is not held")
	explained := ask()
	draft := mx.compose(explained, "op=explain")
	mx.press(draft, "op=review", "content.text", "An invented explanation.", "reason", "source_protection")
	if at := mx.letOut(draft, mx2); at != explained {
		b.Errorf("the refusal leads to %s", at)
	}
	us.soon(explained, "Refused")
	us.reads(explained, "op=opennote", "An invented explanation.")
	withdrawn := ask()
	us.does(second, withdrawn, "op=withdraw")
	mx.soon(withdrawn, "Withdrawn")
}

// emergencies has one officer release alone, and another review it.
func emergencies(b *desks, _ *story) {
	second, sre2, us := b.person(b.mx, "sspc-second"), b.person(b.mx, "sre-second"), b.person(b.us, "cbp-first")
	draft := second.compose("/en/desk/exchange", "New release")
	second.press(draft, "op=review", releaseOf()...)
	at := second.thing(second.press(draft+"/review", "op=emergency"))
	us.soon(at, "emergency")
	if a := second.press(at, "op=review", "outcome", "upheld"); a.status != http.StatusUnprocessableEntity {
		b.Errorf("who released it alone reviews it: %d at %s\n%s", a.status, a.at, a.brief())
	}
	sre2.soon("/en/desk/today", "Review the emergency release")
	sre2.does(nil, at, "op=review", "outcome", "upheld")
	us.soon(at, "The emergency was reviewed")
}

// measures reads the meters and the audit of reads, on the page and as CSV.
func measures(b *desks, _ *story) {
	us, auditor := b.person(b.us, "cbp-first"), b.person(b.us, "auditor")
	drawn := us.sees("/en/desk/exchange/meters", "We ask them", "Illicit financial flows", "Median time to answer")
	for _, id := range []string{"meter-in", "meter-out", "meter-median"} {
		if !strings.Contains(drawn.body, id+"-t") || !strings.Contains(drawn.body, `href="/en/desk/exchange/meters.csv`) {
			b.Errorf("%s is not drawn with its table and its data", id)
		}
	}
	if a := us.get("/en/desk/exchange/meters?from=2026-09&to=2026-01"); a.status != http.StatusOK || !strings.Contains(a.body, `value="2026-01"`) {
		b.Errorf("months the wrong way round: %d", a.status)
	}
	rows := b.csv(us.get("/en/desk/exchange/meters.csv"))
	if len(rows) < 2 || rows[0][2] != "asked" || rows[1][2] == "0" && rows[2][2] == "0" {
		b.Errorf("meters: %v", rows)
	}
	auditor.sees("/en/desk/exchange/reads", "CBP", "HSI", "Criminal investigation")
	all, own := b.csv(auditor.get("/en/desk/exchange/reads.csv")), b.csv(b.person(b.us, "hsi-first").get("/en/desk/exchange/reads.csv"))
	if len(own) != 2 || own[1][2] != "HSI" || len(all) <= len(own) {
		b.Errorf("uses: %v, of them those of HSI: %v", all, own)
	}
	if one, none := b.csv(auditor.get("/en/desk/exchange/reads.csv?release="+url.QueryEscape(all[1][6]))), b.csv(auditor.get("/en/desk/exchange/reads.csv?release=nothing")); len(one) < 2 || len(one) > len(all) || len(none) != 1 {
		b.Errorf("uses of one release: %v, of none: %v", one, none)
	}
	if only := b.csv(auditor.get("/en/desk/exchange/reads.csv?mode=export")); len(only) != 2 || only[1][4] != "export" {
		b.Errorf("exports: %v", only)
	}
}

func (b *desks) csv(a answer) [][]string {
	b.Helper()
	if !strings.HasPrefix(a.header.Get("Content-Type"), "text/csv") {
		b.Fatalf("%s is %s", a.at, a.header.Get("Content-Type"))
	}
	rows, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
	b.check(err)
	return rows
}

// proves checks the bundle that the page offers, offline.
func proves(b *desks, s *story) {
	for _, p := range []*person{b.person(b.mx, "sspc-first"), b.person(b.us, "auditor")} {
		a := p.get(s.release + "/proof.zip")
		if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/zip" {
			b.Fatalf("the proof for %s: %d", p.name, a.status)
		}
		found, err := bundle.Verify(bytes.NewReader([]byte(a.body)), int64(len(a.body)), bundle.Options{})
		b.check(err)
		if !found.OK() {
			b.Errorf("the proof does not hold: %+v", found.List)
		}
	}
	if a := b.person(b.us, "fbi-first").get(s.release + "/proof.zip"); a.status != http.StatusNotFound {
		b.Errorf("the proof for an agency that it is not for: %d", a.status)
	}
}

// everyRole holds every page, in both languages, against every role.
func everyRole(b *desks, s *story) {
	things := []string{s.release, s.request, s.permission, s.release + "/proof.zip"}
	open := []string{
		"/en/desk/exchange", "/en/desk/exchange/meters", "/en/desk/exchange/meters.csv", "/en/desk/exchange/reads", "/en/desk/exchange/reads.csv", "/en/desk/exchange/keys", "/en/desk/exchange/pauses", "/en/desk/today",
	}
	for _, v := range []string{"releases-in", "releases-out", "requests-in", "requests-out", "alerts", "permissions", "drafts", "odd"} {
		open = append(open, "/en/desk/exchange?view="+v+"&area=A01&late=1&agency=cbp&state=received&q=x", "/en/desk/exchange?view="+v)
	}
	for _, c := range []struct {
		name   string
		things int // status of what is between SSPC and CBP
		drafts int // status of a draft of CBP
	}{
		{"cbp-first", 200, 200},
		{"cbp-second", 200, 200},
		{"dos-first", 200, 404},
		{"fbi-first", 404, 404},
		{"auditor", 200, 403},
		{"admin", 200, 403},
	} {
		p := b.person(b.us, c.name)
		draft := b.person(b.us, "cbp-first").draft(s)
		for _, lang := range []string{"/en", "/es"} {
			want := map[string]int{draft: c.drafts}
			for _, path := range open {
				want[path] = http.StatusOK
			}
			for _, path := range things {
				want[path] = c.things
			}
			for path, status := range want {
				if a := p.get(lang + strings.TrimPrefix(path, "/en")); a.status != status {
					b.Errorf("%s at %s%s: %d, want %d", c.name, lang, path, a.status, status)
				}
			}
		}
		if a := p.post("/en/desk/exchange", "type", "release"); (a.status == http.StatusForbidden) != (c.drafts == 403) {
			b.Errorf("%s begins a release: %d", c.name, a.status)
		}
	}
	strangers(b, s, append(things, open...))
	overseen(b, s)
}

// draft begins a request that stays open, once.
func (p *person) draft(s *story) string {
	p.Helper()
	if len(s.pages) == 0 {
		s.pages = append(s.pages, p.compose("/en/desk/exchange", "New request"))
	}
	return s.pages[0]
}

// strangers are sent to sign in, whatever they ask for.
func strangers(b *desks, s *story, paths []string) {
	nobody := b.person(b.us, "")
	for _, path := range append(paths, s.pages[0], s.release+"/nothing", "/en/desk/exchange/releases/MX/999999") {
		if a := nobody.get(path); !strings.HasSuffix(a.at, "/desk/sign-in") && a.status != http.StatusNotFound || a.says("TLP") {
			b.Errorf("nobody at %s: %d at %s", path, a.status, a.at)
		}
	}
	if a := nobody.post(s.release, "op", "open", "purpose", "criminal_investigation"); !strings.HasSuffix(a.at, "/desk/sign-in") {
		b.Errorf("nobody opens: %d at %s", a.status, a.at)
	}
	other := b.person(b.us, "fbi-first")
	not := other.get("/en/desk/exchange/releases/MX/999999")
	for _, path := range []string{s.release, s.request, s.permission} {
		if a := other.get(path); a.text() != not.text() {
			b.Errorf("%s is answered otherwise than what is not there", path)
		}
		if a := other.post(path, "op", "open", "purpose", "criminal_investigation"); a.status != http.StatusNotFound {
			b.Errorf("an agency that it is not for opens %s: %d", path, a.status)
		}
	}
}

// overseen: auditors and administrators see that it exists and open nothing.
func overseen(b *desks, s *story) {
	for name := range overseers {
		p := b.person(b.us, name)
		a := p.get(s.release)
		for _, act := range []string{"open", "feedback", "pass", "misuse", "hold", "recall"} {
			if strings.Contains(a.body, `value="`+act+`"`) {
				b.Errorf("%s is offered to %s", name, act)
			}
			if a := p.post(s.release, "op", act, "purpose", "criminal_investigation"); a.status < 400 || a.says("invented airport") {
				b.Errorf("%s may %s: %d", name, act, a.status)
			}
		}
		if a := p.post(s.request, "op", "open"); a.says("which flight") {
			b.Errorf("%s reads the question", name)
		}
	}
}

// ends holds, lifts, and recalls: both nodes shred it and say so.
func ends(b *desks, s *story) {
	us, us2, mx, mx2 := b.person(b.us, "cbp-first"), b.person(b.us, "cbp-second"), b.person(b.mx, "sspc-first"), b.person(b.mx, "sspc-second")
	if a := us.press(s.release, "op=hold", "ground", "court_order", "authority", "Example court"); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "Example court") {
		b.Errorf("a hold without a review: %d\n%s", a.status, a.brief())
	}
	us.does(us2, s.release, "op=hold", "ground", "court_order", "authority", "Example court", "review", day(2))
	mx.soon(s.release, "Under legal hold")
	if a := us.get(s.release); strings.Contains(a.body, `name="op" value="open"`) {
		b.Error("what is held is offered to be opened")
	}
	if a := us.post(s.release, "op", "open", "purpose", "criminal_investigation"); a.status != http.StatusUnprocessableEntity || a.says("invented airport") {
		b.Errorf("what is held is opened: %d", a.status)
	}
	us.does(us2, s.release, "op=lift")
	mx.soon(s.release, "Received")
	mx.does(mx2, s.release, "op=recall", "reason", "inaccurate")
	for _, p := range []*person{mx, us} {
		a := p.soon(s.release, "Shredded")
		if strings.Contains(a.body, `name="op" value="open"`) {
			b.Errorf("%s is offered to open what is gone", p.name)
		}
		p.sees(s.release, "Release recalled and shredded")
		if a := p.get("/es" + strings.TrimPrefix(s.release, "/en")); !a.says("Remisión revocada y destruida") {
			b.Errorf("%s reads another title in Spanish", p.name)
		}
	}
	mx.soon(s.release, "It had been used 4 times and exported 1 before")
	if a := us.post(s.release+"/file", "name", "flight.txt", "purpose", "criminal_investigation"); a.status != http.StatusUnprocessableEntity || strings.Contains(a.body, "EX-1") {
		b.Errorf("what is gone is saved: %d", a.status)
	}
}
