package programme

import (
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"entente"
	"entente/internal/policy"
	"entente/programmes"
)

var update = flag.Bool("update", false, "write the golden files anew")

// realFiles are the files that come with Entente.
func realFiles(t testing.TB) fs.FS {
	t.Helper()
	files, err := fs.Sub(programmes.Files, "mx-us-2025")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func loadReal(t testing.TB) *Programme {
	t.Helper()
	p, err := Load(realFiles(t))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestTheItemsAreTheGoldenOnes fixes every item: its order, author, thing and needs.
func TestTheItemsAreTheGoldenOnes(t *testing.T) {
	var b strings.Builder
	for _, it := range loadReal(t).Items {
		fmt.Fprintf(&b, "%s/%s %s %s", it.Author.Writer(), it.Author.Agency, it.Type, it.Subject)
		for _, n := range it.Needs {
			fmt.Fprintf(&b, " <- %s %s %s", n.Writer, n.Type, n.Subject)
		}
		b.WriteByte('\n')
	}
	golden(t, "testdata/items.golden", b.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got; -update writes it anew):\n%s", name, diff)
	}
}

// TestEveryRowOfTheRecordIsThere holds the files against the codes of the record:
// nothing was lost on the way from it.
func TestEveryRowOfTheRecordIsThere(t *testing.T) {
	p := loadReal(t)
	stated := map[string]bool{}
	for _, it := range p.Items {
		switch it.Type {
		case entente.TypeCharter, entente.TypePolicy, entente.TypeMilestone, entente.TypeProgress, entente.TypeLink, entente.TypePosition:
		default:
			stated[it.Subject] = true
		}
	}
	for _, series := range []struct {
		form        string
		first, last int
	}{{"c%02d", 1, 52}, {"cl%03d", 1, 158}, {"e%03d", 1, 49}, {"m%02d", 0, 10}, {"q%02d", 1, 40}, {"pr%02d", 1, 11}, {"n%02d", 1, 9}} {
		for n := series.first; n <= series.last; n++ {
			if code := fmt.Sprintf(series.form, n); !stated[code] {
				t.Errorf("nobody states %s", code)
			}
		}
	}
	for what, n := range map[string][2]int{
		"sources": {len(p.Sources), 233}, "agencies of the record and one publisher": {len(p.Agencies), 33 + 1},
		"principles": {len(p.Charter.Principles), 6}, "areas": {len(p.Charter.Areas), 14}, "checks, one a claim": {len(p.Checks), 158},
	} {
		if n[0] != n[1] {
			t.Errorf("%d %s, not %d", n[0], what, n[1])
		}
	}
	for i, s := range p.Sources {
		if want := fmt.Sprintf("S%03d", i+1); s.Code != want {
			t.Errorf("source %d has the code %s, not %s", i, s.Code, want)
		}
	}
}

// TestEverySourceIsCited: a document nobody relies on does not belong here.
func TestEverySourceIsCited(t *testing.T) {
	p := loadReal(t)
	var bodies strings.Builder
	for _, it := range p.Items {
		b, err := json.Marshal(it.Body)
		if err != nil {
			t.Fatal(err)
		}
		bodies.Write(b)
	}
	for _, s := range p.Sources {
		if !strings.Contains(bodies.String(), `"code":"`+s.Code+`"`) {
			t.Errorf("no item cites %s", s.Code)
		}
	}
}

// TestCountsByAuthorAndType is what the summary of a demonstration adds up to.
func TestCountsByAuthorAndType(t *testing.T) {
	counts := map[string]int{}
	for _, it := range loadReal(t).Items {
		counts[it.Author.Writer()+" "+string(it.Type)]++
	}
	var lines []string
	for k, n := range counts {
		lines = append(lines, fmt.Sprintf("%s %d", k, n))
	}
	slices.Sort(lines)
	golden(t, "testdata/counts.golden", strings.Join(lines, "\n")+"\n")
}

// TestBothLanguagesAreThere: the programme of 2025 leaves no text untranslated.
func TestBothLanguagesAreThere(t *testing.T) {
	for _, u := range loadReal(t).Untranslated {
		t.Error(u)
	}
}

// TestTheGateLetsEveryBodyThrough: no body holds what a gate refuses as a personal
// identifier, and each leaves room for header and signatures.
func TestTheGateLetsEveryBodyThrough(t *testing.T) {
	for _, it := range loadReal(t).Items {
		b, err := json.Marshal(it.Body)
		if err != nil {
			t.Fatal(err)
		}
		if found := policy.ScanBody(b); len(found) > 0 {
			t.Errorf("%s:%d: %v", it.File, it.Line, found)
		}
		if len(b) > maxBody {
			t.Errorf("%s:%d: %d bytes", it.File, it.Line, len(b))
		}
	}
}

func TestTheSameFilesGiveTheSameProgramme(t *testing.T) {
	a, b := loadReal(t), loadReal(t)
	for _, p := range []*Programme{a, b} {
		for i := range p.Items {
			p.Items[i].bind = nil // functions do not compare
		}
	}
	if !reflect.DeepEqual(a, b) {
		t.Error("two loads differ")
	}
}

func TestSigners(t *testing.T) {
	p := loadReal(t)
	if diff := cmp.Diff([]string{"PRES", "SEDENA", "SEMAR", "SENADO", "SRE", "SSPC"}, p.Signers(entente.MX)); diff != "" {
		t.Error(diff)
	}
	for _, a := range p.Signers(entente.US) {
		if !slices.ContainsFunc(p.Agencies, func(x Agency) bool { return x.Code == a && x.Party == entente.US }) {
			t.Errorf("%s signs and is no agency of the United States", a)
		}
	}
}

// TestPartiesOnDisputedMatters spot-checks that each side's word stands in its own
// log and nowhere else.
func TestPartiesOnDisputedMatters(t *testing.T) {
	p := loadReal(t)
	for _, c := range []struct {
		key  Key
		want bool
	}{
		{Key{"US", entente.TypeCommitment, "c50"}, false}, // Project Portero: announced, denied
		{Key{"portal", entente.TypeCitation, "c50"}, true},
		{Key{"MX", entente.TypePosition, "on-portal-citation-c50"}, true},
		{Key{"MX", entente.TypeCommitment, "c37"}, false}, // only in the US text
		{Key{"US", entente.TypeCommitment, "c37"}, true},
		{Key{"US", entente.TypeAccount, "c37"}, true},
		{Key{"US", entente.TypeCommitment, "c40"}, false}, // only in the Mexican text
		{Key{"MX", entente.TypeAccount, "c40"}, true},
		{Key{"MX", entente.TypePairing, "pr06"}, true}, // Mexico's proposal, awaiting the US
		{Key{"US", entente.TypePairing, "pr06"}, false},
		{Key{"MX", entente.TypePairing, "pr11"}, true}, // stated as an exchange by both
		{Key{"US", entente.TypePairing, "pr11"}, true},
	} {
		if _, ok := p.Find(c.key); ok != c.want {
			t.Errorf("%s: stated is %v, not %v", c.key, ok, c.want)
		}
	}
}

// TestWhatNobodyStatedSaysSo wants a remark in both languages on the terms and routes,
// which are an example: no record has them.
func TestWhatNobodyStatedSaysSo(t *testing.T) {
	p, n := loadReal(t), 0
	for _, it := range p.Items {
		var remark *entente.Text
		switch b := it.Body.(type) {
		case *entente.ExchangeTerms:
			remark = b.Remark
		case *entente.Route:
			remark = b.Remark
		default:
			continue
		}
		n++
		if remark == nil || !strings.Contains(remark.EN, "Example") || !strings.Contains(remark.ES, "Ejemplo") {
			t.Errorf("%s %s %s does not say that it is an example", it.Author.Party, it.Type, it.Subject)
		}
	}
	if n != 4 {
		t.Errorf("%d terms and routes", n)
	}
}
