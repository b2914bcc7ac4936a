package store

import (
	"fmt"
	"strings"

	"entente"
	"entente/internal/fold"
)

// projectionTables is the part of the projection that does not depend on the
// types of entries. Its rows are named by the entry's number (eid, see the table
// entry). Masks have one bit for each projection: 1 public, 2 shared, 4 national.
const projectionTables = `
CREATE TABLE version (
  eid      INTEGER PRIMARY KEY,
  type     TEXT NOT NULL,
  writer   TEXT NOT NULL,
  subject  TEXT NOT NULL,
  rank     INTEGER NOT NULL, -- of the audience
  status   INTEGER NOT NULL, -- see statuses
  time     INTEGER NOT NULL, -- as stated, microseconds; 0 when it cannot be read
  rule     TEXT,
  detail   TEXT,
  title_es TEXT,
  title_en TEXT,
  areas    TEXT,             -- separated by spaces
  leaf     BLOB NOT NULL,
  body     BLOB,             -- digest of the raw body
  content  BLOB NOT NULL,    -- digest of what the entry put into the projection
  acts     INTEGER NOT NULL, -- 1 supersedes, 2 corrects, 4 withdraws
  live     INTEGER NOT NULL, -- tips != 0
  tips     INTEGER NOT NULL, -- mask: no version replaces it
  cur      INTEGER NOT NULL, -- mask: the version to show of its thing
  fork     INTEGER NOT NULL, -- mask: current, and the thing has other tips
  gone     INTEGER NOT NULL, -- mask: current, and the thing is withdrawn
  sup      INTEGER NOT NULL, -- mask: a version supersedes it
  ret      INTEGER NOT NULL, -- mask: superseded, or its public copy stands in its place
  wd       INTEGER NOT NULL  -- mask: a withdrawal names it
);
CREATE TABLE link (
  dst  INTEGER NOT NULL,
  kind INTEGER NOT NULL, -- see linkKinds
  src  INTEGER NOT NULL,
  PRIMARY KEY (dst, kind, src)
) WITHOUT ROWID;
CREATE TABLE pending (
  origin TEXT NOT NULL,
  idx    INTEGER NOT NULL,
  src    INTEGER NOT NULL,
  PRIMARY KEY (origin, idx, src)
) WITHOUT ROWID;
CREATE TABLE area_of (
  area TEXT NOT NULL,
  eid  INTEGER NOT NULL,
  PRIMARY KEY (area, eid)
) WITHOUT ROWID;
CREATE TABLE joint_half (
  eid      INTEGER PRIMARY KEY,
  type     TEXT NOT NULL,
  subject  TEXT NOT NULL,
  rank     INTEGER NOT NULL,
  party    TEXT NOT NULL,
  body     BLOB NOT NULL,
  follows  BLOB NOT NULL,
  required TEXT NOT NULL -- separated by spaces
);
CREATE TABLE active_key (
  log     INTEGER NOT NULL,
  name    TEXT NOT NULL,
  root    INTEGER NOT NULL,
  binding TEXT NOT NULL, -- JSON
  PRIMARY KEY (log, name)
) WITHOUT ROWID;
CREATE TABLE search_text (
  eid INTEGER PRIMARY KEY,
  es  TEXT NOT NULL,
  en  TEXT NOT NULL
);
CREATE TABLE searched (
  log  INTEGER PRIMARY KEY,
  upto INTEGER NOT NULL -- entries below are in the full-text index
);
`

// foldingIndexes serve the fold itself: the tips of a thing and its versions, and
// what is withdrawn of it. A subject says almost always which thing it is; type and
// writer are compared in the rows. The order of subjects is kept, and not that of a
// hash: names follow one another in time, so that what is added stands together and
// a commit writes a few pages of the index, however large it is.
const foldingIndexes = `
CREATE INDEX version_subject ON version(subject, live);
CREATE INDEX version_wd ON version(subject) WHERE wd != 0;
`

// readingIndexes serve, in order: lists of a type; the latest entries; the
// corrections log; entries that are not admissible; the halves of a joint thing.
const readingIndexes = `
CREATE INDEX version_type ON version(type, time);
CREATE INDEX version_time ON version(time);
CREATE INDEX version_acts ON version(time) WHERE acts != 0;
CREATE INDEX version_odd ON version(status, time) WHERE status != 0;
CREATE INDEX joint_half_thing ON joint_half(type, subject);
`

// searchTables: one full-text index for each audience, so that a view asks only
// those it may read and the ranking of its hits depends on nothing else.
func searchTables() string {
	var b strings.Builder
	for _, a := range entente.Audiences {
		fmt.Fprintf(&b, "CREATE VIRTUAL TABLE %s USING fts5(es, en, content='search_text', content_rowid='eid', "+
			"tokenize='unicode61 remove_diacritics 2');\n", searchTable(a.Rank()))
	}
	return b.String()
}

func searchTable(rank int) string { return fmt.Sprintf("search_%d", rank) }

// typedTables returns the DDL of the typed tables; a typed table has the prefix
// "t_". indexes returns that of their indexes.
func typedTables() (tables, indexes string) {
	var t, x strings.Builder
	for _, table := range fold.Tables {
		key := "eid INTEGER PRIMARY KEY"
		if table.Many {
			key = "eid INTEGER NOT NULL, n INTEGER NOT NULL"
		}
		fmt.Fprintf(&t, "CREATE TABLE %s (%s", typedTable(table.Name), key)
		for _, c := range table.Columns {
			fmt.Fprintf(&t, ", %s %s", quote(c.Name), c.Kind)
			if c.Index {
				fmt.Fprintf(&x, "CREATE INDEX %s ON %s(%s)%s;\n", quote("x_"+table.Name+"_"+c.Name), typedTable(table.Name), quote(c.Name), whereStated(c))
			}
		}
		if table.Many {
			t.WriteString(", PRIMARY KEY (eid, n)) WITHOUT ROWID;\n")
		} else {
			t.WriteString(");\n")
		}
	}
	return t.String(), x.String()
}

// whereStated keeps what is not stated out of the index of a column: nobody asks for
// it, and adding to an index costs every entry.
func whereStated(c fold.Column) string {
	if c.Kind != fold.ColText {
		return ""
	}
	return " WHERE " + stated(quote(c.Name))
}

// stated is a condition on a text column: a query has it in these words to be
// answered from an index.
func stated(column string) string { return column + " != ''" }

func typedTable(name string) string { return quote("t_" + name) }

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// projectionNames are the names of all tables of the projection.
func projectionNames() []string {
	names := []string{"version", "link", "pending", "area_of", "joint_half", "active_key", "searched"}
	for _, a := range entente.Audiences {
		names = append(names, searchTable(a.Rank()))
	}
	names = append(names, "search_text")
	for _, t := range fold.Tables {
		names = append(names, "t_"+t.Name)
	}
	return names
}

// projectionDigest identifies the tables and the fold that fills them: when it is
// another one than the database was made with, the projection is rebuilt.
func projectionDigest() entente.Digest {
	tables, indexes := typedTables()
	return entente.DigestOf([]byte(fold.Version + projectionTables + foldingIndexes + readingIndexes + searchTables() + tables + indexes))
}
