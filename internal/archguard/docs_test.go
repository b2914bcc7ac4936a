package archguard

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

var testName = regexp.MustCompile("`(Test[A-Z][A-Za-z0-9]*)`")

// The threat model points each "cannot" at a test: one that was renamed or removed
// leaves a promise that nothing keeps.
func TestTheThreatModelNamesTestsThatExist(t *testing.T) {
	text, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("grep", "-rhoE", "--include=*_test.go", `^func Test[A-Za-z0-9]+`, "../..").Output()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, line := range strings.Fields(string(out)) {
		known[line] = true
	}
	named := testName.FindAllStringSubmatch(string(text), -1)
	if len(named) < 60 {
		t.Fatalf("only %d tests are named", len(named))
	}
	for _, m := range named {
		if !known[m[1]] {
			t.Errorf("docs/security.md names %s, which is no test", m[1])
		}
	}
}

// Every row of the tables, and every paragraph that says what somebody cannot do,
// names its test.
func TestEveryCannotNamesATest(t *testing.T) {
	text, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "## What each attacker can and cannot do")
	rest, _, _ = strings.Cut(rest, "## Personal data")
	rows := 0
	for _, block := range strings.Split(rest, "\n\n") {
		if !strings.HasPrefix(block, "|") {
			if strings.Contains(block, " cannot ") && !strings.HasSuffix(block, "cannot reach.") && !testName.MatchString(block) {
				t.Errorf("no test is named in: %s", block)
			}
			continue
		}
		for _, row := range strings.Split(strings.TrimSpace(block), "\n")[2:] {
			if rows++; !testName.MatchString(row) {
				t.Errorf("no test is named in: %s", row)
			}
		}
	}
	if rows < 25 {
		t.Errorf("only %d rows", rows)
	}
}
