package drafts

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/a-h/templ"

	"entente"
	"entente/internal/auth"
	"entente/internal/node"
	"entente/internal/store"
	"entente/internal/web/desk/form"
	"entente/internal/web/desk/kit"
	"entente/internal/web/shell"
	"entente/internal/web/things"
)

type reviewModel struct {
	d        *draft
	content  any
	before   string // of the version that it replaces; "" for a new thing
	after    string
	blocking []*kit.Refused
	later    []*kit.Refused // what the second officer's signature settles
	entry    *entente.Ref   // where it is, once appended
	sources  []entente.Source
	faults   []form.Field // what is wrong field by field
}

// review shows a draft as it will be, what stands in its way, and who may do what.
func review(ctx context.Context, a *kit.Ask) (templ.Component, error) {
	d, err := read(ctx, a)
	if err != nil {
		return nil, err
	}
	a.Saw("draft", d.ID)
	m := reviewModel{d: d, content: content(d)}
	if m.content != nil {
		m.sources = things.Sources(m.content)
	}
	if d.State != store.DraftDone && d.State != store.DraftDropped {
		if err := m.check(ctx, a); err != nil {
			return nil, err
		}
		if err := m.compare(ctx, a); err != nil {
			return nil, err
		}
	}
	if d.State == store.DraftDone {
		m.entry = appendedAs(ctx, a, d)
	}
	a.Head(d.title(a.Frame), a.T("desk.review.lead", "Type", a.T("type."+string(d.Type)), "Log", a.T("enum.audience."+string(d.Audience))), "drafts",
		shell.Link{Text: a.T("desk.drafts.title"), Href: a.Href("/desk/drafts")})
	return reviewPage(a, m), nil
}

func (m *reviewModel) check(ctx context.Context, a *kit.Ask) error {
	findings, err := a.Kit.Node.CheckDraft(ctx, m.d.ID)
	if err != nil {
		return err
	}
	if m.d.meta.Inner == nil {
		in := input(ctx, a, m.d)
		in.Check = true
		m.faults = form.Errors(form.Build(in))
	}
	for _, f := range findings {
		if f.Code == "rule.schema" && len(m.faults) > 0 {
			continue // said field by field, in words
		}
		r := kit.FromNode(a, f.Refusal)
		if f.Blocking {
			m.blocking = append(m.blocking, r)
		} else {
			m.later = append(m.later, r)
		}
	}
	return nil
}

// compare finds the version that the draft would replace.
func (m *reviewModel) compare(ctx context.Context, a *kit.Ask) error {
	if m.content == nil || !m.d.rule.Chain {
		return nil
	}
	was, err := store.Get[json.RawMessage](ctx, a.Kit.Node.View(m.d.Audience), m.d.Type, a.Kit.Node.Writer().Writer(), m.d.Subject)
	if errors.Is(err, store.ErrNotFound) || err == nil && was.Current == nil {
		return nil
	}
	if err != nil {
		return err
	}
	it, err := things.NewItem(*was.Current)
	if err != nil {
		return err
	}
	var title struct {
		Title entente.Text `json:"title"`
	}
	_ = json.Unmarshal(m.d.Body, &title) // not every type has one
	m.before, m.after = plain(a, it.Title, it.Content), plain(a, title.Title, m.content)
	return nil
}

// appendedAs finds the entry that a draft became.
func appendedAs(ctx context.Context, a *kit.Ask, d *draft) *entente.Ref {
	page, err := store.List[json.RawMessage](ctx, a.View, store.Query{
		Type: d.Type, Subject: d.Subject, Writer: a.Kit.Node.Writer().Writer(), Versions: true, Withdrawn: true, Limit: 200,
	})
	if err != nil {
		return nil
	}
	for _, v := range page.Items {
		if v.Header.ID == d.ID {
			return &v.Ref
		}
	}
	return nil
}

// decide carries out submit, approve, return and discard.
func decide(ctx context.Context, a *kit.Ask) (string, error) {
	d, err := read(ctx, a)
	if err != nil {
		return "", err
	}
	here := a.Href("/desk/drafts/" + d.ID + "/review")
	n := a.Kit.Node
	switch a.Post("op") {
	case "submit":
		if err := a.Need(auth.AppendInner); err != nil {
			return "", err
		}
		o, err := a.Officer()
		if err != nil {
			return "", err
		}
		done, err := n.Submit(ctx, d.ID, o)
		if err != nil {
			return "", err
		}
		if done == nil {
			a.Tell(ctx, "desk.review.waiting")
		} else {
			a.Tell(ctx, "desk.review.appended")
		}
		return here, nil
	case "approve":
		if err := a.Need(auth.Authorise); err != nil {
			return "", err
		}
		o, err := a.Officer()
		if err != nil {
			return "", err
		}
		if _, err := n.Approve(ctx, d.ID, o); err != nil {
			return "", err
		}
		a.Tell(ctx, "desk.review.released")
		return here, nil
	case "return":
		return here, sendBack(ctx, a, n, d)
	case "discard":
		if err := a.Need(auth.Draft); err != nil {
			return "", err
		}
		if d.Author != a.Me.User.ID && d.Agency != a.Me.User.Agency {
			return "", &kit.Refuse{Code: "desk.refused.notauthor"}
		}
		if err := n.Discard(ctx, d.ID, a.Me.User.Name); err != nil {
			return "", err
		}
		a.Tell(ctx, "desk.review.discarded")
		return a.Href("/desk/drafts"), nil
	}
	return "", &kit.Refuse{Code: "desk.refused.form"}
}

// sendBack returns a submitted draft: a releasing officer with a remark, or its own
// agency to change it.
func sendBack(ctx context.Context, a *kit.Ask, n *node.Node, d *draft) error {
	mine := d.Author == a.Me.User.ID || d.Agency == a.Me.User.Agency
	if !a.Me.May(auth.Authorise) && !(mine && a.Me.May(auth.Draft)) {
		return a.Need(auth.Authorise)
	}
	remark := a.Post("remark")
	if remark == "" && d.Author != a.Me.User.ID {
		return &kit.Refuse{Code: "desk.refused.noremark", Field: "remark"}
	}
	if len(remark) > 4000 {
		return &kit.Refuse{Code: "desk.refused.form", Field: "remark"}
	}
	if err := n.Return(ctx, d.ID, a.Me.User.Name, remark); err != nil {
		return err
	}
	a.Tell(ctx, "desk.review.returned")
	return nil
}

// maySecond reports whether the person may be the second officer of this draft.
func maySecond(a *kit.Ask, d *draft) bool {
	return d.State == store.DraftWaiting && a.Me.May(auth.Authorise)
}
