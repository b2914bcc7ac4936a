package taxii

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

// fault is what an error message says (section 3.6.1). Its code names the messages
// taxii.error.<code>.title and .text.
type fault struct {
	status int
	code   string
	args   []any
	retry  int // seconds to wait, where that mends it
}

// Error returns the code.
func (f *fault) Error() string { return "taxii: " + f.code }

func problem(status int, code string, args ...any) *fault {
	return &fault{status: status, code: code, args: args}
}

// notFound is the one answer for what does not exist and for what the account may
// not know of.
func notFound() *fault { return problem(http.StatusNotFound, "notfound") }

// codes are the faults there are, for the test of their messages.
var codes = []string{
	"signin", "wait", "accept", "method", "notfound", "read", "write", "delete", "query", "cursor", "type", "length", "body", "empty", "busy", "internal",
}

// refuse answers with an error message. What is the node's own fault is told in
// general words, with a number that finds it in the log.
func (s *Server) refuse(c *call, err error) {
	var f *fault
	var id string
	if !errors.As(err, &f) {
		if c.Context().Err() != nil {
			f = problem(http.StatusServiceUnavailable, "busy")
		} else {
			id = newID()
			s.o.Log.Error("taxii", "error", err, "id", id)
			f = problem(http.StatusInternalServerError, "internal")
		}
	}
	h := c.w.Header()
	if f.status == http.StatusUnauthorized {
		h.Add("WWW-Authenticate", `Basic realm="TAXII", charset="UTF-8"`)
		h.Add("WWW-Authenticate", `Bearer realm="TAXII"`)
	}
	if f.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(f.retry))
	}
	b, err := json.Marshal(errorMessage{
		Title: c.l.T("taxii.error." + f.code + ".title"), Description: c.l.T("taxii.error."+f.code+".text", f.args...),
		ErrorID: id, ErrorCode: f.code, HTTPStatus: strconv.Itoa(f.status),
	})
	if err != nil {
		http.Error(c.w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	writeRaw(c, f.status, b)
}
