package programme

import (
	"regexp"

	"entente"
)

// Measure is what claims are about: claims of one measure stand side by side.
type Measure struct {
	Code  string
	Title entente.Text
	// Areas are empty for context that is no content of the programme.
	Areas []string
}

// Unit names, in both languages, a unit that figures and claims carry.
type Unit struct {
	Code string
	Name entente.Text
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

func (l *loader) loadMeasures() {
	rows, root := readYAML[[]Measure](l, "measures.yaml")
	for i, m := range rows {
		p := root.at(i)
		if !nameForm.MatchString(m.Code) {
			p.at("code").failf("code: %q is not a measure: lower-case letters, digits and underscore", m.Code)
		}
		if _, twice := l.measures[m.Code]; twice {
			p.at("code").failf("code: %s is there twice", m.Code)
		}
		m.Title, m.Areas = p.text("title", m.Title), p.inAreas(m.Areas, false)
		l.measures[m.Code] = m
		l.prog.Measures = append(l.prog.Measures, m)
	}
}

func (l *loader) loadUnits() {
	rows, root := readYAML[[]Unit](l, "units.yaml")
	for i, u := range rows {
		p := root.at(i)
		if !nameForm.MatchString(u.Code) {
			p.at("code").failf("code: %q is not a unit: lower-case letters, digits and underscore", u.Code)
		}
		if l.units[u.Code] {
			p.at("code").failf("code: %s is there twice", u.Code)
		}
		l.units[u.Code] = true
		u.Name = p.text("name", u.Name)
		l.prog.Units = append(l.prog.Units, u)
	}
}

// unit checks a unit that may be empty.
func (p place) unit(code string) string {
	if code != "" && !p.l.units[code] {
		p.at("unit").failf("unit: no unit has the code %q", code)
	}
	return code
}
