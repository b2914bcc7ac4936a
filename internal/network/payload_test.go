package network_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"entente"
	"entente/internal/fold/foldtest"
	"entente/internal/payload"
	"entente/internal/peer"
	"entente/internal/seal"
	"entente/internal/store"
	"entente/test/nodes"
)

// three parties, each linked to the others.
func three(tb testing.TB) (mx, us, ca *nodes.Node) {
	tb.Helper()
	mx, us, ca = nodes.New(tb, entente.Author{Party: entente.MX}), nodes.New(tb, entente.Author{Party: entente.US}), nodes.New(tb, entente.Author{Party: "CA"})
	nodes.Connect(tb, mx, us, ca)
	return mx, us, ca
}

// sealed puts an example for a party's agencies into the store of a node.
func sealed(tb testing.TB, n *nodes.Node, to *nodes.Node, size int) entente.Sealed {
	tb.Helper()
	keys, err := to.SealRecipients(tb.Context(), to.Author.Party, to.Author.Agency)
	check(tb, err)
	content := strings.Repeat("x", size)
	m := seal.Manifest{Format: seal.Format, Salt: seal.NewSalt(), Files: []seal.File{
		{Name: "ejemplo.txt", Media: "text/plain", Size: int64(size), Digest: entente.DigestOf([]byte(content))}}}
	w, err := n.Payloads().Create(tb.Context())
	check(tb, err)
	check(tb, seal.Seal(w, keys, m, func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }))
	s, err := w.Commit()
	check(tb, err)
	return s
}

func release(to *nodes.Node, s entente.Sealed) *entente.Release {
	r := foldtest.Release(to.Author.Party)
	r.Content = s
	return r
}

// stated appends an entry to a shared log, and all who follow it take it.
func stated(tb testing.TB, n *nodes.Node, t entente.Type, subject string, body any, readers ...*nodes.Node) entente.Ref {
	tb.Helper()
	done, err := n.Store().Append(tb.Context(), n.Entry(entente.Shared, t, subject, body))
	check(tb, err)
	for _, r := range readers {
		rounds(tb, r)
	}
	x, err := store.ByRef[struct{}](tb.Context(), n.View(entente.Shared), done[0].Ref.Log, done[0].Ref.Index)
	check(tb, err)
	if x.Rule != "" {
		tb.Fatalf("%s folds as %s: %s", t, x.Rule, x.Detail)
	}
	return done[0].Ref
}

// fetched fetches a payload from a node into another's store.
func fetched(tb testing.TB, n, from *nodes.Node, s entente.Sealed) error {
	tb.Helper()
	in, err := n.Payloads().Resume(s.Digest, s.Size)
	if err != nil {
		return err
	}
	defer func() { check(tb, in.Close()) }()
	return n.Net.FetchPayload(tb.Context(), from.Author.Writer(), s, in)
}

func TestAReleaseIsFetchedByWhomItIsFor(t *testing.T) {
	mx, us, ca := three(t)
	s := sealed(t, us, mx, 3<<20)
	if err := fetched(t, mx, us, s); !errors.Is(err, peer.ErrNoPayload) {
		t.Errorf("before the release: %v", err)
	}
	ref := stated(t, us, entente.TypeRelease, "rl1", release(mx, s), mx, ca)
	if err := fetched(t, ca, us, s); !errors.Is(err, peer.ErrNoPayload) {
		t.Errorf("a party that it is not for: %v", err)
	}
	check(t, fetched(t, mx, us, s))
	r, err := mx.Payloads().Get(s.Digest)
	check(t, err)
	defer r.Close()
	keys, err := mx.Unseal(mx.Author.Agency)
	check(t, err)
	p, err := seal.Open(r, keys...)
	check(t, err)
	check(t, p.Check())
	// The originator gets it back after a restore; nobody else does.
	if err := fetched(t, ca, mx, s); !errors.Is(err, peer.ErrNoPayload) {
		t.Errorf("from the recipient, a party that it is not for: %v", err)
	}
	back, err := payload.Open(t.TempDir())
	check(t, err)
	in, err := back.Resume(s.Digest, s.Size)
	check(t, err)
	check(t, us.Net.FetchPayload(t.Context(), "MX", s, in))
	check(t, in.Close())
	if !back.Has(s.Digest) {
		t.Error("the originator does not get it back")
	}
	// After the recall it is not there for anybody, in either node.
	stated(t, us, entente.TypeRecall, "rc1", &entente.Recall{Release: ref, Reason: "inaccurate"}, mx, ca)
	lost, err := payload.Open(t.TempDir())
	check(t, err)
	for from, n := range map[string]*nodes.Node{"MX": us, "US": mx} {
		in, err := lost.Resume(s.Digest, s.Size)
		check(t, err)
		if err := n.Net.FetchPayload(t.Context(), from, s, in); !errors.Is(err, peer.ErrNoPayload) {
			t.Errorf("from %s after the recall: %v", from, err)
		}
		check(t, in.Close())
	}
}

// TestNamingAnothersPayloadGetsNothing: CA names in a request of its own what the
// United States released to Mexico.
func TestNamingAnothersPayloadGetsNothing(t *testing.T) {
	mx, us, ca := three(t)
	s := sealed(t, us, mx, 1000)
	stated(t, us, entente.TypeRelease, "rl1", release(mx, s), mx, ca)
	check(t, fetched(t, mx, us, s))
	for _, to := range []*nodes.Node{mx, us} {
		q := foldtest.Request(to.Author.Party)
		q.Question = s
		stated(t, ca, entente.TypeRequest, "rq-"+to.Name(), q, mx, us)
		if err := fetched(t, ca, to, s); !errors.Is(err, peer.ErrNoPayload) {
			t.Errorf("from %s: %v", to.Name(), err)
		}
	}
}

// TestEveryKindOfPayloadTravels: what a request asks, the note of a refusal, the
// description of a permission request, the note of a report of misuse.
func TestEveryKindOfPayloadTravels(t *testing.T) {
	mx, us, ca := three(t)
	question := sealed(t, mx, us, 100)
	q := foldtest.Request(us.Author.Party)
	q.Question = question
	request := stated(t, mx, entente.TypeRequest, "rq1", q, us, ca)
	note := sealed(t, us, mx, 200)
	stated(t, us, entente.TypeRefusal, "rf1", &entente.Denial{Request: request, Reason: "not_held", Note: &note}, mx, ca)
	description := sealed(t, us, mx, 300)
	item := entente.Digest{1}
	stated(t, us, entente.TypePermissionRequest, "pr1", &entente.PermissionRequest{
		Of: entente.MX, Kind: "collection", Purpose: "investigation", Item: &item, Description: &description}, mx, ca)
	content := sealed(t, us, mx, 400)
	released := stated(t, us, entente.TypeRelease, "rl1", release(mx, content), mx, ca)
	misuse := sealed(t, us, mx, 500)
	stated(t, us, entente.TypeMisuse, "ms1", &entente.Misuse{Release: released, Kind: "disclosure", Due: q.Due, Note: &misuse}, mx, ca)
	for name, c := range map[string]struct {
		from, to *nodes.Node
		s        entente.Sealed
	}{"question": {mx, us, question}, "note": {us, mx, note}, "description": {us, mx, description}, "content": {us, mx, content}, "misuse": {us, mx, misuse}} {
		if err := fetched(t, ca, c.from, c.s); !errors.Is(err, peer.ErrNoPayload) {
			t.Errorf("%s to a third party: %v", name, err)
		}
		if err := fetched(t, c.to, c.from, c.s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatWasShreddedIsNotHandedOver(t *testing.T) {
	mx, us, _ := three(t)
	s, other := sealed(t, us, mx, 1000), sealed(t, us, mx, 1000)
	stated(t, us, entente.TypeRelease, "rl1", release(mx, s), mx)
	ref := stated(t, us, entente.TypeRelease, "rl2", release(mx, other), mx)
	_, _, err := us.Payloads().Shred(s.Digest, "retention")
	check(t, err)
	if err := fetched(t, mx, us, s); !errors.Is(err, peer.ErrNoPayload) {
		t.Errorf("shredded here: %v", err)
	}
	// The recipient says that it shredded it: it is not brought back from here.
	stated(t, mx, entente.TypeDeletion, "dl1", &entente.Deletion{Release: ref, Cause: "retention", Key: true, Blob: true}, us)
	if err := fetched(t, mx, us, other); !errors.Is(err, peer.ErrNoPayload) {
		t.Errorf("shredded by the recipient: %v", err)
	}
}

// TestOnlyPartiesAskForPayloads: an observer has no link, and the public site serves
// no payloads.
func TestOnlyPartiesAskForPayloads(t *testing.T) {
	mx, us, portal := parties(t)
	s := sealed(t, us, mx, 1000)
	stated(t, us, entente.TypeRelease, "rl1", release(mx, s), mx)
	if err := fetched(t, portal, us, s); err == nil || errors.Is(err, peer.ErrNoPayload) {
		t.Errorf("an observer: %v", err)
	}
	res, err := http.Get(us.Public + peer.PayloadPath + s.Digest.String())
	check(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	check(t, err)
	if res.StatusCode != http.StatusNotFound || bytes.Contains(body, []byte("age-encryption")) {
		t.Errorf("the public site answers %s", res.Status)
	}
}
