package peer_test

import (
	"crypto/tls"
	"errors"
	"net/http"
	"testing"

	"entente/internal/peer"
	"entente/test/testlog"
)

func TestOnlyPinnedKeysSpeak(t *testing.T) {
	n := newNode(t, testlog.New(mxShared).Grow(3))
	stranger, _ := identity(t)
	portal, portalPin := identity(t)
	n.pins.set(portalPin, "portal")
	url := n.url + peer.LogPath + mxShared + "/checkpoint"
	get := func(c *http.Client) (int, error) {
		res, err := c.Get(url)
		if err != nil {
			return 0, err
		}
		defer res.Body.Close()
		return res.StatusCode, nil
	}
	if code, err := get(n.client(t, n.us)); err != nil || code != http.StatusOK {
		t.Errorf("the counterpart is answered %d, %v", code, err)
	}
	if code, err := get(n.client(t, portal)); err != nil || code != http.StatusNotFound {
		t.Errorf("an observer with a pinned key is answered %d, %v", code, err)
	}
	if code, err := get(n.client(t, stranger)); err == nil {
		t.Errorf("a stranger is answered %d", code)
	}
	none := peer.ClientTLS(n.us, n.pins.lookup, "MX")
	none.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &tls.Certificate{}, nil }
	if code, err := get(peer.HTTPClient(none)); err == nil {
		t.Errorf("a caller without a key is answered %d", code)
	}
	old := peer.ClientTLS(n.us, n.pins.lookup, "MX")
	old.MaxVersion, old.MinVersion = tls.VersionTLS12, tls.VersionTLS12
	if code, err := get(peer.HTTPClient(old)); err == nil {
		t.Errorf("TLS 1.2 is answered %d", code)
	}
}

func TestACallerChecksWhomItReached(t *testing.T) {
	n := newNode(t)
	c := peer.HTTPClient(peer.ClientTLS(n.us, n.pins.lookup, "US"))
	if res, err := c.Get(n.url + peer.HintPath); !errors.Is(err, peer.ErrStranger) {
		t.Errorf("Mexico's node was taken for the United States': %v, %v", res, err)
	}
	n.pins.set(n.own, "")
	if res, err := n.client(t, n.us).Get(n.url + peer.HintPath); !errors.Is(err, peer.ErrStranger) {
		t.Errorf("a node whose key was revoked was spoken to: %v, %v", res, err)
	}
}

// TestARevokedKeyEndsAtOnce: the connection stays up, and is worth nothing.
func TestARevokedKeyEndsAtOnce(t *testing.T) {
	n := newNode(t, testlog.New(mxShared).Grow(3))
	c := n.client(t, n.us)
	url := n.url + peer.LogPath + mxShared + "/checkpoint"
	status := func() int {
		t.Helper()
		res, err := c.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	if got := status(); got != http.StatusOK {
		t.Fatal(got)
	}
	n.pins.set(n.usPin, "")
	if got := status(); got != http.StatusNotFound {
		t.Errorf("over the old connection the answer is %d", got)
	}
	c.CloseIdleConnections()
	if res, err := c.Get(url); err == nil {
		t.Errorf("over a new one, %s", res.Status)
	}
}
