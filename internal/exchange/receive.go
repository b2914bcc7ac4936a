package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/internal/node"
	"entente/internal/payload"
	"entente/internal/policy"
	"entente/internal/seal"
	"entente/internal/store"
)

// wrongs is how often a payload may arrive with another digest or size before the
// release is rejected for it.
const wrongs = 5

// The reasons of a rejection.
const (
	becausePolicy     = "policy"
	becauseDigest     = "digest"
	becauseSize       = "size"
	becauseUnreadable = "unreadable"
	becauseConsent    = "consent"
	becauseRecalled   = "recalled"
	becauseExpired    = "expired"
)

// receive takes a release in: decide, fetch, verify, state the receipt. Every step
// may be the first one after a crash.
func (x *Exchange) receive(ctx context.Context, j store.Job) error {
	v, err := settled[entente.Release](ctx, x, j, entente.TypeRelease)
	if err != nil || v == nil {
		return err
	}
	r, err := x.release(ctx, Node, v, x.now())
	if err != nil {
		return notFoundIsNil(err)
	}
	defer x.busy.of(r.Ref.String())()
	if r.DeletedBy(x.own) {
		return nil
	}
	if r.Receipt != nil && r.Receipt.Body.Verdict == verdictRejected {
		return x.clear(ctx, r)
	}
	decision, no, err := x.node.DecideUse(ctx, node.Use{
		Act: policy.Receive, Of: r.Ref, Shredded: x.payloads.Tombstoned(r.Body.Content.Digest),
	})
	if err != nil {
		return err
	}
	if err := x.fail("decided"); err != nil {
		return err
	}
	if !decision.Allow {
		if r.Receipt != nil {
			return nil // what was taken in stays until it is recalled or over
		}
		x.tell(ctx, r, no)
		reason := because(decision.Policies)
		if reason == becauseRecalled && r.Recall == nil && !x.now().Before(r.ExpiresAt()) {
			reason = becauseExpired // which is why it has a tombstone
		}
		return x.reject(ctx, r, reason, decision)
	}
	if reason, err := x.fetchWhole(ctx, j, r.From, r.Body.Content); err != nil || reason != "" {
		if reason == "" || r.Receipt != nil {
			return err
		}
		return x.reject(ctx, r, reason, decision)
	}
	if err := x.fail("fetched"); err != nil {
		return err
	}
	reason, err := x.look(ctx, r)
	if err != nil {
		return err
	}
	if reason != "" {
		if r.Receipt != nil {
			return nil
		}
		return x.reject(ctx, r, reason, decision)
	}
	if err := x.fail("looked"); err != nil {
		return err
	}
	if r.Receipt == nil {
		if err := x.receipt(ctx, r, verdictReceived, "", decision); err != nil {
			return err
		}
		if err := x.fail("received"); err != nil {
			return err
		}
	}
	return x.show(ctx, r)
}

// because says for what reason policies do not let a release in.
func because(policies []string) string {
	reason := becausePolicy
	for _, p := range policies {
		switch {
		case p == "x2-recalled" || p == "x2-shredded":
			return becauseRecalled
		case p == "x3-retain":
			reason = becauseExpired
		case reason == becausePolicy && (p == "p2-foreign-collection" || p == "p2-consent-fits"):
			reason = becauseConsent
		}
	}
	return reason
}

// tell puts a refusal to take something in on the audit trail.
func (x *Exchange) tell(ctx context.Context, r *ReleaseState, no []*node.Refusal) {
	told := map[string]any{}
	if len(no) > 0 {
		told = map[string]any{"code": no[0].Code, "policies": no[0].Policies, "detail": no[0].Detail}
	}
	x.audit(ctx, "node", "receive", r.Ref, "refused", told)
}

// audit writes a line of the audit trail; a failure is on the node's log.
func (x *Exchange) audit(ctx context.Context, actor, act string, ref entente.Ref, outcome string, detail any) {
	if err := x.record(ctx, actor, act, ref, outcome, detail); err != nil {
		x.log.ErrorContext(ctx, "the audit trail lacks a line", "act", act, "error", err)
	}
}

func (x *Exchange) record(ctx context.Context, actor, act string, ref entente.Ref, outcome string, detail any) error {
	raw, err := json.Marshal(detail)
	if err != nil {
		return err
	}
	return x.s.AddAudit(ctx, store.AuditEvent{Actor: actor, Act: act, Object: ref.String(), Outcome: outcome, Detail: raw})
}

// fetchWhole gets a payload and holds it against its digest; reason says why it is
// given up.
func (x *Exchange) fetchWhole(ctx context.Context, j store.Job, from entente.Party, s entente.Sealed) (reason string, err error) {
	if x.has(s) {
		return "", nil
	}
	if x.fetch == nil {
		return "", errElsewhere
	}
	in, err := x.payloads.Resume(s.Digest, s.Size)
	switch {
	case errors.Is(err, payload.ErrHeld):
		return "", nil
	case errors.Is(err, payload.ErrShredded):
		return becauseRecalled, nil
	case errors.Is(err, payload.ErrSize):
		return becauseSize, nil
	case err != nil:
		return "", err
	}
	err = x.fetch.FetchPayload(ctx, string(from), s, in)
	if err == nil {
		err = x.fail("arrived")
	}
	if err == nil && !x.has(s) {
		err = in.Commit()
	}
	if closing := in.Close(); err == nil {
		err = closing
	}
	if x.has(s) {
		return "", nil
	}
	switch {
	case err == nil:
		return "", payload.ErrIncomplete
	case j.Tries+1 < wrongs:
	case errors.Is(err, payload.ErrDigest), errors.Is(err, seal.ErrDamaged):
		return becauseDigest, nil
	case errors.Is(err, payload.ErrSize):
		return becauseSize, nil
	}
	return "", err
}

// look holds what arrived against what was said of it: it can be opened here, it is
// what the permission was for, and a STIX bundle is one. It shows it to nobody.
func (x *Exchange) look(ctx context.Context, r *ReleaseState) (reason string, err error) {
	if _, err := x.opener(ctx, &r.Side); keyMissing(err) != nil {
		return becauseUnreadable, nil // none of those that it is for has a key any more
	}
	p, closing, err := x.unseal(ctx, &r.Side, r.Body.Content)
	switch {
	case unreadable(err):
		return becauseUnreadable, nil
	case errors.Is(err, payload.ErrShredded):
		return becauseRecalled, nil
	case err != nil:
		return "", err
	}
	defer closing.Close()
	if r.Body.Item != nil && p.Manifest().Item() != *r.Body.Item {
		return becauseConsent, nil
	}
	if r.Body.Form != formSTIX {
		return "", nil
	}
	err = x.index(ctx, r, p)
	if unreadable(err) {
		return becauseUnreadable, nil
	}
	return "", err
}

// unreadable reports whether an error says that a payload is none, or not for this
// party's agencies.
func unreadable(err error) bool {
	for _, e := range []error{seal.ErrNotAddressed, seal.ErrDamaged, seal.ErrManifest, seal.ErrContent, errBundle} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// unseal opens a payload with the key of an own agency that it is sealed to.
func (x *Exchange) unseal(ctx context.Context, s *Side, sealed entente.Sealed) (*seal.Payload, io.Closer, error) {
	agency, err := x.opener(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	ids, err := x.node.Unseal(agency)
	if err != nil {
		return nil, nil, err
	}
	r, err := x.payloads.Get(sealed.Digest)
	if err != nil {
		return nil, nil, err
	}
	p, err := seal.Open(r, ids...)
	if err != nil {
		return nil, nil, errors.Join(err, r.Close())
	}
	return p, r, nil
}

// receipt states the node's receipt. Said again, it is the first one.
func (x *Exchange) receipt(ctx context.Context, r *ReleaseState, verdict, reason string, d policy.Decision) error {
	body := entente.Receipt{
		Release: r.Ref, Verdict: verdict, Digest: r.Body.Content.Digest, Reason: reason, Policy: d.Digest, Policies: d.Policies,
	}
	return x.stateSelf(ctx, entente.TypeReceipt, "receipt", r, body)
}

// reject states that a release is not taken in, and shreds what had arrived of it.
func (x *Exchange) reject(ctx context.Context, r *ReleaseState, reason string, d policy.Decision) error {
	if err := x.receipt(ctx, r, verdictRejected, reason, d); err != nil {
		return err
	}
	if err := x.fail("rejected"); err != nil {
		return err
	}
	return x.clear(ctx, r)
}

// clear shreds what arrived of a release that was rejected, and says so where there
// was something.
func (x *Exchange) clear(ctx context.Context, r *ReleaseState) error {
	key, blob, err := x.shred(ctx, r, causeRejected)
	if err != nil || !key && !blob {
		return err
	}
	return x.deletion(ctx, r, causeRejected, key, blob)
}

// stateSelf states something by the node itself, once.
func (x *Exchange) stateSelf(ctx context.Context, t entente.Type, what string, r *ReleaseState, body any) error {
	agency, err := x.speaker(ctx, r)
	if err != nil {
		return err
	}
	id := stateBy(what, r.Ref, r.Time)
	_, err = x.node.Append(ctx, node.Intent{
		ID: id, Type: t, Subject: "x-" + strings.ReplaceAll(id, "-", ""), Agency: agency, Audience: entente.Shared, Body: body,
		Supersedes: []entente.Ref{},
	})
	var no *node.Refusal
	if errors.As(err, &no) && no.Code == "rule.id_conflict" {
		return nil // it was said before, in the words of that moment
	}
	return err
}

// speaker is the own agency in whose name the node states something about a
// release: one that it concerns and that has a key here.
func (x *Exchange) speaker(ctx context.Context, r *ReleaseState) (string, error) {
	candidates := append([]string{r.Agency}, r.Copied...)
	if r.Direction == In {
		candidates = slices.Concat(r.Agencies, r.Copied)
	}
	active, err := x.s.Keys(ctx, x.node.Origin(entente.Shared))
	if err != nil {
		return "", err
	}
	here := map[string]bool{}
	for _, b := range x.node.Ring().Bindings(entente.RoleAgency) {
		if _, ok := active[b.Name]; ok {
			here[b.Agency] = true
		}
	}
	for _, a := range candidates {
		if here[a] {
			return a, nil
		}
	}
	if len(here) == 0 {
		return "", errors.New("no agency key of this party is active and on this machine")
	}
	// None of those that it is for can speak any more; the node still says what it did.
	return slices.Min(slices.Collect(maps.Keys(here))), nil
}

// fetchOf gets what an entry carries that is no release to this party: what another
// party asked or explained or, after a restore, what this one had sent.
func (x *Exchange) fetchOf(ctx context.Context, j store.Job) error {
	c, err := x.carrying(ctx, j.Entry)
	if err != nil || c == nil || c.sealed == nil {
		return err
	}
	if c.side.Direction == Out {
		_, err := x.fetchWhole(ctx, j, c.side.To, *c.sealed)
		return err
	}
	decision, no, err := x.node.DecideUse(ctx, node.Use{
		Act: policy.Receive, Of: c.side.Ref, Shredded: x.payloads.Tombstoned(c.sealed.Digest),
	})
	if err != nil {
		return err
	}
	if !decision.Allow {
		detail := map[string]any{"policies": decision.Policies}
		if len(no) > 0 {
			detail["code"], detail["detail"] = no[0].Code, no[0].Detail
		}
		x.audit(ctx, "node", "fetch", c.side.Ref, "refused", detail)
		// It may have come with a pouch.
		_, _, err := x.payloads.Shred(c.sealed.Digest, causeRejected)
		return err
	}
	reason, err := x.fetchWhole(ctx, j, c.side.From, *c.sealed)
	if reason != "" {
		x.audit(ctx, "node", "fetch", c.side.Ref, "failed", map[string]any{"reason": reason})
		return nil
	}
	return err
}

// content is what an entry carries, sealed, and for whom.
type content struct {
	side   Side
	sealed *entente.Sealed
	state  func(Viewer) bool // who may see it
	// release marks what is opened by its own use case, and recorded as a use.
	release bool
}

// carrying reads an entry that is no release to this party as what it carries; nil
// for one that counts for nothing, or is not between this party and another.
func (x *Exchange) carrying(ctx context.Context, ref entente.Ref) (*content, error) {
	v, err := store.ByRef[json.RawMessage](ctx, x.view(), ref.Log, ref.Index)
	if err != nil {
		return nil, notFoundIsNil(err)
	}
	now := x.now()
	j := store.Job{Entry: ref}
	switch v.Type {
	case entente.TypeRequest:
		s, err := settled[entente.Request](ctx, x, j, v.Type)
		if err != nil || s == nil {
			return nil, err
		}
		r, err := x.Request(ctx, Node, s.Ref, now)
		if err != nil {
			return nil, notFoundIsNil(err)
		}
		side := sideOf(x, s, s.Body.To, s.Body.Agencies, s.Body.Copied)
		return &content{side, &s.Body.Question, r.VisibleTo, false}, nil
	case entente.TypePermissionRequest:
		s, err := settled[entente.PermissionRequest](ctx, x, j, v.Type)
		if err != nil || s == nil {
			return nil, err
		}
		p, err := x.Permission(ctx, Node, s.Ref, now)
		if err != nil {
			return nil, notFoundIsNil(err)
		}
		return &content{p.Side, s.Body.Description, p.VisibleTo, false}, nil
	case entente.TypeRelease:
		r, err := x.Release(ctx, Node, v.Ref, now)
		if err != nil || r.Direction != Out || r.Recall != nil || r.DeletedBy(x.own) {
			return nil, notFoundIsNil(err)
		}
		return &content{r.Side, &r.Body.Content, r.VisibleTo, true}, nil
	case entente.TypeRefusal:
		return x.refusalNote(ctx, j, now)
	case entente.TypeMisuse:
		return x.misuseNote(ctx, j, now)
	}
	return nil, nil
}

func (x *Exchange) refusalNote(ctx context.Context, j store.Job, now time.Time) (*content, error) {
	s, err := settled[entente.Denial](ctx, x, j, entente.TypeRefusal)
	if err != nil || s == nil {
		return nil, err
	}
	r, err := x.Request(ctx, Node, s.Body.Request, now)
	if err != nil {
		return nil, notFoundIsNil(err)
	}
	return &content{sideOf(x, s, r.From, []string{r.Agency}, r.Copied), s.Body.Note, r.VisibleTo, false}, nil
}

func (x *Exchange) misuseNote(ctx context.Context, j store.Job, now time.Time) (*content, error) {
	s, err := settled[entente.Misuse](ctx, x, j, entente.TypeMisuse)
	if err != nil || s == nil {
		return nil, err
	}
	r, err := x.Release(ctx, Node, s.Body.Release, now)
	if err != nil {
		return nil, notFoundIsNil(err)
	}
	to, agencies := r.To, r.Agencies
	if s.Header.Author.Party == r.To {
		to, agencies = r.From, []string{r.Agency}
	}
	return &content{sideOf(x, s, to, agencies, nil), s.Body.Note, r.VisibleTo, false}, nil
}
