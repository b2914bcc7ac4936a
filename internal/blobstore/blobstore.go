// Package blobstore keeps files by their SHA-256 digest beside the logs.
//
// Invariants:
//   - a file under a digest has that digest: bytes become visible only when they
//     are complete, hashed and on disk;
//   - a blob is never changed; putting it again is a no-op;
//   - memory use does not depend on the size of a blob.
package blobstore

import (
	"context"
	"errors"
	"io"

	"entente"
)

// Store keeps blobs by digest. Its methods are safe for concurrent use.
type Store interface {
	// Put stores what r gives and returns its digest and size in bytes.
	Put(ctx context.Context, r io.Reader) (entente.Digest, int64, error)
	// Get opens a blob and tells its size; [ErrNotFound] when it is not here.
	Get(ctx context.Context, d entente.Digest) (io.ReadCloser, int64, error)
	// Has reports whether the blob is here.
	Has(ctx context.Context, d entente.Digest) (bool, error)
}

// ErrNotFound says that the blob is not here.
var ErrNotFound = errors.New("no such blob")
