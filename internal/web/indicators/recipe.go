package indicators

import (
	"slices"
	"strings"

	"entente/internal/series"
	"entente/internal/web/shell"
	"entente/internal/web/site"
)

// recipeWords puts a recipe into words, line by line, so that a reader without the
// program can repeat it with a spreadsheet.
func (p *Pages) recipeWords(f *site.Frame, r *series.Recipe) []shell.KV {
	out := []shell.KV{{Key: f.T("recipe.file"), Text: r.Family, Hint: formatText(f, r.Format)}}
	out = append(out, shell.KV{Key: f.T("recipe.columns"), Body: columnList(columnsSaid(r))})
	for _, flt := range r.Filters {
		if len(flt.In) > 0 {
			out = append(out, shell.KV{Key: f.T("recipe.filter"), Text: f.T("recipe.filter.in", "Column", flt.Column, "Values", quoted(flt.In))})
		} else {
			out = append(out, shell.KV{Key: f.T("recipe.filter"), Text: f.T("recipe.filter.notin", "Column", flt.Column, "Values", quoted(flt.NotIn))})
		}
	}
	out = append(out, shell.KV{Key: f.T("recipe.period"), Text: f.T("recipe.period." + string(r.Period.Form))})
	value := f.T("recipe.value."+string(r.Value.Kind), "Column", r.Value.Column)
	if r.Value.Column == "" {
		value = f.T("recipe.value.months")
	}
	out = append(out, shell.KV{Key: f.T("recipe.value"), Text: value, Hint: f.T("recipe.blank." + string(r.Value.Blank))})
	for _, d := range r.Dims {
		out = append(out, shell.KV{Key: f.T("recipe.dim", "Dim", f.Say(p.labels.Dim(d.Name))), Text: dimText(f, d)})
	}
	if r.Status != nil {
		out = append(out, shell.KV{Key: f.T("recipe.status"), Text: f.T("recipe.status.text", "Column", r.Status.Column)})
	}
	out = append(out, shell.KV{Key: f.T("recipe.aggregation"), Text: f.T("recipe.aggregation." + string(r.Aggregation))})
	unit := p.unit(f, r.Unit)
	if r.Value.Unit != "" && r.Value.Unit != r.Unit {
		unit = f.T("recipe.unit.converted", "From", p.unit(f, r.Value.Unit), "To", unit)
	}
	out = append(out, shell.KV{Key: f.T("field.unit"), Text: unit})
	if r.RoundedTo > 0 {
		out = append(out, shell.KV{Key: f.T("recipe.rounded"), Text: f.L.Int(int64(r.RoundedTo))})
	}
	if d, err := r.Digest(); err == nil {
		out = append(out, shell.KV{Key: f.T("recipe.digest"), Body: shell.Digest(d.String(), "")})
	}
	return out
}

// columnsSaid are the columns that are listed: twelve columns of months are said in
// the period's rule.
func columnsSaid(r *series.Recipe) []series.Column {
	var out []series.Column
	for _, c := range r.Columns {
		if !slices.Contains(r.Period.Months, c.Name) {
			out = append(out, c)
		}
	}
	return out
}

func formatText(f *site.Frame, m series.Format) string {
	var out []string
	if m.Encoding != "" {
		out = append(out, m.Encoding)
	}
	if m.Sheet != "" {
		out = append(out, f.T("recipe.sheet", "Name", m.Sheet))
	}
	return strings.Join(out, ", ")
}

func dimText(f *site.Frame, d series.DimRule) string {
	switch {
	case d.Constant != "":
		return f.T("recipe.dim.constant", "Value", d.Constant)
	case len(d.Values) > 0:
		return f.T("recipe.dim.values", "Column", d.Column, "N", len(d.Values))
	case d.Codes != "":
		return f.T("recipe.dim.codes", "Column", d.Column, "List", d.Codes)
	}
	return f.T("recipe.dim.column", "Column", d.Column)
}

func quoted(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = "“" + s + "”"
	}
	return strings.Join(out, " / ")
}

// recipeJSON is the recipe exactly as its digest covers it.
func recipeJSON(r *series.Recipe) string {
	raw, err := r.JSON()
	if err != nil {
		return ""
	}
	return string(raw)
}

// idOf makes a part of an element's id from a code.
func idOf(code string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(code))
}
