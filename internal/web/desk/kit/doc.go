// Package kit is what the pages of the desk share: who asks, what that person may,
// how a form is answered, and how a refusal is shown.
//
// Invariants:
//   - every page says which act of [auth.May] it needs, and none is served without
//     a signed-in person whose role permits it;
//   - what changes something is a POST; it ends in a redirect, or in the same page
//     with the refusal above it and everything typed still there;
//   - a refusal names the rule and what would make the act possible, in the
//     reader's language;
//   - who opened which thing, draft or file is on the audit trail.
package kit
