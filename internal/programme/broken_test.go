package programme

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// small is a whole programme with one row of everything.
func small(t testing.TB) fstest.MapFS { return tree(t, "testdata/small") }

// tree reads the files beneath a folder.
func tree(t testing.TB, folder string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	dir := os.DirFS(folder)
	err := fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(dir, name)
		files[name] = &fstest.MapFile{Data: b}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestTheSmallProgrammeLoads(t *testing.T) {
	p, err := Load(small(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Items) != 37 || len(p.Untranslated) != 0 {
		t.Errorf("%d items, untranslated %v", len(p.Items), p.Untranslated)
	}
}

// TestBrokenProgrammes loads the small programme with the files of each folder in
// place of its own (DELETE lists files to leave out) and wants the faults listed in
// WANT, all of them and no others. ABOUT says what is broken.
func TestBrokenProgrammes(t *testing.T) {
	folders, err := filepath.Glob("testdata/broken/*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no folders: %v", err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			files := small(t)
			for name, file := range tree(t, folder) {
				switch name {
				case "WANT", "ABOUT":
				case "DELETE":
					for _, gone := range strings.Fields(string(file.Data)) {
						delete(files, gone)
					}
				default:
					files[name] = file
				}
			}
			p, err := Load(files)
			var got Problems
			if !errors.As(err, &got) || p != nil {
				t.Fatalf("loaded %v with %v: want faults and no programme", p, err)
			}
			golden(t, filepath.Join(folder, "WANT"), got.Error()+"\n")
		})
	}
}

func TestUntranslatedTextsAreListed(t *testing.T) {
	files := small(t)
	files["questions.yaml"] = &fstest.MapFile{Data: []byte("- group: {en: Group, es: Grupo}\n  questions:\n    - {code: Q1, text: {en: \"Who?\"}}\n    - {code: Q2, text: {es: \"¿Quién?\"}}\n")}
	p, err := Load(files)
	if err != nil {
		t.Fatal(err)
	}
	want := []Problem{{"questions.yaml", 3, "text has no Spanish"}, {"questions.yaml", 4, "text has no English"}}
	if diff := cmp.Diff(want, p.Untranslated); diff != "" {
		t.Error(diff)
	}
}

func TestFigures(t *testing.T) {
	for text, want := range map[string]string{
		"-93% of 10,000.5 kg in 2025":   "10000.5 2025 93",
		"20 de enero; 1,887 sitios, 3.": "1887 20 3",
		"from 10 to 12,3":               "10 12 3",
		"none":                          "",
	} {
		if got := strings.Join(Figures(text), " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
