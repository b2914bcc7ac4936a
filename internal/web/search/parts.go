package search

import (
	"entente"
	"entente/internal/web/shell"
	"entente/internal/web/site"
)

func title(f *site.Frame, h hit) string {
	if s := f.Say(h.Title); s != "" {
		return s
	}
	return h.Subject
}

// writer names who states it: both parties, of a joint thing.
func writer(f *site.Frame, h hit) string {
	if rule, ok := entente.Rule(h.Type); ok && rule.Joint {
		return f.T("things.joint")
	}
	return f.Writer(h.Writer)
}

func summary(f *site.Frame, m model) string {
	if m.words == "" {
		return ""
	}
	return f.L.N("search.count", m.total)
}

// more leads to all results of a group where only the first are shown.
func more(f *site.Frame, g found) shell.Link {
	if g.total <= len(g.hits) || f.R.URL.Query().Get("in") != "" {
		return shell.Link{}
	}
	return shell.Link{Text: f.T("search.all", "N", g.total), Href: all(f, g.group)}
}
