// Package bundle makes and checks verification bundles: one file, report.zip,
// that lets anyone hold a progress report against the logs it rests on, offline
// and with no trust in who hands it over.
//
// A bundle holds the report's pages, the model they are rendered from, the
// entries that the model names, all key entries of each log up to the frontier,
// inclusion proofs, the frontier, and a signed checkpoint of each log with a
// consistency proof where the frontier is older. docs/ and the bundle's own
// README.txt describe the files.
//
// Invariants:
//   - [Make] is a function of its input: the same input gives the same bytes, on
//     every machine. The archive is stored, not compressed, in one canonical form,
//     so that there is exactly one archive of the same files;
//   - [Verify] reads nothing but the bundle and its options: no network, no clock;
//   - every byte of a bundle counts: [Verify] refuses an archive that is not in
//     the canonical form, a file whose digest is not in the manifest, and a file
//     that nothing accounts for;
//   - what was not checked is said as plainly as what was.
package bundle
