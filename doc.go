// Package entente names the things a cooperation programme is made of: parties,
// audiences, authors, entries and the typed bodies that entries carry.
//
// It performs no I/O and imports only the standard library, so that every other
// package, and any outside implementer reading it, can rely on the same nouns.
// The words are those of docs/terms.md.
//
// Invariants kept here:
//   - a body is plain data: its JSON form is the wire form, field names are
//     stable, unknown fields are never accepted (see internal/entry);
//   - every type of entry has exactly one row in [Types]: who may write it, in
//     which logs, whether it is joint, who may supersede it. spec/entry-types.md
//     is generated from that table and the fold enforces it.
package entente
