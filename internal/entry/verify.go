package entry

import (
	"fmt"
	"sync"

	"golang.org/x/mod/sumdb/note"
)

// ValidKeyName reports whether s can name a key: 3 to 128 letters, digits, dots,
// slashes, underscores and hyphens, the first a letter or digit.
func ValidKeyName(s string) bool {
	if len(s) < 3 || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case i > 0 && (c == '.' || c == '/' || c == '_' || c == '-'):
		default:
			return false
		}
	}
	return true
}

// verifiers caches parsed keys by their text. A log has few keys; the bound only
// keeps a run over very many logs from growing without end.
var verifiers = struct {
	sync.RWMutex
	byKey map[string]note.Verifier
}{byKey: map[string]note.Verifier{}}

const maxVerifiers = 4096

// Verifier returns the verifier of an Ed25519 key in the vkey form of sumdb/note.
// Parsed keys are cached, since a log's entries are signed by the same few.
func Verifier(vkey string) (note.Verifier, error) {
	verifiers.RLock()
	v, ok := verifiers.byKey[vkey]
	verifiers.RUnlock()
	if ok {
		return v, nil
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, &Error{CodeKey, fmt.Sprintf("%.100q is no Ed25519 verifier key: %v", vkey, err)}
	}
	if !ValidKeyName(v.Name()) {
		return nil, &Error{CodeKey, fmt.Sprintf("%.100q is no key name", v.Name())}
	}
	verifiers.Lock()
	defer verifiers.Unlock()
	if len(verifiers.byKey) >= maxVerifiers {
		clear(verifiers.byKey)
	}
	verifiers.byKey[vkey] = v
	return v, nil
}

// Verify checks every signature line against the key that vkey gives for its
// name, and returns the names in the order of the lines. A line of an unknown key
// is an error, as is a signature that does not hold.
func (p *Parsed) Verify(vkey func(name string) (string, bool)) ([]string, error) {
	names := make([]string, 0, len(p.Signatures))
	for _, s := range p.Signatures {
		key, ok := vkey(s.Name)
		if !ok {
			return nil, &Error{CodeUnknownKey, fmt.Sprintf("signed by %s, which is no key to verify with", s.Name)}
		}
		v, err := Verifier(key)
		if err != nil {
			return nil, err
		}
		if v.Name() != s.Name || v.KeyHash() != s.Hash {
			return nil, &Error{CodeUnknownKey, fmt.Sprintf("signed by %s+%08x, another key than %s+%08x", s.Name, s.Hash, v.Name(), v.KeyHash())}
		}
		if !v.Verify(p.text, s.Sig) {
			return nil, &Error{CodeForged, fmt.Sprintf("the signature of %s does not hold for these bytes", s.Name)}
		}
		names = append(names, s.Name)
	}
	return names, nil
}

// Text returns the signed text: both lines.
func (p *Parsed) Text() []byte { return p.text }
