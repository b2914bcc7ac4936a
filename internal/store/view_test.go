package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/internal/fold"
	"entente/internal/fold/foldtest"
)

// programme is the node of Mexico with the small programme of foldtest.
func programme(tb testing.TB) (*Store, *foldtest.Programme) {
	tb.Helper()
	p := foldtest.NewProgramme()
	s := open(tb)
	pin(tb, s, p.MX, p.US, p.Portal)
	load(tb, s, p.Logs, nil)
	return s, p
}

// add appends one entry of Mexico.
func add(tb testing.TB, s *Store, w *foldtest.Writer, a entente.Audience, t entente.Type, subject string, body any, edit ...func(*entente.Header)) entente.Ref {
	tb.Helper()
	got, err := s.Append(tb.Context(), Draft{Origin: w.Origin(a), Raw: w.Entry(a, t, subject, body, edit...)})
	check(tb, err)
	return got[0].Ref
}

func superseding(refs ...entente.Ref) func(*entente.Header) {
	return func(h *entente.Header) { h.Supersedes = refs }
}

// TestAViewSeesNoInnerEntry asks every query for what stands only in an inner log.
func TestAViewSeesNoInnerEntry(t *testing.T) {
	ctx := t.Context()
	s, p := programme(t)
	secret := foldtest.Commitment("C77")
	secret.Description = entente.Text{ES: "palabra reservadísima", EN: "a guarded word"}
	for _, inner := range []entente.Audience{entente.Shared, entente.National} {
		first := add(t, s, p.MX, inner, entente.TypeCommitment, "hidden", secret)
		fixed := *secret
		note := text("Corregido")
		fixed.Correction = &note
		ref := add(t, s, p.MX, inner, entente.TypeCommitment, "hidden", &fixed, superseding(first))
		add(t, s, p.MX, inner, entente.TypeMilestone, "hidden-m", &entente.Milestone{Commitment: ref, Title: text("Paso")})
		add(t, s, p.MX, inner, entente.TypePosition, "hidden-p", &entente.Position{On: p.Refs[entente.TypeStatement], Stance: entente.Concurs})
		add(t, s, p.MX, inner, entente.TypeWithdrawal, "hidden-w", &entente.Withdrawal{Of: ref, Reason: text("Ya no")})
		for _, a := range entente.Audiences {
			v := s.View(a)
			sees := inner.Rank() <= a.Rank()
			found := func(what string, yes bool) {
				t.Helper()
				if yes != sees {
					t.Errorf("%s entry in the %s view by %s: %v", inner, a, what, yes)
				}
			}
			hits, err := v.Search(ctx, "reservadisima", "es", Query{Versions: true, Withdrawn: true, Writer: "MX"})
			check(t, err)
			found("search", slices.ContainsFunc(hits.Items, func(h Hit) bool { return h.Ref == ref }))
			list, err := List[any](ctx, v, Query{Type: entente.TypeCommitment, Subject: "hidden", Withdrawn: true, Versions: true})
			check(t, err)
			found("list", slices.ContainsFunc(list.Items, func(x Version[any]) bool { return x.Ref == ref }))
			if n := len(list.Items); n != list.Total {
				t.Errorf("the total %d counts more than the %d seen", list.Total, n)
			}
			_, err = ByRef[any](ctx, v, ref.Log, ref.Index)
			found("reference", err == nil)
			_, err = v.Entry(ctx, ref.Log, ref.Index)
			found("bytes", err == nil)
			linked, err := v.Linked(ctx, first)
			check(t, err)
			found("link", len(linked) > 0)
			positions, err := v.Positions(ctx, p.Refs[entente.TypeStatement])
			check(t, err)
			found("position", slices.ContainsFunc(positions[p.Refs[entente.TypeStatement]], func(x PositionOn) bool { return x.Audience == inner }))
			changes, err := v.Corrections(ctx, Query{Writer: "MX", Limit: 1000})
			check(t, err)
			found("corrections", slices.ContainsFunc(changes.Items, func(c Change) bool { return c.Ref == ref }))
			latest, err := v.Latest(ctx, Query{Limit: 1000})
			check(t, err)
			found("latest", slices.ContainsFunc(latest.Items, func(x Version[json.RawMessage]) bool { return x.Ref == ref }))
			frontier, err := v.Frontier(ctx)
			check(t, err)
			_, known := frontier[p.MX.Origin(inner)]
			found("frontier", known)
		}
	}
	counts := map[entente.Audience]int{}
	for _, a := range entente.Audiences {
		list, err := s.View(a).Counts(ctx)
		check(t, err)
		for _, c := range list {
			counts[a] += c.Entries
		}
		frontier, err := s.View(a).Frontier(ctx)
		check(t, err)
		for _, h := range frontier {
			counts[a] -= int(h.Size)
		}
		if counts[a] != 0 {
			t.Errorf("%s: the counts and the frontier differ by %d", a, counts[a])
		}
	}
	if s.View("everything").Audience() != entente.Public {
		t.Error("an unknown audience sees more than the public")
	}
}

func TestListPagesAreStable(t *testing.T) {
	ctx := t.Context()
	s, mx := mexico(t)
	for i := range 23 {
		c := foldtest.Commitment(fmt.Sprintf("C%d", i))
		c.Title = entente.Text{ES: []string{"Zorro", "árbol", "Ñandú", "nube", "Árbol 2", "árbol 10"}[i%6], EN: fmt.Sprint("title ", i)}
		c.Due = []entente.Date{"", "2026-03", "2025-12-31"}[i%3]
		c.Areas = []string{[]string{"arms", "drugs"}[i%2]}
		add(t, s, mx, entente.Public, entente.TypeCommitment, fmt.Sprintf("c%d", i), c)
	}
	v := s.View(entente.Public)
	for _, q := range []Query{
		{Type: entente.TypeCommitment}, {Type: entente.TypeCommitment, Desc: true}, {Types: []entente.Type{entente.TypeCommitment, entente.TypeAction}, Order: ByOrder},
		{Type: entente.TypeCommitment, Order: ByTitle, Lang: "es"}, {Type: entente.TypeCommitment, Order: ByTitle, Lang: "en", Desc: true},
		{Type: entente.TypeCommitment, Order: "due"}, {Type: entente.TypeCommitment, Order: "due", Desc: true}, {Type: entente.TypeCommitment, Order: "code"},
		{Type: entente.TypeCommitment, Area: "drugs", Order: "code"}, {Type: entente.TypeCommitment, Search: "zorro"},
	} {
		t.Run(fmt.Sprintf("%s %v %s%s", q.Order, q.Desc, q.Area, q.Search), func(t *testing.T) {
			whole := q
			whole.Limit = 1000
			all, err := List[entente.Commitment](ctx, v, whole)
			check(t, err)
			if all.Next != "" || all.Total != len(all.Items) || len(all.Items) < 4 {
				t.Fatalf("%d items, total %d, next %q", len(all.Items), all.Total, all.Next)
			}
			var got []entente.Ref
			q.Limit = 3
			for {
				page, err := List[entente.Commitment](ctx, v, q)
				check(t, err)
				if page.Total != all.Total {
					t.Fatalf("a page's total is %d, want %d", page.Total, all.Total)
				}
				for _, x := range page.Items {
					got = append(got, x.Ref)
				}
				if q.After = page.Next; q.After == "" {
					break
				}
			}
			for i, x := range all.Items {
				if i >= len(got) || got[i] != x.Ref {
					t.Fatalf("page by page: %v", got)
				}
			}
		})
	}
	sorted, err := List[entente.Commitment](ctx, v, Query{Type: entente.TypeCommitment, Order: ByTitle, Lang: "es", Limit: 1000})
	check(t, err)
	var titles []string
	for _, x := range sorted.Items {
		titles = append(titles, x.Title.ES)
	}
	if got := strings.Join(slices.Compact(titles), ", "); got != "árbol, Árbol 2, árbol 10, nube, Ñandú, Zorro" {
		t.Errorf("titles sort as %s", got)
	}
	due, err := List[entente.Commitment](ctx, v, Query{Type: entente.TypeCommitment, Order: "due", Limit: 1000})
	check(t, err)
	if due.Items[0].Body.Due != "2025-12-31" || due.Items[len(due.Items)-1].Body.Due != "" {
		t.Error("dates that are not stated do not come last")
	}
}

func TestACursorBelongsToItsQuery(t *testing.T) {
	ctx := t.Context()
	s, mx := mexico(t)
	for i := range 5 {
		add(t, s, mx, entente.Public, entente.TypeCommitment, fmt.Sprintf("c%d", i), foldtest.Commitment("C"))
	}
	v := s.View(entente.Public)
	page, err := List[any](ctx, v, Query{Type: entente.TypeCommitment, Limit: 2})
	check(t, err)
	_, err = List[any](ctx, s.View(entente.National), Query{Type: entente.TypeCommitment, Limit: 2, After: page.Next})
	want(t, err, ErrCursor)
	for _, q := range []Query{{Type: entente.TypeAction}, {Type: entente.TypeCommitment, Desc: true}, {Type: entente.TypeCommitment, Order: "code"}} {
		q.After = page.Next
		_, err := List[any](ctx, v, q)
		want(t, err, ErrCursor)
	}
	for _, bad := range []string{"x", "!!!", "e30", strings.Repeat("A", 10000)} {
		_, err := List[any](ctx, v, Query{Type: entente.TypeCommitment, After: bad})
		want(t, err, ErrCursor)
	}
	hits, err := v.Search(ctx, "compromiso", "es", Query{Limit: 2})
	check(t, err)
	if hits.Next == "" || hits.Total < 5 {
		t.Fatalf("total %d, next %q", hits.Total, hits.Next)
	}
	_, err = v.Search(ctx, "commitment", "es", Query{Limit: 2, After: hits.Next})
	want(t, err, ErrCursor)
	more, err := v.Search(ctx, "compromiso", "es", Query{Limit: 2, After: hits.Next})
	check(t, err)
	if more.Items[0].Ref == hits.Items[0].Ref {
		t.Error("the second page is the first")
	}
}

// TestEveryTypedColumnCanBeAsked filters and sorts by each column of each table.
func TestEveryTypedColumnCanBeAsked(t *testing.T) {
	s, _ := programme(t)
	v := s.View(entente.National)
	for _, table := range fold.Tables {
		for _, typ := range table.Types {
			for _, c := range table.Columns {
				q := Query{Type: typ, Where: []Cond{{table.Name + "." + c.Name, Ne, "no such value"}}, Withdrawn: true}
				if c.Kind != fold.ColText {
					q.Where[0] = Cond{table.Name + "." + c.Name, Ge, -1}
				}
				if !table.Many {
					q.Order = table.Name + "." + c.Name
				}
				if _, err := List[any](t.Context(), v, q); err != nil {
					t.Errorf("%s of %s: %v", c.Name, typ, err)
				}
			}
		}
	}
	for _, c := range []struct {
		typ  entente.Type
		cond Cond
		want int
	}{
		{entente.TypeAction, Cond{"kind", Eq, "seizure"}, 1},
		{entente.TypeAction, Cond{"kind", Ne, "seizure"}, 0},
		{entente.TypeAction, Cond{"action_state.state", In, []string{"MX-SON", "MX-CHH"}}, 1},
		{entente.TypeAction, Cond{"from_date", Has, "2025-10"}, 1},
		{entente.TypeAction, Cond{"from_date", Lt, "2025-10-01"}, 0},
		{entente.TypeAction, Cond{"action_quantity.amount", Gt, 12.4}, 1},
		{entente.TypeCitation, Cond{"citation.kind", Eq, "meeting"}, 1},
		{entente.TypeCitation, Cond{"claim.source_status", Eq, string(entente.Disputed)}, 1},
		{entente.TypeDataset, Cond{"file.digest", Eq, foldtest.File("file.csv").Digest}, 1},
	} {
		page, err := List[any](t.Context(), v, Query{Type: c.typ, Where: []Cond{c.cond}})
		check(t, err)
		if page.Total != c.want {
			t.Errorf("%s with %v: %d, want %d", c.typ, c.cond, page.Total, c.want)
		}
	}
	sameRow, err := List[any](t.Context(), v, Query{Type: entente.TypeAction, Where: []Cond{
		{"action_quantity.unit", Eq, "item"}, {"action_quantity.amount", Gt, 13}}})
	check(t, err)
	if sameRow.Total != 0 {
		t.Error("two conditions were met by different rows")
	}
	for _, q := range []Query{
		{Type: entente.TypeAction, Where: []Cond{{"no_such", Eq, "x"}}},
		{Type: entente.TypeAction, Where: []Cond{{"kind", "LIKE", "x"}}},
		{Type: entente.TypeAction, Where: []Cond{{"kind", Eq, []string{"x"}}}},
		{Type: entente.TypeAction, Where: []Cond{{"kind", In, "x"}}},
		{Type: entente.TypeAction, Where: []Cond{{`kind" OR 1 --`, Eq, "x"}}},
		{Type: entente.TypeAction, Order: "source.code"},
		{Type: entente.TypeAction, Order: "no_such"},
		{Where: []Cond{{"kind", Eq, "x"}}},
	} {
		_, err := List[any](t.Context(), v, q)
		want(t, err, ErrQuery)
	}
}

func TestGetShowsTheHistoryOfAThing(t *testing.T) {
	ctx := t.Context()
	s, mx := mexico(t)
	v := s.View(entente.Public)
	_, err := Get[entente.Commitment](ctx, v, entente.TypeCommitment, "MX", "c1")
	want(t, err, ErrNotFound)
	c := foldtest.Commitment("C1")
	one := add(t, s, mx, entente.Public, entente.TypeCommitment, "c1", c)
	two := add(t, s, mx, entente.Public, entente.TypeCommitment, "c1", c, superseding(one))
	fork := add(t, s, mx, entente.Public, entente.TypeCommitment, "c1", c, superseding(one))
	get := func() *Thing[entente.Commitment] {
		t.Helper()
		x, err := Get[entente.Commitment](ctx, v, entente.TypeCommitment, "MX", "c1")
		check(t, err)
		return x
	}
	x := get()
	if x.Current.Ref != fork || !x.Forked || len(x.Versions) != 3 || x.Versions[2].Ref != one || !x.Versions[2].Superseded {
		t.Errorf("a forked thing: %+v", x)
	}
	healed := add(t, s, mx, entente.Public, entente.TypeCommitment, "c1", c, superseding(two, fork))
	if x = get(); x.Current.Ref != healed || x.Forked || x.Withdrawn || x.Withdrawal != nil {
		t.Errorf("a healed thing: %+v", x)
	}
	gone := add(t, s, mx, entente.Public, entente.TypeWithdrawal, "c1-w", &entente.Withdrawal{Of: healed, Reason: text("Ya no")})
	if x = get(); !x.Withdrawn || x.Withdrawal == nil || x.Withdrawal.Ref != gone || x.Withdrawal.Body.Reason.ES != "Ya no" {
		t.Errorf("a withdrawn thing: %+v", x)
	}
	for _, q := range []Query{{Type: entente.TypeCommitment}, {Type: entente.TypeCommitment, Withdrawn: true}} {
		page, err := List[entente.Commitment](ctx, v, q)
		check(t, err)
		if (page.Total == 1) != q.Withdrawn {
			t.Errorf("withdrawn %v: %d things", q.Withdrawn, page.Total)
		}
	}
	again := add(t, s, mx, entente.Public, entente.TypeCommitment, "c1", c, superseding(healed))
	if x = get(); x.Current.Ref != again || x.Withdrawn || x.Withdrawal != nil {
		t.Errorf("a thing taken up again: %+v", x)
	}
}

// TestAPublishedVersionStandsInThePlaceOfTheInnerOne, in the views that know of
// the publication.
func TestAPublishedVersionStandsInThePlaceOfTheInnerOne(t *testing.T) {
	ctx := t.Context()
	s, mx := mexico(t)
	c := foldtest.Commitment("C1")
	inner := add(t, s, mx, entente.National, entente.TypeCommitment, "c1", c)
	public := add(t, s, mx, entente.Public, entente.TypeCommitment, "c1", c)
	current := func(a entente.Audience) (entente.Ref, bool) {
		x, err := Get[any](ctx, s.View(a), entente.TypeCommitment, "MX", "c1")
		check(t, err)
		return x.Current.Ref, x.Forked
	}
	if ref, forked := current(entente.National); ref != inner || !forked {
		t.Errorf("before the publication entry: %s, forked %v", ref, forked)
	}
	add(t, s, mx, entente.National, entente.TypePublication, "c1-p", foldtest.Publication(inner))
	for _, a := range entente.Audiences {
		if ref, forked := current(a); ref != public || forked {
			t.Errorf("%s: %s, forked %v", a, ref, forked)
		}
	}
	tips, err := s.Tips(ctx, entente.National, entente.TypeCommitment, "MX", "c1")
	check(t, err)
	if !slices.Equal(tips, []entente.Ref{public}) {
		t.Errorf("tips %v", tips)
	}
}

func TestPositionsLinksAndChanges(t *testing.T) {
	ctx := t.Context()
	s, p := programme(t)
	v := s.View(entente.Public)
	action, own := p.Refs[entente.TypeAction], p.Refs[entente.TypeCommitment]
	positions, err := v.Positions(ctx, action, own)
	check(t, err)
	if got := positions[action]; len(got) != 1 || got[0].Stance != entente.Disputes || got[0].Writer != "US" || got[0].Agency != "DOS" || got[0].Reason == nil || len(positions[own]) != 0 {
		t.Errorf("positions %+v", positions)
	}
	linked, err := v.Linked(ctx, own)
	check(t, err)
	var types []entente.Type
	for _, x := range linked {
		types = append(types, x.Type)
	}
	if fmt.Sprint(types) != "[action link milestone progress]" {
		t.Errorf("the commitment is referred to by %v", types)
	}
	none, err := v.Linked(ctx, own, fold.LinkOn, fold.LinkWithdraws)
	check(t, err)
	if len(none) != 0 {
		t.Errorf("%d links of other kinds", len(none))
	}
	fixed := foldtest.Commitment("C1")
	note := text("Fecha corregida")
	fixed.Correction = &note
	next := add(t, s, p.MX, entente.Public, entente.TypeCommitment, "c1", fixed, superseding(own))
	plain := add(t, s, p.MX, entente.Public, entente.TypeCommitment, "c1", foldtest.Commitment("C1"), superseding(next))
	changes, err := v.Corrections(ctx, Query{})
	check(t, err)
	got := map[entente.Ref]ChangeKind{}
	for _, c := range changes.Items {
		got[c.Of[0]] = c.Kind
	}
	expected := map[entente.Ref]ChangeKind{own: Correcting, next: Superseding, p.Refs[entente.TypeClaim]: Withdrawing}
	if fmt.Sprint(got) != fmt.Sprint(expected) || changes.Total != 3 {
		t.Errorf("changes %v, want %v", got, expected)
	}
	x, err := ByRef[entente.Commitment](ctx, v, next.Log, next.Index)
	check(t, err)
	if x.Correction == nil || *x.Correction != note || !x.Superseded || x.Current {
		t.Errorf("the corrected version is %+v", x)
	}
	latest, err := v.Latest(ctx, Query{Writer: "MX", Limit: 2})
	check(t, err)
	if latest.Items[0].Ref != plain || latest.Items[1].Ref != next || latest.Next == "" {
		t.Errorf("latest are %s and %s", latest.Items[0].Ref, latest.Items[1].Ref)
	}
}

func TestJointThings(t *testing.T) {
	ctx := t.Context()
	s, p := programme(t)
	v := s.View(entente.Public)
	target, err := Joint[entente.Target](ctx, v, entente.TypeTarget, "seizures")
	check(t, err)
	if target.InForce == nil || !target.InForce.Complete || len(target.InForce.Halves) != 2 || target.InForce.Body.Value != "100" || target.Flagged {
		t.Fatalf("in force: %+v", target.InForce)
	}
	_, err = Joint[entente.Target](ctx, v, entente.TypeTarget, "none")
	want(t, err, ErrNotFound)
	propose := func(value string) (*entente.Target, entente.Ref) {
		b := &entente.Target{Joint: foldtest.Required(), Indicator: "seizures", Value: value, By: "2027-12"}
		b.Follows = &target.InForce.Digest
		return b, add(t, s, p.MX, entente.Public, entente.TypeTarget, "seizures", b)
	}
	answer := func(b *entente.Target) {
		origin := p.US.Origin(entente.Public)
		l, err := s.Log(ctx, origin)
		check(t, err)
		check(t, s.Mirror(ctx, origin, l.Size, [][]byte{p.US.Entry(entente.Public, entente.TypeTarget, "seizures", b)}, nil))
	}
	get := func() *JointThing[entente.Target] {
		x, err := Joint[entente.Target](ctx, v, entente.TypeTarget, "seizures")
		check(t, err)
		return x
	}
	second, ref := propose("200")
	if x := get(); x.InForce.Body.Value != "100" || len(x.Proposed) != 1 || x.Proposed[0].Body.Value != "200" || x.Proposed[0].Halves[entente.MX].Ref != ref {
		t.Errorf("one half: %+v", x)
	}
	answer(second)
	if x := get(); x.InForce.Body.Value != "200" || len(x.Proposed) != 0 || len(x.Former) != 1 || x.Former[0].Body.Value != "100" {
		t.Errorf("both halves: %+v", x)
	}
	third, _ := propose("300")
	answer(third)
	if x := get(); x.InForce.Body.Value != "100" || !x.Flagged || len(x.Contested) != 2 || len(x.Former) != 0 {
		t.Errorf("two successors of one body: %+v", x)
	}
	all, err := Joints[entente.Indicator](ctx, v, entente.TypeIndicator, Query{Area: "arms", Where: []Cond{{"unit", Eq, "item"}}})
	check(t, err)
	if len(all) != 1 || all[0].InForce.Body.Code != "seizures" {
		t.Errorf("indicators: %+v", all)
	}
	none, err := Joints[entente.Indicator](ctx, v, entente.TypeIndicator, Query{Search: "nosuchword"})
	check(t, err)
	if len(none) != 0 {
		t.Errorf("%d indicators with a word that none has", len(none))
	}
}

func TestSearch(t *testing.T) {
	ctx := t.Context()
	s, mx := mexico(t)
	c := foldtest.Commitment("C1")
	c.Description = entente.Text{ES: "Inspección de exportación de armamento en la frontera <b>norte</b>", EN: "Inspection of arms exports"}
	ref := add(t, s, mx, entente.Public, entente.TypeCommitment, "c1", c)
	v := s.View(entente.Public)
	for _, c := range []struct {
		text, lang, found, in string
	}{
		{"inspeccion", "es", "Inspección", "es"},
		{"INSPECCIÓN expor", "es", "exportación", "es"},
		{"exports", "es", "exports", "en"},
		{"front", "en", "frontera", "es"},
		{`"frontera" (norte*`, "es", "norte", "es"},
		{"SRE nosuchword", "es", "", ""},
		{"titulo: NEAR(a b)", "es", "", ""},
		{"\x00\"'*^:-", "es", "", ""},
		{"", "es", "", ""},
	} {
		hits, err := v.Search(ctx, c.text, c.lang, Query{})
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if c.found == "" {
			if hits.Total != 0 {
				t.Errorf("%q: %d hits", c.text, hits.Total)
			}
			continue
		}
		if hits.Total != 1 || hits.Items[0].Ref != ref || hits.Items[0].Lang != c.in || !strings.Contains(hits.Items[0].Snippet, hitStart+c.found+hitEnd) {
			t.Errorf("%q: %+v", c.text, hits)
		}
	}
	typed, err := v.Search(ctx, "inspeccion", "es", Query{Type: entente.TypeAction})
	check(t, err)
	if typed.Total != 0 {
		t.Error("the hit is of another type")
	}
	add(t, s, mx, entente.Public, entente.TypeCommitment, "c1", foldtest.Commitment("C1"), superseding(ref))
	hits, err := v.Search(ctx, "inspeccion", "es", Query{})
	check(t, err)
	old, err := v.Search(ctx, "inspeccion", "es", Query{Versions: true})
	check(t, err)
	if hits.Total != 0 || old.Total != 1 {
		t.Errorf("a superseded version: %d current hits, %d of all versions", hits.Total, old.Total)
	}
}

func TestWhatIsSearchedIsUpToDateAfterManyEntries(t *testing.T) {
	s, mx := mexico(t)
	var drafts []Draft
	for i := range indexAt + 10 {
		drafts = append(drafts, commitment(mx, entente.National, i))
	}
	_, err := s.Append(t.Context(), drafts...)
	check(t, err)
	if lag := s.lag.Load(); lag >= indexAt {
		t.Errorf("%d entries wait for the full-text index", lag)
	}
	hits, err := s.View(entente.National).Search(t.Context(), fmt.Sprint("c", indexAt+9), "es", Query{})
	check(t, err)
	if hits.Total != 1 {
		t.Errorf("%d hits for the last entry", hits.Total)
	}
	_, err = s.Append(t.Context(), commitment(mx, entente.National, 9999))
	check(t, err)
	for deadline := time.Now().Add(20 * time.Second); s.lag.Load() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("an idle writer leaves entries out of the index")
		}
	}
}

// TestWhatWasNotIndexedIsFoundAfterAStart: the texts that wait are in memory, and are
// made from the entries again by who has them not.
func TestWhatWasNotIndexedIsFoundAfterAStart(t *testing.T) {
	s, mx := mexico(t)
	_, err := s.Append(t.Context(), commitment(mx, entente.National, 1), commitment(mx, entente.National, 2))
	check(t, err)
	before, err := s.View(entente.National).Search(t.Context(), "compromiso", "es", Query{})
	check(t, err)
	long := foldtest.Commitment("C4")
	long.Description = entente.Text{ES: strings.Repeat("larguísimo ", 700), EN: strings.Repeat("very long ", 700)} // more than keptText
	add(t, s, mx, entente.National, entente.TypeCommitment, "c4", long)
	if found, err := s.View(entente.National).Search(t.Context(), "larguisimo", "es", Query{}); err != nil || found.Total != 1 {
		t.Errorf("a long text is found %d times, %v", found.Total, err)
	}
	_, err = s.Append(t.Context(), commitment(mx, entente.National, 3))
	check(t, err)
	check(t, s.Close())
	s, err = Open(t.Context(), Options{Path: s.path})
	check(t, err)
	defer s.Close()
	after, err := s.View(entente.National).Search(t.Context(), "compromiso", "es", Query{})
	check(t, err)
	if before.Total != 2 || after.Total != 4 {
		t.Errorf("%d found of 2, and %d of 4 after a start", before.Total, after.Total)
	}
}

func TestTheStateIsOfOneMoment(t *testing.T) {
	s, mx := mexico(t)
	done := make(chan error)
	go func() {
		var err error
		for i := 0; i < 40 && err == nil; i++ {
			_, err = s.Append(t.Context(), commitment(mx, entente.Public, i))
		}
		done <- err
	}()
	seen := map[entente.Digest]entente.Digest{}
	for running := true; running; {
		select {
		case err := <-done:
			check(t, err)
			running = false
		default:
		}
		f, d, err := s.View(entente.Public).State(t.Context())
		check(t, err)
		if was, ok := seen[f.Digest()]; ok && was != d {
			t.Fatal("two states at one frontier")
		}
		seen[f.Digest()] = d
	}
	m := fold.NewMemory(mx.Logs...)
	for _, l := range mx.Logs {
		raws, err := s.Entries(t.Context(), l.Origin, 0, 1000)
		check(t, err)
		for _, raw := range raws {
			_, err := m.Append(l.Origin, raw)
			check(t, err)
			f := Frontier{}
			for _, l := range mx.Logs {
				if l.Audience == entente.Public {
					f[l.Origin] = TreeHead{m.Size(l.Origin), rootOf(s, t, l.Origin, m.Size(l.Origin))}
				}
			}
			if d, ok := seen[f.Digest()]; ok && l.Audience == entente.Public && d != memoryDigest(t, m, entente.Public) {
				t.Errorf("at size %d the state is another one", m.Size(l.Origin))
			}
		}
	}
}

func rootOf(s *Store, t *testing.T, origin string, size uint64) entente.Digest {
	t.Helper()
	h, err := s.head(origin)
	check(t, err)
	e, err := loadEdge(size, tileReader{t.Context(), s.rdb, h.num})
	check(t, err)
	return e.root()
}

func TestBodiesThatAreOfAnotherTypeAreNil(t *testing.T) {
	s, p := programme(t)
	ref := p.Refs[entente.TypeCommitment]
	x, err := ByRef[[]string](t.Context(), s.View(entente.Public), ref.Log, ref.Index)
	check(t, err)
	if x.Body != nil || x.Header.Subject != "c1" {
		t.Errorf("a commitment read as a list of strings: %+v", x)
	}
	raw, err := ByRef[json.RawMessage](t.Context(), s.View(entente.Public), ref.Log, ref.Index)
	check(t, err)
	if entente.DigestOf(*raw.Body) != raw.BodyDigest {
		t.Error("the raw body does not have its digest")
	}
	if _, err := ByRef[any](t.Context(), s.View(entente.Public), ref.Log, 1<<50); !errors.Is(err, ErrNotFound) {
		t.Errorf("an index beyond all: %v", err)
	}
}
