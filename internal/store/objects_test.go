package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"entente"
)

// release names an invented release.
func release(n int) entente.Ref {
	return entente.Ref{Log: "us.example/shared", Index: uint64(n), Leaf: entente.DigestOf(fmt.Append(nil, n))}
}

func keyOf(n int) ObjectKey { return ObjectKey(entente.DigestOf(fmt.Append(nil, "key", n))) }

// stixObject is an invented object with an identifier, a version and references.
func stixObject(id, version string, refs ...string) Object {
	typ, _, _ := strings.Cut(id, "--")
	return Object{ID: id, Type: typ, Spec: "2.1", Version: version, Refs: refs, Raw: fmt.Appendf(nil, `{"id":%q,"modified":%q}`, id, version)}
}

func addRelease(tb testing.TB, s *Store, n int, agencies []string, objects ...Object) {
	tb.Helper()
	check(tb, s.AddObjects(tb.Context(), keyOf(n), ObjectBatch{release(n), []string{"A1"}, agencies, objects}))
}

func viewOf(tb testing.TB, s *Store, agency string, hide ...int) *ObjectView {
	tb.Helper()
	v, err := s.ObjectView(tb.Context(), agency, func(r entente.Ref) bool { return !slices.Contains(hide, int(r.Index)) })
	check(tb, err)
	return v
}

// listed returns the identifiers that a query lists, the last position, and whether there are more.
func listed(tb testing.TB, v *ObjectView, q ObjectQuery) (out []string, last int64, more bool) {
	tb.Helper()
	if q.Area == "" {
		q.Area = "A1"
	}
	if q.Limit == 0 {
		q.Limit = 1000
	}
	list, more, err := v.List(tb.Context(), q)
	check(tb, err)
	for i, o := range list {
		if o.Position <= last {
			tb.Fatalf("position %d of %s is not after %d", o.Position, o.ID, last)
		}
		last = o.Position
		if !q.Bare {
			raw, err := o.Open(keyOf(int(o.Release.Index)), nil)
			check(tb, err)
			if !strings.Contains(string(raw), o.ID) {
				tb.Fatalf("object %d is %s, not %s", i, raw, o.ID)
			}
		}
		out = append(out, o.ID)
	}
	return out, last, more
}

func TestObjectsAreShownToTheAgenciesOfTheirRelease(t *testing.T) {
	ctx := t.Context()
	c, at := withClock()
	s := open(t, at)
	v1, v2 := "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00Z"
	addRelease(t, s, 1, []string{"FGR"}, stixObject("identity--1", v1), stixObject("report--1", v1, "identity--1"))
	addRelease(t, s, 2, []string{"FGR", "SSPC"}, stixObject("report--1", v2), stixObject("vessel--1", ""))
	fgr := viewOf(t, s, "FGR")
	for name, x := range map[string]struct {
		q    ObjectQuery
		want string
	}{
		"last":      {ObjectQuery{}, "identity--1 report--1 vessel--1"},
		"all":       {ObjectQuery{Versions: ObjectVersions{All: true}}, "identity--1 report--1 report--1 vessel--1"},
		"exact":     {ObjectQuery{Versions: ObjectVersions{Exact: []string{"2026-01-01T00:00:00Z"}}}, "identity--1 report--1"},
		"type":      {ObjectQuery{Types: []string{"vessel", "identity"}}, "identity--1 vessel--1"},
		"id":        {ObjectQuery{IDs: []string{"vessel--1", "report--1"}, Versions: ObjectVersions{First: true, Last: true}}, "report--1 report--1 vessel--1"},
		"first":     {ObjectQuery{IDs: []string{"report--1"}, Versions: ObjectVersions{First: true}}, "report--1"},
		"spec":      {ObjectQuery{Specs: []string{"2.0"}}, ""},
		"area":      {ObjectQuery{Area: "A2"}, ""},
		"unknown":   {ObjectQuery{IDs: []string{"report--2"}}, ""},
		"no object": {ObjectQuery{Types: []string{"malware"}, Bare: true}, ""},
	} {
		if got, _, more := listed(t, fgr, x.q); strings.Join(got, " ") != x.want || more {
			t.Errorf("%s: %v (more %v), want %s", name, got, more, x.want)
		}
	}
	if got, _, _ := listed(t, viewOf(t, s, "SSPC"), ObjectQuery{}); strings.Join(got, " ") != "report--1 vessel--1" {
		t.Errorf("the other agency sees %v", got)
	}
	if got, _, _ := listed(t, viewOf(t, s, "FGR", 2), ObjectQuery{}); strings.Join(got, " ") != "identity--1 report--1" {
		t.Errorf("without the second release: %v", got)
	}
	if got, _, _ := listed(t, viewOf(t, s, "UIF"), ObjectQuery{}); len(got) != 0 {
		t.Errorf("an agency that is not named sees %v", got)
	}
	_, err := (&StoredObject{Release: release(1), ID: "x", sealed: []byte("short")}).Open(keyOf(1), nil)
	if err == nil {
		t.Error("a truncated object opens")
	}
	list, _, err := fgr.List(ctx, ObjectQuery{Area: "A1", Limit: 1})
	check(t, err)
	if _, err := list[0].Open(keyOf(2), nil); err == nil {
		t.Error("an object opens with the key of another release")
	}
	if !list[0].Added().Equal(c.at) {
		t.Errorf("added %s, want %s", list[0].Added(), c.at)
	}
}

// TestWhatIsGrantedLaterComesLater: whoever reads on from where it was gets what was
// shown to it meanwhile, however old.
func TestWhatIsGrantedLaterComesLater(t *testing.T) {
	ctx := t.Context()
	_, at := withClock()
	s := open(t, at) // the clock stands still: all moments are equal
	addRelease(t, s, 1, []string{"FGR"}, stixObject("report--1", ""))
	addRelease(t, s, 2, []string{"FGR", "SSPC"}, stixObject("report--2", ""))
	_, last, _ := listed(t, viewOf(t, s, "SSPC"), ObjectQuery{})
	check(t, s.GrantObjects(ctx, release(1), "SSPC"))
	before, err := s.ObjectsChange(ctx)
	check(t, err)
	check(t, s.GrantObjects(ctx, release(1), "SSPC")) // once more changes nothing
	if n, err := s.ObjectsChange(ctx); err != nil || n != before {
		t.Errorf("change %d, %v, want %d", n, err, before)
	}
	got, last, _ := listed(t, viewOf(t, s, "SSPC"), ObjectQuery{After: last})
	if strings.Join(got, " ") != "report--1" {
		t.Errorf("after the grant: %v", got)
	}
	check(t, s.RenewObjects(ctx, release(2)))
	if got, _, _ := listed(t, viewOf(t, s, "SSPC"), ObjectQuery{After: last}); strings.Join(got, " ") != "report--2" {
		t.Errorf("after renewing: %v", got)
	}
	n, err := s.DropObjects(ctx, release(2))
	check(t, err)
	if got, _, _ := listed(t, viewOf(t, s, "SSPC"), ObjectQuery{}); n != 1 || strings.Join(got, " ") != "report--1" {
		t.Errorf("dropped %d, left %v", n, got)
	}
	left, err := s.ReleasesWithObjects(ctx)
	check(t, err)
	if len(left) != 1 || left[0] != release(1) {
		t.Errorf("releases %v", left)
	}
}

// TestReferencesToTheInvisibleHide follows references through releases, rings
// included.
func TestReferencesToTheInvisibleHide(t *testing.T) {
	s := open(t)
	both, fgr := []string{"FGR", "SSPC"}, []string{"FGR"}
	addRelease(t, s, 1, fgr, stixObject("identity--secret", ""))
	addRelease(t, s, 2, both,
		stixObject("report--a", "", "vessel--a"),
		stixObject("vessel--a", "", "identity--secret"), // not for SSPC
		stixObject("report--b", "", "identity--nowhere"),
		stixObject("report--c", "", "report--d"), stixObject("report--d", "", "report--c"))
	addRelease(t, s, 3, both, stixObject("sighting--1", "", "report--a"), stixObject("sighting--2", "", "report--b"),
		stixObject("ring--1", "", "ring--2"))
	addRelease(t, s, 4, both, stixObject("ring--2", "", "ring--1"))
	if got, _, _ := listed(t, viewOf(t, s, "FGR"), ObjectQuery{}); len(got) != 10 {
		t.Errorf("the agency of all sees %v", got)
	}
	const want = "report--b report--c report--d ring--2 sighting--2 ring--1" // what refers to ring--2 came again with it
	v := viewOf(t, s, "SSPC")
	for _, limit := range []int{1, 2, 1000} {
		var all []string
		after, more := int64(0), true
		for more {
			var got []string
			got, after, more = listed(t, v, ObjectQuery{After: after, Limit: limit})
			all = append(all, got...)
		}
		if strings.Join(all, " ") != want {
			t.Errorf("pages of %d: %v", limit, all)
		}
	}
	if got, _, _ := listed(t, viewOf(t, s, "SSPC"), ObjectQuery{IDs: []string{"sighting--1", "sighting--2"}}); strings.Join(got, " ") != "sighting--2" {
		t.Errorf("by identifier: %v", got)
	}
	// A second copy that may be seen mends it.
	addRelease(t, s, 5, both, stixObject("identity--secret", ""))
	if got, _, _ := listed(t, viewOf(t, s, "SSPC"), ObjectQuery{}); len(got) != 10 {
		t.Errorf("with a copy: %v", got)
	}
	// A ring that leads to something invisible is invisible.
	addRelease(t, s, 6, fgr, stixObject("ring--3", ""))
	addRelease(t, s, 7, both, stixObject("ring--2", "", "ring--3"))
	if got, _, _ := listed(t, viewOf(t, s, "SSPC", 4), ObjectQuery{Types: []string{"ring"}}); len(got) != 0 {
		t.Errorf("ring: %v", got)
	}
}

// TestALargeReleaseIsAddedOnce: in parts, and adding it again adds nothing.
func TestALargeReleaseIsAddedOnce(t *testing.T) {
	s := open(t)
	var objects []Object
	for i := range 2*maxPart + 7 {
		objects = append(objects, stixObject(fmt.Sprintf("report--%d", i), "", fmt.Sprintf("report--%d", i/2)))
	}
	for range 2 {
		addRelease(t, s, 1, []string{"FGR"}, objects...)
	}
	v := viewOf(t, s, "FGR")
	seen := map[string]bool{}
	after, more := int64(0), true
	for more {
		var got []string
		got, after, more = listed(t, v, ObjectQuery{After: after, Limit: 999})
		for _, id := range got {
			if seen[id] {
				t.Fatalf("%s comes twice", id)
			}
			seen[id] = true
		}
	}
	if len(seen) != len(objects) {
		t.Errorf("%d objects of %d", len(seen), len(objects))
	}
}

// model is what the store of objects must do, said plainly.
type model struct {
	objects []modelObject
	grants  map[string][]int        // by agency: releases in the order they were granted
	refs    map[int]map[string]bool // by release: what its objects refer to outside it
	order   []int                   // releases as they were added
}

// add adds a release, granted to nobody.
func (m *model) add(n int, batch []Object) {
	m.order, m.refs[n] = append(m.order, n), map[string]bool{}
	for i, refs := range outsideRefs(batch) {
		m.objects = append(m.objects, modelObject{batch[i], n})
		for _, ref := range strings.Fields(refs) {
			m.refs[n][ref] = true
		}
	}
}

// grant grants a release to agencies, in one step. Where that is new, the releases
// that refer to its objects come again, the nearest first.
func (m *model) grant(n int, agencies ...string) {
	fresh := false
	for _, a := range agencies {
		if !slices.Contains(m.grants[a], n) {
			m.grants[a], fresh = append(m.grants[a], n), true
		}
	}
	if !fresh {
		return
	}
	seen := map[int]bool{n: true}
	for open := []int{n}; len(open) > 0; open = open[1:] {
		for _, r := range m.order {
			refers := slices.ContainsFunc(m.objects, func(o modelObject) bool { return o.release == open[0] && m.refs[r][o.ID] })
			if !refers || seen[r] {
				continue
			}
			seen[r] = true
			open = append(open, r)
			for a, list := range m.grants {
				if i := slices.Index(list, r); i >= 0 {
					m.grants[a] = append(slices.Delete(list, i, i+1), r)
				}
			}
		}
	}
}

type modelObject struct {
	Object
	release int
}

// visible lists what an agency sees of the area, by the rules said plainly.
func (m *model) visible(agency string, hidden map[int]bool) []string {
	var rows []modelObject
	for _, r := range m.grants[agency] {
		for _, o := range m.objects {
			if o.release == r && !hidden[r] {
				rows = append(rows, o)
			}
		}
	}
	out := make([]bool, len(rows))
	for changed := true; changed; {
		changed = false
		for i, o := range rows {
			if out[i] {
				continue
			}
			for _, ref := range o.Refs {
				here := slices.ContainsFunc(m.objects, func(x modelObject) bool { return x.ID == ref })
				seen := false
				for j, x := range rows {
					seen = seen || x.ID == ref && !out[j]
				}
				if here && !seen {
					out[i], changed = true, true
				}
			}
		}
	}
	var list []string
	for i, o := range rows {
		newest, first := true, true
		for j, x := range rows {
			if out[j] || x.ID != o.ID {
				continue
			}
			newest = newest && x.Version <= o.Version
			first = first && (x.Version != o.Version || j >= i)
		}
		if !out[i] && newest && first {
			list = append(list, fmt.Sprintf("%s@%d", o.ID, o.release))
		}
	}
	return list
}

// TestObjectsFollowTheModel: whatever is added, granted and hidden, an agency sees
// what the rules say, in pages of any size.
func TestObjectsFollowTheModel(t *testing.T) {
	s, run := open(t), 0
	rapid.Check(t, func(rt *rapid.T) {
		run++ // each run has agencies, releases and identifiers of its own
		ctx := t.Context()
		m := &model{grants: map[string][]int{}, refs: map[int]map[string]bool{}}
		agencies := []string{fmt.Sprint("FGR", run), fmt.Sprint("SSPC", run)}
		id := rapid.Map(rapid.IntRange(0, 7), func(n int) string { return fmt.Sprintf("report--%d-%d", run, n) })
		for i := range rapid.IntRange(1, 6).Draw(rt, "releases") {
			n := 10*run + i
			var batch []Object
			for range rapid.IntRange(1, 5).Draw(rt, "objects") {
				o := stixObject(id.Draw(rt, "id"), fmt.Sprintf("2026-01-0%dT00:00:00Z", rapid.IntRange(1, 3).Draw(rt, "version")),
					rapid.SliceOfN(id, 0, 2).Draw(rt, "refs")...)
				batch = append(batch, o)
			}
			to := rapid.SliceOfDistinct(rapid.SampledFrom(agencies), rapid.ID).Draw(rt, "to")
			addRelease(t, s, n, to, batch...)
			m.add(n, batch)
			m.grant(n, to...)
			if later := rapid.IntRange(10*run, n).Draw(rt, "later"); !slices.Contains(m.grants[agencies[1]], later) {
				check(t, s.GrantObjects(ctx, release(later), agencies[1]))
				m.grant(later, agencies[1])
			}
		}
		hide := rapid.SliceOfN(rapid.IntRange(10*run, 10*run+5), 0, 2).Draw(rt, "hidden")
		hidden := map[int]bool{}
		for _, h := range hide {
			hidden[h] = true
		}
		for _, a := range agencies {
			v := viewOf(t, s, a, hide...)
			limit := rapid.IntRange(1, 4).Draw(rt, "limit")
			var all []string
			after, more := int64(0), true
			for more {
				list, m, err := v.List(ctx, ObjectQuery{Area: "A1", After: after, Limit: limit})
				check(t, err)
				for _, o := range list {
					all, after = append(all, fmt.Sprintf("%s@%d", o.ID, o.Release.Index)), o.Position
				}
				more = m
			}
			if want := m.visible(a, hidden); !slices.Equal(all, want) {
				rt.Fatalf("%s sees %v, want %v", a, all, want)
			}
		}
	})
}

// TestWhatRefersComesBackToo: an object that was hidden because of what it refers to
// comes again to who reads on, when that can be read, comes, or is gone.
func TestWhatRefersComesBackToo(t *testing.T) {
	s := open(t)
	sspc := []string{"SSPC"}
	addRelease(t, s, 1, sspc, stixObject("identity--a", ""))
	addRelease(t, s, 2, sspc, stixObject("report--a", "", "identity--a"))
	addRelease(t, s, 3, sspc, stixObject("sighting--a", "", "report--a"))
	addRelease(t, s, 4, sspc, stixObject("vessel--z", ""))
	at := int64(0)
	reads := func(what, want string, hide ...int) {
		t.Helper()
		var got []string
		var last int64
		got, last, _ = listed(t, viewOf(t, s, "SSPC", hide...), ObjectQuery{After: at})
		at = max(at, last)
		if strings.Join(got, " ") != want {
			t.Errorf("%s: it reads on with %v, want %s", what, got, want)
		}
	}
	reads("at first", "identity--a report--a sighting--a vessel--z")
	if got, _, _ := listed(t, viewOf(t, s, "SSPC", 1), ObjectQuery{}); strings.Join(got, " ") != "vessel--z" {
		t.Errorf("while the first is held: %v", got)
	}
	addRelease(t, s, 5, sspc, stixObject("vessel--y", ""))
	reads("while the first is held", "vessel--y", 1)
	check(t, s.RenewObjects(t.Context(), release(1)))
	reads("when that is over", "identity--a report--a sighting--a")
	check(t, s.RenewObjects(t.Context(), release(4)))
	reads("what nothing refers to", "vessel--z")
	addRelease(t, s, 6, nil, stixObject("identity--b", ""))
	addRelease(t, s, 7, sspc, stixObject("report--b", "", "identity--b"))
	reads("what refers to something not shown", "")
	check(t, s.GrantObjects(t.Context(), release(6), "SSPC"))
	reads("when that is shown", "identity--b report--b")
	check(t, s.GrantObjects(t.Context(), release(6), "SSPC"))
	reads("shown again", "")
	n, err := s.DropObjects(t.Context(), release(1))
	check(t, err)
	reads("when that is gone", "report--a sighting--a")
	if again, err := s.DropObjects(t.Context(), release(1)); n != 1 || again != 0 || err != nil {
		t.Errorf("dropped %d, then %d, %v", n, again, err)
	}
	reads("dropped again", "")
	_, err = s.DropObjects(t.Context(), release(3))
	check(t, err)
	_, err = s.DropObjects(t.Context(), release(2))
	check(t, err)
	var left int
	check(t, s.read(nil).row(t.Context(), "SELECT count(*) FROM object_ref", nil, &left))
	if left != 1 { // that of report--b
		t.Errorf("%d references are left", left)
	}
}

// TestObjectQueriesUseTheirIndexes: what a page asks for must not look at more rows when
// more objects are kept.
func TestObjectQueriesUseTheirIndexes(t *testing.T) {
	s := open(t)
	for name, c := range map[string]struct {
		query string
		args  []any
		want  string
	}{
		"page":      {sqlObjects + byObjectNum, []any{1, 2, 3}, "object USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"},
		"of a type": {sqlObjects + byObjectType, []any{"x", 1, 2, 3}, "object USING INDEX object_type (type=? AND rowid>? AND rowid<?)"},
		"one":       {sqlObjectsBare + byObjectID, []any{"x"}, "object USING INDEX object_id (id=?)"},
		"refs":      {sqlObjectRefs, []any{"x"}, "object USING INDEX object_id (id=?)"},
		"again":     {"UPDATE object SET again = 1 WHERE id = ?", []any{"x"}, "object USING INDEX object_id (id=?)"},
		"batches":   {"SELECT num, first, last FROM object_batch WHERE log = ? AND idx = ? ORDER BY part", []any{"x", 1}, "(log=? AND idx=?)"},
		"referring": {sqlReferring, []any{1, 2}, "r USING PRIMARY KEY (id=?)"},
		"waiting":   {sqlWaitingSubmissions, []any{1, "x", 3}, "submission USING INDEX submission_waiting (client=? AND area=?)"},
		"areas":     {sqlWaitingAreas, nil, "SCAN submission USING INDEX submission_waiting"},
	} {
		t.Run(name, func(t *testing.T) { checkPlan(t, s, c.query, c.args, []string{c.want}) })
	}
}

func TestClients(t *testing.T) {
	ctx := t.Context()
	_, at := withClock()
	s := open(t, at)
	c, err := s.AddClient(ctx, Client{Name: "siem", Agency: "FGR", Purpose: "prevention", Secret: "$argon2id$x", Digest: entente.DigestOf([]byte("salted"))})
	check(t, err)
	_, err = s.AddClient(ctx, Client{Name: "SIEM"})
	want(t, err, ErrConflict)
	c.Disabled, c.Secret = true, "$argon2id$y"
	check(t, s.UpdateClient(ctx, c))
	got, err := s.Client(ctx, "Siem")
	check(t, err)
	if got != c {
		t.Errorf("stored %+v, want %+v", got, c)
	}
	if got, err := s.ClientByID(ctx, c.ID); err != nil || got != c {
		t.Errorf("by ID: %+v, %v", got, err)
	}
	want(t, s.UpdateClient(ctx, Client{ID: 99}), ErrNotFound)
	all, err := s.Clients(ctx)
	check(t, err)
	if len(all) != 1 {
		t.Errorf("clients %+v", all)
	}
}

func TestSubmissionsWaitForADraft(t *testing.T) {
	ctx := t.Context()
	c, at := withClock()
	s := open(t, at)
	siem, err := s.AddClient(ctx, Client{Name: "siem"})
	check(t, err)
	for i, id := range []string{"one", "two", "none"} {
		sub := Submission{ID: id, Client: siem.ID, Agency: "FGR", Area: "A1", At: c.at.Add(time.Duration(i) * time.Second), Objects: 2 - i, Status: []byte(`{"id":"` + id + `"}`)}
		check(t, s.AddSubmission(ctx, keyOf(1), sub, []byte(`[{}]`)))
	}
	want(t, s.AddSubmission(ctx, keyOf(1), Submission{ID: "one", Client: siem.ID}, nil), ErrConflict)
	waiting, err := s.WaitingSubmissions(ctx, siem.ID, "A1", 10)
	check(t, err)
	if len(waiting) != 2 || waiting[0].ID != "one" || waiting[1].Objects != 1 {
		t.Fatalf("waiting %+v", waiting)
	}
	if raw, err := waiting[0].Open(keyOf(1)); err != nil || string(raw) != `[{}]` {
		t.Errorf("opened %s, %v", raw, err)
	}
	if _, err := waiting[0].Open(keyOf(2)); err == nil {
		t.Error("a submission opens with another key")
	}
	want(t, s.TakeSubmissions(ctx, "one", "none"), ErrNotFound)
	if waiting, _ = s.WaitingSubmissions(ctx, siem.ID, "A1", 10); len(waiting) != 2 {
		t.Error("a refused taking took something")
	}
	if left, err := s.WaitingAreas(ctx); err != nil || len(left) != 1 || left[0] != (WaitingArea{siem.ID, "A1"}) {
		t.Errorf("waiting areas %v, %v", left, err)
	}
	check(t, s.TakeSubmissions(ctx, "one"))
	if status, err := s.SubmissionStatus(ctx, siem.ID, "one"); err != nil || string(status) != `{"id":"one"}` {
		t.Errorf("status %s, %v", status, err)
	}
	_, err = s.SubmissionStatus(ctx, siem.ID+1, "one")
	want(t, err, ErrNotFound)
	check(t, s.PruneSubmissions(ctx, c.at.Add(time.Hour)))
	for id, there := range map[string]bool{"one": false, "two": true, "none": false} {
		if _, err := s.SubmissionStatus(ctx, siem.ID, id); errors.Is(err, ErrNotFound) == there {
			t.Errorf("status of %s: %v", id, err)
		}
	}
}
