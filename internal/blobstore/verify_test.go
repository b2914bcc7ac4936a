package blobstore

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	"entente"
)

func TestABlobOfAnotherDigestIsRefused(t *testing.T) {
	d, path := open(t)
	content := []byte("figures")
	var wrong *DigestError
	if _, err := d.PutVerified(t.Context(), entente.DigestOf([]byte("other")), bytes.NewReader(content)); !errors.As(err, &wrong) || wrong.Got != entente.DigestOf(content) {
		t.Errorf("stored under another digest: %v", err)
	}
	if left := files(t, path); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	size, err := d.PutVerified(t.Context(), entente.DigestOf(content), bytes.NewReader(content))
	if err != nil || size != int64(len(content)) {
		t.Fatalf("%d bytes, %v", size, err)
	}
	if ok, err := d.Has(t.Context(), entente.DigestOf(content)); err != nil || !ok {
		t.Errorf("not there: %v", err)
	}
}

func TestAChangedFileIsFoundWhenItIsRead(t *testing.T) {
	d, _ := open(t)
	digest, _, err := d.Put(t.Context(), bytes.NewReader(bytes.Repeat([]byte("figures "), 10000)))
	if err != nil {
		t.Fatal(err)
	}
	read := func() error {
		r, size, err := GetVerified(t.Context(), d, digest)
		if err != nil {
			return err
		}
		defer r.Close()
		n, err := io.Copy(io.Discard, r)
		if err == nil && n != size {
			t.Errorf("read %d of %d bytes", n, size)
		}
		return err
	}
	if err := read(); err != nil {
		t.Errorf("as it was put: %v", err)
	}
	f, err := os.OpenFile(d.file(digest), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("F"), 0); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	var wrong *DigestError
	if err := read(); !errors.As(err, &wrong) || wrong.Want != digest {
		t.Errorf("a changed file: %v", err)
	}
	if _, _, err := GetVerified(t.Context(), d, entente.Digest{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("a blob that is not there: %v", err)
	}
}
