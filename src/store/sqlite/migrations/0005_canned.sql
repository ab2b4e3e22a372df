-- Texts a workspace's agents keep at hand, all of them as one.
CREATE TABLE canned (
    workspace TEXT    PRIMARY KEY,
    version   INTEGER NOT NULL,
    body      TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
