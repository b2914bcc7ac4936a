// Package report makes the progress report as of a frontier: one [Model], pages in
// Spanish and English, a PDF printed from them, and the verification bundle.
//
// Invariants:
//   - the model holds no words of its own but the names of data codes: it names
//     entries, and figures with what they follow from. Words are read from the
//     entries, labels from internal/locale;
//   - [Render] is a function of model, entries and series: no clock, no I/O, no map
//     order. Whoever holds a bundle renders the same bytes;
//   - both languages show the same figures at the same places, or nothing is
//     rendered ([*ParityError]);
//   - the model is a function of the frontier, of the checks, and of the published
//     files at hand: figures that a node could not recompute are left out and told;
//   - a report of an older frontier is built from the entries under that frontier
//     and from nothing else;
//   - a report is public: it reads the public view only.
package report
