package exchange_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"entente"
	"entente/internal/exchange"
	"entente/internal/node"
	"entente/internal/store"
	"entente/test/parties"
)

// crashing has a party stop at the first time it comes to a step: nothing of it goes
// on until it is opened again.
type crashing struct {
	*parties.Party
	step    string
	crashed bool
	mu      sync.Mutex // jobs are done side by side
}

func (c *crashing) fail(step string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if step == c.step || c.crashed {
		c.crashed = true
		return errors.New("power cut")
	}
	return nil
}

// do does something until it is done, over the one crash.
func (c *crashing) do(tb testing.TB, what string, act func() error) {
	tb.Helper()
	err := act()
	if c.crashed {
		c.Fail, c.crashed, c.step = nil, false, ""
		c.Again(false)
		err = act()
	}
	if err != nil {
		tb.Fatalf("%s: %v", what, err)
	}
}

// steps are the steps at which each party can stop.
var steps = map[entente.Party][]string{
	entente.MX: {"", "attached", "sealed", "approving", "appended", "read", "key gone", "shredded", "done"},
	entente.US: {"read", "decided", "arrived", "fetched", "looked", "indexing", "received", "done", "used", "key gone", "shredded"},
}

// TestACrashAtAnyStepLosesAndDoublesNothing: draft → release → fetch → receipt →
// open → recall, with a crash of either side at each step of it.
func TestACrashAtAnyStepLosesAndDoublesNothing(t *testing.T) {
	for party, list := range steps {
		for _, step := range list {
			t.Run(strings.ReplaceAll(string(party)+" "+step, " ", "_"), func(t *testing.T) { crashAt(t, party, step) })
		}
	}
}

func crashAt(t *testing.T, party entente.Party, step string) {
	w := parties.Quiet(t)
	ctx := t.Context()
	mx, us := &crashing{Party: w.MX}, &crashing{Party: w.US}
	for _, c := range []*crashing{mx, us} {
		if c.Writer().Party == party {
			c.step = step
			c.Fail = c.fail
		}
	}
	asked := step != "" && mx.step == step || us.step == step
	author := mx.User("sspc-first")
	body := release("CBP")
	body.Form = "stix"
	id := "019b0000-0000-7000-8000-000000000001"
	many := make([]string, 700) // more than is kept inline
	for i := range many {
		many[i] = object(i)
	}
	mx.do(t, "begin", func() error {
		_, err := mx.Exchange.Begin(ctx, author, entente.TypeRelease, id, body)
		return err
	})
	mx.do(t, "attach", func() error {
		_, err := mx.Exchange.Attach(ctx, exchange.ViewerOf(author), id, "bundle.json", "application/json", strings.NewReader(bundle(many...)))
		return err
	})
	var ref entente.Ref
	mx.do(t, "submit", func() error {
		_, err := mx.Exchange.Submit(ctx, id, mx.First("SSPC"))
		return waiting(err)
	})
	mx.do(t, "approve", func() error {
		a, err := mx.Exchange.Approve(ctx, id, mx.Second("SSPC"))
		ref = a.Ref
		return err
	})
	round := func() {
		for range 2 {
			for _, c := range []*crashing{mx, us} {
				c.Sync()
				c.do(t, "a round", func() error { return wake(c.Party) })
			}
		}
		mx.Sync()
	}
	round()
	agree(t, w, ref, exchange.Received)
	us.do(t, "open", func() error {
		o, err := us.Exchange.Open(ctx, us.Reader("CBP"), ref, "criminal_investigation")
		if err == nil {
			_, files := contents(t, o)
			if len(files["bundle.json"]) < 70_000 {
				t.Errorf("opened %d bytes", len(files["bundle.json"]))
			}
		}
		return err
	})
	mx.do(t, "recall", func() error {
		_, err := mx.Exchange.Recall(ctx, by(mx.Second("SSPC")), ref, "inaccurate")
		return err
	})
	round()
	agree(t, w, ref, exchange.Deleted)
	if (mx.step != "" || us.step != "") && asked {
		t.Errorf("it never came to %q", step)
	}
	for _, p := range w.Both() {
		gone(t, w, p, ref, "recall")
		if left, err := p.Store().AllCarried(ctx); err != nil || len(left) != 0 {
			t.Errorf("%s: drafts left %v, %v", p.Writer().Writer(), left, err)
		}
		if jobs, err := p.Store().Jobs(ctx, now(p), 10); err != nil || len(jobs) != 0 {
			t.Errorf("%s: jobs left %v, %v", p.Writer().Writer(), jobs, err)
		}
		for typ, want := range map[entente.Type]int{entente.TypeRelease: 1, entente.TypeReceipt: 1, entente.TypeRecall: 1, entente.TypeDeletion: 2} {
			page, err := store.List[json.RawMessage](ctx, p.View(entente.Shared), store.Query{Type: typ, Versions: true, Withdrawn: true})
			check(t, err)
			if page.Total != want {
				t.Errorf("%s has %d %s entries, want %d", p.Writer().Writer(), page.Total, typ, want)
			}
		}
	}
	if uses := state(t, us.Party, ref).Uses; len(uses) == 0 || len(uses) > 2 {
		t.Errorf("%d uses recorded", len(uses))
	}
	sameDigests(t, w)
}

// waiting takes a draft that was submitted before the crash for submitted.
func waiting(err error) error {
	var r *node.Refusal
	if errors.As(err, &r) && r.Code == "exchange.waiting" {
		return nil
	}
	return err
}

// TestARecallBeforeItWasFetched: whatever comes first, nothing is taken in.
func TestARecallBeforeItWasFetched(t *testing.T) {
	w := parties.Quiet(t)
	ref := sent(t, w.MX, "SSPC", draft(t, w.MX, "SSPC", entente.TypeRelease, release("CBP"), "An invented answer."))
	_, err := w.MX.Exchange.Recall(context.Background(), by(w.MX.Second("SSPC")), ref, "released_in_error")
	check(t, err)
	w.US.Cut = func(entente.Sealed) error { t.Error("it is fetched"); return nil }
	for range 2 {
		for _, p := range w.Both() {
			p.Sync()
			check(t, wake(p))
		}
	}
	w.MX.Sync()
	agree(t, w, ref, exchange.Rejected)
	if r := state(t, w.MX, ref); r.Receipt.Body.Reason != "recalled" || !r.DeletedBy(entente.MX) || r.DeletedBy(entente.US) {
		t.Errorf("rejected for %s, deletions %+v", r.Receipt.Body.Reason, r.Deletions)
	}
	sameDigests(t, w)
}
