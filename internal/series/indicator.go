package series

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"entente"
)

// Indicator is an indicator's sheet, as a programme's files hold it.
type Indicator struct {
	ID         string       `json:"id" yaml:"id"`
	Title      entente.Text `json:"title" yaml:"title"`
	Definition entente.Text `json:"definition" yaml:"definition"`
	Unit       Unit         `json:"unit" yaml:"unit"`
	// AlsoIn lists other units that pages may show, converted exactly.
	AlsoIn []Unit `json:"also_in,omitempty" yaml:"also_in"`
	// Kind is input, output or outcome.
	Kind string `json:"kind" yaml:"kind"`
	// Direction is more_is_better, less_is_better or contested.
	Direction string `json:"direction" yaml:"direction"`
	// DirectionNote explains a contested direction; empty otherwise.
	DirectionNote entente.Text   `json:"direction_note,omitzero" yaml:"direction_note"`
	Limits        []entente.Text `json:"limits" yaml:"limits"`
	Party         entente.Party  `json:"party" yaml:"party"`         // whose figures they are
	Publisher     string         `json:"publisher" yaml:"publisher"` // agency code
	Licence       entente.Text   `json:"licence" yaml:"licence"`
	Areas         []string       `json:"areas" yaml:"areas"`
	// Headline fixes the dimensions of the figure that a page shows first.
	Headline Where    `json:"headline,omitempty" yaml:"headline"`
	Recipes  []Recipe `json:"recipes" yaml:"recipes"`
}

// Recipe returns the recipe for a family of files; false where the indicator
// cannot be computed from it.
func (in *Indicator) Recipe(family string) (*Recipe, bool) {
	for i := range in.Recipes {
		if in.Recipes[i].Family == family {
			return &in.Recipes[i], true
		}
	}
	return nil, false
}

// Dims returns the names of the indicator's dimensions, sorted.
func (in *Indicator) Dims() []string {
	var out []string
	if len(in.Recipes) > 0 {
		for _, d := range in.Recipes[0].Dims {
			out = append(out, d.Name)
		}
	}
	slices.Sort(out)
	return out
}

// Validate reports every fault of the sheet and of its recipes.
func (in *Indicator) Validate() error {
	v := &faults{}
	v.check(entente.ValidSubject(in.ID), "id", "%q cannot name an indicator", in.ID)
	bilingual(v, "title", in.Title)
	bilingual(v, "definition", in.Definition)
	bilingual(v, "licence", in.Licence)
	v.check(len(in.Limits) > 0, "limits", "is empty: every figure has known limits")
	for i, l := range in.Limits {
		bilingual(v, fmt.Sprintf("limits[%d]", i), l)
	}
	v.check(slices.Contains([]string{"input", "output", "outcome"}, in.Kind), "kind", "is input, output or outcome, not %q", in.Kind)
	v.check(slices.Contains([]string{"more_is_better", "less_is_better", "contested"}, in.Direction),
		"direction", "is more_is_better, less_is_better or contested, not %q", in.Direction)
	if in.Direction == "contested" {
		bilingual(v, "direction_note", in.DirectionNote)
	}
	v.check(in.Party.Valid(), "party", "%q is no party code", in.Party)
	v.check(in.Publisher != "", "publisher", "is empty: give the agency's code")
	v.check(len(in.Areas) > 0, "areas", "is empty: give at least one priority area")
	for _, u := range in.AlsoIn {
		_, err := Factor(in.Unit, u)
		v.check(err == nil, "also_in", "%v", err)
	}
	v.check(len(in.Recipes) > 0, "recipes", "is empty: an indicator without a recipe cannot be recomputed")
	v.recipes(in.Recipes, in.Unit)
	for name := range in.Headline {
		v.check(slices.Contains(in.Dims(), name), "headline", "%q is no dimension of the indicator", name)
	}
	return v.err("indicator " + in.ID)
}

// recipes checks those of one indicator, with each other and with its unit.
func (v *faults) recipes(list []Recipe, unit Unit) {
	families := map[string]bool{}
	for i := range list {
		r := &list[i]
		at := fmt.Sprintf("recipes[%d]", i)
		if err := r.Validate(); err != nil {
			v.check(false, at, "%v", err)
		}
		v.check(!families[r.Family], at, "family %q has two recipes", r.Family)
		families[r.Family] = true
		v.check(r.Unit == unit, at, "gives %s, the indicator is in %s", r.Unit, unit)
		v.check(slices.Equal(sortedDims(r), sortedDims(&list[0])), at, "keeps dimensions %v, the first recipe %v", sortedDims(r), sortedDims(&list[0]))
	}
}

// ParseRecipes reads the recipes of an indicator measured in unit, as its entry
// holds them: each whole by [ParseRecipe], one a family, all of that unit and of
// the same dimensions. The error names every fault.
func ParseRecipes(raws []json.RawMessage, unit Unit) ([]Recipe, error) {
	v := &faults{}
	list := make([]Recipe, 0, len(raws))
	for i, raw := range raws {
		r, err := decodeRecipe(raw)
		if err != nil {
			v.check(false, fmt.Sprintf("recipes[%d]", i), "%v", err)
			continue
		}
		list = append(list, *r)
	}
	if len(v.all) == 0 {
		v.recipes(list, unit)
	}
	return list, v.err("indicator")
}

func sortedDims(r *Recipe) []string {
	var out []string
	for _, d := range r.Dims {
		out = append(out, d.Name)
	}
	slices.Sort(out)
	return out
}

func bilingual(v *faults, at string, t entente.Text) {
	v.check(t.ES != "" && t.EN != "", at, "wants es and en")
}

// Dataset describes a published file of figures that the programme holds.
type Dataset struct {
	ID        string        `json:"id" yaml:"id"`
	File      string        `json:"file" yaml:"file"` // beneath the programme's folder
	Family    string        `json:"family" yaml:"family"`
	Title     entente.Text  `json:"title" yaml:"title"`
	Publisher string        `json:"publisher" yaml:"publisher"` // agency code
	Party     entente.Party `json:"party" yaml:"party"`
	// Released is the vintage: when the publisher put the file out.
	Released entente.Date `json:"released" yaml:"released"`
	// ReleasedBasis says how the date is known, where the file does not print it.
	ReleasedBasis entente.Text `json:"released_basis,omitzero" yaml:"released_basis"`
	Licence       entente.Text `json:"licence" yaml:"licence"`
	URL           string       `json:"url" yaml:"url"`
	Provenance    entente.Text `json:"provenance" yaml:"provenance"`
	SHA256        string       `json:"sha256" yaml:"sha256"`
	Bytes         int64        `json:"bytes" yaml:"bytes"`
	Rows          int          `json:"rows" yaml:"rows"` // without the header
	Period        Window       `json:"period" yaml:"period"`
	// Controls are totals that the file must give.
	Controls []Control `json:"controls" yaml:"controls"`
}

// Control is a total that an indicator's series from a file must give.
type Control struct {
	Indicator string `json:"indicator" yaml:"indicator"`
	Where     Where  `json:"where,omitempty" yaml:"where"`
	Window    Window `json:"window" yaml:"window"`
	// Value is the total, to the decimals written.
	Value string `json:"value" yaml:"value"`
	// Unit is the unit of Value; the indicator's where it is empty.
	Unit Unit `json:"unit,omitempty" yaml:"unit"`
}

// Check computes the total from a series and compares it.
func (c *Control) Check(s *Series) error {
	want, err := ParseDecimal(c.Value)
	if err != nil {
		return fmt.Errorf("control of %s: value %q: %w", c.Indicator, c.Value, err)
	}
	line, err := s.Line(c.Where)
	if err != nil {
		return fmt.Errorf("control of %s: %w", c.Indicator, err)
	}
	if c.Unit != "" {
		if line, err = line.In(c.Unit); err != nil {
			return fmt.Errorf("control of %s: %w", c.Indicator, err)
		}
	}
	got := line.Measure(Total, c.Window)
	if !got.Complete() {
		return fmt.Errorf("control of %s in %s: %d months without data", c.Indicator, c.Window, got.Missing)
	}
	if r := got.Value.Places(-want.Exponent()); !r.Equal(want) {
		return fmt.Errorf("control of %s in %s where %v: the file gives %s, not %s", c.Indicator, c.Window, c.Where, r, c.Value)
	}
	return nil
}

// Validate reports every fault of the description.
func (d *Dataset) Validate() error {
	v := &faults{}
	v.check(entente.ValidSubject(d.ID), "id", "%q cannot name a dataset", d.ID)
	v.check(d.File != "", "file", "is empty")
	v.check(familyForm.MatchString(d.Family), "family", "wants lower-case letters, digits and hyphens, not %q", d.Family)
	bilingual(v, "title", d.Title)
	bilingual(v, "licence", d.Licence)
	bilingual(v, "provenance", d.Provenance)
	v.check(d.Publisher != "", "publisher", "is empty: give the agency's code")
	v.check(d.Party.Valid(), "party", "%q is no party code", d.Party)
	v.check(d.Released != "" && d.Released.Valid(), "released", "%q is no date", d.Released)
	v.check(d.URL != "", "url", "is empty: say where the file came from")
	sum, err := hex.DecodeString(d.SHA256)
	v.check(err == nil && len(sum) == sha256.Size, "sha256", "is %d hexadecimal digits", 2*sha256.Size)
	v.check(d.Rows > 0, "rows", "is not positive")
	v.check(d.Bytes > 0, "bytes", "is not positive")
	v.check(!d.Period.IsZero(), "period", "is empty")
	v.check(len(d.Controls) > 0, "controls", "is empty: a file without a control total cannot be trusted")
	for i, c := range d.Controls {
		_, err := ParseDecimal(c.Value)
		v.check(err == nil && !c.Window.IsZero() && c.Indicator != "", fmt.Sprintf("controls[%d]", i), "wants indicator, window and value")
	}
	return v.err("dataset " + d.ID)
}

// Codelist names, in both languages, the codes of a dimension (SDMX sense).
type Codelist struct {
	Dim   string                  `json:"dim" yaml:"dim"`
	Title entente.Text            `json:"title" yaml:"title"`
	Codes map[string]entente.Text `json:"codes" yaml:"codes"`
}
