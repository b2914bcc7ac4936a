package outbox

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"entente/internal/store"
)

const (
	postTimeout = 10 * time.Second
	maxAnswer   = 4 << 10
	maxURL      = 2000
)

// ErrGone means that a receiver answered 410: it wants nothing more, and its
// subscription is disabled (Standard Webhooks, "Deliverability").
var ErrGone = errors.New("the receiver answered 410 Gone and wants nothing more")

// CheckURL reports what keeps an address from being that of a webhook: it is
// https, or http on this machine, and carries no user and no fragment.
func CheckURL(target string) error {
	u, err := url.Parse(target)
	switch {
	case err != nil || u.Host == "" || len(target) > maxURL:
		return fmt.Errorf("a webhook goes to an address such as https://example.org/entente, not to %.100q", target)
	case u.User != nil || u.Fragment != "":
		return errors.New("a webhook's address carries no user and no fragment: what is sent there is signed instead")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return errors.New("a webhook goes over https, or over http to this machine: give an https address")
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// NewClient returns a client that follows no redirect and waits ten seconds at most.
func NewClient() *http.Client {
	return &http.Client{
		Timeout: postTimeout,
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: postTimeout, ResponseHeaderTimeout: postTimeout, MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Test sends an event of type test to a webhook, now, and reports how it went. It is
// not queued.
func (b *Outbox) Test(ctx context.Context, s store.Subscription) error {
	now := b.o.Now()
	e := store.Event{ID: eventID("test", fmt.Sprint(s.ID), now.UTC().Format(time.RFC3339Nano)), Type: "test", At: now.UTC().Truncate(time.Second)}
	if s.Kind == store.ByMail {
		if b.o.Mail == nil {
			return ErrNoMail
		}
		return b.mail(ctx, s, []store.Delivery{{Event: e}})
	}
	return b.post(ctx, s, e)
}

// post sends one event to a webhook.
func (b *Outbox) post(ctx context.Context, s store.Subscription, e store.Event) error {
	if err := CheckURL(s.Target); err != nil {
		return err
	}
	body, err := cloudEvent(e, b.o.Origin).encode()
	if err != nil {
		return err
	}
	secret, err := b.o.Unwrap(s.Secret)
	if err != nil {
		return err
	}
	defer clear(secret)
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Target, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", MediaType)
	req.Header.Set("User-Agent", "Entente")
	if err := sign(req.Header, string(secret), e.ID, b.o.Now(), body); err != nil {
		return err
	}
	res, err := b.o.Client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswer)); err != nil && res.StatusCode < 300 {
		return fmt.Errorf("its answer broke off: %w", err)
	}
	switch {
	case res.StatusCode >= 200 && res.StatusCode < 300:
		return nil
	case res.StatusCode == http.StatusGone:
		return ErrGone
	case res.StatusCode >= 300 && res.StatusCode < 400:
		return fmt.Errorf("the receiver answered %s: redirects are not followed, give the address it moved to", res.Status)
	}
	return fmt.Errorf("the receiver answered %s", res.Status)
}
