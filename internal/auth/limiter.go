package auth

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiter bounds attempts by key (an account, an address): a burst, then one
// every so often. Keys that have rested are forgotten, so memory is bounded by
// the attempts of one window.
type limiter struct {
	mu     sync.Mutex
	every  time.Duration
	burst  int
	clock  func() time.Time
	byKey  map[string]*rate.Limiter
	swept  time.Time
	window time.Duration // after which an idle key is full again
}

func newLimiter(every time.Duration, burst int, clock func() time.Time) *limiter {
	return &limiter{
		every: every, burst: burst, clock: clock, byKey: map[string]*rate.Limiter{},
		window: every * time.Duration(burst), swept: clock(),
	}
}

// allow takes one attempt of key; when there is none left it says how long to wait.
func (l *limiter) allow(key string) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock()
	l.sweep(now)
	lim := l.byKey[key]
	if lim == nil {
		lim = rate.NewLimiter(rate.Every(l.every), l.burst)
		l.byKey[key] = lim
	}
	r := lim.ReserveN(now, 1)
	if delay := r.DelayFrom(now); delay > 0 {
		r.CancelAt(now)
		return delay, false
	}
	return 0, true
}

// sweep forgets keys whose burst is whole again.
func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < l.window {
		return
	}
	l.swept = now
	for key, lim := range l.byKey {
		if lim.TokensAt(now) >= float64(l.burst) {
			delete(l.byKey, key)
		}
	}
}

// forget gives key its burst back, after a success.
func (l *limiter) forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.byKey, key)
}

// backoff makes failures of a key cost ever more time: after a few, each doubles
// the wait, up to a quarter of an hour. A success or a rest forgets them.
type backoff struct {
	mu    sync.Mutex
	clock func() time.Time
	byKey map[string]failure
	swept time.Time
}

type failure struct {
	count int
	until time.Time // no attempt before
	last  time.Time
}

const (
	freeFailures = 4
	maxWait      = 15 * time.Minute
	failureRest  = time.Hour // after which failures are forgotten
)

func newBackoff(clock func() time.Time) *backoff {
	return &backoff{clock: clock, byKey: map[string]failure{}, swept: clock()}
}

// allow says how long a key must still wait, if it must.
func (b *backoff) allow(key string) (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock()
	if now.Sub(b.swept) > failureRest {
		b.swept = now
		for k, f := range b.byKey {
			if now.Sub(f.last) > failureRest {
				delete(b.byKey, k)
			}
		}
	}
	wait = b.byKey[key].until.Sub(now)
	return max(wait, 0), wait <= 0
}

// fail counts a failure of a key.
func (b *backoff) fail(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock()
	f := b.byKey[key]
	if now.Sub(f.last) > failureRest {
		f.count = 0
	}
	f.count++
	f.last, f.until = now, time.Time{}
	if over := f.count - freeFailures; over > 0 {
		f.until = now.Add(min(maxWait, time.Second<<min(over, 20)))
	}
	b.byKey[key] = f
}

// forget forgives a key, after a success.
func (b *backoff) forget(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.byKey, key)
}
