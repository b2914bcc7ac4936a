package peer

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"entente"
	"entente/internal/merkle"
)

// Reader reads the logs to serve, as C2SP tlog-tiles bytes.
type Reader interface {
	Checkpoint(ctx context.Context, origin string) ([]byte, error)
	Tile(ctx context.Context, origin string, level int, index uint64, width int) ([]byte, error)
	EntryBundle(ctx context.Context, origin string, index uint64, width int) ([]byte, error)
}

// NewestReader is a [Reader] that also knows the largest signed checkpoint that a
// followed log has shown, which may be ahead of what is mirrored of it. It is served
// as <origin>/newest, for a writer that was restored from a backup.
type NewestReader interface {
	Newest(ctx context.Context, origin string) ([]byte, error)
}

// Access says to whom a log is open in a request.
type Access int

// The degrees of access.
const (
	Closed  Access = iota // as if it did not exist
	Private               // to this caller: shared caches must not keep it
	Open                  // to anyone
)

// LogServer serves logs as C2SP tlog-tiles below /<origin>/: checkpoint,
// tile/<L>/<N>[.p/<W>] and tile/entries/<N>[.p/<W>]. It is mounted behind
// [http.StripPrefix].
type LogServer struct {
	Reader Reader
	// NotFound is what Reader's errors wrap when there is no such log, tile or
	// bundle; [fs.ErrNotExist] means the same.
	NotFound error
	// Access says who may read what. National logs are closed whatever it says.
	Access func(r *http.Request, origin string) Access
	Logger *slog.Logger // default slog.Default()
}

// LogHandler serves the logs of the origins to anyone; any other is not found.
// notFound is as in [LogServer].
func LogHandler(reader Reader, notFound error, origins ...string) http.Handler {
	open := map[string]Access{}
	for _, o := range origins {
		open[o] = Open
	}
	return &LogServer{Reader: reader, NotFound: notFound,
		Access: func(_ *http.Request, origin string) Access { return open[origin] }}
}

const (
	// Tiles never change; a year is what caches take for ever.
	cacheTile = "max-age=31536000, immutable"
	// A checkpoint is asked for again every time, cheaply by its ETag.
	cacheCheckpoint = "no-cache"
	// Bundles below this size are not worth compressing.
	minGzip = 1400
)

// ServeHTTP implements [http.Handler].
func (s *LogServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	origin, resource, ok := splitLogPath(r.URL.Path)
	if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.NotFound(w, r)
		return
	}
	access := s.Access(r, origin)
	if audience, known := entente.OriginAudience(origin); access == Closed || !known || audience == entente.National {
		http.NotFound(w, r)
		return
	}
	body, cache, media, err := s.read(r.Context(), origin, resource)
	if err != nil {
		s.fail(w, r, origin, err)
		return
	}
	h := w.Header()
	if access == Open {
		h.Set("Access-Control-Allow-Origin", "*") // a page elsewhere may verify the log
		h.Set("Cache-Control", "public, "+cache)
	} else {
		h.Set("Cache-Control", "private, "+cache)
	}
	h.Set("Content-Type", media)
	h.Set("X-Content-Type-Options", "nosniff")
	send(w, r, body, resource)
}

// splitLogPath splits /<origin>/checkpoint, /<origin>/newest or /<origin>/tile/...
func splitLogPath(path string) (origin, resource string, ok bool) {
	path = strings.TrimPrefix(path, "/")
	for _, resource := range []string{"checkpoint", "newest"} {
		if origin, ok = strings.CutSuffix(path, "/"+resource); ok {
			return origin, resource, true
		}
	}
	origin, rest, ok := strings.Cut(path, "/tile/")
	return origin, "tile/" + rest, ok
}

func (s *LogServer) read(ctx context.Context, origin, resource string) (body []byte, cache, media string, err error) {
	if resource == "checkpoint" || resource == "newest" {
		body, err = s.readSigned(ctx, origin, resource)
		if err == nil && len(body) == 0 {
			err = fs.ErrNotExist
		}
		return body, cacheCheckpoint, "text/plain; charset=utf-8", err
	}
	id, err := merkle.ParseTilePath(resource)
	if err != nil {
		return nil, "", "", fs.ErrNotExist
	}
	if id.Level == merkle.Entries {
		body, err = s.Reader.EntryBundle(ctx, origin, id.Index, id.Width)
	} else {
		body, err = s.Reader.Tile(ctx, origin, id.Level, id.Index, id.Width)
	}
	return body, cacheTile, "application/octet-stream", err
}

func (s *LogServer) readSigned(ctx context.Context, origin, resource string) ([]byte, error) {
	if resource == "checkpoint" {
		return s.Reader.Checkpoint(ctx, origin)
	}
	if r, ok := s.Reader.(NewestReader); ok {
		return r.Newest(ctx, origin)
	}
	return nil, fs.ErrNotExist
}

func (s *LogServer) fail(w http.ResponseWriter, r *http.Request, origin string, err error) {
	if errors.Is(err, fs.ErrNotExist) || s.NotFound != nil && errors.Is(err, s.NotFound) {
		http.NotFound(w, r)
		return
	}
	if r.Context().Err() != nil {
		return // the caller has gone
	}
	logger := s.Logger
	if logger == nil {
		logger = slog.Default()
	}
	logger.Error("serving a log failed", "origin", origin, "path", r.URL.Path, "error", err)
	http.Error(w, "the log cannot be read now", http.StatusInternalServerError)
}

var gzips = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is a valid one
	return z
}}

// send writes the body: checkpoints with an ETag, entry bundles compressed for
// who accepts it (tlog-tiles, "Log entries"), anything with its length.
func send(w http.ResponseWriter, r *http.Request, body []byte, resource string) {
	h := w.Header()
	if resource == "checkpoint" {
		etag := fmt.Sprintf("%q", entente.DigestOf(body).String()[:32])
		h.Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	if strings.HasPrefix(resource, "tile/entries/") {
		h.Set("Vary", "Accept-Encoding")
		if len(body) >= minGzip && acceptsGzip(r) {
			h.Set("Content-Encoding", "gzip")
			if r.Method == http.MethodHead {
				return
			}
			z := gzips.Get().(*gzip.Writer)
			defer gzips.Put(z)
			z.Reset(w)
			if _, err := z.Write(body); err == nil {
				_ = z.Close() // a failure is the connection's, which is gone
			}
			return
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}

func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(coding, "gzip") {
			return strings.TrimSpace(q) != "q=0"
		}
	}
	return false
}
