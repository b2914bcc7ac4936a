package exchange_test

import (
	"slices"
	"testing"
	"time"

	"entente"
	"entente/internal/exchange"
	"entente/internal/node"
	"entente/test/parties"
)

// beside opens a party's node once more, as a command does while the node serves.
func beside(tb testing.TB, p *parties.Party) (*exchange.Exchange, func(name string) *node.Officer) {
	tb.Helper()
	n, err := node.Open(background(), p.Dir(), node.Options{Passphrase: parties.Passphrase, WorkFactor: 2, Clock: p.Clock().Now})
	check(tb, err)
	tb.Cleanup(func() { check(tb, n.Close()) })
	x, err := exchange.New(exchange.Options{Node: n, Clock: p.Clock().Now})
	check(tb, err)
	return x, func(name string) *node.Officer {
		o, err := n.UnlockOfficer(background(), name, parties.Passphrase)
		check(tb, err)
		return o
	}
}

// within fails when something takes longer than it may.
func within(tb testing.TB, limit time.Duration, what string, done func() bool) {
	tb.Helper()
	begun := time.Now()
	until(tb, what, done)
	if took := time.Since(begun); took > limit {
		tb.Errorf("%s took %s, it may take %s", what, took, limit)
	}
}

// promptly is how long a node that serves may take to act on what a command beside it
// stated, on a busy machine.
const promptly = 5 * time.Second

// TestANodeThatServesActsOnWhatACommandStated: at once, not when it looks by itself.
func TestANodeThatServesActsOnWhatACommandStated(t *testing.T) {
	w := parties.New(t)
	ctx := t.Context()
	refs := []entente.Ref{answered(t, w), answered(t, w)}
	us, officer := beside(t, w.US)
	first, second := officer("cbp-first"), officer("cbp-second")
	d, err := us.Hold(ctx, by(second), refs[0], "court_order", entente.Text{ES: "Juzgado de ejemplo", EN: "Example court"}, "2099-01-01")
	done(t, d, err)
	within(t, promptly, "the hold is seen on both desks", func() bool {
		return !slices.ContainsFunc(w.Both(), func(p *parties.Party) bool { return state(t, p, refs[0]).State != exchange.Held })
	})
	_, err = w.US.Exchange.Open(ctx, w.US.Reader("CBP"), refs[0], "criminal_investigation")
	refused(t, "policy.x2-held", err)

	mx, officer := beside(t, w.MX)
	releasing := officer("sspc-second")
	for _, ref := range refs {
		d, err = mx.Recall(ctx, by(releasing), ref, "inaccurate")
		done(t, d, err)
	}
	within(t, promptly, "what is not held is shredded on both sides", func() bool {
		r := state(t, w.MX, refs[1])
		return r.DeletedBy(entente.MX) && r.DeletedBy(entente.US)
	})
	if state(t, w.US, refs[0]).DeletedBy(entente.US) {
		t.Error("what is held is shredded")
	}
	d, err = us.LiftHold(ctx, by(first, second), refs[0])
	done(t, d, err)
	within(t, promptly, "what was held is shredded", func() bool { return state(t, w.MX, refs[0]).DeletedBy(entente.US) })

	d, err = mx.Pause(ctx, by(releasing), entente.Pause{Scope: "area", Area: "A01"})
	pause := done(t, d, err)
	x := draft(t, w.MX, "SSPC", entente.TypeRelease, release("CBP"), "An invented answer.")
	within(t, promptly, "the pause stops what would leave", func() bool {
		found, err := w.MX.Exchange.Gate(ctx, exchange.Officer(w.MX.First("SSPC")), x.ID)
		check(t, err)
		return slices.ContainsFunc(found, func(f node.Finding) bool { return f.Code == "policy.p1-paused" })
	})
	d, err = mx.Resume(ctx, by(officer("sspc-first"), releasing), pause)
	done(t, d, err)
	within(t, promptly, "it leaves when that is over", func() bool {
		found, err := w.MX.Exchange.Gate(ctx, exchange.Officer(w.MX.First("SSPC")), x.ID)
		check(t, err)
		return !slices.ContainsFunc(found, func(f node.Finding) bool { return f.Blocking })
	})
}
