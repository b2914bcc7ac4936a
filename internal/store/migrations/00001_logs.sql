-- Durable: the logs themselves. Nothing here is derived from anything else, and a
-- rebuild of the projection never touches it.

-- +goose Up
CREATE TABLE pin (
  writer  TEXT PRIMARY KEY,
  own     INTEGER NOT NULL,
  raw     BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE log (
  num             INTEGER PRIMARY KEY, -- 22 bits of a hash of the origin
  origin          TEXT NOT NULL UNIQUE,
  writer          TEXT NOT NULL REFERENCES pin(writer),
  rank            INTEGER NOT NULL CHECK (rank BETWEEN 0 AND 2),
  own             INTEGER NOT NULL,
  genesis         BLOB NOT NULL,
  size            INTEGER NOT NULL DEFAULT 0,
  root            BLOB NOT NULL,
  checkpoint      BLOB,
  checkpoint_size INTEGER NOT NULL DEFAULT 0
);

-- An entry's number is log.num * 2^40 + index: one integer names it everywhere.
CREATE TABLE entry (
  eid      INTEGER PRIMARY KEY,
  verified INTEGER NOT NULL, -- all signatures were checked and valid at this place
  raw      BLOB NOT NULL
);

-- The ids that entries state, for idempotence and for the rule that an id stands
-- once in a log. idx is the lowest index that has it.
CREATE TABLE entry_id (
  log INTEGER NOT NULL,
  id  TEXT NOT NULL,
  idx INTEGER NOT NULL,
  PRIMARY KEY (log, id)
) WITHOUT ROWID;

-- Full tiles only: 256 hashes of 32 bytes. Key: log.num, level, index.
CREATE TABLE tile (
  log   INTEGER NOT NULL,
  level INTEGER NOT NULL,
  idx   INTEGER NOT NULL,
  data  BLOB NOT NULL,
  PRIMARY KEY (log, level, idx)
);

-- Counts the groups that were committed and made no log longer: one that changes
-- nothing else changes this, so that every commit can be seen to have happened.
CREATE TABLE generation (n INTEGER NOT NULL);
INSERT INTO generation VALUES (1);

-- Which fold and which tables the projection was made with; empty: to be rebuilt.
CREATE TABLE projection (digest BLOB NOT NULL);

-- +goose Down
DROP TABLE projection;
DROP TABLE generation;
DROP TABLE tile;
DROP TABLE entry_id;
DROP TABLE entry;
DROP TABLE log;
DROP TABLE pin;
