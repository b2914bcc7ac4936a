package exchange_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"entente"
	"entente/internal/exchange"
	"entente/test/parties"
)

// TestARequestIsAnsweredByARelease walks the way from a question to feedback.
func TestARequestIsAnsweredByARelease(t *testing.T) {
	w := parties.New(t)
	ctx := t.Context()
	q := draft(t, w.US, "CBP", entente.TypeRequest, request(entente.MX, "SSPC"), "Invented example: which flight carried the load?", "list.txt", "an example list")
	found, err := w.US.Exchange.Gate(ctx, exchange.Officer(w.US.First("CBP")), q.ID)
	check(t, err)
	for _, f := range found {
		if f.Blocking {
			t.Fatalf("in the way: %v", f)
		}
	}
	asked := sent(t, w.US, "CBP", q)
	arrived(t, w.MX, asked)
	var question string
	until(t, "the question can be read", func() bool {
		o, err := w.MX.Exchange.OpenQuestion(ctx, w.MX.Reader("SSPC"), asked)
		if err == nil {
			question, _ = contents(t, o)
		}
		return err == nil
	})
	if question != "Invented example: which flight carried the load?" {
		t.Errorf("the question reads %q", question)
	}
	if _, err := w.MX.Exchange.OpenQuestion(ctx, w.MX.Reader("FGR"), asked); !errors.Is(err, exchange.ErrNotFound) {
		t.Errorf("an agency that it is not for: %v", err)
	}
	r := release("CBP")
	r.Request = &asked
	ref := sent(t, w.MX, "SSPC", draft(t, w.MX, "SSPC", entente.TypeRelease, r, "An invented answer.", "a.csv", "x,y\n1,2\n", "big.bin", strings.Repeat("0123456789", 20_000)))
	agree(t, w, ref, exchange.Received)
	text, files := read(t, w.US, "CBP", ref, "criminal_investigation")
	if text != "An invented answer." || files["a.csv"] != "x,y\n1,2\n" || len(files["big.bin"]) != 200_000 {
		t.Errorf("opened: %q, %d files", text, len(files))
	}
	if text, _ := read(t, w.MX, "SSPC", ref, "criminal_investigation"); text != "An invented answer." {
		t.Errorf("the sender reads %q", text)
	}
	for _, p := range w.Both() {
		s, err := p.Exchange.Request(ctx, exchange.Node, asked, now(p))
		check(t, err)
		if s.State != exchange.Answered || len(s.Releases) != 1 || s.Late {
			t.Errorf("%s: the request is %s with %d answers", p.Writer().Writer(), s.State, len(s.Releases))
		}
	}
	d, err := w.US.Exchange.Feedback(ctx, by(w.US.First("CBP")), ref, true, []entente.Count{{Kind: "seizure", N: 1}})
	arrived(t, w.MX, done(t, d, err))
	s := state(t, w.US, ref)
	if len(s.Uses) != 1 || s.Uses[0].Body.Purpose != "criminal_investigation" || s.Receipt == nil || len(s.Receipt.Body.Policies) == 0 || s.Decision == nil {
		t.Errorf("uses %+v, receipt %+v", s.Uses, s.Receipt)
	}
	if mx := state(t, w.MX, ref); len(mx.Feedback) != 1 || mx.Feedback[0].Body.Outcomes[0].N != 1 {
		t.Errorf("feedback %+v", mx.Feedback)
	}
	sameDigests(t, w)
}

// TestARequestIsRefused: a signed no, with a sealed note.
func TestARequestIsRefused(t *testing.T) {
	w := parties.New(t)
	ctx := t.Context()
	asked := sent(t, w.US, "CBP", draft(t, w.US, "CBP", entente.TypeRequest, request(entente.MX, "SSPC"), "An invented question."))
	arrived(t, w.MX, asked)
	no := sent(t, w.MX, "SSPC", draft(t, w.MX, "SSPC", entente.TypeRefusal, entente.Denial{Request: asked, Reason: "not_held"}, "An invented explanation."))
	arrived(t, w.US, no)
	for _, p := range w.Both() {
		s, err := p.Exchange.Request(ctx, exchange.Node, asked, now(p))
		check(t, err)
		if s.State != exchange.Refused || s.Refusal.Body.Reason != "not_held" || len(s.Clocks) != 0 {
			t.Errorf("%s: %s", p.Writer().Writer(), s.State)
		}
	}
	until(t, "the note can be read", func() bool {
		o, err := w.US.Exchange.OpenQuestion(ctx, w.US.Reader("CBP"), no)
		if err != nil {
			return false
		}
		text, _ := contents(t, o)
		return text == "An invented explanation."
	})
	_, err := w.MX.Exchange.Refuse(ctx, by(w.MX.First("SSPC"), w.MX.Second("SSPC")), asked, "not_held")
	refused(t, "exchange.state", err)
}

// TestWhatIsLateShowsAsLateOnBothSides: waiting, late, and withdrawn.
func TestWhatIsLateShowsAsLateOnBothSides(t *testing.T) {
	w := parties.New(t)
	ctx := t.Context()
	asked := sent(t, w.US, "CBP", draft(t, w.US, "CBP", entente.TypeRequest, request(entente.MX, "SSPC"), "An invented question."))
	arrived(t, w.MX, asked)
	after := request(entente.MX).Due.AddDate(0, 0, 1)
	for _, p := range w.Both() {
		s, err := p.Exchange.Request(ctx, exchange.Node, asked, after)
		check(t, err)
		clocks, err := p.Exchange.AllClocks(ctx, exchange.Node, after)
		check(t, err)
		if s.State != exchange.Late || len(clocks) != 1 || !clocks[0].Overdue || clocks[0].Owner != entente.MX {
			t.Errorf("%s: %s, %+v", p.Writer().Writer(), s.State, clocks)
		}
	}
	due, err := w.MX.Exchange.Clocks(ctx, after)
	check(t, err)
	theirs, err := w.US.Exchange.Clocks(ctx, after)
	check(t, err)
	if len(due) != 1 || len(theirs) != 0 {
		t.Errorf("clocks against Mexico %+v, against the United States %+v", due, theirs)
	}
	d, err := w.US.Exchange.WithdrawRequest(ctx, by(w.US.First("CBP"), w.US.Second("CBP")), asked)
	arrived(t, w.MX, done(t, d, err))
	for _, p := range w.Both() {
		s, err := p.Exchange.Request(ctx, exchange.Node, asked, after)
		check(t, err)
		if s.State != exchange.Withdrawn || s.Withdrawal == nil || len(s.Clocks) != 0 {
			t.Errorf("%s: %s", p.Writer().Writer(), s.State)
		}
	}
	list, err := w.US.Exchange.Requests(ctx, exchange.Officer(w.US.First("CBP")), exchange.Filter{States: []exchange.State{exchange.Withdrawn}}, after)
	check(t, err)
	if len(list.Items) != 1 {
		t.Errorf("%d withdrawn requests listed", len(list.Items))
	}
}

var background = context.Background
