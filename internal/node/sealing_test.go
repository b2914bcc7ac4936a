package node

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"entente"
	"entente/internal/payload"
	"entente/internal/seal"
)

// example seals an example text to recipients, in the node's payload store.
func (w *world) example(n *Node, to []string) entente.Sealed {
	w.t.Helper()
	p, err := n.Payloads().Create(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	m := seal.Manifest{Format: seal.Format, Text: "Ejemplo", Salt: seal.NewSalt()}
	if err := seal.Seal(p, to, m); err != nil {
		w.t.Fatal(err)
	}
	return must(p.Commit())
}

// opens reports whether a payload of the node opens with identities.
func (w *world) opens(n *Node, s entente.Sealed, with []string) bool {
	w.t.Helper()
	r, err := n.Payloads().Get(s.Digest)
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Close()
	p, err := seal.Open(r, with...)
	if err == nil {
		err = p.Check()
	}
	if err != nil && !errors.Is(err, seal.ErrNotAddressed) {
		w.t.Fatal(err)
	}
	return err == nil
}

func TestPayloadsAreSealedToAgenciesOfTheOtherParty(t *testing.T) {
	w := newWorld(t).found()
	to := must(w.mx.SealRecipients(t.Context(), entente.US, "CBP", "DOS"))
	s := w.example(w.mx.Node, to)
	for agency, want := range map[string]bool{"CBP": true, "DOS": true, "": false} {
		if got := w.opens(w.mx.Node, s, must(w.us.Unseal(agency))); got != want {
			t.Errorf("opens with the keys of %q: %v", agency, got)
		}
	}
	if w.opens(w.mx.Node, s, must(w.mx.Unseal("SRE", "SSPC", ""))) {
		t.Error("the sender opens it with its own keys")
	}
	if node := must(w.mx.SealRecipients(t.Context(), entente.US, "")); len(node) != 1 || slices.Contains(to, node[0]) {
		t.Errorf("to the node: %d recipients", len(node))
	}
	r := w.refuses(w.mx.Node, "node.seal_key_missing", func() error {
		_, err := w.mx.SealRecipients(t.Context(), entente.US, "CBP", "FBI")
		return err
	})
	if !strings.Contains(r.Detail, "FBI of US") {
		t.Errorf("detail %q", r.Detail)
	}
	w.refuses(w.mx.Node, "node.seal_key_missing", func() error { _, err := w.mx.SealRecipients(t.Context(), "CA", "GAC"); return err })
	w.refuses(w.mx.Node, "node.seal_key_missing", func() error { _, err := w.mx.Unseal("FBI"); return err })
}

func TestSealingKeysRotateAndAreRevoked(t *testing.T) {
	w := newWorld(t).found()
	root := w.root(w.us)
	before := must(w.mx.SealRecipients(t.Context(), entente.US, "CBP"))
	s := w.example(w.us.Node, before)
	var old string
	for _, k := range must(w.us.KeyStates(t.Context())) {
		if k.Role == entente.RoleSeal && k.Agency == "CBP" {
			old = k.Name
		}
	}
	if _, err := w.us.RotateKey(t.Context(), old, root); err != nil {
		t.Fatal(err)
	}
	// A counterpart that has one of the two logs so far seals to neither key.
	from := must(w.us.store.Log(t.Context(), w.us.Origin(entente.Public)))
	held := must(w.mx.store.Log(t.Context(), from.Origin))
	raws := must(w.us.store.Entries(t.Context(), from.Origin, held.Size, 100))
	if err := w.mx.store.Mirror(t.Context(), from.Origin, held.Size, raws, from.Checkpoint); err != nil {
		t.Fatal(err)
	}
	w.refuses(w.mx.Node, "node.seal_key_missing", func() error { _, err := w.mx.SealRecipients(t.Context(), entente.US, "CBP"); return err })
	w.sync()
	after := must(w.mx.SealRecipients(t.Context(), entente.US, "CBP"))
	if len(after) != 1 || after[0] == before[0] {
		t.Errorf("sealed to %d recipients, the old one among them", len(after))
	}
	// What was sealed before is still opened.
	if !w.opens(w.us.Node, s, must(w.us.Unseal("CBP"))) {
		t.Error("a payload from before the rotation does not open")
	}
	for _, k := range must(w.us.KeyStates(t.Context())) {
		if k.Role == entente.RoleSeal && k.Agency == "CBP" {
			if err := w.us.RevokeKey(t.Context(), k.Name, nil, root); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.sync()
	w.refuses(w.mx.Node, "node.seal_key_missing", func() error { _, err := w.mx.SealRecipients(t.Context(), entente.US, "CBP"); return err })
}

func TestAnAgencysFirstKeyBringsItsSealingKey(t *testing.T) {
	w := newWorld(t).found()
	root := w.root(w.us)
	if _, err := w.us.AddKey(t.Context(), entente.RoleAgency, "FBI", root); err != nil {
		t.Fatal(err)
	}
	if _, err := w.us.AddKey(t.Context(), entente.RoleAgency, "FBI", root); err != nil {
		t.Fatal(err)
	}
	w.sync()
	if to := must(w.mx.SealRecipients(t.Context(), entente.US, "FBI")); len(to) != 1 {
		t.Errorf("%d recipients", len(to))
	}
	if _, err := w.us.AddKey(t.Context(), entente.RoleAgency, "ATF", w.root(w.mx)); err == nil {
		t.Error("a stranger's root key added a key")
	}
	if left := w.us.ownSealing("ATF"); len(left) > 0 {
		t.Errorf("left in the ring: %v", left)
	}
}

func TestAnyNumberOfAgenciesHasSealingKeys(t *testing.T) {
	var agencies []string
	for i := range 2*maxNamed + 3 {
		agencies = append(agencies, fmt.Sprintf("AG%d", i))
	}
	dir := filepath.Join(t.TempDir(), "ca")
	genesis, err := Init(t.Context(), dir, InitOptions{
		Writer: entente.Author{Party: "CA"}, Name: both("CA"), Base: "ca.entente", Agencies: agencies,
		Passphrase: passphrase, RootPassphrase: passphrase, WorkFactor: workFactor,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(genesis) > 60_000 {
		t.Errorf("the genesis has %d bytes", len(genesis))
	}
	w := &world{t: t, clock: &clock{}}
	n := w.open(dir, Options{})
	to := must(n.SealRecipients(t.Context(), "CA", append(agencies, "")...))
	if len(to) != len(agencies)+1 {
		t.Errorf("%d recipients", len(to))
	}
	for _, o := range n.origins() {
		if size := must(n.store.Log(t.Context(), o)).Size; size != uint64(1+len(agencies)+1-maxNamed) {
			t.Errorf("%s has %d entries", o, size)
		}
	}
}

func TestAKeyLeavesByBreakGlassOnly(t *testing.T) {
	w := newWorld(t).found()
	s := w.example(w.us.Node, must(w.mx.SealRecipients(t.Context(), entente.US, "DOS")))
	names := map[entente.KeyRole]map[string]string{}
	for _, k := range must(w.us.KeyStates(t.Context())) {
		if names[k.Role] == nil {
			names[k.Role] = map[string]string{}
		}
		names[k.Role][k.Agency] = k.Name
	}
	export := KeyExport{Key: names[entente.RoleSeal]["DOS"], Reason: both("Peritaje"), By: w.us.first, Second: w.us.second}
	refuses := func(code string, change func(*KeyExport)) {
		t.Helper()
		e := export
		change(&e)
		w.refuses(w.us.Node, code, func() error {
			file, _, err := w.us.ExportSealKey(t.Context(), e)
			if file != "" {
				t.Error("the key left the node")
			}
			return err
		})
	}
	refuses("node.export_officers", func(e *KeyExport) { e.Second = nil })
	refuses("node.export_officers", func(e *KeyExport) { e.By = nil })
	refuses("node.export_officers", func(e *KeyExport) { e.By = w.us.second })
	refuses("node.export_officers", func(e *KeyExport) { e.By, e.Second = w.us.second, w.us.first })
	refuses("node.export_key", func(e *KeyExport) { e.Key = "demo.us.entente/00000000" })
	refuses("node.export_key", func(e *KeyExport) { e.Key = names[entente.RoleAgency]["DOS"] })
	refuses("node.export_key", func(e *KeyExport) { e.Key = names[entente.RoleSeal][""] })
	locked := w.unlock(w.us.Node, "first")
	locked.Lock()
	refuses("node.officer_locked", func(e *KeyExport) { e.By = locked })

	file, at, err := w.us.ExportSealKey(t.Context(), export)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(file), "\n")
	if !w.opens(w.us.Node, s, lines[len(lines)-1:]) {
		t.Error("the exported key does not open the payload")
	}
	h := w.header(w.us.Node, at.Ref)
	if !bytes.Contains(h.Body, []byte(export.Key)) || h.Author.Agency != "DOS" || strings.Contains(string(h.Body), "SECRET") {
		t.Errorf("the entry says %s", h.Body)
	}
	w.sync()
	if _, err := w.mx.store.Entry(t.Context(), at.Ref.Log, at.Ref.Index); err != nil {
		t.Errorf("the counterpart does not see it: %v", err)
	}
}

// TestABackupHoldsNoWayToAPayload: shredding after a backup shreds in it too, and a
// restored node says that a payload is not on it.
func TestABackupHoldsNoWayToAPayload(t *testing.T) {
	w := newWorld(t).found()
	kept := w.example(w.mx.Node, must(w.mx.SealRecipients(t.Context(), entente.US, "CBP")))
	shredded := w.example(w.mx.Node, must(w.mx.SealRecipients(t.Context(), entente.US, "CBP")))
	arriving := must(w.mx.Payloads().Resume(entente.Digest{1}, 1000))
	defer arriving.Close()
	if _, _, err := w.mx.Payloads().Shred(shredded.Digest, "recall"); err != nil {
		t.Fatal(err)
	}
	backup, dir := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "node")
	if err := w.mx.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	var found []string
	err := filepath.WalkDir(backup, func(path string, d fs.DirEntry, err error) error {
		if rel, _ := filepath.Rel(backup, path); err == nil && !d.IsDir() && slices.Contains([]string{"vault", "payloads", "tombstones"}, filepath.Dir(rel)) {
			found = append(found, rel)
		}
		return err
	})
	if want := []string{"payloads/" + kept.Digest.String(), "tombstones/" + shredded.Digest.String()}; err != nil || !slices.Equal(found, want) {
		t.Errorf("the backup has %v, want %v: %v", found, want, err)
	}
	if err := Restore(backup, dir); err != nil {
		t.Fatal(err)
	}
	n := w.open(dir, Options{Restored: true})
	if _, err := n.Payloads().Get(kept.Digest); !errors.Is(err, payload.ErrNotFound) {
		t.Errorf("after the restore: %v", err)
	}
	if _, err := n.Payloads().Get(shredded.Digest); !errors.Is(err, payload.ErrShredded) {
		t.Errorf("what was shredded, after the restore: %v", err)
	}
	in, err := n.Payloads().Resume(kept.Digest, kept.Size) // it can be fetched again
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
}
