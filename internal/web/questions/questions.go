// Package questions makes the page of what is not public: the open questions of
// the record, with answers as the parties give them.
package questions

import (
	"context"
	"encoding/json"
	"slices"

	"entente"
	"entente/internal/fold"
	"entente/internal/locale"
	"entente/internal/store"
	"entente/internal/web/book"
	"entente/internal/web/shell"
	"entente/internal/web/site"
	"entente/internal/web/things"

	"github.com/a-h/templ"
)

// Mount registers the pages.
func Mount(add func(path string, build site.Build)) {
	add("/questions", list)
	add("/questions/{writer}/{subject}", page)
}

// Question is an open question with its answers, whoever put it on record.
type Question struct {
	things.Item
	Group   entente.Text
	Text    entente.Text
	Answers []things.Item
}

// Group is a heading and its questions.
type Group struct {
	Title     entente.Text
	Questions []*Question
}

// Read reads all questions: those of parties and those that observers cite.
func Read(ctx context.Context, v *store.View) ([]*Question, error) {
	items, err := book.All(ctx, v, store.Query{Type: entente.TypeQuestion, Order: store.ByOrder})
	if err != nil {
		return nil, err
	}
	cited, err := book.All(ctx, v, store.Query{
		Type: entente.TypeCitation, Order: store.ByOrder,
		Where: []store.Cond{{Column: "citation.kind", Op: store.Eq, Value: "question"}},
	})
	if err != nil {
		return nil, err
	}
	var out []*Question
	for _, it := range append(items, cited...) {
		q := &Question{Item: it}
		switch c := it.Content.(type) {
		case *entente.Question:
			q.Group, q.Text = c.Group, c.Text
		case *entente.Citation:
			q.Text = c.Text
			if q.Text.IsZero() {
				q.Text = c.Title
			}
			if c.Group != nil {
				q.Group = *c.Group
			}
		}
		out = append(out, q)
	}
	return out, answers(ctx, v, out)
}

// answers attaches the parties' answers to the questions.
func answers(ctx context.Context, v *store.View, questions []*Question) error {
	byRef := map[entente.Ref]*Question{}
	for _, q := range questions {
		byRef[q.Ref] = q
	}
	items, err := book.All(ctx, v, store.Query{Type: entente.TypeAnswer, Order: store.ByOrder})
	if err != nil {
		return err
	}
	for _, it := range items {
		a := it.Content.(*entente.Answer)
		if q := byRef[a.Question]; q != nil {
			q.Answers = append(q.Answers, it)
			continue
		}
		// An answer to an earlier version still answers the question.
		old, err := store.ByRef[json.RawMessage](ctx, v, a.Question.Log, a.Question.Index)
		if err != nil || old.Status != fold.Admissible {
			continue
		}
		for _, q := range questions {
			if q.Writer == old.Writer && q.Subject == old.Subject && q.Type == old.Type {
				q.Answers = append(q.Answers, it)
			}
		}
	}
	return nil
}

func list(ctx context.Context, f *site.Frame) (templ.Component, error) {
	all, err := Read(ctx, f.View)
	if err != nil {
		return nil, err
	}
	v := f.R.URL.Query()
	text, answered := v.Get("q"), v.Get("answered")
	var groups []*Group
	n := 0
	for _, q := range all {
		if !locale.Holds(text, q.Text.ES, q.Text.EN) ||
			answered == "yes" && len(q.Answers) == 0 || answered == "no" && len(q.Answers) > 0 {
			continue
		}
		n++
		i := slices.IndexFunc(groups, func(g *Group) bool { return g.Title == q.Group })
		if i < 0 {
			i = len(groups)
			groups = append(groups, &Group{Title: q.Group})
		}
		groups[i].Questions = append(groups[i].Questions, q)
	}
	f.Title, f.Lead, f.Active = f.T("kind.questions.title"), f.T("kind.questions.lead"), "questions"
	f.Crumbs = []shell.Link{{Text: f.T("nav.home"), Href: f.Href("/")}}
	form := shell.Filters{Action: f.Href("/questions"), Fields: []shell.Field{
		{Name: "q", Label: f.T("filter.text"), Kind: "search", Value: v.Get("q")},
		{Name: "answered", Label: f.T("questions.answered"), Kind: "select", Value: answered, Blank: f.T("filter.any"), Options: []shell.Option{
			{Value: "yes", Text: f.T("things.yes")}, {Value: "no", Text: f.T("things.no")},
		}},
	}}
	if text != "" || answered != "" {
		form.Clear = f.Href("/questions")
	}
	return listPage(f, form, groups, f.L.N("kind.count", n)), nil
}

func page(ctx context.Context, f *site.Frame) (templ.Component, error) {
	th, err := things.Load(ctx, f.View, entente.TypeQuestion, f.R.PathValue("writer"), f.R.PathValue("subject"))
	if err != nil {
		return nil, err
	}
	things.Head(f, things.Kind{Key: "questions", Nav: "questions", Path: "/questions"}, th)
	return questionPage(f, th), nil
}
