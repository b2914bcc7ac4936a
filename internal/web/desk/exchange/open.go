package exchange

import (
	"context"
	"errors"
	"io"

	"entente"
	"entente/internal/auth"
	core "entente/internal/exchange"
	"entente/internal/seal"
	"entente/internal/store"
	"entente/internal/web/desk/kit"
)

// mountOpen registers what hands content out.
func mountOpen(k *kit.Kit) {
	k.Raw("POST /desk/exchange/releases/{writer}/{index}/file", auth.Read, exportFile)
	k.Raw("POST /desk/exchange/requests/{writer}/{index}/file", auth.Read, questionFile)
}

// openedModel is content that was opened for the person: what it says, and the
// files that can be saved.
type openedModel struct {
	purpose     string
	title, text string
	files       []seal.File
	action      string // to which the name of a file is posted
}

// shown reads what was opened and closes it.
func shown(o *core.Opened, purpose, action string) (*openedModel, error) {
	m := o.Manifest()
	return &openedModel{purpose: purpose, title: m.Title, text: m.Text, files: m.Files, action: action}, o.Close()
}

// carried is what a form opened for the page that answers it.
func carried(a *kit.Ask) *openedModel {
	m, _ := a.Carried.(*openedModel)
	return m
}

// open shows the content of a release, once its use is in the national log.
func open(ctx context.Context, a *kit.Ask, r *core.ReleaseState) (string, error) {
	purpose := a.Post("purpose")
	if purpose == "" {
		return "", &kit.Refuse{Code: "exchange.refused.purpose", Field: "purpose"}
	}
	o, err := a.Kit.Exchange.Open(ctx, a.Kit.Exchange.ReaderOf(a.Me.User), r.Ref, purpose)
	if err != nil {
		return "", err
	}
	m, err := shown(o, purpose, href(a, "releases", &r.Side)+"/file")
	if err != nil {
		return "", err
	}
	a.Carried = m
	return "", kit.ErrShow
}

// openQuestion shows what a request or another entry carries.
func openQuestion(ctx context.Context, a *kit.Ask, ref entente.Ref, action string) (string, error) {
	o, err := a.Kit.Exchange.OpenQuestion(ctx, a.Kit.Exchange.ReaderOf(a.Me.User), ref)
	if err != nil {
		return "", err
	}
	m, err := shown(o, "", action)
	if err != nil {
		return "", err
	}
	a.Carried = m
	return "", kit.ErrShow
}

// exportFile saves one file of a release outside the node: an export, recorded like
// any other use.
func exportFile(ctx context.Context, a *kit.Ask) error {
	ref, err := named(ctx, a)
	if err != nil {
		return err
	}
	if err := a.R.ParseForm(); err != nil {
		return err
	}
	o, err := a.Kit.Exchange.Export(ctx, a.Kit.Exchange.ReaderOf(a.Me.User), ref, a.Post("purpose"))
	if err != nil {
		return a.Refuse(ctx, err, release)
	}
	return handOut(a, o)
}

// questionFile saves one file that came with a request.
func questionFile(ctx context.Context, a *kit.Ask) error {
	ref, err := named(ctx, a)
	if err != nil {
		return err
	}
	if err := a.R.ParseForm(); err != nil {
		return err
	}
	o, err := a.Kit.Exchange.OpenQuestion(ctx, a.Kit.Exchange.ReaderOf(a.Me.User), ref)
	if err != nil {
		return a.Refuse(ctx, err, request)
	}
	return handOut(a, o)
}

// handOut sends the file that was asked for by name.
func handOut(a *kit.Ask, o *core.Opened) error {
	defer o.Close()
	for {
		f, r, err := o.Next()
		if errors.Is(err, io.EOF) {
			return store.ErrNotFound
		}
		if err != nil {
			return err
		}
		if f.Name == a.Post("name") {
			serve(a, f, r)
			return nil
		}
	}
}
