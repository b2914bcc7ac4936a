package kit

import (
	"slices"
	"strings"

	"entente"
	"entente/internal/locale"
	"entente/internal/web/shell"
)

// Narrow is the form above a list that is held whole: words, and the types of what is
// in it. What else the address says of the list, by these names, stays as it is.
func (a *Ask) Narrow(path string, types []entente.Type, keep ...string) shell.Filters {
	v := a.R.URL.Query()
	out := shell.Filters{Action: a.Href(path)}
	var kept []string
	for _, name := range keep {
		out.Fields = append(out.Fields, shell.Field{Name: name, Kind: "hidden", Value: v.Get(name)})
		kept = append(kept, name, v.Get(name))
	}
	byType := shell.Field{Name: "type", Label: a.T("filter.type"), Kind: "select", Value: v.Get("type"), Blank: a.T("filter.any")}
	for _, t := range slices.Compact(slices.Sorted(slices.Values(types))) {
		byType.Options = append(byType.Options, shell.Option{Value: string(t), Text: a.T("type." + string(t))})
	}
	slices.SortFunc(byType.Options, func(x, y shell.Option) int { return strings.Compare(x.Text, y.Text) })
	out.Fields = append(out.Fields, shell.Field{Name: "q", Label: a.T("filter.text"), Kind: "search", Value: v.Get("q")}, byType)
	if v.Get("q") != "" || v.Get("type") != "" {
		out.Clear = a.Href(path, kept...)
	}
	return out
}

// Fits reports whether something is of the type and holds the words that [Ask.Narrow]
// asked for.
func (a *Ask) Fits(t entente.Type, texts ...string) bool {
	v := a.R.URL.Query()
	if want := v.Get("type"); want != "" && want != string(t) {
		return false
	}
	return locale.Holds(v.Get("q"), append(texts, a.T("type."+string(t)))...)
}
