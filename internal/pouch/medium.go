package pouch

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// medium is where a pouch is written: a directory, or one file.
type medium interface {
	// add writes one file of the pouch, durably, before it returns.
	add(name string, write func(io.Writer) error) error
	// keep drops whatever is there but these files, of these sizes, which were added
	// before; it reports an error when they are not there.
	keep(names []string, sizes []int64) error
	// drop removes files that were added, of a pouch that is given up.
	drop(names []string) error
	// finish adds the manifest: from then on the pouch is there.
	finish(name string, manifest []byte) error
}

// newMedium returns the medium at a path: one file when the path ends in .pouch and
// is no directory, else a directory, which is made when missing.
func newMedium(path string) (medium, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return folder(path), nil
	case err == nil:
		return nil, fmt.Errorf("%s exists: a pouch is written to a directory, or to a new file", path)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case strings.HasSuffix(path, manifestSuffix):
		return archive{path}, nil
	}
	return folder(path), os.MkdirAll(path, 0o755)
}

// folder writes a pouch into a directory, which may hold others.
type folder string

const partial = ".partial"

func (d folder) add(name string, write func(io.Writer) error) error {
	path := filepath.Join(string(d), name)
	f, err := os.OpenFile(path+partial, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	if err = write(f); err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path+partial))
	}
	if err := os.Rename(path+partial, path); err != nil {
		return err
	}
	return synced(string(d))
}

func (d folder) keep(names []string, sizes []int64) error {
	for i, name := range names {
		info, err := os.Stat(filepath.Join(string(d), name))
		if err != nil {
			return err
		}
		if info.Size() != sizes[i] {
			return fmt.Errorf("%s has %d bytes, not %d", name, info.Size(), sizes[i])
		}
	}
	return nil
}

func (d folder) drop(names []string) error {
	for _, name := range names {
		if err := os.Remove(filepath.Join(string(d), name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (d folder) finish(name string, manifest []byte) error {
	return d.add(name, func(w io.Writer) error {
		_, err := w.Write(manifest)
		return err
	})
}

func synced(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// archive writes a pouch into one file: a tar archive whose last member is the
// manifest. It has another name until it is whole.
type archive struct{ path string }

// block is the size of tar's records.
const block = 512

func padded(n int64) int64 { return (n + block - 1) / block * block }

func (a archive) open() (*os.File, error) {
	return os.OpenFile(a.path+partial, os.O_RDWR|os.O_CREATE, 0o644)
}

func (a archive) add(name string, write func(io.Writer) error) (err error) {
	f, err := a.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	at, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if err := a.member(f, at, name, write); err != nil {
		return errors.Join(err, f.Truncate(at))
	}
	return nil
}

// member writes a member at a place, and its header last, when its size is known.
func (a archive) member(f *os.File, at int64, name string, write func(io.Writer) error) error {
	if _, err := f.Seek(at+block, io.SeekStart); err != nil {
		return err
	}
	if err := write(f); err != nil {
		return err
	}
	end, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	size := end - at - block
	if err := f.Truncate(at + block + padded(size)); err != nil {
		return err
	}
	var header bytes.Buffer
	h := &tar.Header{Name: name, Size: size, Mode: 0o644, Typeflag: tar.TypeReg, Format: tar.FormatGNU}
	if err := tar.NewWriter(&header).WriteHeader(h); err != nil {
		return err
	}
	if header.Len() != block {
		return fmt.Errorf("the header of %s does not fit", name)
	}
	if _, err := f.WriteAt(header.Bytes(), at); err != nil {
		return err
	}
	return f.Sync()
}

func (a archive) keep(_ []string, sizes []int64) (err error) {
	f, err := a.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var want int64
	for _, n := range sizes {
		want += block + padded(n)
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() < want {
		return fmt.Errorf("%s has %d bytes, not the %d of its whole volumes", a.path+partial, info.Size(), want)
	}
	return f.Truncate(want)
}

func (a archive) drop([]string) error { return a.keep(nil, nil) }

func (a archive) finish(name string, manifest []byte) error {
	err := a.add(name, func(w io.Writer) error {
		_, err := w.Write(manifest)
		return err
	})
	if err != nil {
		return err
	}
	f, err := os.OpenFile(a.path+partial, os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, 2*block)) // the end of the archive
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(a.path+partial, a.path); err != nil {
		return err
	}
	return synced(filepath.Dir(a.path))
}

// Pouch is a pouch that was found, not yet checked.
type Pouch struct {
	Manifest
	raw   []byte
	paths []string // where its volumes may be
	// In one file: where each member is.
	file    string
	members map[string]span
}

// span is a part of a file.
type span struct{ at, size int64 }

// Find finds the pouches at paths: directories, manifests, and pouches in one file.
// The order is that in which they were made.
func Find(paths ...string) ([]*Pouch, error) {
	var found []*Pouch
	for _, path := range paths {
		list, err := find(path)
		if err != nil {
			return nil, err
		}
		found = append(found, list...)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("there is no pouch at %s: a pouch has a file whose name ends in %s", strings.Join(paths, ", "), manifestSuffix)
	}
	seen := map[string]*Pouch{}
	var out []*Pouch
	for _, p := range found {
		if same := seen[p.ID]; same != nil {
			same.paths = append(same.paths, p.paths...)
			continue
		}
		p.paths = append(p.paths, folders(paths)...)
		seen[p.ID] = p
		out = append(out, p)
	}
	sortByTime(out)
	return out, nil
}

func find(path string) ([]*Pouch, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		p, err := read(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return []*Pouch{p}, nil
	}
	names, err := filepath.Glob(filepath.Join(globbed(path), "*"+manifestSuffix))
	if err != nil {
		return nil, err
	}
	var out []*Pouch
	for _, name := range names {
		p, err := read(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, p)
	}
	return out, nil
}

// globbed is a path in which no character is a pattern's.
func globbed(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// folders are the paths that are directories.
func folders(paths []string) (out []string) {
	for _, p := range paths {
		if info, err := os.Stat(p); err == nil && info.IsDir() {
			out = append(out, p)
		}
	}
	return out
}

// read reads a manifest, or finds the one in a pouch of one file.
func read(path string) (*Pouch, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	start := make([]byte, len(Format))
	if _, err := io.ReadFull(f, start); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	p := &Pouch{paths: []string{filepath.Dir(path)}}
	if string(start) == Format {
		p.raw, err = io.ReadAll(io.LimitReader(f, maxManifest+1))
	} else {
		p.file = path
		p.raw, p.members, err = scan(f)
	}
	if err != nil {
		return nil, err
	}
	p.Manifest, err = parseManifest(p.raw)
	return p, err
}

// scan reads where the members of a pouch in one file are, and its manifest.
func scan(f io.ReadSeeker) (manifest []byte, members map[string]span, err error) {
	members = map[string]span{}
	r := tar.NewReader(f)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, damaged(err)
		}
		if _, twice := members[h.Name]; twice || !plainFile(h) || len(members) > maxVolumes {
			return nil, nil, fmt.Errorf("%w (its file holds what no pouch holds)", ErrFormat)
		}
		at, err := f.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, nil, err
		}
		members[h.Name] = span{at, h.Size}
		if !strings.HasSuffix(h.Name, manifestSuffix) {
			continue
		}
		if manifest != nil {
			return nil, nil, fmt.Errorf("%w (its file holds two manifests)", ErrFormat)
		}
		if manifest, err = io.ReadAll(io.LimitReader(r, maxManifest+1)); err != nil {
			return nil, nil, damaged(err)
		}
	}
	if manifest == nil {
		return nil, nil, fmt.Errorf("%w (its file holds no manifest: it may have been cut short)", ErrFormat)
	}
	return manifest, members, nil
}

// volume opens a volume; the first is number 1.
func (p *Pouch) volume(number int) (io.ReadCloser, int64, error) {
	name := p.volumeFile(number)
	if p.members != nil {
		at, ok := p.members[name]
		if !ok {
			return nil, 0, fmt.Errorf("%w (%s)", ErrMissing, name)
		}
		f, err := os.Open(p.file)
		if err != nil {
			return nil, 0, err
		}
		return section{io.NewSectionReader(f, at.at, at.size), f}, at.size, nil
	}
	for _, dir := range p.paths {
		f, err := os.OpenInRoot(dir, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		info, err := f.Stat()
		if err == nil && !info.Mode().IsRegular() {
			err = fmt.Errorf("%w (%s is no plain file)", ErrFormat, name)
		}
		if err != nil {
			return nil, 0, errors.Join(err, f.Close())
		}
		return f, info.Size(), nil
	}
	return nil, 0, fmt.Errorf("%w (%s)", ErrMissing, name)
}

// section is a part of an open file.
type section struct {
	io.Reader
	io.Closer
}
