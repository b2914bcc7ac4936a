package exchange_test

import (
	"errors"

	"path/filepath"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/internal/exchange"
	"entente/internal/payload"
	"entente/internal/store"
	"entente/test/parties"
)

// leaves checks that not a byte of a release is in a party's directory.
func leaves(tb testing.TB, p *parties.Party, ref entente.Ref) {
	tb.Helper()
	d := state(tb, p, ref).Body.Content.Digest.String()
	for _, folder := range []string{"vault", "payloads"} {
		for _, pattern := range []string{"*", ".*"} {
			if found, err := filepath.Glob(filepath.Join(p.Dir(), folder, pattern+d+"*")); err != nil || len(found) > 0 {
				tb.Errorf("%s has %v, %v", p.Writer().Writer(), found, err)
			}
		}
	}
}

// TestACrashWhileRejectingLeavesNothing: what had arrived is shredded all the same, and
// said once.
func TestACrashWhileRejectingLeavesNothing(t *testing.T) {
	for _, step := range []string{"looked", "rejected", "key gone", "done"} {
		t.Run(step, func(t *testing.T) {
			w := parties.Quiet(t)
			body := release("CBP")
			body.Form = "stix"
			ref := sent(t, w.MX, "SSPC", draft(t, w.MX, "SSPC", entente.TypeRelease, body, "", "bundle.json", bundle(object(1))))
			w.US.Sync()
			us := &crashing{Party: w.US, step: step}
			us.Fail = us.fail
			if step == "looked" { // it arrived, and before the receipt it is over
				us.do(t, "a round", func() error {
					err := wake(w.US)
					w.Clock.Move(400 * 24 * time.Hour)
					return err
				})
			} else {
				revoke(t, w.US, "CBP", "DOS", "DHS")
				us.do(t, "a round", func() error { return wake(w.US) })
			}
			if us.step != "" {
				t.Fatalf("it never came to %q", step)
			}
			w.MX.Sync()
			agree(t, w, ref, exchange.Rejected)
			leaves(t, w.US, ref)
			r := state(t, w.MX, ref)
			if n := len(r.Deletions); !r.DeletedBy(entente.US) || n > 2 {
				t.Errorf("%d deletions: %+v", n, r.Deletions)
			}
			if left, err := w.US.Store().ReleasesWithObjects(t.Context()); err != nil || len(left) != 0 {
				t.Errorf("objects are left of %v, %v", left, err)
			}
			if jobs, err := w.US.Store().Jobs(t.Context(), now(w.US), 10); err != nil || len(jobs) != 0 {
				t.Errorf("jobs left %v, %v", jobs, err)
			}
			sameDigests(t, w)
		})
	}
}

// revoke ends the sealing keys of agencies of a party.
func revoke(tb testing.TB, p *parties.Party, agencies ...string) {
	tb.Helper()
	root, err := p.Keys().UnlockRoot(parties.Passphrase)
	check(tb, err)
	defer root.Close()
	for _, b := range p.Ring().Bindings(entente.RoleSeal) {
		for _, a := range agencies {
			if b.Agency == a {
				check(tb, p.RevokeKey(background(), b.Name, nil, root))
			}
		}
	}
}

// TestWhoseKeysAreAllRevokedRejects: what nobody here may open any more is not kept,
// and the sender knows.
func TestWhoseKeysAreAllRevokedRejects(t *testing.T) {
	w := parties.Quiet(t)
	ref := sent(t, w.MX, "SSPC", draft(t, w.MX, "SSPC", entente.TypeRelease, release("CBP"), "An invented answer."))
	revoke(t, w.US, "CBP", "DOS", "DHS")
	settle(t, w)
	agree(t, w, ref, exchange.Rejected)
	if r := state(t, w.MX, ref); r.Receipt.Body.Reason != "unreadable" {
		t.Errorf("rejected for %s", r.Receipt.Body.Reason)
	}
	leaves(t, w.US, ref)
}

// TestARevokedAgencyReleasesNothing: not what waits for its second officer either.
func TestARevokedAgencyReleasesNothing(t *testing.T) {
	w := parties.Quiet(t)
	ctx := t.Context()
	waits := draft(t, w.MX, "SSPC", entente.TypeRelease, release("CBP"), "An invented answer.")
	_, err := w.MX.Exchange.Submit(ctx, waits.ID, w.MX.First("SSPC"))
	check(t, err)
	before, err := w.MX.Store().Log(ctx, w.MX.Origin(entente.Shared))
	check(t, err)
	root, err := w.MX.Keys().UnlockRoot(parties.Passphrase)
	check(t, err)
	defer root.Close()
	for _, b := range w.MX.Ring().Bindings(entente.RoleAgency) {
		if b.Agency == "SSPC" {
			check(t, w.MX.RevokeKey(ctx, b.Name, nil, root))
		}
	}
	if _, err := w.MX.Exchange.Approve(ctx, waits.ID, w.MX.Second("SSPC")); err == nil {
		t.Error("what waited left")
	}
	fresh := draft(t, w.MX, "SSPC", entente.TypeRelease, release("CBP"), "An invented answer.")
	if done, err := w.MX.Exchange.Submit(ctx, fresh.ID, w.MX.First("SSPC")); err == nil {
		t.Errorf("it is submitted: %+v", done)
	}
	after, err := w.MX.Store().Log(ctx, w.MX.Origin(entente.Shared))
	check(t, err)
	if after.Size != before.Size+1 { // the key entry
		t.Errorf("%d entries were appended", after.Size-before.Size)
	}
	settle(t, w)
	if list, err := w.US.Exchange.Releases(ctx, exchange.Node, exchange.Filter{}, now(w.US)); err != nil || len(list.Items) != 0 {
		t.Errorf("the United States see %d releases, %v", len(list.Items), err)
	}
}

// TestATruncatedPayloadIsNeverTakenIn: it waits, with one clear state, until all of it
// comes; what had come is not fetched again.
func TestATruncatedPayloadIsNeverTakenIn(t *testing.T) {
	w := parties.Quiet(t)
	ctx := t.Context()
	ref := sent(t, w.MX, "SSPC", draft(t, w.MX, "SSPC", entente.TypeRelease, release("CBP"), "An invented answer.", "a.txt", "content"))
	content := state(t, w.MX, ref).Body.Content
	r, err := w.MX.Payloads().Get(content.Digest)
	check(t, err)
	defer r.Close()
	whole := make([]byte, content.Size)
	for n := 0; n < len(whole); {
		m, err := r.Read(whole[n:])
		check(t, err)
		n += m
	}
	w.US.Sync()
	for cut := int64(1); cut < content.Size; cut += content.Size / 5 {
		w.US.Replace = func(_ entente.Sealed, in *payload.Incoming) error {
			_, err := in.Write(whole[in.Offset():max(cut, in.Offset())])
			return err
		}
		check(t, wake(w.US))
		w.Clock.Move(time.Hour)
		w.MX.Sync()
		agree(t, w, ref, exchange.Sent)
		if w.US.Payloads().Has(content.Digest) {
			t.Fatal("a part is taken for the whole")
		}
		_, err := w.US.Exchange.Open(ctx, w.US.Reader("CBP"), ref, "criminal_investigation")
		refused(t, "exchange.not_here", err)
	}
	came := int64(0)
	w.US.Replace = func(_ entente.Sealed, in *payload.Incoming) error {
		came = content.Size - in.Offset()
		_, err := in.Write(whole[in.Offset():])
		return err
	}
	check(t, wake(w.US))
	w.MX.Sync()
	agree(t, w, ref, exchange.Received)
	if came > content.Size/2 {
		t.Errorf("%d bytes of %d came again", came, content.Size)
	}
	if text, _ := read(t, w.US, "CBP", ref, "criminal_investigation"); text != "An invented answer." {
		t.Errorf("opened %q", text)
	}
}

// TestWhatIsSentAgainIsTheFirst: what is done twice, because an answer did not come
// through, changes nothing.
func TestWhatIsSentAgainIsTheFirst(t *testing.T) {
	w := parties.Quiet(t)
	ctx := t.Context()
	d := draft(t, w.MX, "SSPC", entente.TypeRelease, release("CBP"), "An invented answer.")
	ref := sent(t, w.MX, "SSPC", d)
	for range 2 { // "did it go through?"
		if again, err := w.MX.Exchange.Submit(ctx, d.ID, w.MX.First("SSPC")); err != nil || again == nil || again.Ref != ref || !again.Existing {
			t.Errorf("submitted again: %+v, %v", again, err)
		}
		if again, err := w.MX.Exchange.Approve(ctx, d.ID, w.MX.Second("SSPC")); err != nil || again.Ref != ref || !again.Existing {
			t.Errorf("approved again: %+v, %v", again, err)
		}
	}
	fetched := 0
	w.US.Cut = func(entente.Sealed) error { fetched++; return nil }
	settle(t, w)
	agree(t, w, ref, exchange.Received)
	for range 2 { // the node takes up again what it has done, and starts anew
		check(t, w.US.Store().AddJobs(ctx, nil, jobsOn(ref, now(w.US), "receive", "end", "fetch")...))
		settle(t, w)
		w.US.Again(false)
	}
	settle(t, w)
	agree(t, w, ref, exchange.Received)
	if fetched != 1 {
		t.Errorf("it was fetched %d times", fetched)
	}
	in, err := w.US.Payloads().Resume(state(t, w.US, ref).Body.Content.Digest, state(t, w.US, ref).Body.Content.Size)
	if !errors.Is(err, payload.ErrHeld) {
		t.Errorf("it would be taken once more: %v, %v", in, err)
	}
	counts(t, w, map[entente.Type]int{entente.TypeRelease: 1, entente.TypeReceipt: 1, entente.TypeDeletion: 0})
	sameDigests(t, w)
}

// jobsOn are jobs about an entry, due now.
func jobsOn(ref entente.Ref, due time.Time, kinds ...string) (list []store.Job) {
	for _, k := range kinds {
		list = append(list, store.Job{Kind: k, Entry: ref, Due: due})
	}
	return list
}

// counts checks how many entries of some types both parties hold.
func counts(tb testing.TB, w *parties.World, want map[entente.Type]int) {
	tb.Helper()
	for _, p := range w.Both() {
		for typ, n := range want {
			page, err := store.List[struct{}](background(), p.View(entente.Shared), store.Query{Type: typ, Versions: true, Withdrawn: true})
			check(tb, err)
			if page.Total != n {
				tb.Errorf("%s has %d %s entries, want %d", p.Writer().Writer(), page.Total, typ, n)
			}
		}
	}
}

// TestACrashWhileTakingSubmissionsMakesOneDraft: what programs submitted is in one
// draft, once.
func TestACrashWhileTakingSubmissionsMakesOneDraft(t *testing.T) {
	for _, step := range []string{"attached", "submission"} {
		t.Run(step, func(t *testing.T) {
			w := parties.Quiet(t)
			ctx := t.Context()
			c := account(t, w.MX, "sspc-1", "SSPC", "criminal_investigation")
			key, err := w.MX.Exchange.SubmissionKey(ctx, c, "A01")
			check(t, err)
			many := make([]string, 700) // more than is kept inline
			for i := range many {
				many[i] = object(i)
			}
			check(t, w.MX.Store().AddSubmission(ctx, key, store.Submission{
				ID: "33333333-3333-4333-8333-000000000001", Client: c.ID, Agency: c.Agency, Area: "A01", Objects: len(many), Status: []byte(`{}`), At: now(w.MX),
			}, []byte("["+strings.Join(many, ",")+"]")))
			w.Clock.Move(time.Minute)
			mx := &crashing{Party: w.MX, step: step}
			mx.Fail = mx.fail
			mx.do(t, "a round", func() error { return wake(w.MX) })
			w.MX.Again(false)
			check(t, wake(w.MX))
			if mx.step != "" {
				t.Fatalf("it never came to %q", step)
			}
			officer := exchange.Officer(w.MX.First("SSPC"))
			drafts, err := w.MX.Exchange.Drafts(ctx, officer)
			check(t, err)
			if len(drafts) != 1 {
				t.Fatalf("%d drafts", len(drafts))
			}
			d, err := w.MX.Exchange.Draft(ctx, officer, drafts[0].ID)
			check(t, err)
			if len(d.Files) != 1 {
				t.Fatalf("the draft has %d files", len(d.Files))
			}
			if waiting, err := w.MX.Store().WaitingAreas(ctx); err != nil || len(waiting) != 0 {
				t.Errorf("submissions wait: %v, %v", waiting, err)
			}
			body := release("CBP")
			body.Form = "stix"
			d, err = w.MX.Exchange.SaveBody(ctx, officer, d.ID, d.Revision, body)
			check(t, err)
			ref := sent(t, w.MX, "SSPC", d)
			settle(t, w)
			agree(t, w, ref, exchange.Received)
		})
	}
}
