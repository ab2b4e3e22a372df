-- Texts a workspace's agents keep at hand, all of them as one.
CREATE TABLE canned (
    workspace text COLLATE "C" PRIMARY KEY,
    version   integer NOT NULL,
    body      text    NOT NULL
);
