// Package taxii is a TAXII 2.1 server (OASIS Standard, 10 June 2021): programs of the
// party's agencies read what was released to them, and submit what is to be
// released. docs/taxii.md says of every requirement of the standard how it is met.
// Sections are those of the standard.
//
// There is one API root, [Root], since a node has one trust group: its own party. Each
// area of the programme has two collections: received-<area>, which can be read, and
// outgoing-<area>, which can be written to. What is written there leaves the node
// only when officers release it: nothing of it can be read here.
//
// Invariants:
//   - every answer but a challenge is to an account of [Accounts], bound to one agency and
//     one purpose; without one, all paths answer alike;
//   - what an account may not see does not exist for it: objects of releases that are not
//     visible to it, and objects that refer to such objects, answer as unknown ones do;
//   - no byte that tells of an object is written before [Uses] has recorded the use of its
//     release; when that fails, nothing is written;
//   - an object's position in a collection is a moment that it shares with no other, and later
//     additions come later: reading on from a cursor, or from X-TAXII-Date-Added-Last, neither
//     loses nor repeats an object;
//   - an answer of 202 is given after what was accepted is on disk.
package taxii
