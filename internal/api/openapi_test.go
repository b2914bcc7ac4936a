package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"testing"

	"entente"
	"entente/internal/exchange"
	"entente/internal/node"
	"entente/internal/store"
)

var update = flag.Bool("update", false, "rewrite testdata/openapi.json; a change of it demands another Version")

// unreleased lets the document of a version that nobody uses yet change.
var unreleased = flag.Bool("unreleased", false, "with -update: this version of the document has not been released")

const golden = "testdata/openapi.json"

// TestOpenAPI holds the document against the golden file. A change of the
// document is a change of its version.
func TestOpenAPI(t *testing.T) {
	s := newServer(Deps{Store: &store.Store{}, Audience: entente.National, Demo: true, Desk: &node.Node{}, Exchange: &exchange.Exchange{}, Importer: &node.Figures{}})
	got, err := s.openapi()
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(golden)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	var old struct{ Info struct{ Version string } }
	if len(want) > 0 {
		if err := json.Unmarshal(want, &old); err != nil {
			t.Fatal(err)
		}
	}
	if old.Info.Version == Version && !*unreleased {
		t.Fatalf("the document changed and is still version %s: change Version in api.go, then run with -update", Version)
	}
	if !*update {
		t.Fatalf("the document is not that of %s: read the difference, then run with -update", golden)
	}
	if err := os.WriteFile(golden, got, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestDocumentIsWhole holds that every reference leads somewhere and every path
// parameter is described.
func TestDocumentIsWhole(t *testing.T) {
	for _, a := range []entente.Audience{entente.Public, entente.National} {
		s := newServer(Deps{Store: &store.Store{}, Audience: a})
		raw, err := s.openapi()
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Paths      map[string]any
			Components struct{ Schemas map[string]any }
		}
		if err := json.Unmarshal(raw, &doc); err != nil {
			t.Fatal(err)
		}
		for _, ref := range regexp.MustCompile(`"#/components/schemas/([^"]+)"`).FindAllStringSubmatch(string(raw), -1) {
			if doc.Components.Schemas[ref[1]] == nil {
				t.Errorf("%s refers to a schema %s that is not there", a, ref[1])
			}
		}
		_, hidden := doc.Paths["/api/v1/publications"]
		if hidden != (a == entente.National) {
			t.Errorf("%s: the table of publications is there: %v", a, hidden)
		}
	}
}
