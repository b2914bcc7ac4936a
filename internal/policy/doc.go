// Package policy decides at the gates: by the Cedar policies in force, with the
// names of those that decided and words for whoever is refused. It also finds
// text that looks like personal identifiers.
//
// Invariants:
//   - what is not permitted is refused, and one forbid outweighs every permit;
//   - a policy that errs refuses. (Cedar skips it: an erring forbid would let
//     through what it is there to stop.)
//   - every policy has a name, its @id; every forbid has a text in both languages
//     that says the rule and what would make the act possible. A set that lacks
//     one, or that errs on any kind of request, does not load;
//   - a decision is a function of the set and the [Request]: no clock, no I/O.
//
// Cedar is the language of cedarpolicy.com, through cedar-go.
package policy
