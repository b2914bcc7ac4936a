package merkle

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cloudflare/circl/sign/mldsa/mldsa44"
	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// The signature types of C2SP signed-note and tlog-cosignature that logs and
// cosigners of Entente use; the type is the first byte of a key.
const (
	AlgEd25519     = 0x01 // a log's signature over the note text
	AlgCosignature = 0x04 // cosignature/v1: Ed25519 with a timestamp
	AlgMLDSA       = 0x06 // subtree/v1: ML-DSA-44 with a timestamp
)

// Sizes in bytes (FIPS 204, parameter set ML-DSA-44; C2SP tlog-cosignature).
const (
	MLDSASeedSize   = mldsa44.SeedSize
	MLDSAPublicSize = mldsa44.PublicKeySize
	mldsaSigSize    = mldsa44.SignatureSize
	timestampSize   = 8
	keyIDSize       = 4
	ed25519SigSize  = ed25519.SignatureSize
)

// subtreeLabel opens every message an ML-DSA-44 cosigner signs.
const subtreeLabel = "subtree/v1\n\x00"

// NewVerifier returns the verifier of a vkey of any of the three types that
// checkpoints carry: Ed25519 (0x01), cosignature/v1 (0x04), ML-DSA-44 (0x06).
func NewVerifier(vkey string) (note.Verifier, error) {
	_, alg, _, err := splitKey(vkey)
	if err != nil {
		return nil, err
	}
	switch alg {
	case AlgEd25519:
		return note.NewVerifier(vkey)
	case AlgCosignature:
		return fnote.NewVerifierForCosignatureV1(vkey)
	case AlgMLDSA:
		return newMLDSAVerifier(vkey)
	}
	return nil, fmt.Errorf("key type 0x%02x signs no checkpoint", alg)
}

// KeyType returns the type byte of a sound vkey of those three types: its key is
// of the type's length and its ID follows from it.
func KeyType(vkey string) (byte, error) {
	name, alg, key, err := splitKey(vkey)
	if err != nil {
		return 0, err
	}
	size := map[byte]int{AlgEd25519: ed25519.PublicKeySize, AlgCosignature: ed25519.PublicKeySize, AlgMLDSA: MLDSAPublicSize}[alg]
	if size == 0 || len(key) != size || vkey != formatVKey(name, alg, key) {
		return 0, fmt.Errorf("%.100q is no key that signs checkpoints", vkey)
	}
	return alg, nil
}

// NewCosignatureVerifier returns the verifier of the cosignatures (0x04) that
// the holder of an Ed25519 log key makes with it. vkey may be of type 0x01 or 0x04.
func NewCosignatureVerifier(vkey string) (note.Verifier, error) {
	if _, _, _, err := splitKey(vkey); err != nil {
		return nil, err
	}
	return fnote.NewVerifierForCosignatureV1(vkey)
}

// NewCosigner returns a signer of cosignatures (0x04) from a private Ed25519 key
// in note form (type 0x01). Its key ID differs from that of the key's own
// signatures, so that the two cannot be confused.
func NewCosigner(skey string) (note.Signer, error) {
	return fnote.NewSignerForCosignatureV1(skey)
}

// SignatureTime returns the time stated in a signature of type 0x04 or 0x06, and
// false for one that states none. A stated time is the signer's word.
func SignatureTime(s note.Signature) (time.Time, bool) {
	raw, err := base64.StdEncoding.DecodeString(s.Base64)
	if err != nil {
		return time.Time{}, false
	}
	switch len(raw) - keyIDSize - timestampSize {
	case ed25519SigSize, mldsaSigSize:
	default:
		return time.Time{}, false
	}
	stamp := binary.BigEndian.Uint64(raw[keyIDSize:])
	if stamp == 0 || stamp > math.MaxInt64 {
		return time.Time{}, false
	}
	return time.Unix(int64(stamp), 0).UTC(), true
}

// MLDSASigner signs checkpoints with ML-DSA-44 (C2SP tlog-cosignature, type
// 0x06). It implements [note.Signer]. With a clock, its signature also states
// that no larger tree of the log was known at that second.
type MLDSASigner struct {
	name string
	hash uint32
	key  *mldsa44.PrivateKey
	pub  *mldsa44.PublicKey
	now  func() time.Time
	last atomic.Uint64 // latest time stated
}

// NewMLDSASigner returns the signer of a private key in note form
// ("PRIVATE+KEY+<name>+<key ID>+<base64 of 0x06 and the 32-byte seed>"). now may
// be nil: then the stated time is 0, which makes no statement. A clock that is
// set back does not set back the stated time.
func NewMLDSASigner(skey string, now func() time.Time) (*MLDSASigner, error) {
	rest, private := strings.CutPrefix(skey, "PRIVATE+KEY+")
	name, alg, seed, err := splitKey(rest)
	if !private || err != nil || alg != AlgMLDSA || len(seed) != MLDSASeedSize {
		return nil, errors.New("not a private ML-DSA-44 key in note form") // says nothing of its content
	}
	pub, key := mldsa44.NewKeyFromSeed((*[MLDSASeedSize]byte)(seed))
	s := &MLDSASigner{name: name, hash: keyID(name, AlgMLDSA, pub.Bytes()), key: key, pub: pub, now: now}
	if !strings.HasPrefix(rest, fmt.Sprintf("%s+%08x+", name, s.hash)) {
		return nil, errors.New("the private ML-DSA-44 key does not have the ID that it states")
	}
	return s, nil
}

// Name returns the key name.
func (s *MLDSASigner) Name() string { return s.name }

// KeyHash returns the key ID as a number.
func (s *MLDSASigner) KeyHash() uint32 { return s.hash }

// VKey returns the public key in note form.
func (s *MLDSASigner) VKey() string { return formatVKey(s.name, AlgMLDSA, s.pub.Bytes()) }

// Verifier returns the verifier of what s signs.
func (s *MLDSASigner) Verifier() note.Verifier {
	return &mldsaVerifier{name: s.name, hash: s.hash, pub: s.pub}
}

// Sign signs a checkpoint's note text; it refuses any other text.
func (s *MLDSASigner) Sign(text []byte) ([]byte, error) {
	c, err := ParseText(string(text))
	if err != nil {
		return nil, err
	}
	stamp := s.stamp()
	msg, err := subtreeMessage(s.name, stamp, c)
	if err != nil {
		return nil, err
	}
	out := make([]byte, timestampSize+mldsaSigSize)
	binary.BigEndian.PutUint64(out, stamp)
	if err := mldsa44.SignTo(s.key, msg, nil, true, out[timestampSize:]); err != nil {
		return nil, fmt.Errorf("ML-DSA-44: %w", err)
	}
	return out, nil
}

// stamp returns the time to state: the clock's, never less than before.
func (s *MLDSASigner) stamp() uint64 {
	if s.now == nil {
		return 0
	}
	now := uint64(max(s.now().Unix(), 0))
	for {
		last := s.last.Load()
		if now <= last {
			return last
		}
		if s.last.CompareAndSwap(last, now) {
			return now
		}
	}
}

// mldsaVerifier implements note.Verifier for type 0x06.
type mldsaVerifier struct {
	name string
	hash uint32
	pub  *mldsa44.PublicKey
}

func newMLDSAVerifier(vkey string) (*mldsaVerifier, error) {
	name, _, key, err := splitKey(vkey)
	if err != nil {
		return nil, err
	}
	pub := new(mldsa44.PublicKey)
	if err := pub.UnmarshalBinary(key); err != nil {
		return nil, fmt.Errorf("key %s: an ML-DSA-44 public key has %d bytes, not %d", name, MLDSAPublicSize, len(key))
	}
	v := &mldsaVerifier{name: name, hash: keyID(name, AlgMLDSA, key), pub: pub}
	if vkey != formatVKey(name, AlgMLDSA, key) {
		return nil, fmt.Errorf("key %s does not have the ID that it states", name)
	}
	return v, nil
}

func (v *mldsaVerifier) Name() string    { return v.name }
func (v *mldsaVerifier) KeyHash() uint32 { return v.hash }

func (v *mldsaVerifier) Verify(text, sig []byte) bool {
	if len(sig) != timestampSize+mldsaSigSize {
		return false
	}
	c, err := ParseText(string(text))
	if err != nil {
		return false
	}
	msg, err := subtreeMessage(v.name, binary.BigEndian.Uint64(sig), c)
	return err == nil && mldsa44.Verify(v.pub, msg, nil, sig[timestampSize:])
}

// subtreeMessage is the cosigned_message of C2SP tlog-cosignature, "ML-DSA-44
// signed message", for a checkpoint (start 0, end the tree's size).
func subtreeMessage(cosigner string, stamp uint64, c Checkpoint) ([]byte, error) {
	if len(cosigner) == 0 || len(cosigner) > 255 || stamp > math.MaxInt64 {
		return nil, errors.New("a cosigner's name has 1 to 255 bytes and its time 63 bits")
	}
	b := make([]byte, 0, len(subtreeLabel)+1+len(cosigner)+8+1+len(c.Origin)+8+8+len(c.Root))
	b = append(b, subtreeLabel...)
	b = append(append(b, byte(len(cosigner))), cosigner...)
	b = binary.BigEndian.AppendUint64(b, stamp)
	b = append(append(b, byte(len(c.Origin))), c.Origin...)
	b = binary.BigEndian.AppendUint64(b, 0)
	b = binary.BigEndian.AppendUint64(b, c.Size)
	return append(b, c.Root[:]...), nil
}

// keyID is the ID of a key (C2SP signed-note, "Signatures"):
// SHA-256(name ‖ 0x0A ‖ type ‖ public key)[:4].
func keyID(name string, alg byte, pub []byte) uint32 {
	h := sha256.New()
	h.Write([]byte(name))
	h.Write([]byte{'\n', alg})
	h.Write(pub)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

func formatVKey(name string, alg byte, pub []byte) string {
	key := append([]byte{alg}, pub...)
	return fmt.Sprintf("%s+%08x+%s", name, keyID(name, alg, pub), base64.StdEncoding.EncodeToString(key))
}

// splitKey splits "<name>+<8 hexadecimal digits>+<base64 of type and key>".
func splitKey(text string) (name string, alg byte, key []byte, err error) {
	name, rest, _ := strings.Cut(text, "+")
	id, b64, _ := strings.Cut(rest, "+")
	raw, decodeErr := base64.StdEncoding.DecodeString(b64)
	if decodeErr != nil || len(raw) < 2 || len(id) != 2*keyIDSize || name == "" ||
		!utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsSpace) {
		return "", 0, nil, errors.New("a key in note form is <name>+<8 hexadecimal digits>+<base64>")
	}
	return name, raw[0], raw[1:], nil
}
