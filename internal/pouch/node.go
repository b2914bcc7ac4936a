package pouch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"

	"entente"
	"entente/internal/blobstore"
	"entente/internal/entry"
	"entente/internal/follow"
	"entente/internal/payload"
	"entente/internal/store"
)

// Network is how a pouch reaches the logs of a node; internal/network is one.
type Network interface {
	// FollowFrom follows another node's log to the end of what a source holds.
	FollowFrom(ctx context.Context, origin string, s follow.Source) error
	// Cosigned returns the latest checkpoints of a writer's logs, cosigned by this node.
	Cosigned(ctx context.Context, writer string) ([][]byte, error)
	// TakeCosigned takes a checkpoint of an own log that a writer's node cosigned.
	TakeCosigned(ctx context.Context, writer string, checkpoint []byte) error
	// KnownBy says how far a writer's node is known to have the own logs.
	KnownBy(ctx context.Context, writer string) (map[string]uint64, error)
}

// Keys are the keys of a node that a pouch needs; keys.Ring is one.
type Keys interface {
	Bindings(role entente.KeyRole) []entente.KeyBinding
	Signer(name string) (note.Signer, error)
	// Unseal returns what opens what is sealed to these keys of the node.
	Unseal(names ...string) (identities []string, err error)
}

// Node is a node that makes and takes pouches.
type Node struct {
	Store *store.Store
	Blobs blobstore.Store
	// Payloads are the sealed payloads; nil of an observer.
	Payloads *payload.Store
	Keys     Keys
	Network  Network
	// Withholds, when set, says which payloads are kept back from a writer's node for
	// now.
	Withholds func(ctx context.Context, writer string, d entente.Digest) bool
	// Dir is where logs are put aside while a pouch is read; "" for the system's
	// folder of temporary files.
	Dir string
	Now func() time.Time // nil means time.Now
	// Progress, which may be nil, is told how many bytes of a stage are done; total is
	// 0 when it is not known. The stages are "pouch.write", "pouch.check", "pouch.read".
	Progress func(stage string, done, total int64)
}

func (n *Node) now() time.Time {
	now := time.Now
	if n.Now != nil {
		now = n.Now
	}
	return now().UTC().Truncate(time.Microsecond)
}

// meter counts the bytes of a stage.
func (n *Node) meter(stage string, total int64) func(int64) {
	var done int64
	return func(more int64) {
		done += more
		if n.Progress != nil {
			n.Progress(stage, done, total)
		}
	}
}

// genesis returns the pinned genesis of a writer.
func (n *Node) genesis(ctx context.Context, writer string) (*entente.Genesis, error) {
	raw, err := n.Store.Genesis(ctx, writer)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("no genesis of %s is pinned here: entente peer add pins one", writer)
	}
	if err != nil {
		return nil, err
	}
	p, err := entry.Parse(raw)
	if err != nil {
		return nil, err
	}
	body, err := p.Decode()
	if err != nil {
		return nil, err
	}
	g, ok := body.(*entente.Genesis)
	if !ok {
		return nil, fmt.Errorf("what is pinned of %s is no genesis", writer)
	}
	return g, nil
}

// active returns the keys of a role that are active in every log of a writer that is
// held here, else in its genesis; those of agencies left out. One that was revoked in
// the log that arrived first counts no more.
func (n *Node) active(ctx context.Context, writer string, role entente.KeyRole) ([]entente.KeyBinding, error) {
	var all []entente.KeyBinding
	held := false
	for _, l := range n.Store.Logs(ctx) {
		if l.Writer != writer || l.Audience == entente.National || l.Size == 0 {
			continue
		}
		keys, err := n.Store.Keys(ctx, l.Origin)
		if err != nil {
			return nil, err
		}
		var here []entente.KeyBinding
		for _, k := range keys {
			if !k.Root && (!held || slices.Contains(all, k.Binding)) {
				here = append(here, k.Binding)
			}
		}
		all, held = here, true
	}
	if !held {
		g, err := n.genesis(ctx, writer)
		if err != nil {
			return nil, err
		}
		all = slices.Clone(g.Keys)
	}
	return slices.DeleteFunc(all, func(b entente.KeyBinding) bool { return b.Role != role || b.Agency != "" }), nil
}

// signer is the node's log key.
func (n *Node) signer(ctx context.Context) (note.Signer, error) {
	b, err := n.ownKey(ctx, entente.RoleLog)
	if err != nil {
		return nil, err
	}
	return n.Keys.Signer(b[0].Name)
}

// ownKey returns the node's own keys of a role that are active and on this machine.
func (n *Node) ownKey(ctx context.Context, role entente.KeyRole) ([]entente.KeyBinding, error) {
	active, err := n.active(ctx, n.Store.Own(), role)
	if err != nil {
		return nil, err
	}
	here := slices.DeleteFunc(n.Keys.Bindings(role), func(h entente.KeyBinding) bool {
		return h.Agency != "" || !slices.ContainsFunc(active, func(a entente.KeyBinding) bool { return a.Name == h.Name })
	})
	if len(here) == 0 {
		return nil, fmt.Errorf("this machine has no %s key that is active in this node's log: make one with entente key add", role)
	}
	return here, nil
}

// identities open what is sealed to this node: to keys that are revoked meanwhile
// too, for a pouch is long on its way.
func (n *Node) identities() ([]string, error) {
	var names []string
	for _, b := range n.Keys.Bindings(entente.RoleSeal) {
		if b.Agency == "" {
			names = append(names, b.Name)
		}
	}
	if len(names) == 0 {
		return nil, errors.New("this machine has no sealing key of this node: make one with entente key add")
	}
	return n.Keys.Unseal(names...)
}

// recipients are the active sealing keys of another party's node.
func (n *Node) recipients(ctx context.Context, writer string) ([]string, error) {
	keys, err := n.active(ctx, writer, entente.RoleSeal)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, k := range keys {
		out = append(out, k.Public)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w (%s)", ErrNoKey, writer)
	}
	slices.Sort(out)
	return out, nil
}

// logKeys are the vkeys of a writer's active log keys.
func (n *Node) logKeys(ctx context.Context, writer string) ([]string, error) {
	keys, err := n.active(ctx, writer, entente.RoleLog)
	var out []string
	for _, k := range keys {
		out = append(out, k.Public)
	}
	return out, err
}

// introduced are the log keys that a writer's root key adds in entries of a pouch: a
// pouch may be signed by a key that only the log in it makes known.
func (n *Node) introduced(ctx context.Context, writer string, logs []*source) ([]string, error) {
	g, err := n.genesis(ctx, writer)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, l := range logs {
		err := l.entries(func(raw []byte) error {
			if k := rootSigned(raw, g.Root); k != nil && k.Action == "add" && k.Key.Role == entente.RoleLog {
				out = append(out, k.Key.Public)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// rootSigned returns the body of a key entry that the root key alone signed; nil for
// every other entry.
func rootSigned(raw []byte, rootKey string) *entente.Key {
	p, err := entry.Parse(raw)
	if err != nil || p.Type != entente.TypeKey {
		return nil
	}
	root, err := entry.Verifier(rootKey)
	if err != nil {
		return nil
	}
	names, err := p.Verify(func(name string) (string, bool) { return rootKey, name == root.Name() })
	if err != nil || len(names) != 1 {
		return nil
	}
	body, err := p.Decode()
	if err != nil {
		return nil
	}
	k, _ := body.(*entente.Key)
	return k
}

// named lists the files that an entry names: payloads for a party, and files.
func named(raw []byte, to entente.Party) []file {
	p, err := entry.Parse(raw)
	if err != nil {
		return nil
	}
	body, err := p.Decode()
	if err != nil {
		return nil
	}
	var out []file
	add := func(party entente.Party, s *entente.Sealed) {
		if s != nil && (party == to || party == "") {
			out = append(out, file{Payload: true, Digest: s.Digest, Size: s.Size})
		}
	}
	switch b := body.(type) {
	case *entente.Dataset:
		out = append(out, file{Digest: b.File.Digest, Size: b.File.Size})
	case *entente.Action:
		for _, f := range b.Evidence {
			out = append(out, file{Digest: f.Digest, Size: f.Size})
		}
	case *entente.Request:
		add(b.To, &b.Question)
	case *entente.Release:
		add(b.To, &b.Content)
	case *entente.PermissionRequest:
		add(b.Of, b.Description)
	case *entente.Denial:
		add("", b.Note)
	case *entente.Misuse:
		add("", b.Note)
	}
	return out
}

// discard counts what is thrown away.
func discard(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}
