// Package account makes the page of the signed-in person: password, passkeys,
// tokens, the state of the own signing key.
package account

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/a-h/templ"

	"entente/internal/auth"
	"entente/internal/store"
	"entente/internal/web/desk/kit"
)

// Mount registers the pages.
func Mount(k *kit.Kit) {
	k.Page("/desk/account", auth.Read, page)
	k.Form("/desk/account/password", auth.Read, page, password)
	k.Form("/desk/account/passkeys", auth.Read, page, removePasskey)
	k.Form("/desk/account/tokens", auth.Read, page, tokens)
	k.Raw("POST /desk/account/passkey/begin", auth.Read, beginPasskey)
	k.Raw("POST /desk/account/passkey/end", auth.Read, endPasskey)
}

type model struct {
	passkeys []store.Passkey
	tokens   []auth.Token
	fresh    string // a token just made
}

func page(ctx context.Context, a *kit.Ask) (templ.Component, error) {
	a.Head(a.T("desk.account.title"), a.Me.User.Display+", "+a.Me.User.Agency, "")
	var m model
	var err error
	if m.passkeys, err = a.Kit.Node.Store().Passkeys(ctx, a.Me.User.ID); err != nil {
		return nil, err
	}
	if m.tokens, err = a.Kit.Auth.Tokens(ctx, a.Me.User.ID); err != nil {
		return nil, err
	}
	m.fresh, _ = a.Carried.(string)
	return accountPage(a, m), nil
}

func password(ctx context.Context, a *kit.Ask) (string, error) {
	fresh := a.R.PostForm.Get("fresh")
	if fresh != a.R.PostForm.Get("again") {
		return "", &kit.Refuse{Code: "desk.refused.again", Field: "again"}
	}
	if err := a.Kit.Auth.ChangePassword(a.R, a.R.PostForm.Get("old"), fresh); err != nil {
		return "", err
	}
	a.Tell(ctx, "desk.account.changed")
	return a.Href("/desk/account"), nil
}

func removePasskey(ctx context.Context, a *kit.Ask) (string, error) {
	if err := a.Kit.Auth.RemovePasskey(ctx, a.Post("passkey")); err != nil {
		return "", err
	}
	a.Tell(ctx, "desk.account.passkey.removed")
	return a.Href("/desk/account"), nil
}

func tokens(ctx context.Context, a *kit.Ask) (string, error) {
	if id := a.Post("revoke"); id != "" {
		if err := a.Kit.Auth.RevokeToken(ctx, id); err != nil {
			return "", err
		}
		a.Tell(ctx, "desk.account.token.revoked")
		return a.Href("/desk/account"), nil
	}
	days, err := strconv.Atoi(a.Post("days"))
	if err != nil {
		return "", &kit.Refuse{Code: "desk.refused.form", Field: "days"}
	}
	whole, err := a.Kit.Auth.AddToken(ctx, a.Post("label"), days)
	if err != nil {
		return "", err
	}
	a.Carried = whole // shown once, in the answer itself: it is kept nowhere
	return "", kit.ErrShow
}

func beginPasskey(ctx context.Context, a *kit.Ask) error {
	options, err := a.Kit.Auth.BeginPasskey(ctx)
	if err != nil {
		return kit.JSONError(a, err)
	}
	return kit.JSON(a.W, options)
}

func endPasskey(ctx context.Context, a *kit.Ask) error {
	a.R.Body = http.MaxBytesReader(a.W, a.R.Body, 1<<16)
	if err := a.Kit.Auth.AddPasskey(a.R, a.R.URL.Query().Get("label")); err != nil {
		return kit.JSONError(a, err)
	}
	a.Tell(ctx, "desk.account.passkey.added")
	body, err := json.Marshal(map[string]string{"next": a.Href("/desk/account")})
	return errors.Join(err, kit.JSON(a.W, body))
}

func credentialID(p store.Passkey) string { return base64.RawURLEncoding.EncodeToString(p.ID) }
