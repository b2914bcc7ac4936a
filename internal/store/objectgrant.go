package store

import (
	"context"
	"database/sql"
	"strings"

	"entente"
)

// What an agency may read of objects changes with the release that they came with,
// and with the releases that this one's objects refer to: they are renewed with them.

// releaseAt is a release by log and index.
type releaseAt struct {
	log   string
	index uint64
}

// GrantObjects shows the objects of a release to agencies: to each of them they
// are added now. An agency that has them keeps them where they are.
func (s *Store) GrantObjects(ctx context.Context, release entente.Ref, agencies ...string) error {
	at := releaseAt{release.Log, release.Index}
	return s.write(ctx, 0, func(w *writer) error {
		was, last, err := w.lastPosition()
		if err != nil {
			return err
		}
		if last, err = w.grant(at, last, func(int64) ([]string, error) { return agencies, nil }); err != nil || last == was {
			return err
		}
		return w.renewReferring(at, last)
	})
}

// RenewObjects adds the objects of a release anew for every agency that has them,
// and those that refer to them: whoever reads on from an earlier moment gets them. It
// is for releases whose objects could not be read for a time.
func (s *Store) RenewObjects(ctx context.Context, release entente.Ref) error {
	at := releaseAt{release.Log, release.Index}
	return s.write(ctx, 0, func(w *writer) error {
		was, last, err := w.lastPosition()
		if err != nil {
			return err
		}
		if last, err = w.grant(at, last, w.ungrant); err != nil || last == was {
			return err
		}
		return w.renewReferring(at, last)
	})
}

// DropObjects removes the objects of a release, and returns how many there were.
// Those that refer to them can be read again by whom they were hidden from, and are
// renewed.
func (s *Store) DropObjects(ctx context.Context, release entente.Ref) (n int, err error) {
	at := releaseAt{release.Log, release.Index}
	err = s.write(ctx, 0, func(w *writer) error {
		n = 0
		batches, err := w.batchesOf(at)
		if err != nil || len(batches) == 0 {
			return err
		}
		_, last, err := w.lastPosition()
		if err != nil {
			return err
		}
		referring, err := w.referring(at)
		if err != nil {
			return err
		}
		for _, b := range batches {
			gone, err := w.dropBatch(b)
			if err != nil {
				return err
			}
			n += int(gone)
		}
		return w.renewAll(referring, last)
	})
	return n, err
}

// dropBatch removes a batch with its objects, and returns how many there were.
func (w *writer) dropBatch(b [3]int64) (int64, error) {
	for _, table := range []string{"DELETE FROM object_grant WHERE batch = ?", "DELETE FROM object_ref WHERE batch = ?", "DELETE FROM object_batch WHERE num = ?"} {
		if _, err := w.exec(table, b[0]); err != nil {
			return 0, err
		}
	}
	res, err := w.exec("DELETE FROM object WHERE num BETWEEN ? AND ?", b[1], b[2])
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// lastPosition is the last position that was given, twice.
func (w *writer) lastPosition() (was, last int64, err error) {
	err = w.row("SELECT last FROM object_change", nil, &last)
	return last, last, err
}

// grant adds the objects of a release, after a last position, for the agencies of
// each batch, and returns the last position that it gave.
func (w *writer) grant(release releaseAt, last int64, agencies func(batch int64) ([]string, error)) (int64, error) {
	batches, err := w.batchesOf(release)
	if err != nil {
		return last, err
	}
	for _, b := range batches {
		list, err := agencies(b[0])
		if err != nil {
			return last, err
		}
		for _, agency := range list {
			since := max(w.s.clock().UnixMicro(), last+1)
			res, err := w.exec("INSERT OR IGNORE INTO object_grant (agency, batch, since) VALUES (?,?,?)", agency, b[0], since)
			if err != nil {
				return last, err
			}
			if n, err := res.RowsAffected(); err != nil {
				return last, err
			} else if n > 0 {
				last = since + b[2] - b[1]
			}
		}
	}
	return last, nil
}

// ungrant takes a batch from the agencies that have it, and returns them.
func (w *writer) ungrant(batch int64) (agencies []string, err error) {
	rows, err := w.query("SELECT agency FROM object_grant WHERE batch = ? ORDER BY agency", batch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var a string
		if err := rows.Scan(&a); err != nil {
			return nil, err
		}
		agencies = append(agencies, a)
	}
	if err := errorsOf(rows); err != nil {
		return nil, err
	}
	_, err = w.exec("DELETE FROM object_grant WHERE batch = ?", batch)
	return agencies, err
}

// errorsOf ends the reading of rows.
func errorsOf(rows *sql.Rows) error {
	if err := rows.Err(); err != nil {
		return err
	}
	return rows.Close()
}

// renewReferring renews what refers to the objects of a release, and counts the
// change.
func (w *writer) renewReferring(release releaseAt, last int64) error {
	referring, err := w.referring(release)
	if err != nil {
		return err
	}
	return w.renewAll(referring, last)
}

func (w *writer) renewAll(releases []releaseAt, last int64) (err error) {
	for _, r := range releases {
		if last, err = w.grant(r, last, w.ungrant); err != nil {
			return err
		}
	}
	return w.objectsChanged(last)
}

// addRefs notes what the objects of a batch refer to outside their release.
func (w *writer) addRefs(batch int64, rows []objectRow) error {
	seen := map[string]bool{}
	for _, r := range rows {
		if r.refs == "" {
			continue
		}
		for ref := range strings.SplitSeq(r.refs, " ") {
			if seen[ref] {
				continue
			}
			seen[ref] = true
			if _, err := w.exec("INSERT INTO object_ref (id, batch) VALUES (?,?)", ref, batch); err != nil {
				return err
			}
		}
	}
	return nil
}

// referring are the other releases whose objects refer to those of a release, in the
// order in which they came, directly or over others.
func (w *writer) referring(release releaseAt) (list []releaseAt, err error) {
	seen := map[releaseAt]bool{release: true}
	for open := []releaseAt{release}; len(open) > 0; {
		next, err := w.referringTo(open[0])
		if err != nil {
			return nil, err
		}
		open = open[1:]
		for _, r := range next {
			if !seen[r] {
				seen[r] = true
				list, open = append(list, r), append(open, r)
			}
		}
	}
	return list, nil
}

const sqlReferring = `SELECT DISTINCT b.log, b.idx FROM object o JOIN object_ref r ON r.id = o.id JOIN object_batch b ON b.num = r.batch
WHERE o.num BETWEEN ? AND ? ORDER BY b.num`

func (w *writer) referringTo(release releaseAt) (list []releaseAt, err error) {
	batches, err := w.batchesOf(release)
	if err != nil {
		return nil, err
	}
	for _, b := range batches {
		some, err := w.referringToBatch(b)
		if err != nil {
			return nil, err
		}
		list = append(list, some...)
	}
	return list, nil
}

func (w *writer) referringToBatch(b [3]int64) (list []releaseAt, err error) {
	rows, err := w.query(sqlReferring, b[1], b[2])
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r releaseAt
		if err := rows.Scan(&r.log, &r.index); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}
