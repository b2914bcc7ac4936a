package peer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"entente"
)

var (
	// ErrNoPayload means that a node does not hand a payload to this caller: it has
	// none of that digest, or not for the caller, or not any more.
	ErrNoPayload = errors.New("the other node has no such payload for this one")
	// ErrOtherPayload means that what a node sends is not what was asked for: it is
	// of another size, or changed on the way.
	ErrOtherPayload = errors.New("the other node sends another payload than was asked for")
)

// Payloads are the sealed payloads that a node hands to others.
type Payloads interface {
	// Payload opens a payload for a writer's node, where that party is one that the
	// payload is to or from. Everything that the caller may not have is
	// [ErrNoPayload], whether it exists or not; other errors are of a payload that
	// it may have.
	Payload(ctx context.Context, writer string, d entente.Digest) (io.ReadSeekCloser, error)
}

// looksAgain is how often a long answer is held against the pins, and given more
// time.
const looksAgain = 10 * time.Second

// payload serves a payload, whole or in ranges (RFC 9110, section 14).
func (s *server) payload(w http.ResponseWriter, r *http.Request) {
	writer, _ := Caller(r, s.Peers)
	d, err := entente.ParseDigest(r.PathValue("digest"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	content, err := s.Payloads.Payload(r.Context(), writer, d)
	switch {
	case errors.Is(err, ErrNoPayload):
		http.NotFound(w, r)
		return
	case err != nil && r.Context().Err() != nil:
		return // the caller has gone
	case err != nil:
		s.Logger.Error("a payload cannot be served", "writer", writer, "digest", d.String(), "error", err)
		http.Error(w, "the payload cannot be read now", http.StatusInternalServerError)
		return
	}
	defer content.Close()
	h := w.Header()
	h.Set("Cache-Control", "private, no-store")
	h.Set("Content-Type", "application/octet-stream")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("ETag", etag(d))
	stays := func() bool { who, ok := Caller(r, s.Peers); return ok && who == writer }
	http.ServeContent(&patient{w, http.NewResponseController(w), time.Now(), stays}, r, "", time.Time{}, content)
}

func etag(d entente.Digest) string { return `"` + d.String() + `"` }

// patient gives an answer as long as it makes progress and its caller's key stands.
type patient struct {
	http.ResponseWriter
	c     *http.ResponseController
	last  time.Time
	stays func() bool
}

// Write implements [io.Writer].
func (p *patient) Write(b []byte) (int, error) {
	if now := time.Now(); now.Sub(p.last) > looksAgain {
		if !p.stays() {
			return 0, ErrStranger
		}
		// A transport without deadlines has no limit to extend.
		if err := p.c.SetWriteDeadline(now.Add(2 * time.Minute)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return 0, err
		}
		p.last = now
	}
	return p.ResponseWriter.Write(b)
}

// Unwrap is for [http.ResponseController].
func (p *patient) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// Sink takes a payload as it arrives; payload.Incoming is one.
type Sink interface {
	io.Writer
	// Offset is how many bytes it has.
	Offset() int64
	// Restart drops what it has.
	Restart() error
	// Commit ends it. When the content is another than it should be, its error comes
	// with an Offset of 0.
	Commit() error
}

// How a fetch that makes no progress goes on: it is tried again after waits that
// double.
const (
	maxFailures = 8
	firstWait   = 200 * time.Millisecond
	longestWait = 30 * time.Second
	// maxIdle is how long nothing may arrive before the connection is given up.
	maxIdle = time.Minute
)

// FetchPayload fetches a payload from the node at base, through a client under
// [ClientTLS], and commits it. It begins where into ends, and after a cut connection
// goes on from there. progress, when there is one, is told how many bytes are here.
// Errors: [ErrNoPayload], [ErrOtherPayload]; those of into; and what kept the node
// from being reached, after some tries.
func FetchPayload(ctx context.Context, client *http.Client, base string, s entente.Sealed, into Sink, progress func(done int64)) error {
	f := &fetching{
		client: client, url: strings.TrimSuffix(base, "/") + PayloadPath + s.Digest.String(),
		sealed: s, into: into, progress: progress, wait: firstWait, idle: maxIdle,
	}
	if f.progress == nil {
		f.progress = func(int64) {}
	}
	return f.run(ctx)
}

type fetching struct {
	client     *http.Client
	url        string
	sealed     entente.Sealed
	into       Sink
	progress   func(int64)
	wait, idle time.Duration
	requests   int
}

func (f *fetching) run(ctx context.Context) error {
	resumed := f.into.Offset() > 0
	if err := f.fetch(ctx); err != nil {
		return err
	}
	err := f.into.Commit()
	if err == nil || !resumed && f.requests < 2 || f.into.Offset() > 0 {
		return err
	}
	// It was put together of several answers: what came first may have been lost
	// from the disk, or mended at the other node since.
	if err := f.fetch(ctx); err != nil {
		return err
	}
	return f.into.Commit()
}

// fetch fetches what is missing.
func (f *fetching) fetch(ctx context.Context) error {
	wait := f.wait
	for failures := 0; f.into.Offset() < f.sealed.Size; {
		before := f.into.Offset()
		err := f.once(ctx)
		var again *againError
		switch {
		case err == nil:
			continue
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.As(err, &again):
			return err
		case f.into.Offset() > before:
			failures, wait = 0, f.wait
		}
		if failures++; failures > maxFailures {
			return again.error
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait/2 + rand.N(wait)):
			wait = min(2*wait, longestWait)
		}
	}
	return nil
}

// againError is a failure that another try may mend.
type againError struct{ error }

// Unwrap returns what failed.
func (e *againError) Unwrap() error { return e.error }

// once makes one request for what is missing and takes its answer.
func (f *fetching) once(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watch := time.AfterFunc(f.idle, cancel)
	defer watch.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, nil)
	if err != nil {
		return err
	}
	from := f.into.Offset()
	req.Header.Set("Accept-Encoding", "identity")
	if from > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
		req.Header.Set("If-Range", etag(f.sealed.Digest))
	}
	f.requests++
	res, err := f.client.Do(req)
	if err != nil {
		if errors.Is(err, ErrStranger) {
			return err
		}
		return &againError{err}
	}
	defer res.Body.Close()
	if from, err = f.accept(res, from); err != nil {
		return err
	}
	return f.take(res.Body, from, func() { watch.Reset(f.idle) })
}

// accept holds an answer against what was asked for and returns where it begins.
func (f *fetching) accept(res *http.Response, from int64) (int64, error) {
	switch {
	case res.StatusCode == http.StatusNotFound:
		return 0, ErrNoPayload
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500:
		return 0, &againError{fmt.Errorf("the peer answered %s", res.Status)}
	case res.StatusCode != http.StatusOK && res.StatusCode != http.StatusPartialContent:
		return 0, fmt.Errorf("%w: it answered %s", ErrOtherPayload, res.Status)
	case res.Header.Get("ETag") != etag(f.sealed.Digest) || res.Header.Get("Content-Encoding") != "":
		return 0, fmt.Errorf("%w: it says so itself", ErrOtherPayload)
	}
	if res.StatusCode == http.StatusPartialContent {
		want := fmt.Sprintf("bytes %d-%d/%d", from, f.sealed.Size-1, f.sealed.Size)
		if got := res.Header.Get("Content-Range"); got != want {
			return 0, fmt.Errorf("%w: it has %q, not %q", ErrOtherPayload, got, want)
		}
	} else if from > 0 { // it knows no ranges
		if err := f.into.Restart(); err != nil {
			return 0, err
		}
		from = 0
	}
	if res.ContentLength >= 0 && res.ContentLength != f.sealed.Size-from {
		return 0, fmt.Errorf("%w: it has %d bytes of %s", ErrOtherPayload, res.ContentLength, strconv.FormatInt(f.sealed.Size-from, 10))
	}
	return from, nil
}

// take takes what is missing, and no more. Its errors of reading can be mended,
// those of writing not.
func (f *fetching) take(body io.Reader, at int64, alive func()) error {
	buf := make([]byte, min(256<<10, f.sealed.Size-at+1))
	for at < f.sealed.Size {
		n, err := body.Read(buf[:min(int64(len(buf)), f.sealed.Size-at)])
		alive()
		if n > 0 {
			if _, err := f.into.Write(buf[:n]); err != nil {
				return err
			}
			at += int64(n)
			f.progress(at)
		}
		if err != nil && at < f.sealed.Size {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return &againError{err}
		}
	}
	if n, _ := io.ReadFull(body, buf[:1]); n > 0 {
		return fmt.Errorf("%w: it has more than %d bytes", ErrOtherPayload, f.sealed.Size)
	}
	return nil
}
