// Package node holds the use cases of a node: everything that a person, a
// command or the API can make it do.
//
// Invariants:
//   - nothing enters an own log but by [Node.Append] and the use cases built on
//     it: validate, scan for personal identifiers, decide by the policy in force,
//     second officer where due, sign, append;
//   - what goes into a shared or public log carries the decision of its gate, and
//     the gate is asked on the very content that is signed;
//   - an officer's key is used only through an [Officer] that this person
//     unlocked; two officers of one entry are two persons;
//   - a refusal is a [*Refusal]: it names the rule and what would make the act
//     possible, in both languages; it changes nothing but the audit trail;
//   - acts that belong together (a publication and its link, a key in all three
//     logs, a bulk of positions) are one call to the store: all or nothing;
//   - the same intent under the same id is the first result again;
//   - figures are recomputed here from the published file, whoever stated them.
package node
