package demo

import (
	"context"
	"net/http"
	"net/http/httptest"

	"entente"
	"entente/internal/api"
	"entente/internal/peer"
	"entente/internal/report"
	"entente/internal/series"
	"entente/internal/store"
	"entente/internal/web/labels"
	"entente/internal/web/portal"
	"entente/internal/web/shell"
	"entente/internal/web/site"
)

// Labels are the programme's names of codes.
func (w *World) Labels() *labels.Labels {
	p := w.Programme
	from := labels.Source{
		Measures: map[string]entente.Text{}, Units: map[string]entente.Text{}, Codelists: p.Codelists, Indicators: p.Indicators, Datasets: p.Datasets,
	}
	for _, m := range p.Measures {
		from.Measures[m.Code] = m.Title
	}
	for _, u := range p.Units {
		from.Units[u.Code] = u.Name
	}
	return labels.New(from)
}

// Reporter makes reports at the portal.
func (w *World) Reporter() *report.Reporter {
	heads := map[string]series.Where{}
	for _, in := range w.Programme.Indicators {
		heads[in.ID] = in.Headline
	}
	return report.New(report.Options{Store: w.Portal.Store(), Checks: w.Programme.Checks, Headlines: heads, Demo: true, TempDir: w.tb.TempDir()})
}

// Handler is the whole public site: pages, interface, files.
func (w *World) Handler(cache *shell.Cache) http.Handler {
	s := &site.Site{
		Store: w.Portal.Store(), Audience: entente.Public, Cache: cache,
		Shell: shell.Site{
			Name: w.Portal.Name(), Title: w.Programme.Charter.Title, Nav: portal.Nav, Links: portal.Links, Search: "/search", Demo: true, Version: "test",
		},
	}
	mux := http.NewServeMux()
	open := api.New(api.Deps{
		Store: w.Portal.Store(), Audience: entente.Public, Demo: true, Blobs: w.Portal.Blobs(), Figures: w.Portal.Figures(), Claims: w.Portal.Figures(),
		Rate: 1 << 30,
	})
	mux.Handle("/api/", open)
	mux.Handle("/blob/", open)
	mux.Handle("/feed.atom", open)
	var own, mirrored []string
	for _, l := range w.Portal.Store().Logs(context.Background()) {
		switch {
		case l.Audience != entente.Public:
		case l.Own:
			own = append(own, l.Origin)
		default:
			mirrored = append(mirrored, l.Origin)
		}
	}
	mux.Handle(peer.LogPath, http.StripPrefix("/log", peer.LogHandler(w.Portal.Store(), store.ErrNotFound, own...)))
	mux.Handle(peer.MirrorPath, http.StripPrefix("/mirror", peer.LogHandler(w.Portal.Store(), store.ErrNotFound, mirrored...)))
	mux.Handle("/", portal.Handler(s, portal.NewParts(w.Portal.Figures(), w.Labels(), w.Reporter())))
	return mux
}

// Serve serves the public site until the test ends, and returns its address.
func (w *World) Serve() string {
	server := httptest.NewServer(w.Handler(shell.NewCache(64 << 20)))
	w.tb.Cleanup(server.Close)
	return server.URL
}

// Sync passes what each node may read of the others' logs, after a test has
// appended to one.
func (w *World) Sync() { w.sync() }
