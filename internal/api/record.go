package api

import (
	"context"
	"encoding/json"
	"net/http"

	"entente"
	"entente/internal/fold"
	"entente/internal/store"
)

func (s *server) routeRecord() {
	types := param{name: "type", enum: s.typeNames(), repeat: true, doc: "Types of entries."}
	writer := param{name: "writer", doc: "Who wrote it."}
	area := param{name: "area", doc: "Code of an area of the charter."}
	s.handle(operation{
		id: "search", method: http.MethodGet, path: "/api/v1/search", response: s.schemaOf(SearchAnswer{}),
		summary: "Full-text search in both languages",
		params:  []param{{name: "q", doc: "What to look for, as a person types it. Required."}, types, writer, area, limitParam, cursorParam},
	}, s.search)
	s.handle(operation{
		id: "corrections", method: http.MethodGet, path: "/api/v1/corrections", response: s.schemaOf(CorrectionsAnswer{}),
		summary: "What was superseded, corrected or withdrawn, latest first",
		params:  []param{types, writer, area, limitParam, cursorParam},
	}, s.corrections)
}

func recordQuery(c *call) store.Query {
	q := store.Query{Writer: c.get("writer"), Area: c.get("area"), Lang: string(c.lang), After: c.get("cursor"), Limit: c.number("limit", 100)}
	for _, t := range c.query["type"] {
		q.Types = append(q.Types, entente.Type(t))
	}
	return q
}

// SearchAnswer is a page of search results, best first.
type SearchAnswer struct {
	Notice
	Total   int         `json:"total"`
	Items   []SearchHit `json:"items"`
	Next    string      `json:"next,omitempty"`
	NextURL string      `json:"next_url,omitempty"`
}

// SearchHit is one result. Marks are the parts of the snippet that were found:
// from and to, in Unicode code points.
type SearchHit struct {
	Item
	Snippet     string   `json:"snippet"`
	SnippetLang string   `json:"snippet_lang"`
	Marks       [][2]int `json:"marks"`
}

func (s *server) search(ctx context.Context, c *call) (*answer, error) {
	if c.get("q") == "" {
		return nil, faulty(Fault{In: "query", Name: "q", Code: "required"})
	}
	hits, err := c.view.Search(ctx, c.get("q"), string(c.lang), recordQuery(c))
	if err != nil {
		return nil, err
	}
	out := SearchAnswer{Total: hits.Total, Next: hits.Next, NextURL: c.nextURL(hits.Next), Items: []SearchHit{}}
	for i := range hits.Items {
		h := &hits.Items[i]
		hit := SearchHit{Item: itemOf(&h.Version), SnippetLang: h.Lang}
		hit.Snippet, hit.Marks = unmark(h.Snippet)
		out.Items = append(out.Items, hit)
	}
	out.Notice, err = s.notice(ctx)
	return &answer{body: out}, err
}

// unmark takes the marks (U+0002, U+0003) out of a snippet.
func unmark(snippet string) (string, [][2]int) {
	marks := [][2]int{}
	plain := make([]rune, 0, len(snippet))
	for _, r := range snippet {
		switch r {
		case 2:
			marks = append(marks, [2]int{len(plain), len(plain)})
		case 3:
			if n := len(marks); n > 0 {
				marks[n-1][1] = len(plain)
			}
		default:
			plain = append(plain, r)
		}
	}
	return string(plain), marks
}

// CorrectionsAnswer is a page of the corrections log.
type CorrectionsAnswer struct {
	Notice
	Total   int              `json:"total"`
	Items   []CorrectionItem `json:"items"`
	Next    string           `json:"next,omitempty"`
	NextURL string           `json:"next_url,omitempty"`
}

// CorrectionItem is an entry and the versions it superseded, corrected or withdrew.
type CorrectionItem struct {
	Item
	Kind store.ChangeKind `json:"kind"`
	Of   []entente.Ref    `json:"of"`
}

func (s *server) corrections(ctx context.Context, c *call) (*answer, error) {
	changes, err := c.view.Corrections(ctx, recordQuery(c))
	if err != nil {
		return nil, err
	}
	out := CorrectionsAnswer{Total: changes.Total, Next: changes.Next, NextURL: c.nextURL(changes.Next), Items: []CorrectionItem{}}
	for i := range changes.Items {
		ch := &changes.Items[i]
		out.Items = append(out.Items, CorrectionItem{itemOf(&ch.Version), ch.Kind, ch.Of})
	}
	out.Notice, err = s.notice(ctx)
	return &answer{body: out}, err
}

func statuses(c *call) []fold.Status {
	var out []fold.Status
	for _, status := range c.query["status"] {
		out = append(out, fold.Status(status))
	}
	return out
}

// current returns all current versions of a type in the view, by log and index.
func current(ctx context.Context, v *store.View, q store.Query) ([]store.Version[json.RawMessage], error) {
	q.Order, q.Limit = store.ByOrder, 1000
	var out []store.Version[json.RawMessage]
	for {
		page, err := store.List[json.RawMessage](ctx, v, q)
		if err != nil {
			return nil, err
		}
		out = append(out, page.Items...)
		if page.Next == "" {
			return out, nil
		}
		q.After = page.Next
	}
}
