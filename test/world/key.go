package world

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/cloudflare/circl/sign/mldsa/mldsa44"
	"golang.org/x/mod/sumdb/note"

	"entente"
	"entente/internal/merkle"
)

// Key is a key with its binding, made from a fixed seed.
type Key struct {
	Binding entente.KeyBinding
	Private string // in note form
	Signer  note.Signer
}

// NewKey returns the key of this base and seed with the rest of the binding filled in.
func NewKey(base, seed string, b entente.KeyBinding) *Key { return newKey(base, seed, b) }

func newKey(base, seed string, b entente.KeyBinding) *Key {
	secret := sha256.Sum256([]byte(base + "\x00" + seed))
	alg, pub := byte(merkle.AlgEd25519), []byte(ed25519.NewKeyFromSeed(secret[:]).Public().(ed25519.PublicKey))
	if b.Role == entente.RoleMLDSA {
		p, _ := mldsa44.NewKeyFromSeed(&secret)
		alg, pub = merkle.AlgMLDSA, p.Bytes()
	}
	d := entente.DigestOf(append([]byte{alg}, pub...))
	b.Name = base + "/" + hex.EncodeToString(d[:4])
	id := sha256.Sum256(append([]byte(b.Name+"\n"), append([]byte{alg}, pub...)...))
	hash := binary.BigEndian.Uint32(id[:4])
	b.Public = fmt.Sprintf("%s+%08x+%s", b.Name, hash, base64.StdEncoding.EncodeToString(append([]byte{alg}, pub...)))
	k := &Key{Binding: b, Private: fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", b.Name, hash,
		base64.StdEncoding.EncodeToString(append([]byte{alg}, secret[:]...)))}
	var err error
	if alg == merkle.AlgMLDSA {
		k.Signer, err = merkle.NewMLDSASigner(k.Private, nil)
	} else {
		k.Signer, err = note.NewSigner(k.Private)
	}
	if err != nil {
		panic(err) // the seed is fixed
	}
	return k
}
