package report

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"entente"
	"entente/internal/entry"
	"entente/internal/fold"
	"entente/test/world"
)

var update = flag.Bool("update", false, "rewrite reader.genesis")

// TestReaderGenesis holds the embedded genesis against what made it.
func TestReaderGenesis(t *testing.T) {
	const base = "reader.entente"
	root := world.NewKey(base, "root", entente.KeyBinding{Role: "root"})
	w := entente.Author{Observer: "reader"}
	body, err := entry.Body(entente.Genesis{
		Writer: w, Name: entente.Text{ES: "Lectura", EN: "Reader"}, Origins: entente.Origins{Public: base + "/public"}, Root: root.Binding.Public,
		Keys: []entente.KeyBinding{
			world.NewKey(base, "log", entente.KeyBinding{Role: entente.RoleLog}).Binding,
			world.NewKey(base, "agency", entente.KeyBinding{Role: entente.RoleAgency}).Binding,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := entry.Build(entente.TypeGenesis, entente.Header{ID: "01990000-0000-7000-8000-000000000000", Author: w, Time: world.Epoch, Subject: "genesis", Body: body})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := entry.Sign(text, root.Signer)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("reader.genesis", raw, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(raw, readerGenesis) {
		t.Error("reader.genesis is not what made it: run with -update")
	}
	if _, logs, err := fold.Pinned(readerGenesis); err != nil || len(logs) != 1 {
		t.Errorf("%d logs, %v", len(logs), err)
	}
}
