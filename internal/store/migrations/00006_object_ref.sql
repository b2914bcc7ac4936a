-- Workspace: which batches have objects that refer to an identifier outside their
-- release. They may be read or not with what they refer to.

-- +goose Up
CREATE TABLE object_ref (
  id    TEXT NOT NULL,
  batch INTEGER NOT NULL REFERENCES object_batch(num),
  PRIMARY KEY (id, batch)
) WITHOUT ROWID;
CREATE INDEX object_ref_batch ON object_ref(batch);
INSERT OR IGNORE INTO object_ref (id, batch)
  SELECT r.value, b.num FROM object_batch b
  JOIN object o ON o.num BETWEEN b.first AND b.last AND o.refs != ''
  JOIN json_each('["' || replace(o.refs, ' ', '","') || '"]') r;

-- +goose Down
DROP TABLE object_ref;
