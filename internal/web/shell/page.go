package shell

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"entente"
	"entente/internal/locale"

	"github.com/a-h/templ"
)

// Link is a text that leads somewhere. Href is final: make it with [Page.Href] for a page of this site.
type Link struct {
	Text string
	Href string
}

// NavItem is one entry of the main navigation.
type NavItem struct {
	Key  string // compared with Page.Active
	Path string // without language: "/commitments"
	ID   string // message id of its text
	Hint int    // a count shown beside the text; 0 shows none
}

// Site is what all pages of one site share: the portal, or one party's desk.
type Site struct {
	Name    entente.Text        // of the site: "Portal público", "Mesa de trabajo de México"
	Title   entente.Text        // of the programme, verbatim
	Nav     []NavItem           // main navigation
	Search  string              // path of the search page, without language; "" shows no search box
	Demo    bool                // shows the demonstration banner on every page, on screen and on paper
	Legal   []entente.PartyText // legal nature, in each party's words, for the footer
	Links   []NavItem           // small links of the footer: verify, download, API
	Version string              // of the program, for the footer
}

// AsOf is the stamp of the state that a page shows.
type AsOf struct {
	Time   time.Time // of the newest checkpoint known; zero shows none
	Digest string    // of the frontier, shown shortened
	Href   string    // where the frontier is explained and can be verified
}

// User is the signed-in person, for the header of the desk.
type User struct {
	Name    string
	Role    string // in the reader's language
	Agency  string
	SignOut string // path that ends the session by POST, without language
	Href    string // own page
}

// Toast is one message about what has just happened.
type Toast struct {
	Tone  Tone
	Title string
	Text  string
}

// Page is what one page tells the layout. Start from [NewPage].
type Page struct {
	L           *locale.Localizer
	Path        string // address without language, with query: "/commitments?area=arms"
	Theme       string // "light", "dark" or "" (the device's)
	Title       string // heading and window title
	Lead        string // one sentence under the heading
	Description string // for search engines and previews; Lead if empty
	Active      string // key of the navigation item
	Crumbs      []Link // from the front page to the parent; the page itself is added
	AsOf        AsOf
	User        *User
	Toasts      []Toast
	Search      string // words searched for, kept in the box
	Feed        string // Atom feed of what the page shows
	Bare        bool   // no heading block: the page makes its own h1
}

// NewPage starts a page from its request: language, address and theme. The address must begin with the language.
func NewPage(r *http.Request, lang locale.Lang) Page {
	path := strings.TrimPrefix(r.URL.Path, "/"+string(lang))
	if path == "" {
		path = "/"
	}
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	return Page{L: locale.For(lang), Path: path, Theme: themeOf(r), Search: r.URL.Query().Get("q")}
}

// Lang is the language of the page.
func (p Page) Lang() locale.Lang { return p.L.Lang() }

// T is [locale.Localizer.T], near at hand in components.
func (p Page) T(id string, args ...any) string { return p.L.T(id, args...) }

// Href makes the address of a page of this site in the page's language: Href("/commitments", "area", "arms").
// Query pairs with an empty value are left out.
func (p Page) Href(path string, query ...string) string { return Href(p.Lang(), path, query...) }

// Href makes the address of a page of this site in a language.
func Href(lang locale.Lang, path string, query ...string) string {
	out := "/" + string(lang) + path
	values := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		if query[i+1] != "" {
			values.Add(query[i], query[i+1])
		}
	}
	if len(values) > 0 {
		out += "?" + values.Encode()
	}
	return out
}

// With returns the page's own address with query values replaced (an empty value removes one), for filters, tabs and
// sorting that keep the rest: p.With("status", "substantial", "after", "").
func (p Page) With(query ...string) string {
	u, err := url.Parse(p.Path)
	if err != nil {
		return p.Href("/")
	}
	values := u.Query()
	for i := 0; i+1 < len(query); i += 2 {
		if query[i+1] == "" {
			values.Del(query[i])
		} else {
			values.Set(query[i], query[i+1])
		}
	}
	out := p.Href(u.Path)
	if len(values) > 0 {
		out += "?" + values.Encode()
	}
	return out
}

// switchHref is the address of the same place in the other language.
func (p Page) switchHref() string {
	path, query, found := strings.Cut(p.Path, "?")
	out := Href(p.Lang().Other(), path)
	if found {
		out += "?" + query
	}
	return out
}

// selfHref is the address of the page as it is.
func (p Page) selfHref() string {
	path, query, found := strings.Cut(p.Path, "?")
	out := p.Href(path)
	if found {
		out += "?" + query
	}
	return out
}

func (p Page) describe() string {
	if p.Description != "" {
		return p.Description
	}
	return p.Lead
}

// say is a bilingual text in the page's language, or in the one it has.
func (p Page) say(t entente.Text) string {
	s, _ := t.In(string(p.Lang()))
	return s
}

// Handle registers h for a pattern in both languages: Handle(mux, "GET /commitments/{id}", h) serves
// /es/commitments/{id} and /en/commitments/{id}.
func Handle(mux *http.ServeMux, pattern string, h func(http.ResponseWriter, *http.Request, locale.Lang)) {
	method, path, found := strings.Cut(pattern, " ")
	if !found {
		method, path = "", pattern
	}
	for _, lang := range locale.Langs() {
		p := "/" + string(lang) + path
		if path == "/" {
			p = "/" + string(lang) + "/{$}"
			mux.Handle(strings.TrimSpace(method+" /"+string(lang)), http.RedirectHandler("/"+string(lang)+"/", http.StatusMovedPermanently))
		}
		mux.HandleFunc(strings.TrimSpace(method+" "+p), func(w http.ResponseWriter, r *http.Request) { h(w, r, lang) })
	}
}

// Welcome redirects "/" to the front page in the reader's language. Mount it at "GET /{$}".
func Welcome() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Accept-Language")
		http.Redirect(w, r, "/"+string(locale.Match(r.Header.Get("Accept-Language")))+"/", http.StatusFound)
	})
}

// Render makes the whole page before it writes the first byte, so a failure never leaves half a page; pages of
// signed-in people are not kept by any cache. For public pages use [Cache.Serve].
func Render(w http.ResponseWriter, r *http.Request, status int, c templ.Component) {
	var buf bytes.Buffer
	if err := c.Render(r.Context(), &buf); err != nil {
		slog.ErrorContext(r.Context(), "page not rendered", "path", r.URL.Path, "err", err)
		http.Error(w, "Esta página no se pudo generar. / This page could not be made.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	body := encoded{plain: buf.Bytes(), quality: 4}
	body.write(w, r, status)
}

// Send answers with a whole body of the content type that the caller has set, compressed where the client accepts it.
func Send(w http.ResponseWriter, r *http.Request, body []byte) {
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Cache-Control", "no-cache")
	}
	e := encoded{plain: body, quality: 4}
	e.write(w, r, http.StatusOK)
}
