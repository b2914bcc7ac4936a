package entente

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Party is a sovereign state taking part, by its ISO 3166-1 alpha-2 code.
type Party string

// The two parties of the programme of 2025. The code never assumes that there
// are only two.
const (
	MX Party = "MX"
	US Party = "US"
)

var partyForm = regexp.MustCompile(`^[A-Z]{2}$`)

// Valid reports whether p has the form of an ISO 3166-1 alpha-2 code.
func (p Party) Valid() bool { return partyForm.MatchString(string(p)) }

// Audience says who may read an entry. It is a property of the log the entry is
// in and of nothing else.
type Audience string

// The three audiences, from the narrowest to the widest.
const (
	National Audience = "national" // never leaves the node
	Shared   Audience = "shared"   // the parties
	Public   Audience = "public"   // anyone
)

// Audiences lists all audiences from the widest to the narrowest.
var Audiences = []Audience{Public, Shared, National}

// Rank orders audiences: public 0, shared 1, national 2, unknown 3. An entry of
// rank r is visible in every projection of rank ≥ r.
func (a Audience) Rank() int {
	switch a {
	case Public:
		return 0
	case Shared:
		return 1
	case National:
		return 2
	}
	return 3
}

// OriginAudience returns the audience of the log with this origin: the last
// element of its path, as in demo.mx.entente/public. That the name of a log says
// who may read it lets a node judge a reference into a log it does not hold.
func OriginAudience(origin string) (Audience, bool) {
	a := Audience(origin[strings.LastIndexByte(origin, '/')+1:])
	return a, a.Valid() && len(origin) > len(a)+1
}

// Valid reports whether a is one of the three audiences.
func (a Audience) Valid() bool { return a.Rank() < 3 }

// Digest is a SHA-256 digest; its text and JSON form is lower-case hexadecimal.
type Digest [sha256.Size]byte

// DigestOf returns the SHA-256 digest of b.
func DigestOf(b []byte) Digest { return sha256.Sum256(b) }

// String returns the 64 hexadecimal digits of d.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// IsZero reports whether d is the zero value, which stands for "none".
func (d Digest) IsZero() bool { return d == Digest{} }

// MarshalText implements encoding.TextMarshaler.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText accepts exactly 64 lower-case hexadecimal digits.
func (d *Digest) UnmarshalText(b []byte) error {
	parsed, err := ParseDigest(string(b))
	if err == nil {
		*d = parsed
	}
	return err
}

// ParseDigest parses 64 lower-case hexadecimal digits.
func ParseDigest(s string) (Digest, error) {
	var d Digest
	if len(s) != 2*len(d) || strings.ToLower(s) != s {
		return d, fmt.Errorf("a digest is %d lower-case hexadecimal digits, not %q", 2*len(d), s)
	}
	if _, err := hex.Decode(d[:], []byte(s)); err != nil {
		return Digest{}, fmt.Errorf("a digest is %d lower-case hexadecimal digits: %w", 2*len(d), err)
	}
	return d, nil
}

// Ref names an entry: the log it is in, its index there, and its RFC 6962 leaf
// hash, so that a reference is to exact bytes.
type Ref struct {
	Log   string `json:"log" jsonschema:"minLength=1,maxLength=255"`
	Index uint64 `json:"index"`
	Leaf  Digest `json:"leaf"`
}

// String returns the name of the entry, origin#index.
func (r Ref) String() string { return fmt.Sprintf("%s#%d", r.Log, r.Index) }

// IsZero reports whether r names nothing.
func (r Ref) IsZero() bool { return r.Log == "" }

var subjectForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,95}$`)

// ValidSubject reports whether s can name a thing: 1 to 96 characters of
// a-z, 0-9, dot, underscore and hyphen, starting with a letter or digit. A thing
// is identified by its writer, its type and its subject (a joint thing by type
// and subject).
func ValidSubject(s string) bool { return subjectForm.MatchString(s) }

// Date is a calendar date as a source states it: YYYY, YYYY-MM or YYYY-MM-DD.
// The empty date means that the source does not state it.
type Date string

// Valid reports whether d is empty or a real date in one of the three forms.
func (d Date) Valid() bool {
	if d == "" {
		return true
	}
	layout, ok := map[int]string{4: "2006", 7: "2006-01", 10: time.DateOnly}[len(d)]
	if !ok {
		return false
	}
	_, err := time.Parse(layout, string(d))
	return err == nil
}

var stateForm = regexp.MustCompile(`^[A-Z]{2}-[A-Z0-9]{1,3}$`)

// ValidState reports whether s has the form of an ISO 3166-2 subdivision code,
// the finest place an entry may name.
func ValidState(s string) bool { return stateForm.MatchString(s) }
