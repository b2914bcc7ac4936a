package entry

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"

	"golang.org/x/mod/sumdb/note"
)

// Signer signs entries with one key; see [NewSigner].
type Signer = note.Signer

// NewSigner returns the signer of an Ed25519 key and its public half in the vkey
// form of sumdb/note. The seed is the private key (RFC 8032): 32 bytes.
func NewSigner(name string, seed []byte) (Signer, string, error) {
	if !ValidKeyName(name) || len(seed) != ed25519.SeedSize {
		return nil, "", &Error{CodeKey, fmt.Sprintf("%.100q with a seed of %d bytes is no key", name, len(seed))}
	}
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	vkey, err := note.NewEd25519VerifierKey(name, public)
	if err != nil {
		return nil, "", err
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, "", err
	}
	const ed25519Key = 1 // C2SP signed-note: signature type
	private := base64.StdEncoding.EncodeToString(append([]byte{ed25519Key}, seed...))
	s, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", name, v.KeyHash(), private))
	return s, vkey, err
}
