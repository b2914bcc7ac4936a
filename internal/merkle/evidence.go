package merkle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/mod/sumdb/note"

	"entente"
)

const (
	// EvidenceFormat is the format line of an evidence file.
	EvidenceFormat = "entente/evidence/v1"
	// MaxEvidence is the largest evidence file in bytes.
	MaxEvidence = 4*MaxNote + 32<<10
	maxProof    = 2 * maxLevel
	// clockMargin is how much later a smaller tree must be stated than a larger
	// one before that counts: clocks are set back now and then.
	clockMargin = 5 * time.Minute
)

// EvidenceKind says how a log contradicted itself.
type EvidenceKind string

// The kinds of evidence.
const (
	// EqualSize: two signed checkpoints of one size with different roots.
	EqualSize EvidenceKind = "equal_size"
	// Inconsistent: the larger signed tree does not begin with the smaller one.
	Inconsistent EvidenceKind = "inconsistent"
	// Rollback: a smaller tree was shown after a larger one. By itself it may be
	// an old copy; it is proven when the log's own signatures state that it was
	// the largest tree at a later time.
	Rollback EvidenceKind = "rollback"
)

// Evidence is two checkpoints of one log that do not go together, and what shows
// it. A third party verifies it with the log's public keys alone.
type Evidence struct {
	Format string       `json:"format"`
	Kind   EvidenceKind `json:"kind"`
	Origin string       `json:"origin"`
	// Held is the signed checkpoint that was accepted first, Shown the one that
	// was shown later. Both are whole notes.
	Held  string `json:"held"`
	Shown string `json:"shown"`
	// PrefixRoot is the root that the larger of the two trees gives its first
	// entries, as many as the smaller has; Proof is the RFC 6962 consistency
	// proof of that. For inconsistent, and where it could be had for rollback.
	PrefixRoot *entente.Digest `json:"prefix_root,omitempty"`
	Proof      Proof           `json:"proof,omitempty"`
	// Observed is when Shown was seen: the observer's word, not proven.
	Observed time.Time `json:"observed"`
}

// FindingCode says what one step of verifying evidence is about.
type FindingCode string

// The steps. Pages and commands put them into words in the reader's language.
const (
	FoundHeldSigned     FindingCode = "held_signed"      // the log signed the checkpoint held
	FoundShownSigned    FindingCode = "shown_signed"     // the log signed the checkpoint shown later
	FoundOtherRoot      FindingCode = "other_root"       // same size, different roots
	FoundPrefix         FindingCode = "prefix"           // the larger tree's prefix has this root, by proof
	FoundPrefixDiffers  FindingCode = "prefix_differs"   // ... which is not the one signed
	FoundPrefixSame     FindingCode = "prefix_same"      // ... which is the one signed
	FoundShrunk         FindingCode = "shrunk"           // the tree shown later is smaller
	FoundStatedLater    FindingCode = "stated_later"     // the log stated the smaller tree as its largest, later
	FoundNotStatedLater FindingCode = "not_stated_later" // no such statement: it may be an old copy
)

// Finding is one thing that verifying evidence showed. Detail says it in English.
type Finding struct {
	Code   FindingCode     `json:"code"`
	Size   uint64          `json:"size"`
	Root   *entente.Digest `json:"root,omitempty"`
	Key    string          `json:"key,omitempty"`  // key name, of a signature
	Time   *time.Time      `json:"time,omitempty"` // as the log stated it
	Detail string          `json:"detail"`
}

// Verdict is what evidence shows.
type Verdict struct {
	// Proven is set when nobody but the holder of the log's keys can have caused
	// this. Evidence of a rollback can be true and not proven.
	Proven   bool      `json:"proven"`
	Findings []Finding `json:"findings"`
}

// Encode returns the bytes of the evidence file: indented JSON and a newline.
func (e Evidence) Encode() ([]byte, error) {
	b, err := json.MarshalIndent(e, "", "  ")
	return append(b, '\n'), err
}

// Name returns a file name for e: its kind and a digest of the two checkpoints,
// so that the same evidence found twice is one file.
func (e Evidence) Name() (string, error) {
	held, err := Peek([]byte(e.Held))
	if err != nil {
		return "", err
	}
	shown, err := Peek([]byte(e.Shown))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s-%s.json", e.Kind, entente.DigestOf([]byte(held.Text() + shown.Text())).String()[:16]), nil
}

// DecodeEvidence parses an evidence file strictly; it verifies nothing.
func DecodeEvidence(b []byte) (Evidence, error) {
	var e Evidence
	if len(b) > MaxEvidence {
		return e, fmt.Errorf("an evidence file has at most %d bytes, not %d", MaxEvidence, len(b))
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&e); err != nil {
		return Evidence{}, fmt.Errorf("evidence file: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Evidence{}, errors.New("evidence file: something follows the JSON object")
	}
	if e.Format != EvidenceFormat {
		return Evidence{}, fmt.Errorf("evidence file: the format is %q, not %q", e.Format, EvidenceFormat)
	}
	if len(e.Proof) > maxProof {
		return Evidence{}, fmt.Errorf("evidence file: a proof has at most %d hashes", maxProof)
	}
	return e, nil
}

// VerifyEvidence checks e against the log's own public keys (types 0x01 and
// 0x06; never those of its cosigners). An error says why e shows nothing.
func VerifyEvidence(e Evidence, logKeys ...note.Verifier) (Verdict, error) {
	held, heldSigs, err := Open([]byte(e.Held), e.Origin, logKeys...)
	if err != nil {
		return Verdict{}, fmt.Errorf("the checkpoint held: %w", err)
	}
	shown, shownSigs, err := Open([]byte(e.Shown), e.Origin, logKeys...)
	if err != nil {
		return Verdict{}, fmt.Errorf("the checkpoint shown: %w", err)
	}
	v := Verdict{Findings: append(signed(FoundHeldSigned, held, heldSigs), signed(FoundShownSigned, shown, shownSigs)...)}
	switch e.Kind {
	case EqualSize:
		return verifyEqualSize(v, held, shown)
	case Inconsistent:
		return e.verifyInconsistent(v, held, shown)
	case Rollback:
		return e.verifyRollback(v, held, heldSigs, shown, shownSigs)
	}
	return Verdict{}, fmt.Errorf("evidence of kind %q is not known", e.Kind)
}

func verifyEqualSize(v Verdict, held, shown Checkpoint) (Verdict, error) {
	if held.Size != shown.Size || held.Root == shown.Root {
		return Verdict{}, errors.New("the two checkpoints are not two roots of one size")
	}
	v.add(Finding{Code: FoundOtherRoot, Size: shown.Size, Root: &shown.Root,
		Detail: fmt.Sprintf("the log signed two different trees of size %d", shown.Size)})
	v.Proven = true
	return v, nil
}

func (e Evidence) verifyInconsistent(v Verdict, held, shown Checkpoint) (Verdict, error) {
	small, large := inOrder(held, shown)
	if small.Size == large.Size || e.PrefixRoot == nil {
		return Verdict{}, errors.New("inconsistency is between two sizes, and needs the root of the prefix")
	}
	if err := e.addPrefix(&v, small, large); err != nil {
		return Verdict{}, err
	}
	if *e.PrefixRoot == small.Root {
		return Verdict{}, fmt.Errorf("the tree of size %d does begin with the signed tree of size %d", large.Size, small.Size)
	}
	v.add(Finding{Code: FoundPrefixDiffers, Size: small.Size, Root: &small.Root,
		Detail: fmt.Sprintf("that is not the tree of size %d that the log signed: entries were changed", small.Size)})
	v.Proven = true
	return v, nil
}

func (e Evidence) verifyRollback(v Verdict, held Checkpoint, heldSigs []note.Signature, shown Checkpoint, shownSigs []note.Signature) (Verdict, error) {
	if shown.Size >= held.Size {
		return Verdict{}, errors.New("the tree shown later is not smaller")
	}
	v.add(Finding{Code: FoundShrunk, Size: shown.Size, Root: &shown.Root,
		Detail: fmt.Sprintf("a tree of size %d was shown after one of size %d", shown.Size, held.Size)})
	if e.PrefixRoot != nil {
		if err := e.addPrefix(&v, shown, held); err != nil {
			return Verdict{}, err
		}
		if *e.PrefixRoot != shown.Root {
			return Verdict{}, errors.New("the smaller tree is no prefix of the larger: that is an inconsistency, not a rollback")
		}
		v.add(Finding{Code: FoundPrefixSame, Size: shown.Size, Root: &shown.Root,
			Detail: "the smaller tree is the beginning of the larger: entries are missing, none was changed"})
	}
	if at, later := statedLater(heldSigs, shownSigs); later {
		v.Proven = true
		v.add(Finding{Code: FoundStatedLater, Size: shown.Size, Time: &at,
			Detail: fmt.Sprintf("the log stated at %s that size %d was its largest, after it had signed size %d", at.Format(time.RFC3339), shown.Size, held.Size)})
	} else {
		v.add(Finding{Code: FoundNotStatedLater, Size: shown.Size,
			Detail: "no signature states that the smaller tree was the largest at a later time: it may be an old copy"})
	}
	return v, nil
}

// addPrefix verifies the proof that large begins with a tree of PrefixRoot.
func (e Evidence) addPrefix(v *Verdict, small, large Checkpoint) error {
	if err := VerifyConsistency(e.Proof, large.Size, large.Root, small.Size, *e.PrefixRoot); err != nil {
		return err
	}
	v.add(Finding{Code: FoundPrefix, Size: small.Size, Root: e.PrefixRoot,
		Detail: fmt.Sprintf("the first %d entries of the signed tree of size %d have the root %s", small.Size, large.Size, e.PrefixRoot)})
	return nil
}

func (v *Verdict) add(f Finding) { v.Findings = append(v.Findings, f) }

func inOrder(a, b Checkpoint) (small, large Checkpoint) {
	if a.Size <= b.Size {
		return a, b
	}
	return b, a
}

func signed(code FindingCode, c Checkpoint, sigs []note.Signature) []Finding {
	out := make([]Finding, 0, len(sigs))
	for _, s := range sigs {
		f := Finding{Code: code, Size: c.Size, Root: &c.Root, Key: s.Name,
			Detail: fmt.Sprintf("%s signed size %d with root %s", s.Name, c.Size, c.Root)}
		if at, ok := SignatureTime(s); ok {
			f.Time = &at
		}
		out = append(out, f)
	}
	return out
}

// statedLater reports whether one and the same key states a later time for the
// tree shown than for the tree held.
func statedLater(held, shown []note.Signature) (time.Time, bool) {
	for _, h := range held {
		before, ok := SignatureTime(h)
		if !ok {
			continue
		}
		for _, s := range shown {
			at, ok := SignatureTime(s)
			if ok && s.Name == h.Name && s.Hash == h.Hash && at.Sub(before) > clockMargin {
				return at, true
			}
		}
	}
	return time.Time{}, false
}
