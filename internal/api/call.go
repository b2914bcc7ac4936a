package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"entente"
	"entente/internal/auth"
	"entente/internal/locale"
	"entente/internal/store"
)

// param is one query parameter: documented and checked from the same lines.
type param struct {
	name string
	doc  string
	enum []string
	// least and most bound a whole number; most 0 means that it is no number.
	least, most int
	repeat      bool // may be given several times
	prefix      bool // stands for all parameters whose names begin with name
}

var (
	langParam   = param{name: "lang", enum: []string{"es", "en"}, doc: "Language of titles, snippets and problems; by default as Accept-Language says."}
	formatParam = param{name: "format", enum: []string{"json", "csv"}, doc: "json or csv; by default as Accept says."}
	limitParam  = param{name: "limit", least: 1, most: 1000, doc: "Items a page, 100 by default. CSV without it gives the whole table."}
	cursorParam = param{name: "cursor", doc: "Where the next page begins: the next of the page before."}
)

// call is one request with its parameters read.
type call struct {
	r     *http.Request
	lang  locale.Lang
	query url.Values
	who   *Caller
	// view is what the caller may read.
	view *store.View
	// rc moves the deadlines of the connection, for large files.
	rc *http.ResponseController
	// noStore keeps the answer out of caches.
	noStore bool
}

func (c *call) get(name string) string { return c.query.Get(name) }

func (c *call) path(name string) string { return c.r.PathValue(name) }

// number returns a checked whole number, or otherwise.
func (c *call) number(name string, otherwise int) int {
	n, err := strconv.Atoi(c.get(name))
	if err != nil {
		return otherwise
	}
	return n
}

// wantsCSV reports whether the caller asks for CSV, by parameter or by Accept.
func (c *call) wantsCSV() bool {
	if f := c.get("format"); f != "" {
		return f == "csv"
	}
	accept := c.r.Header.Get("Accept")
	return strings.Contains(accept, "text/csv") && !strings.Contains(accept, "application/json")
}

// answer is what an operation gives back.
type answer struct {
	status int // 200 where 0
	header http.Header
	body   any // encoded as JSON
	// raw is written as it is instead, with its media type.
	raw   []byte
	media string
	// stream writes a body too large to hold; it has no ETag.
	stream func(w http.ResponseWriter) error
}

// operation is one route with its documentation.
type operation struct {
	id, method, path string
	summary          string
	params           []param
	// response is the schema of a 200 answer; media are its other media types.
	response  *huma.Schema
	media     []string
	body      *huma.Schema // of a request
	multipart *huma.Schema // of a request in parts
	stream    bool         // a request's body is a file
	writes    bool         // asks for a signed-in caller
	act       auth.Act     // what the caller must be allowed; to read where empty
}

// humaInput lets the request through; parameters are read by call.
type humaInput struct{ r *http.Request }

// Resolve implements [huma.Resolver].
func (in *humaInput) Resolve(ctx huma.Context) []error {
	in.r, _ = humago.Unwrap(ctx)
	return nil
}

// handle registers an operation.
func (s *server) handle(o operation, do func(ctx context.Context, c *call) (*answer, error)) {
	op := huma.Operation{
		OperationID: o.id, Method: o.method, Path: o.path, Summary: o.summary, SkipValidateParams: true, SkipValidateBody: true,
		Parameters: documented(o), Responses: s.responses(o), MaxBodyBytes: -1,
	}
	if o.writes {
		op.Security = []map[string][]string{{"session": {}}, {"token": {}}}
	}
	huma.Register(s.api, op, func(_ context.Context, in *humaInput) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			_, w := humago.Unwrap(hc)
			s.serve(w, in.r, o, do)
		}}, nil
	})
	// The body is documented after the fact: the library reads what it knows of,
	// and bodies are read by decode and upload.
	if content := o.content(); content != nil {
		at, body := s.api.OpenAPI().Paths[o.path], &huma.RequestBody{Required: true, Content: content}
		if o.method == http.MethodPut {
			at.Put.RequestBody = body
		} else {
			at.Post.RequestBody = body
		}
	}
}

// content says what a request's body holds; nil when it has none.
func (o operation) content() map[string]*huma.MediaType {
	switch {
	case o.body != nil:
		return map[string]*huma.MediaType{"application/json": {Schema: o.body}}
	case o.multipart != nil:
		return map[string]*huma.MediaType{"multipart/form-data": {Schema: o.multipart}}
	case o.stream:
		return map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}
	}
	return nil
}

// serve reads the call, does it and writes the answer.
func (s *server) serve(w http.ResponseWriter, r *http.Request, o operation, do func(context.Context, *call) (*answer, error)) {
	c, p := s.read(r, o)
	c.rc = http.NewResponseController(w)
	if p == nil {
		a, err := do(r.Context(), c)
		if err == nil {
			s.write(w, c, a)
			return
		}
		p = asProblem(err)
	}
	s.refuse(w, c, p)
}

func documented(o operation) []*huma.Param {
	var out []*huma.Param
	for _, segment := range strings.Split(o.path, "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			out = append(out, &huma.Param{Name: strings.TrimSuffix(name, "}"), In: "path", Required: true, Schema: &huma.Schema{Type: "string"}})
		}
	}
	for _, p := range append(slices.Clone(o.params), langParam) {
		out = append(out, &huma.Param{Name: p.name, In: "query", Description: p.doc, Schema: p.schema()})
	}
	return out
}

func (p param) schema() *huma.Schema {
	if p.most > 0 {
		least, most := float64(p.least), float64(p.most)
		return &huma.Schema{Type: "integer", Minimum: &least, Maximum: &most}
	}
	out := &huma.Schema{Type: "string"}
	for _, e := range p.enum {
		out.Enum = append(out.Enum, e)
	}
	if p.repeat {
		return &huma.Schema{Type: "array", Items: out}
	}
	return out
}

func (s *server) responses(o operation) map[string]*huma.Response {
	ok := &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{}}
	if o.response != nil {
		ok.Content["application/json"] = &huma.MediaType{Schema: o.response}
	}
	for _, m := range o.media {
		ok.Content[m] = &huma.MediaType{Schema: &huma.Schema{Type: "string"}}
	}
	problems := &huma.Response{Description: "Problem (RFC 9457)", Content: map[string]*huma.MediaType{
		"application/problem+json": {Schema: s.schemaOf(Problem{})},
	}}
	return map[string]*huma.Response{"200": ok, "default": problems}
}

// schemaOf returns the reference to the schema of v's type.
func (s *server) schemaOf(v any) *huma.Schema {
	t := reflect.TypeOf(v)
	return s.api.OpenAPI().Components.Schemas.Schema(t, true, t.Name())
}

// read checks the parameters of a request against those of its operation.
func (s *server) read(r *http.Request, o operation) (*call, *Problem) {
	o.params = append(slices.Clone(o.params), langParam)
	c := &call{r: r, lang: langOf(r), query: r.URL.Query(), view: s.view}
	var wrong []Fault
	for name, values := range c.query {
		i := slices.IndexFunc(o.params, func(p param) bool { return p.name == name || p.prefix && strings.HasPrefix(name, p.name) })
		switch {
		case i < 0:
			wrong = append(wrong, Fault{In: "query", Name: name, Code: "unknown"})
		case len(values) > 1 && !o.params[i].repeat:
			wrong = append(wrong, Fault{In: "query", Name: name, Code: "twice"})
		default:
			for _, v := range values {
				wrong = append(wrong, o.params[i].faults(v)...)
			}
		}
	}
	if len(wrong) > 0 {
		slices.SortFunc(wrong, func(a, b Fault) int { return strings.Compare(a.Name, b.Name) })
		return c, &Problem{code: "parameters", Status: http.StatusUnprocessableEntity, Errors: wrong}
	}
	return c, s.admit(c, o)
}

const maxParam = 400 // bytes of one parameter

// faults says what is wrong with a parameter's value.
func (p param) faults(v string) []Fault {
	fault := func(code string, args ...any) []Fault {
		return []Fault{{In: "query", Name: p.name, Code: code, args: args}}
	}
	switch {
	case len(v) > maxParam:
		return fault("long", "Most", strconv.Itoa(maxParam))
	case v == "":
		return fault("empty")
	case len(p.enum) > 0 && !slices.Contains(p.enum, v):
		return fault("choice", "Choices", strings.Join(p.enum, ", "))
	case p.most > 0:
		if n, err := strconv.Atoi(v); err != nil || n < p.least || n > p.most {
			return fault("range", "Least", strconv.Itoa(p.least), "Most", strconv.Itoa(p.most))
		}
	}
	return nil
}

// langOf is the language a request asks for.
func langOf(r *http.Request) locale.Lang {
	if l, ok := locale.Parse(r.URL.Query().Get("lang")); ok {
		return l
	}
	return locale.Match(r.Header.Get("Accept-Language"))
}

// write writes an answer, or that the caller has it already.
func (s *server) write(w http.ResponseWriter, c *call, a *answer) {
	h := w.Header()
	for name, values := range a.header {
		h[name] = values
	}
	h.Set("Content-Language", c.lang.Tag())
	h.Set("Vary", "Accept, Accept-Language")
	media := a.media
	if a.body != nil {
		b, err := encode(a.body)
		if err != nil {
			s.refuse(w, c, asProblem(err))
			return
		}
		a.raw, media = b, "application/json"
	}
	h.Set("Content-Type", media)
	s.cacheable(h, c)
	if a.stream != nil {
		// The status is out: a fault can only cut the body short, so that the
		// reader's length check fails.
		if err := a.stream(w); err != nil {
			panic(http.ErrAbortHandler)
		}
		return
	}
	status := max(a.status, http.StatusOK)
	if status == http.StatusOK && (c.r.Method == http.MethodGet || c.r.Method == http.MethodHead) {
		tag := `"` + entente.DigestOf(a.raw).String()[:32] + `"`
		h.Set("ETag", tag)
		if slices.Contains(strings.Split(strings.ReplaceAll(c.r.Header.Get("If-None-Match"), " ", ""), ","), tag) {
			h.Del("Content-Type")
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(a.raw)))
	w.WriteHeader(status)
	_, _ = w.Write(a.raw) // a reader who has gone is no fault
}

func (s *server) cacheable(h http.Header, c *call) {
	switch {
	case c.noStore || s.Auth != nil:
		h.Set("Cache-Control", "private, no-store")
	case h.Get("Cache-Control") == "":
		h.Set("Cache-Control", "public, max-age=0, must-revalidate")
	}
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return b.Bytes(), nil
}
