package stix

import (
	"fmt"
	"strings"
)

// ErrorCode names the rule by which bytes are no STIX at all.
type ErrorCode string

// The codes.
const (
	CodeJSON      ErrorCode = "json"      // not JSON (RFC 8259)
	CodeUTF8      ErrorCode = "utf8"      // not UTF-8, or an escape that names no character
	CodeDuplicate ErrorCode = "duplicate" // a property twice in one object
	CodeDepth     ErrorCode = "depth"     // nested deeper than Limits.Depth
	CodeSize      ErrorCode = "size"      // larger than Limits.Object or Limits.Total
	CodeCount     ErrorCode = "count"     // more objects than Limits.Objects
	CodeShape     ErrorCode = "shape"     // not an object, or "objects" is not a list of objects
)

// Error says why bytes were refused before validation.
type Error struct {
	Code   ErrorCode
	Offset int64 // of the byte where the reader stood
	Detail string
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("STIX (%s, at byte %d): %s", e.Code, e.Offset, e.Detail)
}

// Severity says whether a finding refuses an object.
type Severity uint8

// The severities.
const (
	SeverityWarning Severity = iota // a SHOULD, or something deprecated
	SeverityError                   // a MUST
)

// String returns "warning" or "error".
func (s Severity) String() string {
	if s == SeverityError {
		return "error"
	}
	return "warning"
}

// Code names the rule of a finding. Callers localise it: the catalogue has a message
// stix.<code> with the placeholders Detail and Section.
type Code string

// The codes of findings.
const (
	Missing      Code = "missing"       // a required property is not there
	WrongType    Code = "wrong_type"    // not the data type of the property
	Empty        Code = "empty"         // an empty list or object, or null
	Range        Code = "range"         // a number out of its range
	Format       Code = "format"        // a string that has not the form it must have
	BadID        Code = "bad_id"        // not an identifier
	IDType       Code = "id_type"       // an identifier of another type than the object's
	IDKind       Code = "id_kind"       // not the version of UUID that the object should have
	SCOID        Code = "sco_id"        // a UUIDv5 that does not follow from the contents
	RefType      Code = "ref_type"      // a reference to a type that may not stand there
	BadTime      Code = "time"          // not a timestamp
	Precision    Code = "precision"     // a timestamp without milliseconds, or with any
	TimeOrder    Code = "time_order"    // two timestamps the wrong way round
	NotInEnum    Code = "enum"          // not a value of an enumeration
	NotInVocab   Code = "vocab"         // not a value of an open vocabulary
	AnyOf        Code = "any_of"        // none of some properties of which one must be there
	OneOf        Code = "one_of"        // both or none of properties that exclude each other
	Together     Code = "together"      // some of properties that come together
	Needs        Code = "needs"         // a property that asks for another
	Forbidden    Code = "forbidden"     // a property that may not stand here
	Reserved     Code = "reserved"      // a reserved name
	BadName      Code = "name"          // not the form of a name
	Unknown      Code = "unknown"       // a property of no standard, extension or x_ prefix
	Extension    Code = "extension"     // an extension that says not what it is
	Selector     Code = "selector"      // a granular marking of something that is not there
	Deprecated   Code = "deprecated"    // deprecated by the standard
	Relationship Code = "relationship"  // not a relationship that the standard suggests
	SpecVersion  Code = "spec_version"  // not 2.1
	BadPattern   Code = "pattern"       // a STIX pattern that cannot be one
	Marking      Code = "marking"       // a predefined marking that is not as published
	Repeated     Code = "repeated"      // the same version of an object twice in a bundle
	Unmarked     Code = "unmarked"      // an object of a release without its markings
	Contradicts  Code = "contradicts"   // a marking that contradicts the handling
	NoHandling   Code = "no_handling"   // no handling marking
	TwoHandlings Code = "two_handlings" // more than one handling marking
)

// Finding is one rule that an object breaks.
type Finding struct {
	// Object is the id of the object, or its place where it has none.
	Object string
	// Path is where it stands in the object, as in granular_markings.[0].selectors.
	Path     string
	Code     Code
	Severity Severity
	// Section is where the rule stands: a section of the OASIS text, or "schema"
	// where only OASIS's JSON Schema says so, or a file of spec/stix.
	Section string
	// Detail is what the message is about: a value, a property, a list of them.
	Detail string
}

// Message says in English what is wrong and what would mend it.
func (f Finding) Message() string {
	m, ok := messages[f.Code]
	if !ok {
		m = string(f.Code) + ": %s"
	}
	return strings.Replace(m, "%s", f.Detail, 1)
}

// String returns the finding as one line.
func (f Finding) String() string {
	return fmt.Sprintf("%s: %s %s: %s (STIX 2.1, %s)", f.Severity, f.Object, f.Path, f.Message(), f.Section)
}

// Refused reports whether any finding is an error.
func Refused(findings []Finding) bool {
	for _, f := range findings {
		if f.Severity == SeverityError {
			return true
		}
	}
	return false
}

var messages = map[Code]string{
	Missing:      "this property is required; add it",
	WrongType:    "must be %s",
	Empty:        "must not be %s; leave the property out instead",
	Range:        "must be %s",
	Format:       "must be %s",
	BadID:        "%s is not an identifier: write <type>--<UUID>",
	IDType:       "the identifier must begin with %s--",
	IDKind:       "the UUID should be %s",
	SCOID:        "the UUID should follow from the contents: %s",
	RefType:      "may not refer to %s",
	BadTime:      "must be a timestamp in UTC, as in 2025-03-01T12:00:00.000Z",
	Precision:    "must be precise to %s",
	TimeOrder:    "must be %s",
	NotInEnum:    "%s is not a value of this enumeration",
	NotInVocab:   "%s is not in the suggested vocabulary",
	AnyOf:        "at least one of %s must be there",
	OneOf:        "exactly one of %s must be there",
	Together:     "%s must be there together, or none",
	Needs:        "asks for %s beside it",
	Forbidden:    "may not stand here: %s",
	Reserved:     "this name is reserved; use another",
	BadName:      "names have 3 to 250 of a-z, 0-9 and underscore, and start with a letter",
	Unknown:      "no standard property or declared extension; begin the name with x_ or declare an extension",
	Extension:    "%s",
	Selector:     "%s selects nothing in this object",
	Deprecated:   "deprecated: %s",
	Relationship: "the standard suggests no relationship %s",
	SpecVersion:  "must be 2.1",
	BadPattern:   "is not a STIX pattern: %s",
	Marking:      "is not as published: %s",
	Repeated:     "this version of the object stands in the bundle twice; leave one out",
	Unmarked:     "the object lacks the marking %s of its release; add it to object_marking_refs",
	Contradicts:  "contradicts the handling of the release: %s",
	NoHandling:   "the bundle has no handling marking; add the one of its release",
	TwoHandlings: "the bundle has more than one handling marking; leave one",
}
