// Package peer is what nodes are to each other on the wire: mutual TLS between
// pinned keys, the tiles of their logs, hints that a log has grown, cosignatures,
// evidence, and sealed payloads.
//
// Invariants:
//   - on a peer listener nobody speaks whose TLS key is not pinned: the handshake
//     ends there, and pins are asked again at every request;
//   - a national log is served to nobody, whatever an access rule says;
//   - what may not be read and what does not exist are one and the same answer;
//   - nothing that comes in is acted on before it is verified: a hint only asks
//     for a look, a cosignature counts under its cosigner's active key, evidence
//     under the accused log's own keys, a payload under its digest and size;
//   - nothing here holds up an append: hints and cosignatures go out after the
//     fact, one at a time to each peer, the latest replacing those before it.
package peer
