package network

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"entente"
	"entente/internal/fold"
	"entente/internal/follow"
	"entente/internal/merkle"
	"entente/internal/store"
)

// keeper keeps followed logs in the node's store; it implements [follow.Keeper].
type keeper struct {
	s *store.Store
	// cosigners are the vkeys whose cosignatures are kept with checkpoints.
	cosigners func(origin string) []string
	// accuse hands evidence that was found here to the other nodes.
	accuse func(merkle.Evidence)
}

// Followed implements [follow.Keeper].
func (k *keeper) Followed(ctx context.Context, origin string) (follow.Log, error) {
	state, err := k.s.Log(ctx, origin)
	if err != nil {
		return follow.Log{}, err
	}
	out := follow.Log{
		Size: state.Size, Root: state.Root, Hashes: k.s.HashReader(origin), Genesis: state.Genesis,
		Checkpoint: state.Checkpoint, Cosigners: k.cosigners(origin),
	}
	newest, err := k.s.Meta(ctx, seenKey(origin))
	switch {
	case errors.Is(err, store.ErrNotFound):
		newest = nil
	case err != nil:
		return follow.Log{}, err
	}
	out.Newest = newest
	if err := k.keys(ctx, state, &out); err != nil {
		return follow.Log{}, err
	}
	out.Contradicted, err = k.contradicted(ctx, origin)
	return out, err
}

func seenKey(origin string) string { return "seen-checkpoint/" + origin }

// keys fills in the keys that may sign the log's checkpoints: from the log itself,
// or from the pinned genesis while nothing of it is mirrored.
func (k *keeper) keys(ctx context.Context, state store.LogState, out *follow.Log) error {
	active, err := k.s.Keys(ctx, state.Origin)
	if err != nil {
		return err
	}
	var bindings []entente.KeyBinding
	for _, key := range active {
		if key.Root {
			out.RootKey = key.Binding.Public
			continue
		}
		bindings = append(bindings, key.Binding)
	}
	if out.RootKey == "" || state.Size == 0 {
		g, err := k.genesis(ctx, state.Writer)
		if err != nil {
			return err
		}
		out.RootKey, bindings = g.Root, g.Keys
	}
	for _, b := range bindings {
		if b.Role == entente.RoleLog || b.Role == entente.RoleMLDSA {
			out.Keys = append(out.Keys, b.Public)
		}
	}
	slices.Sort(out.Keys)
	out.Ended = func(ctx context.Context) ([]string, error) { return k.ended(ctx, state) }
	return nil
}

func (k *keeper) genesis(ctx context.Context, writer string) (*entente.Genesis, error) {
	raw, err := k.s.Genesis(ctx, writer)
	if err != nil {
		return nil, err
	}
	return genesisBody(raw)
}

// ended lists the names of keys revoked in the log.
func (k *keeper) ended(ctx context.Context, state store.LogState) ([]string, error) {
	var out []string
	err := k.keyEntries(ctx, state, func(e *entente.Key) {
		if e.Action == "revoke" {
			out = append(out, e.Key.Name)
		}
	})
	return out, err
}

// revoked reports whether the log revokes the key with this public half; when it
// cannot be read, it does.
func (k *keeper) revoked(ctx context.Context, state store.LogState, public string) bool {
	found := false
	err := k.keyEntries(ctx, state, func(e *entente.Key) {
		found = found || e.Action == "revoke" && e.Key.Public == public
	})
	return found || err != nil
}

// everActive lists the vkeys that may ever have signed the log's checkpoints,
// those revoked since included: what a key signed while it counted goes on
// counting against its log.
func (k *keeper) everActive(ctx context.Context, state store.LogState) ([]string, error) {
	g, err := k.genesis(ctx, state.Writer)
	if err != nil {
		return nil, err
	}
	var out []string
	add := func(b entente.KeyBinding) {
		if (b.Role == entente.RoleLog || b.Role == entente.RoleMLDSA) && !slices.Contains(out, b.Public) {
			out = append(out, b.Public)
		}
	}
	for _, b := range g.Keys {
		add(b)
	}
	err = k.keyEntries(ctx, state, func(e *entente.Key) { add(e.Key) })
	return out, err
}

// keyEntries calls each with the admissible key entries of the log, in order.
func (k *keeper) keyEntries(ctx context.Context, state store.LogState, each func(*entente.Key)) error {
	q := store.Query{
		Type: entente.TypeKey, Writer: state.Writer, Versions: true, Withdrawn: true, Order: store.ByOrder, Limit: 1000,
		Status: []fold.Status{fold.Admissible},
	}
	for {
		page, err := store.List[entente.Key](ctx, k.s.View(state.Audience), q)
		if err != nil {
			return err
		}
		for _, v := range page.Items {
			if v.Ref.Log == state.Origin && v.Body != nil {
				each(v.Body)
			}
		}
		if page.Next == "" {
			return nil
		}
		q.After = page.Next
	}
}

// contradicted reports whether proof is held that the log contradicted itself.
func (k *keeper) contradicted(ctx context.Context, origin string) (bool, error) {
	files, err := k.s.Evidence(ctx)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(files, func(f store.EvidenceFile) bool {
		return f.Origin == origin && (f.Kind == string(merkle.EqualSize) || f.Kind == string(merkle.Inconsistent))
	}), nil
}

// Seen implements [follow.Keeper].
func (k *keeper) Seen(ctx context.Context, origin string, checkpoint []byte) error {
	return k.s.SetMeta(ctx, seenKey(origin), checkpoint)
}

// Mirror implements [follow.Keeper].
func (k *keeper) Mirror(ctx context.Context, origin string, first uint64, raws [][]byte, checkpoint []byte) error {
	return k.s.Mirror(ctx, origin, first, raws, checkpoint)
}

// Contradicted implements [follow.Keeper]: the evidence is kept, and the other
// nodes are told.
func (k *keeper) Contradicted(ctx context.Context, e merkle.Evidence) error {
	if _, err := k.keep(ctx, e); err != nil {
		return err
	}
	if k.accuse != nil {
		k.accuse(e)
	}
	return nil
}

// keep keeps evidence and says so on the audit trail; fresh is false when it was
// kept already.
func (k *keeper) keep(ctx context.Context, e merkle.Evidence) (fresh bool, err error) {
	file, err := e.Encode()
	if err != nil {
		return false, err
	}
	name, err := e.Name()
	if err != nil {
		return false, err
	}
	held, err := k.s.Evidence(ctx)
	if err != nil {
		return false, err
	}
	if slices.ContainsFunc(held, func(f store.EvidenceFile) bool { return f.Name == name }) {
		return false, nil
	}
	if err := k.s.AddEvidence(ctx, store.EvidenceFile{Name: name, Origin: e.Origin, Kind: string(e.Kind), File: file}); err != nil {
		return false, err
	}
	detail, err := json.Marshal(map[string]string{"evidence": name, "kind": string(e.Kind)})
	if err != nil {
		return false, err
	}
	return true, k.s.AddAudit(ctx, store.AuditEvent{Actor: "node", Act: "contradiction", Object: e.Origin, Outcome: "done", Detail: detail})
}
