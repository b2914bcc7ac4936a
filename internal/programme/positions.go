package programme

import (
	"entente"
)

type positionRow struct {
	Author, Agency string
	On             onRow
	Stance         entente.Stance
	Reason         *entente.Text
	Sources        []string
}

// onRow names what a position is on: a thing of another writer.
type onRow struct {
	Author string
	As     entente.Type
	Code   string
}

// loadPositions reads the stances that the record shows. A stance may be
// reported by others, so its sources need not be the author's own.
func (l *loader) loadPositions() {
	rows, root := readYAML[[]positionRow](l, "positions.yaml")
	for i, r := range rows {
		p := root.at(i)
		author, ok := p.author(r.Author, r.Agency)
		if !ok {
			continue
		}
		if author.Observer != "" {
			p.at("author").failf("author: the observer takes no positions")
			continue
		}
		if r.On.Author == r.Author {
			p.at("on").failf("on: %s takes no position on what it states itself", r.Author)
		}
		if rule, known := entente.Rule(r.On.As); !known || !rule.Chain {
			p.at("on", "as").failf("on: %q is no type to take a position on", r.On.As)
		}
		p.one("stance", string(r.Stance), string(entente.Concurs), string(entente.TakesNote), string(entente.Disputes))
		if r.Stance == entente.Disputes && (r.Reason == nil || r.Reason.IsZero()) {
			p.failf("reason: who disputes says why")
		}
		if len(r.Sources) == 0 {
			p.failf("names no source")
		}
		body := entente.Position{Stance: r.Stance, Reason: p.maybe("reason", r.Reason), Sources: p.cite(r.Sources)}
		l.add(p, Item{
			Author: author, Type: entente.TypePosition, Subject: "on-" + subject(r.On.Author) + "-" + string(r.On.As) + "-" + subject(r.On.Code), Body: &body,
			Needs: []Key{key(r.On.Author, r.On.As, r.On.Code)},
			bind:  binding(body, func(b *entente.Position, t []Target) { b.On = t[0].Ref }),
		})
	}
}

type linkRow struct {
	Commitment, Author, Agency string
	Indicators                 []string
	Text                       entente.Text
}

// loadLinks reads which indicators test a commitment.
func (l *loader) loadLinks() {
	rows, root := readYAML[[]linkRow](l, "links.yaml")
	for i, r := range rows {
		p := root.at(i)
		author, ok := p.author(r.Author, r.Agency)
		if !ok {
			continue
		}
		if len(r.Indicators) == 0 {
			p.failf("indicators: at least one is required")
		}
		for n, id := range r.Indicators {
			if _, known := l.indicators[id]; !known {
				p.at("indicators", n).failf("no indicator has the id %q", id)
			}
		}
		body := entente.Link{Indicators: r.Indicators, Text: p.text("text", r.Text)}
		l.add(p, Item{
			Author: author, Type: entente.TypeLink, Subject: subject(r.Commitment), Body: &body,
			Needs: []Key{key(author.Writer(), entente.TypeCommitment, r.Commitment)},
			bind:  binding(body, func(b *entente.Link, t []Target) { b.Commitment = t[0].Ref }),
		})
	}
}
