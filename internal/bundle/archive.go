package bundle

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"regexp"
	"slices"
	"strings"
)

// Bounds of a bundle that is read at all. An archive is stored uncompressed, so
// that what it unpacks to is never larger than itself.
const (
	MaxArchive = 256 << 20 // bytes
	MaxFiles   = 60_000
)

// ErrNotBundle means that the bytes are not a verification bundle in its one
// canonical form: damaged, repacked, or something else altogether.
var ErrNotBundle = errors.New("not a verification bundle as it was issued")

// fileForm is what a bundle's file may be named: lower-case path segments that no
// system takes for anything else.
var fileForm = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}){0,9}$`)

// dosEpoch is 1980-01-01 in the MS-DOS form that ZIP stores.
const dosEpoch = 1<<5 | 1

// pack writes files as an archive in canonical form: sorted by name, stored, no
// times, no attributes, no extra fields.
func pack(w io.Writer, files map[string][]byte) error {
	names := make([]string, 0, len(files))
	total := 0
	for name, content := range files {
		if !fileForm.MatchString(name) {
			return fmt.Errorf("bundle: %q cannot name a file in it", name)
		}
		names = append(names, name)
		total += len(content)
	}
	if len(names) > MaxFiles || total > MaxArchive {
		return fmt.Errorf("bundle: at most %d files and %d MiB, not %d and %d", MaxFiles, MaxArchive>>20, len(names), total>>20)
	}
	slices.Sort(names)
	z := zip.NewWriter(w)
	for _, name := range names {
		content := files[name]
		f, err := z.CreateRaw(&zip.FileHeader{
			Name: name, Method: zip.Store, ModifiedDate: dosEpoch, CRC32: crc32.ChecksumIEEE(content),
			CompressedSize64: uint64(len(content)), UncompressedSize64: uint64(len(content)),
		})
		if err != nil {
			return err
		}
		if _, err := f.Write(content); err != nil {
			return err
		}
	}
	return z.Close()
}

// unpack reads an archive of size bytes and refuses one that [pack] would not
// have written: that leaves no byte of it without meaning.
func unpack(r io.ReaderAt, size int64) (map[string][]byte, error) {
	if size > MaxArchive {
		return nil, fmt.Errorf("%w: larger than %d MiB", ErrNotBundle, MaxArchive>>20)
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotBundle, err)
	}
	if len(z.File) > MaxFiles {
		return nil, fmt.Errorf("%w: more than %d files", ErrNotBundle, MaxFiles)
	}
	files := make(map[string][]byte, len(z.File))
	left := uint64(size)
	for _, f := range z.File {
		if f.Method != zip.Store || f.CompressedSize64 != f.UncompressedSize64 || f.UncompressedSize64 > left {
			return nil, fmt.Errorf("%w: %s is not stored whole; the archive was repacked", ErrNotBundle, printable(f.Name))
		}
		left -= f.UncompressedSize64
		content, err := readFile(f)
		if err != nil {
			return nil, err
		}
		files[f.Name] = content
	}
	same := &comparer{want: io.NewSectionReader(r, 0, size)}
	if err := pack(same, files); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotBundle, err)
	}
	if same.n != size {
		return nil, fmt.Errorf("%w: %d bytes where there should be %d", ErrNotBundle, size, same.n)
	}
	return files, nil
}

func readFile(f *zip.File) ([]byte, error) {
	rc, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrNotBundle, printable(f.Name), err)
	}
	defer rc.Close()
	content := make([]byte, f.UncompressedSize64)
	if _, err := io.ReadFull(rc, content); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrNotBundle, printable(f.Name), err)
	}
	// The checksum is compared when the end is read.
	if _, err := rc.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: %s is damaged", ErrNotBundle, printable(f.Name))
	}
	return content, nil
}

// comparer is a writer that fails at the first byte that differs from want.
type comparer struct {
	want io.Reader
	n    int64
	buf  []byte
}

func (c *comparer) Write(p []byte) (int, error) {
	if len(c.buf) < len(p) {
		c.buf = make([]byte, len(p))
	}
	got := c.buf[:len(p)]
	if _, err := io.ReadFull(c.want, got); err != nil || !bytes.Equal(got, p) {
		return 0, fmt.Errorf("the archive is not in canonical form near byte %d", c.n)
	}
	c.n += int64(len(p))
	return len(p), nil
}

// printable makes a name of outside bytes fit to show.
func printable(name string) string {
	if len(name) > 80 {
		name = name[:80] + "…"
	}
	return strings.ToValidUTF8(fmt.Sprintf("%q", name), "�")
}
