package peer

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"entente"
)

// counting is a sink that only counts.
type counting struct{ n int64 }

func (c *counting) Write(b []byte) (int, error) { c.n += int64(len(b)); return len(b), nil }
func (c *counting) Offset() int64               { return c.n }
func (c *counting) Restart() error              { c.n = 0; return nil }
func (c *counting) Commit() error               { return nil }

// impatient fetches without waiting much.
func impatient(t *testing.T, size int64, answer http.HandlerFunc) (got int64, err error) {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	into := &counting{}
	f := &fetching{client: s.Client(), url: s.URL, sealed: entente.Sealed{Size: size}, into: into,
		progress: func(int64) {}, wait: time.Millisecond, idle: 100 * time.Millisecond}
	err = f.run(t.Context())
	return into.n, err
}

func TestAFetchEndsAfterSomeFailures(t *testing.T) {
	asked := 0
	_, err := impatient(t, 10, func(w http.ResponseWriter, _ *http.Request) {
		asked++
		http.Error(w, "not now", http.StatusServiceUnavailable)
	})
	if err == nil || !strings.Contains(err.Error(), "503") || asked != maxFailures+1 {
		t.Errorf("%v after %d requests", err, asked)
	}
}

// TestASilentNodeIsGivenUp: a connection over which nothing comes is not waited for,
// and the next goes on from there.
func TestASilentNodeIsGivenUp(t *testing.T) {
	n := 0
	got, err := impatient(t, 30, func(w http.ResponseWriter, r *http.Request) {
		n++
		w.Header().Set("ETag", etag(entente.Digest{}))
		if n < 3 {
			if n == 2 {
				w.Header().Set("Content-Range", "bytes 10-29/30")
				w.WriteHeader(http.StatusPartialContent)
			}
			_, _ = w.Write(make([]byte, 10))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			return
		}
		w.Header().Set("Content-Range", "bytes 20-29/30")
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(make([]byte, 10))
	})
	if err != nil || got != 30 || n != 3 {
		t.Errorf("%d bytes after %d requests: %v", got, n, err)
	}
}
