package store

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"

	"entente"
)

// ObjectKey is the key under which the objects of one release, or the submissions
// of one client, are kept (XChaCha20-Poly1305). It is never in the database:
// destroying it shreds them.
type ObjectKey [chacha20poly1305.KeySize]byte

// Object is a STIX object as it is added.
type Object struct {
	ID, Type string
	Spec     string // specification version, "2.1"
	// Version is modified, or created where there is no modified (RFC 3339 in UTC);
	// "" where there is neither: the moment it was added is its version then.
	Version string
	// Refs are the identifiers that it refers to, those of objects that the
	// standards publish (TLP markings, extension definitions) left out.
	Refs []string
	Raw  []byte // JSON
}

// ObjectBatch is the objects of one release.
type ObjectBatch struct {
	Release  entente.Ref
	Areas    []string
	Agencies []string // that may read it from the start
	Objects  []Object
}

// maxPart is how many objects are added in one group: others write in between.
const maxPart = 2000

// AddObjects adds the objects of a release, sealed under its key, and then shows
// them to the agencies. Adding a release again adds what is missing of it.
func (s *Store) AddObjects(ctx context.Context, key ObjectKey, b ObjectBatch) error {
	aead, err := chacha20poly1305.NewX(key[:])
	if err != nil {
		return err
	}
	refs := outsideRefs(b.Objects)
	part := 0
	for from := 0; from < len(b.Objects); from += maxPart {
		to := min(from+maxPart, len(b.Objects))
		rows := make([]objectRow, 0, to-from)
		for i, o := range b.Objects[from:to] {
			rows = append(rows, objectRow{o, refs[from+i], sealObject(aead, b.Release, o)})
		}
		if err := s.addPart(ctx, b, part, rows); err != nil {
			return err
		}
		part++
	}
	return s.GrantObjects(ctx, b.Release, b.Agencies...)
}

// objectRow is an object ready to be stored.
type objectRow struct {
	Object
	refs   string
	sealed []byte
}

func (s *Store) addPart(ctx context.Context, b ObjectBatch, part int, rows []objectRow) error {
	moment := s.clock().UTC().Format(versionForm)
	return s.write(ctx, 0, func(w *writer) error {
		var have int
		err := w.row("SELECT count(*) FROM object_batch WHERE log = ? AND idx = ? AND part = ?", []any{b.Release.Log, b.Release.Index, part}, &have)
		if err != nil || have > 0 {
			return err
		}
		var first, last int64
		for i, r := range rows {
			if last, err = w.addObject(r, moment); err != nil {
				return err
			}
			if i == 0 {
				first = last
			}
		}
		if last-first != int64(len(rows)-1) {
			return fmt.Errorf("%w: the numbers of objects have a gap", errGroup)
		}
		res, err := w.exec("INSERT INTO object_batch (log, idx, leaf, part, first, last, areas) VALUES (?,?,?,?,?,?,?)",
			b.Release.Log, b.Release.Index, b.Release.Leaf[:], part, first, last, ","+strings.Join(b.Areas, ",")+",")
		if err != nil {
			return err
		}
		num, err := res.LastInsertId()
		if err != nil {
			return err
		}
		if err := w.addRefs(num, rows); err != nil {
			return err
		}
		return w.objectsChanged(0)
	})
}

func (w *writer) addObject(r objectRow, moment string) (num int64, err error) {
	version := moment
	if r.Version != "" {
		version = r.Version
	}
	res, err := w.exec("UPDATE object SET again = 1 WHERE id = ?", r.ID)
	if err != nil {
		return 0, err
	}
	again, err := res.RowsAffected()
	if err != nil {
		return 0, err
	}
	res, err = w.exec("INSERT INTO object (id, type, spec, version, refs, again, sealed) VALUES (?,?,?,?,?,?,?)",
		r.ID, r.Type, r.Spec, version, r.refs, again > 0, r.sealed)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

// objectsChanged counts a change, and the last position given when it gave one.
func (w *writer) objectsChanged(last int64) error {
	_, err := w.exec("UPDATE object_change SET n = n + 1, last = max(last, ?)", last)
	return err
}

// batchesOf reads the batches of a release inside the running group.
func (w *writer) batchesOf(release releaseAt) (batches [][3]int64, err error) {
	rows, err := w.query("SELECT num, first, last FROM object_batch WHERE log = ? AND idx = ? ORDER BY part", release.log, release.index)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var b [3]int64
		if err := rows.Scan(&b[0], &b[1], &b[2]); err != nil {
			return nil, err
		}
		batches = append(batches, b)
	}
	return batches, rows.Err()
}

// ReleasesWithObjects returns the releases that objects are kept of.
func (s *Store) ReleasesWithObjects(ctx context.Context) ([]entente.Ref, error) {
	return collect(ctx, s.read(nil), "SELECT DISTINCT log, idx, leaf FROM object_batch ORDER BY log, idx", nil, func(rows *sql.Rows) (entente.Ref, error) {
		var r entente.Ref
		var leaf []byte
		err := rows.Scan(&r.Log, &r.Index, &leaf)
		copy(r.Leaf[:], leaf)
		return r, err
	})
}

// sealObject encrypts an object. What it is bound to, [openObject] must know again.
func sealObject(aead cipher.AEAD, release entente.Ref, o Object) []byte {
	out := make([]byte, aead.NonceSize(), aead.NonceSize()+len(o.Raw)+aead.Overhead())
	_, _ = rand.Read(out) // never fails: crypto/rand
	return aead.Seal(out, out, o.Raw, objectContext(release, o.ID))
}

func openObject(aead cipher.AEAD, release entente.Ref, id string, sealed, dst []byte) ([]byte, error) {
	n := aead.NonceSize()
	if len(sealed) < n {
		return nil, fmt.Errorf("the object %s of %s is cut short", id, release)
	}
	raw, err := aead.Open(dst, sealed[:n], sealed[n:], objectContext(release, id))
	if err != nil {
		return nil, fmt.Errorf("the object %s of %s cannot be opened: the key is another one, or the database was changed", id, release)
	}
	return raw, nil
}

func objectContext(release entente.Ref, id string) []byte {
	return fmt.Appendf(make([]byte, 0, 160), "entente object\n%s\n%d\n%s", release.Log, release.Index, id)
}

// versionForm is the form of a version that is the moment of adding.
const versionForm = "2006-01-02T15:04:05.000000Z"

// versionKey returns a time stamp of RFC 3339 in UTC in a form that sorts as time
// does, whatever its precision.
func versionKey(stamp string) string {
	stamp = strings.TrimSuffix(stamp, "Z")
	if strings.Contains(stamp, ".") {
		stamp = strings.TrimSuffix(strings.TrimRight(stamp, "0"), ".")
	}
	return stamp
}

// outsideRefs returns for each object of a release what decides whether it may be
// seen where others may not: the identifiers outside the release that it refers
// to, and those inside that lead outside in turn.
func outsideRefs(objects []Object) []string {
	inside := make(map[string][]int, len(objects))
	for i, o := range objects {
		inside[o.ID] = append(inside[o.ID], i)
	}
	leads := make([]bool, len(objects))
	backs := map[string][]int{} // who refers to an identifier of the release
	var queue []int
	for i, o := range objects {
		for _, ref := range o.Refs {
			if _, in := inside[ref]; in {
				backs[ref] = append(backs[ref], i)
			} else if !leads[i] {
				leads[i] = true
				queue = append(queue, i)
			}
		}
	}
	for len(queue) > 0 {
		o := objects[queue[0]]
		queue = queue[1:]
		for _, i := range backs[o.ID] {
			if !leads[i] {
				leads[i] = true
				queue = append(queue, i)
			}
		}
	}
	out := make([]string, len(objects))
	for i, o := range objects {
		if !leads[i] {
			continue
		}
		var list []string
		for _, ref := range o.Refs {
			in := inside[ref]
			if len(in) == 0 || slices.ContainsFunc(in, func(j int) bool { return leads[j] }) {
				list = append(list, ref)
			}
		}
		slices.Sort(list)
		out[i] = strings.Join(slices.Compact(list), " ")
	}
	return out
}
