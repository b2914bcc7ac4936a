package payload

import "errors"

// Errors of this package wrap one of these, one of package seal, or the file
// system's.
var (
	// ErrNotFound: the payload is not on this node.
	ErrNotFound = errors.New("the payload is not on this node: it can be fetched again from the other party while both keep it")
	// ErrShredded: the payload has a tombstone.
	ErrShredded = errors.New("the payload was shredded and does not come back")
	// ErrDigest: what arrived has another digest; nothing of it is kept.
	ErrDigest = errors.New("the payload does not have the digest of its entry: fetch it again, or ask for it to be released again")
	// ErrSize: what arrived is larger than was stated, or than a payload may be.
	ErrSize = errors.New("the payload is larger than was stated, or than a payload may be")
	// ErrIncomplete: less arrived than was stated; it is kept and can be continued.
	ErrIncomplete = errors.New("the payload has not arrived whole: continue where it ended")
	// ErrHeld: the payload is here already.
	ErrHeld = errors.New("the payload is on this node already")
	// ErrBusy: the payload is being fetched by another call.
	ErrBusy = errors.New("the payload is being fetched already")
)
