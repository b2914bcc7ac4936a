package keys

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"entente"
)

const (
	nodeFile       = "node.age"
	rootFile       = "root.age"
	nodeFolder     = "node"
	officersFolder = "officers"

	saltSize = 32
	// roleRoot marks the root key's file; the root key has no binding in any log.
	roleRoot entente.KeyRole = "root"
)

// nodeSecret is the plaintext of node.age.
type nodeSecret struct {
	Identity string `json:"identity"` // age, post-quantum hybrid: opens node/*.age
	Salt     []byte `json:"salt"`     // of person digests
}

// Create makes the node's own key ring, empty, under a passphrase.
func (d *Dir) Create(passphrase string) (*Ring, error) {
	to, err := d.recipient(passphrase)
	if err != nil {
		return nil, err
	}
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return nil, err
	}
	r := &Ring{dir: d, identity: id, salt: make([]byte, saltSize), keys: map[string]*Key{}}
	if _, err := rand.Read(r.salt); err != nil {
		return nil, err
	}
	plain, err := json.Marshal(nodeSecret{id.String(), r.salt})
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	if err := d.seal(nodeFile, plain, to); err != nil {
		return nil, err
	}
	return r, nil
}

// Unlock opens the node's own keys. It fails with [ErrPassphrase] when the
// passphrase is not theirs.
func (d *Dir) Unlock(passphrase string) (*Ring, error) {
	with, err := d.identity(passphrase)
	if err != nil {
		return nil, err
	}
	plain, err := d.open(nodeFile, with)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	r, err := d.ring(plain)
	if err != nil {
		return nil, err
	}
	files, err := d.list(nodeFolder)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		k, err := d.openKey(f, r.identity)
		if err != nil {
			r.Close()
			return nil, err
		}
		r.keys[k.Name()] = k
	}
	return r, nil
}

func (d *Dir) ring(plain []byte) (*Ring, error) {
	var secret nodeSecret
	if err := json.Unmarshal(plain, &secret); err != nil || len(secret.Salt) != saltSize {
		return nil, fmt.Errorf("%s is damaged", filepath.Join(d.path, nodeFile))
	}
	id, err := age.ParseHybridIdentity(secret.Identity)
	if err != nil {
		return nil, fmt.Errorf("%s is damaged", filepath.Join(d.path, nodeFile))
	}
	return &Ring{dir: d, identity: id, salt: secret.Salt, keys: map[string]*Key{}}, nil
}

// ChangePassphrase puts the node's own keys under another passphrase.
func (d *Dir) ChangePassphrase(old, fresh string) error {
	return d.rewrap(nodeFile, old, fresh)
}

// CreateRoot makes the offline root key under its own passphrase and returns its
// vkey.
func (d *Dir) CreateRoot(base, passphrase string) (vkey string, err error) {
	if err := ValidBase(base); err != nil {
		return "", err
	}
	k := &Key{binding: entente.KeyBinding{Role: roleRoot}}
	if err := k.makeEd25519(base); err != nil {
		return "", err
	}
	defer k.Close()
	return k.binding.Public, d.sealUnder(rootFile, k, passphrase)
}

// UnlockRoot opens the root key. The caller closes it when the entry is signed.
func (d *Dir) UnlockRoot(passphrase string) (*Key, error) {
	k, err := d.unlockUnder(rootFile, passphrase)
	if err == nil && k.binding.Role != roleRoot {
		k.Close()
		return nil, errors.New("root.age holds another key than a root key")
	}
	return k, err
}

// HasRoot reports whether the root key is still in the directory.
func (d *Dir) HasRoot() bool {
	_, err := os.Stat(filepath.Join(d.path, rootFile))
	return err == nil
}

// CreateOfficer makes an officer's key under that officer's own passphrase.
// person is from [Ring.PersonDigest].
func (d *Dir) CreateOfficer(base string, person entente.Digest, passphrase string) (entente.KeyBinding, error) {
	k, err := generate(base, entente.RoleOfficer, "", &person)
	if err != nil {
		return entente.KeyBinding{}, err
	}
	defer k.Close()
	file, err := fileOf(officersFolder, k.Name())
	if err != nil {
		return entente.KeyBinding{}, err
	}
	return k.binding, d.sealUnder(file, k, passphrase)
}

// UnlockOfficer opens the officer's key of that name. The caller closes it when
// the officer's session, or the one act it was unlocked for, ends.
func (d *Dir) UnlockOfficer(name, passphrase string) (*Key, error) {
	file, err := fileOf(officersFolder, name)
	if err != nil {
		return nil, err
	}
	k, err := d.unlockUnder(file, passphrase)
	if err == nil && (k.binding.Role != entente.RoleOfficer || k.Name() != name) {
		k.Close()
		return nil, fmt.Errorf("%s holds another key than %s", file, name)
	}
	return k, err
}

// ChangeOfficerPassphrase puts an officer's key under another passphrase.
func (d *Dir) ChangeOfficerPassphrase(name, old, fresh string) error {
	file, err := fileOf(officersFolder, name)
	if err != nil {
		return err
	}
	return d.rewrap(file, old, fresh)
}

// RemoveOfficer deletes an officer's key file, after its revocation.
func (d *Dir) RemoveOfficer(name string) error {
	file, err := fileOf(officersFolder, name)
	if err != nil {
		return err
	}
	return os.Remove(filepath.Join(d.path, file))
}

func (d *Dir) sealUnder(file string, k *Key, passphrase string) error {
	to, err := d.recipient(passphrase)
	if err != nil {
		return err
	}
	plain, err := encodeKey(k)
	if err != nil {
		return err
	}
	defer clear(plain)
	return d.seal(file, plain, to)
}

func (d *Dir) unlockUnder(file, passphrase string) (*Key, error) {
	with, err := d.identity(passphrase)
	if err != nil {
		return nil, err
	}
	return d.openKey(file, with)
}

func (d *Dir) openKey(file string, with age.Identity) (*Key, error) {
	plain, err := d.open(file, with)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	k, err := decodeKey(plain)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(d.path, file), err)
	}
	return k, nil
}

func (d *Dir) rewrap(file, old, fresh string) error {
	with, err := d.identity(old)
	if err != nil {
		return err
	}
	to, err := d.recipient(fresh)
	if err != nil {
		return err
	}
	plain, err := d.open(file, with)
	if err != nil {
		return err
	}
	defer clear(plain)
	return d.reseal(file, plain, to)
}

// Ring is the node's own keys, unlocked. Its methods may be called at once from
// several goroutines.
type Ring struct {
	dir      *Dir
	identity *age.HybridIdentity
	salt     []byte

	mu   sync.RWMutex
	keys map[string]*Key
}

// Generate makes a key of the node's own (log, mldsa, agency, tls, seal), on disk
// before it returns. agency is the agency's code for a party's agency key or an
// agency's sealing key, and empty otherwise.
func (r *Ring) Generate(base string, role entente.KeyRole, agency string) (entente.KeyBinding, error) {
	if role == entente.RoleOfficer {
		return entente.KeyBinding{}, errors.New("an officer's key is not one of the node's own: it is made under the officer's passphrase")
	}
	if agency != "" && !ofAgency(role) {
		return entente.KeyBinding{}, fmt.Errorf("a %s key names no agency", role)
	}
	k, err := generate(base, role, agency, nil)
	if err != nil {
		return entente.KeyBinding{}, err
	}
	file, err := fileOf(nodeFolder, k.Name())
	if err != nil {
		return entente.KeyBinding{}, err
	}
	plain, err := encodeKey(k)
	if err != nil {
		return entente.KeyBinding{}, err
	}
	defer clear(plain)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.keys == nil {
		return entente.KeyBinding{}, errClosed
	}
	if err := r.dir.seal(file, plain, r.identity.Recipient()); err != nil {
		return entente.KeyBinding{}, err
	}
	r.keys[k.Name()] = k
	return k.binding, nil
}

// Bindings returns the public sides of the ring's keys of a role, by name; all
// of them when role is empty.
func (r *Ring) Bindings(role entente.KeyRole) []entente.KeyBinding {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []entente.KeyBinding
	for _, k := range r.keys {
		if role == "" || k.binding.Role == role {
			out = append(out, k.binding)
		}
	}
	slices.SortFunc(out, func(a, b entente.KeyBinding) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Key returns the ring's key of that name. It stays the ring's: the ring closes it.
func (r *Ring) Key(name string) (*Key, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	k, ok := r.keys[name]
	if !ok {
		return nil, fmt.Errorf("the node has no key named %s", name)
	}
	return k, nil
}

// Signer returns the note signer of the ring's key of that name.
func (r *Ring) Signer(name string) (note.Signer, error) {
	k, err := r.Key(name)
	if err != nil {
		return nil, err
	}
	return k.Signer()
}

// PersonDigest returns SHA-256(the node's salt ‖ person): what officer keys carry
// so that verifiers can require two different people without learning who.
func (r *Ring) PersonDigest(person string) entente.Digest {
	h := sha256.New()
	h.Write(r.salt)
	h.Write([]byte(person))
	return entente.Digest(h.Sum(nil))
}

// Remove deletes a key of the node's own from ring and disk, after its revocation.
func (r *Ring) Remove(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, ok := r.keys[name]
	if !ok {
		return fmt.Errorf("the node has no key named %s", name)
	}
	file, err := fileOf(nodeFolder, name)
	if err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(r.dir.path, file)); err != nil {
		return err
	}
	k.Close()
	delete(r.keys, name)
	return nil
}

// Close overwrites every secret of the ring.
func (r *Ring) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range r.keys {
		k.Close()
	}
	clear(r.salt)
	r.keys, r.identity = nil, nil
}
