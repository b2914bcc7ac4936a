package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"entente"
	"entente/internal/merkle"
	"entente/internal/store"
)

// checkpointer signs the checkpoints of the node's own logs at each commit, with
// the log key active in that log.
type checkpointer struct{ n *Node }

// SignCheckpoint implements [store.Checkpointer]. It runs inside the group that
// appends; the keys are those of the last committed group, or of the genesis.
func (c checkpointer) SignCheckpoint(origin string, size uint64, root entente.Digest) ([]byte, error) {
	signer, err := c.n.signer(origin, entente.RoleLog, "")
	if err != nil {
		return nil, err
	}
	return merkle.Sign(merkle.Checkpoint{Origin: origin, Size: size, Root: root}, signer)
}

// sealDelay lets a burst of commits pass before the slower signature is made; it
// is far within the second that the specification gives.
const sealDelay = 100 * time.Millisecond

// seal joins the ML-DSA signature to checkpoints as logs grow, until ctx ends.
func (n *Node) seal(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-n.grown:
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(sealDelay):
		}
		if err := n.sealCheckpoints(ctx); err != nil && ctx.Err() == nil {
			n.log.Error("checkpoints lack their ML-DSA signature", "error", err)
		}
	}
}

// sealCheckpoints joins the ML-DSA signature to the latest checkpoint of each own
// log that lacks it.
func (n *Node) sealCheckpoints(ctx context.Context) error {
	var failed error
	for _, origin := range n.origins() {
		if err := n.sealCheckpoint(ctx, origin); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", origin, err))
		}
	}
	return failed
}

func (n *Node) sealCheckpoint(ctx context.Context, origin string) error {
	signer, err := n.signer(origin, entente.RoleMLDSA, "")
	if err != nil {
		return err
	}
	for {
		signed, err := n.store.Checkpoint(ctx, origin)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if has, err := signedBy(signed, signer); err != nil || has {
			return err
		}
		sealed, err := merkle.AddSignatures(signed, signer)
		if err != nil {
			return err
		}
		if err := n.store.SetCheckpoint(ctx, origin, sealed); !errors.Is(err, store.ErrStale) {
			return err
		}
		// The log has grown meanwhile: its newer checkpoint is the one to sign.
	}
}

// signedBy reports whether the note carries a line of the signer's key.
func signedBy(signed []byte, by note.Signer) (bool, error) {
	parsed, err := note.Open(signed, note.VerifierList())
	var unverified *note.UnverifiedNoteError
	if errors.As(err, &unverified) {
		parsed, err = unverified.Note, nil
	}
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(parsed.UnverifiedSigs, func(s note.Signature) bool {
		return s.Name == by.Name() && s.Hash == by.KeyHash()
	}), nil
}

// signers keeps what signs for the node, by log, role and agency: to look up the
// active key and to make its signer costs more than to sign.
type signers struct {
	mu   sync.Mutex
	made map[signing]note.Signer
}

type signing struct {
	origin string
	role   entente.KeyRole
	agency string
}

// forget is called when keys changed.
func (s *signers) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made = nil
}

// signer returns what signs in a log for the node: the key of this role, and of
// this agency ("" for all but a party's agency keys), that is active there and on
// this machine.
func (n *Node) signer(origin string, role entente.KeyRole, agency string) (note.Signer, error) {
	n.signers.mu.Lock()
	defer n.signers.mu.Unlock()
	k := signing{origin, role, agency}
	if s := n.signers.made[k]; s != nil {
		return s, nil
	}
	s, err := n.makeSigner(k)
	if err != nil {
		return nil, err
	}
	if n.signers.made == nil {
		n.signers.made = map[signing]note.Signer{}
	}
	n.signers.made[k] = s
	return s, nil
}

func (n *Node) makeSigner(k signing) (note.Signer, error) {
	active, err := n.activeKeys(k.origin)
	if err != nil {
		return nil, err
	}
	for _, b := range active {
		if b.Role != k.role || b.Agency != k.agency {
			continue
		}
		key, err := n.ring.Key(b.Name)
		if err != nil {
			continue // active, and on another machine
		}
		if b.Role != entente.RoleMLDSA {
			return key.Signer()
		}
		private, err := key.Private()
		if err != nil {
			return nil, err
		}
		return merkle.NewMLDSASigner(private, n.clock)
	}
	return nil, refused("node.key_missing").with("role %s, agency %q, log %s", k.role, k.agency, k.origin)
}

// activeKeys returns the keys active in an own log, by name: those of the genesis
// while the log is empty. The root key is not among them.
func (n *Node) activeKeys(origin string) ([]entente.KeyBinding, error) {
	keys, err := n.store.Keys(context.Background(), origin)
	if err != nil {
		return nil, err
	}
	var active []entente.KeyBinding
	for _, k := range keys {
		if !k.Root {
			active = append(active, k.Binding)
		}
	}
	if len(keys) == 0 {
		active = slices.Clone(n.self.Keys)
	}
	slices.SortFunc(active, func(a, b entente.KeyBinding) int { return strings.Compare(a.Name, b.Name) })
	return active, nil
}
