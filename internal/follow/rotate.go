package follow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/note"

	"entente"
	"entente/internal/entry"
	"entente/internal/merkle"
)

// maxScan is how many entries are read to find the keys a log has activated
// since it was last followed.
const maxScan = 1 << 22

var keyEntry = []byte("entente/v1 " + string(entente.TypeKey) + "\n")

// openRotated verifies a checkpoint that no key active at log.Size signed. The
// log may have changed its keys meanwhile: the entries from log.Size on, in a tree
// that continues the one held, are read for key entries signed by the pinned root
// key, and the checkpoint must be signed by a key that they leave active. It
// returns those keys.
func (f *Follower) openRotated(ctx context.Context, log Log, c merkle.Checkpoint, raw []byte) ([]note.Verifier, error) {
	unknown := fmt.Errorf("%w of %s", merkle.ErrUnknownSigner, f.o.Origin)
	if log.RootKey == "" || c.Size-log.Size > maxScan {
		return nil, unknown
	}
	t := newTree(ctx, f.o.Source, c)
	if root, err := t.rootAt(log.Size); err != nil || root != log.Root {
		return nil, errors.Join(unknown, err)
	}
	active := activeKeys{now: slices.Clone(log.Keys)}
	if log.Ended != nil {
		ended, err := log.Ended(ctx)
		if err != nil {
			return nil, err
		}
		active.ended = slices.Clone(ended)
	}
	err := entries(ctx, f.o.Source, log.Size, c.Size, func(first uint64, raws [][]byte) error {
		if err := t.holds(first, raws); err != nil {
			return err
		}
		for _, raw := range raws {
			if bytes.HasPrefix(raw, keyEntry) {
				active.apply(raw, log.RootKey)
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(unknown, err)
	}
	_, known, err := f.openUnder(raw, active.now)
	return known, err
}

// roleType is the key type of the roles that sign checkpoints.
var roleType = map[entente.KeyRole]byte{entente.RoleLog: merkle.AlgEd25519, entente.RoleMLDSA: merkle.AlgMLDSA}

// activeKeys are the vkeys active at a point of a log, and the names of those
// that no longer are.
type activeKeys struct{ now, ended []string }

// apply applies a key entry if the root key signed it; any other is the fold's to
// judge and changes nothing here.
func (a *activeKeys) apply(raw []byte, rootKey string) {
	k, err := rootSigned(raw, rootKey)
	if err != nil {
		return
	}
	if alg, err := merkle.KeyType(k.Key.Public); err != nil || alg != roleType[k.Key.Role] {
		return
	}
	switch {
	case k.Action == "revoke":
		a.now = slices.DeleteFunc(a.now, func(v string) bool { return v == k.Key.Public })
		a.ended = append(a.ended, k.Key.Name)
	case !slices.Contains(a.ended, k.Key.Name) && !slices.Contains(a.now, k.Key.Public):
		a.now = append(a.now, k.Key.Public)
	}
}

func rootSigned(raw []byte, rootKey string) (*entente.Key, error) {
	p, err := entry.Parse(raw)
	if err != nil {
		return nil, err
	}
	root, err := entry.Verifier(rootKey)
	if err != nil {
		return nil, err
	}
	names, err := p.Verify(func(name string) (string, bool) { return rootKey, name == root.Name() })
	if err != nil || len(names) != 1 {
		return nil, errors.Join(err, errors.New("not signed by the root key alone"))
	}
	body, err := p.Decode()
	if err != nil {
		return nil, err
	}
	k, ok := body.(*entente.Key)
	if !ok {
		return nil, errors.New("no key entry")
	}
	return k, nil
}
