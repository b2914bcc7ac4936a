// Package shell is what all pages share: the layout, the components, the vendored styles, the security headers, the
// cache of rendered pages. It knows no facts and no store: a page gives it what to show.
//
// # A page
//
//	func (s *portal) commitments(w http.ResponseWriter, r *http.Request, lang locale.Lang) {
//		p := shell.NewPage(r, lang)
//		p.Title, p.Active = p.T("commitments.title"), "commitments"
//		p.Crumbs = []shell.Link{{Text: p.T("nav.home"), Href: p.Href("/")}}
//		p.AsOf = shell.AsOf{Time: …, Digest: …, Href: p.Href("/verify")}
//		shell.Render(w, r, http.StatusOK, commitmentsPage(s.site, p, model))
//	}
//
//	templ commitmentsPage(site shell.Site, p shell.Page, m model) {
//		@shell.Layout(site, p) {
//			@shell.Facts(m.facts)
//			@shell.FilterForm(p, m.filters)
//			@shell.Results(p.L.N("commitments.count", m.total)) {
//				@shell.DataTable(p, m.table)
//				@shell.Pages(p, m.pager)
//			}
//		}
//	}
//
// The layout makes the h1 from Page.Title (unless Page.Bare), so a page's own headings start at h2 ([Section], [Card]);
// inside those at h3. Pages of the portal go through [Cache.Serve], which makes each once a frontier; pages of
// signed-in people through [Render].
//
// # A site
//
//	mux := http.NewServeMux()
//	shell.Handle(mux, "GET /", s.front) // /es/ and /en/
//	shell.Handle(mux, "GET /commitments/{id}", s.commitment)
//	mux.Handle("GET /{$}", shell.Welcome())       // by Accept-Language
//	mux.Handle("GET /static/", shell.Static())
//	mux.Handle("POST /theme", shell.SetTheme())
//	server := shell.Secure(mux)
//
// # Rules the components keep
//
//   - Nothing inline: no style or script attributes, no on… handlers, nothing from another host (see [Secure]). Classes of
//     Tabler and the e-… classes of static/entente.css are there for what no component does. SVG is coloured by
//     presentation attributes or by the classes of internal/chart.
//   - Everything works without scripts; htmx only spares a reload.
//   - Addresses of the site are made by [Page.Href], [Href] and [Page.With]; they begin with the language, and the
//     language switch keeps the place because both languages use the same paths.
//   - Entered bilingual text goes through [Text], which marks the language and says when the other is missing.
//   - Tones never mean good or bad; [Odd] is for the desk alone. The text of a badge carries its meaning.
//   - Every text comes from the catalogue (internal/locale), in messages/{es,en}/<room>.toml. An id may not end in one of
//     go-i18n's own words: id, description, hash, zero, one, two, few, many, other.
package shell
