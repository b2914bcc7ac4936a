package node

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"entente"
	"entente/internal/entry"
	"entente/internal/store"
)

// draft saves a draft of a commitment by a user of the party.
func (w *world) draft(p *party, a entente.Audience, subject string) store.WorkDraft {
	w.t.Helper()
	author := must(p.store.User(w.t.Context(), "first"))
	d, err := p.SaveDraft(w.t.Context(), store.WorkDraft{
		Type: entente.TypeCommitment, Subject: subject, Audience: a, Body: must(entry.Body(commitment(subject))),
		Author: author.ID, Agency: "SRE",
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) state(p *party, id string) (store.DraftState, DraftMeta) {
	w.t.Helper()
	d := must(p.store.Draft(w.t.Context(), id))
	return d.State, must(Meta(d))
}

func TestADraftGoesOutThroughTwoPeople(t *testing.T) {
	w := newWorld(t).found()
	for _, a := range []entente.Audience{entente.Shared, entente.Public} {
		d := w.draft(w.mx, a, "m-"+string(a))
		found, err := w.mx.CheckDraft(t.Context(), d.ID)
		if err != nil || len(found) == 0 || slices.ContainsFunc(found, func(f Finding) bool { return f.Blocking }) {
			t.Errorf("in the way: %+v, %v; want the second officer only", found, err)
		}
		w.refuses(w.mx.Node, "draft.state", func() error { _, err := w.mx.Approve(t.Context(), d.ID, w.mx.second); return err })
		before := w.sizes(w.mx.Node)
		if done, err := w.mx.Submit(t.Context(), d.ID, w.mx.first); err != nil || done != nil {
			t.Fatalf("submitted: %v, %v; want it to wait", done, err)
		}
		if after := w.sizes(w.mx.Node); !slices.Equal(before, after) {
			t.Error("a log grew before the second officer")
		}
		if s, m := w.state(w.mx, d.ID); s != store.DraftWaiting || m.By != "first" || len(m.Prepared) != 1 {
			t.Errorf("the draft is %s, by %q", s, m.By)
		}
		// The one who submitted, and one who may not release, are no second person.
		w.refuses(w.mx.Node, "gate.not_releasing", func() error { _, err := w.mx.Approve(t.Context(), d.ID, w.mx.first); return err })
		done, err := w.mx.Approve(t.Context(), d.ID, w.mx.second)
		if err != nil {
			t.Fatal(err)
		}
		h := w.header(w.mx.Node, done.Ref)
		if h.ID != d.ID || string(h.Body) != string(d.Body) {
			t.Errorf("appended %+v", h)
		}
		parsed := must(entry.Parse(must(w.mx.store.Entry(t.Context(), done.Ref.Log, done.Ref.Index))))
		if len(parsed.Signatures) != 3 {
			t.Errorf("%d signatures, want the agency's and two officers'", len(parsed.Signatures))
		}
		if s, m := w.state(w.mx, d.ID); s != store.DraftDone || m.Prepared != nil {
			t.Errorf("the draft is %s", s)
		}
		w.refuses(w.mx.Node, "draft.state", func() error {
			_, err := w.mx.SaveDraft(t.Context(), must(w.mx.store.Draft(t.Context(), d.ID)))
			return err
		})
	}
}

func TestWhatNeedsNoSecondOfficerIsAppendedAtOnce(t *testing.T) {
	w := newWorld(t).found()
	d := w.draft(w.mx, entente.National, "m1")
	done, err := w.mx.Submit(t.Context(), d.ID, w.mx.first)
	if err != nil || done == nil {
		t.Fatalf("%v, %v", done, err)
	}
	if s, _ := w.state(w.mx, d.ID); s != store.DraftDone {
		t.Errorf("the draft is %s", s)
	}
}

func TestApprovalIsOfExactlyWhatWasSubmitted(t *testing.T) {
	w := newWorld(t).found()
	submit := func(d store.WorkDraft) {
		t.Helper()
		if _, err := w.mx.Submit(t.Context(), d.ID, w.mx.first); err != nil {
			t.Fatal(err)
		}
	}
	// Saving again takes it back.
	d := w.draft(w.mx, entente.Public, "m1")
	submit(d)
	now := must(w.mx.store.Draft(t.Context(), d.ID))
	now.Body = must(entry.Body(commitment("changed")))
	now = must(w.mx.SaveDraft(t.Context(), now))
	if now.State != store.DraftOpen {
		t.Errorf("the draft is %s", now.State)
	}
	w.refuses(w.mx.Node, "draft.state", func() error { _, err := w.mx.Approve(t.Context(), d.ID, w.mx.second); return err })
	if _, err := w.mx.SaveDraft(t.Context(), d); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a save over another's: %v", err)
	}
	// A new version of the thing in between must be looked at first.
	submit(now)
	w.mx.append(t, w.mx.intent(entente.Public, "m1"))
	w.refuses(w.mx.Node, "gate.changed", func() error { _, err := w.mx.Approve(t.Context(), d.ID, w.mx.second); return err })
	if err := w.mx.Return(t.Context(), d.ID, "second", "look at the new version"); err != nil {
		t.Fatal(err)
	}
	if s, m := w.state(w.mx, d.ID); s != store.DraftReturned || m.Note != "look at the new version" {
		t.Errorf("the draft is %s: %q", s, m.Note)
	}
	submit(now)
	// Other policies in between: what they let through is decided again.
	p := w.policy()
	p.Cedar += "\n@id(\"p1-also\") permit(principal, action, resource);"
	half := w.mx.propose(t, entente.TypePolicy, "x-2026", p)
	w.sync()
	w.us.accept(t, half)
	w.sync()
	w.refuses(w.mx.Node, "gate.changed", func() error { _, err := w.mx.Approve(t.Context(), d.ID, w.mx.second); return err })
	if err := w.mx.Return(t.Context(), d.ID, "second", ""); err != nil {
		t.Fatal(err)
	}
	submit(now)
	must(w.mx.Approve(t.Context(), d.ID, w.mx.second))
}

func TestAStopBetweenAppendAndDraftIsHealed(t *testing.T) {
	w := newWorld(t).found()
	d := w.draft(w.mx, entente.Public, "m1")
	must(w.mx.Submit(t.Context(), d.ID, w.mx.first))
	waiting := must(w.mx.store.Draft(t.Context(), d.ID))
	first := must(w.mx.Approve(t.Context(), d.ID, w.mx.second))
	done := must(w.mx.store.Draft(t.Context(), d.ID))
	waiting.Revision = done.Revision // as if the draft had not been closed
	must(w.mx.store.PutDraft(t.Context(), waiting))
	again, err := w.mx.Approve(t.Context(), d.ID, w.mx.second)
	if err != nil || again.Ref != first.Ref || !again.Existing {
		t.Errorf("approved again: %+v, %v", again, err)
	}
	if s, _ := w.state(w.mx, d.ID); s != store.DraftDone {
		t.Errorf("the draft is %s", s)
	}
}

func TestDraftOfAPublication(t *testing.T) {
	w := newWorld(t).found()
	inner := w.mx.append(t, w.mx.intent(entente.National, "m1"))
	author := must(w.mx.store.User(t.Context(), "first"))
	d, err := w.mx.DraftPublication(t.Context(), inner, author)
	if err != nil {
		t.Fatal(err)
	}
	changed := d
	changed.Body = json.RawMessage(`{}`)
	w.refuses(w.mx.Node, "gate.body_fixed", func() error { _, err := w.mx.SaveDraft(t.Context(), changed); return err })
	must(w.mx.Submit(t.Context(), d.ID, w.mx.first))
	before := w.sizes(w.mx.Node)
	done := must(w.mx.Approve(t.Context(), d.ID, w.mx.second))
	after := w.sizes(w.mx.Node)
	if after[0] != before[0]+1 || after[2] != before[2]+1 {
		t.Errorf("sizes %v, then %v: want the copy and the link", before, after)
	}
	if h := w.header(w.mx.Node, done.Ref); h.Decision.Inner == nil || string(h.Body) != string(w.header(w.mx.Node, inner).Body) {
		t.Errorf("the copy %+v", h)
	}
}

func TestADraftAmissIsNotSubmitted(t *testing.T) {
	w := newWorld(t).found()
	d := w.draft(w.mx, entente.Public, "m1")
	for code, body := range map[string]string{
		"rule.schema": `{"code":"M1"}`,
		"policy.p4-no-personal-identifiers": string(must(entry.Body(&entente.Commitment{
			Code: "M1", Areas: []string{"A01"}, Title: both("A123456789"), Wording: entente.Summary,
		}))),
	} {
		d.Body = json.RawMessage(body)
		d = must(w.mx.SaveDraft(t.Context(), d))
		w.refuses(w.mx.Node, code, func() error { _, err := w.mx.Submit(t.Context(), d.ID, w.mx.first); return err })
		if s, _ := w.state(w.mx, d.ID); s != store.DraftOpen {
			t.Errorf("the draft is %s", s)
		}
	}
}

func TestADraftIsDiscarded(t *testing.T) {
	w := newWorld(t).found()
	d := w.draft(w.mx, entente.Public, "m1")
	before := w.sizes(w.mx.Node)
	if err := w.mx.Discard(t.Context(), d.ID, "first"); err != nil {
		t.Fatal(err)
	}
	w.refuses(w.mx.Node, "draft.state", func() error { _, err := w.mx.Submit(t.Context(), d.ID, w.mx.first); return err })
	if after := w.sizes(w.mx.Node); !slices.Equal(before, after) {
		t.Error("a log grew")
	}
}

func TestTheAuditTrailSaysWhoDidAndWasRefusedWhat(t *testing.T) {
	w := newWorld(t).found()
	w.mx.append(t, w.mx.intent(entente.Public, "m1"))
	in := w.mx.intent(entente.Public, "m2")
	in.Second = nil
	if _, err := w.mx.Append(t.Context(), in); err == nil {
		t.Fatal("not refused")
	}
	var lines []store.AuditEvent
	for range 100 {
		if lines = must(w.mx.store.AuditTrail(t.Context(), store.AuditQuery{Act: "append_public"})); len(lines) == 2 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if len(lines) != 2 {
		t.Fatalf("%d lines: %+v", len(lines), lines)
	}
	refused, done := lines[0], lines[1]
	if refused.Outcome != "refused" || refused.Actor != "first" || refused.Object != "commitment/m2" {
		t.Errorf("%+v", refused)
	}
	if done.Outcome != "done" || done.Actor != "second" || done.Object != "demo.mx.entente/public#1" {
		t.Errorf("%+v", done)
	}
}
