package seal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"entente"
	"entente/internal/seal"
)

var update = flag.Bool("update", false, "make the vectors again")

const vectors = "../../spec/vectors/payload"

// vector is payload.json.
type vector struct {
	Digest   entente.Digest    `json:"digest"`
	Size     int64             `json:"size"`
	Item     entente.Digest    `json:"item"`
	Manifest seal.Manifest     `json:"manifest"`
	Contents map[string]string `json:"contents"`
}

// TestVector: a payload that was sealed long ago still opens, and is what it was.
func TestVector(t *testing.T) {
	if *update {
		makeVector(t)
	}
	read := func(name string) []byte {
		raw, err := os.ReadFile(filepath.Join(vectors, name))
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	var want vector
	if err := json.Unmarshal(read("payload.json"), &want); err != nil {
		t.Fatal(err)
	}
	raw := read("payload.age")
	m, contents, err := readAll(raw, lastLine(read("key.txt")))
	if err != nil {
		t.Fatal(err)
	}
	if entente.DigestOf(raw) != want.Digest || int64(len(raw)) != want.Size || m.Item() != want.Item {
		t.Errorf("%d bytes of digest %s, item %s", len(raw), entente.DigestOf(raw), m.Item())
	}
	if got, err := json.Marshal(vector{want.Digest, want.Size, want.Item, m, contents}); err != nil || !bytes.Equal(got, compact(t, read("payload.json"))) {
		t.Errorf("got %s, %v", got, err)
	}
}

func lastLine(b []byte) string {
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return lines[len(lines)-1]
}

func compact(t *testing.T, raw []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func makeVector(t *testing.T) {
	t.Helper()
	recipient, identity := key(t)
	contents := []string{
		"EJEMPLO - embarque.txt", "EJEMPLO. Guía aérea inventada.\nEXAMPLE. Invented air waybill.\n",
		strings.Repeat("nombre-largo-", 12) + "ñ.json", `{"example":true}` + "\n", "vacío.bin", "",
	}
	m, files := of(contents...)
	m.Title, m.Text = "Ejemplo / Example", "Todo aquí es inventado.\nEverything here is invented."
	raw := sealed(t, []string{recipient}, m, files...)
	v := vector{entente.DigestOf(raw), int64(len(raw)), m.Item(), m, map[string]string{}}
	for i := 0; i < len(contents); i += 2 {
		v.Contents[contents[i]] = contents[i+1]
	}
	about, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(os.MkdirAll(vectors, 0o755),
		os.WriteFile(filepath.Join(vectors, "payload.age"), raw, 0o644),
		os.WriteFile(filepath.Join(vectors, "payload.json"), append(about, '\n'), 0o644),
		os.WriteFile(filepath.Join(vectors, "key.txt"), []byte("# a key of the test vectors\n# public key: "+recipient+"\n"+identity+"\n"), 0o644))
	if err != nil {
		t.Fatal(err)
	}
}

// TestTheSameIsArchivedTheSame: nothing of when and where is in a payload.
func TestTheSameIsArchivedTheSame(t *testing.T) {
	r, i := key(t)
	m, files := of("a.txt", "hola")
	plain := func() []byte {
		p, err := seal.Decrypt(bytes.NewReader(sealed(t, []string{r}, m, files...)), i)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if !bytes.Equal(plain(), plain()) {
		t.Error("two archives of the same differ")
	}
}
