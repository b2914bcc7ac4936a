package kit

import (
	"net/http"

	"entente/internal/auth"
	"entente/internal/locale"
	"entente/internal/web/shell"
)

// navItem is an entry of the navigation and the act that its page needs.
type navItem struct {
	shell.NavItem
	act auth.Act
}

var nav = []navItem{
	{shell.NavItem{Key: "today", Path: "/desk/today", ID: "desk.nav.today"}, auth.Read},
	{shell.NavItem{Key: "drafts", Path: "/desk/drafts", ID: "desk.nav.drafts"}, auth.Read},
	{shell.NavItem{Key: "exchange", Path: "/desk/exchange", ID: "desk.nav.exchange"}, auth.Read},
	{shell.NavItem{Key: "concur", Path: "/desk/concurrence", ID: "desk.nav.concur"}, auth.Read},
	{shell.NavItem{Key: "joint", Path: "/desk/joint", ID: "desk.nav.joint"}, auth.Read},
	{shell.NavItem{Key: "import", Path: "/desk/figures", ID: "desk.nav.figures"}, auth.Read},
	{shell.NavItem{Key: "audit", Path: "/desk/audit", ID: "desk.nav.audit"}, auth.ReadAudit},
	{shell.NavItem{Key: "people", Path: "/desk/people", ID: "desk.nav.people"}, auth.ManageUsers},
	{shell.NavItem{Key: "home", Path: "/program", ID: "desk.nav.program"}, auth.Read},
	{shell.NavItem{Key: "commitments", Path: "/commitments", ID: "nav.commitments"}, auth.Read},
	{shell.NavItem{Key: "indicators", Path: "/indicators", ID: "nav.indicators"}, auth.Read},
	{shell.NavItem{Key: "claims", Path: "/claims", ID: "nav.claims"}, auth.Read},
	{shell.NavItem{Key: "meetings", Path: "/meetings", ID: "nav.meetings"}, auth.Read},
	{shell.NavItem{Key: "actions", Path: "/actions", ID: "nav.actions"}, auth.Read},
	{shell.NavItem{Key: "questions", Path: "/questions", ID: "nav.questions"}, auth.Read},
	{shell.NavItem{Key: "report", Path: "/report", ID: "nav.report"}, auth.Read},
}

// Links are the small links of the footer.
var Links = []shell.NavItem{
	{Path: "/charter", ID: "nav.charter"}, {Path: "/agencies", ID: "nav.agencies"}, {Path: "/statements", ID: "nav.statements"},
	{Path: "/citations", ID: "nav.citations"}, {Path: "/datasets", ID: "nav.datasets"}, {Path: "/notices", ID: "kind.notices.title"},
	{Path: "/latest", ID: "nav.latest"}, {Path: "/corrections", ID: "nav.corrections"}, {Path: "/data", ID: "nav.data"},
	{Path: "/verify", ID: "nav.verify"},
}

// Nav is the navigation for who asks: what that person may open, with a count of
// what waits for a second officer.
func (k *Kit) Nav(r *http.Request) []shell.NavItem {
	me := auth.From(r.Context())
	if me == nil {
		return nil
	}
	var out []shell.NavItem
	for _, item := range nav {
		if !me.May(item.act) || item.Key == "exchange" && k.Exchange == nil {
			continue
		}
		it := item.NavItem
		if it.Key == "drafts" || it.Key == "exchange" {
			waiting, err := k.Awaited(r.Context(), me, it.Key == "exchange")
			log(err)
			it.Hint = len(waiting)
		}
		out = append(out, it)
	}
	return out
}

// User is the signed-in person for the header.
func (k *Kit) User(r *http.Request) *shell.User {
	me := auth.From(r.Context())
	if me == nil {
		return nil
	}
	lang, _ := langOf(r)
	l := locale.For(lang)
	role := ""
	if len(me.Roles) > 0 {
		role = l.T("desk.role." + string(me.Roles[len(me.Roles)-1]))
		for _, r := range me.Roles {
			if r == auth.ReleasingOfficer {
				role = l.T("desk.role." + string(r))
			}
		}
	}
	return &shell.User{Name: me.User.Display, Role: role, Agency: me.User.Agency, SignOut: "/desk/sign-out", Href: "/" + string(lang) + "/desk/account"}
}

// Home leads the front page of the desk to what waits for the person.
func (k *Kit) Home(w http.ResponseWriter, r *http.Request, lang locale.Lang) {
	if auth.From(r.Context()) == nil {
		k.ToSignIn(w, r, lang)
		return
	}
	http.Redirect(w, r, shell.Href(lang, "/desk/today"), http.StatusSeeOther)
}
