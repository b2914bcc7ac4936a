package entry

// Code says what is wrong with the bytes of an entry. Codes are stable: test
// vectors and other implementations rely on them.
type Code string

// The codes. All but CodeBody are malformed entries; CodeBody is an entry whose
// header reads well and whose body does not keep its type's schema.
const (
	CodeSize       Code = "size"        // more than entente.MaxEntry bytes
	CodeUTF8       Code = "utf8"        // invalid UTF-8, control characters, lone surrogates
	CodeFirstLine  Code = "first_line"  // not "entente/v1 <type>"
	CodeLines      Code = "lines"       // not two lines, a blank line and signature lines
	CodeJSON       Code = "json"        // the second line is no JSON object, or too deep, or has an odd number
	CodeCompact    Code = "compact"     // white space outside strings
	CodeDuplicate  Code = "duplicate"   // a key twice in one object
	CodeHeader     Code = "header"      // unknown, missing or ill-formed header field
	CodeSignatures Code = "signatures"  // no, too many or ill-formed signature lines
	CodeUnknownKey Code = "unknown_key" // a signature line of a key not given to Verify
	CodeForged     Code = "forged"      // a signature that its key did not make over this text
	CodeBody       Code = "body"        // the body does not keep its schema
	CodeType       Code = "type"        // no such type of entry
	CodeKey        Code = "key"         // not a verifier key
)

// Error says which rule of spec/entry-format.md the bytes break.
type Error struct {
	Code   Code
	Detail string // in English, with the place where that helps
}

// Error returns the code and the detail.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Detail }
