// Package people makes the pages of the administrator: who may sign in and as what,
// the node's keys, its genesis, backups.
package people

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"entente"
	"entente/internal/auth"
	"entente/internal/node"
	"entente/internal/store"
	"entente/internal/web/desk/kit"
	"entente/internal/web/shell"
)

// Mount registers the pages.
func Mount(k *kit.Kit) {
	k.Page("/desk/people", auth.ManageUsers, page)
	k.Form("/desk/people", auth.ManageUsers, page, add)
	k.Page("/desk/people/{user}", auth.ManageUsers, person)
	k.Form("/desk/people/{user}", auth.ManageUsers, person, change)
	k.Form("/desk/keys", auth.ManageUsers, page, keys)
	k.Raw("GET /desk/genesis", auth.ManageUsers, genesis)
	k.Raw("POST /desk/backup", auth.Backup, backup)
}

type model struct {
	users    []store.User
	agencies []shell.Option
	keys     []node.KeyState
	hasRoot  bool
}

func page(ctx context.Context, a *kit.Ask) (templ.Component, error) {
	a.Head(a.T("desk.people.title"), a.T("desk.people.lead"), "people")
	m := model{hasRoot: a.Kit.Node.Keys().HasRoot()}
	var err error
	if m.users, err = a.Kit.Node.Store().Users(ctx); err != nil {
		return nil, err
	}
	if m.keys, err = a.Kit.Node.KeyStates(ctx); err != nil {
		return nil, err
	}
	m.agencies = agencies(m.keys)
	return peoplePage(a, m), nil
}

// agencies are those of which the node has a key.
func agencies(keys []node.KeyState) []shell.Option {
	var out []shell.Option
	for _, k := range keys {
		o := shell.Option{Value: k.Agency, Text: k.Agency}
		if k.Role == entente.RoleAgency && !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	return out
}

func roleOptions(a *kit.Ask) []shell.Option {
	var out []shell.Option
	for _, r := range auth.Roles {
		out = append(out, shell.Option{Value: string(r), Text: a.T("desk.role." + string(r)), Hint: a.T("desk.role." + string(r) + ".hint")})
	}
	return out
}

func posted(a *kit.Ask) []auth.Role {
	var out []auth.Role
	for _, r := range a.R.PostForm["roles"] {
		out = append(out, auth.Role(r))
	}
	return out
}

func add(ctx context.Context, a *kit.Ask) (string, error) {
	u, err := a.Kit.Auth.AddUser(ctx, auth.NewUser{
		Name: a.Post("name"), Display: a.Post("display"), Agency: a.Post("agency"), Roles: posted(a), Password: a.R.PostForm.Get("password"),
	}, a.Me.User.Name)
	if err != nil {
		return "", err
	}
	a.Tell(ctx, "desk.people.added")
	return a.Href("/desk/people/" + u.Name), nil
}

func readUser(ctx context.Context, a *kit.Ask) (store.User, error) {
	return a.Kit.Node.Store().User(ctx, a.R.PathValue("user"))
}

func person(ctx context.Context, a *kit.Ask) (templ.Component, error) {
	u, err := readUser(ctx, a)
	if err != nil {
		return nil, err
	}
	a.Head(u.Display, u.Name, "people", shell.Link{Text: a.T("desk.people.title"), Href: a.Href("/desk/people")})
	states, err := a.Kit.Node.KeyStates(ctx)
	if err != nil {
		return nil, err
	}
	return personPage(a, u, agencies(states), a.Kit.Node.Keys().HasRoot()), nil
}

// change carries out what a person's page asks.
func change(ctx context.Context, a *kit.Ask) (string, error) {
	u, err := readUser(ctx, a)
	if err != nil {
		return "", err
	}
	here := a.Href("/desk/people/" + u.Name)
	switch a.Post("op") {
	case "change":
		err = a.Kit.Auth.ChangeUser(ctx, u.ID, a.Post("display"), a.Post("agency"), posted(a), a.Post("disabled") != "", a.Me.User.Name)
	case "password":
		err = a.Kit.Auth.SetPassword(ctx, u.ID, a.R.PostForm.Get("password"), a.Me.User.Name)
	case "key":
		err = officerKey(ctx, a, u)
	default:
		err = &kit.Refuse{Code: "desk.refused.form"}
	}
	if err != nil {
		return "", err
	}
	a.Tell(ctx, "desk.people.changed")
	return here, nil
}

// officerKey makes a signing key of a person: the root key's holder and the person
// are both at the keyboard.
func officerKey(ctx context.Context, a *kit.Ask, u store.User) error {
	own := a.R.PostForm.Get("own")
	if own != a.R.PostForm.Get("own-again") {
		return &kit.Refuse{Code: "desk.refused.again", Field: "own-again"}
	}
	if len([]rune(own)) < auth.MinPassword {
		return auth.ErrPasswordForm
	}
	root, err := a.Kit.Node.Keys().UnlockRoot(a.R.PostForm.Get("root"))
	if err != nil {
		return err
	}
	defer root.Close()
	_, err = a.Kit.Node.AddOfficer(ctx, node.NewOfficer{Name: u.Name, Display: u.Display, Agency: u.Agency, Roles: u.Roles, Passphrase: own}, root)
	return err
}

// keys adds, rotates or revokes a key of the node; the root key signs it.
func keys(ctx context.Context, a *kit.Ask) (string, error) {
	root, err := a.Kit.Node.Keys().UnlockRoot(a.R.PostForm.Get("root"))
	if err != nil {
		return "", err
	}
	defer root.Close()
	n := a.Kit.Node
	switch a.Post("op") {
	case "rotate":
		_, err = n.RotateKey(ctx, a.Post("key"), root)
	case "revoke":
		reason := entente.Text{ES: a.Post("reason.es"), EN: a.Post("reason.en")}
		if reason.IsZero() {
			return "", &kit.Refuse{Code: "desk.refused.nokeyreason"}
		}
		err = n.RevokeKey(ctx, a.Post("key"), &reason, root)
	case "agency":
		code := strings.ToUpper(a.Post("agency"))
		if code == "" {
			return "", &kit.Refuse{Code: "desk.refused.form"}
		}
		_, err = n.AddKey(ctx, entente.RoleAgency, code, root)
	default:
		err = &kit.Refuse{Code: "desk.refused.form"}
	}
	if err != nil {
		return "", err
	}
	a.Tell(ctx, "desk.people.keydone")
	return a.Href("/desk/people") + "#keys", nil
}

// genesis serves the node's genesis entry, to be handed over out of band.
func genesis(_ context.Context, a *kit.Ask) error {
	a.Saw("file", "genesis")
	h := a.W.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", `attachment; filename="genesis-`+strings.ToLower(a.Kit.Node.Writer().Writer())+`.entry"`)
	_, _ = a.W.Write(a.Kit.Node.Genesis()) // the reader may be gone
	return nil
}

// backup streams a consistent copy of the node while it runs.
func backup(ctx context.Context, a *kit.Ask) error {
	if a.Kit.Backup == nil {
		return store.ErrNotFound
	}
	name := "entente-" + strings.ToLower(a.Kit.Node.Writer().Writer()) + "-" + a.Kit.Now().UTC().Format("20060102-150405") + ".tar"
	h := a.W.Header()
	h.Set("Content-Type", "application/x-tar")
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
	outcome := "done"
	err := a.Kit.Backup(ctx, a.W)
	if err != nil {
		outcome = "failed"
	}
	err = errors.Join(err, a.Kit.Node.Store().AddAudit(ctx, store.AuditEvent{Actor: a.Me.User.Name, Act: "backup", Object: name, Outcome: outcome}))
	if err != nil {
		panic(http.ErrAbortHandler) // the copy is broken off, so that nobody takes half of it for whole
	}
	return nil
}

func userHref(a *kit.Ask, u store.User) string { return a.Href("/desk/people/" + u.Name) }

func roleNames(a *kit.Ask, u store.User) string {
	var out []string
	for _, r := range u.Roles {
		out = append(out, a.T("desk.role."+r))
	}
	return a.L.List(out...)
}
