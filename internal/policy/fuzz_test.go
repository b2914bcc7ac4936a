package policy

import (
	"errors"
	"strings"
	"testing"

	"entente"
)

// FuzzLoad puts arbitrary Cedar before the loader, as a counterpart's proposal
// would: it loads a set that decides, or says what is wrong with it.
func FuzzLoad(f *testing.F) {
	f.Add(bootstrapSource)
	f.Add(observerSource)
	f.Add(`@id("aa") permit (principal, action in [Action::"open"], resource) when { context has exchange && context.exchange.recipients > 1 };`)
	f.Add(`@id("aa") forbid (principal, action, resource) unless { resource has handling };`)
	f.Add(`@id("aa") permit (principal is Officer, action == Action::"pass", resource is Entry) when { if context.charter then true else false };`)
	f.Fuzz(func(t *testing.T, source string) {
		refusals := map[string]entente.Refusal{}
		for _, id := range []string{"aa", "bootstrap-own-word", "bootstrap-joint-consent", "bootstrap-no-personal-identifiers", "observer-no-personal-identifiers"} {
			if strings.Contains(source, `"`+id+`"`) {
				refusals[id] = said
			}
		}
		s, err := Load(source, refusals, entente.Digest{})
		if err != nil {
			var fault *Fault
			if !errors.As(err, &fault) || fault.Message == "" || fault.Line < 0 {
				t.Fatalf("%#v says nothing", err)
			}
			return
		}
		for name, r := range exchangeRequests() {
			if d := s.Decide(r); len(d.Policies) == 0 {
				t.Fatalf("%s: nobody decided", name)
			}
		}
	})
}

// FuzzRequestOf puts arbitrary JSON before the reader of cases.
func FuzzRequestOf(f *testing.F) {
	f.Add([]byte(`{"action":"append","resource":{"type":"agency"}}`))
	f.Add([]byte(`{"action":"open","resource":{"type":"release","handling":{"tlp":"red"}},"context":{"exchange":{"to":"US"}}}`))
	s := programmeSet(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := RequestOf(raw)
		if err != nil {
			return
		}
		if d := s.Decide(r); len(d.Policies) == 0 || len(d.Errors) > 0 {
			t.Fatalf("%s: %v", raw, d)
		}
	})
}

// What is nested as deep as a source can be is refused before anything walks it,
// and what is not nested by brackets loads.
func TestDeepPolicies(t *testing.T) {
	for name, c := range map[string]struct {
		open, shut string
		loads      bool
	}{
		"brackets": {"(", ")", false}, "sets": {"[", "]", false}, "records": {"{a:", "}", false},
		"conjunctions": {"context has exchange && (", ")", false}, "conditions": {"if context.charter then ", " else false", true},
	} {
		depth := (maxCedar - 200) / (len(c.open) + len(c.shut))
		source := "// (((((((((((((((((((((((((((((((((((((\n@id(\"aa\") permit (principal, action, resource) when {\n" +
			strings.Repeat(c.open, depth) + "true" + strings.Repeat(c.shut, depth) + " && resource.type != \"((\\\"((((((((((((((((((((((((((((((((((\" };"
		_, err := Load(source, nil, entente.Digest{})
		var fault *Fault
		if deep := errors.As(err, &fault) && fault.Line == 3 && strings.Contains(fault.Message, "deeper than"); deep == c.loads || err != nil && !deep {
			t.Errorf("%s: %v", name, err)
		}
	}
}
