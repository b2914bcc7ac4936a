package peer

import (
	"net"
	"net/http"
	"sync"

	"golang.org/x/time/rate"
)

// maxCallers bounds how many callers are told apart at once.
const maxCallers = 10_000

// RateLimit lets each caller, by key, make perSecond requests on the long run and
// burst at once; beyond that it answers 429 before h is asked.
func RateLimit(h http.Handler, perSecond float64, burst int, key func(*http.Request) string) http.Handler {
	var mu sync.Mutex
	callers := map[string]*rate.Limiter{}
	limiter := func(k string) *rate.Limiter {
		mu.Lock()
		defer mu.Unlock()
		l, ok := callers[k]
		if !ok {
			if len(callers) >= maxCallers {
				clear(callers) // forgets the patient and the hasty alike, and no memory grows
			}
			l = rate.NewLimiter(rate.Limit(perSecond), burst)
			callers[k] = l
		}
		return l
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !limiter(key(r)).Allow() {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "too many requests", http.StatusTooManyRequests)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// ByAddress is the rate-limit key of open listeners: the caller's address, an
// IPv6 one by its /64.
func ByAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	if ip := net.ParseIP(host); ip != nil && ip.To4() == nil {
		return ip.Mask(net.CIDRMask(64, 128)).String()
	}
	return host
}
