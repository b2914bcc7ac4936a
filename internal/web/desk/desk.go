// Package desk puts a party's desk together: sign-in, the pages where its people
// draft, release, concur and publish, and behind sign-in the pages of the portal,
// read through the national view.
package desk

import (
	"context"
	"io"
	"net/http"
	"time"

	"entente"
	"entente/internal/auth"
	"entente/internal/exchange"
	"entente/internal/node"
	"entente/internal/web/desk/account"
	"entente/internal/web/desk/audit"
	"entente/internal/web/desk/concur"
	"entente/internal/web/desk/drafts"
	exchangepages "entente/internal/web/desk/exchange"
	"entente/internal/web/desk/figures"
	"entente/internal/web/desk/joint"
	"entente/internal/web/desk/kit"
	"entente/internal/web/desk/people"
	"entente/internal/web/desk/signin"
	"entente/internal/web/desk/today"
	"entente/internal/web/front"
	"entente/internal/web/indicators"
	"entente/internal/web/portal"
	"entente/internal/web/shell"
	"entente/internal/web/site"
)

// LogStatus is how it stands with one followed log.
type LogStatus = kit.LogStatus

// Deps are what a desk needs.
type Deps struct {
	Node *node.Node
	Auth *auth.Auth
	// Status tells how it stands with every followed log; nil on a node that follows
	// none.
	Status func() []LogStatus
	// Portal is what the pages shared with the portal need.
	Portal portal.Parts
	Demo   bool
	// Version of the program, for the footer.
	Version string
	// Backup writes a consistent copy of the node while it runs; nil where it is not
	// offered.
	Backup func(ctx context.Context, w io.Writer) error
	// Exchange is the exchange of information; nil where there is none.
	Exchange *exchange.Exchange
	// Proof makes the verification bundle of a release; nil where it is not offered.
	Proof func(ctx context.Context, release entente.Ref) ([]byte, error)
	Clock func() time.Time // nil means time.Now
}

// New returns the handler of a desk: everything but /api/, /feed.atom, /blob/ and
// /log/, which are the API's.
func New(d Deps) http.Handler {
	s := &site.Site{
		Store: d.Node.Store(), Audience: d.Node.Audience(),
		Shell: shell.Site{Name: nameOf(d.Node), Search: "/search", Demo: d.Demo, Links: kit.Links, Version: d.Version},
	}
	mux := http.NewServeMux()
	k := &kit.Kit{Node: d.Node, Auth: d.Auth, Site: s, Status: d.Status, Backup: d.Backup, Exchange: d.Exchange, Proof: d.Proof, Clock: d.Clock, Mux: mux}
	s.User, s.Nav, s.Tools, s.Hidden, s.Sees = k.User, k.Nav, k.Tools, k.Hidden, k.Sees
	mount(k)

	pages := http.NewServeMux()
	portal.Mount(pages, s, d.Portal)
	pages.Handle("/", s.Missing())
	mux.Handle("/", k.Behind(pages))
	mux.Handle("GET /{$}", shell.Welcome())
	shell.Handle(mux, "GET /", k.Home)
	shell.Handle(mux, "GET /desk", k.Home)
	front.Mount(func(_ string, build site.Build) { s.Page(pages, "/program", build) },
		indicators.New(d.Portal.Figures, d.Portal.Labels))

	outer := http.NewServeMux()
	outer.Handle("GET /static/", shell.Static())
	outer.Handle("POST /theme", shell.SetTheme())
	outer.Handle("/", d.Auth.Wrap(mux))
	return shell.Secure(outer)
}

func mount(k *kit.Kit) {
	signin.Mount(k)
	today.Mount(k)
	drafts.Mount(k)
	exchangepages.Mount(k)
	concur.Mount(k)
	joint.Mount(k)
	figures.Mount(k)
	account.Mount(k)
	audit.Mount(k)
	people.Mount(k)
}

func nameOf(n *node.Node) entente.Text {
	name := n.Name()
	return entente.Text{ES: "Mesa de trabajo de " + name.ES, EN: "Desk of " + name.EN}
}
