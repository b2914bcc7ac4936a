package kit

import (
	"slices"

	"entente"
	"entente/internal/auth"
	"entente/internal/web/site"

	"github.com/a-h/templ"
)

// Tools is what a signed-in person may do with a thing, on the thing's own page: a
// new version, publication or withdrawal of one's own; an answer to another's; an
// entry about it.
func (k *Kit) Tools(f *site.Frame, t site.Thing) templ.Component {
	me := auth.From(f.R.Context())
	if me == nil {
		return templ.NopComponent
	}
	rule, _ := entente.Rule(t.Type)
	u := use{Thing: t, own: k.Own(t.Writer) || rule.Joint}
	drafts := me.May(auth.Draft) && !t.Withdrawn && rule.Chain && t.Type != entente.TypeConsent
	u.version = drafts && u.own && t.Type != entente.TypePosition
	u.withdraw = drafts && u.own && !rule.Joint
	u.publish = drafts && u.own && !rule.Joint && t.Audience != entente.Public
	u.answer = me.May(auth.TakeStance) && !u.own && slices.Contains(Answerable, t.Type) && entente.Party(t.Writer).Valid()
	if me.May(auth.Draft) && !t.Withdrawn {
		u.about = abouts(t.Type, u.own)
	}
	if !u.version && !u.withdraw && !u.publish && !u.answer && len(u.about) == 0 {
		return templ.NopComponent
	}
	return tools(f, u)
}

// use is what may be done with a thing.
type use struct {
	site.Thing
	own, version, withdraw, publish, answer bool
	about                                   []about
}

// about is an entry that refers to the thing by a field.
type about struct {
	t     entente.Type
	field string
}

func abouts(t entente.Type, own bool) []about {
	switch {
	case t == entente.TypeCommitment && own:
		return []about{{entente.TypeProgress, "commitment"}, {entente.TypeMilestone, "commitment"}, {entente.TypeLink, "commitment"}}
	case t == entente.TypeQuestion, t == entente.TypeCitation && !own:
		return []about{{entente.TypeAnswer, "question"}}
	case t == entente.TypeStatement && own:
		return []about{{entente.TypeClaim, "statement"}}
	}
	return nil
}
