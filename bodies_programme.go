package entente

// Commitment is what a party undertakes to do in its own territory. When it is a
// party's half of a joint commitment, Joint is the digest of the joint body.
type Commitment struct {
	Code        string   `json:"code" jsonschema:"minLength=1,maxLength=32"`
	Areas       []string `json:"areas" jsonschema:"minItems=1,maxItems=8,pattern=^[A-Za-z0-9][A-Za-z0-9._-]{0\\,31}$"`
	Title       Text     `json:"title"`
	Description Text     `json:"description,omitzero"`
	Joint       *Digest  `json:"joint,omitempty"`
	Announced   Date     `json:"announced,omitempty"`
	Due         Date     `json:"due,omitempty"`
	// DueBasis says how the due date follows when the source does not print it.
	DueBasis *Text `json:"due_basis,omitempty"`
	// Standing is what the public record says of it, in words.
	Standing   *Text    `json:"standing,omitempty"`
	Wording    Wording  `json:"wording" jsonschema:"enum=verbatim,enum=summary"`
	Sources    []Source `json:"sources,omitempty"`
	Correction *Text    `json:"correction,omitempty"`
}

// JointCommitment is what both parties undertook, in one text; each party's half
// is a Commitment that names its digest.
type JointCommitment struct {
	Joint
	Code        string   `json:"code" jsonschema:"minLength=1,maxLength=32"`
	Areas       []string `json:"areas" jsonschema:"minItems=1,maxItems=8,pattern=^[A-Za-z0-9][A-Za-z0-9._-]{0\\,31}$"`
	Title       Text     `json:"title"`
	Description Text     `json:"description,omitzero"`
	Announced   Date     `json:"announced,omitempty"`
	Due         Date     `json:"due,omitempty"`
	DueBasis    *Text    `json:"due_basis,omitempty"`
	Wording     Wording  `json:"wording" jsonschema:"enum=verbatim,enum=summary"`
	Sources     []Source `json:"sources,omitempty"`
}

// Milestone is a step of one of the author's own commitments.
type Milestone struct {
	Commitment Ref      `json:"commitment"`
	Title      Text     `json:"title"`
	Due        Date     `json:"due,omitempty"`
	Done       Date     `json:"done,omitempty"`
	Sources    []Source `json:"sources,omitempty"`
	Correction *Text    `json:"correction,omitempty"`
}

// Completion is the Open Government Partnership's scale of completion.
type Completion string

// The completion scale. A commitment without a progress entry has "no public
// report yet", which is no value of this scale.
const (
	NotStarted  Completion = "not_started"
	Limited     Completion = "limited"
	Substantial Completion = "substantial"
	Complete    Completion = "complete"
)

// Progress is the owner's own mark on one of its commitments as of a day.
type Progress struct {
	Commitment Ref        `json:"commitment"`
	Completion Completion `json:"completion" jsonschema:"enum=not_started,enum=limited,enum=substantial,enum=complete"`
	AsOf       Date       `json:"as_of"`
	Text       Text       `json:"text,omitzero"`
	Sources    []Source   `json:"sources,omitempty"`
	Correction *Text      `json:"correction,omitempty"`
}

// Pairing says that two commitments of different parties answer each other.
type Pairing struct {
	Joint
	Sides   []PairSide `json:"sides" jsonschema:"minItems=2,maxItems=4"`
	Basis   Text       `json:"basis"`
	Sources []Source   `json:"sources,omitempty"`
}

// PairSide names one commitment of a pairing by its thing, so that a new version
// of the commitment does not break the pair.
type PairSide struct {
	Party   Party  `json:"party"`
	Subject string `json:"subject"`
}

// Account is a citation of what one party says the other undertook. It is not
// shown as the other's commitment until that party concurs.
type Account struct {
	Code        string   `json:"code" jsonschema:"minLength=1,maxLength=32"`
	Of          Party    `json:"of"` // the party said to have undertaken it
	Areas       []string `json:"areas" jsonschema:"minItems=1,maxItems=8,pattern=^[A-Za-z0-9][A-Za-z0-9._-]{0\\,31}$"`
	Title       Text     `json:"title"`
	Description Text     `json:"description,omitzero"`
	Announced   Date     `json:"announced,omitempty"`
	Due         Date     `json:"due,omitempty"`
	Standing    *Text    `json:"standing,omitempty"`
	Wording     Wording  `json:"wording" jsonschema:"enum=verbatim,enum=summary"`
	Sources     []Source `json:"sources" jsonschema:"minItems=1"`
	Correction  *Text    `json:"correction,omitempty"`
}

// Action is something a party did in its own territory, reported by that party.
type Action struct {
	Code  string   `json:"code" jsonschema:"minLength=1,maxLength=32"`
	Kind  string   `json:"kind" jsonschema:"enum=seizure,enum=arrest,enum=inspection,enum=investigation,enum=prosecution,enum=tunnel_closed,enum=transfer,enum=extradition,enum=training,enum=campaign,enum=legislative_reform,enum=sanction,enum=deployment,enum=other"`
	Areas []string `json:"areas" jsonschema:"minItems=1,maxItems=8,pattern=^[A-Za-z0-9][A-Za-z0-9._-]{0\\,31}$"`
	Title Text     `json:"title"`
	Text  Text     `json:"text,omitzero"`
	From  Date     `json:"from"`
	To    Date     `json:"to,omitempty"`
	// States are ISO 3166-2 codes inside the author's own territory; place is
	// never finer.
	States      []string   `json:"states,omitempty" jsonschema:"maxItems=40"`
	Agencies    []string   `json:"agencies,omitempty" jsonschema:"maxItems=16,pattern=^[A-Z][A-Z0-9-]{1\\,15}$"`
	Quantities  []Quantity `json:"quantities,omitempty" jsonschema:"maxItems=32"`
	Commitments []Ref      `json:"commitments,omitempty" jsonschema:"maxItems=16"`
	Evidence    []Blob     `json:"evidence,omitempty" jsonschema:"maxItems=32"`
	// NotBefore is the first day on which the action may be published.
	NotBefore  Date     `json:"not_before,omitempty"`
	Wording    Wording  `json:"wording" jsonschema:"enum=verbatim,enum=summary"`
	Sources    []Source `json:"sources,omitempty"`
	Correction *Text    `json:"correction,omitempty"`
}

// Quantity is an amount with its unit; Value is a decimal number as text.
type Quantity struct {
	What  Text   `json:"what"`
	Value string `json:"value" jsonschema:"pattern=^-?[0-9]+(\\.[0-9]+)?$,maxLength=40"`
	Unit  string `json:"unit" jsonschema:"minLength=1,maxLength=40"`
}

// Meeting is one party's record of a meeting or call; the other side's record of
// the same meeting carries the same code.
type Meeting struct {
	Code   string `json:"code" jsonschema:"minLength=1,maxLength=32"`
	Number int    `json:"number,omitempty"` // the group's own numbering
	Kind   string `json:"kind" jsonschema:"enum=meeting,enum=call,enum=contact,enum=ministerial"`
	Status string `json:"status" jsonschema:"enum=held,enum=planned,enum=not_confirmed"`
	Title  Text   `json:"title"`
	From   Date   `json:"from,omitempty"`
	To     Date   `json:"to,omitempty"`
	Place  *Text  `json:"place,omitempty"`
	Level  *Text  `json:"level,omitempty"`
	// Delegations are by office, never a list of persons.
	Delegations *Text     `json:"delegations,omitempty"`
	Agenda      []Text    `json:"agenda,omitempty" jsonschema:"maxItems=40"`
	Outcomes    []Outcome `json:"outcomes,omitempty" jsonschema:"maxItems=40"`
	Wording     Wording   `json:"wording" jsonschema:"enum=verbatim,enum=summary"`
	Sources     []Source  `json:"sources,omitempty"`
	Correction  *Text     `json:"correction,omitempty"`
}

// Outcome is one outcome of a meeting and the commitments it became, by code.
type Outcome struct {
	Text        Text     `json:"text"`
	Commitments []string `json:"commitments,omitempty"`
}

// Notice is advance word of something the other side would otherwise be
// surprised by.
type Notice struct {
	Code       string   `json:"code" jsonschema:"minLength=1,maxLength=32"`
	Title      Text     `json:"title"`
	Text       Text     `json:"text,omitzero"`
	Areas      []string `json:"areas,omitempty" jsonschema:"maxItems=8,pattern=^[A-Za-z0-9][A-Za-z0-9._-]{0\\,31}$"`
	From       Date     `json:"from,omitempty"`
	To         Date     `json:"to,omitempty"`
	Sources    []Source `json:"sources,omitempty"`
	Correction *Text    `json:"correction,omitempty"`
}
