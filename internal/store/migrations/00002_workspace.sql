-- Workspace: what people and the node keep beside the logs. Times are Unix
-- milliseconds.

-- +goose Up
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE user (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  name        TEXT NOT NULL COLLATE NOCASE UNIQUE,
  display     TEXT NOT NULL,
  agency      TEXT NOT NULL,
  roles       TEXT NOT NULL, -- JSON list
  password    TEXT NOT NULL,
  officer_key TEXT NOT NULL,
  person      BLOB,
  disabled    INTEGER NOT NULL,
  created     INTEGER NOT NULL
);

CREATE TABLE passkey (
  id      BLOB PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES user(id),
  label   TEXT NOT NULL,
  data    BLOB NOT NULL,
  created INTEGER NOT NULL,
  used    INTEGER
) WITHOUT ROWID;
CREATE INDEX passkey_user ON passkey(user_id);

CREATE TABLE session (
  token  BLOB PRIMARY KEY, -- SHA-256 of the token
  data   BLOB NOT NULL,
  expiry INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX session_expiry ON session(expiry);

CREATE TABLE draft (
  id       TEXT PRIMARY KEY,
  type     TEXT NOT NULL,
  subject  TEXT NOT NULL,
  audience TEXT NOT NULL,
  body     BLOB NOT NULL,
  meta     BLOB,
  author   INTEGER NOT NULL,
  agency   TEXT NOT NULL,
  state    TEXT NOT NULL,
  created  INTEGER NOT NULL,
  updated  INTEGER NOT NULL,
  revision INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX draft_updated ON draft(updated);

CREATE TABLE audit (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  time    INTEGER NOT NULL,
  actor   TEXT NOT NULL,
  act     TEXT NOT NULL,
  object  TEXT NOT NULL,
  outcome TEXT NOT NULL,
  detail  BLOB
);
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END;
CREATE TRIGGER audit_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END;

CREATE TABLE peer (
  peer     TEXT PRIMARY KEY,
  seen     BLOB NOT NULL,
  contact  INTEGER,
  tried    INTEGER,
  error    TEXT NOT NULL,
  cosigned BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE evidence (
  name   TEXT PRIMARY KEY,
  origin TEXT NOT NULL,
  kind   TEXT NOT NULL,
  found  INTEGER NOT NULL,
  file   BLOB NOT NULL
);

CREATE TABLE figure (
  series   BLOB PRIMARY KEY,
  state    TEXT NOT NULL,
  computed BLOB,
  csv      BLOB,
  meta     BLOB,
  at       INTEGER NOT NULL
);

-- +goose Down
DROP TABLE figure;
DROP TABLE evidence;
DROP TABLE peer;
DROP TABLE audit;
DROP TABLE draft;
DROP TABLE session;
DROP TABLE passkey;
DROP TABLE user;
DROP TABLE meta;
