package kit

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"

	"entente"
	"entente/internal/auth"
	"entente/internal/exchange"
	"entente/internal/locale"
	"entente/internal/node"
	"entente/internal/store"
	"entente/internal/web/shell"
	"entente/internal/web/site"
)

// LogStatus is how it stands with one followed log.
type LogStatus struct {
	Origin string
	// Phase is "current", "behind", "failing", "contradicted" or another word of the
	// follower's.
	Phase        string
	Size, Signed uint64 // entries mirrored, and signed by the other side
	LastContact  time.Time
	LastError    string
	Since        time.Time // when Phase began
}

// Kit is what all pages of one desk share.
type Kit struct {
	Node *node.Node
	Auth *auth.Auth
	Site *site.Site
	// Status tells how it stands with every followed log; nil on a node that follows
	// none.
	Status func() []LogStatus
	// Backup writes a consistent copy of the node; nil where it is not offered.
	Backup func(ctx context.Context, w io.Writer) error
	// Exchange is the exchange of information; nil on a desk without one.
	Exchange *exchange.Exchange
	// Proof makes the verification bundle of a release; nil where it is not offered.
	Proof func(ctx context.Context, release entente.Ref) ([]byte, error)
	Clock func() time.Time
	Mux   *http.ServeMux

	reads reads
}

// Ask is one request of a signed-in person.
type Ask struct {
	*site.Frame
	Kit *Kit
	// Me is nil on the pages before sign-in.
	Me *auth.Person
	W  http.ResponseWriter
	// Typed is what was posted, when the page answers a form that was refused.
	Typed url.Values
	// Refused says why, nil when nothing was refused.
	Refused *Refused
	// Carried is what a form hands on to the page that answers it ([ErrShow]).
	Carried any
}

// ErrShow is returned by a form that changes nothing, such as a dry run: the page
// is shown with what was typed.
var ErrShow = errors.New("show the page")

// Show makes a page.
type Show func(ctx context.Context, a *Ask) (templ.Component, error)

// Do carries out a form and says where to go next (an address with language).
type Do func(ctx context.Context, a *Ask) (next string, err error)

// Page registers a page in both languages for those who may act.
func (k *Kit) Page(path string, act auth.Act, show Show) {
	k.handle("GET "+path, act, func(ctx context.Context, a *Ask) error { return a.show(ctx, http.StatusOK, show) })
}

// Form registers what a form posts to. When do is refused, show answers, with what
// was typed and why.
func (k *Kit) Form(path string, act auth.Act, show Show, do Do) {
	k.Posted(path, act, func(_ context.Context, a *Ask) error {
		if err := parse(a.R); err != nil {
			return &site.BadRequest{Detail: err.Error()}
		}
		return nil
	}, show, do)
}

// Posted is [Kit.Form] for a form that is read in its own way: one with files that
// are not held here. What read leaves in the request's PostForm is what was typed,
// also when it refuses.
func (k *Kit) Posted(path string, act auth.Act, read func(context.Context, *Ask) error, show Show, do Do) {
	k.handle("POST "+path, act, func(ctx context.Context, a *Ask) error {
		next, err := "", read(ctx, a)
		if err == nil {
			next, err = do(ctx, a)
		}
		if err == nil {
			http.Redirect(a.W, a.R, next, http.StatusSeeOther)
			return nil
		}
		a.Typed = a.R.PostForm
		if errors.Is(err, ErrShow) {
			return a.show(ctx, http.StatusOK, show)
		}
		var no *Forbidden
		if errors.As(err, &no) {
			k.forbidden(a, no.Act)
			return nil
		}
		if a.Refused = a.refusal(err); a.Refused == nil {
			return err
		}
		return a.show(ctx, a.Refused.Status, show)
	})
}

// Raw registers a handler that writes its own answer: a file, a fragment.
func (k *Kit) Raw(pattern string, act auth.Act, serve func(ctx context.Context, a *Ask) error) {
	k.handle(pattern, act, serve)
}

// Anyone registers a page or form before sign-in: act is "".
const Anyone auth.Act = ""

func (k *Kit) handle(pattern string, act auth.Act, serve func(ctx context.Context, a *Ask) error) {
	shell.Handle(k.Mux, pattern, func(w http.ResponseWriter, r *http.Request, lang locale.Lang) {
		ctx := r.Context()
		me := auth.From(ctx)
		if act != Anyone && me == nil {
			k.ToSignIn(w, r, lang)
			return
		}
		state, err := k.Site.State(ctx)
		if err != nil {
			k.Site.Fail(w, r, lang, err)
			return
		}
		a := &Ask{Frame: k.Site.Frame(r, lang, state), Kit: k, Me: me, W: w}
		if act != Anyone && !me.May(act) {
			k.forbidden(a, act)
			return
		}
		if me != nil && r.Method == http.MethodGet {
			if text := k.Auth.Flashed(ctx); text != "" {
				a.Toasts = append(a.Toasts, shell.Toast{Tone: shell.Agree, Text: a.T(text)})
			}
		}
		if err := serve(ctx, a); err != nil {
			k.Site.Fail(w, r, lang, err)
		}
	})
}

// ToSignIn sends somebody who is not signed in to the page for it, and from there
// back to where they wanted to go.
func (k *Kit) ToSignIn(w http.ResponseWriter, r *http.Request, lang locale.Lang) {
	next := ""
	if r.Method == http.MethodGet {
		next = strings.TrimPrefix(r.URL.RequestURI(), "/"+string(lang))
	}
	if next == "/" {
		next = ""
	}
	http.Redirect(w, r, shell.Href(lang, "/desk/sign-in", "next", next), http.StatusSeeOther)
}

// forbidden says which role may do what was asked.
func (k *Kit) forbidden(a *Ask, act auth.Act) {
	var roles []string
	for _, r := range auth.Roles {
		if auth.May([]auth.Role{r}, act) {
			roles = append(roles, a.T("desk.role."+string(r)))
		}
	}
	k.reads.add(k, a.Me.User.Name, "page", a.R.URL.Path, "refused")
	shell.Render(a.W, a.R, http.StatusForbidden, shell.ErrorPage(a.Site, a.Page, shell.Problem{
		Status: http.StatusForbidden, Title: a.T("desk.forbidden.title"),
		Detail: a.T("desk.forbidden.detail"), Rule: a.T("desk.forbidden.rule", "Roles", a.L.List(roles...)),
		Mend: a.T("desk.forbidden.mend"), Back: shell.Link{Text: a.T("desk.nav.today"), Href: a.Href("/desk/today")},
	}))
}

// Refuse shows a page with what was refused, and why; an error that is no refusal
// is passed on. Handlers that write their own answer use it.
func (a *Ask) Refuse(ctx context.Context, err error, show Show) error {
	if a.Refused = a.refusal(err); a.Refused == nil {
		return err
	}
	return a.show(ctx, a.Refused.Status, show)
}

func (a *Ask) show(ctx context.Context, status int, show Show) error {
	c, err := show(ctx, a)
	if err != nil {
		return err
	}
	shell.Render(a.W, a.R, status, c)
	return nil
}

// maxForm bounds what a form without files may send, in bytes: a draft is smaller
// than an entry, and its form a few times as large.
const maxForm = 1 << 20

// MaxUpload bounds a form with files.
const MaxUpload = node.MaxDataset + maxForm

// inMemory is how much of a form with files is held in memory; the rest goes to
// temporary files.
const inMemory = 4 << 20

func parse(r *http.Request) error {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		r.Body = http.MaxBytesReader(nil, r.Body, MaxUpload)
		return r.ParseMultipartForm(inMemory)
	}
	r.Body = http.MaxBytesReader(nil, r.Body, maxForm)
	return r.ParseForm()
}

// Post returns a posted value, trimmed.
func (a *Ask) Post(name string) string { return strings.TrimSpace(a.R.PostForm.Get(name)) }

// Was returns what was typed in a form that was refused, or else a first value.
func (a *Ask) Was(name, first string) string {
	if a.Typed == nil {
		return first
	}
	return a.Typed.Get(name)
}

// Tell shows a message (by its id) on the next page.
func (a *Ask) Tell(ctx context.Context, id string) { a.Kit.Auth.Flash(ctx, id) }

// Officer returns the person's unlocked key, or [auth.ErrLocked].
func (a *Ask) Officer() (*node.Officer, error) {
	if o := a.Me.Officer(); o != nil {
		return o, nil
	}
	return nil, auth.ErrLocked
}

// Head fills the heading of a desk page.
func (a *Ask) Head(title, lead, active string, crumbs ...shell.Link) {
	a.Title, a.Lead, a.Active = title, lead, active
	a.Crumbs = append([]shell.Link{{Text: a.T("desk.nav.today"), Href: a.Href("/desk/today")}}, crumbs...)
}

// Party is the party whose node this is.
func (k *Kit) Party() entente.Party { return k.Node.Writer().Party }

// Own reports whether a writer is this node's.
func (k *Kit) Own(writer string) bool { return writer == k.Node.Writer().Writer() }

// Now is the desk's clock.
func (k *Kit) Now() time.Time {
	if k.Clock != nil {
		return k.Clock()
	}
	return time.Now()
}

// Today is the day in UTC.
func (k *Kit) Today() entente.Date { return entente.Date(k.Now().UTC().Format(time.DateOnly)) }

// Saw puts on the audit trail that the person opened something.
func (a *Ask) Saw(kind, object string) {
	if a.Me != nil {
		a.Kit.reads.add(a.Kit, a.Me.User.Name, kind, object, "done")
	}
}

// log is where faults that are nobody's doing go.
func log(err error) {
	if err != nil && !errors.Is(err, store.ErrClosed) {
		slog.Error("desk", "error", err)
	}
}
