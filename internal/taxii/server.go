package taxii

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"entente"
	"entente/internal/auth"
	"entente/internal/locale"
	"entente/internal/store"
)

// Addresses of the server (sections 4.1, 4.2).
const (
	Discovery = "/taxii2/"
	Root      = "/taxii2/exchange/"
)

// Accounts tell who asks.
type Accounts interface {
	// Authenticate returns the account that a request proves itself as;
	// [auth.ErrNotSignedIn] or [*auth.WaitError] when it does not.
	Authenticate(r *http.Request) (store.Client, error)
}

// Releases tell what an account may read.
type Releases interface {
	// VisibleReleases returns which releases the account may read objects of now, and a
	// number that is another one whenever that may have changed.
	VisibleReleases(ctx context.Context, c store.Client) (version uint64, visible func(entente.Ref) bool, err error)
	// ObjectKey returns the key of a release's objects; [store.ErrNotFound] when it was
	// destroyed.
	ObjectKey(ctx context.Context, release entente.Ref) (store.ObjectKey, error)
}

// Uses record what is read.
type Uses interface {
	// RecordUse records that the account reads objects of releases, for its agency and
	// its purpose. It returns after that is durable.
	RecordUse(ctx context.Context, c store.Client, releases []entente.Ref) error
}

// Drafts turn what is submitted into drafts of releases.
type Drafts interface {
	// SubmissionKey returns the key under which submissions of an account for an area
	// wait ([store.Store.WaitingSubmissions]).
	SubmissionKey(ctx context.Context, c store.Client, area string) (store.ObjectKey, error)
	// Submitted tells that submissions wait. It must not block. After a crash it may
	// not have been told: whoever makes drafts looks for waiting submissions at start.
	Submitted(c store.Client, area string)
}

// Area is an area of the programme.
type Area struct {
	Code string
	Name entente.Text
}

// Options make a [Server].
type Options struct {
	Store    *store.Store
	Accounts Accounts
	Releases Releases
	Uses     Uses
	Drafts   Drafts
	// Areas returns the areas of the programme, in order.
	Areas func(ctx context.Context) ([]Area, error)
	// Title names the node, such as "Desk of Mexico".
	Title entente.Text
	// Contact says whom to ask, "" when nobody is named.
	Contact string
	// MaxContent bounds a request's body in bytes; 0 means 32 MiB.
	MaxContent int64
	// MaxPage bounds the objects of a page; 0 means 1000.
	MaxPage int
	Clock   func() time.Time // nil means time.Now
	Log     *slog.Logger     // nil discards
}

// Server is the TAXII server of a node. It is an http.Handler for the paths beneath
// [Discovery].
type Server struct {
	o       Options
	posts   chan struct{} // bounds how many bodies are held at once
	ids     idBook
	cursors cursors

	mu     sync.Mutex
	views  map[int64]*cachedView
	pruned time.Time
}

const (
	defaultContent = 32 << 20
	defaultPage    = 1000
	maxPosts       = 8
	// maxPageBytes ends a page before it holds its objects, so that a page of large
	// ones fits in memory.
	maxPageBytes = 32 << 20
)

// New returns the server of a node.
func New(ctx context.Context, o Options) (*Server, error) {
	if o.MaxContent <= 0 {
		o.MaxContent = defaultContent
	}
	if o.MaxPage <= 0 {
		o.MaxPage = defaultPage
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{o: o, posts: make(chan struct{}, maxPosts), views: map[int64]*cachedView{}}
	key, err := secretOf(ctx, o.Store, "taxii.cursor")
	if err != nil {
		return nil, err
	}
	s.cursors = cursors{key}
	s.ids.store = o.Store
	return s, s.ids.load(ctx)
}

// secretOf returns a secret that is made once and kept in the database: cursors live
// through a restart.
func secretOf(ctx context.Context, s *store.Store, name string) ([]byte, error) {
	secret, err := s.Meta(ctx, name)
	if !errors.Is(err, store.ErrNotFound) {
		return secret, err
	}
	secret = make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	return secret, s.SetMeta(ctx, name, secret)
}

// call is one request.
type call struct {
	*http.Request
	w      http.ResponseWriter
	client store.Client
	l      *locale.Localizer
}

// ServeHTTP implements http.Handler. What a request may learn comes in this order:
// who it is (401), what it accepts (406), whether the place exists for it (404),
// whether the place has the method (405), whether it may (403).
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{Request: r, w: w, l: locale.For(locale.Match(r.Header.Get("Accept-Language")))}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if err := s.serve(c); err != nil {
		s.refuse(c, err)
	}
}

func (s *Server) serve(c *call) error {
	var err error
	if c.client, err = s.o.Accounts.Authenticate(c.Request); err != nil {
		return authProblem(err)
	}
	if !acceptable(c.Header.Values("Accept")) {
		return problem(http.StatusNotAcceptable, "accept")
	}
	methods, err := s.route(c)
	if err != nil {
		return err
	}
	method := c.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if handle := methods[method]; handle != nil {
		return handle(c)
	}
	c.w.Header().Set("Allow", allowed(methods))
	return problem(http.StatusMethodNotAllowed, "method")
}

func authProblem(err error) error {
	var wait *auth.WaitError
	if errors.As(err, &wait) {
		p := problem(http.StatusTooManyRequests, "wait")
		p.retry = int(wait.Wait/time.Second) + 1
		return p
	}
	if errors.Is(err, auth.ErrNotSignedIn) {
		return problem(http.StatusUnauthorized, "signin")
	}
	return err
}

// methods are what can be done at a place.
type methods map[string]func(*call) error

// route finds the place that a path names (section 3.1). Paths end in a slash.
func (s *Server) route(c *call) (methods, error) {
	if c.URL.Path == Discovery {
		return methods{http.MethodGet: s.discovery}, nil
	}
	rest, ok := strings.CutPrefix(c.URL.EscapedPath(), Root)
	if rest == "" && ok {
		return methods{http.MethodGet: s.root}, nil
	}
	path, ends := strings.CutSuffix(rest, "/")
	if !ok || !ends {
		return nil, notFound()
	}
	parts := strings.Split(path, "/")
	for i, p := range parts {
		var err error
		if parts[i], err = url.PathUnescape(p); err != nil || parts[i] == "" {
			return nil, notFound()
		}
	}
	switch {
	case len(parts) == 2 && parts[0] == "status":
		return methods{http.MethodGet: func(c *call) error { return s.status(c, parts[1]) }}, nil
	case parts[0] != "collections":
		return nil, notFound()
	case len(parts) == 1:
		return methods{http.MethodGet: s.collections}, nil
	}
	col, err := s.collection(c, parts[1])
	if err != nil {
		return nil, err
	}
	return s.within(col, parts[2:])
}

// within finds the place in a collection (section 5).
func (s *Server) within(col collection, parts []string) (methods, error) {
	switch {
	case len(parts) == 0:
		return methods{http.MethodGet: func(c *call) error { return write(c, http.StatusOK, col) }}, nil
	case len(parts) == 1 && parts[0] == "manifest":
		return methods{http.MethodGet: func(c *call) error { return s.manifest(c, col) }}, nil
	case parts[0] != "objects" || len(parts) > 3:
		return nil, notFound()
	case len(parts) == 1:
		return methods{
			http.MethodGet:  func(c *call) error { return s.objects(c, col) },
			http.MethodPost: func(c *call) error { return s.add(c, col) },
		}, nil
	case len(parts) == 2:
		return methods{
			http.MethodGet:    func(c *call) error { return s.object(c, col, parts[1]) },
			http.MethodDelete: func(*call) error { return problem(http.StatusForbidden, "delete") },
		}, nil
	case parts[2] == "versions":
		return methods{http.MethodGet: func(c *call) error { return s.versions(c, col, parts[1]) }}, nil
	}
	return nil, notFound()
}

func (c *call) text(t entente.Text) string {
	if c.l.Lang() == locale.EN {
		return t.EN
	}
	return t.ES
}

// discovery answers what there is on the server (section 4.1).
func (s *Server) discovery(c *call) error {
	return write(c, http.StatusOK, discoveryResource{
		Title: c.text(s.o.Title), Description: c.l.T("taxii.about"), Contact: s.o.Contact, Default: Root, APIRoots: []string{Root},
	})
}

// root answers what the API root is (section 4.2).
func (s *Server) root(c *call) error {
	return write(c, http.StatusOK, apiRootResource{
		Title: c.text(s.o.Title), Description: c.l.T("taxii.root"), Versions: []string{mediaType}, MaxContentLength: s.o.MaxContent,
	})
}

// newID returns a version 4 UUID (section 2, identifier).
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
