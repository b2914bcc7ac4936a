package stix

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entente"
)

var update = flag.Bool("update", false, "rewrite golden files")

// exampleNames are the examples in the order in which docs/stix.md shows them.
var exampleNames = []string{
	"identity", "location", "incident", "report", "observed-data", "sighting", "relationship",
	"firearm", "vessel", "financial-account",
}

func exampleText(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "examples", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func examples(t testing.TB) []*Object {
	t.Helper()
	var objects []*Object
	for _, name := range exampleNames {
		o, err := Parse(exampleText(t, name))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		objects = append(objects, o)
	}
	return objects
}

func parse(t testing.TB, doc string) *Object {
	t.Helper()
	o, err := Parse([]byte(doc))
	if err != nil {
		t.Fatalf("%v\n%s", err, doc)
	}
	return o
}

// edited returns an object with members changed, or removed where they are nil.
func edited(t testing.TB, doc string, edits map[string]any) *Object {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(doc), &m); err != nil {
		t.Fatalf("%v\n%s", err, doc)
	}
	for k, v := range edits {
		if v == nil {
			delete(m, k)
		} else {
			m[k] = v
		}
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(b))
}

// has reports whether findings hold one of a code at a path.
func has(findings []Finding, code Code, path string, severity Severity) bool {
	for _, f := range findings {
		if f.Code == code && f.Path == path && f.Severity == severity {
			return true
		}
	}
	return false
}

func listing(findings []Finding) string {
	var b strings.Builder
	for _, f := range findings {
		b.WriteString("\n  " + f.String())
	}
	return b.String()
}

var releaseTime = time.Date(2025, 10, 6, 18, 0, 0, 0, time.UTC)

// handling is the one of the example release.
func handling() entente.Handling {
	return entente.Handling{
		Territory: "MX", Collector: "FGR", From: "2025-10-05", To: "2025-10-05", Basis: "mutual_assistance",
		Source: "B", Information: "2", Classification: entente.Unclassified, TLP: entente.TLPAmberStrict,
		Purposes: []string{"investigation", "prosecution"}, Evidential: false, Onward: entente.OnwardAsk,
		Retain: "2026-10-05", Assessed: true,
	}
}
