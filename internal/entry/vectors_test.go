package entry

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"testing"
	"unicode/utf8"

	"entente"
)

var update = flag.Bool("update", false, "write spec/vectors")

const vectorsFile = "../../spec/vectors/entries.json"

// entryVector is one case of spec/vectors/entries.json (see spec/vectors/README.md).
type entryVector struct {
	Name  string `json:"name"`
	Entry string `json:"entry,omitempty"`
	// Base64 stands for Entry where the bytes are not UTF-8.
	Base64 []byte `json:"entry_base64,omitempty"`
	// Code is what is wrong, empty when nothing is.
	Code Code `json:"code,omitempty"`
	// The rest is of entries with nothing wrong.
	Type    entente.Type    `json:"type,omitempty"`
	Leaf    *entente.Digest `json:"leaf,omitempty"`
	Body    *entente.Digest `json:"body,omitempty"`
	Signers []vectorKey     `json:"signers,omitempty"`
}

type vectorKey struct {
	Name string         `json:"name"`
	Seed entente.Digest `json:"seed"`
	VKey string         `json:"vkey"`
}

func (v entryVector) raw() []byte {
	if v.Entry != "" {
		return []byte(v.Entry)
	}
	return v.Base64
}

func makeVectors(t *testing.T) []entryVector {
	t.Helper()
	raw, keys := testEntry(t, 3)
	p, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	leaf, body := LeafHash(raw), entente.DigestOf(p.Header.Body)
	good := entryVector{Name: "an open question, three signatures", Entry: string(raw), Type: p.Type, Leaf: &leaf, Body: &body}
	for _, s := range p.Signatures {
		good.Signers = append(good.Signers, vectorKey{s.Name, entente.DigestOf([]byte(s.Name)), keys[s.Name]})
	}
	vectors := []entryVector{good}
	for _, c := range malformedEntries(t) {
		switch {
		case c.want == CodeSize: // in words, in the README: the file stays readable
		case utf8.ValidString(c.raw):
			vectors = append(vectors, entryVector{Name: c.name, Entry: c.raw, Code: c.want})
		default:
			vectors = append(vectors, entryVector{Name: c.name, Base64: []byte(c.raw), Code: c.want})
		}
	}
	return vectors
}

func TestVectors(t *testing.T) {
	var want bytes.Buffer
	enc := json.NewEncoder(&want)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(makeVectors(t)); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(vectorsFile, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("spec/vectors/entries.json is out of date: go test ./internal/entry -update")
	}
	var vectors []entryVector
	if err := json.Unmarshal(got, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) { v.run(t) })
	}
}

func (v entryVector) run(t *testing.T) {
	p, err := Parse(v.raw())
	if v.Code != "" {
		var e *Error
		if !errors.As(err, &e) || e.Code != v.Code {
			t.Errorf("got %v, want code %s", err, v.Code)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{}
	for _, k := range v.Signers {
		s, vkey, err := NewSigner(k.Name, k.Seed[:])
		if err != nil || vkey != k.VKey || s.Name() != k.Name {
			t.Errorf("key %s: %v", k.Name, err)
		}
		keys[k.Name] = vkey
	}
	if _, err := p.Verify(lookup(keys)); err != nil {
		t.Error(err)
	}
	if p.Type != v.Type || LeafHash(v.raw()) != *v.Leaf || entente.DigestOf(p.Header.Body) != *v.Body {
		t.Errorf("type %s, leaf %s, body %s", p.Type, LeafHash(v.raw()), entente.DigestOf(p.Header.Body))
	}
}
