package entente

import "time"

// ExchangeTerms is what the parties agree on for the exchange of information: the
// lists that requests and releases choose from, and what may be counted publicly.
type ExchangeTerms struct {
	Joint
	Code string `json:"code" jsonschema:"minLength=2,maxLength=64"`
	// Remark is what a reader has to know first, such as that these terms are an
	// example.
	Remark   *Text     `json:"remark,omitempty"`
	Purposes []Purpose `json:"purposes" jsonschema:"minItems=1,maxItems=40"`
	// Bases are the lawful bases that a request or a release may rest on.
	Bases []Term `json:"bases" jsonschema:"minItems=1,maxItems=40"`
	// Reasons are the reason codes of a refusal.
	Reasons []Term `json:"reasons" jsonschema:"minItems=1,maxItems=40"`
	// Emergency lets one releasing officer release alone, to be reviewed within
	// ReviewHours.
	Emergency   bool `json:"emergency"`
	ReviewHours int  `json:"review_hours,omitempty" jsonschema:"minimum=0,maximum=720"`
	// Counts lets each party publish how many requests and releases there were, by
	// month and area; Misuse lets it count reports of misuse too.
	Counts  bool     `json:"counts"`
	Misuse  bool     `json:"misuse"`
	Sources []Source `json:"sources,omitempty"`
}

// Term is an item of an agreed list.
type Term struct {
	Code string `json:"code" jsonschema:"pattern=^[a-z][a-z0-9_]{1\\,39}$"`
	Name Text   `json:"name"`
}

// PurposeRule says under which condition a purpose may be permitted.
type PurposeRule string

// The rules of purposes.
const (
	PurposeOpen    PurposeRule = "open"    // the originator may permit it like any other
	PurposeConsent PurposeRule = "consent" // only where the originator consents to it for the item
	PurposeNever   PurposeRule = "never"   // never
)

// Purpose is what information may be used for.
type Purpose struct {
	Code string      `json:"code" jsonschema:"pattern=^[a-z][a-z0-9_]{1\\,39}$"`
	Name Text        `json:"name"`
	Rule PurposeRule `json:"rule" jsonschema:"enum=open,enum=consent,enum=never"`
}

// Classification is a level of classification, lowest first.
type Classification string

// The levels. The codes are the programme's own; each party maps its national
// levels to them.
const (
	Unclassified Classification = "unclassified"
	Restricted   Classification = "restricted"
	Confidential Classification = "confidential"
	Secret       Classification = "secret"
)

// Level orders classifications; an unknown one is above all.
func (c Classification) Level() int {
	switch c {
	case Unclassified:
		return 0
	case Restricted:
		return 1
	case Confidential:
		return 2
	case Secret:
		return 3
	}
	return 4
}

// Route is a party's own way out: nothing of it leaves but by this way.
type Route struct {
	// Remark is what a reader has to know first, such as that this route is an
	// example.
	Remark *Text `json:"remark,omitempty"`
	// Contacts are the party's point-of-contact agencies, copied on every request
	// and release.
	Contacts []string `json:"contacts" jsonschema:"minItems=1,maxItems=8,pattern=^[A-Z][A-Z0-9-]{1\\,15}$"`
	// Authorisation says for which acts a national authorisation is needed.
	Authorisation []string `json:"authorisation" jsonschema:"maxItems=4,enum=request,enum=release,enum=alert,enum=case_transfer"`
	// Authority is who authorises, where anybody must.
	Authority Text `json:"authority,omitzero"`
	// Ceiling is the highest classification that may leave.
	Ceiling Classification `json:"ceiling" jsonschema:"enum=unclassified,enum=restricted,enum=confidential,enum=secret"`
	// Duty are the groups that alerts to this party are addressed to.
	Duty       []DutyGroup `json:"duty,omitempty" jsonschema:"maxItems=16"`
	Sources    []Source    `json:"sources,omitempty"`
	Correction *Text       `json:"correction,omitempty"`
}

// DutyGroup is on duty for alerts.
type DutyGroup struct {
	Code     string   `json:"code" jsonschema:"pattern=^[a-z][a-z0-9-]{1\\,39}$"`
	Name     Text     `json:"name"`
	Agencies []string `json:"agencies" jsonschema:"minItems=1,maxItems=8,pattern=^[A-Z][A-Z0-9-]{1\\,15}$"`
	// Minutes is how long an alert may wait before it is escalated.
	Minutes int `json:"minutes" jsonschema:"minimum=1,maximum=1440"`
	// Escalate are the agencies told then.
	Escalate []string `json:"escalate,omitempty" jsonschema:"maxItems=8,pattern=^[A-Z][A-Z0-9-]{1\\,15}$"`
}

// Sealed names a sealed payload: an age file (internal/seal), beside the log.
type Sealed struct {
	Digest Digest `json:"digest"` // of the ciphertext
	Size   int64  `json:"size" jsonschema:"minimum=1,maximum=1100000000"`
}

// Authorisation is the national authorisation that a party's route asks for.
type Authorisation struct {
	Reference string `json:"reference" jsonschema:"minLength=1,maxLength=80"`
	Authority string `json:"authority" jsonschema:"minLength=1,maxLength=120"` // an office, never a person
	Date      Date   `json:"date"`
}

// RequestKind says what a request asks for.
type RequestKind string

// The kinds of requests.
const (
	AskData     RequestKind = "data"          // information
	AskCheck    RequestKind = "check"         // checking an identifier
	AskTransfer RequestKind = "case_transfer" // taking over a case
	AskTrace    RequestKind = "trace"         // tracing a thing, such as a firearm
)

// Request asks agencies of another party for information. What it asks is sealed.
type Request struct {
	To       Party       `json:"to"`
	Agencies []string    `json:"agencies" jsonschema:"minItems=1,maxItems=8,pattern=^[A-Z][A-Z0-9-]{1\\,15}$"`
	Copied   []string    `json:"copied,omitempty" jsonschema:"maxItems=16,pattern=^[A-Z][A-Z0-9-]{1\\,15}$"`
	Areas    []string    `json:"areas" jsonschema:"minItems=1,maxItems=8,pattern=^[A-Za-z0-9][A-Za-z0-9._-]{0\\,31}$"`
	Kind     RequestKind `json:"kind" jsonschema:"enum=data,enum=check,enum=case_transfer,enum=trace"`
	Purpose  string      `json:"purpose" jsonschema:"pattern=^[a-z][a-z0-9_]{1\\,39}$"`
	Basis    string      `json:"basis" jsonschema:"pattern=^[a-z][a-z0-9_]{1\\,39}$"`
	Urgency  string      `json:"urgency" jsonschema:"enum=routine,enum=priority,enum=urgent"`
	Due      time.Time   `json:"due"` // when an answer is late
	Question Sealed      `json:"question"`
	// Authorisation is the asking party's own.
	Authorisation *Authorisation `json:"authorisation,omitempty"`
	// Assurance is the reference of the assurance that no death penalty follows,
	// which the transfer of a case asks for.
	Assurance string `json:"assurance,omitempty" jsonschema:"maxLength=80"`
}

// Denial is a signed no to a request: a refusal. (Refusal is what a gate says.)
type Denial struct {
	Request Ref    `json:"request"`
	Reason  string `json:"reason" jsonschema:"pattern=^[a-z][a-z0-9_]{1\\,39}$"`
	// Note is a sealed explanation.
	Note *Sealed `json:"note,omitempty"`
}

// TLP is a marking of the Traffic Light Protocol, version 2.0 (FIRST).
type TLP string

// The markings of TLP 2.0, widest first.
const (
	TLPClear       TLP = "clear"
	TLPGreen       TLP = "green"
	TLPAmber       TLP = "amber"
	TLPAmberStrict TLP = "amber+strict"
	TLPRed         TLP = "red"
)

// OnwardRule says who may pass information on.
type OnwardRule string

// The rules of onward use.
const (
	OnwardNone  OnwardRule = "none"
	OnwardAsk   OnwardRule = "ask"
	OnwardNamed OnwardRule = "agencies"
)

// Handling is the conditions that a release travels under. Every field but those
// of omitempty must be stated: nothing defaults to open.
type Handling struct {
	// Territory is where it was collected (ISO 3166-1 alpha-2).
	Territory string `json:"territory" jsonschema:"pattern=^[A-Z]{2}$"`
	// Collector is the agency that collected it.
	Collector string `json:"collector" jsonschema:"pattern=^[A-Z][A-Z0-9-]{1\\,15}$"`
	// From and To are the period of collection.
	From  Date   `json:"from"`
	To    Date   `json:"to"`
	Basis string `json:"basis" jsonschema:"pattern=^[a-z][a-z0-9_]{1\\,39}$"`
	// Source and Information are the 4×4 grading: A, B, C or X for the source, 1 to
	// 4 for the information.
	Source         string         `json:"source" jsonschema:"enum=A,enum=B,enum=C,enum=X"`
	Information    string         `json:"information" jsonschema:"enum=1,enum=2,enum=3,enum=4"`
	Classification Classification `json:"classification" jsonschema:"enum=unclassified,enum=restricted,enum=confidential,enum=secret"`
	TLP            TLP            `json:"tlp" jsonschema:"enum=clear,enum=green,enum=amber,enum=amber+strict,enum=red"`
	// Purposes are what it may be used for; Consented are those among them that ask
	// for the originator's consent per item, which is given by naming them here.
	Purposes  []string `json:"purposes" jsonschema:"minItems=1,maxItems=16,pattern=^[a-z][a-z0-9_]{1\\,39}$"`
	Consented []string `json:"consented,omitempty" jsonschema:"maxItems=16,pattern=^[a-z][a-z0-9_]{1\\,39}$"`
	// Evidential says whether it may be used as evidence.
	Evidential bool       `json:"evidential"`
	Onward     OnwardRule `json:"onward" jsonschema:"enum=none,enum=ask,enum=agencies"`
	// OnwardTo are the agencies it may be passed to when Onward is agencies.
	OnwardTo []string `json:"onward_to,omitempty" jsonschema:"maxItems=16,pattern=^[A-Z][A-Z0-9-]{1\\,15}$"`
	// Retain is the last day it may be kept.
	Retain Date `json:"retain"`
	// Risks are the real risks that the releasing agency found: any one forbids the
	// release. Assessed says that it looked.
	Assessed bool     `json:"assessed"`
	Risks    []string `json:"risks,omitempty" jsonschema:"maxItems=4,enum=torture,enum=enforced_disappearance,enum=extrajudicial_killing,enum=danger_to_source"`
}

// Release hands information over to agencies of another party, spontaneously or in
// answer to a request. The content is sealed.
type Release struct {
	To         Party    `json:"to"`
	Recipients []string `json:"recipients" jsonschema:"minItems=1,maxItems=8,pattern=^[A-Z][A-Z0-9-]{1\\,15}$"`
	Copied     []string `json:"copied,omitempty" jsonschema:"maxItems=16,pattern=^[A-Z][A-Z0-9-]{1\\,15}$"`
	Areas      []string `json:"areas" jsonschema:"minItems=1,maxItems=8,pattern=^[A-Za-z0-9][A-Za-z0-9._-]{0\\,31}$"`
	Request    *Ref     `json:"request,omitempty"`
	// Form is files, or one STIX 2.1 bundle.
	Form     string   `json:"form" jsonschema:"enum=files,enum=stix"`
	Content  Sealed   `json:"content"`
	Handling Handling `json:"handling"`
	// Authorisation is the releasing party's own.
	Authorisation *Authorisation `json:"authorisation,omitempty"`
	// Consent is the permission of the territory's owner, where the information was
	// collected in the other's territory; Item is then the salted digest of the
	// plaintext that the permission is for.
	Consent *Ref    `json:"consent,omitempty"`
	Item    *Digest `json:"item,omitempty"`
	// Assurance is the reference of the death-penalty assurance relied on.
	Assurance string `json:"assurance,omitempty" jsonschema:"maxLength=80"`
	// Alert, when set, asks a duty group of the recipient to acknowledge in minutes.
	Alert *Alert `json:"alert,omitempty"`
	// Emergency marks a release by one releasing officer alone.
	Emergency bool `json:"emergency,omitempty"`
}

// Alert is the clock of a release that cannot wait.
type Alert struct {
	Group       string    `json:"group" jsonschema:"pattern=^[a-z][a-z0-9-]{1\\,39}$"`
	Acknowledge time.Time `json:"acknowledge"` // by when
}

// Receipt is the receiving node's signed word that it holds a payload, or that it
// rejected the release. The node states it by itself.
type Receipt struct {
	Release Ref    `json:"release"`
	Verdict string `json:"verdict" jsonschema:"enum=received,enum=rejected"`
	Digest  Digest `json:"digest"` // of the ciphertext as it arrived
	// Reason says why it was rejected.
	Reason string `json:"reason,omitempty" jsonschema:"enum=policy,enum=digest,enum=size,enum=unreadable,enum=consent,enum=recalled,enum=expired"`
	// Policy and Policies are the receiver's own decision.
	Policy   Digest   `json:"policy"`
	Policies []string `json:"policies" jsonschema:"minItems=1,maxItems=32"`
}

// Acknowledgement answers an alert; a later version closes it with its outcome.
type Acknowledgement struct {
	Release Ref    `json:"release"`
	Outcome string `json:"outcome,omitempty" jsonschema:"enum=acted,enum=not_acted,enum=too_late"`
}

// Feedback tells the originator what a release was good for.
type Feedback struct {
	Release  Ref     `json:"release"`
	Useful   bool    `json:"useful"`
	Outcomes []Count `json:"outcomes,omitempty" jsonschema:"maxItems=16"`
}

// Count is how many of a kind.
type Count struct {
	Kind string `json:"kind" jsonschema:"enum=arrest,enum=seizure,enum=investigation,enum=prosecution,enum=rescue,enum=tunnel_closed,enum=other"`
	N    int    `json:"n" jsonschema:"minimum=0,maximum=1000000"`
}

// PermissionRequest asks another party for what only it can permit.
type PermissionRequest struct {
	// Of is the party asked.
	Of Party `json:"of"`
	// Kind: collection asks the owner of the territory where information was
	// collected; onward asks the originator to pass a release on; use asks it for a
	// purpose beyond those permitted.
	Kind string `json:"kind" jsonschema:"enum=collection,enum=onward,enum=use"`
	// Release is what onward and use are about.
	Release *Ref `json:"release,omitempty"`
	// Agencies are those that onward would pass it to.
	Agencies []string `json:"agencies,omitempty" jsonschema:"maxItems=8,pattern=^[A-Z][A-Z0-9-]{1\\,15}$"`
	Purpose  string   `json:"purpose" jsonschema:"pattern=^[a-z][a-z0-9_]{1\\,39}$"`
	// Item is the salted digest of the plaintext that collection is about, and
	// Description a sealed account of it.
	Item        *Digest `json:"item,omitempty"`
	Description *Sealed `json:"description,omitempty"`
}

// Permission answers a permission request.
type Permission struct {
	Asked   Ref  `json:"asked"`
	Granted bool `json:"granted"`
	// Until is the last day of a permission.
	Until  Date   `json:"until,omitempty"`
	Reason string `json:"reason,omitempty" jsonschema:"pattern=^[a-z][a-z0-9_]{1\\,39}$"`
}

// Onward records that a recipient passed a release on to agencies of its own
// party, within its handling or by a permission.
type Onward struct {
	Release    Ref      `json:"release"`
	Agencies   []string `json:"agencies" jsonschema:"minItems=1,maxItems=8,pattern=^[A-Z][A-Z0-9-]{1\\,15}$"`
	Purpose    string   `json:"purpose" jsonschema:"pattern=^[a-z][a-z0-9_]{1\\,39}$"`
	Permission *Ref     `json:"permission,omitempty"`
}

// Recall is the originator's word that a release is to be shredded everywhere.
type Recall struct {
	Release Ref    `json:"release"`
	Reason  string `json:"reason" jsonschema:"enum=inaccurate,enum=source_at_risk,enum=legal,enum=released_in_error,enum=other"`
}

// Deletion is a node's signed word that it shredded its copy of a payload. It
// attests to this node only, and lists what it cannot reach. The node states it
// by itself.
type Deletion struct {
	Release Ref    `json:"release"`
	Cause   string `json:"cause" jsonschema:"enum=recall,enum=retention,enum=rejected"`
	// Key and Blob say what was destroyed; false when there was none.
	Key  bool `json:"key"`
	Blob bool `json:"blob"`
	// Uses and Exports are what left the node before: who opened it is in no log of
	// the parties, how often is.
	Uses    []UseCount `json:"uses,omitempty" jsonschema:"maxItems=64"`
	Exports int        `json:"exports" jsonschema:"minimum=0"`
}

// UseCount is how often a payload was used for a purpose by an agency.
type UseCount struct {
	Agency  string `json:"agency" jsonschema:"pattern=^[A-Z][A-Z0-9-]{1\\,15}$"`
	Purpose string `json:"purpose" jsonschema:"pattern=^[a-z][a-z0-9_]{1\\,39}$"`
	N       int    `json:"n" jsonschema:"minimum=1"`
}

// Hold is a legal hold: the payload is not shredded, it is locked and its use
// suspended. A withdrawal lifts it.
type Hold struct {
	Release   Ref    `json:"release"`
	Ground    string `json:"ground" jsonschema:"enum=court_order,enum=pending_proceedings,enum=disclosure_duty,enum=audit"`
	Authority Text   `json:"authority"` // an office, never a person
	Review    Date   `json:"review"`
}

// Misuse reports that a release was used against its conditions. Onward use is
// frozen from then on until the originator states an outcome.
type Misuse struct {
	Release Ref       `json:"release"`
	Kind    string    `json:"kind" jsonschema:"enum=beyond_purpose,enum=onward_without_permission,enum=disclosure,enum=kept_too_long,enum=other"`
	Due     time.Time `json:"due"` // when an answer is late
	Note    *Sealed   `json:"note,omitempty"`
}

// MisuseOutcome is what came of a report of misuse.
type MisuseOutcome struct {
	Misuse  Ref    `json:"misuse"`
	Outcome string `json:"outcome" jsonschema:"enum=founded,enum=unfounded,enum=remedied"`
}

// Pause suspends what a party lets out. A withdrawal resumes it.
type Pause struct {
	// Scope is what is paused: an area, one of the author's agencies, or all.
	Scope  string `json:"scope" jsonschema:"enum=area,enum=agency,enum=programme"`
	Area   string `json:"area,omitempty" jsonschema:"maxLength=32"`
	Agency string `json:"agency,omitempty" jsonschema:"maxLength=16"`
	Reason Text   `json:"reason,omitzero"`
}

// Review is the second look at an emergency release.
type Review struct {
	Release Ref    `json:"release"`
	Outcome string `json:"outcome" jsonschema:"enum=upheld,enum=not_upheld"`
}

// KeyExport records that an agency's sealing key left the node: break-glass.
type KeyExport struct {
	Key    string `json:"key" jsonschema:"minLength=3,maxLength=128"`
	Agency string `json:"agency" jsonschema:"pattern=^[A-Z][A-Z0-9-]{1\\,15}$"`
	Reason Text   `json:"reason"`
}

// Use records, in the national log, that payloads were opened: by whom, for what.
type Use struct {
	Releases []Ref  `json:"releases" jsonschema:"minItems=1,maxItems=200"`
	Agency   string `json:"agency" jsonschema:"pattern=^[A-Z][A-Z0-9-]{1\\,15}$"`
	Purpose  string `json:"purpose" jsonschema:"pattern=^[a-z][a-z0-9_]{1\\,39}$"`
	// By is the opaque digest of the person (KeyBinding.Person), or of the client
	// account.
	By Digest `json:"by"`
	// Mode: read in the desk, exported as a file, or fetched by a TAXII client.
	Mode string `json:"mode" jsonschema:"enum=read,enum=export,enum=taxii"`
}
