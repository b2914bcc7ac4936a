package pouch

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"entente"
	"entente/internal/merkle"
)

// The bounds of a section.
const (
	maxHead  = 64 << 20 // bytes of section.json
	maxLogs  = 64
	maxFiles = 1_000_000
	maxFile  = 1_100_000_000 // bytes
)

// head is section.json: what the section holds, in order.
type head struct {
	Pouch string `json:"pouch"` // the ID: a section is of one pouch
	Kind  Kind   `json:"kind"`
	Logs  []part `json:"logs"`
	// Cosigned counts the checkpoints of the receiver's logs, cosigned by the sender.
	Cosigned int    `json:"cosigned"`
	Files    []file `json:"files"`
}

// part is what a pouch carries of one log: the entries from Since, rounded down to a
// whole bundle, up to Size, and the tiles that prove them to continue Since.
type part struct {
	Origin string `json:"origin"`
	Since  uint64 `json:"since"`
	Size   uint64 `json:"size"`
}

// file is a file beside the logs.
type file struct {
	// Payload is set for a sealed payload; otherwise it is a file that datasets or
	// actions name.
	Payload bool           `json:"payload,omitempty"`
	Digest  entente.Digest `json:"sha256"`
	Size    int64          `json:"size"`
}

func (h head) validate(id string, kind Kind) error {
	if h.Pouch != id || h.Kind != kind {
		return fmt.Errorf("%w (a section is of another pouch)", ErrFormat)
	}
	if len(h.Logs) > maxLogs || h.Cosigned < 0 || h.Cosigned > maxLogs || len(h.Files) > maxFiles {
		return fmt.Errorf("%w (a section has more in it than it can)", ErrFormat)
	}
	seen := map[string]bool{}
	for _, l := range h.Logs {
		audience, ok := entente.OriginAudience(l.Origin)
		want := map[Kind]entente.Audience{Public: entente.Public, Sealed: entente.Shared}[kind]
		if !ok || audience != want || seen[l.Origin] || l.Since > l.Size || l.Size == 0 || l.Size > merkle.MaxSize {
			return fmt.Errorf("%w (a section says of %.60q what cannot be)", ErrFormat, l.Origin)
		}
		seen[l.Origin] = true
	}
	named := map[entente.Digest]bool{}
	for _, f := range h.Files {
		if f.Size < 0 || f.Size > maxFile || named[f.Digest] {
			return fmt.Errorf("%w (a section lists the file %s twice, or with %d bytes)", ErrFormat, f.Digest, f.Size)
		}
		named[f.Digest] = true
	}
	return nil
}

// member names a member of a section's archive.
type member struct {
	kind memberKind
	n    int // of the log, cosigned checkpoint or file in section.json
	tile merkle.TileID
}

type memberKind int

const (
	memberHead memberKind = iota
	memberCheckpoint
	memberTile
	memberCosigned
	memberFile
)

const headName = "section.json"

func (m member) name() string {
	switch m.kind {
	case memberCheckpoint:
		return fmt.Sprintf("log/%d/checkpoint", m.n)
	case memberTile:
		return fmt.Sprintf("log/%d/%s", m.n, m.tile.Path())
	case memberCosigned:
		return fmt.Sprintf("cosigned/%d", m.n)
	case memberFile:
		return fmt.Sprintf("file/%d", m.n)
	}
	return headName
}

// parseMember is the inverse of name; every member has exactly one name.
func parseMember(name string) (member, error) {
	var m member
	first, rest, _ := strings.Cut(name, "/")
	number, below, _ := strings.Cut(rest, "/")
	var err error
	switch first {
	case "log":
		m.kind = memberCheckpoint
		if below != "checkpoint" {
			m.kind = memberTile
			if m.tile, err = merkle.ParseTilePath(below); err != nil {
				return m, fmt.Errorf("%w (a member is named %.80q)", ErrFormat, name)
			}
		}
	case "cosigned":
		m.kind = memberCosigned
	case "file":
		m.kind = memberFile
	}
	if m.kind != memberHead {
		m.n, err = strconv.Atoi(number)
	}
	if err != nil || m.n < 0 || m.name() != name {
		return m, fmt.Errorf("%w (a member is named %.80q)", ErrFormat, name)
	}
	return m, nil
}

// sectionWriter writes a section's archive. The same members give the same bytes.
type sectionWriter struct{ tar *tar.Writer }

func newSectionWriter(w io.Writer) *sectionWriter { return &sectionWriter{tar.NewWriter(w)} }

func (s *sectionWriter) put(m member, size int64, r io.Reader) error {
	h := &tar.Header{Name: m.name(), Size: size, Mode: 0o600, Typeflag: tar.TypeReg, Format: tar.FormatGNU}
	if err := s.tar.WriteHeader(h); err != nil {
		return err
	}
	n, err := io.Copy(s.tar, io.LimitReader(r, size))
	if err == nil && n != size {
		err = fmt.Errorf("%s: %w", m.name(), io.ErrUnexpectedEOF)
	}
	return err
}

func (s *sectionWriter) bytes(m member, b []byte) error {
	return s.put(m, int64(len(b)), bytes.NewReader(b))
}

func (s *sectionWriter) head(h head) error {
	b, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if len(b) > maxHead {
		return errors.New("the pouch would carry more files than one can: import what is waiting at the other side first")
	}
	return s.bytes(member{}, b)
}

func (s *sectionWriter) close() error { return s.tar.Close() }

// sectionReader reads a section's archive. Everything in it is suspect.
type sectionReader struct {
	tar  *tar.Reader
	head head
	// at is the member read last; the order of members is that of the writer.
	at   member
	size int64
}

// openSection reads section.json.
func openSection(r io.Reader, id string, kind Kind) (*sectionReader, error) {
	s := &sectionReader{tar: tar.NewReader(r)}
	if _, err := s.next(); err != nil {
		return nil, ended(err)
	}
	if s.at.kind != memberHead || s.size > maxHead {
		return nil, fmt.Errorf("%w (a section does not begin with %s)", ErrFormat, headName)
	}
	raw, err := io.ReadAll(s.tar)
	if err != nil {
		return nil, damaged(err)
	}
	if err := json.Unmarshal(raw, &s.head); err != nil {
		return nil, fmt.Errorf("%w (%s is not the JSON of one)", ErrFormat, headName)
	}
	return s, s.head.validate(id, kind)
}

// next goes to the next member; its content is read from s. It is [io.EOF] after the
// last.
func (s *sectionReader) next() (member, error) {
	h, err := s.tar.Next()
	if err != nil {
		if !errors.Is(err, io.EOF) {
			err = damaged(err)
		}
		return member{}, err
	}
	if !plainFile(h) {
		return member{}, fmt.Errorf("%w (a member is no plain file)", ErrFormat)
	}
	m, err := parseMember(h.Name)
	if err != nil {
		return m, err
	}
	s.at, s.size = m, h.Size
	return m, nil
}

// plainFile reports whether a header is that of a plain file as it stands in the
// archive: no link, and none with holes, of which a few bytes would make many.
func plainFile(h *tar.Header) bool {
	return h.Typeflag == tar.TypeReg && h.Size >= 0 && len(h.PAXRecords) == 0
}

// Read reads the member.
func (s *sectionReader) Read(b []byte) (int, error) {
	n, err := s.tar.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = damaged(err)
	}
	return n, err
}

// all reads a member of at most limit bytes.
func (s *sectionReader) all(limit int64) ([]byte, error) {
	if s.size > limit {
		return nil, fmt.Errorf("%w (%s has %d bytes)", ErrFormat, s.at.name(), s.size)
	}
	return io.ReadAll(s)
}

// damaged marks what the archive's format says of bytes as the pouch's fault, and
// leaves the failures of what is below as they are.
func damaged(err error) error {
	if errors.Is(err, tar.ErrHeader) || errors.Is(err, tar.ErrFieldTooLong) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w (%w)", ErrFormat, err)
	}
	return err
}

// ended makes the end of a section, where it may not end, the pouch's fault.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w (a section ends too soon)", ErrFormat)
	}
	return err
}
