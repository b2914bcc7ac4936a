package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"entente"
	"entente/internal/store"
)

func (s *server) routeTable(t *table) {
	s.handle(operation{
		id: "list-" + t.name, method: http.MethodGet, path: "/api/v1/" + t.name, params: t.params,
		summary: "List: " + t.rule.About, response: s.listSchema(t), media: []string{"text/csv"},
	}, func(ctx context.Context, c *call) (*answer, error) { return s.list(ctx, c, t) })
	s.handle(operation{
		id: "get-" + t.name, method: http.MethodGet, path: "/api/v1/" + t.name + "/{writer}/{subject}",
		summary: "One thing with its history: " + t.rule.About, response: s.schemaOf(ThingAnswer{}),
	}, func(ctx context.Context, c *call) (*answer, error) { return s.thing(ctx, c, t) })
	if t.rule.Joint {
		s.handle(operation{
			id: "get-joint-" + t.name, method: http.MethodGet, path: "/api/v1/joint/" + t.name + "/{subject}",
			summary: "What both parties say together: " + t.rule.About, response: s.schemaOf(JointAnswer{}),
		}, func(ctx context.Context, c *call) (*answer, error) { return s.joint(ctx, c, t) })
	}
}

// listSchema is the schema of a page of a table: a list whose items have the
// type's own body.
func (s *server) listSchema(t *table) *huma.Schema {
	item := &huma.Schema{AllOf: []*huma.Schema{s.schemaOf(Item{}), {Type: "object", Properties: map[string]*huma.Schema{"body": bodySchema(t.rule)}}}}
	return &huma.Schema{AllOf: []*huma.Schema{s.schemaOf(List{}), {Type: "object", Properties: map[string]*huma.Schema{
		"items": {Type: "array", Items: item},
	}}}}
}

func (s *server) list(ctx context.Context, c *call, t *table) (*answer, error) {
	q, p := t.query(c)
	if p != nil {
		return nil, p
	}
	if c.wantsCSV() {
		return s.listCSV(ctx, c, t, q)
	}
	page, err := store.List[json.RawMessage](ctx, c.view, q)
	if err != nil {
		return nil, err
	}
	n, err := s.notice(ctx)
	if err != nil {
		return nil, err
	}
	return &answer{body: s.listOf(c, n, t.name, page)}, nil
}

func (s *server) listOf(c *call, n Notice, name string, page store.Page[json.RawMessage]) List {
	return List{Notice: n, Table: name, Total: page.Total, Items: itemsOf(page.Items), Next: page.Next, NextURL: c.nextURL(page.Next)}
}

// nextURL is the address of the page that a cursor begins.
func (c *call) nextURL(cursor string) string {
	if cursor == "" {
		return ""
	}
	q := url.Values{}
	for name, values := range c.query {
		q[name] = slices.Clone(values)
	}
	q.Set("cursor", cursor)
	return c.r.URL.Path + "?" + q.Encode()
}

// ThingAnswer is a thing with its history and what hangs on it.
type ThingAnswer struct {
	Notice
	// Current is nil when the thing is withdrawn or nothing of it is admissible.
	Current    *Item          `json:"current"`
	Versions   []Item         `json:"versions"` // newest first
	Forked     bool           `json:"forked,omitempty"`
	Withdrawn  bool           `json:"withdrawn,omitempty"`
	Withdrawal *Item          `json:"withdrawal,omitempty"`
	Positions  []PositionItem `json:"positions"`
	// Linked are the entries that refer to a version of the thing.
	Linked []Item `json:"linked"`
}

func (s *server) thing(ctx context.Context, c *call, t *table) (*answer, error) {
	thing, err := store.Get[json.RawMessage](ctx, c.view, t.rule.Type, c.path("writer"), c.path("subject"))
	if err != nil {
		return nil, err
	}
	out := ThingAnswer{Versions: itemsOf(thing.Versions), Forked: thing.Forked, Withdrawn: thing.Withdrawn, Linked: []Item{}}
	if thing.Current != nil {
		current := itemOf(thing.Current)
		out.Current = &current
	}
	refs := make([]entente.Ref, 0, len(thing.Versions))
	for i := range thing.Versions {
		refs = append(refs, thing.Versions[i].Ref)
	}
	if out.Positions, out.Linked, err = s.around(ctx, c, refs); err != nil {
		return nil, err
	}
	if thing.Withdrawal != nil {
		w, err := store.ByRef[json.RawMessage](ctx, c.view, thing.Withdrawal.Ref.Log, thing.Withdrawal.Ref.Index)
		if err != nil {
			return nil, err
		}
		item := itemOf(w)
		out.Withdrawal = &item
	}
	out.Notice, err = s.notice(ctx)
	return &answer{body: out}, err
}

// around returns the positions on entries and what refers to them.
func (s *server) around(ctx context.Context, c *call, refs []entente.Ref) ([]PositionItem, []Item, error) {
	positions, err := c.view.Positions(ctx, refs...)
	if err != nil {
		return nil, nil, err
	}
	linked, err := c.view.LinkedAny(ctx, refs)
	if err != nil {
		return nil, nil, err
	}
	return positionsOf(positions, refs), itemsOf(linked), nil
}

// JointAnswer is a joint thing: what is in force, what is proposed, what was.
type JointAnswer struct {
	Notice
	Type    entente.Type `json:"type"`
	Subject string       `json:"subject"`
	// InForce is nil before the parties first said the same.
	InForce  *JointItem  `json:"in_force"`
	Proposed []JointItem `json:"proposed"`
	Former   []JointItem `json:"former"`
	// Flagged is true when several complete texts follow the one in force.
	Flagged bool `json:"flagged,omitempty"`
}

// JointItem is one joint body with the halves that hold it.
type JointItem struct {
	Digest   entente.Digest  `json:"digest"`
	Follows  *entente.Digest `json:"follows,omitempty"`
	Required []entente.Party `json:"required"`
	Complete bool            `json:"complete"`
	Halves   []Item          `json:"halves"` // in the order of Required
	Body     json.RawMessage `json:"body"`
}

func (s *server) joint(ctx context.Context, c *call, t *table) (*answer, error) {
	j, err := store.Joint[json.RawMessage](ctx, c.view, t.rule.Type, c.path("subject"))
	if err != nil {
		return nil, err
	}
	out := JointAnswer{Type: j.Type, Subject: j.Subject, Flagged: j.Flagged, Proposed: jointItems(j.Proposed), Former: jointItems(j.Former)}
	if j.InForce != nil {
		item := jointItem(j.InForce)
		out.InForce = &item
	}
	out.Notice, err = s.notice(ctx)
	return &answer{body: out}, err
}

func jointItems(all []store.JointVersion[json.RawMessage]) []JointItem {
	out := make([]JointItem, 0, len(all))
	for i := range all {
		out = append(out, jointItem(&all[i]))
	}
	return out
}

func jointItem(v *store.JointVersion[json.RawMessage]) JointItem {
	out := JointItem{Digest: v.Digest, Required: v.Required, Complete: v.Complete, Halves: []Item{}}
	if !v.Follows.IsZero() {
		out.Follows = &v.Follows
	}
	if v.Body != nil {
		out.Body = *v.Body
	}
	for _, p := range v.Required {
		if half, ok := v.Halves[p]; ok {
			item := itemOf(&half)
			item.Body = nil // it is the joint body
			out.Halves = append(out.Halves, item)
		}
	}
	return out
}
