package api

import (
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiter lets each client make so many requests a minute, and a burst of a
// quarter of them at once. A client is an address (IPv6: a /64). Logs are not
// limited: whoever follows one reads many small files.
type limiter struct {
	clock     func() time.Time
	perMinute int
	next      http.Handler
	refuse    func(w http.ResponseWriter, r *http.Request, seconds int)

	mu      sync.Mutex
	clients map[string]*rate.Limiter
	swept   time.Time
}

// maxClients bounds what the limiter remembers; past it, it starts afresh.
const maxClients = 20_000

func (l *limiter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/log/") {
		l.next.ServeHTTP(w, r)
		return
	}
	now := l.clock()
	reserved := l.client(clientOf(r), now).ReserveN(now, 1)
	if wait := reserved.DelayFrom(now); wait > 0 {
		reserved.CancelAt(now)
		l.refuse(w, r, int(wait/time.Second)+1)
		return
	}
	l.next.ServeHTTP(w, r)
}

func (l *limiter) client(name string, now time.Time) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.clients == nil || len(l.clients) >= maxClients || now.Sub(l.swept) > time.Hour {
		l.clients, l.swept = map[string]*rate.Limiter{}, now
	}
	c := l.clients[name]
	if c == nil {
		c = rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), max(l.perMinute/4, 1))
		l.clients[name] = c
	}
	return c
}

func clientOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	ip := net.ParseIP(host)
	if ip == nil || ip.To4() != nil {
		return host
	}
	return ip.Mask(net.CIDRMask(64, 128)).String()
}

func itoa(n int) string { return strconv.Itoa(n) }
