package entente

import "fmt"

// Type is the type of an entry, as on its first line: "entente/v1 <type>".
type Type string

// The types of entries.
const (
	TypeGenesis         Type = "genesis"
	TypeKey             Type = "key"
	TypeCharter         Type = "charter"
	TypePolicy          Type = "policy"
	TypeAgency          Type = "agency"
	TypeCommitment      Type = "commitment"
	TypeJointCommitment Type = "joint_commitment"
	TypeMilestone       Type = "milestone"
	TypeProgress        Type = "progress"
	TypePairing         Type = "pairing"
	TypeAccount         Type = "account"
	TypeAction          Type = "action"
	TypeIndicator       Type = "indicator"
	TypeTarget          Type = "target"
	TypeLink            Type = "link"
	TypeDataset         Type = "dataset"
	TypeObservations    Type = "observations"
	TypeStatement       Type = "statement"
	TypeClaim           Type = "claim"
	TypeCitation        Type = "citation"
	TypeQuestion        Type = "question"
	TypeAnswer          Type = "answer"
	TypeMeeting         Type = "meeting"
	TypeNotice          Type = "notice"
	TypePosition        Type = "position"
	TypeWithdrawal      Type = "withdrawal"
	TypePublication     Type = "publication"
	TypeConsent         Type = "consent"

	TypeExchangeTerms     Type = "exchange_terms"
	TypeRoute             Type = "route"
	TypeRequest           Type = "request"
	TypeRefusal           Type = "refusal"
	TypeRelease           Type = "release"
	TypeReceipt           Type = "receipt"
	TypeAcknowledgement   Type = "acknowledgement"
	TypeFeedback          Type = "feedback"
	TypePermissionRequest Type = "permission_request"
	TypePermission        Type = "permission"
	TypeOnward            Type = "onward"
	TypeRecall            Type = "recall"
	TypeDeletion          Type = "deletion"
	TypeHold              Type = "hold"
	TypeMisuse            Type = "misuse"
	TypeMisuseOutcome     Type = "misuse_outcome"
	TypePause             Type = "pause"
	TypeReview            Type = "review"
	TypeKeyExport         Type = "key_export"
	TypeUse               Type = "use"
)

// Exchange reports whether an entry of the type is part of an exchange of
// information: stated by the use cases of the exchange alone, and for the agencies
// that it names. Terms and routes are not: they are for everybody who follows.
func (t Type) Exchange() bool {
	switch t {
	case TypeRequest, TypeRefusal, TypeRelease, TypeReceipt, TypeAcknowledgement, TypeFeedback, TypePermissionRequest, TypePermission,
		TypeOnward, TypeRecall, TypeDeletion, TypeHold, TypeMisuse, TypeMisuseOutcome, TypePause, TypeReview, TypeKeyExport, TypeUse:
		return true
	}
	return false
}

// SignerRule says whose signatures an entry of a type carries.
type SignerRule string

// The signer rules.
const (
	// SignedByRoot: exactly the root key's signature.
	SignedByRoot SignerRule = "root"
	// SignedByAgency: the author's agency key, and officers' keys as the gate asks.
	SignedByAgency SignerRule = "agency"
	// SignedByNode: the author's agency key; the node states it by itself, and no
	// gate asks for an officer.
	SignedByNode SignerRule = "node"
	// SignedByTwo: the author's agency key and two different officers' in any log.
	SignedByTwo SignerRule = "two"
)

// Agency reports whether an agency states what is signed by the rule.
func (s SignerRule) Agency() bool { return s != SignedByRoot }

// TypeRule is one row of spec/entry-types.md; the fold enforces it.
type TypeRule struct {
	Type Type
	// Observer says whether an observer may write it; parties may write every type.
	Observer bool
	// Audiences are the logs it may stand in.
	Audiences []Audience
	// Joint types complete only when every required party's half stands.
	Joint bool
	// Chain says whether a later entry may supersede an earlier one (same writer,
	// type and subject).
	Chain bool
	// Signers says whose signatures it carries.
	Signers SignerRule
	// New returns an empty body to decode into.
	New func() any
	// About says in a few words what it states.
	About string
}

var (
	everywhere   = []Audience{National, Shared, Public}
	sharedWider  = []Audience{Shared, Public}
	sharedOnly   = []Audience{Shared}
	inner        = []Audience{National, Shared}
	nationalOnly = []Audience{National}
)

// Types is the table of entry types, in the order of the specification.
var Types = []TypeRule{
	{TypeGenesis, true, everywhere, false, false, SignedByRoot, func() any { return new(Genesis) }, "who the writer is: its logs, root key and first keys; index 0 of each of its logs"},
	{TypeKey, true, everywhere, false, false, SignedByRoot, func() any { return new(Key) }, "a key becomes active, or is revoked, from this index of this log on"},
	{TypeCharter, false, sharedWider, true, true, SignedByAgency, func() any { return new(Charter) }, "the founding text of the programme"},
	{TypePolicy, false, sharedWider, true, true, SignedByAgency, func() any { return new(Policy) }, "the policies that gates decide by"},
	{TypeAgency, false, everywhere, false, true, SignedByAgency, func() any { return new(Agency) }, "an institution of the author's party"},
	{TypeCommitment, false, everywhere, false, true, SignedByAgency, func() any { return new(Commitment) }, "what the author's party undertakes in its own territory"},
	{TypeJointCommitment, false, sharedWider, true, true, SignedByAgency, func() any { return new(JointCommitment) }, "what the parties undertook together"},
	{TypeMilestone, false, everywhere, false, true, SignedByAgency, func() any { return new(Milestone) }, "a step of one of the author's own commitments"},
	{TypeProgress, false, everywhere, false, true, SignedByAgency, func() any { return new(Progress) }, "the owner's own mark on one of its commitments"},
	{TypePairing, false, sharedWider, true, true, SignedByAgency, func() any { return new(Pairing) }, "commitments of different parties that answer each other"},
	{TypeAccount, false, everywhere, false, true, SignedByAgency, func() any { return new(Account) }, "what the author says another party undertook"},
	{TypeAction, false, everywhere, false, true, SignedByAgency, func() any { return new(Action) }, "what the author's party did in its own territory"},
	{TypeIndicator, false, sharedWider, true, true, SignedByAgency, func() any { return new(Indicator) }, "the definition of a statistical measure"},
	{TypeTarget, false, sharedWider, true, true, SignedByAgency, func() any { return new(Target) }, "an agreed target for an indicator"},
	{TypeLink, false, everywhere, false, true, SignedByAgency, func() any { return new(Link) }, "which indicators test one of the author's commitments"},
	{TypeDataset, false, everywhere, false, true, SignedByAgency, func() any { return new(Dataset) }, "a published file of figures of the author's party"},
	{TypeObservations, false, everywhere, false, true, SignedByAgency, func() any { return new(Observations) }, "the series that a recipe gives from a dataset"},
	{TypeStatement, false, everywhere, false, true, SignedByAgency, func() any { return new(Statement) }, "what an official of the author's party said"},
	{TypeClaim, false, everywhere, false, true, SignedByAgency, func() any { return new(Claim) }, "a checkable proposition of the author's own party"},
	{TypeCitation, true, everywhere, false, true, SignedByAgency, func() any { return new(Citation) }, "what somebody else said or published"},
	{TypeQuestion, false, everywhere, false, true, SignedByAgency, func() any { return new(Question) }, "an open question"},
	{TypeAnswer, false, everywhere, false, true, SignedByAgency, func() any { return new(Answer) }, "the author's answer to an open question"},
	{TypeMeeting, false, everywhere, false, true, SignedByAgency, func() any { return new(Meeting) }, "the author's record of a meeting"},
	{TypeNotice, false, everywhere, false, true, SignedByAgency, func() any { return new(Notice) }, "advance word"},
	{TypePosition, false, everywhere, false, true, SignedByAgency, func() any { return new(Position) }, "the author's stance on an exact version of another writer's fact"},
	{TypeWithdrawal, true, everywhere, false, false, SignedByAgency, func() any { return new(Withdrawal) }, "one of the author's own things no longer stands"},
	{TypePublication, false, inner, false, false, SignedByAgency, func() any { return new(Publication) }, "an entry of this log was published; the salt of its link"},
	{TypeConsent, false, sharedOnly, false, true, SignedByAgency, func() any { return new(Consent) }, "consent to publish a joint body"},

	{TypeExchangeTerms, false, sharedWider, true, true, SignedByAgency, func() any { return new(ExchangeTerms) }, "what the parties agree on for the exchange of information"},
	{TypeRoute, false, sharedWider, false, true, SignedByAgency, func() any { return new(Route) }, "the author's party's own way out: points of contact, authorisation, ceiling, duty groups"},
	{TypeRequest, false, sharedOnly, false, true, SignedByAgency, func() any { return new(Request) }, "asks agencies of another party for information"},
	{TypeRefusal, false, sharedOnly, false, false, SignedByAgency, func() any { return new(Denial) }, "a signed no to another party's request"},
	{TypeRelease, false, sharedOnly, false, false, SignedByAgency, func() any { return new(Release) }, "hands information over to agencies of another party"},
	{TypeReceipt, false, sharedOnly, false, false, SignedByNode, func() any { return new(Receipt) }, "the author's node holds what another party released, or rejected it"},
	{TypeAcknowledgement, false, sharedOnly, false, true, SignedByAgency, func() any { return new(Acknowledgement) }, "an alert was taken up; closed with its outcome"},
	{TypeFeedback, false, sharedOnly, false, false, SignedByAgency, func() any { return new(Feedback) }, "what another party's release was good for"},
	{TypePermissionRequest, false, sharedOnly, false, true, SignedByAgency, func() any { return new(PermissionRequest) }, "asks another party for what only it can permit"},
	{TypePermission, false, sharedOnly, false, true, SignedByAgency, func() any { return new(Permission) }, "answers another party's permission request"},
	{TypeOnward, false, sharedOnly, false, false, SignedByAgency, func() any { return new(Onward) }, "another party's release was passed on within the author's party"},
	{TypeRecall, false, sharedOnly, false, false, SignedByAgency, func() any { return new(Recall) }, "one of the author's own releases is to be shredded everywhere"},
	{TypeDeletion, false, sharedOnly, false, false, SignedByNode, func() any { return new(Deletion) }, "the author's node shredded its copy of a payload"},
	{TypeHold, false, sharedOnly, false, true, SignedByAgency, func() any { return new(Hold) }, "a legal hold: the payload is locked instead of shredded"},
	{TypeMisuse, false, sharedOnly, false, false, SignedByAgency, func() any { return new(Misuse) }, "a release was used against its conditions"},
	{TypeMisuseOutcome, false, sharedOnly, false, false, SignedByAgency, func() any { return new(MisuseOutcome) }, "what came of a report of misuse"},
	{TypePause, false, sharedOnly, false, true, SignedByAgency, func() any { return new(Pause) }, "suspends what the author's party lets out"},
	{TypeReview, false, sharedOnly, false, false, SignedByAgency, func() any { return new(Review) }, "the second look at one of the author's emergency releases"},
	{TypeKeyExport, false, sharedOnly, false, false, SignedByTwo, func() any { return new(KeyExport) }, "an agency's sealing key left the node"},
	{TypeUse, false, nationalOnly, false, false, SignedByAgency, func() any { return new(Use) }, "payloads were opened: by whom, for what"},
}

var typeIndex = func() map[Type]*TypeRule {
	m := make(map[Type]*TypeRule, len(Types))
	for i := range Types {
		m[Types[i].Type] = &Types[i]
	}
	return m
}()

// Rule returns the row of t, or false for a type this version does not know.
func Rule(t Type) (TypeRule, bool) {
	r, ok := typeIndex[t]
	if !ok {
		return TypeRule{}, false
	}
	return *r, true
}

// Allows reports why w may not write r's type in a log of audience a, or nil.
func (r TypeRule) Allows(w Author, a Audience) error {
	if w.Party == "" && !r.Observer {
		return fmt.Errorf("an observer may not write %s entries", r.Type)
	}
	for _, ok := range r.Audiences {
		if ok == a {
			return nil
		}
	}
	return fmt.Errorf("%s entries do not stand in %s logs", r.Type, a)
}
