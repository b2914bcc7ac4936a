package foldtest

import (
	"time"

	"entente"
)

// exchange adds a request of Mexico, what the United States answered, and all that
// can follow from it.
func (p *Programme) exchange() {
	mx := func(t entente.Type, subject string, body any) entente.Ref {
		return p.state(p.MX, entente.Shared, t, subject, body)
	}
	us := func(t entente.Type, subject string, body any) entente.Ref {
		return p.state(p.US, entente.Shared, t, subject, body)
	}
	p.joint(entente.TypeExchangeTerms, "terms", Terms())
	p.state(p.US, entente.Public, entente.TypeRoute, "route", Route())
	request := mx(entente.TypeRequest, "rq1", Request(entente.US))
	us(entente.TypeRefusal, "rf1", &entente.Denial{Request: mx(entente.TypeRequest, "rq2", Request(entente.US)), Reason: "not_held", Note: sealed("note")})
	p.Refs[entente.TypeRequest] = request
	asked := us(entente.TypePermissionRequest, "pr1", &entente.PermissionRequest{
		Of: entente.MX, Kind: "collection", Purpose: "investigation", Item: digest("item"), Description: sealed("description")})
	consent := mx(entente.TypePermission, "pm1", &entente.Permission{Asked: asked, Granted: true, Until: "2026-06-30"})
	r := Release(entente.MX)
	r.Request, r.Consent, r.Item = &request, &consent, digest("item")
	r.Alert = &entente.Alert{Group: "watch", Acknowledge: noon.Add(10 * time.Minute)}
	release := us(entente.TypeRelease, "rl1", r)
	mx(entente.TypeReceipt, "rc1", &entente.Receipt{
		Release: release, Verdict: "received", Digest: r.Content.Digest, Policy: Bootstrap, Policies: []string{"test"}})
	mx(entente.TypeAcknowledgement, "ak1", &entente.Acknowledgement{Release: release, Outcome: "acted"})
	mx(entente.TypeFeedback, "fb1", &entente.Feedback{Release: release, Useful: true, Outcomes: []entente.Count{{Kind: "seizure", N: 1}}})
	onward := p.Logs.State(p.MX, entente.Shared, entente.TypePermissionRequest, "pr2", &entente.PermissionRequest{
		Of: entente.US, Kind: "onward", Release: &release, Agencies: []string{"SSPC"}, Purpose: "investigation"})
	permitted := p.Logs.State(p.US, entente.Shared, entente.TypePermission, "pm2", &entente.Permission{Asked: onward, Granted: true})
	mx(entente.TypeOnward, "on1", &entente.Onward{Release: release, Agencies: []string{"SSPC"}, Purpose: "investigation", Permission: &permitted})
	p.state(p.MX, entente.National, entente.TypeUse, "us1", &entente.Use{
		Releases: []entente.Ref{release}, Agency: "SRE", Purpose: "investigation", By: *digest("person"), Mode: "read"})
	misuse := us(entente.TypeMisuse, "ms1", &entente.Misuse{Release: release, Kind: "beyond_purpose", Due: noon.Add(72 * time.Hour), Note: sealed("misuse")})
	us(entente.TypeMisuseOutcome, "mo1", &entente.MisuseOutcome{Misuse: misuse, Outcome: "remedied"})
	us(entente.TypeReview, "rv1", &entente.Review{Release: release, Outcome: "upheld"})
	mx(entente.TypeHold, "hd1", &entente.Hold{Release: release, Ground: "court_order", Authority: both("Juzgado", "Court"), Review: "2026-03-01"})
	us(entente.TypeRecall, "rl1", &entente.Recall{Release: release, Reason: "inaccurate"})
	us(entente.TypePause, "pa1", &entente.Pause{Scope: "area", Area: "arms", Reason: both("Revisión", "Review")})
	us(entente.TypeKeyExport, "kx1", &entente.KeyExport{Key: "demo.us.entente/00000000", Agency: "DOS", Reason: both("Peritaje", "Forensics")})
	mx(entente.TypeDeletion, "dl1", &entente.Deletion{
		Release: release, Cause: "recall", Key: true, Blob: true, Uses: []entente.UseCount{{Agency: "SRE", Purpose: "investigation", N: 1}}})
}

var noon = time.Date(2025, 10, 1, 12, 0, 0, 0, time.UTC)

func digest(of string) *entente.Digest {
	d := entente.DigestOf([]byte(of))
	return &d
}

func sealed(of string) *entente.Sealed {
	return &entente.Sealed{Digest: *digest(of), Size: int64(len(of))}
}

// Terms returns terms of exchange.
func Terms() *entente.ExchangeTerms {
	term := func(code string) []entente.Term { return []entente.Term{{Code: code, Name: both(code, code)}} }
	return &entente.ExchangeTerms{
		Joint: Required(), Code: "programme-2025", Bases: term("treaty"), Reasons: term("not_held"), Emergency: true, ReviewHours: 48,
		Purposes: []entente.Purpose{{Code: "investigation", Name: both("Investigación", "Investigation"), Rule: entente.PurposeOpen}}, Sources: sources("S1")}
}

// Route returns a party's route.
func Route() *entente.Route {
	return &entente.Route{
		Contacts: []string{"DOS"}, Authorisation: []string{"release"}, Authority: both("Titular", "Head"), Ceiling: entente.Unclassified,
		Duty: []entente.DutyGroup{{Code: "watch", Name: both("Guardia", "Watch"), Agencies: []string{"CBP"}, Minutes: 10, Escalate: []string{"DOS"}}}, Sources: sources("S1")}
}

// Request returns a request to a party.
func Request(to entente.Party) *entente.Request {
	return &entente.Request{
		To: to, Agencies: []string{"CBP"}, Copied: []string{"DOS", "SRE"}, Areas: []string{"arms"}, Kind: entente.AskTrace,
		Purpose: "investigation", Basis: "treaty", Urgency: "urgent", Due: noon.Add(48 * time.Hour), Question: *sealed("question"),
		Authorisation: &entente.Authorisation{Reference: "A-1", Authority: "SRE", Date: "2025-09-30"}}
}

// Release returns a release to a party, with every condition stated.
func Release(to entente.Party) *entente.Release {
	return &entente.Release{
		To: to, Recipients: []string{"SRE"}, Copied: []string{"DOS"}, Areas: []string{"arms"}, Form: "files", Content: *sealed("content"),
		Handling: entente.Handling{
			Territory: "US", Collector: "CBP", From: "2025-09", To: "2025-10-01", Basis: "treaty", Source: "B", Information: "2",
			Classification: entente.Unclassified, TLP: entente.TLPAmber, Purposes: []string{"investigation"}, Onward: entente.OnwardNamed,
			OnwardTo: []string{"FGR"}, Retain: "2026-10-01", Assessed: true},
		Authorisation: &entente.Authorisation{Reference: "A-2", Authority: "DOS", Date: "2025-10-01"}}
}
