package merkle_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/cloudflare/circl/sign/mldsa/mldsa44"
	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"entente"
	"entente/internal/merkle"
	"entente/test/testlog"
)

var update = flag.Bool("update", false, "rewrite the vectors of spec/vectors/merkle")

const vectorDir = "../../spec/vectors/merkle"

// mldsaSigner returns a signer whose seed is 32 times b.
func mldsaSigner(t testing.TB, name string, b byte, now func() time.Time) *merkle.MLDSASigner {
	t.Helper()
	secret := append([]byte{merkle.AlgMLDSA}, bytes.Repeat([]byte{b}, merkle.MLDSASeedSize)...)
	pub, _ := mldsa44.NewKeyFromSeed((*[merkle.MLDSASeedSize]byte)(secret[1:]))
	id := sha256.Sum256(slices.Concat([]byte(name+"\n"), []byte{merkle.AlgMLDSA}, pub.Bytes()))
	skey := fmt.Sprintf("PRIVATE+KEY+%s+%x+%s", name, id[:4], base64.StdEncoding.EncodeToString(secret))
	s, err := merkle.NewMLDSASigner(skey, now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

type checkpointVector struct {
	About  string   `json:"about"`
	Origin string   `json:"origin"`
	Leaves []string `json:"leaves"` // UTF-8 text of each entry
	Size   uint64   `json:"size"`
	Root   string   `json:"root"` // hexadecimal
	Keys   []string `json:"keys"` // vkeys whose signatures the note carries
	Note   string   `json:"note"`
}

type proofVector struct {
	About       string       `json:"about"`
	Size        uint64       `json:"size"`
	Root        string       `json:"root"`
	Index       *uint64      `json:"index,omitempty"`
	Leaf        string       `json:"leaf,omitempty"`
	OldSize     *uint64      `json:"old_size,omitempty"`
	OldRoot     string       `json:"old_root,omitempty"`
	Proof       merkle.Proof `json:"proof"`
	WantRefused bool         `json:"want_refused,omitempty"`
}

type evidenceVector struct {
	About    string          `json:"about"`
	Keys     []string        `json:"keys"`
	Evidence merkle.Evidence `json:"evidence"`
	// Want is "proven", "true" (holds, proves no fault) or "refused".
	Want string `json:"want"`
}

func TestCheckpointVectors(t *testing.T) {
	vs := vectors(t, "checkpoints.json", func() []checkpointVector {
		l := testlog.New(origin).Grow(3)
		us := testlog.New("demo.us.entente/public")
		cosigner, err := merkle.NewCosigner(us.Key)
		if err != nil {
			t.Fatal(err)
		}
		cosignature, err := fnote.VKeyToCosignatureV1(us.VKey)
		if err != nil {
			t.Fatal(err)
		}
		pq := mldsaSigner(t, "demo.mx.entente/0000000a", 1, clock(1_756_900_800))
		var leaves []string
		for i := range uint64(3) {
			leaves = append(leaves, string(l.Raw(i)))
		}
		full, err := merkle.AddSignatures(l.At(3), pq, cosigner)
		if err != nil {
			t.Fatal(err)
		}
		root, empty := l.Root(3), merkle.EmptyRoot
		return []checkpointVector{
			{"an empty log, signed with Ed25519", origin, []string{}, 0, empty.String(), []string{l.VKey}, string(l.At(0))},
			{"three entries, signed with Ed25519", origin, leaves, 3, root.String(), []string{l.VKey}, string(l.At(3))},
			{"the same with an ML-DSA-44 signature (0x06) and a cosignature (0x04)", origin, leaves, 3, root.String(),
				[]string{l.VKey, pq.VKey(), cosignature}, string(full)},
		}
	})
	for _, v := range vs {
		l := &testlog.Log{Origin: v.Origin}
		for _, leaf := range v.Leaves {
			l.Append([]byte(leaf))
		}
		if got := l.Root(v.Size); got.String() != v.Root {
			t.Errorf("%s: root is %s", v.About, got)
		}
		c, sigs, err := merkle.Open([]byte(v.Note), v.Origin, verifiers(t, v.Keys)...)
		if err != nil || c.Size != v.Size || c.Root.String() != v.Root || len(sigs) != len(v.Keys) {
			t.Errorf("%s: %v with %d of %d signatures, %v", v.About, c, len(sigs), len(v.Keys), err)
		}
	}
}

func TestProofVectors(t *testing.T) {
	vs := vectors(t, "proofs.json", func() []proofVector {
		l := testlog.New(origin).Grow(300)
		other := testlog.New(origin).Append([]byte("another first entry")).Grow(299)
		var out []proofVector
		for _, c := range []struct{ index, size uint64 }{{0, 1}, {0, 7}, {6, 7}, {255, 256}, {255, 300}, {299, 300}} {
			p, err := merkle.Inclusion(l, c.index, c.size)
			if err != nil {
				t.Fatal(err)
			}
			leaf, root := merkle.LeafHash(l.Raw(c.index)), l.Root(c.size)
			v := proofVector{About: "inclusion", Size: c.size, Root: root.String(), Index: &c.index, Leaf: leaf.String(), Proof: p}
			bad := v
			wrong := merkle.LeafHash([]byte("another entry"))
			bad.About, bad.Leaf, bad.WantRefused = "inclusion of another entry", wrong.String(), true
			out = append(out, v, bad)
		}
		for _, c := range []struct{ old, size uint64 }{{0, 5}, {1, 2}, {4, 7}, {7, 7}, {256, 300}, {299, 300}} {
			p, err := merkle.Consistency(l, c.old, c.size)
			if err != nil {
				t.Fatal(err)
			}
			root, oldRoot := l.Root(c.size), l.Root(c.old)
			v := proofVector{About: "consistency", Size: c.size, Root: root.String(), OldSize: &c.old, OldRoot: oldRoot.String(), Proof: p}
			out = append(out, v)
			if c.old > 0 {
				v.OldRoot, v.About, v.WantRefused = other.Root(c.old).String(), "consistency with a rewritten log", true
				out = append(out, v)
			}
		}
		return out
	})
	for _, v := range vs {
		root := digest(t, v.Root)
		var err error
		if v.Index != nil {
			c := merkle.Checkpoint{Origin: origin, Size: v.Size, Root: root}
			err = merkle.VerifyInclusion(v.Proof, c, *v.Index, digest(t, v.Leaf))
		} else {
			err = merkle.VerifyConsistency(v.Proof, v.Size, root, *v.OldSize, digest(t, v.OldRoot))
		}
		if (err != nil) != v.WantRefused {
			t.Errorf("%s, size %d: %v", v.About, v.Size, err)
		}
	}
}

func TestEvidenceVectors(t *testing.T) {
	vs := vectors(t, "evidence.json", func() []evidenceVector {
		honest := testlog.New(origin).Grow(20)
		liar := honest.Fork(11).Append([]byte("another entry")).Grow(20)
		growth := prove(t, honest.At(12), honest.At(20), honest, 12, 20)
		old := growth
		old.Kind, old.Held, old.Shown = merkle.Rollback, growth.Shown, growth.Held
		keys := []string{honest.VKey}
		return []evidenceVector{
			{"entry 11 was rewritten", keys, prove(t, honest.At(20), liar.At(32), liar, 20, 32), "proven"},
			{"two trees of one size", keys, merkle.Evidence{Format: merkle.EvidenceFormat, Kind: merkle.EqualSize, Origin: origin,
				Held: string(honest.At(12)), Shown: string(liar.At(12)), Observed: time.Unix(0, 0).UTC()}, "proven"},
			{"an old checkpoint came after a newer one", keys, old, "true"},
			{"honest growth presented as a fork", keys, growth, "refused"},
		}
	})
	for _, v := range vs {
		verdict, err := merkle.VerifyEvidence(v.Evidence, verifiers(t, v.Keys)...)
		got := "true"
		if err != nil {
			got = "refused"
		} else if verdict.Proven {
			got = "proven"
		}
		if got != v.Want {
			t.Errorf("%s: %s, want %s (%v)", v.About, got, v.Want, err)
		}
	}
}

// vectors reads a file of vectors, after writing it when -update is given.
func vectors[V any](t *testing.T, name string, generate func() []V) []V {
	t.Helper()
	path := filepath.Join(vectorDir, name)
	if *update {
		b, err := json.MarshalIndent(generate(), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var vs []V
	if err := json.Unmarshal(b, &vs); err != nil || len(vs) == 0 {
		t.Fatalf("%s: %d vectors, %v", path, len(vs), err)
	}
	return vs
}

func verifiers(t testing.TB, vkeys []string) []note.Verifier {
	t.Helper()
	var out []note.Verifier
	for _, k := range vkeys {
		v, err := merkle.NewVerifier(k)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

func digest(t testing.TB, s string) entente.Digest {
	t.Helper()
	d, err := entente.ParseDigest(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
