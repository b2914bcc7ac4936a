// Package stix is a codec and a strict validator of STIX 2.1 (OASIS Standard, 10 June
// 2021), and keeps the data markings of STIX objects in step with the handling of a
// release. Sections are those of the OASIS text unless another document is named.
//
// Invariants:
//   - the exact JSON of every object is kept and is what is written again: custom
//     properties, extensions, the order of keys and the digits of numbers and
//     timestamps survive, and nothing is serialised again to validate it;
//   - decoding has one answer: bytes that two readers could take differently
//     (duplicate keys, invalid UTF-8, lone surrogates, trailing data) are refused with
//     an [*Error], as is what exceeds the [Limits];
//   - an object without a finding of [SeverityError] satisfies the text of the standard, as far
//     as one object shows it, and OASIS's published JSON Schemas: where the two differ the
//     narrower holds (docs/stix.md lists where), so that nothing which passes here
//     is refused by a counterpart's stock validator;
//   - what a type may hold is a row of types.txt, never code; code is what rows cannot say;
//   - no I/O but the reader given to a [Decoder], no clock, no randomness.
package stix
