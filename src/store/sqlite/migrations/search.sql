-- The search, in a file of its own: derived from the store, written by another thread and less carefully. It may be
-- deleted while the hub stands still; then it is made again. Not a step of the store's migrations: a change here
-- changes VERSION in search.rs, and the file is made anew.
CREATE TABLE upto (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    epoch   TEXT    NOT NULL, -- of the store it was made of
    log     INTEGER NOT NULL, -- the last row of the log it knows
    renamed INTEGER NOT NULL, -- the last row of renamed it knows
    batch   INTEGER NOT NULL  -- numbers the batches it took in
) STRICT;

-- A row holds what one conversation said within one batch; its id is the conversation's and the batch's number.
-- Words come divided by us, so that a word of a query never falls apart here. Holds no text itself.
CREATE VIRTUAL TABLE words USING fts5 (
    text, content = '', contentless_delete = 1, detail = none,
    tokenize = "unicode61 remove_diacritics 2 categories 'L* M* N* S* C*'"
);
