package node

import (
	"fmt"
	"strings"

	"entente"
)

// Refusal says that an act was refused: by which rule, and what would make it
// possible. It is no fault of the node; the API gives it as a problem document,
// pages in the reader's language.
type Refusal struct {
	// Code is stable: "rule.…" of the fold, "policy.<id>" of the policy in force,
	// "gate.…" and "node.…" of this package.
	Code string
	// Rule is the rule, Mend what would make the act possible.
	Rule, Mend entente.Text
	// Detail says in English what broke the rule, and where.
	Detail string
	// Field is the path in the body that is meant, such as "sources.0.url"; "" when
	// none is.
	Field string
	// Policies are the names of the policies that refused.
	Policies []string

	cause error
}

// Unwrap returns the error behind the refusal, such as [store.ErrConflict]; nil
// for most.
func (r *Refusal) Unwrap() error { return r.cause }

// Error names the code and says in English the rule, what broke it and what would
// make the act possible.
func (r *Refusal) Error() string {
	parts := []string{"refused (" + r.Code + "): " + r.Rule.EN}
	if r.Detail != "" {
		parts = append(parts, r.Detail)
	}
	if r.Mend.EN != "" {
		parts = append(parts, "to mend it: "+r.Mend.EN)
	}
	return strings.Join(parts, " — ")
}

// In returns rule and mend in a language ("es" or "en").
func (r *Refusal) In(lang string) (rule, mend string) {
	rule, _ = r.Rule.In(lang)
	mend, _ = r.Mend.In(lang)
	return rule, mend
}

// with returns a copy of r with a detail.
func (r Refusal) with(format string, args ...any) *Refusal {
	r.Detail = fmt.Sprintf(format, args...)
	return &r
}
