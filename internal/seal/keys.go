package seal

import (
	"fmt"
	"slices"

	"filippo.io/age"
)

const (
	// MaxRecipients is to how many keys a payload is sealed at most.
	MaxRecipients = 64
	// MaxIdentities is how many identities are tried at most.
	MaxIdentities = 256
)

// Generate makes a sealing key: its recipient (age1pq1…), which is published, and
// its identity (AGE-SECRET-KEY-PQ-1…), which is secret.
func Generate() (recipient, identity string, err error) {
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return "", "", err
	}
	return id.Recipient().String(), id.String(), nil
}

// recipients parses whom a payload is sealed to.
func recipients(to []string) ([]age.Recipient, error) {
	if len(to) == 0 || len(to) > MaxRecipients {
		return nil, fmt.Errorf("%w: 1 to %d of them, not %d", ErrRecipient, MaxRecipients, len(to))
	}
	list := make([]age.Recipient, len(to))
	for i, s := range to {
		if slices.Contains(to[:i], s) {
			return nil, fmt.Errorf("%w: %q is named twice", ErrRecipient, shown(s))
		}
		r, err := age.ParseHybridRecipient(s)
		if err != nil || r.String() != s {
			return nil, fmt.Errorf("%w: %q is none", ErrRecipient, shown(s))
		}
		list[i] = r
	}
	return list, nil
}

// identities parses what a payload is opened with. No error quotes one.
func identities(with []string) ([]age.Identity, error) {
	if len(with) == 0 || len(with) > MaxIdentities {
		return nil, fmt.Errorf("%w: 1 to %d of them, not %d", ErrIdentity, MaxIdentities, len(with))
	}
	list := make([]age.Identity, len(with))
	for i, s := range with {
		id, err := age.ParseHybridIdentity(s)
		if err != nil {
			return nil, fmt.Errorf("%w: number %d is none", ErrIdentity, i+1)
		}
		list[i] = id
	}
	return list, nil
}
