package payload

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"entente"
	"entente/internal/seal"
)

// MaxSize is the most bytes of a payload: 1 GiB of files, and what sealing adds.
const MaxSize = 1_100_000_000

// The folders of a store, and how the names of files in them begin that are not
// complete.
const (
	vaultFolder = "vault"
	bodyFolder  = "payloads"
	graveFolder = "tombstones"

	newPrefix      = ".new-" // being created; of no use after a crash
	incomingPrefix = ".in-"  // arriving; continued after a crash
	duePrefix      = ".due-" // a tombstone whose payload is being shredded
)

// abandoned is the age at which an unfinished file is taken for what a killed
// process left.
const abandoned = 24 * time.Hour

// Store is the payloads in a node's directory. Its methods are safe for concurrent
// use, and several processes may have the store of one directory open: a command
// beside a node that serves.
type Store struct {
	dir   string
	locks [64]sync.Mutex     // by digest: naming, shredding
	syncs map[string]*rounds // by folder
	// fault, in tests, is asked before and after each step of a change.
	fault func(step string, done bool) error
}

// Open returns the store in a node's directory. It completes what was being
// shredded, and removes what killed processes left.
func Open(dir string) (*Store, error) {
	s := &Store{dir: dir, syncs: map[string]*rounds{}}
	for _, folder := range []string{vaultFolder, bodyFolder, graveFolder} {
		s.syncs[folder] = &rounds{}
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o700); err != nil {
			return nil, err
		}
	}
	if err := s.finishShredding(); err != nil {
		return nil, err
	}
	return s, s.sweep()
}

// OutsideBackup reports whether a file of a node's directory, by its path in it,
// must not be in a backup: the headers of payloads, and what is not complete.
func OutsideBackup(rel string) bool {
	folder, name, _ := strings.Cut(filepath.ToSlash(rel), "/")
	return folder == vaultFolder && name != "" || folder == bodyFolder && strings.HasPrefix(name, ".")
}

func (s *Store) path(folder, name string) string { return filepath.Join(s.dir, folder, name) }
func (s *Store) header(d entente.Digest) string  { return s.path(vaultFolder, d.String()) }
func (s *Store) body(d entente.Digest) string    { return s.path(bodyFolder, d.String()) }

// lock keeps the naming and the shredding of a payload apart.
func (s *Store) lock(d entente.Digest) (unlock func()) {
	l := &s.locks[int(d[0])%len(s.locks)]
	l.Lock()
	return l.Unlock
}

// step runs one step of a change.
func (s *Store) step(name string, run func() error) error {
	if s.fault != nil {
		if err := s.fault(name, false); err != nil {
			return err
		}
	}
	if err := run(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if s.fault != nil {
		return s.fault(name, true)
	}
	return nil
}

// steps runs steps in order until one fails.
func (s *Store) steps(list ...step) error {
	for _, st := range list {
		if err := s.step(st.name, st.run); err != nil {
			return err
		}
	}
	return nil
}

type step struct {
	name string
	run  func() error
}

// synced brings the names in a folder to the disk.
func (s *Store) synced(folder string) func() error {
	return func() error {
		return s.syncs[folder].do(func() error {
			f, err := os.Open(filepath.Join(s.dir, folder))
			if err != nil {
				return err
			}
			return errors.Join(f.Sync(), f.Close())
		})
	}
}

// rounds let those who want the same done share it: who comes while it is being done
// waits for the next time, together with all who come until that begins.
type rounds struct {
	busy sync.Mutex // held while it is being done
	mu   sync.Mutex
	next *round // nil while nobody waits
}

type round struct {
	once sync.Once
	err  error
}

// do returns after run ran, begun after do was called.
func (g *rounds) do(run func() error) error {
	g.mu.Lock()
	if g.next == nil {
		g.next = &round{}
	}
	r := g.next
	g.mu.Unlock()
	r.once.Do(func() {
		g.busy.Lock()
		defer g.busy.Unlock()
		g.mu.Lock()
		g.next = nil
		g.mu.Unlock()
		r.err = run()
	})
	return r.err
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// gone removes a file that may be gone already.
func gone(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Has reports whether the payload is here, whole and not shredded.
func (s *Store) Has(d entente.Digest) bool {
	return exists(s.header(d)) && exists(s.body(d)) && !s.Tombstoned(d)
}

// Size returns the size of a payload in bytes. Errors are those of [Store.Get].
func (s *Store) Size(d entente.Digest) (int64, error) {
	r, err := s.get(d)
	if err != nil {
		return 0, err
	}
	return r.size, r.Close()
}

// Get opens a payload: the age file, whole. A payload that is shredded while it is
// read ends in [ErrShredded] at once. Errors: [ErrNotFound], [ErrShredded].
func (s *Store) Get(d entente.Digest) (io.ReadSeekCloser, error) {
	r, err := s.get(d)
	if err != nil {
		return nil, err // not r: a nil *reader is no nil interface
	}
	return r, nil
}

func (s *Store) get(d entente.Digest) (*reader, error) {
	if s.Tombstoned(d) {
		return nil, fmt.Errorf("payload %s: %w", d, ErrShredded)
	}
	header, err := os.ReadFile(s.header(d))
	if err == nil && len(header) > seal.MaxHeader {
		return nil, fmt.Errorf("payload %s: its header in the vault is damaged", d)
	}
	var body *os.File
	if err == nil {
		body, err = os.Open(s.body(d))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("payload %s: %w", d, ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	info, err := body.Stat()
	if err != nil {
		return nil, errors.Join(err, body.Close())
	}
	return &reader{s: s, digest: d, header: header, body: body, size: int64(len(header)) + info.Size()}, nil
}

// asksAgain is after how many bytes a reader looks for a tombstone again.
const asksAgain = 1 << 20

// reader joins a payload's parts.
type reader struct {
	s      *Store
	digest entente.Digest
	header []byte
	body   *os.File
	size   int64
	at     int64
	left   int64 // until it looks for a tombstone again
}

// Read implements [io.Reader].
func (r *reader) Read(b []byte) (n int, err error) {
	if r.left <= 0 {
		if r.s.Tombstoned(r.digest) {
			return 0, fmt.Errorf("payload %s: %w", r.digest, ErrShredded)
		}
		r.left = asksAgain
	}
	if r.at < int64(len(r.header)) {
		n = copy(b, r.header[r.at:])
	} else {
		n, err = r.body.ReadAt(b, r.at-int64(len(r.header)))
		if n > 0 && errors.Is(err, io.EOF) {
			err = nil
		}
	}
	r.at += int64(n)
	r.left -= int64(n)
	return n, err
}

// Seek implements [io.Seeker].
func (r *reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning of a payload")
	}
	r.at = offset
	return offset, nil
}

// Close implements [io.Closer].
func (r *reader) Close() error {
	clear(r.header)
	return r.body.Close()
}
