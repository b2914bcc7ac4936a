package keys

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/cloudflare/circl/sign/mldsa/mldsa44"
	"golang.org/x/mod/sumdb/note"

	"entente"
)

// The type bytes of keys in note form (C2SP signed-note, "Signature types").
const (
	algEd25519 = 0x01
	algMLDSA   = 0x06
)

// baseForm is a name in the form of a host: origins and key names begin with it.
var baseForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$`)

// ValidBase reports whether base can begin the origins and key names of a
// writer: at most 100 characters in the form of a host name with a dot in it,
// such as "mx.entente" or "demo.mx.entente".
func ValidBase(base string) error {
	if len(base) > 100 || !baseForm.MatchString(base) {
		return fmt.Errorf("a base is a host name in lower case, such as mx.entente, not %q", base)
	}
	return nil
}

// Key is a private key with its public binding. It must be closed.
type Key struct {
	binding entente.KeyBinding
	private []byte // note form; base64 of PKCS #8 for tls; the age identity for seal
}

// Binding returns the public side, as genesis and key entries carry it.
func (k *Key) Binding() entente.KeyBinding { return k.binding }

// Name returns the opaque name of the key.
func (k *Key) Name() string { return k.binding.Name }

// String returns the name; a key's secret is in none of its printed forms.
func (k *Key) String() string { return k.binding.Name }

// GoString is String: %#v shows no secret either.
func (k *Key) GoString() string { return "keys.Key(" + k.binding.Name + ")" }

// Signer is a note signer whose public key is known: what it signs holds for Public,
// a key in the vkey form of sumdb/note.
type Signer struct {
	note.Signer
	Public string
}

// Signer returns the note signer of an Ed25519 key: root, log, agency, officer. It is
// an error when what it signs does not hold for the key's binding.
func (k *Key) Signer() (note.Signer, error) {
	if k.closed() {
		return nil, errClosed
	}
	switch k.binding.Role {
	case entente.RoleMLDSA, entente.RoleTLS, entente.RoleSeal:
		return nil, fmt.Errorf("key %s has the role %s and signs no entry", k.binding.Name, k.binding.Role)
	}
	s, err := note.NewSigner(string(k.private))
	if err != nil {
		return nil, fmt.Errorf("key %s is damaged", k.binding.Name) // the cause could quote it
	}
	if err := pairs(s, k.binding.Public); err != nil {
		return nil, fmt.Errorf("key %s is damaged: %w", k.binding.Name, err)
	}
	return Signer{s, k.binding.Public}, nil
}

// pairs tries whether a signer is the private half of a public key.
func pairs(s note.Signer, public string) error {
	v, err := note.NewVerifier(public)
	if err != nil {
		return err
	}
	probe := []byte("entente: is this the key that it says it is?")
	sig, err := s.Sign(probe)
	if err == nil && (v.Name() != s.Name() || v.KeyHash() != s.KeyHash() || !v.Verify(probe, sig)) {
		err = errors.New("its halves do not belong together")
	}
	return err
}

// Private returns the private key in note form
// ("PRIVATE+KEY+<name>+<key ID>+<base64>"), for making the cosigner of a log key
// or the signer of an ML-DSA key. It is a secret.
func (k *Key) Private() (string, error) {
	if k.closed() {
		return "", errClosed
	}
	if k.binding.Role == entente.RoleTLS || k.binding.Role == entente.RoleSeal {
		return "", fmt.Errorf("key %s has the role %s and no note form", k.binding.Name, k.binding.Role)
	}
	return string(k.private), nil
}

// Close overwrites the secret; the key signs nothing any more. Copies that
// signers hold are beyond its reach.
func (k *Key) Close() {
	clear(k.private)
	k.private = nil
}

func (k *Key) closed() bool { return len(k.private) == 0 }

var errClosed = errors.New("the key has been closed: unlock it again")

// generate makes a new key of a role. agency and person are set in the binding
// as they are.
func generate(base string, role entente.KeyRole, agency string, person *entente.Digest) (*Key, error) {
	if err := ValidBase(base); err != nil {
		return nil, err
	}
	k := &Key{binding: entente.KeyBinding{Role: role, Agency: agency, Person: person}}
	switch role {
	case entente.RoleLog, entente.RoleAgency, entente.RoleOfficer:
		return k, k.makeEd25519(base)
	case entente.RoleMLDSA:
		return k, k.makeMLDSA(base)
	case entente.RoleTLS:
		return k, k.makeTLS(base)
	case entente.RoleSeal:
		return k, k.makeSeal(base)
	}
	return nil, fmt.Errorf("there is no key role %q", role)
}

func (k *Key) makeEd25519(base string) error {
	pub, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	defer clear(private)
	k.set(base, algEd25519, pub, private.Seed())
	return nil
}

func (k *Key) makeMLDSA(base string) error {
	var seed [mldsa44.SeedSize]byte
	defer clear(seed[:])
	if _, err := rand.Read(seed[:]); err != nil {
		return err
	}
	pub, _ := mldsa44.NewKeyFromSeed(&seed)
	k.set(base, algMLDSA, pub.Bytes(), seed[:])
	return nil
}

// makeTLS makes an Ed25519 key for TLS; its binding is the SHA-256 of its
// SubjectPublicKeyInfo, which peers pin (RFC 7469, section 2.4).
func (k *Key) makeTLS(base string) error {
	pub, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	defer clear(private)
	spki, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	defer clear(der)
	pin := entente.DigestOf(spki)
	k.binding.Name = base + "/" + hex.EncodeToString(pin[:4])
	k.binding.Public = pin.String()
	k.private = base64.StdEncoding.AppendEncode(nil, der)
	return nil
}

// set fills in the name and both note forms from a public key and a seed.
func (k *Key) set(base string, alg byte, pub, seed []byte) {
	name := keyName(base, alg, pub)
	id := keyID(name, alg, pub)
	k.binding.Name = name
	k.binding.Public = fmt.Sprintf("%s+%08x+%s", name, id, base64.StdEncoding.EncodeToString(append([]byte{alg}, pub...)))
	secret := append([]byte{alg}, seed...)
	defer clear(secret)
	k.private = fmt.Appendf(nil, "PRIVATE+KEY+%s+%08x+", name, id)
	k.private = base64.StdEncoding.AppendEncode(k.private, secret)
}

// keyName is <base>/<8 hexadecimal digits of SHA-256(type ‖ public key)>.
func keyName(base string, alg byte, pub []byte) string {
	d := entente.DigestOf(append([]byte{alg}, pub...))
	return base + "/" + hex.EncodeToString(d[:4])
}

// keyID is the key ID of C2SP signed-note, "Signatures".
func keyID(name string, alg byte, pub []byte) uint32 {
	h := sha256.New()
	h.Write([]byte(name))
	h.Write([]byte{'\n', alg})
	h.Write(pub)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

// CheckBinding reports what is wrong with a binding's own content: its name does
// not follow from its key, the key is not of its role, agency or person are
// missing or out of place.
func CheckBinding(b entente.KeyBinding) error {
	base, _, ok := strings.Cut(b.Name, "/")
	if err := ValidBase(base); !ok || err != nil {
		return fmt.Errorf("a key name is <base>/<8 hexadecimal digits>, not %q", b.Name)
	}
	if (b.Role == entente.RoleOfficer) != (b.Person != nil) {
		return fmt.Errorf("key %s: an officer's key, and no other, names a person digest", b.Name)
	}
	if b.Agency != "" && !ofAgency(b.Role) {
		return fmt.Errorf("key %s: only an agency's signing and sealing keys name an agency", b.Name)
	}
	var want string
	switch b.Role {
	case entente.RoleTLS:
		pin, err := entente.ParseDigest(b.Public)
		if err != nil {
			return fmt.Errorf("key %s: %w", b.Name, err)
		}
		want = base + "/" + hex.EncodeToString(pin[:4])
	case entente.RoleSeal:
		if err := checkRecipient(b.Public); err != nil {
			return fmt.Errorf("key %s: %w", b.Name, err)
		}
		want = sealName(base, b.Public)
	case entente.RoleLog, entente.RoleAgency, entente.RoleOfficer, entente.RoleMLDSA:
		name, alg, pub, err := splitVKey(b.Public)
		if err != nil {
			return fmt.Errorf("key %s: %w", b.Name, err)
		}
		if name != b.Name {
			return fmt.Errorf("key %s: its public key is named %s", b.Name, name)
		}
		if alg != roleAlg(b.Role) {
			return fmt.Errorf("key %s: a key of type 0x%02x cannot have the role %s", b.Name, alg, b.Role)
		}
		want = keyName(base, alg, pub)
	default:
		return fmt.Errorf("key %s: there is no key role %q", b.Name, b.Role)
	}
	if b.Name != want {
		return fmt.Errorf("key %s: by its public key its name is %s", b.Name, want)
	}
	return nil
}

func roleAlg(role entente.KeyRole) byte {
	if role == entente.RoleMLDSA {
		return algMLDSA
	}
	return algEd25519
}

// splitVKey parses a vkey of one of the two types, in canonical form.
func splitVKey(vkey string) (name string, alg byte, pub []byte, err error) {
	bad := errors.New("a public key in note form is <name>+<8 hexadecimal digits>+<base64>")
	name, rest, _ := strings.Cut(vkey, "+")
	_, b64, _ := strings.Cut(rest, "+")
	raw, decodeErr := base64.StdEncoding.DecodeString(b64)
	if decodeErr != nil || len(raw) < 2 {
		return "", 0, nil, bad
	}
	alg, pub = raw[0], raw[1:]
	size := map[byte]int{algEd25519: ed25519.PublicKeySize, algMLDSA: mldsa44.PublicKeySize}[alg]
	if len(pub) != size {
		return "", 0, nil, fmt.Errorf("a public key of type 0x%02x and %d bytes is not known", alg, len(pub))
	}
	if vkey != fmt.Sprintf("%s+%08x+%s", name, keyID(name, alg, pub), base64.StdEncoding.EncodeToString(raw)) {
		return "", 0, nil, errors.New("the public key does not have the key ID that it states")
	}
	return name, alg, pub, nil
}
