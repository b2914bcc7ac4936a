package keys

import (
	"bytes"
	"testing"
)

// TestWrapped: what a ring wrapped only that ring opens, and nothing of it shows.
func TestWrapped(t *testing.T) {
	a, err := OpenDir(t.TempDir()+"/a", 2).Create("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	b, err := OpenDir(t.TempDir()+"/b", 2).Create("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte("a secret that is a secret")
	wrapped, err := a.Wrap(secret)
	if err != nil || bytes.Contains(wrapped, secret) {
		t.Fatalf("wrapped %q, %v", wrapped, err)
	}
	got, err := a.Unwrap(wrapped)
	if err != nil || !bytes.Equal(got, secret) {
		t.Errorf("unwrapped %q, %v", got, err)
	}
	if _, err := b.Unwrap(wrapped); err == nil {
		t.Error("another ring opens it")
	}
	wrapped[len(wrapped)-1] ^= 1
	if got, err := a.Unwrap(wrapped); err == nil {
		t.Errorf("altered, it gives %q", got)
	}
	if _, err := a.Wrap(make([]byte, maxWrapped)); err == nil {
		t.Error("a secret without bounds is wrapped")
	}
}
