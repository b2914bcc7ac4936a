// Package claims makes the pages of what was said that can be checked: the list,
// one claim with its assessment under every reading, and claims about the same
// measure side by side.
//
// Invariants: the source status and the assessment are two fields; an assessment
// is computed from the data when the page is made, never stored as a fact; figures
// that differ stand side by side and are never averaged.
package claims

import (
	"context"
	"slices"
	"strings"

	"entente"
	"entente/internal/locale"
	"entente/internal/series"
	"entente/internal/store"
	"entente/internal/web/book"
	"entente/internal/web/shell"
	"entente/internal/web/site"
	"entente/internal/web/things"

	"github.com/a-h/templ"
)

// Assessor holds claims against the data, by claim code.
type Assessor interface {
	Assess(ctx context.Context, a entente.Audience, claim string, asOf entente.Date) (series.Assessment, bool, error)
	Assessments(ctx context.Context, a entente.Audience, asOf entente.Date) (map[string]series.Assessment, error)
}

// Labels names measures, and the codes of the figures' dimensions.
type Labels interface {
	Measure(code string) entente.Text
	Dim(dim string) entente.Text
	Code(dim, code string) entente.Text
	Unit(l *locale.Localizer, unit string, v float64) string
}

// Mount registers the pages.
func Mount(add func(path string, build site.Build), a Assessor, l Labels) {
	p := pages{a, l}
	add("/claims", p.list)
	add("/claims/compare/{measure}", p.compare)
	add("/claims/{writer}/{subject}", p.page)
	add("/citations/{writer}/{subject}", p.citation)
}

type pages struct {
	assessor Assessor
	labels   Labels
}

var kind = things.Kind{Key: "claims", Nav: "claims", Path: "/claims"}

// Claim is a claim with its assessment.
type Claim struct {
	things.Item
	Code string
	*entente.ClaimContent
	Assessment series.Assessment
}

// Outcome is what the data say, or that nothing checks it.
func (c *Claim) Outcome() series.Outcome {
	if c.Assessment.Outcome == "" {
		return series.CannotBeChecked
	}
	return c.Assessment.Outcome
}

// content returns what a version claims, whoever recorded it.
func content(it things.Item) (code string, c *entente.ClaimContent, ok bool) {
	switch b := it.Content.(type) {
	case *entente.Claim:
		return b.Code, &b.ClaimContent, true
	case *entente.Citation:
		return b.Code, b.Claim, b.Claim != nil
	}
	return "", nil, false
}

// Read reads all claims of a view with their assessments, by code.
func Read(ctx context.Context, v *store.View, a Assessor) ([]*Claim, error) {
	assessed, err := a.Assessments(ctx, v.Audience(), "")
	if err != nil {
		return nil, err
	}
	var out []*Claim
	for _, q := range []store.Query{
		{Type: entente.TypeClaim, Order: store.ByOrder},
		{Type: entente.TypeCitation, Order: store.ByOrder, Where: []store.Cond{{Column: "citation.kind", Op: store.Eq, Value: "claim"}}},
	} {
		items, err := book.All(ctx, v, q)
		if err != nil {
			return nil, err
		}
		for _, it := range items {
			if code, c, ok := content(it); ok {
				out = append(out, &Claim{Item: it, Code: code, ClaimContent: c, Assessment: assessed[code]})
			}
		}
	}
	slices.SortStableFunc(out, func(x, y *Claim) int {
		if c := strings.Compare(string(y.Date), string(x.Date)); c != 0 {
			return c
		}
		return strings.Compare(x.Code, y.Code)
	})
	return out, nil
}

var outcomes = []series.Outcome{series.Supported, series.NotSupported, series.DependsOn, series.CannotBeChecked}

var sourceStatuses = []entente.SourceStatus{entente.Verified, entente.AsClaimed, entente.Disputed, entente.Unconfirmed}

func (p pages) list(ctx context.Context, f *site.Frame) (templ.Component, error) {
	all, err := Read(ctx, f.View, p.assessor)
	if err != nil {
		return nil, err
	}
	v := f.R.URL.Query()
	var rows []*Claim
	for _, c := range all {
		if v.Get("by") != "" && c.By != v.Get("by") || v.Get("status") != "" && string(c.Status) != v.Get("status") ||
			v.Get("assessment") != "" && string(c.Outcome()) != v.Get("assessment") || v.Get("measure") != "" && c.Measure != v.Get("measure") ||
			v.Get("area") != "" && !slices.Contains(c.Item.Areas, v.Get("area")) || !matches(c, v.Get("q")) {
			continue
		}
		rows = append(rows, c)
	}
	f.Title, f.Lead, f.Active = f.T("kind.claims.title"), f.T("kind.claims.lead"), "claims"
	f.Crumbs = []shell.Link{{Text: f.T("nav.home"), Href: f.Href("/")}}
	shown, pager, err := things.Paginate(f, rows)
	if err != nil {
		return nil, err
	}
	return listPage(f, p.filters(f, all), p.facts(f, all), p.table(f, shown), f.L.N("kind.count", len(rows)), pager), nil
}

// matches reports whether every word is in the claim, in either language.
func matches(c *Claim, text string) bool {
	return locale.Holds(text, c.Code, c.Text.ES, c.Text.EN, c.Speaker.ES, c.Speaker.EN, c.Measure)
}

// compare puts the claims about one measure side by side.
func (p pages) compare(ctx context.Context, f *site.Frame) (templ.Component, error) {
	all, err := Read(ctx, f.View, p.assessor)
	if err != nil {
		return nil, err
	}
	measure := f.R.PathValue("measure")
	var rows []*Claim
	for _, c := range all {
		if c.Measure == measure {
			rows = append(rows, c)
		}
	}
	if len(rows) == 0 {
		return nil, site.NotFound
	}
	f.Title, f.Lead, f.Active = p.measure(f, measure), f.T("claims.compare.lead"), "claims"
	f.Crumbs = []shell.Link{{Text: f.T("nav.home"), Href: f.Href("/")}, {Text: f.T("kind.claims.title"), Href: f.Href("/claims")}}
	return comparePage(f, p, p.compareSides(f, rows), p.table(f, rows)), nil
}

// page makes the page of a claim of a party.
func (p pages) page(ctx context.Context, f *site.Frame) (templ.Component, error) {
	return p.claim(ctx, f, entente.TypeClaim)
}

// citation makes the page of a citation: of a claim like a claim's own.
func (p pages) citation(ctx context.Context, f *site.Frame) (templ.Component, error) {
	return p.claim(ctx, f, entente.TypeCitation)
}

func (p pages) claim(ctx context.Context, f *site.Frame, t entente.Type) (templ.Component, error) {
	th, err := things.Load(ctx, f.View, t, f.R.PathValue("writer"), f.R.PathValue("subject"))
	if err != nil {
		return nil, err
	}
	k := kind
	if t == entente.TypeCitation {
		k = things.Kind{Key: "citations", Nav: "claims", Path: "/citations"}
	}
	things.Head(f, k, th)
	code, c, ok := content(th.Item)
	if !ok {
		return plainPage(f, th), nil
	}
	as, found, err := p.assessor.Assess(ctx, f.View.Audience(), code, "")
	if err != nil {
		return nil, err
	}
	if !found {
		as = series.Assessment{Claim: code, Outcome: series.CannotBeChecked, Reason: series.NoPublicFile}
	}
	all, err := Read(ctx, f.View, p.assessor)
	if err != nil {
		return nil, err
	}
	var same []*Claim
	for _, o := range all {
		if o.Measure == c.Measure && o.Ref != th.Ref {
			same = append(same, o)
		}
	}
	claim := &Claim{Item: th.Item, Code: code, ClaimContent: c, Assessment: as}
	return claimPage(f, p, th, claim, same), nil
}
