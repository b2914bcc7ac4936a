package figures

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"flag"
	"fmt"
	"math/big"
	"path"
	"slices"
	"strings"
	"testing"

	"entente/programmes"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// An outsider, with the published file, the recipe's words and nothing of this
// code, computes the same digest: here fentanyl by weight, in kilograms.
func TestOutsiderGetsTheSameDigest(t *testing.T) {
	f, err := programmes.Files.Open(path.Join(programme, "data", "nationwide-drugs-fy23-fy26-dec.csv"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	monthOf := map[string]int{"JAN": 1, "FEB": 2, "MAR": 3, "APR": 4, "MAY": 5, "JUN": 6, "JUL": 7, "AUG": 8, "SEP": 9, "OCT": 10, "NOV": 11, "DEC": 12}
	component := map[string]string{"U.S. Border Patrol": "usbp", "Office of Field Operations": "ofo"}
	geography := map[string]string{"Southwest Border": "southwest", "Northern Border": "northern", "Coastal/Interior": "coastal_interior"}
	pound := big.NewRat(45359237, 100000000)
	sums := map[string]*big.Rat{}
	for _, r := range rows[1:] {
		if r[6] != "Fentanyl" {
			continue
		}
		var year int
		if _, err := fmt.Sscanf(r[0], "%d", &year); err != nil {
			t.Fatal(err)
		}
		if monthOf[r[1]] >= 10 {
			year--
		}
		key := fmt.Sprintf("%d-%02d,%s,%s,%s", year, monthOf[r[1]], strings.ToLower(strings.ReplaceAll(r[5], " ", "-")), component[r[2]], geography[r[3]])
		if sums[key] == nil {
			sums[key] = new(big.Rat)
		}
		lb, ok := new(big.Rat).SetString(r[8])
		if !ok {
			t.Fatal(r)
		}
		sums[key].Add(sums[key], lb.Mul(lb, pound))
	}
	var b strings.Builder
	b.WriteString("period,area,component,geography,value,status\n")
	for _, k := range sortedKeys(sums) {
		v := sums[k].FloatString(60)
		fmt.Fprintf(&b, "%s,%s,\n", k, strings.TrimSuffix(strings.TrimRight(v, "0"), "."))
	}
	sum := sha256.Sum256([]byte(b.String()))
	s := world0(t).results["cbp-nationwide-drugs-2025-12"]["us-fentanyl-seized-weight"].Series
	if got := s.Digest().String(); got != hex.EncodeToString(sum[:]) {
		t.Errorf("the series has digest %s, an outsider's %x", got, sum)
	}
}

// The codes of Mexican states name the states that the file names.
func TestMexicanStateCodes(t *testing.T) {
	w := world0(t)
	names := map[string]string{}
	for _, l := range w.codelists {
		if l.Dim == "state" {
			for code, n := range l.Codes {
				names[code] = n.ES
			}
		}
	}
	f, err := programmes.Files.Open(path.Join(programme, "data", "sesnsp-victimas-homicidio-doloso-2023-2025jun.csv"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	r, _ := w.indicators["mx-homicide-victims"].Recipe("sesnsp-homicide-victims-long")
	byName := map[string]int{}
	for _, row := range rows[1:] {
		var n int
		if _, err := fmt.Sscanf(row[11], "%d", &n); err != nil {
			t.Fatal(err)
		}
		byName[row[4]] += n
	}
	lines, err := w.results["sesnsp-homicide-victims-2025-06"]["mx-homicide-victims"].Series.By("state", nil)
	if err != nil || r == nil {
		t.Fatal(err)
	}
	for code, l := range lines {
		if got := l.Measure("total", l.Coverage()).Value.String(); got != fmt.Sprint(byName[names[code]]) {
			t.Errorf("%s (%s): %s victims, %d in the file", code, names[code], got, byName[names[code]])
		}
	}
	if len(lines) != 32 || len(byName) != 32 {
		t.Errorf("%d states", len(lines))
	}
}
