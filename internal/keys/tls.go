package keys

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/cloudflare/circl/sign/mldsa/mldsa44"
	"golang.org/x/mod/sumdb/note"

	"entente"
)

// certificates carry no date that counts: peers pin the key, and key entries end
// it. 9999-12-31T23:59:59Z is RFC 5280's "no well-defined expiration date".
var (
	notBefore = time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC)
	notAfter  = time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC)
)

// TLS returns a self-signed certificate of a TLS key, for servers and clients.
// Its common name is the opaque key name; extra are host names and addresses a
// browser would ask for, and peers ignore.
func (k *Key) TLS() (tls.Certificate, error) {
	if k.closed() {
		return tls.Certificate{}, errClosed
	}
	private, err := k.tlsPrivate()
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: k.binding.Name},
		NotBefore:    notBefore,
		NotAfter:     notAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, err
	}
	if Pin(leaf).String() != k.binding.Public {
		return tls.Certificate{}, fmt.Errorf("key %s is not the key of its binding", k.binding.Name)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private, Leaf: leaf}, nil
}

// Pin returns the SHA-256 of a certificate's SubjectPublicKeyInfo.
func Pin(c *x509.Certificate) entente.Digest {
	return entente.DigestOf(c.RawSubjectPublicKeyInfo)
}

func (k *Key) tlsPrivate() (ed25519.PrivateKey, error) {
	damaged := fmt.Errorf("key %s is damaged", k.binding.Name)
	if k.binding.Role != entente.RoleTLS {
		return nil, fmt.Errorf("key %s has the role %s and is no TLS key", k.binding.Name, k.binding.Role)
	}
	der, err := base64.StdEncoding.AppendDecode(nil, k.private)
	if err != nil {
		return nil, damaged
	}
	defer clear(der)
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, damaged
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, damaged
	}
	return private, nil
}

// checkSigner holds an Ed25519 private key against the vkey of the binding.
func (k *Key) checkSigner() error {
	s, err := note.NewSigner(string(k.private))
	if err != nil {
		return fmt.Errorf("key %s is damaged", k.binding.Name)
	}
	v, err := note.NewVerifier(k.binding.Public)
	if err != nil {
		return fmt.Errorf("key %s: %w", k.binding.Name, err)
	}
	probe := []byte("entente key check\n")
	sig, err := s.Sign(probe)
	if err != nil || s.Name() != v.Name() || s.KeyHash() != v.KeyHash() || !v.Verify(probe, sig) {
		return fmt.Errorf("key %s is not the key of its binding", k.binding.Name)
	}
	return nil
}

func (k *Key) checkRoot() error {
	if k.binding.Person != nil || k.binding.Agency != "" {
		return errors.New("a root key names neither agency nor person")
	}
	name, alg, pub, err := splitVKey(k.binding.Public)
	base, _, _ := strings.Cut(name, "/")
	if err != nil || alg != algEd25519 || name != k.binding.Name || name != keyName(base, alg, pub) {
		return errors.New("not the public side of a root key")
	}
	return k.checkSigner()
}

func (k *Key) checkMLDSA() error {
	damaged := fmt.Errorf("key %s is damaged", k.binding.Name)
	_, alg, pub, err := splitVKey(k.binding.Public)
	if err != nil {
		return err
	}
	prefix := fmt.Appendf(nil, "PRIVATE+KEY+%s+%08x+", k.binding.Name, keyID(k.binding.Name, alg, pub))
	b64, ok := bytes.CutPrefix(k.private, prefix)
	if !ok {
		return damaged
	}
	secret, err := base64.StdEncoding.AppendDecode(nil, b64)
	if err != nil {
		return damaged
	}
	defer clear(secret)
	if len(secret) != 1+mldsa44.SeedSize || secret[0] != alg {
		return damaged
	}
	derived, _ := mldsa44.NewKeyFromSeed((*[mldsa44.SeedSize]byte)(secret[1:]))
	if !bytes.Equal(derived.Bytes(), pub) {
		return fmt.Errorf("key %s is not the key of its binding", k.binding.Name)
	}
	return nil
}
