// Package portal puts the pages of one site together: the public portal's, and,
// with a narrower audience behind sign-in, the same pages of a desk.
package portal

import (
	"io"
	"net/http"
	"strconv"

	"entente/internal/web/charter"
	"entente/internal/web/claims"
	"entente/internal/web/commitments"
	"entente/internal/web/data"
	"entente/internal/web/front"
	"entente/internal/web/indicators"
	"entente/internal/web/kinds"
	"entente/internal/web/labels"
	"entente/internal/web/meetings"
	"entente/internal/web/questions"
	"entente/internal/web/record"
	"entente/internal/web/reportpage"
	"entente/internal/web/search"
	"entente/internal/web/shell"
	"entente/internal/web/site"
	"entente/internal/web/verify"
)

// Nav is the main navigation of the portal.
var Nav = []shell.NavItem{
	{Key: "home", Path: "/", ID: "nav.home"},
	{Key: "commitments", Path: "/commitments", ID: "nav.commitments"},
	{Key: "indicators", Path: "/indicators", ID: "nav.indicators"},
	{Key: "claims", Path: "/claims", ID: "nav.claims"},
	{Key: "meetings", Path: "/meetings", ID: "nav.meetings"},
	{Key: "actions", Path: "/actions", ID: "nav.actions"},
	{Key: "report", Path: "/report", ID: "nav.report"},
	{Key: "questions", Path: "/questions", ID: "nav.questions"},
	{Key: "data", Path: "/data", ID: "nav.data"},
	{Key: "verify", Path: "/verify", ID: "nav.verify"},
}

// Links are the small links of the footer.
var Links = []shell.NavItem{
	{Path: "/charter", ID: "nav.charter"}, {Path: "/agencies", ID: "nav.agencies"}, {Path: "/statements", ID: "nav.statements"},
	{Path: "/citations", ID: "nav.citations"}, {Path: "/datasets", ID: "nav.datasets"}, {Path: "/latest", ID: "nav.latest"},
	{Path: "/corrections", ID: "nav.corrections"}, {Path: "/data", ID: "nav.data"}, {Path: "/verify", ID: "nav.verify"},
}

// Figures are a node's figures and what they say of claims ([node.Figures]).
type Figures interface {
	claims.Assessor
	indicators.Figures
	// Age changes whenever the figures do.
	Age() uint64
}

// Parts are what the pages need beside the site's store; see [NewParts].
type Parts struct {
	Figures Figures
	Labels  *labels.Labels
	// Reporter makes the progress report; nil leaves its page out.
	Reporter reportpage.Reporter
	// Headline makes the front page's charts.
	Headline front.Headline

	indicators *indicators.Pages
}

// NewParts returns the parts that pages are made of.
func NewParts(f Figures, l *labels.Labels, r reportpage.Reporter) Parts {
	pages := indicators.New(f, l)
	return Parts{Figures: f, Labels: l, Reporter: r, Headline: pages, indicators: pages}
}

// Mount registers all pages on mux. What cached pages show beside the frontier, the
// age of the figures, becomes part of the site's key.
func Mount(mux *http.ServeMux, s *site.Site, p Parts) {
	add := func(path string, build site.Build) { s.Page(mux, path, build) }
	live := func(pattern string, build site.Build) { s.Live(mux, pattern, build) }
	file := func(path string, send site.Send) { s.File(mux, path, send) }
	s.Also = func() string { return strconv.FormatUint(p.Figures.Age(), 36) }
	front.Mount(add, p.Headline)
	commitments.Mount(add)
	p.indicators.Mount(add, file)
	claims.Mount(add, p.Figures, p.Labels)
	meetings.Mount(add)
	questions.Mount(add)
	charter.Mount(add)
	record.Mount(add, s.Store)
	search.Mount(add)
	data.Mount(add)
	verify.Mount(live, s.Store)
	if p.Reporter != nil {
		reportpage.Mount(live, file, p.Reporter)
	}
	for _, k := range kinds.All {
		if k.Key == "datasets" {
			k.Body = p.indicators.Dataset
		}
		k.Mount(add)
	}
}

// Handler serves a public site: the pages, the static files, the theme switch.
func Handler(s *site.Site, p Parts) http.Handler {
	mux := http.NewServeMux()
	Mount(mux, s, p)
	mux.Handle("GET /{$}", shell.Welcome())
	mux.Handle("GET /static/", shell.Static())
	mux.Handle("POST /theme", shell.SetTheme())
	mux.HandleFunc("GET /robots.txt", robots)
	mux.HandleFunc("GET /healthz", health(s))
	mux.Handle("/", s.Missing())
	return shell.Secure(mux)
}

// robots lets everything be found but what is made on demand.
func robots(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "User-agent: *\nDisallow: /es/search\nDisallow: /en/search\nDisallow: /es/report/\nDisallow: /en/report/\n")
}

// health says whether the site can read its store.
func health(s *site.Site) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		if _, err := s.State(r.Context()); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, "unavailable\n")
			return
		}
		_, _ = io.WriteString(w, "ok\n")
	}
}
