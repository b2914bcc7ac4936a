package peer_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"entente"
	"entente/internal/merkle"
	"entente/internal/peer"
	"entente/test/testlog"
)

const (
	mxShared = "demo.mx.entente/shared"
	mxPublic = "demo.mx.entente/public"
	mxInner  = "demo.mx.entente/national"
	usShared = "demo.us.entente/shared"
)

var quiet = slog.New(slog.DiscardHandler)

// identity makes a TLS key and returns its certificate and pin.
func identity(t testing.TB) (peer.Identity, entente.Digest) {
	t.Helper()
	pub, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, pub, private)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	c := &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}
	return func() (*tls.Certificate, error) { return c, nil }, entente.DigestOf(leaf.RawSubjectPublicKeyInfo)
}

// pins is a set of pinned keys that can change.
type pins struct {
	mu sync.Mutex
	of map[entente.Digest]string
}

func (p *pins) set(pin entente.Digest, writer string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of == nil {
		p.of = map[entente.Digest]string{}
	}
	if p.of[pin] = writer; writer == "" {
		delete(p.of, pin)
	}
}

func (p *pins) lookup(pin entente.Digest) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w, ok := p.of[pin]
	return w, ok
}

var errNotFound = errors.New("not found, says the reader")

// reader serves logs of memory.
type reader struct {
	mu   sync.Mutex
	logs map[string]*testlog.Log
	cps  map[string][]byte
}

func newReader(logs ...*testlog.Log) *reader {
	r := &reader{logs: map[string]*testlog.Log{}, cps: map[string][]byte{}}
	for _, l := range logs {
		r.logs[l.Origin] = l
		r.cps[l.Origin] = l.At(l.Size())
	}
	return r
}

func (r *reader) Checkpoint(_ context.Context, origin string) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if cp, ok := r.cps[origin]; ok {
		return cp, nil
	}
	return nil, errNotFound
}

func (r *reader) SetCheckpoint(_ context.Context, origin string, signed []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cps[origin] = signed
	return nil
}

func (r *reader) Tile(ctx context.Context, origin string, level int, index uint64, width int) ([]byte, error) {
	l, ok := r.logs[origin]
	if !ok {
		return nil, errNotFound
	}
	b, err := l.Tile(ctx, level, index, width)
	if err != nil {
		return nil, errNotFound
	}
	return b, nil
}

func (r *reader) EntryBundle(ctx context.Context, origin string, index uint64, width int) ([]byte, error) {
	if l, ok := r.logs[origin]; ok {
		return l.Bundle(ctx, index, width)
	}
	return nil, fs.ErrNotExist
}

// inbox keeps what peers handed over, by way of the real verification.
type inbox struct {
	*reader
	cosigners map[string][]string // writer → vkeys
	accused   *testlog.Log

	mu       sync.Mutex
	hints    []peer.Hint
	evidence []merkle.Evidence
	got      chan struct{}
}

func (i *inbox) Hint(_ string, h peer.Hint) {
	i.mu.Lock()
	i.hints = append(i.hints, h)
	i.mu.Unlock()
	i.got <- struct{}{}
}

func (i *inbox) Cosigned(ctx context.Context, writer string, cp []byte) error {
	c, err := merkle.Peek(cp)
	if err != nil {
		return err
	}
	if c.Origin == mxInner || i.logs[c.Origin] == nil {
		return peer.ErrUnknownLog
	}
	if err = peer.AddCosignature(ctx, i.reader, c.Origin, cp, i.cosigners[writer]); err == nil {
		i.got <- struct{}{}
	}
	return err
}

func (i *inbox) Accused(_ context.Context, _ string, e merkle.Evidence) error {
	if _, err := merkle.VerifyEvidence(e, i.accused.Verifier()); err != nil {
		return err
	}
	i.mu.Lock()
	i.evidence = append(i.evidence, e)
	i.mu.Unlock()
	i.got <- struct{}{}
	return nil
}

// node is Mexico's node, listening, and the United States' way to it.
type node struct {
	url   string
	inbox *inbox
	pins  *pins // of keys that may call, and of the node's own
	own   entente.Digest
	us    peer.Identity
	usPin entente.Digest
	usLog *testlog.Log
	// payloads are what the node hands over.
	payloads *payloads
}

func newNode(t testing.TB, logs ...*testlog.Log) *node {
	t.Helper()
	n := &node{pins: &pins{}, usLog: testlog.New(usShared), payloads: &payloads{}}
	own, pin := identity(t)
	n.own = pin
	n.us, n.usPin = identity(t)
	n.pins.set(pin, "MX")
	n.pins.set(n.usPin, "US")
	n.inbox = &inbox{reader: newReader(logs...), cosigners: map[string][]string{"US": {n.usLog.VKey}}, got: make(chan struct{}, 100)}
	h := peer.NewServer(peer.ServerOptions{
		Peers: n.pins.lookup, Reader: n.inbox, NotFound: errNotFound, Inbox: n.inbox, Payloads: n.payloads, Logger: quiet,
		Own:      func(writer, origin string) bool { return writer == "US" && origin != usShared },
		Mirrored: func(writer, origin string) bool { return writer == "US" && origin == usShared },
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := peer.HTTPServer(h, peer.ServerTLS(own, n.pins.lookup), quiet)
	go s.ServeTLS(l, "", "")
	t.Cleanup(func() { s.Close() })
	n.url = "https://" + l.Addr().String()
	return n
}

// client calls the node as id would, expecting Mexico's key.
func (n *node) client(t testing.TB, id peer.Identity) *http.Client {
	t.Helper()
	c := peer.HTTPClient(peer.ClientTLS(id, n.pins.lookup, "MX"))
	t.Cleanup(c.CloseIdleConnections)
	return c
}

func (n *node) link(t testing.TB) *peer.Link {
	t.Helper()
	l, err := peer.NewLink(n.url, n.client(t, n.us), quiet)
	if err != nil {
		t.Fatal(err)
	}
	go l.Run(t.Context())
	return l
}

func wait(t testing.TB, got <-chan struct{}) {
	t.Helper()
	select {
	case <-got:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing arrived")
	}
}
