// Package search makes the page that finds anything on record by its words: a few
// of each kind, or all of one.
//
// Invariant: a snippet is text from an entry; what was found in it is marked after
// it was escaped, never before.
package search

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"entente"
	"entente/internal/store"
	"entente/internal/web/shell"
	"entente/internal/web/site"
	"entente/internal/web/things"

	"github.com/a-h/templ"
)

// Mount registers the page.
func Mount(add func(path string, build site.Build)) { add("/search", page) }

// group is a kind of thing that results are grouped by. Joint things are found by
// one party's half, since the halves say the same.
type group struct {
	key   string
	types []entente.Type
	joint bool
}

var groups = []group{
	{"commitments", []entente.Type{entente.TypeCommitment, entente.TypeAccount, entente.TypeMilestone, entente.TypeProgress}, false},
	{"joint", []entente.Type{entente.TypeJointCommitment, entente.TypePairing, entente.TypeTarget}, true},
	{"indicators", []entente.Type{entente.TypeIndicator}, true},
	{"claims", []entente.Type{entente.TypeClaim, entente.TypeStatement}, false},
	{"citations", []entente.Type{entente.TypeCitation}, false},
	{"meetings", []entente.Type{entente.TypeMeeting, entente.TypeNotice}, false},
	{"actions", []entente.Type{entente.TypeAction}, false},
	{"questions", []entente.Type{entente.TypeQuestion, entente.TypeAnswer}, false},
	{"charter", []entente.Type{entente.TypeCharter, entente.TypePolicy, entente.TypeExchangeTerms}, true},
	{"agencies", []entente.Type{entente.TypeAgency, entente.TypeRoute, entente.TypeDataset, entente.TypePosition, entente.TypeLink}, false},
}

// found is one group's results.
type found struct {
	group
	total int
	hits  []hit
}

type hit struct {
	things.Item
	parts []part
	lang  string
}

// part is a stretch of a snippet, found or not.
type part struct {
	text  string
	found bool
}

const (
	shownOfEach = 4
	shownOfOne  = 25
)

// page makes the page of results.
func page(ctx context.Context, f *site.Frame) (templ.Component, error) {
	v := f.R.URL.Query()
	words := strings.TrimSpace(v.Get("q"))
	f.Title, f.Active, f.Search = f.T("search.title"), "search", words
	f.Crumbs = []shell.Link{{Text: f.T("nav.home"), Href: f.Href("/")}}
	if len(words) > 200 {
		return nil, &site.BadRequest{Detail: "at most 200 characters"}
	}
	m := model{words: words, form: filters(f)}
	if words == "" {
		return searchPage(f, m), nil
	}
	f.Title = f.T("search.for", "Words", words)
	chosen := groups
	if key := v.Get("in"); key != "" {
		i := slices.IndexFunc(groups, func(g group) bool { return g.key == key })
		if i < 0 {
			return nil, &site.BadRequest{Detail: "no such kind"}
		}
		chosen = groups[i : i+1]
	}
	for _, g := range chosen {
		one, next, err := find(ctx, f, g, words, len(chosen) == 1)
		if err != nil {
			return nil, err
		}
		m.total += one.total
		if len(chosen) == 1 {
			m.pager = things.Pager(f, next, one.total, len(one.hits))
		}
		if one.total > 0 {
			m.found = append(m.found, one)
		}
	}
	return searchPage(f, m), nil
}

type model struct {
	words string
	form  shell.Filters
	found []found
	total int
	pager shell.Pager
}

// find reads one group's results: all of it by pages, or the first few.
func find(ctx context.Context, f *site.Frame, g group, words string, whole bool) (found, string, error) {
	v := f.R.URL.Query()
	q := store.Query{Types: g.types, Area: v.Get("area"), Writer: v.Get("writer"), Limit: shownOfEach, Lang: string(f.Lang())}
	if whole {
		q.Limit, q.After = shownOfOne, v.Get("after")
	}
	if g.joint && q.Writer == "" && f.State.Charter != nil {
		q.Writer = string(f.State.Charter.Required[0])
	}
	out := found{group: g}
	hits, err := f.View.Search(ctx, words, string(f.Lang()), q)
	if err != nil {
		return out, "", err
	}
	out.total = hits.Total
	for _, h := range hits.Items {
		it, err := things.NewItem(h.Version)
		if err != nil {
			return out, "", err
		}
		out.hits = append(out.hits, hit{it, split(h.Snippet), h.Lang})
	}
	return out, hits.Next, nil
}

// split cuts a snippet at the marks U+0002 and U+0003 of what was found.
func split(s string) []part {
	var out []part
	for s != "" {
		before, rest, ok := strings.Cut(s, "\x02")
		if before != "" {
			out = append(out, part{before, false})
		}
		if !ok {
			break
		}
		in, after, _ := strings.Cut(rest, "\x03")
		if in != "" {
			out = append(out, part{in, true})
		}
		s = after
	}
	return out
}

func filters(f *site.Frame) shell.Filters {
	v := f.R.URL.Query()
	field := func(name, id string) shell.Field {
		return shell.Field{Name: name, Label: f.T(id), Kind: "select", Value: v.Get(name), Blank: f.T("filter.any")}
	}
	in, area, writer := field("in", "filter.type"), field("area", "filter.area"), field("writer", "filter.writer")
	for _, g := range groups {
		in.Options = append(in.Options, shell.Option{Value: g.key, Text: f.T("search.in." + g.key)})
	}
	if f.State.Charter != nil {
		for _, a := range f.State.Charter.Areas {
			if !a.Variant {
				area.Options = append(area.Options, shell.Option{Value: a.Code, Text: f.Say(a.Name)})
			}
		}
		for _, p := range f.State.Charter.Required {
			writer.Options = append(writer.Options, shell.Option{Value: string(p), Text: f.L.Party(string(p))})
		}
	}
	out := shell.Filters{Action: f.Href("/search"), Fields: []shell.Field{
		{Name: "q", Label: f.T("filter.text"), Kind: "search", Value: v.Get("q"), MaxLength: 200}, in, area, writer,
	}}
	if in.Value != "" || area.Value != "" || writer.Value != "" {
		out.Clear = f.Href("/search", "q", v.Get("q"))
	}
	return out
}

// all is the address of all results of a group.
func all(f *site.Frame, g group) string {
	return f.With("in", g.key, "after", "")
}

// apiHref is the same search for programs.
func apiHref(words string) string { return "/api/v1/search?" + url.Values{"q": {words}}.Encode() }
