// Package figures makes the page where a file of figures is imported: what its
// columns are, what is new, revised or unreadable row by row, as a dry run; then
// drafts of the dataset and, once that stands, of its observations.
package figures

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"entente"
	"entente/internal/auth"
	"entente/internal/node"
	"entente/internal/series"
	"entente/internal/store"
	"entente/internal/web/desk/kit"
	"entente/internal/web/shell"
)

// Mount registers the pages.
func Mount(k *kit.Kit) {
	k.Page("/desk/figures", auth.Read, page)
	k.Form("/desk/figures", auth.Draft, page, importFile)
	k.Form("/desk/figures/observations", auth.Draft, page, observe)
}

type model struct {
	fields  formFields
	preview *node.ImportPreview
	pending []store.Version[entente.Dataset] // own datasets without observations
	empty   bool                             // no indicator of this party in force
}

func page(ctx context.Context, a *kit.Ask) (templ.Component, error) {
	a.Head(a.T("desk.figures.title"), a.T("desk.figures.lead"), "import")
	m := model{}
	var err error
	if m.fields, m.empty, err = fields(ctx, a); err != nil {
		return nil, err
	}
	if m.pending, err = pending(ctx, a); err != nil {
		return nil, err
	}
	m.preview, _ = a.Carried.(*node.ImportPreview)
	return figuresPage(a, m), nil
}

// formFields are the form's fields: words are bilingual, a pair a row.
type formFields struct {
	file, about []shell.Field
	words       [][]shell.Field
	where       []shell.Field
}

// fields are those of the file and of its description.
func fields(ctx context.Context, a *kit.Ask) (formFields, bool, error) {
	families, publishers, err := known(ctx, a)
	if err != nil {
		return formFields{}, false, err
	}
	area := func(name, label string, rows int, lang string) shell.Field {
		return shell.Field{Name: name, Label: label, Kind: "textarea", Rows: rows, Lang: lang, Value: a.Was(name, "")}
	}
	both := func(name, label string) []shell.Field {
		return []shell.Field{area(name+".es", label+" — "+a.T("desk.form.in.es"), 2, "es"), area(name+".en", label+" — "+a.T("desk.form.in.en"), 2, "en")}
	}
	file := []shell.Field{
		{Name: "file", Label: a.T("desk.figures.file"), Kind: "file", Required: true, Accept: ".csv,.xlsx,text/csv", Hint: a.T("desk.figures.file.hint")},
		{Name: "family", Label: a.T("desk.figures.family"), Kind: "select", Value: a.Was("family", ""), Blank: a.T("desk.figures.family.auto"), Options: families, Hint: a.T("desk.figures.family.hint")},
	}
	about := []shell.Field{
		{Name: "code", Label: a.T("field.code"), Hint: a.T("desk.figures.code.hint"), Value: a.Was("code", ""), MaxLength: 96},
		{Name: "publisher", Label: a.T("field.publisher"), Kind: "select", Value: a.Was("publisher", a.Me.User.Agency), Options: publishers},
		{Name: "released", Label: a.T("field.released"), Hint: a.T("desk.form.date.hint"), Value: a.Was("released", "")},
		{Name: "url", Label: a.T("field.url"), Kind: "url", Value: a.Was("url", ""), MaxLength: 1000},
	}
	where := []shell.Field{{Name: "audience", Label: a.T("desk.edit.log"), Kind: "radio", Value: a.Was("audience", string(entente.Public)), Options: []shell.Option{
		{Value: string(entente.Public), Text: a.T("enum.audience.public"), Hint: a.T("desk.edit.log.public")},
		{Value: string(entente.Shared), Text: a.T("enum.audience.shared"), Hint: a.T("desk.edit.log.shared")},
		{Value: string(entente.National), Text: a.T("enum.audience.national"), Hint: a.T("desk.edit.log.national")},
	}}}
	words := [][]shell.Field{both("title", a.T("field.title")), both("licence", a.T("field.licence")), both("provenance", a.T("field.provenance"))}
	return formFields{file, about, words, where}, len(families) == 0, nil
}

// known lists the families of files that this party's indicators read, and who
// publishes them.
func known(ctx context.Context, a *kit.Ask) (families, publishers []shell.Option, err error) {
	joints, err := store.Joints[entente.Indicator](ctx, a.View, entente.TypeIndicator, store.Query{})
	if err != nil {
		return nil, nil, err
	}
	seen := map[string]bool{}
	add := func(list *[]shell.Option, v string) {
		if v != "" && !seen[v] {
			seen[v] = true
			*list = append(*list, shell.Option{Value: v, Text: v})
		}
	}
	add(&publishers, a.Me.User.Agency)
	for _, j := range joints {
		if j.InForce == nil || j.InForce.Body == nil || j.InForce.Body.Party != a.Kit.Party() {
			continue
		}
		add(&publishers, j.InForce.Body.Publisher)
		for _, raw := range j.InForce.Body.Recipes {
			r, err := series.ParseRecipe(raw)
			if err != nil {
				continue // a recipe of another version of the program
			}
			add(&families, r.Family)
		}
	}
	return families, publishers, nil
}

// request reads the form's description of the file.
func request(a *kit.Ask) node.ImportRequest {
	text := func(name string) entente.Text {
		return entente.Text{ES: a.Post(name + ".es"), EN: a.Post(name + ".en")}
	}
	agency := a.Post("publisher")
	if agency == "" {
		agency = a.Me.User.Agency
	}
	return node.ImportRequest{
		Dataset: entente.Dataset{
			Code: a.Post("code"), Title: text("title"), Publisher: agency, Released: entente.Date(a.Post("released")),
			Licence: text("licence"), URL: a.Post("url"), Provenance: text("provenance"),
		},
		Family: a.Post("family"), Audience: entente.Audience(a.Post("audience")), Agency: agency,
	}
}

// importFile is the dry run, or the draft of the dataset.
func importFile(ctx context.Context, a *kit.Ask) (string, error) {
	f, head, err := a.R.FormFile("file")
	if err != nil {
		return "", &kit.Refuse{Code: "desk.refused.nofile", Field: "file"}
	}
	defer f.Close()
	r := request(a)
	if !r.Audience.Valid() {
		return "", &kit.Refuse{Code: "desk.refused.form"}
	}
	figures := a.Kit.Node.Figures()
	if a.Post("op") != "draft" {
		p, err := figures.Preview(ctx, head.Filename, f, r)
		if err != nil {
			return "", err
		}
		a.Carried = p
		return "", kit.ErrShow
	}
	if !entente.ValidSubject(strings.ToLower(r.Dataset.Code)) {
		return "", &kit.Refuse{Code: "desk.refused.datasetcode", Field: "code"}
	}
	d, _, err := figures.DraftDataset(ctx, head.Filename, f, r, a.Me.User)
	if err != nil {
		return "", err
	}
	a.Tell(ctx, "desk.figures.drafted")
	return a.Href("/desk/drafts/" + d.ID + "/review"), nil
}

// pending lists own datasets that have no observations yet.
func pending(ctx context.Context, a *kit.Ask) ([]store.Version[entente.Dataset], error) {
	page, err := store.List[entente.Dataset](ctx, a.View, store.Query{
		Type: entente.TypeDataset, Writer: a.Kit.Node.Writer().Writer(), Order: store.ByTime, Desc: true, Limit: 200,
	})
	if err != nil {
		return nil, err
	}
	drafted, err := a.Kit.Node.Store().Drafts(ctx, store.DraftQuery{
		Type: entente.TypeObservations, States: []store.DraftState{store.DraftOpen, store.DraftReturned, store.DraftWaiting},
	})
	if err != nil {
		return nil, err
	}
	var out []store.Version[entente.Dataset]
	for _, v := range page.Items {
		if v.Body == nil || slices.ContainsFunc(drafted, func(d store.WorkDraft) bool { return strings.HasSuffix(d.Subject, "."+v.Subject) }) {
			continue
		}
		by, err := a.View.Linked(ctx, v.Ref)
		if err != nil {
			return nil, err
		}
		observed := false
		for _, l := range by {
			observed = observed || l.Type == entente.TypeObservations
		}
		if !observed {
			out = append(out, v)
		}
	}
	return out, nil
}

// observe drafts the observations of a dataset that stands.
func observe(ctx context.Context, a *kit.Ask) (string, error) {
	ref, ok := kit.Resolve(ctx, a.View, a.Post("dataset"))
	if !ok {
		return "", store.ErrNotFound
	}
	v, err := store.ByRef[entente.Dataset](ctx, a.View, ref.Log, ref.Index)
	if err != nil {
		return "", err
	}
	drafts, _, err := a.Kit.Node.Figures().DraftObservations(ctx, ref, node.ImportRequest{Agency: v.Header.Author.Agency, Audience: v.Audience}, a.Me.User)
	if err != nil {
		return "", err
	}
	if len(drafts) == 0 {
		return "", errors.New("no observations were drafted")
	}
	a.Tell(ctx, "desk.figures.observed")
	return a.Href("/desk/drafts", "view", "mine"), nil
}

// shownRows bounds how many differences and findings a preview lists.
const shownRows = 200

func columns(a *kit.Ask, p node.IndicatorPreview) shell.Table {
	t := shell.Table{
		Caption: a.T("desk.figures.columns"), RowHeader: true, Dense: true,
		Columns: []shell.Column{{Title: a.T("desk.figures.header")}, {Title: a.T("desk.figures.readas")}},
	}
	for _, c := range p.Columns {
		row := []shell.Cell{{Text: c.Header}, {Text: c.Name}}
		if c.Name == "" {
			row[1] = shell.Cell{Text: a.T("desk.figures.unused"), Class: "e-muted"}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func differences(a *kit.Ask, p node.IndicatorPreview) shell.Table {
	t := shell.Table{
		Caption: a.T("desk.figures.differences"), Dense: true, Empty: a.T("desk.figures.nodifference"),
		Columns: []shell.Column{{Title: a.T("field.period")}, {Title: a.T("desk.figures.codes")}, {Title: a.T("field.kind")}, {Title: a.T("desk.figures.old"), Numeric: true}, {Title: a.T("desk.figures.new"), Numeric: true}},
	}
	value := func(o *series.Observation) string {
		if o == nil {
			return "—"
		}
		return o.Value.String()
	}
	for i, d := range p.Preview.Differences {
		if i == shownRows {
			break
		}
		t.Rows = append(t.Rows, []shell.Cell{
			{Text: a.L.DateISOShort(d.Period.String())}, {Text: strings.Join(d.Codes, ", ")}, {Text: a.T("desk.figures.change." + string(d.Change))},
			{Text: value(d.Old)}, {Text: value(d.New)},
		})
	}
	return t
}

func findings(a *kit.Ask, p node.IndicatorPreview) shell.Table {
	t := shell.Table{
		Caption: a.T("desk.figures.unreadable"), Dense: true,
		Columns: []shell.Column{{Title: a.T("desk.figures.row"), Numeric: true}, {Title: a.T("desk.figures.header")}, {Title: a.T("desk.figures.found")}, {Title: a.T("desk.figures.why"), Wide: true}},
	}
	for i, f := range p.Preview.Findings {
		if i == shownRows {
			break
		}
		t.Rows = append(t.Rows, []shell.Cell{{Text: a.L.Int(int64(f.Row))}, {Text: f.Column}, {Text: f.Value}, {Text: a.T("desk.finding." + string(f.Code))}})
	}
	return t
}
