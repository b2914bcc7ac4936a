// Package spec embeds the parts of the specification that programs read: the JSON
// Schemas of the header and of every type of body. The rest of this folder is for
// people and for other implementations.
package spec

import "embed"

// Schemas holds schemas/<type>.json for every type, and schemas/header.json.
//
//go:embed schemas/*.json
var Schemas embed.FS

// STIX holds stix/<name>.json: the schemas of our STIX 2.1 extensions, which their
// extension definitions name by digest.
//
//go:embed stix/*.json
var STIX embed.FS
