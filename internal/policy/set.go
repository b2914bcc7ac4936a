package policy

import (
	"fmt"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go"

	"entente"
)

// The names of what is no policy of a set and yet refuses.
const (
	// NoPermit: no policy permits the request.
	NoPermit = "no-permit"
	// Faulty: a policy erred on the request.
	Faulty = "policy-error"
)

const (
	maxCedar    = 40000 // characters of a set's source, as its schema says
	maxPolicies = 64
)

var idForm = regexp.MustCompile(`^[a-z][a-z0-9-]{1,63}$`)

// Set is a set of policies ready to decide. It is safe for concurrent use.
type Set struct {
	digest     entente.Digest
	policies   []named
	refusals   map[string]entente.Refusal
	principals principals
}

type named struct {
	id     cedar.PolicyID
	policy *cedar.Policy
}

// All implements cedar's PolicyIterator, in the order of the source.
func (s *Set) All() iter.Seq2[cedar.PolicyID, *cedar.Policy] {
	return func(yield func(cedar.PolicyID, *cedar.Policy) bool) {
		for _, p := range s.policies {
			if !yield(p.id, p.policy) {
				return
			}
		}
	}
}

// Digest identifies the set in the decisions it makes.
func (s *Set) Digest() entente.Digest { return s.digest }

// Names returns the names of all policies, in the order of the source.
func (s *Set) Names() []string {
	names := make([]string, len(s.policies))
	for i, p := range s.policies {
		names[i] = string(p.id)
	}
	return names
}

// Load makes a set from Cedar source and the texts of refusals by @id. digest is
// what decisions name it by: the SHA-256 of the raw joint policy body.
func Load(source string, refusals map[string]entente.Refusal, digest entente.Digest) (*Set, error) {
	if len(source) > maxCedar {
		return nil, fmt.Errorf("policies: %d bytes, at most %d", len(source), maxCedar)
	}
	list, err := cedar.NewPolicyListFromBytes("", []byte(source))
	if err != nil {
		return nil, fmt.Errorf("policies: %s", strings.ReplaceAll(err.Error(), "<input>:", "line "))
	}
	if len(list) == 0 || len(list) > maxPolicies {
		return nil, fmt.Errorf("policies: a set has 1 to %d policies, not %d", maxPolicies, len(list))
	}
	s := &Set{digest: digest, refusals: maps.Clone(refusals)}
	seen := map[string]cedar.Effect{}
	for _, p := range list {
		id, line := string(p.Annotations()["id"]), p.Position().Line
		if !idForm.MatchString(id) {
			return nil, fmt.Errorf("policies: line %d: a policy has an @id of a-z, 0-9 and hyphen, not %q", line, id)
		}
		if _, twice := seen[id]; twice || id == NoPermit || id == Faulty {
			return nil, fmt.Errorf("policies: line %d: the @id %q is taken", line, id)
		}
		seen[id] = p.Effect()
		s.policies = append(s.policies, named{cedar.PolicyID(id), p})
	}
	if err := checkTexts(seen, refusals); err != nil {
		return nil, err
	}
	return s, s.rehearse()
}

// checkTexts: every forbid has its texts in both languages, and no text is of
// what is no policy.
func checkTexts(effects map[string]cedar.Effect, refusals map[string]entente.Refusal) error {
	for _, id := range slices.Sorted(maps.Keys(effects)) {
		r, has := refusals[id]
		complete := r.Rule.ES != "" && r.Rule.EN != "" && r.Mend.ES != "" && r.Mend.EN != ""
		if (effects[id] == cedar.Forbid || has) && !complete {
			return fmt.Errorf("policies: %s: its refusal needs rule and mend, each in es and en", id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(refusals)) {
		if _, ok := effects[id]; !ok {
			return fmt.Errorf("policies: there is a refusal for %q, and no policy with that @id", id)
		}
	}
	return nil
}

// Body loads the set of a policy entry whose raw body has this digest.
func Body(p *entente.Policy, digest entente.Digest) (*Set, error) {
	return Load(p.Cedar, p.Refusals, digest)
}
