package auth

import "slices"

// Role is what a person is at a desk. A person may have several.
type Role string

// The roles.
const (
	Officer          Role = "officer"           // drafts, imports, takes positions
	ReleasingOfficer Role = "releasing_officer" // the second person at a gate
	Auditor          Role = "auditor"           // reads everything, changes nothing
	Administrator    Role = "administrator"     // people, keys, backups; signs nothing
)

// Roles lists the roles in the order in which pages show them.
var Roles = []Role{Officer, ReleasingOfficer, Auditor, Administrator}

// Act is something a signed-in person does.
type Act string

// The acts.
const (
	Read        Act = "read"         // the pages of the programme, drafts included
	Draft       Act = "draft"        // write, change and discard drafts; import files
	AppendInner Act = "append_inner" // sign into the national or shared log
	Authorise   Act = "authorise"    // be the second person at a gate
	TakeStance  Act = "take_stance"  // positions, consents, halves of joint things
	ReadAudit   Act = "read_audit"   // the audit trail
	ManageUsers Act = "manage_users" // people, roles, keys
	Backup      Act = "backup"
)

// permissions is the one table of what a role may do.
var permissions = map[Role][]Act{
	Officer:          {Read, Draft, AppendInner, TakeStance},
	ReleasingOfficer: {Read, Draft, AppendInner, TakeStance, Authorise},
	Auditor:          {Read, ReadAudit},
	Administrator:    {Read, ReadAudit, ManageUsers, Backup},
}

// May reports whether one of the roles permits the act.
func May(roles []Role, act Act) bool {
	return slices.ContainsFunc(roles, func(r Role) bool { return slices.Contains(permissions[r], act) })
}

// Valid reports whether r is one of the roles.
func (r Role) Valid() bool { return slices.Contains(Roles, r) }
