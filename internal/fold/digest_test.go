package fold_test

import (
	"crypto/sha256"
	"strings"
	"testing"

	"entente"
	"entente/internal/fold"
)

// TestDigestLines pins the canonical form, as spec/fold.md has it, byte for byte.
func TestDigestLines(t *testing.T) {
	leaf, content, body := entente.Digest{1}, entente.Digest{2}, entente.Digest{3}
	d := fold.NewDigester()
	for _, l := range []fold.Line{
		{Log: "a/public", Index: 0, Leaf: leaf, Status: fold.Admissible, Content: content, Tip: true},
		{Log: "a/public", Index: 1, Leaf: leaf, Status: fold.Inadmissible, Rule: fold.RuleDate, Content: content},
		{Log: "b/public", Index: 0, Leaf: leaf, Status: fold.Admissible, Content: content, Withdrawn: true},
	} {
		if err := d.Add(l); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.AddJoint(fold.JointLine{Type: "charter", Subject: "c", InForce: body, Flagged: true}); err != nil {
		t.Fatal(err)
	}
	rest := `"leaf":"` + leaf.String() + `","status":"`
	want := "entente-fold/2\n" +
		`{"log":"a/public","index":0,` + rest + `admissible","content":"` + content.String() + `","tip":true,"withdrawn":false}` + "\n" +
		`{"log":"a/public","index":1,` + rest + `inadmissible","rule":"rule.semantic.date","content":"` + content.String() + `","tip":false,"withdrawn":false}` + "\n" +
		`{"log":"b/public","index":0,` + rest + `admissible","content":"` + content.String() + `","tip":false,"withdrawn":true}` + "\n" +
		`{"joint":"charter","subject":"c","in_force":"` + body.String() + `","flagged":true}` + "\n"
	for range 2 { // asking does not change it
		if d.Sum() != sha256.Sum256([]byte(want)) {
			t.Errorf("not the digest of\n%s", want)
		}
	}
}

func TestDigesterRefusesDisorder(t *testing.T) {
	line := func(log string, index uint64) func(*fold.Digester) error {
		return func(d *fold.Digester) error { return d.Add(fold.Line{Log: log, Index: index}) }
	}
	joint := func(typ entente.Type, subject string) func(*fold.Digester) error {
		return func(d *fold.Digester) error { return d.AddJoint(fold.JointLine{Type: typ, Subject: subject}) }
	}
	cases := map[string][2]func(*fold.Digester) error{
		"the same entry twice":        {line("a", 0), line("a", 0)},
		"an earlier index":            {line("a", 1), line("a", 0)},
		"an earlier log":              {line("b", 0), line("a", 9)},
		"an entry after joint things": {joint("charter", "c"), line("a", 0)},
		"the same joint thing twice":  {joint("charter", "c"), joint("charter", "c")},
		"an earlier joint type":       {joint("policy", "a"), joint("charter", "z")},
	}
	for name, steps := range cases {
		d := fold.NewDigester()
		if err := steps[0](d); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := steps[1](d); err == nil || !strings.HasPrefix(err.Error(), "state digest: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestContentCoversEverything: no change to what an entry puts into the tables
// leaves its content digest as it was.
func TestContentCoversEverything(t *testing.T) {
	full := func() fold.Folded {
		link := fold.Link{Kind: fold.LinkAbout, To: entente.Ref{Log: "a/public", Index: 1}}
		return fold.Folded{
			Writer: "MX", Type: "action", Header: entente.Header{Subject: "x"}, Title: text("t"), Search: text("s"),
			Areas: []string{"arms"}, Links: []fold.Link{link}, Unresolved: []fold.Link{link},
			Rows: []fold.Row{{Table: "action", Values: []any{"X1", int64(1), 1.5}}},
		}
	}
	changes := map[string]func(*fold.Folded){
		"nothing":        func(*fold.Folded) {},
		"writer":         func(f *fold.Folded) { f.Writer = "US" },
		"type":           func(f *fold.Folded) { f.Type = "claim" },
		"subject":        func(f *fold.Folded) { f.Header.Subject = "y" },
		"body":           func(f *fold.Folded) { f.BodyDigest[0]++ },
		"title":          func(f *fold.Folded) { f.Title.EN = "" },
		"search":         func(f *fold.Folded) { f.Search.ES = "<" },
		"areas":          func(f *fold.Folded) { f.Areas = nil },
		"correction":     func(f *fold.Folded) { c := text("c"); f.Correction = &c },
		"kind of link":   func(f *fold.Folded) { f.Links[0].Kind = fold.LinkOn },
		"target of link": func(f *fold.Folded) { f.Links[0].To.Index++ },
		"unresolved":     func(f *fold.Folded) { f.Unresolved = nil },
		"table":          func(f *fold.Folded) { f.Rows[0].Table = "x" },
		"value":          func(f *fold.Folded) { f.Rows[0].Values[2] = 1.25 },
		"rows":           func(f *fold.Folded) { f.Rows = append(f.Rows, f.Rows[0]) },
	}
	seen := map[entente.Digest]string{}
	for name, change := range changes {
		f := full()
		change(&f)
		c, err := f.Content()
		if err != nil {
			t.Fatal(err)
		}
		if other, same := seen[c]; same {
			t.Errorf("%s and %s have one content digest", name, other)
		}
		seen[c] = name
	}
}
