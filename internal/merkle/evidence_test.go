package merkle_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"entente/internal/merkle"
	"entente/test/testlog"
)

// prove builds evidence that the larger tree, of large, does not begin with the
// smaller one.
func prove(t *testing.T, held, shown []byte, large *testlog.Log, smallSize, largeSize uint64) merkle.Evidence {
	t.Helper()
	p, err := merkle.Consistency(large, smallSize, largeSize)
	if err != nil {
		t.Fatal(err)
	}
	root := large.Root(smallSize)
	return merkle.Evidence{Format: merkle.EvidenceFormat, Kind: merkle.Inconsistent, Origin: large.Origin,
		Held: string(held), Shown: string(shown), PrefixRoot: &root, Proof: p, Observed: time.Unix(0, 0).UTC()}
}

func codes(v merkle.Verdict) []merkle.FindingCode {
	var out []merkle.FindingCode
	for _, f := range v.Findings {
		out = append(out, f.Code)
	}
	return out
}

func TestEvidenceOfAFork(t *testing.T) {
	honest := testlog.New(origin).Grow(300)
	liar := honest.Fork(120).Append([]byte("another entry")).Grow(229) // 350
	e := prove(t, honest.At(300), liar.At(350), liar, 300, 350)
	v, err := merkle.VerifyEvidence(e, honest.Verifier())
	if err != nil || !v.Proven {
		t.Fatalf("VerifyEvidence = %+v, %v", v, err)
	}
	want := []merkle.FindingCode{merkle.FoundHeldSigned, merkle.FoundShownSigned, merkle.FoundPrefix, merkle.FoundPrefixDiffers}
	if !slices.Equal(codes(v), want) {
		t.Errorf("findings are %v", codes(v))
	}
	b, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := merkle.DecodeEvidence(b)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := merkle.VerifyEvidence(back, honest.Verifier()); err != nil || !v.Proven {
		t.Errorf("the file does not prove what the evidence did: %+v, %v", v, err)
	}
	if name, err := back.Name(); err != nil || !strings.HasPrefix(name, "inconsistent-") {
		t.Errorf("Name = %q, %v", name, err)
	}
	// The other way round: the fork was accepted first, the honest tree came later.
	e = prove(t, honest.At(300), liar.At(200), honest, 200, 300)
	if v, err := merkle.VerifyEvidence(e, honest.Verifier()); err != nil || !v.Proven {
		t.Errorf("a smaller fork is not proven: %+v, %v", v, err)
	}
}

func TestEvidenceOfTwoRootsOfOneSize(t *testing.T) {
	honest := testlog.New(origin).Grow(40)
	liar := honest.Fork(39).Append([]byte("another entry"))
	e := merkle.Evidence{Format: merkle.EvidenceFormat, Kind: merkle.EqualSize, Origin: origin,
		Held: string(honest.At(40)), Shown: string(liar.At(40))}
	if v, err := merkle.VerifyEvidence(e, honest.Verifier()); err != nil || !v.Proven {
		t.Fatalf("VerifyEvidence = %+v, %v", v, err)
	}
	e.Shown = e.Held
	if _, err := merkle.VerifyEvidence(e, honest.Verifier()); err == nil {
		t.Error("one and the same checkpoint was taken for two")
	}
}

func TestEvidenceOfARollback(t *testing.T) {
	l := testlog.New(origin).Grow(90)
	root := l.Root(50)
	p, err := merkle.Consistency(l, 50, 90)
	if err != nil {
		t.Fatal(err)
	}
	pq := func(at int64) *merkle.MLDSASigner { return mldsaSigner(t, "demo.mx.entente/0000000a", 1, clock(at)) }
	sign := func(raw []byte, s note.Signer) string {
		out, err := merkle.AddSignatures(raw, s)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	e := merkle.Evidence{Format: merkle.EvidenceFormat, Kind: merkle.Rollback, Origin: origin,
		Held: string(l.At(90)), Shown: string(l.At(50)), PrefixRoot: &root, Proof: p}
	v, err := merkle.VerifyEvidence(e, l.Verifier())
	if err != nil || v.Proven {
		t.Fatalf("an old copy is taken for a proof: %+v, %v", v, err)
	}
	if got := codes(v); got[len(got)-1] != merkle.FoundNotStatedLater {
		t.Errorf("findings are %v", got)
	}
	e.Held, e.Shown = sign(l.At(90), pq(1_750_000_000)), sign(l.At(50), pq(1_750_003_600))
	v, err = merkle.VerifyEvidence(e, l.Verifier(), pq(0).Verifier())
	if err != nil || !v.Proven {
		t.Fatalf("a rollback that the log stated is not proven: %+v, %v", v, err)
	}
	e.Shown = sign(l.At(50), pq(1_750_000_060))
	if v, err := merkle.VerifyEvidence(e, l.Verifier(), pq(0).Verifier()); err != nil || v.Proven {
		t.Errorf("a clock set back by a minute is taken for a proof: %+v, %v", v, err)
	}
	e.Held, e.Shown = e.Shown, e.Held
	if _, err := merkle.VerifyEvidence(e, l.Verifier()); err == nil {
		t.Error("growth was taken for a rollback")
	}
}

// TestFalseEvidenceIsRefused gives every way of accusing an honest log.
func TestFalseEvidenceIsRefused(t *testing.T) {
	honest := testlog.New(origin).Grow(300)
	stranger := testlog.New("stranger.entente/public").Grow(10)
	stranger.Origin = origin // another's key, the accused's name
	liar := honest.Fork(100).Append([]byte("x")).Grow(250)

	growth := prove(t, honest.At(200), honest.At(300), honest, 200, 300)
	otherPrefix := growth
	root := liar.Root(200)
	otherPrefix.PrefixRoot = &root
	noProof := otherPrefix
	noProof.Proof = nil
	foreign := prove(t, honest.At(5), stranger.At(10), stranger, 5, 10)
	otherOrigin := prove(t, honest.At(300), liar.At(351), liar, 300, 351)
	otherOrigin.Origin = "demo.us.entente/public"
	unknown := otherOrigin
	unknown.Origin, unknown.Kind = origin, "slander"
	noPrefix := prove(t, honest.At(300), liar.At(351), liar, 300, 351)
	noPrefix.PrefixRoot = nil

	for name, e := range map[string]merkle.Evidence{
		"honest growth": growth, "a prefix root made up": otherPrefix, "no proof": noProof, "another's signature": foreign,
		"another log": otherOrigin, "unknown kind": unknown, "no prefix root": noPrefix,
	} {
		if v, err := merkle.VerifyEvidence(e, honest.Verifier()); err == nil {
			t.Errorf("%s: accepted with %+v", name, v)
		}
	}
	good := prove(t, honest.At(300), liar.At(351), liar, 300, 351)
	if _, err := merkle.VerifyEvidence(good); err == nil {
		t.Error("evidence was accepted without a key")
	}
}

func TestEvidenceFilesAreReadStrictly(t *testing.T) {
	honest := testlog.New(origin).Grow(30)
	liar := honest.Fork(10).Grow(1).Append([]byte("x")).Grow(28)
	e := prove(t, honest.At(30), liar.At(40), liar, 30, 40)
	good, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"empty":         "",
		"trailing":      string(good) + "{}",
		"unknown field": strings.Replace(string(good), `"kind"`, `"more": 1, "kind"`, 1),
		"other format":  strings.Replace(string(good), "evidence/v1", "evidence/v2", 1),
		"too large":     strings.Repeat(" ", merkle.MaxEvidence) + string(good),
	} {
		if _, err := merkle.DecodeEvidence([]byte(bad)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
