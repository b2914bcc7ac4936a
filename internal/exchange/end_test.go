package exchange_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/internal/exchange"
	"entente/internal/payload"
	"entente/internal/seal"
	"entente/test/parties"
)

// answered has Mexico release something that the United States received.
func answered(tb testing.TB, w *parties.World, change ...func(*entente.Release)) entente.Ref {
	tb.Helper()
	body := release("CBP")
	for _, c := range change {
		c(&body)
	}
	ref := sent(tb, w.MX, "SSPC", draft(tb, w.MX, "SSPC", entente.TypeRelease, body, "An invented answer.", "a.txt", "content"))
	agree(tb, w, ref, exchange.Received)
	return ref
}

// gone waits until a party stated that it shredded a release, and holds nothing of it.
func gone(tb testing.TB, w *parties.World, p *parties.Party, ref entente.Ref, cause string) {
	tb.Helper()
	code := p.Writer().Party
	for _, at := range w.Both() {
		until(tb, string(code)+" deleted it, as "+at.Writer().Writer()+" sees", func() bool { r := state(tb, at, ref); return r != nil && r.DeletedBy(code) })
	}
	r := state(tb, p, ref)
	until(tb, string(code)+" has a tombstone", func() bool { return p.Payloads().Tombstoned(r.Body.Content.Digest) })
	if p.Payloads().Has(r.Body.Content.Digest) {
		tb.Errorf("%s still has the payload", code)
	}
	for _, d := range r.Deletions {
		if d.Party == code && d.Body.Cause != cause {
			tb.Errorf("%s deleted it for %s, not for %s", code, d.Body.Cause, cause)
		}
	}
	if _, err := p.Payloads().Get(r.Body.Content.Digest); !errors.Is(err, payload.ErrShredded) {
		tb.Errorf("%s: %v", code, err)
	}
}

// TestARecallShredsOnBothSides and lists the uses that it cannot reach.
func TestARecallShredsOnBothSides(t *testing.T) {
	w := parties.New(t)
	ctx := t.Context()
	ref := answered(t, w)
	read(t, w.US, "CBP", ref, "criminal_investigation")
	o, err := w.US.Exchange.Export(ctx, w.US.Reader("CBP"), ref, "criminal_investigation")
	check(t, err)
	contents(t, o)
	reading, err := w.US.Exchange.Open(ctx, w.US.Reader("CBP"), ref, "criminal_investigation")
	check(t, err)
	defer reading.Close()
	_, err = w.US.Exchange.Recall(ctx, by(w.US.Second("CBP")), ref, "inaccurate")
	refused(t, "policy.p5-concerned", err)
	d, err := w.MX.Exchange.Recall(ctx, by(w.MX.Second("SSPC")), ref, "inaccurate")
	recall := done(t, d, err)
	gone(t, w, w.MX, ref, "recall")
	gone(t, w, w.US, ref, "recall")
	agree(t, w, ref, exchange.Deleted)
	for _, del := range state(t, w.MX, ref).Deletions {
		if del.Party == entente.US && (del.Body.Exports != 1 || len(del.Body.Uses) != 1 || del.Body.Uses[0].N != 3 || !del.Body.Key || !del.Body.Blob) {
			t.Errorf("the deletion of the United States says %+v", del.Body)
		}
	}
	_, err = w.US.Exchange.Open(ctx, w.US.Reader("CBP"), ref, "criminal_investigation")
	refused(t, "policy.x2-recalled", err)
	again, err := w.MX.Exchange.Recall(ctx, by(w.MX.Second("SSPC")), ref, "inaccurate")
	if err != nil || again.Entry == nil || again.Entry.Ref != recall {
		t.Errorf("recalled again: %+v, %v", again, err)
	}
	sameDigests(t, w)
}

// TestARetentionThatIsOverShredsOnBothSides.
func TestARetentionThatIsOverShredsOnBothSides(t *testing.T) {
	w := parties.New(t)
	ref := answered(t, w, func(r *entente.Release) {
		r.Handling.Retain = entente.Date(time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly))
	})
	clocks, err := w.US.Exchange.Clocks(t.Context(), now(w.US))
	check(t, err)
	if len(clocks) != 1 || clocks[0].Kind != exchange.ClockRetention {
		t.Errorf("clocks %+v", clocks)
	}
	w.Clock.Move(48 * time.Hour)
	for _, p := range w.Both() {
		check(t, wake(p))
	}
	gone(t, w, w.MX, ref, "retention")
	gone(t, w, w.US, ref, "retention")
	agree(t, w, ref, exchange.Deleted)
}

// wake runs a round of the exchange, as its timer would.
func wake(p *parties.Party) error {
	_, err := p.Exchange.Once(background())
	return err
}

// TestALegalHoldLocksInsteadOfShredding, and lifting it does what was due.
func TestALegalHoldLocksInsteadOfShredding(t *testing.T) {
	w := parties.New(t)
	ctx := t.Context()
	ref := answered(t, w)
	review := entente.Date(time.Now().UTC().AddDate(0, 2, 0).Format(time.DateOnly))
	office := entente.Text{ES: "Juzgado de ejemplo", EN: "Example court"}
	d, err := w.US.Exchange.Hold(ctx, by(w.US.Second("CBP")), ref, "court_order", office, review)
	arrived(t, w.MX, done(t, d, err))
	agree(t, w, ref, exchange.Held)
	_, err = w.US.Exchange.Open(ctx, w.US.Reader("CBP"), ref, "criminal_investigation")
	refused(t, "policy.x2-held", err)
	d, err = w.MX.Exchange.Recall(ctx, by(w.MX.Second("SSPC")), ref, "legal")
	arrived(t, w.US, done(t, d, err))
	gone(t, w, w.MX, ref, "recall")
	check(t, wake(w.US))
	if r := state(t, w.US, ref); r.State != exchange.Held || r.DeletedBy(entente.US) || !w.US.Payloads().Has(r.Body.Content.Digest) {
		t.Fatalf("a held payload is gone: %s", r.State)
	}
	clocks, err := w.US.Exchange.Clocks(ctx, now(w.US))
	check(t, err)
	if len(clocks) != 1 || clocks[0].Kind != exchange.ClockHold {
		t.Errorf("clocks %+v", clocks)
	}
	d, err = w.US.Exchange.LiftHold(ctx, by(w.US.First("CBP"), w.US.Second("CBP")), ref)
	done(t, d, err)
	gone(t, w, w.US, ref, "recall")
	agree(t, w, ref, exchange.Deleted)
	sameDigests(t, w)
}

// TestARecallReachesTheDraftInBackups: what encrypted it is shredded, and the drafts
// that are being written are not.
func TestARecallReachesTheDraftInBackups(t *testing.T) {
	w := parties.New(t)
	ctx := t.Context()
	open := draft(t, w.MX, "SSPC", entente.TypeRelease, release("CBP"), "Still being written.", "a.txt", "kept")
	kept, err := w.MX.Store().Carried(ctx, open.ID)
	check(t, err)
	ref := answered(t, w)
	d, err := w.MX.Exchange.Recall(ctx, by(w.MX.Second("SSPC")), ref, "source_at_risk")
	done(t, d, err)
	gone(t, w, w.MX, ref, "recall")
	until(t, "the key of the drafts is shredded", func() bool { return w.MX.Payloads().Tombstoned(kept.Key) })
	again, err := w.MX.Exchange.Draft(ctx, exchange.Officer(w.MX.First("SSPC")), open.ID)
	check(t, err)
	if again.Text != "Still being written." || len(again.Files) != 1 || again.Item != open.Item {
		t.Errorf("the open draft reads %+v", again)
	}
	ref = sent(t, w.MX, "SSPC", again)
	agree(t, w, ref, exchange.Received)
	w.Clock.Move(24 * time.Hour)
	check(t, wake(w.MX))
	tombs, err := w.MX.Payloads().Tombstones()
	check(t, err)
	keys := 0
	for _, x := range tombs {
		if x.Cause == "key" {
			keys++
		}
	}
	if keys != 2 {
		t.Errorf("%d keys of drafts are shredded, want both", keys)
	}
}

// TestTombstonesWinOverRestoreAndResend: a backup brings nothing back.
func TestTombstonesWinOverRestoreAndResend(t *testing.T) {
	w := parties.New(t)
	ctx := t.Context()
	ref := answered(t, w)
	backup := t.TempDir() + "/backup"
	check(t, w.US.Backup(ctx, backup))
	d, err := w.MX.Exchange.Recall(ctx, by(w.MX.Second("SSPC")), ref, "inaccurate")
	done(t, d, err)
	gone(t, w, w.US, ref, "recall")
	w.US.Close()
	w.US.Restore(backup)
	if r := state(t, w.US, ref); w.US.Payloads().Has(r.Body.Content.Digest) {
		t.Error("a backup has the payload's key")
	}
	w.US.Run()
	check(t, recovered(w.US))
	gone(t, w, w.US, ref, "recall")
	gone(t, w, w.MX, ref, "recall")
	until(t, "nothing is left to do", func() bool { jobs, err := w.US.Store().Jobs(ctx, now(w.US), 10); return err == nil && len(jobs) == 0 })
	if n := len(state(t, w.US, ref).Deletions); n != 2 {
		t.Errorf("%d deletions stated, want one of each party", n)
	}
	sameDigests(t, w)
}

func recovered(p *parties.Party) error {
	_, err := p.Net.Recover(background())
	return err
}

// TestARestoredNodeFetchesAgain what it is still to have.
func TestARestoredNodeFetchesAgain(t *testing.T) {
	w := parties.New(t)
	ref := answered(t, w)
	backup := t.TempDir() + "/backup"
	check(t, w.US.Backup(t.Context(), backup))
	w.US.Close()
	w.US.Restore(backup)
	_, err := w.US.Exchange.Open(t.Context(), w.US.Reader("CBP"), ref, "criminal_investigation")
	refused(t, "exchange.not_here", err)
	w.US.Run()
	check(t, recovered(w.US))
	until(t, "the payload is fetched again", func() bool { r := state(t, w.US, ref); return w.US.Exchange.Holds(r) })
	if text, _ := read(t, w.US, "CBP", ref, "criminal_investigation"); text != "An invented answer." {
		t.Errorf("opened %q", text)
	}
	if r := state(t, w.US, ref); r.State != exchange.Received {
		t.Errorf("it is %s", r.State)
	}
	sameDigests(t, w)
}

// TestWhatArrivesWrongIsRejected: another digest, or cut short for good.
func TestWhatArrivesWrongIsRejected(t *testing.T) {
	w := parties.New(t)
	w.US.Replace = func(s entente.Sealed, in *payload.Incoming) error {
		_, err := in.Write([]byte(strings.Repeat("not what was sealed ", 10)))
		return err
	}
	ref := sent(t, w.MX, "SSPC", draft(t, w.MX, "SSPC", entente.TypeRelease, release("CBP"), "An invented answer."))
	agree(t, w, ref, exchange.Rejected)
	r := state(t, w.MX, ref)
	if r.Receipt.Body.Reason != "digest" {
		t.Errorf("rejected for %s", r.Receipt.Body.Reason)
	}
	_, err := w.US.Exchange.Open(t.Context(), w.US.Reader("CBP"), ref, "criminal_investigation")
	if err == nil {
		t.Error("what was rejected is opened")
	}
	sameDigests(t, w)
}

// TestACutConnectionLosesNothing: it is fetched on.
func TestACutConnectionLosesNothing(t *testing.T) {
	w := parties.New(t)
	cuts := 3
	w.US.Cut = func(entente.Sealed) error {
		if cuts--; cuts >= 0 {
			return io.ErrUnexpectedEOF
		}
		return nil
	}
	answered(t, w)
	if cuts >= 0 {
		t.Errorf("%d cuts left", cuts)
	}
}

// TestWhoIsNotNamedOpensNothing: keys decide as well, not only policies.
func TestWhoIsNotNamedOpensNothing(t *testing.T) {
	w := parties.New(t)
	ref := answered(t, w)
	r, err := w.US.Payloads().Get(state(t, w.US, ref).Body.Content.Digest)
	check(t, err)
	defer r.Close()
	ids, err := w.US.Unseal("FBI", "HSI", "")
	check(t, err)
	if _, err := openWith(r, ids...); err == nil {
		t.Error("the key of an agency that is not named opens it")
	}
}

// TestARevokedSealingKeyIsNotSealedTo, and what was sealed to a rotated one is opened
// still.
func TestARevokedSealingKeyIsNotSealedTo(t *testing.T) {
	w := parties.New(t)
	ctx := t.Context()
	before := answered(t, w)
	root, err := w.US.Keys().UnlockRoot(parties.Passphrase)
	check(t, err)
	defer root.Close()
	name := ""
	for _, b := range w.US.Ring().Bindings(entente.RoleSeal) {
		if b.Agency == "CBP" {
			name = b.Name
		}
	}
	fresh, err := w.US.RotateKey(ctx, name, root)
	check(t, err)
	read(t, w.US, "CBP", before, "criminal_investigation")
	until(t, "Mexico knows the new key", func() bool {
		to, err := w.MX.SealRecipients(ctx, entente.US, "CBP")
		return err == nil && len(to) == 1 && to[0] == fresh.Public
	})
	after := answered(t, w)
	read(t, w.US, "CBP", after, "criminal_investigation")
	check(t, w.US.RevokeKey(ctx, fresh.Name, nil, root))
	_, err = w.US.Exchange.Open(ctx, w.US.Reader("CBP"), after, "criminal_investigation")
	if err == nil {
		t.Error("an agency without a key opens")
	}
	until(t, "Mexico knows that there is none", func() bool {
		_, err := w.MX.SealRecipients(ctx, entente.US, "CBP")
		return err != nil
	})
	d := draft(t, w.MX, "SSPC", entente.TypeRelease, release("CBP"), "An invented answer.")
	_, err = w.MX.Exchange.Submit(ctx, d.ID, w.MX.First("SSPC"))
	refused(t, "node.seal_key_missing", err)
}

// TestAClockAheadKeepsNothingLonger: a release that is over for the receiver's clock
// is not taken in.
func TestAClockAheadKeepsNothingLonger(t *testing.T) {
	w := parties.Quiet(t)
	body := release("CBP")
	body.Handling.Retain = entente.Date(time.Now().UTC().Format(time.DateOnly))
	ref := sent(t, w.MX, "SSPC", draft(t, w.MX, "SSPC", entente.TypeRelease, body, "An invented answer."))
	w.Clock.Move(48 * time.Hour)
	w.US.Sync()
	check(t, wake(w.US))
	w.MX.Sync()
	check(t, wake(w.MX))
	w.US.Sync()
	agree(t, w, ref, exchange.Rejected)
	if r := state(t, w.MX, ref); r.Receipt.Body.Reason != "expired" || !r.DeletedBy(entente.MX) || w.US.Exchange.Holds(r) {
		t.Errorf("rejected for %s, deletions %+v", r.Receipt.Body.Reason, r.Deletions)
	}
}

// openWith opens a payload with identities.
func openWith(r io.Reader, ids ...string) (*seal.Payload, error) { return seal.Open(r, ids...) }
