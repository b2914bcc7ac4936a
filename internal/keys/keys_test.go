package keys_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"entente"
	"entente/internal/keys"
)

const (
	base = "demo.mx.entente"
	work = 2 // scrypt at no cost
	pass = "correct horse"
)

func newRing(t testing.TB) (*keys.Dir, *keys.Ring) {
	t.Helper()
	d := keys.OpenDir(filepath.Join(t.TempDir(), "keys"), work)
	r, err := d.Create(pass)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return d, r
}

func generate(t testing.TB, r *keys.Ring, role entente.KeyRole, agency string) entente.KeyBinding {
	t.Helper()
	b, err := r.Generate(base, role, agency)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestKeysComeBackAfterALock(t *testing.T) {
	d, r := newRing(t)
	bindings := []entente.KeyBinding{
		generate(t, r, entente.RoleLog, ""), generate(t, r, entente.RoleMLDSA, ""),
		generate(t, r, entente.RoleAgency, "SRE"), generate(t, r, entente.RoleTLS, ""),
		generate(t, r, entente.RoleSeal, "SRE"), generate(t, r, entente.RoleSeal, ""),
	}
	person := r.PersonDigest("ana")
	r.Close()
	again, err := d.Unlock(pass)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if got := again.Bindings(""); len(got) != len(bindings) {
		t.Fatalf("%d keys came back, want %d", len(got), len(bindings))
	}
	for _, b := range bindings {
		if err := keys.CheckBinding(b); err != nil {
			t.Error(err)
		}
		k, err := again.Key(b.Name)
		if err != nil {
			t.Fatal(err)
		}
		if k.Binding() != b {
			t.Errorf("%v came back as %v", b, k.Binding())
		}
	}
	signs(t, again, bindings[0])
	signs(t, again, bindings[2])
	if again.PersonDigest("ana") != person || again.PersonDigest("eva") == person {
		t.Error("person digests do not follow from salt and person")
	}
	if _, err := r.Signer(bindings[0].Name); err == nil {
		t.Error("a closed ring still signs")
	}
	if _, err := r.Generate(base, entente.RoleLog, ""); err == nil {
		t.Error("a closed ring still makes keys")
	}
}

func signs(t *testing.T, r *keys.Ring, b entente.KeyBinding) {
	t.Helper()
	s, err := r.Signer(b.Name)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(b.Public)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := note.Sign(&note.Note{Text: "text\n"}, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open(raw, note.VerifierList(v)); err != nil {
		t.Errorf("the signature of %s does not verify: %v", b.Name, err)
	}
}

func TestOnlyTheRightPassphraseOpens(t *testing.T) {
	d, r := newRing(t)
	generate(t, r, entente.RoleLog, "")
	for _, wrong := range []string{"", "wrong horse", pass + " "} {
		if _, err := d.Unlock(wrong); !errors.Is(err, keys.ErrPassphrase) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if _, err := d.Create(pass); !errors.Is(err, keys.ErrExists) {
		t.Errorf("a second ring over the first: %v", err)
	}
	if _, err := keys.OpenDir(t.TempDir(), work).Create("short"); err == nil {
		t.Error("a passphrase of five characters was accepted")
	}
	if err := d.ChangePassphrase("wrong horse", "battery staple"); !errors.Is(err, keys.ErrPassphrase) {
		t.Errorf("changing under the wrong passphrase: %v", err)
	}
	if err := d.ChangePassphrase(pass, "battery staple"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Unlock(pass); !errors.Is(err, keys.ErrPassphrase) {
		t.Errorf("the old passphrase still opens: %v", err)
	}
	again, err := d.Unlock("battery staple")
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

func TestAnOfficersKeyOpensForThatOfficerOnly(t *testing.T) {
	d, r := newRing(t)
	ana, err := d.CreateOfficer(base, r.PersonDigest("ana"), "ana's own words")
	if err != nil {
		t.Fatal(err)
	}
	eva, err := d.CreateOfficer(base, r.PersonDigest("eva"), "eva's own words")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.UnlockOfficer(ana.Name, "eva's own words"); !errors.Is(err, keys.ErrPassphrase) {
		t.Errorf("one officer's passphrase opens another's key: %v", err)
	}
	if _, err := d.UnlockOfficer(ana.Name, pass); !errors.Is(err, keys.ErrPassphrase) {
		t.Errorf("the node's passphrase opens an officer's key: %v", err)
	}
	k, err := d.UnlockOfficer(ana.Name, "ana's own words")
	if err != nil {
		t.Fatal(err)
	}
	if s, err := k.Signer(); err != nil || s.Name() != ana.Name {
		t.Errorf("signer %v, %v", s, err)
	}
	k.Close()
	if _, err := k.Signer(); err == nil {
		t.Error("a closed key still signs")
	}
	if err := d.ChangeOfficerPassphrase(ana.Name, "ana's own words", "ana's new words"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.UnlockOfficer(ana.Name, "ana's own words"); !errors.Is(err, keys.ErrPassphrase) {
		t.Errorf("the old passphrase still opens: %v", err)
	}
	if again, err := d.Unlock(pass); err != nil || len(again.Bindings(entente.RoleOfficer)) != 0 {
		t.Errorf("officers' keys are in the node's ring: %v", err)
	}
	if _, err := r.Generate(base, entente.RoleOfficer, ""); err == nil {
		t.Error("an officer's key was made as one of the node's own")
	}
	if *ana.Person == *eva.Person {
		t.Error("two officers have one person digest")
	}
	if err := d.RemoveOfficer(ana.Name); err != nil {
		t.Fatal(err)
	}
	if _, err := d.UnlockOfficer(ana.Name, "ana's new words"); err == nil {
		t.Error("a removed key opens")
	}
	for _, name := range []string{"../node", "demo.mx.entente/../../x", "demo.mx.entente/zzzzzzzz", ""} {
		if _, err := d.UnlockOfficer(name, pass); err == nil {
			t.Errorf("%q names a key file", name)
		}
	}
}

func TestFilesAreTheOwnersAloneAndNeverHalfWritten(t *testing.T) {
	d, r := newRing(t)
	generate(t, r, entente.RoleTLS, "")
	if _, err := d.CreateRoot(base, "root's own words"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.CreateOfficer(base, r.PersonDigest("ana"), "ana's own words"); err != nil {
		t.Fatal(err)
	}
	files := 0
	err := filepath.Walk(d.Path(), func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		want := os.FileMode(0o600)
		if info.IsDir() {
			want = 0o700
		} else {
			files++
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		if !info.IsDir() && !strings.HasSuffix(path, ".age") {
			t.Errorf("%s was left behind", path)
		}
		return nil
	})
	if err != nil || files != 4 {
		t.Errorf("%d files, %v", files, err)
	}
}

func TestADamagedFileIsSaidToBeDamaged(t *testing.T) {
	d, r := newRing(t)
	generate(t, r, entente.RoleLog, "")
	r.Close()
	files, err := filepath.Glob(filepath.Join(d.Path(), "node", "*.age"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string][]byte{
		"cut": whole[:len(whole)-5], "empty": {}, "another file": []byte("<html>"),
		"one bit": append(bytes.Clone(whole[:len(whole)-1]), whole[len(whole)-1]^1),
	} {
		if err := os.WriteFile(files[0], damage, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Unlock(pass); err == nil || errors.Is(err, keys.ErrPassphrase) || !strings.Contains(err.Error(), files[0]) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNoSecretIsPrinted(t *testing.T) {
	d, r := newRing(t)
	b := generate(t, r, entente.RoleLog, "")
	k, err := r.Key(b.Name)
	if err != nil {
		t.Fatal(err)
	}
	private, err := k.Private()
	if err != nil {
		t.Fatal(err)
	}
	secret := private[len("PRIVATE+KEY+"+b.Name+"+00000000+"):]
	_, wrong := d.Unlock("wrong horse")
	for _, s := range []string{fmt.Sprint(k), fmt.Sprintf("%v %+v %#v %s", k, k, k, k), fmt.Sprint(wrong)} {
		if strings.Contains(s, secret) || strings.Contains(s, "wrong horse") || strings.Contains(s, "PRIVATE") {
			t.Errorf("a secret is printed: %s", s)
		}
	}
}

func TestRoot(t *testing.T) {
	d, r := newRing(t)
	vkey, err := d.CreateRoot(base, "root's own words")
	if err != nil || !d.HasRoot() {
		t.Fatal(err)
	}
	if _, err := d.CreateRoot(base, "root's own words"); !errors.Is(err, keys.ErrExists) {
		t.Errorf("a second root key over the first: %v", err)
	}
	k, err := d.UnlockRoot("root's own words")
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	s, err := k.Signer()
	if err != nil || !strings.HasPrefix(vkey, s.Name()+"+") {
		t.Errorf("root signs as %v, %v", s, err)
	}
	if _, err := d.UnlockRoot(pass); !errors.Is(err, keys.ErrPassphrase) {
		t.Errorf("the node's passphrase opens the root key: %v", err)
	}
	b := generate(t, r, entente.RoleLog, "")
	if _, err := r.Key(b.Name); err != nil {
		t.Error(err)
	}
	if err := r.Remove(b.Name); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Key(b.Name); err == nil {
		t.Error("a removed key is still there")
	}
}

func TestTLSKeys(t *testing.T) {
	_, r := newRing(t)
	b := generate(t, r, entente.RoleTLS, "")
	k, err := r.Key(b.Name)
	if err != nil {
		t.Fatal(err)
	}
	c, err := k.TLS()
	if err != nil {
		t.Fatal(err)
	}
	if keys.Pin(c.Leaf).String() != b.Public {
		t.Errorf("the certificate's pin is %s, the binding's %s", keys.Pin(c.Leaf), b.Public)
	}
	if _, ok := c.PrivateKey.(ed25519.PrivateKey); !ok {
		t.Errorf("the TLS key is a %T", c.PrivateKey)
	}
	if _, err := k.Signer(); err == nil {
		t.Error("a TLS key signs notes")
	}
	if _, err := k.Private(); err == nil {
		t.Error("a TLS key has a note form")
	}
	log := generate(t, r, entente.RoleLog, "")
	if k, err = r.Key(log.Name); err != nil {
		t.Fatal(err)
	}
	if _, err := k.TLS(); err == nil {
		t.Error("a log key makes a certificate")
	}
}

// TestEveryKeyComesBack: a key's base64 may hold anything that base64 can.
func TestEveryKeyComesBack(t *testing.T) {
	d, r := newRing(t)
	for _, role := range []entente.KeyRole{entente.RoleLog, entente.RoleMLDSA, entente.RoleTLS} {
		for range 60 {
			generate(t, r, role, "")
		}
	}
	again, err := d.Unlock(pass)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if n := len(again.Bindings("")); n != 180 {
		t.Errorf("%d keys came back, want 180", n)
	}
}

func TestKeysAreMadeAtOnce(t *testing.T) {
	_, r := newRing(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := r.Generate(base, entente.RoleAgency, "SRE"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := len(r.Bindings(entente.RoleAgency)); got != 8 {
		t.Errorf("%d keys, want 8", got)
	}
}
