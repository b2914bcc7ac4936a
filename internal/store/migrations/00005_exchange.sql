-- Workspace of the exchange: how far the shared logs were read for it, what is
-- left to do about what they said, and what drafts of requests and releases will
-- carry. No content is here: it is sealed, in files beside the database. Times are
-- Unix milliseconds.

-- +goose Up
CREATE TABLE exchange_read (
  log  TEXT PRIMARY KEY,
  size INTEGER NOT NULL -- entries read
) WITHOUT ROWID;

CREATE TABLE exchange_job (
  kind  TEXT NOT NULL,
  log   TEXT NOT NULL, -- the entry that it is about
  idx   INTEGER NOT NULL,
  due   INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  error TEXT NOT NULL, -- of the last try
  PRIMARY KEY (kind, log, idx)
) WITHOUT ROWID;
CREATE INDEX exchange_job_due ON exchange_job(due);

CREATE TABLE exchange_draft (
  draft TEXT PRIMARY KEY,
  key   BLOB NOT NULL, -- digest of the sealed file that holds the key
  data  BLOB NOT NULL  -- encrypted under it
) WITHOUT ROWID;

-- +goose Down
DROP TABLE exchange_draft;
DROP TABLE exchange_job;
DROP TABLE exchange_read;
