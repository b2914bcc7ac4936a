package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"entente"
	"entente/internal/auth"
	"entente/internal/entry"
	"entente/internal/fold"
	"entente/internal/node"
	"entente/internal/store"
)

// Desk carries out what signed-in people ask for (node.Node).
type Desk interface {
	Drafting
	Signing
	Exporting
}

// Drafting writes drafts; nothing of them is in a log.
type Drafting interface {
	SaveDraft(ctx context.Context, d store.WorkDraft) (store.WorkDraft, error)
	CheckDraft(ctx context.Context, id string) ([]node.Finding, error)
	Discard(ctx context.Context, id, actor string) error
}

// Signing takes drafts to the logs.
type Signing interface {
	Submit(ctx context.Context, id string, by *node.Officer) (*node.Appended, error)
	Approve(ctx context.Context, id string, second *node.Officer) (node.Appended, error)
	Return(ctx context.Context, id, actor, note string) error
}

// Exporting takes sealing keys of agencies out of the node.
type Exporting interface {
	KeyStates(ctx context.Context) ([]node.KeyState, error)
	ExportSealKey(ctx context.Context, e node.KeyExport) (file string, at node.Appended, err error)
}

// maxBody bounds a request's body in bytes: a draft is smaller than an entry.
const maxBody = 2 * entente.MaxEntry

func (s *server) routeDesk() {
	if s.Desk == nil {
		return
	}
	s.api.OpenAPI().Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: "session", Description: "A desk's session."},
		"token":   {Type: "http", Scheme: "bearer", Description: "A token made at the desk."},
	}
	draft := s.schemaOf(DraftAnswer{})
	for i := range s.tables {
		t := &s.tables[i]
		if !t.rule.Signers.Agency() || t.rule.Type.Exchange() {
			continue
		}
		s.handle(operation{
			id: "state-" + t.name, method: http.MethodPost, path: "/api/v1/entries/" + t.name, response: draft, body: s.intentSchema(t),
			summary: "State: " + t.rule.About, writes: true, act: auth.Draft,
		}, func(ctx context.Context, c *call) (*answer, error) { return s.stateEntry(ctx, c, t.rule.Type) })
	}
	route := func(id, method, path, summary string, act auth.Act, body any, do func(context.Context, *call) (*answer, error)) {
		o := operation{id: id, method: method, path: path, summary: summary, response: draft, writes: true, act: act}
		if body != nil {
			o.body = s.schemaOf(body)
		}
		s.handle(o, do)
	}
	route("list-drafts", http.MethodGet, "/api/v1/drafts", "Drafts, last saved first", auth.Read, nil, s.listDrafts)
	route("save-draft", http.MethodPost, "/api/v1/drafts", "Save a draft, without submitting it", auth.Draft, DraftRequest{}, s.saveDraft)
	route("get-draft", http.MethodGet, "/api/v1/drafts/{id}", "A draft, and what stands in its way", auth.Read, nil, s.getDraft)
	route("submit-draft", http.MethodPost, "/api/v1/drafts/{id}/submit", "Sign a draft and leave it to a second officer, or append it where none is due", auth.AppendInner, nil, s.submitDraft)
	route("publish-draft", http.MethodPost, "/api/v1/drafts/{id}/publish", "Be the second officer: sign and append a submitted draft", auth.Authorise, nil, s.publishDraft)
	route("return-draft", http.MethodPost, "/api/v1/drafts/{id}/return", "Send a submitted draft back with a note", auth.Authorise, ReturnRequest{}, s.returnDraft)
	route("discard-draft", http.MethodDelete, "/api/v1/drafts/{id}", "Give a draft up; nothing of it was in a log", auth.Draft, nil, s.discardDraft)
	s.routeImports()
}

// IntentRequest is an entry that the caller wants to state.
type IntentRequest struct {
	// ID is a UUIDv7 by the client; the same ID with the same content is the first
	// result again.
	ID       string           `json:"id" format:"uuid"`
	Subject  string           `json:"subject"`
	Audience entente.Audience `json:"audience" enum:"national,shared,public"`
	Agency   string           `json:"agency,omitempty"`
	// Supersedes are the versions replaced; left out, the current ones.
	Supersedes []entente.Ref   `json:"supersedes,omitempty"`
	Body       json.RawMessage `json:"body"`
	// Draft only saves it, to be submitted later.
	Draft bool `json:"draft,omitempty"`
}

// DraftRequest is an intent with its type.
type DraftRequest struct {
	IntentRequest
	Type entente.Type `json:"type"`
	// Revision is the one last read: a draft saved by somebody else in between is
	// not overwritten.
	Revision int `json:"revision,omitempty"`
}

// ReturnRequest sends a draft back.
type ReturnRequest struct {
	Note string `json:"note" minLength:"1"`
}

// DraftAnswer is a draft, and the entry it became.
type DraftAnswer struct {
	Notice
	Draft DraftItem `json:"draft"`
	// Entry is set once it is in a log.
	Entry    *entente.Ref  `json:"entry,omitempty"`
	URL      string        `json:"url,omitempty"`
	Findings []FindingItem `json:"findings,omitempty"`
}

// DraftItem is a draft.
type DraftItem struct {
	ID       string           `json:"id"`
	Type     entente.Type     `json:"type"`
	Subject  string           `json:"subject"`
	Audience entente.Audience `json:"audience"`
	Agency   string           `json:"agency,omitempty"`
	State    store.DraftState `json:"state"`
	Revision int              `json:"revision"`
	Updated  time.Time        `json:"updated"`
	Body     json.RawMessage  `json:"body"`
}

// FindingItem is something that stands in the way of a draft.
type FindingItem struct {
	Rule     string       `json:"rule"`
	Says     entente.Text `json:"says"`
	Mend     entente.Text `json:"mend"`
	Detail   string       `json:"detail,omitempty"`
	Field    string       `json:"field,omitempty"`
	Blocking bool         `json:"blocking"`
}

// DraftsAnswer lists drafts.
type DraftsAnswer struct {
	Notice
	Drafts []DraftItem `json:"drafts"`
}

func (s *server) intentSchema(t *table) *huma.Schema {
	return &huma.Schema{AllOf: []*huma.Schema{s.schemaOf(IntentRequest{}), {Type: "object", Properties: map[string]*huma.Schema{"body": bodySchema(t.rule)}}}}
}

// decode reads a JSON body strictly.
func decode(c *call, into any) error {
	raw, err := io.ReadAll(http.MaxBytesReader(nil, c.r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return problem(http.StatusRequestEntityTooLarge, "toolarge", "Most", itoa(maxBody))
	case err != nil:
		return bodyProblem(err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return bodyProblem(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return bodyProblem(errors.New("data after the JSON value"))
	}
	return nil
}

func bodyProblem(err error) *Problem {
	return &Problem{Status: http.StatusUnprocessableEntity, code: "body", Errors: []Fault{{In: "body", Name: "", Code: "json", Detail: err.Error()}}}
}

// ruleProblem tells of a rule of the fold.
func ruleProblem(code, detail string) *Problem {
	p := problem(http.StatusUnprocessableEntity, "rule")
	p.Rule, p.Where = code, detail
	if r, ok := fold.Explain(code); ok {
		p.Says, p.Mend = &r.Says, &r.Mend
	}
	return p
}

// refusalProblem tells of a use case's refusal: 403 where a policy or a missing
// officer stands in the way, 409 where the state of things does, else 422.
func refusalProblem(r *node.Refusal) *Problem {
	kind, _, _ := strings.Cut(r.Code, ".")
	p := problem(http.StatusUnprocessableEntity, "rule")
	switch {
	case kind == "policy", kind == "gate":
		p = problem(http.StatusForbidden, "policy")
	case slices.Contains([]string{"draft", "joint", "consent"}, kind),
		slices.Contains([]string{"node.restored", "node.twice", "node.key_missing", "node.officer_locked", "node.officer_unknown"}, r.Code):
		p = problem(http.StatusConflict, "refused")
	}
	p.Rule, p.Where, p.Says, p.Mend = r.Code, r.Detail, &r.Rule, &r.Mend
	if r.Field != "" {
		p.Errors = []Fault{{In: "body", Name: r.Field, Code: "rule", Detail: r.Detail}}
	}
	return p
}

func (s *server) stateEntry(ctx context.Context, c *call, t entente.Type) (*answer, error) {
	var in IntentRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	d, err := s.save(ctx, c, DraftRequest{IntentRequest: in, Type: t})
	if err != nil || in.Draft || d.State != store.DraftOpen && d.State != store.DraftReturned {
		return s.draftAnswer(ctx, d, nil, err)
	}
	by, err := c.officer()
	if err != nil {
		return nil, err
	}
	a, err := s.Desk.Submit(ctx, d.ID, by)
	return s.after(ctx, d.ID, a, err)
}

func (s *server) saveDraft(ctx context.Context, c *call) (*answer, error) {
	var in DraftRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	if in.Type.Exchange() {
		return nil, problem(http.StatusUnprocessableEntity, "exchange")
	}
	d, err := s.save(ctx, c, in)
	return s.draftAnswer(ctx, d, nil, err)
}

// save keeps a draft, or finds it kept already under its ID.
func (s *server) save(ctx context.Context, c *call, in DraftRequest) (store.WorkDraft, error) {
	id, err := uuid.Parse(in.ID)
	if err != nil || id.Version() != 7 || id.String() != in.ID {
		return store.WorkDraft{}, &Problem{Status: http.StatusUnprocessableEntity, code: "body", Errors: []Fault{{In: "body", Name: "id", Code: "uuid7"}}}
	}
	body, err := compact(in.Body)
	if err != nil {
		return store.WorkDraft{}, bodyProblem(err)
	}
	if _, err := entry.DecodeBody(in.Type, body); err != nil && !in.Draft {
		return store.WorkDraft{}, ruleProblem("rule.schema", err.Error())
	}
	meta, err := json.Marshal(node.DraftMeta{Supersedes: in.Supersedes})
	if err != nil {
		return store.WorkDraft{}, err
	}
	agency := in.Agency
	if agency == "" {
		agency = c.who.Agency
	}
	d := store.WorkDraft{
		ID: in.ID, Type: in.Type, Subject: in.Subject, Audience: in.Audience, Body: body, Meta: meta, Author: c.who.ID, Agency: agency, Revision: in.Revision,
	}
	had, err := s.draftFor(ctx, c, in.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return s.Desk.SaveDraft(ctx, d)
	case err != nil:
		return store.WorkDraft{}, err
	case had.Type != d.Type:
		return store.WorkDraft{}, problem(http.StatusConflict, "conflict")
	case had.Subject == d.Subject && had.Audience == d.Audience && had.Agency == d.Agency && bytes.Equal(had.Body, d.Body):
		return had, nil
	case in.Revision == 0 || had.State == store.DraftDone:
		return store.WorkDraft{}, problem(http.StatusConflict, "conflict")
	}
	return s.Desk.SaveDraft(ctx, d)
}

// compact takes white space out of a body without changing anything else.
func compact(raw json.RawMessage) (json.RawMessage, error) {
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	return b.Bytes(), nil
}

func (s *server) submitDraft(ctx context.Context, c *call) (*answer, error) {
	if err := s.notOfExchange(ctx, c, c.path("id")); err != nil {
		return nil, err
	}
	by, err := c.officer()
	if err != nil {
		return nil, err
	}
	a, err := s.Desk.Submit(ctx, c.path("id"), by)
	return s.after(ctx, c.path("id"), a, err)
}

func (s *server) publishDraft(ctx context.Context, c *call) (*answer, error) {
	if err := s.notOfExchange(ctx, c, c.path("id")); err != nil {
		return nil, err
	}
	second, err := c.officer()
	if err != nil {
		return nil, err
	}
	a, err := s.Desk.Approve(ctx, c.path("id"), second)
	return s.after(ctx, c.path("id"), &a, err)
}

func (s *server) returnDraft(ctx context.Context, c *call) (*answer, error) {
	var in ReturnRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	if err := s.notOfExchange(ctx, c, c.path("id")); err != nil {
		return nil, err
	}
	return s.after(ctx, c.path("id"), nil, s.Desk.Return(ctx, c.path("id"), c.who.Name, in.Note))
}

func (s *server) discardDraft(ctx context.Context, c *call) (*answer, error) {
	if err := s.notOfExchange(ctx, c, c.path("id")); err != nil {
		return nil, err
	}
	return s.after(ctx, c.path("id"), nil, s.Desk.Discard(ctx, c.path("id"), c.who.Name))
}

// after answers with the draft as it stands after an act.
func (s *server) after(ctx context.Context, id string, a *node.Appended, err error) (*answer, error) {
	if err != nil {
		return nil, err
	}
	d, err := s.Store.Draft(ctx, id)
	return s.draftAnswer(ctx, d, a, err)
}

func (s *server) getDraft(ctx context.Context, c *call) (*answer, error) {
	d, err := s.draftFor(ctx, c, c.path("id"))
	if err != nil {
		return nil, err
	}
	a, err := s.draftAnswer(ctx, d, nil, nil)
	if err != nil || d.State == store.DraftDone || d.State == store.DraftDropped {
		return a, err
	}
	findings, err := s.Desk.CheckDraft(ctx, d.ID)
	if err != nil {
		return nil, err
	}
	out := a.body.(DraftAnswer)
	for _, f := range findings {
		out.Findings = append(out.Findings, FindingItem{f.Code, f.Rule, f.Mend, f.Detail, f.Field, f.Blocking})
	}
	a.body = out
	return a, nil
}

func (s *server) draftAnswer(ctx context.Context, d store.WorkDraft, a *node.Appended, err error) (*answer, error) {
	if err != nil {
		return nil, err
	}
	n, err := s.notice(ctx)
	if err != nil {
		return nil, err
	}
	out := DraftAnswer{Notice: n, Draft: draftItem(d)}
	status := http.StatusOK
	switch {
	case a != nil:
		out.Entry, out.URL = &a.Ref, entryURL(a.Ref)
		if !a.Existing {
			status = http.StatusCreated
		}
	case d.State == store.DraftDone:
		if out.Entry, err = s.became(ctx, d); err != nil {
			return nil, err
		}
		if out.Entry != nil {
			out.URL = entryURL(*out.Entry)
		}
	case d.State == store.DraftWaiting, d.State == store.DraftOpen, d.State == store.DraftReturned:
		status = http.StatusAccepted
	}
	return &answer{status: status, body: out}, nil
}

// became finds the entry that a draft became: it has the draft's ID.
func (s *server) became(ctx context.Context, d store.WorkDraft) (*entente.Ref, error) {
	all, err := current(ctx, s.Store.View(s.Audience), store.Query{Type: d.Type, Writer: s.Store.Own(), Subject: d.Subject, Versions: true, Withdrawn: true})
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Header.ID == d.ID {
			return &all[i].Ref, nil
		}
	}
	return nil, nil
}

func draftItem(d store.WorkDraft) DraftItem {
	return DraftItem{d.ID, d.Type, d.Subject, d.Audience, d.Agency, d.State, d.Revision, d.Updated, d.Body}
}

func (s *server) listDrafts(ctx context.Context, c *call) (*answer, error) {
	drafts, err := s.Store.Drafts(ctx, store.DraftQuery{States: []store.DraftState{store.DraftOpen, store.DraftWaiting, store.DraftReturned}})
	if err != nil {
		return nil, err
	}
	n, err := s.notice(ctx)
	out := DraftsAnswer{Notice: n, Drafts: []DraftItem{}}
	for _, d := range drafts {
		if s.mayRead(ctx, c, d) {
			out.Drafts = append(out.Drafts, draftItem(d))
		}
	}
	return &answer{body: out}, err
}
