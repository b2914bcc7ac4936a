package programme

import (
	"reflect"
	"strings"
	"testing"

	"entente"
)

// appended plays a node: it binds every item in order and remembers it.
func appended(t *testing.T, p *Programme) map[Key]any {
	t.Helper()
	genesis := func(k Key) bool { return k.Type == entente.TypeGenesis }
	at, bodies := map[Key]uint64{}, map[Key]any{}
	for n, it := range p.Items {
		body, err := it.Bind(func(k Key) (entente.Ref, entente.Digest, bool) {
			i, ok := at[k]
			return entente.Ref{Log: k.Writer, Index: i}, entente.DigestOf([]byte(k.String())), ok || genesis(k)
		})
		if err != nil {
			t.Fatal(err)
		}
		rule, ok := entente.Rule(it.Type)
		if !ok || reflect.TypeOf(body) != reflect.TypeOf(rule.New()) {
			t.Fatalf("%s: body is a %T", it.Key(), body)
		}
		if err := rule.Allows(it.Author, entente.Public); err != nil {
			t.Errorf("%s: %v", it.Key(), err)
		}
		at[it.Key()], bodies[it.Key()] = uint64(n+1), body
	}
	return bodies
}

func TestEveryItemBindsInOrder(t *testing.T) {
	p := loadReal(t)
	bodies := appended(t, p)
	ref := func(k Key) entente.Ref {
		for n, it := range p.Items {
			if it.Key() == k {
				return entente.Ref{Log: k.Writer, Index: uint64(n + 1)}
			}
		}
		t.Fatalf("no %s", k)
		return entente.Ref{}
	}
	half := bodies[Key{"MX", entente.TypeCommitment, "c01"}].(*entente.Commitment)
	if want := entente.DigestOf([]byte(Key{"MX", entente.TypeJointCommitment, "c01"}.String())); half.Joint == nil || *half.Joint != want {
		t.Errorf("the half of C01 pins %v, not the joint body", half.Joint)
	}
	on := bodies[Key{"MX", entente.TypePosition, "on-portal-citation-c50"}].(*entente.Position)
	if want := ref(Key{"portal", entente.TypeCitation, "c50"}); on.On != want {
		t.Errorf("the position is on %s, not %s", on.On, want)
	}
	action := bodies[Key{"MX", entente.TypeAction, "e005"}].(*entente.Action)
	if want := ref(Key{"MX", entente.TypeCommitment, "c12"}); len(action.Commitments) != 1 || action.Commitments[0] != want {
		t.Errorf("the action is evidence for %v, not %s", action.Commitments, want)
	}
	charter := bodies[Key{"US", entente.TypeCharter, "mx-us-2025"}].(*entente.Charter)
	if len(charter.Genesis) != 2 || charter.Genesis[0].Party != entente.MX || charter.Genesis[1].Digest.IsZero() {
		t.Errorf("the charter pins %v", charter.Genesis)
	}
	if it, _ := p.Find(Key{"US", entente.TypeCharter, "mx-us-2025"}); it.Body.(*entente.Charter).Genesis != nil {
		t.Error("binding changed the item's own body")
	}
}

// TestHalvesAreEqual: both parties state the same joint body.
func TestHalvesAreEqual(t *testing.T) {
	p := loadReal(t)
	for _, it := range p.Items {
		rule, _ := entente.Rule(it.Type)
		if !rule.Joint || it.Author.Party != entente.MX {
			continue
		}
		other, ok := p.Find(Key{"US", it.Type, it.Subject})
		if !ok && it.Type != entente.TypePairing {
			t.Errorf("%s has no other half", it.Key())
		}
		if ok && !reflect.DeepEqual(it.Body, other.Body) {
			t.Errorf("the halves of %s differ", it.Key())
		}
	}
}

func TestBindSaysWhatIsMissing(t *testing.T) {
	it, ok := loadReal(t).Find(Key{"MX", entente.TypePosition, "on-portal-citation-c50"})
	if !ok {
		t.Fatal("no such position")
	}
	_, err := it.Bind(func(Key) (entente.Ref, entente.Digest, bool) { return entente.Ref{}, entente.Digest{}, false })
	if err == nil || !strings.Contains(err.Error(), `positions.yaml:`) || !strings.Contains(err.Error(), `citation "c50" of portal`) {
		t.Errorf("got %v", err)
	}
}
