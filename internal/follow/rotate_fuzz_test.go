package follow

import (
	"bytes"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"entente"
)

// FuzzKeyEntry: nothing that the root key did not sign changes the active keys.
func FuzzKeyEntry(f *testing.F) {
	const name = "demo.mx.entente/0000ffff"
	skey, rootKey, err := note.GenerateKey(bytes.NewReader(make([]byte, 64)), name)
	if err != nil {
		f.Fatal(err)
	}
	root, err := note.NewSigner(skey)
	if err != nil {
		f.Fatal(err)
	}
	text := "entente/v1 key\n{\"id\":\"0198f1a0-0000-7000-8000-000000000001\",\"author\":{\"party\":\"MX\"},\"time\":\"2025-09-03T00:00:00Z\"," +
		"\"subject\":\"k\",\"body\":{\"action\":\"add\",\"key\":{\"name\":\"" + name + "\",\"role\":\"log\",\"public\":\"" + rootKey + "\"}}}\n"
	signed, err := note.Sign(&note.Note{Text: text}, root)
	if err != nil {
		f.Fatal(err)
	}
	var a activeKeys
	if a.apply(signed, rootKey); len(a.now) != 1 {
		f.Fatal("a key entry signed by the root key changes nothing")
	}
	f.Add(signed)
	f.Add([]byte(text + "\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > entente.MaxEntry || bytes.Equal(raw, signed) {
			return
		}
		a := activeKeys{now: []string{"a"}, ended: []string{"b"}}
		a.apply(raw, rootKey)
		if len(a.now) != 1 || len(a.ended) != 1 {
			t.Errorf("%q changes the active keys", raw)
		}
	})
}
