package simtest

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"entente/internal/network"
)

// site is what of a node can be reached.
type site struct {
	web, link http.Handler
	tls       *tls.Config
}

// fabric carries requests between nodes. What happens to a request follows from the
// seed, the step, the request and how often it was tried, so that it does not matter
// in which order goroutines come.
type fabric struct {
	seed uint64

	mu    sync.Mutex
	step  int
	calm  bool // no faults any more
	fault float64
	tries map[string]int
	sites map[string]*site // by name; missing when down
	cut   map[[2]string]bool
	old   map[string][]byte // by caller and URL: an earlier answer
	late  []func()          // messages to be delivered once more
	certs map[string]*x509.Certificate
}

func newFabric(seed uint64, fault float64) *fabric {
	return &fabric{seed: seed, fault: fault, tries: map[string]int{}, sites: map[string]*site{}, cut: map[[2]string]bool{},
		old: map[string][]byte{}, certs: map[string]*x509.Certificate{}}
}

var errNetwork = errors.New("the virtual network failed")

// route is how one node reaches another: over its link when c is set.
type route struct {
	f        *fabric
	from, to string
	c        *tls.Config
}

func (f *fabric) from(name string) func(network.Peer, *tls.Config) http.RoundTripper {
	return func(p network.Peer, c *tls.Config) http.RoundTripper {
		return route{f, name, strings.ToLower(p.Writer), c}
	}
}

// next begins a step.
func (f *fabric) next() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.step++
	clear(f.tries)
}

// dice are those of one try of one request.
func (f *fabric) dice(key string) (r *rand.Rand, fault float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tries[key]++
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %d %s", f.step, f.tries[key], key)
	fault = f.fault
	if f.calm {
		fault = 0
	}
	return rand.New(rand.NewPCG(f.seed, h.Sum64())), fault
}

func (f *fabric) site(from, to string) *site {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cut[pair(from, to)] || f.sites[from] == nil {
		return nil
	}
	return f.sites[to]
}

func pair(a, b string) [2]string {
	if a > b {
		a, b = b, a
	}
	return [2]string{a, b}
}

func (f *fabric) setSite(name string, s *site) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sites[name] = s
}

// RoundTrip implements [http.RoundTripper].
func (t route) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	key := t.from + " " + r.Method + " " + r.URL.String()
	dice, fault := t.f.dice(key)
	if dice.Float64() < fault {
		if err := delay(r, time.Duration(dice.IntN(3000))*time.Millisecond); err != nil {
			return nil, err
		}
	}
	if dice.Float64() < fault {
		return nil, errNetwork // the request is lost
	}
	res, err := t.deliver(r, body)
	if err != nil {
		return nil, err
	}
	if dice.Float64() < fault && r.Method == http.MethodPost {
		t.again(r, body)
	}
	if dice.Float64() < fault || t.f.site(t.from, t.to) == nil {
		return nil, errNetwork // the answer is lost
	}
	return res, t.spoil(dice, fault, key, res)
}

func delay(r *http.Request, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-r.Context().Done():
		return r.Context().Err()
	}
}

// deliver brings a request to its handler, as over TLS when it goes over the link.
func (t route) deliver(r *http.Request, body []byte) (*http.Response, error) {
	s := t.f.site(t.from, t.to)
	if s == nil {
		return nil, errNetwork
	}
	in := r.Clone(r.Context())
	in.Body, in.RequestURI, in.RemoteAddr = io.NopCloser(bytes.NewReader(body)), r.URL.RequestURI(), t.from
	in.TLS = nil
	h := s.web
	var server tls.ConnectionState
	if t.c != nil {
		h = s.link
		mine, err := t.f.cert(t.from, func() (*tls.Certificate, error) { return t.c.GetClientCertificate(nil) })
		if err != nil {
			return nil, err
		}
		theirs, err := t.f.cert(t.to, func() (*tls.Certificate, error) { return s.tls.GetCertificate(nil) })
		if err != nil {
			return nil, err
		}
		client := tls.ConnectionState{PeerCertificates: []*x509.Certificate{mine}}
		server.PeerCertificates = []*x509.Certificate{theirs}
		if err := errors.Join(s.tls.VerifyConnection(client), t.c.VerifyConnection(server)); err != nil {
			return nil, err
		}
		in.TLS = &client
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, in)
	res := rec.Result()
	res.Request = r
	if t.c != nil {
		res.TLS = &server
	}
	return res, nil
}

// cert returns a node's certificate; nobody changes TLS keys here.
func (f *fabric) cert(name string, own func() (*tls.Certificate, error)) (*x509.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c := f.certs[name]; c != nil {
		return c, nil
	}
	c, err := own()
	if err == nil {
		f.certs[name] = c.Leaf
		return c.Leaf, nil
	}
	return nil, err
}

// again keeps a message that will come a second time.
func (t route) again(r *http.Request, body []byte) {
	t.f.mu.Lock()
	defer t.f.mu.Unlock()
	if len(t.f.late) < 20 {
		t.f.late = append(t.f.late, func() {
			if res, err := t.deliver(r.WithContext(r.Context()), body); err == nil {
				res.Body.Close()
			}
		})
	}
}

// deliverLate delivers messages that were kept, out of their order.
func (f *fabric) deliverLate(r *rand.Rand) {
	f.mu.Lock()
	late := f.late
	f.late = nil
	f.mu.Unlock()
	r.Shuffle(len(late), func(i, j int) { late[i], late[j] = late[j], late[i] })
	for _, d := range late {
		d()
	}
}

// spoil puts an earlier answer, or a damaged one, in the place of an answer.
func (t route) spoil(dice *rand.Rand, fault float64, key string, res *http.Response) error {
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode == http.StatusOK && strings.HasSuffix(key, "/checkpoint") {
		t.f.mu.Lock()
		earlier := t.f.old[key]
		if earlier == nil || dice.Float64() < 0.5 {
			t.f.old[key] = body
		}
		t.f.mu.Unlock()
		if earlier != nil && dice.Float64() < fault {
			body = earlier
		}
	}
	if len(body) > 0 && dice.Float64() < fault/2 {
		body = bytes.Clone(body)
		body[dice.IntN(len(body))] ^= 1 << dice.IntN(8)
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	res.Header.Del("Content-Length")
	return nil
}
