package exchange

import (
	"context"
	"encoding/csv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"entente"
	core "entente/internal/exchange"
	"entente/internal/store"
	"entente/internal/web/desk/kit"
	"entente/internal/web/shell"
)

type readsModel struct {
	filters shell.Filters
	table   shell.Table
	pager   shell.Pager
}

var modes = []string{core.ModeRead, core.ModeExport, core.ModeTAXII}

// usesAsked are the uses that the address asks for.
func usesAsked(ctx context.Context, a *kit.Ask) core.UseQuery {
	q := a.R.URL.Query()
	asked := core.UseQuery{Agency: strings.ToUpper(q.Get("agency")), Purpose: q.Get("purpose"), Mode: q.Get("mode"), After: q.Get("after"), Limit: pageSize}
	if named := strings.TrimSpace(q.Get("release")); named != "" {
		ref, _ := resolve(ctx, a, named) // what names nothing finds nothing
		asked.Release = &ref
	}
	return asked
}

// reads is the audit of reads: who opened what for what, on this node.
func reads(ctx context.Context, a *kit.Ask) (templ.Component, error) {
	a.Head(a.T("exchange.reads.title"), a.T("exchange.reads.lead"), "exchange", crumb(a))
	asked := usesAsked(ctx, a)
	page, err := a.Kit.Exchange.Reads(ctx, me(a), asked)
	if err != nil {
		return nil, err
	}
	blank := a.T("filter.any")
	how := make([]shell.Option, len(modes))
	for i, mode := range modes {
		how[i] = shell.Option{Value: mode, Text: enum(a, "mode", mode)}
	}
	m := readsModel{filters: shell.Filters{Action: a.Href("/desk/exchange/reads"), Clear: a.Href("/desk/exchange/reads"), Fields: []shell.Field{
		{Name: "agency", Label: a.T("exchange.filter.agency"), Kind: "select", Value: asked.Agency, Blank: blank, Options: agencies(ctx, a, a.Kit.Party())},
		{Name: "purpose", Label: a.T("field.purpose"), Kind: "select", Value: asked.Purpose, Blank: blank, Options: purposes(a, "purpose")},
		{Name: "release", Label: a.T("exchange.reads.what"), Kind: "search", Value: a.R.URL.Query().Get("release"), Hint: a.T("exchange.reads.what.hint")},
		{Name: "mode", Label: a.T("field.mode"), Kind: "select", Value: asked.Mode, Blank: blank, Options: how},
	}}}
	m.table = shell.Table{
		Caption: a.T("exchange.reads.title"), HideCaption: true, Stack: true, Empty: a.T("exchange.reads.empty"),
		CSV: a.Href("/desk/exchange/reads.csv", "agency", asked.Agency, "purpose", asked.Purpose, "mode", asked.Mode, "release", a.R.URL.Query().Get("release")),
	}
	for _, c := range []string{"when", "agency", "purpose", "mode", "person", "what"} {
		m.table.Columns = append(m.table.Columns, shell.Column{Title: a.T("exchange.reads." + c), Wide: c == "what"})
	}
	for _, u := range page.Items {
		m.table.Rows = append(m.table.Rows, []shell.Cell{
			{Text: a.L.Moment(u.Time.UTC()), Href: a.EntryHref(u.Ref), Class: "e-nowrap"}, {Text: u.Body.Agency}, {Text: a.Term(u.Body.Purpose)},
			{Text: enum(a, "mode", u.Body.Mode)}, {Body: shell.Digest(u.Body.By.String(), "")}, {Body: usedReleases(releaseLinks(ctx, a, u.Body.Releases), more(a, len(u.Body.Releases)))},
		})
	}
	if page.Next != "" {
		m.pager.Next = a.With("after", page.Next)
	}
	if asked.After != "" {
		m.pager.First = a.With("after", "")
	}
	return readsPage(a, m), nil
}

// shownReleases is how many releases of one use are named in the list.
const shownReleases = 5

func releaseLinks(ctx context.Context, a *kit.Ask, list []entente.Ref) []shell.Link {
	var out []shell.Link
	for _, ref := range list[:min(len(list), shownReleases)] {
		out = append(out, shell.Link{Text: ref.String(), Href: refHref(ctx, a, "releases", ref)})
	}
	return out
}

func more(a *kit.Ask, n int) string {
	if n <= shownReleases {
		return ""
	}
	return a.T("exchange.reads.more", "Count", a.L.Int(int64(n-shownReleases)))
}

// readsCSV is the whole list for a machine.
func readsCSV(ctx context.Context, a *kit.Ask) error {
	asked := usesAsked(ctx, a)
	asked.After, asked.Limit = "", 500
	h := a.W.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="reads.csv"`)
	h.Set("Cache-Control", "no-store")
	out := csv.NewWriter(a.W)
	if err := out.Write([]string{"time", "entry", "agency", "purpose", "mode", "person", "releases"}); err != nil {
		return err
	}
	for {
		page, err := a.Kit.Exchange.Reads(ctx, me(a), asked)
		if err != nil {
			return err
		}
		for _, u := range page.Items {
			refs := make([]string, len(u.Body.Releases))
			for i, r := range u.Body.Releases {
				refs[i] = r.String()
			}
			row := []string{u.Time.UTC().Format(time.RFC3339), u.Ref.String(), u.Body.Agency, u.Body.Purpose, u.Body.Mode, u.Body.By.String(), strings.Join(refs, " ")}
			if err := out.Write(row); err != nil {
				return err
			}
		}
		if asked.After = page.Next; page.Next == "" {
			out.Flush()
			return out.Error()
		}
	}
}

// proofFile is the verification bundle of a release: who released what to whom under
// which policies, without the content.
func proofFile(ctx context.Context, a *kit.Ask) error {
	ref, err := named(ctx, a)
	if err != nil {
		return err
	}
	r, err := a.Kit.Exchange.Release(ctx, me(a), ref, a.Kit.Now())
	if err != nil {
		return err
	}
	if a.Kit.Proof == nil {
		return store.ErrNotFound
	}
	zip, err := a.Kit.Proof(ctx, r.Ref)
	if err != nil {
		return err
	}
	a.Saw("file", "proof of "+r.Ref.String())
	h := a.W.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", `attachment; filename="proof-`+r.Subject+`.zip"`)
	h.Set("Cache-Control", "no-store")
	_, _ = a.W.Write(zip) // a reader who is gone needs no answer
	return nil
}
