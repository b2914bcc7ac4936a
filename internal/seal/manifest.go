package seal

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"entente"
)

// Format is the format that manifests state.
const Format = "entente-payload/1"

// The bounds of a payload.
const (
	MaxTitle    = 1 << 10  // bytes of a title
	MaxText     = 64 << 10 // bytes of a text
	MaxFiles    = 1000
	MaxName     = 255     // bytes of a file's name
	MaxContent  = 1 << 30 // bytes of all files together
	maxManifest = 1 << 20 // bytes of entente.json; what is within the bounds above fits
	maxMedia    = 127
)

// manifestName is the archive's first member; no file has this name.
const manifestName = "entente.json"

// File is a file of a payload.
type File struct {
	// Name is a plain file name: no folders, and nothing that a file system or a
	// reader's eye takes for something else.
	Name string `json:"name"`
	// Media is the media type (RFC 9110, section 8.3.1), in lower case.
	Media  string         `json:"media"`
	Size   int64          `json:"size"`   // in bytes
	Digest entente.Digest `json:"sha256"` // of the content
}

// Manifest says what a payload holds. It has a text or files, or both.
type Manifest struct {
	Format string `json:"format"` // [Format]
	Title  string `json:"title,omitempty"`
	// Text is the question, note or description itself, as plain text.
	Text string `json:"text,omitempty"`
	// Salt is of [NewSalt]; it keeps [Manifest.Item] from being guessed.
	Salt  entente.Digest `json:"salt"`
	Files []File         `json:"files"`
}

// NewSalt makes the salt of a manifest.
func NewSalt() entente.Digest {
	var salt entente.Digest
	_, _ = rand.Read(salt[:]) // never fails (crypto/rand)
	return salt
}

// Item is the salted digest of the plaintext, by which permissions name it:
// SHA-256(salt ‖ SHA-256(file 1) ‖ SHA-256(file 2) ‖ …) in the manifest's order, or
// SHA-256(salt ‖ SHA-256(text)) of a payload without files.
func (m Manifest) Item() entente.Digest {
	h := sha256.New()
	h.Write(m.Salt[:])
	for _, f := range m.Files {
		h.Write(f.Digest[:])
	}
	if len(m.Files) == 0 {
		text := entente.DigestOf([]byte(m.Text))
		h.Write(text[:])
	}
	return entente.Digest(h.Sum(nil))
}

// Validate reports which bound the manifest breaks, wrapping [ErrManifest].
func (m Manifest) Validate() error {
	broken := func(format string, args ...any) error {
		return fmt.Errorf("%w: "+format, append([]any{ErrManifest}, args...)...)
	}
	switch {
	case m.Format != Format:
		return broken("its format is %q, not %q", shown(m.Format), Format)
	case m.Salt.IsZero():
		return broken("it has no salt")
	case m.Text == "" && len(m.Files) == 0:
		return broken("it has neither text nor files: add one")
	case len(m.Title) > MaxTitle || !plain(m.Title, joiners):
		return broken("the title is one line of at most %d bytes", MaxTitle)
	case len(m.Text) > MaxText || !plain(m.Text, "\n\t"+joiners):
		return broken("the text is plain text of at most %d bytes: put more into a file", MaxText)
	case len(m.Files) > MaxFiles:
		return broken("it has %d files, more than %d", len(m.Files), MaxFiles)
	}
	return m.validateFiles(broken)
}

func (m Manifest) validateFiles(broken func(string, ...any) error) error {
	seen := map[string]bool{manifestName: true}
	var total int64
	for i, f := range m.Files {
		if err := ValidName(f.Name); err != nil {
			return broken("file %d: %v", i+1, err)
		}
		folded := strings.ToLower(f.Name) // names that differ in case overwrite each other on some systems
		if seen[folded] {
			return broken("file %d: the name %q is taken: give it another", i+1, f.Name)
		}
		seen[folded] = true
		if len(f.Media) > maxMedia || !mediaForm.MatchString(f.Media) {
			return broken("file %d: %q is no media type in lower case, such as application/pdf", i+1, shown(f.Media))
		}
		if f.Size < 0 || f.Size > MaxContent-total {
			return broken("the files have more than %d bytes together, or a size below 0", MaxContent)
		}
		total += f.Size
	}
	return nil
}

var mediaForm = regexp.MustCompile(`^[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*(;[a-z0-9-]+=[A-Za-z0-9._+-]+)*$`)

// ValidName reports what keeps a name from being that of a file in a payload.
func ValidName(name string) error {
	switch {
	case name == "" || len(name) > MaxName:
		return fmt.Errorf("a file name has 1 to %d bytes", MaxName)
	case !plain(name, ""):
		return fmt.Errorf("a file name has no control or invisible characters")
	case strings.ContainsAny(name, `/\:*?"<>|`):
		return fmt.Errorf(`a file name has none of / \ : * ? " < > |`)
	case strings.ContainsAny(name[:1], ".-~ ") || strings.ContainsAny(name[len(name)-1:], ". "):
		return fmt.Errorf("a file name does not begin with a dot, hyphen, tilde or space, nor end with a dot or space")
	case strings.EqualFold(name, manifestName):
		return fmt.Errorf("the name %s is the manifest's: give the file another", manifestName)
	}
	return nil
}

// plain reports whether s is UTF-8 of characters that show, spaces, and those of
// also: no control characters and none that turn or hide what is beside them.
func plain(s, also string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r == utf8.RuneError || !unicode.IsGraphic(r) && !strings.ContainsRune(also, r) {
			return false
		}
	}
	return true
}

// joiners belong to words and emoji of running text.
const joiners = "\u200c\u200d"

// PlainText makes of what a person typed or pasted a text that a manifest takes:
// line ends become line feeds, and characters that do not show are left out.
func PlainText(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case plain(string(r), "\n\t"+joiners):
			return r
		}
		return -1
	}, s)
}

// shown is the beginning of a text of unknown length.
func shown(s string) string { return s[:min(len(s), 60)] }

// encode returns the bytes of entente.json: compact JSON in the order of the
// fields.
func (m Manifest) encode() ([]byte, error) {
	if m.Files == nil {
		m.Files = []File{}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(m); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// decodeManifest reads entente.json. Only the bytes that encode makes are accepted:
// no two of them say the same, and none says two things.
func decodeManifest(raw []byte) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(raw, &m); err != nil {
		return m, fmt.Errorf("%w: it is not the JSON of a manifest", ErrManifest) // the cause could quote it
	}
	if err := m.Validate(); err != nil {
		return m, err
	}
	again, err := m.encode()
	if err != nil {
		return m, err
	}
	if !bytes.Equal(raw, again) {
		return m, fmt.Errorf("%w: it is not in its canonical form: one line of compact JSON, the fields in order", ErrManifest)
	}
	return m, nil
}
