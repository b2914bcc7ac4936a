// Package payload keeps sealed payloads at rest in a node's directory.
//
// A payload is an age file (see package seal). It lies here in two parts: its
// header, which alone leads to the key of the file, and its body, which is noise
// without it.
//
//	vault/<digest>        the header; never in a backup (see [OutsideBackup])
//	payloads/<digest>     the body
//	tombstones/<digest>   what was shredded, and stays so
//
// Invariants:
//   - a payload is whole or absent: both parts are on disk before either has its
//     name, and it is there only when both have;
//   - its name is the SHA-256 of the whole age file;
//   - a tombstone wins over everything: what was shredded is neither read, nor
//     created, nor fetched again, nor brought back by a restored backup;
//   - a payload is shredded header first, and [Store.Shred] returns when header,
//     body and whatever had arrived of them are gone from the disk; one that was
//     interrupted is completed when the store is opened, and says the same then;
//   - without its header in the vault a payload is not here, whatever a backup
//     brought back: it is fetched again, or lost.
//
// The header is overwritten before it is removed. What the medium itself keeps of
// overwritten blocks is beyond this package.
package payload
