package api

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"time"

	"github.com/gorilla/feeds"

	"entente"
	"entente/internal/fold"
	"entente/internal/locale"
	"entente/internal/store"
)

// feedSize is how many entries a page of the feed has.
const feedSize = 50

// atomFeed is a feed with several links: to itself, to its other language and to
// its next page (RFC 5005, section 3).
type atomFeed struct {
	*feeds.AtomFeed
	Lang  string           `xml:"xml:lang,attr"`
	Links []feeds.AtomLink `xml:"link"`
}

// feed serves the public log as Atom (RFC 4287), newest first: /feed.atom?lang=es.
func (s *server) feed(w http.ResponseWriter, r *http.Request) {
	s.serve(w, r, operation{params: []param{cursorParam}}, func(ctx context.Context, c *call) (*answer, error) {
		page, err := c.view.Latest(ctx, store.Query{Lang: string(c.lang), After: c.get("cursor"), Limit: feedSize, Status: []fold.Status{fold.Admissible}})
		if err != nil {
			return nil, err
		}
		n, err := s.notice(ctx)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		b.WriteString(xml.Header)
		enc := xml.NewEncoder(&b)
		enc.Indent("", " ")
		if err := enc.Encode(s.atom(c, n, page)); err != nil {
			return nil, err
		}
		b.WriteByte('\n')
		return &answer{raw: b.Bytes(), media: "application/atom+xml; charset=utf-8"}, nil
	})
}

func (s *server) atom(c *call, n Notice, page store.Page[json.RawMessage]) atomFeed {
	l := locale.For(c.lang)
	base := s.base(c.r)
	self := base + "/feed.atom?lang=" + string(c.lang)
	out := atomFeed{Lang: c.lang.Tag(), AtomFeed: &feeds.AtomFeed{
		Xmlns: "http://www.w3.org/2005/Atom", Id: self, Title: l.T("api.feed.title"), Updated: time.Unix(0, 0).UTC().Format(time.RFC3339),
		Rights: n.line(c.lang), Author: &feeds.AtomAuthor{AtomPerson: feeds.AtomPerson{Name: l.T("api.feed.author")}},
	}}
	if n.Demonstration != nil {
		out.Subtitle = n.Demonstration.ES + " / " + n.Demonstration.EN
	}
	const atomType = "application/atom+xml"
	out.Links = []feeds.AtomLink{
		{Href: self, Rel: "self", Type: atomType},
		{Href: base + "/feed.atom?lang=" + string(c.lang.Other()), Rel: "alternate", Type: atomType},
		{Href: base + "/" + string(c.lang) + "/", Rel: "alternate", Type: "text/html"},
	}
	if page.Next != "" {
		next := c.nextURL(page.Next)
		out.Links = append(out.Links, feeds.AtomLink{Href: base + next, Rel: "next", Type: atomType})
	}
	latest := time.Time{}
	for i := range page.Items {
		v := &page.Items[i]
		if v.Header.Time.After(latest) {
			latest = v.Header.Time
			out.Updated = latest.UTC().Format(time.RFC3339)
		}
		out.Entries = append(out.Entries, s.atomEntry(l, base, v))
	}
	return out
}

func (s *server) atomEntry(l *locale.Localizer, base string, v *store.Version[json.RawMessage]) *feeds.AtomEntry {
	kind := l.T("api.feed.type." + string(v.Type))
	title := l.Pick(v.Title.ES, v.Title.EN)
	text := kind
	if title.Text != "" {
		text += ": " + title.Text
	}
	author := v.Writer
	if entente.Party(author).Valid() {
		author = l.Party(author)
	}
	if a := v.Header.Author.Agency; a != "" {
		author += " (" + a + ")"
	}
	at := v.Header.Time.UTC().Format(time.RFC3339)
	summary := author + " · " + v.Ref.String()
	if v.Correction != nil {
		c := l.Pick(v.Correction.ES, v.Correction.EN)
		summary += " · " + l.T("api.feed.correction", "Text", c.Text)
	}
	if s.Demo {
		summary += " · " + demonstration.ES + " / " + demonstration.EN
	}
	return &feeds.AtomEntry{
		Title: text, Updated: at, Published: at, Id: "urn:uuid:" + v.Header.ID,
		Author:  &feeds.AtomAuthor{AtomPerson: feeds.AtomPerson{Name: author}},
		Summary: &feeds.AtomSummary{Content: summary, Type: "text"},
		Links: []feeds.AtomLink{
			{Href: base + "/" + string(l.Lang()) + "/entries/" + v.Ref.Log + "/" + itoa(int(v.Ref.Index)), Rel: "alternate", Type: "text/html"},
			{Href: base + entryURL(v.Ref), Rel: "alternate", Type: "application/json"},
		},
	}
}

// base is the address of the site without a final slash.
func (s *server) base(r *http.Request) string {
	if s.Base != "" {
		return s.Base
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}
