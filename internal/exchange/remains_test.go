package exchange_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/internal/exchange"
	"entente/test/parties"
)

// copied keeps a node's folders as they are now, and returns what puts them back.
func copied(tb testing.TB, p *parties.Party, folders ...string) (back func()) {
	tb.Helper()
	at := tb.TempDir()
	for _, f := range folders {
		check(tb, os.CopyFS(filepath.Join(at, f), os.DirFS(filepath.Join(p.Dir(), f))))
	}
	return func() {
		for _, f := range folders {
			check(tb, os.RemoveAll(filepath.Join(p.Dir(), f)))
			check(tb, os.CopyFS(filepath.Join(p.Dir(), f), os.DirFS(filepath.Join(at, f))))
		}
	}
}

// TestWhatIsOverIsShreddedAgain: whoever puts back the folders of a node as they were,
// keys included, brings nothing back that the logs say is over.
func TestWhatIsOverIsShreddedAgain(t *testing.T) {
	for cause, end := range map[string]func(w *parties.World, ref entente.Ref){
		"recall": func(w *parties.World, ref entente.Ref) {
			d, err := w.MX.Exchange.Recall(t.Context(), by(w.MX.Second("SSPC")), ref, "inaccurate")
			done(t, d, err)
		},
		"retention": func(w *parties.World, _ entente.Ref) { w.Clock.Move(400 * 24 * time.Hour) },
	} {
		t.Run(cause, func(t *testing.T) {
			w := parties.Quiet(t)
			ref := stixRelease(t, w, object(1))
			settle(t, w)
			agree(t, w, ref, exchange.Received)
			var back []func()
			for _, p := range w.Both() {
				back = append(back, copied(t, p, "vault", "payloads", "tombstones"))
			}
			end(w, ref)
			settle(t, w)
			for i, p := range w.Both() {
				gone(t, w, p, ref, cause)
				p.Close()
				back[i]()
				p.Again(false)
				if r := state(t, p, ref); !p.Payloads().Has(r.Body.Content.Digest) {
					t.Fatal("the test put nothing back")
				}
				if _, err := p.Exchange.Open(t.Context(), p.Reader(map[entente.Party]string{entente.MX: "SSPC", entente.US: "CBP"}[p.Writer().Party]), ref, "criminal_investigation"); err == nil {
					t.Error("it is opened again")
				}
			}
			settle(t, w)
			for _, p := range w.Both() {
				gone(t, w, p, ref, cause)
				if n := len(state(t, p, ref).Deletions); n != 2 {
					t.Errorf("%d deletions stated, want one of each party", n)
				}
				if left, err := p.Store().ReleasesWithObjects(t.Context()); err != nil || len(left) != 0 {
					t.Errorf("objects are left of %v, %v", left, err)
				}
			}
			sameDigests(t, w)
		})
	}
}

// TestARebuildBringsNothingBack: the projection is folded again, and what was shredded
// stays so.
func TestARebuildBringsNothingBack(t *testing.T) {
	w := parties.Quiet(t)
	ctx := t.Context()
	kept, ref := stixRelease(t, w, object(1)), stixRelease(t, w, object(2))
	settle(t, w)
	d, err := w.MX.Exchange.Recall(ctx, by(w.MX.Second("SSPC")), ref, "inaccurate")
	done(t, d, err)
	settle(t, w)
	gone(t, w, w.US, ref, "recall")
	c := account(t, w.US, "cbp-1", "CBP", "criminal_investigation")
	_, at := after(t, w.US, c, 0)
	w.US.Cut = func(s entente.Sealed) error { t.Errorf("%s is fetched again", s.Digest); return nil }
	for _, p := range w.Both() {
		check(t, p.Store().Rebuild(ctx, nil))
	}
	settle(t, w)
	w.US.Again(false)
	settle(t, w)
	for _, p := range w.Both() {
		gone(t, w, p, ref, "recall")
		if jobs, err := p.Store().Jobs(ctx, now(p), 10); err != nil || len(jobs) != 0 {
			t.Errorf("jobs left %v, %v", jobs, err)
		}
	}
	agree(t, w, ref, exchange.Deleted)
	agree(t, w, kept, exchange.Received)
	if ids, _ := after(t, w.US, c, 0); len(ids) != 1 || ids[0] != "00000001" {
		t.Errorf("programs read %v", ids)
	}
	if ids, _ := after(t, w.US, c, at); len(ids) != 0 {
		t.Errorf("reading on they get %v again", ids)
	}
	sameDigests(t, w)
}

// TestAProcessWithoutANetworkLeavesWhatItCannotDo to one that has it, at once and
// without a word of failure.
func TestAProcessWithoutANetworkLeavesWhatItCannotDo(t *testing.T) {
	w := parties.Quiet(t)
	ctx := t.Context()
	ref := sent(t, w.MX, "SSPC", draft(t, w.MX, "SSPC", entente.TypeRelease, release("CBP"), "An invented answer."))
	w.US.Sync()
	other, _ := beside(t, w.US)
	wait, err := other.Once(ctx)
	check(t, err)
	if wait <= 0 {
		t.Error("it would look again without a pause")
	}
	jobs, err := w.US.Store().Jobs(ctx, now(w.US), 10)
	check(t, err)
	if len(jobs) != 1 || jobs[0].Entry != (entente.Ref{Log: ref.Log, Index: ref.Index}) || jobs[0].Tries != 0 || jobs[0].Error != "" {
		t.Errorf("left to be done: %+v", jobs)
	}
	check(t, wake(w.US))
	if r := state(t, w.US, ref); r.State != exchange.Received {
		t.Errorf("it is %s", r.State)
	}
	if jobs, err := w.US.Store().Jobs(ctx, now(w.US), 10); err != nil || len(jobs) != 0 {
		t.Errorf("jobs left %v, %v", jobs, err)
	}
}

// TestPayloadsThatNothingNamesAreSwept: a node that is killed between sealing and
// writing down what leaves nothing behind for good, and loses nothing that is named.
func TestPayloadsThatNothingNamesAreSwept(t *testing.T) {
	big := strings.Repeat("An invented example. ", 10_000) // no small file
	for _, step := range []string{"attached", "sealed"} {
		t.Run(step, func(t *testing.T) {
			w := parties.Quiet(t)
			ctx := t.Context()
			mx := &crashing{Party: w.MX, step: step}
			kept := draft(t, w.MX, "SSPC", entente.TypeRelease, release("CBP"), "Being written.", "b.txt", big)
			waits := draft(t, w.MX, "SSPC", entente.TypeRelease, release("CBP"), "Waiting for the second officer.", "c.txt", big)
			_, err := w.MX.Exchange.Submit(ctx, waits.ID, w.MX.First("SSPC"))
			check(t, err)
			was := len(atRest(t, w.MX))
			d := draft(t, w.MX, "SSPC", entente.TypeRelease, release("CBP"), "An invented answer.")
			author := exchange.ViewerOf(w.MX.User("sspc-first"))
			mx.Fail = mx.fail
			mx.do(t, "attach", func() error {
				_, err := mx.Exchange.Attach(ctx, author, d.ID, "a.txt", "text/plain", strings.NewReader(big))
				return err
			})
			mx.do(t, "submit", func() error {
				_, err := mx.Exchange.Submit(ctx, d.ID, mx.First("SSPC"))
				return waiting(err)
			})
			check(t, wake(w.MX))
			if n := len(atRest(t, w.MX)); n != was+3 {
				t.Fatalf("%d payloads, want the file, the content and one that nothing names", n-was)
			}
			w.MX.Again(false)
			check(t, wake(w.MX))
			if n := len(atRest(t, w.MX)); n != was+3 {
				t.Errorf("what may be on its way into a draft is swept: %d", n-was)
			}
			w.Clock.Move(25 * time.Hour)
			w.MX.Again(false)
			check(t, wake(w.MX))
			if n := len(atRest(t, w.MX)); n != was+2 {
				t.Errorf("%d payloads, want the file and the content", n-was)
			}
			for _, id := range []string{waits.ID, d.ID} {
				a, err := w.MX.Exchange.Approve(ctx, id, w.MX.Second("SSPC"))
				check(t, err)
				settle(t, w)
				agree(t, w, a.Ref, exchange.Received)
				if _, files := read(t, w.US, "CBP", a.Ref, "criminal_investigation"); len(files) != 1 {
					t.Errorf("opened %d files", len(files))
				}
			}
			ref := sent(t, w.MX, "SSPC", kept)
			settle(t, w)
			agree(t, w, ref, exchange.Received)
			w.Clock.Move(25 * time.Hour)
			settle(t, w)
			for _, p := range w.Both() { // the contents, and the key of the drafts of a day
				if n := len(atRest(t, p)); n < 3 || n > 4 {
					t.Errorf("%s has %d payloads at rest, want the three releases", p.Writer().Writer(), n)
				}
			}
		})
	}
}

// atRest are the payloads in a party's directory, whole or not.
func atRest(tb testing.TB, p *parties.Party) (names []string) {
	tb.Helper()
	list, err := os.ReadDir(filepath.Join(p.Dir(), "payloads"))
	check(tb, err)
	for _, f := range list {
		names = append(names, f.Name())
	}
	return names
}
