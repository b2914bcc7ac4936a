package exchange

import (
	"slices"

	"entente"
)

// Composed reports whether entries of a type are composed with sealed content
// ([Exchange.Begin]); any other is stated by an act.
func Composed(t entente.Type) bool { return slices.Contains(composed, t) }
