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
)

// SignerRule says whose signatures an entry of a type carries.
type SignerRule string

// The signer rules.
const (
	// SignedByRoot: exactly the root key's signature.
	SignedByRoot SignerRule = "root"
	// SignedByAgency: the author's agency key, and officers' keys as the gate asks.
	SignedByAgency SignerRule = "agency"
)

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
	everywhere  = []Audience{National, Shared, Public}
	sharedWider = []Audience{Shared, Public}
	sharedOnly  = []Audience{Shared}
	inner       = []Audience{National, Shared}
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
