package api

import (
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"entente"
	"entente/test/parties"
)

// large is a file of the test: many times what the interface may hold of it.
const large = 192 << 20

// room is what the interface may hold of a large file, in bytes: buffers of the
// ciphers and of the connection.
const room = 48 << 20

// counted yields n bytes and watches the memory as they are read.
type counted struct {
	left, n int64
	most    uint64
}

// Read implements [io.Reader].
func (c *counted) Read(b []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(b)), c.left)
	for i := range b[:n] {
		b[i] = byte(c.n + int64(i))
	}
	c.left -= n
	c.watch(n)
	return int(n), nil
}

func (c *counted) watch(n int64) {
	if before := c.n >> 24; (c.n+n)>>24 != before { // each 16 MiB
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		c.most = max(c.most, m.HeapAlloc)
	}
	c.n += n
}

// sink counts what is written to it and keeps nothing.
type sink struct {
	counted
	header http.Header
	status int
}

func (s *sink) Header() http.Header    { return s.header }
func (s *sink) WriteHeader(status int) { s.status = status }

// Write implements [io.Writer].
func (s *sink) Write(b []byte) (int, error) {
	s.watch(int64(len(b)))
	return len(b), nil
}

// TestALargeFileIsNotHeld uploads and downloads a file many times as large as what
// the process may take for it.
func TestALargeFileIsNotHeld(t *testing.T) {
	w := parties.Quiet(t)
	mx := exchangeDesk(t, w.MX)
	id := mx.compose("sspc-first", entente.TypeRelease, example(t, exampleRelease(entente.MX, entente.US, "SSPC", "CBP")), "An invented release.")
	at := exchangePath + "drafts/" + id + "/files/large.bin"
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before := m.HeapAlloc

	body := &counted{left: large}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPut, at, body)
	r.Header.Set("User", "sspc-first")
	rec := httptest.NewRecorder()
	mx.handler.ServeHTTP(rec, r)
	file := as[FileAnswer](mx, 201, rec)
	if file.File.Size != large || body.most > before+room {
		t.Errorf("uploaded %d bytes with up to %d MiB more than before", file.File.Size, (body.most-before)>>20)
	}

	out := &sink{header: http.Header{}}
	get := httptest.NewRequestWithContext(t.Context(), http.MethodGet, at, nil)
	get.Header.Set("User", "sspc-second")
	mx.handler.ServeHTTP(out, get)
	if out.n != large || out.most > before+room {
		t.Errorf("downloaded %d bytes with up to %d MiB more than before", out.n, (out.most-before)>>20)
	}
}
