// Package exchange holds the use cases of the exchange of information between the
// parties: asking, releasing, receiving, using, recalling, and saying what became
// of it.
//
// Invariants:
//   - nothing leaves but sealed, past the gate, and after its entry is in the shared
//     log: what is served to the other party is served because the log says so;
//   - nothing is opened for anybody before a policy allowed it and the use is in the
//     national log; what cannot be recorded is not handed out;
//   - what a request or release says or carries is at rest only sealed: of a draft to
//     the drafter's own agency, afterwards to those that it names; it is in no log,
//     no database and no temporary file;
//   - the state of a request or release is a pure function of the projection and of a
//     moment: both desks that hold the same logs show the same;
//   - what the node has to do about an entry is kept with how far the log was read,
//     in one step, and what it states by itself has an id that follows from the entry
//     it is about: a crash at any step loses nothing and doubles nothing;
//   - a shredded payload stays shredded: its tombstone and the node's own deletion
//     entry win over resending, restoring and rebuilding. A legal hold of this party
//     locks instead, and nothing else delays shredding;
//   - an officer sees what is from, to, copied to or passed on to the own agency.
//     Auditors and administrators see that all of it exists, and open none of it;
//     of anything else nobody learns whether it exists.
package exchange
