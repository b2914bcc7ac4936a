package commitments

import (
	"entente"
	"entente/internal/store"
	"entente/internal/web/book"
	"entente/internal/web/shell"
	"entente/internal/web/site"
	"entente/internal/web/things"
)

func dueText(f *site.Frame, u *book.Undertaking) string {
	if u.Due == "" {
		return f.T("things.nodate")
	}
	s := f.L.DateISO(string(u.Due))
	if u.Passed(today(f)) {
		s += " (" + f.T("commitments.passed") + ")"
	}
	return s
}

func standingText(f *site.Frame, u *book.Undertaking) string {
	if u.Standing == nil {
		return ""
	}
	return f.Say(*u.Standing)
}

// markSides puts the owner's own mark beside the other side's position.
func markSides(f *site.Frame, u *book.Undertaking) []shell.Side {
	var out []shell.Side
	parties := u.Owners
	if f.State.Charter != nil {
		parties = f.State.Charter.Required
	}
	for _, p := range parties {
		s := shell.Side{Party: p, Title: f.T("commitments.side.position"), Empty: f.T("things.positions.none")}
		if owns(u, p) {
			s.Title, s.Empty = f.T("commitments.side.mark"), f.T("enum.completion.no_report")
			if m := u.Marks[p]; m != nil {
				s.Body = mark(f, m)
			}
		} else if own := positionsOf(u, p); len(own) > 0 {
			s.Body = stanceList(f, own)
		}
		out = append(out, s)
	}
	return out
}

func owns(u *book.Undertaking, p entente.Party) bool {
	for _, o := range u.Owners {
		if o == p {
			return true
		}
	}
	return false
}

func positionsOf(u *book.Undertaking, p entente.Party) []things.Position {
	var out []things.Position
	for _, pos := range u.Positions {
		if pos.Writer == string(p) {
			out = append(out, pos)
		}
	}
	return out
}

// halfSides shows each party's half of a joint commitment.
func halfSides(f *site.Frame, u *book.Undertaking) []shell.Side {
	var out []shell.Side
	for _, p := range u.Owners {
		s := shell.Side{Party: p, Empty: f.T("gap.own_word")}
		if h := u.Halves[p]; h != nil {
			s.Title, s.Body = f.Say(h.Title), half(f, h)
		}
		out = append(out, s)
	}
	return out
}

// indicatorTitle names an indicator by its subject.
func indicatorTitle(f *site.Frame, subject string) string {
	j, err := store.Joint[entente.Indicator](f.R.Context(), f.View, entente.TypeIndicator, subject)
	if err != nil || j.InForce == nil || j.InForce.Body == nil {
		return subject
	}
	return f.Say(j.InForce.Body.Title)
}
