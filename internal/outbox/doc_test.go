package outbox

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// TestDocumented: every type of event stands in the page for receivers, and no other.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/webhooks.md")
	check(t, err)
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| `[^|]*\\|").FindAllString(string(page), -1) {
		for _, m := range regexp.MustCompile("`([a-z.]+)`").FindAllStringSubmatch(row, -1) {
			documented = append(documented, m[1])
		}
	}
	want := slices.Clone(Types)
	slices.Sort(want)
	slices.Sort(documented)
	if !slices.Equal(documented, want) {
		t.Errorf("documented %v, the types are %v", documented, want)
	}
}
