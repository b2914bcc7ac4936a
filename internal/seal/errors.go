package seal

import "errors"

// What can be wrong with a payload; errors of this package wrap one of these, or
// the error of the reader, writer or [Source] that failed.
var (
	// ErrRecipient: it is sealed to 1 to [MaxRecipients] different age1pq… recipients.
	ErrRecipient = errors.New("a payload is sealed to the age1pq… keys of named agencies")
	// ErrIdentity: it is opened with 1 to [MaxIdentities] AGE-SECRET-KEY-PQ-… identities.
	ErrIdentity = errors.New("a payload is opened with AGE-SECRET-KEY-PQ-… identities")
	// ErrNotAddressed: none of the identities is of a key that it was sealed to.
	ErrNotAddressed = errors.New("the payload is not sealed to any of these keys: ask for it to be released to this agency")
	// ErrDamaged: it is no age file, or was altered or cut short.
	ErrDamaged = errors.New("the payload is damaged or was never whole: fetch it again, or ask for it to be released again")
	// ErrManifest: the manifest breaks one of its bounds.
	ErrManifest = errors.New("the manifest of the payload breaks a rule")
	// ErrContent: the files are not those of the manifest.
	ErrContent = errors.New("the payload does not hold what its manifest says")
)
