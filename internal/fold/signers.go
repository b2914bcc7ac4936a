package fold

import (
	"entente"
	"entente/internal/entry"
)

// officersAsked is how many different officers sign a party's entry in a log of
// each audience. A charter's gate rules may ask for more; they are held by the
// gate, which knows the charter in force, not by the fold.
var officersAsked = map[entente.Audience]int{entente.Shared: 1, entente.Public: 2}

// activeKeys returns the keys that count for the entry: those active in its log
// before it and, for a genesis, the root key it names.
func (f *folding) activeKeys() (map[string]ActiveKey, error) {
	if g, ok := f.body.(*entente.Genesis); ok {
		root := rootKey(g)
		return map[string]ActiveKey{root.Binding.Name: root}, nil
	}
	return f.state.Keys(f.in.Origin)
}

// rootKey returns the root key of g; its name is empty when it is no key.
func rootKey(g *entente.Genesis) ActiveKey {
	k := ActiveKey{Binding: entente.KeyBinding{Public: g.Root}, Root: true}
	if v, err := entry.Verifier(g.Root); err == nil {
		k.Binding.Name = v.Name()
	}
	return k
}

// signatures holds the signature lines against what the type and the log ask
// for, and then checks each.
func (f *folding) signatures(active map[string]ActiveKey) *broken {
	if f.again {
		f.out.Verified = true
		return nil
	}
	if why := f.signers(active); why != nil {
		return why
	}
	if !f.in.Verified && !f.prepared.holds(active) {
		_, err := f.parsed.Verify(func(name string) (string, bool) {
			k, ok := active[name]
			return k.Binding.Public, ok
		})
		if err != nil {
			return breaks(RuleSignature, "%s", err)
		}
	}
	f.out.Verified = true
	return nil
}

// signed counts who signed an entry.
type signed struct {
	root, agency, officers, persons int
}

// signers says whether those who signed are those who should.
func (f *folding) signers(active map[string]ActiveKey) *broken {
	var found findings
	by := f.count(active, &found)
	if f.rule.Signers == entente.SignedByRoot {
		if by.agency+by.officers > 0 {
			found.fail(RuleSurplus, "only the root key signs this type")
		}
		if by.root == 0 {
			found.fail(RuleSignature, "not signed by the root key")
		}
		return found.first
	}
	if by.root > 0 {
		found.fail(RuleSurplus, "the root key signs only genesis and key entries")
	}
	if by.agency == 0 {
		found.fail(RuleSignature, "no signature of the agency that states it")
	}
	if by.agency > 1 {
		found.fail(RuleSurplus, "%d agency keys signed, one does", by.agency)
	}
	f.officers(by, &found)
	return found.first
}

// count holds each signature line against the active keys.
func (f *folding) count(active map[string]ActiveKey, found *findings) signed {
	var by signed
	names := make(map[string]bool, len(f.parsed.Signatures))
	persons := make(map[entente.Digest]bool, len(f.parsed.Signatures))
	for _, s := range f.parsed.Signatures {
		if names[s.Name] {
			found.fail(RuleSurplus, "%s signed twice", s.Name)
		}
		names[s.Name] = true
		k, ok := active[s.Name]
		switch {
		case !ok:
			found.fail(RuleKeyInactive, "%s is not active in %s at index %d", s.Name, f.in.Origin, f.in.Index)
		case k.Root:
			by.root++
		case k.Binding.Role == entente.RoleAgency:
			by.agency++
			if k.Binding.Agency != f.parsed.Header.Author.Agency {
				found.fail(RuleSignature, "stated by %q, signed by a key of %q", f.parsed.Header.Author.Agency, k.Binding.Agency)
			}
		case k.Binding.Role == entente.RoleOfficer && k.Binding.Person != nil:
			by.officers++
			persons[*k.Binding.Person] = true
		default:
			found.fail(RuleSurplus, "%s is a %s key", s.Name, k.Binding.Role)
		}
	}
	by.persons = len(persons)
	return by
}

func (f *folding) officers(by signed, found *findings) {
	asked := officersAsked[f.log.Audience]
	switch {
	case f.parsed.Header.Author.Observer != "" || f.rule.Signers == entente.SignedByNode:
		asked = 0
	case f.rule.Signers == entente.SignedByTwo:
		asked = 2
	}
	if by.persons < by.officers {
		found.fail(RuleOfficers, "%d officers' keys signed, of %d different persons", by.officers, by.persons)
	}
	if by.persons < asked {
		found.fail(RuleOfficers, "%d officers signed, a %s entry in a %s log asks for %d", by.persons, f.rule.Type, f.log.Audience, asked)
	}
}
