package node

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"entente/internal/store"
)

// audit writes one line of the audit trail and waits until it is there.
func (n *Node) audit(ctx context.Context, actor, act, object, outcome string, detail any) error {
	e := store.AuditEvent{Time: n.now(), Actor: actor, Act: act, Object: object, Outcome: outcome}
	if detail != nil {
		b, err := json.Marshal(detail)
		if err != nil {
			return err
		}
		e.Detail = b
	}
	return n.store.AddAudit(ctx, e)
}

// event is an act on its way to the audit trail.
type event struct {
	actor, act, object string
	detail             any
	err                error // nil when it was done
}

// trail gathers events and writes them in batches, so that an append does not wait
// for a second transaction. What a crash takes with it is the last quarter second
// of who did what; the entries themselves carry whose keys signed.
type trail struct {
	mu      sync.Mutex
	pending []store.AuditEvent
}

const trailDelay = 250 * time.Millisecond

// note puts an event on the trail.
func (n *Node) note(e event) {
	line := store.AuditEvent{Time: n.now(), Actor: e.actor, Act: e.act, Object: e.object, Outcome: "done"}
	detail := e.detail
	if e.err != nil {
		line.Outcome = "failed"
		told := map[string]any{"error": e.err.Error()}
		var r *Refusal
		if errors.As(e.err, &r) {
			line.Outcome = "refused"
			told = map[string]any{"code": r.Code, "policies": r.Policies, "detail": r.Detail}
		}
		detail = told
	}
	if detail != nil {
		line.Detail, _ = json.Marshal(detail) // maps of strings always encode
	}
	n.trail.mu.Lock()
	defer n.trail.mu.Unlock()
	n.trail.pending = append(n.trail.pending, line)
	if len(n.trail.pending) == 1 {
		time.AfterFunc(trailDelay, n.writeTrail)
	}
}

// writeTrail writes what was noted.
func (n *Node) writeTrail() {
	n.trail.mu.Lock()
	lines := n.trail.pending
	n.trail.pending = nil
	n.trail.mu.Unlock()
	if len(lines) == 0 {
		return
	}
	if err := n.store.AddAudit(context.Background(), lines...); err != nil && !errors.Is(err, store.ErrClosed) {
		n.log.Error("the audit trail lacks lines", "lines", len(lines), "error", err)
	}
}
