package programme

import (
	"encoding/json"
	"io/fs"
	"path"
	"slices"
	"strings"

	"entente"
	"entente/internal/series"
)

// loadFigures reads indicators, datasets, code lists and checks. What they mean is
// judged by the figures engine; here, that all of it fits together.
func (l *loader) loadFigures() {
	l.loadIndicators()
	l.loadDatasets()
	lists, root := readYAML[[]series.Codelist](l, "codelists.yaml")
	for i, c := range lists {
		p := root.at(i)
		p.text("title", c.Title)
		for code, name := range c.Codes {
			p.at("codes").text(code, name)
		}
	}
	l.prog.Codelists = lists
}

func (l *loader) loadIndicators() {
	names, err := fs.Glob(l.fsys, "indicators/*.yaml")
	if err != nil {
		place{l: l, file: "indicators"}.failf("%v", err)
	}
	slices.Sort(names)
	for _, name := range names {
		in, p := readYAML[series.Indicator](l, name)
		if p.node == nil {
			continue
		}
		if err := in.Validate(); err != nil {
			p.faults("indicator "+in.ID+": ", err)
			continue
		}
		if in.ID != strings.TrimSuffix(path.Base(name), ".yaml") {
			p.at("id").failf("id: %q is not the name of the file", in.ID)
		}
		p.text("title", in.Title)
		p.text("definition", in.Definition)
		for n, limit := range in.Limits {
			p.entry("limits", n, limit)
		}
		p.inAreas(in.Areas, true)
		p.publisher(in.Party, in.Publisher)
		l.indicators[in.ID] = in
		l.prog.Indicators = append(l.prog.Indicators, in)
		l.addIndicator(p, in)
	}
}

func (p place) publisher(party entente.Party, agency string) {
	if _, ok := p.at("party").party(string(party)); ok && p.l.agencies[agency] != party {
		p.at("publisher").failf("publisher: %q is not an agency of %s", agency, party)
	}
}

// addIndicator makes the joint definition that every party states.
func (l *loader) addIndicator(p place, in series.Indicator) {
	body := entente.Indicator{
		Joint: l.joint(), Code: in.ID, Areas: in.Areas, Title: in.Title, Definition: in.Definition, Unit: string(in.Unit),
		Kind: in.Kind, Direction: in.Direction, Limits: in.Limits, Party: in.Party, Publisher: in.Publisher,
	}
	if !in.DirectionNote.IsZero() {
		note := p.text("direction_note", in.DirectionNote)
		body.DirectionNote = &note
	}
	for i := range in.Recipes {
		recipe, err := in.Recipes[i].JSON()
		if err != nil {
			p.at("recipes", i).failf("%v", err)
			return
		}
		body.Recipes = append(body.Recipes, json.RawMessage(recipe))
	}
	for _, party := range l.prog.Parties {
		l.add(p, Item{Author: l.lead(party), Type: entente.TypeIndicator, Subject: in.ID, Body: &body})
	}
}

func (l *loader) loadDatasets() {
	rows, root := readYAML[[]series.Dataset](l, "datasets.yaml")
	seen := map[string]bool{}
	for i, d := range rows {
		p := root.at(i)
		if err := d.Validate(); err != nil {
			p.faults("dataset "+d.ID+": ", err)
			continue
		}
		if seen[d.ID] {
			p.at("id").failf("id: %s is there twice", d.ID)
		}
		seen[d.ID] = true
		p.text("title", d.Title)
		p.publisher(d.Party, d.Publisher)
		if !fs.ValidPath(d.File) {
			p.at("file").failf("file: %q is not a path beneath the programme's folder", d.File)
		} else if info, err := fs.Stat(l.fsys, d.File); err != nil {
			p.at("file").unreadf("file: %s is missing", d.File)
		} else if info.Size() != d.Bytes {
			p.at("bytes").failf("bytes: %s has %d, not %d", d.File, info.Size(), d.Bytes)
		}
		if !slices.ContainsFunc(l.prog.Indicators, func(in series.Indicator) bool { _, ok := in.Recipe(d.Family); return ok }) {
			p.at("family").failf("family: no indicator has a recipe for %q", d.Family)
		}
		for n, c := range d.Controls {
			if _, known := l.indicators[c.Indicator]; !known {
				p.at("controls", n).failf("no indicator has the id %q", c.Indicator)
			}
		}
		l.prog.Datasets = append(l.prog.Datasets, d)
	}
}

// loadChecks reads how each claim is held against the data: every claim has
// exactly one check.
func (l *loader) loadChecks() {
	rows, root := readYAML[[]series.Check](l, "checks.yaml")
	seen := map[string]bool{}
	for i, c := range rows {
		p := root.at(i)
		if err := c.Validate(); err != nil {
			p.faults("check of "+c.Claim+": ", err)
		}
		switch {
		case !l.claims[c.Claim]:
			p.at("claim").failf("no claim has the code %q", c.Claim)
		case seen[c.Claim]:
			p.at("claim").failf("claim %s has two checks", c.Claim)
		}
		seen[c.Claim] = true
		if !c.Note.IsZero() {
			p.text("note", c.Note)
		}
		for n, prop := range c.Propositions {
			for m, s := range prop.Subjects {
				if _, known := l.indicators[s.Indicator]; !known {
					p.at("propositions", n, "subjects", m).failf("no indicator has the id %q", s.Indicator)
				}
			}
		}
		l.prog.Checks = append(l.prog.Checks, c)
	}
	for code := range l.claims {
		if !seen[code] {
			place{l: l, file: "checks.yaml"}.failf("claim %s has no check: say how the data test it, or why none can", code)
		}
	}
}
