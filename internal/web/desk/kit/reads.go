package kit

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"entente/internal/auth"
	"entente/internal/store"
)

// reads gathers who opened what and writes it in batches, so that a page does not
// wait for the trail. The same person opening the same thing again within a few
// minutes is one line.
type reads struct {
	mu      sync.Mutex
	pending []store.AuditEvent
	last    map[string]time.Time
}

const (
	readsDelay = time.Second
	readsAgain = 10 * time.Minute
	maxReads   = 10_000 // remembered; beyond it all are forgotten
)

func (l *reads) add(k *Kit, actor, kind, object, outcome string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := k.Now()
	key := actor + "\x00" + kind + "\x00" + object + "\x00" + outcome
	if last, ok := l.last[key]; ok && now.Sub(last) < readsAgain {
		return
	}
	if l.last == nil || len(l.last) > maxReads {
		l.last = map[string]time.Time{}
	}
	l.last[key] = now
	l.pending = append(l.pending, store.AuditEvent{Time: now, Actor: actor, Act: "read_" + kind, Object: object, Outcome: outcome})
	if len(l.pending) == 1 {
		time.AfterFunc(readsDelay, func() { l.flush(k) })
	}
}

func (l *reads) flush(k *Kit) {
	l.mu.Lock()
	lines := l.pending
	l.pending = nil
	l.mu.Unlock()
	if len(lines) > 0 {
		log(k.Node.Store().AddAudit(context.Background(), lines...))
	}
}

// Behind lets only signed-in people who may read through to next, and puts on the
// trail which pages of things and entries they open.
func (k *Kit) Behind(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lang, path := langOf(r)
		me := auth.From(r.Context())
		switch {
		case me == nil && r.Method == http.MethodGet:
			k.ToSignIn(w, r, lang)
			return
		case me == nil:
			http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
			return
		case !me.May(auth.Read):
			http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
			return
		}
		if strings.Count(path, "/") > 1 { // a thing or an entry, not a list
			k.reads.add(k, me.User.Name, "page", path, "done")
		}
		next.ServeHTTP(w, r)
	})
}
