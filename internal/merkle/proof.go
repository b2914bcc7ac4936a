package merkle

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"entente"
)

// LeafHash returns the RFC 6962 leaf hash of an entry: SHA-256(0x00 ‖ raw).
func LeafHash(raw []byte) entente.Digest { return entente.Digest(tlog.RecordHash(raw)) }

// RootAt returns the root hash of the tree of the first size entries.
func RootAt(r tlog.HashReader, size uint64) (entente.Digest, error) {
	if size == 0 {
		return EmptyRoot, nil
	}
	if size > MaxSize {
		return entente.Digest{}, errSize(size)
	}
	h, err := tlog.TreeHash(int64(size), r)
	return entente.Digest(h), err
}

// Proof is a list of hashes, from the leaf's or the old tree's side upwards, in
// the order of RFC 6962, sections 2.1.1 and 2.1.2. Its JSON form is a list of
// base64 strings.
type Proof []tlog.Hash

// Inclusion proves that the entry at index is in the tree of the first size entries.
func Inclusion(r tlog.HashReader, index, size uint64) (Proof, error) {
	if size > MaxSize || index >= size {
		return nil, fmt.Errorf("there is no entry %d in a tree of %d", index, size)
	}
	p, err := tlog.ProveRecord(int64(size), int64(index), r)
	return Proof(p), err
}

// VerifyInclusion reports whether p proves that the entry with the leaf hash is
// at index in the tree of c.
func VerifyInclusion(p Proof, c Checkpoint, index uint64, leaf entente.Digest) error {
	if c.Size > MaxSize || index >= c.Size {
		return fmt.Errorf("there is no entry %d in a tree of %d", index, c.Size)
	}
	err := tlog.CheckRecord(tlog.RecordProof(p), int64(c.Size), tlog.Hash(c.Root), int64(index), tlog.Hash(leaf))
	if err != nil {
		return fmt.Errorf("%s#%d is not in the tree of size %d by this proof", c.Origin, index, c.Size)
	}
	return nil
}

// Consistency proves that the tree of the first newSize entries begins with the
// tree of the first oldSize. The proof from size 0, and from a size to itself,
// is empty.
func Consistency(r tlog.HashReader, oldSize, newSize uint64) (Proof, error) {
	if newSize > MaxSize {
		return nil, errSize(newSize)
	}
	if oldSize > newSize {
		return nil, fmt.Errorf("a tree of %d does not begin with one of %d", newSize, oldSize)
	}
	if oldSize == 0 || oldSize == newSize {
		return nil, nil
	}
	p, err := tlog.ProveTree(int64(newSize), int64(oldSize), r)
	return Proof(p), err
}

// VerifyConsistency reports whether p proves that the tree of size newSize with
// root newRoot begins with the tree of size oldSize with root oldRoot.
func VerifyConsistency(p Proof, newSize uint64, newRoot entente.Digest, oldSize uint64, oldRoot entente.Digest) error {
	if newSize > MaxSize || oldSize > newSize {
		return fmt.Errorf("a tree of %d does not begin with one of %d", newSize, oldSize)
	}
	if oldSize == 0 || oldSize == newSize {
		want := EmptyRoot
		if oldSize == newSize {
			want = newRoot
		}
		if oldRoot != want || len(p) > 0 {
			return errInconsistent
		}
		return nil
	}
	err := tlog.CheckTree(tlog.TreeProof(p), int64(newSize), tlog.Hash(newRoot), int64(oldSize), tlog.Hash(oldRoot))
	if err != nil {
		return errInconsistent
	}
	return nil
}

var errInconsistent = errors.New("the proof does not show that the larger tree begins with the smaller one")

func errSize(size uint64) error {
	return fmt.Errorf("a tree has at most %d entries, not %d", uint64(MaxSize), size)
}
