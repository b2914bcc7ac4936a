package claims

import (
	"entente/internal/web/site"
)

// said is who claimed it, and when.
func said(f *site.Frame, c *Claim) string {
	s := f.Say(c.Speaker)
	if c.Date != "" {
		s += ", " + f.L.DateISO(string(c.Date))
	} else {
		s += ", " + f.T("things.nodate")
	}
	return s
}

func period(f *site.Frame, c *Claim) string {
	if c.Period == nil {
		return ""
	}
	return f.Say(*c.Period)
}
