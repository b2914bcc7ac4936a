package meetings

import (
	"entente"
	"entente/internal/web/site"
)

// maybe is a text in the page's language, or nothing.
func maybe(f *site.Frame, t *entente.Text) string {
	if t == nil {
		return ""
	}
	return f.Say(*t)
}
