package store

import (
	"io/fs"
	"testing"

	"github.com/pressly/goose/v3"

	"entente"
)

// TestEntriesMoveToTheirOwnTableAndBack: a database of before is opened with all that
// it holds.
func TestEntriesMoveToTheirOwnTableAndBack(t *testing.T) {
	s, mx := mexico(t)
	origin := mx.Origin(entente.National)
	_, err := s.Append(t.Context(), commitment(mx, entente.National, 1), commitment(mx, entente.Public, 2), commitment(mx, entente.National, 3))
	check(t, err)
	was := digests(t, s)
	check(t, s.Close())

	db, err := openWriter(s.path, nil)
	check(t, err)
	files, err := fs.Sub(migrations, "migrations")
	check(t, err)
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	check(t, err)
	_, err = p.DownTo(t.Context(), 6)
	check(t, err)
	var entries int
	check(t, db.QueryRow("SELECT count(*) FROM entry WHERE raw != x'' AND verified").Scan(&entries))
	check(t, db.Close())
	if entries != 6 { // with the genesis of each log
		t.Errorf("%d entries in the table of before", entries)
	}

	s, err = Open(t.Context(), Options{Path: s.path})
	check(t, err)
	defer s.Close()
	s.SetCheckpointer(newTestSigner(t))
	if digests(t, s) != was {
		t.Error("the state is another one")
	}
	_, err = s.Append(t.Context(), commitment(mx, entente.National, 4))
	check(t, err)
	if l := checkLog(t, s, origin); l.Size != 4 {
		t.Errorf("the log has %d entries", l.Size)
	}
	check(t, s.Rebuild(t.Context(), nil))
	checkHeads(t, s, mx)
}
