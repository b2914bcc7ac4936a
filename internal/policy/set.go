package policy

import (
	"bytes"
	"fmt"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/x/exp/ast"

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
	maxDepth    = 32 // brackets within brackets: validation takes the square of it
)

var idForm = regexp.MustCompile(`^[a-z][a-z0-9-]{1,63}$`)

// Set is a set of policies ready to decide. It is safe for concurrent use.
type Set struct {
	digest     entente.Digest
	policies   []named
	byAct      map[Act]*Set // for each act, the policies whose scope includes it
	exchange   bool         // some policy reads the facts of an exchange
	refusals   map[string]entente.Refusal
	principals *principals
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

// Text returns the Cedar text of a policy, "" for a name that is none.
func (s *Set) Text(name string) string {
	for _, p := range s.policies {
		if string(p.id) == name {
			return string(p.policy.MarshalCedar())
		}
	}
	return ""
}

// Forbids reports whether the policy with this name can refuse.
func (s *Set) Forbids(name string) bool {
	return slices.ContainsFunc(s.policies, func(p named) bool {
		return string(p.id) == name && p.policy.Effect() == cedar.Forbid
	})
}

// Permits returns the names of the policies that can permit an act.
func (s *Set) Permits(act Act) []string {
	var list []string
	for _, p := range s.byAct[act].policies {
		if p.policy.Effect() == cedar.Permit {
			list = append(list, string(p.id))
		}
	}
	return list
}

// Fault is what keeps a set from loading.
type Fault struct {
	// Line is that of the source, 0 where none is meant.
	Line int
	// ID is the policy's, "" where none is meant.
	ID      string
	Message string
}

// Error says where and what.
func (f *Fault) Error() string {
	if f.Line > 0 {
		return fmt.Sprintf("policies: line %d: %s", f.Line, f.Message)
	}
	return "policies: " + f.Message
}

func faultf(line int, id, format string, args ...any) *Fault {
	return &Fault{line, id, fmt.Sprintf(format, args...)}
}

// Load makes a set from Cedar source and the texts of refusals by @id. digest is
// what decisions name it by: the SHA-256 of the raw joint policy body. What keeps
// the set from loading is a [*Fault].
func Load(source string, refusals map[string]entente.Refusal, digest entente.Digest) (*Set, error) {
	if len(source) > maxCedar {
		return nil, faultf(0, "", "%d bytes, at most %d", len(source), maxCedar)
	}
	if line := tooDeep(source); line > 0 {
		return nil, faultf(line, "", "brackets are nested deeper than %d", maxDepth)
	}
	list, err := cedar.NewPolicyListFromBytes("", []byte(source))
	if err != nil {
		return nil, unparsed(err)
	}
	if len(list) == 0 || len(list) > maxPolicies {
		return nil, faultf(0, "", "a set has 1 to %d policies, not %d", maxPolicies, len(list))
	}
	s := &Set{digest: digest, refusals: maps.Clone(refusals), principals: &principals{}}
	effects := map[string]cedar.Effect{}
	for _, p := range list {
		id, line := string(p.Annotations()["id"]), p.Position().Line
		if !idForm.MatchString(id) {
			return nil, faultf(line, "", "a policy has an @id of a-z, 0-9 and hyphen, not %q", id)
		}
		if _, twice := effects[id]; twice || id == NoPermit || id == Faulty {
			return nil, faultf(line, id, "the @id %q is taken", id)
		}
		if err := fits(p); err != nil {
			return nil, faultf(line, id, "%s: %v", id, err)
		}
		effects[id] = p.Effect()
		s.policies = append(s.policies, named{cedar.PolicyID(id), p})
	}
	if err := checkTexts(effects, refusals); err != nil {
		return nil, err
	}
	s.index()
	return s, s.rehearse()
}

// tooDeep returns the line at which brackets are nested too deep, or 0.
func tooDeep(source string) int {
	depth, line, quoted := 0, 1, false
	for i := 0; i < len(source); i++ {
		switch c := source[i]; {
		case c == '\n':
			line++
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '/' && strings.HasPrefix(source[i:], "//"):
			if end := strings.IndexByte(source[i:], '\n'); end > 0 {
				i += end - 1
			}
		case strings.IndexByte("([{", c) >= 0:
			if depth++; depth > maxDepth {
				return line
			}
		case strings.IndexByte(")]}", c) >= 0:
			depth--
		}
	}
	return 0
}

var parseError = regexp.MustCompile(`<input>:(\d+)(?::(\d+))?:? ?(.*)`)

// unparsed says where a source is no Cedar.
func unparsed(err error) error {
	m := parseError.FindStringSubmatch(err.Error())
	if m == nil {
		return faultf(0, "", "%v", err)
	}
	line, _ := strconv.Atoi(m[1]) // digits, as the expression says
	return faultf(line, "", "%s", strings.TrimSpace(strings.Replace(err.Error(), m[0], m[3], 1)))
}

// index sorts the policies by the acts that their scopes include: what cannot
// apply need not be asked. It also notes whether any reads the facts of an
// exchange.
func (s *Set) index() {
	s.byAct = map[Act]*Set{}
	for _, act := range Acts {
		part := &Set{}
		for _, p := range s.policies {
			if inScope(p.policy, act) {
				part.policies = append(part.policies, p)
			}
		}
		s.byAct[act] = part
	}
	for _, p := range s.policies {
		s.exchange = s.exchange || bytes.Contains(p.policy.MarshalCedar(), []byte("has exchange"))
	}
}

// inScope reports whether a policy's scope can include an act. Actions have no
// groups in the schema, so that equality decides.
func inScope(p *cedar.Policy, act Act) bool {
	uid := cedar.NewEntityUID(actionType, cedar.String(act))
	switch scope := (*ast.Policy)(p.AST()).Action.(type) {
	case ast.ScopeTypeEq:
		return scope.Entity == uid
	case ast.ScopeTypeIn:
		return scope.Entity == uid
	case ast.ScopeTypeInSet:
		return slices.Contains(scope.Entities, uid)
	}
	return true
}

// checkTexts: every forbid has its texts in both languages, and no text is of
// what is no policy.
func checkTexts(effects map[string]cedar.Effect, refusals map[string]entente.Refusal) error {
	for _, id := range slices.Sorted(maps.Keys(effects)) {
		r, has := refusals[id]
		complete := r.Rule.ES != "" && r.Rule.EN != "" && r.Mend.ES != "" && r.Mend.EN != ""
		if (effects[id] == cedar.Forbid || has) && !complete {
			return faultf(0, id, "%s: its refusal needs rule and mend, each in es and en", id)
		}
		for _, text := range []string{r.Rule.ES, r.Rule.EN, r.Mend.ES, r.Mend.EN} {
			if bad := badPlace(text); bad != "" {
				return faultf(0, id, "%s: its refusal has the place %s; places are written (%s)", id, bad, strings.Join(places, "), ("))
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(refusals)) {
		if _, ok := effects[id]; !ok {
			return faultf(0, id, "there is a refusal for %q, and no policy with that @id", id)
		}
	}
	return nil
}

// Body loads the set of a policy entry whose raw body has this digest.
func Body(p *entente.Policy, digest entente.Digest) (*Set, error) {
	return Load(p.Cedar, p.Refusals, digest)
}
