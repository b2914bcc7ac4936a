package outbox

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a webhook (Standard Webhooks, "Webhook headers").
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"
)

const (
	// secretPrefix begins a symmetric secret as receivers are given it (Standard
	// Webhooks, "Signature scheme").
	secretPrefix = "whsec_"
	secretSize   = 32
	// schemeHMAC marks an HMAC-SHA256 signature.
	schemeHMAC = "v1,"
	// Tolerance is how far the time of a webhook may be from the receiver's clock.
	Tolerance = 5 * time.Minute
)

// Why a webhook is not to be believed; compare with [errors.Is].
var (
	ErrSignature = errors.New("no signature of the webhook is by the secret")
	ErrTimestamp = errors.New("the time of the webhook is too far from the clock here: it may be an old one sent again")
	ErrHeaders   = errors.New("the webhook lacks webhook-id, webhook-timestamp or webhook-signature, or they cannot be read")
	ErrSecret    = errors.New("a webhook's secret is whsec_ and 24 to 64 bytes in base64")
)

// NewSecret returns a secret as a receiver is given it: whsec_ and base64.
func NewSecret() (string, error) {
	raw := make([]byte, secretSize)
	if _, err := rand.Read(raw); err != nil {
		return "", err
	}
	return secretPrefix + base64.StdEncoding.EncodeToString(raw), nil
}

func parseSecret(secret string) ([]byte, error) {
	b64, ok := strings.CutPrefix(secret, secretPrefix)
	raw, err := base64.StdEncoding.DecodeString(b64)
	if !ok || err != nil || len(raw) < 24 || len(raw) > 64 {
		return nil, ErrSecret // says nothing of its content
	}
	return raw, nil
}

// mac signs id, timestamp and body, joined by full stops (Standard Webhooks,
// "Signature scheme").
func mac(secret []byte, id, timestamp string, body []byte) []byte {
	h := hmac.New(sha256.New, secret)
	fmt.Fprintf(h, "%s.%s.", id, timestamp)
	h.Write(body)
	return h.Sum(nil)
}

// sign sets the headers of a webhook. The id stays the same when it is sent again;
// the time is that of the sending.
func sign(header http.Header, secret, id string, at time.Time, body []byte) error {
	key, err := parseSecret(secret)
	if err != nil {
		return err
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	header.Set(HeaderID, id)
	header.Set(HeaderTimestamp, stamp)
	header.Set(HeaderSignature, schemeHMAC+base64.StdEncoding.EncodeToString(mac(key, id, stamp, body)))
	return nil
}

// Verify is what a receiver does before it believes a webhook: one of its signatures
// is by the secret and over exactly this body, and its time is within [Tolerance] of
// now. A receiver also remembers the webhook-id for as long, and does nothing when it
// comes again.
func Verify(secret string, header http.Header, body []byte, now time.Time) error {
	key, err := parseSecret(secret)
	if err != nil {
		return err
	}
	id, stamp, lines := header.Get(HeaderID), header.Get(HeaderTimestamp), header.Get(HeaderSignature)
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || strconv.FormatInt(seconds, 10) != stamp || id == "" || lines == "" || strings.ContainsRune(id, '.') {
		return ErrHeaders
	}
	want := mac(key, id, stamp, body)
	found := false
	for _, line := range strings.Fields(lines) {
		b64, ok := strings.CutPrefix(line, schemeHMAC)
		got, err := base64.StdEncoding.DecodeString(b64)
		found = found || ok && err == nil && hmac.Equal(got, want)
	}
	if !found {
		return ErrSignature
	}
	if at := time.Unix(seconds, 0); at.Before(now.Add(-Tolerance)) || at.After(now.Add(Tolerance)) {
		return ErrTimestamp
	}
	return nil
}
