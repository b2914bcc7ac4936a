// Package spec embeds the parts of the specification that programs read: the JSON
// Schemas of the header and of every type of body. The rest of this folder is for
// people and for other implementations.
package spec

import "embed"

// Schemas holds schemas/<type>.json for every type, and schemas/header.json.
//
//go:embed schemas/*.json
var Schemas embed.FS
