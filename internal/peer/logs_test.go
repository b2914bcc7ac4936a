package peer_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/tlog"

	"entente/internal/merkle"
	"entente/internal/peer"
	"entente/test/testlog"
)

func ask(h http.Handler, method, path string, header ...string) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, res *http.Response) []byte {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestServesTlogTiles(t *testing.T) {
	l := testlog.New(mxPublic).Grow(700)
	h := peer.LogHandler(newReader(l), errNotFound, mxPublic)
	ctx := t.Context()
	for path, c := range map[string]struct {
		want  func() ([]byte, error)
		media string
		cache string
	}{
		"checkpoint":             {func() ([]byte, error) { return l.At(700), nil }, "text/plain; charset=utf-8", "public, no-cache"},
		"tile/0/000":             {func() ([]byte, error) { return l.Tile(ctx, 0, 0, 256) }, "application/octet-stream", "public, max-age=31536000, immutable"},
		"tile/0/002.p/188":       {func() ([]byte, error) { return l.Tile(ctx, 0, 2, 188) }, "application/octet-stream", "public, max-age=31536000, immutable"},
		"tile/1/000.p/2":         {func() ([]byte, error) { return l.Tile(ctx, 1, 0, 2) }, "application/octet-stream", "public, max-age=31536000, immutable"},
		"tile/entries/001":       {func() ([]byte, error) { return l.Bundle(ctx, 1, 256) }, "application/octet-stream", "public, max-age=31536000, immutable"},
		"tile/entries/002.p/188": {func() ([]byte, error) { return l.Bundle(ctx, 2, 188) }, "application/octet-stream", "public, max-age=31536000, immutable"},
	} {
		res := ask(h, http.MethodGet, "/"+mxPublic+"/"+path)
		want, err := c.want()
		if err != nil {
			t.Fatal(err)
		}
		if got := body(t, res); res.StatusCode != http.StatusOK || !bytes.Equal(got, want) {
			t.Errorf("%s: %s with %d bytes, want %d", path, res.Status, len(got), len(want))
		}
		if got := res.Header.Get("Content-Type"); got != c.media {
			t.Errorf("%s: content type %q", path, got)
		}
		if got := res.Header.Get("Cache-Control"); got != c.cache {
			t.Errorf("%s: cache control %q", path, got)
		}
		head := ask(h, http.MethodHead, "/"+mxPublic+"/"+path)
		if head.StatusCode != http.StatusOK || len(body(t, head)) != 0 || head.Header.Get("Content-Length") != fmt.Sprint(len(want)) {
			t.Errorf("%s: HEAD gives %s, %v", path, head.Status, head.Header)
		}
	}
	res := ask(h, http.MethodGet, "/"+mxPublic+"/tile/entries/000", "Accept-Encoding", "br, gzip;q=0.5")
	z, err := gzip.NewReader(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	want, err := l.Bundle(ctx, 0, 256)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, want) {
		t.Errorf("a compressed bundle differs: %v", err)
	}
	if res := ask(h, http.MethodGet, "/"+mxPublic+"/tile/entries/000", "Accept-Encoding", "gzip;q=0"); res.Header.Get("Content-Encoding") != "" {
		t.Error("a bundle is compressed for who does not take it")
	}
	etag := ask(h, http.MethodGet, "/"+mxPublic+"/checkpoint").Header.Get("ETag")
	if res := ask(h, http.MethodGet, "/"+mxPublic+"/checkpoint", "If-None-Match", etag); res.StatusCode != http.StatusNotModified {
		t.Errorf("an unchanged checkpoint is answered %s", res.Status)
	}
}

// TestWhatMayNotBeReadDoesNotExist holds the answers to forbidden and unknown
// requests against each other, byte for byte.
func TestWhatMayNotBeReadDoesNotExist(t *testing.T) {
	r := newReader(testlog.New(mxPublic).Grow(3), testlog.New(mxShared).Grow(3), testlog.New(mxInner).Grow(3))
	h := peer.LogHandler(r, errNotFound, mxPublic, mxInner) // even if told to serve the national log
	var first string
	for _, req := range []string{
		"GET /unknown.entente/public/checkpoint", "GET /" + mxShared + "/checkpoint", "GET /" + mxInner + "/checkpoint",
		"GET /" + mxShared + "/tile/0/000.p/3", "GET /" + mxInner + "/tile/entries/000.p/3", "GET /" + mxPublic + "/tile/0/001",
		"GET /" + mxPublic + "/tile/0/000.p/4", "GET /" + mxPublic + "/tile/entries/000.p/4", "GET /" + mxPublic + "/tile/0/../0/000",
		"GET /" + mxPublic, "GET /" + mxPublic + "/", "GET /" + mxPublic + "/tile/", "GET /" + mxPublic + "/checkpoint/", "GET /",
		"POST /" + mxPublic + "/checkpoint", "DELETE /" + mxShared + "/checkpoint", "GET //checkpoint", "GET /checkpoint",
	} {
		method, path, _ := strings.Cut(req, " ")
		res := ask(h, method, path)
		got := fmt.Sprintf("%d %v %q", res.StatusCode, sorted(res.Header), body(t, res))
		if first == "" {
			first = got
		}
		if got != first || res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s\nothers:  %s", req, got, first)
		}
	}
}

func sorted(h http.Header) []string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(h)) {
		out = append(out, fmt.Sprint(k, h[k]))
	}
	return out
}

func TestPeersReadSharedLogsPrivately(t *testing.T) {
	n := newNode(t, testlog.New(mxShared).Grow(3), testlog.New(mxInner).Grow(3), testlog.New(usShared).Grow(2))
	c := n.client(t, n.us)
	for path, want := range map[string]int{
		peer.LogPath + mxShared + "/checkpoint":                    200,
		peer.LogPath + mxShared + "/tile/entries/000.p/3":          200,
		peer.LogPath + mxInner + "/checkpoint":                     404,
		peer.LogPath + usShared + "/checkpoint":                    404, // not this node's own
		peer.MirrorPath + usShared + "/checkpoint":                 200,
		peer.MirrorPath + usShared + "/tile/0/000.p/2":             200,
		peer.MirrorPath + mxShared + "/checkpoint":                 404,
		peer.MirrorPath + "demo.xx.entente/shared" + "/checkpoint": 404,
		"/": 404,
	} {
		res, err := c.Get(n.url + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %s, want %d", path, res.Status, want)
		}
		if want == 200 && !strings.HasPrefix(res.Header.Get("Cache-Control"), "private") {
			t.Errorf("%s: cache control %q", path, res.Header.Get("Cache-Control"))
		}
	}
}

type failing struct{ *reader }

func (failing) Checkpoint(context.Context, string) ([]byte, error) {
	return nil, errors.New("disk I/O error at /var/lib/entente")
}

func TestAFaultIsNotSpelledOut(t *testing.T) {
	h := &peer.LogServer{Reader: failing{newReader()}, Logger: quiet,
		Access: func(*http.Request, string) peer.Access { return peer.Open }}
	res := ask(h, http.MethodGet, "/"+mxPublic+"/checkpoint")
	if b := body(t, res); res.StatusCode != http.StatusInternalServerError || bytes.Contains(b, []byte("disk")) {
		t.Errorf("%s: %s", res.Status, b)
	}
}

// TestStockFsckAcceptsTheLog lets Tessera's checker read the log as anyone would.
func TestStockFsckAcceptsTheLog(t *testing.T) {
	for _, size := range []int{1, 256, 700, 70_000} {
		l := testlog.New(mxPublic).Grow(size)
		server := httptest.NewServer(http.StripPrefix("/log", peer.LogHandler(newReader(l), errNotFound, mxPublic)))
		u, err := url.Parse(server.URL + "/log/" + mxPublic + "/")
		if err != nil {
			t.Fatal(err)
		}
		fetcher, err := client.NewHTTPFetcher(u, server.Client())
		if err != nil {
			t.Fatal(err)
		}
		hasher := func(bundle []byte) ([][]byte, error) {
			var hashes [][]byte
			for width := merkle.TileWidth; width > 0; width-- {
				raws, err := merkle.ParseBundle(bundle, width)
				if err != nil {
					continue
				}
				for _, raw := range raws {
					h := tlog.RecordHash(raw)
					hashes = append(hashes, h[:])
				}
				return hashes, nil
			}
			return nil, errors.New("no bundle")
		}
		if err := fsck.New(mxPublic, l.Verifier(), fetcher, hasher, fsck.Opts{N: 2}).Check(t.Context()); err != nil {
			t.Errorf("%d entries: %v", size, err)
		}
		server.Close()
	}
}

func FuzzLogServer(f *testing.F) {
	h := peer.LogHandler(newReader(testlog.New(mxPublic).Grow(300), testlog.New(mxShared).Grow(3)), errNotFound, mxPublic)
	for _, p := range []string{mxPublic + "/checkpoint", mxPublic + "/tile/0/000", mxShared + "/checkpoint", mxPublic + "/tile/entries/001.p/44"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, path string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Path = "/" + path
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code == http.StatusOK && !strings.HasPrefix(path, mxPublic+"/") || w.Code >= 500 {
			t.Errorf("%q is answered %d", path, w.Code)
		}
	})
}
