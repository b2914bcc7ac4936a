package seal

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// TestStream: what is encrypted comes back whole to the holder of a key, and to
// nobody else; altered or cut short, it never ends as if it were whole.
func TestStream(t *testing.T) {
	to, with, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	_, other, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	plain := bytes.Repeat([]byte("what travels "), 20_000)
	var sealed bytes.Buffer
	w, err := Encrypt(&sealed, to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	open := func(src io.Reader, with ...string) ([]byte, error) {
		r, err := Decrypt(src, with...)
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	}
	if got, err := open(bytes.NewReader(sealed.Bytes()), other, with); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if _, err := open(bytes.NewReader(sealed.Bytes()), other); !errors.Is(err, ErrNotAddressed) {
		t.Errorf("another key: %v", err)
	}
	for _, cut := range []int{0, 10, 1000, sealed.Len() / 2, sealed.Len() - 1} {
		if _, err := open(bytes.NewReader(sealed.Bytes()[:cut]), with); !errors.Is(err, ErrDamaged) {
			t.Errorf("cut at %d: %v", cut, err)
		}
		altered := bytes.Clone(sealed.Bytes())
		altered[cut] ^= 1
		if _, err := open(bytes.NewReader(altered), with); err == nil {
			t.Errorf("altered at %d: no error", cut)
		}
	}
	failing := io.MultiReader(bytes.NewReader(sealed.Bytes()[:70_000]), iotest.ErrReader(io.ErrClosedPipe))
	if _, err := open(failing, with); !errors.Is(err, io.ErrClosedPipe) || errors.Is(err, ErrDamaged) {
		t.Errorf("a disk that fails: %v", err)
	}
	if _, err := Encrypt(io.Discard); !errors.Is(err, ErrRecipient) {
		t.Errorf("to nobody: %v", err)
	}
	if _, err := Decrypt(bytes.NewReader(sealed.Bytes())); !errors.Is(err, ErrIdentity) {
		t.Errorf("with nothing: %v", err)
	}
}
