-- Who is present on which incarnation of a node, as it told last; stands until then if it tells no more.
CREATE TABLE roster (
    node  TEXT    PRIMARY KEY,
    until INTEGER NOT NULL,
    body  BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

-- When an agent was removed last. Stays when they come back: older tokens stay without worth.
ALTER TABLE agent ADD COLUMN removed_at INTEGER;

-- Of those who were removed before this was noted, nobody knows when: at the latest now.
UPDATE agent SET removed_at = CAST(unixepoch('subsec') * 1000 AS INTEGER) WHERE removed = 1;
