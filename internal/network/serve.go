package network

import (
	"context"
	"crypto/tls"
	"io/fs"
	"net/http"

	"entente"
	"entente/internal/merkle"
	"entente/internal/peer"
	"entente/internal/store"
)

// PeerHandler serves this node's shared and public logs to the parties, the
// mirrors of a caller's own logs to that caller, sealed payloads to the parties they
// are to or from, and takes hints, cosignatures and evidence. It wants the TLS configuration of [Network.PeerTLS].
func (n *Network) PeerHandler() http.Handler {
	o := peer.ServerOptions{
		Peers: n.lookup, Reader: reader{n.o.Store}, NotFound: store.ErrNotFound,
		Own:      func(_, origin string) bool { return n.serves(origin, true, "") },
		Mirrored: func(writer, origin string) bool { return n.serves(origin, false, writer) },
		Inbox:    inbox{n}, Logger: n.o.Logger,
	}
	if n.o.Payloads != nil {
		o.Payloads = payloads{n}
	}
	return peer.NewServer(o)
}

// reader reads the logs that are served. A restored node shows no checkpoint of
// its own logs before it has their tails: it would look like a rollback.
type reader struct{ *store.Store }

// Checkpoint implements [peer.Reader].
func (r reader) Checkpoint(ctx context.Context, origin string) ([]byte, error) {
	if l, err := r.Log(ctx, origin); err == nil && l.Own && r.Restored() {
		return nil, fs.ErrNotExist
	}
	return r.Store.Checkpoint(ctx, origin)
}

// Newest implements [peer.NewestReader].
func (r reader) Newest(ctx context.Context, origin string) ([]byte, error) {
	return r.Meta(ctx, seenKey(origin))
}

// serves reports whether a log may be read by a party: one's own shared or public
// one, or the mirror of the caller's own.
func (n *Network) serves(origin string, own bool, writer string) bool {
	l, err := n.o.Store.Log(context.Background(), origin)
	if err != nil || l.Audience == entente.National || l.Own != own {
		return false
	}
	return own || l.Writer == writer || l.Audience == entente.Public
}

// PeerTLS is the configuration of the peer listener.
func (n *Network) PeerTLS() *tls.Config { return peer.ServerTLS(n.identity, n.lookup) }

// PublicLogs serves the node's own public log to anyone, below /<origin>/.
func (n *Network) PublicLogs(ctx context.Context) http.Handler { return n.publicLogs(ctx, true) }

// PublicMirrors serves the public logs that this node mirrors to anyone, below
// /<origin>/: from them a node gets its own tail back after a restore.
func (n *Network) PublicMirrors(ctx context.Context) http.Handler { return n.publicLogs(ctx, false) }

func (n *Network) publicLogs(ctx context.Context, own bool) http.Handler {
	var origins []string
	for _, l := range n.o.Store.Logs(ctx) {
		if l.Own == own && l.Audience == entente.Public {
			origins = append(origins, l.Origin)
		}
	}
	return peer.LogHandler(reader{n.o.Store}, store.ErrNotFound, origins...)
}

// inbox takes what peers hand over.
type inbox struct{ n *Network }

// Hint wakes the follower of the log, when it is the caller's.
func (b inbox) Hint(writer string, h peer.Hint) {
	l, err := b.n.o.Store.Log(context.Background(), h.Origin)
	if err != nil || l.Writer != writer {
		return
	}
	if f := b.n.followers[h.Origin]; f != nil {
		f.Wake()
	}
}

// Cosigned adds a peer's cosignature to an own checkpoint.
func (b inbox) Cosigned(ctx context.Context, writer string, checkpoint []byte) error {
	c, err := merkle.Peek(checkpoint)
	if err != nil {
		return err
	}
	l, err := b.n.o.Store.Log(ctx, c.Origin)
	if err != nil || !l.Own || l.Audience == entente.National {
		return peer.ErrUnknownLog
	}
	return peer.AddCosignature(ctx, b.n.o.Store, c.Origin, checkpoint, b.n.logKeys(ctx, writer))
}

// Accused keeps evidence handed over against a log, once it is verified. A peer
// that accuses its own log is believed like any other: the proof is the log's own
// signatures.
func (b inbox) Accused(ctx context.Context, _ string, e merkle.Evidence) error {
	l, err := b.n.o.Store.Log(ctx, e.Origin)
	if err != nil || l.Audience == entente.National {
		return peer.ErrUnknownLog
	}
	vkeys, err := b.n.keeper.everActive(ctx, l)
	if err != nil {
		return err
	}
	verdict, err := verdict(e, vkeys)
	if err != nil || !verdict.Proven {
		return err
	}
	_, err = b.n.keeper.keep(ctx, e)
	return err
}
