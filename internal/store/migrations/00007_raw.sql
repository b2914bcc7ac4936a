-- The bytes of entries stand in the order in which they came, so that a commit adds
-- them at the end of one table: between those of other logs, each would have SQLite
-- spread four pages anew. What is small says where they are.

-- +goose Up
CREATE TABLE raw (
  num  INTEGER PRIMARY KEY,
  data BLOB NOT NULL
);
CREATE TABLE place (
  eid      INTEGER PRIMARY KEY,
  verified INTEGER NOT NULL, -- all signatures were checked and valid at this place
  raw      INTEGER NOT NULL REFERENCES raw(num)
);
INSERT INTO place SELECT eid, verified, row_number() OVER (ORDER BY eid) FROM entry;
INSERT INTO raw SELECT p.raw, e.raw FROM place p JOIN entry e ON e.eid = p.eid ORDER BY p.eid;
DROP TABLE entry;
CREATE VIEW entry AS SELECT p.eid, p.verified, r.data AS raw FROM place p JOIN raw r ON r.num = p.raw;

-- +goose Down
DROP VIEW entry;
CREATE TABLE entry (
  eid      INTEGER PRIMARY KEY,
  verified INTEGER NOT NULL,
  raw      BLOB NOT NULL
);
INSERT INTO entry SELECT p.eid, p.verified, r.data FROM place p JOIN raw r ON r.num = p.raw ORDER BY p.eid;
DROP TABLE place;
DROP TABLE raw;
