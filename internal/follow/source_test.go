package follow_test

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entente/internal/follow"
	"entente/internal/merkle"
	"entente/test/testlog"
)

// serve answers for a log below /log/ as tlog-tiles says.
func serve(l *testlog.Log) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /log/checkpoint", func(w http.ResponseWriter, r *http.Request) {
		w.Write(l.At(l.Size()))
	})
	mux.HandleFunc("GET /log/tile/", func(w http.ResponseWriter, r *http.Request) {
		id, err := merkle.ParseTilePath(strings.TrimPrefix(r.URL.Path, "/log/"))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		b, err := read(r.Context(), l, id)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Write(b)
	})
	return mux
}

func read(ctx context.Context, s follow.Source, id merkle.TileID) ([]byte, error) {
	if id.Level == merkle.Entries {
		return s.Bundle(ctx, id.Index, id.Width)
	}
	return s.Tile(ctx, id.Level, id.Index, id.Width)
}

func httpSource(t testing.TB, h http.Handler) *follow.HTTPSource {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	s, err := follow.NewHTTPSource(server.URL+"/log", server.Client())
	if err != nil {
		t.Fatal(err)
	}
	s.Backoff = time.Millisecond
	return s
}

func TestFollowsOverHTTP(t *testing.T) {
	l := testlog.New(origin).Grow(1300)
	k := newKeeper(t, l)
	var asked sync.Map
	h := serve(l)
	f := follower(k, httpSource(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, before := asked.LoadOrStore(r.URL.Path, true); !before { // every resource fails once
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		h.ServeHTTP(w, r)
	})))
	once(t, f)
	k.holds(l, 1300)
	l.Grow(3)
	once(t, f)
	k.holds(l, 1303)
}

func TestHTTPFailures(t *testing.T) {
	var asked atomic.Int32
	answer := func(f http.HandlerFunc) func() error {
		return func() error {
			asked.Store(0)
			s := httpSource(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				f(w, r)
			}))
			s.Timeout = 50 * time.Millisecond
			_, err := s.Checkpoint(t.Context())
			return err
		}
	}
	for name, c := range map[string]struct {
		ask   func() error
		tries int32
		is    error
	}{
		"not found": {answer(http.NotFound), 1, fs.ErrNotExist},
		"forbidden": {answer(func(w http.ResponseWriter, r *http.Request) { http.Error(w, "", http.StatusForbidden) }), 1, nil},
		"redirect":  {answer(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }), 1, nil},
		"failing":   {answer(func(w http.ResponseWriter, r *http.Request) { http.Error(w, "", http.StatusBadGateway) }), 4, nil},
		"too busy":  {answer(func(w http.ResponseWriter, r *http.Request) { http.Error(w, "", http.StatusTooManyRequests) }), 4, nil},
		"hanging":   {answer(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), 4, context.DeadlineExceeded},
		"too large": {answer(func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, merkle.MaxNote+1)) }), 1, nil},
		"cut short": {answer(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "9")
			w.Write([]byte("x"))
		}), 4, nil},
		"hanging up": {answer(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), 4, nil},
	} {
		err := c.ask()
		if err == nil || asked.Load() != c.tries || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: asked %d times, want %d: %v", name, asked.Load(), c.tries, err)
		}
	}
	for _, bad := range []string{"", "ftp://h/log", "/log", "https://h/log?x=1", "https://h/#x", "://"} {
		if _, err := follow.NewHTTPSource(bad, nil); err == nil {
			t.Errorf("%q was taken for the place of a log", bad)
		}
	}
}

func TestFollowsPlainFiles(t *testing.T) {
	l := testlog.New(origin).Grow(700)
	dir := t.TempDir()
	write := func(path string, b []byte, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		path = filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	write("checkpoint", l.At(700), nil)
	for _, id := range []merkle.TileID{{Level: 0, Index: 0, Width: 256}, {Level: 0, Index: 1, Width: 256}, {Level: 0, Index: 2, Width: 188}, {Level: 1, Index: 0, Width: 2}} {
		b, err := l.Tile(ctx, id.Level, id.Index, id.Width)
		write(id.Path(), b, err)
		if id.Level == 0 {
			id.Level = merkle.Entries
			b, err = l.Bundle(ctx, id.Index, id.Width)
			write(id.Path(), b, err)
		}
	}
	s, err := follow.NewDirSource(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	k := newKeeper(t, l)
	once(t, follower(k, s))
	k.holds(l, 700)
	if _, err := s.Bundle(ctx, 3, 1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "checkpoint")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "checkpoint")); err != nil {
		t.Fatal(err)
	}
	if b, err := s.Checkpoint(ctx); err == nil {
		t.Errorf("a link out of the directory gave %q", b)
	}
}
