package network

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"entente"
	"entente/internal/fold"
	"entente/internal/payload"
	"entente/internal/peer"
	"entente/internal/store"
)

// FetchPayload fetches a sealed payload from a party's node into one that is
// incoming, from where that stands, and commits it. Errors: [peer.ErrNoPayload] while
// that node hands none over; [payload.ErrSize] when it sends another; those of into.
func (n *Network) FetchPayload(ctx context.Context, party string, s entente.Sealed, into *payload.Incoming) error {
	p, client := n.writers[party], n.private[party]
	if client == nil {
		return fmt.Errorf("this node has no link to the node of %s", party)
	}
	err := peer.FetchPayload(ctx, client, p.Link, s, into, nil)
	if errors.Is(err, peer.ErrOtherPayload) {
		err = fmt.Errorf("%w: %w", payload.ErrSize, err)
	}
	if err != nil {
		return fmt.Errorf("the payload %s from the node of %s: %w", s.Digest, party, err)
	}
	return nil
}

// payloads hands payloads over to other nodes.
type payloads struct{ n *Network }

// Payload implements [peer.Payloads].
func (p payloads) Payload(ctx context.Context, writer string, d entente.Digest) (io.ReadSeekCloser, error) {
	may, err := p.n.hands(ctx, writer, d)
	if err != nil {
		return nil, err
	}
	if !may {
		return nil, peer.ErrNoPayload
	}
	r, err := p.n.o.Payloads.Get(d)
	if errors.Is(err, payload.ErrNotFound) || errors.Is(err, payload.ErrShredded) {
		return nil, peer.ErrNoPayload
	}
	return r, err
}

// sealing are the types of entries that name sealed payloads.
var sealing = []entente.Type{
	entente.TypeRequest, entente.TypeRefusal, entente.TypeRelease, entente.TypePermissionRequest, entente.TypeMisuse,
}

// hands reports whether a payload may go to a writer's node: this party sent it to
// that one, or had it from there; it was not recalled, nobody shredded it, and nothing
// withholds it. Who names another's payload in an entry of its own does not get it.
func (n *Network) hands(ctx context.Context, writer string, d entente.Digest) (bool, error) {
	v := n.o.Store.View(entente.Shared)
	naming, err := store.List[json.RawMessage](ctx, v, store.Query{
		Types: sealing, Where: []store.Cond{{Column: "payload.digest", Op: store.Eq, Value: d.String()}},
		Order: store.ByOrder, Versions: true, Limit: 1000,
	})
	if err != nil {
		return false, err
	}
	own := n.o.Store.Own()
	var sent, had, others bool
	for _, x := range naming.Items {
		parties, err := n.concerned(ctx, v, x)
		if err != nil {
			return false, err
		}
		switch concerns := slices.Contains(parties, writer); {
		case x.Writer == own && concerns:
			sent = true
		case x.Writer == writer && slices.Contains(parties, own):
			had = true
		case !concerns:
			others = true
		}
		ended, err := ended(ctx, v, x)
		if err != nil || ended {
			return false, err
		}
	}
	may := sent || had && !others
	return may && (n.o.Withholds == nil || !n.o.Withholds(ctx, writer, d)), nil
}

// concerned are the parties that an entry with a payload is from or to.
func (n *Network) concerned(ctx context.Context, v *store.View, x store.Version[json.RawMessage]) ([]string, error) {
	out := []string{x.Writer}
	if x.Body == nil {
		return out, nil
	}
	rule, _ := entente.Rule(x.Type)
	body := rule.New()
	if err := json.Unmarshal(*x.Body, body); err != nil {
		return nil, fmt.Errorf("entry %s: %w", x.Ref, err)
	}
	switch b := body.(type) {
	case *entente.Request:
		out = append(out, string(b.To))
	case *entente.Release:
		out = append(out, string(b.To))
	case *entente.PermissionRequest:
		out = append(out, string(b.Of))
	case *entente.Denial:
		return n.concernedBy(ctx, v, out, b.Request, entente.TypeRequest)
	case *entente.Misuse:
		return n.concernedBy(ctx, v, out, b.Release, entente.TypeRelease)
	}
	return out, nil
}

// concernedBy adds the parties of the entry, of a type, that another is about.
func (n *Network) concernedBy(ctx context.Context, v *store.View, out []string, about entente.Ref, of entente.Type) ([]string, error) {
	x, err := store.ByRef[json.RawMessage](ctx, v, about.Log, about.Index)
	if errors.Is(err, store.ErrNotFound) || err == nil && (x.Status != fold.Admissible || x.Type != of) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	more, err := n.concerned(ctx, v, *x)
	return append(out, more...), err
}

// ended reports whether a release was recalled, or a node shredded what it carried.
func ended(ctx context.Context, v *store.View, x store.Version[json.RawMessage]) (bool, error) {
	if x.Type != entente.TypeRelease {
		return false, nil
	}
	about, err := v.Linked(ctx, x.Ref, fold.LinkAbout)
	return slices.ContainsFunc(about, func(a store.Version[json.RawMessage]) bool {
		return !a.Withdrawn && (a.Type == entente.TypeRecall || a.Type == entente.TypeDeletion)
	}), err
}
