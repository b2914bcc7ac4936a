// Package airgap tests the exchange of information between nodes that no network
// joins: everything goes on a disk.
package airgap

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/internal/exchange"
	"entente/internal/network"
	"entente/internal/node"
	"entente/internal/pouch"
	"entente/internal/store"
	"entente/test/parties"
)

func TestMain(m *testing.M) {
	code := m.Run()
	parties.Clean()
	os.Exit(code)
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// pouches are what a party's node makes and takes pouches with.
func pouches(p *parties.Party) *pouch.Node {
	return &pouch.Node{
		Store: p.Store(), Blobs: p.Blobs(), Payloads: p.Payloads(), Keys: p.Ring(), Network: p.Net, Withholds: p.Exchange.Withholds,
		Dir: p.Dir(), Now: p.Clock().Now,
	}
}

// carry has one node make a pouch for the other, which takes it and decides on it.
func carry(t *testing.T, from, to *parties.Party) pouch.Taken {
	t.Helper()
	taken := load(t, to, write(t, from, to))
	settle(t, to)
	return taken
}

// write makes a pouch for the other node.
func write(t *testing.T, from, to *parties.Party) (disk string) {
	t.Helper()
	disk = t.TempDir()
	_, err := pouches(from).Export(t.Context(), pouch.Request{To: to.Writer().Writer(), Path: disk})
	check(t, err)
	return disk
}

// load takes the pouch on a disk.
func load(t *testing.T, to *parties.Party, disk string) pouch.Taken {
	t.Helper()
	found, err := pouch.Find(disk)
	check(t, err)
	taken, err := pouches(to).Import(t.Context(), found[0])
	check(t, err)
	return taken
}

// settle has a node do what is due.
func settle(t *testing.T, p *parties.Party) {
	t.Helper()
	_, err := p.Exchange.Once(t.Context())
	check(t, err)
}

// apart is two nodes that nothing joins.
func apart(t *testing.T) *parties.World {
	t.Helper()
	w := parties.Quiet(t)
	for _, p := range w.Both() {
		p.Cut = func(entente.Sealed) error { return errors.New("there is no network") }
	}
	return w
}

const purpose = "criminal_investigation"

// release has SSPC of Mexico release an invented example to CBP.
func release(t *testing.T, p *parties.Party, change ...func(*entente.Release)) entente.Ref {
	t.Helper()
	ctx := t.Context()
	body := entente.Release{
		To: entente.US, Recipients: []string{"CBP"}, Areas: []string{"A01"}, Form: "files",
		Authorisation: &entente.Authorisation{Reference: "EXAMPLE-1", Authority: "Example office", Date: "2026-01-01"},
		Handling: entente.Handling{
			Territory: "MX", Collector: "SSPC", From: "2026-01-01", To: "2026-01-02", Basis: "own_law", Source: "B", Information: "2",
			Classification: entente.Unclassified, TLP: entente.TLPAmber, Purposes: []string{purpose}, Onward: entente.OnwardAsk,
			Retain: entente.Date(p.Clock().Now().AddDate(0, 3, 0).UTC().Format(time.DateOnly)), Assessed: true,
		},
	}
	for _, c := range change {
		c(&body)
	}
	author := p.User("sspc-first")
	d, err := p.Exchange.Begin(ctx, author, entente.TypeRelease, "", body)
	check(t, err)
	v := exchange.ViewerOf(author)
	check(t, p.Exchange.SetText(ctx, v, d.ID, "Example", "An invented answer."))
	_, err = p.Exchange.Attach(ctx, v, d.ID, "a.txt", "text/plain", strings.NewReader(strings.Repeat("An invented example. ", 10_000)))
	check(t, err)
	_, err = p.Exchange.Submit(ctx, d.ID, p.First("SSPC"))
	check(t, err)
	a, err := p.Exchange.Approve(ctx, d.ID, p.Second("SSPC"))
	check(t, err)
	return a.Ref
}

// state is a release as a party sees it.
func state(t *testing.T, p *parties.Party, ref entente.Ref) *exchange.ReleaseState {
	t.Helper()
	r, err := p.Exchange.Release(t.Context(), exchange.Node, ref, p.Clock().Now())
	check(t, err)
	return r
}

// is checks the state of a release at some desks.
func is(t *testing.T, ref entente.Ref, want exchange.State, at ...*parties.Party) {
	t.Helper()
	for _, p := range at {
		if got := state(t, p, ref).State; got != want {
			t.Errorf("%s: the release is %s, want %s", p.Writer().Writer(), got, want)
		}
	}
}

// text opens a release at the receiving party.
func text(t *testing.T, x *exchange.Exchange, by exchange.Reader, ref entente.Ref) string {
	t.Helper()
	o, err := x.Open(t.Context(), by, ref, purpose)
	check(t, err)
	defer o.Close()
	check(t, o.Check())
	return o.Manifest().Text
}

// nothing: not a byte of a payload is in a party's directory.
func nothing(t *testing.T, p *parties.Party, d entente.Digest) {
	t.Helper()
	for _, folder := range []string{"vault", "payloads"} {
		found, err := filepath.Glob(filepath.Join(p.Dir(), folder, "*"+d.String()+"*"))
		check(t, err)
		hidden, err := filepath.Glob(filepath.Join(p.Dir(), folder, ".*"+d.String()+"*"))
		check(t, err)
		if len(found)+len(hidden) > 0 {
			t.Errorf("%s has %v %v", p.Writer().Writer(), found, hidden)
		}
	}
}

func refused(t *testing.T, code string, err error) {
	t.Helper()
	var r *node.Refusal
	if !errors.As(err, &r) || r.Code != code {
		t.Errorf("not refused by %s: %v", code, err)
	}
}

func same(t *testing.T, w *parties.World) {
	t.Helper()
	mx, err := w.MX.View(entente.Shared).Digest(t.Context())
	check(t, err)
	us, err := w.US.View(entente.Shared).Digest(t.Context())
	check(t, err)
	if mx != us {
		t.Error("the shared digests differ")
	}
}

// TestAnExchangeOnADisk: released there, received here, the receipt goes back, and so
// does the recall with both deletions.
func TestAnExchangeOnADisk(t *testing.T) {
	w := apart(t)
	ctx := t.Context()
	ref := release(t, w.MX)
	digest := state(t, w.MX, ref).Body.Content.Digest
	first := write(t, w.MX, w.US)
	if got := load(t, w.US, first); got.Files != 1 {
		t.Errorf("took %+v", got)
	}
	if !w.US.Payloads().Has(digest) {
		t.Fatal("the payload did not come along")
	}
	_, err := w.US.Exchange.Open(ctx, w.US.Reader("CBP"), ref, purpose)
	refused(t, "exchange.not_here", err) // the gate has not decided
	settle(t, w.US)
	is(t, ref, exchange.Received, w.US)
	if got := text(t, w.US.Exchange, w.US.Reader("CBP"), ref); got != "An invented answer." {
		t.Errorf("opened %q", got)
	}
	is(t, ref, exchange.Sent, w.MX)
	carry(t, w.US, w.MX)
	is(t, ref, exchange.Received, w.MX, w.US)
	same(t, w)

	_, err = w.MX.Exchange.Recall(ctx, exchange.By{Officer: w.MX.Second("SSPC")}, ref, "inaccurate")
	check(t, err)
	settle(t, w.MX)
	carry(t, w.MX, w.US)
	carry(t, w.US, w.MX)
	is(t, ref, exchange.Deleted, w.MX, w.US)
	same(t, w)
	if got := load(t, w.US, first); got.Shredded != 1 || got.Files != 0 {
		t.Errorf("an old pouch brings it back: %+v", got)
	}
	settle(t, w.US)
	for _, p := range w.Both() {
		nothing(t, p, digest)
		if n := len(state(t, p, ref).Deletions); n != 2 {
			t.Errorf("%d deletions stated, want one of each party", n)
		}
	}
}

// TestADiode: one way only. What was released is received and opened, recalled and
// shredded there, and nothing of that ever comes back.
func TestADiode(t *testing.T) {
	w := apart(t)
	ctx := t.Context()
	var refs []entente.Ref
	for i := range 3 {
		refs = append(refs, release(t, w.MX))
		carry(t, w.MX, w.US)
		for _, ref := range refs {
			is(t, ref, exchange.Received, w.US)
			is(t, ref, exchange.Sent, w.MX)
		}
		if got := text(t, w.US.Exchange, w.US.Reader("CBP"), refs[i]); got != "An invented answer." {
			t.Errorf("opened %q", got)
		}
	}
	_, err := w.MX.Exchange.Recall(ctx, exchange.By{Officer: w.MX.Second("SSPC")}, refs[0], "legal")
	check(t, err)
	settle(t, w.MX)
	taken := carry(t, w.MX, w.US)
	if taken.Held != 2 || taken.Files != 0 {
		t.Errorf("the pouch after the recall: %+v", taken)
	}
	is(t, refs[0], exchange.Deleted, w.US)
	nothing(t, w.US, state(t, w.US, refs[0]).Body.Content.Digest)
	if jobs, err := w.US.Store().Jobs(ctx, w.US.Clock().Now(), 10); err != nil || len(jobs) != 0 {
		t.Errorf("jobs left %v, %v", jobs, err)
	}
}

// TestWhatTheGateRejectsLeavesNothing: not the payload of a release, nor that of a
// question, though both were on the disk; and an old pouch does not change that.
func TestWhatTheGateRejectsLeavesNothing(t *testing.T) {
	w := apart(t)
	ctx := t.Context()
	short := release(t, w.MX, func(r *entente.Release) {
		r.Handling.Retain = entente.Date(w.Clock.Now().UTC().Format(time.DateOnly))
	})
	digest := state(t, w.MX, short).Body.Content.Digest
	asked, question := ask(t, w.MX)
	_, err := w.MX.Exchange.WithdrawRequest(ctx, exchange.By{Officer: w.MX.First("SSPC"), Second: w.MX.Second("SSPC")}, asked)
	check(t, err)
	disk := write(t, w.MX, w.US)
	w.Clock.Move(48 * time.Hour)
	for range 2 {
		load(t, w.US, disk)
		for _, err := range []error{
			second(w.US.Exchange.Open(ctx, w.US.Reader("CBP"), short, purpose)),
			second(w.US.Exchange.Export(ctx, w.US.Reader("CBP"), short, purpose)),
			second(w.US.Exchange.OpenQuestion(ctx, w.US.Reader("CBP"), asked)),
		} {
			if err == nil {
				t.Error("it is opened before the gate decided")
			}
		}
		settle(t, w.US)
		is(t, short, exchange.Rejected, w.US)
		nothing(t, w.US, digest)
		nothing(t, w.US, question)
	}
	carry(t, w.US, w.MX)
	is(t, short, exchange.Rejected, w.MX)
	if r := state(t, w.MX, short); r.Receipt.Body.Reason != "expired" || !r.DeletedBy(entente.US) {
		t.Errorf("rejected for %s, deletions %+v", r.Receipt.Body.Reason, r.Deletions)
	}
}

func second[T any](_ T, err error) error { return err }

// ask has SSPC of Mexico ask CBP something, and returns the digest of the question.
func ask(t *testing.T, p *parties.Party) (entente.Ref, entente.Digest) {
	t.Helper()
	ctx := t.Context()
	d, err := p.Exchange.Begin(ctx, p.User("sspc-first"), entente.TypeRequest, "", entente.Request{
		To: entente.US, Agencies: []string{"CBP"}, Areas: []string{"A01"}, Kind: entente.AskData, Purpose: purpose, Basis: "own_law", Urgency: "routine",
		Due:           p.Clock().Now().AddDate(0, 0, 7).UTC().Truncate(time.Second),
		Authorisation: &entente.Authorisation{Reference: "EXAMPLE-1", Authority: "Example office", Date: "2026-01-01"},
	})
	check(t, err)
	check(t, p.Exchange.SetText(ctx, exchange.ViewerOf(p.User("sspc-first")), d.ID, "Example", "An invented question."))
	_, err = p.Exchange.Submit(ctx, d.ID, p.First("SSPC"))
	check(t, err)
	a, err := p.Exchange.Approve(ctx, d.ID, p.Second("SSPC"))
	check(t, err)
	r, err := p.Exchange.Request(ctx, exchange.Node, a.Ref, p.Clock().Now())
	check(t, err)
	return a.Ref, r.Body.Question.Digest
}

// TestAQuestionIsOpenedOnceTheGateTookItIn.
func TestAQuestionIsOpenedOnceTheGateTookItIn(t *testing.T) {
	w := apart(t)
	ctx := t.Context()
	asked, digest := ask(t, w.MX)
	load(t, w.US, write(t, w.MX, w.US))
	if !w.US.Payloads().Has(digest) {
		t.Fatal("the question did not come along")
	}
	_, err := w.US.Exchange.OpenQuestion(ctx, w.US.Reader("CBP"), asked)
	refused(t, "exchange.not_here", err)
	settle(t, w.US)
	o, err := w.US.Exchange.OpenQuestion(ctx, w.US.Reader("CBP"), asked)
	check(t, err)
	defer o.Close()
	if o.Manifest().Text != "An invented question." {
		t.Errorf("it reads %q", o.Manifest().Text)
	}
}

// TestAPauseHoldsPouchesToo: what is paused or held stays, and goes when that is over.
func TestAPauseHoldsPouchesToo(t *testing.T) {
	w := apart(t)
	ctx := t.Context()
	ref := release(t, w.MX)
	releasing := exchange.By{Officer: w.MX.Second("SSPC")}
	d, err := w.MX.Exchange.Pause(ctx, releasing, entente.Pause{Scope: "area", Area: "A01"})
	check(t, err)
	if taken := carry(t, w.MX, w.US); taken.Files != 0 {
		t.Errorf("the payload left during the pause: %+v", taken)
	}
	is(t, ref, exchange.Sent, w.US)
	_, err = w.MX.Exchange.Resume(ctx, exchange.By{Officer: w.MX.First("SSPC"), Second: w.MX.Second("SSPC")}, d.Entry.Ref)
	check(t, err)
	if taken := carry(t, w.MX, w.US); taken.Files != 1 {
		t.Errorf("the payload did not leave after the pause: %+v", taken)
	}
	w.Clock.Move(time.Hour) // whatever kept it waiting
	settle(t, w.US)
	is(t, ref, exchange.Received, w.US)
}

// TestAPouchIsTakenBesideANodeThatServes: a command takes it in another process, and
// the node states receipts, opens and shreds as ever.
func TestAPouchIsTakenBesideANodeThatServes(t *testing.T) {
	w := apart(t)
	var refs []entente.Ref
	for range 5 {
		refs = append(refs, release(t, w.MX))
	}
	disk := write(t, w.MX, w.US)
	_, err := w.MX.Exchange.Recall(t.Context(), exchange.By{Officer: w.MX.Second("SSPC")}, refs[0], "inaccurate")
	check(t, err)
	settle(t, w.MX)
	recall := write(t, w.MX, w.US)
	w.MX.Close()
	w.US.Run()
	other, x := beside(t, w.US, entente.MX)
	for _, at := range []string{disk, recall, disk} {
		found, err := pouch.Find(at)
		check(t, err)
		_, err = other.Import(t.Context(), found[0])
		check(t, err)
		_, err = x.Once(t.Context()) // as the command does; the node that serves is at it too
		check(t, err)
	}
	until(t, "all is taken in", func() bool {
		for i, ref := range refs {
			r := state(t, w.US, ref)
			if want := map[bool]exchange.State{true: exchange.Deleted, false: exchange.Received}[i == 0]; r.State != want {
				return false
			}
		}
		return true
	})
	for i, ref := range refs {
		digest := state(t, w.US, ref).Body.Content.Digest
		if i == 0 {
			nothing(t, w.US, digest)
			continue
		}
		if got := text(t, w.US.Exchange, w.US.Reader("CBP"), ref); got != "An invented answer." {
			t.Errorf("opened %q", got)
		}
	}
	for typ, want := range map[entente.Type]int{entente.TypeReceipt: 5, entente.TypeDeletion: 2} {
		page, err := store.List[struct{}](t.Context(), w.US.View(entente.Shared), store.Query{Type: typ, Versions: true})
		check(t, err)
		if page.Total != want {
			t.Errorf("%d %s entries, want %d", page.Total, typ, want)
		}
	}
}

// TestNothingIsSealedToARevokedKey: word of it in the log that arrived first counts.
func TestNothingIsSealedToARevokedKey(t *testing.T) {
	w := parties.Quiet(t)
	ctx := t.Context()
	root, err := w.US.Keys().UnlockRoot(parties.Passphrase)
	check(t, err)
	defer root.Close()
	for _, b := range w.US.Ring().Bindings(entente.RoleSeal) {
		if b.Agency == "" {
			check(t, w.US.RevokeKey(ctx, b.Name, nil, root))
		}
	}
	check(t, w.MX.Net.Round(ctx, w.US.Origin(entente.Public)))
	_, err = pouches(w.MX).Export(ctx, pouch.Request{To: "US", Path: t.TempDir()})
	if !errors.Is(err, pouch.ErrNoKey) {
		t.Errorf("a pouch is sealed to a revoked key: %v", err)
	}
}

// beside opens a node once more, as a command does while it serves.
func beside(t *testing.T, p *parties.Party, peer entente.Party) (*pouch.Node, *exchange.Exchange) {
	t.Helper()
	ctx := context.Background()
	n, err := node.Open(ctx, p.Dir(), node.Options{Passphrase: parties.Passphrase, WorkFactor: 2, Clock: p.Clock().Now})
	check(t, err)
	t.Cleanup(func() { check(t, n.Close()) })
	x, err := exchange.New(exchange.Options{Node: n, Clock: p.Clock().Now})
	check(t, err)
	net, err := network.New(ctx, network.Options{
		Store: n.Store(), Blobs: n.Blobs(), Ring: n.Ring(), Payloads: n.Payloads(), Interval: time.Hour, Logger: slog.New(slog.DiscardHandler),
		Peers: []network.Peer{{Writer: string(peer)}},
	})
	check(t, err)
	return &pouch.Node{
		Store: n.Store(), Blobs: n.Blobs(), Payloads: n.Payloads(), Keys: n.Ring(), Network: net, Withholds: x.Withholds, Dir: p.Dir(), Now: p.Clock().Now,
	}, x
}

func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}
