// Package programmes holds the programmes that come with Entente, as files that a
// person can read and edit.
package programmes

import "embed"

// Files is the tree of programmes: one folder each, by programme id.
//
//go:embed all:mx-us-2025
var Files embed.FS
