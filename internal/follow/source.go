package follow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"entente/internal/merkle"
)

// Source serves one log (C2SP tlog-tiles). Everything it returns is suspect. A
// resource that is not there is an error that wraps [fs.ErrNotExist]. Its methods
// may be called at once from several goroutines.
type Source interface {
	// Checkpoint returns the log's latest signed checkpoint.
	Checkpoint(ctx context.Context) ([]byte, error)
	// Tile returns the first width hashes of a tile, 32 bytes each.
	Tile(ctx context.Context, level int, index uint64, width int) ([]byte, error)
	// Bundle returns the first width entries of an entry bundle.
	Bundle(ctx context.Context, index uint64, width int) ([]byte, error)
}

// HTTPSource reads a log below a URL prefix. The zero values of its times and
// counts mean the defaults.
type HTTPSource struct {
	Timeout time.Duration // of one request, body included; default 30 s
	Tries   int           // of one resource; default 4
	Backoff time.Duration // before the second try, doubled for each next; default 100 ms

	prefix string
	client *http.Client
}

// NewHTTPSource returns the source of the log at prefix, an http or https URL
// below which are checkpoint and tile/. client carries the TLS configuration;
// redirects are not followed.
func NewHTTPSource(prefix string, client *http.Client) (*HTTPSource, error) {
	u, err := url.Parse(prefix)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("a log is at an http or https URL without query, not %q", prefix)
	}
	if client == nil {
		client = http.DefaultClient
	}
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &HTTPSource{prefix: strings.TrimSuffix(prefix, "/") + "/", client: &own}, nil
}

// Checkpoint implements [Source].
func (s *HTTPSource) Checkpoint(ctx context.Context) ([]byte, error) {
	return s.get(ctx, "checkpoint", merkle.MaxNote)
}

// Tile implements [Source].
func (s *HTTPSource) Tile(ctx context.Context, level int, index uint64, width int) ([]byte, error) {
	return s.get(ctx, merkle.TileID{Level: level, Index: index, Width: width}.Path(), merkle.MaxTile)
}

// Bundle implements [Source].
func (s *HTTPSource) Bundle(ctx context.Context, index uint64, width int) ([]byte, error) {
	return s.get(ctx, merkle.TileID{Level: merkle.Entries, Index: index, Width: width}.Path(), merkle.MaxBundle)
}

// errAgain marks a failure that a second try may not have.
type errAgain struct{ error }

func (e errAgain) Unwrap() error { return e.error }

// get fetches one resource, trying again after failures of the network and of
// the server.
func (s *HTTPSource) get(ctx context.Context, path string, limit int64) ([]byte, error) {
	tries, wait := max(s.Tries, 1), s.Backoff
	if s.Tries == 0 {
		tries = 4
	}
	if wait == 0 {
		wait = 100 * time.Millisecond
	}
	for try := 1; ; try++ {
		b, err := s.once(ctx, path, limit)
		var again errAgain
		if err == nil || try == tries || !errors.As(err, &again) {
			return b, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(wait/2 + rand.N(wait)):
		}
		wait = min(2*wait, 10*time.Second)
	}
}

func (s *HTTPSource) once(ctx context.Context, path string, limit int64) ([]byte, error) {
	timeout := s.Timeout
	if timeout == 0 {
		timeout = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.prefix+path, nil)
	if err != nil {
		return nil, err
	}
	res, err := s.client.Do(req)
	if err != nil {
		return nil, errAgain{err}
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusOK:
	case res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusGone:
		return nil, fmt.Errorf("%s%s: %w", s.prefix, path, fs.ErrNotExist)
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500:
		return nil, errAgain{fmt.Errorf("%s%s: %s", s.prefix, path, res.Status)}
	default:
		return nil, fmt.Errorf("%s%s: %s", s.prefix, path, res.Status)
	}
	b, err := readAll(res.Body, limit)
	if errors.Is(err, errTooLarge) {
		return nil, fmt.Errorf("%s%s: %w", s.prefix, path, err)
	}
	if err != nil {
		return nil, errAgain{err}
	}
	return b, nil
}

// DirSource reads a log from exported plain files: checkpoint and tile/ below a
// directory.
type DirSource struct{ root *os.Root }

// NewDirSource returns the source of the log below dir. Links that lead out of
// dir are not followed. The caller closes it.
func NewDirSource(dir string) (*DirSource, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &DirSource{root}, nil
}

// Close releases the directory.
func (s *DirSource) Close() error { return s.root.Close() }

// Checkpoint implements [Source].
func (s *DirSource) Checkpoint(context.Context) ([]byte, error) {
	return s.read("checkpoint", merkle.MaxNote)
}

// Tile implements [Source].
func (s *DirSource) Tile(_ context.Context, level int, index uint64, width int) ([]byte, error) {
	return s.read(merkle.TileID{Level: level, Index: index, Width: width}.Path(), merkle.MaxTile)
}

// Bundle implements [Source].
func (s *DirSource) Bundle(_ context.Context, index uint64, width int) ([]byte, error) {
	return s.read(merkle.TileID{Level: merkle.Entries, Index: index, Width: width}.Path(), merkle.MaxBundle)
}

func (s *DirSource) read(path string, limit int64) ([]byte, error) {
	f, err := s.root.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := readAll(f, limit)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	return b, nil
}

var errTooLarge = errors.New("larger than such a resource can be")

func readAll(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		return nil, errTooLarge
	}
	return b, err
}
