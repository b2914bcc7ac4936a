package payload

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"entente"
)

// Tombstone says that a payload was shredded here, or may never come here.
type Tombstone struct {
	Digest entente.Digest `json:"digest"`
	// Cause is why: the cause of the deletion entry.
	Cause string `json:"cause"`
	// Key and Blob say what there was to destroy.
	Key  bool `json:"key"`
	Blob bool `json:"blob"`
}

// Tombstoned reports whether the payload was shredded, or is being.
func (s *Store) Tombstoned(d entente.Digest) bool {
	return exists(s.grave(d)) || exists(s.due(d)) || exists(s.grave(d)) // the second is renamed to the first
}

func (s *Store) grave(d entente.Digest) string { return s.path(graveFolder, d.String()) }
func (s *Store) due(d entente.Digest) string   { return s.path(graveFolder, duePrefix+d.String()) }

// Tombstones lists all tombstones, by digest.
func (s *Store) Tombstones() ([]Tombstone, error) {
	found, err := os.ReadDir(s.path(graveFolder, ""))
	if err != nil {
		return nil, err
	}
	byDigest := map[entente.Digest]Tombstone{}
	for _, f := range found {
		d, err := entente.ParseDigest(strings.TrimPrefix(f.Name(), duePrefix))
		if err != nil {
			continue // being written, or none of ours
		}
		t, err := s.tombstone(d)
		if err != nil {
			return nil, err
		}
		byDigest[d] = t
	}
	list := make([]Tombstone, 0, len(byDigest))
	for _, t := range byDigest {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b Tombstone) int { return slices.Compare(a.Digest[:], b.Digest[:]) })
	return list, nil
}

// tombstone reads a tombstone, finished or not; fs.ErrNotExist when there is none.
func (s *Store) tombstone(d entente.Digest) (Tombstone, error) {
	raw, err := os.ReadFile(s.grave(d))
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = os.ReadFile(s.due(d))
	}
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = os.ReadFile(s.grave(d)) // it was finished meanwhile
	}
	if err != nil {
		return Tombstone{}, err
	}
	var t Tombstone
	if bad := json.Unmarshal(raw, &t); bad == nil && t.Digest == d {
		return t, nil
	}
	// That it is there is what counts.
	return Tombstone{Digest: d, Cause: "unknown"}, nil
}

// Shred destroys a payload, the header first, and leaves a tombstone. key and blob
// say whether there was a header and a body, or parts of them, to destroy; said
// again, it says the same. After an error the payload is at least not served any
// more, and Shred is to be called again.
func (s *Store) Shred(d entente.Digest, cause string) (key, blob bool, err error) {
	defer s.lock(d)()
	alone := s.path(graveFolder, newPrefix+"lock-"+d.String())
	held, err := claim(alone, 0)
	if err != nil {
		return false, false, fmt.Errorf("shred payload %s: %w", d, err)
	}
	defer func() { err = errors.Join(err, gone(alone), held.Close()) }()
	t, err := s.tombstone(d)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		t = Tombstone{Digest: d, Cause: cause, Key: s.any(vaultFolder, d), Blob: s.any(bodyFolder, d)}
		err = s.writeDue(t)
	case err == nil:
		t, err = s.amend(t)
	}
	if err == nil {
		err = s.destroy(d)
	}
	if err != nil {
		return false, false, fmt.Errorf("shred payload %s: %w", d, err)
	}
	return t.Key, t.Blob, nil
}

// any reports whether a folder has the part of a payload, whole or arriving.
func (s *Store) any(folder string, d entente.Digest) bool {
	return slices.ContainsFunc(partNames(d), func(name string) bool { return exists(s.path(folder, name)) })
}

func partNames(d entente.Digest) []string { return []string{d.String(), incomingPrefix + d.String()} }

// amend notes in a tombstone what has come back since, such as from a backup.
func (s *Store) amend(t Tombstone) (Tombstone, error) {
	now := t
	now.Key = t.Key || s.any(vaultFolder, t.Digest)
	now.Blob = t.Blob || s.any(bodyFolder, t.Digest)
	if now == t {
		return t, nil
	}
	return now, s.writeDue(now)
}

// writeDue writes the tombstone of a payload that is about to be shredded: from
// here on it is not read, created or fetched any more.
func (s *Store) writeDue(t Tombstone) error {
	raw, err := json.Marshal(t)
	if err != nil {
		return err
	}
	var name string
	return s.steps(
		step{"write tombstone", func() (err error) { name, err = writeAside(s.path(graveFolder, ""), raw); return err }},
		step{"name tombstone", func() error { return os.Rename(name, s.due(t.Digest)) }},
		step{"sync tombstones", s.synced(graveFolder)},
	)
}

// destroy removes header and body and finishes the tombstone.
func (s *Store) destroy(d entente.Digest) error {
	var list []step
	for _, name := range partNames(d) {
		path := s.path(vaultFolder, name)
		list = append(list, step{"overwrite header", func() error { return overwrite(path) }},
			step{"remove header", func() error { return gone(path) }})
	}
	list = append(list, step{"sync vault", s.synced(vaultFolder)})
	for _, name := range partNames(d) {
		list = append(list, step{"remove body", func() error { return gone(s.path(bodyFolder, name)) }})
	}
	list = append(list, step{"sync payloads", s.synced(bodyFolder)})
	if exists(s.due(d)) {
		list = append(list, step{"finish tombstone", func() error { return s.finish(d) }},
			step{"sync tombstones", s.synced(graveFolder)})
	}
	return s.steps(list...)
}

// finish gives a tombstone its last name, unless another process just did.
func (s *Store) finish(d entente.Digest) error {
	err := os.Rename(s.due(d), s.grave(d))
	if errors.Is(err, fs.ErrNotExist) && exists(s.grave(d)) {
		return nil
	}
	return err
}

// overwrite overwrites a file that may be gone already, on the disk.
func overwrite(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.WriteAt(make([]byte, info.Size()), 0)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// writeAside writes a file of a new name, on the disk.
func writeAside(folder string, content []byte) (name string, err error) {
	f, err := os.CreateTemp(folder, newPrefix+"*") // mode 0600
	if err != nil {
		return "", err
	}
	if _, err = f.Write(content); err == nil {
		err = f.Sync()
	}
	return f.Name(), errors.Join(err, f.Close())
}

// finishShredding completes what was interrupted, and takes away again what a
// backup brought back of what was shredded.
func (s *Store) finishShredding() error {
	list, err := s.Tombstones()
	if err != nil {
		return err
	}
	for _, t := range list {
		if exists(s.due(t.Digest)) || s.any(vaultFolder, t.Digest) || s.any(bodyFolder, t.Digest) {
			if _, _, err := s.Shred(t.Digest, t.Cause); err != nil {
				return err
			}
		}
	}
	return nil
}

// sweep removes what killed processes left: unfinished files, and headers whose
// body never got its name.
func (s *Store) sweep() error {
	for _, folder := range []string{vaultFolder, bodyFolder, graveFolder} {
		found, err := os.ReadDir(s.path(folder, ""))
		if err != nil {
			return err
		}
		for _, f := range found {
			orphan := folder == vaultFolder && !strings.HasPrefix(f.Name(), ".") && !exists(s.path(bodyFolder, f.Name()))
			if !orphan && !strings.HasPrefix(f.Name(), newPrefix) {
				continue
			}
			info, err := f.Info()
			if err != nil || time.Since(info.ModTime()) < abandoned {
				continue // another process may be at it
			}
			path := s.path(folder, f.Name())
			if folder == vaultFolder {
				if err := overwrite(path); err != nil {
					return err
				}
			}
			if err := gone(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// Sweep removes payloads, whole or arriving, that have not been written to since a
// moment and that nothing names: what a process left that was killed after it made
// one and before it wrote down that it had. They get no tombstone, for a pouch or the
// other party's node may still bring one that an entry will name. It returns how many
// there were.
func (s *Store) Sweep(before time.Time, named func(entente.Digest) bool) (n int, err error) {
	seen := map[entente.Digest]bool{}
	for _, folder := range []string{vaultFolder, bodyFolder} {
		found, err := os.ReadDir(s.path(folder, ""))
		if err != nil {
			return n, err
		}
		for _, f := range found {
			d, err := entente.ParseDigest(strings.TrimPrefix(f.Name(), incomingPrefix))
			if err != nil || seen[d] {
				continue // another kind of file, which opening the store looks after
			}
			seen[d] = true
			dropped, err := s.drop(d, before, named)
			if err != nil {
				return n, fmt.Errorf("sweep payload %s: %w", d, err)
			}
			if dropped {
				n++
			}
		}
	}
	return n, nil
}

// drop removes a payload that is old and not named. What is arriving is neither.
func (s *Store) drop(d entente.Digest, before time.Time, named func(entente.Digest) bool) (bool, error) {
	if !s.written(d).Before(before) || named(d) {
		return false, nil
	}
	defer s.lock(d)()
	arriving := s.path(vaultFolder, incomingPrefix+d.String())
	held, err := claim(arriving, syscall.LOCK_NB)
	if errors.Is(err, ErrBusy) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, errors.Join(s.destroy(d), held.Close())
}

// written is when anything of a payload was last written.
func (s *Store) written(d entente.Digest) (t time.Time) {
	for _, folder := range []string{vaultFolder, bodyFolder} {
		for _, name := range partNames(d) {
			if info, err := os.Lstat(s.path(folder, name)); err == nil && info.ModTime().After(t) {
				t = info.ModTime()
			}
		}
	}
	return t
}
