package figures

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"entente/internal/series"
)

func (w *world) assess(t *testing.T, claim string) series.Assessment {
	t.Helper()
	for i := range w.checks {
		if w.checks[i].Claim == claim {
			a, err := series.Assess(&w.checks[i], w.lookup, "")
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
	}
	t.Fatalf("no check of %s", claim)
	return series.Assessment{}
}

// pick returns the one reading of an indicator and window whose dimensions are
// exactly where.
func pick(t *testing.T, a series.Assessment, indicator string, where series.Where, window string) series.Reading {
	t.Helper()
	var found []series.Reading
	for _, r := range a.Readings {
		if r.Indicator == indicator && r.A.String() == window && fmt.Sprint(r.Where) == fmt.Sprint(where) {
			found = append(found, r)
		}
	}
	if len(found) == 0 {
		t.Fatalf("%s: no reading of %s %v in %s", a.Claim, indicator, where, window)
	}
	return found[0]
}

// −93 % of 3 September 2025: true of the southwest border in April, May, June and
// February to July; not in July, and in no month nationwide.
func TestEncountersMinus93(t *testing.T) {
	a := world0(t).assess(t, "CL027")
	if a.Outcome != series.DependsOn || a.Reason != series.SomeReadings {
		t.Errorf("%s, %s", a.Outcome, a.Reason)
	}
	all, southwest, nationwide := series.Where{"component": "*"}, series.Where{"geography": "southwest"}, series.Where{"geography": "*"}
	for window, want := range map[string]struct {
		own, state, nation string // figures to 3 decimals: southwest file, nationwide file's southwest, nationwide
		rounds             bool
	}{
		"2025-01":          {"-65.125", "-65.127", "-66.405", false},
		"2025-02":          {"-93.832", "-93.834", "-88.826", false},
		"2025-03":          {"-94.185", "-94.185", "-88.23", false},
		"2025-04":          {"-93.31", "-93.311", "-88.224", true},
		"2025-05":          {"-92.707", "-92.707", "-87.768", true},
		"2025-06":          {"-92.867", "-92.869", "-87.711", true},
		"2025-07":          {"-92.484", "-92.486", "-85.551", false},
		"2025-02..2025-07": {"-93.329", "-93.33", "-87.848", true},
	} {
		for _, r := range []struct {
			series.Reading
			figure string
			rounds bool
		}{
			{pick(t, a, "us-encounters-southwest", all, window), want.own, want.rounds},
			{pick(t, a, "us-encounters-nationwide", southwest, window), want.state, want.rounds},
			{pick(t, a, "us-encounters-nationwide", nationwide, window), want.nation, false},
		} {
			if r.Figure.Places(3).String() != r.figure || r.Rounds != r.rounds || r.Part || r.B.String() != r.A.YearBefore().String() {
				t.Errorf("%s %v %s: %s, rounds %v", r.Indicator, r.Where, window, r.Figure, r.Rounds)
			}
		}
	}
	july := pick(t, a, "us-encounters-southwest", all, "2025-07")
	if july.Figure.Places(1).String() != "-92.5" || july.Match != series.MatchShort {
		t.Errorf("July shows %s and is %s", july.Figure.Places(1), july.Match)
	}
	for _, r := range a.Readings {
		if r.Indicator == "us-encounters-nationwide" && r.Where["geography"] == "*" && r.Rounds {
			t.Errorf("nationwide %s rounds to −93", r.A)
		}
		if !strings.Contains(fmt.Sprint(r.Warnings), string(series.VintageAfter)) {
			t.Errorf("%s %s: the files are later than the statement and it does not say so", r.Indicator, r.A)
		}
	}
}

// −50 % fentanyl: by weight in some months and, nationwide, January to July; not
// in the fiscal year, nor by the number of seizures.
func TestFentanylMinus50(t *testing.T) {
	a := world0(t).assess(t, "CL029")
	if a.Outcome != series.DependsOn || a.Propositions[0].Step != "1" || a.Propositions[0].Coarse != "5" {
		t.Errorf("%s %+v", a.Outcome, a.Propositions)
	}
	for _, c := range []struct {
		geography, window, figure string
		match                     series.Match
	}{
		{"southwest", "2025-01", "-50.12", series.MatchRounds}, {"southwest", "2025-02", "-51.21", series.MatchNear}, {"southwest", "2025-03", "-46.59", series.MatchShort},
		{"southwest", "2025-04", "-51.05", series.MatchNear}, {"southwest", "2025-05", "-70.36", series.MatchBeyond}, {"southwest", "2025-07", "-50.91", series.MatchNear},
		{"*", "2025-01", "-49.01", series.MatchNear}, {"*", "2025-02", "-50.8", series.MatchNear}, {"*", "2025-06", "-40.9", series.MatchShort}, {"*", "2025-07", "-50.82", series.MatchNear},
		{"*", "2025-01..2025-07", "-51.72", series.MatchNear}, {"southwest", "2025-01..2025-07", "-53", series.MatchBeyond},
		{"*", "2024-10..2025-09", "-45.05", series.MatchShort}, {"southwest", "2024-10..2025-09", "-45.68", series.MatchShort},
		{"*", "2024-10..2025-07", "-40.94", series.MatchShort}, {"southwest", "2024-10..2025-07", "-41.15", series.MatchShort},
	} {
		r := pick(t, a, "us-fentanyl-seized-weight", series.Where{"geography": c.geography}, c.window)
		if r.Figure.Places(2).String() != c.figure || r.Match != c.match || r.Unit != series.Kilogram {
			t.Errorf("%s %s: %s %s", c.geography, c.window, r.Figure, r.Match)
		}
	}
	events := 0
	for _, r := range a.Readings {
		if r.Indicator == "us-fentanyl-seizure-events" && !r.Part {
			if events++; r.Rounds {
				t.Errorf("events, %v %s: %s", r.Where, r.A, r.Figure)
			}
		}
	}
	if events != 28 {
		t.Errorf("%d readings by events", events)
	}
}

func TestEveryClaimIsCovered(t *testing.T) {
	w := world0(t)
	seen := map[string]bool{}
	for i := range w.checks {
		c := &w.checks[i]
		if seen[c.Claim] {
			t.Errorf("%s is checked twice", c.Claim)
		}
		seen[c.Claim] = true
		if len(c.Propositions) > 0 && (c.Note.ES == "" || c.Note.EN == "") {
			t.Errorf("%s: no note on what the readings vary", c.Claim)
		}
		for _, p := range c.Propositions {
			for _, s := range p.Subjects {
				if w.indicators[s.Indicator] == nil {
					t.Errorf("%s: no indicator %s", c.Claim, s.Indicator)
				}
			}
		}
	}
	for n := 1; n <= 158; n++ {
		if id := fmt.Sprintf("CL%03d", n); !seen[id] {
			t.Errorf("%s is not covered", id)
		}
	}
	if len(seen) != 158 {
		t.Errorf("%d checks", len(seen))
	}
}

// The outcome of every claim, and the digest of every series and recipe, are in
// golden files: whoever changes one sees what follows.
func TestGolden(t *testing.T) {
	w := world0(t)
	var outcomes, digests strings.Builder
	for i := range w.checks {
		a, err := series.Assess(&w.checks[i], w.lookup, "")
		if err != nil {
			t.Fatal(err)
		}
		holding, decided := 0, 0
		for _, p := range a.Propositions {
			holding, decided = holding+p.Holding, decided+p.Decided
		}
		fmt.Fprintf(&outcomes, "%s\t%s\t%s\t%d/%d\n", a.Claim, a.Outcome, a.Reason, holding, decided)
	}
	for _, d := range w.datasets {
		for _, id := range sortedKeys(w.results[d.ID]) {
			r, _ := w.indicators[id].Recipe(d.Family)
			recipe, err := r.Digest()
			if err != nil {
				t.Fatal(err)
			}
			s := w.results[d.ID][id].Series
			fmt.Fprintf(&digests, "%s\t%s\t%d\t%s\t%s\n", d.ID, id, len(s.Obs), s.Digest(), recipe)
		}
	}
	golden(t, "testdata/outcomes.tsv", "claim\toutcome\treason\tholding/decided\n"+outcomes.String())
	golden(t, "testdata/digests.tsv", "dataset\tindicator\tobservations\tseries\trecipe\n"+digests.String())
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
	wantLines, gotLines := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	for i := range max(len(wantLines), len(gotLines)) {
		var a, b string
		if i < len(wantLines) {
			a = wantLines[i]
		}
		if i < len(gotLines) {
			b = gotLines[i]
		}
		if a != b {
			t.Errorf("%s:%d: %q, was %q (go test ./test/figures -update rewrites it)", name, i+1, b, a)
		}
	}
}
