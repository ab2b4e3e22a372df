-- The file says whose it is ("USHR").
PRAGMA application_id = 1431521362;

-- What there is one of.
CREATE TABLE hub (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    epoch   TEXT    NOT NULL,
    indexed INTEGER NOT NULL DEFAULT 0, -- rows of the log up to here stand in place and used_key
    probed  INTEGER NOT NULL DEFAULT 0  -- when somebody last asked whether writing works
) STRICT;

-- Every event, in the order of commits. Only ever added to; nothing else is written for a text.
CREATE TABLE log (
    pos          INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    hidden       INTEGER NOT NULL, -- 1: visitors are not shown it
    scope        TEXT,             -- with key, on the first event of a keyed command
    key          TEXT,
    body         TEXT    NOT NULL
) STRICT;

-- The log by conversation, filled behind.
CREATE TABLE place (
    conversation INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    hidden       INTEGER NOT NULL,
    pos          INTEGER NOT NULL,
    PRIMARY KEY (conversation, seq)
) STRICT, WITHOUT ROWID;

-- Clients' keys, for ever, filled behind.
CREATE TABLE used_key (
    conversation INTEGER NOT NULL,
    scope        TEXT    NOT NULL,
    key          TEXT    NOT NULL,
    pos          INTEGER NOT NULL,
    PRIMARY KEY (conversation, scope, key)
) STRICT, WITHOUT ROWID;

-- The fold at snap_seq; all that follows it in the log are texts.
CREATE TABLE conversation (
    id           INTEGER PRIMARY KEY,
    name         TEXT    NOT NULL UNIQUE,
    workspace    TEXT    NOT NULL,
    visitor      TEXT    NOT NULL, -- with the next two: overrides the fold's, since adoption is no event
    visitor_name TEXT,
    verified     INTEGER NOT NULL,
    state        TEXT    NOT NULL,
    live         INTEGER NOT NULL,
    served       INTEGER NOT NULL,
    assignee     TEXT,
    assigned_at  INTEGER,
    deadline     INTEGER,
    since        INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    last_at      INTEGER NOT NULL, -- as of snap_seq
    closed_at    INTEGER,
    snap_seq     INTEGER NOT NULL,
    snapshot     TEXT    NOT NULL
) STRICT;

-- A visitor has at most one open conversation in a workspace.
CREATE UNIQUE INDEX conversation_open ON conversation (workspace, visitor) WHERE closed_at IS NULL;
CREATE INDEX conversation_over ON conversation (workspace, visitor, closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX conversation_due ON conversation (deadline) WHERE deadline IS NOT NULL;
CREATE INDEX conversation_silent ON conversation (last_at) WHERE closed_at IS NULL AND served = 0;
CREATE INDEX conversation_unassigned ON conversation (workspace, since)
    WHERE state IN ('waiting', 'offline', 'unassigned');
CREATE INDEX conversation_mine ON conversation (workspace, assignee, assigned_at) WHERE assignee IS NOT NULL;
CREATE INDEX conversation_closed ON conversation (workspace, closed_at) WHERE closed_at IS NOT NULL AND live = 1;
CREATE INDEX conversation_all ON conversation (workspace, created_at);

-- What stands beside a log and may fall back.
CREATE TABLE beside (
    conversation INTEGER PRIMARY KEY REFERENCES conversation (id),
    body         TEXT NOT NULL
) STRICT;

-- Sizes of folders, kept in the transaction that changes them.
CREATE TABLE folder (
    workspace TEXT    NOT NULL,
    name      TEXT    NOT NULL, -- unassigned, mine, closed
    agent     TEXT    NOT NULL, -- '' but for mine
    count     INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    PRIMARY KEY (workspace, name, agent)
) STRICT, WITHOUT ROWID;

CREATE TABLE item (
    id           INTEGER PRIMARY KEY,
    name         TEXT    NOT NULL UNIQUE,
    workspace    TEXT    NOT NULL,
    conversation INTEGER NOT NULL REFERENCES conversation (id),
    kind         TEXT    NOT NULL,
    title        TEXT    NOT NULL,
    fields       TEXT    NOT NULL,
    external     TEXT,
    at           INTEGER NOT NULL
) STRICT;

CREATE INDEX item_of_workspace ON item (workspace);
CREATE INDEX item_of_kind ON item (workspace, kind);
CREATE INDEX item_of_conversation ON item (conversation);

-- What the outside is to be told: an event of the log under a topic.
CREATE TABLE outbox (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL REFERENCES conversation (id),
    topic        TEXT    NOT NULL,
    pos          INTEGER NOT NULL,
    delivered_at INTEGER
) STRICT;

CREATE INDEX outbox_waiting ON outbox (id) WHERE delivered_at IS NULL;

CREATE TABLE agent (
    workspace     TEXT    NOT NULL,
    id            TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    avatar        TEXT,
    admin         INTEGER NOT NULL,
    online        INTEGER NOT NULL,
    notify        TEXT    NOT NULL,
    last_hello_at INTEGER NOT NULL,
    removed       INTEGER NOT NULL,
    PRIMARY KEY (workspace, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE playbook (
    id           TEXT    PRIMARY KEY,
    workspace    TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    version      INTEGER NOT NULL,
    installed_at INTEGER,
    last_seen_at INTEGER,
    deleted      INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX playbook_of_workspace ON playbook (workspace, name);

CREATE TABLE playbook_version (
    playbook TEXT    NOT NULL REFERENCES playbook (id),
    version  INTEGER NOT NULL,
    body     TEXT    NOT NULL,
    PRIMARY KEY (playbook, version)
) STRICT;

-- Visitors who got their names without an event, for the search, which follows the log and this.
CREATE TABLE renamed (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL REFERENCES conversation (id),
    name         TEXT    NOT NULL
) STRICT;
