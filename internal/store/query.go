package store

import (
	"entente"
	"entente/internal/fold"
)

// Op compares a typed column with a value.
type Op string

// The operators. In takes a slice; the others one string, int, int64 or float64.
const (
	Eq  Op = "="
	Ne  Op = "!="
	Lt  Op = "<"
	Le  Op = "<="
	Gt  Op = ">"
	Ge  Op = ">="
	In  Op = "in"
	Has Op = "prefix" // text that begins with Value
)

// Cond filters by a column of a typed table of [fold.Tables]. Column is "column",
// or "table.column" where several tables of the type have it; the table named
// like the only type asked for comes first. Conditions on the same table hold for
// the same row of it.
type Cond struct {
	Column string
	Op     Op
	Value  any
}

// The orders that are no typed column.
const (
	ByTime  = "time"  // as stated in the header
	ByTitle = "title" // in Lang
	ByOrder = "order" // origin, then index
)

// Query selects versions. The zero value of a field does not restrict, unless it
// says otherwise.
type Query struct {
	Type    entente.Type
	Types   []entente.Type // instead of Type
	Writer  string
	Subject string
	Area    string
	Where   []Cond
	// Search is text that title or body must hold, as a person types it.
	Search string
	// Lang is "es" or "en": the language of titles to sort by and of snippets.
	Lang string
	// Order is a typed column, [ByTime] (the default), [ByTitle] or [ByOrder].
	// Text sorts as people expect it; what a typed column does not state comes last.
	Order string
	Desc  bool
	// After is the Next of the page before.
	After string
	// Limit is the size of a page: 0 means 50, at most 1000.
	Limit int
	// Versions asks for all versions; otherwise only the current one of each thing.
	Versions bool
	// Status restricts the fold's outcome; empty means admissible only. Entries of
	// another status have no current version: all of them are listed.
	Status []fold.Status
	// Withdrawn includes withdrawn things, which are left out otherwise.
	Withdrawn bool
	// Unanswered names a writer: only versions that it has no current position on.
	Unanswered string

	changes bool // only entries of the corrections log
}

const (
	defaultLimit = 50
	maxLimit     = 1000
)

func (q Query) limit() int {
	if q.Limit <= 0 {
		return defaultLimit
	}
	return min(q.Limit, maxLimit)
}

func (q Query) types() []entente.Type {
	if len(q.Types) == 0 && q.Type != "" {
		return []entente.Type{q.Type}
	}
	return q.Types
}

// Version is one version of a thing, as one entry states it. B is the type of its
// body, or json.RawMessage.
type Version[B any] struct {
	Ref      entente.Ref
	Audience entente.Audience
	Writer   string
	Type     entente.Type
	Subject  string
	Header   entente.Header
	// Body is nil when the entry could not be read as a B.
	Body       *B
	BodyDigest entente.Digest // SHA-256 of the raw body bytes
	Status     fold.Status
	// Rule and Detail say what an inadmissible entry broke.
	Rule, Detail string
	// Current is true for the version to show of its thing in this view.
	Current bool
	// Forked is true for the current version when other versions stand beside it
	// that none supersedes, and for each of those.
	Forked bool
	// Superseded is true when a version in this view replaces it.
	Superseded bool
	// Withdrawn is true for the current version of a withdrawn thing, and for a
	// version that a withdrawal names.
	Withdrawn  bool
	Title      entente.Text
	Areas      []string
	Correction *entente.Text
}

// Page is one page of a list.
type Page[B any] struct {
	Items []Version[B]
	// Next continues the list; "" at its end.
	Next string
	// Total counts all items of the list.
	Total int
}
