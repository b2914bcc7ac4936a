package bundle

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/internal/entry"
	"entente/test/world"
)

// exchangeInput is the proof of a release of the United States, with its receipt
// and its recall.
func exchangeInput(t testing.TB) (Input, entente.Ref) {
	t.Helper()
	text := entente.Text{ES: "Regla", EN: "Rule"}
	policy := entente.Policy{
		Joint: entente.Joint{Required: []entente.Party{entente.MX, entente.US}}, Code: "gates", Cedar: "permit (principal, action, resource);",
		Refusals: map[string]entente.Refusal{"rule": {Rule: text, Mend: text}},
	}
	raw, err := entry.Body(policy)
	if err != nil {
		t.Fatal(err)
	}
	w := world.New(t, entente.DigestOf(raw))
	s := world.NewSample(w)
	content := entente.Sealed{Digest: entente.DigestOf([]byte("ciphertext")), Size: 10}
	var refs []entente.Ref
	add := func(by *world.Writer, agency string, typ entente.Type, subject string, body any) entente.Ref {
		ref := s.Add(by, entente.Shared, agency, typ, subject, body)
		refs = append(refs, ref)
		return ref
	}
	add(s.MX, "SRE", entente.TypePolicy, "policy", policy)
	add(s.US, "DOS", entente.TypePolicy, "policy", policy)
	release := add(s.US, "DOS", entente.TypeRelease, "rl1", entente.Release{
		To: entente.MX, Recipients: []string{"SRE"}, Areas: []string{"A01"}, Form: "files", Content: content,
		Handling: entente.Handling{
			Territory: "US", Collector: "DOS", From: "2025-09-01", To: "2025-09-30", Basis: "treaty", Source: "B", Information: "2",
			Classification: entente.Unclassified, TLP: entente.TLPAmber, Purposes: []string{"investigation"}, Onward: entente.OnwardNone,
			Retain: "2026-09-30", Assessed: true},
	})
	add(s.MX, "SRE", entente.TypeReceipt, "rc1", entente.Receipt{
		Release: release, Verdict: "received", Digest: content.Digest, Policy: entente.DigestOf(raw), Policies: []string{"p1"}})
	misuse := add(s.US, "DOS", entente.TypeMisuse, "ms1", entente.Misuse{Release: release, Kind: "disclosure", Due: time.Date(2025, 10, 1, 0, 0, 0, 0, time.UTC)})
	add(s.MX, "SRE", entente.TypeMisuseOutcome, "mo1", entente.MisuseOutcome{Misuse: misuse, Outcome: "unfounded"})
	add(s.US, "DOS", entente.TypeRecall, "rl1", entente.Recall{Release: release, Reason: "inaccurate"})
	model, err := json.Marshal(map[string]any{"release": release, "entries": refs})
	if err != nil {
		t.Fatal(err)
	}
	in := Input{Kind: OfExchange, Demo: true, Model: model}
	for _, l := range s.Logs {
		if l.Audience == entente.National {
			continue
		}
		cosigner := s.US
		if l.Writer == s.US {
			cosigner = s.MX
		}
		checkpoint, err := l.Checkpoint(cosigner)
		if err != nil {
			t.Fatal(err)
		}
		entries := map[uint64][]byte{}
		for i, raw := range l.Raws {
			entries[uint64(i)] = raw
		}
		size := uint64(len(l.Raws))
		in.Logs = append(in.Logs, Log{Origin: l.Origin, Size: size, Root: l.Head(size).Root, Checkpoint: checkpoint, Entries: entries, Hashes: l})
	}
	return in, release
}

// An auditor learns from the two logs who released what to whom under which
// policy, and what became of it, without the content.
func TestAProofOfAReleaseSaysWhoWhatAndUnderWhichPolicy(t *testing.T) {
	in, release := exchangeInput(t)
	f, err := verify(mustMake(t, in), Options{})
	if err != nil || !f.OK() {
		t.Fatalf("%v%s", err, failed(f))
	}
	var told strings.Builder
	for _, one := range f.List {
		if one.Check == CheckExchange {
			told.WriteString(one.About + " " + one.Text.EN + "\n")
			if one.Text.ES == "" || one.Text.ES == one.Text.EN {
				t.Errorf("not in both languages: %+v", one.Text)
			}
		}
	}
	for _, want := range []string{
		release.String(), "DOS (US) released to SRE of MX", "TLP:AMBER", "retain until 2026-09-30", "officer", "which MX and US stated in the same words; deciding:",
		"SRE (MX) signed for that very content", "DOS (US) stated a report of misuse", "SRE (MX) stated what came of that report", "DOS (US) stated its recall",
		"The content is not in the bundle",
	} {
		if !strings.Contains(told.String(), want) {
			t.Errorf("the proof does not say %q:\n%s", want, told.String())
		}
	}
}

func TestAProofThatDoesNotHoldSaysSo(t *testing.T) {
	in, release := exchangeInput(t)
	refuses := func(what string, change func(*Input)) {
		t.Helper()
		changed := in
		changed.Logs = append([]Log(nil), in.Logs...)
		change(&changed)
		f, err := verify(mustMake(t, changed), Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range f.List {
			if one.Check == CheckExchange && one.Outcome == Failed {
				return
			}
		}
		t.Errorf("%s: nothing failed", what)
	}
	refuses("no release", func(in *Input) { in.Model = []byte(`{"entries":[]}`) })
	refuses("another entry for the release", func(in *Input) {
		other := release
		for _, l := range in.Logs {
			if l.Origin == release.Log {
				other = entente.Ref{Log: release.Log, Index: release.Index - 1, Leaf: entry.LeafHash(l.Entries[release.Index-1])}
			}
		}
		in.Model, _ = json.Marshal(map[string]any{"release": other})
	})
	refuses("policies that only one party stated", func(in *Input) {
		for i, l := range in.Logs {
			entries := map[uint64][]byte{}
			for n, raw := range l.Entries {
				if strings.Contains(l.Origin, ".mx.") && strings.HasPrefix(string(raw), "entente/v1 policy\n") {
					continue
				}
				entries[n] = raw
			}
			in.Logs[i].Entries = entries
		}
	})
}
