package today

import (
	"slices"

	"entente/internal/auth"
	"entente/internal/web/desk/kit"
	"entente/internal/web/shell"
)

// counted are the kinds of tasks that are counted above the list, with the page on
// which all of a kind stand.
var counted = []struct {
	kind, path, view string
	act              auth.Act // who has such tasks
}{
	{"release", "/desk/drafts", "waiting", auth.Authorise},
	{"returned", "/desk/drafts", "mine", auth.Draft},
	{"exchange", "/desk/exchange", "", auth.Read},
	{"joint", "/desk/joint", "", auth.Read},
}

// counts say how much of each kind waits, and how much of it is late.
func counts(a *kit.Ask, tasks []task) []shell.Fact {
	var out []shell.Fact
	for _, c := range counted {
		mine := slices.DeleteFunc(slices.Clone(tasks), func(t task) bool { return t.kind != c.kind })
		if !a.Me.May(c.act) || len(mine) == 0 {
			continue
		}
		f := shell.Fact{Value: a.L.Int(int64(len(mine))), Label: a.T("desk.count." + c.kind), Href: a.Href(c.path, "view", c.view)}
		late := slices.DeleteFunc(mine, func(t task) bool { return !t.late })
		if len(late) > 0 {
			f.Note = a.L.N("desk.count.late", len(late))
		}
		out = append(out, f)
	}
	return out
}
