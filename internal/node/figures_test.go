package node

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"entente"
	"entente/internal/fold"
	"entente/internal/series"
	"entente/internal/store"
)

const recipeJSON = `{"family":"x-counts","columns":[{"name":"date","headers":["Date","Fecha"]},{"name":"state","headers":["State"]},{"name":"n","headers":["Count"]}],` +
	`"period":{"form":"iso_date","date":"date"},"value":{"column":"n","kind":"count","thousands":",","blank":"error"},` +
	`"dims":[{"name":"state","column":"state","codes":"us_states"}],"aggregation":"sum","unit":"events"}`

// indicator makes an indicator of the United States joint.
func (w *world) indicator() *world {
	w.t.Helper()
	var r series.Recipe
	if err := json.Unmarshal([]byte(recipeJSON), &r); err != nil {
		w.t.Fatal(err)
	}
	canonical, err := r.JSON()
	if err != nil {
		w.t.Fatal(err)
	}
	half := w.us.propose(w.t, entente.TypeIndicator, "us-counts", &entente.Indicator{
		Joint: joint(), Code: "us-counts", Areas: []string{"A01"}, Title: both("Counts"), Definition: both("What is counted"), Unit: "events",
		Kind: "outcome", Direction: "contested", Party: entente.US, Publisher: "CBP", Recipes: []json.RawMessage{canonical},
	})
	w.sync()
	w.mx.accept(w.t, half)
	w.sync()
	return w
}

// TestARecipeNobodyCouldApplyIsNotAgreed: it would come into force and stand in the
// way of every import of the party.
func TestARecipeNobodyCouldApplyIsNotAgreed(t *testing.T) {
	w := newWorld(t).found().indicator()
	broken := strings.Replace(recipeJSON, `,"codes":"us_states"`, "", 1)
	w.refuses(w.us.Node, fold.RuleRecipe, func() error {
		_, err := w.us.Propose(t.Context(), Intent{
			Type: entente.TypeIndicator, Subject: "us-broken", Agency: "CBP", Audience: entente.Shared, By: w.us.first, Second: w.us.second,
			Body: &entente.Indicator{
				Joint: joint(), Code: "us-broken", Areas: []string{"A01"}, Title: both("Counts"), Definition: both("What is counted"), Unit: "events",
				Kind: "outcome", Direction: "contested", Party: entente.US, Publisher: "CBP", Recipes: []json.RawMessage{json.RawMessage(broken)},
			},
		})
		return err
	})
	if _, err := w.us.Figures().Import(t.Context(), "first.csv", strings.NewReader(firstFile), w.request("us-first", "2025-03-01")); err != nil {
		t.Error(err)
	}
}

func (w *world) request(code string, released entente.Date) ImportRequest {
	return ImportRequest{
		Dataset: entente.Dataset{
			Code: code, Title: both("File"), Publisher: "CBP", Released: released, Licence: both("public domain"), Provenance: both("downloaded"),
		},
		Audience: entente.Shared, Agency: "CBP", By: w.us.first, Second: w.us.second,
	}
}

const (
	firstFile  = "Date,State,Count\n2025-01-01,TX,10\n2025-01-01,AZ,\"1,200\"\n2025-02-01,TX,7\n"
	secondFile = "Fecha,State,Count\n2025-01-01,TX,11\n2025-01-01,AZ,1200\n2025-02-01,TX,7\n2025-03-01,TX,5\n2025-03-01,Nowhere,5\n"
)

// memory hands files from one node to another.
type memory struct {
	from, to *Node
	fail     error
}

func (m *memory) FetchBlob(ctx context.Context, _ string, d entente.Digest, limit int64) error {
	if m.fail != nil {
		return m.fail
	}
	content, _, err := m.from.Blobs().Get(ctx, d)
	if err != nil {
		return err
	}
	defer content.Close()
	_, _, err = m.to.Blobs().Put(ctx, io.LimitReader(content, limit))
	return err
}

func TestImportsAndVintages(t *testing.T) {
	w := newWorld(t).found().indicator()
	f := w.us.Figures()
	ctx := t.Context()
	before := w.sizes(w.us.Node)
	p, err := f.Preview(ctx, "a.csv", strings.NewReader(firstFile), w.request("us-a", "2025-03-01"))
	if err != nil {
		t.Fatal(err)
	}
	one := p.Indicators[0]
	if p.Family != "x-counts" || p.Rows != 3 || one.Preview.New != 3 || one.Unreadable != 0 || one.Count != 3 {
		t.Errorf("preview %+v", p)
	}
	if after := w.sizes(w.us.Node); after[1] != before[1] {
		t.Error("a preview was appended")
	}
	if has := must(w.us.Blobs().Has(ctx, p.File.Digest)); has {
		t.Error("a preview kept the file")
	}
	first := must(f.Import(ctx, "a.csv", strings.NewReader(firstFile), w.request("us-a", "2025-03-01")))
	again := must(f.Import(ctx, "a.csv", strings.NewReader(firstFile), w.request("us-a", "2025-03-01")))
	if again.Dataset.Ref != first.Dataset.Ref || again.Observations[0].Ref != first.Observations[0].Ref || !again.Observations[0].Existing {
		t.Errorf("imported again: %+v, first %+v", again, first)
	}
	// A later release revises one figure, adds one, and has a row that cannot be read.
	second := must(f.Import(ctx, "b.csv", strings.NewReader(secondFile), w.request("us-b", "2025-04-01")))
	if d := second.Preview.Indicators[0]; d.Preview.Revised != 1 || d.Preview.New != 1 || d.Preview.Unchanged != 2 || d.Unreadable != 1 {
		t.Errorf("the later release: %+v", d.Preview)
	}
	w.sync()
	// The counterpart recomputes them from the files.
	mx := w.mx.Figures()
	state, err := mx.Check(ctx, first.Observations[0].Ref)
	if state != store.FigureMissing || err != nil {
		t.Errorf("without the file: %s, %v", state, err)
	}
	mx.SetFetcher(&memory{from: w.us.Node, to: w.mx.Node})
	if err := mx.CheckAll(ctx); err != nil {
		t.Fatal(err)
	}
	for _, f := range []*Figures{f, mx} {
		s := must(f.Sheet(ctx, entente.Shared, "us-counts", ""))
		if len(s.Vintages) != 2 || s.Pedigrees[1].State != store.FigureEqual || !s.Pedigrees[1].Used {
			t.Fatalf("sheet %+v", s.Pedigrees)
		}
		total := func(s *Sheet) string {
			line, err := s.View.Line(series.Where{})
			if err != nil {
				t.Fatal(err)
			}
			p, _ := line.At(mustMonth("2025-01"))
			return p.Value.String()
		}
		if got := total(s); got != "1211" {
			t.Errorf("January in the latest release: %s", got)
		}
		if got := total(must(f.Sheet(ctx, entente.Shared, "us-counts", "2025-03-15"))); got != "1210" {
			t.Errorf("January as of mid-March: %s", got)
		}
		r := must(f.Revisions(ctx, entente.Shared, "us-counts"))
		if len(r) != 2 || r[1].Delta.Revised != 1 || r[0].Delta.New != 3 {
			t.Errorf("revisions %+v", r)
		}
		if _, err := f.Sheet(ctx, entente.Public, "us-counts", ""); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the public view sees a shared indicator: %v", err)
		}
	}
	// Positions on a figure are read afresh.
	if _, err := w.mx.TakePositions(ctx, entente.Shared, "SRE", w.mx.first, nil, Stand{On: second.Observations[0].Ref, Stance: entente.Concurs}); err != nil {
		t.Fatal(err)
	}
	if s := must(mx.Sheet(ctx, entente.Shared, "us-counts", "")); len(s.Pedigrees[1].Positions) != 1 {
		t.Errorf("positions %+v", s.Pedigrees[1].Positions)
	}
	// A withdrawn dataset is used no more.
	must(w.us.Withdraw(ctx, second.Dataset.Ref, both("published in error"), w.us.first, w.us.second))
	if s := must(f.Sheet(ctx, entente.Shared, "us-counts", "")); len(s.Vintages) != 1 {
		t.Errorf("%d vintages after the withdrawal", len(s.Vintages))
	}
}

func mustMonth(s string) series.Month { return must(series.ParseMonth(s)) }

func TestAFigureThatTheFileDoesNotGiveIsNotUsed(t *testing.T) {
	w := newWorld(t).found().indicator()
	ctx := t.Context()
	done := must(w.us.Figures().Import(ctx, "a.csv", strings.NewReader(firstFile), w.request("us-a", "2025-03-01")))
	body := must(store.ByRef[entente.Observations](ctx, w.us.View(entente.Shared), done.Observations[0].Ref.Log, done.Observations[0].Ref.Index)).Body
	lie, absent := *body, *body
	lie.Series[0]++
	absent.Recipe[0]++
	var refs []entente.Ref
	for subject, b := range map[string]*entente.Observations{"lie": &lie, "absent": &absent} {
		refs = append(refs, w.us.append(t, Intent{
			Type: entente.TypeObservations, Subject: subject, Agency: "CBP", Audience: entente.Shared, Body: b, By: w.us.first, Second: w.us.second,
		}))
	}
	w.sync()
	mx := w.mx.Figures()
	mx.SetFetcher(&memory{from: w.us.Node, to: w.mx.Node})
	if err := mx.CheckAll(ctx); err != nil {
		t.Fatal(err)
	}
	s := must(mx.Sheet(ctx, entente.Shared, "us-counts", ""))
	states := map[store.FigureState]int{}
	for _, p := range s.Pedigrees {
		states[p.State]++
		if p.Used != (p.State == store.FigureEqual) {
			t.Errorf("%s: %s, used %v", p.Observations.Subject, p.State, p.Used)
		}
	}
	// The absent recipe states a series digest that another entry was found to give:
	// that verdict is of the other entry only.
	if states[store.FigureEqual] != 1 || states[store.FigureDifferent] != 1 || states[store.FigureFailed] != 1 || len(s.Vintages) != 1 {
		t.Errorf("states %v, %d vintages", states, len(s.Vintages))
	}
	if state := must(mx.Check(ctx, refs[0])); state == store.FigureEqual {
		t.Error("a false figure was found equal")
	}
}

func TestAMistakenFileIsOneClearRefusal(t *testing.T) {
	w := newWorld(t).found()
	ctx := t.Context()
	try := func(f *Figures, name, content string, r ImportRequest) error {
		_, err := f.Import(ctx, name, strings.NewReader(content), r)
		return err
	}
	w.refuses(w.us.Node, "figures.recipe", func() error { return try(w.us.Figures(), "a.csv", firstFile, w.request("us-a", "2025-03-01")) })
	w.indicator()
	for code, content := range map[string]string{
		"figures.file_page": "<!DOCTYPE html><html><body>404</body></html>", "figures.file_empty": "", "figures.file_columns": "a,b\n1,2\n",
		"figures.file_cut": "Date,State,Count\n2025-01-01,\"TX", "figures.file_encoding": "Date,State,Count\n2025-01-01,Nuevo Le\xf3n,1\n",
		"figures.file": "\x00\x01\x02\x03",
	} {
		r := w.refuses(w.us.Node, code, func() error { return try(w.us.Figures(), "a.csv", content, w.request("us-a", "2025-03-01")) })
		if r.Rule.ES == "" || r.Mend.ES == "" || !strings.Contains(r.Error(), r.Mend.EN) {
			t.Errorf("%s: %v", code, r)
		}
	}
	// Whose figures they are, reports them.
	req := w.request("us-a", "2025-03-01")
	req.By, req.Second, req.Agency = w.mx.first, w.mx.second, "SRE"
	w.refuses(w.mx.Node, "figures.recipe", func() error { return try(w.mx.Figures(), "a.csv", firstFile, req) })
	// And the gate holds for figures as for everything.
	req = w.request("us-a", "2025-03-01")
	req.Second = nil
	w.refuses(w.us.Node, "policy.p4-release-second-officer", func() error { return try(w.us.Figures(), "a.csv", firstFile, req) })
}

func TestImportByDrafts(t *testing.T) {
	w := newWorld(t).found().indicator()
	ctx := t.Context()
	author := must(w.us.store.User(ctx, "first"))
	f := w.us.Figures()
	d, p, err := f.DraftDataset(ctx, "a.csv", strings.NewReader(firstFile), w.request("us-a", "2025-03-01"), author)
	if err != nil || len(p.Indicators) != 1 {
		t.Fatal(err)
	}
	must(w.us.Submit(ctx, d.ID, w.us.first))
	dataset := must(w.us.Approve(ctx, d.ID, w.us.second))
	list, _, err := f.DraftObservations(ctx, dataset.Ref, ImportRequest{Agency: "CBP"}, author)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	must(w.us.Submit(ctx, list[0].ID, w.us.first))
	must(w.us.Approve(ctx, list[0].ID, w.us.second))
	if err := f.CheckAll(ctx); err != nil {
		t.Fatal(err)
	}
	if s := must(f.Sheet(ctx, entente.Shared, "us-counts", "")); len(s.Vintages) != 1 {
		t.Errorf("%d vintages", len(s.Vintages))
	}
}

func TestClaimsAreHeldAgainstTheData(t *testing.T) {
	w := newWorld(t).found().indicator()
	ctx := t.Context()
	f := w.us.Figures()
	f.SetChecks([]series.Check{{Claim: "C1", Propositions: []series.Proposition{{
		Claimed: "1211", Unit: "events", Subjects: []series.Subject{{Indicator: "us-counts"}},
		Spans: []series.Span{{Kind: series.SpanMonth, Window: series.One(mustMonth("2025-01"))}},
	}}}})
	outcome := func() series.Outcome {
		as, ok, err := f.Assess(ctx, entente.Shared, "C1", "")
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		return as.Outcome
	}
	if got := outcome(); got != series.CannotBeChecked {
		t.Errorf("without data: %s", got)
	}
	must(f.Import(ctx, "a.csv", strings.NewReader(firstFile), w.request("us-a", "2025-03-01")))
	if got := outcome(); got == series.Supported {
		t.Errorf("in the first release: %s", got)
	}
	must(f.Import(ctx, "b.csv", strings.NewReader(secondFile), w.request("us-b", "2025-04-01")))
	if got := outcome(); got != series.Supported {
		t.Errorf("in the second release: %s", got)
	}
	if _, ok, err := f.Assess(ctx, entente.Shared, "C2", ""); ok || err != nil {
		t.Errorf("a claim without a check: %v, %v", ok, err)
	}
	if all := must(f.Assessments(ctx, entente.Shared, "")); len(all) != 1 {
		t.Errorf("%d assessments", len(all))
	}
}
