package locale

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/nicksnyder/go-i18n/v2/i18n"
)

// TestBothLanguagesSayTheSame holds the two catalogues against each other: files, ids, plurals, placeholders.
func TestBothLanguagesSayTheSame(t *testing.T) {
	es, en := loaded()[ES], loaded()[EN]
	for _, pair := range []struct {
		name string
		a, b *catalogue
	}{{"en", es, en}, {"es", en, es}} {
		for id, m := range pair.a.all {
			other, ok := pair.b.all[id]
			if !ok {
				t.Errorf("%s: %q is not in %s", pair.a.origin[id], id, pair.name)
				continue
			}
			if filepath.Base(pair.a.origin[id]) != filepath.Base(pair.b.origin[id]) {
				t.Errorf("%q is in %s and in %s", id, pair.a.origin[id], pair.b.origin[id])
			}
			if (m.One == "") != (other.One == "") {
				t.Errorf("%s: %q has a plural in one language only", pair.a.origin[id], id)
			}
			if got, want := placeholders(m), placeholders(other); !slices.Equal(got, want) {
				t.Errorf("%q: placeholders %v and %v", id, got, want)
			}
		}
	}
}

// TestPlaceholdersAreNames refuses template logic in messages: a translator sees names and nothing else.
func TestPlaceholdersAreNames(t *testing.T) {
	braces := regexp.MustCompile(`\{\{[^}]*\}?\}?`)
	for lang, cat := range loaded() {
		for id, m := range cat.all {
			for _, use := range braces.FindAllString(m.One+m.Other, -1) {
				if !placeholder.MatchString(use) {
					t.Errorf("%s %q: %s is no {{.Name}}", lang, id, use)
				}
			}
		}
	}
}

// TestEveryIDInUseExists scans the rooms that speak for message ids in calls: T("id") and N("id"), on any receiver.
func TestEveryIDInUseExists(t *testing.T) {
	call := regexp.MustCompile(`\b[TN]\(\s*"([^"]+)"`)
	comment := regexp.MustCompile(`(?m)^\s*//.*$`)
	cat := loaded()[ES]
	files := 0
	for _, root := range []string{"../web", "../report", "../chart", "../../cmd"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if os.IsNotExist(err) {
				return fs.SkipDir
			}
			if err != nil || d.IsDir() || !speaks(path) {
				return err
			}
			src, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			files++
			for _, m := range call.FindAllStringSubmatch(comment.ReplaceAllString(string(src), ""), -1) {
				id := m[1]
				if _, ok := cat.all[id]; !ok && !familyExists(cat, id) {
					t.Errorf("%s uses message %q, which does not exist", path, id)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d files scanned", files)
}

// speaks reports whether a source file can hold calls worth scanning: not generated, not a test.
func speaks(path string) bool {
	return strings.HasSuffix(path, ".templ") ||
		strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_templ.go") && !strings.HasSuffix(path, "_test.go")
}

// familyExists accepts a prefix that is completed at run time: T("completion." + x).
func familyExists(cat *catalogue, prefix string) bool {
	if !strings.HasSuffix(prefix, ".") {
		return false
	}
	for id := range cat.all {
		if strings.HasPrefix(id, prefix) {
			return true
		}
	}
	return false
}

var placeholder = regexp.MustCompile(`\{\{\.([A-Z][A-Za-z0-9]*)\}\}`)

func placeholders(m *i18n.Message) []string {
	seen := map[string]bool{}
	for _, match := range placeholder.FindAllStringSubmatch(m.One+m.Other, -1) {
		seen[match[1]] = true
	}
	var out []string
	for name := range seen {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}
