package node

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"entente"
	"entente/internal/fold"
	"entente/internal/store"
)

// maxNamed is how many sealing keys a genesis names: each takes some two kilobytes
// of an entry's 65,535 bytes.
const maxNamed = 18

// sealingKeys makes the first sealing keys of a party: the node's own, and one for
// each agency. Those beyond what a genesis holds are left to [Node.addUnnamed].
func (n *Node) sealingKeys(o InitOptions) (named []entente.KeyBinding, err error) {
	if o.Writer.Party == "" {
		return nil, nil
	}
	for i, agency := range append([]string{""}, o.Agencies...) {
		b, err := n.ring.Generate(o.Base, entente.RoleSeal, agency)
		if err != nil {
			return nil, err
		}
		if i < maxNamed {
			named = append(named, b)
		}
	}
	return named, nil
}

// addUnnamed appends the sealing keys that the genesis has no room for.
func (n *Node) addUnnamed(ctx context.Context, rootPassphrase string) error {
	var changes []entente.Key
	for _, b := range n.ring.Bindings(entente.RoleSeal) {
		if !slices.Contains(n.self.Keys, b) {
			changes = append(changes, entente.Key{Action: "add", Key: b})
		}
	}
	if len(changes) == 0 {
		return nil
	}
	root, err := n.keyDir.UnlockRoot(rootPassphrase)
	if err != nil {
		return err
	}
	defer root.Close()
	return n.changeKeys(ctx, root, changes...)
}

// ownSealing are the names of the sealing keys that this machine has of the
// agencies, "" for the node's own, whether or not they are active: what was sealed
// before a rotation is still opened.
func (n *Node) ownSealing(agencies ...string) []string {
	var names []string
	for _, b := range n.ring.Bindings(entente.RoleSeal) {
		if slices.Contains(agencies, b.Agency) {
			names = append(names, b.Name)
		}
	}
	return names
}

// Unseal returns the identities for opening what is sealed to the agencies, "" for
// the node itself: of their active sealing keys and of those before. They are
// secrets.
func (n *Node) Unseal(agencies ...string) ([]string, error) {
	names := n.ownSealing(agencies...)
	if len(names) == 0 {
		return nil, refused("node.seal_key_missing").with("this machine has no sealing key of %s", strings.Join(agencies, ", "))
	}
	return n.ring.Unseal(names...)
}

// SealRecipients returns to whom a payload for these agencies of a party is sealed:
// all their sealing keys that are active in the party's logs as far as they are held
// here, "" for the party's node itself. An agency that has none is a refusal with the
// code node.seal_key_missing.
func (n *Node) SealRecipients(ctx context.Context, party entente.Party, agencies ...string) ([]string, error) {
	active, err := n.sealingOf(ctx, party)
	if err != nil {
		return nil, err
	}
	var to []string
	for _, agency := range agencies {
		found := false
		for _, b := range active {
			if b.Agency != agency {
				continue
			}
			found = true
			if !slices.Contains(to, b.Public) {
				to = append(to, b.Public)
			}
		}
		if !found {
			return nil, missingSeal(party, agency)
		}
	}
	return to, nil
}

func missingSeal(party entente.Party, agency string) *Refusal {
	if agency == "" {
		return refused("node.seal_key_missing").with("the node of %s", party)
	}
	return refused("node.seal_key_missing").with("%s of %s", agency, party)
}

// sealingOf lists a party's active sealing keys, by name. A key counts that is
// active in every log of the party that is held here: one that was revoked in the
// log that arrived first is not sealed to any more.
func (n *Node) sealingOf(ctx context.Context, party entente.Party) ([]entente.KeyBinding, error) {
	var list []entente.KeyBinding
	first := true
	for _, l := range n.store.Logs(ctx) {
		if l.Writer != string(party) || l.Audience == entente.National {
			continue
		}
		active, err := n.sealingIn(ctx, l)
		if err != nil {
			return nil, err
		}
		if first {
			list, first = active, false
			continue
		}
		list = slices.DeleteFunc(list, func(b entente.KeyBinding) bool { return !slices.Contains(active, b) })
	}
	slices.SortFunc(list, func(a, b entente.KeyBinding) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// sealingIn are the sealing keys active at the end of a log: those of the genesis
// while nothing of it is held.
func (n *Node) sealingIn(ctx context.Context, l store.LogState) ([]entente.KeyBinding, error) {
	if l.Size > 0 {
		return n.store.KeysWhere(l.Origin, func(k fold.ActiveKey) bool { return !k.Root && k.Binding.Role == entente.RoleSeal }), nil
	}
	raw, err := n.store.Genesis(ctx, l.Writer)
	if err != nil {
		return nil, err
	}
	g, _, err := fold.Pinned(raw)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(g.Keys), func(b entente.KeyBinding) bool { return b.Role != entente.RoleSeal }), nil
}

// KeyExport is an intent to take an agency's sealing key out of the node.
type KeyExport struct {
	// ID is of the entry, as in [Intent].
	ID string
	// Key is the key's name.
	Key    string
	Reason entente.Text
	// By and Second are two different persons, the second a releasing officer.
	By, Second *Officer
}

// ExportSealKey is break-glass: it appends the key_export entry to the shared log
// and then, and only then, returns the key as a file for `age -d -i`. What was
// opened with it elsewhere leaves no trace at the node.
func (n *Node) ExportSealKey(ctx context.Context, e KeyExport) (file string, at Appended, err error) {
	b, err := n.exportable(e.Key)
	if err != nil {
		return "", Appended{}, err
	}
	if e.By == nil || e.Second == nil || !e.Second.Releasing() || e.By.Person() == e.Second.Person() {
		return "", Appended{}, refused("node.export_officers").ref()
	}
	if e.ID == "" {
		e.ID = NewID()
	}
	at, err = n.Append(ctx, Intent{
		ID: e.ID, Type: entente.TypeKeyExport, Subject: "x-" + e.ID, Agency: b.Agency, Audience: entente.Shared,
		Body: entente.KeyExport{Key: b.Name, Agency: b.Agency, Reason: e.Reason}, By: e.By, Second: e.Second,
	})
	if err != nil {
		return "", Appended{}, err
	}
	identity, err := n.ring.Unseal(b.Name)
	if err != nil {
		return "", at, err
	}
	return fmt.Sprintf("# %s, %s (entente)\n# public key: %s\n%s\n", b.Agency, b.Name, b.Public, identity[0]), at, nil
}

// exportable: the key is an agency's sealing key on this machine.
func (n *Node) exportable(name string) (entente.KeyBinding, error) {
	k, err := n.ring.Key(name)
	if err != nil {
		return entente.KeyBinding{}, refused("node.export_key").with("%s", name)
	}
	b := k.Binding()
	if b.Role != entente.RoleSeal || b.Agency == "" {
		return entente.KeyBinding{}, refused("node.export_key").with("%s has the role %s", name, b.Role)
	}
	return b, nil
}
