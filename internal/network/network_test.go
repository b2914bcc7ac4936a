package network_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"entente"
	"entente/internal/follow"
	"entente/internal/merkle"
	"entente/internal/network"
	"entente/internal/peer"
	"entente/internal/store"
	"entente/test/nodes"
)

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// until waits for what other goroutines bring about.
func until(tb testing.TB, what string, done func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			tb.Fatalf("never: %s", what)
		}
	}
}

// party and observer are the nodes of most tests.
func parties(tb testing.TB) (mx, us, portal *nodes.Node) {
	tb.Helper()
	mx, us = nodes.New(tb, entente.Author{Party: entente.MX}), nodes.New(tb, entente.Author{Party: entente.US})
	portal = nodes.New(tb, entente.Author{Observer: "portal"})
	nodes.Connect(tb, mx, us, portal)
	return mx, us, portal
}

func run(all ...*nodes.Node) {
	for _, n := range all {
		n.Run()
	}
}

// state is what a node holds of a log.
func state(tb testing.TB, n *nodes.Node, origin string) store.LogState {
	tb.Helper()
	l, err := n.Store().Log(tb.Context(), origin)
	check(tb, err)
	return l
}

// holds reports whether n holds the log of its writer whole.
func holds(tb testing.TB, n, writer *nodes.Node, a entente.Audience) bool {
	tb.Helper()
	got, want := state(tb, n, writer.Origin(a)), state(tb, writer, writer.Origin(a))
	return got.Size == want.Size && got.Root == want.Root
}

func digest(tb testing.TB, n *nodes.Node, a entente.Audience) entente.Digest {
	tb.Helper()
	d, err := n.View(a).Digest(tb.Context())
	check(tb, err)
	return d
}

func appended(tb testing.TB, n *nodes.Node, drafts ...store.Draft) {
	tb.Helper()
	_, err := n.Store().Append(tb.Context(), drafts...)
	check(tb, err)
}

// rounds has n follow every log it follows once.
func rounds(tb testing.TB, n *nodes.Node) {
	tb.Helper()
	for origin := range n.Net.Status() {
		if err := n.Net.Round(tb.Context(), origin); err != nil {
			tb.Fatalf("%s follows %s: %v", n.Name(), origin, err)
		}
	}
}

// cosigned reports whether the checkpoint of n's log carries a cosignature of by
// and n's own ML-DSA signature.
func cosigned(tb testing.TB, n, by *nodes.Node, a entente.Audience) bool {
	tb.Helper()
	var known []note.Verifier
	for _, b := range by.Ring().Bindings(entente.RoleLog) {
		v, err := merkle.NewCosignatureVerifier(b.Public)
		check(tb, err)
		known = append(known, v)
	}
	for _, b := range n.Ring().Bindings(entente.RoleMLDSA) {
		v, err := merkle.NewVerifier(b.Public)
		check(tb, err)
		known = append(known, v)
	}
	l := state(tb, n, n.Origin(a))
	c, sigs, err := merkle.Open(l.Checkpoint, l.Origin, known...)
	return err == nil && c.Size == l.Size && len(sigs) == 2
}

func evidence(tb testing.TB, n *nodes.Node) []store.EvidenceFile {
	tb.Helper()
	files, err := n.Store().Evidence(tb.Context())
	check(tb, err)
	return files
}

// TestNodesAgree: entries appended at either party reach the other by hints alone,
// the portal by polling; the parties cosign; digests are equal wherever both see.
func TestNodesAgree(t *testing.T) {
	mx, us, portal := parties(t)
	portal.Join([]*nodes.Node{mx, us}, func(o *network.Options) { o.Interval = 20 * time.Millisecond })
	run(mx, us, portal)
	both := []entente.Audience{entente.Shared, entente.Public}
	for _, a := range both {
		until(t, "genesis of "+string(a)+" followed", func() bool { return holds(t, us, mx, a) && holds(t, mx, us, a) })
	}
	for i := range 20 {
		for _, a := range entente.Audiences {
			appended(t, mx, mx.Commitment(a, i))
			appended(t, us, us.Commitment(a, i))
		}
	}
	for _, a := range both {
		until(t, "the parties hold each other's "+string(a)+" log", func() bool { return holds(t, us, mx, a) && holds(t, mx, us, a) })
		until(t, string(a)+" checkpoints are cosigned", func() bool { return cosigned(t, mx, us, a) && cosigned(t, us, mx, a) })
		if digest(t, mx, a) != digest(t, us, a) {
			t.Errorf("the %s digests differ", a)
		}
	}
	until(t, "the portal has caught up", func() bool { return holds(t, portal, mx, entente.Public) && holds(t, portal, us, entente.Public) })
	if digest(t, portal, entente.Public) != digest(t, mx, entente.Public) {
		t.Error("the portal's public digest differs")
	}
	until(t, "the desk says how it stands with the peer", func() bool {
		p, err := mx.Store().Peers(t.Context())
		check(t, err)
		return len(p) == 2 && slices.ContainsFunc(p, func(s store.PeerState) bool {
			return s.Peer == "US" && s.Error == "" && s.Cosigned[mx.Origin(entente.Public)] == 21 && s.Seen[us.Origin(entente.Shared)].Size == 21
		})
	})
	if len(evidence(t, mx))+len(evidence(t, us))+len(evidence(t, portal)) > 0 {
		t.Error("honest logs are accused")
	}
}

// as is a client with a node's TLS key that takes any server.
func as(tb testing.TB, n *nodes.Node) *http.Client {
	tb.Helper()
	c := &tls.Config{MinVersion: tls.VersionTLS13, InsecureSkipVerify: true}
	if n != nil {
		bindings := n.Ring().Bindings(entente.RoleTLS)
		k, err := n.Ring().Key(bindings[0].Name)
		check(tb, err)
		cert, err := k.TLS()
		check(tb, err)
		c.Certificates = []tls.Certificate{cert}
	}
	client := peer.HTTPClient(c)
	tb.Cleanup(client.CloseIdleConnections)
	return client
}

func get(tb testing.TB, c *http.Client, url string) (int, error) {
	tb.Helper()
	res, err := c.Get(url)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}

// TestWhoMayReadWhat: the audience is the log.
func TestWhoMayReadWhat(t *testing.T) {
	mx, us, portal := parties(t)
	rounds(t, mx)
	stranger := nodes.New(t, entente.Author{Party: entente.US}) // claims to be the United States
	for name, who := range map[string]*nodes.Node{"no key": nil, "a stranger": stranger, "the portal": portal} {
		if code, err := get(t, as(t, who), mx.Link+"/log/"+mx.Origin(entente.Shared)+"/checkpoint"); err == nil {
			t.Errorf("%s shook hands with the peer listener and got %d", name, code)
		}
	}
	party, open := as(t, us), http.DefaultClient
	for _, c := range []struct {
		client *http.Client
		url    string
		want   int
	}{
		{party, mx.Link + "/log/" + mx.Origin(entente.Shared), 200},
		{party, mx.Link + "/log/" + mx.Origin(entente.Public), 200},
		{party, mx.Link + "/log/" + mx.Origin(entente.National), 404},
		{party, mx.Link + "/log/" + us.Origin(entente.Shared), 404},
		{party, mx.Link + "/mirror/" + us.Origin(entente.Shared), 200},
		{party, mx.Link + "/mirror/" + us.Origin(entente.Public), 200},
		{party, mx.Link + "/mirror/" + mx.Origin(entente.Shared), 404},
		{party, mx.Link + "/mirror/" + mx.Origin(entente.National), 404},
		{open, mx.Public + "/log/" + mx.Origin(entente.Public), 200},
		{open, mx.Public + "/log/" + mx.Origin(entente.Shared), 404},
		{open, mx.Public + "/log/" + mx.Origin(entente.National), 404},
		{open, mx.Public + "/mirror/" + us.Origin(entente.Public), 200},
		{open, mx.Public + "/mirror/" + us.Origin(entente.Shared), 404},
		{open, mx.Public + "/mirror/" + mx.Origin(entente.Public), 404},
		{open, mx.Public + "/log/demo.nobody.entente/public", 404},
	} {
		if got, err := get(t, c.client, c.url+"/checkpoint"); err != nil || got != c.want {
			t.Errorf("GET %s/checkpoint = %d, %v, want %d", c.url, got, err, c.want)
		}
	}
}

func TestFilesAreFetchedByDigest(t *testing.T) {
	mx, us, _ := parties(t)
	ctx := t.Context()
	good := strings.Repeat("month,events\n2025-07,15\n", 1000)
	d, size, err := us.Blobs().Put(ctx, strings.NewReader(good))
	check(t, err)
	if err := mx.Net.FetchBlob(ctx, "US", d, size-1); err == nil || !strings.Contains(err.Error(), "larger") {
		t.Errorf("a file larger than agreed: %v", err)
	}
	other := entente.DigestOf([]byte("another file"))
	if err := mx.Net.FetchBlob(ctx, "US", other, size); err == nil {
		t.Error("a file that is not there was fetched")
	}
	if has, err := mx.Blobs().Has(ctx, d); err != nil || has {
		t.Fatalf("something was kept of a file that was refused: %v, %v", has, err)
	}
	check(t, mx.Net.FetchBlob(ctx, "US", d, size))
	f, _, err := mx.Blobs().Get(ctx, d)
	check(t, err)
	defer f.Close()
	if got, err := io.ReadAll(f); err != nil || string(got) != good {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	if err := mx.Net.FetchBlob(ctx, "XX", d, size); err == nil {
		t.Error("a file was fetched from a node nobody knows")
	}
}

// swapped answers every request for a file with another file.
type swapped struct{ body string }

func (s swapped) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Status: "200 OK", Request: r, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(s.body))}, nil
}

func TestNothingIsKeptOfAnotherFile(t *testing.T) {
	mx, us, _ := parties(t)
	mx.Join([]*nodes.Node{us}, func(o *network.Options) {
		o.Transport = func(network.Peer, *tls.Config) http.RoundTripper { return swapped{"another file"} }
	})
	want := entente.DigestOf([]byte("the file"))
	if err := mx.Net.FetchBlob(t.Context(), "US", want, 100); err == nil {
		t.Error("another file was taken for the one asked for")
	}
	for _, d := range []entente.Digest{want, entente.DigestOf([]byte("another file"))} {
		if has, err := mx.Blobs().Has(t.Context(), d); err != nil || has {
			t.Errorf("%s is kept: %v, %v", d, has, err)
		}
	}
}

// accuse hands evidence to a node's peer listener as another's node would.
func accuse(tb testing.TB, from, to *nodes.Node, e merkle.Evidence) int {
	tb.Helper()
	b, err := e.Encode()
	check(tb, err)
	res, err := as(tb, from).Post(to.Link+peer.EvidencePath, "application/json", bytes.NewReader(b))
	check(tb, err)
	check(tb, res.Body.Close())
	return res.StatusCode
}

// TestWhatARevokedKeySignedCounts: a log key that was revoked since still proves
// what was signed with it; no other key proves anything.
func TestWhatARevokedKeySignedCounts(t *testing.T) {
	mx, us, _ := parties(t)
	rounds(t, us)
	old, err := mx.Ring().Signer(mx.Ring().Bindings(entente.RoleLog)[0].Name)
	check(t, err)
	origin := mx.Origin(entente.Shared)
	two := func(s note.Signer) merkle.Evidence {
		sign := func(root string) string {
			raw, err := merkle.Sign(merkle.Checkpoint{Origin: origin, Size: 7, Root: entente.DigestOf([]byte(root))}, s)
			check(t, err)
			return string(raw)
		}
		return merkle.Evidence{Format: merkle.EvidenceFormat, Kind: merkle.EqualSize, Origin: origin, Held: sign("a"), Shown: sign("b")}
	}
	root := mx.Root()
	defer root.Close()
	_, err = mx.RotateKey(t.Context(), old.Name(), root)
	check(t, err)
	rounds(t, us)
	agency, err := mx.Ring().Signer(mx.Ring().Bindings(entente.RoleAgency)[0].Name)
	check(t, err)
	if code := accuse(t, mx, us, two(agency)); code != http.StatusUnprocessableEntity || len(evidence(t, us)) > 0 {
		t.Fatalf("evidence under another key: %d, %d files", code, len(evidence(t, us)))
	}
	before := digest(t, us, entente.Shared)
	for range 2 { // the second time it is known
		if code := accuse(t, mx, us, two(old)); code != http.StatusNoContent || len(evidence(t, us)) != 1 {
			t.Fatalf("evidence under the revoked key: %d, %d files", code, len(evidence(t, us)))
		}
	}
	if err := us.Net.Round(t.Context(), origin); !errors.Is(err, follow.ErrContradicted) {
		t.Errorf("the log is followed on: %v", err)
	}
	if digest(t, us, entente.Shared) != before {
		t.Error("what was held has changed")
	}
	if code := accuse(t, mx, us, merkle.Evidence{Format: merkle.EvidenceFormat, Kind: merkle.EqualSize, Origin: "demo.nobody.entente/public"}); code != http.StatusNotFound {
		t.Errorf("evidence against no log known here: %d", code)
	}
}

// copyFile copies a file, for backups and lies.
func copyFile(tb testing.TB, from, to string) {
	tb.Helper()
	b, err := os.ReadFile(from)
	check(tb, err)
	check(tb, os.WriteFile(to, b, 0o600))
}

// putBack closes a node and puts a database in the place of its own.
func putBack(tb testing.TB, n *nodes.Node, backup string, restored bool) {
	tb.Helper()
	n.Close()
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(n.Database() + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			tb.Fatal(err)
		}
	}
	copyFile(tb, backup, n.Database())
	n.Open(restored)
}

// TestARestoredNodeDoesNotForkItsOwnLog: after a restore it is read-only and shows
// no checkpoint until everyone who mirrors its logs was asked for the tails.
func TestARestoredNodeDoesNotForkItsOwnLog(t *testing.T) {
	mx, us, portal := parties(t)
	ctx := t.Context()
	backup := t.TempDir() + "/backup.db"
	check(t, mx.Store().Backup(ctx, backup))
	for i := range 5 {
		appended(t, mx, mx.Commitment(entente.Shared, i), mx.Commitment(entente.Public, i))
		if i < 3 {
			rounds(t, us)
		}
		rounds(t, portal) // who knows more of the public log than the other party
	}
	lost := mx.Commitment(entente.Public, 9)
	putBack(t, mx, backup, true)
	mx.Again(us, portal)
	if _, err := mx.Store().Append(ctx, lost); !errors.Is(err, store.ErrRestored) {
		t.Fatalf("a restored node appends: %v", err)
	}
	for range 3 {
		if err := us.Net.Round(ctx, mx.Origin(entente.Public)); err == nil || errors.Is(err, follow.ErrRolledBack) {
			t.Fatalf("a restored node's log is followed: %v", err)
		}
	}
	portal.Close()
	if r, err := mx.Net.Recover(ctx); err == nil || !mx.Store().Restored() {
		t.Fatalf("recovered without asking the portal: %+v, %v", r, err)
	}
	portal.Open(false)
	portal.Again(mx, us)
	r, err := mx.Net.Recover(ctx)
	check(t, err)
	if mx.Store().Restored() {
		t.Fatal("the node is read-only after it recovered")
	}
	want := map[entente.Audience]uint64{entente.Shared: 4, entente.Public: 6}
	for a, size := range want {
		if got := state(t, mx, mx.Origin(a)).Size; got != size {
			t.Errorf("%s: %d entries recovered, want %d (%+v)", a, got, size, r)
		}
	}
	appended(t, mx, lost)
	for _, n := range []*nodes.Node{us, portal, mx} {
		rounds(t, n)
	}
	if digest(t, us, entente.Shared) != digest(t, mx, entente.Shared) || digest(t, portal, entente.Public) != digest(t, mx, entente.Public) {
		t.Error("digests differ after the recovery")
	}
	if n := len(evidence(t, us)) + len(evidence(t, portal)) + len(evidence(t, mx)); n > 0 {
		t.Errorf("%d files of evidence against an honest log", n)
	}
}

// TestALostTreeThatWasSignedIsNotContradicted: the other party was shown a signed
// tree and could not fetch it before the node lost it.
func TestALostTreeThatWasSignedIsNotContradicted(t *testing.T) {
	mx, us, portal := parties(t)
	ctx := t.Context()
	rounds(t, us)
	rounds(t, portal)
	backup := t.TempDir() + "/backup.db"
	check(t, mx.Store().Backup(ctx, backup))
	appended(t, mx, mx.Commitment(entente.Shared, 1))
	origin := mx.Origin(entente.Shared)
	check(t, us.Store().SetMeta(ctx, "seen-checkpoint/"+origin, state(t, mx, origin).Checkpoint))
	putBack(t, mx, backup, true)
	mx.Again(us, portal)
	if r, err := mx.Net.Recover(ctx); err == nil || !strings.Contains(err.Error(), "2 entries, of which 1") || !mx.Store().Restored() {
		t.Errorf("the node appends beside what it had signed: %+v, %v", r, err)
	}
}

// TestALieIsOnBothDesks: a node that goes back and says something else is proven a
// liar, to itself as well, and what it had said goes on being served.
func TestALieIsOnBothDesks(t *testing.T) {
	mx, us, portal := parties(t)
	ctx := t.Context()
	backup := t.TempDir() + "/backup.db"
	check(t, mx.Store().Backup(ctx, backup))
	appended(t, mx, mx.Commitment(entente.Shared, 1))
	rounds(t, us)
	before := digest(t, us, entente.Shared)
	putBack(t, mx, backup, false)
	appended(t, mx, mx.Commitment(entente.Shared, 2))
	mx.Again(us, portal)
	run(mx, us)
	until(t, "the proof is on both desks", func() bool { return len(evidence(t, us)) == 1 && len(evidence(t, mx)) == 1 })
	e, err := merkle.DecodeEvidence(evidence(t, us)[0].File)
	check(t, err)
	v, err := merkle.NewVerifier(mx.Ring().Bindings(entente.RoleLog)[0].Public)
	check(t, err)
	if verdict, err := merkle.VerifyEvidence(e, v); err != nil || !verdict.Proven {
		t.Errorf("a third party does not find it proven: %+v, %v", verdict, err)
	}
	if digest(t, us, entente.Shared) != before || us.Net.Status()[mx.Origin(entente.Shared)].Phase != follow.Contradicted {
		t.Error("what was held is not served as it was, or the lie is not said")
	}
	if code, err := get(t, as(t, mx), us.Link+"/mirror/"+mx.Origin(entente.Shared)+"/checkpoint"); err != nil || code != 200 {
		t.Errorf("the mirror of the log is no longer served: %d, %v", code, err)
	}
}

// TestTwoStoriesForTwoReadersAreCaught: a writer that shows the public one log and
// the other party another is proven to by the mirror that the other party keeps.
func TestTwoStoriesForTwoReadersAreCaught(t *testing.T) {
	mx, us, portal := parties(t)
	backup := t.TempDir() + "/backup.db"
	check(t, mx.Store().Backup(t.Context(), backup))
	appended(t, mx, mx.Commitment(entente.Public, 1))
	rounds(t, us)
	putBack(t, mx, backup, false)
	appended(t, mx, mx.Commitment(entente.Public, 2))
	mx.Again(us, portal)
	portal.Join([]*nodes.Node{mx, us}, func(o *network.Options) { o.Interval = 20 * time.Millisecond })
	rounds(t, portal) // it has seen nothing but the second story
	if len(evidence(t, portal)) != 0 {
		t.Fatal("the portal has evidence before it looked at a mirror")
	}
	run(portal)
	until(t, "the portal holds the proof", func() bool { return len(evidence(t, portal)) == 1 })
	e, err := merkle.DecodeEvidence(evidence(t, portal)[0].File)
	check(t, err)
	v, err := merkle.NewVerifier(mx.Ring().Bindings(entente.RoleLog)[0].Public)
	check(t, err)
	if verdict, err := merkle.VerifyEvidence(e, v); err != nil || !verdict.Proven {
		t.Errorf("a third party does not find it proven: %+v, %v", verdict, err)
	}
}

// TestTLSKeysChange: a new TLS key, with the old one revoked at once, is learned
// from the public log, and the connections under the old one end.
func TestTLSKeysChange(t *testing.T) {
	mx, us, _ := parties(t)
	rounds(t, us)
	rounds(t, mx)
	root := mx.Root()
	defer root.Close()
	old := mx.Ring().Bindings(entente.RoleTLS)[0].Name
	_, err := mx.RotateKey(t.Context(), old, root)
	check(t, err)
	appended(t, mx, mx.Commitment(entente.Shared, 1))
	check(t, us.Net.Round(t.Context(), mx.Origin(entente.Public)))
	until(t, "both are reached under the new key", func() bool {
		for _, way := range []struct{ from, to *nodes.Node }{{us, mx}, {mx, us}} {
			if way.from.Net.Round(t.Context(), way.to.Origin(entente.Shared)) != nil {
				return false
			}
		}
		return true
	})
	if !holds(t, us, mx, entente.Shared) {
		t.Error("the shared log is not followed under the new key")
	}
	k, err := mx.Ring().Key(old)
	check(t, err)
	cert, err := k.TLS()
	check(t, err)
	revoked := peer.HTTPClient(&tls.Config{MinVersion: tls.VersionTLS13, InsecureSkipVerify: true, Certificates: []tls.Certificate{cert}})
	defer revoked.CloseIdleConnections()
	if code, err := get(t, revoked, us.Link+"/log/"+us.Origin(entente.Shared)+"/checkpoint"); err == nil {
		t.Errorf("the revoked key was let in: %d", code)
	}
}
