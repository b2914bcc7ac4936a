// Package merkle holds what can be said about a log without the log: its
// checkpoints and who signed them, proofs that an entry or an earlier tree is in
// it, and the evidence that it contradicted itself. Everything is a pure
// function of bytes; the only clock is the one a cosigner is given.
//
// Invariants:
//   - a [Checkpoint] that came out of [Open] names the expected origin and
//     carries a valid signature by a known key; nothing else is trusted;
//   - the text of a checkpoint has exactly one form: what parses is, byte for
//     byte, what would be written;
//   - a proof or a piece of [Evidence] convinces by itself: verifying it needs
//     public keys and nothing that its maker says;
//   - hashes are RFC 6962 (SHA-256, leaves prefixed 0x00, nodes 0x01).
//
// Sources: C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-tiles;
// RFC 6962, section 2.1. What differs is in docs/divergences.md.
package merkle
