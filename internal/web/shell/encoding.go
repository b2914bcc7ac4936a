package shell

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

// Brotli qualities (0..11): files are compressed once in the life of a process, pages once a frontier.
const (
	assetQuality = 9
	pageQuality  = 5
)

// compressFrom is the size in bytes below which compression is not worth its header.
const compressFrom = 1024

// encoded is one body and its compressed forms, each made when first asked for.
type encoded struct {
	plain    []byte
	quality  int
	brOnce   sync.Once
	gzipOnce sync.Once
	br, gz   []byte
}

// form returns the bytes for a content coding of [negotiate]; the plain ones where compressing gains nothing.
func (e *encoded) form(coding string) ([]byte, string) {
	if len(e.plain) < compressFrom {
		return e.plain, ""
	}
	switch coding {
	case "br":
		e.brOnce.Do(func() { e.br = compress(e.plain, brotliWriter(e.quality)) })
		return e.br, coding
	case "gzip":
		e.gzipOnce.Do(func() { e.gz = compress(e.plain, gzipWriter) })
		return e.gz, coding
	default:
		return e.plain, ""
	}
}

// write sends the form that the client accepts. The caller has set Content-Type and caching.
func (e *encoded) write(w http.ResponseWriter, r *http.Request, status int) {
	body, coding := e.form(negotiate(r.Header.Get("Accept-Encoding")))
	h := w.Header()
	h.Add("Vary", "Accept-Encoding")
	if coding != "" {
		h.Set("Content-Encoding", coding)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client is gone: nobody is left to tell
	}
}

// negotiate picks "br", "gzip" or "" from an Accept-Encoding header (RFC 9110 §12.5.3); a coding with q=0 is refused.
func negotiate(header string) string {
	best := ""
	for part := range strings.SplitSeq(header, ",") {
		coding, params, _ := strings.Cut(part, ";")
		coding = strings.ToLower(strings.TrimSpace(coding))
		if q, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			if weight, err := strconv.ParseFloat(q, 64); err != nil || weight <= 0 {
				continue
			}
		}
		switch {
		case coding == "br":
			return "br"
		case coding == "gzip":
			best = "gzip"
		}
	}
	return best
}

func brotliWriter(quality int) func(io.Writer) io.WriteCloser {
	return func(w io.Writer) io.WriteCloser { return brotli.NewWriterLevel(w, quality) }
}

func gzipWriter(w io.Writer) io.WriteCloser {
	return gzip.NewWriter(w)
}

// compress writes into memory, which cannot fail.
func compress(plain []byte, open func(io.Writer) io.WriteCloser) []byte {
	var out bytes.Buffer
	w := open(&out)
	_, _ = w.Write(plain)
	_ = w.Close()
	return out.Bytes()
}
