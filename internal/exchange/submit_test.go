package exchange_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"entente"
	"entente/internal/exchange"
	"entente/internal/store"
	"entente/test/parties"
)

// TestASubmissionThatComesTooLateLeavesNothing: somebody saves the draft while its
// content is being sealed.
func TestASubmissionThatComesTooLateLeavesNothing(t *testing.T) {
	ctx := t.Context()
	w := parties.Quiet(t)
	mx := w.MX
	d := draft(t, mx, "SSPC", entente.TypeRelease, release("CBP"), "An invented answer.", "a.txt", "example")
	before := bodies(t, mx)
	mx.Fail = func(step string) error {
		if step != "sealed" {
			return nil
		}
		mx.Fail = nil
		now, err := mx.Store().Draft(ctx, d.ID)
		check(t, err)
		_, err = mx.SaveDraft(ctx, now)
		check(t, err)
		return nil
	}
	if _, err := mx.Exchange.Submit(ctx, d.ID, mx.First("SSPC")); !errors.Is(err, store.ErrConflict) {
		t.Fatalf("submitted over somebody's save: %v", err)
	}
	if after := bodies(t, mx); after != before {
		t.Errorf("%d payloads, %d before", after, before)
	}
	ref := sent(t, mx, "SSPC", d)
	if after := bodies(t, mx); after != before+1 {
		t.Errorf("%d payloads with the release, %d before", after, before)
	}
	for range 2 {
		w.US.Sync()
		check(t, wake(w.US))
		mx.Sync()
	}
	agree(t, w, ref, exchange.Received)
}

// TestAReleaseByOneOfficerStandsOverAStop: the node stopped when the entry was appended
// and its draft not closed yet.
func TestAReleaseByOneOfficerStandsOverAStop(t *testing.T) {
	ctx := t.Context()
	w := parties.Quiet(t)
	mx := w.MX
	d := draft(t, mx, "SSPC", entente.TypeRelease, release("CBP"), "Invented example: now.")
	a, err := mx.Exchange.ReleaseEmergency(ctx, d.ID, mx.Second("SSPC"))
	check(t, err)
	closed, err := mx.Store().Draft(ctx, d.ID)
	check(t, err)
	closed.State = store.DraftOpen
	_, err = mx.Store().PutDraft(ctx, closed)
	check(t, err)
	again, err := mx.Exchange.ReleaseEmergency(ctx, d.ID, mx.Second("SSPC"))
	check(t, err)
	if again.Ref != a.Ref || !again.Existing {
		t.Errorf("released again: %+v after %+v", again, a)
	}
	if !mx.Payloads().Has(contentOf(t, closed.Body)) {
		t.Error("what was released is lost")
	}
	for range 2 {
		w.US.Sync()
		check(t, wake(w.US))
		mx.Sync()
	}
	agree(t, w, a.Ref, exchange.Received)
}

// bodies counts the payloads of a node.
func bodies(tb testing.TB, p *parties.Party) int {
	tb.Helper()
	found, err := os.ReadDir(filepath.Join(p.Dir(), "payloads"))
	check(tb, err)
	return len(found)
}

// TestASecondSubmissionReplacesWhatTheFirstSealed: the content that was sealed for a
// draft that was sent back is shredded.
func TestASecondSubmissionReplacesWhatTheFirstSealed(t *testing.T) {
	ctx := t.Context()
	mx := parties.Quiet(t).MX
	v := exchange.Officer(mx.Second("SSPC"))
	d := draft(t, mx, "SSPC", entente.TypeRelease, release("CBP"), "An invented answer.")
	submitted := func() entente.Digest {
		t.Helper()
		_, err := mx.Exchange.Submit(ctx, d.ID, mx.First("SSPC"))
		check(t, err)
		d, err := mx.Exchange.Draft(ctx, v, d.ID)
		check(t, err)
		return contentOf(t, d.Body)
	}
	first := submitted()
	check(t, mx.Exchange.Return(ctx, v, d.ID, "once more"))
	second := submitted()
	if first == second || !mx.Payloads().Tombstoned(first) || !mx.Payloads().Has(second) {
		t.Errorf("first %s tombstoned %v, second %s held %v", first, mx.Payloads().Tombstoned(first), second, mx.Payloads().Has(second))
	}
	_, err := mx.Exchange.Approve(ctx, d.ID, mx.Second("SSPC"))
	check(t, err)
}

// contentOf is where the body of a release says that its content is.
func contentOf(tb testing.TB, raw json.RawMessage) entente.Digest {
	tb.Helper()
	var b entente.Release
	check(tb, json.Unmarshal(raw, &b))
	return b.Content.Digest
}
