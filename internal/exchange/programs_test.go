package exchange_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"entente"
	"entente/internal/exchange"
	"entente/internal/store"
	"entente/test/parties"
)

// object is an invented example identity.
func object(i int) string {
	return fmt.Sprintf(`{"type":"identity","spec_version":"2.1","id":"identity--%08x-1111-4111-8111-111111111111",`+
		`"created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","name":"Invented example %d","identity_class":"organization"}`, i, i)
}

func bundle(objects ...string) string {
	return `{"type":"bundle","id":"bundle--22222222-2222-4222-8222-222222222222","objects":[` + strings.Join(objects, ",") + `]}`
}

// stixRelease has Mexico release a bundle to CBP.
func stixRelease(tb testing.TB, w *parties.World, objects ...string) entente.Ref {
	tb.Helper()
	body := release("CBP")
	body.Form = "stix"
	d := draft(tb, w.MX, "SSPC", entente.TypeRelease, body, "", "bundle.json", bundle(objects...))
	return sent(tb, w.MX, "SSPC", d)
}

func account(tb testing.TB, p *parties.Party, name, agency, purpose string) store.Client {
	tb.Helper()
	c, err := p.Store().AddClient(background(), store.Client{Name: name, Agency: agency, Purpose: purpose, Secret: "x", Digest: entente.DigestOf([]byte(name))})
	check(tb, err)
	return c
}

// objects are what an account may read of an area.
func objects(tb testing.TB, p *parties.Party, c store.Client) []store.StoredObject {
	tb.Helper()
	_, visible, err := p.Exchange.VisibleReleases(background(), c)
	check(tb, err)
	v, err := p.Store().ObjectView(background(), c.Agency, visible)
	check(tb, err)
	list, _, err := v.List(background(), store.ObjectQuery{Area: "A01", Limit: 100})
	check(tb, err)
	return list
}

// TestABundleIsReadByTheProgramsOfWhomItIsFor, and gone with its payload.
func TestABundleIsReadByTheProgramsOfWhomItIsFor(t *testing.T) {
	w := parties.New(t)
	ctx := t.Context()
	ref := stixRelease(t, w, object(1), object(2))
	agree(t, w, ref, exchange.Received)
	cbp, other, purpose := account(t, w.US, "cbp-1", "CBP", "criminal_investigation"), account(t, w.US, "fbi-1", "FBI", "criminal_investigation"), account(t, w.US, "cbp-2", "CBP", "public_safety")
	until(t, "the objects can be read", func() bool { return len(objects(t, w.US, cbp)) > 0 })
	list := objects(t, w.US, cbp)
	ids := func(list []store.StoredObject) (out []string) {
		for _, o := range list {
			out = append(out, o.ID)
		}
		return out
	}
	if !slices.Contains(ids(list), "identity--00000001-1111-4111-8111-111111111111") || len(list) < 4 {
		t.Errorf("an account of the recipient sees %v", ids(list))
	}
	for name, c := range map[string]store.Client{"another agency": other, "another purpose": purpose} {
		if got := objects(t, w.US, c); len(got) != 0 {
			t.Errorf("%s sees %v", name, ids(got))
		}
	}
	key, err := w.US.Exchange.ObjectKey(ctx, ref)
	check(t, err)
	raw, err := list[0].Open(key, nil)
	if err != nil || !strings.Contains(string(raw), `"type"`) {
		t.Errorf("opened %q, %v", raw, err)
	}
	check(t, w.US.Exchange.RecordUse(ctx, cbp, []entente.Ref{ref}))
	if uses := state(t, w.US, ref).Uses; len(uses) != 1 || uses[0].Body.Mode != exchange.ModeTAXII || uses[0].Body.By != cbp.Digest {
		t.Errorf("uses %+v", uses)
	}
	before, _, err := w.US.Exchange.VisibleReleases(ctx, cbp)
	check(t, err)
	d, err := w.MX.Exchange.Recall(ctx, by(w.MX.Second("SSPC")), ref, "inaccurate")
	done(t, d, err)
	gone(t, w, w.US, ref, "recall")
	after, _, err := w.US.Exchange.VisibleReleases(ctx, cbp)
	check(t, err)
	if before == after {
		t.Error("the answer changed and its number did not")
	}
	if got := objects(t, w.US, cbp); len(got) != 0 {
		t.Errorf("after the recall an account sees %v", ids(got))
	}
	if _, err := w.US.Exchange.ObjectKey(ctx, ref); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the key after the recall: %v", err)
	}
	if left, err := w.US.Store().ReleasesWithObjects(ctx); err != nil || len(left) != 0 {
		t.Errorf("objects are left of %v, %v", left, err)
	}
}

// TestABundleThatContradictsItsHandlingDoesNotLeave, nor one that is none.
func TestABundleThatContradictsItsHandlingDoesNotLeave(t *testing.T) {
	w := parties.New(t)
	body := release("CBP")
	body.Form = "stix"
	red := `{"type":"identity","spec_version":"2.1","id":"identity--00000009-1111-4111-8111-111111111111","created":"2026-01-01T00:00:00.000Z",` +
		`"modified":"2026-01-01T00:00:00.000Z","name":"Invented example","object_marking_refs":["marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"]}`
	for name, files := range map[string][]string{
		"TLP:RED within TLP:AMBER": {"bundle.json", bundle(red)},
		"no bundle":                {"bundle.json", "[]"},
		"an object that is none":   {"bundle.json", bundle(`{"type":"identity","id":"x"}`)},
		"two files":                {"bundle.json", bundle(object(1)), "b.txt", "b"},
	} {
		d := draft(t, w.MX, "SSPC", entente.TypeRelease, body, "", files...)
		if codes := blocked(t, w.MX, "SSPC", d); !slices.Contains(codes, "exchange.stix") {
			t.Errorf("%s: %v", name, codes)
		}
		_, err := w.MX.Exchange.Submit(background(), d.ID, w.MX.First("SSPC"))
		refused(t, "exchange.stix", err)
	}
}

// TestWhatProgramsSubmitBecomesADraft, once, and is released by officers.
func TestWhatProgramsSubmitBecomesADraft(t *testing.T) {
	w := parties.New(t)
	ctx := t.Context()
	c := account(t, w.MX, "sspc-1", "SSPC", "criminal_investigation")
	for i := range 3 {
		key, err := w.MX.Exchange.SubmissionKey(ctx, c, "A01")
		check(t, err)
		check(t, w.MX.Store().AddSubmission(ctx, key, store.Submission{
			ID: fmt.Sprintf("33333333-3333-4333-8333-%012d", i), Client: c.ID, Agency: c.Agency, Area: "A01", Objects: 2, Status: []byte(`{}`), At: now(w.MX),
		}, []byte("["+object(i)+","+object(i+1)+"]")))
	}
	w.MX.Exchange.Submitted(c, "A01")
	officer := exchange.Officer(w.MX.First("SSPC"))
	var id string
	until(t, "there is a draft", func() bool {
		drafts, err := w.MX.Exchange.Drafts(ctx, officer)
		check(t, err)
		waiting, err := w.MX.Store().WaitingAreas(ctx)
		check(t, err)

		if len(drafts) == 1 && len(waiting) == 0 {
			id = drafts[0].ID
		}
		return id != ""
	})
	d, err := w.MX.Exchange.Draft(ctx, officer, id)
	check(t, err)
	body := release("CBP")
	body.Form = "stix"
	d, err = w.MX.Exchange.SaveBody(ctx, officer, id, d.Revision, body)
	check(t, err)
	ref := sent(t, w.MX, "SSPC", d)
	agree(t, w, ref, exchange.Received)
	cbp := account(t, w.US, "cbp-1", "CBP", "criminal_investigation")
	until(t, "the objects can be read", func() bool { return len(objects(t, w.US, cbp)) > 0 })
	seen := map[string]bool{}
	for _, o := range objects(t, w.US, cbp) {
		seen[o.ID] = true
	}
	for i := range 4 {
		if id := fmt.Sprintf("identity--%08x-1111-4111-8111-111111111111", i); !seen[id] {
			t.Errorf("%s did not arrive", id)
		}
	}
}
