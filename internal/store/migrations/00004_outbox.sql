-- Workspace: who is told of what, what there was to tell, and how far each delivery
-- is. No content of requests or releases is here. Times are Unix milliseconds.

-- +goose Up
CREATE TABLE subscription (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  kind     TEXT NOT NULL CHECK (kind IN ('webhook', 'mail')),
  target   TEXT NOT NULL,
  user_id  INTEGER REFERENCES user(id),
  agency   TEXT NOT NULL, -- '' for every agency of the node
  duty     TEXT NOT NULL, -- a duty group, '' for whatever group
  events   TEXT NOT NULL, -- JSON list of event types; empty for all
  lang     TEXT NOT NULL,
  secret   BLOB,          -- of a webhook, encrypted to the node's own keys
  disabled INTEGER NOT NULL,
  why      TEXT NOT NULL, -- why the node disabled it
  created  INTEGER NOT NULL
);

CREATE TABLE event (
  id   TEXT PRIMARY KEY, -- follows from what happened: the same thing is told once
  type TEXT NOT NULL,
  at   INTEGER NOT NULL,
  data BLOB NOT NULL     -- JSON
) WITHOUT ROWID;
CREATE INDEX event_at ON event(at);

CREATE TABLE delivery (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  event        TEXT NOT NULL REFERENCES event(id),
  subscription INTEGER NOT NULL REFERENCES subscription(id),
  state        TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
  tries        INTEGER NOT NULL,
  next         INTEGER NOT NULL, -- when it is tried, while it waits
  created      INTEGER NOT NULL,
  settled      INTEGER,
  error        TEXT NOT NULL,    -- of the last try
  UNIQUE (event, subscription)
);
CREATE INDEX delivery_next ON delivery(next) WHERE state = 'waiting';
CREATE INDEX delivery_settled ON delivery(settled) WHERE state != 'waiting';
CREATE INDEX delivery_subscription ON delivery(subscription, id);

-- +goose Down
DROP TABLE delivery;
DROP TABLE event;
DROP TABLE subscription;
