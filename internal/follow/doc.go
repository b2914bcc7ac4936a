// Package follow mirrors a log that another node writes: fetch, verify, hand on.
//
// Invariants:
//   - nothing is handed on that is not under a checkpoint signed by a key active
//     in that log, in a tree that continues every tree accepted before;
//   - a checkpoint is kept durably before any entry under it is handed on, so
//     that a log cannot take back what it signed by breaking off the transfer;
//   - a log that contradicts itself is followed no further: what was mirrored
//     stays, and the proof is handed on before anything else happens;
//   - bytes that do not fit the signed checkpoint are the transport's fault until
//     two signed checkpoints say otherwise: an error, tried again, no accusation;
//   - every round starts from what is held, so that a crash or a partition at any
//     moment costs at most one batch.
//
// A log is read as C2SP tlog-tiles, over HTTP or from plain files alike.
package follow
