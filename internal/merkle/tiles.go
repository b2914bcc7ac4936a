package merkle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	// TileHeight is the height of a tile: a full one is [TileWidth] hashes wide.
	TileHeight = 8
	// TileWidth is the number of hashes in a full tile and of entries in a full
	// entry bundle.
	TileWidth = 1 << TileHeight
	// MaxTile is the size of a full tile in bytes.
	MaxTile = TileWidth * tlog.HashSize
	// MaxBundle is the largest entry bundle in bytes: 256 entries of 65,535.
	MaxBundle = TileWidth * (2 + 65535)
	// Entries is the Level of a [TileID] that names an entry bundle.
	Entries = -1

	maxLevel = 63
)

// TileID names a tile or an entry bundle of a log (C2SP tlog-tiles).
type TileID struct {
	Level int    // 0 to 63, or [Entries]
	Index uint64 // within the level
	Width int    // 1 to 256; less than 256 for a partial one
}

// Path returns the path below a log's prefix: tile/<L>/<N>[.p/<W>], with
// "entries" as the level of an entry bundle.
func (id TileID) Path() string {
	p := tlog.Tile{H: TileHeight, L: max(id.Level, 0), N: int64(id.Index), W: id.Width}.Path()
	rest := strings.TrimPrefix(p, "tile/"+strconv.Itoa(TileHeight)+"/")
	if id.Level == Entries {
		return "tile/entries/" + strings.TrimPrefix(rest, "0/")
	}
	return "tile/" + rest
}

// ParseTilePath is the inverse of [TileID.Path]; every tile and bundle has
// exactly one path.
func ParseTilePath(path string) (TileID, error) {
	rest, ok := strings.CutPrefix(path, "tile/")
	number, entries := strings.CutPrefix(rest, "entries/")
	if entries {
		rest = "0/" + number
	}
	t, err := tlog.ParseTilePath("tile/" + strconv.Itoa(TileHeight) + "/" + rest)
	id := TileID{Level: t.L, Index: uint64(t.N), Width: t.W}
	if entries {
		id.Level = Entries
	}
	if !ok || err != nil || t.N < 0 || t.L > maxLevel || id.Path() != path {
		return TileID{}, fmt.Errorf("%q is not the path of a tile", path)
	}
	return id, nil
}

// AppendBundle appends one entry to an entry bundle: its length in two bytes,
// big-endian, and its bytes. raw has at most 65,535 bytes.
func AppendBundle(bundle, raw []byte) ([]byte, error) {
	if len(raw) > 65535 {
		return nil, fmt.Errorf("an entry in a bundle has at most 65535 bytes, not %d", len(raw))
	}
	return append(binary.BigEndian.AppendUint16(bundle, uint16(len(raw))), raw...), nil
}

// ParseBundle splits an entry bundle of exactly width entries. The entries share
// the memory of bundle.
func ParseBundle(bundle []byte, width int) ([][]byte, error) {
	if width < 1 || width > TileWidth {
		return nil, fmt.Errorf("an entry bundle has 1 to %d entries, not %d", TileWidth, width)
	}
	raws := make([][]byte, 0, width)
	for len(raws) < width {
		if len(bundle) < 2 {
			return nil, fmt.Errorf("the entry bundle ends after %d of %d entries", len(raws), width)
		}
		n := int(binary.BigEndian.Uint16(bundle))
		if len(bundle) < 2+n {
			return nil, fmt.Errorf("the entry bundle ends inside entry %d of %d", len(raws), width)
		}
		raws = append(raws, bundle[2:2+n:2+n])
		bundle = bundle[2+n:]
	}
	if len(bundle) > 0 {
		return nil, errors.New("the entry bundle has bytes after its last entry")
	}
	return raws, nil
}
