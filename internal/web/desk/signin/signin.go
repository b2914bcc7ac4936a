// Package signin makes the pages before and around sign-in: the form, the end of a
// session, the unlocking of an officer's key.
package signin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"entente/internal/auth"
	"entente/internal/locale"
	"entente/internal/web/desk/kit"
	"entente/internal/web/shell"
)

// Mount registers the pages.
func Mount(k *kit.Kit) {
	k.Page("/desk/sign-in", kit.Anyone, page)
	k.Form("/desk/sign-in", kit.Anyone, page, signIn)
	k.Form("/desk/sign-out", kit.Anyone, page, signOut)
	k.Page("/desk/unlock", auth.Read, unlockPage)
	k.Form("/desk/unlock", auth.Read, unlockPage, unlock)
	k.Form("/desk/lock", auth.Read, unlockPage, lock)
	k.Raw("POST /desk/passkey/begin", kit.Anyone, passkeyBegin)
	k.Raw("POST /desk/passkey/end", kit.Anyone, passkeyEnd)
}

func page(_ context.Context, a *kit.Ask) (templ.Component, error) {
	a.Title, a.Lead, a.Crumbs = a.T("desk.signin.title"), a.Say(a.Kit.Node.Name()), nil
	a.Site.Nav, a.Site.Search, a.Page.AsOf = nil, "", shell.AsOf{}
	return signInPage(a, next(a)), nil
}

// next is where to go after sign-in: a path of this site, in the page's language.
func next(a *kit.Ask) string {
	to := a.R.FormValue("next")
	if !local(to) {
		return "/desk/today"
	}
	return to
}

// local reports whether an address is a path of this site and nothing else.
func local(to string) bool {
	u, err := url.Parse(to)
	return err == nil && u.Scheme == "" && u.Host == "" && u.User == nil &&
		strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") && !strings.ContainsAny(to, "\\\r\n\t")
}

func signIn(_ context.Context, a *kit.Ask) (string, error) {
	if err := a.Kit.Auth.SignIn(a.R, a.Post("name"), a.R.PostForm.Get("password")); err != nil {
		return "", err
	}
	return a.Href(next(a)), nil
}

func signOut(ctx context.Context, a *kit.Ask) (string, error) {
	return a.Href("/desk/sign-in"), a.Kit.Auth.SignOut(ctx)
}

func unlockPage(_ context.Context, a *kit.Ask) (templ.Component, error) {
	a.Head(a.T("desk.unlock.title"), "", "")
	return lockedPage(a), nil
}

func unlock(ctx context.Context, a *kit.Ask) (string, error) {
	if err := a.Kit.Auth.Unlock(a.R, a.R.PostForm.Get("passphrase")); err != nil {
		return "", err
	}
	a.Tell(ctx, "desk.unlock.done")
	return back(a), nil
}

// back is the page that a form was on.
func back(a *kit.Ask) string {
	to := a.Post("next")
	for _, l := range locale.Langs() {
		if local(to) && strings.HasPrefix(to, "/"+string(l)+"/") {
			return to
		}
	}
	return a.Href("/desk/today")
}

func lock(ctx context.Context, a *kit.Ask) (string, error) {
	a.Kit.Auth.Lock(ctx)
	a.Tell(ctx, "desk.lock.done")
	return back(a), nil
}

func passkeyBegin(_ context.Context, a *kit.Ask) error {
	options, err := a.Kit.Auth.BeginPasskeySignIn(a.R)
	if err != nil {
		return kit.JSONError(a, err)
	}
	return kit.JSON(a.W, options)
}

func passkeyEnd(_ context.Context, a *kit.Ask) error {
	a.R.Body = http.MaxBytesReader(a.W, a.R.Body, 1<<16)
	if err := a.Kit.Auth.PasskeySignIn(a.R); err != nil {
		return kit.JSONError(a, err)
	}
	to := a.R.URL.Query().Get("next")
	if !local(to) {
		to = "/desk/today"
	}
	body, err := json.Marshal(map[string]string{"next": a.Href(to)})
	return errors.Join(err, kit.JSON(a.W, body))
}
