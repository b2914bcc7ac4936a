package network

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"entente"
	"entente/internal/follow"
	"entente/internal/merkle"
	"entente/internal/peer"
	"entente/internal/store"
)

// Recover fetches the tails of the node's own shared and public logs from the
// peers that mirror them, after a restore, and lets the node append again. It
// fails, and the node stays read-only, when a peer that mirrors a log could not be
// asked or none holds it, for that peer may hold a longer one; when one was shown a
// signed tree that cannot be had any more; and when one holds a contradiction. An
// operator may attest instead that there is no tail.
func (n *Network) Recover(ctx context.Context) ([]follow.Recovered, error) {
	var out []follow.Recovered
	for _, l := range n.o.Store.Logs(ctx) {
		if !l.Own || l.Audience == entente.National {
			continue
		}
		mirrors, err := n.mirrors(l)
		if err != nil {
			return out, err
		}
		sources := make([]follow.Source, len(mirrors))
		for i, m := range mirrors {
			sources[i] = m
		}
		r, err := follow.Recover(ctx, follow.Options{Origin: l.Origin, Keeper: n.keeper, Logger: n.o.Logger}, sources...)
		if err != nil {
			return out, err
		}
		for _, m := range mirrors {
			if err := n.covers(ctx, l, m); err != nil {
				return out, fmt.Errorf("%s at the node of %s: %w", l.Origin, m.writer, err)
			}
		}
		out = append(out, r)
	}
	return out, n.o.Store.SetRestored(ctx, false)
}

// mirror is a peer's mirror of an own log.
type mirror struct {
	*follow.HTTPSource
	writer, url string
	client      *http.Client
}

// mirrors are the peers' mirrors of an own log: over the link where there is one,
// else the one on the public site.
func (n *Network) mirrors(l store.LogState) ([]mirror, error) {
	var out []mirror
	for _, writer := range slices.Sorted(maps.Keys(n.writers)) {
		m := mirror{writer: writer, url: strings.TrimSuffix(n.writers[writer].Public, "/") + peer.MirrorPath + l.Origin, client: n.public[writer]}
		if link := n.links[writer]; link != nil {
			m.url, m.client = link.MirrorURL(l.Origin), n.private[writer]
		} else if n.writers[writer].Public == "" && entente.Party(writer).Valid() {
			return nil, fmt.Errorf("the node of %s is reached by pouches alone and cannot be asked: only an operator can attest that %s has no tail", writer, l.Origin)
		} else if l.Audience != entente.Public {
			continue
		}
		var err error
		if m.HTTPSource, err = follow.NewHTTPSource(m.url, m.client); err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// covers fails unless the log as it is now holds the largest tree that the peer was
// ever shown of it: a tree that was signed and is lost must not be contradicted.
func (n *Network) covers(ctx context.Context, l store.LogState, m mirror) error {
	raw, err := m.newest(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	vkeys, err := n.keeper.everActive(ctx, l)
	if err != nil {
		return err
	}
	var known []note.Verifier
	for _, k := range vkeys {
		v, err := merkle.NewVerifier(k)
		if err != nil {
			return err
		}
		known = append(known, v)
	}
	c, _, err := merkle.Open(raw, l.Origin, known...)
	if err != nil {
		return err
	}
	now, err := n.o.Store.Log(ctx, l.Origin)
	if err != nil {
		return err
	}
	if c.Size > now.Size {
		return fmt.Errorf("it was shown a signed tree of %d entries, of which %d can be had: to append would contradict it", c.Size, now.Size)
	}
	root, err := merkle.RootAt(n.o.Store.HashReader(l.Origin), c.Size)
	if err == nil && root != c.Root {
		err = fmt.Errorf("%w: it was shown another tree of %d entries", follow.ErrContradicted, c.Size)
	}
	return err
}

// newest fetches the largest signed checkpoint that the peer was shown.
func (m mirror) newest(ctx context.Context) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.url+"/newest", nil)
	if err != nil {
		return nil, err
	}
	res, err := m.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK:
		return io.ReadAll(io.LimitReader(res.Body, merkle.MaxNote))
	case http.StatusNotFound:
		return nil, fs.ErrNotExist
	}
	return nil, fmt.Errorf("it answered %s", res.Status)
}
