// Package fold is the pure function (state, entry) → changes that fills the
// projection.
//
// Invariants:
//   - Fold reads nothing but its arguments and [State]: no clock, no randomness,
//     no I/O, no map order, no private key, no decrypted payload;
//   - every interleaving of the same logs folds to the same projection: a typed
//     row is a function of its entry alone; what depends on other entries
//     (pending references, superseded versions, joint completion) is expressed as
//     links, whose effect does not depend on order;
//   - an entry that breaks a rule folds as inadmissible with the rule's code, an
//     unknown type as opaque; neither stops the log, and neither has any effect
//     on other entries;
//   - a reference resolves by the existence of its target, its leaf hash, type
//     and author, never by the target's status, so that nothing cascades; the
//     audience of its target is read off the origin's name, so that a node that
//     does not hold the target judges alike;
//   - an id is used once in a log, even by an entry that folds as inadmissible.
package fold

import (
	"encoding/json"

	"entente"
)

// Version names this fold; state digests carry it.
const Version = "entente-fold/2"

// Status says how an entry folded.
type Status string

// The statuses.
const (
	Admissible   Status = "admissible"
	Pending      Status = "pending" // refers to an entry not yet seen
	Inadmissible Status = "inadmissible"
	Opaque       Status = "opaque" // a type this version does not know
)

// Input is one entry under a verified checkpoint.
type Input struct {
	Origin string
	Index  uint64
	Leaf   entente.Digest // RFC 6962 leaf hash of Raw
	Raw    []byte         // exact bytes of the signed note
	// Verified says that an earlier fold of these bytes at this place found the
	// signatures valid (Folded.Verified), so that a rebuild need not repeat the
	// cryptography. Everything else is checked again.
	Verified bool
	// Prepared, which may be nil, is what [Prepare] made of Raw.
	Prepared *Prepared
}

// LogInfo is what is pinned about a log.
type LogInfo struct {
	Origin   string
	Writer   string // party code or observer name
	Audience entente.Audience
	Genesis  entente.Digest // SHA-256 of the pinned genesis entry's bytes
}

// ActiveKey is a key active in one log at one point of it.
type ActiveKey struct {
	Binding entente.KeyBinding
	Root    bool
}

// Seen is what the fold may know of an entry folded before.
type Seen struct {
	Ref      entente.Ref
	Audience entente.Audience
	Writer   string
	Type     entente.Type
	Subject  string
}

// State is what the fold reads of the projection so far.
type State interface {
	// Log returns what is pinned about a log; false for an unknown one.
	Log(origin string) (LogInfo, bool)
	// Keys returns the keys active in the log, by key name.
	Keys(origin string) (map[string]ActiveKey, error)
	// Seen returns the entry at origin#index when it has been folded.
	Seen(origin string, index uint64) (Seen, bool, error)
	// Waiting returns the pending entries that have a link to origin#index.
	Waiting(origin string, index uint64) ([]Input, error)
	// HasID reports whether an entry of the log at an index lower than below has
	// the id, whatever its status.
	HasID(origin, id string, below uint64) (bool, error)
}

// LinkKind says what a link between two entries does.
type LinkKind string

// The kinds of links. Only those of admissible entries have an effect.
const (
	LinkSupersedes LinkKind = "supersedes" // the target is no longer a tip, in every projection that sees the source
	LinkWithdraws  LinkKind = "withdraws"  // the target's thing is withdrawn, likewise
	LinkPublished  LinkKind = "published"  // the target was copied to the public log
	LinkOn         LinkKind = "on"         // a position on the target
	LinkAbout      LinkKind = "about"      // any other reference (milestone → commitment, ...)
)

// Link is a reference of one entry to another.
type Link struct {
	Kind LinkKind
	To   entente.Ref
}

// JointHalf is one party's half of a joint thing.
type JointHalf struct {
	Body     entente.Digest // SHA-256 of the raw body bytes
	Follows  entente.Digest // zero when it follows nothing
	Required []entente.Party
}

// Row is one row of a typed table: Values follow the table's Columns.
type Row struct {
	Table  string
	Values []any // string, int64, float64 or nil
}

// Folded is how one entry folded: one row of the version table and what hangs on it.
type Folded struct {
	Ref      entente.Ref
	Audience entente.Audience
	Writer   string
	Status   Status
	// Rule is the code of the broken rule, and Detail says in English what broke it.
	Rule, Detail string
	// Verified is true when all signatures were checked and valid; see Input.Verified.
	Verified bool
	// The rest is empty when the entry could not be read.
	Header     entente.Header
	Type       entente.Type
	Body       json.RawMessage
	BodyDigest entente.Digest
	// Title labels the version in lists; Search is the text to index.
	Title, Search entente.Text
	// Areas are the codes of the areas the entry belongs to.
	Areas []string
	// Correction is set when the version corrects an error of the one it supersedes.
	Correction *entente.Text
	Links      []Link
	// Unresolved are the links whose target is not yet seen (Status is Pending).
	Unresolved []Link
	Joint      *JointHalf
	// Keys are changes to the keys active in this log from the next index on.
	Keys []KeyChange
	Rows []Row
}

// KeyChange adds or revokes one key of the entry's own log.
type KeyChange struct {
	Revoke bool
	Key    ActiveKey
}

// Fold folds one entry and then, again, the pending entries that waited for it.
// The first element of the result is the entry itself; for the others the store
// replaces what it held. An error is a fault of State, never of the entry.
func Fold(s State, in Input) ([]Folded, error) {
	return foldAll(s, in)
}

// ColumnKind is the SQL type of a column of a typed table.
type ColumnKind string

// The kinds of columns.
const (
	ColText ColumnKind = "TEXT"
	ColInt  ColumnKind = "INTEGER"
	ColReal ColumnKind = "REAL"
)

// Column is a column of a typed table.
type Column struct {
	Name string
	Kind ColumnKind
	// Index asks for an index on the column.
	Index bool
}

// Table is a typed table of the projection. Its key is the entry (one row an entry
// unless Many); it holds rows of admissible and pending entries only. Visibility
// and currency come from the version table.
type Table struct {
	Name    string
	Types   []entente.Type
	Many    bool // several rows an entry, numbered in the order of Folded.Rows
	Columns []Column
}
