package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"entente"
	"entente/internal/auth"
	"entente/internal/exchange"
	"entente/internal/node"
	"entente/internal/seal"
	"entente/internal/store"
)

func (s *server) routeExchangeDrafts() {
	one := s.schemaOf(ExchangeDraftAnswer{})
	route := func(id, method, path, summary string, act auth.Act, body any, response *huma.Schema, do func(context.Context, *call) (*answer, error)) {
		o := operation{id: id, method: method, path: path, summary: summary, act: act, response: response}
		if body != nil {
			o.body = s.schemaOf(body)
		}
		s.exchangeRoute(o, do)
	}
	const get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	route("exchange-drafts", get, "drafts", "Drafts of the caller's agency, last saved first", mayDraft, nil, s.schemaOf(DraftsAnswer{}), s.exchangeDrafts)
	route("begin-exchange-draft", post, "drafts", "Begin a request, release, refusal, permission request or report of misuse", mayDraft, ComposeRequest{}, one, s.beginExchangeDraft)
	route("exchange-draft", get, "drafts/{id}", "A draft with what it will carry", mayDraft, nil, one, s.exchangeDraft)
	route("save-exchange-draft", put, "drafts/{id}", "Save body or text of a draft", mayDraft, RecomposeRequest{}, one, s.saveExchangeDraft)
	route("discard-exchange-draft", del, "drafts/{id}", "Give a draft up; what it would have carried is shredded", mayDraft, nil, one, s.discardExchangeDraft)
	route("exchange-gate", get, "drafts/{id}/gate", "What stands in the way of a draft, in words", mayDraft, nil, s.schemaOf(GateAnswer{}), s.exchangeGate)
	route("submit-exchange-draft", post, "drafts/{id}/submit", "Seal what a draft carries and sign its entry; it waits for a second officer where one is due", mayState, nil, one, s.submitExchangeDraft)
	route("approve-exchange-draft", post, "drafts/{id}/approve", "Be the second officer: sign and append", mayRelease, nil, one, s.approveExchangeDraft)
	route("emergency-release", post, "drafts/{id}/emergency", "Release as one releasing officer alone, where the terms allow it; reviewed later", mayRelease, nil, one, s.emergencyRelease)
	route("return-exchange-draft", post, "drafts/{id}/return", "Send a submitted draft back with a note", mayRelease, ReturnRequest{}, one, s.returnExchangeDraft)
	route("ask-collection", post, "drafts/{id}/consent", "Begin the request for the permission to release what a release draft carries, collected in the other's territory", mayDraft, CollectionRequest{}, one, s.askCollection)
	s.exchangeRoute(operation{
		id: "attach-file", method: put, path: "drafts/{id}/files/{name}", act: mayDraft, response: s.schemaOf(FileAnswer{}), stream: true,
		summary: "Attach a file, streamed as it comes, up to 1 GiB; one of the same name is replaced",
	}, s.attachFile)
	s.exchangeRoute(operation{
		id: "read-attached-file", method: get, path: "drafts/{id}/files/{name}", act: mayDraft, media: []string{"application/octet-stream"},
		summary: "An attached file, for whoever writes the draft or is to release it",
	}, s.readAttached)
	route("detach-file", del, "drafts/{id}/files/{name}", "Remove an attached file; it is shredded", mayDraft, nil, one, s.detachFile)
}

// ComposeRequest begins a draft of the exchange. Subject and audience follow from
// its type.
type ComposeRequest struct {
	// ID is a UUIDv7 by the client; the same ID with the same content is the first
	// result again.
	ID   string       `json:"id" format:"uuid"`
	Type entente.Type `json:"type" enum:"request,release,refusal,permission_request,misuse"`
	// Body is filled in as far as it is known; digests of sealed content are the
	// node's to fill in.
	Body  json.RawMessage `json:"body"`
	Title string          `json:"title,omitempty"`
	Text  string          `json:"text,omitempty"`
}

// RecomposeRequest changes a draft: its body over a revision, its text, or both.
type RecomposeRequest struct {
	// Revision is the one last read: a draft saved by somebody else in between is
	// not overwritten. It goes with body.
	Revision int             `json:"revision,omitempty"`
	Body     json.RawMessage `json:"body,omitempty"`
	Title    *string         `json:"title,omitempty"`
	Text     *string         `json:"text,omitempty"`
}

// CollectionRequest asks the owner of the territory for a permission.
type CollectionRequest struct {
	ID      string        `json:"id" format:"uuid"`
	Of      entente.Party `json:"of"`
	Purpose string        `json:"purpose"`
	Title   string        `json:"title,omitempty"`
	// Description is sealed to the party that is asked.
	Description string `json:"description"`
}

// ExchangeDraftAnswer is a draft of the exchange, and the entry it became.
type ExchangeDraftAnswer struct {
	Notice
	Draft ExchangeDraftItem `json:"draft"`
	Entry *entente.Ref      `json:"entry,omitempty"`
	URL   string            `json:"url,omitempty"`
}

// GateAnswer says what stands in the way of a draft.
type GateAnswer struct {
	Notice
	// Open is true when nothing does.
	Open     bool          `json:"open"`
	Findings []FindingItem `json:"findings"`
}

// FileAnswer is a file that was attached.
type FileAnswer struct {
	Notice
	File FileItem `json:"file"`
}

// uuid7OK checks an id by the client.
func uuid7OK(name, id string) error {
	u, err := uuid.Parse(id)
	if err != nil || u.Version() != 7 || u.String() != id {
		return &Problem{Status: http.StatusUnprocessableEntity, code: "body", Errors: []Fault{{In: "body", Name: name, Code: "uuid7"}}}
	}
	return nil
}

func (s *server) exchangeDrafts(ctx context.Context, c *call) (*answer, error) {
	list, err := s.Exchange.Drafts(ctx, c.who.viewer())
	if err != nil {
		return nil, err
	}
	n, err := s.notice(ctx)
	return &answer{body: DraftsAnswer{n, draftItemsOf(list)}}, err
}

func (s *server) beginExchangeDraft(ctx context.Context, c *call) (*answer, error) {
	var in ComposeRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	if err := uuid7OK("id", in.ID); err != nil {
		return nil, err
	}
	body, err := compact(in.Body)
	if err != nil {
		return nil, bodyProblem(err)
	}
	d, err := s.Exchange.Begin(ctx, c.user(), in.Type, in.ID, body)
	if err != nil {
		return nil, err
	}
	if in.Title != "" || in.Text != "" {
		if err := s.Exchange.SetText(ctx, c.who.viewer(), d.ID, in.Title, in.Text); err != nil {
			return nil, err
		}
	}
	if d, err = s.Exchange.Draft(ctx, c.who.viewer(), d.ID); err != nil {
		return nil, err
	}
	if !bytes.Equal(d.Body, body) {
		return nil, problem(http.StatusConflict, "conflict")
	}
	return s.draftWithContent(ctx, d)
}

func (s *server) exchangeDraft(ctx context.Context, c *call) (*answer, error) {
	d, err := s.Exchange.Draft(ctx, c.who.viewer(), c.path("id"))
	if err != nil {
		return nil, err
	}
	return s.draftWithContent(ctx, d)
}

func (s *server) saveExchangeDraft(ctx context.Context, c *call) (*answer, error) {
	var in RecomposeRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	v, id := c.who.viewer(), c.path("id")
	d, err := s.Exchange.Draft(ctx, v, id)
	if err != nil {
		return nil, err
	}
	if in.Body != nil {
		body, err := compact(in.Body)
		if err != nil {
			return nil, bodyProblem(err)
		}
		if d, err = s.Exchange.SaveBody(ctx, v, id, in.Revision, body); err != nil {
			return nil, err
		}
	}
	if in.Title != nil || in.Text != nil {
		title, text := d.Title, d.Text
		if in.Title != nil {
			title = *in.Title
		}
		if in.Text != nil {
			text = *in.Text
		}
		if err := s.Exchange.SetText(ctx, v, id, title, text); err != nil {
			return nil, err
		}
	}
	return s.exchangeDraft(ctx, c)
}

func (s *server) discardExchangeDraft(ctx context.Context, c *call) (*answer, error) {
	if err := s.Exchange.Discard(ctx, c.who.viewer(), c.path("id")); err != nil {
		return nil, err
	}
	return s.plainDraft(ctx, c.path("id"))
}

// plainDraft answers with a draft whose content is gone.
func (s *server) plainDraft(ctx context.Context, id string) (*answer, error) {
	d, err := s.Store.Draft(ctx, id)
	if err != nil {
		return nil, err
	}
	n, err := s.notice(ctx)
	return &answer{body: ExchangeDraftAnswer{Notice: n, Draft: ExchangeDraftItem{DraftItem: draftItem(d), Files: []FileItem{}}}}, err
}

func (s *server) exchangeGate(ctx context.Context, c *call) (*answer, error) {
	findings, err := s.Exchange.Gate(ctx, c.who.viewer(), c.path("id"))
	if err != nil {
		return nil, err
	}
	out := GateAnswer{Open: true, Findings: []FindingItem{}}
	for _, f := range findings {
		out.Open = out.Open && !f.Blocking
		out.Findings = append(out.Findings, FindingItem{f.Code, f.Rule, f.Mend, f.Detail, f.Field, f.Blocking})
	}
	out.Notice, err = s.notice(ctx)
	return &answer{body: out}, err
}

// visibleDraft finds the draft before anything is asked of the caller's key.
func (s *server) visibleDraft(ctx context.Context, c *call) (*node.Officer, error) {
	if _, err := s.Exchange.Draft(ctx, c.who.viewer(), c.path("id")); err != nil {
		return nil, err
	}
	return c.officer()
}

func (s *server) submitExchangeDraft(ctx context.Context, c *call) (*answer, error) {
	by, err := s.visibleDraft(ctx, c)
	if err != nil {
		return nil, err
	}
	a, err := s.Exchange.Submit(ctx, c.path("id"), by)
	return s.afterExchange(ctx, c, a, err)
}

func (s *server) approveExchangeDraft(ctx context.Context, c *call) (*answer, error) {
	second, err := s.visibleDraft(ctx, c)
	if err != nil {
		return nil, err
	}
	a, err := s.Exchange.Approve(ctx, c.path("id"), second)
	return s.afterExchange(ctx, c, &a, err)
}

func (s *server) emergencyRelease(ctx context.Context, c *call) (*answer, error) {
	by, err := s.visibleDraft(ctx, c)
	if err != nil {
		return nil, err
	}
	a, err := s.Exchange.ReleaseEmergency(ctx, c.path("id"), by)
	return s.afterExchange(ctx, c, &a, err)
}

func (s *server) returnExchangeDraft(ctx context.Context, c *call) (*answer, error) {
	var in ReturnRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	if err := s.Exchange.Return(ctx, c.who.viewer(), c.path("id"), in.Note); err != nil {
		return nil, err
	}
	return s.exchangeDraft(ctx, c)
}

func (s *server) askCollection(ctx context.Context, c *call) (*answer, error) {
	var in CollectionRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	if err := uuid7OK("id", in.ID); err != nil {
		return nil, err
	}
	d, err := s.Exchange.AskCollection(ctx, c.user(), c.path("id"), in.ID, in.Of, in.Purpose, in.Title, in.Description)
	if err != nil {
		return nil, err
	}
	return s.draftWithContent(ctx, d)
}

// afterExchange answers with the draft as it stands after an act, and its entry.
func (s *server) afterExchange(ctx context.Context, c *call, a *node.Appended, err error) (*answer, error) {
	if err != nil {
		return nil, err
	}
	if a == nil {
		return s.exchangeDraft(ctx, c)
	}
	d, err := s.Store.Draft(ctx, c.path("id"))
	if err != nil {
		return nil, err
	}
	n, err := s.notice(ctx)
	if err != nil {
		return nil, err
	}
	out := ExchangeDraftAnswer{Notice: n, Draft: ExchangeDraftItem{DraftItem: draftItem(d), Files: []FileItem{}}, Entry: &a.Ref, URL: entryURL(a.Ref)}
	status := http.StatusOK
	if !a.Existing {
		status = http.StatusCreated
	}
	return &answer{status: status, body: out}, nil
}

// draftWithContent answers with a draft that can be worked on: 202 while a second
// officer's signature is awaited.
func (s *server) draftWithContent(ctx context.Context, d *exchange.Draft) (*answer, error) {
	n, err := s.notice(ctx)
	if err != nil {
		return nil, err
	}
	out := ExchangeDraftAnswer{Notice: n, Draft: exchangeDraftItem(d)}
	status := http.StatusOK
	switch d.State {
	case store.DraftWaiting:
		status = http.StatusAccepted
	case store.DraftDone:
		if out.Entry, err = s.became(ctx, d.WorkDraft); err != nil {
			return nil, err
		}
		if out.Entry != nil {
			out.URL = entryURL(*out.Entry)
		}
	}
	return &answer{status: status, body: out}, nil
}

// maxUpload bounds a file that is attached.
const maxUpload = seal.MaxContent

func (s *server) attachFile(ctx context.Context, c *call) (*answer, error) {
	media := c.r.Header.Get("Content-Type")
	if media == "" {
		media = "application/octet-stream"
	}
	kind, _, err := mime.ParseMediaType(media)
	if err != nil {
		return nil, bodyProblem(err)
	}
	if c.r.ContentLength > maxUpload {
		return nil, problem(http.StatusRequestEntityTooLarge, "toolarge", "Most", strconv.FormatInt(maxUpload, 10))
	}
	src := &patient{r: http.MaxBytesReader(nil, c.r.Body, maxUpload), extend: c.extend}
	file, err := s.Exchange.Attach(ctx, c.who.viewer(), c.path("id"), c.path("name"), kind, src)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, problem(http.StatusRequestEntityTooLarge, "toolarge", "Most", strconv.FormatInt(maxUpload, 10))
	case src.err != nil && err != nil:
		return nil, bodyProblem(src.err)
	case err != nil:
		return nil, err
	}
	n, err := s.notice(ctx)
	return &answer{status: http.StatusCreated, body: FileAnswer{n, fileItem(file)}}, err
}

func (s *server) readAttached(ctx context.Context, c *call) (*answer, error) {
	file, r, err := s.Exchange.DraftFile(ctx, c.who.viewer(), c.path("id"), c.path("name"))
	if err != nil {
		return nil, err
	}
	return c.download(file, r), nil
}

func (s *server) detachFile(ctx context.Context, c *call) (*answer, error) {
	if err := s.Exchange.Detach(ctx, c.who.viewer(), c.path("id"), c.path("name")); err != nil {
		return nil, err
	}
	return s.exchangeDraft(ctx, c)
}

// download streams a file that nobody's browser runs.
func (c *call) download(file seal.File, r io.ReadCloser) *answer {
	a := &answer{media: safeMedia(file.Media), header: http.Header{}}
	a.header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": file.Name}))
	a.header.Set("Content-Length", strconv.FormatInt(file.Size, 10))
	a.stream = func(w http.ResponseWriter) error {
		_, err := io.Copy(w, &patient{r: r, extend: c.extend})
		return errors.Join(err, r.Close())
	}
	return a
}

// patience is how long a large transfer may stand still.
const patience = time.Minute

// extend moves both deadlines: what takes long to come in is answered after it, and
// what takes long to go out is read from one who is still there.
func (c *call) extend(t time.Time) error {
	return errors.Join(c.rc.SetReadDeadline(t), c.rc.SetWriteDeadline(t))
}

// patient moves the connection's deadline on with what is transferred, so that a
// large file may take as long as it takes, and a silent peer may not.
type patient struct {
	r      io.Reader
	extend func(time.Time) error
	last   time.Time
	err    error // of the source
}

// Read implements [io.Reader].
func (p *patient) Read(b []byte) (int, error) {
	if now := time.Now(); now.Sub(p.last) > patience/4 {
		p.last = now
		_ = p.extend(now.Add(patience)) // where there is no deadline, none is moved
	}
	n, err := p.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		p.err = err
	}
	return n, err
}
