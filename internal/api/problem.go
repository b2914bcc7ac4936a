package api

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"entente"
	"entente/internal/blobstore"
	"entente/internal/locale"
	"entente/internal/node"
	"entente/internal/store"
)

// Problem is a problem document (RFC 9457). Its type is the address of its own
// explanation in both languages.
type Problem struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail,omitempty"`
	Instance string `json:"instance,omitempty"`
	// Rule is the code of the rule or policy that refused, Rules says it, and Mend
	// what would make it possible, both in both languages.
	Rule  string        `json:"rule,omitempty"`
	Says  *entente.Text `json:"says,omitempty"`
	Mend  *entente.Text `json:"mend,omitempty"`
	Where string        `json:"where,omitempty"`
	// Errors lists what is wrong with single parameters or fields.
	Errors []Fault `json:"errors,omitempty"`
	// Demonstration is the label of a demonstration.
	Demonstration *entente.Text `json:"demonstration,omitempty"`

	code string
	args []any
	// retry is how many seconds to wait, where that mends it.
	retry int
}

// Fault is what is wrong with one parameter or field.
type Fault struct {
	In     string `json:"in"` // query, path or body
	Name   string `json:"name"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	args   []any
}

// Error returns the code and what it is about.
func (p *Problem) Error() string { return p.code + ": " + p.Detail }

// problem returns a problem with a code of the catalogue.
func problem(status int, code string, args ...any) *Problem {
	return &Problem{Status: status, code: code, args: args}
}

func notFound() *Problem { return problem(http.StatusNotFound, "notfound") }

// asProblem turns an error of the rooms below into a problem. What is the node's
// own fault is told in general words and logged.
func asProblem(err error) *Problem {
	var p *Problem
	var refused *store.Refused
	var refusal *node.Refusal
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, store.ErrNotFound), errors.Is(err, blobstore.ErrNotFound):
		return notFound()
	case errors.Is(err, store.ErrCursor):
		return problem(http.StatusUnprocessableEntity, "cursor")
	case errors.Is(err, store.ErrQuery):
		return problem(http.StatusUnprocessableEntity, "query")
	case errors.Is(err, store.ErrConflict):
		return problem(http.StatusConflict, "conflict")
	case errors.Is(err, store.ErrRestored):
		return problem(http.StatusServiceUnavailable, "restored")
	case errors.As(err, &refused):
		return ruleProblem(refused.Rule, refused.Detail)
	case errors.As(err, &refusal):
		return refusalProblem(refusal)
	}
	slog.Error("api", "error", err)
	return problem(http.StatusInternalServerError, "internal")
}

// refuse writes a problem in the caller's language.
func (s *server) refuse(w http.ResponseWriter, c *call, p *Problem) {
	l := locale.For(c.lang)
	out := *p
	out.Type = "/api/problems/" + p.code
	out.Title = l.T("api.problem." + p.code + ".title")
	if out.Detail == "" {
		out.Detail = l.T("api.problem."+p.code+".detail", p.args...)
	}
	out.Instance = c.r.URL.Path
	out.Errors = nil
	for _, f := range p.Errors {
		if f.Detail == "" {
			f.Detail = l.T("api.fault."+f.Code, append([]any{"Name", f.Name}, f.args...)...)
		}
		out.Errors = append(out.Errors, f)
	}
	if s.Demo {
		out.Demonstration = &demonstration
	}
	b, err := encode(out)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Language", c.lang.Tag())
	h.Set("Cache-Control", "no-store")
	if p.retry > 0 {
		h.Set("Retry-After", itoa(p.retry))
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(b) // a reader who has gone is no fault
}

// problemCodes are the problems there are, for their pages.
var problemCodes = []string{
	"parameters", "notfound", "method", "cursor", "query", "conflict", "restored", "rule", "internal", "toomany",
	"signin", "forbidden", "locked", "credentials", "body", "policy", "refused", "nofigures", "nocheck", "nofile", "toolarge", "busy", "exchange", "nocounts",
}

// problemPage explains one type of problem, in both languages.
func (s *server) problemPage(w http.ResponseWriter, r *http.Request) {
	c := &call{r: r, lang: langOf(r)}
	code := r.PathValue("code")
	for _, known := range problemCodes {
		if known == code {
			title := func(l locale.Lang) string { return locale.For(l).T("api.problem." + code + ".title") }
			about := func(l locale.Lang) string { return locale.For(l).T("api.problem." + code + ".about") }
			s.write(w, c, &answer{body: struct {
				Type  string       `json:"type"`
				Title entente.Text `json:"title"`
				About entente.Text `json:"about"`
			}{"/api/problems/" + code, entente.Text{ES: title(locale.ES), EN: title(locale.EN)}, entente.Text{ES: about(locale.ES), EN: about(locale.EN)}}})
			return
		}
	}
	s.refuse(w, c, notFound())
}

// notRouted answers what no route takes: another method, or no such place.
func (s *server) notRouted(w http.ResponseWriter, r *http.Request) {
	c := &call{r: r, lang: langOf(r)}
	var allow []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := s.mux.Handler(other); pattern != "/" && method != r.Method {
			allow = append(allow, method)
		}
	}
	if len(allow) > 0 {
		w.Header().Set("Allow", strings.Join(allow, ", "))
		s.refuse(w, c, problem(http.StatusMethodNotAllowed, "method", "Methods", strings.Join(allow, ", ")))
		return
	}
	s.refuse(w, c, notFound())
}

func (s *server) tooMany(w http.ResponseWriter, r *http.Request, seconds int) {
	p := problem(http.StatusTooManyRequests, "toomany", "Seconds", itoa(seconds))
	p.retry = seconds
	s.refuse(w, &call{r: r, lang: langOf(r)}, p)
}
