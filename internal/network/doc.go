// Package network joins a node to the other nodes: it follows their logs into the
// node's store, tells them when its own have grown, cosigns what it verified, and
// serves its logs to those who may read them.
//
// Invariants:
//   - shared logs are served over mutual TLS to the parties' pinned keys and to
//     nobody else, public logs to anyone, national logs to nobody;
//   - who a peer is follows from the keys active in its own log, never from an
//     address or a certificate authority;
//   - a checkpoint is cosigned only after everything under it was verified and
//     mirrored;
//   - evidence that a log contradicted itself is kept before anything else is done
//     with it, and the node goes on serving what it had.
package network
