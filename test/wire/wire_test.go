// Package wire tests following and peers together, over mutual TLS on loopback.
package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entente"
	"entente/internal/follow"
	"entente/internal/keys"
	"entente/internal/merkle"
	"entente/internal/peer"
	"entente/test/testlog"
)

const origin = "demo.mx.entente/shared"

var quiet = slog.New(slog.DiscardHandler)

// mexico serves one log of memory and takes cosignatures of its latest checkpoint.
type mexico struct {
	*testlog.Log
	cosigner string // vkey
	mu       sync.Mutex
	latest   []byte
	cosigned chan uint64
}

func (m *mexico) Checkpoint(context.Context, string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, err := merkle.Peek(m.latest)
	if err != nil || c.Size != m.Size() {
		m.latest = m.At(m.Size())
	}
	return m.latest, nil
}

func (m *mexico) SetCheckpoint(_ context.Context, _ string, signed []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.latest = signed
	return nil
}

func (m *mexico) Tile(ctx context.Context, _ string, level int, index uint64, width int) ([]byte, error) {
	return m.Log.Tile(ctx, level, index, width)
}

func (m *mexico) EntryBundle(ctx context.Context, _ string, index uint64, width int) ([]byte, error) {
	return m.Bundle(ctx, index, width)
}

func (m *mexico) Cosigned(ctx context.Context, _ string, cp []byte) error {
	err := peer.AddCosignature(ctx, m, origin, cp, []string{m.cosigner})
	if err == nil {
		c, peekErr := merkle.Peek(cp)
		m.cosigned <- c.Size
		err = peekErr
	}
	return err
}

func (m *mexico) Hint(string, peer.Hint)                                 {}
func (m *mexico) Accused(context.Context, string, merkle.Evidence) error { return nil }

// states follows: it keeps a mirror in memory.
type states struct {
	mu   sync.Mutex
	held *testlog.Log
	log  follow.Log
	woke func()
}

func (s *states) Followed(context.Context, string) (follow.Log, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log.Size, s.log.Hashes = s.held.Size(), s.held
	s.log.Root = s.held.Root(s.log.Size)
	return s.log, nil
}

func (s *states) Seen(context.Context, string, []byte) error { return nil }

func (s *states) Mirror(_ context.Context, _ string, _ uint64, raws [][]byte, cp []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held.Append(raws...)
	s.log.Checkpoint = cp
	return nil
}

func (s *states) Contradicted(context.Context, merkle.Evidence) error {
	return errors.New("an honest log")
}
func (s *states) Hint(string, peer.Hint)                         { s.woke() }
func (s *states) Cosigned(context.Context, string, []byte) error { return peer.ErrUnknownLog }
func (s *states) Accused(context.Context, string, merkle.Evidence) error {
	return nil
}

// tlsKey makes a TLS key as a node does, and pins it.
func tlsKey(t *testing.T, base string, pins map[entente.Digest]string, writer string) peer.Identity {
	t.Helper()
	ring, err := keys.OpenDir(t.TempDir(), 2).Create("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	b, err := ring.Generate(base, entente.RoleTLS, "")
	if err != nil {
		t.Fatal(err)
	}
	k, err := ring.Key(b.Name)
	if err != nil {
		t.Fatal(err)
	}
	c, err := k.TLS()
	if err != nil {
		t.Fatal(err)
	}
	pins[keys.Pin(c.Leaf)] = writer
	return func() (*tls.Certificate, error) { return &c, nil }
}

func listen(t *testing.T, h http.Handler, id peer.Identity, pins peer.Lookup) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := peer.HTTPServer(h, peer.ServerTLS(id, pins), quiet)
	go s.ServeTLS(l, "", "")
	t.Cleanup(func() { s.Close() })
	return "https://" + l.Addr().String()
}

// TestAnEntryIsSeenAndCosigned: Mexico appends and hints; the United States
// follow at once, verify, mirror and cosign; the cosignature joins Mexico's
// checkpoint. Nobody polls meanwhile.
func TestAnEntryIsSeenAndCosigned(t *testing.T) {
	pinned := map[entente.Digest]string{}
	mxTLS, usTLS := tlsKey(t, "demo.mx.entente", pinned, "MX"), tlsKey(t, "demo.us.entente", pinned, "US")
	pins := func(pin entente.Digest) (string, bool) { w, ok := pinned[pin]; return w, ok }
	usLog := testlog.New("demo.us.entente/shared")
	mx := &mexico{Log: testlog.New(origin).Grow(600), cosigner: usLog.VKey, cosigned: make(chan uint64, 10)}
	us := &states{held: testlog.New(origin), log: follow.Log{Keys: []string{mx.VKey}}}
	may := func(string, string) bool { return true }
	mxURL := listen(t, peer.NewServer(peer.ServerOptions{Peers: pins, Reader: mx, Own: may, Mirrored: may, Inbox: mx, Logger: quiet}), mxTLS, pins)
	usURL := listen(t, peer.NewServer(peer.ServerOptions{Peers: pins, Reader: mx, Own: may, Mirrored: may, Inbox: us, Logger: quiet}), usTLS, pins)

	toMX := peer.HTTPClient(peer.ClientTLS(usTLS, pins, "MX"))
	link, err := peer.NewLink(mxURL, toMX, quiet)
	if err != nil {
		t.Fatal(err)
	}
	back, err := peer.NewLink(usURL, peer.HTTPClient(peer.ClientTLS(mxTLS, pins, "US")), quiet)
	if err != nil {
		t.Fatal(err)
	}
	source, err := follow.NewHTTPSource(link.LogURL(origin), toMX)
	if err != nil {
		t.Fatal(err)
	}
	cosigner, err := merkle.NewCosigner(usLog.Key)
	if err != nil {
		t.Fatal(err)
	}
	var rounds atomic.Int32
	f := follow.New(follow.Options{Origin: origin, Source: source, Keeper: us, Interval: time.Hour, Logger: quiet,
		OnCurrent: func(_ context.Context, _ string, cp []byte) {
			rounds.Add(1)
			if err := link.Cosign(cp, cosigner); err != nil {
				t.Error(err)
			}
		}})
	us.woke = f.Wake
	for _, run := range []func(context.Context) error{f.Run, link.Run, back.Run} {
		go run(t.Context())
	}
	for _, size := range []uint64{600, 601, 900} {
		if grow := size - mx.Size(); grow > 0 {
			mx.Grow(int(grow))
			back.Hint(origin, size)
		}
		select {
		case got := <-mx.cosigned:
			if got != size {
				t.Fatalf("size %d was cosigned, want %d", got, size)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("size %d was never cosigned: %+v", size, f.Status())
		}
	}
	v, err := merkle.NewCosignatureVerifier(usLog.VKey)
	if err != nil {
		t.Fatal(err)
	}
	cp, err := mx.Checkpoint(t.Context(), origin)
	if err != nil {
		t.Fatal(err)
	}
	if _, sigs, err := merkle.Open(cp, origin, mx.Verifier(), v); err != nil || len(sigs) != 2 {
		t.Errorf("Mexico's checkpoint carries %d good signatures, %v", len(sigs), err)
	}
	if us.held.Root(900) != mx.Root(900) || rounds.Load() != 3 {
		t.Errorf("after %d rounds %d entries are held", rounds.Load(), us.held.Size())
	}
}
