// Package audit makes the page of who did, read or was refused what, of own and
// foreign checkpoints, and of everything odd.
package audit

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"entente"
	"entente/internal/auth"
	"entente/internal/fold"
	"entente/internal/store"
	"entente/internal/web/desk/kit"
	"entente/internal/web/shell"
	"entente/internal/web/things"
)

// Mount registers the pages.
func Mount(k *kit.Kit) {
	k.Page("/desk/audit", auth.ReadAudit, page)
	k.Raw("GET /desk/evidence/{name}", auth.ReadAudit, evidence)
}

type model struct {
	view    string
	tabs    []shell.Tab
	filters shell.Filters
	trail   shell.Table
	older   string
	logs    []logModel
	proof   []store.EvidenceFile
	broken  []things.Item
	pager   shell.Pager
}

type logModel struct {
	store.LogState
	note   string
	status *kit.LogStatus
}

var views = []string{"trail", "checkpoints", "odd"}

func page(ctx context.Context, a *kit.Ask) (templ.Component, error) {
	a.Head(a.T("desk.audit.title"), a.T("desk.audit.lead"), "audit")
	m := model{view: a.R.URL.Query().Get("view")}
	if m.view != "checkpoints" && m.view != "odd" {
		m.view = "trail"
	}
	for _, v := range views {
		m.tabs = append(m.tabs, shell.Tab{Text: a.T("desk.audit." + v), Href: a.Href("/desk/audit", "view", v), Active: v == m.view})
	}
	var err error
	switch m.view {
	case "checkpoints":
		m.checkpoints(ctx, a)
	case "odd":
		err = m.odd(ctx, a)
	default:
		err = m.readTrail(ctx, a)
	}
	return auditPage(a, m), err
}

const pageSize = 100

func (m *model) readTrail(ctx context.Context, a *kit.Ask) error {
	values := a.R.URL.Query()
	q := store.AuditQuery{Actor: values.Get("actor"), Act: values.Get("act"), Outcome: values.Get("outcome"), Limit: pageSize}
	if s := values.Get("before"); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return store.ErrCursor
		}
		q.Before = n
	}
	events, err := a.Kit.Node.Store().AuditTrail(ctx, q)
	if err != nil {
		return err
	}
	m.filters = shell.Filters{Action: a.Href("/desk/audit"), Clear: a.Href("/desk/audit"), Fields: []shell.Field{
		{Name: "actor", Label: a.T("desk.audit.actor"), Value: q.Actor},
		{Name: "act", Label: a.T("desk.audit.act"), Kind: "select", Value: q.Act, Blank: a.T("filter.any"), Options: acts(a)},
		{Name: "outcome", Label: a.T("desk.audit.outcome"), Kind: "select", Value: q.Outcome, Blank: a.T("filter.any"), Options: []shell.Option{
			{Value: "done", Text: a.T("desk.outcome.done")}, {Value: "refused", Text: a.T("desk.outcome.refused")}, {Value: "failed", Text: a.T("desk.outcome.failed")},
		}},
	}}
	m.trail = shell.Table{
		Caption: a.T("desk.audit.trail"), HideCaption: true, Stack: true, Empty: a.T("desk.audit.empty"),
		Columns: []shell.Column{{Title: a.T("desk.audit.when")}, {Title: a.T("desk.audit.actor")}, {Title: a.T("desk.audit.act")}, {Title: a.T("desk.audit.object"), Wide: true}, {Title: a.T("desk.audit.outcome")}},
	}
	for _, e := range events {
		m.trail.Rows = append(m.trail.Rows, []shell.Cell{
			{Text: a.L.Moment(e.Time), Class: "e-nowrap"}, {Text: e.Actor}, {Text: actText(a, e.Act)},
			{Text: e.Object, Sub: detail(e.Detail), Class: "e-break"}, {Body: shell.Badge(tone(e.Outcome), a.T("desk.outcome."+e.Outcome))},
		})
	}
	if len(events) == pageSize {
		m.older = a.With("before", strconv.FormatInt(events[len(events)-1].ID, 10))
	}
	return nil
}

// known acts, in the order in which the filter offers them.
var known = []string{
	"sign_in", "sign_in_passkey", "sign_out", "unlock_key", "submit", "approve", "return", "discard", "append_national", "append_shared", "append_public", "publish",
	"read_page", "read_draft", "read_file", "key_add", "key_revoke", "add_user", "change_user", "set_password", "change_password",
	"add_passkey", "remove_passkey", "add_token", "revoke_token", "backup", "attest_no_tail", "tails_recovered",
}

func acts(a *kit.Ask) []shell.Option {
	var out []shell.Option
	for _, k := range known {
		out = append(out, shell.Option{Value: k, Text: a.T("desk.act." + k)})
	}
	return out
}

// actText is an act in words; one that a newer node wrote stands as it is.
func actText(a *kit.Ask, act string) string {
	if id := "desk.act." + act; a.L.Has(id) {
		return a.T(id)
	}
	return act
}

// detail is what the trail keeps beside an act, on one line.
func detail(raw json.RawMessage) string {
	var m map[string]any
	if json.Unmarshal(raw, &m) != nil {
		return ""
	}
	var parts []string
	for _, k := range []string{"code", "detail", "entry", "type", "subject", "drafter", "error"} {
		if s, ok := m[k].(string); ok && s != "" {
			parts = append(parts, k+": "+s)
		}
	}
	return strings.Join(parts, " · ")
}

func tone(outcome string) shell.Tone {
	switch outcome {
	case "done":
		return shell.Agree
	case "refused":
		return shell.Differ
	}
	return shell.Odd
}

func (m *model) checkpoints(ctx context.Context, a *kit.Ask) {
	var status []kit.LogStatus
	if a.Kit.Status != nil {
		status = a.Kit.Status()
	}
	for _, l := range a.Kit.Node.Store().Logs(ctx) {
		lm := logModel{LogState: l, note: string(l.Checkpoint)}
		for i := range status {
			if status[i].Origin == l.Origin {
				lm.status = &status[i]
			}
		}
		m.logs = append(m.logs, lm)
	}
}

// odd lists proof of misbehaviour, and entries that did not fold as admissible.
func (m *model) odd(ctx context.Context, a *kit.Ask) error {
	var err error
	if m.proof, err = a.Kit.Node.Store().Evidence(ctx); err != nil {
		return err
	}
	list, err := a.View.Latest(ctx, store.Query{
		Status: []fold.Status{fold.Inadmissible, fold.Opaque, fold.Pending}, After: a.R.URL.Query().Get("after"), Limit: things.PageSize,
	})
	if err != nil {
		return err
	}
	for _, v := range list.Items {
		m.broken = append(m.broken, things.Item{Version: v})
	}
	m.pager = things.Pager(a.Frame, list.Next, list.Total, len(list.Items))
	return nil
}

// why says which rule an entry broke.
func why(a *kit.Ask, it things.Item) string {
	if text, ok := fold.Explain(it.Rule); ok {
		return a.Say(text.Says)
	}
	return a.T("desk.odd." + string(it.Status))
}

// evidence serves a file of proof, for anyone to check with `entente verify`.
func evidence(ctx context.Context, a *kit.Ask) error {
	files, err := a.Kit.Node.Store().Evidence(ctx)
	if err != nil {
		return err
	}
	for _, e := range files {
		if e.Name != a.R.PathValue("name") {
			continue
		}
		a.Saw("file", e.Name)
		h := a.W.Header()
		h.Set("Content-Type", "application/octet-stream")
		h.Set("Content-Disposition", `attachment; filename="`+safeName(e.Name)+`"`)
		h.Set("Cache-Control", "no-store")
		if _, err := a.W.Write(e.File); err != nil && !errors.Is(err, http.ErrHandlerTimeout) {
			return nil // the reader is gone
		}
		return nil
	}
	return store.ErrNotFound
}

// safeName keeps what a file name may hold in a header.
func safeName(s string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f && !strings.ContainsRune(`"\/:;`, r) {
			return r
		}
		return '-'
	}, s)
}

func audience(a *kit.Ask, l entente.Audience) string { return a.T("enum.audience." + string(l)) }
