package keys_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"entente"
	"entente/internal/keys"
)

func TestSealingKeysOpenAndSignNothing(t *testing.T) {
	d, r := newRing(t)
	b := generate(t, r, entente.RoleSeal, "SRE")
	agency := generate(t, r, entente.RoleAgency, "SRE")
	to, err := age.ParseHybridRecipient(b.Public)
	if err != nil {
		t.Fatal(err)
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, "ejemplo"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r.Close()
	again, err := d.Unlock(pass)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	secrets, err := again.Unseal(b.Name)
	if err != nil {
		t.Fatal(err)
	}
	id, err := age.ParseHybridIdentity(secrets[0])
	if err != nil {
		t.Fatal(err)
	}
	plain, err := age.Decrypt(&sealed, id)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(plain); err != nil || string(got) != "ejemplo" {
		t.Errorf("%q, %v", got, err)
	}
	k, err := again.Key(b.Name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Signer(); err == nil {
		t.Error("a sealing key signs")
	}
	if _, err := k.Private(); err == nil {
		t.Error("a sealing key's identity is had like another key's")
	}
	for _, name := range []string{agency.Name, "demo.mx.entente/00000000"} {
		if _, err := again.Unseal(b.Name, name); err == nil {
			t.Errorf("%s opens payloads", name)
		}
	}
	if _, err := r.Unseal(b.Name); err == nil {
		t.Error("a closed ring opens payloads")
	}
	files, err := filepath.Glob(filepath.Join(d.Path(), "node", "*.age"))
	if err != nil || len(files) != 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		if raw, err := os.ReadFile(f); err != nil || bytes.Contains(raw, []byte("AGE-SECRET-KEY")) {
			t.Errorf("%s shows its secret: %v", f, err)
		}
	}
}

func TestFalseSealingKeysAreRefused(t *testing.T) {
	_, r := newRing(t)
	b, other := generate(t, r, entente.RoleSeal, "SRE"), generate(t, r, entente.RoleSeal, "")
	for name, change := range map[string]func(*entente.KeyBinding){
		"of another name": func(b *entente.KeyBinding) { b.Name = other.Name },
		"upper case":      func(b *entente.KeyBinding) { b.Public = strings.ToUpper(b.Public) },
		"damaged":         func(b *entente.KeyBinding) { b.Public = b.Public[:100] + b.Public[101:] + "q" },
		"classic": func(b *entente.KeyBinding) {
			b.Public = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
		},
		"a person's":       func(b *entente.KeyBinding) { p := entente.Digest{1}; b.Person = &p },
		"of another role":  func(b *entente.KeyBinding) { b.Role = entente.RoleAgency },
		"a vkey":           func(b *entente.KeyBinding) { b.Public = b.Name + "+00000000+AAAA" },
		"empty":            func(b *entente.KeyBinding) { b.Public = "" },
		"with a log's key": func(b *entente.KeyBinding) { b.Role = entente.RoleLog },
	} {
		wrong := b
		change(&wrong)
		if keys.CheckBinding(wrong) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
