package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"

	"maps"
	"net/http"
	"slices"
	"strings"

	"entente"
	"entente/internal/node"
	"entente/internal/series"
	"entente/internal/store"
)

// Figures gives the series of indicators, recomputed at this node (node.Figures).
type Figures interface {
	Sheet(ctx context.Context, a entente.Audience, indicator string, asOf entente.Date) (*node.Sheet, error)
	Revisions(ctx context.Context, a entente.Audience, indicator string) ([]node.Revision, error)
}

// Claims holds claims against the data (node.Figures).
type Claims interface {
	Assess(ctx context.Context, a entente.Audience, claim string, asOf entente.Date) (series.Assessment, bool, error)
}

// maxObservations bounds an answer; a narrower window or dimension gives the rest.
const maxObservations = 100_000

var asOfParam = param{name: "as_of", doc: "YYYY-MM-DD: only what had been published by then."}

func (s *server) routeFigures() {
	s.handle(operation{
		id: "observations", method: http.MethodGet, path: "/api/v1/indicators/{subject}/observations", response: s.schemaOf(ObservationsAnswer{}), media: []string{"text/csv"},
		summary: "The figures of an indicator with their pedigree",
		params: []param{
			asOfParam, formatParam,
			{name: "vintage", doc: "Code of one dataset: its figures alone, as first published. By default every month comes from the latest release."},
			{name: "from", doc: "First month, YYYY-MM."}, {name: "to", doc: "Last month, YYYY-MM."},
			{name: "sum", enum: []string{"yes", "no"}, doc: "yes adds up the dimensions that are not fixed."},
			{name: "dim.", prefix: true, repeat: true, doc: "dim.<name>: one of these codes of a dimension."},
		},
	}, s.observations)
	s.handle(operation{
		id: "revisions", method: http.MethodGet, path: "/api/v1/indicators/{subject}/revisions", response: s.schemaOf(RevisionsAnswer{}),
		summary: "What each release of an indicator's figures revised",
	}, s.revisions)
	for _, t := range []entente.Type{entente.TypeClaim, entente.TypeCitation} {
		s.handle(operation{
			id: "assess-" + names[t], method: http.MethodGet, path: "/api/v1/" + names[t] + "/{writer}/{subject}/assessment", response: s.schemaOf(AssessmentAnswer{}),
			summary: "What the data say of a claim, reading by reading", params: []param{asOfParam},
		}, func(ctx context.Context, c *call) (*answer, error) { return s.assessment(ctx, c, t) })
	}
}

// ObservationsAnswer is the figures of one indicator.
type ObservationsAnswer struct {
	Notice
	Indicator  string            `json:"indicator"`
	Title      entente.Text      `json:"title"`
	Definition entente.Digest    `json:"definition"` // of the joint body in force
	Unit       series.Unit       `json:"unit"`
	Dims       []string          `json:"dims"`
	Rows       []ObservationRow  `json:"observations"`
	Pedigrees  []PedigreeItem    `json:"pedigrees"`
	Stretches  []StretchItem     `json:"stretches"`
	Links      map[string]string `json:"links"`
}

// ObservationRow is one value for a month. Value is null where the publisher
// withholds it.
type ObservationRow struct {
	Period string            `json:"period"` // YYYY-MM
	Dims   map[string]string `json:"dims,omitempty"`
	Value  *json.Number      `json:"value"`
	Status series.Status     `json:"status,omitempty"`
	// Dataset is the release that the value comes from; see pedigrees.
	Dataset string `json:"dataset"`
}

// PedigreeItem is where a series comes from and whether this node found the same.
type PedigreeItem struct {
	Dataset      string            `json:"dataset"`
	Released     entente.Date      `json:"released"`
	DatasetEntry string            `json:"dataset_entry"`
	Entry        string            `json:"entry"` // of the observations
	URL          string            `json:"url"`
	File         string            `json:"file"`
	Recipe       entente.Digest    `json:"recipe"`
	Series       entente.Digest    `json:"series"`
	State        store.FigureState `json:"state"`
	Positions    []PositionItem    `json:"positions"`
}

// StretchItem says which release the months of a window come from.
type StretchItem struct {
	From     string       `json:"from"`
	To       string       `json:"to"`
	Dataset  string       `json:"dataset"`
	Released entente.Date `json:"released"`
}

// figureQuery is what a call asks of a series.
type figureQuery struct {
	window series.Window
	where  map[string][]string
	sum    bool
}

func (s *server) observations(ctx context.Context, c *call) (*answer, error) {
	sheet, err := s.sheet(ctx, c)
	if err != nil {
		return nil, err
	}
	view, err := s.vintage(ctx, c, sheet)
	if err != nil {
		return nil, err
	}
	q, err := figureQueryOf(c, view)
	if err != nil {
		return nil, err
	}
	out := ObservationsAnswer{
		Indicator: sheet.Subject, Title: sheet.Body.Title, Definition: sheet.Digest, Unit: series.Unit(sheet.Body.Unit), Dims: []string{},
		Rows: []ObservationRow{}, Pedigrees: pedigreesOf(sheet), Stretches: []StretchItem{},
		Links: map[string]string{"indicator": "/api/v1/joint/indicators/" + sheet.Subject, "revisions": "/api/v1/indicators/" + sheet.Subject + "/revisions"},
	}
	if view != nil {
		out.Dims = append(out.Dims, view.Dims...)
		for _, st := range view.Stretches {
			out.Stretches = append(out.Stretches, StretchItem{st.Window.From.String(), st.Window.To.String(), st.Dataset, st.Released})
		}
		if out.Rows, err = q.rows(view); err != nil {
			return nil, err
		}
	}
	if out.Notice, err = s.notice(ctx); err != nil {
		return nil, err
	}
	if c.wantsCSV() {
		return out.csv(c)
	}
	return &answer{body: out}, nil
}

func (s *server) sheet(ctx context.Context, c *call) (*node.Sheet, error) {
	if s.Figures == nil {
		return nil, problem(http.StatusNotImplemented, "nofigures")
	}
	asOf := entente.Date(c.get("as_of"))
	if !asOf.Valid() {
		return nil, faulty(Fault{In: "query", Name: "as_of", Code: "date"})
	}
	sheet, err := s.Figures.Sheet(ctx, s.Audience, c.path("subject"), asOf)
	if err != nil {
		return nil, err
	}
	if sheet.Body == nil {
		return nil, notFound()
	}
	return sheet, nil
}

// vintage returns the figures of the dataset that the call names, or the view of
// all as of the date.
func (s *server) vintage(ctx context.Context, c *call, sheet *node.Sheet) (*series.View, error) {
	code := c.get("vintage")
	if code == "" {
		return sheet.View, nil
	}
	var known []string
	for i := range sheet.Pedigrees {
		p := &sheet.Pedigrees[i]
		if p.Dataset.Body == nil || p.Observations.Body == nil || p.State != store.FigureEqual {
			continue
		}
		known = append(known, p.Dataset.Body.Code)
		if p.Dataset.Body.Code != code {
			continue
		}
		one, err := s.heldSeries(ctx, sheet, p.Observations.Body)
		if err != nil {
			return nil, err
		}
		return series.Vintages{{Dataset: code, Released: p.Dataset.Body.Released, Series: one}}.AsOf("")
	}
	return nil, faulty(Fault{In: "query", Name: "vintage", Code: "choice", args: []any{"Choices", strings.Join(known, ", ")}})
}

// heldSeries reads a series that this node recomputed.
func (s *server) heldSeries(ctx context.Context, sheet *node.Sheet, o *entente.Observations) (*series.Series, error) {
	f, err := s.Store.Figure(ctx, o.Series)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(f.CSV))
	if err != nil {
		return nil, err
	}
	for i := range sheet.Recipes {
		if d, err := sheet.Recipes[i].Digest(); err == nil && d == o.Recipe {
			return series.ReadCSV(z, sheet.Recipes[i].Meta())
		}
	}
	return nil, problem(http.StatusNotImplemented, "nofigures")
}

func figureQueryOf(c *call, view *series.View) (figureQuery, error) {
	q := figureQuery{where: map[string][]string{}, sum: c.get("sum") == "yes"}
	if view == nil {
		return q, nil
	}
	q.window = view.Coverage()
	for name, month := range map[string]*series.Month{"from": &q.window.From, "to": &q.window.To} {
		if text := c.get(name); text != "" {
			m, err := series.ParseMonth(text)
			if err != nil {
				return q, faulty(Fault{In: "query", Name: name, Code: "month"})
			}
			*month = m
		}
	}
	for name, codes := range c.query {
		dim, ok := strings.CutPrefix(name, "dim.")
		if !ok {
			continue
		}
		if !slices.Contains(view.Dims, dim) {
			return q, faulty(Fault{In: "query", Name: name, Code: "choice", args: []any{"Choices", "dim." + strings.Join(view.Dims, ", dim.")}})
		}
		known := view.Codes(dim)
		for _, code := range codes {
			if !slices.Contains(known, code) {
				return q, faulty(Fault{In: "query", Name: name, Code: "choice", args: []any{"Choices", strings.Join(known, ", ")}})
			}
		}
		q.where[dim] = codes
	}
	return q, nil
}

// rows returns the observations asked for.
func (q figureQuery) rows(view *series.View) ([]ObservationRow, error) {
	if q.sum {
		return q.summed(view)
	}
	out := []ObservationRow{}
	for _, o := range view.Obs {
		if !q.window.Contains(o.Period) || !q.selects(view.Dims, o.Codes) {
			continue
		}
		if len(out) == maxObservations {
			return nil, problem(http.StatusUnprocessableEntity, "toolarge", "Most", itoa(maxObservations))
		}
		row := ObservationRow{Period: o.Period.String(), Dims: map[string]string{}, Status: o.Status, Dataset: datasetOf(view, o.Period)}
		for i, d := range view.Dims {
			row.Dims[d] = o.Codes[i]
		}
		if o.Status != series.Suppressed {
			n := json.Number(o.Value.String())
			row.Value = &n
		}
		out = append(out, row)
	}
	return out, nil
}

func (q figureQuery) selects(dims, codes []string) bool {
	for i, d := range dims {
		if want := q.where[d]; len(want) > 0 && !slices.Contains(want, codes[i]) {
			return false
		}
	}
	return true
}

// summed adds up what is not fixed, for every combination of the codes asked for.
func (q figureQuery) summed(view *series.View) ([]ObservationRow, error) {
	out := []ObservationRow{}
	for _, where := range q.combinations() {
		line, err := view.Line(where)
		if err != nil {
			return nil, err
		}
		for m := q.window.From; m <= q.window.To; m++ {
			p, ok := line.At(m)
			if !ok && !line.Suppressed(m) {
				continue
			}
			row := ObservationRow{Period: m.String(), Dims: where, Status: p.Status, Dataset: datasetOf(view, m)}
			if p.Status != series.Suppressed {
				n := json.Number(p.Value.String())
				row.Value = &n
			}
			out = append(out, row)
		}
	}
	return out, nil
}

func (q figureQuery) combinations() []series.Where {
	out := []series.Where{{}}
	for _, dim := range slices.Sorted(maps.Keys(q.where)) {
		var next []series.Where
		for _, w := range out {
			for _, code := range q.where[dim] {
				one := maps.Clone(w)
				one[dim] = code
				next = append(next, one)
			}
		}
		out = next
	}
	return out
}

func datasetOf(view *series.View, m series.Month) string {
	for _, st := range view.Stretches {
		if st.Window.Contains(m) {
			return st.Dataset
		}
	}
	return ""
}

func pedigreesOf(sheet *node.Sheet) []PedigreeItem {
	out := []PedigreeItem{}
	for i := range sheet.Pedigrees {
		p := &sheet.Pedigrees[i]
		item := PedigreeItem{
			DatasetEntry: p.Dataset.Ref.String(), Entry: p.Observations.Ref.String(), URL: entryURL(p.Observations.Ref), State: p.State,
			Positions: positionsOf(map[entente.Ref][]store.PositionOn{p.Observations.Ref: p.Positions}, []entente.Ref{p.Observations.Ref}),
		}
		if d := p.Dataset.Body; d != nil {
			item.Dataset, item.Released, item.File = d.Code, d.Released, "/blob/"+d.File.Digest.String()
		}
		if o := p.Observations.Body; o != nil {
			item.Recipe, item.Series = o.Recipe, o.Series
		}
		out = append(out, item)
	}
	return out
}

func (o *ObservationsAnswer) csv(c *call) (*answer, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	head := append(append([]string{"indicator", "period"}, o.Dims...), "value", "status", "unit", "dataset", "released", "observations_entry", "definition", "notice")
	_ = w.Write(head) // its error stays until Flush
	by := map[string]PedigreeItem{}
	for _, p := range o.Pedigrees {
		by[p.Dataset] = p
	}
	line := o.line(c.lang)
	for _, r := range o.Rows {
		row := []string{o.Indicator, r.Period}
		for _, d := range o.Dims {
			row = append(row, guarded(r.Dims[d]))
		}
		value := ""
		if r.Value != nil {
			value = r.Value.String()
		}
		p := by[r.Dataset]
		_ = w.Write(append(row, value, string(r.Status), string(o.Unit), guarded(r.Dataset), string(p.Released), p.Entry, o.Definition.String(), guarded(line)))
	}
	w.Flush()
	a := &answer{raw: b.Bytes(), media: csvMedia, header: http.Header{}}
	a.header.Set("Content-Disposition", `attachment; filename="`+o.Indicator+`.csv"`)
	return a, w.Error()
}

// RevisionsAnswer lists what each release revised.
type RevisionsAnswer struct {
	Notice
	Indicator string         `json:"indicator"`
	Releases  []RevisionItem `json:"releases"`
}

// RevisionItem is what one release did to the figures that the ones before it gave.
type RevisionItem struct {
	Dataset     string           `json:"dataset"`
	Released    entente.Date     `json:"released"`
	New         int              `json:"new"`
	Revised     int              `json:"revised"`
	Unchanged   int              `json:"unchanged"`
	Withdrawn   int              `json:"withdrawn"`
	Differences []DifferenceItem `json:"differences"`
}

// DifferenceItem is one value that a release revised or withdrew.
type DifferenceItem struct {
	Period string            `json:"period"`
	Dims   map[string]string `json:"dims,omitempty"`
	Kind   series.Change     `json:"kind"`
	Old    *json.Number      `json:"old"`
	New    *json.Number      `json:"new"`
}

func (s *server) revisions(ctx context.Context, c *call) (*answer, error) {
	sheet, err := s.sheet(ctx, c)
	if err != nil {
		return nil, err
	}
	all, err := s.Figures.Revisions(ctx, s.Audience, sheet.Subject)
	if err != nil {
		return nil, err
	}
	out := RevisionsAnswer{Indicator: sheet.Subject, Releases: []RevisionItem{}}
	var dims []string
	if sheet.View != nil {
		dims = sheet.View.Dims
	}
	for _, r := range all {
		item := RevisionItem{
			Dataset: r.Dataset, Released: r.Released, New: r.Delta.New, Revised: r.Delta.Revised, Unchanged: r.Delta.Unchanged, Withdrawn: r.Delta.Withdrawn,
			Differences: []DifferenceItem{},
		}
		for _, d := range r.Delta.Differences {
			diff := DifferenceItem{Period: d.Period.String(), Kind: d.Change, Dims: map[string]string{}, Old: valueOf(d.Old), New: valueOf(d.New)}
			for i, code := range d.Codes {
				if i < len(dims) {
					diff.Dims[dims[i]] = code
				}
			}
			item.Differences = append(item.Differences, diff)
		}
		out.Releases = append(out.Releases, item)
	}
	out.Notice, err = s.notice(ctx)
	return &answer{body: out}, err
}

func valueOf(o *series.Observation) *json.Number {
	if o == nil || o.Status == series.Suppressed {
		return nil
	}
	n := json.Number(o.Value.String())
	return &n
}

// AssessmentAnswer is what the data say of a claim. SourceStatus is what the
// sources say of it, which is another thing.
type AssessmentAnswer struct {
	Notice
	Entry        string               `json:"entry"`
	Claim        entente.ClaimContent `json:"claim"`
	SourceStatus entente.SourceStatus `json:"source_status"`
	Assessment   series.Assessment    `json:"assessment"`
}

func (s *server) assessment(ctx context.Context, c *call, t entente.Type) (*answer, error) {
	thing, err := store.Get[json.RawMessage](ctx, s.view, t, c.path("writer"), c.path("subject"))
	if err != nil {
		return nil, err
	}
	if s.Claims == nil {
		return nil, problem(http.StatusNotImplemented, "nofigures")
	}
	asOf := entente.Date(c.get("as_of"))
	if !asOf.Valid() {
		return nil, faulty(Fault{In: "query", Name: "as_of", Code: "date"})
	}
	v := &thing.Versions[0]
	if thing.Current != nil {
		v = thing.Current
	}
	code, content, ok := claimOf(v)
	if !ok {
		return nil, notFound()
	}
	as, ok, err := s.Claims.Assess(ctx, s.Audience, code, asOf)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, problem(http.StatusNotFound, "nocheck")
	}
	n, err := s.notice(ctx)
	return &answer{body: AssessmentAnswer{n, v.Ref.String(), content, content.Status, as}}, err
}

// claimOf returns the claim that a claim or a citation states.
func claimOf(v *store.Version[json.RawMessage]) (code string, content entente.ClaimContent, ok bool) {
	if v.Body == nil {
		return "", content, false
	}
	if v.Type == entente.TypeCitation {
		var c entente.Citation
		if json.Unmarshal(*v.Body, &c) != nil || c.Claim == nil {
			return "", content, false
		}
		return c.Code, *c.Claim, true
	}
	var c entente.Claim
	if json.Unmarshal(*v.Body, &c) != nil {
		return "", content, false
	}
	return c.Code, c.ClaimContent, true
}
