// Package simtest runs whole nodes, with their databases, against each other in one
// process, over a virtual network and in virtual time, and holds them to what must
// be true whatever happens.
//
// A run follows from its seed, up to the order of what happens in one moment of
// virtual time: partitions, delays, reordering, lost and doubled
// messages, old and damaged answers, crashes, restores from backups, and a party
// that goes back on what it signed. Invariants:
//   - no acknowledged entry is lost but by a restore, and none is there twice;
//   - what a node held of a log it goes on holding;
//   - no honest log is ever proven a liar;
//   - every run ends with equal digests wherever both see, or with a proof of the
//     lie that a third party accepts; a restored node that cannot get back what it
//     had signed stays read-only.
package simtest
