package exchange

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"entente"
	"entente/internal/auth"
	"entente/internal/node"
	"entente/internal/store"
	"entente/internal/web/desk/kit"
	"entente/internal/web/shell"
	"entente/internal/web/things"
)

// mountKeys registers break-glass: an agency's sealing key leaves the node by the
// decision of two officers who are both at the keyboard, and an entry says so.
func mountKeys(k *kit.Kit) {
	k.Page("/desk/exchange/keys", auth.Read, keysPage)
	k.Raw("POST /desk/exchange/keys", auth.AppendInner, exportKey)
}

type keysModel struct {
	keys  []shell.Option // sealing keys of the person's agency on this machine
	table shell.Table    // what left before
	pager shell.Pager
	id    string // of the entry to be stated: sent twice, it is one
}

func keysPage(ctx context.Context, a *kit.Ask) (templ.Component, error) {
	a.Head(a.T("exchange.keys.title"), a.T("exchange.keys.lead"), "exchange", crumb(a))
	m := keysModel{id: node.NewID()}
	states, err := a.Kit.Node.KeyStates(ctx)
	if err != nil {
		return nil, err
	}
	for _, k := range states {
		if k.Role == entente.RoleSeal && k.Here && k.Agency != "" && k.Agency == a.Me.User.Agency {
			m.keys = append(m.keys, shell.Option{Value: k.Name, Text: k.Agency + ": " + k.Name})
		}
	}
	if err := m.exports(ctx, a); err != nil {
		return nil, err
	}
	return keyExports(a, m), nil
}

// exports lists the keys that left before: of everybody for oversight, of the own
// agency for anybody else.
func (m *keysModel) exports(ctx context.Context, a *kit.Ask) error {
	viewer := me(a)
	page, err := store.List[entente.KeyExport](ctx, a.Kit.Node.View(entente.Shared), store.Query{Type: entente.TypeKeyExport, Desc: true, Limit: 500})
	if err != nil {
		return err
	}
	seen := slices.DeleteFunc(page.Items, func(v store.Version[entente.KeyExport]) bool {
		own := a.Kit.Own(v.Writer) && v.Header.Author.Agency == viewer.Agency
		return v.Body == nil || !viewer.Oversight && !own
	})
	shown, pager, err := things.Paginate(a.Frame, seen)
	if err != nil {
		return err
	}
	m.pager = pager
	m.table = shell.Table{Caption: a.T("exchange.keys.before"), HideCaption: true, Stack: true, Empty: a.T("exchange.keys.none")}
	for _, c := range []string{"when", "agency", "key", "reason"} {
		m.table.Columns = append(m.table.Columns, shell.Column{Title: a.T("exchange.keys." + c), Wide: c == "reason"})
	}
	for _, v := range shown {
		m.table.Rows = append(m.table.Rows, []shell.Cell{
			{Text: a.L.Moment(v.Header.Time.UTC()), Href: a.EntryHref(v.Ref), Class: "e-nowrap"}, {Text: who(a, v.Header.Author.Party, v.Body.Agency)},
			{Text: v.Body.Key, Class: "e-break"}, {Text: a.Say(v.Body.Reason)},
		})
	}
	return nil
}

// exportKey appends the entry and hands the key out as a file, once both officers
// signed. The second's key is locked again at once.
func exportKey(ctx context.Context, a *kit.Ask) error {
	if err := a.R.ParseForm(); err != nil {
		return err
	}
	file, name, err := exported(ctx, a)
	if err != nil {
		a.Typed = a.R.PostForm
		return a.Refuse(ctx, err, keysPage)
	}
	h := a.W.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
	_, _ = io.WriteString(a.W, file) // a reader who is gone asks again: the entry stands
	return nil
}

func exported(ctx context.Context, a *kit.Ask) (file, name string, err error) {
	reason := entente.Text{ES: a.Post("reason.es"), EN: a.Post("reason.en")}
	switch {
	case reason.ES == "" || reason.EN == "":
		return "", "", &kit.Refuse{Code: "exchange.refused.keyreason", Field: "reason.es"}
	case a.Post("second") == "":
		return "", "", &kit.Refuse{Code: "exchange.refused.second", Field: "second"}
	}
	key, err := ownKey(ctx, a, a.Post("key"))
	if err != nil {
		return "", "", err
	}
	by, err := a.Officer()
	if err != nil {
		return "", "", err
	}
	second, err := a.Kit.Auth.SecondOfficer(a.R, a.Post("second"), a.R.PostForm.Get("passphrase"))
	if err != nil {
		return "", "", err
	}
	defer second.Lock()
	file, _, err = a.Kit.Node.ExportSealKey(ctx, node.KeyExport{ID: a.Post("id"), Key: key.Name, Reason: reason, By: by, Second: second})
	return file, "key-" + strings.ToLower(key.Agency) + ".txt", err
}

// ownKey is a sealing key of the person's own agency.
func ownKey(ctx context.Context, a *kit.Ask, name string) (node.KeyState, error) {
	states, err := a.Kit.Node.KeyStates(ctx)
	if err != nil {
		return node.KeyState{}, err
	}
	i := slices.IndexFunc(states, func(k node.KeyState) bool {
		return k.Name == name && k.Role == entente.RoleSeal && k.Agency != "" && k.Agency == me(a).Agency
	})
	if i < 0 {
		return node.KeyState{}, &kit.Refuse{Code: "exchange.refused.key", Field: "key"}
	}
	return states[i], nil
}
