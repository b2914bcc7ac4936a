package network

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"entente"
	"entente/internal/fold"
	"entente/internal/keys"
	"entente/internal/merkle"
	"entente/internal/peer"
	"entente/internal/store"
)

// active lists the active keys, of one role, of a writer: in its shared log where
// that is held, else in the public one.
func (n *Network) active(ctx context.Context, writer string, role entente.KeyRole) []entente.KeyBinding {
	var best *store.LogState
	for _, l := range n.o.Store.Logs(ctx) {
		if l.Writer == writer && l.Audience != entente.National && (best == nil || l.Audience == entente.Shared) {
			best = &l
		}
	}
	if best == nil {
		return nil
	}
	return slices.DeleteFunc(n.activeIn(ctx, *best), func(b entente.KeyBinding) bool { return b.Role != role })
}

// activeIn lists the keys active at the end of a log, by name: those of the genesis
// while nothing of it is held.
func (n *Network) activeIn(ctx context.Context, l store.LogState) []entente.KeyBinding {
	var out []entente.KeyBinding
	if l.Size == 0 {
		g, err := n.keeper.genesis(ctx, l.Writer)
		if err != nil {
			return nil
		}
		out = slices.Clone(g.Keys)
	} else {
		held, err := n.o.Store.Keys(ctx, l.Origin)
		if err != nil {
			return nil
		}
		for _, k := range held {
			if !k.Root {
				out = append(out, k.Binding)
			}
		}
	}
	slices.SortFunc(out, func(a, b entente.KeyBinding) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// lookup says whose TLS key has the pin; it implements [peer.Lookup].
func (n *Network) lookup(pin entente.Digest) (string, bool) {
	for writer, p := range n.writers {
		if p.Link != "" && n.pinned(context.Background(), writer, pin.String()) {
			return writer, true
		}
	}
	return "", false
}

// pinned reports whether a writer's TLS key counts: it is active in one of the
// writer's logs held here and revoked in none. A new key may be learned from the
// public log, which can be had from the public site, before the shared log can be
// reached under it.
func (n *Network) pinned(ctx context.Context, writer, pin string) bool {
	var in, out []store.LogState
	for _, l := range n.o.Store.Logs(ctx) {
		if l.Writer != writer || l.Audience == entente.National {
			continue
		}
		if n.holds(ctx, l, pin) {
			in = append(in, l)
		} else {
			out = append(out, l)
		}
	}
	for _, l := range out {
		if len(in) > 0 && n.keeper.revoked(ctx, l, pin) {
			return false
		}
	}
	return len(in) > 0
}

// holds reports whether a TLS key is active at the end of a log: every request of a
// peer asks.
func (n *Network) holds(ctx context.Context, l store.LogState, pin string) bool {
	is := func(b entente.KeyBinding) bool { return b.Role == entente.RoleTLS && b.Public == pin }
	if l.Size == 0 {
		return slices.ContainsFunc(n.activeIn(ctx, l), is)
	}
	return len(n.o.Store.KeysWhere(l.Origin, func(k fold.ActiveKey) bool { return !k.Root && is(k.Binding) })) > 0
}

// logKeys are the vkeys of a writer's active log keys.
func (n *Network) logKeys(ctx context.Context, writer string) []string {
	var out []string
	for _, b := range n.active(ctx, writer, entente.RoleLog) {
		out = append(out, b.Public)
	}
	return out
}

// cosigners are the vkeys whose cosignatures are kept with a log's checkpoints:
// those of every other party's node known here, this one's own included.
func (n *Network) cosigners(origin string) []string {
	ctx := context.Background()
	state, err := n.o.Store.Log(ctx, origin)
	if err != nil {
		return nil
	}
	var out []string
	seen := map[string]bool{state.Writer: true}
	for _, l := range n.o.Store.Logs(ctx) {
		if seen[l.Writer] {
			continue
		}
		seen[l.Writer] = true
		out = append(out, n.logKeys(ctx, l.Writer)...)
	}
	return out
}

// own is this node's key of one role: the one that its own log has active, which
// is what the others know.
func (n *Network) own(role entente.KeyRole) (*keys.Key, error) {
	active := n.active(context.Background(), n.o.Store.Own(), role)
	for _, b := range n.o.Ring.Bindings(role) {
		if slices.ContainsFunc(active, func(a entente.KeyBinding) bool { return a.Name == b.Name }) {
			return n.o.Ring.Key(b.Name)
		}
	}
	return nil, fmt.Errorf("this machine has no %s key that is active in this node's log", role)
}

// cosign cosigns a peer's checkpoint after everything under it was verified, and
// hands it over. Only a node with a link cosigns.
func (n *Network) cosign(ctx context.Context, writer, origin string, checkpoint []byte) {
	link := n.links[writer]
	if link == nil {
		return
	}
	if err := n.sendCosigned(link, checkpoint); err != nil {
		n.o.Logger.WarnContext(ctx, "checkpoint not cosigned", "origin", origin, "error", err)
	}
}

func (n *Network) sendCosigned(link *peer.Link, checkpoint []byte) error {
	key, err := n.own(entente.RoleLog)
	if err != nil {
		return err
	}
	secret, err := key.Private()
	if err != nil {
		return err
	}
	signer, err := merkle.NewCosigner(secret)
	if err != nil {
		return err
	}
	return link.Cosign(checkpoint, signer)
}
