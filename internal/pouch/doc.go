// Package pouch carries logs and what lies beside them on a disk, between nodes
// that no network joins, or that one joins in one direction only.
//
// A pouch is a manifest and volumes, in a directory or in one file (a tar archive of
// the same). The manifest is a note signed by the sending node's log key; the volumes,
// end to end, are one or two sections: the public one in the clear, the sealed one,
// with all that is of the shared log, encrypted to the receiving node's sealing key.
// A section is a tar archive of tlog-tiles, checkpoints and files (docs/pouch.md).
//
// Invariants:
//   - nothing of a shared log, not even its size, is in a pouch in the clear, and
//     nothing of a national log is in one at all;
//   - a pouch that is altered, cut short, incomplete, for somebody else or from
//     somebody unknown is told so in one message, and changes nothing at all;
//   - what arrives takes the same path as from the network: the follower verifies it,
//     the mirror keeps it, the fold folds it;
//   - names inside a pouch are read as what they mean, never as paths;
//   - an export that was broken off goes on after the last whole volume, an import
//     after the last whole thing, and to import a pouch twice is to import it once;
//   - nothing waits for an answer: what the other side has cosigned comes back in its
//     own pouches, and until then everything is sent again.
package pouch
