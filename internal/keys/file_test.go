package keys

import (
	"os"
	"testing"

	"entente"
)

func FuzzDecodeKey(f *testing.F) {
	for _, role := range []entente.KeyRole{entente.RoleLog, entente.RoleMLDSA, entente.RoleTLS} {
		k, err := generate("demo.mx.entente", role, "", nil)
		if err != nil {
			f.Fatal(err)
		}
		plain, err := encodeKey(k)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(plain)
	}
	f.Fuzz(func(t *testing.T, plain []byte) {
		k, err := decodeKey(plain)
		if err != nil {
			return
		}
		if err := k.check(); err != nil {
			t.Errorf("a decoded key is not sound: %v", err)
		}
	})
}

func FuzzOpenKeyFile(f *testing.F) {
	d := OpenDir(f.TempDir(), 2)
	if _, err := d.CreateRoot("demo.mx.entente", "root's own words"); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(d.path + "/" + rootFile)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Fuzz(func(t *testing.T, file []byte) {
		dir := OpenDir(t.TempDir(), 2)
		if err := os.WriteFile(dir.path+"/"+rootFile, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if k, err := dir.UnlockRoot("another passphrase"); err == nil {
			t.Errorf("another passphrase opens %s", k)
		}
	})
}
