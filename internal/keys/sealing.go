package keys

import (
	"encoding/hex"
	"errors"
	"fmt"

	"filippo.io/age"

	"entente"
)

// ofAgency reports whether keys of a role may be an agency's.
func ofAgency(role entente.KeyRole) bool {
	return role == entente.RoleAgency || role == entente.RoleSeal
}

// makeSeal makes an age key, post-quantum hybrid, for sealing payloads; its binding
// is the recipient.
func (k *Key) makeSeal(base string) error {
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return err
	}
	k.binding.Public = id.Recipient().String()
	k.binding.Name = sealName(base, k.binding.Public)
	k.private = []byte(id.String())
	return nil
}

// sealName is <base>/<8 hexadecimal digits of SHA-256(recipient)>.
func sealName(base, recipient string) string {
	d := entente.DigestOf([]byte(recipient))
	return base + "/" + hex.EncodeToString(d[:4])
}

func checkRecipient(public string) error {
	r, err := age.ParseHybridRecipient(public)
	if err != nil || r.String() != public {
		return errors.New("a sealing key is an age1pq… recipient, in lower case")
	}
	return nil
}

// checkSeal holds the identity against the recipient.
func (k *Key) checkSeal() error {
	id, err := age.ParseHybridIdentity(string(k.private))
	if err != nil || id.Recipient().String() != k.binding.Public {
		return fmt.Errorf("key %s is damaged", k.binding.Name) // the cause could quote it
	}
	return nil
}

// Unseal returns the identities (AGE-SECRET-KEY-PQ-…) of sealing keys by name, for
// opening what was sealed to them. They are secrets: what leaves the machine of them
// leaves by break-glass only.
func (r *Ring) Unseal(names ...string) ([]string, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	list := make([]string, len(names))
	for i, name := range names {
		k, ok := r.keys[name]
		switch {
		case !ok:
			return nil, fmt.Errorf("the node has no key named %s", name)
		case k.binding.Role != entente.RoleSeal:
			return nil, fmt.Errorf("key %s has the role %s and opens no payload", name, k.binding.Role)
		}
		list[i] = string(k.private)
	}
	return list, nil
}
