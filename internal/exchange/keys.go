package exchange

import (
	"context"
	"errors"
	"slices"

	"entente"
	"entente/internal/node"
)

// keyMissing is the refusal that says that an agency has no sealing key; nil for
// any other error.
func keyMissing(err error) *node.Refusal {
	var no *node.Refusal
	if errors.As(err, &no) && (no.Code == "node.seal_key_missing" || no.Code == "exchange.no_key") {
		return no
	}
	return nil
}

// recipients are the public sealing keys of agencies of a party.
func (x *Exchange) recipients(ctx context.Context, party entente.Party, agencies ...string) ([]string, error) {
	to, err := x.node.SealRecipients(ctx, party, agencies...)
	if err == nil && len(to) == 0 {
		err = refusal("exchange.no_key", "%s", party)
	}
	return to, err
}

// identities are the secret sealing keys of an own agency on this machine, those
// rotated since among them: what was sealed to them is still to be opened. An agency
// without an active key opens nothing any more.
func (x *Exchange) identities(ctx context.Context, agency string) ([]string, error) {
	if agency == "" {
		return nil, refusal("exchange.no_key", "no agency is named")
	}
	if _, err := x.recipients(ctx, x.own, agency); err != nil {
		return nil, err
	}
	return x.node.Unseal(agency)
}

// opener is the own agency under whose key the node opens what an entry carries:
// one that it is sealed to.
func (x *Exchange) opener(ctx context.Context, s *Side) (string, error) {
	candidates := []string{s.Agency}
	if s.Direction == In {
		candidates = slices.Concat(s.Agencies, s.Copied)
	}
	var missing error
	for _, a := range candidates {
		_, err := x.recipients(ctx, x.own, a)
		if err == nil {
			return a, nil
		}
		missing = err
	}
	return "", missing
}

// has reports whether the node holds a payload.
func (x *Exchange) has(s entente.Sealed) bool { return x.payloads.Has(s.Digest) }

// Holds reports whether the sealed content of a release is on this node.
func (x *Exchange) Holds(r *ReleaseState) bool { return x.has(r.Body.Content) }
