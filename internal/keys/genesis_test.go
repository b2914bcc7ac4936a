package keys_test

import (
	"slices"
	"strings"
	"testing"

	"entente"
	"entente/internal/keys"
)

// material is the keys of a party's genesis.
func material(t testing.TB) (root string, first []entente.KeyBinding) {
	t.Helper()
	d, r := newRing(t)
	root, err := d.CreateRoot(base, "root's own words")
	if err != nil {
		t.Fatal(err)
	}
	ana, err := d.CreateOfficer(base, r.PersonDigest("ana"), "ana's own words")
	if err != nil {
		t.Fatal(err)
	}
	return root, []entente.KeyBinding{
		generate(t, r, entente.RoleLog, ""), generate(t, r, entente.RoleMLDSA, ""),
		generate(t, r, entente.RoleTLS, ""), generate(t, r, entente.RoleAgency, "SRE"), ana,
	}
}

func party() keys.Plan {
	return keys.Plan{Writer: entente.Author{Party: entente.MX}, Name: entente.Text{ES: "México", EN: "Mexico"}, Demo: true, Base: base}
}

func TestGenesisOfAPartyAndOfAnObserver(t *testing.T) {
	root, first := material(t)
	g, err := keys.Genesis(party(), root, first)
	if err != nil {
		t.Fatal(err)
	}
	want := entente.Origins{National: base + "/national", Shared: base + "/shared", Public: base + "/public"}
	if g.Origins != want {
		t.Errorf("origins are %v", g.Origins)
	}
	observer := party()
	observer.Writer = entente.Author{Observer: "portal"}
	own := slices.Clone(first[:4])
	own[3].Agency = ""
	g, err = keys.Genesis(observer, root, own)
	if err != nil {
		t.Fatal(err)
	}
	if g.Origins != (entente.Origins{Public: base + "/public"}) {
		t.Errorf("an observer's origins are %v", g.Origins)
	}
}

// TestAFalseGenesisIsRefused gives one genesis for every rule.
func TestAFalseGenesisIsRefused(t *testing.T) {
	root, first := material(t)
	otherRoot, other := material(t)
	good, err := keys.Genesis(party(), root, first)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*entente.Genesis){
		"no writer":               func(g *entente.Genesis) { g.Writer = entente.Author{} },
		"party and observer":      func(g *entente.Genesis) { g.Writer.Observer = "portal" },
		"an agency as writer":     func(g *entente.Genesis) { g.Writer.Agency = "SRE" },
		"no country":              func(g *entente.Genesis) { g.Writer.Party = "MEX" },
		"observer with officers":  func(g *entente.Genesis) { g.Writer = entente.Author{Observer: "portal"} },
		"no name":                 func(g *entente.Genesis) { g.Name = entente.Text{} },
		"missing log":             func(g *entente.Genesis) { g.Origins.Shared = "" },
		"log of another":          func(g *entente.Genesis) { g.Origins.National = "demo.us.entente/national" },
		"origin with a space":     func(g *entente.Genesis) { g.Origins.Public = "demo.mx entente/public" },
		"demo not marked":         func(g *entente.Genesis) { g.Demo = false },
		"no root":                 func(g *entente.Genesis) { g.Root = "" },
		"ML-DSA root":             func(g *entente.Genesis) { g.Root = first[1].Public },
		"root named otherwise":    func(g *entente.Genesis) { g.Root = strings.Replace(g.Root, "demo.mx", "demo.us", 1) },
		"no log key":              func(g *entente.Genesis) { g.Keys = g.Keys[1:] },
		"no agency key":           func(g *entente.Genesis) { g.Keys = g.Keys[:3] },
		"a key twice":             func(g *entente.Genesis) { g.Keys = append(slices.Clone(g.Keys), g.Keys[0]) },
		"another key's name":      func(g *entente.Genesis) { g.Keys[0].Name = other[0].Name },
		"a log key for ML-DSA":    func(g *entente.Genesis) { g.Keys[0].Role = entente.RoleMLDSA },
		"an unknown role":         func(g *entente.Genesis) { g.Keys[0].Role = "root" },
		"officer without person":  func(g *entente.Genesis) { g.Keys[4].Person = nil },
		"person on a log key":     func(g *entente.Genesis) { g.Keys[0].Person = g.Keys[4].Person },
		"agency on a log key":     func(g *entente.Genesis) { g.Keys[0].Agency = "SRE" },
		"agency key of no agency": func(g *entente.Genesis) { g.Keys[3].Agency = "" },
		"agency in lower case":    func(g *entente.Genesis) { g.Keys[3].Agency = "sre" },
		"TLS pin cut":             func(g *entente.Genesis) { g.Keys[2].Public = g.Keys[2].Public[:60] },
		"the root key as log key": func(g *entente.Genesis) {
			g.Keys[0] = entente.KeyBinding{Role: entente.RoleLog, Public: otherRoot, Name: strings.Split(otherRoot, "+")[0]}
			g.Root = otherRoot
		},
	} {
		g := good
		g.Keys = slices.Clone(good.Keys)
		change(&g)
		if err := keys.VerifyGenesis(g); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	real := party()
	real.Demo, real.Base = false, "mx.entente"
	if _, err := keys.Genesis(real, root, first); err == nil {
		t.Error("demo keys were accepted in a real genesis")
	}
}

func TestKeyEntries(t *testing.T) {
	_, first := material(t)
	reason := &entente.Text{ES: "rotación", EN: "rotation"}
	if k, err := keys.Add(first[0], reason); err != nil || k.Action != "add" || k.Key != first[0] {
		t.Errorf("Add = %v, %v", k, err)
	}
	if k, err := keys.Revoke(first[0], nil); err != nil || k.Action != "revoke" {
		t.Errorf("Revoke = %v, %v", k, err)
	}
	bad := first[0]
	bad.Name += "0"
	if _, err := keys.Add(bad, nil); err == nil {
		t.Error("a key with a false name was added")
	}
}

func FuzzCheckBinding(f *testing.F) {
	_, first := material(f)
	for _, b := range first {
		f.Add(b.Name, string(b.Role), b.Public, b.Agency)
	}
	f.Fuzz(func(t *testing.T, name, role, public, agency string) {
		b := entente.KeyBinding{Name: name, Role: entente.KeyRole(role), Public: public, Agency: agency}
		if keys.CheckBinding(b) == nil && !strings.Contains(b.Public, b.Name) && b.Role != entente.RoleTLS {
			t.Errorf("%v is sound and its key has another name", b)
		}
	})
}
