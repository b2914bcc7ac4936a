package merkle

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"entente"
)

const (
	// MaxNote is the largest signed checkpoint, in bytes, that is read at all: a
	// dozen ML-DSA-44 signatures fit.
	MaxNote = 64 << 10
	// MaxSize is the largest tree size: stored hash indexes, which need twice as
	// much, then stay far inside 63 bits.
	MaxSize = 1 << 56
	// MaxOrigin is the longest origin line in bytes: an ML-DSA cosignature counts
	// it in one byte (C2SP tlog-cosignature).
	MaxOrigin = 255
)

// Checkpoint is the three lines a log signs: which log, how many entries, and
// the RFC 6962 root hash over them (C2SP tlog-checkpoint, "Note text").
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   entente.Digest
}

// EmptyRoot is the root hash of a tree of size 0: SHA-256 of nothing.
var EmptyRoot = entente.DigestOf(nil)

// Text returns the note text of c: what is signed, final newline included.
func (c Checkpoint) Text() string {
	return c.Origin + "\n" + strconv.FormatUint(c.Size, 10) + "\n" +
		base64.StdEncoding.EncodeToString(c.Root[:]) + "\n"
}

// Validate reports what keeps c from being a checkpoint: an origin that is
// empty, longer than [MaxOrigin] or has a space, a control character or a plus
// sign in it; a size above [MaxSize]; an empty tree with another root than
// [EmptyRoot].
func (c Checkpoint) Validate() error {
	switch {
	case c.Origin == "" || len(c.Origin) > MaxOrigin:
		return fmt.Errorf("a checkpoint's origin has 1 to %d bytes, not %d", MaxOrigin, len(c.Origin))
	case !utf8.ValidString(c.Origin) || strings.ContainsFunc(c.Origin, notInOrigin):
		return fmt.Errorf("a checkpoint's origin has no space, control character or plus sign: %q", c.Origin)
	case c.Size > MaxSize:
		return fmt.Errorf("a checkpoint's size is at most %d, not %d", uint64(MaxSize), c.Size)
	case c.Size == 0 && c.Root != EmptyRoot:
		return errors.New("the root of an empty tree is SHA-256 of nothing")
	}
	return nil
}

func notInOrigin(r rune) bool { return r == '+' || unicode.IsSpace(r) || unicode.IsControl(r) }

// ParseText parses the note text of a checkpoint: exactly three lines in
// canonical form. Extension lines, which tlog-checkpoint allows and advises
// against, are refused: an ML-DSA cosignature would not cover them.
func ParseText(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return Checkpoint{}, errors.New("a checkpoint is three lines: origin, size and root hash")
	}
	size, err := strconv.ParseUint(lines[1], 10, 64)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("a checkpoint's second line is its size: %w", err)
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return Checkpoint{}, fmt.Errorf("a checkpoint's third line is a root hash of %d bytes in base64", tlog.HashSize)
	}
	c := Checkpoint{Origin: lines[0], Size: size, Root: entente.Digest(root)}
	if err := c.Validate(); err != nil {
		return Checkpoint{}, err
	}
	if c.Text() != text {
		return Checkpoint{}, errors.New("a checkpoint's size and root hash are in canonical form")
	}
	return c, nil
}

// Sign returns c as a note signed by every signer.
func Sign(c Checkpoint, signers ...note.Signer) ([]byte, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if len(signers) == 0 {
		return nil, errors.New("a checkpoint needs a signer")
	}
	return note.Sign(&note.Note{Text: c.Text()}, signers...)
}

// ErrUnknownSigner means that none of the known keys signed a checkpoint.
var ErrUnknownSigner = errors.New("no known key signed the checkpoint")

// Open parses a signed checkpoint and returns it with the signatures by known
// keys. It fails when the origin is another one, when no known key signed
// ([ErrUnknownSigner]), or when a signature in a known key's name is false.
func Open(raw []byte, origin string, known ...note.Verifier) (Checkpoint, []note.Signature, error) {
	n, c, err := split(raw, known...)
	if err != nil {
		return Checkpoint{}, nil, err
	}
	if c.Origin != origin {
		return Checkpoint{}, nil, fmt.Errorf("the checkpoint is of %q, not of %q", c.Origin, origin)
	}
	if len(n.Sigs) == 0 {
		return Checkpoint{}, nil, fmt.Errorf("%w of %s", ErrUnknownSigner, origin)
	}
	return c, n.Sigs, nil
}

// Peek parses a signed checkpoint without verifying any signature: for routing
// bytes to the one who will [Open] them.
func Peek(raw []byte) (Checkpoint, error) {
	_, c, err := split(raw)
	return c, err
}

// AddSignatures returns raw with a signature line by every signer added; a line
// under the same key is replaced. The note's text stays as it is.
func AddSignatures(raw []byte, signers ...note.Signer) ([]byte, error) {
	n, _, err := split(raw)
	if err != nil {
		return nil, err
	}
	return note.Sign(n, signers...)
}

// Merge returns raw with the signature lines of other that known keys made and
// that raw lacks, or has a false one in place of. Both must have the same text.
// Lines of other by unknown keys are dropped; a false one by a known key is an
// error.
func Merge(raw, other []byte, known ...note.Verifier) ([]byte, error) {
	n, c, err := split(raw)
	if err != nil {
		return nil, err
	}
	with, _, err := split(other, known...)
	if err != nil {
		return nil, err
	}
	if with.Text != n.Text {
		return nil, fmt.Errorf("the other checkpoint is not the one of size %d", c.Size)
	}
	for _, s := range with.Sigs {
		i := slices.IndexFunc(n.UnverifiedSigs, func(h note.Signature) bool { return h.Name == s.Name && h.Hash == s.Hash })
		switch {
		case i < 0:
			n.UnverifiedSigs = append(n.UnverifiedSigs, s)
		case n.UnverifiedSigs[i].Base64 != s.Base64 && !genuine(n.Text, n.UnverifiedSigs[i], known):
			n.UnverifiedSigs[i] = s // else nobody could open what is merged
		}
	}
	merged, err := note.Sign(n)
	if err == nil && len(merged) > MaxNote {
		return nil, fmt.Errorf("a signed checkpoint has at most %d bytes", MaxNote)
	}
	return merged, err
}

// genuine reports whether a signature of text is by the known key that it names.
func genuine(text string, s note.Signature, known []note.Verifier) bool {
	raw, err := base64.StdEncoding.DecodeString(s.Base64)
	return err == nil && len(raw) > 4 && slices.ContainsFunc(known, func(v note.Verifier) bool {
		return v.Name() == s.Name && v.KeyHash() == s.Hash && v.Verify([]byte(text), raw[4:])
	})
}

// Join returns raw with the signature lines of other, a note of the same text,
// that are by keys which raw lacks a line of. Nothing is verified.
func Join(raw, other []byte) ([]byte, error) {
	n, c, err := split(raw)
	if err != nil {
		return nil, err
	}
	with, _, err := split(other)
	if err != nil {
		return nil, err
	}
	if with.Text != n.Text {
		return nil, fmt.Errorf("the other checkpoint is not the one of size %d", c.Size)
	}
	for _, s := range with.UnverifiedSigs {
		if !slices.ContainsFunc(n.UnverifiedSigs, func(h note.Signature) bool { return h.Name == s.Name && h.Hash == s.Hash }) {
			n.UnverifiedSigs = append(n.UnverifiedSigs, s)
		}
	}
	return note.Sign(n)
}

// Trim returns raw with the signature lines of known keys only. A false one by a
// known key is an error.
func Trim(raw []byte, known ...note.Verifier) ([]byte, error) {
	n, _, err := split(raw, known...)
	if err != nil {
		return nil, err
	}
	n.UnverifiedSigs = nil
	return note.Sign(n)
}

// signerID is what a signature line says of its key.
type signerID struct {
	name string
	hash uint32
}

// split separates a note into text and signatures, verifying those by known keys.
func split(raw []byte, known ...note.Verifier) (*note.Note, Checkpoint, error) {
	if len(raw) > MaxNote {
		return nil, Checkpoint{}, fmt.Errorf("a signed checkpoint has at most %d bytes, not %d", MaxNote, len(raw))
	}
	n, err := note.Open(raw, note.VerifierList(distinct(known)...))
	var unverified *note.UnverifiedNoteError
	if errors.As(err, &unverified) {
		n, err = unverified.Note, nil
	}
	if err != nil {
		return nil, Checkpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	c, err := ParseText(n.Text)
	return n, c, err
}

// distinct drops verifiers that are named twice, which note would take for an
// ambiguity.
func distinct(known []note.Verifier) []note.Verifier {
	seen := map[signerID]bool{}
	out := make([]note.Verifier, 0, len(known))
	for _, v := range known {
		id := signerID{v.Name(), v.KeyHash()}
		if !seen[id] {
			seen[id] = true
			out = append(out, v)
		}
	}
	return out
}
