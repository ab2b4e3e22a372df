-- What there is one of.
CREATE TABLE hub (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch  text    NOT NULL,
    probed bigint  NOT NULL DEFAULT 0 -- when somebody last asked whether writing works
);

-- Every event. Only ever added to. The primary key is what orders writers: of two who write one place, one wins.
CREATE TABLE log (
    conversation bigint  NOT NULL,
    seq          bigint  NOT NULL,
    at           bigint  NOT NULL, -- when it was decided
    hidden       boolean NOT NULL, -- visitors are not shown it
    scope        text COLLATE "C", -- with key, on the first event of a keyed command
    key          text COLLATE "C",
    body         text    NOT NULL,
    PRIMARY KEY (conversation, seq)
);

-- What moved lately. Almost always added to at its end.
CREATE INDEX log_at ON log (at);

-- Clients' keys, for ever.
CREATE UNIQUE INDEX log_key ON log (conversation, scope, key) WHERE key IS NOT NULL;

-- The fold at snap_seq; all that follows it in the log are texts.
CREATE TABLE conversation (
    id           bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text COLLATE "C" NOT NULL UNIQUE,
    workspace    text COLLATE "C" NOT NULL,
    visitor      text COLLATE "C" NOT NULL, -- with the next two: overrides the fold's, since adoption is no event
    visitor_name text,
    verified     boolean NOT NULL,
    state        text COLLATE "C" NOT NULL,
    live         boolean NOT NULL,
    served       boolean NOT NULL,
    assignee     text COLLATE "C",
    assigned_at  bigint,
    deadline     bigint,
    since        bigint  NOT NULL,
    created_at   bigint  NOT NULL,
    last_at      bigint  NOT NULL, -- as of snap_seq
    closed_at    bigint,
    snap_seq     bigint  NOT NULL,
    snapshot     text    NOT NULL
);

-- A visitor has at most one open conversation in a workspace.
CREATE UNIQUE INDEX conversation_open ON conversation (workspace, visitor) WHERE closed_at IS NULL;
CREATE INDEX conversation_over ON conversation (workspace, visitor, closed_at, id) WHERE closed_at IS NOT NULL;
CREATE INDEX conversation_due ON conversation (deadline) WHERE deadline IS NOT NULL;
CREATE INDEX conversation_silent ON conversation (last_at) WHERE closed_at IS NULL AND NOT served;
CREATE INDEX conversation_unassigned ON conversation (workspace, since, id)
    WHERE state IN ('waiting', 'offline', 'unassigned');
CREATE INDEX conversation_mine ON conversation (workspace, assignee, assigned_at, id) WHERE assignee IS NOT NULL;
CREATE INDEX conversation_closed ON conversation (workspace, closed_at, id) WHERE closed_at IS NOT NULL AND live;
CREATE INDEX conversation_all ON conversation (workspace, created_at, id);

-- What stands beside a log and may fall back.
CREATE TABLE beside (
    conversation bigint PRIMARY KEY,
    body         text   NOT NULL
);

-- Sizes of folders, kept in the transaction that changes them. Room on each page, so that a change stays on it.
CREATE TABLE folder (
    workspace text COLLATE "C" NOT NULL,
    name      text COLLATE "C" NOT NULL, -- unassigned, mine, closed
    agent     text COLLATE "C" NOT NULL, -- '' but for mine
    count     bigint NOT NULL,
    version   bigint NOT NULL,
    PRIMARY KEY (workspace, name, agent)
) WITH (fillfactor = 20);

CREATE TABLE item (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text COLLATE "C" NOT NULL UNIQUE,
    workspace    text COLLATE "C" NOT NULL,
    conversation bigint NOT NULL REFERENCES conversation (id),
    kind         text COLLATE "C" NOT NULL,
    title        text   NOT NULL,
    fields       text   NOT NULL,
    external     text,
    at           bigint NOT NULL
);

CREATE INDEX item_of_workspace ON item (workspace, id);
CREATE INDEX item_of_kind ON item (workspace, kind, id);
CREATE INDEX item_of_conversation ON item (conversation, id);

-- What the outside is to be told: an event of the log under a topic.
CREATE TABLE outbox (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    conversation bigint NOT NULL,
    seq          bigint NOT NULL,
    topic        text COLLATE "C" NOT NULL,
    delivered_at bigint
);

CREATE INDEX outbox_waiting ON outbox (id) WHERE delivered_at IS NULL;

CREATE TABLE agent (
    workspace     text COLLATE "C" NOT NULL,
    id            text COLLATE "C" NOT NULL,
    name          text COLLATE "C" NOT NULL,
    avatar        text,
    admin         boolean NOT NULL,
    online        boolean NOT NULL,
    notify        text    NOT NULL,
    last_hello_at bigint  NOT NULL,
    removed       boolean NOT NULL,
    PRIMARY KEY (workspace, id)
);

CREATE TABLE playbook (
    id           text COLLATE "C" PRIMARY KEY,
    workspace    text COLLATE "C" NOT NULL,
    name         text COLLATE "C" NOT NULL,
    version      integer NOT NULL,
    installed_at bigint,
    last_seen_at bigint,
    deleted      boolean NOT NULL DEFAULT false
);

CREATE INDEX playbook_of_workspace ON playbook (workspace, name);

CREATE TABLE playbook_version (
    playbook text COLLATE "C" NOT NULL REFERENCES playbook (id),
    version  integer NOT NULL,
    body     text    NOT NULL,
    PRIMARY KEY (playbook, version)
);

-- What the search has not taken in yet: a row for each batch of appends, and from where to where in each log. Whoever
-- takes a row in deletes it, so a batch that commits late is never passed over.
CREATE TABLE unsearched (
    id            bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    conversations bigint[] NOT NULL,
    firsts        bigint[] NOT NULL,
    lasts         bigint[] NOT NULL
);

-- The words of conversations, folded by the program; several rows for one that goes on.
CREATE TABLE search (
    conversation bigint   NOT NULL,
    words        tsvector NOT NULL
);

-- The list of what is to be sorted in is short: it is read through by every search.
CREATE INDEX search_words ON search USING gin (words) WITH (fastupdate = on, gin_pending_list_limit = 512);
