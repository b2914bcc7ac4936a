package record

import (
	"strconv"

	"entente"
	"entente/internal/fold"
	"entente/internal/web/shell"
	"entente/internal/web/site"
)

func foldTone(s fold.Status) shell.Tone {
	switch s {
	case fold.Admissible:
		return shell.Agree
	case fold.Pending:
		return shell.Pending
	}
	return shell.Differ
}

func thingName(f *site.Frame, p *Pedigree) string {
	if s := f.Say(p.Title); s != "" {
		return s
	}
	return p.Subject
}

func index(r entente.Ref) string { return strconv.FormatUint(r.Index, 10) }
