package merkle_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"entente"
	"entente/internal/merkle"
	"entente/test/testlog"
)

const origin = "demo.mx.entente/public"

func TestCheckpointHasOneForm(t *testing.T) {
	good := merkle.Checkpoint{Origin: origin, Size: 7, Root: entente.DigestOf([]byte("x"))}
	got, err := merkle.ParseText(good.Text())
	if err != nil || got != good {
		t.Fatalf("ParseText(%q) = %v, %v", good.Text(), got, err)
	}
	text := good.Text()
	for name, bad := range map[string]string{
		"no final newline":     strings.TrimSuffix(text, "\n"),
		"extension line":       text + "more\n",
		"leading zero":         strings.Replace(text, "\n7\n", "\n07\n", 1),
		"plus sign":            strings.Replace(text, "\n7\n", "\n+7\n", 1),
		"too large":            strings.Replace(text, "\n7\n", "\n72057594037927937\n", 1),
		"empty origin":         strings.TrimPrefix(text, origin),
		"space in origin":      "a b" + strings.TrimPrefix(text, origin),
		"plus in origin":       "a+b" + strings.TrimPrefix(text, origin),
		"long origin":          strings.Repeat("a", 256) + strings.TrimPrefix(text, origin),
		"short root":           origin + "\n7\nAAAA\n",
		"root not canonical":   strings.Replace(text, "=\n", "\n", 1),
		"empty tree, any root": strings.Replace(text, "\n7\n", "\n0\n", 1),
		"carriage return":      strings.ReplaceAll(text, "\n", "\r\n"),
	} {
		if c, err := merkle.ParseText(bad); err == nil {
			t.Errorf("%s: %q parsed as %v", name, bad, c)
		}
	}
}

func TestOpenTrustsKnownKeysOnly(t *testing.T) {
	l := testlog.New(origin).Grow(3)
	other := testlog.New("other.entente/public")
	raw := l.At(3)
	c, sigs, err := merkle.Open(raw, origin, l.Verifier(), l.Verifier())
	if err != nil || c.Size != 3 || c.Root != l.Root(3) || len(sigs) != 1 {
		t.Fatalf("Open = %v, %v, %v", c, sigs, err)
	}
	if _, _, err := merkle.Open(raw, origin); !errors.Is(err, merkle.ErrUnknownSigner) {
		t.Errorf("without keys: %v", err)
	}
	if _, _, err := merkle.Open(raw, origin, other.Verifier()); !errors.Is(err, merkle.ErrUnknownSigner) {
		t.Errorf("with another's key: %v", err)
	}
	if _, _, err := merkle.Open(raw, "demo.us.entente/public", l.Verifier()); err == nil {
		t.Error("a checkpoint of another log was accepted")
	}
	forged := []byte(strings.Replace(string(raw), "\n3\n", "\n4\n", 1))
	if _, _, err := merkle.Open(forged, origin, l.Verifier()); err == nil {
		t.Error("a changed checkpoint was accepted")
	}
	if _, err := merkle.Peek(append(raw, make([]byte, merkle.MaxNote)...)); err == nil {
		t.Error("a note above the limit was read")
	}
}

func TestSignaturesAreAddedAndMerged(t *testing.T) {
	l := testlog.New(origin).Grow(5)
	us := testlog.New("demo.us.entente/public")
	cosigner, err := merkle.NewCosigner(us.Key)
	if err != nil {
		t.Fatal(err)
	}
	cosignature, err := merkle.NewCosignatureVerifier(us.VKey)
	if err != nil {
		t.Fatal(err)
	}
	pq := mldsaSigner(t, "demo.mx.entente/0000000a", 1, clock(1_750_000_000))
	raw := l.At(5)
	withPQ, err := merkle.AddSignatures(raw, pq)
	if err != nil {
		t.Fatal(err)
	}
	cosigned, err := merkle.AddSignatures(raw, cosigner)
	if err != nil {
		t.Fatal(err)
	}
	merged, err := merkle.Merge(withPQ, cosigned, cosignature)
	if err != nil {
		t.Fatal(err)
	}
	_, sigs, err := merkle.Open(merged, origin, l.Verifier(), pq.Verifier(), cosignature)
	if err != nil || len(sigs) != 3 {
		t.Fatalf("merged note has %d good signatures, %v", len(sigs), err)
	}
	if again, err := merkle.Merge(merged, cosigned, cosignature); err != nil || string(again) != string(merged) {
		t.Errorf("merging again changed the note: %v", err)
	}
	if dropped, err := merkle.Merge(raw, cosigned); err != nil || string(dropped) != string(raw) {
		t.Errorf("a line by an unknown key was taken over: %v", err)
	}
	last := bytes.LastIndex(cosigned, []byte("="))
	spoilt := append(bytes.Clone(cosigned[:last-8]), append([]byte("AAAAAAA"), cosigned[last-1:]...)...)
	if mended, err := merkle.Merge(spoilt, cosigned, cosignature); err != nil || string(mended) != string(cosigned) {
		t.Errorf("a false line stands in place of the true one: %v\n%s", err, mended)
	}
	if _, err := merkle.Merge(l.At(4), cosigned, cosignature); err == nil {
		t.Error("a signature over another size was merged")
	}
	if at, ok := merkle.SignatureTime(sigs[1]); !ok || at.Unix() != 1_750_000_000 {
		t.Errorf("ML-DSA-44 states %v, %v", at, ok)
	}
	if _, ok := merkle.SignatureTime(sigs[0]); ok {
		t.Error("an Ed25519 log signature states a time")
	}
}

func TestMLDSASignsCheckpointsOnly(t *testing.T) {
	pq := mldsaSigner(t, "demo.mx.entente/0000000a", 1, nil)
	l := testlog.New(origin).Grow(2)
	c := merkle.Checkpoint{Origin: origin, Size: 2, Root: l.Root(2)}
	sig, err := pq.Sign([]byte(c.Text()))
	if err != nil {
		t.Fatal(err)
	}
	v, err := merkle.NewVerifier(pq.VKey())
	if err != nil {
		t.Fatal(err)
	}
	if !v.Verify([]byte(c.Text()), sig) {
		t.Fatal("a good signature is refused")
	}
	for name, bad := range map[string]merkle.Checkpoint{
		"size":   {Origin: origin, Size: 3, Root: c.Root},
		"root":   {Origin: origin, Size: 2, Root: l.Root(1)},
		"origin": {Origin: "demo.mx.entente/shared", Size: 2, Root: c.Root},
	} {
		if v.Verify([]byte(bad.Text()), sig) {
			t.Errorf("the signature holds for another %s", name)
		}
	}
	renamed := mldsaSigner(t, "demo.mx.entente/0000000b", 1, nil)
	if renamed.Verifier().Verify([]byte(c.Text()), sig) {
		t.Error("the signature holds for another cosigner's name")
	}
	if v.Verify([]byte(c.Text()), sig[:len(sig)-1]) || v.Verify([]byte(c.Text()+"more\n"), sig) {
		t.Error("a cut signature, or one over an extended text, holds")
	}
	if _, err := pq.Sign([]byte("entente/v1 genesis\n{}\n")); err == nil {
		t.Error("something that is no checkpoint was signed")
	}
}

func TestMLDSAStatedTimeNeverGoesBack(t *testing.T) {
	now := time.Unix(1_750_000_000, 0)
	pq := mldsaSigner(t, "demo.mx.entente/0000000a", 1, func() time.Time { return now })
	text := []byte(merkle.Checkpoint{Origin: origin, Size: 0, Root: merkle.EmptyRoot}.Text())
	first, err := pq.Sign(text)
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(-time.Hour)
	second, err := pq.Sign(text)
	if err != nil || string(first[:8]) != string(second[:8]) {
		t.Errorf("the clock was set back and so was the stated time: %x, %x, %v", first[:8], second[:8], err)
	}
}

func TestProofsOfEveryPairOfSizes(t *testing.T) {
	l := testlog.New(origin).Grow(70)
	for size := range uint64(71) {
		c := merkle.Checkpoint{Origin: origin, Size: size, Root: l.Root(size)}
		for old := range size + 1 {
			p, err := merkle.Consistency(l, old, size)
			if err != nil {
				t.Fatal(err)
			}
			if err := merkle.VerifyConsistency(p, size, c.Root, old, l.Root(old)); err != nil {
				t.Fatalf("%d in %d: %v", old, size, err)
			}
			if err := merkle.VerifyConsistency(p, size, c.Root, old, entente.DigestOf([]byte("other"))); err == nil {
				t.Fatalf("%d in %d: another root was accepted", old, size)
			}
		}
		for i := range size {
			p, err := merkle.Inclusion(l, i, size)
			if err != nil {
				t.Fatal(err)
			}
			if err := merkle.VerifyInclusion(p, c, i, merkle.LeafHash(l.Raw(i))); err != nil {
				t.Fatalf("#%d in %d: %v", i, size, err)
			}
			if err := merkle.VerifyInclusion(p, c, i, merkle.LeafHash([]byte("other"))); err == nil {
				t.Fatalf("#%d in %d: another entry was accepted", i, size)
			}
		}
	}
	if _, err := merkle.Inclusion(l, 5, 5); err == nil {
		t.Error("an entry beyond the tree was proven")
	}
	if _, err := merkle.Consistency(l, 6, 5); err == nil {
		t.Error("a larger tree was proven inside a smaller")
	}
}

func TestEveryTileHasOnePath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := merkle.TileID{
			Level: rapid.IntRange(merkle.Entries, 63).Draw(t, "level"),
			Index: rapid.Uint64Range(0, merkle.MaxSize/256).Draw(t, "index"),
			Width: rapid.IntRange(1, 256).Draw(t, "width"),
		}
		got, err := merkle.ParseTilePath(id.Path())
		if err != nil || got != id {
			t.Fatalf("%v → %s → %v, %v", id, id.Path(), got, err)
		}
	})
	if p := (merkle.TileID{Level: 0, Index: 1234067, Width: 256}).Path(); p != "tile/0/x001/x234/067" {
		t.Errorf("tile path is %s", p)
	}
	if p := (merkle.TileID{Level: merkle.Entries, Index: 5, Width: 7}).Path(); p != "tile/entries/005.p/7" {
		t.Errorf("bundle path is %s", p)
	}
	for _, bad := range []string{
		"", "tile", "tile/0", "tile/0/", "tile/00/000", "tile/64/000", "tile/-1/000", "tile/data/000", "tile/8/0/000",
		"tile/0/0", "tile/0/x000/000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/07", "tile/entries/",
		"tile/entries/000.p/", "tile/entries/0/000", "tile/0/../000", "/tile/0/000", "tile/0/000/", "tile/0/001/000",
	} {
		if id, err := merkle.ParseTilePath(bad); err == nil {
			t.Errorf("%q parsed as %v", bad, id)
		}
	}
}

func TestBundles(t *testing.T) {
	want := [][]byte{[]byte("a"), {}, make([]byte, 65535)}
	var b []byte
	for _, raw := range want {
		var err error
		if b, err = merkle.AppendBundle(b, raw); err != nil {
			t.Fatal(err)
		}
	}
	got, err := merkle.ParseBundle(b, 3)
	if err != nil || len(got) != 3 || string(got[0]) != "a" || len(got[2]) != 65535 {
		t.Fatalf("ParseBundle = %d entries, %v", len(got), err)
	}
	if _, err := merkle.AppendBundle(nil, make([]byte, 65536)); err == nil {
		t.Error("an entry of 65,536 bytes was bundled")
	}
	for name, f := range map[string]func() ([][]byte, error){
		"one too many":  func() ([][]byte, error) { return merkle.ParseBundle(b, 2) },
		"one too few":   func() ([][]byte, error) { return merkle.ParseBundle(b, 4) },
		"cut":           func() ([][]byte, error) { return merkle.ParseBundle(b[:len(b)-1], 3) },
		"width 0":       func() ([][]byte, error) { return merkle.ParseBundle(nil, 0) },
		"width 257":     func() ([][]byte, error) { return merkle.ParseBundle(b, 257) },
		"half a length": func() ([][]byte, error) { return merkle.ParseBundle(b[:1], 1) },
	} {
		if _, err := f(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestKeysInNoteForm(t *testing.T) {
	pq := mldsaSigner(t, "demo.mx.entente/0000000a", 1, nil)
	l := testlog.New(origin)
	for name, bad := range map[string]string{
		"empty": "", "no key": "a+00000000+", "wrong ID": strings.Replace(pq.VKey(), "+", "+0", 1)[:20],
		"an encryption key":     "a+01020304+" + "/wA=",
		"another ML-DSA ID":     swapID(pq.VKey()),
		"cut ML-DSA key":        pq.VKey()[:200],
		"space in the key name": "a b+01020304+AQA=",
	} {
		if _, err := merkle.NewVerifier(bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := merkle.NewMLDSASigner(l.Key, nil); err == nil {
		t.Error("an Ed25519 key was taken for ML-DSA-44")
	}
	if _, err := merkle.NewVerifier(l.VKey); err != nil {
		t.Error(err)
	}
}

func swapID(vkey string) string {
	name, rest, _ := strings.Cut(vkey, "+")
	return name + "+00000000" + rest[8:]
}

func clock(unix int64) func() time.Time { return func() time.Time { return time.Unix(unix, 0) } }

var (
	_ note.Signer     = (*merkle.MLDSASigner)(nil)
	_ tlog.HashReader = (*testlog.Log)(nil)
)
