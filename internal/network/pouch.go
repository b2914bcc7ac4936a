package network

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"entente"
	"entente/internal/follow"
	"entente/internal/merkle"
	"entente/internal/peer"
	"entente/internal/store"
)

// FollowFrom follows another node's log to the end of what a source holds of it,
// now, as [Network.Round] does over the network. The source may be old without
// fault.
func (n *Network) FollowFrom(ctx context.Context, origin string, source follow.Source) error {
	l, err := n.o.Store.Log(ctx, origin)
	if err != nil {
		return err
	}
	if l.Own {
		return fmt.Errorf("%s is this node's own log: nobody else writes it", origin)
	}
	return follow.New(follow.Options{Origin: origin, Source: source, Keeper: n.keeper, MayLag: true, Logger: n.o.Logger}).Once(ctx)
}

// Cosigned returns the latest checkpoints of a writer's logs, each cosigned by this
// node, which mirrors everything under them. A log that contradicted itself is left
// out.
func (n *Network) Cosigned(ctx context.Context, writer string) ([][]byte, error) {
	key, err := n.own(entente.RoleLog)
	if err != nil {
		return nil, err
	}
	secret, err := key.Private()
	if err != nil {
		return nil, err
	}
	signer, err := merkle.NewCosigner(secret)
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for _, l := range n.o.Store.Logs(ctx) {
		if l.Writer != writer || l.Own || l.Checkpoint == nil {
			continue
		}
		if bad, err := n.keeper.contradicted(ctx, l.Origin); err != nil || bad {
			if err != nil {
				return nil, err
			}
			continue
		}
		c, err := merkle.Peek(l.Checkpoint)
		if err != nil {
			return nil, err
		}
		signed, err := merkle.Sign(c, signer)
		if err != nil {
			return nil, err
		}
		out = append(out, signed)
	}
	return out, nil
}

// TakeCosigned takes a checkpoint of an own log that another node cosigned, which
// may be older than the latest: how far that node has the log is known from then on.
func (n *Network) TakeCosigned(ctx context.Context, writer string, checkpoint []byte) error {
	c, err := merkle.Peek(checkpoint)
	if err != nil {
		return err
	}
	l, err := n.o.Store.Log(ctx, c.Origin)
	if errors.Is(err, store.ErrNotFound) || err == nil && (!l.Own || l.Audience == entente.National) {
		return peer.ErrUnknownLog
	}
	if err != nil {
		return err
	}
	if err := n.openCosigned(ctx, writer, checkpoint, c); err != nil {
		return err
	}
	if c.Size > l.Size {
		return fmt.Errorf("the node of %s cosigned %d entries of %s, of which this node has %d: recover its tail first", writer, c.Size, c.Origin, l.Size)
	}
	root, err := merkle.RootAt(n.o.Store.HashReader(c.Origin), c.Size)
	if err != nil {
		return err
	}
	if root != c.Root {
		return fmt.Errorf("the node of %s cosigned another tree of %d entries of %s than this node signed: find out whose key signed it", writer, c.Size, c.Origin)
	}
	if was, err := n.cosignedMeta(ctx, writer, c.Origin); err != nil || c.Size > was {
		if err == nil {
			err = n.o.Store.SetMeta(ctx, cosignedKey(writer, c.Origin), checkpoint)
		}
		if err != nil {
			return err
		}
	}
	err = peer.AddCosignature(ctx, n.o.Store, c.Origin, checkpoint, n.logKeys(ctx, writer))
	if errors.Is(err, peer.ErrStale) || errors.Is(err, store.ErrStale) {
		return nil // the log has grown since
	}
	return err
}

// openCosigned verifies a cosignature by one of the writer's active log keys.
func (n *Network) openCosigned(ctx context.Context, writer string, checkpoint []byte, c merkle.Checkpoint) error {
	var known []note.Verifier
	for _, vkey := range n.logKeys(ctx, writer) {
		v, err := merkle.NewCosignatureVerifier(vkey)
		if err != nil {
			return err
		}
		known = append(known, v)
	}
	_, _, err := merkle.Open(checkpoint, c.Origin, known...)
	return err
}

func cosignedKey(writer, origin string) string { return "cosigned/" + writer + "/" + origin }

// cosignedMeta is the size of the largest checkpoint kept by TakeCosigned.
func (n *Network) cosignedMeta(ctx context.Context, writer, origin string) (uint64, error) {
	raw, err := n.o.Store.Meta(ctx, cosignedKey(writer, origin))
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	c, err := merkle.Peek(raw)
	return c.Size, err
}

// KnownBy says how far another node is known to have this node's shared and public
// logs, by origin: it cosigned so much. What it is not known to have is left out.
func (n *Network) KnownBy(ctx context.Context, writer string) (map[string]uint64, error) {
	out := map[string]uint64{}
	for origin, size := range n.cosignedBy(ctx, writer) {
		out[origin] = size
	}
	p, err := n.o.Store.Peer(ctx, writer)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	for origin, size := range p.Cosigned {
		out[origin] = max(out[origin], size)
	}
	for _, l := range n.o.Store.Logs(ctx) {
		if !l.Own || l.Audience == entente.National {
			continue
		}
		size, err := n.cosignedMeta(ctx, writer, l.Origin)
		if err != nil {
			return nil, err
		}
		if size = max(size, out[l.Origin]); size > 0 {
			out[l.Origin] = min(size, l.Size)
		}
	}
	return out, nil
}
