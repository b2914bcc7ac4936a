// Package keys makes a writer's keys, keeps them at rest and hands out signers.
//
// Invariants:
//   - a private key is on disk only encrypted (age): the node's own keys under
//     one passphrase, the root key under its own, and each officer's under that
//     officer's, so that nobody but the officer can sign with it;
//   - a key file is complete or absent: it is written aside, synced and then
//     named, and never overwrites another key's;
//   - a key's name is opaque: <base>/<8 hexadecimal digits of the public key's
//     digest>; it says nothing of agency or person;
//   - no error, log line or String method carries a secret.
//
// The directory:
//
//	node.age                  what opens the node's own keys; under the node's passphrase
//	node/<8 hex>.age          one of the node's own keys
//	root.age                  the offline root key; under its own passphrase, and
//	                          to be moved off the machine after genesis
//	officers/<8 hex>.age      an officer's key; under that officer's passphrase
package keys
