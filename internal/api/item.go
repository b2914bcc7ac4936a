package api

import (
	"encoding/json"
	"net/url"
	"strconv"
	"time"

	"entente"
	"entente/internal/fold"
	"entente/internal/store"
)

// Item is one version of a thing, as one entry states it.
type Item struct {
	// Entry is the entry's name, origin#index; URL is where it is, with its proof.
	Entry string      `json:"entry"`
	URL   string      `json:"url"`
	Ref   entente.Ref `json:"ref"`

	ID       string           `json:"id,omitempty"`
	Type     entente.Type     `json:"type,omitempty"`
	Writer   string           `json:"writer"`
	Agency   string           `json:"agency,omitempty"`
	Subject  string           `json:"subject,omitempty"`
	Audience entente.Audience `json:"audience"`
	Time     time.Time        `json:"time,omitzero"`

	// Status says how the entry folded; Rule which rule it broke, Detail how, and
	// Says the rule in words.
	Status fold.Status   `json:"status"`
	Rule   string        `json:"rule,omitempty"`
	Detail string        `json:"detail,omitempty"`
	Says   *entente.Text `json:"says,omitempty"`

	Current    bool `json:"current"`
	Superseded bool `json:"superseded,omitempty"`
	Forked     bool `json:"forked,omitempty"`
	Withdrawn  bool `json:"withdrawn,omitempty"`

	Title      entente.Text      `json:"title"`
	Areas      []string          `json:"areas,omitempty"`
	Supersedes []entente.Ref     `json:"supersedes,omitempty"`
	Correction *entente.Text     `json:"correction,omitempty"`
	Decision   *entente.Decision `json:"decision,omitempty"`
	BodyDigest *entente.Digest   `json:"body_digest,omitempty"`
	// Body is the entry's own body, byte for byte.
	Body json.RawMessage `json:"body,omitempty"`
}

func itemOf(v *store.Version[json.RawMessage]) Item {
	out := Item{
		Entry: v.Ref.String(), URL: entryURL(v.Ref), Ref: v.Ref,
		ID: v.Header.ID, Type: v.Type, Writer: v.Writer, Agency: v.Header.Author.Agency, Subject: v.Subject, Audience: v.Audience, Time: v.Header.Time,
		Status: v.Status, Rule: v.Rule, Detail: v.Detail,
		Current: v.Current, Superseded: v.Superseded, Forked: v.Forked, Withdrawn: v.Withdrawn,
		Title: v.Title, Areas: v.Areas, Supersedes: v.Header.Supersedes, Correction: v.Correction, Decision: v.Header.Decision,
	}
	if v.Body != nil {
		out.Body = *v.Body
		d := v.BodyDigest
		out.BodyDigest = &d
	}
	if r, ok := fold.Explain(v.Rule); ok {
		says := r.Says
		out.Says = &says
	}
	return out
}

func itemsOf(versions []store.Version[json.RawMessage]) []Item {
	out := make([]Item, 0, len(versions))
	for i := range versions {
		out = append(out, itemOf(&versions[i]))
	}
	return out
}

func entryURL(r entente.Ref) string {
	return "/api/v1/entries/" + (&url.URL{Path: r.Log}).EscapedPath() + "/" + strconv.FormatUint(r.Index, 10)
}

// Notice is what every JSON answer carries: that it is a demonstration, where it
// is one, and the parties' words on what it does not create.
type Notice struct {
	Demonstration *entente.Text       `json:"demonstration,omitempty"`
	Disclaimer    []entente.PartyText `json:"disclaimer"`
	// Frontier is the digest of the frontier the answer is a function of.
	Frontier entente.Digest `json:"frontier"`
}

// List is one page of a table.
type List struct {
	Notice
	Table string `json:"table"`
	Total int    `json:"total"`
	Items []Item `json:"items"`
	// Next is the cursor of the next page, and NextURL its address; empty at the end.
	Next    string `json:"next,omitempty"`
	NextURL string `json:"next_url,omitempty"`
}

// PositionItem is a current position on one exact version.
type PositionItem struct {
	Entry  string         `json:"entry"`
	URL    string         `json:"url"`
	On     string         `json:"on"`
	Writer string         `json:"writer"`
	Agency string         `json:"agency,omitempty"`
	Time   time.Time      `json:"time"`
	Stance entente.Stance `json:"stance"`
	Reason *entente.Text  `json:"reason,omitempty"`
	Forked bool           `json:"forked,omitempty"`
}

func positionsOf(by map[entente.Ref][]store.PositionOn, order []entente.Ref) []PositionItem {
	out := []PositionItem{}
	for _, on := range order {
		for _, p := range by[on] {
			out = append(out, PositionItem{
				Entry: p.Ref.String(), URL: entryURL(p.Ref), On: on.String(), Writer: p.Writer, Agency: p.Agency, Time: p.Time,
				Stance: p.Stance, Reason: p.Reason, Forked: p.Forked,
			})
		}
	}
	return out
}

func parseInt(s string) (int64, error)     { return strconv.ParseInt(s, 10, 64) }
func parseFloat(s string) (float64, error) { return strconv.ParseFloat(s, 64) }
