package entry

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"entente"
)

const (
	firstLine     = "entente/v1 " // and the type
	signatureLine = "\u2014 "     // em dash and space, C2SP signed-note
	maxSignatures = 16
	keyHashSize   = 4 // C2SP signed-note: the key hash before the signature
)

var typeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// Signature is one signature line.
type Signature struct {
	Name string // of the key
	Hash uint32 // C2SP signed-note key hash
	Sig  []byte
}

// Parsed is an entry whose bytes are well formed. Nothing is verified yet.
type Parsed struct {
	Type       entente.Type
	Header     entente.Header
	Signatures []Signature // in the order of the lines

	text []byte // what is signed: both lines with their line feeds
	body any    // the body as the schema validator takes it
}

// LeafHash returns the RFC 6962 leaf hash of an entry: SHA-256(0x00 ‖ raw).
func LeafHash(raw []byte) entente.Digest {
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(raw)
	var d entente.Digest
	h.Sum(d[:0])
	return d
}

// Body encodes a typed body as it stands in an entry: compact, fields in the
// order of the struct, no HTML escapes.
func Body(v any) (json.RawMessage, error) {
	var buf bytes.Buffer
	buf.Grow(1 << 10) // most bodies fit
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode body: %w", err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// Build returns the text of an entry, ready to be signed. The bytes of a compact
// body are kept as they are; the time is written in UTC. It refuses what Parse
// would refuse of the text; the body is not held against its schema here.
func Build(t entente.Type, h entente.Header) (string, error) {
	text, err := Compose(t, h)
	if err != nil {
		return "", err
	}
	if _, err := parseText([]byte(text)); err != nil {
		return "", err
	}
	return text, nil
}

// Compose is Build for a text that is parsed right after it is signed: it refuses
// only what is too large.
func Compose(t entente.Type, h entente.Header) (string, error) {
	h.Time = h.Time.UTC()
	line, err := Body(h)
	if err != nil {
		return "", err
	}
	text := firstLine + string(t) + "\n" + string(line) + "\n"
	if len(text) > entente.MaxEntry {
		return "", tooLarge(len(text))
	}
	return text, nil
}

// Sign returns the entry: text and one signature line a signer, in their order.
func Sign(text string, signers ...note.Signer) ([]byte, error) {
	raw, err := note.Sign(&note.Note{Text: text}, signers...)
	if err != nil {
		return nil, fmt.Errorf("sign entry: %w", err)
	}
	if len(raw) > entente.MaxEntry {
		return nil, tooLarge(len(raw))
	}
	return raw, nil
}

func tooLarge(n int) error {
	return &Error{CodeSize, fmt.Sprintf("%d bytes; an entry has at most %d, put larger content in a file beside the log", n, entente.MaxEntry)}
}

// Parse reads the bytes of an entry strictly. Its errors are of type [*Error].
// The result keeps slices of raw, which must not change afterwards.
func Parse(raw []byte) (*Parsed, error) {
	if len(raw) > entente.MaxEntry {
		return nil, tooLarge(len(raw))
	}
	end := textEnd(raw)
	if end < 0 || end == len(raw) || raw[end] != '\n' {
		return nil, &Error{CodeLines, "an entry is two lines, a blank line and signature lines"}
	}
	p, err := parseText(raw[:end:end])
	if err != nil {
		return nil, err
	}
	p.Signatures, err = parseSignatures(raw[end+1:])
	if err != nil {
		return nil, err
	}
	return p, nil
}

// textEnd returns the length of the first two lines, or -1.
func textEnd(raw []byte) int {
	first := bytes.IndexByte(raw, '\n')
	second := bytes.IndexByte(raw[first+1:], '\n')
	if first < 0 || second < 0 {
		return -1
	}
	return first + 1 + second + 1
}

func parseText(text []byte) (*Parsed, error) {
	first, line, _ := bytes.Cut(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	typ, ok := strings.CutPrefix(string(first), firstLine)
	if !ok || !typeForm.MatchString(typ) {
		return nil, &Error{CodeFirstLine, fmt.Sprintf("%.80q is not %q and a type", first, firstLine)}
	}
	v, body, err := tree(line)
	if err != nil {
		return nil, err
	}
	if err := validate("header", CodeHeader, v); err != nil {
		return nil, err
	}
	p := &Parsed{Type: entente.Type(typ), text: text, body: v.(map[string]any)["body"]}
	// The body is not decoded here: an empty object stands in for it.
	header := slices.Concat(line[:body.begin], []byte("{}"), line[body.end:])
	if err := json.Unmarshal(header, &p.Header); err != nil {
		return nil, &Error{CodeHeader, err.Error()}
	}
	p.Header.Body = json.RawMessage(line[body.begin:body.end:body.end])
	return p, nil
}

func parseSignatures(block []byte) ([]Signature, error) {
	bad := func(format string, args ...any) ([]Signature, error) {
		return nil, &Error{CodeSignatures, fmt.Sprintf(format, args...)}
	}
	if len(block) == 0 || block[len(block)-1] != '\n' {
		return bad("no signature line, or the last one has no line feed")
	}
	lines := strings.Split(strings.TrimSuffix(string(block), "\n"), "\n")
	if len(lines) > maxSignatures {
		return bad("%d signature lines, at most %d", len(lines), maxSignatures)
	}
	sigs := make([]Signature, 0, len(lines))
	for i, line := range lines {
		rest, ok := strings.CutPrefix(line, signatureLine)
		name, b64, ok2 := strings.Cut(rest, " ")
		if !ok || !ok2 || !ValidKeyName(name) {
			return bad("line %d is not an em dash, a key name and a signature", i+1)
		}
		sig, err := base64.StdEncoding.Strict().DecodeString(b64)
		if err != nil || len(sig) <= keyHashSize || strings.ContainsRune(b64, '\r') {
			return bad("line %d: the signature is not base64 of a key hash and a signature", i+1)
		}
		sigs = append(sigs, Signature{name, binary.BigEndian.Uint32(sig), sig[keyHashSize:]})
	}
	return sigs, nil
}
