package peer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"entente/internal/merkle"
)

const (
	sendTimeout = 10 * time.Second
	// maxEvidence is how much evidence waits for a peer that cannot be reached.
	maxEvidence = 64
)

// Link sends one peer what it should hear of. Nothing waits for it: its methods
// return at once, and what cannot be delivered now is dropped, since the peer
// polls; evidence alone is tried until it arrives.
type Link struct {
	base   string
	client *http.Client
	logger *slog.Logger

	hintDue, mailDue chan struct{}

	mu       sync.Mutex
	hints    map[string]uint64 // origin → latest size
	cosigned map[string][]byte // origin → latest cosigned checkpoint
	evidence [][]byte
}

// NewLink returns the link to the node at base, an https URL of scheme and host,
// through a client under [ClientTLS]. It sends while [Link.Run] runs.
func NewLink(base string, client *http.Client, logger *slog.Logger) (*Link, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return nil, fmt.Errorf("a peer is at https://host[:port], not %q", base)
	}
	return &Link{base: "https://" + u.Host, client: client, logger: logger,
		hintDue: make(chan struct{}, 1), mailDue: make(chan struct{}, 1),
		hints: map[string]uint64{}, cosigned: map[string][]byte{}}, nil
}

// LogURL returns where the peer serves its own log of that origin.
func (l *Link) LogURL(origin string) string { return l.base + LogPath + origin }

// MirrorURL returns where the peer serves its mirror of another's log.
func (l *Link) MirrorURL(origin string) string { return l.base + MirrorPath + origin }

// Hint tells the peer that an own log has grown.
func (l *Link) Hint(origin string, size uint64) {
	l.mu.Lock()
	l.hints[origin] = max(size, l.hints[origin])
	l.mu.Unlock()
	signal(l.hintDue)
}

// Cosign cosigns a checkpoint of the peer's that this node has verified and
// mirrored, and hands it over. signer is of [merkle.NewCosigner].
func (l *Link) Cosign(checkpoint []byte, signer note.Signer) error {
	c, err := merkle.Peek(checkpoint)
	if err != nil {
		return err
	}
	signed, err := merkle.Sign(c, signer)
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.cosigned[c.Origin] = signed
	l.mu.Unlock()
	signal(l.mailDue)
	return nil
}

// Accuse hands evidence over: the accused says so on its own desk as well.
func (l *Link) Accuse(e merkle.Evidence) error {
	b, err := e.Encode()
	if err != nil {
		return err
	}
	l.mu.Lock()
	if len(l.evidence) < maxEvidence {
		l.evidence = append(l.evidence, b)
	}
	l.mu.Unlock()
	signal(l.mailDue)
	return nil
}

func signal(due chan struct{}) {
	select {
	case due <- struct{}{}:
	default:
	}
}

// Run sends until ctx ends.
func (l *Link) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { l.runHints(ctx) })
	wg.Go(func() { l.runMail(ctx) })
	wg.Wait()
	return ctx.Err()
}

// runHints is apart from the rest: a hint must not wait for anything.
func (l *Link) runHints(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.hintDue:
		}
		l.mu.Lock()
		due := l.hints
		l.hints = map[string]uint64{}
		l.mu.Unlock()
		for origin, size := range due {
			body, err := json.Marshal(Hint{origin, size})
			if err == nil {
				err = l.post(ctx, HintPath, "application/json", body)
			}
			if err != nil && ctx.Err() == nil {
				l.logger.Debug("a hint was not delivered", "origin", origin, "error", err)
			}
		}
	}
}

func (l *Link) runMail(ctx context.Context) {
	wait := time.Second
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.mailDue:
		}
		l.sendCosigned(ctx)
		if l.sendEvidence(ctx) {
			wait = time.Second
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
			wait = min(2*wait, time.Minute)
			signal(l.mailDue)
		}
	}
}

func (l *Link) sendCosigned(ctx context.Context) {
	l.mu.Lock()
	due := l.cosigned
	l.cosigned = map[string][]byte{}
	l.mu.Unlock()
	for origin, signed := range due {
		err := l.post(ctx, CosignPath, "text/plain; charset=utf-8", signed)
		if err != nil && !errors.Is(err, ErrStale) && ctx.Err() == nil {
			l.logger.Debug("a cosignature was not delivered", "origin", origin, "error", err)
		}
	}
}

// sendEvidence reports whether none is left to send. What the peer refuses is not
// sent again.
func (l *Link) sendEvidence(ctx context.Context) bool {
	for {
		l.mu.Lock()
		if len(l.evidence) == 0 {
			l.mu.Unlock()
			return true
		}
		next := l.evidence[0]
		l.mu.Unlock()
		err := l.post(ctx, EvidencePath, "application/json", next)
		var refused refusedError
		if err != nil && !errors.As(err, &refused) && !errors.Is(err, ErrStale) {
			return false
		}
		if err != nil {
			l.logger.Warn("the peer refused evidence", "error", err)
		}
		l.mu.Lock()
		l.evidence = l.evidence[1:]
		l.mu.Unlock()
	}
}

// refusedError is an answer that a second try would not change.
type refusedError struct{ status string }

func (e refusedError) Error() string { return "the peer answered " + e.status }

func (l *Link) post(ctx context.Context, path, media string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", media)
	res, err := l.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, 4<<10)); err != nil { // so that the connection is used again
		return err
	}
	switch {
	case res.StatusCode < 300:
		return nil
	case res.StatusCode == http.StatusConflict:
		return ErrStale
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500:
		return fmt.Errorf("the peer answered %s", res.Status)
	}
	return refusedError{res.Status}
}
