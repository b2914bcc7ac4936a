package bundle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"entente"
)

// Format names this form of bundle; another form has another name.
const Format = "entente-bundle/1"

// The files of a bundle beside those under logs/, report/ and series/.
const (
	manifestFile = "manifest.json"
	frontierFile = "frontier.json"
	modelFile    = "model.json"
	readmeFile   = "README.txt"
)

// Manifest lists every file of a bundle but itself, by name in order.
type Manifest struct {
	Format string `json:"format"`
	// Kind says what is proved; empty for a report.
	Kind Kind `json:"kind,omitempty"`
	// Demonstration is the label of a demonstration; nil otherwise.
	Demonstration *entente.Text  `json:"demonstration,omitempty"`
	Files         []ManifestFile `json:"files"`
}

// Kind is what a bundle proves.
type Kind string

// The kinds of bundles.
const (
	// OfReport proves a progress report.
	OfReport Kind = ""
	// OfExchange proves one release between parties, with what came before and after
	// it, without its content.
	OfExchange Kind = "exchange"
)

// ManifestFile is one file: its size in bytes and SHA-256.
type ManifestFile struct {
	Name   string         `json:"name"`
	Size   int            `json:"size"`
	SHA256 entente.Digest `json:"sha256"`
}

// manifestOf describes files.
func manifestOf(kind Kind, demo *entente.Text, files map[string][]byte) Manifest {
	m := Manifest{Format: Format, Kind: kind, Demonstration: demo, Files: []ManifestFile{}}
	for name, content := range files {
		m.Files = append(m.Files, ManifestFile{name, len(content), entente.DigestOf(content)})
	}
	slices.SortFunc(m.Files, func(a, b ManifestFile) int { return strings.Compare(a.Name, b.Name) })
	return m
}

// encodeJSON is the one JSON form of a bundle's own files: two spaces, no HTML
// escapes, a final line feed.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}

// decodeJSON reads a file of the bundle strictly: known fields only, and exactly
// the bytes that encodeJSON gives.
func decodeJSON(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	again, err := encodeJSON(v)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, raw) {
		return fmt.Errorf("not in canonical form")
	}
	return nil
}
