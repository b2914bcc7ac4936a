// Package entry encodes, signs, decodes and verifies one entry.
//
// An entry is a C2SP signed note (golang.org/x/mod/sumdb/note): the line
// "entente/v1 <type>", one line of compact JSON (the header, with the body in it),
// a blank line, and one line for each signature. spec/entry-format.md is the
// specification.
//
// Invariants:
//   - exact bytes are signed, hashed and kept; nothing is serialised again to
//     verify it;
//   - decoding is strict and has one answer: bytes that two readers could take
//     differently (duplicate or unknown keys, spaces, trailing data, invalid
//     UTF-8, lone surrogates, numbers with exponents) are refused with an [*Error];
//   - the package knows no log, no key set and no policy: who may sign what is
//     the fold's to say.
//
//go:generate go run ./gen
package entry
