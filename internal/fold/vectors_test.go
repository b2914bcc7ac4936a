package fold_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"entente"
	"entente/internal/entry"
	"entente/internal/fold"
	"entente/internal/fold/foldtest"
)

var update = flag.Bool("update", false, "write spec/vectors")

const vectorsFolder = "../../spec/vectors/"

// stateVector is spec/vectors/state.json: logs, how each entry folds, and the
// state digests (see spec/vectors/README.md).
type stateVector struct {
	Version string                              `json:"version"`
	Logs    []logVector                         `json:"logs"`
	Entries []foldedVector                      `json:"entries"`
	Joints  []fold.JointLine                    `json:"joint_in_shared_view"`
	Digests map[entente.Audience]entente.Digest `json:"digests"`
}

type logVector struct {
	Origin   string           `json:"origin"`
	Writer   string           `json:"writer"`
	Audience entente.Audience `json:"audience"`
	Genesis  entente.Digest   `json:"genesis"`
}

type entryVector struct {
	Log   string `json:"log"`
	Entry string `json:"entry"`
}

type foldedVector struct {
	entryVector
	Leaf      entente.Digest `json:"leaf"`
	Status    fold.Status    `json:"status"`
	Rule      string         `json:"rule,omitempty"`
	Content   entente.Digest `json:"content"`
	Tip       bool           `json:"tip"`       // in the national view
	Withdrawn bool           `json:"withdrawn"` // in the national view
}

// ruleVectors is spec/vectors/rules.json: each case appends entries to the logs of
// the beginning, and the last of them folds as inadmissible by the rule.
type ruleVectors struct {
	Logs  []logVector   `json:"logs"`
	Begin []entryVector `json:"begin"`
	Cases []ruleVector  `json:"cases"`
}

type ruleVector struct {
	Name   string        `json:"name"`
	Append []entryVector `json:"append"`
	Rule   string        `json:"rule"`
}

func logVectors(infos []fold.LogInfo) []logVector {
	var out []logVector
	for _, i := range infos {
		out = append(out, logVector(i))
	}
	return out
}

func entryVectors(l *foldtest.Logs, skip map[string]int) []entryVector {
	out := []entryVector{}
	for _, info := range l.Info {
		for _, raw := range l.Raw[info.Origin][skip[info.Origin]:] {
			out = append(out, entryVector{info.Origin, string(raw)})
		}
	}
	return out
}

func makeRules(t *testing.T) ruleVectors {
	t.Helper()
	begin := newScene().logs
	v := ruleVectors{Logs: logVectors(begin.Info), Begin: entryVectors(begin, nil)}
	skip := map[string]int{}
	for origin, raws := range begin.Raw {
		skip[origin] = len(raws)
	}
	for _, c := range allRuleCases() {
		s := newScene()
		origin, raw := c.raw(s)
		// Made before, appended after whatever the case needs: the last one.
		extra := entryVectors(s.logs, skip)
		v.Cases = append(v.Cases, ruleVector{c.name, append(extra, entryVector{origin, string(raw)}), c.rule})
	}
	return v
}

func makeState(t *testing.T) stateVector {
	t.Helper()
	logs := tangle()
	m := logs.Fold()
	lines, err := m.Lines(entente.National)
	if err != nil {
		t.Fatal(err)
	}
	v := stateVector{Version: fold.Version, Logs: logVectors(logs.Info), Joints: m.JointLines(entente.Shared), Digests: digests(t, m)}
	for _, l := range lines {
		v.Entries = append(v.Entries, foldedVector{
			entryVector{l.Log, string(logs.Raw[l.Log][l.Index])}, l.Leaf, l.Status, l.Rule, l.Content, l.Tip, l.Withdrawn})
	}
	return v
}

// upToDate holds the file against what is made now, and reads it back into v.
func upToDate(t *testing.T, name string, made, v any) {
	t.Helper()
	var want bytes.Buffer
	enc := json.NewEncoder(&want)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(made); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(vectorsFolder+name, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(vectorsFolder + name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("spec/vectors/%s is out of date: if the fold was meant to change, change fold.Version and run go test ./internal/fold -update", name)
	}
	if err := json.Unmarshal(got, v); err != nil {
		t.Fatal(err)
	}
}

func memoryOf(logs []logVector) *fold.Memory {
	m := fold.NewMemory()
	for _, l := range logs {
		m.Pin(fold.LogInfo(l))
	}
	return m
}

func TestRuleVectors(t *testing.T) {
	var v ruleVectors
	upToDate(t, "rules.json", makeRules(t), &v)
	for _, c := range v.Cases {
		t.Run(c.Name, func(t *testing.T) {
			m := memoryOf(v.Logs)
			var last fold.Folded
			for _, e := range append(v.Begin[:len(v.Begin):len(v.Begin)], c.Append...) {
				all, err := m.Append(e.Log, []byte(e.Entry))
				if err != nil {
					t.Fatal(err)
				}
				last = all[0]
			}
			if last.Status != fold.Inadmissible || last.Rule != c.Rule {
				t.Errorf("folds as %s %s, want %s", last.Status, last.Rule, c.Rule)
			}
		})
	}
}

func TestStateVector(t *testing.T) {
	var v stateVector
	upToDate(t, "state.json", makeState(t), &v)
	m := memoryOf(v.Logs)
	for _, e := range v.Entries {
		if entry.LeafHash([]byte(e.Entry)) != e.Leaf {
			t.Errorf("leaf of %.60q", e.Entry)
		}
		if _, err := m.Append(e.Log, []byte(e.Entry)); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(v.Digests, digests(t, m)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(v.Joints, m.JointLines(entente.Shared)); diff != "" {
		t.Error(diff)
	}
}
