package payload

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"entente"
	"entente/internal/seal"
)

const (
	pieceSize  = 256 << 10
	firstPiece = 16 << 10
	pieces     = 6 // at most, at a time
)

// parts takes an age file as it comes and writes its header and its body to two
// files. A large body is written and digested on other cores than the caller's.
type parts struct {
	header, body *os.File
	start        []byte // until the header is whole
	split        bool
	sum          hash.Hash
	size         int64 // of all that was taken
	limit        int64
	err          error // ends it

	piece      []byte // of the body, not yet written
	full, free chan []byte
	made       int
	done       chan error
}

// Write implements [io.Writer].
func (p *parts) Write(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	if int64(len(b)) > p.limit-p.size {
		p.err = fmt.Errorf("%w: more than %d bytes", ErrSize, p.limit)
		return 0, p.err
	}
	rest := b
	if !p.split {
		rest, p.err = p.takeHeader(b)
	}
	if p.err == nil {
		p.err = p.takeBody(rest)
	}
	if p.err != nil {
		return 0, p.err
	}
	p.size += int64(len(b))
	return len(b), nil
}

// takeHeader writes the header once it is whole and returns what belongs to the
// body.
func (p *parts) takeHeader(b []byte) (rest []byte, err error) {
	if p.start == nil {
		p.start = make([]byte, 0, firstPiece)
	}
	before := len(p.start)
	p.start = append(p.start, b[:min(len(b), seal.MaxHeader+1)]...)
	end, err := seal.HeaderLen(p.start)
	if err != nil || end == 0 {
		return nil, err
	}
	p.split = true
	p.sum.Write(p.start[:end])
	_, err = p.header.Write(p.start[:end])
	clear(p.start)
	p.start = nil
	return b[end-before:], err
}

func (p *parts) takeBody(b []byte) error {
	for len(b) > 0 {
		if p.piece == nil {
			p.piece = make([]byte, 0, firstPiece)
			p.made = 1
		}
		if room := cap(p.piece); len(p.piece) == room { // most payloads are small
			p.piece = append(make([]byte, 0, min(4*room, pieceSize)), p.piece...)
		}
		n := min(len(b), cap(p.piece)-len(p.piece))
		p.piece = append(p.piece, b[:n]...)
		b = b[n:]
		if len(p.piece) == pieceSize {
			if err := p.handOver(); err != nil {
				return err
			}
		}
	}
	return nil
}

// handOver gives a full piece to who writes it, and takes an empty one.
func (p *parts) handOver() error {
	if p.full == nil {
		p.full, p.free, p.done = make(chan []byte, pieces), make(chan []byte, pieces), make(chan error, 1)
		go p.behind(p.full, p.free, p.done)
	}
	select {
	case p.full <- p.piece:
	case err := <-p.done: // it failed
		p.full = nil
		return err
	}
	if p.made < pieces {
		p.piece = make([]byte, 0, pieceSize)
		p.made++
		return nil
	}
	select {
	case p.piece = <-p.free:
		return nil
	case err := <-p.done:
		p.full = nil
		return err
	}
}

// behind writes pieces, and digests what is written beside that, until there are no
// more or one fails.
func (p *parts) behind(full <-chan []byte, free chan<- []byte, done chan<- error) {
	written, digested := make(chan []byte, pieces), make(chan struct{})
	go func() {
		defer close(digested)
		for piece := range written {
			p.sum.Write(piece)
			free <- piece[:0]
		}
	}()
	var err error
	out := flow{f: p.body}
	for piece := range full {
		if _, err = p.body.Write(piece); err != nil {
			break
		}
		out.wrote(len(piece))
		written <- piece
	}
	close(written)
	<-digested
	done <- err
}

func (p *parts) put(piece []byte) error {
	p.sum.Write(piece)
	_, err := p.body.Write(piece)
	return err
}

// flush writes what is left, so that the files hold all that was taken of header
// and body.
func (p *parts) flush() error {
	if p.full != nil {
		close(p.full)
		if err := <-p.done; err != nil {
			p.err = errors.Join(p.err, err)
		}
		p.full, p.free, p.made = nil, nil, 1
		p.piece = append(make([]byte, 0, pieceSize), p.piece...)
	}
	if p.err == nil && len(p.piece) > 0 {
		p.err = p.put(p.piece)
		p.piece = p.piece[:0]
	}
	return p.err
}

// digest is that of what was flushed, header and body.
func (p *parts) digest() entente.Digest { return entente.Digest(p.sum.Sum(nil)) }

// close closes both files.
func (p *parts) close() error {
	clear(p.start)
	return errors.Join(p.header.Close(), p.body.Close())
}

// sync brings both files to the disk.
func (p *parts) sync() error {
	other := make(chan error, 1)
	go func() { other <- p.header.Sync() }()
	return errors.Join(p.body.Sync(), <-other)
}

// newParts are parts in two files, which begin empty.
func newParts(header, body *os.File, limit int64) *parts {
	return &parts{header: header, body: body, limit: limit, sum: sha256.New()}
}

// resumeParts are parts in two files that hold what had arrived. What cannot be
// continued is dropped.
func resumeParts(header, body *os.File, limit int64) (*parts, error) {
	p := newParts(header, body, limit)
	start, err := io.ReadAll(io.LimitReader(header, seal.MaxHeader+1))
	if err != nil {
		return nil, err
	}
	if end, err := seal.HeaderLen(start); len(start) == 0 || err != nil || end != len(start) {
		return p, p.restart()
	}
	p.split = true
	p.sum.Write(start)
	n, err := io.Copy(p.sum, body)
	if err != nil {
		return nil, err
	}
	if p.size = int64(len(start)) + n; p.size > limit {
		return p, p.restart()
	}
	return p, nil
}

// restart empties both files.
func (p *parts) restart() error {
	for _, f := range []*os.File{p.header, p.body} {
		if err := f.Truncate(0); err != nil {
			return err
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
	}
	p.start, p.split, p.size, p.err, p.piece = nil, false, 0, nil, nil
	p.sum.Reset()
	return nil
}
