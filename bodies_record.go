package entente

// Statement is what an official of the author's party said or published.
type Statement struct {
	Code       string   `json:"code" jsonschema:"minLength=1,maxLength=32"`
	Speaker    Text     `json:"speaker"` // office, or institution
	Date       Date     `json:"date,omitempty"`
	Title      Text     `json:"title,omitzero"`
	Text       Text     `json:"text"`
	Areas      []string `json:"areas,omitempty" jsonschema:"maxItems=8,pattern=^[A-Za-z0-9][A-Za-z0-9._-]{0\\,31}$"`
	Wording    Wording  `json:"wording" jsonschema:"enum=verbatim,enum=summary"`
	Sources    []Source `json:"sources" jsonschema:"minItems=1"`
	Correction *Text    `json:"correction,omitempty"`
}

// SourceStatus is what the sources, taken together, say of a claim. It is not
// the assessment, which is computed from the data.
type SourceStatus string

// The source statuses.
const (
	Verified    SourceStatus = "verified"
	AsClaimed   SourceStatus = "as_claimed"
	Disputed    SourceStatus = "disputed"
	Unconfirmed SourceStatus = "unconfirmed"
)

// ClaimContent is a checkable proposition inside a statement.
type ClaimContent struct {
	Speaker Text   `json:"speaker"`
	By      string `json:"by" jsonschema:"enum=MX,enum=US,enum=both,enum=press,enum=NGO"`
	Date    Date   `json:"date,omitempty"`
	Text    Text   `json:"text"`
	// Measure groups claims about the same thing (55 / 59).
	Measure string       `json:"measure" jsonschema:"minLength=1,maxLength=64"`
	Value   string       `json:"value,omitempty" jsonschema:"pattern=^-?[0-9]+(\\.[0-9]+)?$,maxLength=40"`
	Unit    string       `json:"unit,omitempty" jsonschema:"maxLength=40"`
	Period  *Text        `json:"period,omitempty"`
	Status  SourceStatus `json:"status" jsonschema:"enum=verified,enum=as_claimed,enum=disputed,enum=unconfirmed"`
	Why     *Text        `json:"why,omitempty"`
	Areas   []string     `json:"areas,omitempty" jsonschema:"maxItems=8,pattern=^[A-Za-z0-9][A-Za-z0-9._-]{0\\,31}$"`
	Wording Wording      `json:"wording" jsonschema:"enum=verbatim,enum=summary"`
}

// Claim is a claim made by the author's own party.
type Claim struct {
	Code string `json:"code" jsonschema:"minLength=1,maxLength=32"`
	ClaimContent
	Statement  *Ref     `json:"statement,omitempty"`
	Sources    []Source `json:"sources" jsonschema:"minItems=1"`
	Correction *Text    `json:"correction,omitempty"`
}

// Citation records what somebody else said or published. It is never a fact of
// the one cited.
type Citation struct {
	Code string `json:"code" jsonschema:"minLength=1,maxLength=32"`
	// Kind says what is cited. A pairing is a reading of two commitments as
	// answering each other; a question is something the public record does not say.
	Kind  string `json:"kind" jsonschema:"enum=claim,enum=statement,enum=event,enum=undertaking,enum=pairing,enum=meeting,enum=question"`
	Title Text   `json:"title,omitzero"`
	Text  Text   `json:"text"`
	Date  Date   `json:"date,omitempty"`
	// Of says whose undertaking is cited (undertaking), or empty.
	Of    string   `json:"of,omitempty" jsonschema:"maxLength=32"`
	Areas []string `json:"areas,omitempty" jsonschema:"maxItems=8,pattern=^[A-Za-z0-9][A-Za-z0-9._-]{0\\,31}$"`
	// Claim is set when Kind is claim.
	Claim *ClaimContent `json:"claim,omitempty"`
	// Meeting is the code of the meeting when Kind is meeting.
	Meeting string `json:"meeting,omitempty" jsonschema:"maxLength=32"`
	// Pair is set when Kind is pairing.
	Pair []PairSide `json:"pair,omitempty"`
	// Group heads a question's list.
	Group      *Text    `json:"group,omitempty"`
	Wording    Wording  `json:"wording" jsonschema:"enum=verbatim,enum=summary"`
	Sources    []Source `json:"sources,omitempty"`
	Correction *Text    `json:"correction,omitempty"`
}

// Question is an open question that a party puts on record.
type Question struct {
	Code       string   `json:"code" jsonschema:"minLength=1,maxLength=32"`
	Group      Text     `json:"group,omitzero"`
	Text       Text     `json:"text"`
	Areas      []string `json:"areas,omitempty" jsonschema:"maxItems=8,pattern=^[A-Za-z0-9][A-Za-z0-9._-]{0\\,31}$"`
	Sources    []Source `json:"sources,omitempty"`
	Correction *Text    `json:"correction,omitempty"`
}

// Answer answers a question or a citation of kind question.
type Answer struct {
	Question   Ref      `json:"question"`
	Text       Text     `json:"text"`
	Sources    []Source `json:"sources,omitempty"`
	Correction *Text    `json:"correction,omitempty"`
}

// Stance is the other party's answer to one exact version of a fact.
type Stance string

// The stances.
const (
	Concurs   Stance = "concurs"
	TakesNote Stance = "takes_note"
	Disputes  Stance = "disputes"
)

// Position is a party's stance on one exact version of a thing of another writer.
type Position struct {
	On     Ref    `json:"on"`
	Stance Stance `json:"stance" jsonschema:"enum=concurs,enum=takes_note,enum=disputes"`
	// Reason is required when the stance is disputes.
	Reason     *Text    `json:"reason,omitempty"`
	Sources    []Source `json:"sources,omitempty"`
	Correction *Text    `json:"correction,omitempty"`
}

// Withdrawal withdraws one of the author's own things; the versions stay readable.
type Withdrawal struct {
	Of     Ref  `json:"of"`
	Reason Text `json:"reason"`
}

// Publication stands in an inner log and records that an entry of that log was
// copied to the public one: Link = SHA-256(salt ‖ leaf hash of Inner).
type Publication struct {
	Inner Ref    `json:"inner"`
	Salt  Digest `json:"salt"` // 32 random bytes
	Link  Digest `json:"link"`
}

// Consent is a party's consent, in its shared log, to the publication of one
// joint body.
type Consent struct {
	Type    Type   `json:"type"`
	Subject string `json:"subject"`
	Body    Digest `json:"body"` // SHA-256 of the raw joint body
}
