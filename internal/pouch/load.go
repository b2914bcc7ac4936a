package pouch

import (
	"errors"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/tlog"

	"entente/internal/merkle"
)

// loaded is a section whose logs were read; its files are still to come.
type loaded struct {
	*sectionReader
	bytes    io.Reader // of the section
	logs     []*source
	cosigned [][]byte
	more     bool // a file follows: it is the member that was read last
}

// load reads a section up to its first file.
func load(r io.Reader, id string, kind Kind, to *stage) (*loaded, error) {
	reader, err := openSection(r, id, kind)
	if err != nil {
		return nil, err
	}
	l := &loaded{sectionReader: reader, bytes: r}
	for _, p := range reader.head.Logs {
		l.logs = append(l.logs, &source{part: p, tiles: map[place]held{}, staged: to.file})
	}
	for {
		m, err := reader.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if m.kind == memberFile {
			l.more = true
			break
		}
		if err := l.take(m, to); err != nil {
			return nil, err
		}
	}
	if len(l.cosigned) != l.head.Cosigned || l.more != (len(l.head.Files) > 0) {
		return nil, fmt.Errorf("%w (a section does not hold what it says)", ErrFormat)
	}
	for _, s := range l.logs {
		if err := s.whole(); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// take takes a member that is no file.
func (l *loaded) take(m member, to *stage) (err error) {
	wrong := fmt.Errorf("%w (%s is out of place)", ErrFormat, m.name())
	switch m.kind {
	case memberCheckpoint:
		if m.n >= len(l.logs) || l.logs[m.n].checkpoint != nil {
			return wrong
		}
		l.logs[m.n].checkpoint, err = l.all(merkle.MaxNote)
	case memberTile:
		if m.n >= len(l.logs) {
			return wrong
		}
		return l.tile(l.logs[m.n], m.tile, to)
	case memberCosigned:
		if m.n != len(l.cosigned) || m.n >= l.head.Cosigned {
			return wrong
		}
		var raw []byte
		raw, err = l.all(merkle.MaxNote)
		l.cosigned = append(l.cosigned, raw)
	default:
		return wrong
	}
	return err
}

// tile puts a tile or bundle aside.
func (l *loaded) tile(s *source, id merkle.TileID, to *stage) error {
	at := place{id.Level, id.Index}
	_, twice := s.tiles[at]
	limit := int64(id.Width * tlog.HashSize)
	fits := l.size == limit
	if id.Level == merkle.Entries {
		fits = l.size <= merkle.MaxBundle
	}
	level := max(id.Level, 0)
	if twice || !fits || level > 7 || id.Index*merkle.TileWidth+uint64(id.Width) > s.part.Size>>(merkle.TileHeight*level) {
		return fmt.Errorf("%w (%s is out of place)", ErrFormat, l.at.name())
	}
	where, err := to.put(l)
	if err == nil {
		s.tiles[at] = held{id.Width, where}
	}
	return err
}

// whole reports whether the pouch carries of the log what it says: the checkpoint
// and the entries.
func (s *source) whole() error {
	c, err := merkle.Peek(s.checkpoint)
	if err != nil || c.Origin != s.part.Origin || c.Size != s.part.Size {
		return fmt.Errorf("%w (it carries no checkpoint of %d entries of %s)", ErrFormat, s.part.Size, s.part.Origin)
	}
	return s.entries(func([]byte) error { return nil })
}

// files calls take with each file of the section, in order, and then reads the
// section to its end.
func (l *loaded) files(take func(f file, r io.Reader) error) error {
	for i, f := range l.head.Files {
		if i > 0 || !l.more {
			if _, err := l.next(); err != nil {
				return ended(err)
			}
		}
		if l.at.kind != memberFile || l.at.n != i || l.size != f.Size {
			return fmt.Errorf("%w (%s is out of place)", ErrFormat, l.at.name())
		}
		if err := take(f, l); err != nil {
			return err
		}
	}
	return l.drain()
}

// drain reads what is left: nothing but the end of the archive.
func (l *loaded) drain() error {
	if _, err := l.next(); !errors.Is(err, io.EOF) {
		return errors.Join(err, fmt.Errorf("%w (a section has more in it than it says)", ErrFormat))
	}
	_, err := io.Copy(io.Discard, l.bytes)
	return err
}
