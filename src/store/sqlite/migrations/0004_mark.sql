-- Renewed at every start, here and beside the file: when the two differ, a copy was put in the file's place.
ALTER TABLE hub ADD COLUMN mark TEXT NOT NULL DEFAULT '';
