// Package auth is how a person of an agency signs in to a desk: passwords and
// passkeys, sessions, roles, and the officer's key that a session may hold.
//
// Invariants:
//   - a password is kept only as an argon2id hash, a bearer token only as a
//     SHA-256 digest; neither is ever logged;
//   - whether an account exists is not told: an unknown account costs the same
//     time and gets the same answer as a wrong password;
//   - attempts are limited per account and per address;
//   - an officer's key is unlocked by that officer's passphrase alone, is kept in
//     memory for the session only, and is dropped when the session ends;
//   - what a role may do is said in one table, [May].
package auth
