package exchange_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"entente"
	"entente/internal/exchange"
	"entente/internal/store"
	"entente/test/parties"
)

// settle passes what was said between two quiet nodes, and has both do what is due.
func settle(tb testing.TB, w *parties.World) {
	tb.Helper()
	for range 3 {
		for _, p := range w.Both() {
			p.Sync()
			check(tb, wake(p))
		}
	}
}

// after are the identifiers of the objects that an account reads on from a position,
// without those of agencies and markings, and the last position.
func after(tb testing.TB, p *parties.Party, c store.Client, from int64) (ids []string, last int64) {
	tb.Helper()
	_, visible, err := p.Exchange.VisibleReleases(background(), c)
	check(tb, err)
	v, err := p.Store().ObjectView(background(), c.Agency, visible)
	check(tb, err)
	list, more, err := v.List(background(), store.ObjectQuery{Area: "A01", After: from, Limit: 100})
	check(tb, err)
	if more {
		tb.Fatal("there are more than a page")
	}
	last = from
	for _, o := range list {
		last = max(last, o.Position)
		if strings.HasSuffix(o.ID, "-1111-4111-8111-111111111111") {
			ids = append(ids, o.ID[len("identity--"):][:8])
		}
	}
	return ids, last
}

// programs is a world with a release of one object for each number, received.
func programs(tb testing.TB, numbers ...int) (w *parties.World, refs []entente.Ref, judged *atomic.Int64) {
	tb.Helper()
	w = parties.Quiet(tb)
	judged = &atomic.Int64{}
	w.US.Fail = func(step string) error {
		if step == "judging" {
			judged.Add(1)
		}
		return nil
	}
	for _, n := range numbers {
		refs = append(refs, stixRelease(tb, w, object(n)))
		settle(tb, w)
		agree(tb, w, refs[len(refs)-1], exchange.Received)
	}
	return w, refs, judged
}

// hold has CBP hold a release.
func hold(tb testing.TB, w *parties.World, ref entente.Ref) {
	tb.Helper()
	d, err := w.US.Exchange.Hold(background(), by(w.US.Second("CBP")), ref, "court_order", entente.Text{ES: "Juzgado de ejemplo", EN: "Example court"}, "2099-01-01")
	done(tb, d, err)
}

func lift(tb testing.TB, w *parties.World, ref entente.Ref) {
	tb.Helper()
	d, err := w.US.Exchange.LiftHold(background(), by(w.US.First("CBP"), w.US.Second("CBP")), ref)
	done(tb, d, err)
}

// TestOnlyWhatAnEntryTouchesIsJudgedAnew: what programs may read is not worked out
// from the start whenever a log grows.
func TestOnlyWhatAnEntryTouchesIsJudgedAnew(t *testing.T) {
	w, refs, judged := programs(t, 1, 2, 3)
	ctx := t.Context()
	c := account(t, w.US, "cbp-1", "CBP", "criminal_investigation")
	costs := func(what string, want int64, see ...string) {
		t.Helper()
		settle(t, w)
		judged.Store(0)
		if ids, _ := after(t, w.US, c, 0); !slices.Equal(ids, see) {
			t.Errorf("%s: it sees %v, want %v", what, ids, see)
		}
		if n := judged.Load(); n != want {
			t.Errorf("%s: %d decisions, want %d", what, n, want)
		}
	}
	costs("the first look", 3, "00000001", "00000002", "00000003")
	costs("the second", 0, "00000001", "00000002", "00000003")
	version := func() uint64 {
		v, _, err := w.US.Exchange.VisibleReleases(ctx, c)
		check(t, err)
		return v
	}
	was := version()
	d, err := w.US.Exchange.Feedback(ctx, by(w.US.First("CBP")), refs[0], true, nil)
	done(t, d, err)
	costs("feedback", 0, "00000001", "00000002", "00000003")
	sent(t, w.US, "CBP", draft(t, w.US, "CBP", entente.TypeRequest, request(entente.MX, "SSPC"), "An invented question."))
	costs("a request", 0, "00000001", "00000002", "00000003")
	sent(t, w.MX, "SSPC", draft(t, w.MX, "SSPC", entente.TypeRelease, release("CBP"), "An invented answer."))
	costs("another release", 0, "00000001", "00000002", "00000003")
	if version() != was {
		t.Error("the number changed, and nothing that may be read did")
	}
	hold(t, w, refs[1])
	costs("a hold", 1, "00000001", "00000003")
	if version() == was {
		t.Error("what may be read changed, and its number did not")
	}
	lift(t, w, refs[1])
	costs("a hold that is lifted", 1, "00000001", "00000003", "00000002")
	stixRelease(t, w, object(4))
	costs("one more bundle", 1, "00000001", "00000003", "00000002", "00000004")
	given := map[uint64]bool{version(): true} // and is not given again once it is forgotten
	for i := range 300 {
		v, _, err := w.US.Exchange.VisibleReleases(ctx, store.Client{Agency: "CBP", Purpose: fmt.Sprintf("purpose_%d", i)})
		check(t, err)
		if given[v] {
			t.Fatal("two answers have the same number")
		}
		given[v] = true
	}
	if given[version()] {
		t.Error("an answer that was forgotten and made anew has the number of another")
	}
}

// TestNothingStaleIsSeenByPrograms: from the moment at which an entry is held here, and
// before the node has done anything about it.
func TestNothingStaleIsSeenByPrograms(t *testing.T) {
	w, refs, _ := programs(t, 1, 2, 3)
	ctx := t.Context()
	named := account(t, w.US, "cbp-1", "CBP", "criminal_investigation")
	wider := account(t, w.US, "cbp-2", "CBP", "public_safety")
	views := map[int64]struct {
		version uint64
		sees    func(entente.Ref) bool
	}{}
	sees := func(what string, c store.Client, want ...bool) {
		t.Helper()
		version, visible, err := w.US.Exchange.VisibleReleases(ctx, c)
		check(t, err)
		if kept, ok := views[c.ID]; ok && kept.version == version {
			visible = kept.sees // as the server keeps it
		}
		for i, ref := range refs {
			if got := visible(ref); got != want[i] {
				t.Errorf("%s: release %d is read: %v", what, i+1, got)
			}
		}
		frozen := map[entente.Ref]bool{}
		for i, ref := range refs {
			frozen[ref] = want[i]
		}
		views[c.ID] = struct {
			version uint64
			sees    func(entente.Ref) bool
		}{version, func(ref entente.Ref) bool { return frozen[ref] }}
	}
	sees("at first", named, true, true, true)
	sees("at first", wider, false, false, false)

	hold(t, w, refs[0])
	sees("held", named, false, true, true)
	lift(t, w, refs[0])
	sees("lifted", named, true, true, true)

	due := now(w.MX).AddDate(0, 0, 3)
	d, err := w.MX.Exchange.ReportMisuse(ctx, by(w.MX.Second("SSPC")), refs[1], "disclosure", due)
	report := done(t, d, err)
	sees("before the report is here", named, true, true, true)
	w.US.Sync()
	sees("misuse", named, true, false, true)
	d, err = w.MX.Exchange.MisuseOutcome(ctx, by(w.MX.First("SSPC"), w.MX.Second("SSPC")), refs[1], report, "remedied")
	done(t, d, err)
	w.US.Sync()
	sees("its outcome", named, true, true, true)

	d, err = w.US.Exchange.AskUse(ctx, by(w.US.First("CBP"), w.US.Second("CBP")), refs[2], "public_safety")
	asked := done(t, d, err)
	w.MX.Sync()
	sees("a purpose asked for", wider, false, false, false)
	d, err = w.MX.Exchange.Answer(ctx, by(w.MX.First("SSPC"), w.MX.Second("SSPC")), asked, true, "", "")
	done(t, d, err)
	w.US.Sync()
	sees("a purpose permitted", wider, false, false, true)
	sees("a purpose permitted", named, true, true, true)
	d, err = w.MX.Exchange.WithdrawPermission(ctx, by(w.MX.First("SSPC"), w.MX.Second("SSPC")), asked)
	done(t, d, err)
	w.US.Sync()
	sees("the permission withdrawn", wider, false, false, false)

	for _, p := range w.Both() { // it keeps from leaving, not from being read
		d, err = p.Exchange.Pause(ctx, by(p.Second(map[*parties.Party]string{w.MX: "SSPC", w.US: "CBP"}[p])), entente.Pause{Scope: "programme"})
		done(t, d, err)
	}
	w.US.Sync()
	sees("a pause", named, true, true, true)

	d, err = w.MX.Exchange.Recall(ctx, by(w.MX.Second("SSPC")), refs[1], "inaccurate")
	done(t, d, err)
	w.US.Sync()
	sees("recalled", named, true, false, true)

	off := named
	off.Disabled = true
	sees("the account disabled", off, false, false, false)
	sees("and enabled", named, true, false, true)

	_, _, err = w.US.Payloads().Shred(state(t, w.US, refs[2]).Body.Content.Digest, "recall")
	check(t, err)
	if _, err := w.US.Exchange.ObjectKey(ctx, refs[2]); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the key of what was shredded: %v", err)
	}
	root, err := w.US.Keys().UnlockRoot(parties.Passphrase)
	check(t, err)
	defer root.Close()
	for _, b := range w.US.Ring().Bindings(entente.RoleSeal) {
		if b.Agency == "CBP" {
			check(t, w.US.RevokeKey(ctx, b.Name, nil, root))
		}
	}
	sees("the agency's key revoked", named, false, false, false)
	w.Clock.Move(24 * 400 * 3600e9)
	sees("over", named, false, false, false)
}

// TestObjectsComeBackToWhoReadsOn: a program that reads on from where it was gets
// what it could not read for a time.
func TestObjectsComeBackToWhoReadsOn(t *testing.T) {
	w, refs, _ := programs(t, 1, 2)
	ctx := t.Context()
	c, wider := account(t, w.US, "cbp-1", "CBP", "criminal_investigation"), account(t, w.US, "cbp-2", "CBP", "public_safety")
	both := func(agency string, p *parties.Party) exchange.By { return by(p.First(agency), p.Second(agency)) }
	hides := map[string]struct{ begin, end func() }{
		"a hold": {func() { hold(t, w, refs[0]) }, func() { lift(t, w, refs[0]) }},
		"a report of misuse": {
			func() {
				d, err := w.MX.Exchange.ReportMisuse(ctx, by(w.MX.Second("SSPC")), refs[0], "disclosure", now(w.MX).AddDate(0, 0, 3))
				done(t, d, err)
			},
			func() {
				m := state(t, w.MX, refs[0]).Misuse
				d, err := w.MX.Exchange.MisuseOutcome(ctx, both("SSPC", w.MX), refs[0], m[len(m)-1].Ref, "unfounded")
				done(t, d, err)
			},
		},
	}
	_, at := after(t, w.US, c, 0)
	for name, h := range hides {
		h.begin()
		settle(t, w)
		if ids, _ := after(t, w.US, c, 0); !slices.Equal(ids, []string{"00000002"}) {
			t.Errorf("%s: it sees %v", name, ids)
		}
		var ids []string
		if ids, at = after(t, w.US, c, at); len(ids) != 0 {
			t.Errorf("%s: reading on it gets %v", name, ids)
		}
		h.end()
		settle(t, w)
		if ids, at = after(t, w.US, c, at); !slices.Equal(ids, []string{"00000001"}) {
			t.Errorf("when %s is over it gets %v reading on", name, ids)
		}
	}
	// A purpose that is permitted later shows objects that others had all along.
	d, err := w.US.Exchange.AskUse(ctx, both("CBP", w.US), refs[1], "public_safety")
	asked := done(t, d, err)
	settle(t, w)
	d, err = w.MX.Exchange.Answer(ctx, both("SSPC", w.MX), asked, true, "", "")
	done(t, d, err)
	settle(t, w)
	if ids, _ := after(t, w.US, wider, at); !slices.Equal(ids, []string{"00000002"}) {
		t.Errorf("when the purpose is permitted it gets %v reading on", ids)
	}
}

// TestObjectsComeInTheOrderInWhichTheyCanBeRead: what is received first and taken in
// last does not come before what was read meanwhile.
func TestObjectsComeInTheOrderInWhichTheyCanBeRead(t *testing.T) {
	w, _, _ := programs(t)
	c := account(t, w.US, "cbp-1", "CBP", "criminal_investigation")
	slow := stixRelease(t, w, object(1))
	w.US.Sync()
	w.US.Fail = func(step string) error {
		if step == "looked" {
			return errors.New("it takes its time")
		}
		return nil
	}
	if err := wake(w.US); err == nil {
		t.Fatal("it was not held up")
	}
	w.US.Fail = func(step string) error { return nil }
	check(t, w.US.Store().DoneJobs(t.Context(), store.Job{Kind: "receive", Entry: slow}))
	stixRelease(t, w, object(2))
	settle(t, w)
	ids, at := after(t, w.US, c, 0)
	if !slices.Equal(ids, []string{"00000002"}) {
		t.Fatalf("it sees %v", ids)
	}
	check(t, w.US.Store().AddJobs(t.Context(), nil, store.Job{Kind: "receive", Entry: slow, Due: now(w.US)}))
	settle(t, w)
	if ids, _ := after(t, w.US, c, at); !slices.Equal(ids, []string{"00000001"}) {
		t.Errorf("reading on it gets %v", ids)
	}
}
