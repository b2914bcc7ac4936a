package merkle_test

import (
	"testing"

	"entente/internal/merkle"
	"entente/test/testlog"
)

func FuzzParseText(f *testing.F) {
	f.Add(testlogText(3))
	f.Add("a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := merkle.ParseText(text); err == nil && c.Text() != text {
			t.Errorf("%q parses and is written as %q", text, c.Text())
		}
	})
}

func FuzzOpen(f *testing.F) {
	l := testlog.New(origin).Grow(3)
	pq := mldsaSigner(f, "demo.mx.entente/0000000a", 1, nil)
	withPQ, err := merkle.AddSignatures(l.At(3), pq)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(l.At(3))
	f.Add(withPQ)
	signed := merkle.Checkpoint{Origin: origin, Size: 3, Root: l.Root(3)}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, _, err := merkle.Open(raw, origin, l.Verifier(), pq.Verifier())
		if err == nil && c != signed {
			t.Errorf("%q opens as %v, which was never signed", raw, c)
		}
		if merged, err := merkle.Merge(raw, withPQ, pq.Verifier()); err == nil {
			if _, _, err := merkle.Open(merged, origin, pq.Verifier()); err != nil {
				t.Errorf("%q merges into a note that does not open: %v", raw, err)
			}
		}
	})
}

func FuzzParseTilePath(f *testing.F) {
	for _, p := range []string{"tile/0/000", "tile/entries/x001/234.p/7", "tile/63/x999/x999/999.p/255"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if id, err := merkle.ParseTilePath(path); err == nil && id.Path() != path {
			t.Errorf("%q parses and is written as %q", path, id.Path())
		}
	})
}

func FuzzParseBundle(f *testing.F) {
	f.Add([]byte("\x00\x01a\x00\x00"), 2)
	f.Fuzz(func(t *testing.T, b []byte, width int) {
		raws, err := merkle.ParseBundle(b, width)
		if err != nil {
			return
		}
		var back []byte
		for _, raw := range raws {
			if back, err = merkle.AppendBundle(back, raw); err != nil {
				t.Fatal(err)
			}
		}
		if string(back) != string(b) || len(raws) != width {
			t.Errorf("%x splits into %d entries that bundle as %x", b, len(raws), back)
		}
	})
}

func FuzzDecodeEvidence(f *testing.F) {
	honest := testlog.New(origin).Grow(12)
	v := honest.Verifier()
	f.Add([]byte(`{"format":"entente/evidence/v1","kind":"rollback","proof":["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]}`))
	f.Add([]byte(`{"format":"entente/evidence/v1","kind":"inconsistent","prefix_root":"00","observed":"2026-01-01T00:00:00Z"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := merkle.DecodeEvidence(b)
		if err != nil {
			return
		}
		if verdict, err := merkle.VerifyEvidence(e, v); err == nil && verdict.Proven {
			t.Errorf("%q accuses a log that signed nothing", b)
		}
	})
}

func FuzzNewVerifier(f *testing.F) {
	f.Add(testlog.New(origin).VKey)
	f.Add(mldsaSigner(f, "a", 1, nil).VKey())
	f.Fuzz(func(t *testing.T, vkey string) {
		if v, err := merkle.NewVerifier(vkey); err == nil && v.Verify([]byte("text\n"), []byte("signature")) {
			t.Errorf("%q verifies nonsense", vkey)
		}
	})
}

func testlogText(size uint64) string {
	return merkle.Checkpoint{Origin: origin, Size: size, Root: merkle.EmptyRoot}.Text()
}
