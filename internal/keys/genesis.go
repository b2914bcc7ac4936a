package keys

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"entente"
)

// DemoPrefix begins the origins and key names of a demonstration, and of nothing
// else.
const DemoPrefix = "demo."

// Plan is what a genesis is made of, beside the keys.
type Plan struct {
	Writer entente.Author // party or observer; no agency
	Name   entente.Text
	Demo   bool
	Base   string // origins are <Base>/<audience>
}

// Genesis returns the body of a writer's genesis entry, verified. root is the
// vkey of the root key; the same key signs the entry.
func Genesis(p Plan, root string, first []entente.KeyBinding) (entente.Genesis, error) {
	g := entente.Genesis{
		Writer: p.Writer, Name: p.Name, Demo: p.Demo, Root: root, Keys: first,
		Origins: entente.Origins{Public: Origin(p.Base, entente.Public)},
	}
	if p.Writer.Party != "" {
		g.Origins.National = Origin(p.Base, entente.National)
		g.Origins.Shared = Origin(p.Base, entente.Shared)
	}
	return g, VerifyGenesis(g)
}

// Origin returns the origin of a writer's log: <base>/<audience>.
func Origin(base string, a entente.Audience) string { return base + "/" + string(a) }

var (
	observerForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
	agencyForm   = regexp.MustCompile(`^[A-Z][A-Z0-9-]{1,15}$`)
)

// VerifyGenesis reports what is wrong with a genesis taken by itself: writer,
// origins, demo mark, root key, and that every key is sound, named once, and of
// the writer. Whether it is the right one is for whoever pins its digest.
func VerifyGenesis(g entente.Genesis) error {
	base, err := verifyWriter(g)
	if err != nil {
		return fmt.Errorf("genesis: %w", err)
	}
	if err := verifyRoot(g.Root, base); err != nil {
		return fmt.Errorf("genesis: %w", err)
	}
	if err := verifyKeys(g, base); err != nil {
		return fmt.Errorf("genesis: %w", err)
	}
	return nil
}

func verifyWriter(g entente.Genesis) (base string, err error) {
	w := g.Writer
	switch {
	case w.Agency != "":
		return "", errors.New("the writer is a party or an observer, not an agency")
	case (w.Party == "") == (w.Observer == ""):
		return "", errors.New("the writer is either a party or an observer")
	case w.Party != "" && !w.Party.Valid():
		return "", fmt.Errorf("a party is an ISO 3166 code of two letters, not %q", w.Party)
	case w.Observer != "" && !observerForm.MatchString(w.Observer):
		return "", fmt.Errorf("an observer's name is 1 to 32 of a-z, 0-9 and hyphen, not %q", w.Observer)
	case g.Name.IsZero():
		return "", errors.New("the writer has a name")
	}
	base, ok := strings.CutSuffix(g.Origins.Public, "/"+string(entente.Public))
	if err := ValidBase(base); !ok || err != nil {
		return "", fmt.Errorf("the public log's origin is <base>/public, not %q", g.Origins.Public)
	}
	want := entente.Origins{Public: Origin(base, entente.Public)}
	if w.Party != "" {
		want.National, want.Shared = Origin(base, entente.National), Origin(base, entente.Shared)
	}
	if g.Origins != want {
		return "", fmt.Errorf("the origins are those of %s: a party has three logs, an observer a public one", base)
	}
	if g.Demo != strings.HasPrefix(base, DemoPrefix) {
		return "", fmt.Errorf("origins and key names begin %q in a demonstration and only there", DemoPrefix)
	}
	return base, nil
}

func verifyRoot(root, base string) error {
	name, alg, pub, err := splitVKey(root)
	if err != nil {
		return fmt.Errorf("root key: %w", err)
	}
	if alg != algEd25519 || name != keyName(base, alg, pub) {
		return fmt.Errorf("the root key is an Ed25519 key named %s/<8 hexadecimal digits>", base)
	}
	return nil
}

func verifyKeys(g entente.Genesis, base string) error {
	names, roles := map[string]bool{}, map[entente.KeyRole]int{}
	rootName, _, _ := strings.Cut(g.Root, "+")
	names[rootName] = true
	for _, b := range g.Keys {
		if err := CheckBinding(b); err != nil {
			return err
		}
		if !strings.HasPrefix(b.Name, base+"/") {
			return fmt.Errorf("key %s is not named for %s", b.Name, base)
		}
		if names[b.Name] {
			return fmt.Errorf("two keys are named %s", b.Name)
		}
		if err := verifyAgency(g.Writer, b); err != nil {
			return err
		}
		names[b.Name] = true
		roles[b.Role]++
	}
	for _, need := range []entente.KeyRole{entente.RoleLog, entente.RoleAgency} {
		if roles[need] == 0 {
			return fmt.Errorf("a writer needs a first %s key", need)
		}
	}
	return nil
}

// verifyAgency holds a key against its writer: a party's agency keys name their
// agency, its sealing keys may, an observer has no agencies and no officers.
func verifyAgency(w entente.Author, b entente.KeyBinding) error {
	switch {
	case w.Party != "" && b.Role == entente.RoleAgency && !agencyForm.MatchString(b.Agency):
		return fmt.Errorf("key %s: a party's agency key names its agency, such as SRE, not %q", b.Name, b.Agency)
	case w.Party != "" && b.Role == entente.RoleSeal && b.Agency != "" && !agencyForm.MatchString(b.Agency):
		return fmt.Errorf("key %s: an agency's sealing key names its agency, such as SRE, not %q", b.Name, b.Agency)
	case w.Observer != "" && b.Agency != "":
		return fmt.Errorf("key %s: an observer has no agencies", b.Name)
	case w.Observer != "" && b.Role == entente.RoleOfficer:
		return fmt.Errorf("key %s: an observer has no officers", b.Name)
	}
	return nil
}

// Add returns the body of a key entry that makes b active. It is appended,
// signed by the root key, to each of the writer's logs.
func Add(b entente.KeyBinding, reason *entente.Text) (entente.Key, error) {
	return entente.Key{Action: "add", Key: b, Reason: reason}, CheckBinding(b)
}

// Revoke returns the body of a key entry that ends b.
func Revoke(b entente.KeyBinding, reason *entente.Text) (entente.Key, error) {
	return entente.Key{Action: "revoke", Key: b, Reason: reason}, CheckBinding(b)
}
