package peer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"entente"
	"entente/internal/peer"
	"entente/test/testlog"
)

// payloads are payloads in memory, by digest, and whose they are.
type payloads struct {
	mu  sync.Mutex
	of  map[entente.Digest]string // digest → writer
	has map[entente.Digest][]byte
	err error
}

func (p *payloads) put(writer string, content []byte) entente.Sealed {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of == nil {
		p.of, p.has = map[entente.Digest]string{}, map[entente.Digest][]byte{}
	}
	d := entente.DigestOf(content)
	p.of[d], p.has[d] = writer, content
	return entente.Sealed{Digest: d, Size: int64(len(content))}
}

func (p *payloads) drop(d entente.Digest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.of, d)
}

func (p *payloads) Payload(_ context.Context, writer string, d entente.Digest) (io.ReadSeekCloser, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w, ok := p.of[d]; !ok || w != writer {
		return nil, peer.ErrNoPayload
	}
	if p.err != nil {
		return nil, p.err
	}
	return seekCloser{bytes.NewReader(p.has[d])}, nil
}

type seekCloser struct{ *bytes.Reader }

func (seekCloser) Close() error { return nil }

var errDigest = errors.New("another digest")

// sink takes a payload in memory.
type sink struct {
	want entente.Sealed
	got  []byte
	done bool
	full int64 // fails when it has so much; 0 never
}

func (s *sink) Offset() int64  { return int64(len(s.got)) }
func (s *sink) Restart() error { s.got = nil; return nil }

func (s *sink) Write(b []byte) (int, error) {
	if s.full > 0 && int64(len(s.got)+len(b)) > s.full {
		return 0, io.ErrShortWrite
	}
	s.got = append(s.got, b...)
	return len(b), nil
}

func (s *sink) Commit() error {
	if entente.DigestOf(s.got) != s.want.Digest {
		s.got = nil
		return errDigest
	}
	s.done = true
	return nil
}

func random(size int) []byte {
	b := make([]byte, size)
	r := rand.NewChaCha8([32]byte{byte(size)})
	_, _ = r.Read(b)
	return b
}

func TestAPayloadIsFetched(t *testing.T) {
	n := newNode(t)
	for _, size := range []int{1, 1000, 3 << 20} {
		s := n.payloads.put("US", random(size))
		into := &sink{want: s}
		var told int64
		err := peer.FetchPayload(t.Context(), n.client(t, n.us), n.url, s, into, func(done int64) { told = done })
		if err != nil || !into.done || told != s.Size {
			t.Errorf("%d bytes: %v, told of %d", size, err, told)
		}
	}
}

// TestWhatIsNotForTheCallerIsNotThere: one answer for what does not exist, what is
// another's, what is no digest, and any other path.
func TestWhatIsNotForTheCallerIsNotThere(t *testing.T) {
	n := newNode(t, testlog.New(mxShared).Grow(1))
	others := n.payloads.put("CA", random(1000))
	own := n.payloads.put("US", random(2000))
	c := n.client(t, n.us)
	answer := func(path string, header ...string) string {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		res, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		res.Header.Del("Date")
		return fmt.Sprintln(res.Status, res.Header, string(body))
	}
	want := answer("/no/such/path")
	if !strings.HasPrefix(want, "404") {
		t.Fatal(want)
	}
	paths := []string{
		peer.PayloadPath + others.Digest.String(), peer.PayloadPath + entente.Digest{}.String(), peer.PayloadPath, peer.PayloadPath + "x",
		peer.PayloadPath + strings.ToUpper(own.Digest.String()), peer.PayloadPath + own.Digest.String() + "/x",
	}
	for _, p := range paths {
		if got := answer(p); got != want {
			t.Errorf("%s: %s, want %s", p, got, want)
		}
		if got := answer(p, "Range", "bytes=10-", "If-Range", `"x"`); got != want {
			t.Errorf("%s, a range: %s, want %s", p, got, want)
		}
	}
	n.pins.set(n.usPin, "") // a revoked key is a stranger's
	if got := answer(peer.PayloadPath + own.Digest.String()); !strings.HasPrefix(got, "404") {
		t.Errorf("a stranger: %s", got)
	}
}

func TestRangesOfAPayload(t *testing.T) {
	n := newNode(t)
	content := random(5000)
	s := n.payloads.put("US", content)
	c := n.client(t, n.us)
	for _, r := range []struct {
		ask, ifRange string
		code         int
		want         []byte
	}{
		{"", "", http.StatusOK, content},
		{"bytes=1000-", `"` + s.Digest.String() + `"`, http.StatusPartialContent, content[1000:]},
		{"bytes=10-19", "", http.StatusPartialContent, content[10:20]},
		{"bytes=1000-", `"other"`, http.StatusOK, content},
		{"bytes=5000-", "", http.StatusRequestedRangeNotSatisfiable, nil},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.url+peer.PayloadPath+s.Digest.String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.ask != "" {
			req.Header.Set("Range", r.ask)
		}
		if r.ifRange != "" {
			req.Header.Set("If-Range", r.ifRange)
		}
		res, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != r.code || r.want != nil && !bytes.Equal(got, r.want) {
			t.Errorf("%q, if %q: %d with %d bytes, %v", r.ask, r.ifRange, res.StatusCode, len(got), err)
		}
		if cache := res.Header.Get("Cache-Control"); r.want != nil && cache != "private, no-store" {
			t.Errorf("%q: Cache-Control %q", r.ask, cache)
		}
	}
}

// rogue answers requests for a payload as a test wants it.
type rogue struct {
	*httptest.Server
	requests int
	ranges   []string
}

func newRogue(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) *rogue {
	t.Helper()
	g := &rogue{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.requests++
		g.ranges = append(g.ranges, r.Header.Get("Range"))
		answer(g.requests, w, r)
	}))
	t.Cleanup(g.Close)
	return g
}

// send answers a request for content as a sound node does, and cuts the connection
// after some bytes (-1 for never).
func send(w http.ResponseWriter, r *http.Request, content []byte, cut int) {
	from := 0
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(content)-1, len(content)))
	}
	w.Header().Set("ETag", `"`+entente.DigestOf(content).String()+`"`)
	w.Header().Set("Content-Length", strconv.Itoa(len(content)-from))
	if from > 0 {
		w.WriteHeader(http.StatusPartialContent)
	}
	rest := content[from:]
	if cut < 0 || cut >= len(rest) {
		_, _ = w.Write(rest)
		return
	}
	_, _ = w.Write(rest[:cut])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func fetch(t *testing.T, g *rogue, s entente.Sealed, into *sink) error {
	t.Helper()
	return peer.FetchPayload(t.Context(), g.Client(), g.URL, s, into, nil)
}

func sealedOf(b []byte) entente.Sealed {
	return entente.Sealed{Digest: entente.DigestOf(b), Size: int64(len(b))}
}

func TestAFetchGoesOnWhereItWasCut(t *testing.T) {
	content := random(400_000)
	r := rand.New(rand.NewPCG(3, 3))
	for range 5 {
		into := &sink{want: sealedOf(content), got: bytes.Clone(content[:r.IntN(100_000)])}
		g := newRogue(t, func(_ int, w http.ResponseWriter, req *http.Request) { send(w, req, content, r.IntN(150_000)) })
		if err := fetch(t, g, into.want, into); err != nil || !into.done {
			t.Fatalf("after %d requests: %v", g.requests, err)
		}
	}
}

func TestAFetchGivesUp(t *testing.T) {
	content := random(50_000)
	other := random(50_001)[:50_000]
	s := sealedOf(content)
	busy := errors.New("busy")
	for name, c := range map[string]struct {
		answer   func(n int, w http.ResponseWriter, r *http.Request)
		has      int // bytes that are there before
		want     error
		requests int
	}{
		"recalled meanwhile": {func(n int, w http.ResponseWriter, r *http.Request) {
			if n == 1 {
				send(w, r, content, 20_000)
			}
			http.NotFound(w, r)
		}, 0, peer.ErrNoPayload, 2},
		"another content": {func(_ int, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"`+s.Digest.String()+`"`)
			_, _ = w.Write(other)
		}, 0, errDigest, 1},
		"another content, twice": {func(_ int, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"`+s.Digest.String()+`"`)
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(other))
		}, 100, errDigest, 2},
		"another, and says so": {func(_ int, w http.ResponseWriter, r *http.Request) { send(w, r, other, -1) }, 0, peer.ErrOtherPayload, 1},
		"another range": {func(_ int, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"`+s.Digest.String()+`"`)
			w.Header().Set("Content-Range", "bytes 0-49999/50000")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(content)
		}, 100, peer.ErrOtherPayload, 1},
		"longer": {func(_ int, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"`+s.Digest.String()+`"`)
			_, _ = w.Write(append(bytes.Clone(content), 1))
		}, 0, peer.ErrOtherPayload, 1},
		"longer, without saying so": {func(_ int, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"`+s.Digest.String()+`"`)
			_, _ = w.Write(content)
			_ = http.NewResponseController(w).Flush()
			_, _ = w.Write(content)
		}, 0, peer.ErrOtherPayload, 1},
		"shorter": {func(_ int, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"`+s.Digest.String()+`"`)
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write(content[:100])
		}, 0, peer.ErrOtherPayload, 1},
		"elsewhere": {func(_ int, w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusForbidden) }, 0, peer.ErrOtherPayload, 1},
	} {
		t.Run(name, func(t *testing.T) {
			g := newRogue(t, c.answer)
			into := &sink{want: s, got: bytes.Clone(content[:c.has])}
			if err := fetch(t, g, s, into); !errors.Is(err, c.want) || into.done {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if g.requests != c.requests {
				t.Errorf("after %d requests (%q), want %d", g.requests, g.ranges, c.requests)
			}
		})
	}
	t.Run("the own disk is full", func(t *testing.T) {
		g := newRogue(t, func(_ int, w http.ResponseWriter, r *http.Request) { send(w, r, content, -1) })
		if err := fetch(t, g, s, &sink{want: s, full: 1000}); !errors.Is(err, io.ErrShortWrite) || g.requests != 1 {
			t.Errorf("%v after %d requests", err, g.requests)
		}
	})
	t.Run("ended by the caller", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		g := newRogue(t, func(_ int, w http.ResponseWriter, r *http.Request) {
			cancel(busy)
			w.WriteHeader(http.StatusServiceUnavailable)
		})
		err := peer.FetchPayload(ctx, g.Client(), g.URL, s, &sink{want: s}, nil)
		if !errors.Is(err, context.Canceled) || g.requests != 1 {
			t.Errorf("%v after %d requests", err, g.requests)
		}
	})
}

func TestAnEarlierBeginningThatIsWrongIsFetchedAgain(t *testing.T) {
	content := random(50_000)
	g := newRogue(t, func(_ int, w http.ResponseWriter, r *http.Request) { send(w, r, content, -1) })
	into := &sink{want: sealedOf(content), got: make([]byte, 10_000)} // as after a power cut
	if err := fetch(t, g, into.want, into); err != nil || !into.done || g.requests != 2 {
		t.Errorf("%v after %d requests", err, g.requests)
	}
	// A node that knows no ranges sends it whole.
	g = newRogue(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Range")
		send(w, r, content, -1)
	})
	into = &sink{want: sealedOf(content), got: make([]byte, 10_000)}
	if err := fetch(t, g, into.want, into); err != nil || !into.done || g.requests != 1 {
		t.Errorf("%v after %d requests", err, g.requests)
	}
}

func TestANodeThatFailsIsAskedAgain(t *testing.T) {
	n := newNode(t)
	s := n.payloads.put("US", random(1000))
	n.payloads.err = errors.New("the disk broke")
	into := &sink{want: s}
	var once sync.Once
	mended := func(next http.RoundTripper) roundTrip {
		return func(r *http.Request) (*http.Response, error) {
			res, err := next.RoundTrip(r)
			once.Do(func() {
				if err != nil || res.StatusCode != http.StatusInternalServerError {
					t.Errorf("first %v, %v", res, err)
				}
				n.payloads.mu.Lock()
				defer n.payloads.mu.Unlock()
				n.payloads.err = nil
			})
			return res, err
		}
	}
	c := *n.client(t, n.us)
	c.Transport = mended(c.Transport)
	if err := peer.FetchPayload(t.Context(), &c, n.url, s, into, nil); err != nil || !into.done {
		t.Error(err)
	}
	n.payloads.drop(s.Digest)
	if err := peer.FetchPayload(t.Context(), n.client(t, n.us), n.url, s, &sink{want: s}, nil); !errors.Is(err, peer.ErrNoPayload) {
		t.Errorf("after the recall: %v", err)
	}
	stranger, _ := identity(t)
	c2 := n.client(t, stranger)
	if err := fetchOnce(t, c2, n.url); err == nil {
		t.Error("a stranger is answered")
	}
}

// fetchOnce is a single request, without the patience of a fetch.
func fetchOnce(t *testing.T, c *http.Client, url string) error {
	t.Helper()
	res, err := c.Get(url + peer.PayloadPath + entente.Digest{}.String())
	if err == nil {
		res.Body.Close()
	}
	return err
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
