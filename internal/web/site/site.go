// Package site is what the pages of a portal and of a desk share above the shell:
// which store they read, through which view, as of which frontier, and how a
// handler that returns a component becomes a page in both languages.
//
// Invariants:
//   - a page reads through one view, bound to the site's audience; a portal's is
//     the public one;
//   - what a page shows is a function of its address and the frontier; the "as
//     of" stamp is the latest time stated by an entry under that frontier, never
//     the clock;
//   - an error becomes a page that says what happened and where to go.
package site

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"entente"
	"entente/internal/locale"
	"entente/internal/store"
	"entente/internal/web/shell"

	"github.com/a-h/templ"
)

// Site serves pages that read one store through one view.
type Site struct {
	Store    *store.Store
	Audience entente.Audience
	// Shell is what all pages show: navigation, banner, links. Title and Legal are
	// filled from the charter in force.
	Shell shell.Site
	// Cache keeps rendered pages; nil on a site whose pages depend on who reads.
	Cache *shell.Cache
	// Also, if set, names what cached pages show beside the frontier, such as the
	// age of the figures computed at this node: a change makes them anew.
	Also func() string
	// User is the signed-in person of a request, nil on a public site.
	User func(*http.Request) *shell.User
	// Tools, if set, makes what a signed-in person may do with a thing.
	Tools func(f *Frame, t Thing) templ.Component
	// Hidden, if set, are the types whose entries are for some readers only and not
	// for the one who makes the request: no page shows them, or counts them.
	Hidden func(*http.Request) []entente.Type
	// Sees, if set, reports whether one entry of a hidden type is for this reader
	// after all: the entry's own page then shows it.
	Sees func(r *http.Request, origin string, index uint64) bool
	// Nav, if set, is the navigation for who makes the request, instead of Shell.Nav.
	Nav func(*http.Request) []shell.NavItem

	mu   sync.Mutex
	last *State
}

// State is what every page needs to know of the frontier it shows.
type State struct {
	Frontier store.Frontier
	Digest   entente.Digest // of the frontier
	AsOf     time.Time      // latest stated time of an entry; zero for empty logs
	Charter  *entente.Charter
	// CharterRef is an entry that holds the charter in force, zero without one.
	CharterRef entente.Ref
	// Terms are the terms of exchange in force, nil without any.
	Terms *entente.ExchangeTerms
}

// View returns the view that the site's pages read through.
func (s *Site) View() *store.View { return s.Store.View(s.Audience) }

// State returns the state at the newest frontier. It is read once a frontier.
func (s *Site) State(ctx context.Context) (*State, error) {
	v := s.View()
	frontier, err := v.Frontier(ctx)
	if err != nil {
		return nil, err
	}
	digest := frontier.Digest()
	s.mu.Lock()
	last := s.last
	s.mu.Unlock()
	if last != nil && last.Digest == digest {
		return last, nil
	}
	st := &State{Frontier: frontier, Digest: digest}
	newest, err := v.Latest(ctx, store.Query{Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(newest.Items) > 0 {
		st.AsOf = newest.Items[0].Header.Time
	}
	if err := st.readCharter(ctx, v); err != nil {
		return nil, err
	}
	if err := st.readTerms(ctx, v); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.last = st
	s.mu.Unlock()
	return st, nil
}

// readCharter finds the charter in force; a programme has one charter subject.
func (st *State) readCharter(ctx context.Context, v *store.View) error {
	charters, err := store.Joints[entente.Charter](ctx, v, entente.TypeCharter, store.Query{})
	if err != nil {
		return err
	}
	for _, c := range charters {
		if c.InForce == nil || c.InForce.Body == nil {
			continue
		}
		st.Charter = c.InForce.Body
		for _, p := range c.InForce.Required {
			if half, ok := c.InForce.Halves[p]; ok {
				st.CharterRef = half.Ref
				break
			}
		}
		return nil
	}
	return nil
}

// readTerms finds the terms of exchange in force; a programme has one subject.
func (st *State) readTerms(ctx context.Context, v *store.View) error {
	all, err := store.Joints[entente.ExchangeTerms](ctx, v, entente.TypeExchangeTerms, store.Query{})
	for _, t := range all {
		if t.InForce != nil && t.InForce.Body != nil {
			st.Terms = t.InForce.Body
			break
		}
	}
	return err
}

// Frame is what a handler builds its page from.
type Frame struct {
	shell.Page
	Site  shell.Site
	tools func(f *Frame, t Thing) templ.Component
	sees  func(r *http.Request, origin string, index uint64) bool
	View  *store.View
	State *State
	R     *http.Request
}

// Thing names one version of a thing, for [Site.Tools].
type Thing struct {
	Type            entente.Type
	Writer, Subject string
	Ref             entente.Ref
	Audience        entente.Audience
	Withdrawn       bool
}

// Tools is what the reader may do with a thing: nothing on a public site.
func (f *Frame) Tools(t Thing) templ.Component {
	if f.tools == nil {
		return templ.NopComponent
	}
	return f.tools(f, t)
}

// Build makes a page's component.
type Build func(ctx context.Context, f *Frame) (templ.Component, error)

// NotFound is an error that becomes the page "there is nothing here".
var NotFound = store.ErrNotFound

// BadRequest is an error of the reader's address: what was asked cannot be answered.
type BadRequest struct{ Detail string }

// Error says what cannot be answered.
func (b *BadRequest) Error() string { return b.Detail }

// Unavailable is an error of what this node lacks; Title and Detail are in the
// reader's language.
type Unavailable struct{ Title, Detail string }

// Error says what is lacking.
func (u *Unavailable) Error() string { return u.Title }

// Page registers a page in both languages: "/commitments/{writer}/{subject}". It
// must show nothing but what follows from its address, the frontier and [Site.Also].
func (s *Site) Page(mux *http.ServeMux, path string, build Build) {
	shell.Handle(mux, "GET "+path, func(w http.ResponseWriter, r *http.Request, lang locale.Lang) {
		s.serve(w, r, lang, s.Cache, build)
	})
}

// Live registers a page that is made for every request: what it shows changes
// without the frontier, or it answers a form. The pattern names the method.
func (s *Site) Live(mux *http.ServeMux, pattern string, build Build) {
	shell.Handle(mux, pattern, func(w http.ResponseWriter, r *http.Request, lang locale.Lang) {
		s.serve(w, r, lang, nil, build)
	})
}

// Send makes a file. It writes nothing before it is sure of it: an error becomes
// a page.
type Send func(ctx context.Context, f *Frame, w http.ResponseWriter) error

// File registers an address in both languages that answers with a file.
func (s *Site) File(mux *http.ServeMux, path string, send Send) {
	shell.Handle(mux, "GET "+path, func(w http.ResponseWriter, r *http.Request, lang locale.Lang) {
		state, err := s.State(r.Context())
		if err == nil {
			err = send(r.Context(), s.Frame(r, lang, state), w)
		}
		if err != nil {
			s.Fail(w, r, lang, err)
		}
	})
}

func (s *Site) serve(w http.ResponseWriter, r *http.Request, lang locale.Lang, cache *shell.Cache, build Build) {
	state, err := s.State(r.Context())
	if err != nil {
		s.Fail(w, r, lang, err)
		return
	}
	if cache == nil {
		c, err := build(r.Context(), s.Frame(r, lang, state))
		if err != nil {
			s.Fail(w, r, lang, err)
			return
		}
		shell.Render(w, r, http.StatusOK, c)
		return
	}
	key := state.Digest.String()
	if s.Also != nil {
		key += "/" + s.Also()
	}
	err = cache.Serve(w, r, key, func(ctx context.Context) (templ.Component, error) {
		return build(ctx, s.Frame(r, lang, state))
	})
	if err != nil {
		s.Fail(w, r, lang, err)
	}
}

// Frame starts a page at a state.
func (s *Site) Frame(r *http.Request, lang locale.Lang, st *State) *Frame {
	p := shell.NewPage(r, lang)
	p.AsOf = shell.AsOf{Time: st.AsOf, Digest: st.Digest.String(), Href: p.Href("/verify")}
	frame := s.Shell
	if st.Charter != nil {
		frame.Title, frame.Legal = st.Charter.Title, st.Charter.Disclaimer
	}
	s.person(r, &frame, &p)
	return &Frame{Page: p, Site: frame, tools: s.Tools, View: s.viewFor(r), sees: s.Sees, State: st, R: r}
}

// viewFor is what who makes the request may read.
func (s *Site) viewFor(r *http.Request) *store.View {
	if s.Hidden == nil {
		return s.View()
	}
	return s.View().Without(s.Hidden(r)...)
}

// EntryView is the view that an entry's own page reads through.
func (f *Frame) EntryView(origin string, index uint64) *store.View {
	if f.sees != nil && f.sees(f.R, origin, index) {
		return f.View.Whole()
	}
	return f.View
}

// person fills in what depends on who makes the request.
func (s *Site) person(r *http.Request, frame *shell.Site, p *shell.Page) {
	if s.User != nil {
		p.User = s.User(r)
	}
	if s.Nav != nil {
		frame.Nav = s.Nav(r)
	}
}

// Fail answers with the page for an error; nothing of it was written before.
func (s *Site) Fail(w http.ResponseWriter, r *http.Request, lang locale.Lang, err error) {
	p := shell.NewPage(r, lang)
	problem := shell.Problem{Status: http.StatusInternalServerError, Title: p.T("shell.problem.internal.title"),
		Detail: p.T("shell.problem.internal.detail"), Mend: p.T("shell.problem.internal.mend")}
	var bad *BadRequest
	var lacking *Unavailable
	switch {
	case errors.As(err, &lacking):
		problem = shell.Problem{Status: http.StatusServiceUnavailable, Title: lacking.Title, Detail: lacking.Detail}
	case errors.Is(err, store.ErrNotFound):
		problem = shell.Problem{Status: http.StatusNotFound, Title: p.T("shell.problem.notfound.title"),
			Detail: p.T("shell.problem.notfound.detail"), Mend: p.T("shell.problem.notfound.mend")}
	case errors.As(err, &bad), errors.Is(err, store.ErrCursor), errors.Is(err, store.ErrQuery):
		problem = shell.Problem{Status: http.StatusBadRequest, Title: p.T("site.bad.title"), Detail: p.T("site.bad.detail"), Mend: p.T("site.bad.mend")}
	case errors.Is(err, context.Canceled):
		return // the reader is gone
	default:
		slog.ErrorContext(r.Context(), "page failed", "path", r.URL.Path, "err", err)
	}
	p.Title = problem.Title
	frame := s.Shell
	if st, err := s.State(r.Context()); err == nil && st.Charter != nil {
		frame.Title, frame.Legal = st.Charter.Title, st.Charter.Disclaimer
	}
	s.person(r, &frame, &p)
	shell.Render(w, r, problem.Status, shell.ErrorPage(frame, p, problem))
}

// Missing is the handler for addresses that no page has.
func (s *Site) Missing() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lang := locale.Match(r.Header.Get("Accept-Language"))
		for _, l := range locale.Langs() {
			if prefix := "/" + string(l) + "/"; len(r.URL.Path) >= len(prefix) && r.URL.Path[:len(prefix)] == prefix {
				lang = l
			}
		}
		s.Fail(w, r, lang, store.ErrNotFound)
	})
}
