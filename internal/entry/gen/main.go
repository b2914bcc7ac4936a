// Command gen writes the generated parts of the specification: one JSON Schema
// for the header and for each type of body (spec/schemas) and the table of types
// (spec/entry-types.md), from the structs and docstrings of the root package.
//
// Run it with `go generate ./internal/entry`; a test fails when the files are out
// of date.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	root := "../.."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	if err := run(root); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	files, err := generate(root)
	if err != nil {
		return err
	}
	stale, err := filepath.Glob(filepath.Join(root, "spec/schemas/*.json"))
	if err != nil {
		return err
	}
	for _, old := range stale {
		if _, kept := files["spec/schemas/"+filepath.Base(old)]; !kept {
			if err := os.Remove(old); err != nil {
				return err
			}
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(root, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
