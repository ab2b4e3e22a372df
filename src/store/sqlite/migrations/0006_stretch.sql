-- The log by conversation, filled behind: what one conversation said within a generation lies in one row.
CREATE TABLE stretch (
    conversation INTEGER NOT NULL,
    first        INTEGER NOT NULL, -- seq of its first event; the others follow without a hole
    places       BLOB    NOT NULL, -- where each stands in the log
    keys         BLOB    NOT NULL, -- half the hash of the key of each, four bytes; 0 where it has none
    PRIMARY KEY (conversation, first)
) STRICT, WITHOUT ROWID;

-- It takes the place of these, and is made of the log when the file is opened.
DROP TABLE place;
DROP TABLE used_key;
UPDATE hub SET indexed = 0;

-- What the hashes of keys begin with, so that nobody outside can choose keys that share one. Drawn once.
ALTER TABLE hub ADD COLUMN seed BLOB;
