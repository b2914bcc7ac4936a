package shell

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"

	"github.com/a-h/templ"
	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/sync/singleflight"
)

// Cache keeps rendered pages, so that a page is rendered once for each frontier. A page of a portal is a function of its
// address, the reader's theme and the frontier of the logs; the key names all three, so nothing ever needs to be
// invalidated: a new frontier is a new key, and old pages fall out when the bound is reached. Safe for concurrent use.
//
// Never use it for pages that depend on who is signed in.
type Cache struct {
	mu     sync.Mutex
	pages  *simplelru.LRU[string, *cached]
	size   int64
	max    int64
	flight singleflight.Group
}

type cached struct {
	body encoded
	etag string
}

// cost is what a page counts against the bound: its plain bytes and as much again for the compressed forms.
func (c *cached) cost() int64 { return 2*int64(len(c.body.plain)) + 512 }

// NewCache returns a cache bounded to about maxBytes of memory.
func NewCache(maxBytes int64) *Cache {
	c := &Cache{max: maxBytes}
	// The bound is in bytes; the list's own bound on the number of pages is out of reach.
	pages, err := simplelru.NewLRU(1<<30, func(_ string, p *cached) { c.size -= p.cost() })
	if err != nil {
		panic("shell: " + err.Error()) // only for a size below one
	}
	c.pages = pages
	return c
}

// Serve answers r with the page for the frontier (its digest), from memory where it is there, else made by build and
// kept. It answers 304 to a client that holds the page already. An error of build is returned, nothing is written and
// nothing kept: the caller shows its error page.
func (c *Cache) Serve(w http.ResponseWriter, r *http.Request, frontier string,
	build func(context.Context) (templ.Component, error)) error {
	key := r.URL.Path + "?" + r.URL.RawQuery + "\n" + themeOf(r) + "\n" + frontier
	page, ok := c.get(key)
	if !ok {
		// The first reader's going away must not fail the others who wait for the same page.
		ctx := context.WithoutCancel(r.Context())
		made, err, _ := c.flight.Do(key, func() (any, error) { return c.make(ctx, key, build) })
		if err != nil {
			return err
		}
		page = made.(*cached)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Add("Vary", "Cookie")
	h.Set("ETag", page.etag)
	if matches(r.Header.Get("If-None-Match"), page.etag) {
		h.Add("Vary", "Accept-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	page.body.write(w, r, http.StatusOK)
	return nil
}

func (c *Cache) get(key string) (*cached, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pages.Get(key)
}

func (c *Cache) make(ctx context.Context, key string, build func(context.Context) (templ.Component, error)) (*cached, error) {
	if page, ok := c.get(key); ok {
		return page, nil // made between the look and the flight
	}
	component, err := build(ctx)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	if err := component.Render(ctx, &buf); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(buf.Bytes())
	page := &cached{
		body: encoded{plain: buf.Bytes(), quality: pageQuality},
		// Weak: the same page in another content coding has other bytes (RFC 9110 §8.8.1).
		etag: `W/"` + hex.EncodeToString(sum[:12]) + `"`,
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pages.Add(key, page)
	c.size += page.cost()
	for c.size > c.max && c.pages.Len() > 1 {
		c.pages.RemoveOldest()
	}
	return page, nil
}

// matches compares weakly, as If-None-Match asks (RFC 9110 §13.1.2).
func matches(header, etag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}
