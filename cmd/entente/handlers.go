package main

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"entente"
	"entente/internal/api"
	"entente/internal/auth"
	"entente/internal/peer"
	"entente/internal/store"
	"entente/internal/taxii"
	"entente/internal/web/desk"
	"entente/internal/web/labels"
	"entente/internal/web/portal"
	"entente/internal/web/shell"
	"entente/internal/web/site"
)

// pageCacheBytes bounds the memory of rendered pages.
const pageCacheBytes = 24 << 20

// handlers makes what the node's site serves: pages, interface, public logs and
// files. A party's pages are behind sign-in; its public logs, files and the public
// part of the interface are not.
func (r *running) handlers(ctx context.Context) (http.Handler, error) {
	if r.node.Writer().Party != "" {
		return r.deskHandlers(ctx)
	}
	mux := http.NewServeMux()
	open := api.New(r.apiDeps(ctx, entente.Public))
	r.mountOpen(ctx, mux, open)
	mux.Handle("/api/", open)
	mux.Handle("/blob/", open)
	s := &site.Site{
		Store: r.node.Store(), Audience: entente.Public, Cache: shell.NewCache(pageCacheBytes), Shell: r.shell(),
	}
	mux.Handle("/", portal.Handler(s, r.parts()))
	return mux, nil
}

// mountOpen mounts what is open to anyone on every node.
func (r *running) mountOpen(ctx context.Context, mux *http.ServeMux, open http.Handler) {
	mux.Handle(peer.LogPath, http.StripPrefix("/log", r.network.PublicLogs(ctx)))
	mux.Handle(peer.MirrorPath, http.StripPrefix("/mirror", r.network.PublicMirrors(ctx)))
	mux.Handle("/feed.atom", open)
}

// files serves files by digest: to who is signed in, also those of inner entries
// and of drafts; to anyone else the public ones.
func files(signIn *auth.Auth, inner, open http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := signIn.Identify(r); err == nil {
			inner.ServeHTTP(w, r)
			return
		}
		open.ServeHTTP(w, r)
	})
}

// deskHandlers makes a party's site: the desk behind sign-in, and beside it what is
// open to anyone.
func (r *running) deskHandlers(ctx context.Context) (http.Handler, error) {
	signIn, err := auth.New(auth.Options{Node: r.node, Origin: r.config.origin()})
	if err != nil {
		return nil, err
	}
	open := api.New(r.apiDeps(ctx, entente.Public))
	deps := r.apiDeps(ctx, r.node.Audience())
	deps.Auth, deps.Desk, deps.Importer, deps.Exchange = callers{signIn}, r.node, r.node.Figures(), r.exchange
	mux := http.NewServeMux()
	r.mountOpen(ctx, mux, open)
	inner := api.New(deps)
	// Sessions are cookies: a write from another site must not ride on one.
	mux.Handle("/api/", http.NewCrossOriginProtection().Handler(inner))
	mux.Handle("/blob/", files(signIn, inner, open))
	programs, err := r.taxii(ctx)
	if err != nil {
		return nil, err
	}
	mux.Handle(taxii.Discovery, programs)
	mux.Handle("/", desk.New(desk.Deps{
		Node: r.node, Auth: signIn, Status: r.status, Portal: r.parts(), Demo: r.node.Demo(), Version: version, Backup: r.backup,
		Exchange: r.exchange, Proof: newReporter(r.node, r.programme).Proof,
	}))
	return mux, nil
}

// taxii serves what is released to the agencies' programs.
func (r *running) taxii(ctx context.Context) (http.Handler, error) {
	clients, err := auth.NewClients(r.node.Store(), auth.DefaultCost, nil)
	if err != nil {
		return nil, err
	}
	return taxii.New(ctx, taxii.Options{
		Store: r.node.Store(), Accounts: clients, Releases: r.exchange, Uses: r.exchange, Drafts: r.exchange, Areas: r.areas,
		Title: siteName(r.node.Writer()), Log: r.logger,
	})
}

// areas are those of the charter in force.
func (r *running) areas(ctx context.Context) ([]taxii.Area, error) {
	charters, err := store.Joints[entente.Charter](ctx, r.node.View(entente.Shared), entente.TypeCharter, store.Query{})
	if err != nil {
		return nil, err
	}
	var out []taxii.Area
	for _, c := range charters {
		if c.InForce == nil || c.InForce.Body == nil {
			continue
		}
		for _, a := range c.InForce.Body.Areas {
			if !a.Variant {
				out = append(out, taxii.Area{Code: a.Code, Name: a.Name})
			}
		}
	}
	return out, nil
}

// callers tells the interface who asks; it implements [api.Auth].
type callers struct{ *auth.Auth }

// Caller implements [api.Auth].
func (c callers) Caller(r *http.Request) (*api.Caller, error) {
	p, err := c.Identify(r)
	if errors.Is(err, auth.ErrNotSignedIn) {
		return nil, api.ErrNotSignedIn
	}
	if err != nil {
		return nil, err
	}
	return &api.Caller{ID: p.User.ID, Name: p.User.Name, Agency: p.User.Agency, Roles: p.Roles, Officer: p.Officer()}, nil
}

// status says how it stands with every followed log.
func (r *running) status() []desk.LogStatus {
	var out []desk.LogStatus
	for _, s := range r.network.Status() {
		out = append(out, desk.LogStatus{
			Origin: s.Origin, Phase: string(s.Phase), Size: s.Size, Signed: s.Signed,
			LastContact: s.LastContact, LastError: s.LastError, Since: s.Since,
		})
	}
	slices.SortFunc(out, func(a, b desk.LogStatus) int { return strings.Compare(a.Origin, b.Origin) })
	return out
}

// backup writes a copy of the node as a tar archive.
func (r *running) backup(ctx context.Context, w io.Writer) error {
	dir, err := os.MkdirTemp("", "entente-backup-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	to := filepath.Join(dir, "node")
	if err := r.node.Backup(ctx, to); err != nil {
		return err
	}
	archive := tar.NewWriter(w)
	if err := archive.AddFS(os.DirFS(to)); err != nil {
		return err
	}
	return archive.Close()
}

// parts is what the pages need beside the store.
func (r *running) parts() portal.Parts {
	p := r.programme
	from := labels.Source{
		Measures: map[string]entente.Text{}, Units: map[string]entente.Text{}, Codelists: p.Codelists, Indicators: p.Indicators, Datasets: p.Datasets,
	}
	for _, m := range p.Measures {
		from.Measures[m.Code] = m.Title
	}
	for _, u := range p.Units {
		from.Units[u.Code] = u.Name
	}
	return portal.NewParts(r.node.Figures(), labels.New(from), newReporter(r.node, p))
}

// apiDeps is the interface for one audience, without anybody signed in.
func (r *running) apiDeps(ctx context.Context, a entente.Audience) api.Deps {
	return api.Deps{
		Store: r.node.Store(), Audience: a, Demo: r.node.Demo(), Base: r.config.origin(),
		Logs: http.StripPrefix("/log", r.network.PublicLogs(ctx)), Blobs: r.node.Blobs(), Figures: r.node.Figures(), Claims: r.node.Figures(),
	}
}

// shell is what all pages of the node's site show.
func (r *running) shell() shell.Site {
	return shell.Site{
		Name: siteName(r.node.Writer()), Title: r.programme.Charter.Title, Nav: portal.Nav, Links: portal.Links,
		Search: "/search", Demo: r.node.Demo(), Version: version,
	}
}

func siteName(w entente.Author) entente.Text {
	switch w.Party {
	case "":
		return entente.Text{ES: "Portal público", EN: "Public portal"}
	case entente.MX:
		return entente.Text{ES: "Mesa de trabajo de México", EN: "Desk of Mexico"}
	case entente.US:
		return entente.Text{ES: "Mesa de trabajo de Estados Unidos", EN: "Desk of the United States"}
	}
	return entente.Text{ES: "Mesa de trabajo de " + string(w.Party), EN: "Desk of " + string(w.Party)}
}
