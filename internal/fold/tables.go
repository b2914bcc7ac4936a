package fold

import "entente"

// Tables are the typed tables of the projection: what pages filter and sort by
// beside the columns of the version table. Areas of an entry are in
// [Folded.Areas], references in [Folded.Links]. Dates are as stated (YYYY,
// YYYY-MM or YYYY-MM-DD, "" when not stated), digests 64 hexadecimal digits.
// Indexed are the columns that tell few entries from many: an index on a date or
// a kind costs every entry more than it saves a list.
var Tables = []Table{
	{Name: "charter", Types: []entente.Type{entente.TypeCharter}, Columns: []Column{
		{"code", ColText, true}, {"announced", ColText, false}}},
	{Name: "policy", Types: []entente.Type{entente.TypePolicy}, Columns: []Column{
		{"code", ColText, true}}},
	{Name: "agency", Types: []entente.Type{entente.TypeAgency}, Columns: []Column{
		{"code", ColText, true}, {"party", ColText, false}}},
	{Name: "commitment", Types: []entente.Type{entente.TypeCommitment}, Columns: []Column{
		{"code", ColText, true}, {"owner", ColText, false}, {"announced", ColText, false}, {"due", ColText, false},
		{"joint", ColText, true}, {"wording", ColText, false}}},
	{Name: "joint_commitment", Types: []entente.Type{entente.TypeJointCommitment}, Columns: []Column{
		{"code", ColText, true}, {"announced", ColText, false}, {"due", ColText, false}, {"body", ColText, true}}},
	{Name: "milestone", Types: []entente.Type{entente.TypeMilestone}, Columns: []Column{
		{"on_log", ColText, false}, {"on_idx", ColInt, false}, {"due", ColText, false}, {"done", ColText, false}}},
	{Name: "progress", Types: []entente.Type{entente.TypeProgress}, Columns: []Column{
		{"on_log", ColText, false}, {"on_idx", ColInt, false}, {"completion", ColText, false}, {"as_of", ColText, false}}},
	{Name: "pair_side", Many: true, Types: []entente.Type{entente.TypePairing, entente.TypeCitation}, Columns: []Column{
		{"party", ColText, false}, {"subject", ColText, true}}},
	{Name: "account", Types: []entente.Type{entente.TypeAccount}, Columns: []Column{
		{"code", ColText, true}, {"of_party", ColText, false}, {"announced", ColText, false}, {"due", ColText, false}}},
	{Name: "action", Types: []entente.Type{entente.TypeAction}, Columns: []Column{
		{"code", ColText, true}, {"kind", ColText, false}, {"from_date", ColText, false}, {"to_date", ColText, false},
		{"not_before", ColText, false}, {"wording", ColText, false}}},
	{Name: "action_state", Many: true, Types: []entente.Type{entente.TypeAction}, Columns: []Column{
		{"state", ColText, false}}},
	{Name: "action_agency", Many: true, Types: []entente.Type{entente.TypeAction}, Columns: []Column{
		{"agency", ColText, false}}},
	{Name: "action_quantity", Many: true, Types: []entente.Type{entente.TypeAction}, Columns: []Column{
		{"what_es", ColText, false}, {"what_en", ColText, false}, {"value", ColText, false}, {"amount", ColReal, false},
		{"unit", ColText, false}}},
	{Name: "indicator", Types: []entente.Type{entente.TypeIndicator}, Columns: []Column{
		{"code", ColText, true}, {"unit", ColText, false}, {"kind", ColText, false}, {"direction", ColText, false},
		{"party", ColText, false}, {"publisher", ColText, false}, {"body", ColText, true}}},
	{Name: "target", Types: []entente.Type{entente.TypeTarget}, Columns: []Column{
		{"indicator", ColText, true}, {"value", ColText, false}, {"threshold", ColText, false}, {"by_date", ColText, false}}},
	{Name: "link_indicator", Many: true, Types: []entente.Type{entente.TypeLink}, Columns: []Column{
		{"on_log", ColText, false}, {"on_idx", ColInt, false}, {"indicator", ColText, true}}},
	{Name: "dataset", Types: []entente.Type{entente.TypeDataset}, Columns: []Column{
		{"code", ColText, true}, {"publisher", ColText, false}, {"released", ColText, false}, {"blob", ColText, true},
		{"row_count", ColInt, false}}},
	{Name: "observations", Types: []entente.Type{entente.TypeObservations}, Columns: []Column{
		{"indicator", ColText, true}, {"definition", ColText, true}, {"dataset_log", ColText, false},
		{"dataset_idx", ColInt, false}, {"recipe", ColText, false}, {"series", ColText, true}, {"count", ColInt, false},
		{"from_month", ColText, false}, {"to_month", ColText, false}}},
	{Name: "statement", Types: []entente.Type{entente.TypeStatement}, Columns: []Column{
		{"code", ColText, true}, {"date", ColText, false}, {"wording", ColText, false}}},
	{Name: "claim", Types: []entente.Type{entente.TypeClaim, entente.TypeCitation}, Columns: []Column{
		{"code", ColText, true}, {"said_by", ColText, false}, {"speaker_es", ColText, false}, {"speaker_en", ColText, false},
		{"date", ColText, false}, {"measure", ColText, true}, {"value", ColText, false}, {"unit", ColText, false},
		{"source_status", ColText, false}, {"wording", ColText, false}}},
	{Name: "citation", Types: []entente.Type{entente.TypeCitation}, Columns: []Column{
		{"code", ColText, true}, {"kind", ColText, false}, {"date", ColText, false}, {"of_party", ColText, false},
		{"wording", ColText, false}}},
	{Name: "question", Types: []entente.Type{entente.TypeQuestion, entente.TypeCitation}, Columns: []Column{
		{"code", ColText, true}, {"group_es", ColText, false}, {"group_en", ColText, false}}},
	{Name: "answer", Types: []entente.Type{entente.TypeAnswer}, Columns: []Column{
		{"on_log", ColText, false}, {"on_idx", ColInt, false}}},
	{Name: "meeting", Types: []entente.Type{entente.TypeMeeting, entente.TypeCitation}, Columns: []Column{
		{"code", ColText, true}, {"number", ColInt, false}, {"kind", ColText, false}, {"status", ColText, false},
		{"from_date", ColText, false}, {"to_date", ColText, false}}},
	{Name: "notice", Types: []entente.Type{entente.TypeNotice}, Columns: []Column{
		{"code", ColText, true}, {"from_date", ColText, false}, {"to_date", ColText, false}}},
	{Name: "position", Types: []entente.Type{entente.TypePosition}, Columns: []Column{
		{"on_log", ColText, false}, {"on_idx", ColInt, false}, {"stance", ColText, false}, {"party", ColText, false}}},
	{Name: "withdrawal", Types: []entente.Type{entente.TypeWithdrawal}, Columns: []Column{
		{"of_log", ColText, false}, {"of_idx", ColInt, false}}},
	{Name: "publication", Types: []entente.Type{entente.TypePublication}, Columns: []Column{
		{"inner_log", ColText, false}, {"inner_idx", ColInt, false}, {"link", ColText, true}}},
	{Name: "consent", Types: []entente.Type{entente.TypeConsent}, Columns: []Column{
		{"type", ColText, false}, {"subject", ColText, true}, {"body", ColText, true}, {"party", ColText, false}}},
	{Name: "key_change", Many: true, Types: []entente.Type{entente.TypeGenesis, entente.TypeKey}, Columns: []Column{
		{"action", ColText, false}, {"name", ColText, true}, {"role", ColText, false}, {"agency", ColText, false}}},
	{Name: "source", Many: true, Types: sourced, Columns: []Column{
		{"code", ColText, false}, {"publisher", ColText, false}, {"title", ColText, false}, {"date", ColText, false},
		{"url", ColText, false}, {"language", ColText, false}, {"kind", ColText, false}}},
	{Name: "file", Many: true, Types: []entente.Type{entente.TypeDataset, entente.TypeAction}, Columns: []Column{
		{"digest", ColText, true}, {"size", ColInt, false}, {"name", ColText, false}, {"media", ColText, false}}},

	{Name: "exchange_terms", Types: []entente.Type{entente.TypeExchangeTerms}, Columns: []Column{
		{"code", ColText, true}}},
	{Name: "route", Types: []entente.Type{entente.TypeRoute}, Columns: []Column{
		{"party", ColText, true}, {"ceiling", ColText, false}}},
	{Name: "request", Types: []entente.Type{entente.TypeRequest}, Columns: []Column{
		{"to_party", ColText, false}, {"kind", ColText, false}, {"purpose", ColText, false}, {"urgency", ColText, false},
		{"due", ColText, false}}},
	{Name: "refusal", Types: []entente.Type{entente.TypeRefusal}, Columns: []Column{
		{"on_log", ColText, false}, {"on_idx", ColInt, true}, {"reason", ColText, false}}},
	{Name: "release", Types: []entente.Type{entente.TypeRelease}, Columns: []Column{
		{"to_party", ColText, false}, {"on_log", ColText, false}, {"on_idx", ColInt, true}, {"form", ColText, false},
		{"tlp", ColText, false}, {"territory", ColText, false}, {"retain", ColText, true}, {"duty", ColText, false},
		{"acknowledge", ColText, false}, {"emergency", ColInt, false}}},
	{Name: "receipt", Types: []entente.Type{entente.TypeReceipt}, Columns: []Column{
		{"on_log", ColText, false}, {"on_idx", ColInt, true}, {"verdict", ColText, false}, {"reason", ColText, false}}},
	{Name: "acknowledgement", Types: []entente.Type{entente.TypeAcknowledgement}, Columns: []Column{
		{"on_log", ColText, false}, {"on_idx", ColInt, true}, {"outcome", ColText, false}}},
	{Name: "feedback", Types: []entente.Type{entente.TypeFeedback}, Columns: []Column{
		{"on_log", ColText, false}, {"on_idx", ColInt, true}, {"useful", ColInt, false}}},
	{Name: "permission_request", Types: []entente.Type{entente.TypePermissionRequest}, Columns: []Column{
		{"of_party", ColText, false}, {"kind", ColText, false}, {"on_log", ColText, false}, {"on_idx", ColInt, true},
		{"purpose", ColText, false}, {"item", ColText, true}}},
	{Name: "permission", Types: []entente.Type{entente.TypePermission}, Columns: []Column{
		{"on_log", ColText, false}, {"on_idx", ColInt, true}, {"granted", ColInt, false}, {"until", ColText, false}}},
	{Name: "onward", Types: []entente.Type{entente.TypeOnward}, Columns: []Column{
		{"on_log", ColText, false}, {"on_idx", ColInt, true}, {"purpose", ColText, false}}},
	{Name: "recall", Types: []entente.Type{entente.TypeRecall}, Columns: []Column{
		{"on_log", ColText, false}, {"on_idx", ColInt, true}, {"reason", ColText, false}}},
	{Name: "deletion", Types: []entente.Type{entente.TypeDeletion}, Columns: []Column{
		{"on_log", ColText, false}, {"on_idx", ColInt, true}, {"cause", ColText, false}, {"exports", ColInt, false}}},
	{Name: "hold", Types: []entente.Type{entente.TypeHold}, Columns: []Column{
		{"on_log", ColText, false}, {"on_idx", ColInt, true}, {"ground", ColText, false}, {"review", ColText, false}}},
	{Name: "misuse", Types: []entente.Type{entente.TypeMisuse}, Columns: []Column{
		{"on_log", ColText, false}, {"on_idx", ColInt, true}, {"kind", ColText, false}, {"due", ColText, false}}},
	{Name: "misuse_outcome", Types: []entente.Type{entente.TypeMisuseOutcome}, Columns: []Column{
		{"on_log", ColText, false}, {"on_idx", ColInt, true}, {"outcome", ColText, false}}},
	{Name: "pause", Types: []entente.Type{entente.TypePause}, Columns: []Column{
		{"scope", ColText, false}, {"area", ColText, false}, {"agency", ColText, false}}},
	{Name: "review", Types: []entente.Type{entente.TypeReview}, Columns: []Column{
		{"on_log", ColText, false}, {"on_idx", ColInt, true}, {"outcome", ColText, false}}},
	{Name: "key_export", Types: []entente.Type{entente.TypeKeyExport}, Columns: []Column{
		{"name", ColText, true}, {"agency", ColText, false}}},
	{Name: "use", Types: []entente.Type{entente.TypeUse}, Columns: []Column{
		{"agency", ColText, false}, {"purpose", ColText, false}, {"by_person", ColText, false}, {"mode", ColText, false}}},
	{Name: "use_of", Many: true, Types: []entente.Type{entente.TypeUse}, Columns: []Column{
		{"on_log", ColText, false}, {"on_idx", ColInt, true}}},
	{Name: "addressee", Many: true, Types: addressed, Columns: []Column{
		{"party", ColText, false}, {"agency", ColText, true}, {"role", ColText, false}}},
	{Name: "payload", Many: true, Types: sealing, Columns: []Column{
		{"digest", ColText, true}, {"size", ColInt, false}, {"role", ColText, false}}},
}

// addressed are the types that are for named agencies.
var addressed = []entente.Type{entente.TypeRequest, entente.TypeRelease, entente.TypePermissionRequest, entente.TypeOnward}

// sealing are the types that carry sealed payloads.
var sealing = []entente.Type{
	entente.TypeRequest, entente.TypeRefusal, entente.TypeRelease, entente.TypePermissionRequest, entente.TypeMisuse,
}

// sourced are the types whose bodies carry sources.
var sourced = []entente.Type{
	entente.TypeCharter, entente.TypeAgency, entente.TypeCommitment, entente.TypeJointCommitment, entente.TypeMilestone,
	entente.TypeProgress, entente.TypePairing, entente.TypeAccount, entente.TypeAction, entente.TypeIndicator,
	entente.TypeDataset, entente.TypeStatement, entente.TypeClaim, entente.TypeCitation, entente.TypeQuestion,
	entente.TypeAnswer, entente.TypeMeeting, entente.TypeNotice, entente.TypePosition, entente.TypeExchangeTerms, entente.TypeRoute,
}
