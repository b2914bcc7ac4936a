package programme

import (
	"fmt"

	"entente"
)

type milestoneRow struct {
	Commitment, Author, Agency string
	Number                     int
	Title                      entente.Text
	Due, Done                  entente.Date
	Sources                    []string
}

func (l *loader) loadMilestones() {
	rows, root := readYAML[[]milestoneRow](l, "milestones.yaml")
	for i, r := range rows {
		p := root.at(i)
		author, ok := p.author(r.Author, r.Agency)
		if !ok {
			continue
		}
		p.date("due", r.Due)
		p.date("done", r.Done)
		if r.Number < 1 {
			p.failf("number: milestones count from 1")
		}
		body := entente.Milestone{Title: p.text("title", r.Title), Due: r.Due, Done: r.Done, Sources: p.own(author, r.Sources)}
		l.add(p, Item{
			Author: author, Type: entente.TypeMilestone, Subject: fmt.Sprintf("%s-%d", subject(r.Commitment), r.Number), Body: &body,
			Needs: []Key{key(author.Writer(), entente.TypeCommitment, r.Commitment)},
			bind:  binding(body, func(m *entente.Milestone, t []Target) { m.Commitment = t[0].Ref }),
		})
	}
}

type progressRow struct {
	Commitment, Author, Agency string
	Completion                 entente.Completion
	AsOf                       entente.Date `yaml:"as_of"`
	Text                       entente.Text
	Sources                    []string
}

func (l *loader) loadProgress() {
	rows, root := readYAML[[]progressRow](l, "progress.yaml")
	for i, r := range rows {
		p := root.at(i)
		author, ok := p.author(r.Author, r.Agency)
		if !ok {
			continue
		}
		p.one("completion", string(r.Completion), string(entente.NotStarted), string(entente.Limited), string(entente.Substantial), string(entente.Complete))
		if p.date("as_of", r.AsOf) == "" {
			p.failf("as_of: is required")
		}
		body := entente.Progress{Completion: r.Completion, AsOf: r.AsOf, Text: p.text("text", r.Text), Sources: p.own(author, r.Sources)}
		l.add(p, Item{
			Author: author, Type: entente.TypeProgress, Subject: subject(r.Commitment), Body: &body,
			Needs: []Key{key(author.Writer(), entente.TypeCommitment, r.Commitment)},
			bind:  binding(body, func(g *entente.Progress, t []Target) { g.Commitment = t[0].Ref }),
		})
	}
}
