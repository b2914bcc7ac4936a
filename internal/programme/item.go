package programme

import (
	"fmt"

	"entente"
)

// Observer is the writer of citations: what others said or published.
const Observer = "portal"

// Key names a thing before its entry exists: by writer, type and subject. The
// genesis of a writer has no subject here.
type Key struct {
	Writer  string
	Type    entente.Type
	Subject string
}

// String returns the key in words, for messages.
func (k Key) String() string {
	if k.Subject == "" {
		return fmt.Sprintf("%s of %s", k.Type, k.Writer)
	}
	return fmt.Sprintf("%s %q of %s", k.Type, k.Subject, k.Writer)
}

// Target is an appended entry: its reference, and the digest that others pin it
// by. For a joint body that is the SHA-256 of its raw bytes, for a genesis the
// SHA-256 of the entry's bytes; for other entries it is not used.
type Target struct {
	Ref    entente.Ref
	Digest entente.Digest
}

// Item is one entry to be appended.
type Item struct {
	// Author is a party with one of its agencies, or the observer.
	Author  entente.Author
	Type    entente.Type
	Subject string
	// Body is a pointer to the body of Type, with its references still empty.
	Body any
	// Needs are the entries that must have been appended before.
	Needs []Key
	// File and Line say where the item is written.
	File string
	Line int

	bind func([]Target) any
}

// Key returns the item's own key, by which others need it.
func (i *Item) Key() Key { return Key{i.Author.Writer(), i.Type, i.Subject} }

// Bind returns the body with its references filled in: resolve is asked for every
// need, in the order of Needs, and says false for what has not been appended. The
// Body of the item is left as it is.
func (i *Item) Bind(resolve func(Key) (entente.Ref, entente.Digest, bool)) (any, error) {
	targets := make([]Target, len(i.Needs))
	for n, need := range i.Needs {
		ref, digest, ok := resolve(need)
		if !ok {
			return nil, fmt.Errorf("%s:%d: %s needs the %s, which has not been appended", i.File, i.Line, i.Key(), need)
		}
		targets[n] = Target{ref, digest}
	}
	if i.bind == nil {
		return i.Body, nil
	}
	return i.bind(targets), nil
}

// binding makes a bind function that sets references on a copy of body.
func binding[B any](body B, set func(*B, []Target)) func([]Target) any {
	return func(t []Target) any {
		bound := body
		set(&bound, t)
		return &bound
	}
}

// order of types: a type comes after all those its bodies refer to.
var order = []entente.Type{
	entente.TypeCharter, entente.TypePolicy, entente.TypeAgency, entente.TypeExchangeTerms, entente.TypeRoute, entente.TypeIndicator,
	entente.TypeJointCommitment, entente.TypeCommitment, entente.TypeAccount, entente.TypePairing,
	entente.TypeMilestone, entente.TypeProgress, entente.TypeLink, entente.TypeStatement,
	entente.TypeClaim, entente.TypeAction, entente.TypeMeeting, entente.TypeNotice,
	entente.TypeCitation, entente.TypePosition,
}
