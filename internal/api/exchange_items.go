package api

import (
	"encoding/json"
	"strconv"
	"time"

	"entente"
	"entente/internal/exchange"
	"entente/internal/seal"
	"entente/internal/store"
)

// SideItem is what all things of the exchange have in common.
type SideItem struct {
	// Entry names the entry, URL is where it is with its proof, Self where this
	// thing is.
	Entry     string             `json:"entry"`
	URL       string             `json:"url"`
	Self      string             `json:"self"`
	Ref       entente.Ref        `json:"ref"`
	Subject   string             `json:"subject"`
	Direction exchange.Direction `json:"direction"`
	From      entente.Party      `json:"from"`
	To        entente.Party      `json:"to"`
	Agency    string             `json:"agency"`
	Agencies  []string           `json:"agencies"`
	Copied    []string           `json:"copied,omitempty"`
	Areas     []string           `json:"areas,omitempty"`
	Time      time.Time          `json:"time"`
	State     exchange.State     `json:"state"`
	// Decision is that of the gate that it left by.
	Decision *entente.Decision `json:"decision,omitempty"`
	// Body is the entry's own body. Content is never in it: it is sealed.
	Body   json.RawMessage `json:"body"`
	Clocks []ClockItem     `json:"clocks,omitempty"`
}

// SaidItem is something that an entry said about another.
type SaidItem struct {
	Entry     string            `json:"entry"`
	URL       string            `json:"url"`
	Party     entente.Party     `json:"party"`
	Agency    string            `json:"agency,omitempty"`
	Time      time.Time         `json:"time"`
	Withdrawn bool              `json:"withdrawn,omitempty"`
	Decision  *entente.Decision `json:"decision,omitempty"`
	Body      json.RawMessage   `json:"body"`
}

// ClockItem is a time by which something is due, and from whom.
type ClockItem struct {
	// Kind says what is due: request, alert, misuse, review, retention or hold.
	Kind      string             `json:"kind"`
	Entry     string             `json:"entry"`
	URL       string             `json:"url"`
	Subject   string             `json:"subject"`
	Direction exchange.Direction `json:"direction"`
	Owner     entente.Party      `json:"owner"`
	Agencies  []string           `json:"agencies,omitempty"`
	Areas     []string           `json:"areas,omitempty"`
	Duty      string             `json:"duty,omitempty"`
	Due       time.Time          `json:"due"`
	Overdue   bool               `json:"overdue"`
	// Escalate are the agencies told once it is overdue.
	Escalate []string `json:"escalate,omitempty"`
}

// RequestItem is a request with its answers.
type RequestItem struct {
	SideItem
	Releases   []SaidItem `json:"releases"`
	Refusal    *SaidItem  `json:"refusal,omitempty"`
	AnsweredAt time.Time  `json:"answered_at,omitzero"`
	Late       bool       `json:"late,omitempty"`
	Versions   []string   `json:"versions"`
	Withdrawal *SaidItem  `json:"withdrawal,omitempty"`
}

// PermissionItem is a permission request with its answer.
type PermissionItem struct {
	SideItem
	Answer *SaidItem `json:"answer,omitempty"`
}

// MisuseItem is a report of misuse with what came of it.
type MisuseItem struct {
	SaidItem
	Self    string    `json:"self"`
	Late    bool      `json:"late,omitempty"`
	Outcome *SaidItem `json:"outcome,omitempty"`
}

// ReleaseItem is a release with what became of it.
type ReleaseItem struct {
	SideItem
	// Here says whether the sealed content is on this node.
	Here           bool             `json:"here"`
	Receipt        *SaidItem        `json:"receipt,omitempty"`
	Consent        *PermissionItem  `json:"consent,omitempty"`
	Permissions    []PermissionItem `json:"permissions,omitempty"`
	Acknowledged   *SaidItem        `json:"acknowledged,omitempty"`
	AcknowledgedAt time.Time        `json:"acknowledged_at,omitzero"`
	Feedback       []SaidItem       `json:"feedback,omitempty"`
	Onward         []SaidItem       `json:"onward,omitempty"`
	Misuse         []MisuseItem     `json:"misuse,omitempty"`
	Recall         *SaidItem        `json:"recall,omitempty"`
	Holds          []SaidItem       `json:"holds,omitempty"`
	Deletions      []SaidItem       `json:"deletions,omitempty"`
	ReviewDue      time.Time        `json:"review_due,omitzero"`
	Review         *SaidItem        `json:"review,omitempty"`
	// Uses are this node's own; nobody else sees them.
	Uses []SaidItem `json:"uses,omitempty"`
}

// Pages of lists.
type (
	// RequestsAnswer is a page of requests.
	RequestsAnswer struct {
		Notice
		Items   []RequestItem `json:"items"`
		Next    string        `json:"next,omitempty"`
		NextURL string        `json:"next_url,omitempty"`
	}
	// ReleasesAnswer is a page of releases.
	ReleasesAnswer struct {
		Notice
		Items   []ReleaseItem `json:"items"`
		Next    string        `json:"next,omitempty"`
		NextURL string        `json:"next_url,omitempty"`
	}
	// PermissionsAnswer is a page of permission requests.
	PermissionsAnswer struct {
		Notice
		Items   []PermissionItem `json:"items"`
		Next    string           `json:"next,omitempty"`
		NextURL string           `json:"next_url,omitempty"`
	}
)

// One thing each.
type (
	// RequestAnswer is one request.
	RequestAnswer struct {
		Notice
		Request RequestItem `json:"request"`
	}
	// ReleaseAnswer is one release.
	ReleaseAnswer struct {
		Notice
		Release ReleaseItem `json:"release"`
	}
	// PermissionAnswer is one permission request.
	PermissionAnswer struct {
		Notice
		Permission PermissionItem `json:"permission"`
	}
)

// raw is a body as JSON; what an entry held always encodes.
func raw(v any) json.RawMessage {
	b, _ := encode(v)
	return b
}

func sideItem(kind string, s *exchange.Side, state exchange.State, body any, clocks []exchange.Clock) SideItem {
	out := SideItem{
		Entry: s.Ref.String(), URL: entryURL(s.Ref), Self: exchangeURL(kind, s.From, s.Ref), Ref: s.Ref, Subject: s.Subject, Direction: s.Direction,
		From: s.From, To: s.To, Agency: s.Agency, Agencies: s.Agencies, Copied: s.Copied, Areas: s.Areas, Time: s.Time, State: state,
		Decision: s.Decision, Body: raw(body),
	}
	if out.Agencies == nil {
		out.Agencies = []string{}
	}
	for i := range clocks {
		out.Clocks = append(out.Clocks, ClockOf(&clocks[i]))
	}
	return out
}

// ClockOf is a clock as the interface tells it.
func ClockOf(c *exchange.Clock) ClockItem {
	return ClockItem{
		Kind: c.Kind, Entry: c.Entry.String(), URL: entryURL(c.Entry), Subject: c.Subject, Direction: c.Direction, Owner: c.Owner,
		Agencies: c.Agencies, Areas: c.Areas, Duty: c.Duty, Due: c.Due, Overdue: c.Overdue, Escalate: c.Escalate,
	}
}

func saidItem[B any](s *exchange.Said[B]) *SaidItem {
	if s == nil {
		return nil
	}
	return &SaidItem{
		Entry: s.Ref.String(), URL: entryURL(s.Ref), Party: s.Party, Agency: s.Agency, Time: s.Time, Withdrawn: s.Withdrawn,
		Decision: s.Decision, Body: raw(s.Body),
	}
}

func saidItems[B any](list []exchange.Said[B]) []SaidItem {
	var out []SaidItem
	for i := range list {
		out = append(out, *saidItem(&list[i]))
	}
	return out
}

// RequestOf is a request as the interface tells it.
func RequestOf(r *exchange.RequestState) RequestItem {
	out := RequestItem{
		SideItem: sideItem("requests", &r.Side, r.State, r.Body, r.Clocks), Releases: saidItems(r.Releases), Refusal: saidItem(r.Refusal),
		AnsweredAt: r.AnsweredAt, Late: r.Late, Versions: []string{}, Withdrawal: saidItem(r.Withdrawal),
	}
	if out.Releases == nil {
		out.Releases = []SaidItem{}
	}
	for _, v := range r.Versions {
		out.Versions = append(out.Versions, v.String())
	}
	return out
}

// PermissionOf is a permission request as the interface tells it.
func PermissionOf(p *exchange.PermissionState) PermissionItem {
	return PermissionItem{SideItem: sideItem("permissions", &p.Side, p.State, p.Body, nil), Answer: saidItem(p.Answer)}
}

// ReleaseOf is a release as the interface tells it; here says whether its content
// is on this node.
func ReleaseOf(r *exchange.ReleaseState, here bool, asOf time.Time) ReleaseItem {
	out := ReleaseItem{
		SideItem: sideItem("releases", &r.Side, r.State, r.Body, r.Clocks), Here: here, Receipt: saidItem(r.Receipt),
		Acknowledged: saidItem(r.Acknowledged), AcknowledgedAt: r.AcknowledgedAt, Feedback: saidItems(r.Feedback), Onward: saidItems(r.Onward),
		Recall: saidItem(r.Recall), Holds: saidItems(r.Holds), Deletions: saidItems(r.Deletions), ReviewDue: r.ReviewDue,
		Review: saidItem(r.Review), Uses: saidItems(r.Uses),
	}
	if r.Consent != nil {
		consent := PermissionOf(r.Consent)
		out.Consent = &consent
	}
	for _, p := range r.Permissions {
		out.Permissions = append(out.Permissions, PermissionOf(p))
	}
	for i := range r.Misuse {
		m := &r.Misuse[i]
		out.Misuse = append(out.Misuse, MisuseItem{
			SaidItem: *saidItem(&m.Said), Self: out.Self + "/misuse/" + string(m.Party) + "/" + strconv.FormatUint(m.Ref.Index, 10),
			Late: m.Late(asOf), Outcome: saidItem(m.Outcome),
		})
	}
	return out
}

// FileItem is a file of sealed content.
type FileItem struct {
	Name   string         `json:"name"`
	Media  string         `json:"media"`
	Size   int64          `json:"size"`
	Digest entente.Digest `json:"sha256"`
}

func fileItem(f seal.File) FileItem { return FileItem{f.Name, f.Media, f.Size, f.Digest} }

// ExchangeDraftItem is a draft of the exchange with what it will carry.
type ExchangeDraftItem struct {
	DraftItem
	Title string     `json:"title,omitempty"`
	Text  string     `json:"text,omitempty"`
	Files []FileItem `json:"files"`
	// Item is the salted digest by which a permission would name the content.
	Item *entente.Digest `json:"item,omitempty"`
}

func exchangeDraftItem(d *exchange.Draft) ExchangeDraftItem {
	out := ExchangeDraftItem{DraftItem: draftItem(d.WorkDraft), Title: d.Title, Text: d.Text, Files: []FileItem{}}
	for _, f := range d.Files {
		out.Files = append(out.Files, fileItem(f))
	}
	if !d.Item.IsZero() {
		item := d.Item
		out.Item = &item
	}
	return out
}

func draftItemsOf(list []store.WorkDraft) []DraftItem {
	out := []DraftItem{}
	for _, d := range list {
		out = append(out, draftItem(d))
	}
	return out
}
