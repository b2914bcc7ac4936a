package entente

// Genesis is the body of a genesis entry: it is index 0 of each of a writer's
// logs, is signed by the offline root key, and is pinned by digest out of band.
type Genesis struct {
	Writer Author `json:"writer"`
	Name   Text   `json:"name"`
	// Demo marks a demonstration: its origins and key names begin "demo.".
	Demo    bool    `json:"demo,omitempty"`
	Origins Origins `json:"origins"`
	// Root is the vkey (golang.org/x/mod/sumdb/note form) of the offline root key.
	Root string `json:"root" jsonschema:"minLength=10,maxLength=300"`
	// Keys are the first keys; all roles are allowed.
	Keys []KeyBinding `json:"keys" jsonschema:"minItems=1,maxItems=64"`
}

// Origins names a writer's logs (C2SP tlog-checkpoint origin lines). An observer
// has only a public one.
type Origins struct {
	National string `json:"national,omitempty" jsonschema:"maxLength=200"`
	Shared   string `json:"shared,omitempty" jsonschema:"maxLength=200"`
	Public   string `json:"public" jsonschema:"minLength=3,maxLength=200"`
}

// Of returns the origin of the log with audience a, or "".
func (o Origins) Of(a Audience) string {
	switch a {
	case National:
		return o.National
	case Shared:
		return o.Shared
	case Public:
		return o.Public
	}
	return ""
}

// KeyRole says what a key may sign or open.
type KeyRole string

// The roles of keys.
const (
	RoleLog     KeyRole = "log"     // Ed25519: checkpoints and cosignatures of the node
	RoleMLDSA   KeyRole = "mldsa"   // ML-DSA-44: post-quantum checkpoint signature
	RoleAgency  KeyRole = "agency"  // Ed25519: entries of one agency (or of an observer)
	RoleOfficer KeyRole = "officer" // Ed25519: one person, unlocked only by that person
	RoleTLS     KeyRole = "tls"     // SHA-256 of the TLS certificate's SubjectPublicKeyInfo
	RoleSeal    KeyRole = "seal"    // age, post-quantum hybrid: what is sealed to an agency, or to the node
)

// KeyBinding binds one public key to a role.
type KeyBinding struct {
	// Name is the opaque key name that signature lines carry.
	Name string  `json:"name" jsonschema:"minLength=3,maxLength=128"`
	Role KeyRole `json:"role" jsonschema:"enum=log,enum=mldsa,enum=agency,enum=officer,enum=tls,enum=seal"`
	// Public is the key: a vkey for log, mldsa, agency and officer keys, 64
	// hexadecimal digits for tls, an age1pq… recipient for seal.
	Public string `json:"public" jsonschema:"minLength=10,maxLength=4000"`
	// Agency is set for agency keys of a party, and for its agencies' sealing keys;
	// the node's own sealing key has none.
	Agency string `json:"agency,omitempty" jsonschema:"maxLength=16"`
	// Person is set for officer keys: SHA-256(node's salt ‖ person), so that
	// verifiers can require two different officers without learning who.
	Person *Digest `json:"person,omitempty"`
}

// Key is the body of a key entry, signed by the root key: from its index on in
// the log that holds it, and only there, the key is active or no longer active.
type Key struct {
	Action string     `json:"action" jsonschema:"enum=add,enum=revoke"`
	Key    KeyBinding `json:"key"`
	Reason *Text      `json:"reason,omitempty"`
}

// Charter is the joint founding text of a programme.
type Charter struct {
	Joint
	Code      string      `json:"code" jsonschema:"minLength=2,maxLength=64"`
	Title     Text        `json:"title"`
	Announced Date        `json:"announced"`
	Nature    []PartyText `json:"nature" jsonschema:"minItems=1"`
	// Disclaimer is each party's wording that what is published here creates no
	// obligation and is no evidence of a breach.
	Disclaimer []PartyText `json:"disclaimer" jsonschema:"minItems=1"`
	// Genesis pins each party's genesis entry by digest.
	Genesis    []GenesisPin `json:"genesis" jsonschema:"minItems=2"`
	Principles []Principle  `json:"principles"`
	Areas      []Area       `json:"areas"`
	// AreaLists are the lists of areas as each source gives them.
	AreaLists []AreaList `json:"area_lists,omitempty"`
	Groups    []Group    `json:"groups,omitempty"`
	Gates     []GateRule `json:"gates"`
	Sources   []Source   `json:"sources,omitempty"`
}

// GenesisPin names a party's genesis by the SHA-256 of its entry bytes.
type GenesisPin struct {
	Party  Party  `json:"party"`
	Digest Digest `json:"digest"`
}

// Principle is a principle of the programme with each party's wording.
type Principle struct {
	Code     string      `json:"code" jsonschema:"pattern=^[A-Za-z0-9][A-Za-z0-9._-]{0\\,31}$"`
	Name     Text        `json:"name"`
	Text     Text        `json:"text,omitzero"`
	Wordings []PartyText `json:"wordings,omitempty"`
	Sources  []Source    `json:"sources,omitempty"`
}

// Area is a subject area of the programme.
type Area struct {
	Code    string   `json:"code" jsonschema:"pattern=^[A-Za-z0-9][A-Za-z0-9._-]{0\\,31}$"`
	Name    Text     `json:"name"`
	Text    Text     `json:"text,omitzero"`
	Sources []Source `json:"sources,omitempty"`
	// Variant marks an area that only a reporting variant lists; it gets no card.
	Variant bool `json:"variant,omitempty"`
}

// AreaList is one source's own list of areas.
type AreaList struct {
	Title   Text           `json:"title,omitzero"`
	Items   []AreaListItem `json:"items"`
	Sources []Source       `json:"sources,omitempty"`
}

// AreaListItem is a line of a source's list and the areas it covers.
type AreaListItem struct {
	Text  Text     `json:"text"`
	Areas []string `json:"areas,omitempty" jsonschema:"maxItems=8,pattern=^[A-Za-z0-9][A-Za-z0-9._-]{0\\,31}$"`
}

// Group is a body of the programme, such as the high-level implementation group.
type Group struct {
	Code    string   `json:"code" jsonschema:"pattern=^[A-Za-z0-9][A-Za-z0-9._-]{0\\,31}$"`
	Name    Text     `json:"name"`
	Text    Text     `json:"text,omitzero"`
	Sources []Source `json:"sources,omitempty"`
}

// GateRule says what a gate asks for beside the policy decision.
type GateRule struct {
	Gate Gate `json:"gate" jsonschema:"enum=release,enum=publication"`
	// Officers is how many different officers must sign; publication is always 2.
	Officers int `json:"officers" jsonschema:"minimum=1,maximum=3"`
}

// Policy is a joint set of Cedar policies with a text in both languages for
// every refusal.
type Policy struct {
	Joint
	Code string `json:"code" jsonschema:"minLength=2,maxLength=64"`
	// Cedar is the policy set's source text.
	Cedar string `json:"cedar" jsonschema:"minLength=1,maxLength=40000"`
	// Refusals maps a policy's @id to what a refused person reads.
	Refusals map[string]Refusal `json:"refusals"`
}

// Refusal is what a refused person reads: the rule, and what would make it possible.
type Refusal struct {
	Rule Text `json:"rule"`
	Mend Text `json:"mend"`
}

// Agency is an institution of one party.
type Agency struct {
	Code       string   `json:"code" jsonschema:"pattern=^[A-Z][A-Z0-9-]{1\\,15}$"`
	Name       Text     `json:"name"`
	Role       Text     `json:"role,omitzero"`
	Sources    []Source `json:"sources,omitempty"`
	Correction *Text    `json:"correction,omitempty"`
}
