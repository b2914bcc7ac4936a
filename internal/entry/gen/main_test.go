package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

const root = "../../.."

// TestUpToDate: what is committed is what would be generated, no more and no less.
func TestUpToDate(t *testing.T) {
	files, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, want) {
			t.Errorf("%s is out of date: run make generate", name)
		}
	}
	schemas, err := filepath.Glob(filepath.Join(root, "spec/schemas/*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range schemas {
		if files["spec/schemas/"+filepath.Base(s)] == nil {
			t.Errorf("%s is of no type: run make generate", s)
		}
	}
}

// TestRunWritesAndRemoves: the command leaves exactly the generated files.
func TestRunWritesAndRemoves(t *testing.T) {
	dir := t.TempDir()
	sources, err := filepath.Glob(filepath.Join(root, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sources {
		b, err := os.ReadFile(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(s)), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	stale := filepath.Join(dir, "spec/schemas/wish.json")
	if err := os.MkdirAll(filepath.Dir(stale), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stale, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stale); !os.IsNotExist(err) {
		t.Errorf("a schema of no type was left: %v", err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "spec/entry-types.md"))
	want, _ := os.ReadFile(filepath.Join(root, "spec/entry-types.md"))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("entry-types.md: %v", err)
	}
	if err := run(t.TempDir()); err == nil {
		t.Error("a folder without Go files was taken for the module")
	}
}
