// Package reportpage makes the page of the progress report: which frontier it is
// of, in which language and form it is taken, and the files themselves.
//
// Invariant: every link to a file names the frontier or the day that it is of, so
// that what a reader hands on leads others to the same report.
package reportpage

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"entente"
	"entente/internal/report"
	"entente/internal/store"
	"entente/internal/web/shell"
	"entente/internal/web/site"

	"github.com/a-h/templ"
)

// Reporter makes reports ([report.Reporter]).
type Reporter interface {
	Frontier(ctx context.Context) (store.Frontier, error)
	FrontierOn(ctx context.Context, day time.Time) (store.Frontier, error)
	FrontierOf(ctx context.Context, digest entente.Digest) (store.Frontier, error)
	Make(ctx context.Context, at store.Frontier) (*report.Made, error)
	Bundle(ctx context.Context, m *report.Made) ([]byte, error)
	PDF(ctx context.Context, m *report.Made, lang string) ([]byte, error)
	CanPrint() bool
}

// Mount registers the page and its files; live registers what is made for every
// request.
func Mount(live func(pattern string, build site.Build), file func(path string, send site.Send), r Reporter) {
	p := pages{r}
	live("GET /report", p.page)
	file("/report/{name}", p.file)
}

type pages struct{ r Reporter }

type model struct {
	frontier store.Frontier
	day      string
	key      []string // query pair that names the frontier
	problem  string
	printer  bool
}

func (p pages) page(ctx context.Context, f *site.Frame) (templ.Component, error) {
	f.Title, f.Lead, f.Active = f.T("reportpage.title"), f.T("reportpage.lead"), "report"
	f.Crumbs = []shell.Link{{Text: f.T("nav.home"), Href: f.Href("/")}}
	m := &model{day: strings.TrimSpace(f.R.URL.Query().Get("asof")), printer: p.r.CanPrint()}
	var err error
	if m.frontier, m.key, err = p.at(ctx, f); err != nil {
		var bad *site.BadRequest
		if !errors.As(err, &bad) {
			return nil, err
		}
		m.problem = f.T("reportpage.badday")
		if m.frontier, err = p.r.Frontier(ctx); err != nil {
			return nil, err
		}
		m.key = []string{"frontier", m.frontier.Digest().String()}
	}
	return reportPage(f, m), nil
}

// at finds the frontier that an address names: a day, a digest, or the newest one.
func (p pages) at(ctx context.Context, f *site.Frame) (store.Frontier, []string, error) {
	v := f.R.URL.Query()
	if day := v.Get("asof"); day != "" {
		t, err := time.Parse(time.DateOnly, day)
		if err != nil {
			return nil, nil, &site.BadRequest{Detail: "asof is a date, YYYY-MM-DD"}
		}
		at, err := p.r.FrontierOn(ctx, t)
		return at, []string{"asof", day}, err
	}
	if text := v.Get("frontier"); text != "" {
		d, err := entente.ParseDigest(text)
		if err != nil {
			return nil, nil, &site.BadRequest{Detail: "frontier is a digest of 64 hexadecimal digits"}
		}
		at, err := p.r.FrontierOf(ctx, d)
		if errors.Is(err, report.ErrFrontier) {
			err = site.NotFound
		}
		return at, []string{"frontier", text}, err
	}
	at, err := p.r.Frontier(ctx)
	return at, []string{"frontier", at.Digest().String()}, err
}

// made makes the report that an address names.
func (p pages) made(ctx context.Context, f *site.Frame) (*report.Made, error) {
	at, _, err := p.at(ctx, f)
	if err != nil {
		return nil, err
	}
	m, err := p.r.Make(ctx, at)
	if errors.Is(err, report.ErrNoCharter) || errors.Is(err, report.ErrFrontier) {
		return nil, site.NotFound
	}
	return m, err
}

// file sends one of the report's forms.
func (p pages) file(ctx context.Context, f *site.Frame, w http.ResponseWriter) error {
	name := f.R.PathValue("name")
	lang, form, ok := strings.Cut(name, ".")
	if name != "report.zip" && (!ok || lang != "es" && lang != "en" || form != "html" && form != "pdf") {
		return site.NotFound
	}
	m, err := p.made(ctx, f)
	if err != nil {
		return err
	}
	h := w.Header()
	day := m.AsOf.UTC().Format(time.DateOnly)
	var raw []byte
	switch {
	case name == "report.zip":
		raw, err = p.r.Bundle(ctx, m)
		h.Set("Content-Type", "application/zip")
		h.Set("Content-Disposition", `attachment; filename="entente-`+day+`-report.zip"`)
	case form == "pdf":
		raw, err = p.r.PDF(ctx, m, lang)
		if errors.Is(err, report.ErrNoChromium) {
			return &site.Unavailable{Title: f.T("reportpage.nopdf"), Detail: f.T("reportpage.nopdf.text")}
		}
		h.Set("Content-Type", "application/pdf")
		h.Set("Content-Disposition", `inline; filename="entente-`+day+"-"+lang+`.pdf"`)
	default:
		raw = m.HTML[lang]
		h.Set("Content-Type", "text/html; charset=utf-8")
		// The report stands alone: its one style sheet is inside it, named by digest.
		h.Set("Content-Security-Policy", "default-src 'none'; style-src "+report.StyleSource+"; img-src data:; frame-ancestors 'none'; base-uri 'none'")
	}
	if err != nil {
		h.Del("Content-Disposition")
		return err
	}
	if form == "html" {
		shell.Send(w, f.R, raw)
		return nil
	}
	h.Set("Cache-Control", "no-cache")
	_, err = w.Write(raw)
	return err
}
