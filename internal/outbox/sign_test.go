package outbox

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestSignatureVector is the worked example of the Standard Webhooks specification.
func TestSignatureVector(t *testing.T) {
	h := http.Header{}
	body := []byte(`{"test": 2432232314}`)
	at := time.Unix(1614265330, 0)
	check(t, sign(h, testSecret, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body))
	if got, want := h.Get(HeaderSignature), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
	check(t, Verify(testSecret, h, body, at))
}

func TestVerifyRefuses(t *testing.T) {
	body := []byte(`{"a":1}`)
	secret, err := NewSecret()
	check(t, err)
	other, err := NewSecret()
	check(t, err)
	if secret == other || !strings.HasPrefix(secret, "whsec_") {
		t.Errorf("secrets %s, %s", secret, other)
	}
	signed := func(edit func(http.Header)) http.Header {
		h := http.Header{}
		check(t, sign(h, secret, "evt_1", noon, body))
		edit(h)
		return h
	}
	same := func(http.Header) {}
	for _, c := range []struct {
		name   string
		secret string
		header http.Header
		body   string
		now    time.Time
		want   error
	}{
		{"as sent", secret, signed(same), string(body), noon, nil},
		{"late within bounds", secret, signed(same), string(body), noon.Add(Tolerance), nil},
		{"two signatures", secret, signed(func(h http.Header) { h.Set(HeaderSignature, "v1,AAAA v1a,AAAA "+h.Get(HeaderSignature)) }), string(body), noon, nil},
		{"another body", secret, signed(same), `{"a":2}`, noon, ErrSignature},
		{"another secret", other, signed(same), string(body), noon, ErrSignature},
		{"another id", secret, signed(func(h http.Header) { h.Set(HeaderID, "evt_2") }), string(body), noon, ErrSignature},
		{"id and body shifted", secret, signed(func(h http.Header) { h.Set(HeaderID, "evt_1.1") }), string(body), noon, ErrHeaders},
		{"another time", secret, signed(func(h http.Header) { h.Set(HeaderTimestamp, "1772625601") }), string(body), noon, ErrSignature},
		{"sent again later", secret, signed(same), string(body), noon.Add(Tolerance + time.Second), ErrTimestamp},
		{"from the future", secret, signed(same), string(body), noon.Add(-Tolerance - time.Second), ErrTimestamp},
		{"no signature", secret, signed(func(h http.Header) { h.Del(HeaderSignature) }), string(body), noon, ErrHeaders},
		{"no time", secret, signed(func(h http.Header) { h.Del(HeaderTimestamp) }), string(body), noon, ErrHeaders},
		{"a padded time", secret, signed(func(h http.Header) { h.Set(HeaderTimestamp, "0"+h.Get(HeaderTimestamp)) }), string(body), noon, ErrHeaders},
		{"no secret", "", signed(same), string(body), noon, ErrSecret},
		{"a short secret", "whsec_AAAA", signed(same), string(body), noon, ErrSecret},
	} {
		if err := Verify(c.secret, c.header, []byte(c.body), c.now); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(testSecret, "evt_1", "1772625600", "v1,AAAA", []byte(`{}`))
	f.Fuzz(func(t *testing.T, secret, id, stamp, signature string, body []byte) {
		h := http.Header{HeaderID: {id}, HeaderTimestamp: {stamp}, HeaderSignature: {signature}}
		if secret != testSecret {
			_ = Verify(secret, h, body, noon)
		}
		if Verify(testSecret, h, body, noon) == nil {
			t.Error("a signature was made up")
		}
	})
}
