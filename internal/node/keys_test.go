package node

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/internal/keys"
	"entente/internal/merkle"
	"entente/internal/store"
)

func (w *world) root(p *party) *keys.Key {
	w.t.Helper()
	k, err := p.Keys().UnlockRoot(passphrase)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(k.Close)
	return k
}

func TestAnOfficerSignsWithTheOwnPassphraseOnly(t *testing.T) {
	w := newWorld(t).found()
	if _, err := w.mx.UnlockOfficer(t.Context(), "first", "another one"); !errors.Is(err, keys.ErrPassphrase) {
		t.Errorf("a wrong passphrase: %v", err)
	}
	w.refuses(w.mx.Node, "node.officer_unknown", func() error { _, err := w.mx.UnlockOfficer(t.Context(), "nobody", passphrase); return err })
	if err := w.mx.ChangeOfficerPassphrase(t.Context(), "first", passphrase, "fresh passphrase"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.mx.UnlockOfficer(t.Context(), "first", passphrase); !errors.Is(err, keys.ErrPassphrase) {
		t.Errorf("the old passphrase: %v", err)
	}
	o, err := w.mx.UnlockOfficer(t.Context(), "first", "fresh passphrase")
	if err != nil {
		t.Fatal(err)
	}
	in := w.mx.intent(entente.Public, "m1")
	in.By = o
	w.mx.append(t, in)
	o.Lock()
	w.refuses(w.mx.Node, "node.officer_locked", func() error { _, err := w.mx.Append(t.Context(), in); return err })
}

func TestKeysChangeInAllLogsAtOnce(t *testing.T) {
	w := newWorld(t).found()
	root := w.root(w.mx)
	before := w.sizes(w.mx.Node)
	if _, err := w.mx.AddOfficer(t.Context(), NewOfficer{
		Name: "third", Agency: "SSPC", Roles: []string{"officer", RoleReleasing}, Passphrase: passphrase,
	}, root); err != nil {
		t.Fatal(err)
	}
	for i, size := range w.sizes(w.mx.Node) {
		if size != before[i]+1 {
			t.Errorf("log %d grew from %d to %d", i, before[i], size)
		}
	}
	third := w.unlock(w.mx.Node, "third")
	in := w.mx.intent(entente.Public, "m1")
	in.Second = third
	w.mx.append(t, in)
	// A revoked key signs nothing, and what it signed stands.
	if err := w.mx.RevokeKey(t.Context(), third.Key(), nil, root); err != nil {
		t.Fatal(err)
	}
	in.Subject = "m2"
	w.refuses(w.mx.Node, "rule.key_inactive", func() error { _, err := w.mx.Append(t.Context(), in); return err })
	w.refuses(w.mx.Node, "node.officer_unknown", func() error { _, err := w.mx.UnlockOfficer(t.Context(), "third", passphrase); return err })
	w.refuses(w.mx.Node, "node.key_unknown", func() error { return w.mx.RevokeKey(t.Context(), third.Key(), nil, root) })
	// A new key in place of the old one.
	first := w.mx.first.Key()
	if _, err := w.mx.AddOfficer(t.Context(), NewOfficer{Name: "first", Passphrase: passphrase}, root); err != nil {
		t.Fatal(err)
	}
	w.refuses(w.mx.Node, "rule.key_inactive", func() error { _, err := w.mx.Append(t.Context(), w.mx.intent(entente.Public, "m2")); return err })
	w.mx.first = w.unlock(w.mx.Node, "first")
	if w.mx.first.Key() == first || w.mx.first.Agency() != "SRE" {
		t.Errorf("the officer is %s of %s", w.mx.first.Key(), w.mx.first.Agency())
	}
	w.mx.append(t, w.mx.intent(entente.Public, "m2"))
	w.sync()
	states := must(w.mx.KeyStates(t.Context()))
	users := map[string]bool{}
	for _, s := range states {
		users[s.User] = true
		if !s.Here {
			t.Errorf("%s (%s) is not here", s.Name, s.Role)
		}
	}
	if !users["first"] || !users["second"] || users["third"] {
		t.Errorf("keys of %v", users)
	}
}

func TestOwnKeysRotate(t *testing.T) {
	w := newWorld(t).found()
	root := w.root(w.mx)
	for _, s := range must(w.mx.KeyStates(t.Context())) {
		if s.Role == entente.RoleOfficer {
			w.refuses(w.mx.Node, "node.key_unknown", func() error { _, err := w.mx.RotateKey(t.Context(), s.Name, root); return err })
			continue
		}
		fresh, err := w.mx.RotateKey(t.Context(), s.Name, root)
		if err != nil {
			t.Fatalf("%s: %v", s.Role, err)
		}
		if fresh.Role != s.Role || fresh.Agency != s.Agency || fresh.Name == s.Name {
			t.Errorf("%+v in place of %+v", fresh, s)
		}
	}
	w.mx.append(t, w.mx.intent(entente.Public, "m1")) // agency and log keys are the new ones
	if err := w.mx.sealCheckpoints(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.sync()
	// A stranger's root key changes nothing.
	w.refuses(w.mx.Node, "rule.key_inactive", func() error { _, err := w.mx.AddKey(t.Context(), entente.RoleAgency, "SRE", w.root(w.us)); return err })
}

func TestCheckpointsAreSignedTwice(t *testing.T) {
	w := newWorld(t).found()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.mx.Run(ctx) }()
	w.mx.append(t, w.mx.intent(entente.Public, "m1"))
	origin := w.mx.Origin(entente.Public)
	var verifiers [2]struct {
		role entente.KeyRole
		key  string
	}
	verifiers[0].role, verifiers[1].role = entente.RoleLog, entente.RoleMLDSA
	for i := range verifiers {
		for _, b := range w.mx.self.Keys {
			if b.Role == verifiers[i].role {
				verifiers[i].key = b.Public
			}
		}
	}
	// The Ed25519 signature is there when Append returns.
	log := must(w.mx.store.Log(t.Context(), origin))
	c, _, err := merkle.Open(log.Checkpoint, origin, must(merkle.NewVerifier(verifiers[0].key)))
	if err != nil || c.Size != log.Size || c.Root != log.Root {
		t.Fatalf("%+v: %v", c, err)
	}
	// The ML-DSA one joins it within a second.
	deadline := time.Now().Add(5 * time.Second)
	for {
		if _, _, err := merkle.Open(must(w.mx.store.Checkpoint(t.Context(), origin)), origin, must(merkle.NewVerifier(verifiers[1].key))); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no ML-DSA signature")
		}
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestARestoredNodeIsReadOnlyUntilItsTailsAreSettled(t *testing.T) {
	w := newWorld(t).found()
	backup := filepath.Join(t.TempDir(), "copy.db")
	if err := w.mx.store.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	lost := w.mx.append(t, w.mx.intent(entente.Public, "m1"))
	w.sync()
	// The node is put back from the older copy, on another machine.
	dir := filepath.Join(t.TempDir(), "restored")
	copyNode(t, w.mx.dir, dir, backup)
	n := w.open(dir, Options{Restored: true})
	first, second := w.unlock(n, "first"), w.unlock(n, "second")
	in := w.mx.intent(entente.Public, "m2")
	in.By, in.Second = first, second
	w.refuses(n, "node.restored", func() error { _, err := n.Append(t.Context(), in); return err })
	w.refuses(n, "node.restored", func() error { return n.changeKeys(t.Context(), nil) })
	if n.ReadOnly() == nil {
		t.Error("not read-only")
	}
	if found := must(n.Check(t.Context(), in)); len(found) == 0 || found[0].Code != "node.restored" {
		t.Errorf("Check found %+v", found)
	}
	// The counterpart holds the tail.
	origin := n.Origin(entente.Public)
	size := must(n.store.Log(t.Context(), origin)).Size
	raws := must(w.us.store.Entries(t.Context(), origin, size, 10))
	if err := n.store.Mirror(t.Context(), origin, size, raws, must(w.us.store.Checkpoint(t.Context(), origin))); err != nil {
		t.Fatal(err)
	}
	if err := n.AttestNoTail(t.Context(), "operator"); err != nil {
		t.Fatal(err)
	}
	got, err := n.Append(t.Context(), in)
	if err != nil || got.Ref.Index != lost.Index+1 {
		t.Errorf("appended at %s: %v", got.Ref, err)
	}
	pass(t, n.store, w.us.store) // and the counterpart takes it as the same log
	lines := must(n.store.AuditTrail(t.Context(), store.AuditQuery{Act: "attest_no_tail"}))
	if len(lines) != 1 || lines[0].Actor != "operator" {
		t.Errorf("audit %+v", lines)
	}
}

func TestADemoAndARealNodeDoNotMix(t *testing.T) {
	w := newWorld(t)
	dir := filepath.Join(t.TempDir(), "real")
	genesis, err := Init(t.Context(), dir, InitOptions{
		Writer: entente.Author{Party: "CA"}, Name: both("CA"), Base: "ca.entente", Agencies: []string{"GAC"},
		Passphrase: passphrase, RootPassphrase: passphrase, WorkFactor: workFactor,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(w.mx.Node, "node.demo", func() error { return w.mx.Pin(t.Context(), genesis) })
	forged := []byte(strings.Replace(string(genesis), "ca.entente", "cb.entente", 1))
	if err := w.mx.Pin(t.Context(), forged); err == nil {
		t.Error("a genesis that its root key did not sign was pinned")
	}
}
