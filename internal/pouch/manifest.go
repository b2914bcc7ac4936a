package pouch

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"entente"
)

// Format is the first line of a manifest.
const Format = "entente-pouch/v1"

const (
	maxManifest = 4 << 20 // bytes
	maxVolumes  = 10_000
	maxVolume   = 1 << 44 // bytes
)

// Kind is what a section of a pouch holds.
type Kind string

// The kinds of sections, in the order in which a pouch has them.
const (
	Public Kind = "public" // public logs and files, in the clear
	Sealed Kind = "sealed" // shared logs and payloads, encrypted to the receiving node
)

// Manifest says what a pouch is. It names no log: a reader on the way learns who
// sends to whom, when, and how much.
type Manifest struct {
	// ID tells pouches apart: 32 hexadecimal digits, random.
	ID string `json:"id"`
	// From is the writer whose node made it.
	From string `json:"from"`
	// To is the party whose node it is for; "" for anyone, and nothing is sealed.
	To      string    `json:"to,omitempty"`
	Made    time.Time `json:"made"`
	Volumes []Volume  `json:"volumes"`
}

// Volume is a piece of a section.
type Volume struct {
	Section Kind           `json:"section"`
	Size    int64          `json:"size"`   // in bytes, as on the disk
	Digest  entente.Digest `json:"sha256"` // likewise
}

// newID makes the ID of a pouch.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

var (
	idForm     = regexp.MustCompile(`^[0-9a-f]{32}$`)
	writerForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
)

// manifestSuffix ends the name of a manifest, and of a pouch in one file.
const manifestSuffix = ".pouch"

// manifestFile is the name of the manifest's file.
func (m Manifest) manifestFile() string { return m.ID[:8] + manifestSuffix }

// volumeFile is the name of a volume's file; the first is number 1.
func (m Manifest) volumeFile(number int) string { return fmt.Sprintf("%s-%05d.vol", m.ID[:8], number) }

// size is that of all volumes.
func (m Manifest) size() (n int64) {
	for _, v := range m.Volumes {
		n += v.Size
	}
	return n
}

// validate reports what is wrong with a manifest taken by itself.
func (m Manifest) validate() error {
	broken := func(format string, args ...any) error {
		return fmt.Errorf("%w (%s)", ErrFormat, fmt.Sprintf(format, args...))
	}
	switch {
	case !idForm.MatchString(m.ID):
		return broken("its ID is not 32 hexadecimal digits")
	case !writerForm.MatchString(m.From) || m.To != "" && !entente.Party(m.To).Valid() || m.From == m.To:
		return broken("it does not say whom it is from and for")
	case m.Made.IsZero() || m.Made.Location() != time.UTC:
		return broken("it does not say when it was made, in UTC")
	case len(m.Volumes) == 0 || len(m.Volumes) > maxVolumes:
		return broken("it has %d volumes, not 1 to %d", len(m.Volumes), maxVolumes)
	}
	for i, v := range m.Volumes {
		switch {
		case v.Section != Public && (v.Section != Sealed || m.To == ""):
			return broken("volume %d is of no section that it can have", i+1)
		case v.Section == Public && i > 0 && m.Volumes[i-1].Section != Public:
			return broken("its sections are not in order")
		case v.Size < 1 || v.Size > maxVolume:
			return broken("volume %d has %d bytes", i+1, v.Size)
		}
	}
	return nil
}

// sign returns the manifest as a note: a line that says what it is, and a line of
// compact JSON.
func (m Manifest) sign(signer note.Signer) ([]byte, error) {
	if err := m.validate(); err != nil {
		return nil, err
	}
	body, err := m.encode()
	if err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: Format + "\n" + string(body) + "\n"}, signer)
}

func (m Manifest) encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(m)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// parseManifest reads a manifest; who signed it is checked by verifyManifest. Only
// the bytes that sign makes are accepted.
func parseManifest(raw []byte) (Manifest, error) {
	var m Manifest
	if len(raw) > maxManifest {
		return m, fmt.Errorf("%w (its manifest has more than %d bytes)", ErrFormat, maxManifest)
	}
	n, err := openNote(raw)
	if err != nil {
		return m, fmt.Errorf("%w (its manifest is no signed note)", ErrFormat)
	}
	head, rest, _ := strings.Cut(n.Text, "\n")
	line, end, _ := strings.Cut(rest, "\n")
	if head != Format || end != "" {
		return m, fmt.Errorf("%w (its manifest begins %.40q, not %q: it may need a newer version)", ErrFormat, head, Format)
	}
	if err := json.Unmarshal([]byte(line), &m); err != nil {
		return m, fmt.Errorf("%w (its manifest is not the JSON of one)", ErrFormat)
	}
	if err := m.validate(); err != nil {
		return m, err
	}
	if again, err := m.encode(); err != nil || string(again) != line {
		return m, errors.Join(err, fmt.Errorf("%w (its manifest is not in canonical form)", ErrFormat))
	}
	return m, nil
}

// openNote reads a note without verifying it.
func openNote(raw []byte) (*note.Note, error) {
	n, err := note.Open(raw, note.VerifierList())
	var unverified *note.UnverifiedNoteError
	if errors.As(err, &unverified) {
		return unverified.Note, nil
	}
	return n, err
}

// verifyManifest reports whether one of these log keys signed the manifest.
func verifyManifest(raw []byte, vkeys []string) error {
	var known []note.Verifier
	for _, k := range vkeys {
		v, err := note.NewVerifier(k)
		if err != nil {
			return err
		}
		known = append(known, v)
	}
	if _, err := note.Open(raw, note.VerifierList(known...)); err != nil {
		return ErrSigner
	}
	return nil
}
