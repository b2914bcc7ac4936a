package blobstore

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"

	"entente"
)

// DigestError says that bytes are not those of the digest they were taken for.
type DigestError struct{ Got, Want entente.Digest }

// Error names both digests.
func (e *DigestError) Error() string {
	return fmt.Sprintf("the file has the digest %s, not %s", e.Got, e.Want)
}

// GetVerified is Get for a reader that ends with a [*DigestError] instead of
// [io.EOF] when the bytes on disk are not those of the digest. Whoever acts on
// what was read does so after the end.
func GetVerified(ctx context.Context, s Store, d entente.Digest) (io.ReadCloser, int64, error) {
	r, size, err := s.Get(ctx, d)
	if err != nil {
		return nil, 0, err
	}
	return &verifying{r, sha256.New(), d}, size, nil
}

type verifying struct {
	io.ReadCloser
	h    hash.Hash
	want entente.Digest
}

func (v *verifying) Read(b []byte) (int, error) {
	n, err := v.ReadCloser.Read(b)
	v.h.Write(b[:n]) // a hash never fails
	if err == io.EOF {
		if got := entente.Digest(v.h.Sum(nil)); got != v.want {
			err = &DigestError{got, v.want}
		}
	}
	return n, err
}

// PutVerified stores what r gives when it has the digest; otherwise it stores
// nothing and returns a [*DigestError]. The size is in bytes.
func (d *Dir) PutVerified(ctx context.Context, want entente.Digest, r io.Reader) (int64, error) {
	_, size, err := d.put(ctx, r, &want)
	return size, err
}
