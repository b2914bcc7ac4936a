// Package exchange makes the pages of the exchange of information: requests and
// releases with their clocks and their handling, composing one past the gate, and
// what becomes of it.
//
// Invariants:
//   - what the person's agency may not see is answered as if it were not there;
//   - nothing that a person has to decide is decided for them: no marking, purpose,
//     audience or retention is preselected;
//   - a page shows content only after the use is recorded.
package exchange
