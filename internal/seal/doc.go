// Package seal encrypts what a request or a release carries to the agencies named
// in it, and opens it again.
//
// A payload is an age file (age-encryption.org/v1) to post-quantum hybrid
// recipients only; its plaintext is a tar archive. Any age and any tar open it:
//
//	age -d -i key.txt payload.age | tar x
//
// The first member of the archive is entente.json, the [Manifest]; the files follow
// in its order, each a regular file of mode 0600 dated 1970-01-01.
//
// Invariants:
//   - a payload is sealed to named keys or not at all, and never to a key that is
//     not post-quantum;
//   - what is sealed is what its manifest says: sizes and digests are held against
//     the files as they pass, and a payload that fails is left without its last
//     chunk, so that nobody takes it for a whole one;
//   - what is opened is held against the manifest likewise, and a reader learns of
//     an altered or truncated payload before it sees the end of the file;
//   - nothing of a hostile payload is believed: names of files stay names, numbers
//     and sizes are bounded before anything is reserved for them;
//   - no error carries an identity or a plaintext.
package seal
