package peer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"entente"
)

// Lookup says whose TLS key has the pin: the writer's code, or false for a key
// that is not, or no longer, active. A pin is the SHA-256 of a certificate's
// SubjectPublicKeyInfo (RFC 7469, section 2.4).
type Lookup func(pin entente.Digest) (writer string, ok bool)

// Identity returns this node's certificate; asked at every handshake, so that a
// new TLS key counts from the next connection on.
type Identity func() (*tls.Certificate, error)

// ErrStranger means that the other side's TLS key is not one that is pinned.
var ErrStranger = errors.New("the other side's TLS key is not pinned")

// ServerTLS returns the configuration of a peer listener: TLS 1.3, and a client
// without a pinned key is refused in the handshake.
func ServerTLS(own Identity, peers Lookup) *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		GetCertificate:         func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return own() },
		ClientAuth:             tls.RequireAnyClientCert,
		VerifyConnection:       func(s tls.ConnectionState) error { return verify(s, peers) },
		NextProtos:             []string{"h2", "http/1.1"},
		SessionTicketsDisabled: true, // a revoked key must not live on in a ticket
	}
}

// ClientTLS returns the configuration for calling one writer's node: it must show
// a TLS key of that writer. Names and authorities of certificates count for
// nothing; the pin is the trust.
func ClientTLS(own Identity, peers Lookup, writer string) *tls.Config {
	return &tls.Config{
		MinVersion:           tls.VersionTLS13,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return own() },
		InsecureSkipVerify:   true, // VerifyConnection holds the key against its pin instead
		VerifyConnection: func(s tls.ConnectionState) error {
			return verify(s, func(pin entente.Digest) (string, bool) {
				who, ok := peers(pin)
				return who, ok && who == writer
			})
		},
	}
}

func verify(s tls.ConnectionState, peers Lookup) error {
	if _, ok := whose(s.PeerCertificates, peers); !ok {
		return ErrStranger
	}
	return nil
}

func whose(chain []*x509.Certificate, peers Lookup) (string, bool) {
	if len(chain) == 0 {
		return "", false
	}
	return peers(entente.DigestOf(chain[0].RawSubjectPublicKeyInfo))
}

// Caller returns the writer whose node sent a request over mutual TLS. It asks
// the pins again: a connection does not outlive its key.
func Caller(r *http.Request, peers Lookup) (string, bool) {
	if r.TLS == nil {
		return "", false
	}
	return whose(r.TLS.PeerCertificates, peers)
}

// HTTPClient returns a client for calling nodes under a TLS configuration: one
// of [ClientTLS], or nil for public logs.
func HTTPClient(c *tls.Config) *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		TLSClientConfig:       c,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   8,
		IdleConnTimeout:       2 * time.Minute,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
	}}
}

// HTTPServer returns a server with the time limits that a node's listeners need.
// What goes wrong in handshakes, such as strangers, is logged at debug level.
func HTTPServer(h http.Handler, c *tls.Config, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		TLSConfig:         c,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       3 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
}
