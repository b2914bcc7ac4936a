package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/mod/sumdb/note"

	"entente"
	"entente/internal/keys"
	"entente/internal/store"
)

// RoleReleasing is the role of a user who may be the second officer at a gate.
const RoleReleasing = "releasing_officer"

// Officer is a person whose officer key is unlocked: for one session or one act.
// Only that person's passphrase makes one. Its methods are safe for concurrent use.
type Officer struct {
	user   store.User
	key    entente.KeyBinding
	mu     sync.Mutex
	secret *keys.Key
	signer note.Signer
}

// Name is the sign-in name.
func (o *Officer) Name() string { return o.user.Name }

// Agency is the agency the officer works for.
func (o *Officer) Agency() string { return o.user.Agency }

// Roles are the officer's roles when the key was unlocked.
func (o *Officer) Roles() []string { return slices.Clone(o.user.Roles) }

// Person is the salted digest that stands for the person in the logs.
func (o *Officer) Person() entente.Digest { return *o.key.Person }

// Key is the opaque name of the officer's key.
func (o *Officer) Key() string { return o.key.Name }

// Releasing reports whether the officer may be the second person at a gate.
func (o *Officer) Releasing() bool { return slices.Contains(o.user.Roles, RoleReleasing) }

// Lock overwrites the key; the officer signs nothing any more.
func (o *Officer) Lock() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.secret.Close()
	o.signer = nil
}

// sign returns what signs for the officer, unless the key was locked.
func (o *Officer) sign() (note.Signer, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.signer == nil {
		return nil, refused("node.officer_locked").with("%s", o.user.Name)
	}
	return o.signer, nil
}

// UnlockOfficer opens the officer key of a user with the user's passphrase; a
// wrong one is [keys.ErrPassphrase].
func (n *Node) UnlockOfficer(ctx context.Context, name, passphrase string) (*Officer, error) {
	u, err := n.store.User(ctx, name)
	if errors.Is(err, store.ErrNotFound) || err == nil && (u.OfficerKey == "" || u.Disabled) {
		return nil, refused("node.officer_unknown").with("%s", name)
	}
	if err != nil {
		return nil, err
	}
	active, err := n.activeKeys(n.Origin(entente.Public))
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(active, func(b entente.KeyBinding) bool { return b.Name == u.OfficerKey && b.Role == entente.RoleOfficer })
	if i < 0 {
		return nil, refused("node.officer_unknown").with("the key of %s is not active", name)
	}
	secret, err := n.keyDir.UnlockOfficer(u.OfficerKey, passphrase)
	if err != nil {
		return nil, err
	}
	signer, err := secret.Signer()
	if err != nil {
		secret.Close()
		return nil, err
	}
	return &Officer{user: u, key: active[i], secret: secret, signer: signer}, nil
}

// ChangeOfficerPassphrase puts an officer's key under another passphrase.
func (n *Node) ChangeOfficerPassphrase(ctx context.Context, name, old, fresh string) error {
	u, err := n.store.User(ctx, name)
	if err != nil {
		return err
	}
	if u.OfficerKey == "" {
		return refused("node.officer_unknown").with("%s", name)
	}
	return n.keyDir.ChangeOfficerPassphrase(u.OfficerKey, old, fresh)
}

// NewOfficer is a person who gets an officer key.
type NewOfficer struct {
	Name       string // sign-in name; the user is added when missing
	Display    string
	Agency     string
	Roles      []string // of a user that is added
	Passphrase string
}

// user is the officer as a user of the desk, with this key.
func (o NewOfficer) user(b entente.KeyBinding) store.User {
	return store.User{Name: o.Name, Display: o.Display, Agency: o.Agency, Roles: o.Roles, OfficerKey: b.Name, Person: *b.Person}
}

// AddOfficer makes an officer's key under that officer's own passphrase and
// appends its key entry, signed by the root key, to all logs of the node at once.
// A user who has a key already gets the new one in its place: the old one is
// revoked in the same transaction.
func (n *Node) AddOfficer(ctx context.Context, o NewOfficer, root *keys.Key) (entente.KeyBinding, error) {
	was, err := n.store.User(ctx, o.Name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return entente.KeyBinding{}, err
	}
	isNew := err != nil
	b, err := n.keyDir.CreateOfficer(n.base(), n.ring.PersonDigest(o.Name), o.Passphrase)
	if err != nil {
		return b, err
	}
	changes := []entente.Key{{Action: "add", Key: b}}
	if was.OfficerKey != "" {
		if old, err := n.activeKey(was.OfficerKey); err == nil {
			changes = append(changes, entente.Key{Action: "revoke", Key: old})
		}
	}
	if err := n.changeKeys(ctx, root, changes...); err != nil {
		return b, errors.Join(err, n.keyDir.RemoveOfficer(b.Name))
	}
	if isNew {
		_, err = n.store.AddUser(ctx, o.user(b))
	} else {
		was.OfficerKey, was.Person = b.Name, *b.Person
		err = n.store.UpdateUser(ctx, was)
	}
	if err != nil {
		return b, fmt.Errorf("the key %s is active, but was not noted for %s: %w", b.Name, o.Name, err)
	}
	return b, nil
}

// AddKey makes a key of the node's own (log, mldsa, agency, tls, seal) and appends
// it to all its logs at once. agency is for agency keys of a party and its agencies'
// sealing keys. With an agency's first key comes its sealing key.
func (n *Node) AddKey(ctx context.Context, role entente.KeyRole, agency string, root *keys.Key) (entente.KeyBinding, error) {
	b, err := n.ring.Generate(n.base(), role, agency)
	if err != nil {
		return b, err
	}
	changes := []entente.Key{{Action: "add", Key: b}}
	if role == entente.RoleAgency && agency != "" && len(n.ownSealing(agency)) == 0 {
		s, err := n.ring.Generate(n.base(), entente.RoleSeal, agency)
		if err != nil {
			return b, errors.Join(err, n.ring.Remove(b.Name))
		}
		changes = append(changes, entente.Key{Action: "add", Key: s})
	}
	if err := n.changeKeys(ctx, root, changes...); err != nil {
		for _, c := range changes {
			err = errors.Join(err, n.ring.Remove(c.Key.Name))
		}
		return b, err
	}
	return b, nil
}

// RotateKey makes a key of the same role and agency as the named one, and in one
// transaction adds it and revokes the old one in all logs. An officer's key is
// replaced by [Node.AddOfficer], because of its passphrase.
func (n *Node) RotateKey(ctx context.Context, name string, root *keys.Key) (entente.KeyBinding, error) {
	old, err := n.activeKey(name)
	if err != nil {
		return old, err
	}
	if old.Role == entente.RoleOfficer {
		return old, refused("node.key_unknown").with("%s is an officer's key: the officer gets a new one", name)
	}
	b, err := n.ring.Generate(n.base(), old.Role, old.Agency)
	if err != nil {
		return b, err
	}
	err = n.changeKeys(ctx, root, entente.Key{Action: "add", Key: b}, entente.Key{Action: "revoke", Key: old})
	if err != nil {
		return b, errors.Join(err, n.ring.Remove(b.Name))
	}
	return b, nil
}

// RevokeKey ends a key in all logs of the node. What it signed before stands.
func (n *Node) RevokeKey(ctx context.Context, name string, reason *entente.Text, root *keys.Key) error {
	b, err := n.activeKey(name)
	if err != nil {
		return err
	}
	return n.changeKeys(ctx, root, entente.Key{Action: "revoke", Key: b, Reason: reason})
}

// changeKeys appends key entries to all own logs in one transaction: the same
// bytes to each.
func (n *Node) changeKeys(ctx context.Context, root *keys.Key, changes ...entente.Key) error {
	if r := n.ReadOnly(); r != nil {
		return r
	}
	var drafts []store.Draft
	for _, c := range changes {
		subject := "key-" + c.Key.Name[len(n.base())+1:]
		raw, err := n.signByRoot(entente.TypeKey, subject, c, root)
		if err != nil {
			return err
		}
		for _, origin := range n.origins() {
			drafts = append(drafts, store.Draft{Origin: origin, Raw: raw})
		}
	}
	// The group after this one must be signed by the keys that then are active:
	// the hook drops those kept before it begins.
	n.rekeying.Add(1)
	_, err := n.store.Append(ctx, drafts...)
	n.rekeying.Add(-1)
	n.signers.forget()
	for _, c := range changes {
		n.note(event{actor: "root key", act: "key_" + c.Action, object: c.Key.Name, err: err})
	}
	return asRefusal(err)
}

// base begins the node's origins and key names.
func (n *Node) base() string {
	public := n.Origin(entente.Public)
	return public[:len(public)-len("/"+string(entente.Public))]
}

// activeKey returns the binding of a key active in the node's logs.
func (n *Node) activeKey(name string) (entente.KeyBinding, error) {
	active, err := n.activeKeys(n.Origin(entente.Public))
	if err != nil {
		return entente.KeyBinding{}, err
	}
	for _, b := range active {
		if b.Name == name {
			return b, nil
		}
	}
	return entente.KeyBinding{}, refused("node.key_unknown").with("%s", name)
}

// KeyState is a key active in the node's logs with what is known of it here.
type KeyState struct {
	entente.KeyBinding
	// Here says that the private key is on this machine.
	Here bool
	// User is the sign-in name of an officer key's owner, when known.
	User string
}

// KeyStates lists the keys active in the node's logs, by role and name.
func (n *Node) KeyStates(ctx context.Context) ([]KeyState, error) {
	active, err := n.activeKeys(n.Origin(entente.Public))
	if err != nil {
		return nil, err
	}
	users, err := n.store.Users(ctx)
	if err != nil {
		return nil, err
	}
	var list []KeyState
	for _, b := range active {
		_, err := n.ring.Key(b.Name)
		s := KeyState{KeyBinding: b, Here: err == nil}
		for _, u := range users {
			if u.OfficerKey == b.Name {
				s.User, s.Here = u.Name, true
			}
		}
		list = append(list, s)
	}
	slices.SortStableFunc(list, func(a, b KeyState) int {
		return slices.Index(roleOrder, a.Role) - slices.Index(roleOrder, b.Role)
	})
	return list, nil
}

var roleOrder = []entente.KeyRole{entente.RoleLog, entente.RoleMLDSA, entente.RoleTLS, entente.RoleAgency, entente.RoleSeal, entente.RoleOfficer}
