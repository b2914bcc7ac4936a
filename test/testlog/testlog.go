// Package testlog is a log in memory for tests: it appends, signs, proves and
// serves tiles as an honest node would, and can be forked under the same key to
// play a lying one.
package testlog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"entente"
	"entente/internal/merkle"
)

// Log is a log in memory. It may be used from several goroutines.
type Log struct {
	Origin string
	Key    string // private log key in note form
	VKey   string

	mu     sync.Mutex
	raws   [][]byte
	hashes []tlog.Hash // by stored hash index
	extra  []note.Signer
}

// New returns an empty log whose Ed25519 key follows from its origin.
func New(origin string) *Log {
	l := &Log{Origin: origin}
	seed := sha256.Sum256([]byte("testlog " + origin))
	skey, vkey, err := note.GenerateKey(bytes.NewReader(slices.Repeat(seed[:], 4)), "test.entente/00000001")
	if err != nil {
		panic(err)
	}
	l.Key, l.VKey = skey, vkey
	return l
}

// AlsoSign adds signers to every later checkpoint.
func (l *Log) AlsoSign(s ...note.Signer) { l.extra = append(l.extra, s...) }

// Entry returns the bytes of the i-th entry that [Log.Grow] appends.
func Entry(i int) []byte { return fmt.Appendf(nil, "entente/v1 test\n{\"n\":%d}\n", i) }

// Grow appends n entries made by [Entry].
func (l *Log) Grow(n int) *Log {
	for range n {
		l.Append(Entry(int(l.Size())))
	}
	return l
}

// Append appends entries.
func (l *Log) Append(raws ...[]byte) *Log {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, raw := range raws {
		more, err := tlog.StoredHashes(int64(len(l.raws)), raw, tlog.HashReaderFunc(l.readLocked))
		if err != nil {
			panic(err)
		}
		l.raws = append(l.raws, raw)
		l.hashes = append(l.hashes, more...)
	}
	return l
}

// Fork returns a log with the same origin, keys and first size entries.
func (l *Log) Fork(size int) *Log {
	f := &Log{Origin: l.Origin, Key: l.Key, VKey: l.VKey, extra: slices.Clone(l.extra)}
	return f.Append(slices.Clone(l.raws[:size])...)
}

// Size returns the number of entries.
func (l *Log) Size() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return uint64(len(l.raws))
}

// Raw returns entry i.
func (l *Log) Raw(i uint64) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.raws[i]
}

// ReadHashes implements [tlog.HashReader].
func (l *Log) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.readLocked(indexes)
}

func (l *Log) readLocked(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x >= int64(len(l.hashes)) {
			return nil, fs.ErrNotExist
		}
		out[i] = l.hashes[x]
	}
	return out, nil
}

// Root returns the root hash over the first size entries.
func (l *Log) Root(size uint64) entente.Digest {
	root, err := merkle.RootAt(l, size)
	if err != nil {
		panic(err)
	}
	return root
}

// At returns the signed checkpoint of the first size entries.
func (l *Log) At(size uint64) []byte {
	signer, err := note.NewSigner(l.Key)
	if err != nil {
		panic(err)
	}
	cp := merkle.Checkpoint{Origin: l.Origin, Size: size, Root: l.Root(size)}
	raw, err := merkle.Sign(cp, append([]note.Signer{signer}, l.extra...)...)
	if err != nil {
		panic(err)
	}
	return raw
}

// Verifier returns the verifier of the log's key.
func (l *Log) Verifier() note.Verifier {
	v, err := merkle.NewVerifier(l.VKey)
	if err != nil {
		panic(err)
	}
	return v
}

// Checkpoint returns the signed checkpoint of all entries.
func (l *Log) Checkpoint(context.Context) ([]byte, error) { return l.At(l.Size()), nil }

// Tile returns a tile as tlog-tiles serves it.
func (l *Log) Tile(_ context.Context, level int, index uint64, width int) ([]byte, error) {
	return tlog.ReadTileData(tlog.Tile{H: merkle.TileHeight, L: level, N: int64(index), W: width}, l)
}

// Bundle returns an entry bundle as tlog-tiles serves it.
func (l *Log) Bundle(_ context.Context, index uint64, width int) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := index * merkle.TileWidth
	if first+uint64(width) > uint64(len(l.raws)) {
		return nil, fs.ErrNotExist
	}
	var out []byte
	for _, raw := range l.raws[first : first+uint64(width)] {
		var err error
		if out, err = merkle.AppendBundle(out, raw); err != nil {
			return nil, err
		}
	}
	return out, nil
}
