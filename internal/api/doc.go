// Package api is the node's interface for programs: every table as JSON and CSV,
// entries with their proofs, figures, feeds and public files under /api/v1,
// described by an OpenAPI 3.1 document, and on a desk the same use cases as the
// pages have.
//
// Invariants:
//   - reads go through one [store.View]: what its audience may not see does not
//     exist here;
//   - writes go through the node's use cases, with the caller's own authority;
//     nothing here signs, decides or appends by itself;
//   - every refusal is a problem document (RFC 9457) in the reader's language
//     that names the rule and the mend; a parameter that is not known is refused,
//     never ignored;
//   - every answer of a demonstration says that it is one, and every export
//     carries the parties' words on what it does not create.
//
// The OpenAPI document is held by a golden file: a change of it is a change of
// [Version].
package api
