-- Workspace: STIX objects of received releases, as programs read them over TAXII;
-- objects that programs submitted for release; and the programs' accounts. Objects
-- are sealed under a key that is not in this database. Positions and moments of
-- objects are Unix microseconds, other times Unix milliseconds.

-- +goose Up
CREATE TABLE object_batch (
  num   INTEGER PRIMARY KEY AUTOINCREMENT,
  log   TEXT NOT NULL, -- the release: origin, index, leaf hash
  idx   INTEGER NOT NULL,
  leaf  BLOB NOT NULL,
  part  INTEGER NOT NULL,
  first INTEGER NOT NULL, -- its objects: numbers without a gap
  last  INTEGER NOT NULL,
  areas TEXT NOT NULL, -- ",A1,A2,"
  UNIQUE (log, idx, part)
);

CREATE TABLE object (
  num     INTEGER PRIMARY KEY AUTOINCREMENT,
  id      TEXT NOT NULL,
  type    TEXT NOT NULL,
  spec    TEXT NOT NULL,
  version TEXT NOT NULL, -- RFC 3339, as the object states it
  refs    TEXT NOT NULL, -- what it refers to outside its release, directly or by others of it
  again   INTEGER NOT NULL, -- 1 when the identifier is here more than once
  sealed  BLOB NOT NULL
);
CREATE INDEX object_id ON object(id);
CREATE INDEX object_type ON object(type);

CREATE TABLE object_grant (
  num    INTEGER PRIMARY KEY AUTOINCREMENT,
  agency TEXT NOT NULL,
  batch  INTEGER NOT NULL REFERENCES object_batch(num),
  since  INTEGER NOT NULL, -- position of its first object in what the agency reads
  UNIQUE (agency, batch)
);
CREATE INDEX object_grant_batch ON object_grant(batch);

CREATE TABLE object_change (
  one  INTEGER PRIMARY KEY CHECK (one = 1),
  n    INTEGER NOT NULL, -- counts the changes
  last INTEGER NOT NULL  -- the last position given
);
INSERT INTO object_change (one, n, last) VALUES (1, 0, 0);

CREATE TABLE client (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  name     TEXT NOT NULL COLLATE NOCASE UNIQUE,
  agency   TEXT NOT NULL,
  purpose  TEXT NOT NULL,
  secret   TEXT NOT NULL, -- argon2id, PHC form
  digest   BLOB NOT NULL, -- what stands for the client in entries: opaque
  disabled INTEGER NOT NULL,
  created  INTEGER NOT NULL
);

CREATE TABLE submission (
  num     INTEGER PRIMARY KEY AUTOINCREMENT,
  id      TEXT NOT NULL UNIQUE, -- of its TAXII status resource
  client  INTEGER NOT NULL REFERENCES client(id),
  agency  TEXT NOT NULL,
  area    TEXT NOT NULL,
  at      INTEGER NOT NULL,
  objects INTEGER NOT NULL,
  status  BLOB NOT NULL,
  sealed  BLOB -- until a draft has taken it
);
CREATE INDEX submission_waiting ON submission(client, area, at) WHERE sealed IS NOT NULL;
CREATE INDEX submission_at ON submission(at) WHERE sealed IS NULL;

-- +goose Down
DROP TABLE submission;
DROP TABLE client;
DROP TABLE object_change;
DROP TABLE object_grant;
DROP TABLE object;
DROP TABLE object_batch;
