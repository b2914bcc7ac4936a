package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"net/http"
	"testing"

	"entente"
	"entente/internal/node"
	"entente/internal/series"
	"entente/internal/store"
	"entente/test/world"
)

// heldFigures are the sample's figures as a node holds them.
type heldFigures struct {
	p *portal
}

func (h *heldFigures) Sheet(ctx context.Context, a entente.Audience, indicator string, asOf entente.Date) (*node.Sheet, error) {
	j, err := store.Joint[entente.Indicator](ctx, h.p.store.View(a), entente.TypeIndicator, indicator)
	if err != nil {
		return nil, err
	}
	obs, err := store.ByRef[entente.Observations](ctx, h.p.store.View(a), h.p.Observations.Log, h.p.Observations.Index)
	if err != nil {
		return nil, err
	}
	dataset, err := store.ByRef[entente.Dataset](ctx, h.p.store.View(a), h.p.Dataset.Log, h.p.Dataset.Index)
	if err != nil {
		return nil, err
	}
	view, err := series.Vintages{{Dataset: dataset.Body.Code, Released: dataset.Body.Released, Series: h.p.Series}}.AsOf(asOf)
	return &node.Sheet{
		Subject: indicator, Body: j.InForce.Body, Digest: j.InForce.Digest, Recipes: []series.Recipe{world.Recipe()}, View: view,
		Pedigrees: []node.Pedigree{{Observations: *obs, Dataset: *dataset, State: store.FigureEqual, Computed: obs.Body.Series}},
	}, err
}

func (h *heldFigures) Revisions(context.Context, entente.Audience, string) ([]node.Revision, error) {
	old, fresh := h.p.Series.Obs[0], h.p.Series.Obs[0]
	old.Value = fresh.Value.Add(fresh.Value)
	return []node.Revision{{Dataset: "events-2025-09", Released: "2025-09-15", Delta: series.Delta{
		New: 5, Revised: 1, Differences: []series.Difference{{Period: fresh.Period, Codes: fresh.Codes, Change: series.Revised, Old: &old, New: &fresh}},
	}}}, nil
}

func (h *heldFigures) Assess(_ context.Context, _ entente.Audience, claim string, _ entente.Date) (series.Assessment, bool, error) {
	return series.Assessment{Claim: claim, Outcome: series.DependsOn, Reason: series.SomeReadings}, claim == "CL-1", nil
}

func newFigures(t *testing.T) *portal {
	t.Helper()
	h := &heldFigures{}
	p := newPortal(t, func(d *Deps) { d.Figures, d.Claims = h, h })
	h.p = p
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write(p.SeriesCSV); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	d := entente.DigestOf(p.SeriesCSV)
	if err := p.store.PutFigure(t.Context(), store.Figure{Series: d, State: store.FigureEqual, Computed: d, CSV: z.Bytes(), At: world.Epoch}); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestObservations(t *testing.T) {
	p := newFigures(t)
	const path = "/api/v1/indicators/us-events/observations"
	all := get[ObservationsAnswer](p, path)
	if len(all.Rows) != 6 || all.Definition != p.IndicatorBody || all.Unit != "events" || len(all.Dims) != 1 {
		t.Errorf("%+v", all)
	}
	if len(all.Pedigrees) != 1 || all.Pedigrees[0].Entry != p.Observations.String() || all.Pedigrees[0].File != "/blob/"+entente.DigestOf(p.File).String() {
		t.Errorf("%+v", all.Pedigrees)
	}
	for query, want := range map[string]struct {
		rows  int
		first string
	}{
		"?dim.state=US-TX":                                {4, "100"},
		"?dim.state=US-TX&dim.state=US-CA":                {6, "50"},
		"?sum=yes":                                        {4, "150"},
		"?sum=yes&dim.state=US-TX":                        {4, "100"},
		"?from=2025-07":                                   {3, "5"},
		"?from=2025-07&to=2025-07&sum=yes":                {1, "15"},
		"?vintage=events-2025-09&from=2025-08&to=2025-08": {1, "4"},
		"?as_of=2025-09-15":                               {6, "50"},
	} {
		got := get[ObservationsAnswer](p, path+query)
		if len(got.Rows) != want.rows || got.Rows[0].Value.String() != want.first || got.Rows[0].Dataset != "events-2025-09" {
			t.Errorf("%s: %d rows, first %+v", query, len(got.Rows), got.Rows[0])
		}
	}
	if early := get[ObservationsAnswer](p, path+"?as_of=2025-09-01"); len(early.Rows) != 0 {
		t.Errorf("before the release: %d rows", len(early.Rows))
	}
	for query, fault := range map[string]string{
		"?dim.colour=red": "choice", "?dim.state=US-NY": "choice", "?vintage=none": "choice", "?from=July": "month", "?as_of=soon": "date", "?x=1": "unknown",
	} {
		if out := p.refused(422, "parameters", http.MethodGet, path+query); out.Errors[0].Code != fault {
			t.Errorf("%s: %+v", query, out.Errors)
		}
	}
	p.refused(404, "notfound", http.MethodGet, "/api/v1/indicators/none/observations")
	newPortal(t).refused(501, "nofigures", http.MethodGet, path)
}

func TestObservationsAsCSV(t *testing.T) {
	p := newFigures(t)
	w := p.ask(http.MethodGet, "/api/v1/indicators/us-events/observations?format=csv&lang=en")
	rows, err := csv.NewReader(w.Body).ReadAll()
	if err != nil || len(rows) != 7 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	first := rows[1]
	if first[at["period"]] != "2024-07" || first[at["state"]] != "US-CA" || first[at["value"]] != "50" || first[at["released"]] != "2025-09-15" ||
		first[at["observations_entry"]] != p.Observations.String() || first[at["definition"]] != p.IndicatorBody.String() || first[at["notice"]] == "" {
		t.Errorf("%v", first)
	}
}

func TestRevisionsAndAssessments(t *testing.T) {
	p := newFigures(t)
	r := get[RevisionsAnswer](p, "/api/v1/indicators/us-events/revisions")
	if len(r.Releases) != 1 || len(r.Releases[0].Differences) != 1 || r.Releases[0].Differences[0].Dims["state"] != "US-CA" || r.Releases[0].Differences[0].Old.String() != "100" {
		t.Errorf("%+v", r)
	}
	a := get[AssessmentAnswer](p, "/api/v1/claims/US/cl-1/assessment")
	if a.Assessment.Outcome != series.DependsOn || a.SourceStatus != entente.AsClaimed || a.Claim.Value != "-90" {
		t.Errorf("%+v", a)
	}
	p.refused(404, "nocheck", http.MethodGet, "/api/v1/citations/portal/ci-1/assessment")
	p.refused(404, "notfound", http.MethodGet, "/api/v1/claims/US/none/assessment")
}
