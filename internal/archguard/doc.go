// Package archguard holds the tables of docs/architecture.md (floors and rooms, owners of third-party modules)
// against the code. It has no code of its own: `go test ./internal/archguard` is the guard.
package archguard
