package entente

import (
	"encoding/json"
	"time"
)

// MaxEntry is the largest size of an entry in bytes, signatures included: entry
// bundles of C2SP tlog-tiles carry 16-bit lengths.
const MaxEntry = 65535

// Author is who states an entry: an agency of a party, or an observer.
type Author struct {
	Party    Party  `json:"party,omitempty" jsonschema:"pattern=^[A-Z]{2}$"`
	Observer string `json:"observer,omitempty" jsonschema:"pattern=^[a-z][a-z0-9-]{0\\,31}$"`
	Agency   string `json:"agency,omitempty" jsonschema:"pattern=^[A-Z][A-Z0-9-]{1\\,15}$"`
}

// Writer returns the code of the one who writes: the party's code or the
// observer's name. Party codes are upper case and observers' names lower case,
// so the two never collide.
func (a Author) Writer() string {
	if a.Party != "" {
		return string(a.Party)
	}
	return a.Observer
}

// Header is the JSON line of an entry. Exact bytes are signed; a Header is
// decoded from them and never serialised again to verify.
type Header struct {
	// ID is a UUIDv7 supplied by the client: the same id with the same body is
	// the first result again, with another body it is a conflict.
	ID string `json:"id" jsonschema:"pattern=^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"`
	// Author states the entry.
	Author Author `json:"author"`
	// Time is RFC 3339 UTC, as stated. It never counts for validity.
	Time time.Time `json:"time"`
	// Subject names the thing (see [ValidSubject]).
	Subject string `json:"subject" jsonschema:"pattern=^[a-z0-9][a-z0-9._-]{0\\,95}$"`
	// Supersedes lists the versions that this entry replaces; all tips of a
	// forked chain heal the fork.
	Supersedes []Ref `json:"supersedes,omitempty" jsonschema:"minItems=1,maxItems=16"`
	// Decision records the gate that let the entry into a log wider than
	// national. Required in shared and public logs once a charter is in force.
	Decision *Decision `json:"decision,omitempty"`
	// Body is the typed content, raw.
	Body json.RawMessage `json:"body"`
}

// Gate is where something leaves an audience.
type Gate string

// The gates.
const (
	GateRelease     Gate = "release"     // national → shared
	GatePublication Gate = "publication" // → public
)

// Decision is the record of a gate: which policy decided and how.
type Decision struct {
	Gate Gate `json:"gate" jsonschema:"enum=release,enum=publication"`
	// Policy is the digest of the policy set that decided (the joint policy
	// body in force, or the built-in bootstrap policy).
	Policy Digest `json:"policy"`
	// Policies are the names of the policies that determined the decision.
	Policies []string `json:"policies" jsonschema:"minItems=1,maxItems=32"`
	// Inner links a publication to the entry it copies without revealing it:
	// SHA-256(32-byte salt ‖ leaf hash of the inner entry). The salt is in the
	// inner log's publication entry.
	Inner *Digest `json:"inner,omitempty"`
}

// Text is one content in both languages. An empty side means that the content
// exists in the other language only, and pages say so.
type Text struct {
	ES string `json:"es,omitempty" jsonschema:"minLength=1,maxLength=8000"`
	EN string `json:"en,omitempty" jsonschema:"minLength=1,maxLength=8000"`
}

// IsZero reports whether neither language has content.
func (t Text) IsZero() bool { return t.ES == "" && t.EN == "" }

// In returns the content in lang ("es" or "en") and whether it is in that
// language; when it is not, the other language's content is returned.
func (t Text) In(lang string) (string, bool) {
	if lang == "es" {
		if t.ES != "" {
			return t.ES, true
		}
		return t.EN, false
	}
	if t.EN != "" {
		return t.EN, true
	}
	return t.ES, false
}

// Source is a document relied on, carried whole in each entry that cites it.
type Source struct {
	Code      string `json:"code" jsonschema:"minLength=1,maxLength=32"`
	Publisher string `json:"publisher" jsonschema:"minLength=1,maxLength=300"`
	Title     string `json:"title" jsonschema:"minLength=1,maxLength=500"`
	Date      Date   `json:"date,omitempty"`
	URL       string `json:"url,omitempty" jsonschema:"maxLength=1000"`
	Language  string `json:"language,omitempty" jsonschema:"enum=es,enum=en"`
	// Kind says where the text comes from, not how good it is.
	Kind string `json:"kind" jsonschema:"enum=official,enum=press,enum=analysis"`
}

// Wording says whether a text is verbatim or a summary of its source. A summary
// is never shown as verbatim.
type Wording string

// The wordings.
const (
	Verbatim Wording = "verbatim"
	Summary  Wording = "summary"
)

// PartyText is a text in one party's own words.
type PartyText struct {
	Party   Party    `json:"party"`
	Text    Text     `json:"text"`
	Wording Wording  `json:"wording" jsonschema:"enum=verbatim,enum=summary"`
	Sources []Source `json:"sources,omitempty"`
}

// Blob is a file kept beside the log and referenced by digest.
type Blob struct {
	Digest Digest `json:"digest"`
	Size   int64  `json:"size" jsonschema:"minimum=0"`
	Name   string `json:"name" jsonschema:"minLength=1,maxLength=200"`
	Media  string `json:"media" jsonschema:"minLength=3,maxLength=100"`
}

// Joint is the part every joint body carries: the parties whose equal halves
// complete it and the digest of the joint body it follows. A joint thing is
// complete when each required party's log of one audience holds an entry of the
// same type and subject whose raw body bytes are equal.
type Joint struct {
	Required []Party `json:"required" jsonschema:"minItems=2,maxItems=16"`
	Follows  *Digest `json:"follows,omitempty"`
}

// JointPart returns j; it marks bodies that embed Joint.
func (j Joint) JointPart() Joint { return j }
