package taxii

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"entente/internal/locale"
	"entente/internal/stix"
	"entente/internal/store"
)

// statusKept is how long the status of a submission can be asked for after it was
// taken by a draft (section 4.3: at least 24 hours).
const statusKept = 30 * 24 * time.Hour

// add takes objects for release (section 5.5). Each is validated by itself; those
// that pass wait for a draft when the answer is given.
func (s *Server) add(c *call, col collection) error {
	if !col.CanWrite {
		return problem(http.StatusForbidden, "write")
	}
	if !isTAXII(c.Request.Header.Get("Content-Type")) {
		return problem(http.StatusUnsupportedMediaType, "type")
	}
	if c.ContentLength > s.o.MaxContent {
		return s.tooLong()
	}
	select {
	case s.posts <- struct{}{}:
		defer func() { <-s.posts }()
	case <-c.Context().Done():
		return c.Context().Err()
	}
	body := http.MaxBytesReader(c.w, c.Body, s.o.MaxContent)
	at := s.o.Clock().UTC()
	sub, objects, err := s.validate(c.l, body, at)
	if err != nil {
		return err
	}
	if err := s.keep(c, col, at, sub, objects); err != nil {
		return err
	}
	return write(c, http.StatusAccepted, sub)
}

func (s *Server) tooLong() error {
	return problem(http.StatusRequestEntityTooLarge, "length", "Bytes", int(s.o.MaxContent))
}

// validate reads an envelope and judges its objects. It returns the status of the
// request, and those that passed as a JSON list.
func (s *Server) validate(l *locale.Localizer, body io.Reader, at time.Time) (*statusResource, []byte, error) {
	sub := &statusResource{ID: newID(), Status: "complete", RequestTimestamp: timestamp(at)}
	var out bytes.Buffer
	out.WriteByte('[')
	seen := map[string]string{} // raw by identifier and version
	d := stix.NewDecoder(body, stix.Limits{Total: s.o.MaxContent + 1})
	for {
		o, err := d.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, s.bodyProblem(err)
		}
		sub.TotalCount++
		detail := statusDetails{ID: o.ID, Version: string(o.Version())}
		if detail.Version == "" {
			detail.Version = sub.RequestTimestamp
		}
		name := o.ID + " " + string(o.Version())
		before, twice := seen[name]
		switch {
		case twice && before == o.Raw():
		case twice:
			detail.Message = l.T("taxii.twice")
		default:
			detail.Message = judge(l, o)
		}
		if detail.Message != "" {
			sub.FailureCount++
			sub.Failures = append(sub.Failures, detail)
			continue
		}
		sub.SuccessCount++
		sub.Successes = append(sub.Successes, detail)
		if !twice {
			if seen[name] = o.Raw(); out.Len() > 1 {
				out.WriteByte(',')
			}
			out.WriteString(o.Raw())
		}
	}
	if sub.TotalCount == 0 || d.Envelope().Type != "" {
		return nil, nil, problem(http.StatusUnprocessableEntity, "empty")
	}
	out.WriteByte(']')
	return sub, out.Bytes(), nil
}

// bodyProblem says why a body is no envelope.
func (s *Server) bodyProblem(err error) error {
	var long *http.MaxBytesError
	var bad *stix.Error
	switch {
	case errors.As(err, &long):
		return s.tooLong()
	case errors.As(err, &bad):
		return problem(http.StatusUnprocessableEntity, "body", "Detail", bad.Error())
	}
	return problem(http.StatusBadRequest, "body", "Detail", "the body ended too early")
}

// maxMessage bounds how many findings a message tells.
const maxMessage = 5

// judge returns what is wrong with an object, or "".
func judge(l *locale.Localizer, o *stix.Object) string {
	var says []string
	for _, f := range stix.Validate(o) {
		if f.Severity != stix.SeverityError {
			continue
		}
		if len(says) == maxMessage {
			says = append(says, "…")
			break
		}
		says = append(says, l.T("taxii.finding", "Path", f.Path, "Message", message(l, f), "Section", f.Section))
	}
	return strings.Join(says, " ")
}

// message is a finding in the reader's language, where the catalogue has it.
func message(l *locale.Localizer, f stix.Finding) string {
	if id := "stix." + string(f.Code); l.Has(id) {
		return l.T(id, "Detail", f.Detail, "Section", f.Section)
	}
	return f.Message()
}

// keep keeps a submission for good, and tells who makes drafts.
func (s *Server) keep(c *call, col collection, at time.Time, sub *statusResource, objects []byte) error {
	ctx := c.Context()
	status, err := json.Marshal(sub)
	if err != nil {
		return err
	}
	key, err := s.o.Drafts.SubmissionKey(ctx, c.client, col.area)
	if err != nil {
		return err
	}
	err = s.o.Store.AddSubmission(ctx, key, store.Submission{
		ID: sub.ID, Client: c.client.ID, Agency: c.client.Agency, Area: col.area, At: at, Objects: sub.SuccessCount, Status: status,
	}, objects)
	if err != nil {
		return err
	}
	if sub.SuccessCount > 0 {
		s.o.Drafts.Submitted(c.client, col.area)
	}
	s.prune(ctx, at)
	return nil
}

// prune drops statuses that nobody asks for any more, once an hour.
func (s *Server) prune(ctx context.Context, now time.Time) {
	s.mu.Lock()
	due := now.Sub(s.pruned) > time.Hour
	if due {
		s.pruned = now
	}
	s.mu.Unlock()
	if due {
		if err := s.o.Store.PruneSubmissions(ctx, now.Add(-statusKept)); err != nil {
			s.o.Log.Error("taxii", "error", err)
		}
	}
}

// status answers what became of a submission (section 4.3).
func (s *Server) status(c *call, id string) error {
	status, err := s.o.Store.SubmissionStatus(c.Context(), c.client.ID, id)
	if errors.Is(err, store.ErrNotFound) {
		return notFound()
	}
	if err != nil {
		return err
	}
	writeRaw(c, http.StatusOK, status)
	return nil
}
