package store

import (
	"errors"
	"fmt"
)

// Errors that callers act on; compare with [errors.Is].
var (
	// ErrNotFound: no such log, entry, tile, thing or workspace row in what the
	// caller may see.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the entry's id is taken by an entry with another body.
	ErrConflict = errors.New("the entry's id is taken by an entry with another body")
	// ErrNotOwn: the log is followed, not written, by this node.
	ErrNotOwn = errors.New("the log is not this node's own")
	// ErrGap: mirrored entries do not begin where the mirror ends.
	ErrGap = errors.New("the entries do not follow the mirrored ones")
	// ErrRoot: the mirrored tree does not have the checkpoint's root.
	ErrRoot = errors.New("the mirrored tree does not have the checkpoint's root")
	// ErrStale: the log has moved on from this checkpoint.
	ErrStale = errors.New("the log has moved on from this checkpoint")
	// ErrCursor: the cursor is not one that this query gave.
	ErrCursor = errors.New("the cursor does not belong to this query")
	// ErrQuery: the query names a column, order or operator that does not exist.
	ErrQuery = errors.New("the query cannot be answered")
	// ErrRestored: the database was restored from a backup and its own logs may
	// lack a tail; nothing is appended until the node has recovered it.
	ErrRestored = errors.New("restored from a backup: read-only until the tails of its own logs are recovered")
	// ErrStands: something stands of a thing of which an entry was to be the first.
	ErrStands = errors.New("something stands of the thing: what the entry supersedes is to be looked up")
	// ErrClosed: the store is closed.
	ErrClosed = errors.New("the store is closed")
)

// Refused says why an own entry was not appended: it would not fold as
// admissible.
type Refused struct {
	Rule   string // code of the broken rule, as in the entry's fold
	Detail string // what broke it, in English
}

// Error names the rule and what broke it.
func (r *Refused) Error() string { return fmt.Sprintf("refused by rule %s: %s", r.Rule, r.Detail) }
