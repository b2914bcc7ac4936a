package api

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"entente"
	"entente/internal/exchange"
	"entente/internal/store"
)

// Version is the version of the interface (info.version of the OpenAPI document):
// the minor part grows with what is added, the major one with what breaks.
const Version = "1.3.0"

// Deps is what the interface needs. Fields that may be nil take what rests on
// them out of the interface.
type Deps struct {
	Store *store.Store
	// Audience is what may be read: [entente.Public] on the portal.
	Audience entente.Audience
	// Demo labels every answer as a demonstration's.
	Demo bool
	// Base is the site's address without a final slash, for feeds; where empty,
	// the request's own host.
	Base string
	// Logs serves the public logs as C2SP tlog-tiles under /log/; may be nil.
	Logs http.Handler
	// Blobs holds the public files; may be nil.
	Blobs Blobs
	// Figures gives the series of indicators; may be nil.
	Figures Figures
	// Claims assesses claims; may be nil.
	Claims Claims
	// Auth says who asks. Nil means that anybody may read and nobody write.
	Auth Auth
	// Desk carries out what signed-in people ask for; nil for read only.
	Desk Desk
	// Exchange is the exchange of information; nil where there is none.
	Exchange *exchange.Exchange
	// Importer reads files of figures for signed-in people; may be nil.
	Importer Importer
	// Clock tells the time for rate limits; nil means time.Now.
	Clock func() time.Time
	// Rate is how many requests a client may make in a minute, 0 for 600.
	Rate int
}

// Blobs reads public files by digest. Get fails with
// [blobstore.ErrNotFound] where there is none.
type Blobs interface {
	Get(ctx context.Context, d entente.Digest) (io.ReadCloser, int64, error)
}

// server is the interface of one node.
type server struct {
	Deps
	view   *store.View
	api    huma.API
	mux    *http.ServeMux
	tables []table
	notes  notices
	// openapi is the OpenAPI document, made once.
	openapi func() ([]byte, error)
}

// New returns the handler of /api/, /feed.atom, /blob/ and, where d.Logs is set,
// /log/.
func New(d Deps) http.Handler {
	s := newServer(d)
	limited := &limiter{clock: s.Clock, perMinute: s.Rate, next: s.mux, refuse: s.tooMany}
	return s.headers(limited)
}

func newServer(d Deps) *server {
	if d.Clock == nil {
		d.Clock = time.Now
	}
	if d.Rate == 0 {
		d.Rate = 600
	}
	s := &server{Deps: d, view: d.Store.View(d.Audience), mux: http.NewServeMux(), tables: tablesOf(d.Audience)}
	config := huma.DefaultConfig("Entente", Version)
	config.Info.Description = "Logs, record and figures of the cooperation programme, with proofs. / Bitácoras, registro y cifras del programa de cooperación, con sus pruebas."
	config.Info.License = &huma.License{Name: "Apache 2.0", Identifier: "Apache-2.0"}
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", "" // served by document
	config.CreateHooks = nil                                             // no $schema members in answers
	s.api = humago.New(s.mux, config)
	s.api.OpenAPI().Servers = []*huma.Server{{URL: "/"}}
	s.routes()
	s.openapi = sync.OnceValues(s.document)
	return s
}

func (s *server) routes() {
	for i := range s.tables {
		s.routeTable(&s.tables[i])
	}
	s.routeEntries()
	s.routeState()
	s.routeRecord()
	s.routeFigures()
	s.routeEverything()
	s.routeDesk()
	s.routeExchange()
	s.mux.HandleFunc("GET /api/openapi.json", s.serveDocument)
	s.mux.HandleFunc("GET /api/stix/{file}", s.serveSTIX)
	s.mux.HandleFunc("GET /feed.atom", s.feed)
	s.mux.HandleFunc("GET /blob/{digest}", s.blob)
	s.mux.HandleFunc("GET /api/problems/{code}", s.problemPage)
	if s.Logs != nil {
		s.mux.Handle("/log/", s.Logs)
	}
	s.mux.HandleFunc("/", s.notRouted)
}

// headers sets what every answer carries.
func (s *server) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
		h.Set("Referrer-Policy", "no-referrer")
		if s.Demo {
			h.Set("Entente-Demonstration", demonstrationHeader)
		}
		if s.Audience == entente.Public && s.Auth == nil {
			h.Set("Access-Control-Allow-Origin", "*")
			h.Set("Access-Control-Expose-Headers", "Entente-Demonstration, ETag, Link")
			if r.Method == http.MethodOptions {
				h.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
				h.Set("Access-Control-Max-Age", "86400")
				w.WriteHeader(http.StatusNoContent)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
